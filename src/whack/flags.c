/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/options.h"

#include <string.h>

const struct whack_flag whack_flags[] = {
	{"psk", "authby", "secret", "authenticate with a pre-shared key", true},
	{"rsasig", "authby", "rsasig", "authenticate with signatures", true},
	{"encrypt", NULL, NULL, "protect with ESP (always so)"},
	{"tunnel", "type", "tunnel", "tunnel mode (the default)"},
	{"transport", "type", "transport", "transport mode"},
	{"pass", "type", "passthrough", "let packets pass in clear"},
	{"drop", "type", "drop", "drop packets"},
	{"reject", "type", "reject", "drop packets and tell their sender"},
	{"initiateontraffic", NULL, NULL, "packets start a routed connection (always so)"},
	{"failnone", "failureshunt", "none", "when negotiation fails: keep the trap"},
	{"failpass", "failureshunt", "passthrough",
	 "when negotiation fails: let packets pass in clear"},
	{"faildrop", "failureshunt", "drop", "when negotiation fails: drop packets"},
	{"failreject", "failureshunt", "reject", "when negotiation fails: reject packets"},
	{"ipv4", "connaddrfamily", "ipv4", "IPv4 between the ends"},
	{"ipv6", "connaddrfamily", "ipv6", "IPv6 between the ends"},
	{"tunnelipv4", NULL, NULL, "IPv4 inside (follows from the networks)"},
	{"tunnelipv6", NULL, NULL, "IPv6 inside (follows from the networks)"},
	{"dontrekey", "rekey", "no", "let it end instead of renewing it"},
};

const size_t whack_flags_len = sizeof(whack_flags) / sizeof(whack_flags[0]);

const char *whack_unbuilt(const char *option)
{
	static const struct {
		const char *option, *why;
	} rows[] = {
		{"authenticate", "AH is not built"},
		{"compress", "IPComp is not built"},
		{"aggrmode", "IKEv1 is not built"},
		{"aggressive", "IKEv1 is not built"},
		{"keyid", "public keys are not built"},
		{"addkey", "public keys are not built"},
		{"pubkeyrsa", "public keys are not built"},
		{"dnskeyondemand", "public keys are not built"},
		{"cert", "certificates are not built"},
		{"ca", "certificates are not built"},
		{"sendcert", "certificates are not built"},
		{"certtype", "certificates are not built"},
		{"groups", "certificates are not built"},
		{"rereadcacerts", "certificates are not built"},
		{"rereadaacerts", "certificates are not built"},
		{"rereadocspcerts", "certificates are not built"},
		{"rereadacerts", "certificates are not built"},
		{"rereadcrls", "certificates are not built"},
		{"purgeocsp", "certificates are not built"},
		{"listcerts", "certificates are not built"},
		{"listcacerts", "certificates are not built"},
		{"listaacerts", "certificates are not built"},
		{"listocspcerts", "certificates are not built"},
		{"listacerts", "certificates are not built"},
		{"listgroups", "certificates are not built"},
		{"listcrls", "certificates are not built"},
		{"listocsp", "certificates are not built"},
		{"listpubkeys", "public keys are not built"},
		{"checkpubkeys", "public keys are not built"},
		{"listall", "certificates and public keys are not built"},
		{"xauthname", "XAUTH is not built"},
		{"xauthpass", "XAUTH is not built"},
		{"xauthserver", "XAUTH is not built"},
		{"xauthclient", "XAUTH is not built"},
		{"oppohere", "opportunistic encryption is not built"},
		{"oppothere", "opportunistic encryption is not built"},
		{"unlisten", "pluto keeps its sockets until it ends"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].option, option) == 0)
			return rows[i].why;
	return NULL;
}
