/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/shelf.h"

#include "base/array.h"
#include "conn/dn.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct shelf_item {
	char *file;
	struct bytes octets, issuer; /* issuer: of a list; an answer has none */
	struct shelf_name name;      /* of an answer */
	_Atomic bool taken;
};

struct shelf {
	unsigned refs;
	struct shelf_item **items;
	size_t len, cap;
};

enum cyg_err shelf_name_of(struct crypto *crypto, const struct issuer_id *issuer,
			   const struct serial *serial, struct shelf_name *ret)
{
	struct view parts[2] = {view_of(issuer->octets, sizeof(issuer->octets)),
				view_of(serial->octets, serial->len)};
	uint8_t hash[32];
	enum cyg_err err = hash_compute(crypto, HASH_SHA2_256, parts, 2, hash);

	if (!err)
		memcpy(ret->octets, hash, sizeof(ret->octets));
	return err;
}

/* ---- what is on it ---- */

struct shelf *shelf_new(void)
{
	struct shelf *s = calloc(1, sizeof(*s));

	if (s)
		s->refs = 1;
	return s;
}

struct shelf *shelf_ref(struct shelf *s)
{
	if (s)
		s->refs++;
	return s;
}

static void item_free(struct shelf_item *i)
{
	if (!i)
		return;
	free(i->file);
	bytes_done(&i->octets);
	bytes_done(&i->issuer);
	free(i);
}

void shelf_unref(struct shelf *s)
{
	if (!s || --s->refs)
		return;
	for (size_t i = 0; i < s->len; i++)
		item_free(s->items[i]);
	free(s->items);
	free(s);
}

static struct shelf_item *item_new(const char *file, struct view octets, struct view issuer)
{
	struct shelf_item *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->file = strdup(file);
	if (i->file && bytes_copy(&i->octets, octets) &&
	    (!issuer.len || bytes_copy(&i->issuer, issuer)))
		return i;
	item_free(i);
	return NULL;
}

/* Takes the item over; NULL is one that memory was short for. */
static enum cyg_err put(struct shelf *s, struct shelf_item *take)
{
	struct shelf_item **bigger = NULL;

	if (take && s->len < SHELF_ITEMS_MAX)
		bigger = array_grow(s->items, s->len, &s->cap, sizeof(*bigger));
	if (bigger) {
		s->items = bigger;
		s->items[s->len++] = take;
		return CYG_OK;
	}
	item_free(take);
	return s->len == SHELF_ITEMS_MAX ? CYG_LIMIT : CYG_NOMEM;
}

enum cyg_err shelf_put_list(struct shelf *s, const char *file, struct view octets,
			    struct view issuer)
{
	return put(s, item_new(file, octets, issuer));
}

enum cyg_err shelf_put_answer(struct shelf *s, const char *file, const struct shelf_name *name,
			      struct view octets)
{
	struct shelf_item *i = item_new(file, octets, (struct view){0});

	if (i)
		i->name = *name;
	return put(s, i);
}

/* ---- what is found ---- */

struct search {
	struct crypto *crypto;
	const struct hash_key *key;
	const struct cert_list *signers;
	int64_t now;
	struct shelf_finds *to;
};

static bool is_list_of(const struct shelf_item *i, const struct chain_link *l)
{
	struct view subject = cert_subject(&l->issuer);

	return i->issuer.len && !dn_check(view_bytes(&i->issuer), NULL) &&
	       !dn_check(subject, NULL) && dn_equal(view_bytes(&i->issuer), subject);
}

static bool is_answer_about(const struct shelf_item *i, const struct shelf_name *name)
{
	return !i->issuer.len && !memcmp(i->name.octets, name->octets, SHELF_NAME_LEN);
}

static bool check(struct search *s, struct shelf_item *i, const struct chain_link *l,
		  struct shelf_found *f)
{
	const struct cert *issuer = &l->issuer;

	if (i->issuer.len)
		return !crl_read(s->crypto, &issuer, 1, view_bytes(&i->octets), s->key, &f->crl,
				 NULL);
	return !ocsp_read(s->crypto, issuer, &l->serial, NULL, s->signers,
			  view_bytes(&i->octets), s->now, &f->says, NULL);
}

static void find_of_link(struct search *s, const struct shelf *shelf, const struct chain *c,
			 size_t link)
{
	const struct chain_link *l = &c->links[link];
	struct shelf_name name;
	bool named = l->serial.len &&
		     !shelf_name_of(s->crypto, &l->issuer_id, &l->serial, &name);

	for (size_t i = 0; i < shelf->len && s->to->len < SHELF_FOUND_MAX; i++) {
		struct shelf_item *item = shelf->items[i];
		struct shelf_found f = {.item = item, .link = link};

		if (!item->taken &&
		    (is_list_of(item, l) || (named && is_answer_about(item, &name))) &&
		    check(s, item, l, &f))
			s->to->items[s->to->len++] = f;
	}
}

void shelf_find(const struct shelf *shelf, struct crypto *crypto, const struct chain *c,
		const struct hash_key *key, const struct cert_list *signers, int64_t now,
		struct shelf_finds *ret)
{
	struct search s = {crypto, key, signers, now, ret};

	for (size_t i = 0; shelf && i < c->len; i++)
		find_of_link(&s, shelf, c, i);
}

const char *shelf_file(const struct shelf_found *f)
{
	return f->item->file;
}

void shelf_taken(const struct shelf_found *f)
{
	f->item->taken = true;
}

void shelf_finds_done(struct shelf_finds *f)
{
	for (size_t i = 0; i < f->len; i++) {
		crl_free(f->items[i].crl);
		ocsp_answer_done(&f->items[i].says);
	}
	f->len = 0;
}
