/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/sa.h"

#include "base/secret.h"
#include "ike/child.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/up.h"
#include "policy/pool.h"

#include <stdlib.h>
#include <string.h>

enum cyg_err core_random(struct ike *ike, void *out, size_t len)
{
	return entropy_fill(&ike->entropy, out, len) ? CYG_OK : CYG_CRYPTO;
}

struct ike_sa *sa_by_spi(const struct ike *ike, uint64_t spi_own)
{
	struct ike_sa *sa;

	HASH_FIND(hh, ike->by_spi, &spi_own, sizeof(spi_own), sa);
	return sa;
}

struct ike_sa *sa_by_serial(const struct ike *ike, uint64_t serial)
{
	return serial ? roster_find(&ike->sas, serial) : NULL;
}

static enum cyg_err draw_spi(struct ike *ike, uint64_t *ret)
{
	for (int i = 0; i < SPI_DRAWS; i++) {
		uint64_t spi;

		if (core_random(ike, &spi, sizeof(spi)))
			return CYG_CRYPTO;
		if (spi && !sa_by_spi(ike, spi)) {
			*ret = spi;
			return CYG_OK;
		}
	}
	return CYG_CRYPTO;
}

struct ike_sa *sa_new(struct ike *ike, bool initiator)
{
	struct ike_sa *sa = calloc(1, sizeof(*sa));

	if (!sa)
		return NULL;
	sa->ike = ike;
	sa->initiator = initiator;
	sa->serial = sa->lineage = ++ike->last_serial;
	sa->timed.owner = TIMED_SA;
	for (size_t i = 0; i < SA_TIMERS; i++)
		sa->at[i] = NSEC_NEVER;
	sa->established_at = NSEC_NEVER;
	list_init(&sa->on_connection);
	list_init(&sa->of_peer);
	list_init(&sa->of_closer);
	list_init(&sa->children);
	window_init(&sa->window);
	if (draw_spi(ike, &sa->spi_own) || !timers_reserve(ike) ||
	    !roster_add(&ike->sas, sa->serial, sa))
		goto fail;
	HASH_ADD(hh, ike->by_spi, spi_own, sizeof(sa->spi_own), sa);
	if (!sa->hh.tbl)
		goto fail_roster;
	return sa;
fail_roster:
	roster_remove(&ike->sas, sa->serial);
fail:
	free(sa);
	return NULL;
}

enum cyg_err sa_take_spi(struct ike_sa *sa, uint64_t spi)
{
	struct ike *ike = sa->ike;

	if (!spi || sa_by_spi(ike, spi))
		return CYG_EXISTS;
	HASH_DEL(ike->by_spi, sa);
	sa->spi_own = spi;
	HASH_ADD(hh, ike->by_spi, spi_own, sizeof(sa->spi_own), sa);
	return sa->hh.tbl ? CYG_OK : CYG_NOMEM;
}

uint64_t sa_digest(const struct ike_sa *sa, struct view message)
{
	struct hash_key key = sa->ike->hash_key;

	if (sa->keys.prf_len >= sizeof(key))
		memcpy(&key, sa->keys.d, sizeof(key));
	return hash_view(&key, message);
}

bool sa_add_init(struct ike_sa *sa)
{
	sa->init = calloc(1, sizeof(*sa->init));
	if (!sa->init)
		return false;
	sa->init->sa = sa;
	sa->init->began_at = sa->ike->now;
	return true;
}

static void forget_eap(struct init *init)
{
	struct action *a = init->eap.session ? actions_add(init->sa->ike->out, ACT_EAP_END)
					     : NULL;

	if (a)
		a->eap_session = init->eap.session;
	init->eap.session = 0;
}

/* What is no longer needed once the handshake has failed; that it is counted stays. */
static void empty_init(struct init *init)
{
	bytes_done(&init->request);
	bytes_done(&init->response);
	bytes_done(&init->ni);
	bytes_done(&init->nr);
	bytes_done(&init->cookie);
	bytes_done(&init->auth.id_octets);
	bytes_done(&init->auth.data);
	bytes_done(&init->auth.wish.authorities);
	free(init->auth.certs);
	init->auth.certs = NULL;
	bytes_done(&init->ppk.id);
	bytes_done(&init->ppk.no_proof);
	secret_wipe(&init->ppk, sizeof(init->ppk));
	bytes_wipe(&init->eap.held);
	ident_unref(init->eap.id);
	init->eap.id = NULL;
	forget_eap(init);
}

void sa_drop_init(struct ike_sa *sa)
{
	struct init *init = sa->init;

	if (!init)
		return;
	if (init->hashed)
		HASH_DEL(sa->ike->by_first, init);
	if (init->counted) {
		sources_remove(&sa->ike->sources, &init->source);
		sa->ike->counts.half_open--;
	}
	empty_init(init);
	free(init);
	sa->init = NULL;
}

bool sa_count_half_open(struct ike_sa *sa, const struct ip_addr *source)
{
	struct init *init = sa->init;

	init->source = *source;
	init->counted = sources_add(&sa->ike->sources, source);
	sa->ike->counts.half_open += init->counted;
	return init->counted;
}

uint64_t sa_first_hash(const struct ike *ike, const struct event *ev)
{
	/* Two keyed hashes, so that no copy of the datagram is needed. */
	struct {
		uint64_t message;
		uint8_t local[16], remote[16];
		uint16_t local_port, remote_port;
		uint32_t realm;
	} k = {
		.message = hash_view(&ike->hash_key, ev->datagram.data),
		.local_port = ev->datagram.local.port,
		.remote_port = ev->datagram.remote.port,
		.realm = ev->datagram.realm,
	};

	memcpy(k.local, ev->datagram.local.addr.octets, 16);
	memcpy(k.remote, ev->datagram.remote.addr.octets, 16);
	return hash_view(&ike->hash_key, view_of(&k, sizeof(k)));
}

bool sa_register_first(struct ike_sa *sa, uint64_t first)
{
	struct init *init = sa->init;

	init->first = first;
	HASH_ADD(hh, sa->ike->by_first, first, sizeof(init->first), init);
	init->hashed = init->hh.tbl != NULL;
	return init->hashed;
}

struct ike_sa *sa_by_first(const struct ike *ike, uint64_t first)
{
	struct init *init;

	HASH_FIND(hh, ike->by_first, &first, sizeof(first), init);
	return init ? init->sa : NULL;
}

void sa_set_loaded(struct ike_sa *sa, struct loaded *l)
{
	const struct connection *old = sa->version;

	list_remove(&sa->on_connection);
	sa->loaded = l;
	if (!l)
		return; /* the version it was made under stays */
	list_append(&l->ike_sas, &sa->on_connection);
	sa->version = connection_ref(l->connection);
	connection_unref(old);
}

static const char *const state_names[SA_STATES] = {
	[SA_LARVAL] = "PARENT_LARVAL",   [SA_I1] = "PARENT_I1",       [SA_I2] = "PARENT_I2",
	[SA_R1] = "PARENT_R1",           [SA_I2_EAP] = "PARENT_I2",   [SA_R1_EAP] = "PARENT_R1",
	[SA_REKEYED] = "PARENT_REKEYED", [SA_DELETING] = "IKESA_DEL", [SA_GONE] = "PARENT_GONE",
};

const char *sa_state_name(const struct ike_sa *sa)
{
	if (sa->state == SA_UP)
		return sa->initiator ? "PARENT_I3" : "PARENT_R2";
	return state_names[sa->state];
}

static bool counts_as_up(uint8_t state)
{
	return state == SA_UP || state == SA_REKEYED || state == SA_DELETING;
}

void sa_enter(struct ike_sa *sa, enum sa_state state)
{
	struct ike_counts *n = &sa->ike->counts;

	n->established += counts_as_up(state) - counts_as_up(sa->state);
	sa->state = state;
}

/* Children end with their IKE SA; the connection may have others. */
static void free_children(struct ike_sa *sa, enum gone_why why)
{
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		child_gone(child, why);
}

void sa_drop_assigned(struct ike_sa *sa)
{
	for (int i = 0; sa->assigned && i < 2; i++)
		policy_lease_release(sa->ike->policy, sa->assigned->leases[i]);
	free(sa->assigned);
	sa->assigned = NULL;
}

void sa_free(struct ike_sa *sa)
{
	sa_drop(sa, GONE_QUIETLY);
}

void sa_drop(struct ike_sa *sa, enum gone_why why)
{
	struct ike *ike = sa->ike;
	struct loaded *l = sa->loaded;

	window_done(&sa->window);
	free_children(sa, why);
	sa_drop_assigned(sa);
	sa_drop_init(sa);
	timers_sa_stop(sa);
	command_sa_ended(sa);
	peer_leave(sa);
	sa_enter(sa, SA_GONE);
	sa_set_loaded(sa, NULL);
	if (sa->hh.tbl)
		HASH_DEL(ike->by_spi, sa);
	roster_remove(&ike->sas, sa->serial);
	connection_unref(sa->version);
	ident_unref(sa->local_id);
	ident_unref(sa->remote_id);
	free(sa->our_proof);
	free(sa->peer_proof);
	free(sa->internal);
	free(sa->race);
	secret_wipe(sa, sizeof(*sa));
	free(sa);
	if (l)
		up_release(ike, l);
}

void sa_retire(struct ike_sa *sa, enum gone_why why)
{
	struct loaded *l = sa->loaded;

	if (sa->window.ours)
		exchange_close(sa->window.ours);
	tasks_drop(sa, 0, NULL);
	free_children(sa, why);
	sa_drop_assigned(sa);
	/*
	 * One that never came up goes on to count as half-open: lingering costs memory as
	 * well.
	 */
	if (sa->init)
		empty_init(sa->init);
	peer_leave(sa);
	command_sa_ended(sa);
	sa_enter(sa, SA_GONE);
	sa_set_loaded(sa, NULL);
	timers_sa_over(sa);
	if (l)
		up_release(sa->ike, l);
}

const struct ike_sa *sa_undecided(const struct ike_sa *sa)
{
	const struct ike_sa *old = sa_by_serial(sa->ike, sa->predecessor);

	return old && old->state == SA_REKEYED && !old->successor ? old : NULL;
}

bool sa_belongs_to(const struct ike_sa *sa, const struct loaded *l)
{
	const struct ike_sa *old = sa_undecided(sa);

	if (old && !sa_belongs_to(old, l))
		return false;
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (child->loaded && child->loaded != l)
			return false;
	LIST_EACH(t, &sa->window.tasks, struct task, queue)
		if (t->loaded && t->loaded != l)
			return false;
	return true;
}
