/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/standing.h"

#include "base/text.h"
#include "pluto/rundir.h"
#include "policy/policy.h"
#include "whack/again.h"

#include <string.h>

#define PAUSE_TIMES 50 /* as long as the writing took: 2 % of the time at most */

static void drop_left(struct standing *s)
{
	again_free(s->left);
	s->left = NULL;
}

static bool stands(const struct loaded *l)
{
	return l->routed || l->spd != SPD_NONE;
}

/* From here on it is this run's: what takes it out of force takes it out of the file. */
static void add(struct standing *s, const char *name, struct text *to)
{
	struct again *n = again_find(s->left, name);

	if (n)
		again_drop(&s->left, n);
	text_add(to, "%s\n", name);
}

static void write_anew(struct standing *s)
{
	struct text t = {0};
	struct diag why;

	for (struct loaded *l = policy_next(s->policy, NULL); l; l = policy_next(s->policy, l))
		if (!l->instance && !l->group && stands(l) &&
		    !strchr(l->connection->name, '\n'))
			add(s, l->connection->name, &t);
	for (struct again *n = s->left; n; n = n->hh.next)
		text_add(&t, "%s\n", n->name);
	/* A full disk: what it says is older then, and it is tried again with the next change. */
	if (!t.bad && rundir_write(s->rundir, AGAIN_FILE, text_str(&t), &why))
		t.bad = true;
	text_done(&t);
	s->written = policy_force_changes(s->policy);
}

static void on_wake(uv_timer_t *timer)
{
}

static void on_turn(uv_prepare_t *turn)
{
	struct standing *s = turn->data;
	uint64_t now, from;

	if (s->stopped || s->written == policy_force_changes(s->policy))
		return;
	now = uv_now(turn->loop);
	if (now < s->pause_until) {
		uv_timer_start(&s->wake, on_wake, s->pause_until - now, 0);
		return;
	}
	from = uv_hrtime();
	write_anew(s);
	s->pause_until = now + (uv_hrtime() - from) * PAUSE_TIMES / 1000000;
}

void standing_start(struct standing *s, uv_loop_t *loop, struct rundir *r,
		    const struct policy *policy)
{
	*s = (struct standing){.policy = policy, .rundir = r, .left = again_read(r->fd)};
	uv_prepare_init(loop, &s->turn);
	uv_timer_init(loop, &s->wake);
	s->turn.data = s;
	uv_prepare_start(&s->turn, on_turn);
	uv_unref((uv_handle_t *)&s->turn);
}

void standing_settled(struct standing *s)
{
	drop_left(s);
	if (!s->stopped)
		write_anew(s);
}

void standing_stop(struct standing *s)
{
	if (!s->stopped && s->written != policy_force_changes(s->policy))
		write_anew(s);
	s->stopped = true;
}

void standing_close(struct standing *s)
{
	drop_left(s);
	s->stopped = true;
	uv_close((uv_handle_t *)&s->turn, NULL);
	uv_close((uv_handle_t *)&s->wake, NULL);
}
