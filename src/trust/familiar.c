/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/familiar.h"

#include "base/hash.h"
#include "conn/action.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct map_node node;
	struct list use; /* familiar.by_use */
	struct path_name name;
	struct cert_list path;
};

static void forget(struct familiar *f, struct entry *e)
{
	map_remove(&f->by_name, &e->node);
	list_remove(&e->use);
	f->len--;
	cert_list_done(&e->path);
	free(e);
}

void familiar_init(struct familiar *f)
{
	*f = (struct familiar){0};
	list_init(&f->by_use);
}

void familiar_clear(struct familiar *f)
{
	while (!list_empty(&f->by_use))
		forget(f, CONTAINER_OF(f->by_use.next, struct entry, use));
	map_done(&f->by_name);
	familiar_init(f);
}

enum cyg_err path_name_of(struct crypto *crypto, const struct bytes *sent, size_t len,
			  unsigned rsa_bits_min, struct path_name *ret)
{
	/* Lengths go first, so that no two ways to cut the same octets have one name. */
	uint32_t numbers[1 + AUTH_CERTS_MAX] = {rsa_bits_min};
	struct view parts[1 + AUTH_CERTS_MAX] = {view_of(numbers, sizeof(numbers))};

	for (size_t i = 0; i < len; i++) {
		numbers[1 + i] = (uint32_t)sent[i].len;
		parts[1 + i] = view_bytes(&sent[i]);
	}
	return hash_compute(crypto, HASH_SHA2_256, parts, 1 + len, ret->octets);
}

static struct entry *find(struct familiar *f, uint64_t hash, const struct path_name *name)
{
	struct map_node *n = map_first(&f->by_name, hash);

	while (n && memcmp(&CONTAINER_OF(n, struct entry, node)->name, name, sizeof(*name)))
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct entry, node) : NULL;
}

static uint64_t hash_of(const struct hash_key *key, const struct path_name *name)
{
	return hash_view(key, view_of(name, sizeof(*name)));
}

static bool copy_path(const struct cert_list *path, struct cert_list *ret)
{
	struct cert_list copy = {0};

	for (size_t i = 0; i < path->len; i++) {
		struct cert c = cert_copy(&path->items[i]);

		if (cert_list_add(&copy, &c)) {
			cert_done(&c);
			cert_list_done(&copy);
			return false;
		}
	}
	*ret = copy;
	return true;
}

bool familiar_find(struct familiar *f, const struct hash_key *key, const struct path_name *name,
		   struct cert_list *ret)
{
	struct entry *e = find(f, hash_of(key, name), name);

	if (!e || !copy_path(&e->path, ret))
		return false;
	list_remove(&e->use);
	list_prepend(&f->by_use, &e->use);
	return true;
}

void familiar_add(struct familiar *f, const struct hash_key *key, const struct path_name *name,
		  const struct cert_list *path)
{
	uint64_t hash = hash_of(key, name);
	struct entry *e = find(f, hash, name) ? NULL : calloc(1, sizeof(*e));

	if (!e || !copy_path(path, &e->path)) {
		free(e);
		return;
	}
	e->name = *name;
	map_add(&f->by_name, &e->node, hash);
	list_prepend(&f->by_use, &e->use);
	if (++f->len > FAMILIAR_MAX)
		forget(f, CONTAINER_OF(f->by_use.prev, struct entry, use));
}

bool familiar_fits(const struct cert_list *sent, const struct cert_list *path)
{
	bool fits = sent->len <= path->len;

	for (size_t i = 0; fits && i < sent->len; i++)
		fits = cert_equal(&sent->items[i], &path->items[i]);
	return fits;
}
