/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/op.h"

#include "crypto/ke.h"
#include "ike/core.h"
#include "ike/resume.h"

#include <stdlib.h>

uint32_t op_new(struct ike *ike, enum op_for purpose, void *owner, struct list *ops)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op)
		return 0;
	if (!++ike->last_op)
		ike->last_op = 1;
	op->number = ike->last_op;
	op->purpose = purpose;
	op->owner = owner;
	HASH_ADD(hh, ike->ops, number, sizeof(op->number), op);
	if (!op->hh.tbl) {
		free(op);
		return 0;
	}
	list_append(ops, &op->of_owner);
	return op->number;
}

static bool is_awaited(const struct action *a, enum op_for purpose)
{
	return !a->op && (a->kind == ACT_ROUTE_SET ||
			  (a->kind == ACT_POLICY_SET && purpose == OP_TRAP));
}

enum cyg_err op_await_host(struct ike *ike, size_t from, enum op_for purpose, void *owner,
			   struct list *ops, unsigned *waiting)
{
	for (size_t i = from; i < ike->out->len; i++) {
		struct action *a = &ike->out->items[i];

		if (!is_awaited(a, purpose))
			continue;
		a->op = op_new(ike, purpose, owner, ops);
		if (!a->op)
			return CYG_NOMEM;
		++*waiting;
	}
	return CYG_OK;
}

void op_abandon(struct list *ops)
{
	LIST_EACH(op, ops, struct op, of_owner) {
		op->owner = NULL;
		list_remove(&op->of_owner);
	}
}

static bool carries_key_exchange(uint8_t purpose)
{
	switch (purpose) {
	case OP_INIT_KE_START:
	case OP_INIT_KE_RESPOND:
	case OP_INIT_KE_FINISH:
	case OP_CHILD_KE_START:
	case OP_CHILD_KE_RESPOND:
	case OP_CHILD_KE_FINISH:
		return true;
	default:
		return false;
	}
}

static void drop_contents(uint8_t purpose, const struct answer *a)
{
	struct answer copy = *a;

	if (!carries_key_exchange(purpose))
		return;
	ke_free(copy.ke.key);
	bytes_done(&copy.ke.public);
	bytes_wipe(&copy.ke.secret);
}

void op_answered(struct ike *ike, const struct answer *a)
{
	struct op *op, found;

	HASH_FIND(hh, ike->ops, &a->op, sizeof(a->op), op);
	if (!op)
		return;
	found = *op;
	HASH_DEL(ike->ops, op);
	list_remove(&op->of_owner);
	free(op);
	if (found.owner)
		resume(ike, found.purpose, found.owner, a);
	else
		drop_contents(found.purpose, a);
}

void op_free_all(struct ike *ike)
{
	struct op *op;

	while ((op = ike->ops)) {
		HASH_DEL(ike->ops, op);
		list_remove(&op->of_owner);
		free(op);
	}
}
