/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches from a server of this test's own, which answers well, badly, or never. */
#include "fetch/fetch.h"

#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STUCK_MAX 64

static int server, port;
static pthread_t server_thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static unsigned wakes;

/* ---- the server ---- */

static void answer(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void answer(int fd, const char *format, ...)
{
	char text[8192];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (write(fd, text, (size_t)n) != n)
		perror("write");
}

static void answer_body(int fd, const char *body, size_t len)
{
	answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%.*s",
	       len, (int)len, body);
}

/* False: the socket stays open and silent. */
static bool serve_one(int fd, const char *request)
{
	static char big[4000];

	memset(big, 'x', sizeof(big));
	if (!strncmp(request, "GET /silent", 11))
		return false;
	if (!strncmp(request, "GET /ok", 7))
		answer_body(fd, "octets", 6);
	else if (!strncmp(request, "GET /big", 8))
		answer_body(fd, big, sizeof(big));
	else if (!strncmp(request, "GET /once", 9))
		answer(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n"
			   "Connection: close\r\n\r\n");
	else if (!strncmp(request, "GET /round", 10))
		answer(fd, "HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n"
			   "Connection: close\r\n\r\n");
	else if (!strncmp(request, "GET /file", 9))
		answer(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n"
			   "Content-Length: 0\r\nConnection: close\r\n\r\n");
	else if (!strncmp(request, "GET /elsewhere", 14))
		answer(fd,
		       "HTTP/1.1 302 Found\r\nLocation: http://localhost:%d/ok\r\n"
		       "Content-Length: 0\r\nConnection: close\r\n\r\n",
		       port);
	else if (!strncmp(request, "GET /port", 9))
		answer(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/ok\r\n"
			   "Content-Length: 0\r\nConnection: close\r\n\r\n");
	else if (!strncmp(request, "GET /nowhere", 12))
		answer(fd, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
	else if (!strncmp(request, "POST /on", 8))
		answer(fd, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /echo\r\n"
			   "Content-Length: 0\r\nConnection: close\r\n\r\n");
	else if (!strncmp(request, "POST /echo", 10) && strstr(request, "text/x-test"))
		answer_body(fd, strstr(request, "\r\n\r\n") + 4, 4);
	else
		answer(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n"
			   "Connection: close\r\n\r\nnone");
	return true;
}

static void *serve(void *arg)
{
	int stuck[STUCK_MAX], n = 0, fd;

	while ((fd = accept(server, NULL, NULL)) >= 0) {
		char request[2048] = "";
		size_t len = 0;

		while (!strstr(request, "\r\n\r\n")) {
			ssize_t got = read(fd, request + len, sizeof(request) - 1 - len);

			if (got <= 0)
				break;
			len += (size_t)got;
			request[len] = '\0';
		}
		if (serve_one(fd, request) || n == STUCK_MAX)
			close(fd);
		else
			stuck[n++] = fd;
	}
	while (n)
		close(stuck[--n]);
	return NULL;
}

static int start_server(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	server = socket(AF_INET, SOCK_STREAM, 0);
	if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(server, 100) || getsockname(server, (struct sockaddr *)&at, &len))
		return -1;
	port = ntohs(at.sin_port);
	return pthread_create(&server_thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
	shutdown(server, SHUT_RDWR);
	pthread_join(server_thread, NULL);
	close(server);
	return 0;
}

/* ---- the caller ---- */

static void wake(void *ctx)
{
	pthread_mutex_lock(&lock);
	wakes++;
	pthread_cond_signal(&woken);
	pthread_mutex_unlock(&lock);
}

static struct fetched take(struct fetcher *f)
{
	struct fetched got;

	pthread_mutex_lock(&lock);
	while (!fetcher_take(f, &got))
		pthread_cond_wait(&woken, &lock);
	pthread_mutex_unlock(&lock);
	return got;
}

static enum cyg_err ask_as(struct fetcher *f, uint64_t id, const char *scheme, const char *path,
			   struct view post)
{
	char url[128];
	struct fetch_ask a = {.id = id,
			      .url = url,
			      .post = post,
			      .content_type = "text/x-test",
			      .octets_max = 1000,
			      .seconds = 1};

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", scheme, port, path);
	return fetcher_ask(f, &a, NULL);
}

static enum cyg_err ask(struct fetcher *f, uint64_t id, const char *path, struct view post)
{
	return ask_as(f, id, "http", path, post);
}

static void what_comes_is_handed_on(void **state)
{
	static const struct {
		const char *path, *post, *octets, *got;
		enum cyg_err err;
	} rows[] = {
		{"/none", NULL, NULL, "404", CYG_NOTFOUND},
		{"/big", NULL, NULL, "more than 1000 octets", CYG_LIMIT},
		{"/round", NULL, NULL, "a redirection to http://127.0.0.1:", CYG_MALFORMED},
		{"/file", NULL, NULL, "a redirection to file:///etc/hostname", CYG_MALFORMED},
		{"/elsewhere", NULL, NULL, "a redirection to http://localhost:", CYG_MALFORMED},
		{"/port", NULL, NULL, "a redirection to http://127.0.0.1:9/ok", CYG_MALFORMED},
		{"/nowhere", NULL, NULL, "a redirection to nowhere", CYG_MALFORMED},
		{"/on", "post", NULL, "a redirection to http://127.0.0.1:", CYG_MALFORMED},
		{"/silent", NULL, NULL, "timed out", CYG_IO},
		{"/ok", NULL, "octets", NULL, CYG_OK},
		{"/once", NULL, "octets", NULL, CYG_OK},
		{"/echo", "post", "post", NULL, CYG_OK},
	};
	struct fetcher *f = fetcher_new(wake, NULL);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fetched got;

		test_row(i, "%s", rows[i].path);
		assert_int_equal(ask(f, i, rows[i].path, view_str(rows[i].post)), CYG_OK);
		got = take(f);
		assert_int_equal(got.id, i);
		assert_int_equal(got.err, rows[i].err);
		assert_view_equal(view_bytes(&got.octets), view_str(rows[i].octets));
		if (rows[i].err)
			assert_non_null(strstr(got.why.got, rows[i].got));
		bytes_done(&got.octets);
	}
	fetcher_free(f);
}

static void silent_servers_hold_up_nobody_else(void **state)
{
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;

	/* With one server no more than some at once; the rest waits without being in the way. */
	for (uint64_t i = 0; i < FETCH_PER_HOST - 1; i++)
		assert_int_equal(ask(f, 100 + i, "/silent", (struct view){0}), CYG_OK);
	assert_int_equal(ask(f, 1, "/ok", (struct view){0}), CYG_OK);
	got = take(f);
	assert_int_equal(got.id, 1);
	assert_int_equal(got.err, CYG_OK);
	bytes_done(&got.octets);
	for (size_t i = 0; i < FETCH_PER_HOST - 1; i++) {
		got = take(f);
		assert_int_equal(got.err, CYG_IO);
	}
	fetcher_free(f);
}

/* However its name is written. */
static void one_server_is_asked_so_much_at_once(void **state)
{
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;

	for (uint64_t i = 0; i < FETCH_PER_HOST; i++)
		assert_int_equal(ask_as(f, 100 + i, i % 2 ? "HTTP" : "http", "/silent",
					(struct view){0}),
				 CYG_OK);
	assert_int_equal(ask(f, 1, "/ok", (struct view){0}), CYG_OK);
	got = take(f);
	assert_int_equal(got.err, CYG_IO);
	fetcher_free(f);
}

static void what_is_dropped_is_not_told(void **state)
{
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;

	/* One of each: under way, in the queue, done. */
	for (uint64_t i = 0; i < FETCH_PER_HOST; i++)
		assert_int_equal(ask(f, 100 + i, "/silent", (struct view){0}), CYG_OK);
	assert_int_equal(ask(f, 200, "/ok", (struct view){0}), CYG_OK);
	fetcher_drop(f, 200);
	for (uint64_t i = 0; i < FETCH_PER_HOST; i++)
		fetcher_drop(f, 100 + i);
	fetcher_drop(f, 300);
	pthread_mutex_lock(&lock);
	wakes = 0;
	pthread_mutex_unlock(&lock);
	assert_int_equal(ask(f, 1, "/ok", (struct view){0}), CYG_OK);
	pthread_mutex_lock(&lock);
	while (!wakes)
		pthread_cond_wait(&woken, &lock);
	pthread_mutex_unlock(&lock);
	fetcher_drop(f, 1);
	assert_int_equal(ask(f, 2, "/ok", (struct view){0}), CYG_OK);
	got = take(f);
	assert_int_equal(got.id, 2);
	bytes_done(&got.octets);
	assert_false(fetcher_take(f, &got));
	fetcher_free(f);
}

static void a_server_that_is_not_there_is_told_of(void **state)
{
	struct fetch_ask a = {.id = 7,
			      .url = "http://127.0.0.1:1/a.crl",
			      .octets_max = 10,
			      .seconds = 2};
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;

	assert_int_equal(fetcher_ask(f, &a, NULL), CYG_OK);
	got = take(f);
	assert_int_equal(got.err, CYG_IO);
	assert_non_null(strstr(got.why.sentence, a.url));
	assert_non_null(strstr(got.why.hint, "127.0.0.1:1"));
	fetcher_free(f);
}

static void other_urls_are_not_begun(void **state)
{
	struct fetch_ask a = {.url = "file:///etc/passwd", .octets_max = 10, .seconds = 1};
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;
	struct diag why;

	assert_int_equal(fetcher_ask(f, &a, &why), CYG_UNSUPPORTED);
	assert_false(fetcher_take(f, &got));
	fetcher_free(f);
}

/* What is under way, and what waits, goes with the fetcher. */
static void it_ends_at_once(void **state)
{
	struct fetcher *f = fetcher_new(wake, NULL);
	time_t start = time(NULL);

	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(ask(f, i, "/silent", (struct view){0}), CYG_OK);
	fetcher_free(f);
	assert_true(time(NULL) - start <= 1);
	fetcher_free(NULL);
}

static bool ask_once(void *ctx)
{
	return !ask(ctx, 1, "/ok", (struct view){0});
}

static void memory_may_run_out(void **state)
{
	struct fetcher *f = fetcher_new(wake, NULL);
	struct fetched got;

	test_each_allocation_failing(ask_once, f, false);
	got = take(f);
	bytes_done(&got.octets);
	fetcher_free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_is_handed_on),
		cmocka_unit_test(silent_servers_hold_up_nobody_else),
		cmocka_unit_test(one_server_is_asked_so_much_at_once),
		cmocka_unit_test(what_is_dropped_is_not_told),
		cmocka_unit_test(a_server_that_is_not_there_is_told_of),
		cmocka_unit_test(other_urls_are_not_begun),
		cmocka_unit_test(it_ends_at_once),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("fetch/fetch", tests, start_server, stop_server);
}
