/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/whack.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT_MS 20
#define LONG_MS 400 /* for who answers, on a busy host too */

/* A socket that takes callers in and says nothing. */
struct deaf {
	char folder[32], path[64];
	int fd;
};

static void deaf_begin(struct deaf *d)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	strcpy(d->folder, "/tmp/whack-test-XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	snprintf(d->path, sizeof(d->path), "%s/pluto.ctl", d->folder);
	strcpy(sun.sun_path, d->path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(d->fd, (struct sockaddr *)&sun, sizeof(sun)));
	assert_int_equal(0, listen(d->fd, 16));
}

static void deaf_end(struct deaf *d)
{
	close(d->fd);
	unlink(d->path);
	rmdir(d->folder);
}

/* The exit status; *ret_err: what was said on standard error, heap. */
static int run(const struct deaf *d, const char *option, unsigned patience_ms, char **ret_err)
{
	char *argv[] = {(char *)"whack", (char *)option, NULL};
	struct whack_env env = {.rundir = d->folder, .patience_ms = patience_ms};
	size_t len;
	int status;

	env.out = fopen("/dev/null", "we");
	env.err = open_memstream(ret_err, &len);
	assert_true(env.out && env.err);
	status = whack_main(2, argv, &env);
	fclose(env.out);
	fclose(env.err);
	return status;
}

static void test_a_question_to_nobody_gives_up(void **state)
{
	static const char *const options[] = {"--status", "--trafficstatus", "--listpsks"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct deaf d;
		char *err;

		deaf_begin(&d);
		assert_int_equal(1, run(&d, options[i], SHORT_MS, &err));
		assert_non_null(strstr(err, "pluto has not answered for"));
		assert_non_null(strstr(err, "ipsec setup restart"));
		free(err);
		deaf_end(&d);
	}
}

/* A child that answers the first caller `ms` late, and with `others` the next one at once. */
static pid_t answer_late(const struct deaf *d, unsigned ms, bool others)
{
	static const char reply[] = "{\"parameters\":{\"code\":0}}";
	pid_t pid = fork();
	int first;

	if (pid)
		return pid;
	first = accept(d->fd, NULL, NULL);
	if (others) {
		int other = accept(d->fd, NULL, NULL);

		if (send(other, reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	usleep(ms * 1000);
	_exit(send(first, reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply));
}

static void check_late(unsigned patience_ms, unsigned ms, bool others)
{
	struct deaf d;
	int status;
	char *err;
	pid_t pid;

	deaf_begin(&d);
	pid = answer_late(&d, ms, others);
	assert_true(pid > 0);
	assert_int_equal(0, run(&d, "--rereadgroups", patience_ms, &err));
	assert_int_equal(!others, strstr(err, "waiting until it does") != NULL);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	free(err);
	deaf_end(&d);
}

static void test_what_may_last_goes_on_waiting(void **state)
{
	check_late(SHORT_MS, 10 * SHORT_MS, false);
}

static void test_who_is_busy_is_not_called_deaf(void **state)
{
	check_late(LONG_MS, LONG_MS / 2, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_question_to_nobody_gives_up),
		cmocka_unit_test(test_what_may_last_goes_on_waiting),
		cmocka_unit_test(test_who_is_busy_is_not_called_deaf),
	};

	return RUN_TESTS("whack/whack", tests);
}
