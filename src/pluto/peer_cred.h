/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PEER_CRED_H
#define PLUTO_PEER_CRED_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether the process at the other end of a Unix socket may command the
 * daemon: root, the daemon's own user, or a member of `group` ((gid_t)-1: none).
 */
bool peer_may_control(int fd, gid_t group);

/*
 * Whether that process may open all that the daemon may, so that what a call names tells it nothing
 * new: root, or the daemon's own user.
 */
bool peer_is_privileged(int fd);

/* The group of that name. False when there is none. */
bool group_find(const char *name, gid_t *ret) __attribute__((warn_unused_result));

#endif
