/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/service.h"

#include "whack/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t read_number(int fd)
{
	char text[16] = "";
	ssize_t n = read(fd, text, sizeof(text) - 1);
	long pid = 0;

	return n > 0 && sscanf(text, "%ld", &pid) == 1 && pid > 0 ? (pid_t)pid : 0;
}

/*
 * pluto holds a lock on its file as long as it lives, so that a number left
 * there by one that died, which may be another process's by now, is not taken for it.
 */
static bool holds_lock(const struct paths *p, pid_t *ret_pid)
{
	char path[2048];
	bool held;
	int fd;

	if (!paths_join(path, sizeof(path), p->rundir, "pluto.pid"))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	*ret_pid = held ? read_number(fd) : 0;
	close(fd);
	return held;
}

static pid_t peer_of(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? 0 : cred.pid;
}

void service_find(const struct paths *p, struct service *ret)
{
	char *path = client_socket_path(p->rundir, NULL);
	struct diag why;
	enum cyg_err err;

	*ret = (struct service){.process = -1};
	err = path ? client_open(path, &ret->client, &why) : CYG_NOMEM;
	free(path);
	if (!err) {
		ret->state = SERVICE_RUNNING;
		ret->pid = peer_of(client_fd(ret->client));
	} else if (holds_lock(p, &ret->pid)) {
		ret->state = err == CYG_PERM ? SERVICE_DENIED : SERVICE_DEAF;
	}
	if (ret->pid)
		ret->process = (int)syscall(SYS_pidfd_open, ret->pid, 0);
}

void service_done(struct service *s)
{
	client_close(s->client);
	if (s->process >= 0)
		close(s->process);
	s->client = NULL;
	s->process = -1;
}

bool service_end(const struct service *s, bool ask, unsigned seconds)
{
	struct pollfd wait = {.fd = s->process, .events = POLLIN};
	int ended;

	if (s->process < 0)
		return false;
	if (ask && syscall(SYS_pidfd_send_signal, s->process, SIGTERM, NULL, 0) &&
	    errno != ESRCH)
		return false;
	do
		ended = poll(&wait, 1, (int)seconds * 1000);
	while (ended < 0 && errno == EINTR);
	return ended > 0;
}
