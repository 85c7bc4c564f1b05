/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_EXCHANGE_H
#define IKE_EXCHANGE_H

#include "base/addr.h"
#include "base/duration.h"
#include "base/list.h"
#include "base/view.h"
#include "conn/event.h"

struct child_sa;
struct diag;
struct ike;
struct ike_sa;
struct judging;
struct ke;
struct loaded;

/*
 * Message windows (RFC 7296 2.1 to 2.3), of size one each way. One request of
 * ours may be open and one of the peer's may be under work at the same time;
 * each is a `struct exchange` that holds what it needs until it is done, and
 * what waits for the host (op.h) holds up that exchange alone. What else wants
 * to be asked of the peer waits as a task.
 */
enum exchange_kind {
	EX_INIT,
	EX_AUTH,
	EX_DELETE_IKE, /* tasks are begun in this order of kinds, then in order of arrival */
	EX_DELETE_CHILD,
	EX_REKEY_IKE,
	EX_REKEY_CHILD,
	EX_NEW_CHILD,
	EX_CLONE, /* one more child, for a single processor (clone.h) */
	EX_LIVENESS,
	EX_INFORM, /* the peer's INFORMATIONAL */
};

enum exchange_phase {
	PHASE_PREPARING, /* ours: not sent; the host computes */
	PHASE_SENT,      /* ours: retransmitted until a good answer comes */
	PHASE_WORKING,   /* an answer (ours) or a request (theirs) is being worked on */
};

/* One key exchange on its way. */
struct ke_part {
	uint16_t group; /* 0: none */
	struct ke *key;
	struct bytes public, peer, secret;
};

#define DELETED_EARLY_MAX 4

struct exchange {
	struct ike_sa *sa;
	struct list ops; /* struct op: what the host computes for it */
	uint8_t kind;    /* enum exchange_kind */
	uint8_t phase;   /* enum exchange_phase */
	bool ours;
	uint32_t msgid;
	uint64_t cause;

	/* ours */
	struct bytes datagram; /* or several, one behind the other: fragments */
	uint32_t resent;
	nsec first_sent;
	uint16_t tell; /* DELETE_IKE: an error notify that goes instead of the Delete; 0 none */

	struct judging *judging; /* theirs, a child: whom else's it may be (judge.h); NULL */

	/* theirs: where the answer goes, and the keyed hash of the request */
	struct endpoint local, remote;
	uint64_t digest;
	uint16_t fragments; /* in which it came; 0: it was whole */
	uint8_t exchange;   /* its exchange type */

	/* The decrypted chain: IKE_AUTH, while trust works on its AUTH; a child, while it judges. */
	struct bytes held;
	uint8_t held_first;

	/* making SAs */
	struct ke_part ke;
	struct bytes ni, nr;    /* CREATE_CHILD_SA; the first child's are in init */
	struct child_sa *child; /* being made; owned until it is up */
	uint64_t rekeys;        /* serial of the child to be replaced, or deleted */
	struct ike_sa *next;    /* being made by a rekey of the IKE SA; owned until it is up */
	unsigned installs;      /* answers still to come from the plane */
	bool install_failed, program_failed, initial_contact;
	bool in_vain; /* the peer has replaced what this rekeys, and deleted it */
	bool alone; /* refused here, and to be tried by an IKE SA of its own (up_begin_alone) */
	/* SPIs the peer deleted that we did not know: one may be of the child being made. */
	uint32_t deleted_early[DELETED_EARLY_MAX];
	uint8_t deleted_early_len;
	uint8_t spi_retries, ke_turns;
	uint32_t refused_spi; /* CHILD_SA_NOT_FOUND names it */
	uint8_t refused_protocol;
	struct bytes proof; /* IKE_AUTH responder: our AUTH payload's data */
	uint8_t proof_method;
	struct auth_certs *proof_certs; /* sent with it */
};

/* Something to be asked of the peer once the window is free. */
struct task {
	struct list queue;
	uint8_t kind; /* enum exchange_kind */
	uint16_t tell;
	uint64_t child;        /* serial: REKEY_CHILD, DELETE_CHILD */
	struct loaded *loaded; /* NEW_CHILD, CLONE */
	uint32_t processor;    /* CLONE */
	uint64_t cause;
};

struct window {
	uint32_t next_out;     /* message ID of our next request */
	uint32_t next_in;      /* message ID of the peer's next request */
	uint32_t out_of_order; /* requests that were neither it nor the last one again */
	struct exchange *ours, *theirs;
	struct bytes reply;         /* to the peer's last request, all its datagrams */
	uint64_t replied_to;        /* keyed hash of that request, or of its first fragment */
	uint16_t replied_fragments; /* in which that request came; 0: whole, or not known */
	uint8_t replied_again; /* how often the reply was sent again; no more than counts */
	nsec replied_at;       /* when it was last sent */
	struct gathering
		*gathering[2]; /* fragments of the peer's: of its request, its answer */
	struct list tasks;
};

void window_init(struct window *w);
/* Free exchanges, tasks and the cached reply. */
void window_done(struct window *w);

/* A new exchange in its window, which must be free. NULL when memory is short. */
struct exchange *exchange_open(struct ike_sa *sa, enum exchange_kind kind, bool ours);

/*
 * Free it and what it owns: a child or IKE SA it did not finish making is
 * undone. Its window is free then; a next task is begun by window_next.
 */
void exchange_close(struct exchange *x);

/* The open request was answered and is to be asked anew, under the next message ID. */
void exchange_again(struct exchange *x);

/* Forget the retransmissions of a request whose answer was accepted. */
void exchange_answered(struct exchange *x);

/*
 * Send a request of ours for the first time: `message` is copied for
 * retransmission. CYG_NOMEM: nothing was sent.
 */
MUST_CHECK enum cyg_err exchange_send(struct exchange *x, struct view message);
/* The retransmission timer of the open request fired. */
void exchange_retransmit(struct ike_sa *sa);

/* Send and cache the answer to the request under work, and close that exchange. */
void exchange_reply(struct exchange *x, struct view message);

/*
 * Whether the cached reply may be sent once more: there is one, and it was not
 * sent just now, so that nobody floods a third party with it (docs/attacks.md P31).
 */
bool reply_again(struct window *w, nsec now);

/* Send a message of this SA, or its fragments, from where it lives to where the peer is. */
void sa_transmit(struct ike_sa *sa, struct view message);

/* Send each of the messages that stand one behind the other, as the ACT_SEND `like` says. */
void send_each(struct ike *ike, const struct action *like, struct view messages);

/*
 * Ask for an exchange; it begins at once when the window is free. The same
 * thing asked twice is one task. CYG_NOMEM, CYG_STATE when the SA is no longer
 * one that begins exchanges.
 */
MUST_CHECK enum cyg_err task_add(struct ike_sa *sa, const struct task *t);
/*
 * An exchange of ours that has not left is undone, and what it was for is asked
 * for again when tasks begin next, by this SA or its successor. CYG_NOMEM: it goes on.
 */
MUST_CHECK enum cyg_err exchange_put_back(struct exchange *x);
/* Begin the next task if the window is free. */
void window_next(struct ike_sa *sa);
/* Forget tasks: those of a child (serial), or of a connection; 0 and NULL: all. */
void tasks_drop(struct ike_sa *sa, uint64_t child, const struct loaded *l);

#endif
