/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/store.h"

#include "conn/dn.h"
#include "trust/sketch.h"

#include <stdlib.h>
#include <string.h>

struct stored_maps {
	struct map by_file, by_subject, by_key;
};

static const struct hash_key no_stranger; /* what is in these files is the operator's */

static uint64_t hash_of(struct view v)
{
	return hash_view(&no_stranger, v);
}

/* Subjects that are no names have one hash, and are compared like others. */
static uint64_t subject_hash(struct view name)
{
	return dn_check(name, NULL) ? 0 : dn_hash(&no_stranger, name);
}

static struct view key_view(const struct key *k)
{
	return view_of(k->id, sizeof(k->id));
}

/* ---- one ---- */

static void stored_free(struct stored_cert *c)
{
	if (!c)
		return;
	cert_done(&c->cert);
	bytes_done(&c->der);
	free(c->file);
	free(c);
}

static struct stored_cert *stored_new(const char *file, int64_t now)
{
	struct stored_cert *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->installed = now;
	c->file = strdup(file);
	if (c->file)
		return c;
	stored_free(c);
	return NULL;
}

static void unlink_one(struct stored_maps *m, struct stored_cert *c)
{
	map_remove(&m->by_file, &c->by_file);
	map_remove(&m->by_subject, &c->by_subject);
	map_remove(&m->by_key, &c->by_key);
}

static void link_one(struct stored_maps *m, struct stored_cert *c, uint64_t subject)
{
	map_add(&m->by_file, &c->by_file, hash_of(view_str(c->file)));
	map_add(&m->by_subject, &c->by_subject, subject);
	map_add(&m->by_key, &c->by_key, hash_of(key_view(&c->cert.key)));
}

/* ---- all ---- */

void stored_certs_done(struct stored_certs *s)
{
	for (size_t i = 0; i < s->len; i++)
		stored_free(s->items[i]);
	if (s->maps) {
		map_done(&s->maps->by_file);
		map_done(&s->maps->by_subject);
		map_done(&s->maps->by_key);
	}
	free(s->maps);
	free(s->items);
	*s = (struct stored_certs){0};
}

/* The first one of a file, read or not; NULL. */
static struct stored_cert *first_of(const struct stored_certs *s, const char *file)
{
	struct map_node *n = s->maps ? map_first(&s->maps->by_file, hash_of(view_str(file)))
				     : NULL;

	for (; n; n = map_next(n)) {
		struct stored_cert *c = CONTAINER_OF(n, struct stored_cert, by_file);

		if (c->first && !strcmp(c->file, file))
			return c;
	}
	return NULL;
}

void stored_certs_forget(struct stored_certs *s, const char *file)
{
	size_t kept = 0;

	if (!first_of(s, file))
		return;
	for (size_t i = 0; i < s->len; i++) {
		struct stored_cert *c = s->items[i];

		if (strcmp(c->file, file) != 0) {
			s->items[kept++] = c;
			continue;
		}
		unlink_one(s->maps, c);
		stored_free(c);
	}
	s->len = kept;
}

static bool make_room(struct stored_certs *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 8;
	struct stored_cert **bigger;

	if (!s->maps)
		s->maps = calloc(1, sizeof(*s->maps));
	while (cap < s->len + more)
		cap *= 2;
	if (!s->maps || cap == s->cap)
		return s->maps;
	bigger = reallocarray(s->items, cap, sizeof(*bigger));
	if (!bigger)
		return false;
	s->items = bigger;
	s->cap = cap;
	return true;
}

static void free_all(struct stored_cert **all, size_t len)
{
	while (len)
		stored_free(all[--len]);
}

static bool make_all(struct stored_cert **all, size_t len, const char *file, int64_t now)
{
	for (size_t i = 0; i < len; i++) {
		all[i] = stored_new(file, now);
		if (all[i])
			continue;
		free_all(all, i);
		return false;
	}
	return true;
}

enum cyg_err stored_certs_put(struct stored_certs *s, const char *file, struct cert_list *take,
			      int64_t now)
{
	struct stored_cert *all[CERTS_IN_FILE_MAX];

	if (take->len > CERTS_IN_FILE_MAX || !make_room(s, take->len) ||
	    !make_all(all, take->len, file, now))
		return CYG_NOMEM;
	for (size_t i = 0; i < take->len; i++)
		if (!cert_remember_signer(&take->items[i])) {
			free_all(all, take->len);
			return CYG_NOMEM;
		}
	stored_certs_forget(s, file);
	for (size_t i = 0; i < take->len; i++) {
		all[i]->cert = take->items[i];
		all[i]->first = !i;
		link_one(s->maps, all[i], subject_hash(cert_subject(&all[i]->cert)));
		s->items[s->len++] = all[i];
	}
	free(take->items);
	*take = (struct cert_list){0};
	return CYG_OK;
}

enum cyg_err stored_certs_add(struct stored_certs *s, const char *file, const struct cert *c,
			      int64_t now, bool first)
{
	struct stored_cert *one = make_room(s, 1) ? stored_new(file, now) : NULL;

	if (!one)
		return CYG_NOMEM;
	one->cert = cert_copy(c);
	one->first = first;
	if (!cert_remember_signer(&one->cert)) {
		stored_free(one);
		return CYG_NOMEM;
	}
	link_one(s->maps, one, subject_hash(cert_subject(&one->cert)));
	s->items[s->len++] = one;
	return CYG_OK;
}

enum cyg_err stored_certs_keep(struct stored_certs *s, const struct stored_certs *from,
			       const char *file)
{
	struct cert_list list = {0};
	enum cyg_err err = CYG_OK;
	int64_t installed = 0;

	for (size_t i = 0; !err && i < from->len; i++) {
		struct cert c;

		if (strcmp(from->items[i]->file, file) || !from->items[i]->cert.x)
			continue;
		c = cert_copy(&from->items[i]->cert);
		installed = from->items[i]->installed;
		err = cert_list_add(&list, &c);
		if (err)
			cert_done(&c);
	}
	if (!err && list.len)
		err = stored_certs_put(s, file, &list, installed);
	cert_list_done(&list);
	return err;
}

const char *stored_certs_gone(const struct stored_certs *s, const struct stored_certs *from,
			      size_t *at)
{
	while (*at < from->len) {
		const struct stored_cert *c = from->items[(*at)++];

		if (c->first && !first_of(s, c->file))
			return c->file;
	}
	return NULL;
}

/* ---- those that are read when they are found ---- */

struct sketching {
	struct stored_cert *all[CERTS_IN_FILE_MAX];
	uint64_t subjects[CERTS_IN_FILE_MAX]; /* hashes */
	size_t len;
	const char *file;
	int64_t now;
};

static bool on_sketch(void *ctx, const struct cert_sketch *sketch)
{
	struct sketching *k = ctx;
	struct stored_cert *c = stored_new(k->file, k->now);

	if (!c || !bytes_copy(&c->der, sketch->der)) {
		stored_free(c);
		return false;
	}
	memcpy(c->cert.key.id, sketch->key_id, KEY_ID_LEN);
	c->first = !k->len;
	k->subjects[k->len] = subject_hash(sketch->subject);
	k->all[k->len++] = c;
	return true;
}

enum cyg_err stored_certs_put_unread(struct stored_certs *s, struct crypto *crypto,
				     const char *file, struct view octets, int64_t now)
{
	struct sketching k = {.file = file, .now = now};
	enum cyg_err err = certs_sketch(crypto, octets, on_sketch, &k);

	if (!err && !make_room(s, k.len))
		err = CYG_NOMEM;
	if (err) {
		while (k.len)
			stored_free(k.all[--k.len]);
		return err;
	}
	s->crypto = crypto;
	stored_certs_forget(s, file);
	for (size_t i = 0; i < k.len; i++) {
		link_one(s->maps, k.all[i], k.subjects[i]);
		s->items[s->len++] = k.all[i];
	}
	return CYG_OK;
}

/* Read it now, if it was not yet. False: it is none that can be used. */
static bool is_read(const struct stored_certs *s, struct stored_cert *c)
{
	struct cert whole;
	enum cyg_err err;

	if (c->cert.x || !c->der.ptr)
		return c->cert.x;
	err = cert_read_der(s->crypto, view_bytes(&c->der), &whole, NULL);
	if (err == CYG_NOMEM)
		return false; /* the next time it may be */
	bytes_done(&c->der);
	if (err)
		return false;
	c->cert = whole;
	/* Without memory for it, it is only asked anew. */
	return cert_remember_signer(&c->cert) || c->cert.x;
}

const struct stored_cert *stored_certs_at(const struct stored_certs *s, size_t at)
{
	return is_read(s, s->items[at]) ? s->items[at] : NULL;
}

/* ---- finding ---- */

const struct stored_cert *stored_certs_find(const struct stored_certs *s, const char *file)
{
	struct stored_cert *c = first_of(s, file);

	return c && is_read(s, c) ? c : NULL;
}

bool stored_certs_has(const struct stored_certs *s, const struct cert *c)
{
	struct map_node *n = s->maps ? map_first(&s->maps->by_key, hash_of(key_view(&c->key)))
				     : NULL;

	for (; n; n = map_next(n)) {
		struct stored_cert *there = CONTAINER_OF(n, struct stored_cert, by_key);

		if (is_read(s, there) && cert_equal(&there->cert, c))
			return true;
	}
	return false;
}

const struct cert *stored_certs_issuer(const struct stored_certs *s, const struct cert *c)
{
	struct map_node *n =
		s->maps ? map_first(&s->maps->by_subject, subject_hash(cert_issuer(c))) : NULL;

	for (; n; n = map_next(n)) {
		struct stored_cert *i = CONTAINER_OF(n, struct stored_cert, by_subject);

		if (is_read(s, i) && cert_is_ca(&i->cert) && cert_is_issued_by(c, &i->cert))
			return &i->cert;
	}
	return NULL;
}

const struct stored_cert *stored_certs_last_of_key(const struct stored_certs *s,
						   const struct key *k)
{
	struct map_node *n = s->maps ? map_first(&s->maps->by_key, hash_of(key_view(k))) : NULL;
	struct stored_cert *last = NULL;

	for (; n; n = map_next(n)) {
		struct stored_cert *c = CONTAINER_OF(n, struct stored_cert, by_key);

		if (c->first && is_read(s, c) && key_equal(&c->cert.key, k) &&
		    (!last || c->cert.not_after > last->cert.not_after))
			last = c;
	}
	return last;
}

static bool is_valid(const struct cert *c, int64_t now)
{
	return c->not_before <= now && now <= c->not_after;
}

bool stored_is_better(const struct stored_cert *a, const struct stored_cert *b, int64_t now)
{
	bool valid = is_valid(&a->cert, now);

	if (!b || valid != is_valid(&b->cert, now))
		return !b || valid;
	return valid ? a->cert.not_before > b->cert.not_before
		     : a->cert.not_after > b->cert.not_after;
}

const struct stored_cert *stored_certs_of_key(const struct stored_certs *s, const struct key *k,
					      const struct ident *id, int64_t now)
{
	struct map_node *n = s->maps ? map_first(&s->maps->by_key, hash_of(key_view(k))) : NULL;
	const struct stored_cert *best = NULL;

	for (; n; n = map_next(n)) {
		struct stored_cert *c = CONTAINER_OF(n, struct stored_cert, by_key);

		if (c->first && is_read(s, c) && key_equal(&c->cert.key, k) &&
		    (!id || cert_carries(&c->cert, id, NULL)) && stored_is_better(c, best, now))
			best = c;
	}
	return best;
}
