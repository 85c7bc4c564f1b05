/* SPDX-License-Identifier: Apache-2.0 */
#include "net/info.h"

#include "tests/unit/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_default_route_becomes_shell_variables(void **state)
{
	struct host_view h = {0};
	struct text t = {0};

	strcpy(h.default_v4.interface, "eth'0");
	assert_int_equal(ip_parse("192.0.2.7", &h.default_v4.addr), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.254", &h.default_v4.nexthop), CYG_OK);
	info_text(&h, &t);
	assert_non_null(strstr(text_str(&t), "defaultroutephys='eth'\\''0'\n"));
	assert_non_null(strstr(text_str(&t), "defaultrouteaddr='192.0.2.7'\n"));
	assert_non_null(strstr(text_str(&t), "defaultroutenexthop='192.0.2.254'\n"));
	assert_non_null(strstr(text_str(&t), "defaultroute6addr=''\n"));
	text_done(&t);
}

/* A folder with this ipsec.info (NULL: none), read; the folder goes again. */
static enum cyg_err read_of(const char *text, mode_t mode, struct info *ret, struct diag *why)
{
	char folder[] = "/tmp/info_test.XXXXXX";
	int dir, fd;
	enum cyg_err err;

	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	if (text) {
		fd = openat(dir, INFO_NAME, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
		assert_int_equal(fchmod(fd, mode), 0);
		close(fd);
	}
	diag_clear(why);
	err = info_read(dir, "RUN", ret, why);
	unlinkat(dir, INFO_NAME, 0);
	close(dir);
	rmdir(folder);
	return err;
}

static void a_file_that_says_nothing_or_is_wrong_does_not_count(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		enum cyg_err err;
		unsigned line;
		const char *got;
	} rows[] = {
		{NULL, 0644, CYG_NOTFOUND, 0, ""},
		{"", 0644, CYG_NOTFOUND, 0, ""},
		{"# nothing\n\nother='192.0.2.1'\n", 0644, CYG_NOTFOUND, 0, ""},
		{"defaultrouteaddr=\ndefaultroutephys='eth0'\n", 0644, CYG_NOTFOUND, 0, ""},
		{"defaultrouteaddr", 0644, CYG_NOTFOUND, 0, ""},
		{"#x\ndefaultrouteaddr=gw\n", 0644, CYG_MALFORMED, 2, "gw"},
		{"defaultrouteaddr=2001:db8::1", 0644, CYG_MALFORMED, 1, "2001:db8::1"},
		{"defaultroute6addr='192.0.2.1'", 0644, CYG_MALFORMED, 1, "192.0.2.1"},
		{"defaultrouteaddr=192.0.2.1\ndefaultroutenexthop='192.0.2'\n", 0644,
		 CYG_MALFORMED, 2, "192.0.2"},
		{"defaultroutephys=aaaaaaaaaaaaaaaa\n", 0644, CYG_MALFORMED, 1,
		 "aaaaaaaaaaaaaaaa"},
		{"defaultrouteaddr=192.0.2.1\n", 0646, CYG_PERM, 0, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct info info;
		struct diag why;

		test_row(i, "%s", rows[i].text ? rows[i].text : "none");
		assert_int_equal(read_of(rows[i].text, rows[i].mode, &info, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_NOTFOUND);
		assert_int_equal(why.line, rows[i].line);
		assert_string_equal(why.got, rows[i].got);
		if (rows[i].line)
			assert_string_equal(why.file, "RUN/ipsec.info");
	}
}

static void what_somebody_wrote_is_read(void **state)
{
	static const char *const texts[] = {
		"defaultroutephys=eth0\ndefaultrouteaddr=192.0.2.1\n"
		"defaultroutenexthop=192.0.2.2\ndefaultroute6addr=2001:db8::1\n",
		"defaultroutephys='eth0'\ndefaultroutevirt='none'\n"
		"defaultrouteaddr='192.0.2.1'\n  defaultroutenexthop=\"192.0.2.2\" # gw\n"
		"defaultroute6addr=\"2001:db8::1\"",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct info info;
		struct diag why;
		char text[IP_TEXT_MAX];

		test_row(i, "%s", texts[i]);
		assert_int_equal(read_of(texts[i], 0644, &info, &why), CYG_OK);
		assert_string_equal(info.v4.interface, "eth0");
		assert_string_equal(ip_print(&info.v4.addr, text), "192.0.2.1");
		assert_string_equal(ip_print(&info.v4.nexthop, text), "192.0.2.2");
		assert_string_equal(ip_print(&info.v6.addr, text), "2001:db8::1");
		assert_false(ip_is_set(&info.v6.nexthop));
	}
}

/* A killed daemon's is no word of a person's. */
static void what_pluto_wrote_is_not(void **state)
{
	struct host_view h = {0};
	struct text t = {0};
	struct info info;
	struct diag why;

	assert_int_equal(ip_parse("192.0.2.7", &h.default_v4.addr), CYG_OK);
	info_text(&h, &t);
	assert_int_equal(read_of(text_str(&t), 0644, &info, &why), CYG_NOTFOUND);
	text_done(&t);
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static void the_kernels_word_goes_before_it(void **state)
{
	const struct host_address own[] = {{.addr = ip("192.0.2.1"), .interface = "eth7"},
					   {.addr = ip("192.0.2.9"), .interface = "eth9"}};
	const struct host_view host = {.addresses = own, .addresses_len = 2};
	struct info info = {.v4 = {.addr = ip("192.0.2.1"), .nexthop = ip("192.0.2.2")}};
	struct host_view v = host;
	struct diag why;

	assert_true(info_fill(&info, &v, &why));
	assert_false(diag_is_set(&why));
	assert_true(ip_equal(&v.default_v4.addr, &own[0].addr));
	assert_true(ip_equal(&v.default_v4.nexthop, &info.v4.nexthop));
	assert_string_equal(v.default_v4.interface, "eth7");
	assert_false(ip_is_set(&v.default_v6.addr));

	v = host;
	v.default_v4.addr = own[1].addr;
	assert_false(info_fill(&info, &v, &why));
	assert_false(diag_is_set(&why));
	assert_true(ip_equal(&v.default_v4.addr, &own[1].addr));

	v = host;
	info.v4.addr = ip("192.0.2.3");
	assert_false(info_fill(&info, &v, &why));
	assert_string_equal(why.got, "192.0.2.3");
	assert_false(ip_is_set(&v.default_v4.addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_says_nothing_or_is_wrong_does_not_count),
		cmocka_unit_test(the_default_route_becomes_shell_variables),
		cmocka_unit_test(what_somebody_wrote_is_read),
		cmocka_unit_test(what_pluto_wrote_is_not),
		cmocka_unit_test(the_kernels_word_goes_before_it),
	};

	return RUN_TESTS("net/info", tests);
}
