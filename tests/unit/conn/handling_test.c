/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/handling.h"

#include "tests/unit/support/test.h"

#include <string.h>

/* Each thing that is asked for: "CODE WORD" of what is said on a plane without anything. */
static void what_a_plane_can_t_do_is_told(void **state)
{
	static const struct {
		struct connection c;
		const char *code, *word;
	} rows[] = {
		{{.encap_dscp = true}, NULL, NULL},
		{{.encap_dscp = true, .type = CONN_TRANSPORT},
		 "no-transport",
		 "type=transport: "},
		{{.encap_dscp = true, .protects = PROTO_AH}, "no-ah", "ah=: "},
		{{.encap_dscp = true, .type = CONN_BEET}, "no-beet", "type=beet: "},
		{{.encap_dscp = true, .scope.if_id[0].id = 7}, "no-scope", SCOPE_WORDS ": "},
		{{.encap_dscp = true, .compress = true}, "no-effect", "compress=yes has "},
		{{.encap_dscp = true, .tfc = 1400}, "no-effect", "tfc= has "},
		{{.encap_dscp = true, .decap_dscp = true}, "no-effect", "decap-dscp=yes has "},
		{{.encap_dscp = false}, "no-effect", "encap-dscp=no has "},
		{{.encap_dscp = true, .no_pmtu_discovery = true},
		 "no-effect",
		 "nopmtudisc=yes "},
		{{.encap_dscp = true, .clones = 4}, "no-effect", "clones= has "},
	};
	static const struct plane_reach nothing, all = {{.tfc = true,
							 .dscp = true,
							 .no_pmtu = true,
							 .ipcomp = true,
							 .processors = 1},
							true,
							true,
							true,
							true};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct diag why;
		size_t at = 0;

		test_row(i, "%s", rows[i].word ? rows[i].word : "nothing");
		assert_false(connection_unhandled(&rows[i].c, &all, &at, &why));
		assert_int_equal(at, 0);
		assert_int_equal(connection_unhandled(&rows[i].c, &nothing, &at, &why),
				 rows[i].code != NULL);
		if (!rows[i].code)
			continue;
		assert_string_equal(why.code, rows[i].code);
		assert_int_equal(strncmp(why.sentence, rows[i].word, strlen(rows[i].word)), 0);
		assert_false(connection_unhandled(&rows[i].c, &nothing, &at, &why));
	}
}

static void several_things_are_told_in_turn(void **state)
{
	static const struct plane_reach nothing;
	const struct connection c = {.type = CONN_TRANSPORT, .compress = true, .tfc = 1};
	static const char *const words[] = {"type=transport", "compress=yes",
					    "tfc=", "encap-dscp=no"};
	struct diag why;
	size_t at = 0;

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_true(connection_unhandled(&c, &nothing, &at, &why));
		assert_int_equal(strncmp(why.sentence, words[i], strlen(words[i])), 0);
	}
	assert_false(connection_unhandled(&c, &nothing, &at, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_plane_can_t_do_is_told),
		cmocka_unit_test(several_things_are_told_in_turn),
	};

	return RUN_TESTS("conn/handling", tests);
}
