/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/authority.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void what_is_no_word_is_not_found(void **state)
{
	static const char *const words[] = {"", "ca", "crluri3", "auto", "ca-cert", "name"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		test_row(i, "%s", words[i]);
		assert_null(authority_by_keyword(words[i]));
	}
	assert_null(authority_by_option("cacert"));
	assert_null(authority_by_option("--ca-cert"));
}

static void each_word_has_its_own_place(void **state)
{
	struct authority a = {0};

	for (size_t i = 0; i < AUTHORITY_FIELDS; i++) {
		const struct authority_field *f = &authority_fields[i];

		assert_null(authority_text(&a, f));
		*authority_member(&a, f) = f->doc;
		assert_ptr_equal(authority_by_keyword(f->keyword), f);
		assert_ptr_equal(authority_by_option(f->option), f);
	}
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		assert_ptr_equal(authority_text(&a, &authority_fields[i]),
				 authority_fields[i].doc);
	assert_ptr_equal(authority_by_keyword("CRLURI"), authority_by_keyword("crluri"));
}

static void a_copy_owns_its_texts(void **state)
{
	char name[] = "root", cert[] = "root.pem", uri[] = "http://c.example/";
	const struct authority a = {.name = name, .cacert = cert, .certuribase = uri};
	struct authority *copy = authority_copy(&a);

	assert_non_null(copy);
	name[0] = cert[0] = uri[0] = 'X';
	assert_string_equal(copy->name, "root");
	assert_string_equal(copy->cacert, "root.pem");
	assert_string_equal(copy->certuribase, "http://c.example/");
	assert_null(copy->crluri[0]);
	assert_null(copy->ldaphost);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_word_is_not_found),
		cmocka_unit_test(each_word_has_its_own_place),
		cmocka_unit_test(a_copy_owns_its_texts),
	};

	return RUN_TESTS("conn/authority", tests);
}
