/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/authority.h"

#include "tests/unit/support/test.h"
#include "whack/protocol.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cygnet-authority-XXXXXX";
static char path[64];

static void write_file(size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
}

static void what_is_no_file_is_not_read(void **state)
{
	static const char *const paths[] = {"/nowhere/ca.pem", "/tmp", "/dev/zero", ""};
	char *hex = NULL;
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		test_row(i, "%s", paths[i]);
		assert_int_equal(authority_read(paths[i], &hex, &why), CYG_IO);
		assert_string_equal(why.code, "ca-file");
		assert_null(hex);
	}
	assert_int_equal(mkfifo(path, 0600), 0); /* whose writer never comes */
	assert_int_equal(authority_read(path, &hex, &why), CYG_IO);
	unlink(path);
	write_file(AUTHORITY_FILE_MAX + 1);
	assert_int_equal(authority_read(path, &hex, &why), CYG_LIMIT);
	assert_null(hex);
}

static void a_file_comes_as_hex(void **state)
{
	char *hex;
	struct diag why;

	write_file(3);
	assert_int_equal(authority_read(path, &hex, &why), CYG_OK);
	assert_string_equal(hex, "000000");
	free(hex);
	write_file(AUTHORITY_FILE_MAX);
	assert_int_equal(authority_read(path, &hex, &why), CYG_OK);
	assert_int_equal(strlen(hex), 2 * AUTHORITY_FILE_MAX);
	free(hex);
	unlink(path);
}

#define CALL(parameters) \
	"{\"method\": \"org.cygnet.pluto.AddAuthority\", \"parameters\": " parameters "}"

static void faulty_calls_name_the_word(void **state)
{
	static const struct {
		const char *message, *parameter;
	} rows[] = {
		{CALL("{\"name\": \"a\"}"), "authority"},
		{CALL("{\"authority\": {}}"), "name"},
		{CALL("{\"name\": \"a\", \"authority\": []}"), "authority"},
		{CALL("{\"name\": \"a\", \"authority\": {\"crlurl\": \"x\"}}"), "crlurl"},
		{CALL("{\"name\": \"a\", \"authority\": {\"crluri\": 1}}"), "crluri"},
		{CALL("{\"name\": \"a\", \"authority\": {\"groups\": \" ,\"}}"), "groups"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call_error e = {0};
		struct call c = {0};

		test_row(i, "%s", rows[i].message);
		assert_int_equal(call_parse(view_str(rows[i].message), &c, &e), CYG_RANGE);
		assert_string_equal(e.error, ERROR_INVALID_PARAMETER);
		assert_string_equal(e.parameter, rows[i].parameter);
	}
}

static bool through_a_call(void *ctx)
{
	struct authority a = {.name = "root",
			      .cacert = "/a b.pem",
			      .ocspuri = {"http://o/"},
			      .groups = "sales, vp"};
	struct call call = {.kind = CALL_ADD_AUTHORITY,
			    .name = (char *)"root",
			    .authority = &a,
			    .certificate = (char *)"00ff"};
	char *message = call_encode(&call);
	struct call_error e = {0};
	struct call got = {0};
	bool well;

	if (!message)
		return false;
	well = call_parse(view_str(message), &got, &e) == CYG_OK;
	free(message);
	if (!well)
		return false;
	assert_string_equal(got.authority->name, "root");
	assert_string_equal(got.authority->cacert, "/a b.pem");
	assert_string_equal(got.authority->ocspuri[0], "http://o/");
	assert_string_equal(got.authority->groups, "sales, vp");
	assert_null(got.authority->crluri[0]);
	assert_string_equal(got.certificate, "00ff");
	call_done(&got);
	return true;
}

static void an_authority_comes_through_as_it_was(void **state)
{
	test_each_allocation_failing(through_a_call, NULL, false);
}

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	strcat(strcpy(path, folder), "/ca.pem");
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file_is_not_read),
		cmocka_unit_test(a_file_comes_as_hex),
		cmocka_unit_test(faulty_calls_name_the_word),
		cmocka_unit_test(an_authority_comes_through_as_it_was),
	};

	return cmocka_run_group_tests_name("whack/authority", tests, setup, teardown);
}
