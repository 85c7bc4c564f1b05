/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pubkeys.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 4096 /* keys that are kept so as not to read their texts again */

struct named {
	struct map_node by_name;
	struct list link;
	struct key key;
	bool is_text;
	char name[];
};

static const struct hash_key no_stranger; /* names are the operator's */

void pubkeys_init(struct pubkeys *p)
{
	*p = (struct pubkeys){0};
	list_init(&p->all);
}

static void forget(struct pubkeys *p, struct named *n)
{
	map_remove(&p->by_name, &n->by_name);
	list_remove(&n->link);
	p->texts -= n->is_text;
	key_done(&n->key);
	free(n);
}

void pubkeys_done(struct pubkeys *p)
{
	LIST_EACH(n, &p->all, struct named, link)
		forget(p, n);
	map_done(&p->by_name);
}

static uint64_t hash_of(const char *name)
{
	return hash_view(&no_stranger, view_str(name));
}

static struct named *find(const struct pubkeys *p, const char *name)
{
	for (struct map_node *m = map_first(&p->by_name, hash_of(name)); m; m = map_next(m)) {
		struct named *n = CONTAINER_OF(m, struct named, by_name);

		if (!strcmp(n->name, name))
			return n;
	}
	return NULL;
}

/* Takes the key over on success. */
static struct named *keep(struct pubkeys *p, const char *name, struct key *key, bool is_text)
{
	size_t len = strlen(name) + 1;
	struct named *n = calloc(1, sizeof(*n) + len);

	if (!n)
		return NULL;
	memcpy(n->name, name, len);
	n->key = *key;
	n->is_text = is_text;
	p->texts += is_text;
	list_append(&p->all, &n->link);
	map_add(&p->by_name, &n->by_name, hash_of(name));
	return n;
}

enum cyg_err pubkeys_put(struct pubkeys *p, struct crypto *crypto, const char *name,
			 struct view octets, struct diag *why)
{
	struct named *old = find(p, name);
	struct key key;
	enum cyg_err err = key_read_public(crypto, octets, &key, why);

	if (err)
		return err;
	if (!keep(p, name, &key, false)) {
		key_done(&key);
		return CYG_NOMEM;
	}
	if (old)
		forget(p, old);
	return CYG_OK;
}

static void make_room(struct pubkeys *p)
{
	if (p->texts < TEXTS_MAX)
		return;
	LIST_EACH(n, &p->all, struct named, link)
		if (n->is_text)
			forget(p, n);
}

static bool is_text(const char *name)
{
	return name[0] == '0' && name[1] && strchr("sSxX", name[1]);
}

const struct key *pubkeys_find(struct pubkeys *p, struct crypto *crypto, const char *text,
			       struct diag *why)
{
	struct named *n = find(p, text);
	struct key key;

	if (n)
		return &n->key;
	if (!is_text(text)) {
		diag_set(why, "key-file", NULL, "the public key's file could not be read");
		diag_wanted(why, "a public key in PEM or DER in %s", text);
		diag_hint(why, "see what was said when the connection was added; add it again");
		return NULL;
	}
	if (key_read_text(crypto, text, &key, why))
		return NULL;
	make_room(p);
	n = keep(p, text, &key, true);
	if (!n) {
		key_done(&key);
		diag_set(why, "no-memory", NULL, "memory is short");
	}
	return n ? &n->key : NULL;
}
