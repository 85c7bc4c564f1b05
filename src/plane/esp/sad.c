/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/sad.h"

#include "plane/plane.h"

#include <stdlib.h>
#include <string.h>

#define V4_UDP_OVERHEAD 28u
#define V6_UDP_OVERHEAD 48u
#define MTU_UNKNOWN 1500u /* until the path has been asked */
#define HEARD_WITHIN (10 * NSEC_PER_SEC) /* who was, is likely to be there still */

enum cyg_err sad_init(struct sad *s, struct crypto *crypto)
{
	*s = (struct sad){.crypto = crypto};
	list_init(&s->all);
	list_init(&s->all_lanes);
	if (rtable_init(&s->by_spi[SA_IN]) && rtable_init(&s->by_spi[SA_OUT]) &&
	    rtable_init(&s->lanes))
		return CYG_OK;
	rtable_done(&s->by_spi[SA_IN]);
	rtable_done(&s->by_spi[SA_OUT]);
	return CYG_NOMEM;
}

static uint64_t number_hash(uint32_t n)
{
	return hash_mix(n);
}

/* ---- lanes ---- */

static void lane_free_later(struct rcu_head *rcu)
{
	struct lane *l = caa_container_of(rcu, struct lane, rcu);

	free(l->sas);
	free(l);
}

static struct lane *find_lane(const struct sad *s, uint32_t reqid, uint32_t realm)
{
	const struct rtable_link *link = rtable_first(&s->lanes, number_hash(reqid));

	for (; link; link = rtable_next(link)) {
		struct lane *l = link->item;

		if (l->reqid == reqid && l->realm == realm)
			return l;
	}
	return NULL;
}

struct lane *lane_take(struct sad *s, uint32_t reqid, uint32_t realm)
{
	struct lane *l = find_lane(s, reqid, realm);

	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return NULL;
		l->reqid = reqid;
		l->realm = realm;
		if (!rtable_add(&s->lanes, number_hash(reqid), l)) {
			free(l);
			return NULL;
		}
		list_append(&s->all_lanes, &l->all);
	}
	l->refs++;
	return l;
}

void lane_release(struct sad *s, struct lane *l)
{
	if (!l || --l->refs)
		return;
	list_remove(&l->all);
	rtable_remove(&s->lanes, number_hash(l->reqid), l);
	call_rcu(&l->rcu, lane_free_later);
}

static void lane_sas_free_later(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct lane_sas, rcu));
}

static void lane_publish(struct lane *l, struct lane_sas *new)
{
	struct lane_sas *old = l->sas;

	rcu_assign_pointer(l->sas, new);
	if (old)
		call_rcu(&old->rcu, lane_sas_free_later);
}

static bool lane_add(struct lane *l, struct esp_sa *sa)
{
	size_t len = l->sas ? l->sas->len : 0;
	struct lane_sas *new = malloc(sizeof(*new) + (len + 1) * sizeof(new->items[0]));

	if (!new)
		return false;
	new->len = len + 1;
	new->items[0] = sa;
	for (size_t i = 0; i < len; i++)
		new->items[i + 1] = l->sas->items[i];
	lane_publish(l, new);
	return true;
}

/*
 * Short of memory, an SA leaves its lane in place:
 * readers see the ones behind it a little twice.
 */
static void lane_drop_in_place(struct lane_sas *sas, const struct esp_sa *sa)
{
	size_t i = 0;

	while (i < sas->len && sas->items[i] != sa)
		i++;
	for (; i + 1 < sas->len; i++)
		rcu_assign_pointer(sas->items[i], sas->items[i + 1]);
	if (i < sas->len)
		CMM_STORE_SHARED(sas->len, sas->len - 1);
}

static void lane_drop(struct lane *l, const struct esp_sa *sa)
{
	struct lane_sas *old = l->sas, *new;
	size_t n = 0;

	if (old->len == 1) {
		lane_publish(l, NULL);
		return;
	}
	new = malloc(sizeof(*new) + (old->len - 1) * sizeof(new->items[0]));
	if (!new) {
		lane_drop_in_place(old, sa);
		return;
	}
	for (size_t i = 0; i < old->len; i++)
		if (old->items[i] != sa)
			new->items[n++] = old->items[i];
	new->len = n;
	lane_publish(l, new);
}

struct esp_sa *lane_outbound(const struct lane *l, const struct flow *f)
{
	const struct lane_sas *sas = rcu_dereference(l->sas);
	size_t len = sas ? CMM_LOAD_SHARED(sas->len) : 0;

	for (size_t i = 0; i < len; i++) {
		struct esp_sa *sa = rcu_dereference(sas->items[i]);

		if (sa_holds_outbound(sa, f))
			return sa;
	}
	return NULL;
}

struct esp_sa *lane_newest(const struct lane *l)
{
	const struct lane_sas *sas = rcu_dereference(l->sas);

	return sas && CMM_LOAD_SHARED(sas->len) ? rcu_dereference(sas->items[0]) : NULL;
}

/* ---- one SA ---- */

static struct esp_port *find_port(const struct sad *s, const struct endpoint *local,
				  bool may_be_cut)
{
	struct esp_port *port = s->port_of ? s->port_of(s->ctx, local) : NULL;

	if (port && may_be_cut && s->let_cut)
		s->let_cut(s->ctx, port);
	return port;
}

static struct esp_path *path_new(const struct sad *s, const struct endpoint *local,
				 const struct endpoint *remote, bool may_be_cut)
{
	struct esp_path *p = calloc(1, sizeof(*p));
	struct sockaddr_storage peer;

	if (!p)
		return NULL;
	p->local = *local;
	p->remote = *remote;
	p->may_be_cut = may_be_cut;
	p->port = find_port(s, local, may_be_cut);
	p->peer_len = endpoint_to_sockaddr(remote, &peer);
	memcpy(&p->peer, &peer, p->peer_len);
	p->overhead = remote->addr.family == IP_V6 ? V6_UDP_OVERHEAD : V4_UDP_OVERHEAD;
	return p;
}

static void path_free_later(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct esp_path, rcu));
}

static enum cyg_err replace_path(const struct sad *s, struct esp_sa *sa,
				 const struct endpoint *local, const struct endpoint *remote)
{
	struct esp_path *old = sa->path,
			*new = path_new(s, local, remote, old->may_be_cut);

	if (!new)
		return CYG_NOMEM;
	/* What is known of the old path says nothing of the new one. */
	atomic_store_explicit(&sa->narrow_until, 0, memory_order_relaxed);
	sa->narrow_for = 0;
	rcu_assign_pointer(sa->path, new);
	call_rcu(&old->rcu, path_free_later);
	return CYG_OK;
}

static uint64_t limit_of(uint64_t configured)
{
	return configured ? configured : UINT64_MAX;
}

/* What is sealed leaves by a socket of ours, and what is opened comes by one. */
static enum cyg_err check_port(const struct sad *s, const struct plane_sa *sa, struct diag *why)
{
	char text[ENDPOINT_TEXT_MAX];

	if (!s->port_of || s->port_of(s->ctx, &sa->local))
		return CYG_OK;
	diag_set(why, "esp-port", NULL, "the userspace plane has no socket at %s",
		 endpoint_print(&sa->local, text));
	diag_hint(why, "the log says why it could not be used");
	return CYG_NOTFOUND;
}

static enum cyg_err check_shape(const struct plane_sa *sa, struct diag *why)
{
	if (scope_narrows(&sa->scope)) {
		diag_set(why, "esp-unsupported", NULL,
			 "the userspace plane knows neither marks nor interfaces");
		diag_hint(why, "leave " SCOPE_WORDS " out, or write plane=xfrm");
		return CYG_UNSUPPORTED;
	}
	if (sa->protocol == PROTO_ESP && sa->mode == MODE_TUNNEL && sa->encap &&
	    sa->local.addr.family == sa->remote.addr.family && ip_is_set(&sa->remote.addr))
		return CYG_OK;
	diag_set(why, "esp-unsupported", NULL,
		 "the userspace plane carries ESP in UDP in tunnel mode alone");
	diag_got(why, "protocol %u, mode %u, %s UDP", sa->protocol, sa->mode,
		 sa->encap ? "in" : "not in");
	return CYG_UNSUPPORTED;
}

static void sa_free(struct esp_sa *sa)
{
	if (!sa)
		return;
	esp_codec_done(&sa->codec);
	free(sa->replay);
	free(sa->path);
	free(sa);
}

static void sa_free_later(struct rcu_head *rcu)
{
	sa_free(caa_container_of(rcu, struct esp_sa, rcu));
}

static void fill_sa(struct esp_sa *sa, const struct plane_sa *from)
{
	sa->spi = from->spi;
	sa->reqid = from->reqid;
	sa->dir = from->dir;
	sa->limits = (struct sa_limits){limit_of(from->soft_bytes), limit_of(from->hard_bytes),
					limit_of(from->soft_packets),
					limit_of(from->hard_packets)};
	sa->sequence = from->first_sequence;
	sa->sequence_max = from->suite.esn ? UINT64_MAX : UINT32_MAX;
	sa->tfc = from->tfc;
	sa->decap_dscp = from->decap_dscp;
	sa->plain_dscp = from->plain_dscp;
	sa->mtu_cap = from->mtu;
	sa->path_mtu = from->mtu ? from->mtu : MTU_UNKNOWN;
	for (size_t i = 0; i < from->ts_local.len; i++)
		sa->selectors[sa->local_len++] = selector_of(&from->ts_local.items[i]);
	for (size_t i = 0; i < from->ts_remote.len; i++)
		sa->selectors[sa->local_len + sa->remote_len++] = selector_of(
			&from->ts_remote.items[i]);
}

static struct esp_sa *sa_new(const struct sad *s, const struct plane_sa *from)
{
	size_t selectors = from->ts_local.len + from->ts_remote.len;
	struct esp_sa *sa = calloc(1, sizeof(*sa) + selectors * sizeof(sa->selectors[0]));

	if (!sa)
		return NULL;
	fill_sa(sa, from);
	sa->path = path_new(s, &from->local, &from->remote, from->no_pmtu_discovery);
	if (sa->path && from->dir == SA_IN) {
		sa->replay = malloc(replay_size(from->replay_window));
		if (sa->replay)
			replay_init(sa->replay, from->replay_window, from->suite.esn,
				    from->first_sequence);
	}
	if (!sa->path || (from->dir == SA_IN && !sa->replay)) {
		sa_free(sa);
		return NULL;
	}
	return sa;
}

/* A new SA on an old path need not find out again what that does not carry. */
static void inherit_narrowness(struct esp_sa *sa)
{
	const struct esp_sa *old = lane_newest(sa->lane);

	if (!old || !endpoint_equal(&old->path->remote, &sa->path->remote))
		return;
	sa->narrow_for = old->narrow_for;
	sa->narrow_until = atomic_load_explicit(&old->narrow_until, memory_order_relaxed);
}

/* Make it known: to its lane when it carries packets out, and by its SPI. */
static enum cyg_err file_sa(struct sad *s, struct esp_sa *sa, uint32_t realm)
{
	sa->lane = lane_take(s, sa->reqid, realm);
	if (!sa->lane)
		return CYG_NOMEM;
	if (!rtable_add(&s->by_spi[sa->dir], number_hash(sa->spi), sa)) {
		lane_release(s, sa->lane);
		return CYG_NOMEM;
	}
	if (sa->dir == SA_OUT)
		inherit_narrowness(sa);
	if (sa->dir == SA_OUT && !lane_add(sa->lane, sa)) {
		rtable_remove(&s->by_spi[sa->dir], number_hash(sa->spi), sa);
		lane_release(s, sa->lane);
		return CYG_NOMEM;
	}
	list_append(&s->all, &sa->all);
	return CYG_OK;
}

enum cyg_err sad_install(struct sad *s, const struct plane_sa *from, struct diag *why)
{
	enum cyg_err err = check_shape(from, why);
	struct esp_sa *sa;

	if (!err)
		err = check_port(s, from, why);
	if (err)
		return err;
	if (from->dir == SA_IN && sad_inbound(s, from->spi))
		return CYG_EXISTS;
	sa = sa_new(s, from);
	if (!sa)
		return CYG_NOMEM;
	err = esp_codec_init(&sa->codec, s->crypto, from, why);
	if (!err)
		err = file_sa(s, sa, from->realm);
	if (err) /* a reader may have seen it already */
		call_rcu(&sa->rcu, sa_free_later);
	return err;
}

struct esp_sa *sad_find(const struct sad *s, const struct sa_ref *ref)
{
	const struct rtable_link *l = rtable_first(&s->by_spi[ref->dir], number_hash(ref->spi));
	struct esp_sa *found = NULL;
	size_t n = 0;

	for (; l; l = rtable_next(l)) {
		struct esp_sa *sa = l->item;

		if (sa->spi != ref->spi)
			continue;
		/*
		 * Two peers may have chosen one SPI: then
		 * the reqid tells, or else the address.
		 */
		if (ref->reqid ? ref->reqid == sa->reqid
			       : ip_equal(&ref->remote.addr, &sa->path->remote.addr))
			return sa;
		found = sa;
		n++;
	}
	return n == 1 && !ref->reqid ? found : NULL;
}

/* Whether the lane's peer was heard since `then`: a stall has another reason if not. */
static bool heard_since(const struct sad *s, const struct lane *l, nsec then)
{
	LIST_EACH(sa, &s->all, struct esp_sa, all)
		if (sa->dir == SA_IN && sa->lane == l &&
		    count_get(&sa->counts.last_used) >= then)
			return true;
	return false;
}

bool sad_stalled(struct sad *s, struct esp_sa *sa, nsec now)
{
	nsec then = now > HEARD_WITHIN ? now - HEARD_WITHIN : 1;

	if (atomic_load_explicit(&sa->narrow_until, memory_order_relaxed) > now ||
	    atomic_load_explicit(&sa->path_mtu, memory_order_relaxed) <= ESP_NARROW ||
	    !heard_since(s, sa->lane, then))
		return false;
	sa->narrow_for = !sa->narrow_for ? ESP_NARROW_LEAST
			 : sa->narrow_for < ESP_NARROW_MOST / 2
				 ? sa->narrow_for * 2
				 : ESP_NARROW_MOST;
	atomic_store_explicit(&sa->narrow_until, now + sa->narrow_for, memory_order_relaxed);
	return true;
}

static void forget(struct sad *s, struct esp_sa *sa)
{
	list_remove(&sa->all);
	rtable_remove(&s->by_spi[sa->dir], number_hash(sa->spi), sa);
	if (sa->dir == SA_OUT)
		lane_drop(sa->lane, sa);
	lane_release(s, sa->lane);
	call_rcu(&sa->rcu, sa_free_later);
}

enum cyg_err sad_remove(struct sad *s, const struct sa_ref *ref)
{
	struct esp_sa *sa = sad_find(s, ref);

	if (!sa)
		return CYG_NOTFOUND;
	forget(s, sa);
	return CYG_OK;
}

enum cyg_err sad_update(struct sad *s, const struct sa_ref *ref)
{
	struct esp_sa *sa = sad_find(s, ref);

	return sa ? replace_path(s, sa, &ref->local, &ref->remote) : CYG_NOTFOUND;
}

void sad_rebind(struct sad *s)
{
	LIST_EACH(sa, &s->all, struct esp_sa, all)
		rcu_assign_pointer(sa->path->port,
				   find_port(s, &sa->path->local, sa->path->may_be_cut));
}

void sad_done(struct sad *s)
{
	LIST_EACH(sa, &s->all, struct esp_sa, all)
		forget(s, sa);
	/* What is left was held by policies, which went with their database. */
	LIST_EACH(l, &s->all_lanes, struct lane, all) {
		list_remove(&l->all);
		call_rcu(&l->rcu, lane_free_later);
	}
	rtable_done(&s->by_spi[SA_IN]);
	rtable_done(&s->by_spi[SA_OUT]);
	rtable_done(&s->lanes);
}

struct plane_counters sa_counters(const struct esp_sa *sa)
{
	return (struct plane_counters){
		.bytes = count_get(&sa->counts.bytes),
		.packets = count_get(&sa->counts.packets),
		.replayed = count_get(&sa->counts.replayed),
		.bad_auth = count_get(&sa->counts.bad_auth),
		.bad_selector = count_get(&sa->counts.bad_selector),
		.other_drops = count_get(&sa->counts.other_drops),
		.last_used = count_get(&sa->counts.last_used),
	};
}

struct esp_sa *sad_inbound(const struct sad *s, uint32_t spi)
{
	const struct rtable_link *l = rtable_first(&s->by_spi[SA_IN], number_hash(spi));

	while (l && ((struct esp_sa *)l->item)->spi != spi)
		l = rtable_next(l);
	return l ? l->item : NULL;
}

static bool any_has(const struct selector *s, size_t len, const struct flow *f,
		    bool (*has)(const struct selector *, const struct flow *))
{
	for (size_t i = 0; i < len; i++)
		if (has(&s[i], f))
			return true;
	return false;
}

bool sa_holds_outbound(const struct esp_sa *sa, const struct flow *f)
{
	return any_has(sa->selectors, sa->local_len, f, selector_has_src) &&
	       any_has(sa->selectors + sa->local_len, sa->remote_len, f, selector_has_dst);
}

bool sa_holds_inbound(const struct esp_sa *sa, const struct flow *f)
{
	return any_has(sa->selectors, sa->local_len, f, selector_has_dst) &&
	       any_has(sa->selectors + sa->local_len, sa->remote_len, f, selector_has_src);
}

/* Whether `s` is a part of `of`, and not all of it, by addresses. */
static bool is_part(const struct selector *s, const struct selector *of)
{
	return s->family == of->family && addr_number_le(of->first, s->first) &&
	       addr_number_le(s->last, of->last) &&
	       !(addr_number_le(s->first, of->first) && addr_number_le(of->last, s->last));
}

static bool is_part_of_remote(const struct esp_sa *sa, const struct selector *local)
{
	for (size_t i = 0; i < sa->remote_len; i++)
		if (is_part(local, &sa->selectors[sa->local_len + i]))
			return true;
	return false;
}

bool sa_is_from_our_side(const struct esp_sa *sa, const struct flow *f)
{
	for (size_t i = 0; i < sa->local_len; i++) {
		const struct selector *local = &sa->selectors[i];

		if (f->family == local->family && addr_number_le(local->first, f->src) &&
		    addr_number_le(f->src, local->last) && is_part_of_remote(sa, local))
			return true;
	}
	return false;
}

static uint32_t inner_mtu(const struct esp_sa *sa, const struct esp_path *path, uint32_t outer)
{
	return outer > path->overhead
		       ? (uint32_t)esp_payload_max(&sa->codec, outer - path->overhead)
		       : 0;
}

uint32_t sa_inner_mtu(const struct esp_sa *sa, const struct esp_path *path)
{
	return inner_mtu(sa, path, atomic_load_explicit(&sa->path_mtu, memory_order_relaxed));
}

uint32_t sa_packet_max(const struct esp_sa *sa, uint32_t outer)
{
	return inner_mtu(sa, sa->path, outer);
}

uint32_t sad_packet_max(const struct sad *s, uint32_t outer)
{
	uint32_t least = UINT32_MAX;

	LIST_EACH(sa, &s->all, struct esp_sa, all) {
		uint32_t one = sa->dir == SA_OUT ? sa_packet_max(sa, outer) : UINT32_MAX;

		if (one < least)
			least = one;
	}
	return least;
}

enum sa_life sa_account(struct esp_sa *sa, size_t bytes, nsec now)
{
	uint64_t all_bytes, all_packets;

	count_add(&sa->counts.bytes, bytes);
	count_add(&sa->counts.packets, 1);
	atomic_store_explicit(&sa->counts.last_used, now, memory_order_relaxed);
	all_bytes = count_get(&sa->counts.bytes);
	all_packets = count_get(&sa->counts.packets);
	if (all_bytes >= sa->limits.hard_bytes || all_packets >= sa->limits.hard_packets)
		return SA_HARD;
	if (all_bytes >= sa->limits.soft_bytes || all_packets >= sa->limits.soft_packets)
		return SA_SOFT;
	if (sa->sequence_max == UINT32_MAX && sa->dir == SA_OUT &&
	    count_get(&sa->sequence) >= PLANE_SEQUENCE_SOFT_32)
		return SA_SOFT;
	return SA_LIVES;
}

size_t sad_memory(const struct sad *s)
{
	size_t octets = rtable_memory(&s->by_spi[0]) + rtable_memory(&s->by_spi[1]) +
			rtable_memory(&s->lanes);

	octets += s->lanes.len *
		  (sizeof(struct lane) + sizeof(struct lane_sas) + sizeof(void *));
	LIST_EACH(sa, &s->all, struct esp_sa, all) {
		octets += sizeof(*sa) + sizeof(*sa->path) +
			  (sa->local_len + sa->remote_len) * sizeof(struct selector);
		if (sa->replay)
			octets += replay_size(sa->replay->window);
	}
	return octets;
}
