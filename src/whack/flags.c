/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/options.h"

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
	{"ikev2-allow", NULL, NULL, "speak IKEv2 (always so)"},
	{"ikev2-propose", NULL, NULL, "begin with IKEv2 (always so)"},
	{"ikev1-allow", NULL, NULL, "IKEv1 is not needed (always so)"},
	{"dontrekey", "rekey", "no", "let it end instead of renewing it"},
};

const size_t whack_flags_len = sizeof(whack_flags) / sizeof(whack_flags[0]);
