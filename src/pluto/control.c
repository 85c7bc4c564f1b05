/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/control.h"

#include "base/list.h"
#include "base/secret.h"
#include "base/text.h"
#include "pluto/peer_cred.h"
#include "whack/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BATCH 32 /* callers taken in one turn of the loop */

struct client_link {
	struct list link;
	struct control *server;
	int fd;
	uv_poll_t poll;
	uv_timer_t patience; /* runs while a message is unfinished, or octets wait unread */
	unsigned open_handles;
	struct frame_reader in;
	struct text out; /* octets written so far are cut off in front */
	size_t out_at;
	bool privileged; /* peer_is_privileged */
	bool calling;    /* a call waits for its answer */
	bool oneway;     /* ... which is not to be sent */
	bool more;
	bool paused;  /* told that it is full */
	bool serving; /* calls of one read are taken: their answers leave together */
	bool dying;   /* said goodbye: closes once `out` is empty */
	bool closed;
	uint64_t
		idle_since; /* of the loop's clock, in milliseconds: nothing was asked since then */
	bool unserved; /* the frame may hold calls nobody looked at since the last answer */
	void *data;
};

struct control {
	uv_loop_t *loop;
	int fd;
	int reserve; /* a descriptor to give up when all others are in use */
	gid_t group;
	uv_poll_t poll;
	uv_timer_t retry; /* while callers wait outside because all places are taken */
	struct control_host host;
	struct list clients;
	size_t len;
};

static void on_client(uv_poll_t *poll, int status, int events);
static void open_door(struct control *s);
static void shut_door(struct control *s);

/* ---- a client's end ---- */

static void client_freed(uv_handle_t *handle)
{
	struct client_link *c = handle->data;

	if (--c->open_handles == 0)
		free(c);
}

static void client_drop(struct client_link *c)
{
	if (c->closed)
		return;
	c->closed = true;
	list_remove(&c->link);
	c->server->len--;
	open_door(c->server);
	c->server->host.gone(c->server->host.ctx, c);
	uv_poll_stop(&c->poll);
	uv_timer_stop(&c->patience);
	close(c->fd);
	frame_done(&c->in);
	text_done(&c->out);
	uv_close((uv_handle_t *)&c->poll, client_freed);
	uv_close((uv_handle_t *)&c->patience, client_freed);
}

static void client_drop_because(struct client_link *c, const char *why)
{
	c->server->host.notice(c->server->host.ctx, why);
	client_drop(c);
}

static size_t waiting(const struct client_link *c)
{
	return c->out.len - c->out_at;
}

/* ---- writing ---- */

static void on_patience(uv_timer_t *timer)
{
	struct client_link *c = timer->data;

	client_drop_because(
		c, waiting(c) ? "dropped a control client that does not read its answer"
			      : "dropped a control client that left its message unfinished");
}

/* Poll for what can move now; the clock runs while the client owes us something. */
static void settle(struct client_link *c)
{
	bool owes = waiting(c) || (frame_partial(&c->in) && !c->calling && !c->unserved);
	int events = 0;

	if (waiting(c) || c->unserved)
		events |= UV_WRITABLE; /* what is unserved waits for the loop's next turn */
	if (!c->calling && !c->dying)
		events |= UV_READABLE;
	uv_poll_start(&c->poll, events, on_client);
	if (!owes)
		uv_timer_stop(&c->patience);
	else if (!uv_is_active((uv_handle_t *)&c->patience))
		uv_timer_start(&c->patience, on_patience, CLIENT_PATIENCE_MS, 0);
}

/* False: the client is gone. */
static bool flush(struct client_link *c)
{
	while (waiting(c)) {
		ssize_t n = send(c->fd, c->out.ptr + c->out_at, waiting(c),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return false;
		c->out_at += (size_t)n;
		uv_timer_stop(&c->patience); /* it reads: settle starts the clock anew */
	}
	if (!waiting(c)) {
		text_clear(&c->out);
		c->out_at = 0;
	}
	return true;
}

/* Cut off what is written when it has become more than what waits. */
static void compact(struct client_link *c)
{
	if (c->out_at < c->out.len - c->out_at || c->out_at < 4096)
		return;
	memmove(c->out.ptr, c->out.ptr + c->out_at, c->out.len - c->out_at + 1);
	c->out.len -= c->out_at;
	c->out_at = 0;
}

/* What was added to `out` goes now, or with what else this turn adds. */
static void leave(struct client_link *c)
{
	text_add_char(&c->out, '\0');
	if (c->out.bad || waiting(c) > CLIENT_QUEUE_MAX)
		client_drop_because(c,
				    "dropped a control client that does not read its answer");
	else if (c->serving && waiting(c) <= CLIENT_QUEUE_HIGH)
		return;
	else if (!flush(c))
		client_drop(c);
	else
		settle(c);
}

static void client_send(struct client_link *c, const struct reply *r)
{
	char *message = c->oneway || c->closed ? NULL : reply_encode(r);

	if (c->closed || c->oneway)
		return;
	if (!message) {
		client_drop_because(c, "dropped a control client: memory is short");
		return;
	}
	compact(c);
	text_add_str(&c->out, message);
	free(message);
	leave(c);
}

/*
 * The call is answered: the next one of this client may be taken, but not
 * here, where the answer may stem from the midst of a step.
 */
static void end_call(struct client_link *c)
{
	c->calling = false;
	c->oneway = false;
	c->idle_since = uv_now(c->server->loop);
	c->unserved = frame_partial(&c->in);
	if (!c->closed && !c->serving)
		settle(c);
}

void control_reply(struct client_link *c, json_t *parameters, bool continues)
{
	struct reply r = {.continues = continues, .parameters = parameters};

	client_send(c, &r);
	json_decref(parameters);
	if (!continues)
		end_call(c);
}

void control_reply_text(struct client_link *c, const struct text *parameters, bool continues)
{
	if (!c->closed && !c->oneway) {
		compact(c);
		reply_write(&c->out, parameters, continues);
		leave(c);
	}
	if (!continues)
		end_call(c);
}

void control_error(struct client_link *c, const struct call_error *e)
{
	struct reply r = {.error = e->error, .parameters = call_error_json(e)};

	client_send(c, &r);
	json_decref(r.parameters);
	end_call(c);
}

bool control_full(const struct client_link *c)
{
	bool full = waiting(c) > CLIENT_QUEUE_HIGH;

	((struct client_link *)c)->paused = full;
	return full;
}

/* ---- reading ---- */

static void bad_call(struct client_link *c, enum cyg_err err, struct call_error *e)
{
	if (err == CYG_MALFORMED) {
		client_drop_because(c, "dropped a control client whose message is no call");
		return;
	}
	if (!e->error)
		e->error = ERROR_NO_MEMORY;
	control_error(c, e);
}

static void take_message(struct client_link *c, struct view message)
{
	struct call_error e = {0};
	struct call call = {0};
	enum cyg_err err;

	err = call_parse(message, &call, &e);
	/* It may hold keys, or what was answered to %prompt, and is not looked at any more. */
	if (err || call.keys || call.secret)
		secret_wipe((uint8_t *)message.ptr, message.len);
	c->calling = true;
	c->oneway = call.oneway;
	if (err)
		bad_call(c, err, &e);
	else
		c->server->host.call(c->server->host.ctx, c, &call);
}

/* Take the calls that are here whole, as long as each is answered at once. */
static void serve(struct client_link *c)
{
	struct view message;

	c->serving = true;
	while (!c->closed && !c->calling && !c->dying && frame_next(&c->in, &message))
		take_message(c, message);
	c->serving = false;
	c->unserved = false;
	if (c->closed)
		return;
	if (flush(c))
		settle(c);
	else
		client_drop(c);
}

static void read_some(struct client_link *c)
{
	uint8_t *room;
	size_t len;
	ssize_t n;

	if (frame_room(&c->in, &room, &len)) {
		client_drop_because(c, "dropped a control client whose message is too long");
		return;
	}
	n = recv(c->fd, room, len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0 && waiting(c)) {
		c->dying = true; /* it has said all and may still read */
		settle(c);
		return;
	}
	if (n <= 0) {
		client_drop(c);
		return;
	}
	frame_commit(&c->in, (size_t)n);
	serve(c);
}

static void on_writable(struct client_link *c)
{
	if (!flush(c) || (c->dying && !waiting(c))) {
		client_drop(c);
		return;
	}
	settle(c);
	if (c->paused && waiting(c) <= CLIENT_QUEUE_HIGH / 2) {
		c->paused = false;
		c->server->host.drained(c->server->host.ctx, c);
	}
	/* What it sent while a call was being answered waits in the frame. */
	if (!c->closed && !c->calling)
		serve(c);
}

static void on_client(uv_poll_t *poll, int status, int events)
{
	struct client_link *c = poll->data;

	if (status < 0) {
		client_drop(c);
		return;
	}
	if (events & UV_WRITABLE)
		on_writable(c);
	if (!c->closed && (events & UV_READABLE))
		read_some(c);
}

/* ---- accepting ---- */

static void refuse_access(struct client_link *c)
{
	struct call_error e = {.error = ERROR_PERMISSION_DENIED};

	c->dying = true;
	control_error(c, &e);
	if (!c->closed && !waiting(c))
		client_drop(c);
}

static void client_new(struct control *s, int fd)
{
	struct client_link *c = calloc(1, sizeof(*c));

	if (!c || uv_poll_init(s->loop, &c->poll, fd)) {
		free(c);
		close(fd);
		return;
	}
	uv_timer_init(s->loop, &c->patience);
	c->server = s;
	c->fd = fd;
	c->in.max = PROTOCOL_CALL_MAX;
	c->idle_since = uv_now(s->loop);
	c->poll.data = c->patience.data = c;
	c->open_handles = 2;
	list_append(&s->clients, &c->link);
	s->len++;
	c->privileged = peer_is_privileged(fd);
	if (peer_may_control(fd, s->group))
		settle(c);
	else
		refuse_access(c);
}

/*
 * Room for a new client: the one that has been idle the longest gives way, but not to
 * somebody who came right behind it.
 */
static bool make_room(struct control *s)
{
	struct client_link *idle = NULL;

	if (s->len < CLIENTS_MAX)
		return true;
	LIST_EACH(c, &s->clients, struct client_link, link)
		if (!c->calling && !waiting(c) && (!idle || c->idle_since < idle->idle_since))
			idle = c;
	if (!idle || uv_now(s->loop) - idle->idle_since < CLIENT_IDLE_MS)
		return false;
	client_drop_because(idle, "dropped an idle control client to make room");
	return true;
}

/*
 * All descriptors are in use: give up the reserve, so that the caller can be taken and turned
 * away.
 */
static void turn_away(struct control *s)
{
	int fd;

	if (s->reserve < 0)
		return;
	close(s->reserve);
	fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->host.notice(s->host.ctx, "turned a control client away: no descriptor is left");
}

static bool somebody_waits(const struct control *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Take one caller; false when nobody waits, or nobody more can be served. */
static bool accept_one(struct control *s)
{
	int fd;

	if (s->len >= CLIENTS_MAX && !somebody_waits(s))
		return false;
	if (!make_room(s)) {
		shut_door(s);
		return false;
	}
	fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		client_new(s, fd);
	else if (errno == EMFILE || errno == ENFILE)
		turn_away(s);
	return fd >= 0;
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
	for (unsigned i = 0; i < ACCEPT_BATCH && accept_one(poll->data); i++)
		;
}

/* ---- more callers than places: they wait in the socket's queue ---- */

static void open_door(struct control *s)
{
	if (!uv_is_active((uv_handle_t *)&s->retry))
		return;
	uv_timer_stop(&s->retry);
	uv_poll_start(&s->poll, UV_READABLE, on_listener);
}

static void on_retry(uv_timer_t *timer)
{
	uv_poll_start(&((struct control *)timer->data)->poll, UV_READABLE, on_listener);
}

/* Until a client leaves, or has been idle for long enough to give way. */
static void shut_door(struct control *s)
{
	uv_poll_stop(&s->poll);
	uv_timer_start(&s->retry, on_retry, CLIENT_IDLE_MS, 0);
}

struct control *control_new(uv_loop_t *loop, int fd, gid_t group,
			    const struct control_host *host)
{
	struct control *s = calloc(1, sizeof(*s));

	if (!s || uv_poll_init(loop, &s->poll, fd)) {
		free(s);
		return NULL;
	}
	s->loop = loop;
	s->fd = fd;
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->group = group;
	s->host = *host;
	uv_timer_init(loop, &s->retry);
	s->poll.data = s->retry.data = s;
	list_init(&s->clients);
	uv_poll_start(&s->poll, UV_READABLE, on_listener);
	return s;
}

size_t control_clients(const struct control *s)
{
	return s->len;
}

void client_set_data(struct client_link *c, void *data)
{
	c->data = data;
}

void *client_data(const struct client_link *c)
{
	return c->data;
}

bool client_waits(const struct client_link *c)
{
	return !frame_partial(&c->in);
}

bool client_is_privileged(const struct client_link *c)
{
	return c->privileged;
}

void control_close(struct control *s)
{
	LIST_EACH(c, &s->clients, struct client_link, link) {
		flush(c);
		client_drop(c);
	}
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, NULL);
	uv_close((uv_handle_t *)&s->retry, NULL);
	close(s->fd);
	if (s->reserve >= 0)
		close(s->reserve);
}

void control_free(struct control *s)
{
	free(s);
}
