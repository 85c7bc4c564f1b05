/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_CALLS_PRIVATE_H
#define PLUTO_CALLS_PRIVATE_H

#include "pluto/calls.h"
#include "pluto/several.h"
#include "whack/protocol.h"

struct listing_walk;
struct status_walk;

/* What calls.c, which keeps calls until their end, and handlers.c share; nobody else includes it. */

struct pending_call;

/* What goes on with a call that waited; `code` is what it waited for came to. */
typedef void calls_resume(struct daemon *d, struct pending_call *p, unsigned code);

struct pending_call {
	struct list link;
	struct client_link *client; /* NULL: it hung up */
	uint64_t cause;             /* its number; later calls have greater ones */
	bool more;
	struct json_out last;       /* its last reply, written up to the reports kept so far */
	unsigned kept;              /* how many: none with `more` */
	struct status_walk *status; /* of a listing, one of the two */
	struct listing_walk *listing;
	struct several several; /* its list is there while it runs */
	/* What is left to do when tokens have answered; NULL: it waits for none. */
	calls_resume *resume;
	struct call call; /* for that */
	bool privileged;  /* who calls is root */
	bool routes;      /* it may load, route or bring up something */
	unsigned code;    /* so far */
	bool paused;      /* the client is to read first */
	char *up;         /* the name it wants up; NULL */
	int hinted;       /* the last error told by calls_hint */
};

/* One for each method. It moves out of *call what it keeps; the caller frees the rest. */
struct handler {
	/* Ends the call (calls_finish), now or later, or gives its cause to the core, which does. */
	void (*command)(struct daemon *d, struct pending_call *p, struct call *call);
	json_t *(*query)(struct daemon *d,
			 const struct call *call); /* NULL result: no such interface */
	bool routes; /* what an earlier run left to guard goes when the last of these is over */
};
extern const struct handler calls_handlers[CALL_KINDS];

/* Send the last reply, with this code; the call is freed. */
void calls_finish(struct pending_call *p, unsigned code);
/* The same when tokens have answered what was asked for it. */
void calls_finish_later(struct daemon *d, struct pending_call *p, unsigned code);
/* An error of the protocol (ERROR_...) instead of a call's end; it is freed. */
void calls_give_up(struct pending_call *p, const char *error, const char *parameter);

/* Go on when tokens have answered what was asked for this call, or at once when nothing was. */
void calls_go_on(struct daemon *d, struct pending_call *p, calls_resume *resume);
/* Go on when a thread has looked at these files (EARLY_...), so that it takes the loop no time. */
void calls_look_first(struct daemon *d, struct pending_call *p, unsigned what,
		      calls_resume *resume);

/* Write a listing, or begin a command for many, in turns of the loop. */
void calls_pump_start(struct calls *c);

#endif
