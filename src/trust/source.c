/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to ask for news of certificates, who waits for it, and when to ask again. */
#include "crypto/crypto.h"
#include "trust/revoke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static uint64_t key_of(const struct revoke *r, enum trust_want_kind kind, const char *url,
		       const struct issuer_id *id, const struct serial *serial)
{
	uint8_t octets[2 + sizeof(*id) + SERIAL_MAX] = {(uint8_t)kind, serial->len};

	memcpy(octets + 2, id, sizeof(*id));
	memcpy(octets + 2 + sizeof(*id), serial->octets, serial->len);
	return hash_view(&r->key, view_of(octets, sizeof(octets))) ^
	       hash_view(&r->key, view_str(url));
}

static struct source *find(const struct revoke *r, uint64_t key, enum trust_want_kind kind,
			   const char *url, const struct issuer_id *id,
			   const struct serial *serial)
{
	for (struct map_node *n = map_first(&r->by_key, key); n; n = map_next(n)) {
		struct source *s = CONTAINER_OF(n, struct source, node);

		if (s->kind == kind && !strcmp(s->url, url) &&
		    issuer_id_equal(&s->issuer_id, id) && serial_equal(&s->serial, serial))
			return s;
	}
	return NULL;
}

void source_free(struct revoke *r, struct source *s)
{
	map_remove(&r->by_key, &s->node);
	map_remove(&r->ids, &s->by_id);
	list_remove(&s->link);
	list_remove(&s->wanted);
	r->sources_len--;
	r->cert_sources_len -= s->kind == WANT_CERT;
	cert_done(&s->issuer);
	bytes_done(&s->post);
	free(s->url);
	free(s->why);
	free(s);
}

/* Room for one more: of those that nobody waits for the oldest goes. */
static bool make_room(struct revoke *r, enum trust_want_kind kind)
{
	bool certs = kind == WANT_CERT && r->cert_sources_len == CERT_SOURCES_MAX;

	if (r->sources_len < SOURCES_MAX && !certs)
		return true;
	LIST_EACH(s, &r->sources, struct source, link)
		if (s->state == SOURCE_QUIET && list_empty(&s->waiters) &&
		    (!certs || s->kind == WANT_CERT)) {
			source_free(r, s);
			return true;
		}
	return false;
}

static struct source *add(struct revoke *r, uint64_t key, enum trust_want_kind kind,
			  const char *url, const struct issuer_id *id,
			  const struct serial *serial)
{
	struct source *s = make_room(r, kind) ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->url = strdup(url);
	if (!s->url) {
		free(s);
		return NULL;
	}
	s->kind = (uint8_t)kind;
	s->id = ++r->last_id;
	s->issuer_id = *id;
	s->serial = *serial;
	list_init(&s->waiters);
	list_init(&s->wanted);
	list_append(&r->sources, &s->link);
	r->sources_len++;
	r->cert_sources_len += kind == WANT_CERT;
	map_add(&r->by_key, &s->node, key);
	map_add(&r->ids, &s->by_id, s->id);
	return s;
}

char *source_url(const struct revoke *r, const char *url, const struct cert *issuer)
{
	const struct authority *says;
	const char *behind;
	char *whole;

	/* "ldap:///cn=..." leaves the host to those who know it (RFC 4516 2). */
	if (strncasecmp(url, "ldap:///", 8))
		return strdup(url);
	says = authorities_find(r->authorities, issuer, NULL);
	if (!says || !says->ldaphost)
		return strdup(url);
	behind = strncasecmp(says->ldaphost, "ldap://", 7) ? says->ldaphost
							   : says->ldaphost + 7;
	return asprintf(&whole, "ldap://%.*s/%s", (int)strcspn(behind, "/"), behind, url + 8) <
			       0
		       ? NULL
		       : whole;
}

struct source *source_get(struct revoke *r, enum trust_want_kind kind, const char *url,
			  const struct chain_link *l)
{
	static const struct serial any;
	const struct serial *serial = kind == WANT_OCSP ? &l->serial : &any;
	char *whole = source_url(r, url, &l->issuer);
	struct source *s = NULL;
	uint64_t key;

	if (!whole)
		return NULL;
	key = key_of(r, kind, whole, &l->issuer_id, serial);
	s = find(r, key, kind, whole, &l->issuer_id, serial);
	if (!s) {
		s = add(r, key, kind, whole, &l->issuer_id, serial);
		if (s)
			s->issuer = cert_copy(&l->issuer);
	}
	free(whole);
	return s;
}

struct source *source_get_cert(struct revoke *r, const char *url,
			       const uint8_t hash[KEY_ID_LEN])
{
	static const struct issuer_id none;
	struct serial as = {.len = KEY_ID_LEN};
	struct source *s;
	uint64_t key;

	memcpy(as.octets, hash, KEY_ID_LEN);
	key = key_of(r, WANT_CERT, url, &none, &as);
	s = find(r, key, WANT_CERT, url, &none, &as);
	if (!s) {
		s = add(r, key, WANT_CERT, url, &none, &as);
		if (s)
			memcpy(s->hash, hash, KEY_ID_LEN);
	}
	return s;
}

struct source *source_by_id(const struct revoke *r, uint64_t id)
{
	struct map_node *n = map_first(&r->ids, id);

	return n ? CONTAINER_OF(n, struct source, by_id) : NULL;
}

/* A question that can't be made is one that failed. */
static bool make_question(struct revoke *r, struct source *s)
{
	bytes_done(&s->post);
	return !crypto_random(r->crypto, s->nonce, sizeof(s->nonce)) &&
	       !ocsp_ask(&s->issuer, &s->serial, s->nonce, &s->post);
}

bool source_ask(struct revoke *r, struct source *s, int64_t now)
{
	if (s->state != SOURCE_QUIET)
		return true;
	if (now < s->retry_at)
		return false;
	if (s->kind == WANT_OCSP && !make_question(r, s)) {
		struct diag why;

		diag_set(&why, "ocsp-question", NULL, "memory is short: no question was made");
		source_failed(s, &why, now);
		return false;
	}
	s->state = SOURCE_WANTED;
	s->asked_at = now;
	list_append(&r->wanted, &s->wanted);
	return true;
}

void source_failed(struct source *s, const struct diag *why, int64_t now)
{
	int64_t wait = RETRY_SECONDS;

	for (unsigned i = 0; i < s->trials && wait < RETRY_SECONDS_MAX; i++)
		wait *= 2;
	s->trials++;
	s->state = SOURCE_QUIET;
	s->retry_at = now + (wait < RETRY_SECONDS_MAX ? wait : RETRY_SECONDS_MAX);
	if (!s->why)
		s->why = malloc(sizeof(*s->why));
	if (s->why)
		*s->why = *why;
}

void source_succeeded(struct source *s, int64_t now)
{
	s->state = SOURCE_QUIET;
	s->trials = 0;
	/* Should it be overdue at once, its server is not asked without a pause. */
	s->retry_at = now + RETRY_SECONDS;
	free(s->why);
	s->why = NULL;
}
