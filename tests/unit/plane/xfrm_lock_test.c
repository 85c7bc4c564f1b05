/* SPDX-License-Identifier: Apache-2.0 */
/* One daemon in a network namespace keeps the kernel's tables, as long as it lives. */
#include "plane/xfrm/lock.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_second_one_is_refused_and_told_of_the_first(void **state)
{
	struct net *net = namespace_enter();
	char pid[32];
	int first, second;
	struct diag why;

	assert_int_equal(xfrm_lock(&first, &why), CYG_OK);
	assert_true(first >= 0);
	snprintf(pid, sizeof(pid), "(process %d)", (int)getpid());
	/* However many ask, it stays held, as long as somebody answers them. */
	for (unsigned i = 0; i < 1000; i++) {
		diag_clear(&why);
		assert_int_equal(xfrm_lock(&second, &why), CYG_EXISTS);
		assert_int_equal(second, -1);
		assert_non_null(strstr(why.sentence, pid));
		if (i % 100 == 99)
			xfrm_lock_answer(first);
	}
	close(first);
	assert_int_equal(xfrm_lock(&second, &why), CYG_OK);
	close(second);
	net_close(net);
}

/* Whoever asks when too many have asked is refused as well. */
static void it_is_held_by_one_who_does_not_answer(void **state)
{
	struct net *net = namespace_enter();
	int first, second;
	struct diag why;

	assert_int_equal(xfrm_lock(&first, &why), CYG_OK);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(xfrm_lock(&second, &why), CYG_EXISTS);
	close(first);
	net_close(net);
}

static void it_ends_with_its_holder(void **state)
{
	struct net *net = namespace_enter();
	struct diag why;
	int fd, status;
	pid_t child = fork();

	if (child == 0) {
		if (xfrm_lock(&fd, &why) || fd < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(xfrm_lock(&fd, &why), CYG_OK);
	assert_true(fd >= 0);
	close(fd);
	net_close(net);
}

static void each_namespace_has_its_own(void **state)
{
	struct net *one = namespace_enter();
	struct diag why;
	int first, second;

	assert_int_equal(xfrm_lock(&first, &why), CYG_OK);
	net_close(one);
	one = namespace_enter();
	assert_int_equal(xfrm_lock(&second, &why), CYG_OK);
	assert_true(second >= 0);
	close(first);
	close(second);
	net_close(one);
}

/* Take the name as somebody without rights; `busy`: and let nobody else ask. True when all is well. */
static bool sit_on_it(bool busy)
{
	struct diag why;
	int fd, other;

	if (setresuid(65534, 65534, 65534) || xfrm_lock(&fd, &why) || fd < 0)
		return false;
	for (unsigned i = 0; busy && i < 300; i++)
		if (xfrm_lock(&other, &why) != CYG_EXISTS)
			return false;
	return true;
}

/* Whoever has no right to the kernel's tables keeps nobody from them. */
static void no_stranger_is_a_reason(bool busy)
{
	struct net *net = namespace_enter();
	int ready[2], end[2], fd, status;
	char octet = 0;
	struct diag why;
	pid_t child;

	assert_int_equal(pipe(ready) | pipe(end), 0);
	child = fork();
	if (child == 0) {
		close(end[1]);
		if (!sit_on_it(busy))
			_exit(1);
		_exit(write(ready[1], "", 1) == 1 && read(end[0], &octet, 1) == 0 ? 0 : 1);
	}
	close(end[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	assert_int_equal(xfrm_lock(&fd, &why), CYG_OK);
	assert_int_equal(fd, -1);
	close(end[1]);
	close(ready[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	net_close(net);
}

static void a_stranger_on_the_name_is_no_reason(void **state)
{
	no_stranger_is_a_reason(false);
}

static void nor_is_one_who_does_not_answer(void **state)
{
	no_stranger_is_a_reason(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_one_is_refused_and_told_of_the_first),
		cmocka_unit_test(it_is_held_by_one_who_does_not_answer),
		cmocka_unit_test(it_ends_with_its_holder),
		cmocka_unit_test(each_namespace_has_its_own),
		cmocka_unit_test(a_stranger_on_the_name_is_no_reason),
		cmocka_unit_test(nor_is_one_who_does_not_answer),
	};

	return RUN_TESTS("plane/xfrm_lock", tests);
}
