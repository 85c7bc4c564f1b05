/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <string.h>

static void nobody_to_tell_is_fine(void **state)
{
	char buf[8] = "x";

	diag_clear(NULL);
	diag_set(NULL, "code", NULL, "%d", 1);
	diag_wanted(NULL, "%d", 1);
	diag_got(NULL, "%d", 1);
	diag_hint(NULL, "%d", 1);
	diag_prefix(NULL, "%d", 1);
	diag_offset(NULL, 1);
	diag_place(NULL, "file", 1, 1);
	assert_false(diag_is_set(NULL));
	assert_string_equal(diag_print(NULL, buf, sizeof(buf)), "");
}

static void a_clear_record_says_nothing(void **state)
{
	struct diag d;
	char buf[8] = "x";

	memset(&d, 0xff, sizeof(d));
	diag_clear(&d);
	assert_false(diag_is_set(&d));
	assert_true(d.offset == DIAG_NOWHERE);
	assert_string_equal(diag_print(&d, buf, sizeof(buf)), "");
	buf[0] = 'z';
	diag_print(&d, buf, 0);
	assert_int_equal(buf[0], 'z');
}

static void setting_anew_forgets_the_old(void **state)
{
	struct diag d;

	diag_set(&d, "first", "RFC 1 2", "first");
	diag_wanted(&d, "a");
	diag_got(&d, "b");
	diag_hint(&d, "c");
	diag_offset(&d, 4);
	diag_place(&d, "file", 1, 2);
	diag_set(&d, "second", NULL, "second %d", 2);
	assert_string_equal(d.code, "second");
	assert_string_equal(d.sentence, "second 2");
	assert_null(d.ref);
	assert_true(d.offset == DIAG_NOWHERE);
	assert_int_equal(d.line + d.column, 0);
	assert_int_equal(d.file[0] | d.wanted[0] | d.got[0] | d.hint[0], 0);
}

static void words_in_front_leave_the_rest(void **state)
{
	struct diag d;
	char line[128];

	diag_clear(&d);
	diag_prefix(&d, "conn a: ");
	assert_false(diag_is_set(&d));
	diag_set(&d, "code", "RFC 1 2", "it is late");
	diag_hint(&d, "come again");
	diag_place(&d, "file", 1, 2);
	diag_prefix(&d, "conn %s: ", "a\x01");
	assert_string_equal(diag_print(&d, line, sizeof(line)),
			    "file:1:2: conn a\\x01: it is late; come again [RFC 1 2]");
	for (int i = 0; i < 300; i++)
		diag_prefix(&d, "x");
	assert_int_equal(strlen(d.sentence), sizeof(d.sentence) - 1);
}

static void foreign_text_is_escaped(void **state)
{
	struct diag d;

	diag_set(&d, "code", NULL, "not\na \x1b[31mname: %s", "\xff\xe2\x80\xae");
	assert_string_equal(d.sentence, "not\\x0aa \\x1b[31mname: \\xff\\xe2\\x80\\xae");
	/* What was escaped before stays as it is. */
	diag_got(&d, "%s", "a\\x00b Z\xc3\xbcrich");
	assert_string_equal(d.got, "a\\x00b Z\xc3\xbcrich");
	diag_place(&d, "a\nfile", 1, 1);
	assert_string_equal(d.file, "a\\x0afile");
}

/* Fill with `pad` letters and one character, and see that it is there whole or not at all. */
static void expect_whole_character(size_t pad, const char *character)
{
	struct diag d;
	char text[2048];

	memset(text, 'a', pad);
	strcpy(text + pad, character);
	strcat(text, character);
	diag_set(&d, "code", NULL, "%s", "x");
	diag_wanted(&d, "%s", text);
	assert_true(strlen(d.wanted) < sizeof(d.wanted));
	for (struct view v = view_str(d.wanted); v.len;) {
		size_t len = text_printable(v);

		assert_true(len > 0);
		v = view_of(v.ptr + len, v.len - len);
	}
	if (pad < sizeof(d.wanted) - 1)
		assert_true(strlen(d.wanted) + strlen(character) >= pad);
	assert_null(strchr(d.wanted, '\\'));
}

static void long_text_is_cut_between_characters(void **state)
{
	static const char *const characters[] = {"b", "\xc3\xbc", "\xe2\x82\xac",
						 "\xf0\x9f\xa6\xa2"};

	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		test_row(i, "%s", characters[i]);
		for (size_t pad = 500; pad < 530; pad++)
			expect_whole_character(pad, characters[i]);
		/* Where formatting itself runs out of room. */
		for (size_t pad = 1010; pad < 1030; pad++)
			expect_whole_character(pad, characters[i]);
	}
}

static void an_escape_is_not_cut_either(void **state)
{
	struct diag d;
	char text[300];

	for (size_t pad = 248; pad < 258; pad++) {
		memset(text, 'a', pad);
		strcpy(text + pad, "\x01");
		diag_set(&d, "code", NULL, "%s", text);
		assert_int_equal(strlen(d.sentence), pad + 4 < sizeof(d.sentence) ? pad + 4
						     : pad < sizeof(d.sentence)
							     ? pad
							     : sizeof(d.sentence) - 1);
	}
}

static void an_offset_too_large_is_nowhere(void **state)
{
	struct diag d;

	diag_set(&d, "code", NULL, "x");
	diag_offset(&d, SIZE_MAX);
	assert_true(d.offset == DIAG_NOWHERE);
	diag_offset(&d, 28);
	assert_int_equal(d.offset, 28);
}

static void a_line_is_cut_to_its_room(void **state)
{
	struct diag d;
	char buf[10];

	diag_set(&d, "code", NULL, "a sentence of some length");
	assert_string_equal(diag_print(&d, buf, sizeof(buf)), "a sentenc");
}

static void lines(void **state)
{
	struct diag d;
	char buf[512];

	diag_set(&d, "no-proposal-chosen", "RFC 7296 2.7",
		 "no proposal of theirs is acceptable");
	assert_string_equal(diag_print(&d, buf, sizeof(buf)),
			    "no proposal of theirs is acceptable [RFC 7296 2.7]");
	diag_wanted(&d, "aes256");
	assert_string_equal(
		diag_print(&d, buf, sizeof(buf)),
		"no proposal of theirs is acceptable (wanted aes256) [RFC 7296 2.7]");
	diag_got(&d, "aes128");
	diag_hint(&d, "add %s to ike=", "aes128");
	diag_offset(&d, 28);
	assert_string_equal(
		diag_print(&d, buf, sizeof(buf)),
		"no proposal of theirs is acceptable at octet 28 (wanted aes256; got "
		"aes128); add aes128 to ike= [RFC 7296 2.7]");
	diag_set(&d, "unknown-keyword", NULL, "unknown keyword");
	diag_got(&d, "lefft");
	diag_place(&d, "/etc/ipsec.conf", 12, 3);
	assert_string_equal(diag_print(&d, buf, sizeof(buf)),
			    "/etc/ipsec.conf:12:3: unknown keyword (got lefft)");
	diag_place(&d, "/etc/ipsec.conf", 12, 0);
	diag_got(&d, "%s", "");
	assert_string_equal(diag_print(&d, buf, sizeof(buf)),
			    "/etc/ipsec.conf:12: unknown keyword");
	diag_place(&d, "/etc/ipsec.conf", 0, 0);
	assert_string_equal(diag_print(&d, buf, sizeof(buf)),
			    "/etc/ipsec.conf: unknown keyword");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_to_tell_is_fine),
		cmocka_unit_test(a_clear_record_says_nothing),
		cmocka_unit_test(setting_anew_forgets_the_old),
		cmocka_unit_test(words_in_front_leave_the_rest),
		cmocka_unit_test(foreign_text_is_escaped),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(an_escape_is_not_cut_either),
		cmocka_unit_test(an_offset_too_large_is_nowhere),
		cmocka_unit_test(a_line_is_cut_to_its_room),
		cmocka_unit_test(lines),
	};

	return RUN_TESTS("base/diag", tests);
}
