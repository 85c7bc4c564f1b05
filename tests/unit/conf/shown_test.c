/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/shown.h"

#include "conf/conf.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void what_of_a_line_may_be_seen(void **state)
{
	static const struct {
		const char *line, *shown;
	} rows[] = {
		/* what strayed into the file */
		{"@east @west : PSK \"hush\"", "@east"},
		{": PSK \"hush\"", ":"},
		{"\tpsk=\"hush", "\tpsk="},
		{"\tpsk = hush", "\tpsk ="},
		{"psk=hush", "psk="},
		{"\thush hush", "\thush"},
		{"\t\"hush\"", "\t"},
		{"\t= hush", "\t="},
		{"0123456789012345678901234567890123456789hush",
		 "0123456789012345678901234567890123456789"},
		/* keys of manual keying */
		{"\tespenckey=0xhush", "\tespenckey="},
		{"\tleftespauthkey=0xhush", "\tleftespauthkey="},
		{"\tAHKEY=0xhush", "\tAHKEY="},
		/* a person's own note */
		{"\tx-secret=hush", "\tx-secret="},
		/* what is known */
		{"\tleft = 192.0.2.1 # east", "\tleft = 192.0.2.1 # east"},
		{"\trightid=@x", "\trightid=@x"},
		{"\trightid=@x : PSK \"hush\"", "\trightid=@x "},
		{"\trightid=@x :psk 'hush'", "\trightid=@x "},
		{"\trightid=: RSA {hush", "\trightid="},
		/* where a secret may stand by mistake */
		{"\tauthby=\"secret hush\"", "\tauthby=\"secret "},
		{"\tauthby=PSK,hush", "\tauthby=PSK,"},
		{"\tleftauth = psk hush", "\tleftauth = psk "},
		{"\tauthby=: PSK \"hush\"", "\tauthby="},
		{"\tauthby=secret,rsasig", "\tauthby=secret,rsasig"},
		{"\tleftcert=\"pkcs11:token=a;PIN-value=4711\"", "\tleftcert=\"pkcs11:token=a;"},
		{"\tauthby=rsasgi", "\tauthby=rsasgi"},
		{"\tleftid=\"O=a: rsa, CN=b\"", "\tleftid=\"O=a: rsa, CN=b\""},
		{"\tright=2001:db8::1", "\tright=2001:db8::1"},
		{"\tplutodebug=\"all", "\tplutodebug=\"all"},
		{"\tcrluri=http://x/", "\tcrluri=http://x/"},
		{"conn a b", "conn a b"},
		{"include /etc/x", "include /etc/x"},
		{"# a remark", "# a remark"},
		{"", ""},
		{"\t ", "\t "},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view line = view_str(rows[i].line);

		test_row(i, "%s", rows[i].line);
		line.len = shown_len(line);
		assert_view_equal(line, view_str(rows[i].shown));
	}
}

/* Of all that is told of a file, in sentences, hints and lines, nothing holds "hush". */
static void nothing_behind_torn_quotes_is_told(void **state)
{
	static const char *const texts[] = {
		"conn a\n\tpsk=\"hush hush\n\thush2 = 3\nhush3\n\thush4\n\t@hush : PSK \"hush\"\n",
		"conn a\n\tleftid=@x\n\tpsk=\"hush\\\n\thush2=hush\n\tleft=%any\n",
		"@east @west : PSK \"hush\"\n",
		": PSK \"hush\"\nconn a\n\tleft=%any\n",
		"conn a\n\tespenckey=0xhush\n\tleftespenckey=0xhush\n\trightahkey=\"0xhush\n",
		"conn a\n\txauthpass=hush\nxauthpass=hush\n",
		"config setup\n\tpassword=\"hush\n\thush\n",
		"ca a\n\tpassword=\"hush\" hush\n",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct problems problems = {0};
		struct connection *c;
		struct conf *conf;
		struct diag why;

		test_row(i, "%s", texts[i]);
		assert_int_equal(conf_parse(view_str(texts[i]), "/x", &conf, &problems),
				 CYG_OK);
		if (!conf_connection(conf, "a", &c, &problems, &why))
			connection_unref(c);
		assert_true(problems.len > 0);
		for (size_t k = 0; k < problems.len; k++) {
			const struct problem *p = &problems.items[k];
			const char *const told[] = {p->diag.sentence, p->diag.hint, p->diag.got,
						    p->diag.wanted, p->line};

			for (size_t n = 0; n < COUNT_OF(told); n++)
				if (told[n] && strstr(told[n], "hush"))
					fail_msg("%s: %s", told[n], p->diag.sentence);
		}
		problems_done(&problems);
		conf_free(conf);
	}
}

/* Behind the quotes of one section the next one is read as ever. */
static void a_header_ends_what_is_torn(void **state)
{
	static const char text[] = "conn a\n\tleftid=\"@x\n\tnosuch=1\nconn b\n\tnosuch=1\n";
	struct problems problems = {0};
	struct connection *c;
	struct conf *conf;
	struct diag why;
	bool told = false;

	assert_int_equal(conf_parse(view_str(text), "/x", &conf, &problems), CYG_OK);
	assert_int_equal(conf_connection(conf, "b", &c, &problems, &why), CYG_MALFORMED);
	for (size_t k = 0; k < problems.len; k++) {
		assert_true(problems.items[k].diag.line != 3);
		told |= problems.items[k].diag.line == 5;
	}
	assert_true(told);
	problems_done(&problems);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_of_a_line_may_be_seen),
		cmocka_unit_test(nothing_behind_torn_quotes_is_told),
		cmocka_unit_test(a_header_ends_what_is_torn),
	};

	return RUN_TESTS("conf/shown", tests);
}
