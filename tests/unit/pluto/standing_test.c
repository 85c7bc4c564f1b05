/* SPDX-License-Identifier: Apache-2.0 */
/* pluto.routed, over a real folder and a real loop. */
#include "pluto/standing.h"

#include "conn/action.h"
#include "pluto/rundir.h"
#include "tests/unit/policy/support.h"
#include "whack/again.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct rundir dir;
static struct diag why;
static struct standing standing;
static struct policy *policy;
static uv_loop_t loop;
static uv_idle_t busy; /* the loop turns */
static struct actions out;

static int setup(void **state)
{
	strcpy(folder, "/tmp/cygnet-standing-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return rundir_open(folder, &dir, &why) || rundir_lock(&dir, &why) ? -1 : 0;
}

static int teardown(void **state)
{
	rundir_close(&dir, false);
	return rmdir(folder);
}

static void nothing_to_do(uv_idle_t *idle)
{
}

static void begin(void)
{
	policy = database();
	uv_loop_init(&loop);
	uv_idle_init(&loop, &busy);
	uv_idle_start(&busy, nothing_to_do);
	standing_start(&standing, &loop, &dir, policy);
}

static void finish(void)
{
	standing_close(&standing);
	uv_close((uv_handle_t *)&busy, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	actions_done(&out);
	policy_free(policy);
	rundir_remove(&dir, AGAIN_FILE);
}

/* Turns enough for a pause between two writings to be over. */
static void turn(void)
{
	for (int i = 0; i < 20; i++) {
		usleep(1000);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	usleep(50000);
	uv_run(&loop, UV_RUN_NOWAIT);
}

/* What the file says; "none" without one. */
static const char *routed(void)
{
	static char text[512];
	int fd = openat(dir.fd, AGAIN_FILE, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return "none";
	len = read(fd, text, sizeof(text) - 1);
	assert_true(len >= 0);
	text[len] = '\0';
	close(fd);
	return text;
}

static void leave(const char *text)
{
	assert_int_equal(rundir_write(&dir, AGAIN_FILE, text, &why), CYG_OK);
}

/* A connection to a host and network of its own, in force as told. */
static struct loaded *one(const char *name, enum spd_state s)
{
	static unsigned number;
	char host[32], net[32];
	struct loaded *l;

	number++;
	snprintf(host, sizeof(host), "198.51.100.%u", number);
	snprintf(net, sizeof(net), "10.2.%u.0/24", number);
	l = load(policy, between(name, "192.0.2.1", "10.1.0.0/24", host, net));
	assert_int_equal(policy_claim(policy, l, &l->ts_local, &l->ts_remote, NULL), CYG_OK);
	policy_set_spd(policy, l, s, 0, &out);
	return l;
}

static void what_comes_into_force_is_written(void **state)
{
	struct loaded *a, *b;

	begin();
	turn();
	assert_string_equal(routed(), "none");
	a = one("a", SPD_TRAP);
	b = one("b", SPD_PROTECT);
	turn();
	assert_true(!strcmp(routed(), "a\nb\n") || !strcmp(routed(), "b\na\n"));
	policy_set_spd(policy, b, SPD_NONE, 0, &out);
	turn();
	assert_string_equal(routed(), "a\n");
	policy_set_spd(policy, a, SPD_NONE, 0, &out);
	turn();
	assert_string_equal(routed(), "");
	finish();
}

/* Until all that an earlier run left is gone, its names stay, but for what this run has had in force. */
static void names_of_an_earlier_run_stay_until_it_has_settled(void **state)
{
	struct loaded *a;

	leave("a\nold\n");
	begin();
	a = one("a", SPD_TRAP);
	turn();
	assert_string_equal(routed(), "a\nold\n");
	policy_set_spd(policy, a, SPD_NONE, 0, &out);
	turn();
	assert_string_equal(routed(), "old\n");
	standing_settled(&standing);
	assert_string_equal(routed(), "");
	finish();
}

static void what_goes_with_the_daemon_stays(void **state)
{
	struct loaded *a;

	begin();
	a = one("a", SPD_TRAP);
	standing_stop(&standing); /* before the turn ended */
	assert_string_equal(routed(), "a\n");
	policy_set_spd(policy, a, SPD_NONE, 0, &out);
	turn();
	standing_settled(&standing);
	assert_string_equal(routed(), "a\n");
	finish();
}

/* What they are is whack/again.h's to say. */
static void whole_lines_are_names(void **state)
{
	leave("office\nbranch\noffice\nbran");
	begin();
	standing.written = UINT64_MAX; /* so that it is written */
	turn();
	assert_string_equal(routed(), "office\nbranch\n");
	finish();
}

/* A full disk, say: with the next change it is tried again. */
static void what_could_not_be_written_is_tried_again(void **state)
{
	begin();
	assert_int_equal(mkdirat(dir.fd, AGAIN_FILE ".new", 0700), 0);
	one("a", SPD_TRAP);
	turn();
	assert_string_equal(routed(), "none");
	assert_int_equal(unlinkat(dir.fd, AGAIN_FILE ".new", AT_REMOVEDIR), 0);
	one("b", SPD_TRAP);
	turn();
	assert_true(!strcmp(routed(), "a\nb\n") || !strcmp(routed(), "b\na\n"));
	finish();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_into_force_is_written),
		cmocka_unit_test(names_of_an_earlier_run_stay_until_it_has_settled),
		cmocka_unit_test(what_goes_with_the_daemon_stays),
		cmocka_unit_test(whole_lines_are_names),
		cmocka_unit_test(what_could_not_be_written_is_tried_again),
	};

	return cmocka_run_group_tests_name("pluto/standing", tests, setup, teardown);
}
