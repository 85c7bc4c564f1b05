/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/member.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define SKEW 60 /* seconds that clocks may differ, as for other certificates */

/* ---- who belongs to a group ---- */

struct asking {
	const struct candidate *candidate;
	const char *groups;
	int64_t now;
	bool found, allowed;
	int64_t until; /* of those that allow it the last one's end */
	char had[300];
	size_t used;
	size_t late, worthless; /* attribute certificates for it that don't count */
};

static void ask(void *ctx, const char *group)
{
	struct asking *a = ctx;

	a->found |= group_names_have(a->groups, view_str(group));
	buf_add(a->had, sizeof(a->had), &a->used, "%s%s", a->used ? ", " : "", group);
}

static void allow(struct asking *a, int64_t until)
{
	if (!a->allowed || until > a->until)
		a->until = until;
	a->allowed = true;
}

static void ask_one(void *ctx, const struct stored_acert *one)
{
	struct asking *a = ctx;

	if (!acert_is_for(&one->acert, &a->candidate->holder)) {
		a->worthless++;
		return;
	}
	if (one->not_before > a->now + SKEW || one->not_after < a->now - SKEW) {
		a->late++;
		return;
	}
	a->found = false;
	acert_each_group(&one->acert, ask, a);
	if (a->found)
		allow(a, one->not_after + SKEW);
}

static void ask_section(void *ctx, const struct authority *says)
{
	struct asking *a = ctx;

	if (group_names_common(a->groups, says->groups).len)
		allow(a, INT64_MAX);
	buf_add(a->had, sizeof(a->had), &a->used, "%s%s by ca %s", a->used ? ", " : "",
		says->groups, says->name);
}

static void explain(const struct asking *a, const struct acert_set *sent, struct diag *why)
{
	const struct candidate *c = a->candidate;
	const struct cert_list *above = &c->authorities;
	char subject[160];

	diag_set(why, "not-in-group", "RFC 5755 5",
		 "%s belongs to none of the groups that the connection is for",
		 cert_print(c->holder.cert, subject, sizeof(subject)));
	diag_wanted(why, "%s", a->groups);
	diag_got(why, "%s%s%s%s",
		 a->used ? a->had
		 : above->len
			 ? "no valid attribute certificate, and no ca section of its authority "
			   "with groups="
			 : "no valid attribute certificate",
		 a->late ? "; one that is not valid now" : "",
		 sent && sent->refused
			 ? "; one that it sent, which no authority of ipsec.d/aacerts made"
			 : "",
		 !a->worthless ? ""
		 : c->holder.issuer_held
			 ? "; one that names its subject alone, for which rightca= must "
			   "say whose subjects count"
			 : "; one for it by name, but who issued its certificate is not "
			   "held here (ipsec.d/cacerts)");
	if (above->len)
		diag_hint(why,
			  "give it an attribute certificate (ipsec.d/acerts, then ipsec auto "
			  "--rereadacerts), or write groups= in the ca section of %s",
			  cert_print(&above->items[0], subject, 100));
	else
		diag_hint(why,
			  "give it an attribute certificate (ipsec.d/acerts, then ipsec auto "
			  "--rereadacerts); groups= of a ca section needs its authority here");
}

/* By what is held here, by what it sent, by the authorities above it. */
static bool belongs(const struct group_sources *from, const struct acert_set *sent,
		    const struct candidate *c, const char *groups, int64_t now,
		    int64_t *ret_until, struct diag *why)
{
	struct asking a = {.candidate = c, .groups = groups, .now = now};

	acert_set_each(from->held, c->holder.cert, ask_one, &a);
	acert_set_each(sent, c->holder.cert, ask_one, &a);
	if (a.used)
		buf_add(a.had, sizeof(a.had), &a.used, " by attribute certificates");
	ca_groups_each(from->cas, &c->authorities, ask_section, &a);
	*ret_until = a.until;
	if (!a.allowed)
		explain(&a, sent, why);
	return a.allowed;
}

/* ---- memberships ---- */

enum cyg_err membership_new(const struct group_sources *from, struct acert_set *sent,
			    const struct candidate *c, const char *groups, int64_t now,
			    struct membership **ret, struct diag *why)
{
	struct membership *m;
	int64_t until;

	if (!belongs(from, sent, c, groups, now, &until, why))
		return CYG_AUTH;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CYG_NOMEM;
	m->groups = strdup(groups);
	if (!m->groups) {
		free(m);
		return CYG_NOMEM;
	}
	m->holder = cert_copy(c->holder.cert);
	m->issuer_held = c->holder.issuer_held;
	m->ca_asked = c->holder.ca_asked;
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

bool membership_holds(struct membership *m, const struct group_sources *from,
		      const struct cert_list *authorities, int64_t now, struct diag *why)
{
	struct candidate c = {{&m->holder, m->issuer_held, m->ca_asked}, *authorities};

	return belongs(from, m->sent, &c, m->groups, now, &m->until, why);
}

bool membership_same(const struct membership *a, const struct membership *b)
{
	return !a || !b ? a == b : !strcmp(a->groups, b->groups);
}

void membership_follow(struct membership *m, struct membership *before)
{
	struct acert_set *sent;

	if (!m || !before)
		return;
	if (before->sent && (!m->sent || before->until > m->until)) {
		sent = m->sent;
		m->sent = before->sent;
		before->sent = sent;
	}
	if (before->until > m->until)
		m->until = before->until;
}
