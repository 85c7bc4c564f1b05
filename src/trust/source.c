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
	while (!list_empty(&s->proofs))
		list_remove(s->proofs.next);
	map_remove(&r->by_key, &s->node);
	map_remove(&r->ids, &s->by_id);
	list_remove(&s->link);
	list_remove(&s->wanted);
	list_remove(&s->of_server);
	server_release(r, s->server);
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
	s->server = s->url ? server_get(r, url) : NULL;
	if (!s->server) {
		free(s->url);
		free(s);
		return NULL;
	}
	s->kind = (uint8_t)kind;
	s->id = ++r->last_id;
	s->issuer_id = *id;
	s->serial = *serial;
	list_init(&s->waiters);
	list_init(&s->proofs);
	list_init(&s->wanted);
	list_init(&s->of_server);
	list_append(&s->server->sources, &s->of_server);
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

static void fail(struct source *s, const struct diag *why, int64_t now)
{
	s->state = SOURCE_QUIET;
	s->retry_at = now + retry_after(s->trials++);
	if (!s->why)
		s->why = malloc(sizeof(*s->why));
	if (s->why)
		*s->why = *why;
}

/* A question that can't be made is one that failed. */
static bool make_question(struct revoke *r, struct source *s)
{
	bytes_done(&s->post);
	return !crypto_random(r->crypto, s->nonce, sizeof(s->nonce)) &&
	       !ocsp_ask(&s->issuer, &s->serial, s->nonce, &s->post);
}

/* What is answered under another number than the present one is not its answer. */
static void number_anew(struct revoke *r, struct source *s)
{
	map_remove(&r->ids, &s->by_id);
	s->id = ++r->last_id;
	map_add(&r->ids, &s->by_id, s->id);
}

bool source_ask(struct revoke *r, struct source *s, int64_t now)
{
	if (s->state != SOURCE_QUIET)
		return true;
	if (now < s->retry_at || now < s->server->retry_at)
		return false;
	if (s->kind == WANT_OCSP && !make_question(r, s)) {
		struct diag why;

		diag_set(&why, "ocsp-question", NULL, "memory is short: no question was made");
		fail(s, &why, now);
		return false;
	}
	number_anew(r, s);
	s->state = SOURCE_WANTED;
	s->asked_at = now;
	server_asked(s->server, now);
	list_append(&r->wanted, &s->wanted);
	return true;
}

const struct diag *source_why(const struct source *s)
{
	return s->server->why ? s->server->why : s->why;
}

/* ---- what came of it ---- */

void waiters_init(struct waiters *w)
{
	list_init(&w->jobs);
	list_init(&w->proofs);
}

static void move_all(struct list *from, struct list *to)
{
	while (!list_empty(from)) {
		struct list *n = from->next;

		list_remove(n);
		list_append(to, n);
	}
}

static void gather(struct source *s, struct waiters *ret)
{
	move_all(&s->waiters, &ret->jobs);
	move_all(&s->proofs, &ret->proofs);
}

/* Nobody waits for it any more; without memory it is fetched in vain. */
static void call_off(struct revoke *r, struct source *s)
{
	struct unwanted *u = s->state == SOURCE_ASKED ? calloc(1, sizeof(*u)) : NULL;

	list_remove(&s->wanted);
	if (u) {
		u->id = s->id;
		list_append(&r->unwanted, &u->link);
	}
	number_anew(r, s);
	s->state = SOURCE_QUIET;
}

/* All that is asked of a server that is silent: when to ask again is the server's matter. */
static void fail_all(struct revoke *r, struct server *server, struct waiters *ret)
{
	LIST_EACH(s, &server->sources, struct source, of_server) {
		if (s->state != SOURCE_WANTED && s->state != SOURCE_ASKED)
			continue;
		call_off(r, s);
		s->trials++;
		gather(s, ret);
	}
}

void source_failed(struct revoke *r, struct source *s, enum cyg_err err, const struct diag *why,
		   int64_t now, struct waiters *ret)
{
	gather(s, ret);
	if (err == CYG_IO && s->server->heard_at < s->asked_at) {
		s->state = SOURCE_QUIET;
		s->trials++;
		server_failed(s->server, why, now);
		fail_all(r, s->server, ret);
		return;
	}
	fail(s, why, now);
	if (err != CYG_IO)
		server_heard(s->server, now);
}

void source_succeeded(struct source *s, int64_t now, struct waiters *ret)
{
	s->state = SOURCE_QUIET;
	s->trials = 0;
	/* Should it be overdue at once, its server is not asked without a pause. */
	s->retry_at = now + RETRY_SECONDS;
	free(s->why);
	s->why = NULL;
	server_heard(s->server, now);
	gather(s, ret);
}

void source_forget(struct revoke *r, struct source *s, struct waiters *ret)
{
	call_off(r, s);
	free(s->why);
	s->why = NULL;
	s->trials = 0;
	s->retry_at = s->server->retry_at = 0;
	gather(s, ret);
}
