/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/child.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "ike/clone.h"
#include "ike/core.h"
#include "ike/ipcomp.h"
#include "ike/op.h"
#include "ike/suites.h"
#include "ike/tally.h"
#include "ike/up.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

#define SPI_LOWEST 256 /* RFC 4303 2.1: 1 to 255 are reserved */

struct child_sa *child_by_spi_in(const struct ike *ike, uint32_t spi)
{
	struct child_sa *child;

	HASH_FIND(hh, ike->by_spi_in, &spi, sizeof(spi), child);
	return child;
}

struct child_sa *child_by_serial(const struct ike *ike, uint64_t serial)
{
	return serial ? roster_find(&ike->children, serial) : NULL;
}

/* ---- by the peer's SPI ---- */

static uint64_t spi_out_hash(const struct ike *ike, uint32_t spi)
{
	return hash_view(&ike->hash_key, view_of(&spi, sizeof(spi)));
}

void child_set_spi_out(struct child_sa *child, uint32_t spi)
{
	struct ike *ike = child->ike;

	map_remove(&ike->by_spi_out, &child->by_spi_out);
	child->spi_out = spi;
	map_add(&ike->by_spi_out, &child->by_spi_out, spi_out_hash(ike, spi));
}

static struct child_sa *first_out(const struct ike *ike, uint32_t spi)
{
	struct map_node *n = map_first(&ike->by_spi_out, spi_out_hash(ike, spi));

	return n ? CONTAINER_OF(n, struct child_sa, by_spi_out) : NULL;
}

static struct child_sa *next_out(const struct child_sa *child)
{
	struct map_node *n = map_next(&child->by_spi_out);

	return n ? CONTAINER_OF(n, struct child_sa, by_spi_out) : NULL;
}

/* While both ends rekey the IKE SA its children may still hang on a relative of it. */
static bool is_of_line(const struct child_sa *child, const struct ike_sa *sa)
{
	return child->sa->lineage == sa->lineage && child->state != CHILD_LARVAL &&
	       child->state != CHILD_DRAINING;
}

struct child_sa *child_by_spi_out(const struct ike_sa *sa, uint32_t spi)
{
	for (struct child_sa *c = first_out(sa->ike, spi); c; c = next_out(c))
		if (c->spi_out == spi && is_of_line(c, sa))
			return c;
	return NULL;
}

struct child_sa *child_by_outbound(const struct ike *ike, uint32_t spi,
				   const struct ip_addr *remote)
{
	for (struct child_sa *c = first_out(ike, spi); c; c = next_out(c))
		if (c->spi_out == spi && c->state == CHILD_UP &&
		    (!ip_is_set(remote) || ip_equal(remote, &c->sa->remote.addr)))
			return c;
	return NULL;
}

static bool draw_spi(struct ike *ike, uint32_t *ret)
{
	for (int i = 0; i < SPI_DRAWS; i++) {
		uint32_t spi;

		if (core_random(ike, &spi, sizeof(spi)))
			return false;
		if (spi >= SPI_LOWEST && !child_by_spi_in(ike, spi)) {
			*ret = spi;
			return true;
		}
	}
	return false;
}

struct child_sa *child_new(struct ike_sa *sa, struct loaded *l)
{
	struct ike *ike = sa->ike;
	struct child_sa *child = calloc(1, sizeof(*child));

	if (!child)
		return NULL;
	child->ike = ike;
	child->sa = sa;
	child->loaded = l;
	child->serial = ++ike->last_serial;
	child->timed.owner = TIMED_CHILD;
	child->established_at = NSEC_NEVER;
	for (size_t i = 0; i < CHILD_TIMERS; i++)
		child->at[i] = NSEC_NEVER;
	list_init(&child->of_sa);
	list_init(&child->on_connection);
	list_init(&child->ops);
	if (!draw_spi(ike, &child->spi_in) || !timers_reserve(ike) ||
	    !roster_add(&ike->children, child->serial, child))
		goto fail;
	HASH_ADD(hh, ike->by_spi_in, spi_in, sizeof(child->spi_in), child);
	if (!child->hh.tbl)
		goto fail_roster;
	list_append(&l->children, &child->on_connection);
	child->version = connection_ref(l->connection);
	child->reqid = l->reqid;
	child->number = l->policy_id;
	child->mode = connection_mode(l->connection);
	return child;
fail_roster:
	roster_remove(&ike->children, child->serial);
fail:
	free(child);
	return NULL;
}

bool child_renew_spi(struct child_sa *child)
{
	uint32_t spi;

	if (child->cpi_in && ipcomp_draw(child)) /* which of the two is taken is not known */
		return false;
	return draw_spi(child->ike, &spi) && child_take_spi(child, spi) == CYG_OK;
}

enum cyg_err child_take_spi(struct child_sa *child, uint32_t spi)
{
	struct ike *ike = child->ike;

	if (spi < SPI_LOWEST || child_by_spi_in(ike, spi))
		return CYG_EXISTS;
	HASH_DEL(ike->by_spi_in, child);
	child->spi_in = spi;
	HASH_ADD(hh, ike->by_spi_in, spi_in, sizeof(child->spi_in), child);
	return child->hh.tbl ? CYG_OK : CYG_NOMEM;
}

/* ---- keys ---- */

enum cyg_err child_derive(struct child_sa *child, const struct kdf_input *in)
{
	struct ike_sa *sa = child->sa;
	struct suite suite;
	struct child_keys keys;
	const struct suite_key *inward, *outward;
	size_t encr, integ;
	uint8_t *at;
	enum cyg_err err = suite_of_chosen(&child->chosen, ALG_FOR_ESP, &suite);

	if (err)
		return err;
	err = kdf_child_keys(sa->ike->crypto, alg_by_id(ALG_PRF, sa->chosen.prf), &suite,
			     view_of(sa->keys.d, sa->keys.prf_len), in, &keys);
	if (err)
		return err;
	encr = suite.encr_len;
	integ = suite.integ_len;
	at = malloc(2 * (encr + integ));
	if (!at) {
		secret_wipe(&keys, sizeof(keys));
		return CYG_NOMEM;
	}
	inward = child->initiator ? &keys.r : &keys.i;
	outward = child->initiator ? &keys.i : &keys.r;
	child->keys = at;
	child->encr_len = (uint8_t)encr;
	child->integ_len = (uint8_t)integ;
	memcpy(at, inward->encr, encr);
	memcpy(at + encr, inward->integ, integ);
	memcpy(at + encr + integ, outward->encr, encr);
	memcpy(at + 2 * encr + integ, outward->integ, integ);
	secret_wipe(&keys, sizeof(keys));
	return CYG_OK;
}

static void wipe_keys(struct child_sa *child)
{
	if (child->keys)
		secret_wipe(child->keys, 2u * (child->encr_len + child->integ_len));
	free(child->keys);
	child->keys = NULL;
}

/* ---- the plane ---- */

/* A soft limit at nine tenths leaves time to rekey. */
static uint64_t soft_limit(uint64_t hard)
{
	return hard - hard / 10;
}

static void fill_keys(const struct child_sa *child, enum sa_dir dir, struct plane_sa *p)
{
	const uint8_t *at = child->keys;

	if (dir == SA_OUT)
		at += child->encr_len + child->integ_len;
	memcpy(p->encr_key, at, child->encr_len);
	memcpy(p->integ_key, at + child->encr_len, child->integ_len);
	p->encr_key_len = child->encr_len;
	p->integ_key_len = child->integ_len;
}

/* What belongs to headers of tunnels is for tunnels alone. */
static void fill_handling(const struct child_sa *child, enum sa_dir dir, struct plane_sa *p)
{
	const struct connection *c = child->version;

	if (child->mode != MODE_TUNNEL)
		return;
	p->no_pmtu_discovery = c->no_pmtu_discovery;
	p->decap_dscp = c->decap_dscp && dir == SA_IN;
	p->plain_dscp = !c->encap_dscp && dir == SA_OUT;
	/* RFC 7296 1.3.1: not towards a peer that said it takes none. */
	p->tfc = dir == SA_OUT && !child->unpadded ? c->tfc : 0;
}

static void fill_plane_sa(const struct child_sa *child, enum sa_dir dir, struct plane_sa *p)
{
	const struct connection *c = child->version;

	p->dir = dir;
	p->protocol = child->chosen.protocol;
	p->mode = child->mode;
	p->encap = child->encap;
	p->suite = child->chosen;
	p->spi = dir == SA_IN ? child->spi_in : child->spi_out;
	p->cpi = dir == SA_IN ? child->cpi_in : child->cpi_out;
	p->reqid = child->reqid;
	p->scope = scope_of(&c->scope, child->number, dir);
	p->realm = child->sa->realm;
	p->local = child->sa->local;
	p->remote = child->sa->remote;
	p->first_sequence = dir == SA_OUT ? child->first_sequence : 0;
	p->replay_window = dir == SA_IN ? c->replay_window : 0;
	p->hard_bytes = c->child_bytes_max;
	p->soft_bytes = soft_limit(c->child_bytes_max);
	p->hard_packets = c->child_packets_max;
	p->soft_packets = soft_limit(c->child_packets_max);
	p->mtu = c->mtu;
	p->offload = c->offload;
	p->processor = dir == SA_OUT ? child->processor : 0;
	fill_handling(child, dir, p);
	fill_keys(child, dir, p);
}

/* It carries less than what the connection's policies are for. */
static bool is_part(const struct child_sa *child)
{
	const struct loaded *l = child->loaded;

	return l && !connection_is_open(l->connection) &&
	       !(ts_set_contains(&child->ts_local, &l->ts_local) &&
		 ts_set_contains(&child->ts_remote, &l->ts_remote));
}

enum cyg_err child_install(struct child_sa *child, enum sa_dir dir, uint32_t op)
{
	struct actions *out = child->ike->out;
	struct plane_sa *p = actions_alloc(out, sizeof(*p));
	struct action *a = p ? actions_add(out, ACT_SA_INSTALL) : NULL;

	if (!a)
		return CYG_NOMEM;
	fill_plane_sa(child, dir, p);
	p->ts_local = actions_ts_set(out, &child->ts_local);
	p->ts_remote = actions_ts_set(out, &child->ts_remote);
	p->part = dir == SA_OUT && is_part(child);
	a->op = op;
	a->cause = child->cause;
	a->sa = p;
	child->installed |= dir == SA_IN ? CHILD_IN : CHILD_OUT;
	return CYG_OK;
}

struct sa_ref child_ref(const struct child_sa *child, enum sa_dir dir)
{
	return (struct sa_ref){
		.dir = dir,
		.protocol = child->chosen.protocol,
		.spi = dir == SA_IN ? child->spi_in : child->spi_out,
		.realm = child->sa->realm,
		.reqid = child->reqid,
		.local = child->sa->local,
		.remote = child->sa->remote,
		.encap = child->encap,
	};
}

static void remove_direction(struct child_sa *child, enum sa_dir dir)
{
	uint8_t bit = dir == SA_IN ? CHILD_IN : CHILD_OUT;
	struct action *a;

	if (!(child->installed & bit))
		return;
	child->installed &= (uint8_t)~bit;
	a = actions_add(child->ike->out, ACT_SA_REMOVE);
	if (!a)
		return;
	a->sa_ref = child_ref(child, dir);
}

/* ---- life and end ---- */

void child_uninstall(struct child_sa *child)
{
	uint8_t installed = child->installed;

	remove_direction(child, SA_OUT);
	remove_direction(child, SA_IN);
	child->installed = installed;
}

void child_silence(struct child_sa *child)
{
	op_abandon(&child->ops);
	remove_direction(child, SA_OUT);
	timers_child_stop(child);
	wipe_keys(child);
}

void child_withdraw(struct child_sa *child)
{
	child_silence(child);
	remove_direction(child, SA_IN);
}

void child_free(struct child_sa *child)
{
	struct ike *ike = child->ike;

	child_withdraw(child);
	if (child->state != CHILD_LARVAL && child->state != CHILD_DRAINING)
		ike->counts.children--;
	list_remove(&child->of_sa);
	list_remove(&child->on_connection);
	if (child->hh.tbl)
		HASH_DEL(ike->by_spi_in, child);
	map_remove(&ike->by_spi_out, &child->by_spi_out);
	roster_remove(&ike->children, child->serial);
	connection_unref(child->version);
	ts_set_done(&child->ts_local);
	ts_set_done(&child->ts_remote);
	free(child->race);
	free(child);
}

bool children_stand(const struct loaded *l)
{
	if (l->by_hand)
		return true;
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state != CHILD_LARVAL)
			return true;
	return false;
}

bool sa_carries(const struct ike_sa *sa)
{
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (!child_is_over(child))
			return true;
	return false;
}

void child_discard(struct child_sa *child)
{
	struct ike *ike = child->ike;
	struct loaded *l = child->loaded;

	updown_child_ends(child);
	child_free(child);
	if (!l || children_stand(l))
		return;
	/* The entry may have been set for this child: back to rest, before the address goes (up_lost). */
	if (l->spd == SPD_PROTECT)
		up_rest(ike, l, false);
	policy_drop_internal(ike->policy, l, ike->out);
	up_release(ike, l);
}

void child_missed(struct ike *ike, struct loaded *l, enum gone_why why)
{
	if (!l)
		return;
	if (children_stand(l))
		clone_left(ike, l, why);
	else
		up_lost(ike, l, why);
}

void child_gone(struct child_sa *child, enum gone_why why)
{
	struct ike *ike = child->ike;
	struct loaded *l = child->loaded;

	updown_child_ends(child);
	child_free(child);
	child_missed(ike, l, why);
}

void child_drain(struct child_sa *child, enum gone_why why)
{
	struct loaded *l = child->loaded;

	updown_child_ends(child);
	child_silence(child);
	list_remove(&child->on_connection);
	child->loaded = NULL;
	child->state = CHILD_DRAINING;
	child->ike->counts.children--;
	timers_child_draining(child);
	child_missed(child->ike, l, why);
}

void child_establish(struct child_sa *child)
{
	child->state = CHILD_UP;
	child->established_at = child->ike->now;
	child->ike->counts.children++;
	tally_child(child);
	list_append(&child->sa->children, &child->of_sa);
	timers_child_up(child);
}

void children_move(struct ike_sa *from, struct ike_sa *to)
{
	LIST_EACH(child, &from->children, struct child_sa, of_sa) {
		list_remove(&child->of_sa);
		list_append(&to->children, &child->of_sa);
		child->sa = to;
	}
	if (!to->internal) {
		to->internal = from->internal;
		from->internal = NULL;
	}
	if (!to->assigned) {
		to->assigned = from->assigned;
		from->assigned = NULL;
	}
	LIST_EACH(t, &from->window.tasks, struct task, queue) {
		if (t->kind == EX_DELETE_IKE || t->kind == EX_REKEY_IKE)
			continue;
		list_remove(&t->queue);
		list_append(&to->window.tasks, &t->queue);
		if (t->loaded)
			up_moved(t->loaded, from->serial, to->serial);
	}
}

const char *child_state_name(const struct child_sa *child)
{
	switch (child->state) {
	case CHILD_LARVAL:
		return "CHILD_C0";
	case CHILD_REKEYED:
		return "CHILD_C1_REKEYED";
	case CHILD_DELETING:
	case CHILD_DRAINING:
		return "CHILD_DEL";
	default:
		return "CHILD_C1";
	}
}
