/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/auto.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A whack that notes what it is told and answers as it should. */
struct fake {
	char folder[64];
	char told[4096]; /* "word word|word word|" */
	size_t used;
	int calls, fail_at, status;
	int verbose;
};

static int fake_whack(void *ctx, char **argv, int argc, int verbose)
{
	struct fake *f = ctx;

	assert_null(argv[argc]);
	for (int i = 0; i < argc; i++)
		f->used += (size_t)snprintf(f->told + f->used, sizeof(f->told) - f->used,
					    "%s%s", i ? " " : "", argv[i]);
	f->used += (size_t)snprintf(f->told + f->used, sizeof(f->told) - f->used, "|");
	f->verbose = verbose;
	return ++f->calls == f->fail_at ? f->status : 0;
}

static int set_up(void **state)
{
	static struct fake f;
	char path[128];
	FILE *file;

	f = (struct fake){.folder = "/tmp/cygnet-auto-XXXXXX"};
	assert_non_null(mkdtemp(f.folder));
	snprintf(path, sizeof(path), "%s/ipsec.conf", f.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("conn %default\n\tauthby=secret\n\tright=192.0.2.2\nconn a\n\tleft=192.0.2.1\nconn b\n\tleft=192.0.2.3\n"
	      "conn bad\n\tleft=192.0.2.1\n\ttype=nonsense\n"
	      "conn n\n\tleft=192.0.2.4\n\tleftsubnets={10.1.0.0/24 10.2.0.0/24}\n",
	      file);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/ipsec.conf", f->folder);
	unlink(path);
	rmdir(f->folder);
	return 0;
}

struct result {
	int status;
	char *out, *err;
};

static struct result run(struct fake *f, const char *rundir, const char *line)
{
	char copy[512], *argv[16], *save = NULL;
	struct auto_env env = {.confs = f->folder,
			       .rundir = rundir,
			       .whack = fake_whack,
			       .ctx = f};
	struct result r = {0};
	size_t out_len, err_len;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	env.out = open_memstream(&r.out, &out_len);
	env.err = open_memstream(&r.err, &err_len);
	r.status = auto_main(argc, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return r;
}

static void result_done(struct result *r)
{
	free(r->out);
	free(r->err);
}

#define DESCRIBED(name, left) \
	"whack --name " name " --encrypt --tunnel --psk --host " left " --to --host 192.0.2.2"

static void each_name_is_a_command(void **state)
{
	struct fake *f = *state;
	struct result r = run(f, NULL, "auto --down x y");

	assert_int_equal(r.status, 0);
	assert_string_equal(f->told, "whack --name x --terminate|whack --name y --terminate|");
	assert_string_equal(r.out, "");
	assert_false(f->verbose);
	result_done(&r);
}

static void connections_are_described(void **state)
{
	struct fake *f = *state;
	struct result r = run(f, NULL, "auto --verbose --replace a b");

	assert_int_equal(r.status, 0);
	assert_string_equal(f->told, DESCRIBED("a", "192.0.2.1") " --delete|" DESCRIBED(
					     "b", "192.0.2.3") " --delete|");
	assert_true(f->verbose);
	result_done(&r);
}

static void the_first_failure_counts(void **state)
{
	struct fake *f = *state;
	struct result r;

	f->fail_at = 2;
	f->status = 26;
	r = run(f, NULL, "auto --unroute x y z");
	assert_int_equal(r.status, 26);
	assert_int_equal(f->calls, 3);
	result_done(&r);
	f->calls = 0;
	r = run(f, NULL, "auto --add nobody a bad b");
	assert_int_equal(r.status, 21);
	assert_int_equal(f->calls, 2);
	assert_non_null(strstr(r.err, "no section  conn nobody"));
	assert_non_null(strstr(r.err, "ipsec.conf:10:7: conn bad: type=: "));
	result_done(&r);
}

#define PAIR(n) \
	"whack --name n/" n "x0 --encrypt --tunnel --connalias n --psk --host 192.0.2.4 --client 10." n \
	".0.0/24 --to --host 192.0.2.2 --delete"

static void the_last_pair_names_all(void **state)
{
	static const struct {
		const char *line;
		int fail_at;
		const char *told;
	} rows[] = {
		{"auto --replace n", 0, PAIR("1") "|" PAIR("2") " --pairs 1x0 2x0|"},
		{"auto --replace n", 1, PAIR("1") "|" PAIR("2") "|"},
		{"auto --replace a n", 1,
		 DESCRIBED("a", "192.0.2.1") " --delete|" PAIR("1") "|" PAIR("2") " --pairs 1x0 2x0|"},
		{"auto --replace n*", 0, PAIR("1") "|" PAIR("2") " --pairs 1x0 2x0|"},
		{"auto --replace n/2*", 0, PAIR("2") "|"},
		{"auto --replace n/2x0", 0, PAIR("2") "|"},
	};
	struct fake *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct result r;

		test_row(i, "%s", rows[i].line);
		f->used = 0;
		f->calls = 0;
		f->fail_at = rows[i].fail_at;
		f->status = 22;
		r = run(f, NULL, rows[i].line);
		assert_int_equal(r.status, rows[i].fail_at ? 22 : 0);
		assert_string_equal(f->told, rows[i].told);
		result_done(&r);
	}
}

static void showing(void **state)
{
	struct fake *f = *state;
	struct result r = run(f, "/r d", "auto --showonly --show --add a bad");

	assert_int_equal(r.status, 30);
	assert_int_equal(f->calls, 0);
	assert_string_equal(r.out,
			    "ipsec --rundir '/r d' " DESCRIBED("a", "192.0.2.1") "\nfalse\n");
	result_done(&r);
	r = run(f, NULL, "auto --show --ready");
	assert_string_equal(r.err, "+ ipsec whack --listen\n");
	assert_string_equal(f->told, "whack --listen|");
	result_done(&r);
}

static void no_file(void **state)
{
	struct fake *f = *state;
	struct result r = run(f, NULL, "auto --config /nowhere/x --add a b");

	assert_int_equal(r.status, 3);
	assert_int_equal(f->calls, 0);
	assert_non_null(strstr(r.err, "cannot read /nowhere/x"));
	assert_null(strstr(strstr(r.err, "cannot read") + 1, "cannot read")); /* told once */
	result_done(&r);
	r = run(f, NULL, "auto --config /nowhere/x --up a");
	assert_int_equal(r.status, 0);
	assert_int_equal(f->calls, 1);
	result_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_name_is_a_command, set_up, tear_down),
		cmocka_unit_test_setup_teardown(connections_are_described, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_first_failure_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_last_pair_names_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(showing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_file, set_up, tear_down),
	};

	return RUN_TESTS("auto/auto", tests);
}
