/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the other programs of this family that mean nothing here, or not yet:
 * each with what is missing, or with what does the same.
 */
#include "whack/options.h"

#include "base/text.h"

#include <string.h>

static const struct {
	const char *options; /* separated by blanks */
	const char *why;
} rows[] = {
	{"authenticate ah",
	 "AH is not built; --encrypt protects with ESP, which authenticates too"},
	{"compress", "IPComp is not built"},
	{"aggrmode aggressive ms-dh-downgrade ikev1-natt firstmsgid initialcontact",
	 "it belongs to IKEv1, which is not built"},
	{"cisco_unity cisco-unity remote_peer_type remote-peer-type fake-strongswan",
	 "a peer's make is not made up to: the protocol is what the RFCs say"},
	{"keyid addkey pubkeyrsa dnskeyondemand myid",
	 "public keys are not built; ipsec.secrets(5) has pre-shared keys"},
	{"rsa-sha1 rsa-sha2 rsa-sha2_256 rsa-sha2_384 rsa-sha2_512 ecdsa ecdsa-sha2 "
	 "ecdsa-sha2_256 ecdsa-sha2_384 ecdsa-sha2_512 auth-null",
	 "signatures are not built; --psk is"},
	{"auth-never", "it is said by the type: --pass, --drop, --reject"},
	{"cert ckaid ca sendcert sendca certtype groups allow-cert-without-san-id",
	 "certificates are not built"},
	{"xauthname xauthuser username xauthpass xauth xauthserver xauthclient xauthby xauthfail "
	 "deleteuser",
	 "XAUTH belongs to IKEv1, which is not built"},
	{"autheap", "EAP is not built"},
	{"modecfgpull", "an IKEv2 client always asks for its address"},
	{"cat", "client address translation is not built"},
	{"dont-share-lease", "write --share-lease=no"},
	{"ignore-peer-dns",
	 "pushed DNS servers are never installed: updown programs are told of them"},
	{"oppohere oppothere oppoproto opposport oppodport oppolabel opporeqid",
	 "a packet to a routed connection does it: --route, then ping"},
	{"clientwithin", "--client with the network that holds them all; the peer narrows it"},
	{"deleteid", "--terminate with the connection's name does it"},
	{"suspend session-resumption", "session resumption (RFC 5723) is not built"},
	{"redirect-to global-redirect global-redirect-to send-redirect accept-redirect "
	 "accept-redirect-to",
	 "redirection (RFC 5685) is not built"},
	{"remote-host", "a connection is called at its own address: describe one with --host"},
	{"ddos-mode ddos-busy ddos-unlimited ddos-auto",
	 "cookies are asked for by themselves: pluto --half-open-cookie sets from when on"},
	{"ike-socket-bufsize ike-socket-errqueue", "pluto sizes its sockets by itself"},
	{"leave-state", "the plane's state is pluto's own and goes with it"},
	{"clearstats", "counters begin anew with pluto; take differences of --globalstatus"},
	{"seccomp-crashtest tpmeval whackrecord whackstoprecord",
	 "it is a test of another program"},
	{"reauth",
	 "make-before-break rekeying (--rekey-ike) renews keys; re-authentication is not "
	 "built"},
	{"pfsgroup", "write the group behind the algorithms: --esp aes256-sha2_256-dh19"},
	{"overlapip", "two peers with the same network can't both be routed"},
	{"disablearrivalcheck", "what arrives is always held against the tunnel's selectors"},
	{"sha2_truncbug sha2-truncbug",
	 "SHA2-256 is cut to 128 bits as RFC 4868 says; no other way is built"},
	{"intermediate", "IKE_INTERMEDIATE (RFC 9242) is not built"},
	{"mobike", "MOBIKE (RFC 4555) is not built"},
	{"narrowing allow-narrowing", "a peer may always narrow"},
	{"fragmentation ikefrag-allow ikefrag-force",
	 "IKE fragmentation (RFC 7383) is not built"},
	{"ikepad", "IKE messages are padded as the cipher needs"},
	{"no-esn", "write --esn=no"},
	{"ikev1-allow ikev2-allow ikev2-propose", "IKEv2 is always spoken, and nothing else"},
	{"nat-keepalive no-nat-keepalive", "pluto --keep-alive sets it for all"},
	{"pfs-rekey-workaround dns-match-id send-supported-auth-methods "
	 "reject-simultaneous-ike-auth send-esp-tfc-padding-not-supported send-no-esp-tfc",
	 "it works around a fault of another program"},
	{"iptfs ipsec-interface interface-ip interfaceip vti vti-interface vti-iface vti-routing "
	 "vti-shared vtiip tundev",
	 "tunnels have no interface of their own here: all lead through pluto's one TUN"},
	{"conn-mark conn-mark-in conn-mark-out nflog-group nic-offload saref reqid-base",
	 "it is a setting of the kernel's IPsec, which is not used"},
	{"tcp tcp-remote-port", "IKE over TCP (RFC 9329) is not built"},
	{"policylabel labeledipsec loopback", "labels of SELinux are not built"},
	{"nm_configured nm-configured", "nothing is written for NetworkManager"},
	{"negopass", "write --negotiationshunt=passthrough"},
	{"negodrop negohold", "write --negotiationshunt=drop, or =hold"},
	{"failhold", "write --failnone: the trap stays"},
};

/* Options that begin so. */
static const struct {
	const char *prefix, *shown, *why;
} families[] = {
	{"debug", "debug-...", "what is logged has no topics: --debug-all, --debug-none"},
	{"no-debug", "no-debug...", "what is logged has no topics: --debug-all, --debug-none"},
	{"impair", "impair...",
	 "faults are tried out in the simulator (sim --break), never in a daemon"},
	{"no-impair", "no-impair...",
	 "faults are tried out in the simulator (sim --break), never in a daemon"},
	{"magic", "magic", "whack and pluto check the protocol's own names"},
	{"iptfs-", "iptfs-...", "IP-TFS (RFC 9347) is not built"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define FAMILIES (sizeof(families) / sizeof(families[0]))

bool whack_unbuilt_doc(size_t i, const char **ret_options, const char **ret_why)
{
	if (i < ROWS) {
		*ret_options = rows[i].options;
		*ret_why = rows[i].why;
	} else if (i < ROWS + FAMILIES) {
		*ret_options = families[i - ROWS].shown;
		*ret_why = families[i - ROWS].why;
	}
	return i < ROWS + FAMILIES;
}

const char *whack_unbuilt(const char *option)
{
	for (size_t i = 0; i < ROWS; i++)
		if (text_among(rows[i].options, option))
			return rows[i].why;
	for (size_t i = 0; i < FAMILIES; i++)
		if (!strncmp(option, families[i].prefix, strlen(families[i].prefix)))
			return families[i].why;
	return NULL;
}
