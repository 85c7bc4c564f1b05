/* SPDX-License-Identifier: Apache-2.0 */
#include "token/desk.h"

#include "tests/unit/support/test.h"
#include "tests/unit/token/mock.h"

#include <semaphore.h>
#include <string.h>
#include <time.h>

static sem_t answers;

static void wake(void *ctx)
{
	sem_post(ctx);
}

static struct token_desk *begin(void)
{
	struct token_desk *d;

	mock_reset();
	assert_int_equal(sem_init(&answers, 0, 0), 0);
	d = token_desk_new(NULL, wake, &answers);
	assert_non_null(d);
	return d;
}

/* The next answer; NULL: none within some seconds. */
static struct token_task *await(struct token_desk *d)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	return sem_timedwait(&answers, &until) ? NULL : token_desk_take(d);
}

static void ask(struct token_desk *d, enum token_question kind, const char *name,
		const char *pin)
{
	struct token_task *t = token_task_new(kind, name, view_str(pin));

	assert_non_null(t);
	t->cause = (uint64_t)kind + 100;
	token_desk_ask(d, t);
}

static void questions_are_answered_in_turn(void **state)
{
	struct token_desk *d = begin();
	struct token_task *t;

	mock.slow_ms = 20;
	assert_null(token_desk_take(d));
	ask(d, TOKEN_CERTS, "%smartcard:45", NULL);
	ask(d, TOKEN_KEYS, "%smartcard:45", "1234");
	ask(d, TOKEN_PUBLICS, "%smartcard:45", NULL);
	ask(d, TOKEN_LIST, NULL, NULL);
	t = await(d);
	assert_non_null(t);
	assert_int_equal(t->cause, TOKEN_CERTS + 100);
	assert_int_equal(t->err, CYG_NOTFOUND);
	assert_string_equal(t->why.code, "token-object");
	token_task_free(t);
	t = await(d);
	assert_int_equal(t->err, CYG_OK);
	assert_int_equal(t->len, 1);
	assert_non_null(t->found[0].key);
	assert_null(t->pin.ptr);
	token_task_free(t);
	t = await(d);
	assert_int_equal(t->len, 1);
	assert_null(t->found[0].key);
	token_task_free(t);
	t = await(d);
	assert_int_equal(t->items.len, 2);
	token_task_free(t);
	token_desk_stop(d);
	token_desk_free(d);
	assert_int_equal(mock.sessions, 0);
	assert_int_equal(mock.modules, 0);
}

static void one_that_is_taken_out_is_noticed(void **state)
{
	struct token_desk *d = begin();
	struct token_task *keys, *change;

	ask(d, TOKEN_KEYS, "%smartcard:45", "1234");
	keys = await(d);
	assert_int_equal(keys->len, 1);
	mock.slots[0].present = false;
	change = await(d);
	assert_non_null(change);
	assert_int_equal(change->kind, TOKEN_CHANGE);
	assert_int_equal(change->items.len, 0);
	assert_true(token_key_is_gone(keys->found[0].key));
	token_task_free(change);
	token_task_free(keys);
	token_desk_free(d);
}

static void nothing_is_loaded_before_it_is_wanted(void **state)
{
	struct token_desk *d = begin();

	assert_int_equal(mock.modules, 0);
	token_desk_free(d);
	token_desk_free(NULL);
	memset(&mock, 0, sizeof(mock));
	d = token_desk_new(NULL, wake, &answers);
	ask(d, TOKEN_KEYS, "%smartcard:45", "1234");
	{
		struct token_task *t = await(d);

		assert_int_equal(t->err, CYG_IO);
		assert_string_equal(t->why.code, "no-tokens");
		assert_null(t->pin.ptr);
		token_task_free(t);
	}
	token_desk_free(d);
}

static void what_waits_is_dropped(void **state)
{
	struct token_desk *d = begin();

	mock.slow_ms = 30;
	for (int i = 0; i < 20; i++)
		ask(d, TOKEN_KEYS, "%smartcard:45", "1234");
	token_task_free(await(d));
	token_desk_stop(d);
	assert_null(token_desk_take(d));
	token_desk_free(d);
	assert_int_equal(mock.sessions, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_answered_in_turn),
		cmocka_unit_test(one_that_is_taken_out_is_noticed),
		cmocka_unit_test(nothing_is_loaded_before_it_is_wanted),
		cmocka_unit_test(what_waits_is_dropped),
	};

	return RUN_TESTS("token/desk", tests);
}
