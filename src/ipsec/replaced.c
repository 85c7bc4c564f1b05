/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/replaced.h"

#include "base/text.h"

#include <string.h>

#define KERNEL_OF_OLD "a kernel interface of old is not used; ipsec look shows policies and SAs"
#define NO_STORE "keys are in ipsec.secrets and files, not in a database"
#define OF_FILES \
	"put certificates into ipsec.d/certs, keys into ipsec.d/private and name these in ipsec.secrets"

static const struct {
	const char *words; /* separated by blanks */
	const char *why;
} rows[] = {
	{"eroute spi spigrp tncfg klipsdebug pf_key showpolicy policy", KERNEL_OF_OLD},
	{"initnss checknss certutil crlutil modutil pk12util vfychain", NO_STORE},
	{"import letsencrypt", OF_FILES},
	{"rotatecert", "put the new certificate into ipsec.d/certs, then ipsec replace NAME"},
	{"scepclient", "ipsec pki --req makes a request for a certificate"},
	{"purgecerts", "ipsec auto --rereadcacerts reads those of authorities again"},
	{"ecdsasigkey", "ipsec newhostkey --type ecdsa makes such a key"},
	{"eddsasigkey", "ipsec pki --gen --type ed25519 makes such a key"},
	{"ikeping livetest", "ipsec verify checks this host; ipsec auto --up tries a peer"},
	{"mailkey",
	 "ipsec showhostkey --ipseckey prints the record; how to send it is up to you"},
	{"readwriteconf", "ipsec showconf --conf does it"},
	{"checkconfig", "ipsec checkconf does it, and ipsec addconn --checkconfig"},
	{"update", "ipsec reload applies what has changed in ipsec.conf"},
	{"statusall", "ipsec status shows all"},
	{"listalgs listplugins", "ipsec features shows them"},
	{"listcounters resetcounters", "ipsec globalstatus shows counters; take differences"},
	{"purgecrls",
	 "ipsec auto --rereadcrls reads the files again, and asks servers that failed"},
	{"purgeike", "nothing of the kind is kept"},
	{"down-srcip", "ipsec down NAME[INSTANCE] takes one peer of a template down"},
	{"redirect", "redirection (RFC 5685) is not built"},
	{"stroke starter", "ipsec whack speaks to pluto; ipsec start runs it"},
	{"checknflog stopnflog sniff", "packets are not logged by groups; tcpdump shows them"},
	{"unbound",
	 "pluto asks for keys of the DNS through libunbound by itself: dnssec-rootkey-file="},
	{"cavp", "the tests of this program check its algorithms"},
};

const char *replaced_find(const char *word)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (text_among(rows[i].words, word))
			return rows[i].why;
	return NULL;
}
