/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/loader.h"

#include "base/text.h"
#include "tests/unit/support/test.h"
#include "whack/client.h"
#include "whack/frame.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A pluto that notes each call and answers it with a code. */
struct fake {
	char path[96];
	int listener;
	pthread_t thread;
	struct text calls;  /* "AddConnection a|Listen|..." */
	const char *refuse; /* calls for this name are answered with 22 */
	size_t hang_up;     /* goes away after so many calls; 0: never */
};

static void note(struct fake *f, const struct call *c)
{
	const char *method = strrchr(call_method(c->kind), '.') + 1;

	text_add(&f->calls, "%s%s%s%s|", method, c->name ? " " : "", c->name ? c->name : "",
		 c->asynchronous ? " asynchronous" : "");
}

static void answer(const struct fake *f, int fd, const struct call *c)
{
	bool refused = f->refuse && c->name && !strcmp(c->name, f->refuse);
	struct reply r = {
		.parameters = json_pack("{s:[], s:i}", "reports", "code", refused ? 22 : 0)};
	char *text = reply_encode(&r);

	assert_non_null(text);
	assert_int_equal(send(fd, text, strlen(text) + 1, MSG_NOSIGNAL),
			 (ssize_t)strlen(text) + 1);
	free(text);
	json_decref(r.parameters);
}

static void serve(struct fake *f, int fd)
{
	struct frame_reader in = {.max = PROTOCOL_CALL_MAX};
	struct view message;
	uint8_t *room;
	size_t len, calls = 0;
	ssize_t n;

	while (!frame_room(&in, &room, &len) && (n = read(fd, room, len)) > 0) {
		frame_commit(&in, (size_t)n);
		while (frame_next(&in, &message) && (!f->hang_up || calls < f->hang_up)) {
			struct call_error e = {0};
			struct call c = {0};

			if (call_parse(message, &c, &e))
				abort();
			note(f, &c);
			answer(f, fd, &c);
			call_done(&c);
			calls++;
		}
		if (f->hang_up && calls >= f->hang_up)
			break;
	}
	frame_done(&in);
}

static void *fake_main(void *ctx)
{
	struct fake *f = ctx;
	int fd = accept(f->listener, NULL, NULL);

	if (fd >= 0) {
		serve(f, fd);
		close(fd);
	}
	return NULL;
}

static struct client *fake_start(struct fake *f)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct client *client;
	struct diag why;

	snprintf(f->path, sizeof(f->path), "/tmp/cygnet-loader-%ld", (long)getpid());
	unlink(f->path);
	strcpy(sun.sun_path, f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(f->listener, 1), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, fake_main, f), 0);
	assert_int_equal(client_open(f->path, &client, &why), CYG_OK);
	return client;
}

static void fake_stop(struct fake *f, struct client *client)
{
	client_close(client);
	pthread_join(f->thread, NULL);
	close(f->listener);
	unlink(f->path);
}

#define DEFAULTS "conn %default\n left=192.0.2.1\n right=192.0.2.2\n authby=secret\n"

static bool load(struct fake *f, const char *text, bool wait, struct loaded_counts *ret)
{
	struct loader_job job = {.who = "test", .action = LOADER_AUTO, .wait = wait};
	struct client *client = fake_start(f);
	struct conf *conf;
	bool well;

	assert_int_equal(conf_parse(view_str(text), "/nowhere/ipsec.conf", &conf, NULL),
			 CYG_OK);
	well = loader_run(client, conf, &job, ret);
	conf_free(conf);
	fake_stop(f, client);
	return well;
}

static void auto_decides_the_calls(void **state)
{
	static const char text[] = DEFAULTS
		"conn a\n auto=start\nconn b\n auto=add\nconn c\n auto=ignore\nconn d\n"
		"conn e\n auto=route\n";
	struct fake f = {0};
	struct loaded_counts n;

	assert_true(load(&f, text, false, &n));
	assert_string_equal(
		text_str(&f.calls),
		"AddConnection a|AddConnection b|AddConnection e|Listen|Route a|Route e|"
		"Up a asynchronous|");
	assert_int_equal(n.loaded, 3);
	assert_int_equal(n.routed, 2);
	assert_int_equal(n.started, 1);
	assert_int_equal(n.failed, 0);
	text_done(&f.calls);
}

/* What others take in by also= says auto= for them, and is no connection itself. */
static void parts_are_passed_over(void **state)
{
	static const char text[] = DEFAULTS
		"conn base\n auto=start\n left=\nconn a\n also=base\n left=192.0.2.1\n";
	struct fake f = {0};
	struct loaded_counts n;

	assert_true(load(&f, text, false, &n));
	assert_string_equal(text_str(&f.calls),
			    "AddConnection a|Listen|Route a|Up a asynchronous|");
	assert_int_equal(n.failed, 0);
	assert_int_equal(n.status, 0);
	text_done(&f.calls);
	assert_true(load(&f, DEFAULTS "conn alone\n auto=start\n left=\n", false, &n));
	assert_int_equal(n.failed, 1);
	text_done(&f.calls);
}

/* What was meant to be started and can't be told so is trouble, not silence. */
static void a_garbled_auto_is_trouble(void **state)
{
	static const struct {
		const char *lines;
		size_t failed;
	} rows[] = {{" auto=strat\n", 1},
		    {" auot=start\n", 1},
		    {" auto=\n", 0},
		    {" auto=ignore\n keyylife=1h\n", 0},
		    {" keyylife=1h\n", 0}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct loaded_counts n;
		struct fake f = {0};
		char text[256];

		test_row(i, "%s", rows[i].lines);
		snprintf(text, sizeof(text), "%sconn a\n%s", DEFAULTS, rows[i].lines);
		assert_true(load(&f, text, false, &n));
		assert_string_equal(text_str(&f.calls), "Listen|");
		assert_int_equal(n.failed, rows[i].failed);
		text_done(&f.calls);
	}
}

static void waiting_is_asked_for(void **state)
{
	struct fake f = {0};
	struct loaded_counts n;

	assert_true(load(&f, DEFAULTS "conn a\n auto=start\n", true, &n));
	assert_non_null(strstr(text_str(&f.calls), "|Up a|"));
	text_done(&f.calls);
}

static void trouble_is_counted(void **state)
{
	static const char text[] = DEFAULTS
		"conn a\n auto=add\n type=nonsense\nconn b\n auto=add\nconn c\n auto=route\n";
	struct fake f = {.refuse = "c"};
	struct loaded_counts n;

	assert_true(load(&f, text, false, &n));
	assert_string_equal(text_str(&f.calls), "AddConnection b|AddConnection c|Listen|");
	assert_int_equal(n.failed, 2); /* a is faulty; c is refused, and not routed then */
	assert_int_equal(n.loaded, 1);
	assert_int_equal(n.routed, 0);
	text_done(&f.calls);
}

static void many_are_sent_ahead(void **state)
{
	struct fake f = {0};
	struct loaded_counts n;
	struct text text = {0};

	text_add_str(&text, DEFAULTS);
	for (unsigned i = 0; i < 1000; i++)
		text_add(&text, "conn c%u\n auto=add\n", i);
	assert_true(load(&f, text_str(&text), false, &n));
	assert_int_equal(n.loaded, 1000);
	assert_int_equal(n.failed, 0);
	assert_non_null(strstr(text_str(&f.calls), "AddConnection c999|Listen|"));
	text_done(&f.calls);
	text_done(&text);
}

static void pluto_may_go_away(void **state)
{
	struct loaded_counts n;
	struct text text = {0};

	text_add_str(&text, DEFAULTS);
	for (unsigned i = 0; i < 300; i++)
		text_add(&text, "conn c%u\n auto=start\n", i);
	for (size_t after = 1; after < 1000; after += 111) {
		struct fake f = {.hang_up = after};

		assert_int_equal(load(&f, text_str(&text), false, &n), after >= 901);
		text_done(&f.calls);
	}
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_decides_the_calls),
		cmocka_unit_test(a_garbled_auto_is_trouble),
		cmocka_unit_test(parts_are_passed_over),
		cmocka_unit_test(waiting_is_asked_for),
		cmocka_unit_test(trouble_is_counted),
		cmocka_unit_test(many_are_sent_ahead),
		cmocka_unit_test(pluto_may_go_away),
	};

	return RUN_TESTS("ipsec/loader", tests);
}
