/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void crl_free(struct crl *c)
{
	if (!c)
		return;
	bytes_done(&c->octets);
	cert_done(&c->issuer);
	for (size_t i = 0; i < CRL_POINTS_MAX; i++)
		free(c->points[i]);
	free(c->delta_url);
	free(c->slots);
	free(c);
}

/* One of the list's points is one of those that the certificate names. */
static bool points_meet(const struct crl *c, const struct chain_link *l)
{
	for (char *const *p = c->points; *p; p++) {
		for (char *const *u = l->crl; *u; u++)
			if (!strcmp(*p, *u))
				return true;
		for (char *const *u = l->delta; *u; u++)
			if (!strcmp(*p, *u))
				return true;
	}
	return !c->points[0];
}

bool crl_covers(const struct crl *c, const struct chain_link *l)
{
	return l->serial.len && !(c->only_ends && l->is_ca) &&
	       !(c->only_authorities && !l->is_ca) && points_meet(c, l);
}

bool crl_same_scope(const struct crl *a, const struct crl *b)
{
	return view_equal(a->scope, b->scope) && !a->base.len == !b->base.len;
}

/* Numbers without zeroes in front. */
static int compare_numbers(struct view a, struct view b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return view_compare(a, b);
}

int64_t crl_until(const struct crl *c)
{
	return c->next_update ? c->next_update : c->this_update + CRL_AGE_MAX;
}

bool crl_number_is_lower(const struct crl *a, const struct crl *b)
{
	return a->number.len && b->number.len && compare_numbers(a->number, b->number) < 0;
}

int crl_compare_age(const struct crl *a, const struct crl *b)
{
	if (a->this_update != b->this_update)
		return a->this_update < b->this_update ? -1 : 1;
	return a->number.len && b->number.len ? compare_numbers(a->number, b->number) : 0;
}

bool crl_delta_fits(const struct crl *delta, const struct crl *list)
{
	return delta->base.len && !list->base.len && list->number.len &&
	       view_equal(delta->scope, list->scope) &&
	       compare_numbers(list->number, delta->base) >= 0 &&
	       compare_numbers(list->number, delta->number) < 0;
}

const char *crl_reason_name(int reason)
{
	static const char *const names[] = {
		"unspecified",     "keyCompromise",
		"cACompromise",    "affiliationChanged",
		"superseded",      "cessationOfOperation",
		"certificateHold", NULL,
		"removeFromCRL",   "privilegeWithdrawn",
		"aACompromise",
	};
	size_t n = sizeof(names) / sizeof(names[0]);

	return reason >= 0 && (size_t)reason < n && names[reason] ? names[reason] : "unknown";
}

const char *crl_print_number(struct view number, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	buf_add_hex(buf, cap, &used, number);
	return buf;
}
