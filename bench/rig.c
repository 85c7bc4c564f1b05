/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rig.h"

#include "base/text.h"
#include "bench/clock.h"
#include "bench/tally.h"
#include "conn/connection.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/ke.h"
#include "ike/ike.h"
#include "net/net.h"
#include "plane/memory/memory.h"
#include "plane/xfrm/xfrm.h"
#include "trust/trust.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATAGRAM_MAX 1400
#define ANSWERS_MAX 64
#define START_OF_TIME NSEC_PER_SEC

/* A datagram on its way. Preallocated, so that the wire itself allocates nothing. */
struct parcel {
	struct endpoint from, to;
	uint16_t len;
	uint8_t octets[DATAGRAM_MAX];
};

struct wire {
	struct parcel *parcels;
	size_t len, cap;
};

/* An answer that waits for the present step's actions to be carried out. */
struct waiting {
	struct event ev;
	struct trust_reply trust;
};

struct side {
	const char *name;
	struct crypto *crypto;
	struct ike *ike;
	struct trust *trust;
	struct plane *plane; /* NULL: silent */
	struct net *net;     /* of the kernel's plane */
	struct actions out;
	struct wire *sends_on;
	struct waiting answers[ANSWERS_MAX];
	size_t answers_len;
	uint64_t last_cause, failures;
	char last_report[256];
};

struct rig {
	struct rig_plan plan;
	struct crypto *crypto;
	struct side initiators, responder;
	struct wire to_responder, to_initiators;
	struct rig_spent spent;
	double load_s;
};

static void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "ike_bench: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static void must(enum cyg_err err, const char *what)
{
	if (err)
		fail("%s: %s", what, cyg_err_text(err));
}

/* ---- addresses ---- */

static struct ip_addr addr_of(uint8_t net, size_t number)
{
	struct ip_addr a = {.family = IP_V4};

	a.octets[0] = net;
	a.octets[1] = (uint8_t)(number >> 16);
	a.octets[2] = (uint8_t)(number >> 8);
	a.octets[3] = (uint8_t)number;
	return a;
}

enum { NET_INITIATORS = 10, NET_BEHIND = 20, NET_IDLE = 30, NET_IDLE_BEHIND = 40 };
static const struct ip_addr gateway = {IP_V4, {192, 0, 2, 1}};
static const struct ip_prefix behind_gateway = {{IP_V4, {172, 16, 0, 0}}, 16};
static const struct ip_prefix behind_all = {{IP_V4, {NET_BEHIND, 0, 0, 0}}, 8};

/* ---- connections ---- */

static void set_end(struct end *e, const struct ip_addr *addr, const char *id,
		    const struct ip_prefix *subnet)
{
	e->host.kind = addr ? HOST_ADDR : HOST_ANY;
	if (addr)
		e->host.addr = *addr;
	must(ident_parse(id, &e->id, NULL), "an identity");
	e->subnets = malloc(sizeof(*e->subnets));
	if (!e->subnets)
		fail("memory is short");
	e->subnets[0] = *subnet;
	e->subnets_len = 1;
}

/* Between the gateway and `peer` (NULL: any), with the proposals of the figures. */
static struct connection *describe(const char *name, const struct ip_addr *peer,
				   const char *peer_id, const struct ip_prefix *behind_peer)
{
	struct connection *c = connection_new(name);
	struct diag why = {0};

	if (!c)
		fail("memory is short");
	set_end(&c->end[0], &gateway, "@gateway.example", &behind_gateway);
	set_end(&c->end[1], peer, peer_id, behind_peer);
	c->auth = AUTH_SECRET;
	must(proposals_parse("aes128gcm16-prfsha256-x25519", PROTO_IKE, &c->ike, NULL), "ike=");
	must(proposals_parse("aes128gcm16-x25519", PROTO_ESP, &c->esp, NULL), "esp=");
	must(connection_check(c, &why), name);
	return c;
}

static struct connection *describe_peer(const char *kind, size_t number, uint8_t net,
					uint8_t net_behind)
{
	struct ip_addr addr = addr_of(net, number);
	struct ip_prefix behind = {addr_of(net_behind, number), 32};
	char name[32], id[48];

	snprintf(name, sizeof(name), "%s%zu", kind, number);
	snprintf(id, sizeof(id), "@%s%zu.example", kind, number);
	return describe(name, &addr, id, &behind);
}

/* ---- carrying out actions ---- */

static struct waiting *answer_to(struct side *s, uint32_t op)
{
	struct waiting *w;

	if (s->answers_len == ANSWERS_MAX)
		fail("%s: too many answers at once", s->name);
	w = &s->answers[s->answers_len++];
	memset(&w->ev, 0, sizeof(w->ev));
	w->ev.kind = EV_ANSWER;
	w->ev.answer.op = op;
	memset(&w->trust, 0, sizeof(w->trust));
	return w;
}

static void perform_send(struct side *s, const struct action *a)
{
	struct wire *wire = s->sends_on;
	struct parcel *p;

	if (wire->len == wire->cap || a->send.data.len > DATAGRAM_MAX)
		fail("%s: no room on the wire for %zu octets", s->name, a->send.data.len);
	p = &wire->parcels[wire->len++];
	p->from = a->send.local;
	p->to = a->send.remote;
	p->len = (uint16_t)a->send.data.len;
	memcpy(p->octets, a->send.data.ptr, a->send.data.len);
}

static void perform_ke(struct side *s, const struct action *a)
{
	struct answer *answer = &answer_to(s, a->op)->ev.answer;
	const struct alg *method = alg_by_id(ALG_KE, a->ke.group);
	enum tally_room before = tally_enter(TALLY_KE);

	if (a->kind == ACT_KE_START) {
		answer->err = ke_start(s->crypto, method, &answer->ke.key, &answer->ke.public);
	} else if (a->kind == ACT_KE_RESPOND) {
		answer->err = ke_respond(s->crypto, method, a->ke.peer_public,
					 &answer->ke.public, &answer->ke.secret);
	} else {
		answer->err = ke_finish(a->ke.key, a->ke.peer_public, &answer->ke.secret);
		ke_free(a->ke.key);
	}
	tally_back(before);
}

static void perform_auth(struct side *s, const struct action *a)
{
	struct waiting *w = answer_to(s, a->op);
	enum tally_room before = tally_enter(TALLY_AUTH);

	trust_ask(s->trust, a, 0, &w->trust);
	w->ev.answer = w->trust.answer;
	tally_back(before);
}

static void perform_plane(struct side *s, const struct action *a)
{
	enum tally_room before = tally_enter(TALLY_PLANE);

	if (s->plane)
		s->plane->ops->request(s->plane, a);
	else if (a->op)
		answer_to(s, a->op);
	tally_back(before);
}

static void on_plane_answer(void *ctx, const struct answer *a)
{
	struct side *s = ctx;

	answer_to(s, a->op)->ev.answer = *a;
}

static void on_report(struct side *s, const struct report *r)
{
	if (r->level >= REPORT_WARNING) {
		s->failures++;
		snprintf(s->last_report, sizeof(s->last_report), "%s", r->text);
	}
}

static void perform(struct side *s, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND:
		perform_send(s, a);
		break;
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		perform_ke(s, a);
		break;
	case ACT_AUTH_MAKE:
	case ACT_AUTH_CHECK:
	case ACT_PPK:
	case ACT_EAP:
		perform_auth(s, a);
		break;
	case ACT_EAP_END:
		trust_forget_eap(s->trust, a->eap_session);
		break;
	case ACT_REPORT:
		on_report(s, &a->report);
		break;
	case ACT_DONE:
		if (a->done.code != RC_SUCCESS && a->done.code != RC_COMMENT)
			fail("%s: a command ended with %u (%s)", s->name, a->done.code,
			     s->last_report);
		break;
	case ACT_ADDRESS_SET:
	case ACT_ADDRESS_REMOVE:
		break;
	case ACT_RESOLVE:
		fail("%s: there are no names here to resolve", s->name);
	default:
		perform_plane(s, a);
	}
}

static void step(struct side *s, struct event *ev)
{
	enum tally_room before = tally_enter(TALLY_CORE);

	ev->now = START_OF_TIME;
	ike_step(s->ike, ev, &s->out);
	tally_back(before);
	for (size_t i = 0; i < s->out.len; i++)
		perform(s, &s->out.items[i]);
	actions_clear(&s->out);
}

/* An event, and all the answers that follow from it. */
static void handle(struct side *s, struct event *ev)
{
	step(s, ev);
	while (s->answers_len) {
		struct waiting w = s->answers[0];

		memmove(s->answers, s->answers + 1, --s->answers_len * sizeof(s->answers[0]));
		w.ev.answer.why = diag_is_set(&w.trust.why) ? &w.trust.why : NULL;
		step(s, &w.ev);
		trust_reply_done(&w.trust);
	}
}

static void command(struct side *s, const struct command *c)
{
	struct event ev = {.kind = EV_COMMAND, .cause = ++s->last_cause, .command = *c};

	handle(s, &ev);
}

static void deliver(struct side *s, struct wire *wire)
{
	for (size_t i = 0; i < wire->len; i++) {
		struct parcel *p = &wire->parcels[i];
		struct event ev = {.kind = EV_DATAGRAM};

		ev.datagram.local = p->to;
		ev.datagram.remote = p->from;
		ev.datagram.data = view_of(p->octets, p->len);
		handle(s, &ev);
	}
	wire->len = 0;
}

/* ---- setting up ---- */

/* What the kernel tells of itself is nobody's business here. */
static void ignore_event(void *ctx, struct event *ev)
{
}

static void ignore_report(void *ctx, const struct report *r)
{
}

static void open_kernel(struct side *s, const struct plane_host *host)
{
	char line[512];
	struct diag why;

	diag_clear(&why);
	if (net_open(&s->net, &why) || xfrm_plane_open(host, s->net, &s->plane, &why))
		fail("the kernel's plane: %s", diag_print(&why, line, sizeof(line)));
}

static void side_open(struct rig *r, struct side *s, const char *name, struct wire *sends_on)
{
	struct ike_settings settings = ike_settings_default();
	struct plane_host host = {
		.ctx = s,
		.answer = on_plane_answer,
		.event = ignore_event,
		.report = ignore_report,
	};
	struct secret_set *secrets = secret_set_new();
	struct secret_record psk = {.kind = SECRET_PSK};
	struct entropy chance = crypto_entropy(r->crypto);

	s->name = name;
	s->crypto = r->crypto;
	s->sends_on = sends_on;
	settings.half_open_cookie = settings.half_open_max = UINT32_MAX;
	settings.half_open_per_source = UINT32_MAX;
	s->ike = ike_new(&settings, r->crypto, &chance);
	s->trust = trust_new(r->crypto);
	if (!s->ike || !s->trust || !secrets)
		fail("memory is short");
	if (r->plan.plane == RIG_PLANE_MEMORY)
		must(memory_plane_open(&host, &s->plane), "the plane");
	if (r->plan.plane == RIG_PLANE_XFRM && s == &r->responder)
		open_kernel(s, &host);
	if (!bytes_copy(&psk.value, view_str("a secret shared by all of the bench")))
		fail("memory is short");
	must(secret_set_add(secrets, &psk, "bench"), "the secret");
	trust_set_secrets(s->trust, secrets, 0);
}

static void side_close(struct side *s)
{
	ike_free(s->ike);
	trust_free(s->trust);
	actions_done(&s->out);
	if (s->plane)
		s->plane->ops->close(s->plane);
	net_close(s->net);
}

static void wire_open(struct wire *w, size_t cap)
{
	w->parcels = calloc(cap, sizeof(*w->parcels));
	if (!w->parcels)
		fail("memory is short");
	memset(w->parcels, 1, cap * sizeof(*w->parcels)); /* have the pages now */
	w->cap = cap;
}

static void tell_addresses(struct side *s, const struct ip_addr *addrs, size_t len)
{
	struct event ev = {.kind = EV_HOST};
	struct host_address *rows = calloc(len, sizeof(*rows));

	if (!rows)
		fail("memory is short");
	for (size_t i = 0; i < len; i++) {
		rows[i].addr = addrs[i];
		snprintf(rows[i].interface, sizeof(rows[i].interface), "bench0");
	}
	ev.host.addresses = rows;
	ev.host.addresses_len = len;
	handle(s, &ev);
	free(rows);
}

static void add(struct side *s, struct connection *c)
{
	command(s, &(struct command){.kind = CMD_ADD, .name = c->name, .connection = c});
}

/* Peers that never speak, with which all is loaded that a handshake must find its way through. */
static void load_idle(struct rig *r)
{
	for (size_t i = 0; i < r->plan.idle; i++)
		add(&r->responder, describe_peer("idle", i, NET_IDLE, NET_IDLE_BEHIND));
}

static void load_responder(struct rig *r)
{
	double begin = cpu_now();

	load_idle(r);
	if (!r->plan.site_to_site)
		add(&r->responder, describe("anyone", NULL, "%any", &behind_all));
	for (size_t i = 0; r->plan.site_to_site && i < r->plan.tunnels; i++)
		add(&r->responder, describe_peer("site", i, NET_INITIATORS, NET_BEHIND));
	r->load_s = cpu_now() - begin;
	command(&r->responder, &(struct command){.kind = CMD_LISTEN});
}

static void load_initiators(struct rig *r)
{
	for (size_t i = 0; i < r->plan.tunnels; i++)
		add(&r->initiators, describe_peer("site", i, NET_INITIATORS, NET_BEHIND));
	command(&r->initiators, &(struct command){.kind = CMD_LISTEN});
}

struct rig *rig_new(const struct rig_plan *plan)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct ip_addr *addrs = calloc(plan->tunnels, sizeof(*addrs));

	if (!r || !addrs)
		fail("memory is short");
	r->plan = *plan;
	r->crypto = crypto_new(NULL);
	if (!r->crypto)
		fail("libcrypto does not start");
	wire_open(&r->to_responder, plan->tunnels + 1);
	wire_open(&r->to_initiators, plan->tunnels + 1);
	side_open(r, &r->initiators, "initiators", &r->to_responder);
	side_open(r, &r->responder, "responder", &r->to_initiators);
	tell_addresses(&r->responder, &gateway, 1);
	for (size_t i = 0; i < plan->tunnels; i++)
		addrs[i] = addr_of(NET_INITIATORS, i);
	tell_addresses(&r->initiators, addrs, plan->tunnels);
	free(addrs);
	load_responder(r);
	load_initiators(r);
	return r;
}

void rig_free(struct rig *r)
{
	side_close(&r->initiators);
	side_close(&r->responder);
	crypto_free(r->crypto);
	free(r->to_responder.parcels);
	free(r->to_initiators.parcels);
	free(r);
}

/* ---- running ---- */

/* All that waits for the responder, with what it costs. */
static void responder_works(struct rig *r)
{
	size_t heap = mallinfo2().uordblks + mallinfo2().hblkhd;
	double begin = cpu_now();

	tally_resume();
	deliver(&r->responder, &r->to_responder);
	tally_pause();
	r->spent.cpu_s += cpu_now() - begin;
	r->spent.heap_octets += mallinfo2().uordblks + mallinfo2().hblkhd - heap;
}

static void exchange_all(struct rig *r)
{
	while (r->to_responder.len || r->to_initiators.len) {
		responder_works(r);
		deliver(&r->initiators, &r->to_initiators);
	}
}

void rig_up(struct rig *r, size_t first, size_t n)
{
	struct ike_counts counts;

	for (size_t i = first; i < first + n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "site%zu", i);
		command(&r->initiators, &(struct command){.kind = CMD_UP, .name = name});
	}
	exchange_all(r);
	counts = ike_counts(r->responder.ike);
	if (counts.established < r->spent.established + n)
		fail("%u of %zu tunnels came up; initiators: %s; responder: %s",
		     counts.established, r->spent.established + n, r->initiators.last_report,
		     r->responder.last_report);
	r->spent.established = counts.established;
}

struct rig_spent rig_spent(const struct rig *r)
{
	struct rig_spent s = r->spent;
	const struct plane *p = r->responder.plane;

	s.plane_octets = p ? p->ops->memory(p) : 0;
	return s;
}

double rig_load_seconds(const struct rig *r)
{
	return r->load_s;
}
