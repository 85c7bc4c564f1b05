/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/known.h"

#include "base/text.h"

#include <string.h>

#define CERTS "this version authenticates by pre-shared keys only"
#define V1 "this version speaks IKEv2 only"
#define MANUAL "manual keying is not built"
#define KERNEL "it steers kernel ESP, and this version has userspace ESP"
#define POOL "handing out addresses is not built"
#define CRL_NOTE "this version reads no certificates"
#define KLIPS "it belonged to the KLIPS kernel stack"

const struct known known_conn_rows[] = {
	{"also", false, KNOWN_STRUCTURE, NULL, NULL},
	{"alsoflip", false, KNOWN_STRUCTURE, NULL, NULL},

	/* of an end */
	{"addresspool", true, KNOWN_NOT_BUILT, NULL, POOL},
	{"ahkey", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"allowany", true, KNOWN_NOT_BUILT, "no", "write the address as %any instead"},
	{"auth2", true, KNOWN_NOT_BUILT, NULL, "a second round of authentication is not built"},
	{"autheap", true, KNOWN_NOT_BUILT, "none", "EAP is not built"},
	{"ca", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"ca2", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"cat", true, KNOWN_NOT_BUILT, "no", "client address translation is not built"},
	{"cert", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"cert2", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"certpolicy", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"certtype", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"ckaid", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"dns", true, KNOWN_INERT, NULL, POOL},
	{"ecdsakey", true, KNOWN_INERT, NULL, CERTS},
	{"eddsakey", true, KNOWN_INERT, NULL, CERTS},
	{"espauthkey", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"espenckey", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"espspi", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"firewall", true, KNOWN_INERT, NULL, "no firewall rules are written; allow the tunnel's packets yourself"},
	{"groundhog", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"groups", true, KNOWN_NOT_BUILT, NULL, "attribute certificates are not built"},
	{"groups2", true, KNOWN_NOT_BUILT, NULL, "attribute certificates are not built"},
	{"hostaccess", true, KNOWN_INERT, NULL, "no firewall rules are written"},
	{"id2", true, KNOWN_INERT, NULL, "a second round of authentication is not built"},
	{"interface-ip", true, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"modecfgclient", true, KNOWN_NOT_BUILT, "no", POOL},
	{"modecfgserver", true, KNOWN_NOT_BUILT, "no", POOL},
	{"modecfgdns1", true, KNOWN_INERT, NULL, POOL},
	{"modecfgdns2", true, KNOWN_INERT, NULL, POOL},
	{"modecfgwins1", true, KNOWN_INERT, NULL, POOL},
	{"modecfgwins2", true, KNOWN_INERT, NULL, POOL},
	{"pubkey", true, KNOWN_INERT, NULL, CERTS},
	{"rsasigkey", true, KNOWN_INERT, NULL, CERTS},
	{"rsasigkey2", true, KNOWN_INERT, NULL, CERTS},
	{"sendcert", true, KNOWN_INERT, NULL, CRL_NOTE},
	{"sigkey", true, KNOWN_INERT, NULL, CERTS},
	{"spi", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"spibase", true, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"subnetwithin", true, KNOWN_OBSOLETE, NULL, "write subnet=: the peer may ask for less than that"},
	{"updown-config", true, KNOWN_INERT, NULL, "no updown program is run"},
	{"username", true, KNOWN_INERT, NULL, "EAP and XAUTH are not built"},
	{"vti", true, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"xauthclient", true, KNOWN_NOT_BUILT, "no", V1},
	{"xauthname", true, KNOWN_INERT, NULL, V1},
	{"xauthserver", true, KNOWN_NOT_BUILT, "no", V1},
	{"xauthusername", true, KNOWN_INERT, NULL, V1},

	/* of the connection */
	{"aaa_identity", false, KNOWN_INERT, NULL, "EAP is not built"},
	{"accept-redirect", false, KNOWN_INERT, NULL, "redirects are never followed"},
	{"accept-redirect-to", false, KNOWN_INERT, NULL, "redirects are never followed"},
	{"aggressive", false, KNOWN_NOT_BUILT, "no", V1},
	{"aggrmode", false, KNOWN_NOT_BUILT, "no", V1},
	{"ah", false, KNOWN_NOT_BUILT, NULL, "AH is not built; use esp="},
	{"ahkey", false, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"ahreplay_window", false, KNOWN_NOT_BUILT, NULL, MANUAL},
	{"cisco-split", false, KNOWN_INERT, NULL, V1},
	{"cisco-unity", false, KNOWN_INERT, NULL, V1},
	{"clones", false, KNOWN_INERT, NULL, "one SA serves all processors"},
	{"closeaction", false, KNOWN_INERT, NULL, "a connection that should be up comes up again by itself"},
	{"compress", false, KNOWN_INERT, NULL, "IPComp is not built; packets go uncompressed"},
	{"debug", false, KNOWN_INERT, NULL, "set debugging with plutodebug="},
	{"decap-dscp", false, KNOWN_INERT, NULL, "the inner DSCP is kept"},
	{"disablearrivalcheck", false, KNOWN_INERT, NULL, "arriving packets are always checked"},
	{"dns-match-id", false, KNOWN_NOT_BUILT, "no", "identities are not looked up in DNS"},
	{"eap", false, KNOWN_NOT_BUILT, NULL, "EAP is not built"},
	{"eap_identity", false, KNOWN_INERT, NULL, "EAP is not built"},
	{"enable-tcp", false, KNOWN_NOT_BUILT, "no,fallback", "IKE over TCP is not built"},
	{"encap-dscp", false, KNOWN_INERT, NULL, "the inner DSCP is copied outward"},
	{"espreplay_window", false, KNOWN_OBSOLETE, NULL, "write replay-window="},
	{"fake-strongswan", false, KNOWN_INERT, NULL, "no vendor id is pretended"},
	{"firstmsgid", false, KNOWN_INERT, NULL, "IKEv2 numbers its messages from 0"},
	{"fragmentation", false, KNOWN_INERT, NULL, "IKE fragmentation is not built yet"},
	{"ignore-peer-dns", false, KNOWN_INERT, NULL, "pushed DNS servers are never installed"},
	{"ikedscp", false, KNOWN_INERT, NULL, "IKE packets carry the system's DSCP"},
	{"ikepad", false, KNOWN_INERT, NULL, V1},
	{"inactivity", false, KNOWN_INERT, NULL, "idle tunnels stay up"},
	{"installpolicy", false, KNOWN_NOT_BUILT, "yes", "policies are always installed"},
	{"intermediate", false, KNOWN_INERT, NULL, "IKE_INTERMEDIATE is not built"},
	{"ipsec-interface", false, KNOWN_NOT_BUILT, "no", KERNEL},
	{"iptfs", false, KNOWN_NOT_BUILT, "no", "IP-TFS is not built"},
	{"iptfs-drop-time", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"iptfs-fragmentation", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"iptfs-init-delay", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"iptfs-max-queue-size", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"iptfs-packet-size", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"iptfs-reorder-window", false, KNOWN_INERT, NULL, "IP-TFS is not built"},
	{"labeled_ipsec", false, KNOWN_NOT_BUILT, "no", "labelled IPsec is not built"},
	{"loopback", false, KNOWN_NOT_BUILT, "no", "labelled IPsec is not built"},
	{"marginbytes", false, KNOWN_INERT, NULL, "rekeying begins at nine tenths of the limit in octets"},
	{"marginpackets", false, KNOWN_INERT, NULL, "rekeying begins at nine tenths of the limit in packets"},
	{"mark", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"mark-in", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"mark-out", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"mark_in", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"mark_out", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"me_peerid", false, KNOWN_INERT, NULL, "mediation is not built"},
	{"mediated_by", false, KNOWN_NOT_BUILT, NULL, "mediation is not built"},
	{"mediation", false, KNOWN_NOT_BUILT, "no", "mediation is not built"},
	{"mobike", false, KNOWN_INERT, NULL, "MOBIKE is not built yet"},
	{"modecfgbanner", false, KNOWN_INERT, NULL, POOL},
	{"modecfgdns", false, KNOWN_INERT, NULL, POOL},
	{"modecfgdomains", false, KNOWN_INERT, NULL, POOL},
	{"modecfgpull", false, KNOWN_INERT, NULL, V1},
	{"modeconfig", false, KNOWN_INERT, NULL, V1},
	{"ms-dh-downgrade", false, KNOWN_INERT, NULL, "a rekey never falls back to a weaker group"},
	{"narrowing", false, KNOWN_INERT, NULL, "selectors are always narrowed to what both ends allow"},
	{"nat-ikev1-method", false, KNOWN_INERT, NULL, V1},
	{"nat-keepalive", false, KNOWN_INERT, NULL, "keep-alives are sent when we are behind NAT"},
	{"nflog", false, KNOWN_INERT, NULL, KERNEL},
	{"nflog-group", false, KNOWN_INERT, NULL, KERNEL},
	{"nic-offload", false, KNOWN_INERT, NULL, KERNEL},
	{"nm-configured", false, KNOWN_INERT, NULL, "NetworkManager is not told"},
	{"nm_configured", false, KNOWN_INERT, NULL, "NetworkManager is not told"},
	{"nopmtudisc", false, KNOWN_INERT, NULL, "path MTU discovery is always on"},
	{"overlapip", false, KNOWN_NOT_BUILT, "no", "a selector has one owner"},
	{"pam-authorize", false, KNOWN_NOT_BUILT, "no", "PAM is not asked"},
	{"pfs-rekey-workaround", false, KNOWN_INERT, NULL, "the first rekey does key exchange when pfs=yes"},
	{"pfsgroup", false, KNOWN_OBSOLETE, NULL, "name the group in esp=, as esp=aes_gcm256-modp2048"},
	{"phase2", false, KNOWN_NOT_BUILT, "esp", "AH is not built"},
	{"plutodevel", false, KNOWN_INERT, NULL, "it was for development"},
	{"policy_label", false, KNOWN_NOT_BUILT, NULL, "labelled IPsec is not built"},
	{"policy-label", false, KNOWN_NOT_BUILT, NULL, "labelled IPsec is not built"},
	{"ppk", false, KNOWN_NOT_BUILT, "no,never", "post-quantum pre-shared keys are not built"},
	{"ppk-ids", false, KNOWN_INERT, NULL, "post-quantum pre-shared keys are not built"},
	{"priority", false, KNOWN_INERT, NULL, "priority follows from how narrow the selectors are"},
	{"reauth", false, KNOWN_INERT, NULL, "an IKE SA is rekeyed, not authenticated again"},
	{"redirect-to", false, KNOWN_INERT, NULL, "peers are not redirected"},
	{"reject-simultaneous-ike-auth", false, KNOWN_INERT, NULL, "crossing negotiations are both answered"},
	{"remote-peer-type", false, KNOWN_INERT, NULL, V1},
	{"remote_peer_type", false, KNOWN_INERT, NULL, V1},
	{"require-id-on-certificate", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"sareftrack", false, KNOWN_INERT, NULL, KLIPS},
	{"sec-label", false, KNOWN_NOT_BUILT, NULL, "labelled IPsec is not built"},
	{"send-esp-tfc-padding-not-supported", false, KNOWN_INERT, NULL, "the notify is not sent"},
	{"send-no-esp-tfc", false, KNOWN_INERT, NULL, "the notify is not sent"},
	{"send-redirect", false, KNOWN_INERT, NULL, "peers are not redirected"},
	{"send-supported-auth-methods", false, KNOWN_INERT, NULL, "the notify is not sent"},
	{"send-vendorid", false, KNOWN_INERT, NULL, "no vendor id is sent"},
	{"sendca", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"session-resumption", false, KNOWN_INERT, NULL, "sessions are set up anew"},
	{"sha2-truncbug", false, KNOWN_NOT_BUILT, "no", "SHA2-256 is truncated as RFC 4868 says"},
	{"sha2_truncbug", false, KNOWN_NOT_BUILT, "no", "SHA2-256 is truncated as RFC 4868 says"},
	{"sha256_96", false, KNOWN_NOT_BUILT, "no", "SHA2-256 is truncated as RFC 4868 says"},
	{"share-lease", false, KNOWN_INERT, NULL, POOL},
	{"tcp-remoteport", false, KNOWN_INERT, NULL, "IKE over TCP is not built"},
	{"tfc", false, KNOWN_INERT, NULL, "packets are not padded"},
	{"vti-interface", false, KNOWN_NOT_BUILT, NULL, KERNEL},
	{"vti-routing", false, KNOWN_INERT, NULL, KERNEL},
	{"vti-shared", false, KNOWN_INERT, NULL, KERNEL},
	{"xauth", false, KNOWN_INERT, NULL, V1},
	{"xauth_identity", false, KNOWN_INERT, NULL, V1},
	{"xauthby", false, KNOWN_INERT, NULL, V1},
	{"xauthfail", false, KNOWN_INERT, NULL, V1},
};
const size_t known_conn_len = sizeof(known_conn_rows) / sizeof(known_conn_rows[0]);

const struct known known_setup_rows[] = {
	{"also", false, KNOWN_INERT, NULL, "all config setup sections are read together"},
	{"audit-log", false, KNOWN_INERT, NULL, "no audit records are written"},
	{"cachecrls", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"charondebug", false, KNOWN_OBSOLETE, NULL, "write plutodebug="},
	{"charonstart", false, KNOWN_OBSOLETE, NULL, "pluto is the only daemon"},
	{"crl-strict", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"crl-timeout", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"crlcheckinterval", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"curl-iface", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"curl-timeout", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ddos-mode", false, KNOWN_INERT, NULL, "cookies are asked for by ddos-ike-threshold="},
	{"disable_port_floating", false, KNOWN_INERT, NULL, "NAT traversal moves to port 4500"},
	{"dns-resolver", false, KNOWN_INERT, NULL, POOL},
	{"dnssec-anchors", false, KNOWN_INERT, NULL, "names are looked up by the system"},
	{"dnssec-enable", false, KNOWN_INERT, NULL, "names are looked up by the system"},
	{"dnssec-rootkey-file", false, KNOWN_INERT, NULL, "names are looked up by the system"},
	{"drop-oppo-null", false, KNOWN_INERT, NULL, "null authentication is not built"},
	{"dumpdir", false, KNOWN_INERT, NULL, "pluto forbids core dumps, which would hold keys"},
	{"expire-lifetime", false, KNOWN_INERT, NULL, KERNEL},
	{"xfrmlifetime", false, KNOWN_INERT, NULL, KERNEL},
	{"expire-shunt-interval", false, KNOWN_INERT, NULL, "shunts end with what they stand for"},
	{"force_busy", false, KNOWN_INERT, NULL, "write ddos-ike-threshold=0"},
	{"force_keepalive", false, KNOWN_INERT, NULL, "keep-alives are sent when we are behind NAT"},
	{"forwardcontrol", false, KNOWN_OBSOLETE, NULL, "set net.ipv4.ip_forward by sysctl"},
	{"fragicmp", false, KNOWN_OBSOLETE, NULL, KLIPS},
	{"global-redirect", false, KNOWN_INERT, NULL, "peers are not redirected"},
	{"global-redirect-to", false, KNOWN_INERT, NULL, "peers are not redirected"},
	{"hidetos", false, KNOWN_OBSOLETE, NULL, KLIPS},
	{"ike-socket-bufsize", false, KNOWN_INERT, NULL, "the system's size is used"},
	{"ike-socket-errqueue", false, KNOWN_INERT, NULL, "path errors are always read"},
	{"ikev1-policy", false, KNOWN_INERT, NULL, V1},
	{"ikev1-secctx-attr-type", false, KNOWN_INERT, NULL, V1},
	{"interfaces", false, KNOWN_OBSOLETE, NULL, "pluto uses every address; restrict it with listen="},
	{"ipsec-interface-managed", false, KNOWN_INERT, NULL, KERNEL},
	{"ipsecdir", false, KNOWN_INERT, NULL, "set IPSEC_CONFS in the environment"},
	{"klipsdebug", false, KNOWN_OBSOLETE, NULL, KLIPS},
	{"listen-tcp", false, KNOWN_INERT, NULL, "IKE over TCP is not built"},
	{"listen-udp", false, KNOWN_INERT, NULL, "UDP is always listened to"},
	{"logappend", false, KNOWN_INERT, NULL, "a log file is appended to"},
	{"logip", false, KNOWN_INERT, NULL, "peers' addresses are logged"},
	{"loglimit", false, KNOWN_INERT, NULL, "noisy messages are always limited"},
	{"logtime", false, KNOWN_INERT, NULL, "a log file has the time in each line"},
	{"manualstart", false, KNOWN_OBSOLETE, NULL, MANUAL},
	{"myid", false, KNOWN_OBSOLETE, NULL, "write leftid= in the connection"},
	{"myvendorid", false, KNOWN_INERT, NULL, "no vendor id is sent"},
	{"nat_traversal", false, KNOWN_INERT, NULL, "NAT traversal is always on"},
	{"nflog-all", false, KNOWN_INERT, NULL, KERNEL},
	{"nocrsend", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"nssdir", false, KNOWN_INERT, NULL, "keys and certificates are plain files"},
	{"ocsp-cache-max-age", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-cache-min-age", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-cache-size", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-enable", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-method", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-strict", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-timeout", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-trustname", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocsp-uri", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"ocspuri", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"oe", false, KNOWN_INERT, NULL, "opportunistic encryption is not built"},
	{"overridemtu", false, KNOWN_OBSOLETE, NULL, "write mtu= in the connection"},
	{"packetdefault", false, KNOWN_OBSOLETE, NULL, "write a connection for 0.0.0.0/0"},
	{"pkcs11initargs", false, KNOWN_INERT, NULL, "smartcards are not built"},
	{"pkcs11keepstate", false, KNOWN_INERT, NULL, "smartcards are not built"},
	{"pkcs11module", false, KNOWN_INERT, NULL, "smartcards are not built"},
	{"pkcs11proxy", false, KNOWN_INERT, NULL, "smartcards are not built"},
	{"pluto", false, KNOWN_INERT, NULL, "ipsec setup start starts pluto"},
	{"plutofork", false, KNOWN_OBSOLETE, NULL, "pluto forks unless it is told --nofork"},
	{"plutoopts", false, KNOWN_INERT, NULL, "give pluto's options in its service file"},
	{"plutorestartoncrash", false, KNOWN_INERT, NULL, "leave starting it again to a service manager"},
	{"plutostart", false, KNOWN_OBSOLETE, NULL, "ipsec setup start starts pluto"},
	{"plutostderrlogtime", false, KNOWN_INERT, NULL, "a log file has the time in each line"},
	{"postpluto", false, KNOWN_INERT, NULL, "no program is run; use your service manager"},
	{"prepluto", false, KNOWN_INERT, NULL, "no program is run; use your service manager"},
	{"rp_filter", false, KNOWN_OBSOLETE, NULL, "set net.ipv4.conf.*.rp_filter by sysctl"},
	{"seccomp", false, KNOWN_INERT, NULL, "the sandbox is not built yet"},
	{"secctx-attr-type", false, KNOWN_INERT, NULL, V1},
	{"secctx_attr_value", false, KNOWN_INERT, NULL, V1},
	{"seedbits", false, KNOWN_INERT, NULL, "the kernel's generator is used"},
	{"seeddev", false, KNOWN_INERT, NULL, "the kernel's generator is used"},
	{"shuntlifetime", false, KNOWN_INERT, NULL, "shunts end with what they stand for"},
	{"statsbin", false, KNOWN_INERT, NULL, "no program is run; read the control socket's events"},
	{"strictcrlpolicy", false, KNOWN_INERT, NULL, CRL_NOTE},
	{"syslog", false, KNOWN_INERT, NULL, "pluto logs as authpriv"},
	{"virtual-private", false, KNOWN_INERT, NULL, "vnet: and vhost: subnets are not built"},
	{"virtual_private", false, KNOWN_INERT, NULL, "vnet: and vhost: subnets are not built"},
};
const size_t known_setup_len = sizeof(known_setup_rows) / sizeof(known_setup_rows[0]);

static const struct known *find(const struct known *rows, size_t len, const char *keyword, bool per_end)
{
	for (size_t i = 0; i < len; i++) {
		if (rows[i].per_end == per_end && text_same(rows[i].keyword, keyword))
			return &rows[i];
	}
	return NULL;
}

const struct known *known_conn(const char *keyword, bool per_end)
{
	return find(known_conn_rows, known_conn_len, keyword, per_end);
}

const struct known *known_setup(const char *keyword)
{
	return find(known_setup_rows, known_setup_len, keyword, false);
}

bool known_harmless(const struct known *k, const char *value)
{
	const char *at = k->harmless;
	size_t len = strlen(value);

	while (at && *at) {
		size_t n = strcspn(at, ",");

		if (n == len && !strncasecmp(at, value, n))
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}
