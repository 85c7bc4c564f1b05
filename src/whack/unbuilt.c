/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of the other programs of this family that mean nothing here, or not yet:
 * each with what is missing, or with what does the same. Those that describe a
 * connection and are words of ipsec.conf, too, have their row there.
 */
#include "whack/options.h"

#include "base/text.h"
#include "conf/keyword.h"

#include <string.h>

static const struct {
	const char *options; /* separated by blanks */
	const char *why;
} rows[] = {
	{"authenticate",
	 "write --phase2=ah, or --ah with its algorithms; --encrypt protects with ESP, which "
	 "authenticates too"},
	{"ikev1-natt initialcontact", "it belongs to IKEv1, which is not built"},
	{"keyid addkey pubkeyrsa", "a key belongs to an end of a connection: --pubkey 0s..."},
	{"dnskeyondemand", "say it for the end: --pubkey %dnsondemand"},
	{"myid", "say it for the end: --id"},
	{"allow-cert-without-san-id", "an identity must always be in its certificate"},
	{"xauthuser xauthpass deleteuser", "XAUTH belongs to IKEv1, which is not built"},
	{"oppohere oppothere oppoproto opposport oppodport oppolabel opporeqid",
	 "a packet to a routed connection does it: --route (or a line of a policy group's file and "
	 "--rereadgroups), then ping"},
	{"clientwithin", "--client with the network that holds them all; the peer narrows it"},
	{"deleteid", "--terminate with the connection's name does it"},
	{"suspend", "session resumption (RFC 5723) is not built"},
	{"global-redirect global-redirect-to", "redirection (RFC 5685) is not built"},
	{"remote-host",
	 "a connection is called at its own address: describe one more with --host ADDRESS"},
	{"ddos-mode ddos-busy ddos-unlimited ddos-auto",
	 "cookies are asked for by themselves: pluto --half-open-cookie sets from when on"},
	{"ike-socket-bufsize ike-socket-errqueue", "pluto sizes its sockets by itself"},
	{"leave-state",
	 "ipsec setup restart hands over what stands in the plane: nothing leaves in clear"},
	{"clearstats", "counters begin anew with pluto; take differences of --globalstatus"},
	{"seccomp-crashtest tpmeval whackrecord whackstoprecord",
	 "it is a test of another program"},
	{"no-nat-keepalive", "pluto --keep-alive sets it for all"},
	{"tundev",
	 "tunnels have no interface of their own here: policies and routes lead packets into them"},
	{"saref", "it marked the sockets of a kernel that there is no more"},
	{"reqid-base", "write --reqid for each connection that needs a fixed one"},
};

/* Options that ipsec.conf spells otherwise. */
static const struct {
	const char *option, *keyword;
} spellings[] = {
	{"allow-narrowing", "narrowing"},      {"labeledipsec", "labeled_ipsec"},
	{"policylabel", "policy-label"},       {"tcp", "enable-tcp"},
	{"tcp-remote-port", "tcp-remoteport"},
};

/* Options that begin so. */
static const struct {
	const char *prefix, *shown, *why;
} families[] = {
	{"debug", "debug-...",
	 "what is logged has no topics: write --debug all or --debug none"},
	{"no-debug", "no-debug...",
	 "what is logged has no topics: write --debug all or --debug none"},
	{"impair", "impair...",
	 "faults are tried out in the simulator (sim --break), never in a daemon"},
	{"no-impair", "no-impair...",
	 "faults are tried out in the simulator (sim --break), never in a daemon"},
	{"magic", "magic", "whack and pluto check the protocol's own names"},
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

/* The row of a word that is not built, of the connection or else of an end. */
static const struct keyword *find_keyword(const char *name)
{
	const struct keyword *k = keyword_row(SECTION_CONN, name, false);

	if (!k)
		k = keyword_row(SECTION_CONN, name, true);
	return k && k->fate != KEYWORD_BUILT ? k : NULL;
}

const struct keyword *whack_keyword(const char *option)
{
	char dashed[KEYWORD_TEXT_MAX];
	const struct keyword *k;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (!strcmp(spellings[i].option, option))
			return find_keyword(spellings[i].keyword);
	k = find_keyword(option);
	if (k || strlen(option) >= sizeof(dashed))
		return k;
	for (size_t i = 0; i <= strlen(option); i++)
		dashed[i] = option[i] == '_' ? '-' : option[i];
	return find_keyword(dashed);
}

const char *whack_unbuilt(const char *option)
{
	const struct keyword *k;

	for (size_t i = 0; i < ROWS; i++)
		if (text_among(rows[i].options, option))
			return rows[i].why;
	for (size_t i = 0; i < FAMILIES; i++)
		if (!strncmp(option, families[i].prefix, strlen(families[i].prefix)))
			return families[i].why;
	k = whack_keyword(option);
	return k ? k->note : NULL;
}
