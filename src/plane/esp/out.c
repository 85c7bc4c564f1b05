/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/out.h"

#include "plane/esp/checksum.h"
#include "plane/esp/segment.h"

#include <stdlib.h>
#include <string.h>

#define MTU_ASK_INTERVAL NSEC_PER_SEC
#define V6_MTU_MIN 1280u
#define STALL_LEAST (ESP_NARROW - 64u) /* with ESP's own octets it is ESP_NARROW or more */
#define V4_HEADER 20u
#define BUFFER_SIZE (OUT_PACKET_MAX + ESP_BEHIND)
#define V4_MF 0x20u /* in the octet of flags and offset */

enum cyg_err out_init(struct out *o)
{
	*o = (struct out){
		.who = 1,
		.fragment = malloc(BUFFER_SIZE),
		.waking = malloc(BUFFER_SIZE),
		.padded = malloc(BUFFER_SIZE),
	};
	if (burst_init(&o->burst) && held_init(&o->held) && o->fragment && o->waking &&
	    o->padded)
		return CYG_OK;
	out_done(o);
	return CYG_NOMEM;
}

void out_done(struct out *o)
{
	burst_done(&o->burst);
	held_done(&o->held);
	free(o->fragment);
	free(o->waking);
	free(o->padded);
	o->fragment = o->waking = o->padded = NULL;
}

static void tell_sender(struct out *o, enum icmp_reason reason, const uint8_t *packet,
			const struct flow *f, uint32_t mtu)
{
	struct limiter *l = reason == ICMP_TOO_BIG ? &o->limits->too_big
						   : &o->limits->prohibited;
	struct ip_addr toward = inner_src(f), from;
	uint8_t error[ICMP_ERROR_MAX];
	size_t len;

	if (!icmp_may_answer(f) || !limiter_take(l, o->now) ||
	    !o->world.own_address(o->world.ctx, &toward, &from))
		return;
	len = icmp_error(reason, view_of(packet, f->total_len), f, mtu, &from, error);
	if (len)
		o->world.reply(o->world.ctx, view_of(error, len));
}

/* ---- policies that wait for the core ---- */

static void acquire(struct out *o, struct spd_entry *e, const struct flow *f)
{
	struct notice n = {.kind = NOTICE_ACQUIRE, .acquire = {.policy_id = e->id}};

	if (atomic_load_explicit(&e->acquired, memory_order_relaxed) ||
	    atomic_exchange_explicit(&e->acquired, true, memory_order_relaxed))
		return;
	n.acquire.local = inner_src_ts(f);
	n.acquire.remote = inner_dst_ts(f);
	if (notice_put(o->notices, &n, view_of(NULL, 0)))
		return;
	atomic_store_explicit(&e->acquired, false, memory_order_relaxed);
	count_add(&o->counts.queue_full, 1);
}

/* ---- protection ---- */

static void tell_expiry(struct out *o, struct esp_sa *sa, const struct esp_path *path,
			bool hard)
{
	struct notice n = {
		.kind = NOTICE_EXPIRE,
		.sa = {.dir = SA_OUT, .hard = hard, .spi = sa->spi, .remote = path->remote}};
	bool *told = hard ? &sa->hard_told : &sa->soft_told;

	if (!*told)
		*told = notice_put(o->notices, &n, view_of(NULL, 0));
	if (!*told)
		count_add(&o->counts.queue_full, 1);
}

static void end_sa(struct out *o, struct esp_sa *sa, const struct esp_path *path)
{
	sa->dead = true;
	tell_expiry(o, sa, path, true);
}

void out_flush(struct out *o)
{
	if (o->burst.len)
		o->world.send(o->world.ctx, &o->burst);
	burst_clear(&o->burst);
	while (o->claimed_len)
		claim_give(&o->claimed[--o->claimed_len]->claim);
}

/*
 * Have the SA to ourselves until the burst is sent, so that its numbers leave in
 * order. Who waits for one holds none: that nobody waits in a circle.
 */
static void claim(struct out *o, struct esp_sa *sa)
{
	if (claim_is(&sa->claim, o->who))
		return;
	if (o->claimed_len == OUT_CLAIMS_MAX)
		out_flush(o);
	if (!claim_try(&sa->claim, o->who)) {
		out_flush(o);
		claim_take(&sa->claim, o->who);
	}
	o->claimed[o->claimed_len++] = sa;
}

/* Room in the burst, with the claim on the SA as before. */
static uint8_t *room_for(struct out *o, struct esp_sa *sa, size_t len)
{
	uint8_t *room = burst_room(&o->burst, len);

	if (!room) {
		out_flush(o);
		claim(o, sa);
		room = burst_room(&o->burst, len);
	}
	return room;
}

/*
 * The packet as long as it is to look (RFC 4303 2.7), or as it is. Its own header
 * tells the receiver where it ends.
 */
static uint8_t *pad_for_secrecy(struct out *o, const struct esp_sa *sa,
				const struct esp_path *path, uint8_t *packet, size_t *len)
{
	size_t to = sa_inner_mtu(sa, path);

	if (to > sa->tfc)
		to = sa->tfc;
	if (to > OUT_PACKET_MAX)
		to = OUT_PACKET_MAX;
	if (to <= *len)
		return packet;
	memcpy(o->padded, packet, *len);
	memset(o->padded + *len, 0, to - *len);
	*len = to;
	return o->padded;
}

/* RFC 4301 5.1.2.1: whose DSCP the outer header gets; its ECN is always the packet's. */
static uint8_t outer_tos(const struct esp_sa *sa, const struct flow *f)
{
	return ecn_encapsulate(sa->plain_dscp ? f->tos & ECN_MASK : f->tos);
}

/* ESP_BEHIND octets behind the packet may be written. */
static void seal_and_send(struct out *o, struct esp_sa *sa, const struct esp_path *path,
			  uint8_t *packet, const struct flow *f, size_t len)
{
	uint8_t next = f->family == IP_V6 ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4;
	size_t long_len = len, sealed;
	uint64_t sequence;
	uint8_t *room;

	if (sa->tfc)
		packet = pad_for_secrecy(o, sa, path, packet, &long_len);
	sealed = esp_sealed_len(&sa->codec, long_len);
	room = room_for(o, sa, sealed);
	/* Not before: to make room the SA may have been given up, and used by others. */
	sequence = count_get(&sa->sequence);
	/* RFC 4303 3.3.3: a sequence number never comes round again. */
	if (sequence == sa->sequence_max) {
		end_sa(o, sa, path);
		return;
	}
	sequence++;
	atomic_store_explicit(&sa->sequence, sequence, memory_order_relaxed);
	if (!room || esp_seal(&sa->codec, sequence, next, packet, long_len, room)) {
		count_add(&sa->counts.other_drops, 1);
		return;
	}
	burst_add(&o->burst, path, outer_tos(sa, f), sealed);
	switch (sa_account(sa, len, o->now)) {
	case SA_LIVES:
		break;
	case SA_SOFT:
		tell_expiry(o, sa, path, false);
		break;
	case SA_HARD:
		end_sa(o, sa, path);
		break;
	}
}

/*
 * Options of the first fragment that later ones do
 * not repeat become no-operations (RFC 791 3.1).
 */
static void blank_uncopied_options(uint8_t *header, size_t len)
{
	size_t at = V4_HEADER;

	while (at < len && header[at] != 0) {
		size_t size = header[at] == 1 || at + 1 >= len ? 1 : header[at + 1];

		if (size == 0 || at + size > len)
			return;
		if (!(header[at] & 0x80))
			memset(header + at, 1, size);
		at += size;
	}
}

/* Write the fragment of `take` octets from `offset` on, which are octets of the payload. */
static void build_fragment(uint8_t *out, const uint8_t *packet, const struct flow *f,
			   size_t offset, size_t take)
{
	size_t payload = f->total_len - f->header_len;
	size_t field = (size_t)((packet[6] & 0x1f) << 8 | packet[7]) + offset / 8;
	bool more = offset + take < payload || packet[6] & V4_MF;

	memcpy(out, packet, f->header_len);
	memcpy(out + f->header_len, packet + f->header_len + offset, take);
	if (offset)
		blank_uncopied_options(out, f->header_len);
	put16(out + 2, f->header_len + take);
	put16(out + 6, field | (more ? V4_MF << 8 : 0));
	put16(out + 10, 0);
	put16(out + 10, checksum_fold(checksum_add(0, view_of(out, f->header_len))));
}

/*
 * RFC 4301 8.2.1, appendix D: fragment before
 * sealing, so that the far end reassembles nothing.
 */
static void send_fragments(struct out *o, struct esp_sa *sa, const struct esp_path *path,
			   const uint8_t *packet, const struct flow *f, uint32_t mtu)
{
	size_t payload = f->total_len - f->header_len;
	size_t each = mtu > f->header_len ? (mtu - f->header_len) / 8 * 8 : 0;

	if (!each || f->header_len + each > OUT_PACKET_MAX) {
		count_add(&o->counts.too_big, 1);
		return;
	}
	for (size_t offset = 0; offset < payload && !sa->dead; offset += each) {
		size_t take = payload - offset < each ? payload - offset : each;

		build_fragment(o->fragment, packet, f, offset, take);
		seal_and_send(o, sa, path, o->fragment, f, f->header_len + take);
	}
}

/*
 * The kernel learns path MTUs from ICMP, and forgets them, by itself; asking it
 * once a second follows both. In between it fragments what is too long, since
 * the sockets want path MTU discovery but do not insist on it.
 */
static void ask_mtu(struct out *o, struct esp_sa *sa, const struct esp_path *path)
{
	uint32_t mtu;

	if (sa->mtu_asked && o->now - sa->mtu_asked < MTU_ASK_INTERVAL)
		return;
	sa->mtu_asked = o->now ? o->now : 1;
	mtu = o->world.path_mtu(o->world.ctx, path);
	if (sa->mtu_cap && (!mtu || mtu > sa->mtu_cap))
		mtu = sa->mtu_cap;
	if ((!mtu || mtu > ESP_NARROW) &&
	    atomic_load_explicit(&sa->narrow_until, memory_order_relaxed) > o->now)
		mtu = ESP_NARROW;
	if (mtu)
		atomic_store_explicit(&sa->path_mtu, mtu, memory_order_relaxed);
}

/* Of what the path carries when it is as it seems: whether it gets there. */
static void watch_for_stall(struct out *o, struct esp_sa *sa, const struct esp_path *path,
			    const uint8_t *packet, const struct flow *f, size_t len)
{
	struct notice n = {
		.kind = NOTICE_STALLED,
		.sa = {.dir = SA_OUT, .spi = sa->spi, .remote = path->remote, .at = o->now}};

	if (len + path->overhead > STALL_LEAST && stall_seen(&sa->stall, packet, f, o->now) &&
	    !notice_put(o->notices, &n, view_of(NULL, 0)))
		count_add(&o->counts.queue_full, 1);
}

/* The packet is longer than the path carries in one piece. */
static void send_too_big(struct out *o, struct esp_sa *sa, const struct esp_path *path,
			 uint8_t *packet, const struct flow *f, uint32_t mtu)
{
	/*
	 * Every IPv6 link carries 1,280 octets (RFC 8200
	 * 5): below that the outer packet is fragmented.
	 */
	if (f->family == IP_V6 && mtu < V6_MTU_MIN) {
		if (f->total_len <= V6_MTU_MIN) {
			seal_and_send(o, sa, path, packet, f, f->total_len);
			return;
		}
		mtu = V6_MTU_MIN;
	}
	if (f->dont_fragment) {
		count_add(&o->counts.too_big, 1);
		tell_sender(o, ICMP_TOO_BIG, packet, f, mtu);
		return;
	}
	send_fragments(o, sa, path, packet, f, mtu);
}

/* Whether the SA can carry anything now. */
static bool is_usable(struct out *o, struct esp_sa *sa, const struct esp_path *path)
{
	if (!sa->dead && rcu_dereference(path->port))
		return true;
	count_add(&o->counts.no_sa, 1);
	if (sa->dead)
		tell_expiry(o, sa, path, true);
	return false;
}

static void protect(struct out *o, struct esp_sa *sa, uint8_t *packet, const struct flow *f)
{
	const struct esp_path *path = rcu_dereference(sa->path);
	uint32_t mtu;

	claim(o, sa);
	if (!is_usable(o, sa, path))
		return;
	ask_mtu(o, sa, path);
	mtu = sa_inner_mtu(sa, path);
	if (o->clamp_mss)
		inner_clamp_mss(packet, f, mtu);
	if (f->total_len > mtu) {
		send_too_big(o, sa, path, packet, f, mtu);
		return;
	}
	watch_for_stall(o, sa, path, packet, f, f->total_len);
	seal_and_send(o, sa, path, packet, f, f->total_len);
}

/* ---- policy ---- */

/* True when the packet must wait. */
static bool carry(struct out *o, struct spd_entry *e, uint8_t *packet, const struct flow *f)
{
	struct esp_sa *sa;

	switch ((enum policy_kind)e->kind) {
	case POLICY_PROTECT:
		sa = lane_outbound(e->lane, f);
		if (!sa) {
			/* None of the tunnel's SAs is for it, as the peer took but a part. */
			acquire(o, e, f);
			return true;
		}
		protect(o, sa, packet, f);
		return false;
	case POLICY_TRAP:
		acquire(o, e, f);
		return true;
	case POLICY_HOLD:
		return true;
	case POLICY_PASS:
		o->world.pass(o->world.ctx, f, view_of(packet, f->total_len));
		return false;
	case POLICY_REJECT:
		count_add(&o->counts.rejected, 1);
		tell_sender(o, ICMP_PROHIBITED, packet, f, 0);
		return false;
	case POLICY_DROP:
		break;
	}
	count_add(&o->counts.dropped_by_policy, 1);
	return false;
}

static bool is_icmp(const struct flow *f)
{
	return f->proto == 1 || f->proto == 58;
}

/*
 * What passes does so both ways. A packet on its way in, which the firewall has
 * looked at, comes by here when its destination is steered for another policy.
 */
static bool passes_the_other_way(const struct out *o, const struct spd_entry *e,
				 const struct flow *f)
{
	const struct spd_entry *other;
	struct flow back = *f;

	back.src = f->dst;
	back.dst = f->src;
	if (!is_icmp(f)) {
		back.src_port = f->dst_port;
		back.dst_port = f->src_port;
	}
	other = spd_lookup(o->spd, &back);
	return other && other->kind == POLICY_PASS && (!e || other->priority < e->priority);
}

static bool is_stopped(const struct spd_entry *e)
{
	return !e || e->kind == POLICY_DROP || e->kind == POLICY_REJECT;
}

/*
 * Whether its ports or its protocol, which nobody knows, could make another policy that of a later fragment
 * (RFC 4301 7.4): what is left of it must not go in clear when the first one was sealed.
 */
static bool is_undecided(const struct out *o, const struct spd_entry *e, const struct flow *f)
{
	return inner_hides_protocol(f) ||
	       (f->later_fragment && !f->has_ports && spd_lookup_any_port(o->spd, f) != e);
}

/* A whole packet and its policy. */
static void obey(struct out *o, struct spd_entry *e, uint8_t *packet, const struct flow *f)
{
	if (is_undecided(o, e, f)) {
		count_add(&o->counts.no_policy, 1);
		return;
	}
	if (is_stopped(e) && passes_the_other_way(o, e, f)) {
		o->world.pass(o->world.ctx, f, view_of(packet, f->total_len));
	} else if (!e) {
		/*
		 * RFC 4301 5.1: no entry means discard. The
		 * sender is told, as a person may wonder.
		 */
		count_add(&o->counts.no_policy, 1);
		tell_sender(o, ICMP_PROHIBITED, packet, f, 0);
	} else if (carry(o, e, packet, f)) {
		if (!held_put(&o->held, e->id, view_of(packet, f->total_len), o->now))
			count_add(&o->counts.too_big, 1);
	}
}

/* ---- many in one ---- */

/* The SA that carries all segments as they are, or NULL: each must go its own way. */
static struct esp_sa *sa_for_all(struct out *o, const struct spd_entry *e,
				 const struct segments *s, const uint8_t *packet,
				 const struct flow *f)
{
	struct esp_sa *sa = e && e->kind == POLICY_PROTECT ? lane_outbound(e->lane, f) : NULL;
	const struct esp_path *path;

	if (!sa)
		return NULL;
	claim(o, sa);
	path = rcu_dereference(sa->path);
	if (sa->dead || !rcu_dereference(path->port))
		return NULL;
	ask_mtu(o, sa, path);
	if (segments_longest(s) > sa_inner_mtu(sa, path))
		return NULL;
	watch_for_stall(o, sa, path, packet, f, segments_longest(s));
	return sa;
}

static void carry_segments(struct out *o, struct spd_entry *e, struct segments *s,
			   uint8_t *packet, struct flow *f)
{
	struct esp_sa *sa = sa_for_all(o, e, s, packet, f);
	const struct esp_path *path = sa ? rcu_dereference(sa->path) : NULL;

	while (segments_next(s, &packet, &f->total_len))
		if (sa && !sa->dead)
			seal_and_send(o, sa, path, packet, f, f->total_len);
		else
			obey(o, e, packet, f);
}

void out_packet(struct out *o, const struct offload *said, uint8_t *packet, size_t len)
{
	bool many = said->kind != OFFLOAD_NONE;
	struct segments s;
	struct flow f;

	if (inner_parse(view_of(packet, len), &f) != INNER_OK ||
	    (many && !segments_begin(&s, said, packet, &f)) ||
	    (!many && !offload_complete(said, packet, &f))) {
		count_add(&o->counts.malformed, 1);
		return;
	}
	fragments_follow(&o->fragments, 0, &f, o->now);
	if (many)
		carry_segments(o, spd_lookup(o->spd, &f), &s, packet, &f);
	else
		obey(o, spd_lookup(o->spd, &f), packet, &f);
}

static void retry_one(struct out *o, size_t place)
{
	size_t len = held_look(&o->held, place, o->now, o->waking);
	struct spd_entry *e = NULL;
	struct flow f;

	if (!len)
		return;
	if (inner_parse(view_of(o->waking, len), &f) == INNER_OK) {
		fragments_follow(&o->fragments, 0, &f, o->now);
		e = spd_lookup(o->spd, &f);
		if (e && is_undecided(o, e, &f))
			e = NULL;
	}
	if (!e)
		count_add(&o->counts.no_policy, 1);
	if (e && carry(o, e, o->waking, &f))
		held_stays(&o->held, place, e->id);
	else
		held_leaves(&o->held, place);
}

void out_retry(struct out *o)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		retry_one(o, i);
}
