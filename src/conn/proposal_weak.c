/* SPDX-License-Identifier: Apache-2.0 */
/* Which algorithms of a list are weak, and why. */
#include "conn/proposal.h"

#include "base/text.h"
#include "crypto/alg.h"

/* Rows met so far: a bit for each kind and number, all of which are small. */
struct met {
	uint64_t bits[ALG_KINDS];
};

static const struct alg *next_weak(const struct transform *t, struct met *met)
{
	const struct alg *a = alg_by_id(t->kind, t->id);

	if (!a || a->strength == ALG_STRONG || a->id >= 64 || (met->bits[a->kind] >> a->id & 1))
		return NULL;
	met->bits[a->kind] |= UINT64_C(1) << a->id;
	return a;
}

bool proposals_weak(const struct proposals *p, struct diag *why)
{
	char names[256], reasons[512];
	size_t names_len = 0, reasons_len = 0;
	const char *ref = NULL;
	struct met met = {{0}};
	unsigned n = 0;

	names[0] = reasons[0] = '\0';
	for (size_t i = 0; i < p->len; i++)
		for (size_t j = 0; j < p->items[i].len; j++) {
			const struct alg *a = next_weak(&p->items[i].transforms[j], &met);

			if (!a)
				continue;
			ref = n++ ? ref : a->ref;
			buf_add(names, sizeof(names), &names_len, "%s%s", n > 1 ? ", " : "",
				a->name);
			buf_add(reasons, sizeof(reasons), &reasons_len, "%s%s (%s)",
				n > 1 ? ", " : "", a->name, a->why);
		}
	if (!n)
		return false;
	diag_set(why, "weak-algorithm", n > 1 ? NULL : ref, "%s %s weak", names,
		 n > 1 ? "are" : "is");
	diag_got(why, "%s", reasons);
	diag_hint(why, "leave %s out once the peer can do better", n > 1 ? "them" : "it");
	return true;
}
