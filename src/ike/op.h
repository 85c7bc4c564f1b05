/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_OP_H
#define IKE_OP_H

#include "base/list.h"
#include "conn/event.h"

#include <uthash.h>

struct ike;

/*
 * Operations that the host carries out for us: each has a number, an owner
 * (an exchange or a child SA) that waits for it, and a purpose that says who
 * takes the answer. When the owner goes away its operations stay behind
 * without one, so that a late answer's contents are freed.
 */
enum op_for {
	OP_INIT_KE_START,
	OP_INIT_KE_RESPOND,
	OP_INIT_KE_FINISH,
	OP_AUTH_MAKE,
	OP_AUTH_CHECK,
	OP_PPK,
	OP_EAP,
	OP_CHILD_KE_START, /* CREATE_CHILD_SA, also for rekeying the IKE SA */
	OP_CHILD_KE_RESPOND,
	OP_CHILD_KE_FINISH,
	OP_CHILD_JUDGE, /* whether the peer's proof is enough for the child's connection */
	OP_INSTALL_IN,  /* of an exchange's new child */
	OP_INSTALL_OUT,
	OP_INSTALL_POLICY,
	OP_INSTALL_ROUTE,
	OP_LATE_OUT,         /* owner is the child: outbound SA after a rekey by the peer */
	OP_LIVENESS_QUERY,   /* owner is the child */
	OP_USE_QUERY,        /* owner is the child */
	OP_SENT_QUERY,       /* owner is the child */
	OP_IMPORT_IN,        /* owner is the child */
	OP_IMPORT_OUT,       /* owner is the child */
	OP_RESOLVE,          /* owner is a struct name_wait */
	OP_INSTALL_PROGRAMS, /* of an exchange's new child: its connection's updown programs */
	OP_PREPARE,          /* owner is a struct programs, of this and the next two */
	OP_ROUTE,
	OP_UP,
	OP_TRAP,      /* owner is a struct trap_wait */
	OP_GROUP,     /* owner is a struct group_file */
	OP_GATEWAY,   /* owner is a struct gateway_wait */
	OP_KEY_AHEAD, /* owner is a struct key_wait */
	OP_MANUAL_IN, /* owner is a struct manual_pair, of this and the next three */
	OP_MANUAL_OUT,
	OP_MANUAL_POLICY,
	OP_MANUAL_ROUTE,
};

struct op {
	UT_hash_handle hh;
	uint32_t number;
	uint8_t purpose; /* enum op_for */
	struct list of_owner;
	void *owner; /* NULL: nobody waits any more */
};

/*
 * A new operation of `owner`, whose list of operations is `ops`. Returns its
 * number, or 0 when memory is short.
 */
MUST_CHECK uint32_t op_new(struct ike *ike, enum op_for purpose, void *owner, struct list *ops);

/*
 * The routes among the actions from index `from` on are waited for, and with OP_TRAP the entries, too:
 * without them what is to be protected may leave in clear. *waiting grows by the answers to come.
 * CYG_NOMEM.
 */
MUST_CHECK enum cyg_err op_await_host(struct ike *ike, size_t from, enum op_for purpose,
				      void *owner, struct list *ops, unsigned *waiting);

/* The owner of these operations goes away. */
void op_abandon(struct list *ops);

/* An answer came: hand it to whom it concerns, or free what it carries. */
void op_answered(struct ike *ike, const struct answer *a);

/* Forget all operations: the engine goes, and answers with it. */
void op_free_all(struct ike *ike);

#endif
