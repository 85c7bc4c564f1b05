/* SPDX-License-Identifier: Apache-2.0 */
/* What --status says of a connection. */
#include "whack/status_private.h"

#include <string.h>

/*
 * "192.0.2.1<%defaultroute>[@west]": the address, as it was described when that differs, the
 * identity.
 */
static void add_host(const json_t *end, struct text *out)
{
	const char *host = str(end, "host"), *address = str(end, "address");

	text_add_str(out, *address ? address : *host ? host : "%any");
	if (*address && strcmp(address, host) != 0)
		text_add(out, "<%s>", host);
	if (num(end, "port"))
		text_add(out, ":%lld", num(end, "port"));
	if (has(end, "id"))
		text_add(out, "[%s]", str(end, "id"));
	if (has(end, "protoport"))
		text_add(out, ":%s", str(end, "protoport"));
}

static void add_topology(const json_t *us, const json_t *them, struct text *out)
{
	const json_t *nets = json_object_get(us, "subnets");

	if (json_array_size(nets)) {
		joined(nets, ",", out);
		text_add_str(out, "===");
	}
	add_host(us, out);
	if (has(us, "nexthop"))
		text_add(out, "---%s", str(us, "nexthop"));
	text_add_str(out, "...");
	if (has(them, "nexthop"))
		text_add(out, "%s---", str(them, "nexthop"));
	add_host(them, out);
	nets = json_object_get(them, "subnets");
	if (json_array_size(nets)) {
		text_add_str(out, "===");
		joined(nets, ",", out);
	}
}

static void print_policy(FILE *out, const char *name, const json_t *c)
{
	struct text policy = {0};

	joined(json_object_get(c, "policy"), "+", &policy);
	fprintf(out, "000 %s:   policy: %s; prio: %s; interface: %s; kind: %s\n", name,
		text_str(&policy), str(c, "prio"), str_or(c, "interface", "none"),
		str(c, "kind"));
	text_done(&policy);
}

static void print_limits(FILE *out, const char *name, const json_t *c)
{
	if (num(c, "ipsec_max_bytes") || num(c, "ipsec_max_packets"))
		fprintf(out, "000 %s:   ipsec_max_bytes: %lld; ipsec_max_packets: %lld\n", name,
			num(c, "ipsec_max_bytes"), num(c, "ipsec_max_packets"));
	if (num(c, "retransmit_interval_ms") || num(c, "retransmit_timeout"))
		fprintf(out, "000 %s:   retransmit: interval:%lldms; timeout:%llds\n", name,
			num(c, "retransmit_interval_ms"), num(c, "retransmit_timeout"));
}

static void print_awaited(FILE *out, const char *name, const json_t *c)
{
	if (has(c, "awaits"))
		fprintf(out, "000 %s:   its new version waits: %s (%s)\n", name,
			str(c, "awaits"), str(c, "awaits_ends"));
}

/* What packets meet that no SA carries, what comes first, and what next should the entry go. */
static void print_entry(FILE *out, const char *name, const json_t *c)
{
	if (has(c, "shunt"))
		fprintf(out, "000 %s:   shunt: %s; priority: %lld; age: %llds; reason: %s\n",
			name, str(c, "shunt"), num(c, "entry_priority"), num(c, "routing_age"),
			str(c, "shunt_reason"));
	if (has(c, "policy_now"))
		fprintf(out, "000 %s:   policy_now: %s\n", name, str(c, "policy_now"));
	if (has(c, "policy_next"))
		fprintf(out, "000 %s:   policy_next: %s\n", name, str(c, "policy_next"));
}

/* How packets are handled, where that is not as ever. */
static void print_handling(FILE *out, const char *name, const json_t *c)
{
	struct text t = {0};

	if (num(c, "priority"))
		text_add(&t, "; sa_prio: %lld", num(c, "priority"));
	if (has(c, "tfc"))
		text_add(&t, "; sa_tfc: %s", str(c, "tfc"));
	if (is_true(c, "nopmtudisc"))
		text_add_str(&t, "; nopmtudisc: yes");
	if (is_true(c, "decap_dscp"))
		text_add_str(&t, "; decap_dscp: yes");
	if (has(c, "encap_dscp") && !is_true(c, "encap_dscp"))
		text_add_str(&t, "; encap_dscp: no");
	if (t.len)
		fprintf(out, "000 %s:   %s\n", name, text_str(&t) + 2);
	text_done(&t);
}

static void print_options(FILE *out, const char *name, const json_t *c)
{
	print_limits(out, name, c);
	print_handling(out, name, c);
	fprintf(out,
		"000 %s:   auto: %s; encapsulation: %s; esn: %s; replay_window: %lld; "
		"negotiationshunt: %s; failureshunt: %s; reqid: %lld\n",
		name, str(c, "auto"), str(c, "encapsulation"), str(c, "esn"),
		num(c, "replay_window"), str(c, "negotiation_shunt"), str(c, "failure_shunt"),
		num(c, "reqid"));
	if (num(c, "mtu") || num(c, "metric"))
		fprintf(out, "000 %s:   network params: metric:%lld; mtu:%lld\n", name,
			num(c, "metric"), num(c, "mtu"));
	if (has(c, "dpd_action"))
		fprintf(out, "000 %s:   dpd: action:%s; delay:%lld; timeout:%lld\n", name,
			str(c, "dpd_action"), num(c, "dpd_delay"), num(c, "dpd_timeout"));
	if (num(c, "tries") && has(c, "retry_in"))
		fprintf(out, "000 %s:   failed tries: %lld; next try in %llds\n", name,
			num(c, "tries"), num(c, "retry_in"));
	else if (num(c, "tries"))
		fprintf(out, "000 %s:   failed tries: %lld; none is planned\n", name,
			num(c, "tries"));
}

static void print_aliases(FILE *out, const char *name, const json_t *list)
{
	struct text t = {0};

	if (!json_array_size(list))
		return;
	joined(list, " ", &t);
	fprintf(out, "000 %s:   aliases: %s\n", name, text_str(&t));
	text_done(&t);
}

static void print_algorithms(FILE *out, const char *name, const json_t *c,
			     const struct newest *n)
{
	fprintf(out, "000 %s:   IKE algorithms wanted: %s\n", name,
		str_or(c, "ike", "the defaults"));
	if (n->ike_suite)
		fprintf(out, "000 %s:   IKE algorithm newest: %s\n", name,
			json_string_value(n->ike_suite));
	fprintf(out, "000 %s:   ESP algorithms wanted: %s\n", name,
		str_or(c, "esp", "the defaults"));
	if (n->child_suite)
		fprintf(out, "000 %s:   ESP algorithm newest: %s\n", name,
			json_string_value(n->child_suite));
}

static void print_topology(FILE *out, const char *name, const json_t *c, const json_t *us,
			   const json_t *them, const struct newest *n)
{
	struct text topology = {0};

	add_topology(us, them, &topology);
	fprintf(out, "000 %s: %s; %s; eroute owner: #%lld\n", name, text_str(&topology),
		has(c, "local") ? str(c, "routing") : "not oriented", (long long)n->child);
	text_done(&topology);
}

static const char *role_of(const json_t *end)
{
	if (is_true(end, "config_client"))
		return "client";
	return is_true(end, "config_server") ? "server" : "none";
}

/* Who gives whom an address, and what goes with it. */
static void print_internal(FILE *out, const char *name, const json_t *c, const json_t *us,
			   const json_t *them)
{
	const char *ours = role_of(us), *theirs = role_of(them);

	if (strcmp(ours, "none") == 0 && strcmp(theirs, "none") == 0)
		return;
	fprintf(out,
		"000 %s:   modecfg info: us:%s, them:%s, pool:%s, dns:%s, domains:%s, banner:%s\n",
		name, ours, theirs, str_or(them, "pool", str_or(us, "pool", "unset")),
		str_or(them, "dns", str_or(c, "modecfg_dns", "unset")),
		str_or(c, "modecfg_domains", "unset"), str_or(c, "modecfg_banner", "unset"));
}

/* Whose certificates count, when an end sends its own, and which keys the ends have. */
static void print_authorities(FILE *out, const char *name, const json_t *us, const json_t *them)
{
	if (has(us, "ca") || has(them, "ca"))
		fprintf(out, "000 %s:     CAs: '%s'...'%s'\n", name, str_or(us, "ca", "%any"),
			str_or(them, "ca", "%any"));
	if (has(us, "send_cert") || has(them, "send_cert"))
		fprintf(out, "000 %s:     sendcert: us:%s, them:%s\n", name,
			str_or(us, "send_cert", "none"), str_or(them, "send_cert", "none"));
	if (has(us, "key_id") || has(them, "key_id"))
		fprintf(out, "000 %s:     keys: us:%s, them:%s\n", name,
			str_or(us, "key_id", "none"), str_or(them, "key_id", "none"));
}

/* An end's key that the DNS has. */
static void print_dns_key(FILE *out, const char *name, const char *whose, const json_t *end)
{
	if (!has(end, "dns_key"))
		return;
	fprintf(out, "000 %s:     %s key in the DNS: %s, %s", name, whose, str(end, "dns_name"),
		strcmp(str(end, "dns_key"), "pending") == 0 ? "being looked up"
							    : str(end, "dns_key"));
	if (has(end, "dns_until_in"))
		fprintf(out, " for %llds", num(end, "dns_until_in"));
	if (has(end, "dns_trouble"))
		fprintf(out, "; last look-up: %s", str(end, "dns_trouble"));
	if (has(end, "dns_again_in"))
		fprintf(out, "; asked for again in %llds", num(end, "dns_again_in"));
	fputc('\n', out);
}

static void print_lines(FILE *out, const char *name, const json_t *c, const json_t *us,
			const json_t *them, const struct newest *n)
{
	fprintf(out,
		"000 %s:     myip=%s; hisip=%s; myup=%s; hisup=%s; mycert=%s; hiscert=%s\n",
		name, str_or(us, "source_ip", "unset"), str_or(them, "source_ip", "unset"),
		str_or(us, "updown", "none"), str_or(them, "updown", "none"),
		str_or(us, "cert", "unset"), str_or(them, "cert", "unset"));
	print_internal(out, name, c, us, them);
	print_authorities(out, name, us, them);
	print_dns_key(out, name, "our", us);
	print_dns_key(out, name, "their", them);
	fprintf(out, "000 %s:     our auth:%s; their auth:%s; our idtype:%s; their idtype:%s\n",
		name, str_or(us, "auth", "unset"), str_or(them, "auth", "unset"),
		str_or(us, "id_type", "unset"), str_or(them, "id_type", "unset"));
	fprintf(out,
		"000 %s:   ike_life: %llds; ipsec_life: %llds; rekey_margin: %llds; rekey_fuzz: %lld%%; "
		"keyingtries: %lld\n",
		name, num(c, "ike_life"), num(c, "ipsec_life"), num(c, "rekey_margin"),
		num(c, "rekey_fuzz"), num(c, "keying_tries"));
	print_awaited(out, name, c);
	print_entry(out, name, c);
	print_policy(out, name, c);
	print_options(out, name, c);
	fprintf(out,
		"000 %s:   newest ISAKMP SA: #%lld; newest IPsec SA: #%lld; eroute owner: #%lld\n",
		name, (long long)n->ike, (long long)n->child, (long long)n->child);
	print_aliases(out, name, json_object_get(c, "aliases"));
	print_algorithms(out, name, c, n);
}

/* They are told behind the SAs, which have been told by then. */
static void keep_pending(struct status_text *s, const char *name, const json_t *c)
{
	if (has(c, "pending_lookup"))
		text_add(&s->pending, "000 %s: pending, the DNS is asked who speaks for %s\n",
			 name, str(c, "pending_lookup"));
	if (!has(c, "pending_on"))
		return;
	text_add(&s->pending,
		 "000 %s: pending, waits for IKE SA #%lld; commands that wait: %lld\n", name,
		 num(c, "pending_on"), num(c, "pending_commands"));
}

void status_print_connection(struct status_text *s, const json_t *c)
{
	bool right = strcmp(str(c, "local"), "right") == 0;
	const json_t *us = json_object_get(c, right ? "right" : "left");
	const json_t *them = json_object_get(c, right ? "left" : "right");
	struct text quoted = {0}, plain = {0};
	const struct newest *n;

	quoted_name(c, "name", &quoted);
	plain_name(c, "name", &plain);
	n = status_newest_of(s, text_str(&plain));
	print_topology(s->out, text_str(&quoted), c, us, them, n);
	if (!is_brief(s))
		print_lines(s->out, text_str(&quoted), c, us, them, n);
	keep_pending(s, text_str(&quoted), c);
	text_done(&quoted);
	text_done(&plain);
}
