/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/create_child.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/informational.h"

/* Our own requests, by kind. */

void exchange_begin(struct ike_sa *sa, const struct task *t)
{
	switch (t->kind) {
	case EX_REKEY_IKE:
		ike_rekey_begin(sa, t);
		return;
	case EX_REKEY_CHILD:
	case EX_NEW_CHILD:
	case EX_CLONE:
		child_begin(sa, t);
		return;
	default:
		info_begin(sa, t);
		return;
	}
}

uint8_t exchange_type_of(uint8_t kind)
{
	switch (kind) {
	case EX_INIT:
		return X_IKE_SA_INIT;
	case EX_AUTH:
		return X_IKE_AUTH;
	case EX_REKEY_IKE:
	case EX_REKEY_CHILD:
	case EX_NEW_CHILD:
	case EX_CLONE:
		return X_CREATE_CHILD_SA;
	default:
		return X_INFORMATIONAL;
	}
}
