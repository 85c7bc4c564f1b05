/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/keyring.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

void keyring_done(struct keyring *k)
{
	for (size_t i = 0; i < k->len; i++)
		key_done(&k->items[i].key);
	free(k->items);
	*k = (struct keyring){0};
}

enum cyg_err keyring_add(struct keyring *k, struct key *take,
			 const struct secret_record *record, int64_t installed)
{
	struct own_key *bigger = array_grow(k->items, k->len, &k->cap, sizeof(*bigger));

	if (!bigger)
		return CYG_NOMEM;
	k->items = bigger;
	k->items[k->len++] =
		(struct own_key){.key = *take, .record = record, .installed = installed};
	*take = (struct key){0};
	return CYG_OK;
}

void keyring_forget(struct keyring *k, const struct secret_record *record, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->len; i++)
		if (i < len && k->items[i].record == record)
			key_done(&k->items[i].key);
		else
			k->items[kept++] = k->items[i];
	k->len = kept;
}

enum cyg_err keyring_keep(struct keyring *k, const struct keyring *from,
			  const struct secret_record *was, const struct secret_record *record)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct own_key *o = &from->items[i];
		struct key copy;

		if (o->record != was)
			continue;
		copy = key_copy(&o->key);
		if (keyring_add(k, &copy, record, o->installed)) {
			key_done(&copy);
			return CYG_NOMEM;
		}
		memcpy(k->items[k->len - 1].source, o->source, sizeof(o->source));
	}
	return CYG_OK;
}

size_t keyring_drop(struct keyring *k, bool (*gone)(void *ctx))
{
	size_t kept = 0, before = k->len;

	for (size_t i = 0; i < before; i++) {
		struct key *key = &k->items[i].key;

		if (key->signer.sign && gone(key->signer.ctx))
			key_done(key);
		else
			k->items[kept++] = k->items[i];
	}
	k->len = kept;
	return before - kept;
}

const struct own_key *keyring_half(const struct keyring *k, const struct key *public)
{
	for (size_t i = 0; i < k->len; i++)
		if (!memcmp(k->items[i].key.id, public->id, KEY_ID_LEN) &&
		    key_equal(&k->items[i].key, public))
			return &k->items[i];
	return NULL;
}

const struct own_key *keyring_best(const struct keyring *k, const struct ident *local,
				   const struct ident *remote,
				   bool (*fits)(void *ctx, const struct key *key), void *ctx)
{
	const struct own_key *best = NULL;
	unsigned best_score = 0;

	for (size_t i = 0; i < k->len; i++) {
		unsigned score = secret_score(k->items[i].record, local, remote, true);

		if (score > best_score && fits(ctx, &k->items[i].key)) {
			best_score = score;
			best = &k->items[i];
		}
	}
	return best;
}
