/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/client.h"

#include "base/secret.h"
#include "base/text.h"
#include "whack/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 5000 /* for a queue of callers that is full */
#define CONNECT_TRY_MS 50

struct client {
	int fd;
	char *path;
	struct frame_reader in;
	struct client_patience patience;
	struct client *probe; /* a second connection, see client_is_deaf */
	bool asked;           /* the probe waits for its answer */
};

char *client_socket_path(const char *rundir, const char *ctlbase)
{
	struct text t = {0};

	if (ctlbase)
		text_add(&t, "%s.ctl", ctlbase);
	else
		text_add(&t, "%s/" SOCKET_NAME, rundir ? rundir : RUNDIR_DEFAULT);
	return text_take(&t);
}

static enum cyg_err explain_connect(int error, const char *path, struct diag *why)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		diag_set(why, "pluto-not-running", NULL, "pluto is not running (no %s)", path);
		diag_hint(why, "start it with \"ipsec setup start\"");
		return CYG_NOTFOUND;
	case ECONNREFUSED:
		diag_set(why, "pluto-refused", NULL,
			 "pluto is not running (connection refused at %s)", path);
		diag_hint(why, "it died without cleaning up; \"ipsec setup start\" does that");
		return CYG_STATE;
	case EACCES:
	case EPERM:
		diag_set(why, "pluto-denied", NULL, "no permission to talk to pluto (%s: %s)",
			 path, strerror(error));
		diag_hint(why, "run it as root, or as a member of pluto's control group");
		return CYG_PERM;
	case EAGAIN:
		diag_set(why, "pluto-deaf", NULL,
			 "pluto does not answer: its queue of callers is full (%s)", path);
		diag_hint(why, "it hangs; \"ipsec setup restart\" ends it");
		return CYG_LIMIT;
	default:
		diag_set(why, "pluto-unreachable", NULL, "can't connect to pluto (%s: %s)",
			 path, strerror(error));
		return CYG_IO;
	}
}

/*
 * A name that does not fit is reached through its folder's descriptor. *ret_folder is to be
 * closed, if not -1.
 */
static bool address_of(const char *path, struct sockaddr_un *ret, int *ret_folder)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int len;

	*ret_folder = -1;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(ret->sun_path)) {
		strcpy(ret->sun_path, path);
		return true;
	}
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	if (!folder)
		return false;
	*ret_folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	len = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s", *ret_folder,
		       slash);
	return *ret_folder >= 0 && (size_t)len < sizeof(ret->sun_path);
}

/* Who hangs takes nobody out of its queue, and a full one would keep us for ever. */
static int connect_soon(int fd, const struct sockaddr_un *sun)
{
	const struct timespec pause = {.tv_nsec = CONNECT_TRY_MS * 1000000L};

	for (int waited = 0; connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	     waited += CONNECT_TRY_MS) {
		if (errno != EAGAIN || waited >= CONNECT_MS)
			return -1;
		nanosleep(&pause, NULL);
	}
	return fcntl(fd, F_SETFL, 0);
}

static int connect_to(const char *path)
{
	struct sockaddr_un sun;
	int folder, fd = -1, error;

	if (!address_of(path, &sun, &folder)) {
		errno = folder < 0 ? errno : ENAMETOOLONG;
	} else {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect_soon(fd, &sun)) {
			error = errno;
			close(fd);
			errno = error;
			fd = -1;
		}
	}
	error = errno;
	if (folder >= 0)
		close(folder);
	errno = error;
	return fd;
}

enum cyg_err client_open(const char *path, struct client **ret, struct diag *why)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return CYG_NOMEM;
	c->in.max = PROTOCOL_REPLY_MAX;
	c->path = strdup(path);
	c->fd = c->path ? connect_to(path) : -1;
	if (c->fd < 0) {
		int error = errno;

		client_close(c);
		return explain_connect(error, path, why);
	}
	*ret = c;
	return CYG_OK;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	client_close(c->probe);
	free(c->path);
	frame_done(&c->in);
	free(c);
}

int client_fd(const struct client *c)
{
	return c->fd;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

enum cyg_err client_send(struct client *c, const struct call *call, struct diag *why)
{
	char *message = call_encode(call);
	bool sent;

	if (!message)
		return CYG_NOMEM;
	sent = send_all(c->fd, message, strlen(message) + 1);
	secret_wipe(message, strlen(message)); /* it may hold what a person answered */
	free(message);
	if (sent)
		return CYG_OK;
	diag_set(why, "pluto-gone", NULL, "pluto closed the control connection (%s)",
		 strerror(errno));
	return CYG_IO;
}

void client_set_patience(struct client *c, const struct client_patience *p)
{
	c->patience = *p;
}

/* False: patience has ended, with *why. */
static bool wait_octets(struct client *c, struct diag *why)
{
	const struct client_patience *p = &c->patience;
	struct pollfd on = {.fd = c->fd, .events = POLLIN};
	unsigned waited = 0;

	while (p->on) {
		int n = poll(&on, 1, (int)p->ms);

		if (n > 0)
			break;
		if (n < 0)
			continue;
		waited += p->ms;
		if (!p->on(p->ctx, waited, why))
			return false;
	}
	return true;
}

/* One read into the frame. */
static enum cyg_err fill(struct client *c, struct diag *why)
{
	enum cyg_err err;
	uint8_t *room;
	size_t len;
	ssize_t n;

	err = frame_room(&c->in, &room, &len);
	if (err) {
		diag_set(why, "pluto-garbled", NULL, "pluto's answer is too long");
		return err;
	}
	if (!wait_octets(c, why))
		return CYG_IO;
	do
		n = read(c->fd, room, len);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		frame_commit(&c->in, (size_t)n);
		return CYG_OK;
	}
	if (n < 0 && errno != ECONNRESET) {
		diag_set(why, "pluto-gone", NULL, "can't read pluto's answer (%s)",
			 strerror(errno));
		return CYG_IO;
	}
	diag_set(why, "pluto-gone", NULL, "pluto closed the control connection");
	return CYG_NOTFOUND;
}

enum cyg_err client_receive_message(struct client *c, struct view *ret, struct diag *why)
{
	while (!frame_next(&c->in, ret)) {
		enum cyg_err err = fill(c, why);

		if (err)
			return err;
	}
	return CYG_OK;
}

static bool end_wait(void *ctx, unsigned waited_ms, struct diag *why)
{
	bool *silent = ctx;

	*silent = true;
	return false;
}

/* The probe's answer, within `ms`. *ret_silent: nothing came. */
static void hear_probe(struct client *c, unsigned ms, bool *ret_silent)
{
	struct client_patience once = {end_wait, ret_silent, ms};
	struct reply reply;
	struct diag why;

	*ret_silent = false;
	client_set_patience(c->probe, &once);
	if (!client_receive(c->probe, &reply, &why)) {
		reply_done(&reply);
		c->asked = false;
	} else if (!*ret_silent) {
		client_close(c->probe); /* the next look begins anew */
		c->probe = NULL;
		c->asked = false;
	}
}

bool client_is_deaf(struct client *c, unsigned ms)
{
	bool silent;
	struct diag why;

	/* That it is gone is told by the connection that is there. */
	if (!c->probe) {
		enum cyg_err err = client_open(c->path, &c->probe, &why);

		if (err)
			return err == CYG_LIMIT;
	}
	if (!c->asked &&
	    client_send(c->probe, &(struct call){.kind = CALL_GET_INFO}, &why)) {
		client_close(c->probe);
		c->probe = NULL;
		return false;
	}
	c->asked = true;
	hear_probe(c, ms, &silent);
	return silent;
}

enum cyg_err client_garbled(struct diag *why)
{
	diag_set(why, "pluto-garbled", NULL, "pluto's answer is not of the control protocol");
	return CYG_MALFORMED;
}

enum cyg_err client_receive(struct client *c, struct reply *ret, struct diag *why)
{
	struct view message;
	enum cyg_err err = client_receive_message(c, &message, why);

	if (!err && reply_parse(message, ret))
		err = client_garbled(why);
	return err;
}
