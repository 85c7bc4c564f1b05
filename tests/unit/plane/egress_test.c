/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/egress.h"

#include "plane/esp/nft.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct firewall nobody = {.mark = 1, .device = "tun0"};

static void say(struct egress *e, unsigned i, enum egress_word was, enum egress_word now)
{
	struct ip_prefix from, to;
	char text[32];

	snprintf(text, sizeof(text), "10.%u.%u.0/24", 2 + i / 256, i % 256);
	assert_int_equal(prefix_parse("10.1.0.0/24", &from, NULL), CYG_OK);
	assert_int_equal(prefix_parse(text, &to, NULL), CYG_OK);
	egress_change(e, &from, &to, was, now);
}

/* All that is due; in how many steps. */
static unsigned commit(struct egress *e)
{
	unsigned steps = 0;

	for (; egress_is_due(e); steps++)
		assert_int_equal(egress_commit(e, &nobody, false, NULL), CYG_OK);
	return steps;
}

static bool open_one(struct egress *e)
{
	enum cyg_err err = egress_open(e, 7, NULL);

	if (err == CYG_UNSUPPORTED)
		return false;
	assert_int_equal(err, CYG_OK);
	return true;
}

static void what_changes_is_told_in_steps(void **state)
{
	struct net *net = namespace_enter();
	static struct egress e;

	memset(&e, 0, sizeof(e));
	if (!open_one(&e)) {
		net_close(net);
		skip();
	}
	for (unsigned i = 0; i < 1000; i++)
		say(&e, i, EGRESS_NOTHING, EGRESS_STOPS);
	/* The first time nobody is to see half of it. */
	assert_int_equal(commit(&e), 1);
	for (unsigned i = 0; i < 1000; i++)
		say(&e, i, EGRESS_STOPS, i % 2 ? EGRESS_STOPS_PART : EGRESS_NOTHING);
	assert_int_equal(commit(&e), 4);
	for (unsigned i = 1; i < 1000; i += 2)
		say(&e, i, EGRESS_STOPS_PART, EGRESS_LEADS_ON);
	say(&e, 0, EGRESS_NOTHING, EGRESS_STOPS);
	say(&e, 0, EGRESS_STOPS, EGRESS_NOTHING);
	assert_int_equal(commit(&e), 2);
	egress_free(&e);
	assert_int_equal(egress_remove(7), 1);
	assert_int_equal(egress_remove(7), 0);
	net_close(net);
}

static void another_hand_is_noticed_and_made_good(void **state)
{
	struct net *net = namespace_enter();
	static struct egress e;

	memset(&e, 0, sizeof(e));
	if (!open_one(&e)) {
		net_close(net);
		skip();
	}
	say(&e, 1, EGRESS_NOTHING, EGRESS_STOPS);
	assert_int_equal(commit(&e), 1);
	assert_int_equal(egress_remove(7), 1);
	say(&e, 1, EGRESS_STOPS, EGRESS_NOTHING);
	assert_int_equal(egress_commit(&e, &nobody, false, NULL), CYG_NOTFOUND);
	egress_forget(&e);
	say(&e, 2, EGRESS_NOTHING, EGRESS_STOPS);
	assert_int_equal(commit(&e), 1);
	egress_free(&e);
	assert_int_equal(egress_remove(7), 1);
	net_close(net);
}

/* In the last step only, and with it or not at all. */
static void the_firewall_comes_with_it(void **state)
{
	struct net *net = namespace_enter();
	static const struct firewall f = {.instance = 7, .mark = 1, .device = "tun0"};
	static struct egress e;

	memset(&e, 0, sizeof(e));
	if (!open_one(&e)) {
		net_close(net);
		skip();
	}
	assert_int_equal(commit(&e), 1);
	for (unsigned i = 0; i < 300; i++)
		say(&e, i, EGRESS_NOTHING, EGRESS_STOPS);
	assert_int_equal(egress_commit(&e, &f, true, NULL), CYG_OK);
	assert_int_equal(firewall_remove(7), CYG_NOTFOUND);
	assert_int_equal(egress_commit(&e, &f, true, NULL), CYG_OK);
	assert_false(egress_is_due(&e));
	assert_int_equal(firewall_remove(7), CYG_OK);
	say(&e, 1, EGRESS_NOTHING, EGRESS_STOPS); /* which is there already */
	assert_int_equal(egress_commit(&e, &f, true, NULL), CYG_EXISTS);
	assert_int_equal(firewall_remove(7), CYG_NOTFOUND);
	egress_free(&e);
	assert_int_equal(egress_remove(7), 1);
	net_close(net);
}

static void an_earlier_table_stays_until_settled(void **state)
{
	struct net *net = namespace_enter();
	static struct egress killed, next;

	memset(&killed, 0, sizeof(killed));
	memset(&next, 0, sizeof(next));
	if (!open_one(&killed)) {
		net_close(net);
		skip();
	}
	assert_int_equal(commit(&killed), 1);
	assert_true(open_one(&next));
	assert_int_equal(commit(&next), 1);
	assert_int_not_equal(next.run, killed.run);
	assert_int_equal(egress_settled(&next, NULL), 1);
	assert_int_equal(egress_settled(&next, NULL), 0);
	/* The one after that takes the other name again. */
	memset(&killed, 0, sizeof(killed));
	assert_true(open_one(&killed));
	assert_int_equal(killed.run, 0);
	assert_int_equal(egress_remove(7), 2);
	net_close(net);
}

/* One that settled was killed, and so was its follower while it began. */
static void what_was_whole_stays_until_settled(void **state)
{
	struct net *net = namespace_enter();
	static struct egress whole, begun, last;

	memset(&whole, 0, sizeof(whole));
	memset(&begun, 0, sizeof(begun));
	memset(&last, 0, sizeof(last));
	if (!open_one(&begun)) {
		net_close(net);
		skip();
	}
	assert_int_equal(commit(&begun), 1);
	assert_true(open_one(&whole));
	say(&whole, 1, EGRESS_NOTHING, EGRESS_STOPS);
	assert_int_equal(commit(&whole), 1);
	assert_int_equal(egress_settled(&whole, NULL), 1);
	memset(&begun, 0, sizeof(begun));
	assert_true(open_one(&begun));
	assert_int_equal(commit(&begun), 1);
	assert_true(open_one(&last));
	assert_int_equal(commit(&last), 1);
	/* It still is in there. */
	say(&whole, 1, EGRESS_STOPS, EGRESS_NOTHING);
	assert_int_equal(egress_commit(&whole, &nobody, false, NULL), CYG_OK);
	assert_int_equal(egress_settled(&last, NULL), 2);
	for (int i = 1; i < EGRESS_TABLES + 2; i++) {
		memset(&last, 0, sizeof(last));
		assert_true(open_one(&last));
	}
	assert_int_equal(last.run, EGRESS_TABLES - 1);
	assert_int_equal(egress_remove(7), EGRESS_TABLES);
	egress_free(&whole);
	net_close(net);
}

static enum cyg_err change(struct nft_socket *by, const char *table,
			   void (*how)(struct nft_batch *b, const char *table), unsigned times)
{
	struct nft_batch b = {.by = by};

	nft_begin(&b);
	for (unsigned i = 0; i < times; i++)
		how(&b, table);
	return nft_commit(&b, NULL);
}

/* What it left unread of one batch is no answer to the next. */
static void a_socket_stays_after_refusals(void **state)
{
	struct net *net = namespace_enter();
	struct nft_socket one = {0};
	static struct egress e;

	if (!open_one(&e) || !nft_socket_open(&one)) {
		net_close(net);
		skip();
	}
	assert_int_equal(change(&one, "mine", nft_table_new, 1), CYG_OK);
	assert_int_equal(change(&one, "mine", nft_table_new, 40), CYG_EXISTS);
	assert_int_equal(change(&one, "other", nft_table_new, 1), CYG_OK);
	assert_int_not_equal(change(&one, "none", nft_table_remove, 2000), CYG_OK);
	assert_int_equal(change(&one, "none", nft_table_remove, 1), CYG_NOTFOUND);
	assert_int_equal(change(&one, "mine", nft_table_remove, 1), CYG_OK);
	nft_socket_close(&one);
	assert_int_equal(nft_socket_port(&one), 0);
	assert_int_equal(egress_remove(7), 1);
	net_close(net);
}

static bool is_there(const char *table)
{
	enum cyg_err err = change(NULL, table, nft_table_new, 1);

	if (!err)
		assert_int_equal(change(NULL, table, nft_table_remove, 1), CYG_OK);
	return err == CYG_EXISTS;
}

static void say_many(struct egress *e, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		say(e, i, EGRESS_NOTHING, EGRESS_STOPS);
}

/* What stood before holds until all of the new one does. */
static void what_is_too_long_grows_beside(void **state)
{
	struct net *net = namespace_enter();
	struct nft_socket one = {.most = 60000};
	struct firewall f = {.mark = 1, .device = "tun0", .by = &one};
	struct diag why = {0};
	static struct egress e;

	memset(&e, 0, sizeof(e));
	if (!open_one(&e) || !nft_socket_open(&one)) {
		net_close(net);
		skip();
	}
	say(&e, 7, EGRESS_NOTHING, EGRESS_STOPS);
	assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	for (unsigned run = 0; run < 2; run++) {
		unsigned steps = 0;

		egress_forget(&e);
		say_many(&e, 5000);
		for (; egress_is_due(&e); steps++) {
			assert_int_equal(egress_commit(&e, &f, false, &why), CYG_OK);
			assert_false(diag_is_set(&why));
			assert_int_equal(is_there("cygnet7_out"), run || egress_is_due(&e));
			assert_int_equal(is_there("cygnet7_out2"), !run || egress_is_due(&e));
		}
		assert_int_equal(steps, 20);
	}
	say(&e, 4999, EGRESS_STOPS, EGRESS_NOTHING);
	assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	nft_socket_close(&one);
	egress_free(&e);
	assert_int_equal(egress_remove(7), 1);
	net_close(net);
}

/* It fails on the way: the next try has no third table, and what stood first goes with its end. */
static void what_fails_on_the_way_leaves_what_stood(void **state)
{
	struct net *net = namespace_enter();
	struct nft_socket one = {.most = 60000};
	struct firewall f = {.mark = 1, .device = "tun0", .by = &one};
	static struct egress e;

	memset(&e, 0, sizeof(e));
	if (!open_one(&e) || !nft_socket_open(&one)) {
		net_close(net);
		skip();
	}
	assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	egress_forget(&e);
	say_many(&e, 5000);
	assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	assert_int_equal(change(NULL, "cygnet7_out2", nft_table_remove, 1), CYG_OK);
	assert_int_not_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	assert_int_equal(egress_settled(&e, NULL), 0);
	assert_true(is_there("cygnet7_out"));
	egress_forget(&e);
	say_many(&e, 3000);
	while (egress_is_due(&e))
		assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	assert_false(is_there("cygnet7_out"));
	assert_false(is_there("cygnet7_out3"));
	nft_socket_close(&one);
	egress_free(&e);
	assert_int_equal(egress_remove(7), 1);
	net_close(net);
}

static void where_no_table_is_free_it_is_refused(void **state)
{
	struct net *net = namespace_enter();
	struct nft_socket one = {.most = 60000};
	struct firewall f = {.mark = 1, .device = "tun0", .by = &one};
	struct diag why = {0};
	static struct egress e;

	if (!nft_socket_open(&one) || !open_one(&e)) {
		net_close(net);
		skip();
	}
	for (unsigned run = 1; run < EGRESS_TABLES; run++) {
		memset(&e, 0, sizeof(e));
		assert_true(open_one(&e));
	}
	say_many(&e, 5000);
	assert_int_equal(egress_commit(&e, &f, false, &why), CYG_LIMIT);
	assert_non_null(strstr(why.hint, "net.core.wmem_max"));
	assert_int_equal(e.run, EGRESS_TABLES - 1);
	nft_socket_close(&one);
	egress_free(&e);
	assert_int_equal(egress_remove(7), EGRESS_TABLES);
	net_close(net);
}

/* In a container without rights outside of it, as in unshare -Urn: 0 when all went well. */
static int put_many_in_a_container(void)
{
	static struct egress e;
	int steps = 0;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 77;
	memset(&e, 0, sizeof(e));
	if (egress_open(&e, 7, NULL))
		return 77;
	say_many(&e, 5000);
	for (; egress_is_due(&e); steps++)
		if (egress_commit(&e, &nobody, false, NULL))
			return 1;
	return steps == 1 ? 0 : 2;
}

static void a_container_has_room_for_many(void **state)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		_exit(put_many_in_a_container());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		test_skip("no user namespace, or no nf_tables in one");
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TIMES 40

/* Seconds that it takes to put networks there and to remove them, one by one. */
static double churn(struct nft_socket *by)
{
	struct firewall f = {.mark = 1, .device = "tun0", .by = by};
	static struct egress e;
	struct timespec begun, ended;

	memset(&e, 0, sizeof(e));
	assert_true(open_one(&e));
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (unsigned i = 0; i < 2 * TIMES; i++) {
		bool goes = i % 2;

		say(&e, i / 2, goes ? EGRESS_STOPS : EGRESS_NOTHING,
		    goes ? EGRESS_NOTHING : EGRESS_STOPS);
		assert_int_equal(egress_commit(&e, &f, false, NULL), CYG_OK);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	egress_free(&e);
	return (double)(ended.tv_sec - begun.tv_sec) +
	       (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
}

static void a_socket_that_stays_waits_for_nothing(void **state)
{
	struct net *net = namespace_enter();
	struct nft_socket one = {0};
	static struct egress e;
	double each, kept;

	if (!open_one(&e) || !nft_socket_open(&one)) {
		net_close(net);
		skip();
	}
	each = churn(NULL);
	kept = churn(&one);
	nft_socket_close(&one);
	egress_remove(7);
	net_close(net);
	if (each < TIMES * 0.002)
		test_skip("this kernel does not wait when such a socket is closed");
	assert_true(kept < each / 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_is_told_in_steps),
		cmocka_unit_test(another_hand_is_noticed_and_made_good),
		cmocka_unit_test(the_firewall_comes_with_it),
		cmocka_unit_test(an_earlier_table_stays_until_settled),
		cmocka_unit_test(what_was_whole_stays_until_settled),
		cmocka_unit_test(a_socket_stays_after_refusals),
		cmocka_unit_test(a_socket_that_stays_waits_for_nothing),
		cmocka_unit_test(what_is_too_long_grows_beside),
		cmocka_unit_test(what_fails_on_the_way_leaves_what_stood),
		cmocka_unit_test(where_no_table_is_free_it_is_refused),
		cmocka_unit_test(a_container_has_room_for_many),
	};

	return RUN_TESTS("plane/egress", tests);
}
