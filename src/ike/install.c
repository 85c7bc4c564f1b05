/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/install.h"

#include "ike/clone.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/lost.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"
#include "ike/v2/auth.h"
#include "ike/v2/create_child.h"

static enum problem ask_sa(struct exchange *x, enum sa_dir dir, enum op_for purpose)
{
	uint32_t op = op_new(x->sa->ike, purpose, x, &x->ops);

	if (!op || child_install(x->child, dir, op))
		return PROBLEM_LOCAL;
	x->installs++;
	return PROBLEM_NONE;
}

static enum problem claim(struct child_sa *child, struct diag *why)
{
	if (!child->loaded || policy_claim(child->ike->policy, child->loaded, &child->ts_local,
					   &child->ts_remote, why))
		return PROBLEM_TS;
	return PROBLEM_NONE;
}

/* This host has the address before the policy and routes that need it. */
static enum problem take_internal(struct child_sa *child)
{
	const struct ike_sa *sa = child->sa;

	return sa->internal && child->loaded &&
			       policy_take_internal(child->loaded, sa->internal)
		       ? PROBLEM_LOCAL
		       : PROBLEM_NONE;
}

static enum problem ask_policy(struct exchange *x)
{
	struct ike *ike = x->sa->ike;
	struct child_sa *child = x->child;
	uint32_t op = op_new(ike, OP_INSTALL_POLICY, x, &x->ops);
	size_t from = ike->out->len;

	if (!op)
		return PROBLEM_LOCAL;
	x->installs++;
	child->loaded->compressed = child->cpi_in;
	child->loaded->spread = clone_listens(child->loaded, child);
	if (!updown_set_spd(ike, child->loaded, SPD_PROTECT, op, child->cause) ||
	    op_await_host(ike, from, OP_INSTALL_ROUTE, x, &x->ops, &x->installs) ||
	    updown_join(child->loaded, x))
		return PROBLEM_LOCAL;
	return PROBLEM_NONE;
}

enum problem install_begin(struct exchange *x, unsigned what, struct diag *why)
{
	struct kdf_input in = {.shared = view_bytes(&x->ke.secret)};
	enum problem p = PROBLEM_NONE;

	if (x->child->processor)
		what &= ~INSTALL_POLICY; /* its first child's is in force */
	in.ni = view_bytes(&x->ni);
	in.nr = view_bytes(&x->nr);
	if (what & INSTALL_POLICY)
		p = claim(x->child, why);
	if (p == PROBLEM_NONE && child_derive(x->child, &in))
		p = PROBLEM_LOCAL;
	if (p == PROBLEM_NONE && (what & INSTALL_IN))
		p = ask_sa(x, SA_IN, OP_INSTALL_IN);
	if (p == PROBLEM_NONE && (what & INSTALL_OUT))
		p = ask_sa(x, SA_OUT, OP_INSTALL_OUT);
	if (p == PROBLEM_NONE && (what & INSTALL_POLICY))
		p = take_internal(x->child);
	if (p == PROBLEM_NONE && (what & INSTALL_POLICY))
		p = ask_policy(x);
	return p == PROBLEM_NONE ? PROBLEM_LATER : p;
}

static bool was_deleted_early(const struct exchange *x)
{
	for (size_t i = 0; i < x->deleted_early_len; i++)
		if (x->deleted_early[i] == x->child->spi_out)
			return true;
	return false;
}

static void done(struct exchange *x, enum problem p, const struct diag *why)
{
	if (p == PROBLEM_NONE && was_deleted_early(x))
		p = PROBLEM_NO_CHILD;
	if (x->kind == EX_AUTH && x->ours)
		auth_installed_initiator(x, p, why);
	else if (x->kind == EX_AUTH)
		auth_installed_responder(x, p, why);
	else
		child_installed(x, p, why);
}

/* Our SPI is not told to the peer yet when we answer: take another one. */
static bool try_other_spi(struct exchange *x, enum op_for purpose, const struct answer *a)
{
	if (purpose != OP_INSTALL_IN || x->ours || !a->sa.spi_taken ||
	    x->spi_retries++ >= SPI_DRAWS)
		return false;
	x->child->installed &= (uint8_t)~CHILD_IN;
	return child_renew_spi(x->child) && ask_sa(x, SA_IN, purpose) == PROBLEM_NONE;
}

static void note_failure(struct exchange *x, enum op_for purpose)
{
	x->install_failed = true;
	/* What was not installed is not to be removed. */
	if (purpose == OP_INSTALL_IN)
		x->child->installed &= (uint8_t)~CHILD_IN;
	if (purpose == OP_INSTALL_OUT)
		x->child->installed &= (uint8_t)~CHILD_OUT;
	if (purpose == OP_INSTALL_ROUTE && x->child->loaded)
		policy_route_refused(x->child->loaded);
}

void install_answered(struct exchange *x, enum op_for purpose, const struct answer *a)
{
	struct about about = about_child(x->child);

	x->installs--;
	if (a->err && purpose == OP_INSTALL_PROGRAMS) {
		x->program_failed = true;
	} else if (a->err && !try_other_spi(x, purpose, a)) {
		tell(x->sa->ike, &about, REPORT_ERROR, RC_LOG_SERIOUS, "install-failed", a->why,
		     "the data plane refused %s: %s",
		     purpose == OP_INSTALL_POLICY  ? "the policy"
		     : purpose == OP_INSTALL_ROUTE ? "the route"
						   : "an SA",
		     cyg_err_text(a->err));
		note_failure(x, purpose);
	}
	if (x->installs)
		return;
	if (x->install_failed)
		done(x, PROBLEM_PLANE, a->why);
	else if (x->program_failed)
		done(x, PROBLEM_PROGRAM, NULL); /* why was told with the connection */
	else if (x->child->loaded)
		done(x, PROBLEM_NONE, NULL);
	else
		done(x, PROBLEM_TS,
		     &(struct diag){.code = "connection-gone",
				    .offset = DIAG_NOWHERE,
				    .sentence = "the connection was deleted meanwhile"});
}

/*
 * The connection's other child may have gone while this one waited for the plane: its entry
 * then rests. Or the peer takes compressed packets, or clones, no more, or does so now.
 */
static void protect_again(struct child_sa *child)
{
	struct policy *policy = child->ike->policy;
	struct loaded *l = child->loaded;

	if (!l || child->processor ||
	    (l->spd == SPD_PROTECT && l->compressed == !!child->cpi_in &&
	     l->spread == clone_listens(l, child)))
		return;
	l->compressed = child->cpi_in;
	l->spread = clone_listens(l, child);
	if (!policy_claim(policy, l, &child->ts_local, &child->ts_remote, NULL))
		updown_set_spd(child->ike, l, SPD_PROTECT, 0, child->cause);
}

struct child_sa *install_commit(struct exchange *x, struct child_sa *replaces)
{
	struct child_sa *child = x->child;

	x->child = NULL;
	child_establish(child);
	protect_again(child);
	if (replaces) {
		child->predecessor = replaces->serial;
		child->outdated = replaces->outdated;
		replaces->state = CHILD_REKEYED;
		replaces->replacement = child->serial;
		timers_child_rekeyed(replaces);
	}
	explain_child_up(child, replaces);
	updown_child_up(child);
	return child;
}

void install_late_failed(struct child_sa *child, enum sa_dir dir, const struct answer *a)
{
	struct about about = about_child(child);

	tell(child->ike, &about, REPORT_ERROR, RC_LOG_SERIOUS, "install-failed", a->why,
	     "the data plane refused the %s SA: %s", dir == SA_IN ? "inbound" : "outbound",
	     cyg_err_text(a->err));
	child->installed &= (uint8_t) ~(dir == SA_IN ? CHILD_IN : CHILD_OUT);
	child_close(child, GONE_DEAD);
}

void install_outbound(struct child_sa *child)
{
	uint32_t op;

	timers_child_outbound(child);
	if (child->installed & CHILD_OUT)
		return;
	op = op_new(child->ike, OP_LATE_OUT, child, &child->ops);
	if (!op || child_install(child, SA_OUT, op))
		timers_child_answered(child); /* memory is short: once more later */
}
