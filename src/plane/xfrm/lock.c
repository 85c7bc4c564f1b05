/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/lock.h"

#include "net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ASKING_MAX 128 /* at one time */
#define SILENT_TRIES 20
#define SILENT_PAUSE_MS 5

#define NAME "\0cygnet-xfrm"
static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = NAME};
#define NAME_LEN ((socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(NAME) - 1))

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* What can be learnt of whoever has the name. */
enum holder {
	HOLDER_KNOWN,
	HOLDER_BUSY,  /* it listens, and has not answered those who asked before */
	HOLDER_SILENT /* it does not listen: not yet, or not any more */
};

/* ---- whose a name is that nobody answers for ---- */

struct owner {
	bool found;
	uint32_t uid;
};

static int take_owner(const struct nlmsghdr *m, void *ret)
{
	const struct nlattr *at[UNIX_DIAG_UID + 1];
	struct owner *o = ret;

	if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct unix_diag_msg))
		return MNL_CB_OK;
	netlink_attrs(m, sizeof(struct unix_diag_msg), at, UNIX_DIAG_UID);
	if (!at[UNIX_DIAG_NAME] || !at[UNIX_DIAG_UID] ||
	    mnl_attr_get_payload_len(at[UNIX_DIAG_NAME]) != sizeof(NAME) - 1 ||
	    memcmp(mnl_attr_get_payload(at[UNIX_DIAG_NAME]), NAME, sizeof(NAME) - 1) != 0)
		return MNL_CB_OK;
	*o = (struct owner){true, netlink_u32(at[UNIX_DIAG_UID])};
	return MNL_CB_OK;
}

/* Among all sockets that listen (sock_diag). False when the kernel can't say. */
static bool find_owner(uid_t *ret)
{
	struct owner owner = {0};
	const struct netlink_dump dump = {.each = take_owner, .ctx = &owner};
	struct netlink_request storage;
	struct netlink nl = {0};
	struct nlmsghdr *m = netlink_begin(&storage, SOCK_DIAG_BY_FAMILY, 0);
	struct unix_diag_req *ask = mnl_nlmsg_put_extra_header(m, sizeof(*ask));
	enum cyg_err err = netlink_open(&nl, NETLINK_SOCK_DIAG, 0, NULL);

	*ask = (struct unix_diag_req){
		.sdiag_family = AF_UNIX,
		.udiag_states = 1u << TCP_LISTEN,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID,
	};
	if (!err)
		err = netlink_ask_all(&nl, m, &dump, NULL);
	netlink_close(&nl);
	if (!err && owner.found)
		*ret = owner.uid;
	return !err && owner.found;
}

static enum holder find_holder(struct ucred *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = make_socket();
	enum holder found = HOLDER_SILENT;

	if (fd < 0)
		return HOLDER_BUSY;
	if (connect(fd, (const struct sockaddr *)&name, NAME_LEN))
		found = errno == ECONNREFUSED   ? HOLDER_SILENT
			: find_owner(&ret->uid) ? HOLDER_KNOWN
						: HOLDER_BUSY;
	else if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len))
		found = HOLDER_KNOWN;
	close(fd);
	return found;
}

static enum cyg_err refuse(const struct ucred *holder, struct diag *why)
{
	char process[32] = "";

	if (holder->pid)
		snprintf(process, sizeof(process), " (process %d)", (int)holder->pid);
	diag_set(why, "xfrm-taken", NULL,
		 "another pluto%s keeps the kernel's IPsec of this network namespace", process);
	diag_hint(why, "stop it, run this one in a network namespace of its own, or use "
		       "plane=esp, of which there may be several");
	return CYG_EXISTS;
}

/* True when it is taken; else *ret_err is 0 for "somebody has the name". */
static bool take(int *ret_fd, enum cyg_err *ret_err)
{
	int fd = make_socket();

	*ret_err = fd < 0 ? CYG_IO : CYG_OK;
	if (fd < 0)
		return false;
	if (!bind(fd, (const struct sockaddr *)&name, NAME_LEN) && !listen(fd, ASKING_MAX)) {
		*ret_fd = fd;
		return true;
	}
	if (errno != EADDRINUSE)
		*ret_err = CYG_IO;
	close(fd);
	return false;
}

/*
 * Anybody can take a name; one who may not touch the kernel's tables keeps nobody from it, nor
 * does one who only sits on it. Between a daemon's taking the name and its listening there is a
 * moment, and so there is behind its end: those pass.
 */
enum cyg_err xfrm_lock(int *ret_fd, struct diag *why)
{
	enum cyg_err err;

	*ret_fd = -1;
	for (int i = 0; i < SILENT_TRIES; i++) {
		struct ucred holder = {0};
		enum holder found;

		if (take(ret_fd, &err) || err)
			return err;
		found = find_holder(&holder);
		if (found == HOLDER_BUSY ||
		    (found == HOLDER_KNOWN && (!holder.uid || holder.uid == geteuid())))
			return refuse(&holder, why);
		if (found == HOLDER_KNOWN)
			return CYG_OK;
		poll(NULL, 0, SILENT_PAUSE_MS);
	}
	return CYG_OK;
}

void xfrm_lock_answer(int fd)
{
	int asking;

	/* That we are there to be asked was the answer. */
	while ((asking = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(asking);
}
