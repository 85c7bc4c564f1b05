/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/several.h"

#include "conn/report.h"
#include "tests/unit/support/test.h"

/*
 * What happens, a letter each: B a command is begun, r it is refused at once (031), g it is done at
 * once (004); f and s: one that was begun earlier fails (037) or succeeds (004) later on; E all have
 * begun.
 */
static void play(struct several *s, char what)
{
	switch (what) {
	case 'B':
		several_begin(s);
		several_begun(s);
		break;
	case 'r':
	case 'g':
		several_begin(s);
		several_end(s, what == 'r' ? RC_NORETRANSMISSION : RC_SUCCESS);
		several_begun(s);
		break;
	case 'f':
	case 's':
		several_end(s, what == 'f' ? RC_FATAL : RC_SUCCESS);
		break;
	default:
		s->beginning = false;
	}
}

static void a_call_ends_when_it_should(void **state)
{
	static const struct {
		bool wait;
		const char *story; /* it is over with the last letter, and not before */
		unsigned code;
	} rows[] = {
		{true, "E", RC_COMMENT},
		{true, "BEs", RC_SUCCESS},
		{true, "BBsEs", RC_SUCCESS},
		{true, "BBsEf", RC_FATAL},
		{true, "BfBEs", RC_FATAL},
		{true, "rBEs", RC_NORETRANSMISSION},
		{true, "BrEf", RC_NORETRANSMISSION}, /* the first failure counts */
		{true, "gE", RC_SUCCESS},
		/* nobody waits: what a peer says while others begin is not for this call */
		{false, "E", RC_COMMENT},
		{false, "BBE", RC_COMMENT},
		{false, "BfBE", RC_COMMENT},
		{false, "BsBE", RC_COMMENT},
		{false, "BrE", RC_NORETRANSMISSION},
		{false, "BfrE", RC_NORETRANSMISSION},
		{false, "rBfE", RC_NORETRANSMISSION},
		{false, "gBE", RC_COMMENT},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct several s = {.wait = rows[i].wait,
				    .beginning = true,
				    .code = RC_COMMENT};
		unsigned code = 0;

		test_row(i, "%s%s", rows[i].story, rows[i].wait ? "" : ", not waited for");
		for (const char *at = rows[i].story; *at; at++) {
			assert_false(several_is_over(&s, &code));
			play(&s, *at);
		}
		assert_true(several_is_over(&s, &code));
		assert_int_equal(code, rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_ends_when_it_should),
	};

	return RUN_TESTS("pluto/several", tests);
}
