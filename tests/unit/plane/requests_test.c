/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request that the kernel refuses a part of. */
#include "plane/esp/self.h"

#include "crypto/crypto.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct world {
	struct net *net;
	struct crypto *crypto;
	struct plane *plane;
	enum cyg_err answer;
	size_t answers, alarms;
	size_t recovered;
	size_t kept;     /* reports of what the kernel keeps */
	bool looks;      /* at each answer */
	size_t accepted; /* of the kernel's rules, at the last answer */
	bool routed;     /* to 10.7.0.0/16, then */
};

/* Lines of a chain in force that hold a word. */
static size_t lines_with(const char *chain, const char *word)
{
	char line[256];
	size_t n = 0;
	FILE *nft;

	snprintf(line, sizeof(line), "nft list chain inet %s 2>&1", chain);
	nft = popen(line, "r");
	assert_non_null(nft);
	while (fgets(line, sizeof(line), nft))
		n += strstr(line, word) != NULL;
	assert_int_equal(pclose(nft), 0);
	return n;
}

/* Rules in force that let clear text in. */
static size_t accepted(void)
{
	return lines_with("cygnet0 passes", "accept");
}

static bool has_route(void)
{
	return strstr(namespace_show("-4 route show table %u type unicast",
				     ESP_UNSOURCED_TABLE(ESP_TABLE)),
		      "10.7.0.0/16");
}

static void on_answer(void *ctx, const struct answer *a)
{
	struct world *w = ctx;

	w->answer = a->err;
	w->answers++;
	if (w->looks) {
		w->accepted = accepted();
		w->routed = has_route();
	}
}

static void on_report(void *ctx, const struct report *r)
{
	struct world *w = ctx;

	w->alarms += !strcmp(r->event, "plane-taken");
	w->recovered += strstr(r->text, "takes our rules again") != NULL;
	w->kept += strstr(r->text, "the kernel keeps") != NULL;
}

/* As the loop does: until the firewall is what it is to be. */
static void dispatch(struct world *w)
{
	struct pollfd ready = {.fd = w->plane->ops->fd(w->plane), .events = POLLIN};

	w->plane->ops->dispatch(w->plane);
	while (esp_lags(esp_self(w->plane))) {
		assert_int_equal(poll(&ready, 1, 10000), 1);
		w->plane->ops->dispatch(w->plane);
	}
}

static void dispatch_for(struct world *w, int seconds)
{
	struct pollfd ready = {.fd = w->plane->ops->fd(w->plane), .events = POLLIN};
	time_t end = time(NULL) + seconds;

	while (!w->alarms && time(NULL) <= end)
		if (poll(&ready, 1, 100) > 0)
			w->plane->ops->dispatch(w->plane);
}

static void start(struct world *w)
{
	struct plane_host host = {.ctx = w, .answer = on_answer, .report = on_report};
	struct esp_config c = {.queues = 1};
	struct diag why = {0};
	enum cyg_err err;

	*w = (struct world){.net = namespace_enter(), .crypto = crypto_new(NULL)};
	assert_non_null(w->crypto);
	namespace_ip("link set lo up");
	namespace_ip("addr add 10.1.0.1/32 dev lo");
	c.crypto = w->crypto;
	err = esp_plane_open(&c, &host, w->net, &w->plane, &why);
	if (!err)
		return;
	crypto_free(w->crypto);
	net_close(w->net);
	test_skip("there is no userspace plane here: %s", why.sentence);
}

static void stop(struct world *w)
{
	w->plane->ops->close(w->plane);
	crypto_free(w->crypto);
	net_close(w->net);
}

static enum cyg_err set(struct world *w, uint32_t id, enum policy_kind kind)
{
	struct plane_policy p = make_policy(id, kind, 100, 1, "0.0.0.0/0",
					    "10.7.0.0/16,10.8.0.0/16");
	struct action a = {.kind = ACT_POLICY_SET, .op = 1, .policy = &p};

	w->answer = CYG_NOTFOUND;
	w->plane->ops->request(w->plane, &a);
	drop_policy(&p);
	dispatch(w);
	return w->answer;
}

/* This thread's right to change routes, which the kernel asks for at each change. */
static void may_route(bool may)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &head, caps), 0);
	if (may)
		caps[0].effective |= 1u << CAP_NET_ADMIN;
	else
		caps[0].effective &= ~(1u << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &head, caps), 0);
}

static enum policy_kind kind_of(const struct world *w, uint32_t id)
{
	const struct spd_entry *e = spd_by_id(&esp_self(w->plane)->spd, id);

	assert_non_null(e);
	return e->kind;
}

static size_t passes(const struct world *w)
{
	struct passes p;
	size_t n;

	assert_int_equal(passes_of(&esp_self(w->plane)->spd, &p), CYG_OK);
	n = p.len;
	passes_done(&p);
	return n;
}

static void a_policy_that_cannot_be_steered_changes_nothing(void **state)
{
	static const enum policy_kind kinds[] = {POLICY_PASS, POLICY_DROP, POLICY_REJECT};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		enum policy_kind before = kinds[i], after = kinds[(i + 1) % COUNT_OF(kinds)];
		struct world w;

		test_row(i, "policy of kind %u becomes %u", before, after);
		start(&w);
		may_route(false);
		assert_int_not_equal(set(&w, 1, before), CYG_OK);
		may_route(true);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 0);
		assert_int_equal(passes(&w), 0);

		assert_int_equal(set(&w, 1, before), CYG_OK);
		may_route(false);
		assert_int_not_equal(set(&w, 1, after), CYG_OK);
		may_route(true);
		assert_int_equal(kind_of(&w, 1), before);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 1);
		assert_int_equal(passes(&w), before == POLICY_PASS ? 2 : 0);

		assert_int_equal(set(&w, 1, after), CYG_OK);
		assert_int_equal(kind_of(&w, 1), after);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 1);
		assert_int_equal(passes(&w), after == POLICY_PASS ? 2 : 0);
		stop(&w);
	}
}

/* A trap whose peer may send in clear. */
static void set_open_trap(struct world *w, uint32_t id, uint32_t op, const char *remote,
			  bool clear_in)
{
	struct plane_policy p = make_policy(id, POLICY_TRAP, 100, id, "10.1.0.0/16", remote);
	struct action a = {.kind = ACT_POLICY_SET, .op = op, .policy = &p};

	p.clear_in = clear_in;
	w->plane->ops->request(w->plane, &a);
	drop_policy(&p);
}

static void set_route(struct world *w, uint32_t id, const char *destination, uint32_t op)
{
	struct plane_route r = {.id = id};
	struct action a = {.kind = ACT_ROUTE_SET, .op = op, .route = &r};

	assert_int_equal(prefix_parse(destination, &r.destination, NULL), CYG_OK);
	assert_int_equal(ip_parse("10.1.0.1", &r.source), CYG_OK);
	w->plane->ops->request(w->plane, &a);
}

static void remove_route(struct world *w, uint32_t id, uint32_t op)
{
	struct action a = {.kind = ACT_ROUTE_REMOVE, .op = op, .remove_id = id};

	w->plane->ops->request(w->plane, &a);
}

static void start_looking(struct world *w)
{
	start(w);
	if (system("nft list ruleset >/dev/null 2>&1")) {
		stop(w);
		test_skip("there is no nft to look with");
	}
	dispatch(w);
	w->looks = true;
	w->answers = 0;
}

static void an_answer_comes_when_the_firewall_is_as_it_says(void **state)
{
	struct world w;

	start_looking(&w);
	set_open_trap(&w, 2, 1, "10.7.0.0/16", true);
	set_open_trap(&w, 4, 2, "10.8.0.0/16", true);
	assert_int_equal(w.answers, 0);
	dispatch(&w);
	assert_int_equal(w.answers, 2);
	assert_int_equal(w.accepted, 2);
	/* What is forbidden from now on is, once that is answered. */
	set_open_trap(&w, 4, 3, "10.8.0.0/16", false);
	assert_int_equal(w.answers, 2);
	dispatch(&w);
	assert_int_equal(w.answers, 3);
	assert_int_equal(w.accepted, 1);
	stop(&w);
}

static void a_route_waits_for_its_exceptions(void **state)
{
	struct world w;

	start_looking(&w);
	set_open_trap(&w, 2, 0, "10.7.0.0/16", true);
	/* Sources that send nothing in clear are no concern of the firewall's. */
	set_route(&w, 7, "10.9.0.0/16", 1);
	assert_int_equal(w.answers, 1);
	set_route(&w, 2, "10.7.0.0/16", 2);
	assert_int_equal(w.answers, 1);
	assert_false(has_route());
	dispatch(&w);
	assert_int_equal(w.answers, 2);
	assert_true(w.routed);
	assert_int_equal(w.accepted, 1);
	stop(&w);
}

static void changes_of_a_route_keep_their_order(void **state)
{
	struct world w;

	start_looking(&w);
	set_open_trap(&w, 2, 0, "10.7.0.0/16", true);
	set_route(&w, 2, "10.7.0.0/16", 1);
	remove_route(&w, 2, 2);
	assert_int_equal(w.answers, 0);
	dispatch(&w);
	assert_int_equal(w.answers, 2);
	assert_int_equal(w.answer, CYG_OK);
	assert_false(has_route());
	stop(&w);
}

static void what_waits_is_done_before_a_follower_takes_over(void **state)
{
	struct world w;

	start_looking(&w);
	set_open_trap(&w, 2, 0, "10.7.0.0/16", true);
	set_route(&w, 2, "10.7.0.0/16", 1);
	w.plane->ops->hand_over(w.plane);
	assert_int_equal(w.answers, 1);
	assert_true(w.routed);
	stop(&w);
}

/* Pairs of networks that are stopped at the way out, past the routes. */
static bool is_stopped(const char *network)
{
	FILE *nft = popen("nft list table inet cygnet0_out 2>&1", "r");
	char line[256];
	bool found = false;

	assert_non_null(nft);
	while (fgets(line, sizeof(line), nft))
		found |= strstr(line, network) != NULL;
	assert_int_equal(pclose(nft), 0);
	return found;
}

static void remove_policy(struct world *w, uint32_t id, uint32_t op)
{
	struct action a = {.kind = ACT_POLICY_REMOVE, .op = op, .remove_id = id};

	w->plane->ops->request(w->plane, &a);
}

/* What is protected of some ports alone, at the way out: as it is, whatever changed last. */
static void parts_at_the_way_out_are_those_that_are_there(void **state)
{
	static const struct {
		uint32_t id;
		const char *remote; /* NULL: it goes */
		size_t parts;
	} rows[] = {
		{1, "10.7.0.0/16[tcp/80]", 1},
		{2, "10.8.0.0/16", 1},
		{3, "10.9.0.0/16[udp/53]", 2},
		{2, NULL, 2},
		{1, "10.7.0.0/16", 1},
		{4, "10.6.0.0/16", 1},
		{3, NULL, 0},
		{1, "10.7.0.0/16[tcp/22]", 1},
	};
	struct world w;

	start_looking(&w);
	w.looks = false;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "policy %u %s", rows[i].id, rows[i].remote ? rows[i].remote : "-");
		if (rows[i].remote)
			set_open_trap(&w, rows[i].id, 1, rows[i].remote, false);
		else
			remove_policy(&w, rows[i].id, 1);
		dispatch(&w);
		assert_int_equal(lines_with("cygnet0_out parts", "jump refused"),
				 rows[i].parts);
	}
	stop(&w);
}

/* Who waits for what it asked for knows when it is in force, at the way in and at the way out. */
static void what_wants_no_answer_is_counted(void **state)
{
	struct world w;

	start_looking(&w);
	w.looks = false;
	assert_int_equal(w.plane->changed, w.plane->in_force);
	set_open_trap(&w, 2, 0, "10.7.0.0/16", true);
	set_open_trap(&w, 4, 0, "10.8.0.0/16", true);
	assert_true(w.plane->changed > w.plane->in_force);
	dispatch(&w);
	assert_int_equal(w.plane->changed, w.plane->in_force);
	assert_int_equal(accepted(), 2);
	assert_true(is_stopped("10.7.0.0"));
	remove_policy(&w, 2, 0);
	remove_policy(&w, 4, 1);
	assert_int_equal(w.answers, 0);
	assert_true(w.plane->changed > w.plane->in_force);
	dispatch(&w);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.plane->changed, w.plane->in_force);
	assert_int_equal(accepted(), 0);
	assert_false(is_stopped("10.7.0.0"));
	assert_false(is_stopped("10.8.0.0"));
	stop(&w);
}

/* They are told of one by one, which is more than a socket holds. */
static void many_rules_of_our_own_are_nobodys_else(void **state)
{
	struct world w;

	start_looking(&w);
	w.looks = false;
	for (uint32_t i = 0; i < 1000; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "10.%u.%u.0/24", 100 + i / 250, i % 250);
		set_open_trap(&w, 2 * i + 2, 1, remote, true);
	}
	dispatch(&w);
	assert_int_equal(w.answers, 1000);
	assert_int_equal(accepted(), 1000);
	/* Said anew, they are all taken away first. */
	esp_firewall_is_due(esp_self(w.plane));
	esp_refresh(esp_self(w.plane));
	dispatch_for(&w, 1);
	assert_int_equal(w.alarms, 0);
	assert_int_equal(system("nft delete chain inet cygnet0 unmark"), 0);
	dispatch_for(&w, 10);
	assert_int_equal(w.alarms, 1);
	stop(&w);
}

/* What lets pass and is to go, but the kernel keeps it: that is told, and it goes when it can. */
static void what_the_kernel_keeps_goes_later(void **state)
{
	static const struct {
		const char *local, *where;
	} rows[] = {
		{"0.0.0.0/0", "-4 route show table all type throw"},
		{"10.1.0.0/25", "-4 rule show"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_policy pass = make_policy(1, POLICY_PASS, 50, 1, rows[i].local,
						       "10.7.0.0/24"),
				    trap = make_policy(2, POLICY_TRAP, 100, 2, "10.1.0.0/16",
						       "10.7.0.0/16");
		struct action actions[] = {{.kind = ACT_POLICY_SET, .policy = &pass},
					   {.kind = ACT_POLICY_SET, .policy = &trap}};
		struct world w;

		test_row(i, "passes from %s", rows[i].local);
		start(&w);
		w.plane->ops->settled(w.plane);
		for (size_t k = 0; k < COUNT_OF(actions); k++)
			w.plane->ops->request(w.plane, &actions[k]);
		dispatch(&w);
		assert_non_null(strstr(namespace_show("%s", rows[i].where), "10.7.0.0/24"));
		may_route(false);
		remove_policy(&w, 1, 0);
		dispatch_for(&w, 3);
		may_route(true);
		assert_int_equal(w.kept, 1);
		assert_non_null(strstr(namespace_show("%s", rows[i].where), "10.7.0.0/24"));
		w.alarms = 0;
		dispatch_for(&w, 2);
		assert_int_equal(w.kept, 1);
		assert_null(strstr(namespace_show("%s", rows[i].where), "10.7.0.0/24"));
		assert_false(steer_lags(esp_self(w.plane)->steer));
		drop_policy(&pass);
		drop_policy(&trap);
		stop(&w);
	}
}

/* A refusal that passes is not for good. */
static void the_firewall_comes_when_it_can(void **state)
{
	struct rlimit files, none;
	struct esp_status s;
	struct world w;

	start_looking(&w);
	w.looks = false;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = (struct rlimit){.rlim_max = files.rlim_max};
	nft_socket_close(&esp_self(w.plane)->nft);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	set_open_trap(&w, 2, 0, "10.7.0.0/16", true);
	w.plane->ops->dispatch(w.plane);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	esp_plane_status(w.plane, &s);
	assert_false(s.firewall);
	assert_non_null(strstr(s.firewall_why, "Too many open files"));
	assert_false(s.egress);
	assert_non_null(strstr(s.egress_why, "Too many open files"));
	dispatch_for(&w, 2);
	esp_plane_status(w.plane, &s);
	assert_true(s.firewall);
	assert_true(s.egress);
	assert_string_equal(s.egress_why, "");
	assert_int_equal(accepted(), 1);
	assert_int_equal(w.recovered, 1);
	assert_int_equal(w.alarms, 0);
	/* What is too long is refused for good, and why is told with the cure. */
	esp_self(w.plane)->nft.most = 100;
	set_open_trap(&w, 3, 0, "10.8.0.0/16", true);
	dispatch(&w);
	esp_plane_status(w.plane, &s);
	assert_non_null(strstr(s.firewall_why, "net.core.wmem_max"));
	assert_non_null(strstr(s.egress_why, "net.core.wmem_max"));
	stop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_that_cannot_be_steered_changes_nothing),
		cmocka_unit_test(an_answer_comes_when_the_firewall_is_as_it_says),
		cmocka_unit_test(a_route_waits_for_its_exceptions),
		cmocka_unit_test(changes_of_a_route_keep_their_order),
		cmocka_unit_test(what_waits_is_done_before_a_follower_takes_over),
		cmocka_unit_test(parts_at_the_way_out_are_those_that_are_there),
		cmocka_unit_test(what_wants_no_answer_is_counted),
		cmocka_unit_test(what_the_kernel_keeps_goes_later),
		cmocka_unit_test(the_firewall_comes_when_it_can),
		cmocka_unit_test(many_rules_of_our_own_are_nobodys_else),
	};

	return RUN_TESTS("plane/requests", tests);
}
