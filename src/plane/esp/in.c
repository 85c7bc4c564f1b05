/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/in.h"

#define KEEPALIVE 0xffu
#define MARKER_LEN 4u /* the non-ESP marker: four zero octets where ESP has its SPI */

static void queue_ike(struct in *i, const struct in_datagram *d)
{
	struct notice n = {.kind = NOTICE_DATAGRAM, .datagram = {d->local, d->remote}};

	if (!notice_put(i->notices, &n, view_of(d->octets + MARKER_LEN, d->len - MARKER_LEN)))
		count_add(&i->counts.queue_full, 1);
}

static void tell_expiry(struct in *i, struct esp_sa *sa, bool hard)
{
	struct notice n = {.kind = NOTICE_EXPIRE,
			   .sa = {.dir = SA_IN, .hard = hard, .spi = sa->spi}};
	bool *told = hard ? &sa->hard_told : &sa->soft_told;

	n.sa.remote = rcu_dereference(sa->path)->remote;
	if (!*told)
		*told = notice_put(i->notices, &n, view_of(NULL, 0));
	if (!*told)
		count_add(&i->counts.queue_full, 1);
}

/*
 * The peer's address changed, as a NAT between us may do. Only the newest
 * packet counts: a late one may still come from the old address.
 */
static void note_address(struct in *i, struct esp_sa *sa, const struct endpoint *remote)
{
	const struct esp_path *path = rcu_dereference(sa->path);
	struct notice n = {.kind = NOTICE_MOVED,
			   .sa = {.dir = SA_IN, .spi = sa->spi, .remote = *remote}};

	if (endpoint_equal(remote, &path->remote)) {
		sa->moved_told = (struct endpoint){0};
		return;
	}
	if (endpoint_equal(remote, &sa->moved_told))
		return;
	if (notice_put(i->notices, &n, view_of(NULL, 0)))
		sa->moved_told = *remote;
	else
		count_add(&i->counts.queue_full, 1);
}

static void account(struct in *i, struct esp_sa *sa, size_t len)
{
	switch (sa_account(sa, len, i->now)) {
	case SA_LIVES:
		break;
	case SA_SOFT:
		tell_expiry(i, sa, false);
		break;
	case SA_HARD:
		sa->dead = true;
		tell_expiry(i, sa, true);
		break;
	}
}

static bool was_admitted(const struct esp_sa *sa, const struct flow *f, uint64_t version)
{
	const struct admitted *a = &sa->admitted;

	return a->version == version && a->proto == f->proto && a->src_port == f->src_port &&
	       a->dst_port == f->dst_port && a->src.lo == f->src.lo && a->src.hi == f->src.hi &&
	       a->dst.lo == f->dst.lo && a->dst.hi == f->dst.hi;
}

/*
 * The peer of one tunnel may not speak for networks that another policy is for, though the SA's
 * selectors be wide enough. The packets of a flow are asked about once.
 */
static bool is_admitted(const struct in *i, struct esp_sa *sa, const struct flow *f)
{
	uint64_t version = atomic_load_explicit(&i->spd->version, memory_order_acquire);

	if (f->has_ports && was_admitted(sa, f, version))
		return true;
	if (sa_is_from_our_side(sa, f) || !spd_admits(i->spd, sa->lane, f))
		return false;
	if (f->has_ports)
		sa->admitted = (struct admitted){version,     f->src,      f->dst,
						 f->src_port, f->dst_port, f->proto};
	return true;
}

/*
 * What is authentic must also be a packet, of the kind
 * announced, within the selectors (RFC 4301 5.2, 4).
 */
static bool check_inner(struct in *i, struct esp_sa *sa, struct view payload, uint8_t next,
			struct flow *ret)
{
	uint8_t family = next == ESP_NEXT_IPV4   ? IP_V4
			 : next == ESP_NEXT_IPV6 ? IP_V6
						 : IP_NONE;

	if (inner_parse(payload, ret) != INNER_OK || ret->family != family) {
		count_add(&sa->counts.other_drops, 1);
		count_add(&i->counts.malformed, 1);
		return false;
	}
	fragments_follow(&i->fragments, sa->spi, ret, i->now);
	if (!sa_holds_inbound(sa, ret) || !is_admitted(i, sa, ret)) {
		count_add(&sa->counts.bad_selector, 1);
		count_add(&i->counts.bad_selector, 1);
		return false;
	}
	if (inner_is_martian(ret)) {
		count_add(&sa->counts.other_drops, 1);
		count_add(&i->counts.martians, 1);
		return false;
	}
	return true;
}

/* The other direction's path is what an answer's segments must fit into. */
static void clamp(const struct esp_sa *sa, uint8_t *packet, const struct flow *f)
{
	const struct esp_sa *back = inner_begins_tcp(packet, f) ? lane_newest(sa->lane) : NULL;

	if (back)
		inner_clamp_mss(packet, f, sa_inner_mtu(back, rcu_dereference(back->path)));
}

static bool deliver(struct in *i, struct esp_sa *sa, const struct in_datagram *d,
		    struct view payload, uint8_t next, struct view *ret_packet,
		    struct flow *ret_flow)
{
	uint8_t *packet = d->octets + (payload.ptr - d->octets);
	struct flow f;
	uint8_t tos;

	if (next ==
	    ESP_NEXT_DUMMY) { /* RFC 4303 2.6: it hides how much is sent, and proves life */
		account(i, sa, 0);
		return false;
	}
	if (!check_inner(i, sa, payload, next, &f))
		return false;
	if (!ecn_decapsulate(f.tos, d->tos, &tos)) {
		count_add(&i->counts.ecn_drops, 1);
		count_add(&sa->counts.other_drops, 1);
		return false;
	}
	if (sa->decap_dscp)
		tos = (uint8_t)((tos & ECN_MASK) | (d->tos & ~ECN_MASK));
	account(i, sa, f.total_len);
	if (tos != f.tos)
		inner_set_tos(packet, tos);
	if (i->clamp_mss)
		clamp(sa, packet, &f);
	f.tos = tos;
	*ret_packet = view_of(packet, f.total_len);
	*ret_flow = f;
	return true;
}

/* Whether the numbers allow the packet; *ret is the whole sequence number. */
static bool check_sequence(struct in *i, struct esp_sa *sa, uint32_t low, uint64_t *ret)
{
	enum replay_verdict v = REPLAY_OLD;

	if (replay_infer(sa->replay, low, ret))
		v = replay_check(sa->replay, *ret);
	if (v == REPLAY_NEW || v == REPLAY_FRESH)
		return true;
	count_add(&sa->counts.replayed, 1);
	count_add(&i->counts.replayed, 1);
	return false;
}

static bool open_packet(struct in *i, struct esp_sa *sa, const struct in_datagram *d,
			uint32_t low, struct view *ret_packet, struct flow *ret_flow)
{
	struct view payload;
	uint64_t sequence;
	uint8_t next;

	if (sa->dead) {
		tell_expiry(i, sa, true);
		count_add(&sa->counts.other_drops, 1);
		return false;
	}
	if (!check_sequence(i, sa, low, &sequence))
		return false;
	switch (esp_open(&sa->codec, sequence, d->octets, d->len, &payload, &next)) {
	case ESP_OK:
		break;
	case ESP_SHORT:
		count_add(&i->counts.short_packets, 1);
		return false;
	case ESP_BAD_AUTH:
		count_add(&sa->counts.bad_auth, 1);
		count_add(&i->counts.bad_auth, 1);
		return false;
	case ESP_BAD_PAD: /* authentic, so its number is used up */
		replay_commit(sa->replay, sequence);
		count_add(&sa->counts.other_drops, 1);
		count_add(&i->counts.bad_padding, 1);
		return false;
	}
	if (replay_commit(sa->replay, sequence))
		note_address(i, sa, &d->remote);
	return deliver(i, sa, d, payload, next, ret_packet, ret_flow);
}

void in_release(struct in *i)
{
	if (i->claimed)
		claim_give(&i->claimed->claim);
	i->claimed = NULL;
}

/* One at a time: who waits for one holds none. */
static void claim(struct in *i, struct esp_sa *sa)
{
	if (i->claimed == sa)
		return;
	in_release(i);
	claim_take(&sa->claim, i->who);
	i->claimed = sa;
}

bool in_datagram(struct in *i, const struct in_datagram *d, struct view *ret_packet,
		 struct flow *ret_flow)
{
	struct esp_sa *sa;
	uint32_t spi, low;

	if (d->len == 1 && d->octets[0] == KEEPALIVE) {
		count_add(&i->counts.keepalives, 1);
		return false;
	}
	if (d->len > MARKER_LEN &&
	    !(d->octets[0] | d->octets[1] | d->octets[2] | d->octets[3])) {
		queue_ike(i, d);
		return false;
	}
	if (!esp_peek(view_of(d->octets, d->len), &spi, &low)) {
		count_add(&i->counts.short_packets, 1);
		return false;
	}
	sa = spi < ESP_SPI_MIN ? NULL : sad_inbound(i->sad, spi);
	if (!sa) {
		count_add(&i->counts.unknown_spi, 1);
		return false;
	}
	claim(i, sa);
	return open_packet(i, sa, d, low, ret_packet, ret_flow);
}
