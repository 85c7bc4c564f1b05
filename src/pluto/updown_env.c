/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/updown_env.h"

#include "base/text.h"
#include "conn/field.h"
#include "pluto/policy_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- facts as text; an empty text leaves the variable out ---- */

static const struct end *our_end(const struct updown_call *c)
{
	return &c->facts->connection->end[c->facts->local_end];
}

static const struct end *peers_end(const struct updown_call *c)
{
	return &c->facts->connection->end[!c->facts->local_end];
}

static void add_addr(struct text *t, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	if (ip_is_set(a))
		text_add_str(t, ip_print(a, text));
}

static void add_id(struct text *t, const struct ident *id)
{
	char text[512];

	if (id && id->type != ID_ANY)
		text_add_str(t, ident_print(id, text, sizeof(text)));
}

static void add_known_number(struct text *t, uint64_t n)
{
	if (n)
		text_add(t, "%llu", (unsigned long long)n);
}

static bool is_child(const struct updown_call *c)
{
	return c->facts->verb == UPDOWN_UP || c->facts->verb == UPDOWN_DOWN;
}

static bool is_v6(const struct updown_call *c)
{
	return c->local->range.first.family == IP_V6;
}

static const char *family_name(const struct ip_addr *a)
{
	return a->family == IP_V6 ? "ipv6" : "ipv4";
}

static void verb(const struct updown_call *c, struct text *t)
{
	text_add_str(t, updown_verb_name(c));
}

static void version(const struct updown_call *c, struct text *t)
{
	(void)c;
	text_add_str(t, "2.0");
}

static void connection(const struct updown_call *c, struct text *t)
{
	text_add_str(t, c->facts->connection->name);
}

static void connection_type(const struct updown_call *c, struct text *t)
{
	static const char *const types[] = {
		[CONN_TUNNEL] = "tunnel", [CONN_TRANSPORT] = "transport",
		[CONN_BEET] = "beet",     [CONN_PASS] = "passthrough",
		[CONN_DROP] = "drop",     [CONN_REJECT] = "reject",
	};

	text_add_str(t, types[c->facts->connection->type]);
}

static void kind(const struct updown_call *c, struct text *t)
{
	text_add_str(t, c->facts->instance      ? "CK_INSTANCE"
			: c->facts->is_template ? "CK_TEMPLATE"
						: "CK_PERMANENT");
}

static void conn_policy(const struct updown_call *c, struct text *t)
{
	const char *words[POLICY_WORDS_MAX];
	size_t n = policy_words(c->facts->connection, false, words);

	for (size_t i = 0; i < n; i++)
		text_add(t, "%s%s", i ? "+" : "", words[i]);
}

static void interface(const struct updown_call *c, struct text *t)
{
	if (c->interface)
		text_add_str(t, c->interface);
}

static void virt_interface(const struct updown_call *c, struct text *t)
{
	const struct connection *conn = c->facts->connection;
	char name[LINK_NAME_MAX] = "";

	if (conn->scope.interface)
		scope_interface_name(conn->scope.interface, name, sizeof(name));
	if (conn->vti || *name)
		text_add_str(t, conn->vti ? conn->vti : name);
	else if (c->tunnel)
		text_add_str(t, c->tunnel);
}

static void xfrmi_route(const struct updown_call *c, struct text *t)
{
	if (c->facts->connection->scope.interface)
		text_add_str(t, "yes");
}

static void add_vti(const struct updown_call *c, struct text *t, const char *text)
{
	if (c->facts->connection->vti)
		text_add_str(t, text);
}

static void vti_name(const struct updown_call *c, struct text *t)
{
	add_vti(c, t, c->facts->connection->vti);
}

static void vti_address(const struct updown_call *c, struct text *t)
{
	const struct field *f = field_by_keyword("vti", true);

	field_get(c->facts->connection, c->facts->local_end, f, t);
}

static void vti_routing(const struct updown_call *c, struct text *t)
{
	add_vti(c, t, c->facts->connection->vti_unrouted ? "no" : "yes");
}

static void vti_shared(const struct updown_call *c, struct text *t)
{
	add_vti(c, t, c->facts->connection->vti_shared ? "yes" : "no");
}

static struct packet_scope scope(const struct updown_call *c, enum sa_dir dir)
{
	return scope_of(&c->facts->connection->scope, c->facts->place, dir);
}

static void add_mark(const struct updown_call *c, enum sa_dir dir, struct text *t)
{
	struct packet_scope s = scope(c, dir);

	if (s.mark.mask)
		text_add(t, "%u/0x%08x", s.mark.value, s.mark.mask);
}

static void mark_in(const struct updown_call *c, struct text *t)
{
	add_mark(c, SA_IN, t);
}

static void mark_out(const struct updown_call *c, struct text *t)
{
	add_mark(c, SA_OUT, t);
}

static void if_id_in(const struct updown_call *c, struct text *t)
{
	add_known_number(t, scope(c, SA_IN).if_id);
}

static void if_id_out(const struct updown_call *c, struct text *t)
{
	add_known_number(t, scope(c, SA_OUT).if_id);
}

static void ipcomp(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->facts->compressed);
}

static void stack(const struct updown_call *c, struct text *t)
{
	text_add_str(t, c->stack);
}

static void next_hop(const struct updown_call *c, struct text *t)
{
	const struct end *e = our_end(c);

	if (e->nexthop_kind == NEXTHOP_ADDR)
		add_addr(t, &e->nexthop);
	else if (e->nexthop_kind == NEXTHOP_DEFAULTROUTE)
		add_addr(t, &c->gateway);
}

static void me(const struct updown_call *c, struct text *t)
{
	add_addr(t, &c->facts->local);
}

static void peer(const struct updown_call *c, struct text *t)
{
	add_addr(t, &c->facts->remote);
}

static void my_id(const struct updown_call *c, struct text *t)
{
	add_id(t, c->facts->local_id);
}

static void peer_id(const struct updown_call *c, struct text *t)
{
	add_id(t, c->facts->remote_id);
}

/* As described; who signed the peer's certificate is not told. */
static void peer_ca(const struct updown_call *c, struct text *t)
{
	const char *ca = peers_end(c)->ca;

	if (ca && strcmp(ca, "%same") == 0)
		ca = our_end(c)->ca;
	if (ca && *ca != '%')
		text_add_str(t, ca);
}

/* A range that is no network has no mask either. */
static void add_client(struct text *t, const struct ts *ts)
{
	struct ip_prefix p;
	char text[IP_TEXT_MAX];

	if (range_is_prefix(&ts->range, &p)) {
		text_add_str(t, prefix_print(&p, text));
		return;
	}
	add_addr(t, &ts->range.first);
	text_add_char(t, '-');
	add_addr(t, &ts->range.last);
}

static void add_mask(struct text *t, const struct ts *ts)
{
	struct ip_addr mask;
	struct ip_prefix p;

	if (!range_is_prefix(&ts->range, &p))
		return;
	mask = ip_highest((enum ip_family)p.addr.family);
	mask = prefix_of(&mask, p.bits).addr;
	add_addr(t, &mask);
}

static void my_client(const struct updown_call *c, struct text *t)
{
	add_client(t, c->local);
}

static void my_client_net(const struct updown_call *c, struct text *t)
{
	add_addr(t, &c->local->range.first);
}

static void my_client_mask(const struct updown_call *c, struct text *t)
{
	add_mask(t, c->local);
}

static void peer_client(const struct updown_call *c, struct text *t)
{
	add_client(t, c->remote);
}

static void peer_client_net(const struct updown_call *c, struct text *t)
{
	add_addr(t, &c->remote->range.first);
}

static void peer_client_mask(const struct updown_call *c, struct text *t)
{
	add_mask(t, c->remote);
}

static void add_port(struct text *t, const struct ts *ts)
{
	if (ts->port_first == 0 && ts->port_last == UINT16_MAX)
		text_add_char(t, '0');
	else if (ts->port_first == ts->port_last)
		text_add(t, "%u", ts->port_first);
	else
		text_add(t, "%u-%u", ts->port_first, ts->port_last);
}

static void my_port(const struct updown_call *c, struct text *t)
{
	add_port(t, c->local);
}

static void peer_port(const struct updown_call *c, struct text *t)
{
	add_port(t, c->remote);
}

static void my_protocol(const struct updown_call *c, struct text *t)
{
	text_add(t, "%u", c->local->proto);
}

static void peer_protocol(const struct updown_call *c, struct text *t)
{
	text_add(t, "%u", c->remote->proto);
}

/* The described one of the family, or else of the other. */
static const struct ip_addr *described(const struct end *e, uint8_t family)
{
	return e->more_source_ip.family == family ? &e->more_source_ip : &e->source_ip;
}

/* Of one family: what we were given, or else what is described. */
static const struct ip_addr *our_source(const struct updown_call *c, uint8_t family)
{
	const struct internal *got = c->facts->internal;

	if (got && ip_is_set(&got->addr[internal_slot(family)]))
		return &got->addr[internal_slot(family)];
	return described(our_end(c), family);
}

static const struct ip_addr *peers_source(const struct updown_call *c, uint8_t family)
{
	const struct ip_addr *given = &c->facts->assigned[internal_slot(family)];

	return ip_is_set(given) ? given : described(peers_end(c), family);
}

/* Of the family of these selectors, or else of the other. */
static void my_sourceip(const struct updown_call *c, struct text *t)
{
	add_addr(t, our_source(c, c->local->range.first.family));
}

static void peer_sourceip(const struct updown_call *c, struct text *t)
{
	add_addr(t, peers_source(c, c->local->range.first.family));
}

static void add_of_family(struct text *t, const struct ip_addr *a, uint8_t family)
{
	if (a->family == family)
		add_addr(t, a);
}

static void my_sourceip4(const struct updown_call *c, struct text *t)
{
	add_of_family(t, our_source(c, IP_V4), IP_V4);
}

static void my_sourceip6(const struct updown_call *c, struct text *t)
{
	add_of_family(t, our_source(c, IP_V6), IP_V6);
}

static void peer_sourceip4(const struct updown_call *c, struct text *t)
{
	add_of_family(t, peers_source(c, IP_V4), IP_V4);
}

static void peer_sourceip6(const struct updown_call *c, struct text *t)
{
	add_of_family(t, peers_source(c, IP_V6), IP_V6);
}

static void peer_dns(const struct updown_call *c, struct text *t)
{
	const struct internal *got = c->facts->internal;

	for (uint8_t i = 0; got && i < got->dns_len; i++) {
		if (i)
			text_add_char(t, ' ');
		add_addr(t, &got->dns[i]);
	}
}

static void peer_domains(const struct updown_call *c, struct text *t)
{
	if (c->facts->internal)
		text_add_str(t, c->facts->internal->domains);
}

static void peer_banner(const struct updown_call *c, struct text *t)
{
	if (c->facts->internal)
		text_add_str(t, c->facts->internal->banner);
}

/* The n-th DNS server of a family, from 1. */
static void add_dns(const struct updown_call *c, uint8_t family, unsigned n, struct text *t)
{
	const struct internal *got = c->facts->internal;

	for (uint8_t i = 0; got && i < got->dns_len; i++)
		if (got->dns[i].family == family && !--n) {
			add_addr(t, &got->dns[i]);
			return;
		}
}

static void dns4_1(const struct updown_call *c, struct text *t)
{
	add_dns(c, IP_V4, 1, t);
}

static void dns4_2(const struct updown_call *c, struct text *t)
{
	add_dns(c, IP_V4, 2, t);
}

static void dns6_1(const struct updown_call *c, struct text *t)
{
	add_dns(c, IP_V6, 1, t);
}

static void dns6_2(const struct updown_call *c, struct text *t)
{
	add_dns(c, IP_V6, 2, t);
}

static void cfg_server(const struct updown_call *c, struct text *t)
{
	text_add_char(t, our_end(c)->config_server || end_has_pool(peers_end(c)) ? '1' : '0');
}

static void cfg_client(const struct updown_call *c, struct text *t)
{
	text_add_char(t,
		      connection_asks(c->facts->connection, c->facts->local_end) ? '1' : '0');
}

static void metric(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->facts->connection->metric);
}

static void mtu(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->facts->connection->mtu);
}

static void end_family(const struct updown_call *c, struct text *t)
{
	text_add_str(t, family_name(&c->facts->local));
}

static void client_family(const struct updown_call *c, struct text *t)
{
	text_add_str(t, family_name(&c->local->range.first));
}

static void nought(const struct updown_call *c, struct text *t)
{
	(void)c;
	text_add_char(t, '0');
}

static void reqid(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->facts->reqid);
}

static void sa_type(const struct updown_call *c, struct text *t)
{
	if (is_child(c))
		text_add_str(t, c->facts->connection->protects == PROTO_AH ? "AH" : "ESP");
}

static void proto(const struct updown_call *c, struct text *t)
{
	if (is_child(c))
		text_add_str(t, c->facts->connection->protects == PROTO_AH ? "ah" : "esp");
}

static void unique_id(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->facts->serial);
}

static void udp_enc(const struct updown_call *c, struct text *t)
{
	if (c->facts->out.encap)
		text_add(t, "%u", c->facts->out.remote.port);
}

static void add_time(const struct updown_call *c, struct text *t)
{
	add_known_number(t, c->added_at);
}

static void in_bytes(const struct updown_call *c, struct text *t)
{
	if (c->in)
		text_add(t, "%llu", (unsigned long long)c->in->bytes);
}

static void out_bytes(const struct updown_call *c, struct text *t)
{
	if (c->out)
		text_add(t, "%llu", (unsigned long long)c->out->bytes);
}

static void spi_in(const struct updown_call *c, struct text *t)
{
	if (c->facts->in.spi)
		text_add(t, "0x%x", c->facts->in.spi);
}

static void spi_out(const struct updown_call *c, struct text *t)
{
	if (c->facts->out.spi)
		text_add(t, "0x%x", c->facts->out.spi);
}

/* ---- the table ---- */

static const struct row {
	const char *name;
	void (*put)(const struct updown_call *c, struct text *t);
	const char *doc;
} rows[] = {
	{"PLUTO_VERB", verb,
	 "what happened: prepare, route, up, down or unroute, then -host when our side of the "
	 "tunnel is our own address alone, else -client, then -v6 if that side is IPv6"},
	{"PLUTO_VERSION", version, "the version of this interface: 2.0"},
	{"PLUTO_CONNECTION", connection, "the connection's name"},
	{"PLUTO_CONNECTION_TYPE", connection_type,
	 "tunnel, transport, passthrough, drop or reject"},
	{"PLUTO_CONN_KIND", kind,
	 "CK_PERMANENT, CK_TEMPLATE, or CK_INSTANCE for one peer of a template"},
	{"PLUTO_CONN_POLICY", conn_policy,
	 "what the connection may and must do, in Openswan's words, joined by +"},
	{"PLUTO_CONN_ADDRFAMILY", end_family, "ipv4 or ipv6: of the ends' addresses"},
	{"PLUTO_CONN_ENDFAMILY", end_family, "the same"},
	{"PLUTO_CONN_CLIENTFAMILY", client_family, "ipv4 or ipv6: of the networks inside"},
	{"PLUTO_CLIENT_FAMILY", client_family, "the same"},
	{"PLUTO_INTERFACE", interface, "the interface that has our address"},
	{"PLUTO_VIRT_INTERFACE", virt_interface,
	 "the device that its packets go through, if there is one: that of ipsec-interface= or "
	 "vti-interface=, else of userspace ESP"},
	{"PLUTO_XFRMI_ROUTE", xfrmi_route,
	 "yes: its networks are routed into ipsec-interface="},
	{"VTI_IFACE", vti_name, "vti-interface="},
	{"VTI_IP", vti_address, "our end's vti="},
	{"VTI_ROUTING", vti_routing,
	 "yes: its networks are routed into vti-interface=; else no"},
	{"VTI_SHARED", vti_shared, "yes: peers of any address use vti-interface=; else no"},
	{"PLUTO_MARK_IN", mark_in, "mark-in=: the number, and in hex the bits that count"},
	{"PLUTO_MARK_OUT", mark_out, "mark-out=, likewise"},
	{"PLUTO_IF_ID_IN", if_id_in, "if_id_in=, or the number of ipsec-interface="},
	{"PLUTO_IF_ID_OUT", if_id_out, "if_id_out=, likewise"},
	{"PLUTO_STACK", stack, "what moves packets: the plane's name, as esp"},
	{"PLUTO_NEXT_HOP", next_hop,
	 "the gateway that our end's nexthop= names; absent when it names none"},
	{"PLUTO_ME", me, "our address"},
	{"PLUTO_PEER", peer, "the peer's address; absent for the template of any peer"},
	{"PLUTO_MY_ID", my_id, "our identity"},
	{"PLUTO_PEER_ID", peer_id, "the peer's identity, as it proved it once it is known"},
	{"PLUTO_PEER_CA", peer_ca,
	 "the authority that the peer's certificate must come from: its end's ca=, or ours where "
	 "that is %same"},
	{"PLUTO_MY_CLIENT", my_client,
	 "our side of the tunnel: NETWORK/LENGTH, or FIRST-LAST where it is no network"},
	{"PLUTO_MY_CLIENT_NET", my_client_net, "its first address"},
	{"PLUTO_MY_CLIENT_MASK", my_client_mask, "its mask, if it is a network"},
	{"PLUTO_PEER_CLIENT", peer_client, "the peer's side of the tunnel, as PLUTO_MY_CLIENT"},
	{"PLUTO_PEER_CLIENT_NET", peer_client_net, "its first address"},
	{"PLUTO_PEER_CLIENT_MASK", peer_client_mask, "its mask, if it is a network"},
	{"PLUTO_MY_PORT", my_port, "the port on our side, or FIRST-LAST; 0: any"},
	{"PLUTO_PEER_PORT", peer_port, "the port on the peer's side, or FIRST-LAST; 0: any"},
	{"PLUTO_MY_PROTOCOL", my_protocol, "the number of the IP protocol inside; 0: any"},
	{"PLUTO_PEER_PROTOCOL", peer_protocol, "the same, for the peer's side"},
	{"PLUTO_MY_SOURCEIP", my_sourceip,
	 "our end's address for what it sends: what the peer gave it, or its sourceip="},
	{"PLUTO_MY_SOURCEIP4_1", my_sourceip4, "the same, if it is IPv4"},
	{"PLUTO_MY_SOURCEIP6_1", my_sourceip6, "the same, if it is IPv6"},
	{"PLUTO_PEER_SOURCEIP", peer_sourceip,
	 "the peer's: what we gave it, or its end's sourceip="},
	{"PLUTO_PEER_SOURCEIP4_1", peer_sourceip4, "the same, if it is IPv4"},
	{"PLUTO_PEER_SOURCEIP6_1", peer_sourceip6, "the same, if it is IPv6"},
	{"PLUTO_METRIC", metric, "metric=, if set"},
	{"PLUTO_MTU", mtu, "mtu=, if set"},
	{"PLUTO_SA_REQID", reqid, "the number that ties policies to SAs"},
	{"PLUTO_REQID", reqid, "the same"},
	{"PLUTO_SA_TYPE", sa_type, "at up and down: ESP or AH"},
	{"PLUTO_PROTO", proto, "at up and down: esp or ah"},
	{"PLUTO_UNIQUEID", unique_id, "at up and down: the child SA's number in --status"},
	{"PLUTO_UDP_ENC", udp_enc, "at up and down: the peer's port of ESP in UDP, if it is"},
	{"PLUTO_IPCOMP", ipcomp, "at up and down: 1 where packets are compressed"},
	{"PLUTO_ADDTIME", add_time,
	 "at up and down: when the child SA came up, in seconds since 1970"},
	{"PLUTO_INBYTES", in_bytes,
	 "at down: octets that the last child SA brought, if they were counted"},
	{"PLUTO_OUTBYTES", out_bytes, "at down: octets that it sent, if they were counted"},
	{"SPI_IN", spi_in, "at up and down: the inbound SPI, in hex"},
	{"SPI_OUT", spi_out, "at up and down: the outbound SPI, in hex"},
	{"PLUTO_IS_PEER_CISCO", nought, "always 0: no Cisco client"},
	{"PLUTO_NM_CONFIGURED", nought, "always 0: not made by NetworkManager"},
	{"PLUTO_PEER_DNS_INFO", peer_dns,
	 "DNS servers that the peer told us of, separated by blanks"},
	{"PLUTO_PEER_DOMAIN_INFO", peer_domains, "domains to ask those for, likewise"},
	{"PLUTO_CISCO_DNS_INFO", peer_dns, "the same as PLUTO_PEER_DNS_INFO"},
	{"PLUTO_CISCO_DOMAIN_INFO", peer_domains, "the same as PLUTO_PEER_DOMAIN_INFO"},
	{"PLUTO_PEER_BANNER", peer_banner, "what the peer has to say to a person here"},
	{"PLUTO_DNS4_1", dns4_1, "the first IPv4 one of these servers"},
	{"PLUTO_DNS4_2", dns4_2, "the second one"},
	{"PLUTO_DNS6_1", dns6_1, "the first IPv6 one"},
	{"PLUTO_DNS6_2", dns6_2, "the second one"},
	{"PLUTO_CFG_SERVER", cfg_server, "1: our end gives the peer an address; else 0"},
	{"PLUTO_CFG_CLIENT", cfg_client, "1: our end asks the peer for its address; else 0"},
	{"XAUTH_FAILED", nought, "always 0"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool updown_env_doc(size_t i, const char **ret_name, const char **ret_doc)
{
	if (i >= ROWS)
		return false;
	*ret_name = rows[i].name;
	*ret_doc = rows[i].doc;
	return true;
}

/* ---- the verb ---- */

const char *updown_verb_name(const struct updown_call *c)
{
	static const char *const names[][5] = {
		[UPDOWN_PREPARE] = {"prepare", "prepare-host", "prepare-client",
				    "prepare-host-v6", "prepare-client-v6"},
		[UPDOWN_ROUTE] = {"route", "route-host", "route-client", "route-host-v6",
				  "route-client-v6"},
		[UPDOWN_UP] = {"up", "up-host", "up-client", "up-host-v6", "up-client-v6"},
		[UPDOWN_DOWN] = {"down", "down-host", "down-client", "down-host-v6",
				 "down-client-v6"},
		[UPDOWN_UNROUTE] = {"unroute", "unroute-host", "unroute-client",
				    "unroute-host-v6", "unroute-client-v6"},
	};
	const struct ip_range *r = c->local ? &c->local->range : NULL;
	bool is_host;

	if (!r)
		return names[c->facts->verb][0];
	is_host = ip_equal(&r->first, &r->last) && ip_equal(&r->first, &c->facts->local);
	return names[c->facts->verb][1 + !is_host + 2 * is_v6(c)];
}

/* ---- putting it together ---- */

static bool is_safe(char c, bool first)
{
	return isalnum((unsigned char)c) || (c && strchr(" ,./:=@_+", c)) ||
	       (c == '-' && !first);
}

/* From one text to the end of another, safe; both are ASCII afterwards. */
static void add_safe(struct text *out, const char *value)
{
	for (size_t i = 0; value[i]; i++) {
		if (is_safe(value[i], !i))
			text_add_char(out, value[i]);
		else
			text_add(out, "%%%02X", (unsigned char)value[i]);
	}
}

/* What programs need of ours to run at all; who started the daemon may be trusted. */
static size_t add_inherited(struct text *out)
{
	static const struct {
		const char *name, *otherwise;
	} names[] = {{"PATH", PATH_DEFAULT}, {"LANG", NULL},         {"TZ", NULL},
		     {"IPSEC_CONFS", NULL},  {"IPSEC_RUNDIR", NULL}, {"IPSEC_EXECDIR", NULL}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i].name);

		if (!value || !*value)
			value = names[i].otherwise;
		if (!value)
			continue;
		text_add(out, "%s=%s", names[i].name, value);
		text_add_char(out, '\0');
		n++;
	}
	return n;
}

static size_t add_rows(struct text *out, const struct updown_call *c)
{
	struct text value = {0};
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		text_clear(&value);
		rows[i].put(c, &value);
		out->bad |= value.bad;
		if (!value.len)
			continue;
		text_add(out, "%s=", rows[i].name);
		add_safe(out, text_str(&value));
		text_add_char(out, '\0');
		n++;
	}
	text_done(&value);
	return n;
}

char **updown_env(const struct updown_call *c)
{
	struct text t = {0};
	size_t n = add_inherited(&t) + add_rows(&t, c), heads = (n + 1) * sizeof(char *);
	char **env = t.bad ? NULL : calloc(1, heads + t.len);

	if (env) {
		char *at = (char *)env + heads;

		memcpy(at, t.ptr, t.len);
		for (size_t i = 0; i < n; i++, at += strlen(at) + 1)
			env[i] = at;
	}
	text_done(&t);
	return env;
}
