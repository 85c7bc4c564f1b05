/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/attributes.h"

#include "base/array.h"
#include "base/hash.h"
#include "trust/early.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the set ---- */

/* A file that gave one, for who looks for it by name. */
struct acert_file {
	struct map_node node;
	size_t at; /* of items */
	char name[];
};

/* Names of files are nobody's who would choose them to meet. */
static uint64_t hash_of(const char *file)
{
	static const struct hash_key no_stranger;

	return hash_view(&no_stranger, view_str(file));
}

struct acert_set *acert_set_new(void)
{
	struct acert_set *s = calloc(1, sizeof(*s));

	if (s)
		s->refs = 1;
	return s;
}

struct acert_set *acert_set_ref(struct acert_set *s)
{
	if (s)
		s->refs++;
	return s;
}

void acert_set_unref(struct acert_set *s)
{
	if (!s || --s->refs)
		return;
	for (size_t i = 0; i < s->len; i++) {
		acert_done(&s->items[i].acert);
		free(s->items[i].named);
		bytes_done(&s->items[i].octets);
	}
	map_done(&s->by_file);
	free(s->groups);
	free(s->index);
	free(s->items);
	free(s);
}

static bool make_room(struct acert_set *s)
{
	struct stored_acert *bigger = array_grow(s->items, s->len, &s->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	s->items = bigger;
	return true;
}

/* Takes *take over on success. */
static enum cyg_err keep(struct acert_set *s, const char *file, struct view octets,
			 struct acert *take, const struct cert *authority, int64_t now)
{
	struct stored_acert *n;
	struct bytes copy = {0};
	size_t len = strlen(file) + 1;
	struct acert_file *named = malloc(sizeof(*named) + len);

	if (!named || !bytes_copy(&copy, octets) || !make_room(s)) {
		free(named);
		bytes_done(&copy);
		return CYG_NOMEM;
	}
	*named = (struct acert_file){.at = s->len};
	memcpy(named->name, file, len);
	map_add(&s->by_file, &named->node, hash_of(file));
	n = &s->items[s->len++];
	*n = (struct stored_acert){*take,          named, named->name, now, take->not_before,
				   take->not_after};
	n->octets = copy;
	if (authority->not_before > n->not_before)
		n->not_before = authority->not_before;
	if (authority->not_after < n->not_after)
		n->not_after = authority->not_after;
	memcpy(n->authority_key, authority->key.id, KEY_ID_LEN);
	cert_print_serial(authority, n->authority_serial, sizeof(n->authority_serial));
	*take = (struct acert){0};
	return CYG_OK;
}

struct noting {
	struct acert_set *set;
	int64_t now;
};

/* Listings alone want these: without memory one is not listed. */
static void note_group(void *ctx, const char *name)
{
	const struct noting *n = ctx;
	struct acert_set *s = n->set;
	struct acert_group *more;

	for (size_t i = 0; i < s->groups_len; i++)
		if (!strcmp(s->groups[i].name, name)) {
			s->groups[i].count++;
			return;
		}
	if (s->groups_len == ACERT_GROUPS_LISTED_MAX)
		return;
	more = reallocarray(s->groups, s->groups_len + 1, sizeof(*more));
	if (!more)
		return;
	s->groups = more;
	more += s->groups_len++;
	*more = (struct acert_group){.installed = n->now, .count = 1};
	snprintf(more->name, sizeof(more->name), "%s", name);
}

enum cyg_err acert_set_read(struct acert_set *s, const struct stored_certs *authorities,
			    struct trust_early *early, const char *file, struct view octets,
			    int64_t now, struct diag *why)
{
	const struct acert_seen *seen;
	const struct cert *authority;
	struct acert a;
	enum cyg_err err = early_acert(early, octets, &a, &seen, why);

	if (err)
		return err;
	authority = acert_authority(&a, authorities, seen, why);
	err = authority ? keep(s, file, octets, &a, authority, now) : CYG_AUTH;
	if (!err)
		acert_each_group(&s->items[s->len - 1].acert, note_group,
				 &(struct noting){s, now});
	acert_done(&a);
	return err;
}

static const struct stored_acert *of_file(const struct acert_set *s, const char *file)
{
	struct map_node *n = s ? map_first(&s->by_file, hash_of(file)) : NULL;

	for (; n; n = map_next(n)) {
		const struct acert_file *f = CONTAINER_OF(n, struct acert_file, node);

		if (!strcmp(f->name, file))
			return &s->items[f->at];
	}
	return NULL;
}

enum cyg_err acert_set_keep(struct acert_set *s, const struct stored_certs *authorities,
			    const struct acert_set *old, const char *file)
{
	const struct stored_acert *had = of_file(old, file);
	enum cyg_err err = had ? acert_set_read(s, authorities, NULL, file,
						view_bytes(&had->octets), had->installed, NULL)
			       : CYG_OK;

	return err == CYG_NOMEM ? err : CYG_OK;
}

const char *acert_set_gone(const struct acert_set *s, const struct acert_set *old, size_t *at)
{
	while (old && *at < old->len) {
		const char *file = old->items[(*at)++].file;

		if (!of_file(s, file))
			return file;
	}
	return NULL;
}

/* ---- who is named ---- */

struct acert_at {
	uint64_t key;
	size_t at; /* of items */
};

static int by_key(const void *a, const void *b)
{
	const struct acert_at *l = a, *r = b;

	return l->key < r->key ? -1 : l->key > r->key;
}

void acert_set_index(struct acert_set *s)
{
	s->index = calloc(s->len + 1, sizeof(*s->index));
	if (!s->index)
		return;
	for (size_t i = 0; i < s->len; i++)
		s->index[i] = (struct acert_at){acert_key(&s->items[i].acert), i};
	qsort(s->index, s->len, sizeof(*s->index), by_key);
}

/* The first one of a key, or of a greater one. */
static size_t first_of(const struct acert_set *s, uint64_t key)
{
	size_t from = 0, to = s->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (s->index[middle].key < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void acert_set_each(const struct acert_set *s, const struct cert *c,
		    void (*each)(void *ctx, const struct stored_acert *one), void *ctx)
{
	uint64_t keys[2];

	for (size_t i = 0; s && !s->index && i < s->len; i++)
		if (acert_names(&s->items[i].acert, c))
			each(ctx, &s->items[i]);
	if (!s || !s->index)
		return;
	acert_keys_of(c, keys);
	for (size_t k = 0; k < (keys[0] == keys[1] ? 1 : 2); k++)
		for (size_t i = first_of(s, keys[k]); i < s->len && s->index[i].key == keys[k];
		     i++)
			if (acert_names(&s->items[s->index[i].at].acert, c))
				each(ctx, &s->items[s->index[i].at]);
}
