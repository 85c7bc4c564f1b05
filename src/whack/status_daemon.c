/* SPDX-License-Identifier: Apache-2.0 */
/* What --status and the like say of the daemon itself. */
#include "whack/status_private.h"

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
bool status_add_drops(const json_t *drops, const char *before, struct text *t)
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
void status_print_losses(FILE *out, const json_t *drops, long long waiting)
{
	struct text t = {0};

	if (status_add_drops(drops, "000 plane: not carried: ", &t))
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
	status_print_losses(out, json_object_get(p, "drops"), num(p, "waiting"));
	if (has(p, "firewall") && !is_true(p, "firewall"))
		fprintf(out,
			"000 plane: clear text for protected networks is NOT dropped: %s\n",
			str(p, "firewall_why"));
	if (has(p, "egress") && !is_true(p, "egress"))
		fprintf(out,
			"000 plane: sockets that name a device may send protected traffic in CLEAR: "
			"%s\n",
			str(p, "egress_why"));
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
		 yes_no(d, "fips"), is_true(d, "debug") ? "all" : "none");
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

void status_print_algorithms(FILE *out, const json_t *list)
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
void status_print_global(FILE *out, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_object(value))
			status_print_global(out, key, value);
		else if (json_is_string(value))
			fprintf(out, "000 %s%s%s=%s\n", prefix, *prefix ? "." : "", key,
				json_string_value(value));
		else if (!json_is_array(value))
			fprintf(out, "000 %s%s%s=%lld\n", prefix, *prefix ? "." : "", key,
				json_is_true(value) ? 1 : json_integer_value(value));
	}
}

void status_print_daemon(FILE *out, enum status_view view, const json_t *d)
{
	switch (view) {
	case STATUS_VIEW_BRIEF:
		if (!is_true(d, "listening"))
			print_deaf(out);
		print_counts(out, json_object_get(d, "counts"));
		break;
	case STATUS_VIEW_GLOBAL:
		status_print_global(out, "", d);
		break;
	case STATUS_VIEW_FIPS:
		fprintf(out, "000 FIPS mode %s\n", is_true(d, "fips") ? "enabled" : "disabled");
		break;
	default:
		print_daemon(out, d);
	}
}
