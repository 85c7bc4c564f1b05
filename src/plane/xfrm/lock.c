/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/lock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ASKING_MAX 128 /* at one time */

static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0cygnet-xfrm"};
#define NAME_LEN \
	((socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof("\0cygnet-xfrm") - 1))

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Who holds the name. False when nobody does any more, or nobody listens. */
static bool find_holder(struct ucred *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = make_socket();
	bool found = fd >= 0 && !connect(fd, (const struct sockaddr *)&name, NAME_LEN) &&
		     !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len);

	if (fd >= 0)
		close(fd);
	return found;
}

/* Anybody can take a name; one who may not touch the kernel's tables keeps nobody from it. */
static enum cyg_err refuse(struct diag *why)
{
	struct ucred holder = {0};

	if (!find_holder(&holder) || (holder.uid && holder.uid != geteuid()))
		return CYG_OK;
	diag_set(
		why, "xfrm-taken", NULL,
		"another pluto (process %d) keeps the kernel's IPsec of this network namespace",
		(int)holder.pid);
	diag_hint(why, "stop it, run this one in a network namespace of its own, or use "
		       "plane=esp, of which there may be several");
	return CYG_EXISTS;
}

enum cyg_err xfrm_lock(int *ret_fd, struct diag *why)
{
	int fd = make_socket();
	enum cyg_err err = CYG_OK;

	*ret_fd = -1;
	if (fd < 0)
		return CYG_IO;
	if (!bind(fd, (const struct sockaddr *)&name, NAME_LEN) && !listen(fd, ASKING_MAX)) {
		*ret_fd = fd;
		return CYG_OK;
	}
	err = errno == EADDRINUSE ? refuse(why) : CYG_IO;
	close(fd);
	return err;
}

void xfrm_lock_answer(int fd)
{
	int asking;

	/* That we are there to be asked was the answer. */
	while ((asking = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(asking);
}
