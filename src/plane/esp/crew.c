/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/crew.h"

#include <stdlib.h>

enum cyg_err crew_init(struct crew *c, const struct worker_config *config,
		       const struct tun *tun)
{
	struct worker_config one = *config;
	enum cyg_err err = CYG_OK;

	c->out = calloc(tun->queues_len, sizeof(c->out[0]));
	c->in = calloc(tun->queues_len, sizeof(c->in[0]));
	if (!c->out || !c->in)
		return CYG_NOMEM;
	for (; !err && c->len < tun->queues_len; c->len++) {
		one.tun = tun->queues[c->len];
		one.queue = (uint32_t)c->len;
		out_worker_clear(&c->out[c->len]);
		in_worker_clear(&c->in[c->len]);
		err = out_worker_init(&c->out[c->len], &one);
		if (!err)
			err = in_worker_init(&c->in[c->len], &one);
	}
	return err;
}

enum cyg_err crew_start(struct crew *c)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < c->len; i++) {
		err = out_worker_start(&c->out[i]);
		if (!err)
			err = in_worker_start(&c->in[i]);
	}
	return err;
}

void crew_done(struct crew *c)
{
	for (size_t i = 0; i < c->len; i++) {
		out_worker_done(&c->out[i]);
		in_worker_done(&c->in[i]);
	}
	free(c->out);
	free(c->in);
	*c = (struct crew){0};
}

void crew_wake(struct crew *c)
{
	for (size_t i = 0; i < c->len; i++)
		out_worker_wake(&c->out[i]);
}

static uint64_t count_at(const void *worker, size_t place)
{
	return count_get((const _Atomic uint64_t *)((const uint8_t *)worker + place));
}

uint64_t crew_count_out(const struct crew *c, size_t place)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->len; i++)
		sum += count_at(&c->out[i], place);
	return sum;
}

uint64_t crew_count_in(const struct crew *c, size_t place)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->len; i++)
		sum += count_at(&c->in[i], place);
	return sum;
}

struct held_counts crew_held(const struct crew *c)
{
	struct held_counts sum = {0};

	for (size_t i = 0; i < c->len; i++) {
		struct held_counts one = held_count(&c->out[i].out.held, worker_now());

		sum.waiting += one.waiting;
		sum.displaced += one.displaced;
		sum.expired += one.expired;
	}
	return sum;
}
