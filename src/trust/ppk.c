/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Post-quantum pre-shared keys (RFC 8784): which PPKS record, and what comes of
 * it when it is mixed into the keys of an IKE SA. The key itself stays here.
 */
#include "base/text.h"
#include "crypto/alg.h"
#include "crypto/prf.h"
#include "trust/trust_private.h"

#include <stdlib.h>
#include <string.h>

/* The next name of ppk-ids=; empty at the end. */
static struct view next_name(const char **at)
{
	size_t len;

	*at += strspn(*at, ", \t");
	len = strcspn(*at, ", \t");
	*at += len;
	return view_of(*at - len, len);
}

static bool is_listed(const char *ids, struct view name)
{
	for (struct view v = next_name(&ids); v.len; v = next_name(&ids))
		if (view_equal(v, name))
			return true;
	return false;
}

/* The first of ppk-ids= that is there; without them the best of all. */
static const struct secret_record *choose(struct trust *t, const struct ppk_request *r)
{
	const char *ids = r->connection->ppk_ids;
	const struct secret_record *found = NULL;
	struct view name;

	if (!ids)
		return secret_find_ppk(t->secrets, (struct view){0}, r->local, r->remote);
	while (!found && (name = next_name(&ids)).len)
		found = secret_find_ppk(t->secrets, name, r->local, r->remote);
	return found;
}

/* What the peer named. */
static const struct secret_record *find(struct trust *t, const struct ppk_request *r)
{
	struct view name = view_of(r->id.ptr + 1, r->id.len - 1);
	const char *ids = r->connection->ppk_ids;

	if (r->id.ptr[0] != PPK_ID_FIXED || !name.len || (ids && !is_listed(ids, name)))
		return NULL;
	return secret_find_ppk(t->secrets, name, r->local, r->remote);
}

/* A peer's name for a key is shown as far as it is text. */
static void print_name(struct view name, char *buf, size_t cap)
{
	size_t n = 0;

	for (; n < name.len && n + 1 < cap; n++)
		buf[n] = name.ptr[n] > ' ' && name.ptr[n] < 0x7f ? (char)name.ptr[n] : '.';
	buf[n] = 0;
}

static void explain_none(const struct ppk_request *r, struct diag *why)
{
	const char *ids = r->connection->ppk_ids;
	char us[120], peer[120], name[64];

	diag_set(
		why, "no-ppk", "RFC 8784 3",
		"ipsec.secrets has no post-quantum pre-shared key for us (%s) with the peer (%s)",
		ident_print(r->local, us, sizeof(us)),
		ident_print(r->remote, peer, sizeof(peer)));
	if (r->id.len) {
		print_name(view_of(r->id.ptr + 1, r->id.len - 1), name, sizeof(name));
		diag_wanted(why, "the one that the peer names: %s%s", name,
			    r->id.ptr[0] == PPK_ID_FIXED ? ""
							 : ", of another type than a name");
		if (ids)
			diag_got(why, "ppk-ids=%s", ids);
	} else if (ids) {
		diag_wanted(why, "one of ppk-ids=%s", ids);
	}
	diag_hint(why, "add  : PPKS \"name\" 0s...  to ipsec.secrets at both ends, then  ipsec "
		       "auto --rereadsecrets");
}

/* prf+ (PPK, key) for each of the three. */
static enum cyg_err mix(struct trust *t, const struct ppk_request *r,
			const struct secret_record *ppk, struct bytes *ret)
{
	const struct alg *prf = alg_by_id(ALG_PRF, r->prf);
	size_t len = prf ? prf->out_len : 0;
	struct bytes out = {0};
	enum cyg_err err = CYG_OK;

	if (!len || r->keys.len != 3 * len)
		return CYG_UNSUPPORTED;
	if (!bytes_copy(&out, r->keys))
		return CYG_NOMEM;
	for (size_t i = 0; i < 3 && !err; i++) {
		struct view key = view_of(r->keys.ptr + i * len, len);

		err = prf_plus(t->crypto, prf, view_bytes(&ppk->value), &key, 1,
			       out.ptr + i * len, len);
	}
	if (err)
		bytes_wipe(&out);
	else
		*ret = out;
	return err;
}

static bool name_it(const struct secret_record *ppk, struct bytes *ret)
{
	size_t len = strlen(ppk->name);
	struct bytes id = {malloc(1 + len), 1 + len};

	if (!id.ptr)
		return false;
	id.ptr[0] = PPK_ID_FIXED;
	memcpy(id.ptr + 1, ppk->name, len);
	*ret = id;
	return true;
}

void ppk_begin(struct trust *t, const struct ppk_request *r, struct trust_job *j)
{
	const struct secret_record *ppk = NULL;
	enum cyg_err err;

	if (t->secrets)
		ppk = r->id.len ? find(t, r) : choose(t, r);
	if (!ppk) {
		explain_none(r, &j->reply.why);
		job_fail(j, CYG_NOTFOUND);
		return;
	}
	err = mix(t, r, ppk, &j->reply.data);
	if (!err && !name_it(ppk, &j->reply.authorities))
		err = CYG_NOMEM;
	job_fail(j, err); /* CYG_OK: it is answered */
}
