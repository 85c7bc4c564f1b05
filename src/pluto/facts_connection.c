/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/facts.h"

#include "conn/field.h"
#include "pluto/daemon.h"
#include "pluto/facts_out.h"
#include "pluto/policy_words.h"
#include "policy/policy.h"
#include "trust/ipseckey.h"

#include <string.h>
#include <time.h>

/* How a connection is routed, in Openswan's words. */
static const char *const routings[] = {
	[SPD_NONE] = "unrouted",     [SPD_TRAP] = "prospective erouted",
	[SPD_HOLD] = "erouted HOLD", [SPD_PROTECT] = "erouted",
	[SPD_SHUNT] = "erouted",     [SPD_FAILED] = "fail erouted",
};

static const char *const types[] = {
	[CONN_TUNNEL] = "tunnel",    [CONN_TRANSPORT] = "transport", [CONN_BEET] = "beet",
	[CONN_PASS] = "passthrough", [CONN_DROP] = "drop",           [CONN_REJECT] = "reject",
};

static const char *const starts[] = {
	[START_IGNORE] = "ignore", [START_ADD] = "add",   [START_ROUTE] = "route",
	[START_UP] = "start",      [START_KEEP] = "keep",
};

static const char *const dead_actions[] = {
	[DEAD_HOLD] = "hold",
	[DEAD_CLEAR] = "clear",
	[DEAD_RESTART] = "restart",
};

static const char *const shunts[] = {
	[SHUNT_NONE] = "none",     [SHUNT_PASS] = "passthrough", [SHUNT_DROP] = "drop",
	[SHUNT_REJECT] = "reject", [SHUNT_HOLD] = "hold",
};

static const char *const certs[] = {
	[SEND_CERT_ALWAYS] = "always",
	[SEND_CERT_ASKED] = "ifasked",
	[SEND_CERT_NEVER] = "never",
};

static const char *const encapsulations[] = {
	[TRI_NO] = "no",
	[TRI_YES] = "auto",
	[TRI_FORCE] = "yes",
};

/* The word of a value; NULL when the table has none. */
#define WORD(table, value) \
	((value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : NULL)

/* The end of one of a group's networks is whoever has an address there. */
static bool is_group_net(const struct loaded *l, const struct end *e)
{
	return e->host.kind == HOST_GROUP && !l->is_group;
}

static void put_host(struct json_out *o, const struct loaded *l, const struct end *e)
{
	struct text t = {0};

	if (is_group_net(l, e))
		put_text(o, "host", "%any");
	else if (e->host.kind == HOST_GROUP)
		put_text(o, "host", "%group");
	else if (host_print(&e->host, &t))
		put_text(o, "host", text_str(&t));
	text_done(&t);
}

static void put_subnets(struct json_out *o, const struct loaded *l, const struct end *e)
{
	struct ip_prefix net;
	char text[IP_TEXT_MAX];

	json_out_list(o, "subnets");
	for (size_t i = 0; i < e->subnets_len; i++)
		json_out_text(o, NULL, prefix_print(&e->subnets[i], text));
	for (size_t i = 0; is_group_net(l, e) && i < l->ts_remote.len; i++)
		if (range_is_prefix(&l->ts_remote.items[i].range, &net))
			json_out_text(o, NULL, prefix_print(&net, text));
	json_out_list_end(o);
}

static void put_nexthop(struct json_out *o, const struct end *e)
{
	if (e->nexthop_kind == NEXTHOP_ADDR)
		put_addr(o, "nexthop", &e->nexthop);
	else if (e->nexthop_kind == NEXTHOP_DEFAULTROUTE)
		put_text(o, "nexthop", "%defaultroute");
	else if (e->nexthop_kind == NEXTHOP_DIRECT)
		put_text(o, "nexthop", "%direct");
}

/* As leftauth= would say it, whichever of the fields did. */
static void put_auth(struct json_out *o, const struct connection *c, int which)
{
	struct connection with = {0};
	struct text t = {0};

	with.end[0].auth = (uint16_t)connection_auth(c, which);
	field_get(&with, 0, field_by_keyword("auth", true), &t);
	put_text(o, "auth", text_str(&t));
	text_done(&t);
}

static void put_id(struct json_out *o, const struct ident *id)
{
	put_ident(o, "id", id);
	if (id)
		put_text(o, "id_type", ident_type_name(id->type));
}

/* As ipsec.conf would say it; nothing where it is the default. */
static void put_field(struct json_out *o, const char *key, const struct connection *c,
		      int which, const struct field *f)
{
	struct text t = {0};

	if (f && field_get(c, which, f, &t))
		put_text(o, key, text_str(&t));
	text_done(&t);
}

static void put_end_internal(struct json_out *o, const struct connection *c, int which)
{
	const struct end *e = &c->end[which];

	if (connection_asks(c, which))
		json_out_flag(o, "config_client", true);
	if (e->config_server || end_has_pool(&c->end[!which]))
		json_out_flag(o, "config_server", true);
	put_field(o, "pool", c, which, field_by_keyword("addresspool", true));
	put_field(o, "dns", c, which, field_by_keyword("dns", true));
}

static void put_internal(struct json_out *o, const struct connection *c)
{
	put_field(o, "modecfg_dns", c, 0, field_by_keyword("modecfgdns", false));
	put_field(o, "modecfg_wins", c, 0, field_by_keyword("modecfgwins", false));
	put_text(o, "modecfg_domains", c->domains);
	put_text(o, "modecfg_banner", c->banner);
}

/* Of an end, who and where it is. */
static void begin_end(struct json_out *o, const char *key, const struct loaded *l, int which)
{
	const struct end *e = &l->connection->end[which];
	bool us = which == l->local;

	json_out_object(o, key);
	put_host(o, l, e);
	if (l->local >= 0)
		put_addr(o, "address", us ? &l->local_addr : &l->remote_addr);
	put_count(o, "port", e->ike_port);
	put_id(o, l->local < 0 ? e->id : us ? l->local_id : l->remote_id);
	put_subnets(o, l, e);
	put_nexthop(o, e);
	if (e->proto || e->port)
		put_format(o, "protoport", "%u/%u", e->proto, e->port);
}

/* Of an end whose key the DNS has: what is known of it. */
static void put_dns_key(struct json_out *o, const struct daemon *d, const struct loaded *l,
			int which)
{
	const struct ident *id = policy_end_identity(l, which);
	struct dnskeys_known known = {0};
	char name[DNS_NAME_MAX];
	int64_t now = time(NULL);

	if (!id || !connection_key_in_dns(l->connection, which) || !ipseckey_name(id, name) ||
	    !dnskeys_find(d->engine.dnskeys, name, &known))
		return;
	put_text(o, "dns_name", name);
	put_text(o, "dns_key",
		 known.len       ? "proven"
		 : known.pending ? "pending"
		 : known.trouble ? "missing"
				 : NULL);
	if (known.len)
		put_count(o, "dns_until_in", (uint64_t)(known.until - now));
	if (known.again > now)
		put_count(o, "dns_again_in", (uint64_t)(known.again - now));
	put_text(o, "dns_trouble", known.trouble);
}

static void put_end(struct json_out *o, const struct daemon *d, const char *key,
		    const struct loaded *l, int which)
{
	const struct end *e = &l->connection->end[which];
	char key_id[TRUST_KEY_ID_TEXT];

	begin_end(o, key, l, which);
	put_addr(o, "source_ip", &e->source_ip);
	put_addr(o, "more_source_ip", &e->more_source_ip);
	put_end_internal(o, l->connection, which);
	put_text(o, "updown", e->updown);
	put_auth(o, l->connection, which);
	put_text(o, "cert", e->cert);
	put_text(o, "ca", e->ca);
	if (e->cert)
		put_text(o, "send_cert", WORD(certs, e->send_cert));
	put_text(o, "key_id", trust_end_key_id(d->trust, l->connection, which, key_id));
	put_dns_key(o, d, l, which);
	json_out_object_end(o);
}

static const char *kind_of(const struct loaded *l)
{
	if (l->is_group)
		return "group";
	if (l->instance)
		return "instance";
	return l->is_template ? "template" : "permanent";
}

static void put_policy(struct json_out *o, const struct loaded *l)
{
	const char *words[POLICY_WORDS_MAX];
	size_t n = policy_words(l->connection, l->want_up, words);

	json_out_list(o, "policy");
	for (size_t i = 0; i < n; i++)
		json_out_text(o, NULL, words[i]);
	if (l->is_group)
		json_out_text(o, NULL, "GROUP");
	if (l->is_group && l->routed)
		json_out_text(o, NULL, "GROUTED");
	json_out_list_end(o);
}

static unsigned bits_of(const struct ts_set *s)
{
	struct ip_prefix p;

	if (!s->len)
		return 0;
	return range_is_prefix(&s->items[0].range, &p) ? p.bits
						       : ip_bits(&s->items[0].range.first);
}

static void put_lifetimes(struct json_out *o, const struct connection *c)
{
	put_seconds(o, "ike_life", c->ike_lifetime);
	put_seconds(o, "ipsec_life", c->child_lifetime);
	put_count(o, "ipsec_max_bytes", c->child_bytes_max);
	put_count(o, "ipsec_max_packets", c->child_packets_max);
	put_seconds(o, "rekey_margin", c->rekey_margin);
	json_out_number(o, "rekey_fuzz", c->rekey_fuzz_percent);
	json_out_number(o, "keying_tries", c->keying_tries);
	put_count(o, "retransmit_interval_ms", c->retransmit_interval / NSEC_PER_MS);
	put_count(o, "retransmit_timeout", c->retransmit_timeout / NSEC_PER_SEC);
	if (!c->dpd_delay)
		return;
	put_text(o, "dpd_action", WORD(dead_actions, c->dpd_action));
	put_seconds(o, "dpd_delay", c->dpd_delay);
	put_seconds(o, "dpd_timeout", c->dpd_timeout);
}

static void put_packets(struct json_out *o, const struct connection *c)
{
	json_out_number(o, "replay_window", c->replay_window);
	put_text(o, "esn", !c->esn ? "no" : c->esn_off ? "either" : "yes");
	put_text(o, "encapsulation", WORD(encapsulations, c->encapsulation));
	put_text(o, "failure_shunt", WORD(shunts, c->failure_shunt));
	put_text(o, "negotiation_shunt", WORD(shunts, c->negotiation_shunt));
	json_out_flag(o, "initial_contact", c->initial_contact);
	json_out_flag(o, "unique_ids", c->unique_ids);
	json_out_number(o, "mtu", c->mtu);
	json_out_number(o, "metric", c->metric);
	put_count(o, "priority", c->priority);
	put_field(o, "tfc", c, 0, field_by_keyword("tfc", false));
	json_out_flag(o, "nopmtudisc", c->no_pmtu_discovery);
	json_out_flag(o, "decap_dscp", c->decap_dscp);
	json_out_flag(o, "encap_dscp", c->encap_dscp);
}

static void put_interface(struct json_out *o, const struct daemon *d, const struct loaded *l)
{
	for (size_t i = 0; l->local >= 0 && i < d->view.addresses_len; i++)
		if (ip_equal(&d->view.addresses[i].addr, &l->local_addr)) {
			put_text(o, "interface", d->view.addresses[i].interface);
			return;
		}
}

static void put_names(struct json_out *o, const struct connection *c)
{
	json_out_list(o, "aliases");
	for (size_t i = 0; i < c->aliases_len; i++)
		json_out_text(o, NULL, c->aliases[i]);
	json_out_list_end(o);
}

static void put_pending(struct json_out *o, const struct loaded *l)
{
	struct pending_info pending;

	if (!ike_pending(l, &pending))
		return;
	if (pending.looked_up)
		put_addr(o, "pending_lookup", &l->client);
	put_count(o, "pending_on", pending.serial);
	put_count(o, "pending_commands", pending.waiters);
}

bool facts_shunt(const struct loaded *l, struct facts_shunt *ret)
{
	static const char *const by_type[] = {
		[CONN_PASS] = "pass",
		[CONN_DROP] = "drop",
		[CONN_REJECT] = "reject",
	};
	static const char *const by_failure[] = {
		[SHUNT_NONE] = "trap",     [SHUNT_PASS] = "pass", [SHUNT_DROP] = "drop",
		[SHUNT_REJECT] = "reject", [SHUNT_HOLD] = "hold",
	};
	const struct connection *c = l->connection;
	struct pending_info pending;

	switch (l->spd) {
	case SPD_TRAP:
		*ret = (struct facts_shunt){"trap", "routed: a packet starts it"};
		return true;
	case SPD_HOLD:
		*ret = (struct facts_shunt){by_failure[c->negotiation_shunt],
					    ike_pending(l, &pending) && pending.looked_up
						    ? "the peer is being looked up "
						      "(negotiationshunt=)"
						    : "being negotiated (negotiationshunt=)"};
		return true;
	case SPD_SHUNT:
		*ret = (struct facts_shunt){by_type[c->type], "so configured (type=)"};
		return true;
	case SPD_FAILED:
		*ret = (struct facts_shunt){by_failure[c->failure_shunt],
					    "negotiation failed (failureshunt=)"};
		return true;
	default:
		return false;
	}
}

static void put_other(struct json_out *o, const char *key, const struct loaded *l)
{
	if (l && l->instance)
		put_format(o, key, "%s[%u]", l->connection->name, l->instance);
	else if (l)
		put_text(o, key, l->connection->name);
}

/* What of it stands in the plane, since when, and what comes before it and behind it. */
static void put_entry(struct json_out *o, const struct daemon *d, const struct loaded *l)
{
	struct facts_shunt shunt;

	if (l->spd == SPD_NONE)
		return;
	put_ago(o, "routing_age", l->spd_since, engine_now());
	json_out_number(o, "entry_priority", policy_entry_priority(l));
	if (facts_shunt(l, &shunt)) {
		put_text(o, "shunt", shunt.kind);
		put_text(o, "shunt_reason", shunt.reason);
	}
	put_other(o, "policy_now", policy_ahead(ike_policy(d->ike), l));
	put_other(o, "policy_next", policy_behind(ike_policy(d->ike), l));
}

/* What its next version lacks to take its place. */
static void put_awaited(struct json_out *o, const struct daemon *d, const struct loaded *l)
{
	const struct connection *next = policy_awaited(l);
	struct diag why;

	diag_clear(&why);
	if (!next || !policy_explain_wait(ike_policy(d->ike), next, &why))
		return;
	put_text(o, "awaits", why.sentence);
	put_text(o, "awaits_ends", why.got);
}

static void put_place(struct json_out *o, const struct daemon *d, const struct loaded *l)
{
	bool protected = l->spd == SPD_PROTECT;

	put_selectors(o, "ts_local", protected ? &l->spd_local : &l->ts_local);
	put_selectors(o, "ts_remote", protected ? &l->spd_remote : &l->ts_remote);
	put_text(o, "routing", facts_routing(l));
	put_entry(o, d, l);
	json_out_flag(o, "routed", l->routed);
	put_policy(o, l);
	put_format(o, "prio", "%u,%u", bits_of(&l->ts_local), bits_of(&l->ts_remote));
	put_interface(o, d, l);
	json_out_number(o, "reqid", l->reqid);
	json_out_flag(o, "want_up", l->want_up);
	json_out_number(o, "tries", l->tries);
	put_in(o, "retry_in", l->retry_at, engine_now());
	put_pending(o, l);
	put_awaited(o, d, l);
}

const char *facts_routing(const struct loaded *l)
{
	return routings[l->spd];
}

static void begin_connection(struct json_out *o, const struct loaded *l)
{
	json_out_object(o, NULL);
	put_text(o, "name", l->connection->name);
	put_count(o, "instance", l->instance);
	put_text(o, "kind", kind_of(l));
}

static void put_local(struct json_out *o, const struct loaded *l)
{
	if (l->local >= 0)
		put_text(o, "local", l->local ? "right" : "left");
}

void facts_connection_short(struct json_out *o, const struct loaded *l)
{
	begin_connection(o, l);
	put_local(o, l);
	for (int which = 0; which < 2; which++) {
		begin_end(o, which ? "right" : "left", l, which);
		json_out_object_end(o);
	}
	put_text(o, "routing", facts_routing(l));
	json_out_object_end(o);
}

void facts_connection(struct json_out *o, const struct daemon *d, const struct loaded *l)
{
	const struct connection *c = l->connection;

	begin_connection(o, l);
	put_text(o, "type", types[c->type]);
	put_text(o, "auto", WORD(starts, c->start));
	put_local(o, l);
	put_end(o, d, "left", l, 0);
	put_end(o, d, "right", l, 1);
	put_place(o, d, l);
	put_lifetimes(o, c);
	put_packets(o, c);
	put_internal(o, c);
	put_proposals(o, "ike", c->ike);
	put_proposals(o, "esp", c->esp);
	put_names(o, c);
	json_out_object_end(o);
}
