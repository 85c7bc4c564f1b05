/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_EAP_METHOD_H
#define TRUST_EAP_METHOD_H

#include "trust/eap.h"

/* What a method makes of a packet. */
enum eap_turn {
	EAP_TURN_ON,     /* send what was built */
	EAP_TURN_PROVEN, /* it has come to a key and ends; a peer still sends what was built */
	EAP_TURN_LOST,   /* *why; send what was built, and expect no more than the end */
	EAP_TURN_FAILED, /* *why; end at once */
	EAP_TURN_NOMEM,
};

/*
 * A method, as peer and as server. `state` of the session is its own. It sets the session's
 * key before it ends well.
 */
struct eap_method {
	uint8_t type; /* enum eap_type */
	const char *name;
	unsigned way; /* enum conn_auth */
	/* Make the state. False: it can't be used, and *why says so, or memory is short. */
	bool (*begin)(struct eap_session *s, struct diag *why);
	/*
	 * Take the other side's type data and build ours. A server's first call has no data: the
	 * view's pointer is NULL.
	 */
	enum eap_turn (*take)(struct eap_session *s, struct view data, struct builder *b,
			      struct diag *why);
	/* Wipe and free the state, which may be NULL. */
	void (*end)(struct eap_session *s);
};

extern const struct eap_method eap_mschapv2, eap_tls;

#endif
