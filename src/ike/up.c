/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/up.h"

#include "ike/child.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/crossing.h"
#include "ike/elsewhere.h"
#include "ike/explain.h"
#include "ike/gateway.h"
#include "ike/judge.h"
#include "ike/lost.h"
#include "ike/names.h"
#include "ike/nat.h"
#include "ike/obstacle.h"
#include "ike/remainder.h"
#include "ike/sa.h"
#include "ike/tell.h"
#include "ike/updown.h"
#include "ike/v2/sa_init.h"

#include <stdlib.h>

#define PORT_IKE 500

/* ---- the record on a connection ---- */

struct upward *up_of(struct loaded *l)
{
	struct upward *up;

	if (!l || l->core)
		return l ? l->core : NULL;
	up = calloc(1, sizeof(*up));
	if (!up)
		return NULL;
	list_init(&up->waiters);
	l->core = up;
	return up;
}

void up_done(struct loaded *l)
{
	up_tell_waiters(l, RC_FATAL);
	if (l->core) {
		gateway_forget(l->core);
		free(up_of(l)->remainder);
	}
	free(l->core);
	l->core = NULL;
}

static bool in_use(const struct loaded *l)
{
	const struct upward *up = l->core;

	return !list_empty(&l->ike_sas) || !list_empty(&l->children) || l->by_hand ||
	       updown_is_failing(l) || (up && (up->asked_sa || up->gateway || up->pinned));
}

void up_release(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;

	if (in_use(l))
		return;
	if (l->instance ||
	    (up && list_empty(&up->waiters) && !up->reroute && up->quiet_until <= ike->now))
		up_done(l);
	if (policy_is_spent(l))
		updown_set_spd(ike, l, SPD_NONE, 0, 0);
	policy_release(ike->policy, l, ike->out);
}

/* ---- who waits ---- */

enum cyg_err up_wait(struct loaded *l, struct command_wait *w)
{
	struct upward *up = up_of(l);
	struct waiter *waiter = up ? calloc(1, sizeof(*waiter)) : NULL;

	if (!waiter)
		return CYG_NOMEM;
	waiter->command = w;
	list_append(&up->waiters, &waiter->on_connection);
	list_append(&w->waiters, &waiter->of_command);
	return CYG_OK;
}

void up_tell_waiters(struct loaded *l, uint16_t code)
{
	struct upward *up = l->core;

	if (!up)
		return;
	LIST_EACH(w, &up->waiters, struct waiter, on_connection) {
		struct command_wait *command = w->command;

		list_remove(&w->on_connection);
		list_remove(&w->of_command);
		free(w);
		command_result(command, code);
	}
}

void up_give_up(struct ike *ike, struct loaded *l, const char *why)
{
	struct upward *up = l->core;
	struct about a;

	if (!up || list_empty(&up->waiters))
		return;
	a = about_loaded(l, up->cause);
	tell(ike, &a, REPORT_ERROR, RC_FATAL, "given-up", NULL, "given up: %s", why);
	up_tell_waiters(l, RC_FATAL);
}

/* ---- the entry of the SPD ---- */

void up_rest(struct ike *ike, struct loaded *l, bool failed)
{
	enum spd_state rest = policy_resting(l, failed);

	if (l->spd == SPD_NONE && rest == SPD_NONE)
		return;
	/*
	 * What was narrowed for a child is whole again, unless another connection took its
	 * place.
	 */
	if (rest != SPD_NONE && policy_claim(ike->policy, l, &l->ts_local, &l->ts_remote, NULL))
		rest = SPD_NONE;
	updown_set_spd(ike, l, rest, 0, 0);
}

uint16_t up_hold(struct ike *ike, struct loaded *l, uint64_t cause)
{
	struct about a = about_loaded(l, cause);
	struct diag why;

	if (!l->routed || l->spd == SPD_PROTECT || l->spd == SPD_HOLD)
		return 0;
	diag_clear(&why);
	if (policy_claim(ike->policy, l, &l->ts_local, &l->ts_remote, &why)) {
		tell(ike, &a, REPORT_ERROR, RC_ROUTE, "cannot-route", &why, "cannot route");
		return RC_ROUTE;
	}
	return updown_set_spd(ike, l, SPD_HOLD, 0, cause) ? 0 : RC_INTERNALERR;
}

/* ---- beginning ---- */

/* Same addresses, and the same proof of the same identity of ours. */
static bool is_alike(const struct ike_sa *sa, const struct loaded *l)
{
	return !sa->closing && ip_equal(&sa->remote.addr, &l->remote_addr) &&
	       ip_equal(&sa->local.addr, &l->local_addr) &&
	       ident_equal(sa->local_id, l->local_id) && l->remote_id &&
	       connection_auth_equal(sa->version, sa->loaded ? sa->loaded->local : l->local,
				     l->connection, l->local);
}

/* An established IKE SA that could carry a child of `l`. */
static bool serves(const struct ike_sa *sa, const struct loaded *l)
{
	return sa_is_up(sa) && !sa->redundant && is_alike(sa, l) &&
	       ident_match(l->remote_id, sa->remote_id) && judge_suite(sa, l->connection);
}

/*
 * One that we negotiate, and that could once the peer has proven to be who is expected and has
 * chosen a suite that is allowed.
 */
static bool will_serve(const struct ike_sa *sa, const struct loaded *l)
{
	return sa_is_begun(sa) && is_alike(sa, l) && sa->remote_id &&
	       ident_equal(l->remote_id, sa->remote_id);
}

typedef bool (*sa_fits)(const struct ike_sa *sa, const struct loaded *l);

static struct ike_sa *find_sa_on(struct loaded *at, const struct loaded *l, sa_fits fits)
{
	LIST_EACH(sa, &at->ike_sas, struct ike_sa, on_connection)
		if (fits(sa, l))
			return sa;
	return NULL;
}

static struct ike_sa *find_sa(struct ike *ike, struct loaded *l, sa_fits fits)
{
	struct endpoint local = {l->local_addr, PORT_IKE}, remote = {l->remote_addr, PORT_IKE};
	struct loaded *list[POLICY_CANDIDATES_MAX];
	struct ike_sa *sa = find_sa_on(l, l, fits);
	size_t n;

	/* Where the DNS says for whom the peer may speak, each IKE SA was proven for one address. */
	if (sa || connection_asks_dns(l->connection))
		return sa;
	n = policy_candidates(ike->policy, &local, &remote, list, POLICY_CANDIDATES_MAX);
	for (size_t i = 0; i < n && !sa; i++)
		if (!list[i]->is_template)
			sa = find_sa_on(list[i], l, fits);
	return sa;
}

static uint16_t port_or(uint16_t port)
{
	return port ? port : PORT_IKE;
}

static bool peer_may_know(const struct ike_sa *sa)
{
	return sa_is_up(sa) || sa_is_half_open(sa) || sa->state == SA_I2 ||
	       sa->state == SA_I2_EAP;
}

static bool is_alone_on(const struct ike_sa *sa, const struct loaded *l)
{
	LIST_EACH(other, &l->ike_sas, struct ike_sa, on_connection)
		if (other != sa && peer_may_know(other) &&
		    ident_equal(other->local_id, sa->local_id))
			return false;
	return true;
}

/* It has IKE SAs with us for other addresses, too, as a gateway that the DNS names. */
static bool speaks_for_others(const struct ike_sa *sa)
{
	const struct loaded *t = sa->loaded->template_of;

	if (!t || !sa->loaded->sought)
		return false;
	LIST_EACH(l, &t->instances, struct loaded, sibling)
		if (ip_equal(&l->remote_addr, &sa->remote.addr) && !is_alone_on(sa, l))
			return true;
	return false;
}

static bool same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
	return ident_equal(a->remote_id, b->remote_id) && ident_equal(a->local_id, b->local_id);
}

/* Its connection is for one address of the peer's, and there the peer is. */
static bool has_its_place(const struct ike_sa *sa)
{
	const struct loaded *l = sa->loaded;

	return l && !l->instance && ip_equal(&l->remote_addr, &sa->remote.addr);
}

/* Two ways to one peer, as by IPv4 and by IPv6: neither took the other's place. */
static bool is_beside(const struct ike_sa *sa, const struct ike_sa *other)
{
	return other->loaded != sa->loaded && has_its_place(sa) && has_its_place(other);
}

static bool has_another_way(const struct ike_sa *sa)
{
	struct list *all = sa->local_id && sa->remote_id ? peer_sas_known(sa) : NULL;

	if (!all)
		return false;
	LIST_EACH(other, all, struct ike_sa, of_peer)
		if (sa_is_up(other) && same_peer(sa, other) && is_beside(sa, other))
			return true;
	return false;
}

bool up_is_first_contact(const struct ike_sa *sa)
{
	struct loaded *list[POLICY_CANDIDATES_MAX];
	size_t n;

	if (!sa->version->initial_contact || !is_alone_on(sa, sa->loaded) ||
	    speaks_for_others(sa) || has_another_way(sa))
		return false;
	n = policy_candidates(sa->ike->policy, &sa->local, &sa->remote, list,
			      POLICY_CANDIDATES_MAX);
	for (size_t i = 0; i < n; i++)
		if (!list[i]->is_template && !is_alone_on(sa, list[i]))
			return false;
	return true;
}

static enum cyg_err begin_sa(struct ike *ike, struct loaded *l, struct upward *up)
{
	struct ike_sa *sa = sa_new(ike, true);
	const struct connection *c = l->connection;
	enum cyg_err err;

	if (!sa)
		return CYG_NOMEM;
	sa->cause = up->cause;
	sa->local = (struct endpoint){l->local_addr, port_or(c->end[l->local].ike_port)};
	sa->remote = (struct endpoint){l->remote_addr, port_or(c->end[!l->local].ike_port)};
	nat_pair_ports(sa);
	sa->local_id = ident_ref(l->local_id);
	sa->remote_id = ident_ref(l->remote_id);
	sa_set_loaded(sa, l);
	err = init_begin(sa);
	if (err) {
		sa_free(sa);
		return err;
	}
	up->asked_sa = sa->serial;
	return CYG_OK;
}

enum cyg_err up_ask_child(struct ike_sa *sa, struct loaded *l, uint64_t cause)
{
	struct task t = {.kind = EX_NEW_CHILD, .loaded = l, .cause = cause};
	struct upward *up = up_of(l);
	enum cyg_err err;

	if (!up)
		return CYG_NOMEM;
	if (up->asked_sa && sa_by_serial(sa->ike, up->asked_sa))
		return CYG_STATE;
	up->asked_sa = sa->serial;
	err = task_add(sa, &t);
	if (err)
		up->asked_sa = 0;
	return err;
}

void up_ask_no_more(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	struct ike_sa *sa = up ? sa_by_serial(ike, up->asked_sa) : NULL;

	if (sa)
		tasks_drop(sa, 0, l);
	if (!up)
		return;
	up->asked_sa = 0;
	gateway_forget(up);
}

void up_moved(struct loaded *l, uint64_t from, uint64_t to)
{
	struct upward *up = l->core;

	if (up && up->asked_sa == from)
		up->asked_sa = to;
}

/* ---- what a try is to replace ---- */

static void mark_outdated(struct loaded *l, bool outdated)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		child->outdated = outdated && child->state != CHILD_LARVAL;
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		sa->outdated = outdated && sa_is_up(sa);
}

/* A try on purpose replaces what stood: those SAs go, and no packet is lost over it. */
static void remove_outdated(struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->outdated && child->state != CHILD_LARVAL)
			child_supersede(child);
	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		if (sa->outdated && sa_belongs_to(sa, l) && !sa_carries(sa))
			sa_supersede(sa);
	mark_outdated(l, false);
}

static void tell_again(struct ike *ike, struct loaded *l, uint64_t cause)
{
	struct about a = about_loaded(l, cause);

	tell(ike, &a, REPORT_INFO, RC_COMMENT, "again", NULL,
	     "is up already: negotiating anew, and new SAs will take the place of the old ones");
}

/*
 * By an IKE SA with the peer that stands (none when what stands is to be replaced) or is being
 * negotiated, else by one of its own.
 */
static enum cyg_err ask_some_sa(struct ike *ike, struct loaded *l, struct upward *up)
{
	struct ike_sa *sa = up->replaces ? NULL : find_sa(ike, l, serves);
	struct about a = about_loaded(l, up->cause);

	if (sa)
		return up_ask_child(sa, l, up->cause);
	sa = find_sa(ike, l, will_serve);
	if (!sa)
		return begin_sa(ike, l, up);
	tell(ike, &a, REPORT_INFO, RC_COMMENT, "waits", NULL,
	     "waits for IKE SA #%llu, which is being negotiated with the same peer",
	     (unsigned long long)sa->serial);
	return up_ask_child(sa, l, up->cause);
}

void up_begin_again(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	uint16_t code;

	up_ask_no_more(ike, l);
	code = up_begin(ike, l, up->cause);
	if (code)
		up_failed(ike, l, code);
}

uint16_t up_begin(struct ike *ike, struct loaded *l, uint64_t cause)
{
	uint16_t code = obstacle_told(ike, l, cause);
	struct upward *up = code ? NULL : up_of(l);
	struct about a = about_loaded(l, cause);
	enum cyg_err err;

	if (code)
		return code;
	if (up && up->asked_sa && sa_by_serial(ike, up->asked_sa)) {
		tell(ike, &a, REPORT_INFO, RC_COMMENT, "joined", NULL,
		     "negotiation is under way already (#%llu)",
		     (unsigned long long)up->asked_sa);
		return 0;
	}
	code = up_hold(ike, l, cause);
	if (code)
		return code;
	if (up) {
		up->cause = cause;
		up->code = 0;
		up->replaces = children_stand(l);
		up->partial = false;
		mark_outdated(l, up->replaces);
		if (up->replaces)
			tell_again(ike, l, cause);
		err = ask_some_sa(ike, l, up);
	} else {
		err = CYG_NOMEM;
	}
	if (!err)
		return 0;
	if (!children_stand(l))
		up_rest(ike, l, true);
	/* Proposals that need what this build does not have are the one thing a person can mend. */
	code = err == CYG_UNSUPPORTED ? RC_NOALGO : RC_INTERNALERR;
	tell(ike, &a, REPORT_ERROR, code, "cannot-initiate", NULL, "cannot initiate: %s",
	     cyg_err_text(err));
	return code;
}

/* ---- by an IKE SA of its own ---- */

bool up_may_begin_alone(const struct ike_sa *sa, const struct loaded *l)
{
	const struct upward *up = l ? l->core : NULL;

	return up && !up->partial && up->asked_sa == sa->serial && sa->loaded != l &&
	       !sa->ike->stopping;
}

void up_begin_alone(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	struct about a = about_loaded(l, up->cause);
	enum cyg_err err;

	up->asked_sa = 0;
	err = begin_sa(ike, l, up);
	if (!err)
		return;
	tell(ike, &a, REPORT_ERROR, RC_INTERNALERR, "cannot-initiate", NULL,
	     "cannot initiate: %s", cyg_err_text(err));
	up_failed(ike, l, RC_INTERNALERR);
}

#define QUIET_TIME (5 * NSEC_PER_SEC)

/* How long a failure shunt stands before packets may begin a try again. */
#define SHUNT_TIME (900 * NSEC_PER_SEC)

/* The failure shunt stands for a while; a peer without one is left in peace for a moment. */
static void stay_failed(struct ike *ike, struct loaded *l)
{
	nsec span = l->connection->failure_shunt == SHUNT_NONE ? QUIET_TIME : SHUNT_TIME;

	if (l->spd == SPD_FAILED)
		policy_come_back(ike->policy, l, ike->now + span);
}

static void acquire_for_peer(struct ike *ike, struct loaded *net, const struct ts *local,
			     const struct ts *remote);

/* A trap tells of one packet, and no try came of that one: it is set anew when the pause is over. */
static void set_trap_later(struct ike *ike, struct loaded *l)
{
	const struct upward *up = l->core;

	if (l->spd == SPD_TRAP && l->retry_at == NSEC_NEVER)
		policy_come_back(ike->policy, l, up->quiet_until);
}

void up_acquire(struct ike *ike, struct loaded *l, const struct ts *local,
		const struct ts *remote)
{
	struct upward *up;

	if (l->group) {
		acquire_for_peer(ike, l, local, remote);
		return;
	}
	if (children_stand(l)) {
		remainder_acquire(ike, l, local, remote);
		return;
	}
	up = up_of(l);
	if (!up || up->asked_sa || up->gateway)
		return;
	if (up->quiet_until > ike->now) {
		set_trap_later(ike, l);
		return;
	}
	up->packet = true;
	up->packet_local = *local;
	up->packet_remote = *remote;
	if (!(gateway_is_asked(l) ? gateway_ask(ike, l) : up_begin(ike, l, 0)))
		return;
	up->packet = false;
	up->quiet_until = ike->now + QUIET_TIME;
	set_trap_later(ike, l);
}

void up_set_trap_now(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;

	if (l->want_up || l->group || l->spd != SPD_TRAP || l->retry_at == NSEC_NEVER)
		return;
	policy_come_back(ike->policy, l, NSEC_NEVER);
	if (up)
		up->quiet_until = 0;
	up_come_back(ike, l);
}

/* ---- packets to the networks of a group ---- */

#define PEERS_MAX \
	4096 /* that packets may make; whoever proves itself is not counted against it */

/* Who is expected at an address of the network: as described, or else the address itself. */
static const struct ident *expected(const struct loaded *net, const struct ip_addr *addr)
{
	const struct ident *own;

	if (net->remote_id)
		return ident_ref(net->remote_id);
	return ident_from_addr(addr, &own) ? NULL : own;
}

/* The peer that a packet is for, or whoever speaks for it: there the source is one of those behind us. */
static enum cyg_err instance_for(struct ike *ike, struct loaded *net, const struct ts *local,
				 const struct ip_addr *addr, const struct ident *id,
				 struct loaded **ret)
{
	struct endpoint at = {*addr, PORT_IKE};
	struct ip_addr own = {0};

	if (!connection_asks_dns(net->connection))
		return policy_instantiate(ike->policy, net, &net->local_addr, &at, id, ret);
	if (net->connection->end[net->local].subnets_len)
		own = local->range.first;
	return policy_seek(ike->policy, net, addr, &own, id, ret);
}

/* The peer that a packet is for, as an instance of the network's connection; NULL: not now. */
static struct loaded *peer_of(struct ike *ike, struct loaded *net, const struct ts *local,
			      const struct ip_addr *addr)
{
	const struct ident *id;
	struct loaded *l = NULL;
	enum cyg_err err;

	if (!connection_negotiates(net->connection) || ike->stopping ||
	    policy_instance_count(ike->policy) >= PEERS_MAX)
		return NULL;
	id = expected(net, addr);
	err = id ? instance_for(ike, net, local, addr, id, &l) : CYG_NOMEM;
	ident_unref(id);
	return err ? NULL : l;
}

/*
 * What the packet met is for the whole network, and has told of this one packet:
 * it is set again, behind the peer's own entry, so that it tells of others.
 */
static void acquire_for_peer(struct ike *ike, struct loaded *net, const struct ts *local,
			     const struct ts *remote)
{
	struct loaded *l = peer_of(ike, net, local, &remote->range.first);

	if (!l) {
		policy_come_back(ike->policy, net, ike->now + NSEC_PER_SEC);
		return;
	}
	if (!children_stand(l)) {
		l->routed = true;
		up_acquire(ike, l, local, remote);
	}
	if (l->spd == SPD_NONE)
		up_rest(ike, l, true);
	stay_failed(ike, l);
	if (l->spd == SPD_NONE) {
		up_release(ike, l);
		policy_come_back(ike->policy, net, ike->now + NSEC_PER_SEC);
		return;
	}
	policy_set_spd(ike->policy, net, policy_resting(net, false), 0, ike->out);
}

void up_come_back(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;

	if (l->group) {
		if (l->spd == SPD_TRAP)
			policy_set_spd(ike->policy, l, SPD_TRAP, 0, ike->out);
		return;
	}
	if ((l->spd != SPD_FAILED && l->spd != SPD_TRAP) ||
	    (up && (up->asked_sa || up->gateway)))
		return;
	if (policy_is_group_peer(l))
		l->routed = false;
	up_rest(ike, l, false);
	up_release(ike, l);
}

void up_follow_host(struct ike *ike)
{
	for (struct loaded *l = policy_next(ike->policy, NULL), *next; l; l = next) {
		bool lacks_it = l->routed && l->spd == SPD_NONE && l->local >= 0;

		next = policy_next(ike->policy, l);
		if (l->is_group || l->spd == SPD_PROTECT || l->spd == SPD_HOLD)
			continue;
		if (lacks_it || policy_has_moved(l))
			up_rest(ike, l, l->spd == SPD_FAILED);
	}
}

/* ---- how it went ---- */

/* A connection that waited for the SA in vain, as the peer proved to be another one; or NULL. */
static struct loaded *not_served(const struct ike_sa *sa)
{
	LIST_EACH(t, &sa->window.tasks, struct task, queue)
		if (t->kind == EX_NEW_CHILD && t->loaded && !serves(sa, t->loaded))
			return t->loaded;
	return NULL;
}

void up_sa_established(struct ike_sa *sa)
{
	struct loaded *l;

	peer_join(sa);
	while (!sa->closing && (l = not_served(sa)))
		up_begin_again(sa->ike, l);
	if (sa->closing)
		sa_close(sa);
}

/* A try has led to a child that takes over. */
static void end_try(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	bool replaces = up->replaces;

	up_ask_no_more(ike, l);
	if (up->partial)
		remainder_changed(ike, l);
	up->packet = up->partial = up->replaces = false;
	if (replaces)
		remove_outdated(l);
}

/* Who waits is told which tunnel stands, unless the child's own report came to it. */
static void succeed(struct child_sa *child)
{
	struct upward *up = child->loaded->core;
	struct about a = about_child(child);

	LIST_EACH(w, &up->waiters, struct waiter, on_connection) {
		a.cause = w->command->cause;
		if (a.cause != child->cause)
			tell(child->ike, &a, REPORT_INFO, RC_SUCCESS, "stands", NULL,
			     "IPsec SA #%llu of IKE SA #%llu is up",
			     (unsigned long long)child->serial,
			     (unsigned long long)child->sa->serial);
	}
	if (!updown_is_coming_up(child->loaded))
		up_tell_waiters(child->loaded, RC_SUCCESS);
}

void up_succeeded(struct ike *ike, struct child_sa *child)
{
	struct loaded *l = child->loaded;
	struct upward *up = l ? l->core : NULL;

	if (!l)
		return;
	policy_came_up(ike->policy, l);
	if (l->connection->start == START_KEEP && !l->instance)
		l->want_up = true;
	/* When it goes, what its network has is enough. */
	if (policy_is_group_peer(l))
		l->routed = false;
	if (!up || child->predecessor || child->processor)
		return;
	if (up->asked_sa == child->sa->serial && child->initiator) {
		end_try(ike, l);
	} else if (up->asked_sa && crossing_is_whole(child)) {
		if (!crossing_drop_try(ike, l))
			return; /* those who wait are told when ours has ended as well */
		end_try(ike, l);
	}
	/* A lesser child of the peer's serves those who wait as well; our own try goes on. */
	succeed(crossing_settle(child));
}

void up_failed(struct ike *ike, struct loaded *l, uint16_t code)
{
	struct upward *up = l->core;
	struct child_sa *found = crossing_found(l);
	bool stands = children_stand(l);
	bool again;

	up_ask_no_more(ike, l);
	if (up) {
		if (up->partial)
			remainder_refused(ike, l);
		up->packet = up->partial = up->replaces = false;
		up->quiet_until = ike->now + QUIET_TIME;
		/* What the peer began meanwhile is what was wanted. */
		if (found)
			succeed(found);
	}
	mark_outdated(l, false);
	if (up && up->hopeless) {
		again = false;
		policy_give_up(ike->policy, l);
		explain_no_retry(ike, l);
		up->hopeless = false;
	} else {
		again = !stands && !ike->stopping &&
			policy_failed(ike->policy, l, ike->now, false);
	}
	if (again)
		explain_retry(ike, l);
	if (!stands)
		up_rest(ike, l, true);
	if (!stands && !again)
		stay_failed(ike, l);
	names_ask(ike);
	up_tell_waiters(l, code);
	up_release(ike, l);
}

/* dpdaction= (reference behaviour 3), for a peer that does not answer any more. */
static void peer_is_dead(struct loaded *l)
{
	switch (l->connection->dpd_action) {
	case DEAD_CLEAR:
		l->routed = false;
		break;
	case DEAD_RESTART:
		if (!l->instance)
			l->want_up = true;
		break;
	default:
		break;
	}
}

/*
 * ipsec_auto(8): the route stays when a connection is taken down, by whichever end, and
 * whichever end brought it up. An instance goes, and its route with it: its peer must begin.
 * One whose selectors stand only while it is up is routed on command alone.
 */
static void stay_routed(struct loaded *l)
{
	if (policy_is_group_peer(l))
		l->routed = false;
	else if (!l->instance && !connection_is_open(l->connection) && !updown_is_failing(l))
		l->routed = true;
}

void up_lost(struct ike *ike, struct loaded *l, enum gone_why why)
{
	bool again = false;

	stay_routed(l);
	if (why == GONE_DEAD)
		peer_is_dead(l);
	updown_lost(l);
	/* This order: what had that source has another one at once, and must be held by then. */
	up_rest(ike, l, why != GONE_QUIETLY);
	policy_drop_internal(ike->policy, l, ike->out);
	/* A peer that deleted it had a reason: not at once then. */
	if (why != GONE_QUIETLY && !ike->stopping && !l->instance)
		again = policy_failed(ike->policy, l, ike->now, why != GONE_PEER);
	if (!l->want_up) /* nothing was tried from here */
		policy_give_up(ike->policy, l);
	if (again)
		explain_retry(ike, l);
	else
		stay_failed(ike, l);
	if (l->instance)
		elsewhere_lost(ike, l, why);
	up_release(ike, l);
}

/* ---- one IKE SA and the others of its peer ---- */

enum older { OLDER_RESTARTED, OLDER_ELSEWHERE, OLDER_OF_MANY };

static void drop_older(struct ike_sa *sa, struct ike_sa *older, enum older which)
{
	static const struct {
		const char *code, *words, *done;
	} rows[] = {
		[OLDER_RESTARTED] = {"initial-contact", "the peer began anew", "dropped"},
		[OLDER_ELSEWHERE] = {"unique-id", "the peer came back from another address",
				     "closed"},
		[OLDER_OF_MANY] = {"too-many",
				   "the peer has as many IKE SAs at its address as it may with "
				   "uniqueids=yes",
				   "closed"},
	};
	struct about a = about_sa(older);

	tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, rows[which].code, NULL,
	     "%s: its older IKE SA #%llu is %s", rows[which].words,
	     (unsigned long long)older->serial, rows[which].done);
	if (which == OLDER_RESTARTED)
		sa_lost(older, LOST_RESTARTED);
	else
		sa_close(older);
}

void up_contact(struct ike_sa *sa, bool initial_contact, nsec began_at)
{
	bool unique = sa->ike->settings.unique_ids && sa->version->unique_ids;
	struct list *all = peer_sas(sa);
	struct ike_sa *oldest = NULL;
	uint32_t here = 0;

	if (sa->ike->settings.contact_ignored)
		initial_contact = false;
	if (!all || (!initial_contact && !unique))
		return;
	LIST_EACH(other, all, struct ike_sa, of_peer) {
		if (other->lineage == sa->lineage || !same_peer(sa, other) ||
		    other->state == SA_DELETING)
			continue;
		if (initial_contact && other->established_at <= began_at) {
			drop_older(sa, other, OLDER_RESTARTED);
		} else if (unique && !ip_equal(&other->remote.addr, &sa->remote.addr)) {
			if (!is_beside(sa, other))
				drop_older(sa, other, OLDER_ELSEWHERE);
		} else if (unique) {
			here++;
			if (!oldest || other->established_at < oldest->established_at)
				oldest = other;
		}
	}
	if (oldest && here >= sa->ike->settings.peer_sas_max)
		drop_older(sa, oldest, OLDER_OF_MANY);
}
