/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_TABLE_H
#define IKE_TABLE_H

#include "ike/sa.h"
#include "ike/verdict.h"
#include "wire/header.h"
#include "wire/message.h"

/* One datagram being taken in. */
struct received {
	const struct event *ev;
	struct ike_header header;
	struct message outer, inner;
	const struct message *m; /* the payloads to read: inner when encrypted */
	uint64_t digest;         /* keyed hash of it, or of its first fragment */
	uint16_t fragments;      /* in which it came; 0: it was whole */
	uint16_t where;          /* enum where of this exchange and direction */
	/* What goes into the refusal's notify: a group, or a payload type. */
	uint8_t told[2];
	uint8_t told_len;
	struct diag why;
};

/* What kind of message it is, beyond exchange and direction. */
enum shape {
	SHAPE_ANY,
	SHAPE_AGREE,    /* an answer that agrees; a request with AUTH */
	SHAPE_REFUSE,   /* an answer with nothing that agrees */
	SHAPE_NO_CHILD, /* an IKE_AUTH answer that proves the peer but makes no child */
	SHAPE_EAP,      /* an IKE_AUTH request that asks for EAP: without AUTH */
	SHAPE_EAP_STEP, /* IKE_AUTH with an EAP payload */
	SHAPE_NEW_CHILD,
	SHAPE_REKEY_CHILD,
	SHAPE_REKEY_IKE,
};

/*
 * A row of the protocol's state machine: in this state, for a message of this
 * exchange, direction and shape, these payloads must and may be there; the
 * handler takes it, and when all goes well the SA is in state `next`. What has
 * no row is dropped before it is decrypted.
 */
struct row {
	uint8_t state; /* enum sa_state; SA_NONE: there is no SA yet */
	uint8_t exchange;
	bool response;
	uint8_t shape; /* enum shape */
	uint8_t scene; /* enum scene, for the verdict */
	uint8_t next;  /* enum sa_state */
	const struct payload_rules *rules;
	enum problem (*handle)(struct exchange *x, struct received *rx);
	const char *doc;
};
#define SA_NONE SA_STATES

extern const struct row ike_table[];
extern const size_t ike_table_len;

/* Whether any row takes such a message in this state. */
bool table_expects(enum sa_state state, uint8_t exchange, bool response);

/* The row for a parsed message, or NULL. */
const struct row *table_find(enum sa_state state, uint8_t exchange, bool response,
			     enum shape shape);

/* The shape of a message whose payloads can be seen. */
enum shape table_shape(uint8_t exchange, bool response, const struct message *m);

/* The table as a Graphviz digraph, for the documentation. */
struct text;
void table_draw(struct text *out);

#endif
