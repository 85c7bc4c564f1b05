/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/config.h"

#include "conn/internal.h"
#include "ike/core.h"
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

/* ---- initiator ---- */

/* What to wish for: what we had, or what is described. */
static struct ip_addr wish_of(const struct loaded *l, int slot)
{
	const struct ip_addr *said = &l->connection->end[l->local].source_ip;

	if (l->internal && ip_is_set(&l->internal->addr[slot]))
		return l->internal->addr[slot];
	return ip_is_set(said) && internal_slot(said->family) == slot ? *said
								      : (struct ip_addr){0};
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
	const struct payload *p = message_find(m, PAYLOAD_CP);
	struct cp_attribute at;
	struct cp_payload cp;
	struct reader walk;
	enum cyg_err err;

	if (!p)
		return PROBLEM_NONE;
	err = cp_parse(p, &cp, why);
	if (err)
		return problem_of(err, PROBLEM_SYNTAX);
	if (cp.type != CP_REPLY)
		return PROBLEM_NONE;
	walk = cp_walk(&cp);
	while (cp_next(&walk, &at))
		take_attribute(got, &at);
	return PROBLEM_NONE;
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
	return PROBLEM_NONE;
}
