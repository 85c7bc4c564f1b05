/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_INFORMATIONAL_H
#define IKE_V2_INFORMATIONAL_H

#include "ike/exchange.h"

#define CHILD_SPIS_MAX 256 /* children that one request may delete */

/* Begin EX_DELETE_IKE, EX_DELETE_CHILD or EX_LIVENESS on a free window. */
void info_begin(struct ike_sa *sa, const struct task *t);

#endif
