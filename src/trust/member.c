/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/member.h"

#include <stdlib.h>
#include <string.h>

enum cyg_err membership_new(const struct acert_set *held, struct acert_set *sent,
			    const struct acert_holder *h, const char *groups, int64_t now,
			    struct membership **ret, struct diag *why)
{
	struct membership *m;
	int64_t until;

	if (!acert_sets_allow(held, sent, h, groups, now, &until, why))
		return CYG_AUTH;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CYG_NOMEM;
	m->groups = strdup(groups);
	if (!m->groups) {
		free(m);
		return CYG_NOMEM;
	}
	m->holder = cert_copy(h->cert);
	m->issuer_held = h->issuer_held;
	m->ca_asked = h->ca_asked;
	m->sent = acert_set_ref(sent);
	m->until = until;
	*ret = m;
	return CYG_OK;
}

void membership_free(struct membership *m)
{
	if (!m)
		return;
	free(m->groups);
	cert_done(&m->holder);
	acert_set_unref(m->sent);
	free(m);
}

bool membership_holds(struct membership *m, const struct acert_set *held, int64_t now,
		      struct diag *why)
{
	struct acert_holder h = {&m->holder, m->issuer_held, m->ca_asked};

	return acert_sets_allow(held, m->sent, &h, m->groups, now, &m->until, why);
}

bool membership_same(const struct membership *a, const struct membership *b)
{
	return !a || !b ? a == b : !strcmp(a->groups, b->groups);
}
