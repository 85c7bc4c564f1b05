/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ENTROPY_H
#define BASE_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where random octets come from; handed in, so that a run replays from its seed. */
struct entropy {
	bool (*fill)(void *ctx, uint8_t *out, size_t len);
	void *ctx;
};

/* The kernel's generator (getrandom). */
struct entropy entropy_system(void);

/* A deterministic generator (xoshiro256**), for simulation only. Its state lives in *state. */
struct entropy_seeded {
	uint64_t s[4];
};
struct entropy entropy_seed(struct entropy_seeded *state, uint64_t seed);

/* Fill `out`; false only when the source fails. */
bool entropy_fill(const struct entropy *e, void *out, size_t len)
	__attribute__((warn_unused_result));

/* A number in [0, bound); bound 0 gives 0. A source that fails gives 0. */
uint64_t entropy_below(const struct entropy *e, uint64_t bound);

#endif
