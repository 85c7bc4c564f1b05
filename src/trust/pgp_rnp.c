/* SPDX-License-Identifier: Apache-2.0 */
/* OpenPGP certificates by librnp: what belongs together, and what the key says of itself. */
#include "base/text.h"
#include "trust/pgp.h"

#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <stdio.h>
#include <string.h>

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	diag_set(why, "bad-openpgp", "RFC 4880 11.1", "%s", sentence);
	return err;
}

/* What it shows is foreign text: as in diags, what is not printable is escaped. */
static void take_user_ids(rnp_key_handle_t key, struct pgp_cert *c)
{
	size_t count = 0;

	if (rnp_key_get_uid_count(key, &count) != RNP_SUCCESS)
		return;
	for (size_t i = 0; i < count && c->user_ids_len < PGP_USER_IDS_MAX; i++) {
		struct text t = {0};
		char *id = NULL;

		if (rnp_key_get_uid_at(key, i, &id) != RNP_SUCCESS)
			continue;
		text_add_escaped(&t, view_str(id));
		snprintf(c->user_ids[c->user_ids_len++], PGP_USER_ID_MAX, "%s", text_str(&t));
		text_done(&t);
		rnp_buffer_destroy(id);
	}
}

static enum cyg_err check(rnp_key_handle_t key, struct diag *why)
{
	bool revoked = false, primary = false;
	size_t ids = 0;

	if (rnp_key_is_primary(key, &primary) != RNP_SUCCESS || !primary)
		return refuse(why, CYG_MALFORMED, "its first key is no primary one");
	if (rnp_key_is_revoked(key, &revoked) != RNP_SUCCESS || revoked)
		return refuse(why, CYG_AUTH, "its key was revoked by its owner");
	if (rnp_key_get_uid_count(key, &ids) != RNP_SUCCESS || !ids)
		return refuse(why, CYG_AUTH, "it carries no name that its key signed");
	return CYG_OK;
}

/*
 * Until when what the key says of itself holds. An expired one is kept, and refused when it is used;
 * one that never was valid is not.
 */
static enum cyg_err take_until(rnp_key_handle_t key, int64_t *ret, struct diag *why)
{
	uint64_t until = 0;

	if (rnp_key_valid_till64(key, &until) != RNP_SUCCESS || !until)
		return refuse(why, CYG_AUTH, "no name in it is signed by its own key");
	*ret = until > INT64_MAX ? INT64_MAX : (int64_t)until;
	return CYG_OK;
}

static enum cyg_err take_key(struct crypto *crypto, rnp_key_handle_t key, struct pgp_cert *c,
			     struct diag *why)
{
	uint8_t *packet = NULL;
	size_t len = 0;
	char *fingerprint = NULL;
	enum cyg_err err = check(key, why);

	if (!err)
		err = take_until(key, &c->not_after, why);
	if (!err && (rnp_get_public_key_data(key, &packet, &len) != RNP_SUCCESS ||
		     rnp_key_get_fprint(key, &fingerprint) != RNP_SUCCESS))
		err = refuse(why, CYG_MALFORMED, "librnp can't write its key");
	if (!err)
		err = pgp_read_packet(crypto, view_of(packet, len), &c->key, &c->not_before,
				      why);
	if (!err) {
		snprintf(c->fingerprint, sizeof(c->fingerprint), "%s", fingerprint);
		take_user_ids(key, c);
	}
	rnp_buffer_destroy(packet);
	rnp_buffer_destroy(fingerprint);
	return err;
}

static enum cyg_err take_first(struct crypto *crypto, rnp_ffi_t ffi, struct pgp_cert *c,
			       struct diag *why)
{
	rnp_identifier_iterator_t walk = NULL;
	rnp_key_handle_t key = NULL;
	const char *fingerprint = NULL;
	enum cyg_err err;

	if (rnp_identifier_iterator_create(ffi, &walk, "fingerprint") != RNP_SUCCESS ||
	    rnp_identifier_iterator_next(walk, &fingerprint) != RNP_SUCCESS || !fingerprint ||
	    rnp_locate_key(ffi, "fingerprint", fingerprint, &key) != RNP_SUCCESS || !key)
		err = refuse(why, CYG_MALFORMED, "there is no OpenPGP certificate in it");
	else
		err = take_key(crypto, key, c, why);
	rnp_key_handle_destroy(key);
	rnp_identifier_iterator_destroy(walk);
	return err;
}

enum cyg_err pgp_read(struct crypto *crypto, struct view octets, struct pgp_cert *ret,
		      struct diag *why)
{
	struct pgp_cert c = {.not_after = 0};
	rnp_input_t in = NULL;
	rnp_ffi_t ffi = NULL;
	enum cyg_err err;

	if (!octets.len)
		return refuse(why, CYG_MALFORMED, "there is no OpenPGP certificate in it");
	if (octets.len > PGP_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the OpenPGP certificate is too long");
	if (rnp_ffi_create(&ffi, "GPG", "GPG") != RNP_SUCCESS)
		return refuse(why, CYG_NOMEM, "memory is short");
	if (rnp_input_from_memory(&in, octets.ptr, octets.len, false) != RNP_SUCCESS)
		err = refuse(why, CYG_NOMEM, "memory is short");
	else if (rnp_load_keys(ffi, "GPG", in, RNP_LOAD_SAVE_PUBLIC_KEYS) != RNP_SUCCESS)
		err = refuse(why, CYG_MALFORMED, "there is no OpenPGP certificate in it");
	else
		err = take_first(crypto, ffi, &c, why);
	rnp_input_destroy(in);
	rnp_ffi_destroy(ffi);
	if (err)
		key_done(&c.key);
	else
		*ret = c;
	return err;
}
