/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules between the fields of a connection. First what follows from other
 * fields is filled in (connection_fill.c), then each rule is asked in turn; the first
 * that is broken refuses the connection. Checking twice is the same as checking once.
 */
#include "conn/field_kind.h"

#include "conn/connection_fill.h"
#include "conn/internal.h"
#include "crypto/alg.h"

#include <stdlib.h>
#include <string.h>

static const char *const side[] = {"left", "right"};

static bool is_shunt(const struct connection *c)
{
	return c->type == CONN_PASS || c->type == CONN_DROP || c->type == CONN_REJECT;
}

static enum cyg_err broken(struct diag *why, const char *code, const char *sentence,
			   const char *hint)
{
	diag_set(why, code, NULL, "%s", sentence);
	diag_hint(why, "%s", hint);
	return CYG_CONFLICT;
}

/* "GROUP#NETWORK", with or without "-(PORT--PROTOCOL--PORT)": what policy calls a network of a group. */
static bool is_of_group(const char *name)
{
	const char *sign = strrchr(name, '#');
	char net[IP_TEXT_MAX];
	struct ip_prefix p;
	size_t len;

	if (!sign)
		return false;
	len = strcspn(sign + 1, "(");
	len -= len && sign[1 + len] && sign[len] == '-';
	if (len >= sizeof(net))
		return false;
	memcpy(net, sign + 1, len);
	net[len] = '\0';
	return !prefix_parse(net, &p, NULL);
}

static enum cyg_err refuse_of_group(const char *name, struct diag *why)
{
	diag_set(why, "bad-name", NULL,
		 "\"%.*s\" is what the network of a policy group is called", CONN_NAME_MAX, name);
	diag_hint(why, "leave the # out, or the network behind it");
	return CYG_CONFLICT;
}

static enum cyg_err check_name(const struct connection *c, struct diag *why)
{
	const char *open = strrchr(c->name, '[');
	struct view rest = view_str(c->name);

	if (open && open[strspn(open, "[0123456789")] == ']')
		return broken(why, "bad-name", "the name looks like that of an instance",
			      "leave the number in brackets out");
	if (!strcmp(c->name, "%default"))
		return broken(why, "bad-name",
			      "%default is what connections have in common, and none itself",
			      "give it a name of its own");
	if (is_of_group(c->name))
		return refuse_of_group(c->name, why);
	for (size_t i = 0; i < c->aliases_len; i++)
		if (is_of_group(c->aliases[i]))
			return refuse_of_group(c->aliases[i], why);
	for (; rest.len; rest = view_of(rest.ptr + 1, rest.len - 1))
		if (rest.ptr[0] <= ' ' || rest.ptr[0] == 0x7f)
			break;
	if (!rest.len && *c->name)
		return CYG_OK;
	return broken(why, "bad-name", "the name is empty or has blanks in it",
		      "give it a name of one word");
}

/* This end can only be this host. */
static bool is_here(const struct end *e)
{
	return e->host.kind == HOST_DEFAULTROUTE || e->host.kind == HOST_INTERFACE;
}

static enum cyg_err check_hosts(const struct connection *c, struct diag *why)
{
	const struct end *l = &c->end[0], *r = &c->end[1];

	for (size_t i = 0; i < 2; i++) {
		if (c->end[i].host.kind == HOST_UNSET) {
			diag_set(why, "end-missing", NULL, "%s= is missing", side[i]);
			diag_wanted(why, "%s", field_host.wanted);
			diag_hint(why, "a connection has two ends, left= and right=");
			return CYG_CONFLICT;
		}
		if (c->end[i].host.kind == HOST_GROUP && c->end[i].subnets_len) {
			diag_set(why, "group-subnet", NULL,
				 "%ssubnet does not go with %s=%s: the group's file says the "
				 "networks",
				 side[i], side[i], c->end[i].host.name);
			diag_hint(why, "leave %ssubnet out", side[i]);
			return CYG_CONFLICT;
		}
	}
	if (is_here(l) && is_here(r))
		return broken(why, "ends-both-here", "both ends are this host",
			      "give the peer's address, name or %any for one of them");
	if (l->host.kind == HOST_GROUP && r->host.kind == HOST_GROUP)
		return broken(
			why, "ends-both-group", "both ends are a policy group",
			"one of left= and right= is this host: write %defaultroute there");
	if (host_is_anybody(&l->host) && host_is_anybody(&r->host) && connection_negotiates(c))
		return broken(why, "ends-both-any", "both ends are %any",
			      "give this host's address, or %defaultroute, for one of them");
	if (l->host.kind == HOST_ADDR && r->host.kind == HOST_ADDR && !l->host.others &&
	    !r->host.others && ip_equal(&l->host.addr, &r->host.addr) &&
	    l->ike_port == r->ike_port)
		return broken(why, "ends-equal", "both ends have the same address",
			      "one of left= and right= is the peer");
	return CYG_OK;
}

static const char *family_name(uint8_t family)
{
	return family == IP_V4 ? "IPv4" : "IPv6";
}

static enum cyg_err mixed(struct diag *why, const char *what, uint8_t a, uint8_t b)
{
	diag_set(why, "families-mixed", NULL, "IPv4 and IPv6 are mixed: %s", what);
	diag_wanted(why, "%s", family_name(a));
	diag_got(why, "%s", family_name(b));
	return CYG_CONFLICT;
}

/* What a list has of another family than there is at the other end would never be met. */
static enum cyg_err check_list_family(const struct host *h, uint8_t family, struct diag *why)
{
	if (h->others && h->kind == HOST_ADDR && h->addr.family != family)
		return mixed(why, "the ends' addresses", family, h->addr.family);
	for (size_t i = 0; h->others && i < h->others->len; i++) {
		const struct host_other *o = &h->others->items[i];

		if (!o->name && !host_is_whole(&o->range) && o->range.first.family != family)
			return mixed(why, "the ends' addresses", family, o->range.first.family);
	}
	return CYG_OK;
}

static enum cyg_err check_host_families(const struct connection *c, struct diag *why)
{
	uint8_t family = c->family;

	for (size_t i = 0; i < 2; i++) {
		const struct end *e = &c->end[i];
		uint8_t own = host_family(&e->host);
		uint8_t other = c->family ? c->family : host_family(&c->end[!i].host);

		if (other && check_list_family(&e->host, other, why))
			return CYG_CONFLICT;
		if (own && family && own != family)
			return mixed(why, "the ends' addresses", family, own);
		family = own ? own : family;
		if (e->nexthop_kind == NEXTHOP_ADDR && own && e->nexthop.family != own)
			return mixed(why, "an end and its nexthop", own, e->nexthop.family);
	}
	return CYG_OK;
}

static bool has_family(const struct connection *c, size_t which, uint8_t family)
{
	const struct end *e = &c->end[which];

	if (e->virtual || connection_is_internal(c, (int)which))
		return true; /* what it is given an address of is protected, the rest is left out */
	for (size_t i = 0; i < e->subnets_len; i++)
		if (e->subnets[i].addr.family == family)
			return true;
	return !e->subnets_len && host_may_be(&e->host, family);
}

static enum cyg_err check_host_names(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2; i++) {
		const struct host *h = &c->end[i].host;

		if (h->kind != HOST_NAME || strcmp(h->name, HOST_OF_ID) != 0)
			continue;
		diag_set(why, "host-of-id", NULL,
			 "%s="
			 "%%hostname means the DNS name that %sid= is, and it is none",
			 connection_side(i), connection_side(i));
		diag_wanted(why, "%sid=@gw.example.com", connection_side(i));
		diag_hint(why, "write the name or the address as %s=", connection_side(i));
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

/* What passes or stops packets is for all of its list at once: a name that moves has no place there. */
static enum cyg_err check_shunt_list(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && is_shunt(c); i++) {
		const struct host *h = &c->end[i].host;

		if (!h->others || !host_has_name(h) || c->end[i].subnets_len)
			continue;
		diag_set(why, "shunt-name", NULL,
			 "%s= has a name in a list, and type= passes or stops packets of all "
			 "that it lists",
			 connection_side(i));
		diag_wanted(why, "addresses, ranges and networks");
		diag_got(why, "%s", host_name(h, 0));
		diag_hint(why, "write the name in a connection of its own");
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

/* Networks beside an address that the peer is to give have no place in an offer. */
static enum cyg_err check_dynamic(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2; i++) {
		if (!c->end[i].dynamic || !connection_asks(c, i))
			continue;
		diag_set(
			why, "dynamic-beside-nets", NULL,
			"%ssubnet= has %%dynamic beside networks, and the end is to be given its "
			"address",
			connection_side(i));
		diag_wanted(why, "either of the two");
		diag_got(why, "%%dynamic and %zu more", c->end[i].subnets_len);
		diag_hint(why, "write the networks in a connection of their own");
		return CYG_UNSUPPORTED;
	}
	return CYG_OK;
}

/* Each network needs one of its family at the other end to talk to. */
static enum cyg_err check_subnet_families(const struct connection *c, struct diag *why)
{
	char net[IP_TEXT_MAX];

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < c->end[i].subnets_len; j++) {
			const struct ip_prefix *p = &c->end[i].subnets[j];

			if (has_family(c, !i, p->addr.family))
				continue;
			diag_set(why, "families-mixed", NULL,
				 "%ssubnet has %s and there is no %s network at the other end",
				 side[i], prefix_print(p, net), family_name(p->addr.family));
			diag_hint(why, "add one to %ssubnet=", side[!i]);
			return CYG_CONFLICT;
		}
	return CYG_OK;
}

static enum cyg_err check_nexthop(const struct connection *c, struct diag *why)
{
	for (size_t i = 0; i < 2; i++) {
		const struct end *e = &c->end[i];

		if (e->nexthop_kind == NEXTHOP_ADDR && e->host.kind == HOST_ADDR &&
		    ip_equal(&e->nexthop, &e->host.addr))
			return broken(why, "nexthop-itself", "an end is its own nexthop",
				      "name the gateway, or %direct");
	}
	return CYG_OK;
}

static bool some_subnet_has(const struct end *e, const struct ip_addr *a)
{
	for (size_t i = 0; i < e->subnets_len; i++)
		if (prefix_contains(&e->subnets[i], a))
			return true;
	return false;
}

static enum cyg_err check_source(const struct end *e, size_t which, const struct ip_addr *a,
				 struct diag *why)
{
	char addr[IP_TEXT_MAX];

	if (!ip_is_set(a) || some_subnet_has(e, a))
		return CYG_OK;
	diag_set(
		why, "source-outside", NULL,
		"%ssourceip=%s is in no network of %ssubnet, so its packets would not be protected",
		side[which], ip_print(a, addr), side[which]);
	diag_hint(why, "take an address of %ssubnet, or add its network there", side[which]);
	return CYG_CONFLICT;
}

static enum cyg_err check_source_ip(const struct connection *c, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < 2 && !err; i++) {
		const struct end *e = &c->end[i];

		err = check_source(e, i, &e->source_ip, why);
		if (!err)
			err = check_source(e, i, &e->more_source_ip, why);
	}
	return err;
}

/* Who gives whom an address. */
static enum cyg_err check_internal(const struct connection *c, struct diag *why)
{
	if (c->end[0].asks && c->end[1].asks)
		return broken(why, "both-ask", "both ends ask each other for an address",
			      "write sourceip=%config for one of them, and addresspool= or an "
			      "address for the same end at the other host");
	if (c->end[0].virtual && c->end[1].virtual)
		return broken(why, "both-virtual",
			      "both ends would claim their network by themselves",
			      "write this host's own networks for one of them");
	for (int i = 0; i < 2; i++)
		if (c->end[i].virtual && (c->end[i].asks || end_has_pool(&c->end[i]) ||
					  c->end[i].config_client || is_shunt(c)))
			return broken(
				why, "virtual-internal",
				"an end either claims its network by itself (vhost:, vnet:) or "
				"is given an address",
				"leave one of subnet=vhost: and addresspool= or sourceip= out");
	for (int i = 0; i < 2 && c->type == CONN_TRANSPORT; i++)
		if (connection_asks(c, i) || end_has_pool(&c->end[i]))
			return broken(why, "transport-internal",
				      "type=transport leaves no room for an internal address",
				      "take type=tunnel, or leave sourceip=%config and "
				      "addresspool= out");
	return CYG_OK;
}

/* Transport mode protects the hosts themselves (RFC 4301 3.2). */
static enum cyg_err check_transport(const struct connection *c, struct diag *why)
{
	for (size_t i = 0; i < 2 && c->type == CONN_TRANSPORT; i++) {
		const struct end *e = &c->end[i];

		for (size_t j = 0; j < e->subnets_len; j++)
			if (e->subnets[j].bits != ip_bits(&e->subnets[j].addr) ||
			    (e->host.kind == HOST_ADDR && !e->host.others &&
			     !ip_equal(&e->subnets[j].addr, &e->host.addr)))
				return broken(
					why, "transport-subnet",
					"type=transport is for the two hosts alone, not for networks",
					"leave the subnets out, or take type=tunnel");
	}
	return CYG_OK;
}

/* BEET mode has room for one address of each end, which no packet carries. */
static enum cyg_err check_beet(const struct connection *c, struct diag *why)
{
	for (size_t i = 0; i < 2 && c->type == CONN_BEET; i++) {
		const struct end *e = &c->end[i];

		if (connection_asks(c, (int)i) || end_has_pool(e) || e->virtual)
			return broken(why, "beet-internal",
				      "type=beet is between two addresses that both ends know",
				      "take type=tunnel, or leave sourceip=%config, "
				      "addresspool= and vhost: out");
		if (e->subnets_len > 1 ||
		    (e->subnets_len && e->subnets[0].bits != ip_bits(&e->subnets[0].addr)))
			return broken(
				why, "beet-subnet",
				"type=beet is for one address of each end, not for networks",
				"write one address as subnet=, with /32 or /128, or take "
				"type=tunnel");
	}
	if (c->type == CONN_BEET && c->compress)
		return broken(why, "beet-compress", "type=beet has no compression",
			      "leave compress=yes out, or take type=tunnel");
	return CYG_OK;
}

static bool has_ports(uint8_t proto)
{
	static const uint8_t with[] = {1, 6, 17, 33, 58, 132, 135, 136};

	return memchr(with, proto, sizeof(with)) != NULL;
}

static enum cyg_err check_protoport(const struct connection *c, struct diag *why)
{
	const struct end *l = &c->end[0], *r = &c->end[1];

	for (size_t i = 0; i < 2; i++)
		if (c->end[i].port && !has_ports(c->end[i].proto))
			return broken(why, "port-without-protocol",
				      "protoport names a port of a protocol that has none",
				      "write tcp/PORT or udp/PORT");
	if (l->proto == r->proto)
		return CYG_OK;
	return broken(why, "protocols-differ",
		      "leftprotoport and rightprotoport differ in protocol",
		      "a connection protects one protocol, or all");
}

/* An end without an identity of its own must be the peer. */
static enum cyg_err check_ids(const struct connection *c, struct diag *why)
{
	const struct ident *l = c->end[0].id, *r = c->end[1].id;

	if (l && r && (l->type == ID_ANY || l->wildcards) &&
	    (r->type == ID_ANY || r->wildcards))
		return broken(why, "ids-both-any", "both identities are patterns",
			      "one of leftid= and rightid= is this host's own");
	return CYG_OK;
}

/* An identity of a certificate is one that a certificate proves. */
static enum cyg_err check_ids_of_certs(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && connection_negotiates(c); i++) {
		if (!c->end[i].id_of_cert ||
		    !(connection_auth(c, i) & ~(unsigned)(AUTH_SIGNATURES | AUTH_EAP_TLS)))
			continue;
		diag_set(why, "id-of-cert", NULL,
			 "the %s end's identity is to be its certificate's, and it may prove "
			 "itself without one",
			 side[i]);
		diag_wanted(why, "%sauth=pubkey with %sid=%%fromcert", side[i], side[i]);
		diag_hint(why, "write its identity in place of %%fromcert, or authby=pubkey");
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

/* RFC 7619 2.2: an identity that is not proven is none, and one is proven where there is one. */
static enum cyg_err check_nobody(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && connection_negotiates(c); i++) {
		bool null = connection_auth(c, i) == AUTH_NULL;
		const struct ident *id = c->end[i].id;
		char text[IDENT_TEXT_MAX];

		if (null == (id && id->type == ID_NULL))
			continue;
		diag_set(why, "null-identity", "RFC 7619 2.2",
			 null ? "the %s end proves nothing, so it can't be somebody"
			      : "the %s end is nobody, and is to prove that",
			 side[i]);
		diag_wanted(why, "%sid=%%null with %sauth=null, and neither without the other",
			    side[i], side[i]);
		diag_got(why, "%sid=%s", side[i],
			 id ? ident_print(id, text, sizeof(text)) : "(none)");
		diag_hint(why, null ? "leave %sid= out" : "write %sauth=null", side[i]);
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

/* What EAP the ends may use on each other (RFC 7296 2.16, RFC 5998). */
static enum cyg_err check_eap(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && connection_negotiates(c); i++) {
		unsigned own = connection_auth(c, i), other = connection_auth(c, !i);
		bool eap_alone = own & AUTH_EAP_ONLY || connection_eap_client(c, i);

		if (own & AUTH_EAP_RADIUS && own & (AUTH_EAP_TLS | AUTH_EAP_MSCHAPV2))
			return broken(
				why, "eap-radius-alone",
				"the RADIUS server says which methods of EAP there are",
				"leave the others out of auth=eap-radius, and allow them at "
				"the server");
		if (c->ppk != PPK_NO && c->end[i].auth2)
			return broken(why, "auth2-ppk",
				      "no post-quantum key is mixed in where an end proves "
				      "itself twice",
				      "leave ppk= out, or auth2=");
		if (own & AUTH_EAP_ONLY && !connection_eap_client(c, !i))
			return broken(why, "eap-only",
				      "auth=eaponly is for an end whose peer proves itself by "
				      "EAP, and by nothing else",
				      "write eap-tls for the other end, or auth=pubkey here");
		if (c->end[i].auth2 && (c->end[i].auth2 & ~(unsigned)AUTH_EAP ||
					c->end[!i].auth2 || eap_alone || own & AUTH_EAP))
			return broken(
				why, "auth2",
				"auth2= is EAP for one of the ends, which proves itself by "
				"a signature or a secret first",
				"write auth=pubkey and auth2=eap-tls, eap-mschapv2 or "
				"eap-radius for the client's end alone");
		if (!eap_alone || !(other & AUTH_EAP_ONLY || connection_eap_client(c, !i)))
			continue;
		/* RFC 5998 4: the method must prove both ends, and stand a liar in between. */
		if ((own | other) & AUTH_EAP & ~(unsigned)AUTH_EAP_TLS ||
		    !((own | other) & AUTH_EAP))
			return broken(
				why, "eap-only",
				"EAP alone can prove both ends only with eap-tls, which is "
				"mutual; with another method a liar in between would learn "
				"what proves the client",
				"write auth=pubkey for the end that is not the client, or "
				"eap-tls for both");
	}
	return CYG_OK;
}

bool connection_auth_null(const struct connection *c, struct diag *why)
{
	bool null[2] = {connection_auth(c, 0) == AUTH_NULL, connection_auth(c, 1) == AUTH_NULL};

	if (!connection_negotiates(c) || (!null[0] && !null[1]))
		return false;
	diag_set(why, "auth-null", "RFC 7619 3",
		 "%s: whoever answers or calls may be it, also someone in between",
		 null[0] && null[1] ? "neither end proves who it is"
		 : null[0]          ? "the left end proves nothing"
				    : "the right end proves nothing");
	diag_hint(why, "it keeps out who only listens; write another authby= where it matters "
		       "who the peer is");
	return true;
}

static enum cyg_err check_auth(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && connection_negotiates(c); i++) {
		unsigned auth = connection_auth(c, i);

		if (auth == AUTH_UNSET)
			return broken(why, "no-auth",
				      "nothing says how the ends prove themselves",
				      "add authby=secret (--psk) or authby=rsasig (--rsasig)");
		if (auth == AUTH_NEVER)
			return broken(
				why, "no-auth", "authby=never cannot make a tunnel",
				"take authby=secret, or type=passthrough, drop or reject");
	}
	return check_eap(c, why);
}

/* The end has a key that is written here, in a file, or in the DNS. */
static bool has_key(const struct end *e)
{
	return e->public_key && (*e->public_key != '%' || !strncmp(e->public_key, "%dns", 4));
}

/* It is to prove itself by a signature, and by nothing else that is named. */
static bool signs(const struct connection *c, int end)
{
	return !(connection_auth(c, end) &
		 (AUTH_SECRET | AUTH_NULL | AUTH_EAP | AUTH_EAP_ONLY));
}

bool connection_auth_unbuilt(const struct connection *c, struct diag *why)
{
	/* Certificates of ipsec.d/certs are found by the identities of who signs. */
	bool known = has_key(&c->end[0]) || has_key(&c->end[1]) || c->end[0].cert ||
		     c->end[1].cert ||
		     ((c->end[0].id || !signs(c, 0)) && (c->end[1].id || !signs(c, 1)));

	for (int i = 0; i < 2 && connection_negotiates(c) && !known; i++) {
		if (!signs(c, i))
			continue;
		diag_set(why, "auth-unbuilt", NULL,
			 "it can't come up: the %s end is to prove itself by a signature, and "
			 "neither end has a public key, a certificate or an identity by which "
			 "one is found",
			 connection_side(i));
		diag_wanted(why,
			    "rightrsasigkey=0s... with the peer's key, leftcert=, leftid= and "
			    "rightid=, or "
			    "authby=secret");
		diag_got(why, "none of them");
		diag_hint(why, "ipsec showhostkey --right  prints the line at the peer");
		return true;
	}
	return false;
}

static enum cyg_err check_margin(const struct connection *c, struct diag *why)
{
	char margin[32], life[32];

	if (!c->rekey || is_shunt(c) ||
	    connection_widest_margin(c) < connection_shorter_life(c))
		return CYG_OK;
	diag_set(why, "margin-too-wide", NULL,
		 "rekeying could begin %s before expiry, and SAs live %s",
		 duration_print(connection_widest_margin(c), margin),
		 duration_print(connection_shorter_life(c), life));
	diag_wanted(why, "rekeymargin x (100%% + rekeyfuzz) below ikelifetime and salifetime");
	diag_got(why, "rekeymargin=%s rekeyfuzz=%u%%", duration_print(c->rekey_margin, margin),
		 c->rekey_fuzz_percent);
	diag_hint(why, "shorten rekeymargin=, or write rekey=no");
	return CYG_CONFLICT;
}

/* Nobody is there to tell of an address, or of a network, that was not known before. */
static enum cyg_err check_manual(const struct connection *c, struct diag *why)
{
	if (!c->manual)
		return CYG_OK;
	if (is_shunt(c))
		return broken(why, "manual-shunt",
			      "manual=yes is for tunnels and transport mode",
			      "leave manual=yes out: what passes or stops packets has no keys");
	if (c->compress)
		return broken(why, "manual-compress",
			      "compress=yes is agreed on by IKE, and manual=yes has none",
			      "leave compress= out");
	for (int i = 0; i < 2; i++) {
		const struct end *e = &c->end[i];

		if (host_is_several(&e->host) || e->virtual || e->asks || e->pools)
			return broken(
				why, "manual-peer",
				"with manual=yes both ends and their networks must be known "
				"beforehand",
				"write both addresses, and subnets instead of pools");
	}
	return CYG_OK;
}

/* Interfaces of tunnels: one kind of them, and what it needs. */
static enum cyg_err check_links(const struct connection *c, struct diag *why)
{
	const struct described_mark *in = &c->scope.mark[SA_IN], *out = &c->scope.mark[SA_OUT];
	bool ids = c->scope.if_id[SA_IN].id || c->scope.if_id[SA_IN].own ||
		   c->scope.if_id[SA_OUT].id || c->scope.if_id[SA_OUT].own;

	if (c->scope.interface && c->vti)
		return broken(
			why, "two-interfaces",
			"ipsec-interface= and vti-interface= are two ways to do one thing",
			"leave vti-interface= out");
	if (c->scope.interface && ids)
		return broken(
			why, "two-interfaces", "ipsec-interface= chooses the if_id by itself",
			"leave if_id_in= and if_id_out= out, or make the interface yourself");
	if ((c->scope.interface || c->vti) && c->type != CONN_TUNNEL)
		return broken(why, "interface-type",
			      "only a tunnel has an interface of its own",
			      "write type=tunnel, or leave the interface out");
	if (c->vti && ((!in->own && !in->mark.value) || (!out->own && !out->mark.value)))
		return broken(why, "vti-mark",
			      "vti-interface= needs a mark, by which the VTI knows its packets",
			      "write mark=%unique, or a number such as mark=5");
	for (int i = 0; i < 2; i++) {
		if (ip_is_set(&c->end[i].vti.addr) && !c->vti)
			return broken(why, "vti-address",
				      "vti= gives an address to no interface",
				      "write vti-interface= with a name, such as vti0");
		if (ip_is_set(&c->end[i].interface_ip.addr) && !c->scope.interface)
			return broken(why, "interface-address",
				      "interface-ip= gives an address to no interface",
				      "write ipsec-interface=yes, or a number");
		if (c->vti && !c->vti_shared && host_is_several(&c->end[i].host))
			return broken(why, "vti-shared",
				      "a VTI for peers of any address is one that they share",
				      "write vti-shared=yes");
	}
	return CYG_OK;
}

static enum cyg_err check_times(const struct connection *c, struct diag *why)
{
	if (c->dpd_delay && c->dpd_timeout < c->dpd_delay)
		return broken(
			why, "dpd-timeout-short",
			"dpdtimeout is shorter than dpddelay: a peer would be dead before it is asked",
			"make dpdtimeout several times dpddelay");
	return check_margin(c, why);
}

static bool wanted_esn(const struct connection *c, const struct transform *t)
{
	return t->id == ALG_ESN_YES ? c->esn : c->esn_off;
}

static enum cyg_err check_esn(const struct connection *c, struct diag *why)
{
	char text[512];

	for (size_t i = 0; c->esp && i < c->esp->len; i++) {
		const struct proposal *p = &c->esp->items[i];
		bool some = false;

		for (size_t j = 0; j < p->len; j++)
			some |= p->transforms[j].kind == ALG_ESN &&
				wanted_esn(c, &p->transforms[j]);
		if (some)
			continue;
		diag_set(why, "esn-conflict", NULL,
			 "esn=%s leaves nothing of what esp= says on sequence numbers",
			 c->esn ? "yes" : "no");
		diag_got(why, "%s", proposal_print(p, text, sizeof(text)));
		diag_hint(why, "leave one of both out");
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

enum cyg_err connection_check(struct connection *c, struct diag *why)
{
	static enum cyg_err (*const rules[])(const struct connection *, struct diag *) = {
		check_name,       check_hosts,     check_host_families, check_subnet_families,
		check_nexthop,    check_source_ip, check_internal,      check_transport,
		check_beet,       check_protoport, check_ids,           check_auth,
		check_times,      check_esn,       check_dynamic,       check_manual,
		check_host_names, check_nobody,    check_links,         check_ids_of_certs,
		check_shunt_list,
	};
	enum cyg_err err;

	diag_clear(why);
	err = connection_fill(c);
	if (err)
		diag_set(why, "no-memory", NULL, "memory ran out");
	for (size_t i = 0; !err && i < sizeof(rules) / sizeof(rules[0]); i++)
		err = rules[i](c, why);
	return err;
}
