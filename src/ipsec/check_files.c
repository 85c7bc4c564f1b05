/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check_files.h"

#include "base/text.h"
#include "conf/input.h"
#include "trust/key_look.h"
#include "trust/secret.h"

#include <stdio.h>
#include <string.h>

#define KEY_OCTETS_MAX (1u << 20)
#define PUBLIC_OCTETS_MAX 8192      /* of a public key that stands in ipsec.conf */
#define CERT_OCTETS_MAX (64u << 20) /* as pluto has it */

/* False: the path is too long, with *why. */
static bool path_of(char *buf, size_t cap, const char *confs, const char *place,
		    const char *name, struct diag *why)
{
	int n = *name == '/' ? snprintf(buf, cap, "%s", name)
			     : snprintf(buf, cap, "%s/ipsec.d/%s/%s", confs, place, name);

	if (n >= 0 && (size_t)n < cap)
		return true;
	diag_set(why, "path-too-long", NULL, "the path of %.100s is too long", name);
	return false;
}

static bool read_file(const char *path, bool secret, size_t max, struct bytes *ret,
		      struct diag *why)
{
	struct input in = {.path = path};
	struct problems problems = {0};
	enum cyg_err err = input_read(&in, secret, max, ret, &problems, why);

	problems_done(&problems);
	return !err;
}

static bool can_read(const char *path, bool secret, size_t max, struct diag *why)
{
	struct bytes octets = {0};
	bool well = read_file(path, secret, max, &octets, why);

	bytes_wipe(&octets);
	return well;
}

/* A record of ipsec.secrets opens it: a bundle of key and certificates. */
static bool is_bundle(const struct secret_set *secrets, const char *name)
{
	const struct secret_record *r;

	for (size_t i = 0; secrets && (r = secret_set_at(secrets, i)); i++)
		if (r->kind == SECRET_KEYFILE && r->key == SECRET_KEY_PKCS12 &&
		    !strcmp(r->name, name))
			return true;
	return false;
}

bool check_cert_file(const struct secret_set *secrets, const char *confs, const char *name,
		     struct diag *why)
{
	char path[2048];

	if (*name == '%' || !strncmp(name, "pkcs11:", 7) || is_bundle(secrets, name))
		return true;
	return path_of(path, sizeof(path), confs, "certs", name, why) &&
	       can_read(path, false, CERT_OCTETS_MAX, why);
}

bool check_cert_path(const struct secret_set *secrets, const char *confs, const char *name,
		     char *buf, size_t cap)
{
	struct diag why;

	return *name != '%' && strncmp(name, "pkcs11:", 7) != 0 && !is_bundle(secrets, name) &&
	       path_of(buf, cap, confs, "certs", name, &why);
}

static void note_prompt(const struct secret_record *r, struct findings *f)
{
	struct diag why;

	diag_set(
		&why, "secret-prompt", NULL,
		"the private key %s is locked after each start, until somebody answers its %%prompt",
		r->name);
	diag_hint(&why, "ipsec auto --rereadsecrets at a terminal asks for it");
	diag_place(&why, r->file, r->line, 1);
	findings_add(f, PROBLEM_NOTE, &why);
}

/* Whether a file holds a private key that its record can open, as far as one can see. */
static bool look_at_key(const struct secret_record *r, const char *path, struct view octets,
			bool *ret_locked, struct diag *why)
{
	struct key_look look;

	*ret_locked = r->key == SECRET_KEY_PKCS12;
	if (*ret_locked)
		return true;
	if (key_look(octets, &look, why)) {
		diag_prefix(why, "the private key of %s can't be used: ", path);
		return false;
	}
	*ret_locked = look.locked;
	if (!look.locked || r->prompt || r->value.len)
		return true;
	diag_set(why, "key-locked", NULL,
		 "the private key of %s is locked, and no passphrase is given", path);
	diag_hint(why, "write its passphrase, or %%prompt, behind the file's name");
	return false;
}

/* False, with *why: pluto would refuse all secrets for it. */
static bool check_key_file(const struct secret_record *r, const char *confs, bool *ret_locked,
			   struct diag *why)
{
	struct bytes octets = {0};
	char path[2048];
	bool well;

	*ret_locked = true;
	well = path_of(path, sizeof(path), confs, "private", r->name, why) &&
	       read_file(path, true, KEY_OCTETS_MAX, &octets, why) &&
	       look_at_key(r, path, view_bytes(&octets), ret_locked, why);
	bytes_wipe(&octets);
	return well;
}

void check_key_files(const struct secret_set *secrets, const char *confs, struct findings *f)
{
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(secrets, i)); i++) {
		bool locked = true;
		struct diag why;

		diag_clear(&why);
		if (r->kind == SECRET_KEYFILE && !check_key_file(r, confs, &locked, &why)) {
			diag_place(&why, r->file, r->line, 1);
			findings_add(f, PROBLEM_ERROR, &why);
		}
		if (r->prompt && locked)
			note_prompt(r, f);
	}
}

/* RFC 3110: the exponent behind its length, and the modulus. False: it is another one, or none. */
static bool is_public_half(const struct rsa_numbers *rsa, const char *text)
{
	const struct bytes *e = &rsa->number[RSA_PUBLIC_EXPONENT];
	const struct bytes *n = &rsa->number[RSA_MODULUS];
	uint8_t octets[PUBLIC_OCTETS_MAX];
	size_t len;
	bool well = text[1] == 's' || text[1] == 'S'
			    ? base64_decode(text + 2, octets, sizeof(octets), &len)
			    : hex_decode(text + 2, octets, sizeof(octets), &len);

	return well && len == 1 + e->len + n->len && octets[0] == e->len &&
	       !memcmp(octets + 1, e->ptr, e->len) &&
	       !memcmp(octets + 1 + e->len, n->ptr, n->len);
}

bool check_has_private(const struct secret_set *secrets, const char *public_key)
{
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(secrets, i)); i++)
		if (r->kind == SECRET_KEYFILE || r->kind == SECRET_PIN ||
		    (r->kind == SECRET_RSA && is_public_half(r->rsa, public_key)))
			return true;
	return false;
}
