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

#define ANSWER_MS 5000 /* a daemon that is busy may take its time */
#define GIVE_UP_MS 15000
#define END_MS 2000    /* for a process that has been killed to be gone */
#define BRIEF_MS 500   /* for one that nobody can connect to: it may only be starting */

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

static bool wait_readable(int fd, int ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&wait, 1, ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

enum answer { ANSWERED, SILENT, HUNG_UP };

/* Ask what costs nothing. */
static enum answer ask(struct client *c)
{
	struct reply reply;
	struct diag why;

	if (client_send(c, &(struct call){.kind = CALL_GET_INFO}, &why))
		return HUNG_UP;
	if (!wait_readable(client_fd(c), ANSWER_MS))
		return SILENT;
	if (client_receive(c, &reply, &why))
		return HUNG_UP;
	reply_done(&reply);
	return ANSWERED;
}

/* Connected: does anybody live there? Its sockets and its lock go a moment before it does. */
static void check_answer(const struct paths *p, struct service *s)
{
	enum answer answer = ask(s->client);

	if (answer == ANSWERED)
		return;
	client_close(s->client);
	s->client = NULL;
	if (answer == HUNG_UP && s->process >= 0)
		(void)wait_readable(s->process, END_MS);
	s->state = holds_lock(p, &s->pid) ? SERVICE_DEAF : SERVICE_STOPPED;
}

/* A call may last, and pluto be silent meanwhile; one that hangs answers nobody. */
static bool on_silence(void *client, unsigned waited_ms, struct diag *why)
{
	if (waited_ms < GIVE_UP_MS || !client_is_deaf(client, ANSWER_MS))
		return true;
	diag_set(why, "pluto-deaf", NULL, "pluto has not answered for %u s: it hangs",
		 (waited_ms + ANSWER_MS) / 1000);
	diag_hint(why, "\"ipsec setup restart\" ends it");
	return false;
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
		client_set_patience(ret->client, &(struct client_patience){
							 on_silence, ret->client, ANSWER_MS});
	} else if (holds_lock(p, &ret->pid)) {
		ret->state = err == CYG_PERM ? SERVICE_DENIED : SERVICE_DEAF;
	}
	if (ret->pid)
		ret->process = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	if (ret->state == SERVICE_RUNNING)
		check_answer(p, ret);
	else if (ret->state == SERVICE_DEAF && ret->process >= 0 &&
		 wait_readable(ret->process, BRIEF_MS) && !holds_lock(p, &ret->pid))
		ret->state = SERVICE_STOPPED;
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
	if (s->process < 0)
		return false;
	if (ask && syscall(SYS_pidfd_send_signal, s->process, SIGTERM, NULL, 0) &&
	    errno != ESRCH)
		return false;
	return wait_readable(s->process, (int)seconds * 1000);
}

bool service_kill(const struct service *s)
{
	return s->process >= 0 &&
	       (!syscall(SYS_pidfd_send_signal, s->process, SIGKILL, NULL, 0) ||
		errno == ESRCH) &&
	       wait_readable(s->process, END_MS);
}

/* ---- a start that was interrupted ---- */

int service_start_hold(const struct paths *p, char path[SERVICE_PATH_MAX])
{
	int fd = -1;

	if (paths_join(path, SERVICE_PATH_MAX, p->rundir, "ipsec_setup.pid"))
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)) {
		if (!ftruncate(fd, 0))
			dprintf(fd, "%ld\n", (long)getpid());
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

void service_start_release(int fd, const char *path)
{
	if (fd < 0)
		return;
	unlink(path);
	close(fd);
}

enum service_start service_start_look(const struct paths *p, long *ret_pid)
{
	enum service_start mark = START_INTERRUPTED;
	char path[2048], text[16] = "";
	int fd = -1;

	*ret_pid = 0;
	if (paths_join(path, sizeof(path), p->rundir, "ipsec_setup.pid"))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return START_NONE;
	if (flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK) {
		mark = START_UNDER_WAY;
		if (read(fd, text, sizeof(text) - 1) > 0)
			*ret_pid = strtol(text, NULL, 10);
	}
	close(fd);
	return mark;
}
