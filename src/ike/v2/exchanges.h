/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_EXCHANGES_H
#define IKE_V2_EXCHANGES_H

#include "ike/table.h"

/*
 * The handlers that the table names, and the beginnings of our own requests.
 * A handler computes in locals and commits at its end: when it returns a
 * problem the SA and the exchange are as they were. PROBLEM_LATER: it waits
 * for the host, and what follows comes through resume.c. PROBLEM_NONE: the
 * exchange is done and closed.
 */

/* v2/init_initiator.c */
enum problem init_answer(struct exchange *x, struct received *rx);
enum problem init_refused(struct exchange *x, struct received *rx);
/* v2/auth_initiator.c */
enum problem auth_answer(struct exchange *x, struct received *rx);
enum problem auth_refused(struct exchange *x, struct received *rx);
/* v2/auth_responder.c */
enum problem auth_request(struct exchange *x, struct received *rx);
/* v2/eap_responder.c */
enum problem auth_request_eap(struct exchange *x, struct received *rx);
enum problem eap_second_request(struct exchange *x, struct received *rx);
enum problem eap_request(struct exchange *x, struct received *rx);
enum problem eap_final_request(struct exchange *x, struct received *rx);
/* v2/eap_initiator.c */
enum problem eap_first_answer(struct exchange *x, struct received *rx);
enum problem eap_answer(struct exchange *x, struct received *rx);
enum problem eap_final_answer(struct exchange *x, struct received *rx);
/* v2/create_child.c */
enum problem child_request(struct exchange *x, struct received *rx);
enum problem child_rekey_request(struct exchange *x, struct received *rx);
enum problem child_answer(struct exchange *x, struct received *rx);
enum problem child_refused(struct exchange *x, struct received *rx);
enum problem busy_request(struct exchange *x, struct received *rx);
enum problem late_answer(struct exchange *x, struct received *rx);
/* v2/rekey_ike.c */
enum problem ike_rekey_request(struct exchange *x, struct received *rx);
enum problem ike_rekey_answer(struct exchange *x, struct received *rx);
/* v2/informational.c */
enum problem info_request(struct exchange *x, struct received *rx);
enum problem info_answer(struct exchange *x, struct received *rx);

/* Begin what a task asks for; the window is free. A task that is moot by now does nothing. */
void exchange_begin(struct ike_sa *sa, const struct task *t);

/* The exchange type on the wire of a kind of ours. */
uint8_t exchange_type_of(uint8_t kind);

#endif
