/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_DAEMON_H
#define PLUTO_DAEMON_H

#include "pluto/account.h"
#include "pluto/addresses.h"
#include "pluto/calls.h"
#include "pluto/cards.h"
#include "pluto/control.h"
#include "pluto/early.h"
#include "pluto/engine.h"
#include "pluto/log.h"
#include "pluto/news.h"
#include "pluto/predecessor.h"
#include "pluto/rundir.h"
#include "pluto/standing.h"
#include "pluto/settings.h"

#include "net/net.h"

/* The whole daemon: its parts and what joins them. */
struct daemon {
	struct settings settings;
	char *secrets_path;
	char *policies_path; /* folder of policy groups */
	char *ipsecd_path;   /* CONFS/ipsec.d: keys and certificates lie in its folders */
	uv_loop_t loop;
	struct log *log;
	struct rundir rundir;
	struct crypto *crypto;
	struct entropy entropy;
	struct net *net;
	struct plane *plane;
	char plane_why[384];        /* why it is this one */
	struct predecessors planes; /* ours, and those with something left to remove */
	struct trust *trust;
	struct ike *ike;
	struct ports *ports;
	struct updown_runner *updown;
	struct journal *journal; /* of updown programs; NULL: it can't be kept */
	size_t left;             /* of an earlier run's, that were told */
	char tunnel[16];         /* the plane's device; "" none */
	struct control *control;
	struct account account;
	struct engine engine;
	struct addresses addresses;
	struct cards cards;               /* tokens */
	struct early early;               /* files that take long */
	struct news news;                 /* of certificates, from other hosts */
	struct virtual_net *private_nets; /* what peers may claim; NULL: nothing */
	struct calls calls;
	struct host_view
		view; /* this host, but for what --listen leaves out; its addresses are owned */
	bool info_fault;     /* ipsec.info could not be written, or does not count */
	bool info_by_hand;   /* it is somebody else's, and counts */
	bool secrets_known;  /* they have been read once, or tried */
	size_t secrets_len;  /* records read the last time */
	uint64_t secrets_sum; /* of what they were read from (pluto/secrets.h) */
	nsec started;
	bool listening;      /* sockets are open */
	bool was_ready;      /* they have been: what was to be loaded at the start is */
	bool instance_given; /* by the configuration, not chosen here */
	bool follows;        /* an earlier run may have left something to guard */
	bool settled;        /* what an earlier run left to guard has gone */
	bool stopping, core_stopped;
	bool handing_over; /* another one follows: what guards stays */
	uint64_t stop_cause;
	struct {
		uint64_t cause;
		unsigned code; /* what it comes to though the core has nothing against it; 0 */
	} ready;               /* the last command that sockets were opened for */
	uint64_t listen_cause; /* of the command that sockets are being opened for; 0 */
	uv_poll_t net_poll, plane_poll;
	uv_signal_t signals[11];
	uv_timer_t stop_timer, settle_timer;
	struct standing standing; /* what is routed or up */
};

/*
 * Set everything up except what needs the loop to run. `control_fd` is the
 * listening socket. On failure *ret_exit is the process's exit status.
 */
MUST_CHECK enum cyg_err daemon_start(struct daemon *d, int control_fd, gid_t group,
				     int *ret_exit, struct diag *why);

/* Turn until told to stop, then take everything down in order. */
void daemon_run(struct daemon *d);

/* One report: to the log, and to the client of its cause. `source` as log_report. */
void daemon_report(struct daemon *d, const struct report *r, const struct ip_addr *source);
/* The same for a line of the daemon's own; `why` may be NULL. */
void daemon_say(struct daemon *d, uint64_t cause, enum report_level level, unsigned code,
		const char *event, const struct diag *why, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

/* daemon_listen reads ipsec.secrets, too: at the start a connection may have wanted it before. */
bool daemon_wants_secrets(const struct daemon *d);
/* Look at the host's addresses, open and close sockets, read secrets and certificates. */
void daemon_listen(struct daemon *d, uint64_t cause);
/* Behind it: tell the core to answer. Ends by DONE. */
void daemon_answer_peers(struct daemon *d, uint64_t cause);
/* Close the sockets, and tell the core to begin and answer nothing. Ends by DONE. */
void daemon_unlisten(struct daemon *d, uint64_t cause);
/* Something is being loaded, routed or brought up: what an earlier run left guards for longer. */
void daemon_routes(struct daemon *d);
/* Whether there is any, that still guards, and for how long as things are. */
bool daemon_guards(const struct daemon *d, nsec *ret_left);
/* A connection was loaded: the port of its own, if it has one, is opened. */
void daemon_loaded(struct daemon *d, const char *name);
/*
 * Begin to stop: SAs are deleted, then the loop ends. With `hand_over` another one is to follow
 * in the same folder: until that is ready, what was protected is blocked.
 */
void daemon_stop(struct daemon *d, uint64_t cause, bool hand_over);

/* Exit statuses. */
#define EXIT_FAIL 1
#define EXIT_SOCKET 2
#define EXIT_FORK 3
#define EXIT_PLANE 5
#define EXIT_LOCKED 10

#endif
