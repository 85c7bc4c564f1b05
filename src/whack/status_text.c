/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/status_text.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

/* What the SAs say about a connection, which they come before. */
struct newest {
	UT_hash_handle hh;
	json_int_t ike, child;
	json_t *ike_suite, *child_suite; /* borrowed from the lists below */
	char name[];                     /* "NAME" or "NAME[instance]" */
};

struct status_text {
	FILE *out;
	enum status_view view;
	json_t *ike_sas, *children;
	struct newest *newest;
	struct text pending; /* lines about connections that wait for an IKE SA */
};

static bool is_brief(const struct status_text *s)
{
	return s->view == STATUS_VIEW_BRIEF || s->view == STATUS_VIEW_BRIEF_CONNECTIONS;
}

/* ---- small readers of JSON ---- */

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static const char *str_or(const json_t *o, const char *key, const char *fallback)
{
	const char *s = str(o, key);

	return *s ? s : fallback;
}

static long long num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool is_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static const char *yes_no(const json_t *o, const char *key)
{
	return is_true(o, key) ? "yes" : "no";
}

static bool has(const json_t *o, const char *key)
{
	return json_object_get(o, key) != NULL;
}

/* "name" or "name"[3], as lines begin. */
static void quoted_name(const json_t *o, const char *key, struct text *out)
{
	text_add(out, "\"%s\"", str(o, key));
	if (num(o, "instance"))
		text_add(out, "[%lld]", num(o, "instance"));
}

static void plain_name(const json_t *o, const char *key, struct text *out)
{
	text_add_str(out, str(o, key));
	if (num(o, "instance"))
		text_add(out, "[%lld]", num(o, "instance"));
}

static void joined(const json_t *list, const char *separator, struct text *out)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		text_add(out, "%s%s", i ? separator : "",
			 json_string_value(json_array_get(list, i)));
}

/* ---- the daemon ---- */

static void print_interfaces(FILE *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		bool v6 = strchr(str(o, "address"), ':') != NULL;

		fprintf(out,
			v6 ? "000 interface %s [%s]:%lld (IPv6/%s)\n"
			   : "000 interface %s %s:%lld (IPv4/%s)\n",
			str_or(o, "interface", "?"), str(o, "address"), num(o, "port"),
			str_or(o, "transport", "udp"));
	}
}

/* Whose AES-GCM the plane took at its start, and what it measured or why it could not. */
static void print_cipher(FILE *out, const json_t *g)
{
	if (has(g, "why"))
		fprintf(out, "000 plane: AES-GCM by %s: %s\n", str(g, "by"), str(g, "why"));
	else if (g)
		fprintf(out,
			"000 plane: AES-GCM by %s (intel-ipsec-mb %lld ns a packet, libcrypto %lld ns)\n",
			str(g, "by"), num(g, "ipsec_mb_ns"), num(g, "libcrypto_ns"));
}

/* Causes that met no packet are left out. False, and nothing is added, when all are. */
static bool add_drops(const json_t *drops, const char *before, struct text *t)
{
	const char *separator = before;
	const char *name;
	json_t *count;

	json_object_foreach((json_t *)(uintptr_t)drops, name, count) {
		if (!json_integer_value(count))
			continue;
		text_add(t, "%s%lld %s", separator, (long long)json_integer_value(count), name);
		separator = ", ";
	}
	return separator != before;
}

/* What became of packets that no SA carried. */
static void print_losses(FILE *out, const json_t *drops, long long waiting)
{
	struct text t = {0};

	if (add_drops(drops, "000 plane: not carried: ", &t))
		fprintf(out, "%s\n", text_str(&t));
	text_done(&t);
	if (waiting)
		fprintf(out, "000 plane: %lld packet%s for an IPsec SA\n", waiting,
			waiting == 1 ? " waits" : "s wait");
}

static void print_plane(FILE *out, const json_t *d)
{
	const json_t *p = json_object_get(d, "plane_facts");

	fprintf(out, "000 plane: %s; secrets file: %s (%lld)\n", str(d, "plane"),
		str(d, "secrets_file"), num(d, "secrets"));
	fprintf(out, "000 plane: %s, %s\n", str(d, "plane"), str(d, "plane_why"));
	if (has(p, "device"))
		fprintf(out,
			"000 plane: device %s; mtu %lld; queues %lld; table %lld; mark 0x%llx\n",
			str(p, "device"), num(p, "mtu"), num(p, "queues"), num(p, "table"),
			num(p, "mark"));
	if (has(p, "up") && !is_true(p, "up"))
		fprintf(out,
			"000 plane: device %s is DOWN: nothing is carried, and what is protected "
			"is blocked; ip link set %s up\n",
			str(p, "device"), str(p, "device"));
	print_cipher(out, json_object_get(p, "aes_gcm"));
	print_losses(out, json_object_get(p, "drops"), num(p, "waiting"));
	if (has(p, "firewall") && !is_true(p, "firewall"))
		fprintf(out,
			"000 plane: clear text for protected networks is NOT dropped: %s\n",
			str(p, "firewall_why"));
}

static void print_defaults(FILE *out, const json_t *d)
{
	if (has(d, "default_address"))
		fprintf(out, "000 %%defaultroute: %s %s; next hop %s\n",
			str(d, "default_interface"), str(d, "default_address"),
			str_or(d, "default_nexthop", "%direct"));
	if (has(d, "default6_address"))
		fprintf(out, "000 %%defaultroute: %s %s; next hop %s\n",
			str(d, "default6_interface"), str(d, "default6_address"),
			str_or(d, "default6_nexthop", "%direct"));
}

/* A setting that config setup or the command line may have made. */
static void add_setting(const json_t *d, const char *key, const char *label, struct text *out)
{
	if (!has(d, key))
		return;
	text_add(out, "; %s=", label);
	if (json_is_string(json_object_get(d, key)))
		text_add_str(out, str(d, key));
	else
		text_add(out, "%lld", num(d, key));
}

/* What peers behind NAT may claim (virtual-private=): the networks, and those that are excepted. */
static void print_virtual(FILE *out, const json_t *d)
{
	struct text allowed = {0}, excepted = {0};
	const char *at = str(d, "virtual_private");

	while (*at) {
		size_t len = strcspn(at, ",");
		const char *colon = memchr(at, ':', len);
		const char *net = colon ? colon + 1 : at;
		bool except = *net == '!';
		struct text *t = except ? &excepted : &allowed;

		text_add(t, "%s%.*s", t->len ? ", " : "", (int)(at + len - net - except),
			 net + except);
		at += len + (at[len] != '\0');
	}
	if (allowed.len || excepted.len)
		fprintf(out, "000 virtual_private: allowed nets: %s; excluded nets: %s\n",
			allowed.len ? text_str(&allowed) : "none",
			excepted.len ? text_str(&excepted) : "none");
	text_done(&allowed);
	text_done(&excepted);
}

static void print_settings(FILE *out, const json_t *d)
{
	struct text t = {0};

	text_add(&t, "confs=%s; rundir=%s; uniqueids=%s; fips=%s; debug=%s", str(d, "confs"),
		 str(d, "rundir"),
		 is_true(d, "contact_ignored") ? "never" : yes_no(d, "unique_ids"),
		 yes_no(d, "fips"),
		 is_true(d, "debug") ? "all" : "none");
	text_add(&t, "; strictcrlpolicy=%s; crlcheckinterval=%lld; cachecrls=%s",
		 str(d, "crl_policy"), num(d, "crl_interval"), yes_no(d, "cache_crls"));
	add_setting(d, "log_file", "logfile", &t);
	add_setting(d, "listen", "listen", &t);
	add_setting(d, "group", "group", &t);
	add_setting(d, "keep_alive", "keep-alive", &t);
	add_setting(d, "half_open_cookie", "half-open-cookie", &t);
	add_setting(d, "half_open_max", "half-open-max", &t);
	fprintf(out, "000 config setup: %s\n", text_str(&t));
	text_done(&t);
}

static void print_counts(FILE *out, const json_t *c)
{
	fprintf(out,
		"000 loaded %lld connections, %lld active; %lld IKE SAs (%lld authenticated, %lld "
		"anonymous); %lld children; %lld half-open\n",
		num(c, "connections"), num(c, "active"), num(c, "ike_sas"),
		num(c, "authenticated"), num(c, "anonymous"), num(c, "children"),
		num(c, "half_open"));
}

static void add_size(const json_t *a, const char *key, const char *label, struct text *out)
{
	if (has(a, key))
		text_add(out, ", %s=%lld", label, num(a, key));
}

static void print_algorithms_known(FILE *out, const json_t *list)
{
	struct text t = {0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);

		text_clear(&t);
		add_size(a, "iv_octets", "ivlen", &t);
		add_size(a, "block_octets", "blocksize", &t);
		add_size(a, "key_bits_min", "keysizemin", &t);
		add_size(a, "key_bits_max", "keysizemax", &t);
		add_size(a, "key_bits_default", "keydeflen", &t);
		add_size(a, "icv_octets", "icvlen", &t);
		add_size(a, "hash_octets", "hashsize", &t);
		add_size(a, "bits", "bits", &t);
		add_size(a, "public_octets", "publicsize", &t);
		fprintf(out, "000 algorithm %s %s: id=%lld, name=%s%s%s\n", str(a, "protocol"),
			str(a, "use"), num(a, "id"), str(a, "name"), text_str(&t),
			is_true(a, "weak") ? ", weak" : "");
	}
	if (json_array_size(list))
		fputs("000 \n", out);
	text_done(&t);
}

static void print_deaf(FILE *out)
{
	fputs("000 not listening yet (\"ipsec auto --ready\" does that)\n", out);
}

static void print_daemon(FILE *out, const json_t *d)
{
	const json_t *c = json_object_get(d, "counts");

	print_plane(out, d);
	print_interfaces(out, json_object_get(d, "interfaces"));
	if (!is_true(d, "listening"))
		print_deaf(out);
	print_defaults(out, d);
	fprintf(out, "000 pluto %s: process %lld; up %llds; %lld workers\n", str(d, "version"),
		num(d, "pid"), num(d, "uptime"), num(d, "workers"));
	print_settings(out, d);
	print_virtual(out, d);
	if (has(d, "ike_defaults"))
		fprintf(out, "000 IKE algorithms by default: %s\n", str(d, "ike_defaults"));
	if (has(d, "esp_defaults"))
		fprintf(out, "000 ESP algorithms by default: %s\n", str(d, "esp_defaults"));
	print_counts(out, c);
	fprintf(out,
		"000 datagrams %lld; dropped %lld; retransmits %lld; handshakes %lld; "
		"authentication failures %lld; cookies sent %lld\n",
		num(c, "datagrams"), num(c, "dropped"), num(c, "retransmits"),
		num(c, "handshakes"), num(c, "auth_failures"), num(c, "cookies_sent"));
	fprintf(out,
		"000 IKE fragments sent %lld; received %lld in %lld messages; useless %lld\n",
		num(c, "fragments_made"), num(c, "fragments_taken"), num(c, "reassembled"),
		num(c, "fragments_dropped"));
	fputs("000 \n", out);
}

/* Its members as name=value, those of objects as name.member=value. */
static void print_global(FILE *out, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_object(value))
			print_global(out, key, value);
		else if (json_is_string(value))
			fprintf(out, "000 %s%s%s=%s\n", prefix, *prefix ? "." : "", key,
				json_string_value(value));
		else if (!json_is_array(value))
			fprintf(out, "000 %s%s%s=%lld\n", prefix, *prefix ? "." : "", key,
				json_is_true(value) ? 1 : json_integer_value(value));
	}
}

static void print_daemon_as(FILE *out, enum status_view view, const json_t *d)
{
	switch (view) {
	case STATUS_VIEW_BRIEF:
		if (!is_true(d, "listening"))
			print_deaf(out);
		print_counts(out, json_object_get(d, "counts"));
		break;
	case STATUS_VIEW_GLOBAL:
		print_global(out, "", d);
		break;
	case STATUS_VIEW_FIPS:
		fprintf(out, "000 FIPS mode %s\n", is_true(d, "fips") ? "enabled" : "disabled");
		break;
	default:
		print_daemon(out, d);
	}
}

/* ---- a connection ---- */

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

static const struct newest *newest_of(const struct status_text *s, const char *name)
{
	static const struct newest none = {0};
	struct newest *n;

	HASH_FIND_STR(s->newest, name, n);
	return n ? n : &none;
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

static void print_connection(struct status_text *s, const json_t *c)
{
	bool right = strcmp(str(c, "local"), "right") == 0;
	const json_t *us = json_object_get(c, right ? "right" : "left");
	const json_t *them = json_object_get(c, right ? "left" : "right");
	struct text quoted = {0}, plain = {0};
	const struct newest *n;

	quoted_name(c, "name", &quoted);
	plain_name(c, "name", &plain);
	n = newest_of(s, text_str(&plain));
	print_topology(s->out, text_str(&quoted), c, us, them, n);
	if (!is_brief(s))
		print_lines(s->out, text_str(&quoted), c, us, them, n);
	keep_pending(s, text_str(&quoted), c);
	text_done(&quoted);
	text_done(&plain);
}

/* ---- SAs ---- */

static struct newest *newest_make(struct status_text *s, const json_t *sa)
{
	struct text name = {0};
	struct newest *n = NULL;

	plain_name(sa, "connection", &name);
	if (name.bad)
		return NULL;
	HASH_FIND_STR(s->newest, text_str(&name), n);
	if (!n) {
		n = calloc(1, sizeof(*n) + name.len + 1);
		if (n) {
			memcpy(n->name, text_str(&name), name.len);
			HASH_ADD_STR(s->newest, name, n);
		}
	}
	text_done(&name);
	return n;
}

static enum cyg_err keep(struct status_text *s, json_t *to, const json_t *list, bool child)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *sa = json_array_get(list, i);
		struct newest *n;

		if (json_array_append(to, sa))
			return CYG_NOMEM;
		if (!has(sa, "connection"))
			continue;
		n = newest_make(s, sa);
		if (!n)
			return CYG_NOMEM;
		if (num(sa, "serial") <= (child ? n->child : n->ike))
			continue;
		*(child ? &n->child : &n->ike) = num(sa, "serial");
		*(child ? &n->child_suite : &n->ike_suite) = json_object_get(sa, "suite");
	}
	return CYG_OK;
}

static void add_event(const json_t *sa, struct text *out)
{
	if (has(sa, "rekey_in"))
		text_add(out, "; EVENT_SA_REPLACE in %llds", num(sa, "rekey_in"));
	else if (has(sa, "expire_in"))
		text_add(out, "; EVENT_SA_EXPIRE in %llds", num(sa, "expire_in"));
}

static void add_state(const json_t *sa, struct text *out)
{
	text_add(out, "#%lld: ", num(sa, "serial"));
	if (has(sa, "connection"))
		quoted_name(sa, "connection", out);
	else
		text_add_str(out, "(no connection)");
}

static void print_line(const struct status_text *s, struct text *line)
{
	fprintf(s->out, "000 %s\n", text_str(line));
	text_clear(line);
}

static void add_pair(const json_t *sa, const char *what, const char *v4, const char *v6,
		     struct text *t)
{
	bool both = has(sa, v4) && has(sa, v6);

	if (!has(sa, v4) && !has(sa, v6))
		return;
	text_add(t, "%s%s%s%s", what, str(sa, v4), both ? "," : "", str(sa, v6));
}

static void add_ike_detail(const json_t *sa, struct text *t)
{
	add_state(sa, t);
	text_add(t, " %s[%s]...%s[%s]; SPIs %s %s; %s", str(sa, "local"), str(sa, "local_id"),
		 str(sa, "remote"), str(sa, "remote_id"), str(sa, "spi_initiator"),
		 str(sa, "spi_responder"), str_or(sa, "suite", "no suite yet"));
	if (is_true(sa, "ppk"))
		text_add_str(t, " with a post-quantum key");
	if (is_true(sa, "nat_local"))
		text_add_str(t, "; NAT on our side");
	if (is_true(sa, "nat_remote"))
		text_add_str(t, "; the peer is behind NAT or wants UDP");
	text_add_str(t, is_true(sa, "initiator") ? "; begun here" : "; begun by the peer");
	if (has(sa, "remote_auth"))
		text_add(t, "; authenticated by: %s", str(sa, "remote_auth"));
	if (has(sa, "local_auth"))
		text_add(t, "; we by: %s", str(sa, "local_auth"));
	add_pair(sa, "; our internal address ", "internal", "internal6", t);
	add_pair(sa, "; the peer's internal address ", "assigned", "assigned6", t);
}

/* How sure it is that the peer is there. */
static void add_liveness(const json_t *sa, struct text *t)
{
	if (!is_true(sa, "liveness"))
		text_add_str(t, "; nodpd");
	if (has(sa, "heard"))
		text_add(t, "; last heard %llds ago", num(sa, "heard"));
}

static const char *work_of(const json_t *sa)
{
	if (is_true(sa, "computing"))
		return "crypto_calculating";
	return num(sa, "requests_open") ? "waiting for an answer" : "idle";
}

static void print_ike(const struct status_text *s, const json_t *sa)
{
	const char *port = strrchr(str(sa, "remote"), ':');
	struct text t = {0}, name = {0};

	add_state(sa, &t);
	plain_name(sa, "connection", &name);
	text_add(&t, "%s IKEv2.0 STATE_%s (%s)", port ? port : "", str(sa, "state"),
		 str(sa, "story"));
	add_event(sa, &t);
	if (newest_of(s, text_str(&name))->ike == num(sa, "serial"))
		text_add_str(&t, "; newest ISAKMP");
	add_liveness(sa, &t);
	text_add(&t, "; %s", work_of(sa));
	if (has(sa, "next_request"))
		text_add(&t,
			 "; msgids next=%lld expected=%lld unanswered=%lld; retransmits %lld; "
			 "out of order %lld",
			 num(sa, "next_request"), num(sa, "next_expected"),
			 num(sa, "requests_open"), num(sa, "retransmits"),
			 num(sa, "out_of_order"));
	print_line(s, &t);
	if (!is_brief(s)) {
		add_ike_detail(sa, &t);
		print_line(s, &t);
	}
	text_done(&t);
	text_done(&name);
}

static void add_child_detail(const json_t *sa, struct text *t)
{
	const char *kind = strcmp(str(sa, "protocol"), "AH") == 0 ? "ah" : "esp";

	add_state(sa, t);
	if (has(sa, "used"))
		text_add(t, " used %llds ago;", num(sa, "used"));
	text_add(t, " %s.%s(in) %s.%s(out)%s; %s; %s===%s", kind, str(sa, "spi_in"), kind,
		 str(sa, "spi_out"), is_true(sa, "encap") ? " in UDP" : "",
		 str_or(sa, "suite", "no suite yet"), str(sa, "ts_local"),
		 str(sa, "ts_remote"));
	if (has(sa, "processor"))
		text_add(t, "; processor %lld", num(sa, "processor"));
	if (has(sa, "in_octets"))
		text_add(
			t,
			"; in %lld bytes %lld packets, out %lld bytes %lld packets, dropped %lld",
			num(sa, "in_octets"), num(sa, "in_packets"), num(sa, "out_octets"),
			num(sa, "out_packets"), num(sa, "in_dropped"));
}

static void print_child(const struct status_text *s, const json_t *sa)
{
	struct text t = {0}, name = {0};
	bool newest;

	add_state(sa, &t);
	plain_name(sa, "connection", &name);
	newest = newest_of(s, text_str(&name))->child == num(sa, "serial");
	text_add(&t, " IKEv2.0 STATE_%s (%s)", str(sa, "state"), str(sa, "story"));
	add_event(sa, &t);
	text_add(&t, "%s; isakmp#%lld; idle", newest ? "; newest IPSEC; eroute owner" : "",
		 num(sa, "parent"));
	print_line(s, &t);
	if (!is_brief(s)) {
		add_child_detail(sa, &t);
		print_line(s, &t);
	}
	text_done(&t);
	text_done(&name);
}

/* ---- the whole ---- */

struct status_text *status_text_new(FILE *out, enum status_view view)
{
	struct status_text *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->out = out;
	s->view = view;
	s->ike_sas = json_array();
	s->children = json_array();
	if (s->ike_sas && s->children)
		return s;
	status_text_free(s);
	return NULL;
}

enum cyg_err status_text_take(struct status_text *s, const json_t *parameters)
{
	const json_t *list;
	enum cyg_err err;

	if (s->view == STATUS_VIEW_GLOBAL)
		print_global(s->out, "", json_object_get(parameters, "global"));
	if (has(parameters, "daemon"))
		print_daemon_as(s->out, s->view, json_object_get(parameters, "daemon"));
	if (s->view == STATUS_VIEW_WHOLE)
		print_algorithms_known(s->out, json_object_get(parameters, "algorithms"));
	err = keep(s, s->ike_sas, json_object_get(parameters, "ike_sas"), false);
	if (!err)
		err = keep(s, s->children, json_object_get(parameters, "children"), true);
	list = json_object_get(parameters, "connections");
	for (size_t i = 0; i < json_array_size(list); i++)
		print_connection(s, json_array_get(list, i));
	return err;
}

void status_text_end(struct status_text *s)
{
	if (s->view == STATUS_VIEW_CONNECTIONS || s->view == STATUS_VIEW_BRIEF_CONNECTIONS)
		return;
	if (json_array_size(s->ike_sas))
		fputs("000 \n", s->out);
	for (size_t i = 0; i < json_array_size(s->ike_sas); i++)
		print_ike(s, json_array_get(s->ike_sas, i));
	for (size_t i = 0; i < json_array_size(s->children); i++)
		print_child(s, json_array_get(s->children, i));
	fputs(text_str(&s->pending), s->out);
}

void status_text_free(struct status_text *s)
{
	struct newest *n, *tmp;

	if (!s)
		return;
	HASH_ITER(hh, s->newest, n, tmp) {
		HASH_DEL(s->newest, n);
		free(n);
	}
	json_decref(s->ike_sas);
	json_decref(s->children);
	text_done(&s->pending);
	free(s);
}

static void add_traffic(const json_t *sa, struct text *t)
{
	text_add(t, "#%lld: ", num(sa, "serial"));
	quoted_name(sa, "connection", t);
	text_add(t, ", type=%s, add_time=%lld, inBytes=%lld, outBytes=%lld, maxBytes=",
		 str(sa, "protocol"), (long long)time(NULL) - num(sa, "age"),
		 num(sa, "in_octets"), num(sa, "out_octets"));
	if (has(sa, "max_octets"))
		text_add(t, "%lld", num(sa, "max_octets"));
	else
		text_add_str(t, "unlimited");
	text_add(t, ", id='%s'", str(sa, "remote_id"));
	add_pair(sa, ", lease=", "lease", "lease6", t);
	if (has(sa, "processor"))
		text_add(t, ", processor=%lld", num(sa, "processor"));
	add_drops(json_object_get(sa, "in_drops"), ", dropped: ", t);
}

void traffic_text(FILE *out, const json_t *parameters)
{
	const json_t *list = json_object_get(parameters, "children");
	struct text t = {0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		text_clear(&t);
		add_traffic(json_array_get(list, i), &t);
		fprintf(out, "000 %s\n", text_str(&t));
	}
	text_done(&t);
	print_losses(out, json_object_get(parameters, "plane_drops"),
		     num(parameters, "plane_waiting"));
}
