/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that the peer must be in, which nothing here could put it in. */
#include "conf/ca.h"
#include "conn/group_names.h"
#include "ipsec/check_certs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int is_shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Whether there is a file in a folder of ipsec.d, or that can't be told. */
static bool has_files(const char *confs, const char *folder)
{
	struct dirent **list = NULL;
	char path[2048];
	int len = snprintf(path, sizeof(path), "%s/ipsec.d/%s", confs, folder), n;

	if (len < 0 || (size_t)len >= sizeof(path))
		return true;
	n = scandir(path, &list, is_shown, NULL);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return n > 0;
}

/* A ca section that is loaded gives one of these. */
static bool section_has(const struct conf *conf, const char *groups)
{
	const char *name;
	bool found = false;

	for (size_t i = 0; !found && (name = conf_ca_name(conf, i)); i++) {
		struct problems problems = {0};
		struct conf_ca ca;
		struct diag why;

		found = !conf_ca(conf, name, &ca, &problems, &why) && ca.load &&
			ca.says.groups && group_names_common(groups, ca.says.groups).len;
		problems_done(&problems);
	}
	return found;
}

void check_peer_groups(const struct check *c, const struct connection *conn, int end,
		       const struct cert_fault *to)
{
	const char *groups = conn->end[end].groups, *side = connection_side(end);
	unsigned ways = connection_auth(conn, end);
	struct diag d;

	/* An attribute certificate may also come with the peer; its authority must be here. */
	if (!groups || !c->confs || !(ways & (AUTH_SIGNATURES | AUTH_EAP_TLS)) ||
	    ways & AUTH_EAP_RADIUS || has_files(c->confs, "aacerts") ||
	    section_has(c->conf, groups))
		return;
	diag_set(&d, "groups-of-nobody", "RFC 5755 5",
		 "%sgroups= takes members of groups alone, and nobody can be one here", side);
	diag_wanted(&d, "%.300s", groups);
	diag_got(&d,
		 "no ca section with auto=add that names one in groups=, and no authority of "
		 "attribute certificates in ipsec.d/aacerts");
	diag_hint(&d, "write groups= in the ca section of the peer's authority, or see "
		      "ipsec pki --signac");
	to->tell(to->ctx, &d);
}
