/* SPDX-License-Identifier: Apache-2.0 */
/* What should be up: a connection that failed or was lost is tried again, ever later. */
#include "policy/db.h"

#define PAUSE_FIRST (5 * NSEC_PER_SEC)
#define PAUSE_LAST (300 * NSEC_PER_SEC)

static void set_retry(struct policy *p, struct loaded *l, nsec at)
{
	/* There is room for every place (place_new), so it cannot fail. */
	if (heap_set(&p->retries, &l->retry, at))
		l->retry_at = at;
}

void policy_came_up(struct policy *p, struct loaded *l)
{
	l->tries = 0;
	set_retry(p, l, NSEC_NEVER);
}

void policy_come_back(struct policy *p, struct loaded *l, nsec at)
{
	set_retry(p, l, at);
}

/* 5 s, 10, 20, ... 300, and up to a tenth more, so that many do not call at once. */
static nsec pause_after(const struct policy *p, uint32_t tries)
{
	nsec pause = PAUSE_FIRST;

	for (uint32_t i = 1; i < tries && pause < PAUSE_LAST; i++)
		pause *= 2;
	if (pause > PAUSE_LAST)
		pause = PAUSE_LAST;
	return pause + entropy_below(p->entropy, pause / 10 + 1);
}

bool policy_failed(struct policy *p, struct loaded *l, nsec now, bool was_up)
{
	uint32_t tries_max = l->connection->keying_tries;

	set_retry(p, l, NSEC_NEVER);
	dns_doubt(p, place_of(l));
	if (was_up)
		l->tries = 0;
	else if (l->tries < UINT32_MAX)
		l->tries++;
	if (!l->want_up)
		return false;
	if (tries_max && l->tries >= tries_max) {
		l->tries = 0; /* whoever asks anew has all of them again */
		return false;
	}
	set_retry(p, l, was_up ? now : now + pause_after(p, l->tries));
	return true;
}

void policy_give_up(struct policy *p, struct loaded *l)
{
	set_retry(p, l, NSEC_NEVER);
	l->tries = 0;
}

nsec policy_deadline(const struct policy *p)
{
	const struct heap_node *first = heap_first(&p->retries);

	return first ? first->at : NSEC_NEVER;
}

struct loaded *policy_due(struct policy *p, nsec now)
{
	struct heap_node *first = heap_first(&p->retries);
	struct loaded *l;

	if (!first || first->at > now)
		return NULL;
	l = CONTAINER_OF(first, struct loaded, retry);
	set_retry(p, l, NSEC_NEVER);
	return l;
}
