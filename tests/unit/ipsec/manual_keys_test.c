/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/manual_keys.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDS                                                             \
	"conn hand\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tmanual=yes\n" \
	"\tesp=aes128-sha1\n"

static void keys_as_they_are_written(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint8_t first, last;
	} rows[] = {
		{"", 0, 0, 0},       {"0x", 0, 0, 0},
		{"0x0", 0, 0, 0},    {"0xzz", 0, 0, 0},
		{"secret", 0, 0, 0}, {"0tsecret", 0, 0, 0},
		{"0s!", 0, 0, 0},    {"0x0102", 2, 1, 2},
		{"0X0102", 2, 1, 2}, {"0x01_02_a_b", 3, 1, 0xab},
		{"0sAQI=", 2, 1, 2},
	};
	char longest[3 + 2 * (MANUAL_KEY_MAX + 1)];
	uint8_t octets[MANUAL_KEY_MAX];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].text);
		assert_int_equal(manual_key_decode(rows[i].text, octets), rows[i].len);
		if (!rows[i].len)
			continue;
		assert_int_equal(octets[0], rows[i].first);
		assert_int_equal(octets[rows[i].len - 1], rows[i].last);
	}
	memset(longest, '0', sizeof(longest));
	longest[1] = 'x';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(manual_key_decode(longest, octets), 0);
	longest[sizeof(longest) - 3] = '\0';
	assert_int_equal(manual_key_decode(longest, octets), MANUAL_KEY_MAX);
}

static enum cyg_err read_text(const char *text, struct manual_keys *ret, struct diag *why)
{
	struct problems problems = {0};
	struct manual_source from;
	struct connection *c;
	struct conf *conf;
	enum cyg_err err;

	assert_int_equal(conf_parse(view_str(text), "ipsec.conf", &conf, &problems), CYG_OK);
	assert_int_equal(conf_connection(conf, "hand", &c, &problems, why), CYG_OK);
	err = manual_keys_read(conf, c, ret, &from, why);
	connection_unref(c);
	conf_free(conf);
	problems_done(&problems);
	return err;
}

static void words_that_do_not_do(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ENDS "\tspi=lots\n", "spi= can't be read"},
		{ENDS "\tspi=-1\n", "spi= can't be read"},
		{ENDS "\tspibase=0x100000000\n", "spibase="},
		{ENDS "\tespreplay_window=70000\n", "espreplay_window="},
		{ENDS "\tleftespenckey=secret\n", "leftespenckey= can't be read"},
		{ENDS "\tahkey=0x00\n", "AH around ESP"},
	};
	char line[2048];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct manual_keys keys;
		struct diag why;

		test_row(i, "%s", rows[i].says);
		assert_int_not_equal(read_text(rows[i].text, &keys, &why), CYG_OK);
		assert_non_null(strstr(diag_print(&why, line, sizeof(line)), rows[i].says));
		assert_null(strstr(line, "secret"));
		manual_keys_wipe(&keys);
	}
}

static void whose_words_count(void **state)
{
	static const struct {
		const char *text;
		uint32_t left, right;
	} rows[] = {
		{ENDS, 0, 0},
		{ENDS "\tspi=0x300\n", 0x300, 0x300},
		{ENDS "\tspibase=0x300\n", 0x300, 0x301},
		{ENDS "\tspibase=0x300\n\tspi=0x400\n", 0x400, 0x400},
		{ENDS "\tspi=0x300\n\trightespspi=0x400\n", 0x300, 0x400},
		{ENDS "\tspi=0x300\n\trightahspi=0x400\n", 0x300, 0x300},
		{ENDS "\talso=more\nconn more\n\tspi=0x500\n", 0x500, 0x500},
		{ENDS "\talsoflip=more\nconn more\n\tleftespspi=0x500\n", 0, 0x500},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct manual_keys keys;
		struct diag why;

		test_row(i, "%x %x", rows[i].left, rows[i].right);
		assert_int_equal(read_text(rows[i].text, &keys, &why), CYG_OK);
		assert_int_equal(keys.toward[0].spi, rows[i].left);
		assert_int_equal(keys.toward[1].spi, rows[i].right);
	}
}

static void keys_for_one_end_or_both(void **state)
{
	struct manual_keys keys;
	struct diag why;

	(void)state;
	assert_int_equal(read_text(ENDS "\tespenckey=0x01\n\trightespenckey=0x0203\n"
					"\tleftespauthkey=0x04\n\tespreplay_window=64\n",
				   &keys, &why),
			 CYG_OK);
	assert_int_equal(keys.toward[0].encr_len, 1);
	assert_int_equal(keys.toward[1].encr_len, 2);
	assert_int_equal(keys.toward[0].integ_len, 1);
	assert_int_equal(keys.toward[1].integ_len, 0);
	assert_int_equal(keys.replay_window, 64);
}

/* The file's mode counts, and of a key alone. */
static void a_file_that_others_may_read(void **state)
{
	static const struct {
		unsigned mode;
		enum cyg_err err;
	} rows[] = {{0600, CYG_OK}, {0400, CYG_OK}, {0640, CYG_PERM}, {0604, CYG_PERM}};
	static const char text[] = ENDS "\tespenckey=0x01\n";
	char path[] = "/tmp/cygnet-manual-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problems problems = {0};
		struct manual_source from;
		struct manual_keys keys;
		struct connection *c;
		struct conf *conf;
		char line[2048];
		struct diag why;

		test_row(i, "%o", rows[i].mode);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		assert_int_equal(conf_read(path, &conf, &problems), CYG_OK);
		assert_int_equal(conf_connection(conf, "hand", &c, &problems, &why), CYG_OK);
		assert_int_equal(manual_keys_read(conf, c, &keys, &from, &why), rows[i].err);
		if (rows[i].err) {
			diag_print(&why, line, sizeof(line));
			assert_non_null(strstr(line, path));
			assert_non_null(strstr(line, "chmod go="));
		}
		connection_unref(c);
		conf_free(conf);
		problems_done(&problems);
	}
	unlink(path);
}

/* Neither what is read at once nor what is read in pieces stays in memory: keys stand in it. */
static void what_was_read_is_wiped(void **state)
{
	static const char key[] = "0x5ec2e7000000000000000000000000000000beef";
	char path[] = "/tmp/cygnet-manual-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	char name[] = "hand", *names[] = {name, NULL};

	assert_non_null(file);
	for (int i = 0; i < 9000; i++) /* more than a window */
		fprintf(file, "conn other%d\n\tleft=192.0.2.1\n\tright=192.0.2.2\n", i);
	fprintf(file, ENDS "\talso=more\n\tespauthkey=%s\nconn more\n\tespenckey=\"%s\"\n", key,
		key);
	fclose(file);
	for (size_t len = 0; len < 2; len++) {
		struct problems problems = {0};
		struct manual_source from;
		struct manual_keys keys;
		struct connection *c;
		struct conf *conf;
		struct diag why;

		test_row(len, "%zu names", len);
		test_watch_secret(key + 2);
		assert_int_equal(conf_read_for(path, names, len, &conf, &problems), CYG_OK);
		assert_int_equal(conf_connection(conf, "hand", &c, &problems, &why), CYG_OK);
		(void)!manual_keys_read(conf, c, &keys, &from, &why);
		manual_keys_wipe(&keys);
		connection_unref(c);
		conf_free(conf);
		problems_done(&problems);
		assert_int_equal(test_secrets_given_back(), 0);
		test_watch_secret(NULL);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_as_they_are_written),
		cmocka_unit_test(words_that_do_not_do),
		cmocka_unit_test(whose_words_count),
		cmocka_unit_test(keys_for_one_end_or_both),
		cmocka_unit_test(a_file_that_others_may_read),
		cmocka_unit_test(what_was_read_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
