/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_CONTROL_H
#define PLUTO_CONTROL_H

#include "whack/protocol.h"

#include <uv.h>

/*
 * The server of pluto.ctl: who may talk, how much, and when a client is given
 * up. It knows nothing of what the methods do. Nothing here ever blocks: a
 * client that does not read is dropped when CLIENT_QUEUE_MAX octets wait for
 * it, one that leaves a message unfinished after CLIENT_PATIENCE_MS, and calls
 * of one client are taken one after another, each when the one before is answered.
 */
#define CLIENTS_MAX 2000    /* more wait in the socket's queue */
#define CLIENT_IDLE_MS 1000 /* an idle one gives way to them after so long */
#define CLIENT_QUEUE_MAX (8u << 20)
#define CLIENT_QUEUE_HIGH (256u << 10) /* above this a long answer pauses */
#define CLIENT_PATIENCE_MS 30000

struct client_link; /* one connected client */

struct control_host {
	void *ctx;
	/* A call to answer, moved (call_done it). Its last reply, now or later, ends it. */
	void (*call)(void *ctx, struct client_link *c, struct call *call);
	/*
	 * The client is gone; forget it. Called for every client, once, also at control_close.
	 */
	void (*gone)(void *ctx, struct client_link *c);
	/* Room again after control_full said no. */
	void (*drained)(void *ctx, struct client_link *c);
	/* For the log. */
	void (*notice)(void *ctx, const char *text);
};

struct control;

/*
 * Serve the listening socket `fd` (taken over). Root, our own user and members of `group` may
 * talk.
 */
struct control *control_new(uv_loop_t *loop, int fd, gid_t group,
			    const struct control_host *host);

/* Queue a reply that `continues` or ends. Takes `parameters` over (may be NULL). */
void control_reply(struct client_link *c, json_t *parameters, bool continues);
/* The same of parameters that are written already. */
void control_reply_text(struct client_link *c, const struct text *parameters, bool continues);
/* End the call with an error. */
void control_error(struct client_link *c, const struct call_error *e);

/* More should wait for host->drained. */
bool control_full(const struct client_link *c);

/* Whether it has sent nothing yet behind the call that is to be answered: it goes by the answer. */
bool client_waits(const struct client_link *c);

/* As peer_is_privileged, of who has connected. */
bool client_is_privileged(const struct client_link *c);

/* How many are connected. */
size_t control_clients(const struct control *s);

/* For the host's own use; NULL at first. */
void client_set_data(struct client_link *c, void *data);
void *client_data(const struct client_link *c);

/*
 * Write what waits if it goes at once, drop everyone, stop listening. The loop must run once
 * more before control_free.
 */
void control_close(struct control *s);
void control_free(struct control *s);

#endif
