/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ca_groups.h"

#include <stdlib.h>

/* A section without its certificate vouches for nobody. */
static bool counts(const struct known_authority *k)
{
	return k->says->groups && *k->says->groups && k->certs.len;
}

struct ca_groups *ca_groups_new(const struct authorities *a)
{
	struct ca_groups *g;
	size_t n = 0;

	for (size_t i = 0; i < a->len; i++)
		n += counts(a->items[i]);
	g = calloc(1, sizeof(*g) + n * sizeof(g->items[0]));
	if (!g)
		return NULL;
	g->refs = 1;
	for (size_t i = 0; i < a->len; i++) {
		struct ca_group *at = &g->items[g->len];

		if (!counts(a->items[i]))
			continue;
		at->says = authority_copy(a->items[i]->says);
		if (!at->says) {
			ca_groups_unref(g);
			return NULL;
		}
		at->cert = cert_copy(&a->items[i]->certs.items[0]);
		g->len++;
	}
	return g;
}

struct ca_groups *ca_groups_ref(struct ca_groups *g)
{
	if (g)
		g->refs++;
	return g;
}

void ca_groups_unref(struct ca_groups *g)
{
	if (!g || --g->refs)
		return;
	for (size_t i = 0; i < g->len; i++) {
		free(g->items[i].says);
		cert_done(&g->items[i].cert);
	}
	free(g);
}

static bool is_same(const struct cert *a, const struct cert *b)
{
	return view_equal(cert_subject(a), cert_subject(b)) && key_equal(&a->key, &b->key);
}

void ca_groups_each(const struct ca_groups *g, const struct cert_list *authorities,
		    void (*each)(void *ctx, const struct authority *says), void *ctx)
{
	for (size_t i = 0; g && i < g->len; i++)
		for (size_t k = 0; k < authorities->len; k++)
			if (is_same(&g->items[i].cert, &authorities->items[k])) {
				each(ctx, g->items[i].says);
				break;
			}
}
