/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/kex.h"

#include "crypto/ke.h"
#include "ike/core.h"
#include "ike/sa.h"

void ke_part_done(struct ke_part *ke)
{
	ke_free(ke->key);
	bytes_done(&ke->public);
	bytes_done(&ke->peer);
	bytes_wipe(&ke->secret);
	*ke = (struct ke_part){0};
}

static struct action *ask(struct exchange *x, enum action_kind kind, enum op_for purpose,
			  uint16_t group, struct view peer)
{
	struct ike *ike = x->sa->ike;
	uint32_t op = op_new(ike, purpose, x, &x->ops);
	struct action *a;

	if (!op)
		return NULL;
	a = actions_add(ike->out, kind);
	if (!a)
		return NULL;
	a->op = op;
	a->cause = x->cause;
	a->ke.group = group;
	a->ke.peer_public = actions_copy(ike->out, peer);
	return a;
}

/* Take over what an answer carries, failed or not. */
static void take(struct exchange *x, const struct answer *a)
{
	if (a->ke.key) {
		ke_free(x->ke.key);
		x->ke.key = a->ke.key;
	}
	if (a->ke.public.ptr) {
		bytes_done(&x->ke.public);
		x->ke.public = a->ke.public;
	}
	if (a->ke.secret.ptr) {
		bytes_wipe(&x->ke.secret);
		x->ke.secret = a->ke.secret;
	}
}

enum cyg_err kex_start(struct exchange *x, enum op_for purpose, uint16_t group)
{
	if (!ask(x, ACT_KE_START, purpose, group, (struct view){0}))
		return CYG_NOMEM;
	x->ke.group = group;
	return CYG_OK;
}

enum cyg_err kex_started(struct exchange *x, const struct answer *a)
{
	take(x, a);
	if (a->err)
		return a->err;
	return x->ke.key && x->ke.public.len ? CYG_OK : CYG_STATE;
}

enum cyg_err kex_respond(struct exchange *x, enum op_for purpose, uint16_t group,
			 struct view peer)
{
	if (!ask(x, ACT_KE_RESPOND, purpose, group, peer))
		return CYG_NOMEM;
	x->ke.group = group;
	return CYG_OK;
}

enum cyg_err kex_responded(struct exchange *x, const struct answer *a)
{
	take(x, a);
	if (a->err)
		return a->err;
	return x->ke.secret.len && x->ke.public.len ? CYG_OK : CYG_STATE;
}

enum cyg_err kex_finish(struct exchange *x, enum op_for purpose, struct view peer)
{
	struct action *a = ask(x, ACT_KE_FINISH, purpose, x->ke.group, peer);

	if (!a)
		return CYG_NOMEM;
	a->ke.key = x->ke.key;
	x->ke.key = NULL;
	return CYG_OK;
}

enum cyg_err kex_finished(struct exchange *x, const struct answer *a)
{
	take(x, a);
	if (a->err)
		return a->err;
	return x->ke.secret.len ? CYG_OK : CYG_STATE;
}
