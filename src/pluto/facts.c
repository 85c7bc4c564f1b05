/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/facts.h"

#include "buildinfo.h"
#include "pluto/daemon.h"
#include "pluto/planes.h"
#include "policy/policy.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void put(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void put_text(json_t *o, const char *key, const char *value)
{
	if (value && *value)
		put(o, key, json_text(value));
}

static void put_number(json_t *o, const char *key, uint64_t value)
{
	put(o, key, json_integer((json_int_t)value));
}

static void put_flag(json_t *o, const char *key, bool value)
{
	put(o, key, json_boolean(value));
}

static void put_format(json_t *o, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put_format(json_t *o, const char *key, const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_text(o, key, text);
}

static void put_addr(json_t *o, const char *key, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	if (ip_is_set(a))
		put_text(o, key, ip_print(a, text));
}

static void put_endpoint(json_t *o, const char *key, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT_MAX];

	put_text(o, key, endpoint_print(e, text));
}

static void put_ident(json_t *o, const char *key, const struct ident *id)
{
	char text[512];

	if (id)
		put_text(o, key, ident_print(id, text, sizeof(text)));
}

static void put_suite(json_t *o, const char *key, const struct chosen *c)
{
	char text[256];

	if (c->protocol)
		put_text(o, key, chosen_print(c, text, sizeof(text)));
}

static void put_selectors(json_t *o, const char *key, const struct ts_set *s)
{
	char text[2048];

	if (s && s->len)
		put_text(o, key, ts_set_print(s, text, sizeof(text)));
}

static void put_ago(json_t *o, const char *key, nsec at, nsec now)
{
	if (at && at != NSEC_NEVER && at <= now)
		put_number(o, key, (now - at) / NSEC_PER_SEC);
}

static void put_in(json_t *o, const char *key, nsec at, nsec now)
{
	if (at && at != NSEC_NEVER)
		put_number(o, key, at > now ? (at - now) / NSEC_PER_SEC : 0);
}

static void put_seconds(json_t *o, const char *key, nsec span)
{
	put_number(o, key, span / NSEC_PER_SEC);
}

/* ---- the daemon ---- */

static json_t *interfaces(const struct daemon *d)
{
	json_t *list = json_array();

	for (const struct port *p = ports_next(d->ports, NULL); p;
	     p = ports_next(d->ports, p)) {
		const struct endpoint *local = port_local(p);
		json_t *o = json_object();

		for (size_t i = 0; i < d->view.addresses_len; i++)
			if (ip_equal(&d->view.addresses[i].addr, &local->addr))
				put_text(o, "interface", d->view.addresses[i].interface);
		put_addr(o, "address", &local->addr);
		put_number(o, "port", local->port);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *counts(const struct daemon *d)
{
	struct ike_counts c = ike_counts(d->ike);
	struct ports_counts p = ports_counts(d->ports);
	json_t *o = json_object();

	put_number(o, "connections", policy_count(ike_policy(d->ike)));
	put_number(o, "half_open", c.half_open);
	put_number(o, "ike_sas", c.established);
	put_number(o, "children", c.children);
	put_number(o, "datagrams", c.datagrams);
	put_number(o, "dropped", c.dropped);
	put_number(o, "retransmits", c.retransmits);
	put_number(o, "handshakes", c.handshakes);
	put_number(o, "auth_failures", c.auth_failures);
	put_number(o, "cookies_sent", c.cookies_sent);
	put_number(o, "core_octets", c.octets);
	put_number(o, "received", p.received);
	put_number(o, "sent", p.sent);
	put_number(o, "send_errors", p.send_errors);
	put_number(o, "not_ike", p.not_ike);
	return o;
}

json_t *facts_daemon(const struct daemon *d)
{
	json_t *o = json_object();

	put_text(o, "version", CYGNET_VERSION);
	put_number(o, "pid", (uint64_t)getpid());
	put_ago(o, "uptime", d->started, engine_now());
	put_flag(o, "listening", d->listening);
	put_text(o, "rundir", d->rundir.path);
	put_text(o, "secrets_file", d->secrets_path);
	put_number(o, "secrets", d->secrets_len);
	put_text(o, "plane", d->plane->caps.name);
	put_number(o, "plane_octets", d->plane->ops->memory(d->plane));
	put(o, "plane_facts", planes_facts(d->plane));
	put_number(o, "workers", workers_count(d->engine.workers));
	put_number(o, "clients", control_clients(d->control));
	put_addr(o, "default_address", &d->view.default_v4.addr);
	put_addr(o, "default_nexthop", &d->view.default_v4.nexthop);
	put_text(o, "default_interface", d->view.default_v4.interface);
	put_addr(o, "default6_address", &d->view.default_v6.addr);
	put_addr(o, "default6_nexthop", &d->view.default_v6.nexthop);
	put_text(o, "default6_interface", d->view.default_v6.interface);
	put(o, "interfaces", interfaces(d));
	put(o, "counts", counts(d));
	return o;
}

/* ---- a connection ---- */

static const char *const routings[] = {
	[SPD_NONE] = "unrouted",     [SPD_TRAP] = "prospective erouted",
	[SPD_HOLD] = "erouted HOLD", [SPD_PROTECT] = "erouted",
	[SPD_SHUNT] = "erouted",     [SPD_FAILED] = "fail erouted",
};

static const char *const types[] = {
	[CONN_TUNNEL] = "tunnel", [CONN_TRANSPORT] = "transport", [CONN_PASS] = "passthrough",
	[CONN_DROP] = "drop",     [CONN_REJECT] = "reject",
};

static const char *const dead_actions[] = {
	[DEAD_HOLD] = "hold",
	[DEAD_CLEAR] = "clear",
	[DEAD_RESTART] = "restart",
};

static void put_host(json_t *o, const struct host *h)
{
	static const char *const words[] = {
		[HOST_ANY] = "%any",
		[HOST_DEFAULTROUTE] = "%defaultroute",
		[HOST_GROUP] = "%group",
	};

	switch (h->kind) {
	case HOST_ADDR:
		put_addr(o, "host", &h->addr);
		break;
	case HOST_NAME:
		put_text(o, "host", h->name);
		break;
	case HOST_INTERFACE:
		put_format(o, "host", "%%%s", h->name);
		break;
	case HOST_ANY:
	case HOST_DEFAULTROUTE:
	case HOST_GROUP:
		put_text(o, "host", words[h->kind]);
		break;
	default:
		break;
	}
}

static void put_nexthop(json_t *o, const struct end *e)
{
	if (e->nexthop_kind == NEXTHOP_ADDR)
		put_addr(o, "nexthop", &e->nexthop);
	else if (e->nexthop_kind == NEXTHOP_DEFAULTROUTE)
		put_text(o, "nexthop", "%defaultroute");
	else if (e->nexthop_kind == NEXTHOP_DIRECT)
		put_text(o, "nexthop", "%direct");
}

static json_t *end_facts(const struct loaded *l, int which)
{
	const struct end *e = &l->connection->end[which];
	json_t *o = json_object(), *subnets = json_array();
	bool us = which == l->local;
	char text[IP_TEXT_MAX];

	put_host(o, &e->host);
	if (l->local >= 0)
		put_addr(o, "address", us ? &l->local_addr : &l->remote_addr);
	put_ident(o, "id", l->local < 0 ? e->id : us ? l->local_id : l->remote_id);
	for (size_t i = 0; i < e->subnets_len; i++)
		json_array_append_new(subnets, json_text(prefix_print(&e->subnets[i], text)));
	put(o, "subnets", subnets);
	put_nexthop(o, e);
	if (e->proto || e->port)
		put_format(o, "protoport", "%u/%u", e->proto, e->port);
	put_addr(o, "source_ip", &e->source_ip);
	put_text(o, "updown", e->updown);
	return o;
}

static const char *kind_of(const struct loaded *l)
{
	if (l->instance)
		return "instance";
	return l->is_template ? "template" : "permanent";
}

static void add_word(json_t *list, bool when, const char *word)
{
	if (when)
		json_array_append_new(list, json_string(word));
}

/* Openswan's names of what a connection may and must do. */
static json_t *policy_words(const struct loaded *l)
{
	static const char *const failures[] = {
		[SHUNT_NONE] = NULL,          [SHUNT_PASS] = "failurePASS",
		[SHUNT_DROP] = "failureDROP", [SHUNT_REJECT] = "failureREJECT",
		[SHUNT_HOLD] = "failureDROP",
	};
	const struct connection *c = l->connection;
	bool keyed = c->type == CONN_TUNNEL || c->type == CONN_TRANSPORT;
	json_t *list = json_array();

	add_word(list, keyed && c->auth == AUTH_SECRET, "PSK");
	add_word(list, keyed && c->auth == AUTH_PUBKEY, "RSASIG");
	add_word(list, keyed, "ENCRYPT");
	add_word(list, c->type == CONN_TUNNEL, "TUNNEL");
	add_word(list, keyed && c->pfs, "PFS");
	add_word(list, c->type == CONN_PASS, "PASS");
	add_word(list, c->type == CONN_DROP, "DROP");
	add_word(list, c->type == CONN_REJECT, "REJECT");
	add_word(list, failures[c->failure_shunt] != NULL, failures[c->failure_shunt]);
	add_word(list, keyed && !c->rekey, "DONTREKEY");
	add_word(list, l->want_up, "UP");
	add_word(list, keyed, "!IKEv1");
	add_word(list, keyed, "IKEv2ALLOW");
	add_word(list, keyed, "IKEv2Init");
	add_word(list, !keyed, "NEVER_NEGOTIATE");
	return list;
}

static unsigned bits_of(const struct ts_set *s)
{
	struct ip_prefix p;

	if (!s->len)
		return 0;
	return range_is_prefix(&s->items[0].range, &p) ? p.bits
						       : ip_bits(&s->items[0].range.first);
}

static void put_proposals(json_t *o, const char *key, const struct proposals *p)
{
	char text[2048];

	if (p)
		put_text(o, key, proposals_print(p, text, sizeof(text)));
}

static void put_lifetimes(json_t *o, const struct connection *c)
{
	put_seconds(o, "ike_life", c->ike_lifetime);
	put_seconds(o, "ipsec_life", c->child_lifetime);
	put_seconds(o, "rekey_margin", c->rekey_margin);
	put_number(o, "rekey_fuzz", c->rekey_fuzz_percent);
	put_number(o, "keying_tries", c->keying_tries);
	if (c->dpd_delay) {
		put_text(o, "dpd_action", dead_actions[c->dpd_action]);
		put_seconds(o, "dpd_delay", c->dpd_delay);
		put_seconds(o, "dpd_timeout", c->dpd_timeout);
	}
}

static void put_interface(json_t *o, const struct daemon *d, const struct loaded *l)
{
	for (size_t i = 0; l->local >= 0 && i < d->view.addresses_len; i++)
		if (ip_equal(&d->view.addresses[i].addr, &l->local_addr)) {
			put_text(o, "interface", d->view.addresses[i].interface);
			return;
		}
}

json_t *facts_connection(const struct daemon *d, const struct loaded *l)
{
	const struct connection *c = l->connection;
	json_t *o = json_object(), *aliases = json_array();

	put_text(o, "name", c->name);
	if (l->instance)
		put_number(o, "instance", l->instance);
	put_text(o, "kind", kind_of(l));
	put_text(o, "type", types[c->type]);
	if (l->local >= 0)
		put_text(o, "local", l->local ? "right" : "left");
	put(o, "left", end_facts(l, 0));
	put(o, "right", end_facts(l, 1));
	put_selectors(o, "ts_local", l->spd == SPD_PROTECT ? &l->spd_local : &l->ts_local);
	put_selectors(o, "ts_remote", l->spd == SPD_PROTECT ? &l->spd_remote : &l->ts_remote);
	put_text(o, "routing", routings[l->spd]);
	put(o, "policy", policy_words(l));
	put_format(o, "prio", "%u,%u", bits_of(&l->ts_local), bits_of(&l->ts_remote));
	put_interface(o, d, l);
	put_lifetimes(o, c);
	put_number(o, "mtu", c->mtu);
	put_number(o, "metric", c->metric);
	put_number(o, "reqid", l->reqid);
	put_proposals(o, "ike", c->ike);
	put_proposals(o, "esp", c->esp);
	for (size_t i = 0; i < c->aliases_len; i++)
		json_array_append_new(aliases, json_text(c->aliases[i]));
	put(o, "aliases", aliases);
	put_flag(o, "want_up", l->want_up);
	put_number(o, "tries", l->tries);
	put_in(o, "retry_in", l->retry_at, engine_now());
	return o;
}

/* ---- SAs ---- */

static void put_connection(json_t *o, const struct loaded *l)
{
	if (!l)
		return;
	put_text(o, "connection", l->connection->name);
	if (l->instance)
		put_number(o, "instance", l->instance);
}

/* Openswan's state names and what they mean, by how far the SA is and who began. */
static const struct {
	const char *state, *story;
} ike_states[][2] = {
	[IKE_HALF_OPEN] = {{"PARENT_R1", "answered IKE_SA_INIT, waiting for IKE_AUTH"},
			   {"PARENT_I1", "sent IKE_SA_INIT, waiting for its answer"}},
	[IKE_AUTHENTICATING] = {{"PARENT_R1", "checking IKE_AUTH"},
				{"PARENT_I2", "sent IKE_AUTH, waiting for its answer"}},
	[IKE_ESTABLISHED] = {{"PARENT_R2", "PARENT SA established"},
			     {"PARENT_I3", "PARENT SA established"}},
	[IKE_REKEYED] = {{"PARENT_R2", "replaced by a newer PARENT SA"},
			 {"PARENT_I3", "replaced by a newer PARENT SA"}},
	[IKE_DELETING] = {{"PARENT_R2", "being deleted"}, {"PARENT_I3", "being deleted"}},
};

json_t *facts_ike(const struct daemon *d, const struct ike_sa_info *sa)
{
	json_t *o = json_object();
	nsec now = engine_now();

	put_number(o, "serial", sa->serial);
	put_connection(o, sa->connection);
	put_text(o, "state", ike_states[sa->phase][sa->initiator].state);
	put_text(o, "story", ike_states[sa->phase][sa->initiator].story);
	put_flag(o, "initiator", sa->initiator);
	put_flag(o, "nat_local", sa->nat_local);
	put_flag(o, "nat_remote", sa->nat_remote);
	put_format(o, "spi_initiator", "%016llx", (unsigned long long)sa->spi_initiator);
	put_format(o, "spi_responder", "%016llx", (unsigned long long)sa->spi_responder);
	put_endpoint(o, "local", &sa->local);
	put_endpoint(o, "remote", &sa->remote);
	put_ident(o, "local_id", sa->local_id);
	put_ident(o, "remote_id", sa->remote_id);
	put_suite(o, "suite", &sa->suite);
	put_ago(o, "age", sa->established_at, now);
	put_in(o, "rekey_in", sa->rekey_at, now);
	put_in(o, "expire_in", sa->expire_at, now);
	put_number(o, "requests_open", sa->requests_open);
	return o;
}

static void put_counters(json_t *o, struct daemon *d, const struct child_info *c)
{
	struct ike_sa_info parent;
	struct sa_ref ref = {.protocol = PROTO_ESP, .reqid = c->reqid, .encap = c->encap};
	struct plane_counters in, out;
	nsec used;

	if (!c->parent || !ike_sa_next(d->ike, c->parent - 1, &parent) ||
	    parent.serial != c->parent)
		return;
	ref.local = parent.local;
	ref.remote = parent.remote;
	ref.dir = SA_IN;
	ref.spi = c->spi_in;
	if (!engine_query(&d->engine, &ref, &in))
		return;
	ref.dir = SA_OUT;
	ref.spi = c->spi_out;
	if (!engine_query(&d->engine, &ref, &out))
		return;
	put_number(o, "in_octets", in.bytes);
	put_number(o, "in_packets", in.packets);
	put_number(o, "out_octets", out.bytes);
	put_number(o, "out_packets", out.packets);
	put_number(o, "in_dropped",
		   in.replayed + in.bad_auth + in.bad_selector + in.other_drops);
	used = in.last_used > out.last_used ? in.last_used : out.last_used;
	put_ago(o, "used", used, engine_now());
}

/* Scripts count tunnels by "SA established": one that was replaced and drains is none. */
static const char *child_story(const struct child_info *c)
{
	if (!c->established_at || c->established_at == NSEC_NEVER)
		return "being negotiated";
	return strcmp(c->state, "CHILD_C1") ? "replaced, about to end" : "CHILD SA established";
}

json_t *facts_child(struct daemon *d, const struct child_info *c)
{
	json_t *o = json_object();
	nsec now = engine_now();

	put_number(o, "serial", c->serial);
	put_number(o, "parent", c->parent);
	put_connection(o, c->connection);
	put_text(o, "state", c->state);
	put_text(o, "story", child_story(c));
	put_format(o, "spi_in", "%08x", c->spi_in);
	put_format(o, "spi_out", "%08x", c->spi_out);
	put_number(o, "reqid", c->reqid);
	put_suite(o, "suite", &c->suite);
	put_selectors(o, "ts_local", c->ts_local);
	put_selectors(o, "ts_remote", c->ts_remote);
	put_flag(o, "encap", c->encap);
	put_ago(o, "age", c->established_at, now);
	put_in(o, "rekey_in", c->rekey_at, now);
	put_in(o, "expire_in", c->expire_at, now);
	put_counters(o, d, c);
	return o;
}
