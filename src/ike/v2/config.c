/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/config.h"

#include "conn/internal.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/tell.h"
#include "policy/pool.h"
#include "wire/cp.h"

#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 64
#define V6_VALUE_LEN 17 /* an address and the length of its prefix */

/* A configuration payload on its way out, with the octets that its attributes show. */
struct draft {
	struct cp_attribute items[ATTRIBUTES_MAX];
	size_t len;
	uint8_t octets[ATTRIBUTES_MAX][V6_VALUE_LEN];
};

static void add(struct draft *d, uint16_t type, struct view value)
{
	if (d->len < ATTRIBUTES_MAX)
		d->items[d->len++] = (struct cp_attribute){type, value};
}

/* An internal address; IP_NONE asks for any. */
static void add_address(struct draft *d, uint16_t type, const struct ip_addr *a)
{
	size_t len = ip_len(a);
	uint8_t *at = d->octets[d->len];

	if (d->len == ATTRIBUTES_MAX)
		return;
	memcpy(at, a->octets, len);
	if (a->family == IP_V6)
		at[len++] = 128;
	add(d, type, view_of(at, len));
}

static void build(const struct draft *d, uint8_t type, struct chain *c)
{
	chain_payload(c, PAYLOAD_CP);
	cp_build(c->b, type, d->items, d->len);
}

/*
 * The attributes of the message's configuration payload of this type (enum cp_type), for cp_next.
 * There is nothing to walk when it has none, or one of another type.
 */
static enum problem walk_config(const struct message *m, uint8_t type, struct reader *ret_walk,
				struct diag *why)
{
	const struct payload *p = message_find(m, PAYLOAD_CP);
	struct cp_payload cp;
	enum cyg_err err = p ? cp_parse(p, &cp, why) : CYG_OK;

	if (err)
		return problem_of(err, PROBLEM_SYNTAX);
	*ret_walk = p && cp.type == type ? cp_walk(&cp) : reader_of((struct view){0});
	return PROBLEM_NONE;
}

/* ---- initiator ---- */

/* What to wish for: what we had, or what is described. */
static struct ip_addr wish_of(const struct loaded *l, int slot)
{
	if (l->internal && ip_is_set(&l->internal->addr[slot]))
		return l->internal->addr[slot];
	return end_source(&l->connection->end[l->local], slot ? IP_V6 : IP_V4);
}

static uint8_t asks_of(const struct ike_sa *sa)
{
	return sa->loaded && sa->loaded->local >= 0
		       ? connection_asks(sa->version, sa->loaded->local)
		       : 0;
}

void config_build_request(const struct ike_sa *sa, struct chain *c)
{
	const struct ip_addr none = {0};
	uint8_t asks = asks_of(sa);
	struct draft d = {.len = 0};
	struct ip_addr wish;

	if (!asks)
		return;
	if (asks & ASK_V4) {
		wish = wish_of(sa->loaded, 0);
		add_address(&d, CP_INTERNAL_IP4_ADDRESS, &wish);
		add_address(&d, CP_INTERNAL_IP4_DNS, &none);
		add_address(&d, CP_INTERNAL_IP4_NBNS, &none);
	}
	if (asks & ASK_V6) {
		wish = wish_of(sa->loaded, 1);
		add_address(&d, CP_INTERNAL_IP6_ADDRESS, &wish);
		add_address(&d, CP_INTERNAL_IP6_DNS, &none);
	}
	add_address(&d, CP_INTERNAL_DNS_DOMAIN, &none);
	add_address(&d, CP_UNITY_BANNER, &none);
	build(&d, CP_REQUEST, c);
}

/* An address that a host can have for itself alone. */
static bool is_usable(const struct ip_addr *a)
{
	return ip_is_set(a) && !ip_is_any(a) && !ip_is_loopback(a) &&
	       (a->family == IP_V4 ? a->octets[0] < 224 : a->octets[0] != 0xff);
}

static void take_address(struct internal *got, const struct ip_addr *a)
{
	struct ip_addr *at = &got->addr[internal_slot(a->family)];

	/* RFC 7296 3.15.1: there may be several; the first is enough for us. */
	if (is_usable(a) && !ip_is_set(at))
		*at = *a;
}

static void take_server(struct ip_addr list[INTERNAL_SERVERS_MAX], uint8_t *len,
			const struct ip_addr *a)
{
	if (is_usable(a) && *len < INTERNAL_SERVERS_MAX)
		list[(*len)++] = *a;
}

static bool is_domain_octet(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static void take_domain(struct internal *got, struct view v)
{
	size_t used = strlen(got->domains);

	for (size_t i = 0; i < v.len; i++)
		if (!is_domain_octet(v.ptr[i]))
			return;
	if (!v.len || used + 1 + v.len >= sizeof(got->domains))
		return;
	if (used)
		got->domains[used++] = ' ';
	memcpy(got->domains + used, v.ptr, v.len);
}

static void take_banner(struct internal *got, struct view v)
{
	size_t len = 0;

	for (size_t i = 0; i < v.len && len + 1 < sizeof(got->banner); i++)
		got->banner[len++] = v.ptr[i] >= ' ' && v.ptr[i] <= '~' ? (char)v.ptr[i] : ' ';
	got->banner[len] = '\0';
}

static void take_attribute(struct internal *got, const struct cp_attribute *at)
{
	struct ip_addr a = ip_from_view(
		view_of(at->value.ptr, at->value.len == V6_VALUE_LEN ? 16 : at->value.len));

	switch (at->type) {
	case CP_INTERNAL_IP4_ADDRESS:
	case CP_INTERNAL_IP6_ADDRESS:
		take_address(got, &a);
		return;
	case CP_INTERNAL_IP4_DNS:
	case CP_INTERNAL_IP6_DNS:
		take_server(got->dns, &got->dns_len, &a);
		return;
	case CP_INTERNAL_IP4_NBNS:
		take_server(got->wins, &got->wins_len, &a);
		return;
	case CP_INTERNAL_DNS_DOMAIN:
		take_domain(got, at->value);
		return;
	case CP_UNITY_BANNER:
		take_banner(got, at->value);
		return;
	default:
		return; /* RFC 7296 3.15.1: what is not known is ignored */
	}
}

static enum problem read_reply(const struct message *m, struct internal *got, struct diag *why)
{
	struct reader walk;
	struct cp_attribute at;
	enum problem p = walk_config(m, CP_REPLY, &walk, why);

	while (p == PROBLEM_NONE && cp_next(&walk, &at))
		take_attribute(got, &at);
	return p;
}

static void explain_none(struct diag *why, uint8_t asks)
{
	diag_set(why, "no-address", "RFC 7296 2.19", "the peer gave us no internal address");
	diag_wanted(why, "an %s address for this end",
		    asks == ASK_V4   ? "IPv4"
		    : asks == ASK_V6 ? "IPv6"
				     : "IPv4 or IPv6");
	diag_got(why, "an answer without any");
	diag_hint(why,
		  "the peer needs a pool for us (addresspool=, or rightsourceip= there); or "
		  "write the address that we have as sourceip=");
}

enum problem config_take_reply(struct ike_sa *sa, const struct message *m, struct diag *why)
{
	uint8_t asks = asks_of(sa);
	struct internal got = {.dns_len = 0};
	enum problem p = asks ? read_reply(m, &got, why) : PROBLEM_NONE;

	if (p != PROBLEM_NONE || !asks)
		return p;
	if (!(asks & ASK_V4))
		got.addr[0] = (struct ip_addr){0};
	if (!(asks & ASK_V6))
		got.addr[1] = (struct ip_addr){0};
	if (!internal_has(got.addr)) {
		explain_none(why, asks);
		return PROBLEM_ADDRESS;
	}
	if (!sa->internal)
		sa->internal = malloc(sizeof(*sa->internal));
	if (!sa->internal)
		return PROBLEM_LOCAL;
	*sa->internal = got;
	explain_internal(sa);
	return PROBLEM_NONE;
}

/* ---- responder ---- */

/* What a peer asks for beside addresses, as bits of assigned.asked. */
#define ASKED_SUBNETS_V4 1u
#define ASKED_SUBNETS_V6 2u
#define ASKED_SUPPORTED 4u

struct request {
	bool families[2];
	struct ip_addr wish[2];
	uint8_t asked;
};

static void note_request(struct request *r, const struct cp_attribute *at)
{
	int slot = at->type == CP_INTERNAL_IP6_ADDRESS;
	struct ip_addr a = ip_from_view(
		view_of(at->value.ptr, at->value.len == V6_VALUE_LEN ? 16 : at->value.len));

	switch (at->type) {
	case CP_INTERNAL_IP4_ADDRESS:
	case CP_INTERNAL_IP6_ADDRESS:
		r->families[slot] = true;
		if (is_usable(&a) && internal_slot(a.family) == slot)
			r->wish[slot] = a;
		return;
	case CP_INTERNAL_IP4_SUBNET:
		r->asked |= ASKED_SUBNETS_V4;
		return;
	case CP_INTERNAL_IP6_SUBNET:
		r->asked |= ASKED_SUBNETS_V6;
		return;
	case CP_SUPPORTED_ATTRIBUTES:
		r->asked |= ASKED_SUPPORTED;
		return;
	default:
		return;
	}
}

static enum problem read_request(const struct message *m, struct request *ret, struct diag *why)
{
	struct reader walk;
	struct cp_attribute at;
	enum problem p = walk_config(m, CP_REQUEST, &walk, why);

	while (p == PROBLEM_NONE && cp_next(&walk, &at))
		note_request(ret, &at);
	return p;
}

bool config_is_asked(const struct message *m)
{
	struct request r = {.asked = 0};
	struct diag why;

	return read_request(m, &r, &why) == PROBLEM_NONE && (r.families[0] || r.families[1]);
}

static const struct end *peers_end(const struct ike_sa *sa)
{
	return &sa->version->end[!sa->loaded->local];
}

/* The described address of the peer's end, what it asks for if that is how it is described, or a lease. */
static enum cyg_err give(struct ike_sa *sa, const struct request *r, int slot, struct diag *why)
{
	const struct end *e = peers_end(sa);
	uint8_t family = slot ? IP_V6 : IP_V4;
	struct assigned *to = sa->assigned;
	enum cyg_err err;

	to->addr[slot] = end_source(e, family);
	if (ip_is_set(&to->addr[slot]))
		return CYG_OK;
	if (e->asks) {
		to->addr[slot] = r->wish[slot];
		return ip_is_set(&r->wish[slot]) ? CYG_OK : CYG_NOTFOUND;
	}
	err = policy_lease(sa->ike->policy, sa->loaded, family, sa->remote_id, &r->wish[slot],
			   &to->leases[slot], why);
	if (!err)
		to->addr[slot] = *lease_addr(to->leases[slot]);
	return err;
}

/* The peer comes up with an address of the other family, but a person should know. */
static void tell_half(struct ike_sa *sa, const struct diag *why)
{
	struct about a = about_sa(sa);

	tell(sa->ike, &a, REPORT_WARNING, RC_LOG, "address", why,
	     "the peer gets only one of the two addresses that it asks for");
}

static enum problem give_all(struct ike_sa *sa, const struct request *r, struct diag *why)
{
	enum cyg_err worst = CYG_OK;
	struct diag first, second;

	diag_clear(&first);
	for (int i = 0; i < 2; i++) {
		enum cyg_err err;

		if (!r->families[i])
			continue;
		diag_clear(&second);
		err = give(sa, r, i, &second);
		if (err == CYG_NOMEM)
			return PROBLEM_LOCAL;
		/* A pool that is used up tells more than one that is not there. */
		if (err && (!worst || err == CYG_LIMIT)) {
			worst = err;
			first = second;
		}
	}
	if (internal_has(sa->assigned->addr)) {
		if (worst == CYG_LIMIT)
			tell_half(sa, &first);
		return PROBLEM_NONE;
	}
	*why = first;
	return PROBLEM_ADDRESS;
}

static bool has_to_give(const struct ike_sa *sa)
{
	const struct end *e = peers_end(sa);

	return end_has_pool(e) || e->asks || ip_is_set(&e->source_ip);
}

enum problem config_take_request(struct ike_sa *sa, const struct message *m, struct diag *why)
{
	struct request r = {.asked = 0};
	enum problem p = read_request(m, &r, why);

	if (p != PROBLEM_NONE || (!r.families[0] && !r.families[1]))
		return p;
	if (!sa->loaded || sa->loaded->local < 0 || !has_to_give(sa))
		return PROBLEM_NONE;
	sa_drop_assigned(sa);
	sa->assigned = calloc(1, sizeof(*sa->assigned));
	if (!sa->assigned)
		return PROBLEM_LOCAL;
	sa->assigned->asked = r.asked;
	p = give_all(sa, &r, why);
	if (p != PROBLEM_NONE)
		sa_drop_assigned(sa);
	return p;
}

static void add_servers(struct draft *d, const struct ip_addr *list, uint16_t v4, uint16_t v6)
{
	for (; list && ip_is_set(list); list++) {
		uint16_t type = list->family == IP_V6 ? v6 : v4;

		if (d->len < ATTRIBUTES_MAX && type) {
			memcpy(d->octets[d->len], list->octets, ip_len(list));
			add(d, type, view_of(d->octets[d->len], ip_len(list)));
		}
	}
}

/* RFC 7296 3.15.2: the networks behind us, for a peer that sends no more than those into the tunnel. */
static void add_subnets(struct draft *d, const struct end *e, uint8_t asked)
{
	for (size_t i = 0; i < e->subnets_len && d->len < ATTRIBUTES_MAX; i++) {
		const struct ip_prefix *p = &e->subnets[i];
		bool v6 = p->addr.family == IP_V6;
		uint8_t *at = d->octets[d->len];
		size_t len = ip_len(&p->addr);

		if (!(asked & (v6 ? ASKED_SUBNETS_V6 : ASKED_SUBNETS_V4)))
			continue;
		memcpy(at, p->addr.octets, len);
		if (v6) {
			at[len++] = p->bits;
		} else {
			uint32_t mask = p->bits ? UINT32_MAX << (32 - p->bits) : 0;

			for (int shift = 24; shift >= 0; shift -= 8)
				at[len++] = (uint8_t)(mask >> shift);
		}
		add(d, v6 ? CP_INTERNAL_IP6_SUBNET : CP_INTERNAL_IP4_SUBNET, view_of(at, len));
	}
}

static void add_domains(struct draft *d, const char *domains)
{
	while (domains && *domains) {
		size_t len = strcspn(domains, ",");

		add(d, CP_INTERNAL_DNS_DOMAIN, view_of(domains, len));
		domains += len + (domains[len] == ',');
	}
}

static const uint8_t supported[] = {
	0, CP_INTERNAL_IP4_ADDRESS, 0, CP_INTERNAL_IP4_DNS,    0, CP_INTERNAL_IP4_NBNS,
	0, CP_INTERNAL_IP6_ADDRESS, 0, CP_INTERNAL_IP6_DNS,    0, CP_INTERNAL_IP4_SUBNET,
	0, CP_SUPPORTED_ATTRIBUTES, 0, CP_INTERNAL_IP6_SUBNET, 0, CP_INTERNAL_DNS_DOMAIN,
};

void config_build_reply(const struct ike_sa *sa, struct chain *c)
{
	const struct assigned *given = sa->assigned;
	const struct connection *v = sa->version;
	struct draft d = {.len = 0};

	if (!given)
		return;
	if (ip_is_set(&given->addr[0]))
		add_address(&d, CP_INTERNAL_IP4_ADDRESS, &given->addr[0]);
	if (ip_is_set(&given->addr[1]))
		add_address(&d, CP_INTERNAL_IP6_ADDRESS, &given->addr[1]);
	add_servers(&d, peers_end(sa)->dns, CP_INTERNAL_IP4_DNS, CP_INTERNAL_IP6_DNS);
	add_servers(&d, v->dns, CP_INTERNAL_IP4_DNS, CP_INTERNAL_IP6_DNS);
	add_servers(&d, v->wins, CP_INTERNAL_IP4_NBNS, 0);
	add_subnets(&d, &v->end[sa->loaded->local], given->asked);
	add_domains(&d, v->domains);
	if (v->banner)
		add(&d, CP_UNITY_BANNER, view_str(v->banner));
	if (given->asked & ASKED_SUPPORTED)
		add(&d, CP_SUPPORTED_ATTRIBUTES, view_of(supported, sizeof(supported)));
	build(&d, CP_REPLY, c);
}
