/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/names.h"

#include "ike/command.h"
#include "ike/core.h"
#include "ike/load.h"
#include "ike/op.h"
#include "ike/tell.h"

#include <stdlib.h>
#include <string.h>

/* How long a version that waits for a name may go without asking for it. */
#define ASK_AGAIN_TIME (30 * NSEC_PER_SEC)

/* One name that is being looked up. */
struct name_wait {
	struct list all, ops;
	char name[];
};

static void wait_free(struct name_wait *w)
{
	op_abandon(&w->ops);
	list_remove(&w->all);
	free(w);
}

/* The number under which the answer comes back; 0 when memory is short: it is then lost. */
static uint32_t expect(struct ike *ike, const char *name)
{
	size_t len = strlen(name) + 1;
	struct name_wait *w = malloc(sizeof(*w) + len);
	uint32_t op;

	if (!w)
		return 0;
	memcpy(w->name, name, len);
	list_init(&w->ops);
	list_append(&ike->names, &w->all);
	op = op_new(ike, OP_RESOLVE, w, &w->ops);
	if (!op)
		wait_free(w);
	return op;
}

void names_ask(struct ike *ike)
{
	size_t before = ike->out->len;

	policy_ask_names(ike->policy, ike->out);
	for (size_t i = before; i < ike->out->len; i++) {
		struct action *a = &ike->out->items[i];

		if (a->kind == ACT_RESOLVE)
			a->op = expect(ike, a->name);
	}
}

/* A name may come to have an address, or another one, without anything else that happens. */
static void ask_again_later(struct ike *ike)
{
	if (policy_is_awaiting(ike->policy) && ike->ask_names_at == NSEC_NEVER)
		ike->ask_names_at = ike->now + ASK_AGAIN_TIME;
}

void names_resolved(struct ike *ike, struct name_wait *w, const struct answer *a)
{
	struct about nobody = {0};

	if (a->err || !a->resolved.len) {
		tell(ike, &nobody, REPORT_WARNING, RC_LOG, "not-resolved", a->why,
		     "the name %s could not be resolved", w->name);
		policy_resolved(ike->policy, w->name, NULL, 0);
		wait_free(w);
		ask_again_later(ike);
		return;
	}
	policy_resolved(ike->policy, w->name, a->resolved.addrs, a->resolved.len);
	wait_free(w);
	load_awaited(ike);
	ask_again_later(ike);
	if (ike->listening)
		command_start_wanted(ike);
}

nsec names_deadline(const struct ike *ike)
{
	return ike->ask_names_at;
}

void names_work(struct ike *ike)
{
	if (ike->ask_names_at > ike->now)
		return;
	ike->ask_names_at = NSEC_NEVER;
	policy_doubt_awaited(ike->policy);
	names_ask(ike);
}

void names_free_all(struct ike *ike)
{
	LIST_EACH(w, &ike->names, struct name_wait, all)
		wait_free(w);
}
