/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

#include "conn/field.h"
#include "crypto/alg.h"
#include "crypto/ke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- hosts ---- */

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

void world_psk(struct node *h, const char *secret)
{
	struct secret_set *set = secret_set_new();
	struct secret_record s = {.kind = SECRET_PSK};

	assert_non_null(set);
	assert_true(bytes_copy(&s.value, view_str(secret)));
	assert_int_equal(secret_set_add(set, &s, "test"), CYG_OK);
	trust_set_secrets(h->trust, set, 0);
}

void world_password(struct node *h, const char *user, const char *password)
{
	struct secret_set *set = secret_set_new();
	struct secret_record psk = {.kind = SECRET_PSK}, eap = {.kind = SECRET_EAP, .line = 7};

	assert_non_null(set);
	assert_true(bytes_copy(&psk.value, view_str("a secret for all of them")));
	assert_int_equal(secret_set_add(set, &psk, "test"), CYG_OK);
	if (password) {
		assert_true(bytes_copy(&eap.value, view_str(password)));
		eap.indices = calloc(1, sizeof(*eap.indices));
		assert_int_equal(ident_parse(user, &eap.indices[0], NULL), CYG_OK);
		eap.indices_len = 1;
		assert_int_equal(secret_set_add(set, &eap, "test"), CYG_OK);
	}
	trust_set_secrets(h->trust, set, 0);
}

static void host_event(struct node *h)
{
	struct event ev = {.kind = EV_HOST};
	struct host_address a = {.addr = h->addr, .interface = "eth0"};

	ev.host.addresses = &a;
	ev.host.addresses_len = 1;
	world_event(h, &ev);
}

static void host_open(struct world *w, struct node *h, const char *name, const char *addr,
		      const struct ike_settings *settings, uint64_t seed)
{
	h->world = w;
	h->name = name;
	h->addr = addr_of(addr);
	h->entropy = entropy_seed(&h->seed, seed);
	h->ike = ike_new(settings, w->crypto, &h->entropy);
	h->trust = trust_new(w->crypto);
	assert_non_null(h->ike);
	assert_non_null(h->trust);
	world_psk(h, "a secret for all of them");
	host_event(h);
	world_command(h, CMD_LISTEN, NULL);
}

struct world *world_new(uint64_t seed, const struct ike_settings *settings)
{
	struct ike_settings defaults = ike_settings_default();
	struct world *w = calloc(1, sizeof(*w));
	struct entropy e;

	assert_non_null(w);
	w->now = 1000 * NSEC_PER_SEC;
	w->wire_end = &w->wire;
	w->answers_end = &w->answers;
	e = entropy_seed(&w->seed, seed);
	w->crypto = crypto_new(&e);
	assert_non_null(w->crypto);
	settings = settings ? settings : &defaults;
	host_open(w, &w->hosts[0], "west", "192.0.2.1", settings, seed * 3 + 1);
	host_open(w, &w->hosts[1], "east", "192.0.2.2", settings, seed * 3 + 2);
	host_open(w, &w->hosts[2], "north", "192.0.2.3", settings, seed * 3 + 3);
	return w;
}

static void pending_free(struct pending *p)
{
	switch (p->kind) {
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		ke_free(p->answer.ke.key);
		bytes_done(&p->answer.ke.public);
		bytes_wipe(&p->answer.ke.secret);
		break;
	default:
		break;
	}
	trust_reply_done(&p->trust);
	free(p);
}

void plane_done(struct plane_memory *m)
{
	for (size_t i = 0; i < m->sas_len; i++) {
		ts_set_done(&m->sas[i].ts_local);
		ts_set_done(&m->sas[i].ts_remote);
	}
	m->sas_len = 0;
}

void world_free(struct world *w)
{
	for (struct flight *f = w->wire, *next; f; f = next) {
		next = f->next;
		bytes_done(&f->data);
		free(f);
	}
	for (struct pending *p = w->answers, *next; p; p = next) {
		next = p->next;
		pending_free(p);
	}
	for (size_t i = 0; i < WORLD_HOSTS; i++) {
		struct node *h = &w->hosts[i];

		ike_free(h->ike);
		trust_free(h->trust);
		actions_done(&h->out);
		text_done(&h->log);
		text_done(&h->programs);
		plane_done(&h->plane);
	}
	crypto_free(w->crypto);
	free(w);
}

struct node *world_host(struct world *w, const char *name)
{
	for (size_t i = 0; i < WORLD_HOSTS; i++)
		if (!strcmp(w->hosts[i].name, name))
			return &w->hosts[i];
	fail_msg("no host %s", name);
	return NULL;
}

static struct node *host_at(struct world *w, const struct ip_addr *a)
{
	for (size_t i = 0; i < WORLD_HOSTS; i++)
		if (ip_equal(&w->hosts[i].addr, a))
			return &w->hosts[i];
	return NULL;
}

/* ---- answering actions ---- */

static struct pending *answer_to(struct node *h, const struct action *a)
{
	struct world *w = h->world;
	struct pending *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->host = h;
	p->kind = a->kind;
	p->answer.op = a->op;
	*w->answers_end = p;
	w->answers_end = &p->next;
	return p;
}

static void do_ke(struct node *h, const struct action *a)
{
	struct pending *p = answer_to(h, a);
	const struct alg *method = alg_by_id(ALG_KE, a->ke.group);
	struct answer *out = &p->answer;

	if (a->kind == ACT_KE_START) {
		out->err = ke_start(h->world->crypto, method, &out->ke.key, &out->ke.public);
	} else if (a->kind == ACT_KE_RESPOND) {
		out->err = ke_respond(h->world->crypto, method, a->ke.peer_public,
				      &out->ke.public, &out->ke.secret);
	} else {
		out->err = ke_finish(a->ke.key, a->ke.peer_public, &out->ke.secret);
		if (out->err)
			out->ke.key = a->ke.key;
		else
			ke_free(a->ke.key);
	}
}

static void do_auth(struct node *h, const struct action *a)
{
	struct pending *p = answer_to(h, a);

	if (a->kind == ACT_AUTH_CHECK && a->auth.proven && h->world->judge) {
		h->world->judge(h, &a->auth, &p->answer);
		return;
	}
	trust_ask(h->trust, a, 0, &p->trust);
	p->answer = p->trust.answer;
}

static void remember_sa(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;
	struct plane_sa *sa = &m->sas[m->sas_len];

	assert_true(m->sas_len < WORLD_PLANE_MAX);
	*sa = *a->sa;
	assert_int_equal(ts_set_copy(&sa->ts_local, &a->sa->ts_local), CYG_OK);
	assert_int_equal(ts_set_copy(&sa->ts_remote, &a->sa->ts_remote), CYG_OK);
	m->sas_len++;
	m->installs++;
}

/* Whether this is the one that is to be refused. */
static bool its_turn(struct plane_memory *m)
{
	return m->refuse_nth && --m->refuse_nth == 0;
}

static void do_install(struct node *h, const struct action *a)
{
	struct pending *p = a->op ? answer_to(h, a) : NULL;

	if (p && its_turn(&h->plane)) {
		p->answer.err = CYG_IO;
	} else if (a->sa->dir == SA_IN && h->plane.taken) {
		h->plane.taken--;
		p->answer.err = CYG_EXISTS;
		p->answer.sa.spi_taken = true;
	} else if (h->plane.refuse) {
		p->answer.err = h->plane.refuse;
	} else {
		remember_sa(h, a);
	}
}

static void do_remove(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;

	for (size_t i = 0; i < m->sas_len; i++) {
		if (m->sas[i].dir != a->sa_ref.dir || m->sas[i].spi != a->sa_ref.spi)
			continue;
		ts_set_done(&m->sas[i].ts_local);
		ts_set_done(&m->sas[i].ts_remote);
		m->sas[i] = m->sas[--m->sas_len];
		return;
	}
	fail_msg("%s removes SA 0x%08x that is not installed", h->name, a->sa_ref.spi);
}

static struct ip_addr only_sender(const struct ts_set *local)
{
	const struct ip_range *r = local->len == 1 ? &local->items[0].range : NULL;

	return r && ip_equal(&r->first, &r->last) ? r->first : (struct ip_addr){0};
}

static void do_policy(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;
	size_t i = 0;

	if (a->op && its_turn(m)) {
		answer_to(h, a)->answer.err = CYG_IO;
		m->refused_policy = a->policy->id;
		return;
	}
	while (i < m->policies_len && m->policies[i].id != a->policy->id)
		i++;
	assert_true(i < WORLD_PLANE_MAX);
	m->policies[i].id = a->policy->id;
	m->policies[i].kind = a->policy->kind;
	m->policies[i].sender = only_sender(&a->policy->ts_local);
	if (i == m->policies_len)
		m->policies_len++;
	if (a->op)
		answer_to(h, a);
}

static void do_policy_remove(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;

	for (size_t i = 0; i < m->policies_len; i++)
		if (m->policies[i].id == a->remove_id) {
			m->policies[i] = m->policies[--m->policies_len];
			return;
		}
	if (a->remove_id != m->refused_policy)
		fail_msg("%s removes policy %u that is not there", h->name, a->remove_id);
}

/* What this host sends has another source from then on, for which there must be a policy already. */
static void do_address_remove(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;

	for (size_t i = 0; i < m->policies_len; i++)
		if (ip_equal(&m->policies[i].sender, &a->address))
			fail_msg("%s gives an address up while policy %u is for it alone", h->name,
				 m->policies[i].id);
	m->addresses_len--;
}

static size_t find_route(const struct plane_memory *m, uint32_t id)
{
	size_t i = 0;

	while (i < m->routes_len && m->routes[i] != id)
		i++;
	return i;
}

/* One that is refused leaves its guard, and counts. */
static void do_route(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;

	if (a->op)
		answer_to(h, a)->answer.err = its_turn(m) ? CYG_IO : CYG_OK;
	if (find_route(m, a->route->id) < m->routes_len)
		return;
	assert_true(m->routes_len < WORLD_PLANE_MAX);
	m->routes[m->routes_len++] = a->route->id;
}

static void do_route_remove(struct node *h, const struct action *a)
{
	struct plane_memory *m = &h->plane;
	size_t i = find_route(m, a->remove_id);

	assert_true(i < m->routes_len);
	m->routes[i] = m->routes[--m->routes_len];
}

static void do_resolve(struct node *h, const struct action *a)
{
	struct pending *p = answer_to(h, a);

	h->asked_names++;
	p->answer.err = h->names ? CYG_OK : CYG_NOTFOUND;
	p->answer.resolved.addrs = h->names;
	p->answer.resolved.len = h->names ? 1 : 0;
}

static const char *const verbs[] = {
	[UPDOWN_PREPARE] = "prepare", [UPDOWN_ROUTE] = "route",     [UPDOWN_UP] = "up",
	[UPDOWN_DOWN] = "down",       [UPDOWN_UNROUTE] = "unroute",
};

static void do_updown(struct node *h, const struct action *a)
{
	const struct updown *u = a->updown;
	struct pending *p = a->op ? answer_to(h, a) : NULL;

	assert_non_null(u->connection->end[u->local_end].updown);
	assert_true(u->ts_local->len && u->ts_remote->len);
	text_add(&h->programs, "%s ", verbs[u->verb]);
	if (!p || !(h->programs_fail >> u->verb & 1))
		return;
	p->answer.err = CYG_IO;
	p->answer.why = &p->why;
	diag_set(&p->why, "program", NULL, "the program said: no %s today", verbs[u->verb]);
}

void assert_programs(struct node *h, const char *want)
{
	if (strcmp(text_str(&h->programs), want) != 0)
		fail_msg("%s called \"%s\", not \"%s\"", h->name, text_str(&h->programs), want);
	text_clear(&h->programs);
}

static void do_send(struct node *h, const struct action *a)
{
	struct flight *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->from = h;
	f->local = a->send.local;
	f->remote = a->send.remote;
	assert_true(bytes_copy(&f->data, a->send.data));
	*h->world->wire_end = f;
	h->world->wire_end = &f->next;
	h->sent++;
}

static void do_report(struct node *h, const struct action *a)
{
	char why[2048];

	assert_true(a->report.text || h->world->may_be_short);
	if (!a->report.text)
		return;
	text_add(&h->log, "%03u %s %s\n", a->report.code,
		 a->report.state ? a->report.state : "-", a->report.text);
	if (diag_is_set(a->report.diag))
		text_add(&h->log, "    %s\n", diag_print(a->report.diag, why, sizeof(why)));
}

static void do_done(struct node *h, const struct action *a)
{
	for (size_t i = 0; i < h->done_len; i++)
		if (h->done[i].cause == a->cause)
			fail_msg("%s: command %u is done twice", h->name, (unsigned)a->cause);
	assert_true(h->done_len < COUNT_OF(h->done));
	h->done[h->done_len].cause = a->cause;
	h->done[h->done_len++].code = a->done.code;
}

static void carry_out(struct node *h, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND:
		do_send(h, a);
		return;
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		do_ke(h, a);
		return;
	case ACT_AUTH_MAKE:
	case ACT_AUTH_CHECK:
	case ACT_PPK:
	case ACT_EAP:
		do_auth(h, a);
		return;
	case ACT_EAP_END:
		trust_forget_eap(h->trust, a->eap_session);
		return;
	case ACT_SA_INSTALL:
		do_install(h, a);
		return;
	case ACT_SA_REMOVE:
		do_remove(h, a);
		return;
	case ACT_SA_UPDATE:
		h->plane.updates++;
		return;
	case ACT_SA_QUERY:
		answer_to(h, a)->answer.counters = (struct plane_counters){
			.last_used = h->in_use ? h->world->now : 0,
			.packets = h->packets[a->sa_ref.dir],
		};
		return;
	case ACT_RESOLVE:
		do_resolve(h, a);
		return;
	case ACT_POLICY_SET:
		h->plane.policy_sets++;
		do_policy(h, a);
		return;
	case ACT_POLICY_REMOVE:
		do_policy_remove(h, a);
		return;
	case ACT_ROUTE_SET:
		do_route(h, a);
		return;
	case ACT_ROUTE_REMOVE:
		do_route_remove(h, a);
		return;
	case ACT_ADDRESS_SET:
		h->plane.addresses_len++;
		return;
	case ACT_ADDRESS_REMOVE:
		do_address_remove(h, a);
		return;
	case ACT_UPDOWN:
		do_updown(h, a);
		return;
	case ACT_REPORT:
		do_report(h, a);
		return;
	case ACT_DONE:
		do_done(h, a);
		return;
	default:
		return;
	}
}

void world_actions(struct node *h)
{
	assert_true(!h->out.bad || h->world->may_be_short);
	for (size_t i = 0; i < h->out.len; i++)
		carry_out(h, &h->out.items[i]);
}

void world_event(struct node *h, struct event *ev)
{
	ev->now = h->world->now;
	actions_clear(&h->out);
	test_allocations_count(h->world->may_be_short);
	ike_step(h->ike, ev, &h->out);
	test_allocations_count(false);
	world_actions(h);
}

uint64_t world_command(struct node *h, enum command_kind kind, const char *name)
{
	struct event ev = {.kind = EV_COMMAND, .cause = ++h->world->next_cause};

	ev.command.kind = kind;
	ev.command.name = name;
	world_event(h, &ev);
	return ev.cause;
}

void world_load(struct node *h, struct connection *c)
{
	struct event ev = {.kind = EV_COMMAND, .cause = ++h->world->next_cause};
	struct diag why;

	diag_clear(&why);
	if (connection_check(c, &why))
		fail_msg("%s: %s", c->name, why.sentence);
	ev.command.kind = CMD_ADD;
	ev.command.connection = c;
	world_event(h, &ev);
	assert_int_equal(world_result(h, ev.cause), RC_COMMENT);
}

/* ---- moving things ---- */

static struct pending *take_answer(struct world *w)
{
	struct pending **at = &w->answers, **found = NULL, *p;

	for (; *at; at = &(*at)->next) {
		if (w->hold & (1u << (*at)->kind))
			continue;
		found = at;
		if (!w->answers_last_first)
			break;
	}
	if (!found)
		return NULL;
	p = *found;
	*found = p->next;
	if (w->answers_end == &p->next)
		w->answers_end = found;
	return p;
}

static bool give_answer(struct world *w)
{
	struct event ev = {.kind = EV_ANSWER};
	struct pending *p = take_answer(w);

	if (!p)
		return false;
	ev.answer = p->answer;
	world_event(p->host, &ev);
	trust_reply_done(&p->trust);
	free(p);
	return true;
}

/* Addresses as the receiver sees them. */
static void deliver(struct world *w, struct flight *f)
{
	struct event ev = {.kind = EV_DATAGRAM};
	struct endpoint from = f->local, to = f->remote;
	struct node *h;

	if (w->nat_outside.port && ip_equal(&from.addr, &w->nat_inside.addr))
		from = (struct endpoint){w->nat_outside.addr,
					 (uint16_t)(w->nat_outside.port + from.port)};
	if (w->nat_outside.port && ip_equal(&to.addr, &w->nat_outside.addr))
		to = (struct endpoint){w->nat_inside.addr,
				       (uint16_t)(to.port - w->nat_outside.port)};
	h = host_at(w, &to.addr);
	if (!h || (f->data.len == 1 && f->data.ptr[0] == 0xff))
		return;
	ev.datagram.local = to;
	ev.datagram.remote = from;
	ev.datagram.data = view_bytes(&f->data);
	world_event(h, &ev);
}

static bool move_datagram(struct world *w)
{
	struct flight *f = w->wire;

	if (!f)
		return false;
	w->wire = f->next;
	if (!w->wire)
		w->wire_end = &w->wire;
	if (w->filter && !w->filter(w, f))
		w->dropped++;
	else
		deliver(w, f);
	bytes_done(&f->data);
	free(f);
	return true;
}

void world_settle(struct world *w)
{
	for (unsigned i = 0; i < 100000; i++)
		if (!give_answer(w) && !move_datagram(w))
			return;
	fail_msg("the world does not settle");
}

void world_release(struct world *w)
{
	w->hold = 0;
	world_settle(w);
}

static nsec next_deadline(struct world *w)
{
	nsec at = NSEC_NEVER;

	for (size_t i = 0; i < WORLD_HOSTS; i++) {
		nsec d = ike_deadline(w->hosts[i].ike);

		if (d < at)
			at = d;
	}
	return at;
}

void world_run(struct world *w, nsec span)
{
	nsec end = w->now + span;

	world_settle(w);
	for (nsec at = next_deadline(w); at <= end; at = next_deadline(w)) {
		if (at > w->now)
			w->now = at;
		for (size_t i = 0; i < WORLD_HOSTS; i++) {
			struct event ev = {.kind = EV_TIMER};

			if (ike_deadline(w->hosts[i].ike) <= w->now)
				world_event(&w->hosts[i], &ev);
		}
		world_settle(w);
	}
	w->now = end;
}

/* ---- asking ---- */

int world_result(const struct node *h, uint64_t cause)
{
	for (size_t i = 0; i < h->done_len; i++)
		if (h->done[i].cause == cause)
			return h->done[i].code;
	return -1;
}

size_t count_sas(const struct node *h, int phase)
{
	struct ike_sa_info info;
	size_t n = 0;

	for (uint64_t at = 0; ike_sa_next(h->ike, at, &info); at = info.serial)
		n += phase < 0 || info.phase == phase;
	return n;
}

size_t count_children(const struct node *h)
{
	struct child_info info;
	size_t n = 0;

	for (uint64_t at = 0; ike_child_next(h->ike, at, &info); at = info.serial)
		n += !strcmp(info.state, "CHILD_C1");
	return n;
}

static const struct plane_sa *find_sa(const struct node *h, enum sa_dir dir, uint32_t spi)
{
	for (size_t i = 0; i < h->plane.sas_len; i++)
		if (h->plane.sas[i].dir == dir && h->plane.sas[i].spi == spi)
			return &h->plane.sas[i];
	return NULL;
}

/* The inbound half of a replaced child takes stragglers for some seconds after its deletion. */
static bool is_draining(const struct node *h, const struct plane_sa *sa)
{
	struct child_info info;

	for (uint64_t at = 0; ike_child_next(h->ike, at, &info); at = info.serial)
		if (sa->dir == SA_IN && info.spi_in == sa->spi &&
		    !strcmp(info.state, "CHILD_DEL"))
			return true;
	return false;
}

static size_t count_in_use(const struct node *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->plane.sas_len; i++)
		n += !is_draining(h, &h->plane.sas[i]);
	return n;
}

void assert_planes_match(const struct node *a, const struct node *b, size_t pairs)
{
	if (count_in_use(a) != 2 * pairs || count_in_use(b) != 2 * pairs)
		fail_msg("%s has %zu SAs, %s has %zu, not %zu\n--- %s\n%s--- %s\n%s", a->name,
			 count_in_use(a), b->name, count_in_use(b), 2 * pairs, a->name,
			 text_str(&a->log), b->name, text_str(&b->log));
	for (size_t i = 0; i < a->plane.sas_len; i++) {
		const struct plane_sa *x = &a->plane.sas[i], *y;

		if (is_draining(a, x))
			continue;
		y = find_sa(b, x->dir == SA_IN ? SA_OUT : SA_IN, x->spi);
		assert_non_null(y);
		assert_int_equal(x->encr_key_len, y->encr_key_len);
		assert_int_equal(x->protocol, y->protocol);
		assert_true(x->protocol == PROTO_AH ? x->integ_key_len : x->encr_key_len);
		assert_memory_equal(x->encr_key, y->encr_key, x->encr_key_len);
		assert_memory_equal(x->integ_key, y->integ_key, x->integ_key_len);
		assert_true(ts_set_equal(&x->ts_local, &y->ts_remote));
		assert_true(ts_set_equal(&x->ts_remote, &y->ts_local));
		assert_int_equal(x->encap, y->encap);
		assert_int_equal(x->mode, y->mode);
		assert_int_equal(x->suite.encr, y->suite.encr);
		assert_int_equal(x->suite.esn, y->suite.esn);
	}
}

void log_holds(const struct node *h, const char *text, bool want, const char *file, int line)
{
	if ((strstr(text_str(&h->log), text) != NULL) == want)
		return;
	print_error("%s:%d: the log of %s should%s hold \"%s\":\n%s", file, line, h->name,
		    want ? "" : " not", text, text_str(&h->log));
	fail();
}
