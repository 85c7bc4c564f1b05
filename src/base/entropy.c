/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entropy.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static bool system_fill(void *ctx, uint8_t *out, size_t len)
{
	while (len) {
		ssize_t got = getrandom(out, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		len -= (size_t)got;
	}
	return true;
}

struct entropy entropy_system(void)
{
	return (struct entropy){.fill = system_fill};
}

static uint64_t rotate_left(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

/* One output of xoshiro256**. */
static uint64_t seeded_next(struct entropy_seeded *g)
{
	uint64_t out = rotate_left(g->s[1] * 5, 7) * 9;
	uint64_t shifted = g->s[1] << 17;

	g->s[2] ^= g->s[0];
	g->s[3] ^= g->s[1];
	g->s[1] ^= g->s[2];
	g->s[0] ^= g->s[3];
	g->s[2] ^= shifted;
	g->s[3] = rotate_left(g->s[3], 45);
	return out;
}

/* Least significant octet first on every machine, so that a seed means the same everywhere. */
static bool seeded_fill(void *ctx, uint8_t *out, size_t len)
{
	struct entropy_seeded *g = ctx;
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++, word >>= 8) {
		if (i % 8 == 0)
			word = seeded_next(g);
		out[i] = (uint8_t)word;
	}
	return true;
}

/* One output of splitmix64, which spreads a small seed over the whole state. */
static uint64_t splitmix_next(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct entropy entropy_seed(struct entropy_seeded *state, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		state->s[i] = splitmix_next(&seed);
	return (struct entropy){.fill = seeded_fill, .ctx = state};
}

bool entropy_fill(const struct entropy *e, void *out, size_t len)
{
	return e->fill(e->ctx, out, len);
}

uint64_t entropy_below(const struct entropy *e, uint64_t bound)
{
	uint64_t value, surplus;

	if (bound == 0)
		return 0;
	/* Draws below 2^64 mod bound are thrown away: what is left divides evenly. */
	surplus = -bound % bound;
	do {
		uint8_t raw[8];

		if (!entropy_fill(e, raw, sizeof(raw)))
			return 0;
		value = 0;
		for (size_t i = 8; i-- > 0;)
			value = value << 8 | raw[i];
	} while (value < surplus);
	return value % bound;
}
