/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in force where nobody says a field and its member does not tell: a zero that stands
 * for a number of the core's, for what other fields say, or for nothing at all.
 */
#include "base/text.h"
#include "conn/field_kind.h"
#include "conn/internal.h"

#include <stdio.h>
#include <string.h>

#define RETRIES_SUM ((1 << (CONN_RETRANSMITS + 1)) - 1) /* waits that double, in first ones */

/* One field of a connection that is asked about. */
struct asked {
	const struct connection *c;
	const struct field *f;
	int which;
	struct text *out;
	bool follows;
};

static const struct end *end_of(const struct asked *a)
{
	return &a->c->end[a->which];
}

static bool nothing(struct asked *a)
{
	(void)a;
	return false;
}

static bool say(struct asked *a, const char *text, bool follows)
{
	text_add_str(a->out, text);
	a->follows = follows;
	return true;
}

static bool say_span(struct asked *a, nsec span, bool follows)
{
	char text[32];

	return say(a, duration_print(span, text), follows);
}

/* ---- the ends ---- */

static bool port(struct asked *a)
{
	bool others = a->c->end[!a->which].ike_port;

	return connection_negotiates(a->c) && say(a, others ? "4500" : "500", others);
}

static bool address(struct asked *a, const char *suffix)
{
	const struct host *h = &end_of(a)->host;
	char text[IP_TEXT_MAX];

	if (h->kind != HOST_ADDR || !ip_is_set(&h->addr))
		return false;
	say(a, ip_print(&h->addr, text), true);
	text_add_str(a->out, suffix);
	return true;
}

static bool identity(struct asked *a)
{
	if (!connection_negotiates(a->c) || connection_auth(a->c, a->which) == AUTH_NULL)
		return false;
	return end_of(a)->cert ? say(a, "%fromcert", true) : address(a, "");
}

static bool networks(struct asked *a)
{
	const struct end *e = end_of(a);

	if (e->virtual || end_has_pool(e) || connection_asks(a->c, a->which) ||
	    ip_is_set(&e->source_ip))
		return false;
	return address(a, e->host.addr.family == IP_V6 ? "/128" : "/32");
}

static bool gives_addresses(struct asked *a)
{
	bool gives = end_has_pool(&a->c->end[!a->which]);

	return connection_negotiates(a->c) && say(a, gives ? "yes" : "no", gives);
}

static bool asks_for_address(struct asked *a)
{
	bool asks = connection_asks(a->c, a->which);

	return connection_negotiates(a->c) && say(a, asks ? "yes" : "no", asks);
}

/* ---- what both have ---- */

static bool end_auth(struct asked *a)
{
	const struct field *by = field_by_keyword("authby", false);

	a->follows = true;
	return connection_negotiates(a->c) &&
	       (field_get(a->c, 0, by, a->out) || field_default(by, a->out));
}

/* The key exchanges of a child are those of ike=. */
static bool algorithms(struct asked *a, enum protocol protocol)
{
	const struct proposals *p;
	bool there;

	if (!connection_negotiates(a->c) || connection_proposals(a->c, protocol, 0, &p))
		return false;
	a->follows = a->c->ike || !a->c->esn || !a->c->esn_off;
	there = a->f->kind->get(a->f->kind, &p, NULL, a->out);
	proposals_unref(p);
	return there;
}

static bool ike(struct asked *a)
{
	return algorithms(a, PROTO_IKE);
}

static bool esp(struct asked *a)
{
	return a->c->protects == PROTO_ESP && algorithms(a, PROTO_ESP);
}

static bool ah(struct asked *a)
{
	return a->c->protects == PROTO_AH && algorithms(a, PROTO_AH);
}

static bool esn(struct asked *a)
{
	return connection_negotiates(a->c) && say(a, "either", false);
}

static bool first_wait(struct asked *a)
{
	return connection_negotiates(a->c) && say_span(a, CONN_RETRANSMIT_FIRST, false);
}

static bool patience(struct asked *a)
{
	const struct connection *c = a->c;
	nsec first = c->retransmit_interval ? c->retransmit_interval : CONN_RETRANSMIT_FIRST;

	if (!connection_negotiates(c))
		return false;
	if (c->retransmit_timeout)
		return say_span(a, c->retransmit_timeout, true);
	return say_span(a, first * RETRIES_SUM, c->retransmit_interval != 0);
}

static bool fragment_size(struct asked *a)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", CONN_FRAGMENT_SIZE);
	return connection_negotiates(a->c) && say(a, text, false);
}

/* Where packets pass or are dropped nothing is negotiated that most fields are about. */
static bool is_idle(const struct connection *c, const struct field *f)
{
	return !connection_negotiates(c) && !c->manual && strcmp(f->keyword, "auto") != 0;
}

/* A VTI alone can go without. */
static bool vti_routing(struct asked *a)
{
	return a->c->vti && say(a, "yes", false);
}

static const struct row {
	const char *keyword;
	bool per_end;
	bool (*tell)(struct asked *a);
} rows[] = {
	{"ikeport", true, port},
	{"id", true, identity},
	{"subnet", true, networks},
	{"modecfgserver", true, gives_addresses},
	{"modecfgclient", true, asks_for_address},
	{"auth", true, end_auth},
	{"ike", false, ike},
	{"esp", false, esp},
	{"ah", false, ah},
	{"esn", false, esn},
	{"ipsec-max-bytes", false, nothing},
	{"ipsec-max-packets", false, nothing},
	{"retransmit-interval", false, first_wait},
	{"retransmit-timeout", false, patience},
	{"dpdtimeout", false, patience},
	{"fragment-size", false, fragment_size},
	{"mtu", false, nothing},
	{"metric", false, nothing},
	{"reqid", false, nothing},
	{"priority", false, nothing},
	{"vti-routing", false, vti_routing},
};

bool field_unsaid(const struct connection *c, int which, const struct field *f,
		  struct text *out, bool *ret_follows)
{
	struct asked a = {c, f, which, out, false};
	bool there;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].per_end != f->per_end || strcmp(rows[i].keyword, f->keyword) != 0)
			continue;
		there = rows[i].tell(&a);
		*ret_follows = a.follows;
		return there;
	}
	*ret_follows = false;
	return !is_idle(c, f) && field_default(f, out);
}
