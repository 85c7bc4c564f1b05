/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/control.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN "{\"method\": \"org.cygnet.pluto.Listen\"}"

/* A server whose calls are answered by the test, and clients that are plain sockets. */
struct fixture {
	uv_loop_t loop;
	struct control *control;
	struct sockaddr_un name;
	socklen_t name_len;
	struct client_link *caller; /* of the last call */
	unsigned calls, gone, drained, notices;
	unsigned waited; /* calls behind which nothing had come */
	bool answer; /* at once */
};

static struct fixture fixture;

static void on_call(void *ctx, struct client_link *c, struct call *call)
{
	struct fixture *f = ctx;

	f->calls++;
	f->waited += client_waits(c);
	f->caller = c;
	call_done(call);
	if (f->answer)
		control_reply(c, json_pack("{s:i}", "code", f->calls), false);
}

static void on_gone(void *ctx, struct client_link *c)
{
	struct fixture *f = ctx;

	f->gone++;
	if (f->caller == c)
		f->caller = NULL;
}

static void on_drained(void *ctx, struct client_link *c)
{
	((struct fixture *)ctx)->drained++;
}

static void on_notice(void *ctx, const char *text)
{
	((struct fixture *)ctx)->notices++;
}

static struct fixture *start(void)
{
	static const struct control_host host = {
		.ctx = &fixture,
		.call = on_call,
		.gone = on_gone,
		.drained = on_drained,
		.notice = on_notice,
	};
	struct fixture *f = &fixture;
	struct rlimit limit;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* Both ends of each connection are ours. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	*f = (struct fixture){.name.sun_family = AF_UNIX, .answer = true};
	/* An abstract name: nothing stays behind. */
	f->name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				  (size_t)snprintf(f->name.sun_path + 1, 100,
						   "cygnet-control-%d", getpid()));
	assert_int_equal(bind(fd, (struct sockaddr *)&f->name, f->name_len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->control = control_new(&f->loop, fd, (gid_t)-1, &host);
	assert_non_null(f->control);
	return f;
}

static void stop(struct fixture *f)
{
	control_close(f->control);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	control_free(f->control);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void turn(struct fixture *f)
{
	for (unsigned i = 0; i < 8; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

static int dial(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&f->name, f->name_len), 0);
	turn(f);
	return fd;
}

static void say(struct fixture *f, int fd, struct view v)
{
	while (v.len) {
		ssize_t n = send(fd, v.ptr, v.len, MSG_NOSIGNAL);

		if (n < 0) {
			assert_true(errno == EAGAIN || errno == EPIPE);
			if (errno == EPIPE)
				return;
			n = 0;
		}
		v = view_of(v.ptr + n, v.len - (size_t)n);
		turn(f);
	}
	turn(f);
}

/* Octets that wait for us; -1: the server hung up and nothing waits. */
static ssize_t hear(int fd, char *buf, size_t cap)
{
	ssize_t n = recv(fd, buf, cap - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN) ? -1 : n < 0 ? 0 : n;
}

static bool hung_up(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = hear(fd, buf, sizeof(buf))) > 0)
		;
	return n < 0;
}

static void a_message_too_long_ends_the_connection(void **state)
{
	struct fixture *f = start();
	struct bytes big = {malloc(PROTOCOL_CALL_MAX + 100000), PROTOCOL_CALL_MAX + 100000};
	int fd = dial(f);

	memset(big.ptr, ' ', big.len);
	say(f, fd, view_bytes(&big));
	assert_true(hung_up(fd));
	assert_int_equal(f->calls, 0);
	assert_int_equal(f->gone, 1);
	bytes_done(&big);
	close(fd);
	stop(f);
}

static void what_is_no_call_ends_the_connection(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);

	say(f, fd, LITERAL("GET / HTTP/1.1\r\n\r\n\0"));
	assert_true(hung_up(fd));
	assert_int_equal(f->calls, 0);
	close(fd);
	stop(f);
}

static void a_call_that_is_wrong_is_told_so(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);
	char buf[4096];

	say(f, fd, LITERAL("{\"method\": \"org.cygnet.pluto.Fly\"}\0"));
	assert_true(hear(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "MethodNotFound"));
	assert_int_equal(f->calls, 0);
	/* ... and may try again. */
	say(f, fd, LITERAL(LISTEN "\0"));
	assert_int_equal(f->calls, 1);
	close(fd);
	stop(f);
}

static void a_call_in_pieces_is_one_call(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);
	static const char call[] = LISTEN;

	for (size_t i = 0; i < sizeof(call); i++) {
		assert_int_equal(f->calls, 0);
		say(f, fd, view_of(call + i, 1));
	}
	assert_int_equal(f->calls, 1);
	close(fd);
	stop(f);
}

static void calls_in_one_piece_are_answered_in_order(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);
	char buf[4096];
	ssize_t n;

	say(f, fd, LITERAL(LISTEN "\0" LISTEN "\0" LISTEN "\0"));
	assert_int_equal(f->calls, 3);
	assert_int_equal(f->waited, 1); /* the last one */
	n = hear(fd, buf, sizeof(buf));
	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++)
		buf[i] = buf[i] ? buf[i] : '|';
	assert_string_equal(buf, "{\"parameters\":{\"code\":1}}|{\"parameters\":{\"code\":2}}|"
				 "{\"parameters\":{\"code\":3}}|");
	close(fd);
	stop(f);
}

static void the_next_call_waits_for_the_answer(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);

	f->answer = false;
	say(f, fd, LITERAL(LISTEN "\0" LISTEN "\0"));
	assert_int_equal(f->calls, 1);
	control_reply(f->caller, NULL, true);
	turn(f);
	assert_int_equal(f->calls, 1);
	control_reply(f->caller, NULL, false);
	assert_int_equal(f->calls, 1); /* never from within the answer */
	turn(f);
	assert_int_equal(f->calls, 2);
	close(fd);
	stop(f);
}

static void a_oneway_call_is_not_answered(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);
	char buf[256];

	say(f, fd, LITERAL("{\"method\": \"org.cygnet.pluto.Listen\", \"oneway\": true}\0"));
	assert_int_equal(f->calls, 1);
	assert_int_equal(hear(fd, buf, sizeof(buf)), 0);
	close(fd);
	stop(f);
}

static void a_client_that_hangs_up_is_forgotten(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);

	f->answer = false;
	say(f, fd, LITERAL(LISTEN "\0"));
	close(fd);
	turn(f);
	if (f->caller) /* noticed at the latest when it is written to */
		control_reply(f->caller, NULL, true);
	turn(f);
	assert_int_equal(f->gone, 1);
	assert_int_equal(control_clients(f->control), 0);
	stop(f);
}

static void one_that_has_said_all_still_hears_the_answer(void **state)
{
	struct fixture *f = start();
	int fd = dial(f);
	char buf[256];

	f->answer = false;
	say(f, fd, LITERAL(LISTEN "\0"));
	shutdown(fd, SHUT_WR);
	turn(f);
	control_reply(f->caller, NULL, false);
	turn(f);
	assert_true(hear(fd, buf, sizeof(buf)) > 0);
	assert_true(hung_up(fd));
	close(fd);
	stop(f);
}

static void one_that_does_not_read_is_dropped(void **state)
{
	struct fixture *f = start();
	struct text fill = {0};
	int fd = dial(f);
	bool full = false;

	for (unsigned i = 0; i < 4096; i++)
		text_add_str(&fill, "0123456789abcdef");
	f->answer = false;
	say(f, fd, LITERAL(LISTEN "\0"));
	for (unsigned i = 0; i < 1000 && f->caller; i++) {
		full = full || control_full(f->caller);
		control_reply(f->caller, json_pack("{s:s}", "fill", text_str(&fill)), true);
	}
	assert_true(full); /* it could have been spared */
	assert_null(f->caller);
	assert_int_equal(f->gone, 1);
	turn(f);
	text_done(&fill);
	close(fd);
	stop(f);
}

static void one_that_reads_again_is_told_to_go_on(void **state)
{
	struct fixture *f = start();
	struct text fill = {0};
	int fd = dial(f);
	char buf[65536];

	for (unsigned i = 0; i < 4096; i++)
		text_add_str(&fill, "0123456789abcdef");
	f->answer = false;
	say(f, fd, LITERAL(LISTEN "\0"));
	while (!control_full(f->caller))
		control_reply(f->caller, json_pack("{s:s}", "fill", text_str(&fill)), true);
	assert_int_equal(f->drained, 0);
	for (unsigned i = 0; i < 1000 && !f->drained; i++) {
		hear(fd, buf, sizeof(buf));
		turn(f);
	}
	assert_int_equal(f->drained, 1);
	text_done(&fill);
	close(fd);
	stop(f);
}

/* Who comes when all places are taken waits, and is served when one is left. */
static void more_clients_than_places_wait(void **state)
{
	struct fixture *f = start();
	int fds[CLIENTS_MAX + 8];

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(f);
	assert_int_equal(control_clients(f->control), CLIENTS_MAX);
	say(f, fds[CLIENTS_MAX], LITERAL(LISTEN "\0"));
	assert_int_equal(f->calls, 0);
	close(fds[3]);
	turn(f);
	assert_int_equal(f->calls, 1);
	assert_int_equal(control_clients(f->control), CLIENTS_MAX);
	assert_false(hung_up(fds[0]));
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (i != 3)
			close(fds[i]);
	stop(f);
}

/* The oldest of them, when nobody leaves; not those that came right before. */
static void idle_clients_give_way(void **state)
{
	struct fixture *f = start();
	int fds[CLIENTS_MAX + 8];

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(f);
	say(f, fds[1], LITERAL(LISTEN "\0"));
	assert_int_equal(f->calls, 1);
	usleep((CLIENT_IDLE_MS + 100) * 1000);
	turn(f);
	turn(f);
	assert_true(hung_up(fds[0]));
	assert_true(hung_up(fds[2]));
	assert_int_equal(control_clients(f->control), CLIENTS_MAX);
	say(f, fds[COUNT_OF(fds) - 1], LITERAL(LISTEN "\0"));
	assert_int_equal(f->calls, 2);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	stop(f);
}

static void without_descriptors_callers_are_turned_away(void **state)
{
	struct fixture *f = start();
	struct rlimit old, low;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int highest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(highest);
	getrlimit(RLIMIT_NOFILE, &old);
	low = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&f->name, f->name_len), 0);
	turn(f);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_true(hung_up(fd));
	assert_true(f->notices >= 1);
	close(fd);
	fd = dial(f);
	say(f, fd, LITERAL(LISTEN "\0"));
	assert_int_equal(f->calls, 1);
	close(fd);
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_too_long_ends_the_connection),
		cmocka_unit_test(what_is_no_call_ends_the_connection),
		cmocka_unit_test(a_call_that_is_wrong_is_told_so),
		cmocka_unit_test(a_call_in_pieces_is_one_call),
		cmocka_unit_test(calls_in_one_piece_are_answered_in_order),
		cmocka_unit_test(the_next_call_waits_for_the_answer),
		cmocka_unit_test(a_oneway_call_is_not_answered),
		cmocka_unit_test(a_client_that_hangs_up_is_forgotten),
		cmocka_unit_test(one_that_has_said_all_still_hears_the_answer),
		cmocka_unit_test(one_that_does_not_read_is_dropped),
		cmocka_unit_test(one_that_reads_again_is_told_to_go_on),
		cmocka_unit_test(more_clients_than_places_wait),
		cmocka_unit_test(idle_clients_give_way),
		cmocka_unit_test(without_descriptors_callers_are_turned_away),
	};

	return RUN_TESTS("pluto/control", tests);
}
