/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the kernel, from the core's records. */
#include "plane/xfrm/message.h"

#include "plane/plane.h"
#include "plane/xfrm/algorithms.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define UDP_ENCAP_ESPINUDP 2
#define DIR_IN 1
#define DIR_OUT 2
#define POLICY_CPU_ACQUIRE 4 /* XFRM_POLICY_CPU_ACQUIRE, a flag of policies (Linux 6.13) */

#define OURS_FIRST UINT32_C(0x40000000)
#define OURS_LAST UINT32_C(0x5fffffff)
#define REPLAY_WORDS_MAX 128 /* of 32 packets each: the kernel's own limit */
#define REPLAY_PLAIN_MAX 32  /* packets that the window of a state without ESN can have */

xfrm_address_t xfrm_address(const struct ip_addr *a)
{
	struct view v = ip_view(a);
	xfrm_address_t x = {0};

	if (v.len)
		memcpy(&x, v.ptr, v.len);
	return x;
}

struct ip_addr xfrm_ip(const xfrm_address_t *a, uint16_t family)
{
	return ip_from_view(view_of(a, family == AF_INET ? 4 : 16));
}

uint8_t xfrm_proto(uint8_t protocol)
{
	return protocol == PROTO_AH       ? IPPROTO_AH
	       : protocol == PROTO_IPCOMP ? IPPROTO_COMP
					  : IPPROTO_ESP;
}

bool xfrm_is_ours(uint32_t number)
{
	return number >= OURS_FIRST && number <= OURS_LAST;
}

static uint32_t seq_of(uint32_t number)
{
	return OURS_FIRST | (number & (OURS_LAST - OURS_FIRST));
}

/* The kernel wants the direction in the three lowest bits. */
uint32_t message_index_of(uint32_t number, uint8_t dir)
{
	return seq_of(number << 3 | dir);
}

uint32_t message_number_of(uint32_t index)
{
	return (index & (OURS_LAST - OURS_FIRST)) >> 3;
}

static uint8_t xfrm_mode(uint8_t mode)
{
	static const uint8_t modes[] = {
		[MODE_TUNNEL] = XFRM_MODE_TUNNEL,
		[MODE_TRANSPORT] = XFRM_MODE_TRANSPORT,
		[MODE_BEET] = XFRM_MODE_BEET,
	};

	return modes[mode];
}

/* ---- SAs ---- */

static const struct ip_addr *source_of(const struct plane_sa *sa)
{
	return sa->dir == SA_OUT ? &sa->local.addr : &sa->remote.addr;
}

static const struct ip_addr *destination_of(const struct plane_sa *sa)
{
	return sa->dir == SA_OUT ? &sa->remote.addr : &sa->local.addr;
}

static uint64_t limit(uint64_t count)
{
	return count ? count : XFRM_INF;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The kernel drops packets for which there is no number, and tells nobody. */
static void limit_by_numbers(struct xfrm_lifetime_cfg *l, const struct plane_sa *sa)
{
	uint64_t used = sa->first_sequence;

	if (sa->dir != SA_OUT || sa->suite.esn || used >= PLANE_SEQUENCE_SOFT_32)
		return;
	l->soft_packet_limit = lower(l->soft_packet_limit, PLANE_SEQUENCE_SOFT_32 - used);
	l->hard_packet_limit = lower(l->hard_packet_limit, UINT32_MAX - used);
}

static void put_limits(struct xfrm_lifetime_cfg *l, const struct plane_sa *sa)
{
	l->soft_byte_limit = limit(sa->soft_bytes);
	l->hard_byte_limit = limit(sa->hard_bytes);
	l->soft_packet_limit = limit(sa->soft_packets);
	l->hard_packet_limit = limit(sa->hard_packets);
}

/* What of a state's flags belongs to headers of tunnels. */
static uint8_t tunnel_flags(const struct plane_sa *sa)
{
	/* Inside a tunnel may be packets of either family. */
	uint8_t flags = XFRM_STATE_AF_UNSPEC;

	/* A kernel with directions refuses what is of no use in one. */
	if (sa->no_pmtu_discovery && sa->dir == SA_OUT)
		flags |= XFRM_STATE_NOPMTUDISC;
	if (sa->decap_dscp && sa->dir == SA_IN)
		flags |= XFRM_STATE_DECAP_DSCP;
	return flags;
}

/*
 * BEET mode: inside are one address of each end and none in the packet, so that the state has them:
 * in the order in which packets of its direction show them.
 */
static void put_inside(struct xfrm_selector *s, const struct plane_sa *sa)
{
	const struct ts_set *from = sa->dir == SA_OUT ? &sa->ts_local : &sa->ts_remote;
	const struct ts_set *to = sa->dir == SA_OUT ? &sa->ts_remote : &sa->ts_local;

	if (sa->mode != MODE_BEET || !from->len || !to->len)
		return;
	s->saddr = xfrm_address(&from->items[0].range.first);
	s->daddr = xfrm_address(&to->items[0].range.first);
	s->family = netlink_family(from->items[0].range.first.family);
	s->prefixlen_s = ip_bits(&from->items[0].range.first);
	s->prefixlen_d = ip_bits(&to->items[0].range.first);
}

/* The smallest network that holds all of a set; false when that is of two families, or empty. */
static bool cover(const struct ts_set *set, struct ip_prefix *ret)
{
	const struct ip_addr *first = set->len ? &set->items[0].range.first : NULL;
	struct ip_prefix net;

	if (!first)
		return false;
	net = prefix_of(first, ip_bits(first));
	for (size_t i = 0; i < set->len; i++) {
		const struct ip_range *r = &set->items[i].range;

		if (r->first.family != first->family)
			return false;
		while (!prefix_contains(&net, &r->first) || !prefix_contains(&net, &r->last))
			net = prefix_of(first, net.bits - 1u);
	}
	*ret = net;
	return true;
}

/*
 * Several SAs of a reqid may be for parts of its policies: the kernel takes the newest one whose
 * selector has the packet, and asks for one when there is none. It has room for one pair of networks,
 * so that an SA for several pairs may be taken for more than these.
 */
static void put_part(struct xfrm_selector *s, const struct plane_sa *sa)
{
	struct ip_prefix local, remote;

	if (!sa->part || sa->dir != SA_OUT || sa->mode != MODE_TUNNEL || sa->cpi ||
	    !cover(&sa->ts_local, &local) || !cover(&sa->ts_remote, &remote) ||
	    local.addr.family != remote.addr.family)
		return;
	s->saddr = xfrm_address(&local.addr);
	s->daddr = xfrm_address(&remote.addr);
	s->family = netlink_family(local.addr.family);
	s->prefixlen_s = local.bits;
	s->prefixlen_d = remote.bits;
}

static void put_direction(struct nlmsghdr *m, uint8_t dir, const struct xfrm_kernel *kernel)
{
	if (kernel->directions)
		mnl_attr_put_u8(m, ATTR_SA_DIR, dir == SA_OUT ? DIR_OUT : DIR_IN);
}

/* What comes in is found by its SPI, on whichever processor: to bind it would help nobody. */
static void put_processor(struct nlmsghdr *m, const struct plane_sa *sa)
{
	if (sa->processor && sa->dir == SA_OUT)
		mnl_attr_put_u32(m, ATTR_SA_PCPU, sa->processor - 1);
}

uint32_t message_processor_of(const struct nlmsghdr *m, size_t len)
{
	const struct nlattr *at[ATTR_SA_PCPU + 1];

	netlink_attrs(m, len, at, ATTR_SA_PCPU);
	return at[ATTR_SA_PCPU] ? netlink_u32(at[ATTR_SA_PCPU]) + 1 : 0;
}

int message_direction_of(const struct nlmsghdr *m)
{
	const struct nlattr *at[ATTR_SA_DIR + 1];

	netlink_attrs(m, sizeof(struct xfrm_usersa_info), at, ATTR_SA_DIR);
	if (!at[ATTR_SA_DIR] || mnl_attr_get_payload_len(at[ATTR_SA_DIR]) < 1)
		return -1;
	switch (mnl_attr_get_u8(at[ATTR_SA_DIR])) {
	case DIR_IN:
		return SA_IN;
	case DIR_OUT:
		return SA_OUT;
	default:
		return -1;
	}
}

/* What states of all protocols have in common. */
static void put_info(struct xfrm_usersa_info *info, const struct plane_sa *sa, uint8_t mode)
{
	info->saddr = xfrm_address(source_of(sa));
	info->id.daddr = xfrm_address(destination_of(sa));
	info->family = netlink_family(sa->local.addr.family);
	info->mode = xfrm_mode(mode);
	info->reqid = sa->reqid;
	info->flags = mode == MODE_TUNNEL ? tunnel_flags(sa) : 0;
	put_inside(&info->sel, sa);
	put_part(&info->sel, sa);
}

static void put_mark(struct nlmsghdr *m, const struct packet_mark *mark)
{
	struct xfrm_mark x = {mark->value, mark->mask};

	if (mark->mask)
		mnl_attr_put(m, XFRMA_MARK, sizeof(x), &x);
}

static struct packet_mark mark_of(const struct nlattr *a)
{
	struct xfrm_mark x = {0};

	if (a && mnl_attr_get_payload_len(a) >= sizeof(x))
		memcpy(&x, mnl_attr_get_payload(a), sizeof(x));
	return (struct packet_mark){x.v, x.m};
}

struct packet_scope message_scope_of(const struct nlmsghdr *m, size_t len)
{
	const struct nlattr *at[XFRMA_IF_ID + 1];

	netlink_attrs(m, len, at, XFRMA_IF_ID);
	return (struct packet_scope){
		.mark = mark_of(at[XFRMA_MARK]),
		.if_id = netlink_u32(at[XFRMA_IF_ID]),
	};
}

void message_put_scope(struct nlmsghdr *m, const struct packet_scope *s)
{
	put_mark(m, &s->mark);
	if (s->if_id)
		mnl_attr_put_u32(m, XFRMA_IF_ID, s->if_id);
}

/* And what becomes of the mark of those that it has carried. */
static void put_state_scope(struct nlmsghdr *m, const struct packet_scope *s)
{
	message_put_scope(m, s);
	if (!s->set.mask)
		return;
	mnl_attr_put_u32(m, XFRMA_SET_MARK, s->set.value);
	mnl_attr_put_u32(m, XFRMA_SET_MARK_MASK, s->set.mask);
}

static void put_protection(struct xfrm_usersa_info *info, const struct plane_sa *sa)
{
	info->id.spi = htonl(sa->spi);
	info->id.proto = xfrm_proto(sa->protocol);
	if (sa->suite.esn)
		info->flags |= XFRM_STATE_ESN;
	/* RFC 4302 3.3.3.2.1: AH's check value ends at 32 bits in IPv4, which the kernel does if told. */
	if (sa->protocol == PROTO_AH && sa->local.addr.family == IP_V4)
		info->flags |= XFRM_STATE_ALIGN4;
	put_limits(&info->lft, sa);
	limit_by_numbers(&info->lft, sa);
}

/* A packet is put into its tunnel before it is compressed: what protects it then has no tunnel. */
static uint8_t protecting_mode(uint8_t mode, bool compress)
{
	return compress && mode == MODE_TUNNEL ? MODE_TRANSPORT : mode;
}

static void put_outer(struct nlmsghdr *m, const struct plane_sa *sa)
{
	if (sa->plain_dscp && sa->dir == SA_OUT)
		mnl_attr_put_u32(m, XFRMA_SA_EXTRA_FLAGS, XFRM_SA_XFLAG_DONT_ENCAP_DSCP);
}

struct nlmsghdr *message_new_ipcomp(struct netlink_request *storage, const struct plane_sa *sa,
				    uint32_t number, const struct xfrm_kernel *kernel)
{
	struct nlmsghdr *m = netlink_begin(storage, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL);
	struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	static const struct plane_sa unlimited = {0};
	struct xfrm_algo deflate = {.alg_name = "deflate"};

	put_info(info, sa, sa->mode);
	put_limits(&info->lft, &unlimited);
	info->id.spi = htonl(sa->cpi);
	info->id.proto = IPPROTO_COMP;
	info->seq = seq_of(number);
	mnl_attr_put(m, XFRMA_ALG_COMP, sizeof(deflate), &deflate);
	put_state_scope(m, &sa->scope);
	if (sa->mode == MODE_TUNNEL)
		put_outer(m, sa);
	put_direction(m, sa->dir, kernel);
	put_processor(m, sa);
	return m;
}

/*
 * Where the numbers begin, and the window (RFC 4303 2.2.1, 3.4.3). Kernels without directions insist
 * on a window with extended numbers in either one, those with them on none in an outbound state.
 */
static enum cyg_err put_replay(struct nlmsghdr *m, const struct plane_sa *sa,
			       const struct xfrm_kernel *kernel)
{
	uint32_t window = sa->dir == SA_IN ? sa->replay_window : 0;
	bool has_words = sa->dir == SA_IN || !kernel->directions;
	uint32_t words = window ? (window + 31) / 32 : has_words;
	struct xfrm_replay_state_esn *r;
	_Alignas(uint64_t) uint8_t octets[sizeof(*r) + 4 * REPLAY_WORDS_MAX] = {0};
	uint32_t low = (uint32_t)sa->first_sequence,
		 high = (uint32_t)(sa->first_sequence >> 32);

	if (words > REPLAY_WORDS_MAX)
		return CYG_RANGE;
	r = (struct xfrm_replay_state_esn *)octets;
	r->bmp_len = words;
	r->replay_window = window ? window : sa->suite.esn && has_words ? 32 : 0;
	if (sa->dir == SA_OUT) {
		r->oseq = low;
		r->oseq_hi = high;
	} else {
		r->seq = low;
		r->seq_hi = high;
	}
	mnl_attr_put(m, XFRMA_REPLAY_ESN_VAL, sizeof(*r) + 4 * words, octets);
	return CYG_OK;
}

void message_put_encap(struct nlmsghdr *m, uint8_t dir, const struct endpoint *local,
		       const struct endpoint *remote)
{
	struct xfrm_encap_tmpl e = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(dir == SA_OUT ? local->port : remote->port),
		.encap_dport = htons(dir == SA_OUT ? remote->port : local->port),
	};

	mnl_attr_put(m, XFRMA_ENCAP, sizeof(e), &e);
}

static void put_device(struct nlmsghdr *m, const struct plane_sa *sa)
{
	struct xfrm_user_offload o = {
		.ifindex = (int)sa->device,
		.flags = (sa->dir == SA_IN ? XFRM_OFFLOAD_INBOUND : 0) |
			 (sa->local.addr.family == IP_V6 ? XFRM_OFFLOAD_IPV6 : 0) |
			 (sa->offload == OFFLOAD_PACKETS ? OFFLOAD_WHOLE_PACKETS : 0),
	};

	if (sa->device)
		mnl_attr_put(m, XFRMA_OFFLOAD_DEV, sizeof(o), &o);
}

enum cyg_err message_new_sa(struct netlink_request *storage, const struct plane_sa *sa,
			    uint32_t number, const struct xfrm_kernel *kernel,
			    struct nlmsghdr **ret, struct diag *why)
{
	struct nlmsghdr *m = netlink_begin(storage, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL);
	struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	enum cyg_err err;

	put_info(info, sa, protecting_mode(sa->mode, sa->cpi));
	put_protection(info, sa);
	info->seq = seq_of(number);
	err = algorithms_put(m, sa, why);
	if (err)
		return err;
	/* A state without ESN and with a small window has it in its own record. */
	if (!sa->suite.esn && !sa->first_sequence &&
	    (sa->dir == SA_OUT || sa->replay_window <= REPLAY_PLAIN_MAX))
		info->replay_window = sa->dir == SA_OUT ? 0 : (uint8_t)sa->replay_window;
	else
		err = put_replay(m, sa, kernel);
	if (err) {
		diag_set(why, "replay-window", NULL, "the kernel has no such replay window");
		diag_wanted(why, "%u packets at most", 32 * REPLAY_WORDS_MAX);
		diag_got(why, "replay-window=%u", sa->replay_window);
		return err;
	}
	if (sa->encap)
		message_put_encap(m, sa->dir, &sa->local, &sa->remote);
	/* The kernel takes the path's MTU where the number is greater. */
	if (sa->tfc && sa->dir == SA_OUT)
		mnl_attr_put_u32(m, XFRMA_TFCPAD, sa->tfc);
	if (!sa->cpi)
		put_outer(m, sa);
	put_state_scope(m, &sa->scope);
	put_device(m, sa);
	put_direction(m, sa->dir, kernel);
	put_processor(m, sa);
	*ret = m;
	return CYG_OK;
}

struct nlmsghdr *message_sa_id(struct netlink_request *storage, uint16_t type,
			       const struct xfrm_state_id *id)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct xfrm_usersa_id *record = mnl_nlmsg_put_extra_header(m, sizeof(*record));

	record->daddr = xfrm_address(id->destination);
	record->spi = htonl(id->spi);
	record->family = netlink_family(id->destination->family);
	record->proto = xfrm_proto(id->protocol);
	put_mark(m, &id->mark);
	return m;
}

/* ---- policies ---- */

/*
 * The selector as packets of a direction show it: what goes out has our end as its source.
 * The kernel compares its gaps, too, so it is filled in where all is zero.
 */
static void put_selector(struct xfrm_selector *s, const struct xfrm_pair *p, uint8_t dir)
{
	bool out = dir == XFRM_POLICY_OUT;
	const struct ip_prefix *source = out ? &p->local : &p->remote;
	const struct ip_prefix *destination = out ? &p->remote : &p->local;

	s->saddr = xfrm_address(&source->addr);
	s->daddr = xfrm_address(&destination->addr);
	s->prefixlen_s = source->bits;
	s->prefixlen_d = destination->bits;
	s->sport = htons(out ? p->local_port : p->remote_port);
	s->sport_mask = htons(out ? p->local_mask : p->remote_mask);
	s->dport = htons(out ? p->remote_port : p->local_port);
	s->dport_mask = htons(out ? p->remote_mask : p->local_mask);
	s->family = netlink_family(source->addr.family);
	s->proto = p->proto;
}

static bool is_protected(const struct xfrm_rule *r)
{
	return r->kind == POLICY_PROTECT || r->kind == POLICY_TRAP || r->kind == POLICY_HOLD;
}

/* How packets are to be transformed, or must have been: first what is innermost. */
static void put_templates(struct nlmsghdr *m, uint8_t dir, const struct xfrm_rule *r)
{
	bool out = dir == XFRM_POLICY_OUT;
	const struct ip_addr *source = out ? &r->local : &r->remote;
	const struct ip_addr *destination = out ? &r->remote : &r->local;
	struct xfrm_user_tmpl t = {
		.id = {.daddr = xfrm_address(destination), .proto = xfrm_proto(r->protocol)},
		.family = netlink_family(source->family),
		.saddr = xfrm_address(source),
		.reqid = r->reqid,
		.mode = xfrm_mode(protecting_mode(r->mode, r->compress)),
		.aalgos = ~0u,
		.ealgos = ~0u,
		.calgos = ~0u,
	};
	struct xfrm_user_tmpl both[2] = {t, t};

	if (!r->compress) {
		mnl_attr_put(m, XFRMA_TMPL, sizeof(t), &t);
		return;
	}
	both[0].id.proto = IPPROTO_COMP;
	both[0].mode = xfrm_mode(r->mode);
	/* RFC 3173 2.2: what would not shrink comes as it is. */
	both[0].optional = !out;
	mnl_attr_put(m, XFRMA_TMPL, sizeof(both), both);
}

/*
 * A trap for peers that only the packets tell (a group's network, a road warrior) has no tunnel's
 * ends. In transport mode the kernel takes those of the packet, finds no state, and asks for one.
 */
static void put_asking_template(struct nlmsghdr *m, const struct xfrm_pair *pair,
				const struct xfrm_rule *r)
{
	const struct xfrm_user_tmpl t = {
		.id.proto = xfrm_proto(r->protocol),
		.family = netlink_family(pair->remote.addr.family),
		.reqid = r->reqid,
		.mode = XFRM_MODE_TRANSPORT,
		.aalgos = ~0u,
		.ealgos = ~0u,
		.calgos = ~0u,
	};

	mnl_attr_put(m, XFRMA_TMPL, sizeof(t), &t);
}

/* A device that is given whole packets looks for their policy by itself; none forwards. */
static void put_policy_device(struct nlmsghdr *m, uint8_t dir, uint32_t device)
{
	struct xfrm_user_offload o = {.ifindex = (int)device, .flags = OFFLOAD_WHOLE_PACKETS};

	if (device && dir != XFRM_POLICY_FWD)
		mnl_attr_put(m, XFRMA_OFFLOAD_DEV, sizeof(o), &o);
}

struct nlmsghdr *message_new_policy(struct netlink_request *storage, uint8_t dir,
				    const struct xfrm_pair *pair, const struct xfrm_rule *rule,
				    uint32_t index)
{
	static const struct xfrm_lifetime_cfg unlimited = {
		XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0,
	};
	bool open = rule->kind == POLICY_PASS || (rule->clear_in && dir != XFRM_POLICY_OUT);
	bool knows_ends = ip_is_set(&rule->local) && ip_is_set(&rule->remote);
	bool has_template = !open && is_protected(rule) && knows_ends;
	bool asks = !open && !knows_ends && rule->kind == POLICY_TRAP && dir == XFRM_POLICY_OUT;
	struct nlmsghdr *m = netlink_begin(storage, XFRM_MSG_NEWPOLICY, 0);
	struct xfrm_userpolicy_info *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	put_selector(&info->sel, pair, dir);
	info->lft = unlimited;
	info->priority = rule->priority;
	info->dir = dir;
	info->index = index;
	info->action = has_template || asks || open ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
	info->share = XFRM_SHARE_ANY;
	if (has_template) {
		info->flags = rule->spread && dir == XFRM_POLICY_OUT ? POLICY_CPU_ACQUIRE : 0;
		put_templates(m, dir, rule);
		put_policy_device(m, dir, rule->device);
	} else if (asks) {
		put_asking_template(m, pair, rule);
	}
	message_put_scope(m, &rule->scope[message_side(dir)]);
	return m;
}

enum sa_dir message_side(uint8_t dir)
{
	return dir == XFRM_POLICY_OUT ? SA_OUT : SA_IN;
}

struct nlmsghdr *message_policy_id(struct netlink_request *storage, uint16_t type, uint8_t dir,
				   const struct xfrm_pair *pair,
				   const struct packet_scope *scope)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);
	struct xfrm_userpolicy_id *id = mnl_nlmsg_put_extra_header(m, sizeof(*id));

	put_selector(&id->sel, pair, dir);
	id->dir = dir;
	message_put_scope(m, scope);
	return m;
}

struct nlmsghdr *message_remove_policy(struct netlink_request *storage, uint8_t dir,
				       uint32_t index, const struct packet_scope *scope)
{
	struct nlmsghdr *m = netlink_begin(storage, XFRM_MSG_DELPOLICY, 0);
	struct xfrm_userpolicy_id *id = mnl_nlmsg_put_extra_header(m, sizeof(*id));

	id->index = index;
	id->dir = dir;
	message_put_scope(m, scope);
	return m;
}

bool message_pair_of(const struct xfrm_selector *s, uint8_t dir, struct xfrm_pair *ret)
{
	bool out = dir == XFRM_POLICY_OUT;
	struct ip_addr source = xfrm_ip(&s->saddr, s->family);
	struct ip_addr destination = xfrm_ip(&s->daddr, s->family);
	struct xfrm_pair p;

	if (s->prefixlen_s > ip_bits(&source) || s->prefixlen_d > ip_bits(&destination))
		return false;
	memset(&p, 0, sizeof(p)); /* it is a key: its gaps count */
	p.local = out ? prefix_of(&source, s->prefixlen_s)
		      : prefix_of(&destination, s->prefixlen_d);
	p.remote = out ? prefix_of(&destination, s->prefixlen_d)
		       : prefix_of(&source, s->prefixlen_s);
	p.local_port = ntohs(out ? s->sport : s->dport);
	p.local_mask = ntohs(out ? s->sport_mask : s->dport_mask);
	p.remote_port = ntohs(out ? s->dport : s->sport);
	p.remote_mask = ntohs(out ? s->dport_mask : s->sport_mask);
	p.proto = s->proto;
	memcpy(ret, &p, sizeof(p));
	return true;
}

static struct ts flow_end(const xfrm_address_t *a, const struct xfrm_selector *s, uint16_t port,
			  uint16_t mask)
{
	struct ip_addr addr = xfrm_ip(a, s->family);

	return (struct ts){
		.range = {addr, addr},
		.proto = s->proto,
		.port_first = mask ? ntohs(port) : 0,
		.port_last = mask ? ntohs(port) : UINT16_MAX,
	};
}

void message_flow_of(const struct xfrm_selector *s, struct ts *ret_local, struct ts *ret_remote)
{
	*ret_local = flow_end(&s->saddr, s, s->sport, s->sport_mask);
	*ret_remote = flow_end(&s->daddr, s, s->dport, s->dport_mask);
}
