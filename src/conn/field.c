/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of what describes a connection. field_*.c has the kinds of values. */
#include "conn/field_kind.h"

#include <stddef.h>
#include <string.h>

/* The rows keep their shape. */
/* clang-format off */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define AUTH_WORDS LIST("secret", "pubkey", "null", "rsasig", "rsa-sha2_256", "rsa-sha2_384", \
	"rsa-sha2_512", "rsa-sha1", "ecdsa", "ecdsa-sha2_256", "ecdsa-sha2_384", \
	"ecdsa-sha2_512", "eddsa", "eap-tls", "eap-mschapv2", "eap-radius", "eaponly", "never")
#define YES_NO .words = LIST("yes", "no")
#define CONN(member) .offset = offsetof(struct connection, member)
#define END(member) .per_end = true, .offset = offsetof(struct end, member)

const struct field conn_fields[] = {
	/* the ends */
	{"", .option = "host", .value = "HOST", .kind = &field_host, END(host),
	 .doc = "the end's address or name, %any, %defaultroute or %INTERFACE; several addresses, names, "
		"networks and ranges with commas between: it may be any of them, and is begun with at the first that is one host"},
	{"allowany", .option = "allowany", .value = "YES", .kind = &field_allow_any, END(host), YES_NO,
	 .adds = true, .doc = "the end may also be at any other address; what it is described as is begun with"},
	{"id", .option = "id", .value = "ID", .kind = &field_id, END(id),
	 .doc = "who the end says it is, or %fromcert: what its certificate says; its address when not given"},
	{"subnet", .option = "client", .option_aliases = {"subnet"}, .value = "NETWORKS",
	 .kind = &field_subnets, END(subnets),
	 .doc = "networks behind the end; its own address when not given"},
	{"subnets", .option = "subnets", .value = "NETWORKS", .kind = &field_more_subnets,
	 END(subnets), .adds = true, .doc = "further networks behind the end"},
	{"protoport", .option = "clientprotoport", .option_aliases = {"protoport"},
	 .value = "PROTO/PORT", .kind = &field_protoport, END(proto),
	 .doc = "protect this protocol and port alone"},
	{"nexthop", .option = "nexthop", .value = "ADDRESS", .kind = &field_nexthop,
	 END(nexthop), .doc = "gateway toward the peer: an address, %direct or %defaultroute; "
		"updown programs are told of it, but packets take this host's own route to the peer"},
	{"sourceip", .option = "srcip", .option_aliases = {"sourceip"}, .value = "ADDRESS",
	 .kind = &field_source, END(source_ip),
	 .doc = "the end's own address for packets into the tunnel, put on this host if it is not "
		"there; %config: the peer gives it one; ranges: the same as addresspool="},
	{"modecfgclient", .option = "modecfgclient", .option_aliases = {"modeconfigclient"},
	 .value = "YES", .kind = &field_bool, END(config_client), YES_NO,
	 .doc = "this end asks its peer for an address, as sourceip=%config does"},
	{"modecfgserver", .option = "modecfgserver", .option_aliases = {"modeconfigserver"},
	 .value = "YES", .kind = &field_bool, END(config_server), YES_NO,
	 .doc = "this end gives its peer an address of the other end's addresspool="},
	{"addresspool", .option = "addresspool", .value = "RANGES", .kind = &field_pools,
	 END(pools), .doc = "addresses of which this end is given one of each family"},
	{"dns", .option = "dns", .value = "ADDRESSES", .kind = &field_servers, END(dns),
	 .doc = "DNS servers that this end is told of with its address"},
	{"ikeport", .option = "ikeport", .value = "PORT", .kind = &field_port, END(ike_port),
	 .doc = "the end's UDP port for IKE and ESP; when not given 500, and 4500 for ESP or "
		"where the other end has a port of its own"},
	{"auth", .option = "auth", .value = "METHOD", .kind = &field_auth, END(auth),
	 .words = AUTH_WORDS,
	 .doc = "how this end proves itself; as authby= when not given"},
	{"auth2", .option = "auth2", .value = "METHOD", .kind = &field_auth, END(auth2),
	 .words = LIST("eap-tls", "eap-mschapv2", "eap-radius"),
	 .doc = "how this end proves itself once more, by EAP, behind auth="},
	{"rsasigkey", {"pubkey", "sigkey", "ecdsakey", "eddsakey", "rsakey"}, "pubkey",
	 .value = "KEY", .kind = &field_public_key, END(public_key),
	 .doc = "the end's public key: 0s and base64, 0x and hexadecimal digits, or a file of "
		"ipsec.d/certs; %dnsondemand: the DNS has it; %cert and %none say that there is none"},
	{"cert", .option = "cert", .value = "FILE", .kind = &field_cert, END(cert),
	 .doc = "the end's certificate: a file of ipsec.d/certs; its key is the end's public key, "
		"and its subject the end's id= when not given"},
	{"ca", .option = "ca", .value = "DN", .kind = &field_ca, END(ca),
	 .doc = "an authority that the end's certificate must come from; %same: the other end's; "
		"%any, as when not given: any of ipsec.d/cacerts"},
	{"groups", .option = "groups", .value = "NAMES", .kind = &field_groups, END(groups),
	 .doc = "the end belongs to one of these groups, as attribute certificates of "
		"ipsec.d/acerts say, groups= of a ca section, or with auth=eap-radius the server"},
	{"sendcert", .option = "sendcert", .value = "WORD", .kind = &field_send_cert,
	 END(send_cert), .words = LIST("always", "ifasked", "never"),
	 .doc = "when the end sends its certificate"},
	{"updown", .option = "updown", .value = "COMMAND", .kind = &field_updown, END(updown),
	 .doc = "program to run when the tunnel comes and goes, as ipsec_updown(8) tells; "
		"none when it is empty or %disabled"},

	{"interface-ip", .option = "interface-ip", .option_aliases = {"interfaceip"}, .value = "NETWORK",
	 .kind = &field_host_bits, END(interface_ip),
	 .doc = "address, with the length of its network, that the interface of ipsec-interface= "
		"gets where the end is us"},
	{"vti", .option = "vti", .option_aliases = {"vtiip"}, .value = "NETWORK",
	 .kind = &field_host_bits, END(vti),
	 .doc = "the same for the interface of vti-interface="},

	/* what it is */
	{"connalias", .option = "connalias", .value = "NAMES", .kind = &field_aliases,
	 CONN(aliases), .doc = "further names of the connection"},
	{"type", .option = "type", .value = "TYPE", .kind = &field_type, CONN(type),
	 .words = LIST("tunnel", "transport", "beet", "passthrough", "drop", "reject"),
	 .doc = "what becomes of the packets"},
	{"auto", .option = "auto", .value = "WORD", .kind = &field_start, CONN(start),
	 .words = LIST("ignore", "add", "route", "start", "keep"),
	 .doc = "what to do with it when pluto starts"},
	{"authby", .option = "authby", .value = "METHOD", .kind = &field_authby, CONN(auth),
	 .words = AUTH_WORDS, .doc = "how the ends prove themselves: any of these ways"},
	{"ppk", .option = "ppk", .value = "WORD", .kind = &field_ppk, CONN(ppk),
	 .words = LIST("no", "yes", "insist"), .alone = "yes",
	 .doc = "mix a post-quantum pre-shared key (PPKS of ipsec.secrets) into the keys: where "
		"both ends have it, or insist on it"},
	{"ppk-ids", .option = "ppk-ids", .value = "NAMES", .kind = &field_text, CONN(ppk_ids),
	 .doc = "names of the keys that may be used for ppk=, with commas between them, the best "
		"first; any when not given"},
	{"eap_identity", {"eapidentity", "eap-identity"}, "eap-identity", {"eapidentity"},
	 .value = "NAME", .kind = &field_eap_identity, CONN(eap_identity),
	 .doc = "the name that goes with auth=eap-...; %any: the peer may have any; its id when not "
		"given"},
	{"aaa_identity", .option = "aaa-identity", .value = "ID", .kind = &field_aaa_identity,
	 CONN(aaa_identity),
	 .doc = "whose certificate the server of EAP-TLS shows, where that is another one than the IKE "
		"peer's id, as behind RADIUS"},
	{"rsa-min-bits", .option = "rsa-min-bits", .value = "BITS", .kind = &field_rsa_bits,
	 CONN(rsa_bits_min), .doc = "RSA keys shorter than this are refused"},
	{"connaddrfamily", {"endaddrfamily", "hostaddrfamily"}, "connaddrfamily",
	 .value = "FAMILY", .kind = &field_family, CONN(family), .words = LIST("ipv4", "ipv6"),
	 .doc = "family of the ends' addresses, for ends known by name"},
	{"clientaddrfamily", {"tunneladdrfamily"}, "clientaddrfamily", .value = "FAMILY",
	 .kind = &field_client_family, CONN(family), .words = LIST("ipv4", "ipv6"),
	 .doc = "family of the networks inside", .inert = "it follows from the networks"},

	/* keys and algorithms */
	{"keyexchange", .option = "keyexchange", .value = "VERSION",
	 .kind = &field_keyexchange, CONN(type), .late = true, .words = LIST("ikev2", "ike"),
	 .doc = "the version of IKE: IKEv2"},
	{"ikev2", .option = "ikev2", .value = "WORD", .kind = &field_ikev2, CONN(type), .late = true,
	 .words = LIST("insist", "yes", "propose", "permit"), .doc = "willingness for IKEv2: always"},
	{"ikev1", .option = "ikev1", .value = "WORD", .kind = &field_ikev1, CONN(type), .late = true,
	 .words = LIST("no"), .alone = "insist", .doc = "willingness for IKEv1: never"},
	{"phase2", {"auth"}, "phase2", .value = "PROTOCOL", .kind = &field_phase2, CONN(protects),
	 .words = LIST("esp", "ah"),
	 .doc = "the protocol that protects packets; ah, which hides nothing, needs the kernel's IPsec"},
	{"ike", .option = "ike", .option_aliases = {"ikealg"}, .value = "PROPOSALS",
	 .kind = &field_ike, CONN(ike), .doc = "algorithms for IKE"},
	{"esp", {"phase2alg"}, "esp", {"phase2alg"}, .value = "PROPOSALS", .kind = &field_esp,
	 CONN(esp), .late = true, .doc = "algorithms for ESP"},
	{"ah", .option = "ah", .value = "PROPOSALS", .kind = &field_ah, CONN(esp),
	 .doc = "algorithms for AH, and phase2=ah"},
	{"pfs", .option = "pfs", .value = "YES", .kind = &field_bool, CONN(pfs), YES_NO,
	 .doc = "a key exchange of its own for each rekeying of ESP"},
	{"esn", .option = "esn", .value = "WORD", .kind = &field_esn, CONN(esn),
	 .words = LIST("either", "yes", "no"),
	 .doc = "64-bit sequence numbers in ESP; either when not given"},
	{"replay-window", {"replay_window"}, "replay-window", .value = "PACKETS",
	 .kind = &field_replay, CONN(replay_window),
	 .doc = "how far packets may be out of order; 0: no check"},

	/* time and again */
	{"ikelifetime", .option = "ikelifetime", .value = "TIME", .kind = &field_life,
	 CONN(ike_lifetime), .doc = "life of an IKE SA"},
	{"salifetime", {"keylife", "lifetime", "ipsec-lifetime"}, "ipseclifetime",
	 {"ipsec-lifetime", "salifetime"}, .value = "TIME", .kind = &field_life,
	 CONN(child_lifetime), .doc = "life of an ESP SA"},
	{"rekey", .option = "rekey", .value = "YES", .kind = &field_bool, CONN(rekey), YES_NO,
	 .doc = "renew SAs before they expire"},
	{"rekeymargin", {"margintime"}, "rekeymargin", {"rekeywindow"}, .value = "TIME",
	 .kind = &field_margin, CONN(rekey_margin), .doc = "how long before expiry to renew"},
	{"rekeyfuzz", .option = "rekeyfuzz", .value = "PERCENT", .kind = &field_percent,
	 CONN(rekey_fuzz_percent), .doc = "how much more than the margin it may be, at random"},
	{"ipsec-max-bytes", {"lifebytes"}, "ipsec-max-bytes", .value = "OCTETS",
	 .kind = &field_u64_octets, CONN(child_bytes_max), .doc = "octets an ESP SA may carry"},
	{"ipsec-max-packets", {"lifepackets"}, "ipsec-max-packets", .value = "PACKETS",
	 .kind = &field_u64_packets, CONN(child_packets_max), .doc = "packets an ESP SA may carry"},
	{"keyingtries", .option = "keyingtries", .value = "COUNT", .kind = &field_tries,
	 CONN(keying_tries), .doc = "how often to try before giving up; 0: for ever"},
	{"retransmit-interval", .option = "retransmit-interval", .value = "TIME",
	 .kind = &field_retransmit, CONN(retransmit_interval),
	 .doc = "wait before the first retransmission, in milliseconds or with a unit; it doubles"},
	{"retransmit-timeout", .option = "retransmit-timeout", .value = "TIME",
	 .kind = &field_give_up, CONN(retransmit_timeout),
	 .doc = "give a peer up after so long without an answer"},

	/* dead peers */
	{"dpddelay", .option = "dpddelay", .value = "TIME", .kind = &field_delay,
	 CONN(dpd_delay), .doc = "ask a silent peer after so long; 0: only when packets leave and none comes; "
	"dpdtimeout= alone: 30s, or a quarter of it when that is no longer"},
	{"dpdtimeout", {"ikev1-dpdtimeout"}, "dpdtimeout", .value = "TIME",
	 .kind = &field_delay, CONN(dpd_timeout), .doc = "give up a peer silent for so long; dpddelay= alone: 120s, or four times it "
	"when that is no shorter"},
	{"dpdaction", .option = "dpdaction", .value = "ACTION", .kind = &field_dead,
	 CONN(dpd_action), .words = LIST("hold", "clear", "restart", "none"),
	 .doc = "what follows when a peer is dead"},
	{"initial-contact", .option = "initial-contact", .value = "YES", .kind = &field_bool,
	 CONN(initial_contact), YES_NO,
	 .doc = "tell a peer at first contact to forget older SAs"},
	{"uniqueids", .option = "uniqueids", .value = "YES", .kind = &field_bool,
	 CONN(unique_ids), YES_NO, .doc = "a peer that comes again replaces its older SAs"},

	/* packets and routes */
	{"encapsulation", .option = "encapsulation", .option_aliases = {"encaps"},
	 .value = "WORD", .kind = &field_encapsulation, CONN(encapsulation),
	 .words = LIST("auto", "yes", "no"), .doc = "ESP in UDP: when there is NAT, always, or never"},
	{"forceencaps", .option = "forceencaps", .value = "YES", .kind = &field_force_encaps,
	 CONN(encapsulation), YES_NO, .doc = "yes: the same as encapsulation=yes"},
	{"fragmentation", {"ike-frag", "ike_frag"}, "fragmentation", .value = "WORD",
	 .kind = &field_fragmentation, CONN(fragmentation),
	 .words = LIST("yes", "no", "accept", "force"), .alone = "yes",
	 .doc = "long IKE messages in fragments of their own, which the peer must know, too; accept: "
		"only the peer's; force: small ones from the beginning"},
	{"fragment-size", .option = "fragment-size", .value = "OCTETS",
	 .kind = &field_fragment_size, CONN(fragment_size),
	 .doc = "octets of an IP packet with such a fragment; 1280 when not given, and 576 with IPv4 "
		"once longer ones had no answer"},
	{"failureshunt", .option = "failureshunt", .value = "WORD", .kind = &field_failure,
	 CONN(failure_shunt), .words = LIST("none", "passthrough", "drop", "reject"),
	 .doc = "what packets meet after negotiation failed"},
	{"negotiationshunt", .option = "negotiationshunt", .value = "WORD",
	 .kind = &field_negotiation, CONN(negotiation_shunt),
	 .words = LIST("hold", "passthrough", "drop", "reject"),
	 .doc = "what packets meet while negotiating"},
	{"mtu", .option = "mtu", .value = "OCTETS", .kind = &field_mtu, CONN(mtu),
	 .doc = "MTU of the route into the tunnel"},
	{"metric", .option = "metric", .value = "NUMBER", .kind = &field_metric, CONN(metric),
	 .doc = "metric of the route into the tunnel"},
	{"modecfgdns", .option = "modecfgdns", .value = "ADDRESSES", .kind = &field_servers,
	 CONN(dns), .doc = "DNS servers that a peer is told of with its address"},
	{"modecfgdns1", .option = "modecfgdns1", .value = "ADDRESS",
	 .kind = &field_more_servers, CONN(dns), .adds = true, .doc = "one more of them"},
	{"modecfgdns2", .option = "modecfgdns2", .value = "ADDRESS",
	 .kind = &field_more_servers, CONN(dns), .adds = true, .doc = "and another"},
	{"modecfgwins", .option = "modecfgwins", .value = "ADDRESSES", .kind = &field_servers,
	 CONN(wins), .doc = "WINS servers that a peer is told of with its address"},
	{"modecfgwins1", .option = "modecfgwins1", .value = "ADDRESS",
	 .kind = &field_more_servers, CONN(wins), .adds = true, .doc = "one more of them"},
	{"modecfgwins2", .option = "modecfgwins2", .value = "ADDRESS",
	 .kind = &field_more_servers, CONN(wins), .adds = true, .doc = "and another"},
	{"modecfgdomains", .option = "modecfgdomains", .value = "NAMES",
	 .kind = &field_domains, CONN(domains),
	 .doc = "domains that a peer is to ask those DNS servers for"},
	{"modecfgbanner", .option = "modecfgbanner", .value = "TEXT", .kind = &field_banner,
	 CONN(banner), .doc = "a line for the person at the peer's end"},
	{"share-lease", .option = "share-lease", .value = "YES", .kind = &field_bool,
	 CONN(share_lease), YES_NO,
	 .doc = "peers of one identity have one address; no: each IKE SA has its own"},
	{"reqid", .option = "reqid", .value = "NUMBER", .kind = &field_reqid, CONN(reqid),
	 .doc = "a fixed number that ties policies to SAs"},
	{"priority", .option = "priority", .value = "NUMBER", .kind = &field_metric, CONN(priority),
	 .doc = "which of overlapping policies counts, the lowest; 0: that of the narrowest networks"},
	{"compress", {"compression"}, "compress", {"compression"}, .value = "YES", .kind = &field_bool,
	 CONN(compress), YES_NO, .alone = "yes",
	 .doc = "compress packets before they are encrypted (IPComp by DEFLATE, not LZS), where both "
		"ends can; it needs the kernel's IPsec"},
	{"clones", .option = "clones", .value = "COUNT", .kind = &field_clones, CONN(clones),
	 .doc = "so many more IPsec SAs at most, each for the packets of one processor and made when it "
		"has some (RFC 9611), where the peer takes part; it needs the kernel's IPsec, Linux 6.13"},
	{"mark", .option = "mark", .option_aliases = {"conn-mark"}, .value = "MARK",
	 .kind = &field_marks, CONN(scope.mark),
	 .doc = "the same as mark-in= and mark-out="},
	{"mark-in", {"mark_in"}, "mark-in", {"conn-mark-in"}, .value = "MARK",
	 .kind = &field_mark, CONN(scope.mark[SA_IN]),
	 .doc = "policies and SAs inward are for packets with this mark of the host's own rules, VALUE "
		"or VALUE/MASK; %unique: a number of its own; it needs the kernel's IPsec"},
	{"mark-out", {"mark_out"}, "mark-out", {"conn-mark-out"}, .value = "MARK",
	 .kind = &field_mark, CONN(scope.mark[SA_OUT]), .doc = "the same outward"},
	{"set-mark-in", {"set_mark_in"}, "set-mark-in", .value = "MARK", .kind = &field_mark,
	 CONN(scope.set[SA_IN]), .doc = "packets get this mark once they are out of the tunnel"},
	{"set-mark-out", {"set_mark_out"}, "set-mark-out", .value = "MARK", .kind = &field_mark,
	 CONN(scope.set[SA_OUT]), .doc = "packets of ESP get this mark, by which they are routed"},
	{"if_id_in", {"if-id-in"}, "if-id-in", .value = "NUMBER", .kind = &field_if_id,
	 CONN(scope.if_id[SA_IN]),
	 .doc = "policies and SAs inward belong to the xfrm interface of this number; %unique: one "
		"of its own; it needs the kernel's IPsec"},
	{"if_id_out", {"if-id-out"}, "if-id-out", .value = "NUMBER", .kind = &field_if_id,
	 CONN(scope.if_id[SA_OUT]), .doc = "the same outward"},
	{"ipsec-interface", .option = "ipsec-interface", .value = "NUMBER", .kind = &field_interface,
	 CONN(scope.interface), .alone = "yes",
	 .doc = "packets go through the xfrm interface ipsecNUMBER (yes: ipsec1), which is made for "
		"it; no: through none"},
	{"vti-interface", .option = "vti-interface", .option_aliases = {"vti-iface"},
	 .value = "NAME", .kind = &field_link_name, CONN(vti),
	 .doc = "packets go through the VTI of that name, which is made for it; it needs mark="},
	{"vti-routing", .option = "vti-routing", .value = "YES", .kind = &field_no_bool,
	 CONN(vti_unrouted), YES_NO, .doc = "the networks behind the peer are routed into the VTI"},
	{"vti-shared", .option = "vti-shared", .value = "YES", .kind = &field_bool,
	 CONN(vti_shared), YES_NO, .doc = "peers of any address use the VTI"},
	{"nic-offload", .option = "nic-offload", .value = "WORD", .kind = &field_offload,
	 CONN(offload), .words = LIST("no", "auto", "crypto", "packet"),
	 .doc = "have the network device encrypt: never, where it can, or not come up without; or "
		"have it do all that ESP is; it needs the kernel's IPsec, packet Linux 6.2"},
	{"manual", .option = "manual", .value = "YES", .kind = &field_bool, CONN(manual), YES_NO,
	 .doc = "its SAs have keys that people chose, and ipsec manual brings it up"},
	{"tfc", .option = "tfc", .value = "OCTETS", .kind = &field_tfc, CONN(tfc),
	 .doc = "pad packets in tunnel mode to that many octets, or to %mtu, where the peer takes it"},
	{"nopmtudisc", .option = "nopmtudisc", .value = "YES", .kind = &field_bool,
	 CONN(no_pmtu_discovery), YES_NO,
	 .doc = "let packets that are too long for the path be cut on their way, whatever they say"},
	{"decap-dscp", .option = "decap-dscp", .value = "YES", .kind = &field_bool,
	 CONN(decap_dscp), YES_NO, .doc = "packets that arrive get the DSCP of their outer header"},
	{"encap-dscp", .option = "encap-dscp", .value = "YES", .kind = &field_bool,
	 CONN(encap_dscp), YES_NO, .doc = "the outer header gets the DSCP of the packet"},
};
/* clang-format on */

const size_t conn_fields_len = sizeof(conn_fields) / sizeof(conn_fields[0]);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Most names differ in their first letter, and a listing looks up very many. */
static bool is_named(const char *name, const char *sought)
{
	return (*name | 0x20) == (*sought | 0x20) && text_same(name, sought);
}

static bool any_same(const char *const *names, size_t len, const char *name)
{
	for (size_t i = 0; i < len && names[i]; i++)
		if (is_named(names[i], name))
			return true;
	return false;
}

const struct field *field_by_keyword(const char *keyword, bool per_end)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		if (f->per_end == per_end && (is_named(f->keyword, keyword) ||
					      any_same(f->aliases, COUNT(f->aliases), keyword)))
			return f;
	}
	return NULL;
}

const struct field *field_by_option(const char *option)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		if (is_named(f->option, option) ||
		    any_same(f->option_aliases, COUNT(f->option_aliases), option))
			return f;
	}
	return NULL;
}

/* The member that a row is about. */
static const void *member(const struct connection *c, int which, const struct field *f)
{
	const void *base = f->per_end ? (const void *)&c->end[which != 0] : c;

	return (const char *)base + f->offset;
}

enum cyg_err field_read(struct connection *c, int which, const struct field *f,
			const char *text, struct diag *why)
{
	diag_clear(why);
	return f->kind->set(f->kind, c, (void *)member(c, which, f), text, why);
}

enum cyg_err field_set(struct connection *c, int which, const struct field *f, const char *text,
		       struct diag *why)
{
	enum cyg_err err = field_read(c, which, f, text, why);

	diag_prefix(why, "%s%s=: ", !f->per_end ? "" : which ? "right" : "left", f->keyword);
	return err;
}

bool field_get(const struct connection *c, int which, const struct field *f, struct text *out)
{
	return f->kind->get && f->kind->get(f->kind, member(c, which, f),
					    member(&connection_defaults, which, f), out);
}

/* A value that is not `unset` is printed; no value is that of both of these. */
bool field_default(const struct field *f, struct text *out)
{
	static const struct connection zeros;
	static const union {
		unsigned char octets[sizeof(struct connection)];
		struct connection c;
	} ones = {.octets = {[0 ... sizeof(struct connection) - 1] = 1}};
	const void *at = member(&connection_defaults, 0, f);

	return f->kind->get && (f->kind->get(f->kind, at, member(&zeros, 0, f), out) ||
				f->kind->get(f->kind, at, member(&ones.c, 0, f), out));
}
