/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/ahead.h"
#include "ike/resume.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/gateway.h"
#include "ike/group.h"
#include "ike/install.h"
#include "ike/liveness.h"
#include "ike/manual.h"
#include "ike/names.h"
#include "ike/op.h"
#include "ike/trap.h"
#include "ike/updown.h"
#include "ike/v2/auth.h"
#include "ike/v2/create_child.h"
#include "ike/v2/eap.h"
#include "ike/v2/informational.h"
#include "ike/v2/ppk.h"
#include "ike/v2/sa_init.h"

static void resume_exchange(uint8_t purpose, struct exchange *x, const struct answer *a)
{
	switch (purpose) {
	case OP_INIT_KE_START:
		init_key_ready(x, a);
		return;
	case OP_INIT_KE_RESPOND:
		init_responded(x, a);
		return;
	case OP_INIT_KE_FINISH:
		init_finished(x, a);
		return;
	case OP_AUTH_MAKE:
		auth_made(x, a);
		return;
	case OP_AUTH_CHECK:
		auth_checked(x, a);
		return;
	case OP_PPK:
		ppk_answered(x, a);
		return;
	case OP_EAP:
		eap_stepped(x, a);
		return;
	case OP_CHILD_KE_START:
		create_key_ready(x, a);
		return;
	case OP_CHILD_KE_RESPOND:
		create_responded(x, a);
		return;
	case OP_CHILD_KE_FINISH:
		create_finished(x, a);
		return;
	case OP_CHILD_JUDGE:
		child_judged(x, a);
		return;
	default:
		install_answered(x, (enum op_for)purpose, a);
		return;
	}
}

static bool of_child(uint8_t purpose)
{
	return purpose == OP_LATE_OUT || purpose == OP_LIVENESS_QUERY ||
	       purpose == OP_USE_QUERY || purpose == OP_SENT_QUERY || purpose == OP_IMPORT_IN ||
	       purpose == OP_IMPORT_OUT;
}

static void resume_child(uint8_t purpose, struct child_sa *child, const struct answer *a)
{
	if (purpose == OP_LIVENESS_QUERY)
		liveness_counted(child, a);
	else if (purpose == OP_USE_QUERY)
		liveness_used(child, a);
	else if (purpose == OP_SENT_QUERY)
		liveness_sent(child, a);
	else if (a->err)
		install_late_failed(child, purpose == OP_IMPORT_IN ? SA_IN : SA_OUT, a);
}

void resume(struct ike *ike, uint8_t purpose, void *owner, const struct answer *a)
{
	struct ike_sa *sa;
	uint64_t serial;

	if (purpose == OP_RESOLVE) {
		names_resolved(ike, owner, a);
		return;
	}
	if (purpose == OP_PREPARE || purpose == OP_ROUTE || purpose == OP_UP) {
		updown_answered(owner, (enum op_for)purpose, a);
		return;
	}
	if (purpose == OP_TRAP) {
		trap_answered(ike, owner, a);
		return;
	}
	if (purpose == OP_GROUP) {
		group_answered(ike, owner, a);
		return;
	}
	if (purpose == OP_GATEWAY) {
		gateway_answered(ike, owner, a);
		return;
	}
	if (purpose == OP_KEY_AHEAD) {
		ahead_answered(ike, owner, a);
		return;
	}
	if (purpose == OP_MANUAL_IN || purpose == OP_MANUAL_OUT ||
	    purpose == OP_MANUAL_POLICY || purpose == OP_MANUAL_ROUTE) {
		manual_answered(owner, (enum op_for)purpose, a);
		return;
	}
	if (of_child(purpose)) {
		resume_child(purpose, owner, a);
		return;
	}
	serial = ((struct exchange *)owner)->sa->serial;
	resume_exchange(purpose, owner, a);
	sa = sa_by_serial(ike, serial);
	if (sa)
		window_next(sa);
}
