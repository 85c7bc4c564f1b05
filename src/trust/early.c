/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/early.h"

#include "base/array.h"
#include "base/map.h"
#include "crypto/hash.h"
#include "trust/trust_private.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LEN HASH_SHA2_256_LEN

/* What it was worked out of. */
enum kind { EARLY_PRIVATE, EARLY_BUNDLE, EARLY_NUMBERS, EARLY_ACERT };

struct found {
	struct map_node node; /* by the first octets of its name */
	uint8_t name[NAME_LEN];
	bool taken;
	enum cyg_err err;
	struct diag why;
	struct bundle bundle; /* the key alone, of others than bundles */
	struct acert acert;
	struct acert_seen seen; /* by: the caller's reference */
	struct key by;
};

struct trust_early {
	struct crypto *crypto;
	struct stored_certs authorities; /* of attributes */
	struct map known;
	struct found **items;
	size_t len, cap;
};

struct trust_early *trust_early_new(const struct trust *t)
{
	struct trust_early *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->crypto = t->crypto;
	for (size_t i = 0; i < t->aacerts.len; i++) {
		const struct stored_cert *s = t->aacerts.items[i];

		if (stored_certs_add(&e->authorities, s->file, &s->cert, s->installed,
				     s->first)) {
			trust_early_free(e);
			return NULL;
		}
	}
	return e;
}

static void found_free(struct found *f)
{
	bundle_done(&f->bundle);
	acert_done(&f->acert);
	key_done(&f->by);
	free(f);
}

void trust_early_free(struct trust_early *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->len; i++)
		found_free(e->items[i]);
	free(e->items);
	map_done(&e->known);
	stored_certs_done(&e->authorities);
	free(e);
}

/* ---- by what it is found ---- */

static bool name_of(struct crypto *crypto, enum kind kind, const struct view *parts, size_t n,
		    uint8_t name[NAME_LEN])
{
	uint8_t head[1 + RSA_NUMBERS * sizeof(size_t)] = {kind};
	struct view all[RSA_NUMBERS + 1] = {view_of(head, sizeof(head))};

	for (size_t i = 0; i < n; i++) {
		memcpy(head + 1 + i * sizeof(size_t), &parts[i].len, sizeof(size_t));
		all[i + 1] = parts[i];
	}
	return !hash_compute(crypto, HASH_SHA2_256, all, n + 1, name);
}

/* Nobody but root chooses what is hashed here, and with SHA-2. */
static uint64_t bucket_of(const uint8_t name[NAME_LEN])
{
	uint64_t hash;

	memcpy(&hash, name, sizeof(hash));
	return hash;
}

static struct found *find(const struct trust_early *e, struct crypto *crypto, enum kind kind,
			  const struct view *parts, size_t n)
{
	uint8_t name[NAME_LEN];
	struct map_node *m;

	if (!e || !name_of(crypto, kind, parts, n, name))
		return NULL;
	for (m = map_first(&e->known, bucket_of(name)); m; m = map_next(m)) {
		struct found *f = CONTAINER_OF(m, struct found, node);

		if (!f->taken && !memcmp(f->name, name, sizeof(name)))
			return f;
	}
	return NULL;
}

/* NULL when memory is short: then it is worked out when it is read. */
static struct found *put(struct trust_early *e, enum kind kind, const struct view *parts,
			 size_t n)
{
	struct found **bigger = array_grow(e->items, e->len, &e->cap, sizeof(struct found *));
	struct found *f = bigger ? calloc(1, sizeof(*f)) : NULL;

	if (bigger)
		e->items = bigger;
	if (!f || !name_of(e->crypto, kind, parts, n, f->name)) {
		free(f);
		return NULL;
	}
	diag_clear(&f->why);
	map_add(&e->known, &f->node, bucket_of(f->name));
	e->items[e->len++] = f;
	return f;
}

/* What was not known for want of memory is not known: it is tried again. */
static void settle(struct found *f)
{
	f->taken = f->err == CYG_NOMEM;
}

/* ---- private keys ---- */

void trust_early_private(struct trust_early *e, uint8_t kind, struct view octets,
			 struct view passphrase)
{
	struct view parts[] = {octets, passphrase};
	bool bundled = kind == SECRET_KEY_PKCS12;
	struct found *f = put(e, bundled ? EARLY_BUNDLE : EARLY_PRIVATE, parts, 2);

	if (!f)
		return;
	f->err = bundled
			 ? bundle_read(e->crypto, octets, passphrase, &f->bundle, &f->why)
			 : key_read_private(e->crypto, octets, passphrase, &f->bundle.key, &f->why);
	settle(f);
}

static void numbers_of(const struct rsa_numbers *n, struct view parts[RSA_NUMBERS])
{
	for (size_t i = 0; i < RSA_NUMBERS; i++)
		parts[i] = view_bytes(&n->number[i]);
}

void trust_early_numbers(struct trust_early *e, const struct rsa_numbers *n)
{
	struct view parts[RSA_NUMBERS];
	struct found *f;

	numbers_of(n, parts);
	f = put(e, EARLY_NUMBERS, parts, RSA_NUMBERS);
	if (!f)
		return;
	f->err = key_read_numbers(e->crypto, n, &f->bundle.key, &f->why);
	settle(f);
}

static enum cyg_err take_bundle(struct found *f, struct bundle *ret, struct diag *why)
{
	f->taken = true;
	if (why)
		*why = f->why;
	if (f->err)
		return f->err;
	*ret = f->bundle;
	f->bundle = (struct bundle){0};
	return CYG_OK;
}

static enum cyg_err take_key(struct found *f, struct key *ret, struct diag *why)
{
	struct bundle b;
	enum cyg_err err = take_bundle(f, &b, why);

	if (!err)
		*ret = b.key;
	return err;
}

enum cyg_err early_private(struct trust_early *e, struct crypto *crypto, struct view octets,
			   struct view passphrase, struct key *ret, struct diag *why)
{
	struct view parts[] = {octets, passphrase};
	struct found *f = find(e, crypto, EARLY_PRIVATE, parts, 2);

	return f ? take_key(f, ret, why)
		 : key_read_private(crypto, octets, passphrase, ret, why);
}

enum cyg_err early_bundle(struct trust_early *e, struct crypto *crypto, struct view octets,
			  struct view passphrase, struct bundle *ret, struct diag *why)
{
	struct view parts[] = {octets, passphrase};
	struct found *f = find(e, crypto, EARLY_BUNDLE, parts, 2);

	return f ? take_bundle(f, ret, why) : bundle_read(crypto, octets, passphrase, ret, why);
}

enum cyg_err early_numbers(struct trust_early *e, struct crypto *crypto,
			   const struct rsa_numbers *n, struct key *ret, struct diag *why)
{
	struct view parts[RSA_NUMBERS];
	struct found *f;

	numbers_of(n, parts);
	f = find(e, crypto, EARLY_NUMBERS, parts, RSA_NUMBERS);
	return f ? take_key(f, ret, why) : key_read_numbers(crypto, n, ret, why);
}

/* ---- attribute certificates ---- */

void trust_early_authority(struct trust_early *e, const char *name, struct view octets)
{
	struct cert_list list;

	/* Without memory it is one that was not asked, and is asked when they are read. */
	if (cert_read_file(e->crypto, octets, &list, NULL))
		return;
	for (size_t i = 0; i < list.len; i++)
		if (!stored_certs_has(&e->authorities, &list.items[i]) &&
		    stored_certs_add(&e->authorities, name, &list.items[i], 0, !i))
			break;
	cert_list_done(&list);
}

void trust_early_acert(struct trust_early *e, struct view octets)
{
	struct found *f = put(e, EARLY_ACERT, &octets, 1);
	const struct cert *by;

	if (!f)
		return;
	f->err = acert_read(octets, &f->acert, &f->why);
	by = f->err ? NULL : acert_authority(&f->acert, &e->authorities, NULL, NULL);
	if (by)
		f->by = key_copy(&by->key);
	f->seen = (struct acert_seen){by ? &f->by : NULL, &e->authorities};
	settle(f);
}

enum cyg_err early_acert(struct trust_early *e, struct view octets, struct acert *ret,
			 const struct acert_seen **ret_seen, struct diag *why)
{
	struct found *f =
		e ? find(e, e->crypto, EARLY_ACERT, &octets, 1) : NULL;

	*ret_seen = NULL;
	if (!f)
		return acert_read(octets, ret, why);
	f->taken = true;
	if (why && diag_is_set(&f->why))
		*why = f->why;
	if (f->err)
		return f->err;
	*ret = f->acert;
	f->acert = (struct acert){0};
	*ret_seen = &f->seen;
	return CYG_OK;
}
