/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/peer_cred.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 1024

static bool in_groups(int fd, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool peer_is_privileged(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

bool peer_may_control(int fd, gid_t group)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (peer_is_privileged(fd))
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	if (group == (gid_t)-1)
		return false;
	return cred.gid == group || in_groups(fd, group);
}

bool group_find(const char *name, gid_t *ret)
{
	struct group *g = getgrnam(name);

	if (!g)
		return false;
	*ret = g->gr_gid;
	return true;
}
