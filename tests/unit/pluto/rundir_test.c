/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/rundir.h"

#include "net/info.h"

#include "tests/unit/support/test.h"
#include "whack/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[128]; /* a folder of this test's own */
static struct diag why;

static const char *in(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static int setup(void **state)
{
	strcpy(base, "/tmp/cygnet-rundir-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"run/" SOCKET_NAME, "run/" RUNDIR_PID,
					    "run/" INFO_NAME, "target"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlink(in(names[i]));
	unlink(in("run"));
	rmdir(in("run"));
	return rmdir(base);
}

static struct rundir opened(void)
{
	struct rundir r;

	assert_int_equal(rundir_open(in("run"), &r, &why), CYG_OK);
	assert_int_equal(rundir_lock(&r, &why), CYG_OK);
	return r;
}

static void a_folder_others_could_write_in_is_refused(void **state)
{
	static const mode_t modes[] = {0777, 0775, 0757, 01777};
	struct rundir r;

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		test_row(i, "mode %o", modes[i]);
		mkdir(in("run"), 0755);
		chmod(in("run"), modes[i]);
		assert_int_equal(rundir_open(in("run"), &r, &why), CYG_PERM);
	}
}

static void a_link_in_place_of_the_folder_is_refused(void **state)
{
	struct rundir r;

	assert_int_equal(symlink(base, in("run")), 0);
	assert_int_not_equal(rundir_open(in("run"), &r, &why), CYG_OK);
}

static void links_inside_are_not_followed(void **state)
{
	struct rundir r;
	struct stat st;
	int fd;

	mkdir(in("run"), 0755);
	assert_int_equal(symlink("../target", in("run/" RUNDIR_PID)), 0);
	assert_int_equal(rundir_open(in("run"), &r, &why), CYG_OK);
	assert_int_not_equal(rundir_lock(&r, &why), CYG_OK);
	assert_int_not_equal(stat(in("target"), &st), 0);
	unlink(in("run/" RUNDIR_PID));

	assert_int_equal(rundir_lock(&r, &why), CYG_OK);
	assert_int_equal(symlink("../target", in("run/" SOCKET_NAME)), 0);
	assert_int_equal(rundir_listen(&r, (gid_t)-1, &fd, &why), CYG_EXISTS);
	assert_int_not_equal(stat(in("target"), &st), 0);

	assert_int_equal(symlink("../target", in("run/" INFO_NAME)), 0);
	assert_int_equal(rundir_write(&r, INFO_NAME, "x=1\n", &why), CYG_OK);
	assert_int_not_equal(stat(in("target"), &st), 0);
	rundir_close(&r, false);
}

static void what_can_not_be_written_is_named(void **state)
{
	struct rundir r = opened();

	assert_int_equal(rundir_write(&r, INFO_NAME, "x=1\n", &why), CYG_OK);
	assert_int_equal(mkdir(in("run/" INFO_NAME ".new"), 0700), 0);
	assert_int_equal(rundir_write(&r, INFO_NAME, "x=2\n", &why), CYG_IO);
	assert_non_null(strstr(why.sentence, "run/" INFO_NAME " (File exists)"));
	assert_int_equal(access(in("run/" INFO_NAME), F_OK), 0);
	rundir_remove(&r, INFO_NAME);
	assert_int_not_equal(access(in("run/" INFO_NAME), F_OK), 0);
	rmdir(in("run/" INFO_NAME ".new"));
	rundir_close(&r, false);
}

static void a_file_in_place_of_the_socket_is_kept(void **state)
{
	struct rundir r = opened();
	int fd = open(in("run/" SOCKET_NAME), O_CREAT | O_WRONLY, 0600);

	close(fd);
	assert_int_equal(rundir_listen(&r, (gid_t)-1, &fd, &why), CYG_EXISTS);
	assert_int_equal(access(in("run/" SOCKET_NAME), F_OK), 0);
	rundir_close(&r, false);
}

static void a_second_daemon_is_refused(void **state)
{
	struct rundir r = opened(), second;

	assert_int_equal(rundir_write_pid(&r, &why), CYG_OK);
	assert_int_equal(rundir_open(in("run"), &second, &why), CYG_OK);
	assert_int_equal(rundir_lock(&second, &why), CYG_EXISTS);
	assert_non_null(strstr(why.sentence, "is running"));
	rundir_close(&second, false);
	/* The loser took nothing away from the winner. */
	assert_int_equal(access(in("run/" RUNDIR_PID), F_OK), 0);
	rundir_close(&r, false);
}

static void a_dead_daemons_leavings_are_replaced(void **state)
{
	struct rundir r;
	struct stat st;
	pid_t child = fork();
	int status, fd;

	if (child == 0) { /* leaves everything as a killed daemon would */
		struct rundir dead = opened();

		_exit(rundir_listen(&dead, (gid_t)-1, &fd, &why) != CYG_OK ||
		      rundir_write_pid(&dead, &why) != CYG_OK);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	r = opened();
	assert_int_equal(rundir_listen(&r, (gid_t)-1, &fd, &why), CYG_OK);
	assert_int_equal(stat(in("run/" SOCKET_NAME), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
	rundir_close(&r, false);
	assert_int_not_equal(access(in("run/" SOCKET_NAME), F_OK), 0);
	assert_int_not_equal(access(in("run/" RUNDIR_PID), F_OK), 0);
}

static void a_group_may_be_let_in(void **state)
{
	struct rundir r = opened();
	struct stat st;
	int fd;

	assert_int_equal(rundir_listen(&r, getegid(), &fd, &why), CYG_OK);
	assert_int_equal(stat(in("run/" SOCKET_NAME), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_gid, getegid());
	close(fd);
	rundir_close(&r, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_others_could_write_in_is_refused),
		TEST(a_link_in_place_of_the_folder_is_refused),
		TEST(links_inside_are_not_followed),
		TEST(what_can_not_be_written_is_named),
		TEST(a_file_in_place_of_the_socket_is_kept),
		TEST(a_second_daemon_is_refused),
		TEST(a_dead_daemons_leavings_are_replaced),
		TEST(a_group_may_be_let_in),
	};

	return RUN_TESTS("pluto/rundir", tests);
}
