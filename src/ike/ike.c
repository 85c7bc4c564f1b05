/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine. One step takes one event and adds actions; nothing is kept
 * between steps but what the structures show. From here the way goes
 *
 *	a datagram   receive.c, table.c, then a handler in v2/
 *	an answer    op.c, resume.c, then on where its exchange was left
 *	a command    command.c, up.c
 *	a timer      timers.c, due.c
 *
 * Handlers find problems; verdict.c says what follows; tell.c and explain.c say
 * it to people. SAs end through lost.c alone.
 */
#include "ike/ike.h"

#include "ike/ahead.h"
#include "ike/child.h"
#include "ike/clone.h"
#include "ike/command.h"
#include "ike/core.h"
#include "ike/due.h"
#include "ike/group.h"
#include "ike/load.h"
#include "ike/lost.h"
#include "ike/manual.h"
#include "ike/names.h"
#include "ike/nat.h"
#include "ike/op.h"
#include "ike/receive.h"
#include "ike/sa.h"
#include "ike/tell.h"
#include "ike/untrusted.h"
#include "ike/up.h"
#include "ike/trap.h"
#include "ike/updown.h"

#include "base/secret.h"

#include <stdlib.h>

#define AUTHORITIES_ASKED_MAX (40 * 20) /* octets: with more than 40, none are named */

struct ike_settings ike_settings_default(void)
{
	return (struct ike_settings){
		.retransmit_first = CONN_RETRANSMIT_FIRST,
		.retransmit_max = CONN_RETRANSMITS,
		.half_open_cookie = 256,
		.half_open_max = 4096,
		.half_open_per_source = 64,
		.half_open_time = 30 * NSEC_PER_SEC,
		.children_max = 256,
		.peer_sas_max = 1024,
		.unique_ids = true,
		.keepalive = 20 * NSEC_PER_SEC,
		.shutdown_time = 2 * NSEC_PER_SEC,
	};
}

struct ike *ike_new(const struct ike_settings *settings, struct crypto *crypto,
		    const struct entropy *entropy)
{
	struct ike *ike = calloc(1, sizeof(*ike));

	if (!ike)
		return NULL;
	ike->settings = *settings;
	ike->crypto = crypto;
	ike->entropy = *entropy;
	list_init(&ike->commands);
	list_init(&ike->names);
	ike->ask_names_at = NSEC_NEVER;
	list_init(&ike->keys);
	list_init(&ike->departed);
	list_init(&ike->files);
	list_init(&ike->traps);
	ike->policy = policy_new(&ike->entropy);
	if (!ike->policy || !hash_key_draw(&ike->entropy, &ike->hash_key)) {
		policy_free(ike->policy);
		bytes_done(&ike->authorities);
		free(ike);
		return NULL;
	}
	policy_set_private(ike->policy, settings->private_nets);
	policy_begin_beyond(ike->policy, policy_number_of_reqid(settings->reqid_last));
	return ike;
}

static void free_sas(struct ike *ike)
{
	struct ike_sa *sa;

	/* From one to the next: from the start each look would pass all that have gone. */
	for (uint64_t at = 0; (sa = roster_after(&ike->sas, at));) {
		at = sa->serial;
		sa_free(sa);
	}
}

void ike_free(struct ike *ike)
{
	struct actions unused = {0};

	if (!ike)
		return;
	ike->out = &unused;
	ike->stopping = true;
	free_sas(ike);
	command_free_all(ike);
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l)) {
		up_done(l);
		updown_forget(ike, l);
	}
	updown_bury(ike);
	names_free_all(ike);
	ahead_free_all(ike);
	group_free_all(ike);
	trap_free_all(ike);
	manual_free_all(ike);
	op_free_all(ike);
	policy_free(ike->policy);
	roster_done(&ike->sas);
	roster_done(&ike->children);
	roster_done(&ike->manuals);
	map_done(&ike->by_spi_out);
	heap_done(&ike->timers);
	sources_done(&ike->sources);
	bytes_done(&ike->authorities);
	actions_done(&unused);
	secret_wipe(&ike->cookies, sizeof(ike->cookies));
	free(ike);
}

/* ---- events that need no file of their own ---- */

/* A packet met a trap: its own selectors come first in what is offered (RFC 7296 2.9). */
static void acquire(struct ike *ike, const struct event *ev)
{
	struct loaded *l = policy_by_policy_id(ike->policy, ev->acquire.policy_id);

	/* Its SAs went while the packet was on its way here: what it rests at tells of the next one. */
	if (l && l->spd == SPD_PROTECT && !children_stand(l))
		return;
	if (l && ev->acquire.processor && clone_first(l))
		clone_ask(ike, l, ev->acquire.processor);
	else if (l)
		up_acquire(ike, l, &ev->acquire.local, &ev->acquire.remote);
}

static struct child_sa *child_of_event(struct ike *ike, const struct event *ev)
{
	return ev->sa.dir == SA_IN ? child_by_spi_in(ike, ev->sa.spi)
				   : child_by_outbound(ike, ev->sa.spi, &ev->sa.remote.addr);
}

static void expire(struct ike *ike, const struct event *ev)
{
	struct child_sa *child = child_of_event(ike, ev);

	if (!child)
		manual_expired(ike, ev);
	else if (child->state == CHILD_UP)
		due_child(child, ev->sa.hard ? CT_EXPIRE : CT_REKEY);
}

static void moved(struct ike *ike, const struct event *ev)
{
	struct child_sa *child = child_of_event(ike, ev);

	if (child && child->state != CHILD_LARVAL && child->encap)
		sa_moved(child->sa, &ev->sa.remote);
}

static bool has_address(const struct host_view *h, const struct ip_addr *a)
{
	for (size_t i = 0; i < h->addresses_len; i++)
		if (ip_equal(&h->addresses[i].addr, a))
			return true;
	return false;
}

/*
 * Nothing can be sent from an address that has gone: its SAs are lost, and begin anew
 * elsewhere.
 */
static void drop_homeless(struct ike *ike, const struct host_view *h)
{
	struct ike_sa *sa;

	for (uint64_t at = 0; (sa = roster_after(&ike->sas, at));) {
		struct about a = about_sa(sa);

		at = sa->serial;
		if (sa->state == SA_GONE || has_address(h, &sa->local.addr))
			continue;
		tell(ike, &a, REPORT_NOTICE, RC_LOG, "address-gone", NULL,
		     "this host has lost the address that the IKE SA was at");
		sa_lost(sa, LOST_LOCAL);
	}
}

static void host_changed(struct ike *ike, const struct event *ev)
{
	if (policy_host_changed(ike->policy, &ev->host))
		ike->out->bad = true;
	drop_homeless(ike, &ev->host);
	load_awaited(ike);
	names_ask(ike);
	manual_follow_host(ike);
	up_follow_host(ike);
	policy_follow_host(ike->policy, ike->out);
	group_settle(ike);
	if (ike->listening)
		command_start_wanted(ike);
}

/* Short memory leaves the old ones: whoever has a certificate sends it unasked, as a rule. */
static void authorities_changed(struct ike *ike, struct view hashes, bool by_url)
{
	struct bytes copy = {0};

	if (hashes.len > AUTHORITIES_ASKED_MAX)
		hashes.len = 0;
	if (!bytes_copy(&copy, hashes))
		return;
	bytes_done(&ike->authorities);
	ike->authorities = copy;
	ike->certs_by_url = by_url;
}

static void step(struct ike *ike, const struct event *ev)
{
	switch (ev->kind) {
	case EV_DATAGRAM:
		receive(ike, ev);
		return;
	case EV_TIMER:
		group_work(ike);
		names_work(ike);
		timers_run(ike);
		return;
	case EV_COMMAND:
		command_run(ike, ev);
		return;
	case EV_ACQUIRE:
		acquire(ike, ev);
		return;
	case EV_EXPIRE:
		expire(ike, ev);
		return;
	case EV_MOVED:
		moved(ike, ev);
		return;
	case EV_ANSWER:
		op_answered(ike, &ev->answer);
		return;
	case EV_HOST:
		host_changed(ike, ev);
		return;
	case EV_UNTRUSTED:
		untrusted(ike, ev->untrusted.proof, ev->untrusted.why);
		return;
	case EV_AUTHORITIES:
		authorities_changed(ike, ev->authorities.hashes, ev->authorities.by_url);
		return;
	default:
		return;
	}
}

void ike_step(struct ike *ike, const struct event *ev, struct actions *out)
{
	ike->now = ev->now;
	policy_set_now(ike->policy, ev->now);
	ike->out = out;
	updown_bury(ike); /* the last step's actions are not looked at any more */
	step(ike, ev);
	updown_settle(ike);
	ike->out = NULL;
}

nsec ike_deadline(const struct ike *ike)
{
	nsec at[] = {timers_deadline(ike), group_deadline(ike), names_deadline(ike)};
	nsec first = NSEC_NEVER;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		first = at[i] < first ? at[i] : first;
	return first;
}

const struct ike_settings *ike_settings_of(const struct ike *ike)
{
	return &ike->settings;
}

const struct policy *ike_policy(const struct ike *ike)
{
	return ike->policy;
}
