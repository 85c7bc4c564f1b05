/* SPDX-License-Identifier: Apache-2.0 */
/* What trust knows, for listings: names and places, never a secret. */
#include "trust/listing.h"
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

/* ---- public keys ---- */

/* A record, and the storage of its texts. */
struct told_key {
	struct listed_pubkey key;
	char key_id[KEY_ID_TEXT], owner[IDENT_TEXT_MAX], issuer[CERT_TEXT_MAX];
};

static void tell_key(const struct key *k, const struct ident *whose, struct told_key *t)
{
	t->key = (struct listed_pubkey){
		.type = key_kind_name(k->kind),
		.bits = k->bits,
		.key_id = key_id_print(k, t->key_id),
	};
	if (!whose)
		return;
	t->key.id_type = ident_type_name(whose->type);
	t->key.id = ident_print(whose, t->owner, sizeof(t->owner));
}

/* A key is as good as the certificate that it came in. NULL: it came in none. */
static void tell_its_cert(const struct stored_cert *s, struct told_key *t)
{
	if (!s)
		return;
	t->key.until = s->cert.not_after;
	t->key.issuer = cert_print_issuer(&s->cert, t->issuer, sizeof(t->issuer));
}

/* The same of an OpenPGP certificate. */
static void tell_its_pgp(const struct stored_pgp *p, struct told_key *t)
{
	if (p && p->cert.not_after != INT64_MAX)
		t->key.until = p->cert.not_after;
}

static const struct stored_cert *cert_of_key(const struct trust *t, const struct key *k)
{
	const struct stored_cert *s = stored_certs_of_key(&t->certs, k, NULL, 0);

	return s ? s : stored_certs_of_key(&t->bundled, k, NULL, 0);
}

/* Those that wait for an answer to %prompt: nothing is known of them but where they are. */
static bool list_locked(const struct trust *t, uint64_t *at, const struct listing_sink *sink)
{
	const struct secret_record *r;

	while ((r = secret_set_at(t->secrets, *at - t->keys.len))) {
		struct told_key told = {.key = {.type = secret_record_word(r),
						.trust = "locked",
						.key_id = r->name}};

		++*at;
		if (!r->prompt || trust_has_key(t, r))
			continue;
		if (r->indices_len) {
			told.key.id_type = ident_type_name(r->indices[0]->type);
			told.key.id = ident_print(r->indices[0], told.owner,
						  sizeof(told.owner));
		}
		if (!sink->take(sink->ctx, &told.key))
			return false;
	}
	return true;
}

/* Our own ones, but for those that were told as somebody's. */
static bool list_keys(const struct trust *t, struct trust_listing *l, uint64_t *at,
		      const struct listing_sink *sink)
{
	while (*at < t->keys.len) {
		const struct own_key *own = &t->keys.items[(*at)++];
		const struct secret_record *r = own->record;
		const struct ident *whose = r->indices_len ? r->indices[0] : NULL;
		struct told_key told;

		if (listing_told_key(l, own->key.id) ||
		    !listing_tells_key(l, own->key.id, whose))
			continue;
		tell_key(&own->key, whose, &told);
		tell_its_cert(cert_of_key(t, &own->key), &told);
		told.key.installed = own->installed;
		told.key.trust = "local file";
		told.key.private_key = true;
		if (!sink->take(sink->ctx, &told.key))
			return false;
	}
	return list_locked(t, at, sink);
}

/* The certificate or key of an end: named, or, of ours, the certificate that carries our identity. */
static const struct key *key_of_end(struct trust *t, struct trust_listing *l,
				    const struct trust_end *e, const struct stored_cert **ret)
{
	const struct connection *c = e->connection;
	const struct end *end = &c->end[e->end];
	struct diag why;

	*ret = NULL;
	if (end->cert)
		*ret = first_cert(t, end->cert);
	else if (!end->public_key && e->is_us && e->id && listing_tells_own(l, e->id) &&
		 connection_auth(c, e->end) & AUTH_SIGNATURES)
		*ret = own_cert_of(t, e->id, e->now);
	return *ret ? &(*ret)->cert.key : end_key(t, c, e->end, &why);
}

_Static_assert(TRUST_KEY_ID_TEXT == KEY_ID_TEXT, "a key's name has one length");

const char *trust_end_key_id(struct trust *t, const struct connection *c, int end,
			     char buf[TRUST_KEY_ID_TEXT])
{
	struct diag why;
	const struct key *k = end_key(t, c, end, &why);

	return k ? key_id_print(k, buf) : NULL;
}

bool trust_list_end(struct trust *t, struct trust_listing *l, const struct trust_end *e,
		    const struct listing_sink *sink)
{
	const char *file = e->connection->end[e->end].cert;
	const struct stored_cert *s;
	const struct key *k = key_of_end(t, l, e, &s);
	struct told_key told;

	if (!k || !listing_tells_key(l, k->id, e->id))
		return true;
	tell_key(k, e->id, &told);
	tell_its_cert(s, &told);
	if (!s && file)
		tell_its_pgp(stored_pgps_find(&t->pgps, file), &told);
	told.key.installed = e->since;
	told.key.trust = s || file ? "local file" : "local config";
	told.key.private_key = keyring_half(&t->keys, k) != NULL;
	return sink->take(sink->ctx, &told.key);
}

static bool list_proven(struct trust *t, struct trust_listing *l, const struct trust_peer *peer,
			uint64_t proof, const struct listing_sink *sink)
{
	const struct chain *c = revoke_proven(&t->revoke, proof);
	struct key k = {0};
	struct told_key told;

	if (!c || !c->len || !listing_tells_key(l, c->key_id, peer->id))
		return true;
	k.kind = c->key_kind;
	k.bits = c->key_bits;
	memcpy(k.id, c->key_id, KEY_ID_LEN);
	tell_key(&k, peer->id, &told);
	told.key.installed = peer->since;
	told.key.until = c->not_after;
	told.key.issuer = cert_print(&c->links[0].issuer, told.issuer, sizeof(told.issuer));
	told.key.trust = "trusted CA";
	return sink->take(sink->ctx, &told.key);
}

bool trust_list_dns(struct trust *t, struct trust_listing *l, const struct trust_dns_keys *k,
		    const struct listing_sink *sink)
{
	bool goes_on = true;

	for (size_t i = 0; i < k->len; i++) {
		struct told_key told;
		struct key key;

		if (ipseckey_read(t->crypto, k->records[i].rdata, &key, NULL))
			continue;
		if (listing_tells_key(l, key.id, k->id)) {
			tell_key(&key, k->id, &told);
			told.key.installed = k->since;
			told.key.until = k->until;
			told.key.trust = "DNS, proven by DNSSEC";
			told.key.private_key = keyring_half(&t->keys, &key) != NULL;
			goes_on &= sink->take(sink->ctx, &told.key);
		}
		key_done(&key);
	}
	return goes_on;
}

bool trust_list_peer(struct trust *t, struct trust_listing *l, const struct trust_peer *peer,
		     const struct listing_sink *sink)
{
	return list_proven(t, l, peer, peer->proofs[0], sink) &&
	       list_proven(t, l, peer, peer->proofs[1], sink);
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

static void tell_cert(const struct trust *t, const struct cert *c, struct told_cert *told)
{
	told->names_len = 0;
	cert_each_name(c, take_name, told);
	told->list[told->names_len] = NULL;
	told->cert = (struct listed_cert){
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
		.authority_serial = cert_print_authority_serial(c, told->authority_serial,
								sizeof(told->authority_serial)),
	};
	if (news_places_of(c, &told->places)) { /* else they are left out */
		told->cert.crl_uris = (listing_texts)told->places.crl;
		told->cert.ocsp_uris = (listing_texts)told->places.ocsp;
	}
}

static bool hand_over(struct told_cert *told, const struct listing_sink *sink)
{
	bool goes_on = sink->take(sink->ctx, &told->cert);

	news_places_done(&told->places);
	return goes_on;
}

static bool list_certs(const struct trust *t, const struct trust_listing *l,
		       const struct stored_certs *certs, uint64_t *at,
		       const struct listing_sink *sink)
{
	struct told_cert told;
	bool goes_on = true;

	while (goes_on && *at < certs->len) {
		const struct stored_cert *s = stored_certs_at(certs, (*at)++);

		if (!s)
			continue;
		tell_cert(t, &s->cert, &told);
		told.cert.installed = s->installed;
		told.cert.nickname = s->file;
		told.cert.count = certs == &t->cacerts ? listing_peers(l, t->crypto, &s->cert)
				  : s->first           ? listing_names(l, s->file)
						       : 0;
		goes_on = hand_over(&told, sink);
	}
	return goes_on;
}

/* Of files and ca sections, then those that came with peers, which are no anchors. */
static bool list_cacerts(const struct trust *t, const struct trust_listing *l, uint64_t *at,
			 const struct listing_sink *sink)
{
	const struct received_cert *r;
	char from[IDENT_TEXT_MAX];
	struct told_cert told;

	if (*at < t->cacerts.len && !list_certs(t, l, &t->cacerts, at, sink))
		return false;
	while ((r = listing_received(l, *at - t->cacerts.len))) {
		++*at;
		tell_cert(t, &r->cert, &told);
		told.cert.installed = r->since;
		told.cert.count = listing_peers(l, t->crypto, &r->cert);
		told.cert.received_from = ident_print(r->from, from, sizeof(from));
		if (!hand_over(&told, sink))
			return false;
	}
	return true;
}

/* An OpenPGP certificate: its fingerprint stands for the subject's key. */
static bool list_pgps(const struct trust *t, const struct trust_listing *l, uint64_t from,
		      uint64_t *at, const struct listing_sink *sink)
{
	while (*at - from < t->pgps.len) {
		const struct stored_pgp *p = t->pgps.items[(*at)++ - from];
		const char *names[PGP_USER_IDS_MAX + 1];
		char key_id[KEY_ID_TEXT];
		struct listed_cert told = {
			.installed = p->installed,
			.count = listing_names(l, p->file),
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

/* Of files, then those that came with answers of OCSP servers. */
static bool list_ocspcerts(const struct trust *t, uint64_t *at, const struct listing_sink *sink)
{
	uint64_t n = t->ocspcerts.len;
	struct told_cert told;

	if (*at < n && !list_certs(t, NULL, &t->ocspcerts, at, sink))
		return false;
	LIST_EACH(s, &t->revoke.signers, struct ocsp_signer, link) {
		if (n++ < *at)
			continue;
		++*at;
		tell_cert(t, &s->cert, &told);
		told.cert.installed = s->since;
		told.cert.count = s->answers;
		told.cert.received_from = s->url;
		if (!hand_over(&told, sink))
			return false;
	}
	return true;
}

/* Of files, then those of bundles, then OpenPGP's. */
static bool list_own_certs(const struct trust *t, const struct trust_listing *l, uint64_t *at,
			   const struct listing_sink *sink)
{
	uint64_t files = t->certs.len, all = files + t->bundled.len, bundled;
	bool whole;

	if (*at < files && !list_certs(t, l, &t->certs, at, sink))
		return false;
	if (*at < all) {
		bundled = *at - files;
		whole = list_certs(t, l, &t->bundled, &bundled, sink);
		*at = files + bundled;
		if (!whole)
			return false;
	}
	return list_pgps(t, l, all, at, sink);
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

static bool is_of_acerts(const struct acert_set *s, const char *name)
{
	for (size_t i = 0; s && i < s->groups_len; i++)
		if (!strcmp(s->groups[i].name, name))
			return true;
	return false;
}

/* Of attribute certificates, then the others that ca sections and connections name. */
static bool list_groups(const struct acert_set *s, const struct trust_listing *l, uint64_t *at,
			const struct listing_sink *sink)
{
	size_t of_acerts = s ? s->groups_len : 0;
	const struct named_group *named;

	while (*at < of_acerts) {
		const struct acert_group *g = &s->groups[(*at)++];
		struct listed_group told = {
			.installed = g->installed,
			.name = g->name,
			.count = g->count + listing_group_count(l, g->name),
		};

		if (!sink->take(sink->ctx, &told))
			return false;
	}
	while ((named = listing_group(l, *at - of_acerts))) {
		struct listed_group told = {
			.installed = named->since,
			.name = named->name,
			.count = listing_group_count(l, named->name),
		};

		++*at;
		if (!is_of_acerts(s, named->name) && !sink->take(sink->ctx, &told))
			return false;
	}
	return true;
}

bool trust_list(const struct trust *t, struct trust_listing *l, enum listing_kind kind,
		uint64_t *at, const struct listing_sink *sink)
{
	switch (kind) {
	case LISTING_PSKS:
		return list_secrets(t, at, sink);
	case LISTING_CAINFOS:
		return authorities_list(trust_authorities(t), at, sink);
	case LISTING_CERTS:
		return list_own_certs(t, l, at, sink);
	case LISTING_CACERTS:
		return list_cacerts(t, l, at, sink);
	case LISTING_OCSPCERTS:
		return list_ocspcerts(t, at, sink);
	case LISTING_AACERTS:
		return list_certs(t, l, &t->aacerts, at, sink);
	case LISTING_ACERTS:
		return list_acerts(t->acerts, at, sink);
	case LISTING_GROUPS:
		return list_groups(t->acerts, l, at, sink);
	case LISTING_CRLS:
	case LISTING_OCSP:
		return revoke_list(&t->revoke, kind, at, sink);
	case LISTING_PUBKEYS:
		return list_keys(t, l, at, sink);
	default:
		return true;
	}
}
