/* SPDX-License-Identifier: Apache-2.0 */
/* What trust knows, for listings: names and places, never a secret. */
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>

#define IDS_MAX 8 /* identities of one record that are told */

/* The record as it is told, and the storage of its texts. */
struct told {
	struct listed_psk psk;
	char ids[IDS_MAX][IDENT_TEXT_MAX];
	const char *list[IDS_MAX + 1];
};

static void tell_secret(const struct trust *trust, const struct secret_record *r,
			struct told *t)
{
	size_t n = r->indices_len < IDS_MAX ? r->indices_len : IDS_MAX;

	for (size_t i = 0; i < n; i++)
		t->list[i] = ident_print(r->indices[i], t->ids[i], sizeof(t->ids[i]));
	t->list[n] = NULL;
	t->psk = (struct listed_psk){
		.file = r->file,
		.line = r->line,
		.kind = secret_record_word(r),
		.ids = t->list,
		.more = r->indices_len - n,
		.state = r->prompt && !trust_has_key(trust, r) ? "locked" : NULL,
	};
}

static bool list_secrets(const struct trust *t, uint64_t *at, const struct listing_sink *sink)
{
	const struct secret_record *r;
	struct told told;

	while ((r = secret_set_at(t->secrets, *at))) {
		++*at;
		tell_secret(t, r, &told);
		if (!sink->take(sink->ctx, &told.psk))
			return false;
	}
	return true;
}

static struct listed_pubkey key_record(const struct key *k, const char *id)
{
	return (struct listed_pubkey){
		.type = key_kind_name(k->kind),
		.bits = k->bits,
		.key_id = id,
	};
}

static bool list_keys(const struct trust *t, uint64_t *at, const struct listing_sink *sink)
{
	while (*at < t->keys.len) {
		const struct own_key *own = &t->keys.items[(*at)++];
		const struct secret_record *r = own->record;
		char id[KEY_ID_TEXT], owner[IDENT_TEXT_MAX];
		struct listed_pubkey told = key_record(&own->key, key_id_print(&own->key, id));

		told.installed = own->installed;
		told.trust = "local file";
		told.private_key = true;
		if (r->indices_len) {
			told.id_type = ident_type_name(r->indices[0]->type);
			told.id = ident_print(r->indices[0], owner, sizeof(owner));
		}
		if (!sink->take(sink->ctx, &told))
			return false;
	}
	return true;
}

/* ---- certificates ---- */

#define NAMES_MAX 8 /* alternative names of one certificate that are told */

struct told_cert {
	struct listed_cert cert;
	char subject[CERT_TEXT_MAX], issuer[CERT_TEXT_MAX], serial[80], key_id[KEY_ID_TEXT];
	char subject_key[130], authority_key[130], authority_serial[80];
	char names[NAMES_MAX][IDENT_TEXT_MAX];
	const char *list[NAMES_MAX + 1];
	size_t names_len;
	struct news_places places;
};

static void take_name(void *ctx, const char *name)
{
	struct told_cert *t = ctx;

	if (t->names_len == NAMES_MAX)
		return;
	snprintf(t->names[t->names_len], IDENT_TEXT_MAX, "%s", name);
	t->list[t->names_len] = t->names[t->names_len];
	t->names_len++;
}

static void tell_cert(const struct trust *t, const struct stored_cert *s,
		      struct told_cert *told)
{
	const struct cert *c = &s->cert;

	told->names_len = 0;
	cert_each_name(c, take_name, told);
	told->list[told->names_len] = NULL;
	told->cert = (struct listed_cert){
		.installed = s->installed,
		.nickname = s->file,
		.subject = cert_print(c, told->subject, sizeof(told->subject)),
		.issuer = cert_print_issuer(c, told->issuer, sizeof(told->issuer)),
		.serial = cert_print_serial(c, told->serial, sizeof(told->serial)),
		.names = told->list,
		.key_type = key_kind_name(c->key.kind),
		.key_id = key_id_print(&c->key, told->key_id),
		.bits = c->key.bits,
		.not_before = c->not_before,
		.not_after = c->not_after,
		.private_key = keyring_half(&t->keys, &c->key) != NULL,
		.subject_key = cert_print_subject_key(c, told->subject_key,
						      sizeof(told->subject_key)),
		.authority_key = cert_print_authority_key(c, told->authority_key,
							  sizeof(told->authority_key)),
		.authority_serial = cert_print_authority_serial(
			c, told->authority_serial, sizeof(told->authority_serial)),
	};
	if (news_places_of(c, &told->places)) { /* else they are left out */
		told->cert.crl_uris = (listing_texts)told->places.crl;
		told->cert.ocsp_uris = (listing_texts)told->places.ocsp;
	}
}

static bool list_certs(const struct trust *t, const struct stored_certs *certs, uint64_t *at,
		       const struct listing_sink *sink)
{
	struct told_cert told;
	bool goes_on = true;

	while (goes_on && *at < certs->len) {
		const struct stored_cert *s = stored_certs_at(certs, (*at)++);

		if (!s)
			continue;
		tell_cert(t, s, &told);
		goes_on = sink->take(sink->ctx, &told.cert);
		news_places_done(&told.places);
	}
	return goes_on;
}

/* An OpenPGP certificate: its fingerprint stands for the subject's key. */
static bool list_pgps(const struct trust *t, uint64_t from, uint64_t *at,
		      const struct listing_sink *sink)
{
	while (*at - from < t->pgps.len) {
		const struct stored_pgp *p = t->pgps.items[(*at)++ - from];
		const char *names[PGP_USER_IDS_MAX + 1];
		char key_id[KEY_ID_TEXT];
		struct listed_cert told = {
			.installed = p->installed,
			.nickname = p->file,
			.subject = p->cert.user_ids_len ? p->cert.user_ids[0] : NULL,
			.names = names,
			.issuer = "OpenPGP",
			.key_type = key_kind_name(p->cert.key.kind),
			.key_id = key_id_print(&p->cert.key, key_id),
			.bits = p->cert.key.bits,
			.not_before = p->cert.not_before,
			.not_after = p->cert.not_after == INT64_MAX ? 0 : p->cert.not_after,
			.subject_key = p->cert.fingerprint,
			.private_key = keyring_half(&t->keys, &p->cert.key) != NULL,
		};
		size_t n = 0;

		for (size_t i = 1; i < p->cert.user_ids_len; i++)
			names[n++] = p->cert.user_ids[i];
		names[n] = NULL;
		if (!sink->take(sink->ctx, &told))
			return false;
	}
	return true;
}

/* Of files, then those of bundles, then OpenPGP's. */
static bool list_own_certs(const struct trust *t, uint64_t *at, const struct listing_sink *sink)
{
	uint64_t files = t->certs.len, all = files + t->bundled.len, bundled;
	bool whole;

	if (*at < files && !list_certs(t, &t->certs, at, sink))
		return false;
	if (*at < all) {
		bundled = *at - files;
		whole = list_certs(t, &t->bundled, &bundled, sink);
		*at = files + bundled;
		if (!whole)
			return false;
	}
	return list_pgps(t, all, at, sink);
}

/* The record of an attribute certificate, and the storage of its texts. */
struct told_acert {
	struct listed_acert acert;
	char holder[CERT_TEXT_MAX], holder_issuer[CERT_TEXT_MAX], holder_serial[80];
	char issuer[CERT_TEXT_MAX], serial[80], authority_key[KEY_ID_TEXT];
	char names[ACERT_GROUPS_MAX][ACERT_GROUP_MAX + 1];
	const char *list[ACERT_GROUPS_MAX + 1];
	size_t names_len;
};

static void take_group(void *ctx, const char *name)
{
	struct told_acert *t = ctx;

	if (t->names_len == ACERT_GROUPS_MAX)
		return;
	snprintf(t->names[t->names_len], sizeof(t->names[0]), "%s", name);
	t->list[t->names_len] = t->names[t->names_len];
	t->names_len++;
}

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static void tell_acert(const struct stored_acert *s, struct told_acert *t)
{
	const struct acert *a = &s->acert;
	struct key authority = {0};

	memcpy(authority.id, s->authority_key, KEY_ID_LEN);
	t->names_len = 0;
	acert_each_group(a, take_group, t);
	t->list[t->names_len] = NULL;
	acert_print_holder(a, t->holder, sizeof(t->holder));
	acert_print_holder_issuer(a, t->holder_issuer, sizeof(t->holder_issuer));
	acert_print_holder_serial(a, t->holder_serial, sizeof(t->holder_serial));
	t->acert = (struct listed_acert){
		.installed = s->installed,
		.holder = text_or_null(t->holder),
		.holder_issuer = text_or_null(t->holder_issuer),
		.holder_serial = text_or_null(t->holder_serial),
		.issuer = acert_print_issuer(a, t->issuer, sizeof(t->issuer)),
		.serial = acert_print_serial(a, t->serial, sizeof(t->serial)),
		.groups = t->list,
		.not_before = a->not_before,
		.not_after = a->not_after,
		.authority_key = key_id_print(&authority, t->authority_key),
		.authority_serial = s->authority_serial,
	};
}

static bool list_acerts(const struct acert_set *s, uint64_t *at,
			const struct listing_sink *sink)
{
	struct told_acert told;

	while (s && *at < s->len) {
		tell_acert(&s->items[(*at)++], &told);
		if (!sink->take(sink->ctx, &told.acert))
			return false;
	}
	return true;
}

static bool list_groups(const struct acert_set *s, uint64_t *at,
			const struct listing_sink *sink)
{
	while (s && *at < s->groups_len) {
		const struct acert_group *g = &s->groups[(*at)++];
		struct listed_group told = {.installed = g->installed,
					    .name = g->name,
					    .count = g->count};

		if (!sink->take(sink->ctx, &told))
			return false;
	}
	return true;
}

bool trust_list(const struct trust *t, enum listing_kind kind, uint64_t *at,
		const struct listing_sink *sink)
{
	switch (kind) {
	case LISTING_PSKS:
		return list_secrets(t, at, sink);
	case LISTING_CAINFOS:
		return authorities_list(trust_authorities(t), at, sink);
	case LISTING_CERTS:
		return list_own_certs(t, at, sink);
	case LISTING_CACERTS:
		return list_certs(t, &t->cacerts, at, sink);
	case LISTING_OCSPCERTS:
		return list_certs(t, &t->ocspcerts, at, sink);
	case LISTING_AACERTS:
		return list_certs(t, &t->aacerts, at, sink);
	case LISTING_ACERTS:
		return list_acerts(t->acerts, at, sink);
	case LISTING_GROUPS:
		return list_groups(t->acerts, at, sink);
	case LISTING_CRLS:
	case LISTING_OCSP:
		return revoke_list(&t->revoke, kind, at, sink);
	case LISTING_PUBKEYS:
		return list_keys(t, at, sink);
	default:
		return true;
	}
}

bool trust_list_end(struct trust *t, const struct connection *c, int end,
		    const struct ident *id, const struct listing_sink *sink)
{
	char key_id[KEY_ID_TEXT], owner[IDENT_TEXT_MAX];
	struct listed_pubkey told;
	struct diag why;
	const struct key *k = end_key(t, c, end, &why);

	if (!k)
		return true;
	told = key_record(k, key_id_print(k, key_id));
	told.trust = c->end[end].cert ? "local file" : "local config";
	told.private_key = keyring_half(&t->keys, k) != NULL;
	if (id) {
		told.id_type = ident_type_name(id->type);
		told.id = ident_print(id, owner, sizeof(owner));
	}
	return sink->take(sink->ctx, &told);
}
