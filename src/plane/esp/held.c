/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/held.h"

#include "base/secret.h"
#include "plane/esp/sad.h"

#include <stdlib.h>
#include <string.h>

static uint32_t len_of(const struct held_packet *p)
{
	return atomic_load_explicit(&p->len, memory_order_relaxed);
}

static nsec since(const struct held_packet *p)
{
	return atomic_load_explicit(&p->since, memory_order_relaxed);
}

static void set_len(struct held_packet *p, size_t len)
{
	atomic_store_explicit(&p->len, (uint32_t)len, memory_order_relaxed);
}

/* One that came after the caller read the clock has not waited at all. */
static bool is_over(const struct held_packet *p, nsec now)
{
	return now > since(p) && now - since(p) > HELD_TIME;
}

bool held_init(struct held *h)
{
	*h = (struct held){.places = calloc(HELD_MAX, sizeof(h->places[0]))};
	return h->places;
}

void held_done(struct held *h)
{
	if (h->places)
		secret_wipe(h->places, HELD_MAX * sizeof(h->places[0]));
	free(h->places);
	h->places = NULL;
}

/* The policy's own place, else a free one, else the one that has waited longest. */
static struct held_packet *place_for(struct held *h, uint32_t policy_id)
{
	struct held_packet *best = &h->places[0];

	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held_packet *p = &h->places[i];

		if (len_of(p) && p->policy_id == policy_id)
			return p;
		if (len_of(best) && (!len_of(p) || since(p) < since(best)))
			best = p;
	}
	return best;
}

bool held_put(struct held *h, uint32_t policy_id, struct view packet, nsec now)
{
	struct held_packet *p;

	if (packet.len > HELD_PACKET_MAX)
		return false;
	p = place_for(h, policy_id);
	if (len_of(p))
		count_add(is_over(p, now) ? &h->expired : &h->displaced, 1);
	p->policy_id = policy_id;
	memcpy(p->octets, packet.ptr, packet.len);
	atomic_store_explicit(&p->since, now, memory_order_relaxed);
	set_len(p, packet.len);
	return true;
}

size_t held_look(struct held *h, size_t place, nsec now, uint8_t *out)
{
	struct held_packet *p = &h->places[place];

	if (len_of(p) && is_over(p, now)) {
		count_add(&h->expired, 1);
		set_len(p, 0);
	}
	memcpy(out, p->octets, len_of(p));
	return len_of(p);
}

void held_stays(struct held *h, size_t place, uint32_t policy_id)
{
	h->places[place].policy_id = policy_id;
}

void held_leaves(struct held *h, size_t place)
{
	set_len(&h->places[place], 0);
}

struct held_counts held_count(const struct held *h, nsec now)
{
	struct held_counts c = {
		.displaced = count_get(&h->displaced),
		.expired = count_get(&h->expired),
	};

	for (size_t i = 0; i < HELD_MAX; i++) {
		const struct held_packet *p = &h->places[i];

		if (len_of(p) && is_over(p, now))
			c.expired++;
		else if (len_of(p))
			c.waiting++;
	}
	return c;
}
