/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/updown.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Programs are really run: shells that say something, wait, or fail. */

#define LIMIT_MS 300

struct fixture {
	uv_loop_t loop;
	struct host_view view;
	struct updown_runner *runner;
	struct text log;     /* reports, one a line */
	struct text answers; /* "OP " or "OP! " when it failed */
	struct diag why;     /* of the last failure */
	bool idle;
};

static void on_answer(void *ctx, const struct answer *a)
{
	struct fixture *f = ctx;

	text_add(&f->answers, "%u%s ", a->op, a->err ? "!" : "");
	assert_int_equal(!a->err, !a->why);
	if (a->why)
		f->why = *a->why;
}

static void on_report(void *ctx, const struct report *r)
{
	struct fixture *f = ctx;
	char why[1024];

	assert_string_equal(r->connection, "office");
	text_add(&f->log, "%s%s%s\n", r->text, r->diag ? "; " : "",
		 r->diag ? diag_print(r->diag, why, sizeof(why)) : "");
}

static void on_idle(void *ctx)
{
	((struct fixture *)ctx)->idle = true;
}

static struct fixture *start(void)
{
	static struct fixture f;
	struct updown_host host = {
		.ctx = &f,
		.answer = on_answer,
		.report = on_report,
		.idle = on_idle,
		.view = &f.view,
		.stack = "memory",
		.limit_ms = LIMIT_MS,
	};

	memset(&f, 0, sizeof(f));
	diag_clear(&f.why);
	assert_int_equal(uv_loop_init(&f.loop), 0);
	f.runner = updown_new(&f.loop, &host);
	assert_non_null(f.runner);
	return &f;
}

static void stop(struct fixture *f)
{
	updown_stop(f->runner);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	updown_free(f->runner);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	text_done(&f->log);
	text_done(&f->answers);
}

/* Order a call, of one pair of selectors for each of `pairs`. */
static void order_of(struct fixture *f, const char *command, const struct updown *like,
		     uint32_t op, size_t pairs)
{
	struct connection *c = connection_new("office");
	struct ts_set local = {0}, remote = {0};
	struct updown u = *like;
	struct action a = {.kind = ACT_UPDOWN, .op = op, .updown = &u};
	struct ip_prefix p;

	assert_int_equal(prefix_parse("10.1.0.0/16", &p, NULL), CYG_OK);
	assert_int_equal(ts_set_add(&local, &(struct ts){prefix_range(&p), 0, 65535, 0}),
			 CYG_OK);
	for (size_t i = 0; i < pairs; i++)
		assert_int_equal(ts_set_add(&remote, &(struct ts){prefix_range(&p), 0, 65535,
								  (uint8_t)(i + 1)}),
				 CYG_OK);
	u.connection = c;
	u.ts_local = &local;
	u.ts_remote = &remote;
	c->end[0].updown = strdup(command);
	assert_int_equal(updown_run(f->runner, &a, NULL, NULL), CYG_OK);
	/* All that it needs is its own. */
	ts_set_done(&local);
	ts_set_done(&remote);
	connection_unref(c);
}

/* The same of an instance. */
static void order(struct fixture *f, const char *command, enum updown_verb verb, uint32_t op,
		  uint32_t place, size_t pairs)
{
	struct updown u = {.verb = (uint8_t)verb, .place = place, .instance = place};

	order_of(f, command, &u, op, pairs);
}

static void failures_are_told_in_its_words(void **state)
{
	static const struct {
		const char *command, *says, *got, *hint;
	} rows[] = {
		{"sh -c 'echo first; echo no route >&2; exit 7'",
		 "ended with status 7 at route-client", "no route", ""},
		{"sh -c 'kill -9 $$'", "signal 9", "", ""},
		{"/nonexistent/program", "can't be run (no such file", "", "whole path"},
		{"/etc/passwd", "can't be run (permission denied", "", "chmod"},
		{"sh -c 'echo waiting; exec sleep 30'", "took more than 300 ms", "waiting",
		 "updown-timeout"},
		{"sh -c 'trap : TERM; sleep 30 & wait; sleep 30'", "took more than 300 ms", "",
		 ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture *f = start();

		test_row(i, "%s", rows[i].command);
		order(f, rows[i].command, UPDOWN_ROUTE, 9, 1, 1);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		assert_string_equal(text_str(&f->answers), "9! ");
		assert_non_null(strstr(f->why.sentence, rows[i].says));
		assert_non_null(strstr(f->why.got, rows[i].got));
		assert_non_null(strstr(f->why.hint, rows[i].hint));
		assert_true(updown_is_idle(f->runner));
		stop(f);
	}
}

static void what_nobody_waits_for_is_reported(void **state)
{
	struct fixture *f = start();

	(void)state;
	order(f, "sh -c 'exit 3'", UPDOWN_DOWN, 0, 1, 1);
	order(f, "true", UPDOWN_UNROUTE, 0, 1, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->answers), "");
	assert_string_equal(text_str(&f->log),
			    "its updown program failed at down; \"sh -c 'exit 3'\" ended with "
			    "status 3 at down-client\n");
	assert_true(f->idle);
	stop(f);
}

static void output_is_logged_by_line(void **state)
{
	struct fixture *f = start();

	(void)state;
	order(f,
	      "sh -c 'printf \"one\\ntw\"; sleep 0.1; printf \"o\\n\\n\\033[31mred\\nlast\"'",
	      UPDOWN_UP, 1, 1, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->answers), "1 ");
	assert_string_equal(text_str(&f->log), "up-client: one\nup-client: two\n"
					       "up-client: \\x1b[31mred\nup-client: last\n");
	stop(f);
}

static void output_is_bounded(void **state)
{
	struct fixture *f = start();
	size_t lines = 0;

	(void)state;
	order(f, "sh -c 'head -c 100000 /dev/zero | tr \"\\000\" x; echo; seq 5000'", UPDOWN_UP,
	      1, 1, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->answers), "1 ");
	for (const char *at = text_str(&f->log); (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, UPDOWN_LINES_MAX + 1);
	assert_non_null(strstr(text_str(&f->log), "says more than 100 lines"));
	assert_true(f->log.len < 5000);
	stop(f);
}

/* A child in the background that keeps the pipe open holds nothing up. */
static void a_child_may_stay(void **state)
{
	struct fixture *f = start();
	uint64_t began = uv_hrtime();

	(void)state;
	order(f, "sh -c 'sleep 3 & echo done'", UPDOWN_UP, 1, 1, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->answers), "1 ");
	assert_non_null(strstr(text_str(&f->log), "done"));
	assert_true(uv_hrtime() - began < 2 * NSEC_PER_SEC);
	stop(f);
}

static void one_place_goes_in_order(void **state)
{
	struct fixture *f = start();

	(void)state;
	order(f, "sh -c 'sleep 0.2; echo slow'", UPDOWN_UP, 1, 1, 1);
	order(f, "echo quick", UPDOWN_UP, 2, 1, 1);
	order(f, "/nonexistent", UPDOWN_UP, 3, 1, 1);
	order(f, "echo other", UPDOWN_UP, 4, 2, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->answers), "4 1 2 3! ");
	assert_string_equal(text_str(&f->log),
			    "up-client: other\nup-client: slow\nup-client: quick\n");
	stop(f);
}

/* A new version has a place of its own, and the old one's programs are still under way. */
static void versions_go_in_order(void **state)
{
	static const struct updown versions[] = {{.place = 1, .verb = UPDOWN_UNROUTE},
						 {.place = 2, .verb = UPDOWN_PREPARE}};
	struct fixture *f = start();

	(void)state;
	order_of(f, "sh -c 'sleep 0.2; echo old'", &versions[0], 1, 1);
	order_of(f, "echo new", &versions[1], 2, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->log), "unroute-client: old\nprepare-client: new\n");
	stop(f);
}

static void many_places_share_the_bound(void **state)
{
	struct fixture *f = start();
	uint64_t began = uv_hrtime();

	(void)state;
	for (uint32_t i = 1; i <= 2 * UPDOWN_RUNNING_MAX; i++)
		order(f, "sleep 0.1", UPDOWN_UP, i, i, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(uv_hrtime() - began >= 2 * NSEC_PER_SEC / 10);
	assert_true(updown_is_idle(f->runner));
	stop(f);
}

static void each_pair_has_its_call(void **state)
{
	static const char command[] =
		"sh -c 'echo $PLUTO_PEER_PROTOCOL; test $PLUTO_PEER_PROTOCOL != 2'";
	struct fixture *f = start();

	(void)state;
	order(f, command, UPDOWN_PREPARE, 1, 1, 3);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->log), "prepare-client: 1\nprepare-client: 2\n");
	text_clear(&f->log);
	order(f, command, UPDOWN_UP, 2, 1, 3);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_string_equal(text_str(&f->log), "up-client: 1\nup-client: 2\nup-client: 3\n");
	assert_string_equal(text_str(&f->answers), "1! 2! ");
	stop(f);
}

static void stopping_says_what_was_not_run(void **state)
{
	struct fixture *f = start();

	(void)state;
	order(f, "sleep 30", UPDOWN_DOWN, 0, 1, 1);
	order(f, "echo never", UPDOWN_UNROUTE, 0, 1, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	updown_stop(f->runner);
	assert_string_equal(text_str(&f->log),
			    "its updown program is killed at down: pluto ends\n"
			    "its updown program was not run for unroute: pluto ends\n");
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_told_in_its_words),
		cmocka_unit_test(what_nobody_waits_for_is_reported),
		cmocka_unit_test(output_is_logged_by_line),
		cmocka_unit_test(output_is_bounded),
		cmocka_unit_test(a_child_may_stay),
		cmocka_unit_test(one_place_goes_in_order),
		cmocka_unit_test(versions_go_in_order),
		cmocka_unit_test(many_places_share_the_bound),
		cmocka_unit_test(each_pair_has_its_call),
		cmocka_unit_test(stopping_says_what_was_not_run),
	};

	return RUN_TESTS("pluto/updown", tests);
}
