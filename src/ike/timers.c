/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/timers.h"

#include "ike/child.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/due.h"
#include "ike/sa.h"

/*
 * Facts in, deadlines out: nothing else sets a timer. Each IKE SA, child SA
 * and waiting command has one place in one heap, at the earliest of its own.
 *
 * timer            default      what it is
 * T_RETRANSMIT     0.5 s, x2    our request has no answer: send it again, 6 times (RFC 7296 2.4)
 * T_END, I1        1 s          after an unauthenticated refusal: a better answer may come (2.21.1)
 * T_END, R1        30 s         a half-open responder waits for IKE_AUTH
 * T_END, EAP       30 s         it waits for the next packet of EAP; 120 s for all of IKE_AUTH
 * T_END, REKEYED   60 s         the peer does not delete what its rekey replaced: we do
 * T_END, GONE      10 s         the cache still answers retransmissions
 * T_REKEY          life - m     m: margin and fuzz as initiator, half the margin as responder
 * T_EXPIRE         ikelifetime  the SA ends
 * T_LIVENESS       dpddelay     nothing was heard: ask (2.4)
 * T_LIVENESS       15 s         without dpddelay: who began has said nothing since, ask once
 * T_ONE_SIDED      30 s, x2    without dpddelay: packets leave and none comes, ask (2.4, 120 s at most)
 * T_KEEPALIVE      20 s         we are behind a NAT and sent nothing (RFC 3948 4)
 * T_GATHER         30 s         a message whose fragments do not all come (RFC 7383 2.6)
 * CT_REKEY         life - m     as T_REKEY
 * CT_EXPIRE        salifetime   the child ends
 * CT_EXPIRE        60 s         it was rekeyed, and the peer does not delete it: we do
 * CT_EXPIRE        5 s          once it was replaced and deleted: stragglers have come by then
 * CT_OUTBOUND      5 s          the peer rekeyed and did not delete the old SA: send by the new
 * CT_OUTBOUND      5 s          the peer began one for a single processor, and has it by then
 * CT_REDUNDANT     2 s          both ends brought it up at once, and this one is to go
 * CT_ORPHANED      1 s          what it was a clone of has ended: it ends, too (RFC 9611)
 * CT_CLONES        1 to 2 s, x2 no clone of it could be made: try again (64 to 128 s at most)
 *
 * What a peer put off with TEMPORARY_FAILURE is tried again after 5 to 10 s (2.25).
 */
#define EAP_TIMES 4 /* of half_open_time: people may have to type something */
#define GRACE_TIME NSEC_PER_SEC
#define SUPERSEDED_TIME (60 * NSEC_PER_SEC)
#define LINGER_TIME (10 * NSEC_PER_SEC)
#define OUTBOUND_TIME (5 * NSEC_PER_SEC)
#define PLANE_TIME NSEC_PER_SEC
#define DRAIN_TIME (5 * NSEC_PER_SEC)
#define AGAIN_TIME (5 * NSEC_PER_SEC)
#define REDUNDANT_TIME (2 * NSEC_PER_SEC)
#define ORPHANED_TIME NSEC_PER_SEC
#define CLONES_TIME NSEC_PER_SEC
#define CLONES_DOUBLINGS 6
#define GATHER_TIME (30 * NSEC_PER_SEC)
#define FIRST_WORD_TIME (15 * NSEC_PER_SEC)
/*
 * RFC 7296 2.4: when packets only leave, asking whether the peer lives is essential. How often
 * the plane is asked for one counter of each child; twice as long after each look that found
 * no packet, so that many idle tunnels cost next to nothing.
 */
#define ONE_SIDED_TIME (30 * NSEC_PER_SEC)
#define ONE_SIDED_DOUBLINGS 2

/* ---- the heap ---- */

bool timers_reserve(struct ike *ike)
{
	struct heap *h = &ike->timers;
	size_t want = roster_len(&ike->sas) + roster_len(&ike->children) + ike->commands_len +
		      1;

	if (want <= h->cap)
		return true;
	return heap_reserve(h, want > 2 * h->cap ? want + 16 : 2 * h->cap);
}

static nsec earliest(const nsec *at, size_t n)
{
	nsec best = NSEC_NEVER;

	for (size_t i = 0; i < n; i++)
		if (at[i] < best)
			best = at[i];
	return best;
}

/* Room was reserved when the owner was made. */
static void move(struct ike *ike, struct timed *t, nsec at)
{
	if (!heap_set(&ike->timers, &t->node, at))
		ike->out->bad = true;
}

static void sa_set(struct ike_sa *sa, enum sa_timer which, nsec at)
{
	sa->at[which] = at;
	move(sa->ike, &sa->timed, earliest(sa->at, SA_TIMERS));
}

static void child_set(struct child_sa *child, enum child_timer which, nsec at)
{
	child->at[which] = at;
	move(child->ike, &child->timed, earliest(child->at, CHILD_TIMERS));
}

static nsec in(const struct ike *ike, nsec span)
{
	return span > NSEC_NEVER - ike->now ? NSEC_NEVER : ike->now + span;
}

/* ---- lifetimes ---- */

/* How long before the end a rekey begins; 0: it does not, the SA just ends. */
static nsec margin_of(struct ike *ike, const struct connection *c, nsec life, bool initiator)
{
	nsec margin = c->rekey_margin;

	if (!margin || life <= margin)
		return 0;
	if (!initiator)
		return margin / 2;
	margin += entropy_below(&ike->entropy, margin / 100 * c->rekey_fuzz_percent + 1);
	/* Fuzz may pass the whole life: then begin at half of it. */
	return margin < life ? margin : life / 2;
}

/* ---- IKE SAs ---- */

void timers_sa_half_open(struct ike_sa *sa)
{
	sa_set(sa, T_END, in(sa->ike, sa->ike->settings.half_open_time));
}

void timers_sa_eap(struct ike_sa *sa)
{
	nsec each = sa->ike->settings.half_open_time, next = in(sa->ike, each);
	nsec last = sa->init->began_at + EAP_TIMES * each;

	sa_set(sa, T_END, next < last ? next : last);
}

void timers_sa_refused(struct ike_sa *sa)
{
	if (sa->at[T_END] == NSEC_NEVER)
		sa_set(sa, T_END, in(sa->ike, GRACE_TIME));
}

void timers_sa_answered(struct ike_sa *sa)
{
	sa_set(sa, T_END, NSEC_NEVER);
}

static void liveness_again(struct ike_sa *sa)
{
	nsec every = sa->version ? sa->version->dpd_delay : 0;

	if (every && sa->state == SA_UP)
		sa_set(sa, T_LIVENESS, in(sa->ike, every));
	else if (sa->at[T_LIVENESS] != NSEC_NEVER)
		sa_set(sa, T_LIVENESS, NSEC_NEVER);
	if (sa->version && !every && sa->state == SA_UP)
		sa_set(sa, T_ONE_SIDED, in(sa->ike, ONE_SIDED_TIME << sa->idle_looks));
}

void timers_sa_looked(struct ike_sa *sa, bool sends)
{
	if (sends)
		sa->idle_looks = 0;
	else if (sa->idle_looks < ONE_SIDED_DOUBLINGS)
		sa->idle_looks++;
	sa_set(sa, T_ONE_SIDED, in(sa->ike, ONE_SIDED_TIME << sa->idle_looks));
}

void timers_sa_sent(struct ike_sa *sa)
{
	nsec every = sa->ike->settings.keepalive;

	if (every && sa->nat.local && sa->state == SA_UP)
		sa_set(sa, T_KEEPALIVE, in(sa->ike, every));
}

void timers_sa_established(struct ike_sa *sa)
{
	nsec life = sa->version->ike_lifetime;
	nsec margin = life && sa->version->rekey
			      ? margin_of(sa->ike, sa->version, life, sa->initiator)
			      : 0;

	sa_set(sa, T_END, NSEC_NEVER);
	sa_set(sa, T_EXPIRE, life ? in(sa->ike, life) : NSEC_NEVER);
	sa_set(sa, T_REKEY, margin ? in(sa->ike, life - margin) : NSEC_NEVER);
	liveness_again(sa);
	timers_sa_sent(sa);
}

void timers_sa_resume(struct ike_sa *sa, nsec rekey, nsec expire)
{
	sa_set(sa, T_EXPIRE, expire);
	sa_set(sa, T_REKEY, rekey);
	liveness_again(sa);
	timers_sa_sent(sa);
}

void timers_sa_heard(struct ike_sa *sa)
{
	sa->heard_at = sa->ike->now;
	timers_sa_asked(sa);
}

void timers_sa_asked(struct ike_sa *sa)
{
	sa->plane_asked = false;
	liveness_again(sa);
}

void timers_sa_heard_esp(struct ike_sa *sa, nsec when)
{
	nsec every = sa->version->dpd_delay;

	if (when > sa->heard_at)
		sa->heard_at = when;
	sa_set(sa, T_LIVENESS, every ? when + every : NSEC_NEVER);
}

void timers_sa_first_word(struct ike_sa *sa)
{
	if (!sa->version->dpd_delay)
		sa_set(sa, T_LIVENESS, in(sa->ike, FIRST_WORD_TIME));
}

void timers_sa_plane_asked(struct ike_sa *sa)
{
	sa_set(sa, T_LIVENESS, in(sa->ike, PLANE_TIME));
}

void timers_sa_rekey_later(struct ike_sa *sa)
{
	nsec span = AGAIN_TIME + entropy_below(&sa->ike->entropy, AGAIN_TIME);

	sa_set(sa, T_REKEY, in(sa->ike, span));
}

void timers_sa_gathering(struct ike_sa *sa)
{
	sa_set(sa, T_GATHER, in(sa->ike, GATHER_TIME));
}

static void only(struct ike_sa *sa, enum sa_timer which, nsec at)
{
	for (size_t i = 0; i < SA_TIMERS; i++)
		if (i != T_RETRANSMIT)
			sa->at[i] = NSEC_NEVER;
	sa_set(sa, which, at);
}

void timers_sa_over(struct ike_sa *sa)
{
	only(sa, T_END, in(sa->ike, LINGER_TIME));
}

void timers_sa_superseded(struct ike_sa *sa)
{
	only(sa, T_END, in(sa->ike, SUPERSEDED_TIME));
}

void timers_sa_stop(struct ike_sa *sa)
{
	for (size_t i = 0; i < SA_TIMERS; i++)
		sa->at[i] = NSEC_NEVER;
	heap_remove(&sa->ike->timers, &sa->timed.node);
}

/* ---- requests ---- */

static nsec first_wait(const struct ike_sa *sa)
{
	const struct connection *c = sa->version;

	return c && c->retransmit_interval ? c->retransmit_interval
					   : sa->ike->settings.retransmit_first;
}

/* A liveness check may have a limit of its own (dpdtimeout). */
static nsec patience(const struct ike_sa *sa)
{
	const struct connection *c = sa->version;

	if (!c)
		return 0;
	if (sa->window.ours->kind == EX_LIVENESS && c->dpd_timeout)
		return c->dpd_timeout;
	return c->retransmit_timeout;
}

bool timers_request_sent(struct ike_sa *sa, uint32_t nth)
{
	struct ike *ike = sa->ike;
	nsec total = patience(sa), end = sa->window.ours->first_sent + total;
	nsec wait = first_wait(sa) << (nth < 16 ? nth : 16);

	if (total ? ike->now >= end : nth > ike->settings.retransmit_max)
		return false;
	if (total && in(ike, wait) > end)
		wait = end - ike->now;
	sa_set(sa, T_RETRANSMIT, in(ike, wait));
	return true;
}

void timers_request_done(struct ike_sa *sa)
{
	sa_set(sa, T_RETRANSMIT, NSEC_NEVER);
}

/* ---- child SAs ---- */

void timers_child_up(struct child_sa *child)
{
	const struct connection *c = child->version;
	nsec life = c->child_lifetime;
	/*
	 * rekey=no: who began it looks then whether it is in use; the other end does
	 * nothing.
	 */
	bool looks = c->rekey || child->initiator;
	nsec margin = life && looks ? margin_of(child->ike, c, life, child->initiator) : 0;

	child_set(child, CT_EXPIRE, life ? in(child->ike, life) : NSEC_NEVER);
	child_set(child, CT_REKEY, margin ? in(child->ike, life - margin) : NSEC_NEVER);
}

void timers_child_resume(struct child_sa *child, nsec rekey, nsec expire)
{
	child_set(child, CT_EXPIRE, expire);
	child_set(child, CT_REKEY, rekey);
}

void timers_child_rekeyed(struct child_sa *child)
{
	nsec end = in(child->ike, SUPERSEDED_TIME);

	child_set(child, CT_REKEY, NSEC_NEVER);
	if (end < child->at[CT_EXPIRE])
		child_set(child, CT_EXPIRE, end);
}

void timers_child_answered(struct child_sa *child)
{
	child_set(child, CT_OUTBOUND, in(child->ike, OUTBOUND_TIME));
}

void timers_child_outbound(struct child_sa *child)
{
	child_set(child, CT_OUTBOUND, NSEC_NEVER);
}

void timers_child_draining(struct child_sa *child)
{
	child_set(child, CT_EXPIRE, in(child->ike, DRAIN_TIME));
}

void timers_child_rekey_later(struct child_sa *child)
{
	nsec span = AGAIN_TIME + entropy_below(&child->ike->entropy, AGAIN_TIME);

	child_set(child, CT_REKEY, in(child->ike, span));
}

void timers_child_redundant(struct child_sa *child)
{
	child_set(child, CT_REDUNDANT, in(child->ike, REDUNDANT_TIME));
}

void timers_child_orphaned(struct child_sa *child)
{
	child_set(child, CT_ORPHANED, in(child->ike, ORPHANED_TIME));
}

void timers_child_clones_later(struct child_sa *child)
{
	nsec span = CLONES_TIME << child->put_off;

	if (child->put_off < CLONES_DOUBLINGS)
		child->put_off++;
	child_set(child, CT_CLONES,
		  in(child->ike, span + entropy_below(&child->ike->entropy, span)));
}

void timers_child_stop(struct child_sa *child)
{
	for (size_t i = 0; i < CHILD_TIMERS; i++)
		child->at[i] = NSEC_NEVER;
	heap_remove(&child->ike->timers, &child->timed.node);
}

/* ---- commands ---- */

void timers_command(struct command_wait *w, nsec at)
{
	move(w->ike, &w->timed, at);
}

/* ---- running ---- */

nsec timers_deadline(const struct ike *ike)
{
	const struct heap_node *first = heap_first(&ike->timers);
	nsec at = first ? first->at : NSEC_NEVER;
	nsec retry = policy_deadline(ike->policy);

	return at < retry ? at : retry;
}

/* The earliest timer of `at` that is due, cleared; n if none is. */
static size_t take_due(const struct ike *ike, nsec *at, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (at[i] <= ike->now && (best == n || at[i] < at[best]))
			best = i;
	if (best < n)
		at[best] = NSEC_NEVER;
	return best;
}

static void run_sa(struct ike_sa *sa)
{
	size_t which = take_due(sa->ike, sa->at, SA_TIMERS);

	move(sa->ike, &sa->timed, earliest(sa->at, SA_TIMERS));
	if (which < SA_TIMERS)
		due_sa(sa, (enum sa_timer)which);
}

static void run_child(struct child_sa *child)
{
	size_t which = take_due(child->ike, child->at, CHILD_TIMERS);

	move(child->ike, &child->timed, earliest(child->at, CHILD_TIMERS));
	if (which < CHILD_TIMERS)
		due_child(child, (enum child_timer)which);
}

static void run(struct ike *ike, struct timed *t)
{
	switch (t->owner) {
	case TIMED_SA:
		run_sa(CONTAINER_OF(t, struct ike_sa, timed));
		return;
	case TIMED_CHILD:
		run_child(CONTAINER_OF(t, struct child_sa, timed));
		return;
	default:
		heap_remove(&ike->timers, &t->node);
		due_command(CONTAINER_OF(t, struct command_wait, timed));
	}
}

void timers_run(struct ike *ike)
{
	struct heap_node *first;
	struct loaded *l;

	while ((first = heap_first(&ike->timers)) && first->at <= ike->now)
		run(ike, CONTAINER_OF(first, struct timed, node));
	while ((l = policy_due(ike->policy, ike->now)))
		due_retry(ike, l);
}
