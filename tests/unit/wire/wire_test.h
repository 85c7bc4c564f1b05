/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WIRE_WIRE_TEST_H
#define TESTS_UNIT_WIRE_WIRE_TEST_H

#include "tests/unit/support/test.h"

#include "base/builder.h"
#include "base/diag.h"
#include "wire/message.h"

#include <stdio.h>
#include <string.h>

/* A payload as it lies in a message, so that diagnostics have a place: body from hex. */
static inline struct payload payload_hex(uint8_t type, const char *hex)
{
	return (struct payload){.body = test_hex(hex), .offset = 28, .type = type};
}

static inline struct payload payload_view(uint8_t type, struct view body)
{
	return (struct payload){.body = body, .offset = 28, .type = type};
}

/* A refusal must say all of: code, place in the RFC, what was wanted and what came. */
static inline void assert_refusal(enum cyg_err got, enum cyg_err want, const struct diag *why)
{
	assert_int_equal(got, want);
	assert_true(diag_is_set(why));
	assert_non_null(why->ref);
	assert_true(why->sentence[0] && why->wanted[0] && why->got[0]);
}

/* One row of a table of bodies that a parser must refuse. */
struct bad_body {
	const char *what, *hex;
	enum cyg_err err;
};

/* Zeroes of any length up to 70,000, for bodies that are only long. */
static inline struct view zeroes(size_t len)
{
	static const uint8_t octets[70000];

	assert_true(len <= sizeof(octets));
	return view_of(octets, len);
}

/* `count` times the octets of `unit`, in storage of the caller. */
static inline struct view repeat(struct view unit, size_t count, uint8_t *storage, size_t cap)
{
	struct builder b = builder_of(storage, cap);

	for (size_t i = 0; i < count; i++)
		build_view(&b, unit);
	assert_false(b.bad);
	return build_done(&b);
}

#endif
