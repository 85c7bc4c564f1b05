/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as policies of a real kernel, in a network namespace of its own. */
#include "plane/xfrm/spd.h"

#include "plane/xfrm/leftover.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
	struct net *net;
	struct netlink nl;
	struct xfrm_spd *spd;
};

static void open_table(struct table *t)
{
	struct diag why = {0};

	t->net = namespace_enter();
	if (netlink_open(&t->nl, NETLINK_XFRM, 0, &why) != CYG_OK)
		test_skip("the kernel has no IPsec policies: %s", why.got);
	t->spd = xfrm_spd_new(&t->nl, 0);
	assert_non_null(t->spd);
}

static void close_table(struct table *t)
{
	xfrm_spd_free(t->spd);
	assert_string_equal(namespace_show("xfrm policy"), "");
	netlink_close(&t->nl);
	net_close(t->net);
}

static struct endpoint end(const char *text)
{
	struct endpoint e = {0};

	assert_int_equal(ip_parse(text, &e.addr), CYG_OK);
	return e;
}

static void add(struct ts_set *set, const char *prefix, uint8_t proto, uint16_t first,
		uint16_t last)
{
	struct ip_prefix p;
	struct ts t;

	assert_int_equal(prefix_parse(prefix, &p, NULL), CYG_OK);
	t = ts_of_prefix(&p);
	t.proto = proto;
	t.port_first = first;
	t.port_last = last;
	assert_int_equal(ts_set_add(set, &t), CYG_OK);
}

/* An entry between two networks, any protocol and port. */
static struct plane_policy entry(uint32_t id, uint8_t kind, uint32_t priority,
				 const char *local, const char *remote)
{
	struct plane_policy p = {
		.id = id,
		.kind = kind,
		.mode = MODE_TUNNEL,
		.reqid = 16384,
		.priority = priority,
		.local = end("192.0.2.1"),
		.remote = end("192.0.2.2"),
	};

	add(&p.ts_local, local, 0, 0, UINT16_MAX);
	add(&p.ts_remote, remote, 0, 0, UINT16_MAX);
	return p;
}

static enum cyg_err set(struct table *t, struct plane_policy p, struct diag *why)
{
	enum cyg_err err = xfrm_spd_set(t->spd, &p, why);

	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
	return err;
}

/* All policies as iproute2 prints them, but for the type, which some kernels do not tell. */
static const char *shown(void)
{
	static char text[8192];
	const char *from = namespace_show("xfrm policy"), *type;
	char *to = text;

	while ((type = strstr(from, " ptype main"))) {
		to = mempcpy(to, from, (size_t)(type - from));
		from = type + strlen(" ptype main");
	}
	strcpy(to, from);
	return text;
}

static size_t policies(void)
{
	size_t n = 0;

	for (const char *at = shown(); (at = strstr(at, " dir ")); at++)
		n++;
	return n;
}

static void each_kind_is_what_the_kernel_shows(void **state)
{
	static const struct {
		uint8_t kind;
		const char *local, *remote, *shown;
	} rows[] = {
		{POLICY_PROTECT, "10.1.0.0/24", "10.2.0.0/16",
		 "src 10.1.0.0/24 dst 10.2.0.0/16 dir out priority 7 tmpl src 192.0.2.1 dst "
		 "192.0.2.2 proto esp reqid 16384 mode tunnel src 10.2.0.0/16 dst 10.1.0.0/24 dir "
		 "fwd priority 7 tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 16384 mode "
		 "tunnel src 10.2.0.0/16 dst 10.1.0.0/24 dir in priority 7 tmpl src 192.0.2.2 dst "
		 "192.0.2.1 proto esp reqid 16384 mode tunnel"},
		{POLICY_PASS, "10.1.0.1/32", "0.0.0.0/0",
		 "src 10.1.0.1/32 dst 0.0.0.0/0 dir out priority 7 src 0.0.0.0/0 dst 10.1.0.1/32 dir "
		 "fwd priority 7 src 0.0.0.0/0 dst 10.1.0.1/32 dir in priority 7"},
		{POLICY_DROP, "2001:db8:1::/48", "2001:db8:2::/48",
		 "src 2001:db8:1::/48 dst 2001:db8:2::/48 dir out action block priority 7 src "
		 "2001:db8:2::/48 dst 2001:db8:1::/48 dir fwd action block priority 7 src "
		 "2001:db8:2::/48 dst 2001:db8:1::/48 dir in action block priority 7"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct table t;

		open_table(&t);
		test_row(i, "kind %u", rows[i].kind);
		assert_int_equal(set(&t,
				     entry(2, rows[i].kind, 7, rows[i].local, rows[i].remote),
				     NULL),
				 CYG_OK);
		assert_string_equal(shown(), rows[i].shown);
		close_table(&t);
	}
}

static bool shows(const char *text)
{
	return strstr(shown(), text) != NULL;
}

static void the_best_of_several_is_in_force(void **state)
{
	struct table t;
	struct ip_prefix l, r;
	struct packet_scope any = {0};
	struct xfrm_pair pair;

	open_table(&t);
	assert_int_equal(set(&t, entry(2, POLICY_DROP, 9, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(4, POLICY_PASS, 5, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(policies(), 3);
	assert_true(shows("priority 5") && !shows("action block"));
	/* Set anew it is another one in its place, at once and alone. */
	assert_int_equal(set(&t, entry(4, POLICY_DROP, 6, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_true(shows("action block priority 6"));
	assert_int_equal(policies(), 3);
	memset(&pair, 0, sizeof(pair));
	assert_int_equal(prefix_parse("10.1.0.0/24", &l, NULL) |
				 prefix_parse("10.2.0.0/24", &r, NULL),
			 CYG_OK);
	pair.local = l;
	pair.remote = r;
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &any), 4);
	/* A worse one takes the place of one that goes. */
	assert_int_equal(xfrm_spd_remove(t.spd, 4), CYG_OK);
	assert_true(shows("priority 9"));
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &any), 2);
	assert_int_equal(xfrm_spd_remove(t.spd, 4), CYG_NOTFOUND);
	assert_int_equal(xfrm_spd_remove(t.spd, 2), CYG_OK);
	assert_int_equal(policies(), 0);
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &any), 0);
	close_table(&t);
}

static struct plane_policy scoped(uint32_t id, uint32_t priority, uint32_t in, uint32_t out)
{
	struct plane_policy p = entry(id, POLICY_PROTECT, priority, "10.1.0.0/24",
				      "10.2.0.0/24");

	if (in)
		p.scope[SA_IN] = (struct packet_scope){.mark = {in, 0xff}};
	if (out)
		p.scope[SA_OUT] = (struct packet_scope){.mark = {out, 0xff}, .if_id = out};
	return p;
}

static unsigned many(const char *text)
{
	unsigned n = 0;

	for (const char *at = shown(); (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* Entries of the same selectors for other packets stand beside each other. */
static void scopes_make_policies_differ(void **state)
{
	const struct packet_scope any = {0}, five = {.mark = {5, 0xff}, .if_id = 5};
	struct plane_policy p;
	struct xfrm_pair pair;
	struct table t;

	open_table(&t);
	p = scoped(2, 5, 5, 5);
	memset(&pair, 0, sizeof(pair));
	pair.local = (struct ip_prefix){p.ts_local.items[0].range.first, 24};
	pair.remote = (struct ip_prefix){p.ts_remote.items[0].range.first, 24};
	assert_int_equal(set(&t, p, NULL), CYG_OK);
	assert_int_equal(set(&t, scoped(4, 7, 0, 0), NULL), CYG_OK);
	assert_int_equal(set(&t, scoped(6, 9, 6, 5), NULL), CYG_OK);
	/* The last one's way out is the first one's, which is better. */
	assert_int_equal(policies(), 3 + 3 + 2);
	assert_int_equal(many("mark 0x5/0xff"), 3);
	assert_int_equal(many("mark 0x6/0xff"), 2);
	assert_int_equal(many("if_id 0x5"), 1);
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &five), 2);
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &any), 4);
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_IN, &five), 0);
	/* It comes forth when that one goes, outward alone. */
	assert_int_equal(xfrm_spd_remove(t.spd, 2), CYG_OK);
	assert_int_equal(policies(), 3 + 3);
	assert_int_equal(many("mark 0x5/0xff"), 1);
	assert_int_equal(many("priority 9"), 3);
	assert_int_equal(xfrm_spd_owner(t.spd, &pair, XFRM_POLICY_OUT, &five), 6);
	/* Set anew for other packets, what it was is gone. */
	assert_int_equal(set(&t, scoped(6, 9, 0, 8), NULL), CYG_OK);
	assert_int_equal(policies(), 3 + 1);
	assert_int_equal(many("priority 7"), 3);
	assert_int_equal(xfrm_spd_remove(t.spd, 4), CYG_OK);
	assert_int_equal(many("priority 9"), 3);
	close_table(&t);
}

/* What waits behind another entry has moved, too, when it comes forth. */
static void a_peer_that_moved_is_found_by_its_policies(void **state)
{
	struct endpoint here = end("192.0.2.1"), there = end("198.51.100.7");
	struct plane_policy other = entry(4, POLICY_PROTECT, 5, "10.1.0.0/24", "10.3.0.0/24");
	struct plane_policy open = entry(6, POLICY_TRAP, 5, "10.1.0.0/24", "10.4.0.0/24");
	struct table t;

	open_table(&t);
	other.reqid = 16388;
	open.remote = (struct endpoint){0};
	assert_int_equal(set(&t, entry(2, POLICY_PROTECT, 5, "10.1.0.0/24", "10.2.0.0/24"),
			     NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(3, POLICY_TRAP, 7, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(set(&t, other, NULL), CYG_OK);
	assert_int_equal(set(&t, open, NULL), CYG_OK);
	assert_int_equal(many("192.0.2.2"), 6);
	assert_int_equal(xfrm_spd_move(t.spd, 16384, &here.addr, &there.addr, NULL), CYG_OK);
	assert_int_equal(many("198.51.100.7"), 3);
	assert_int_equal(many("192.0.2.2"), 3);
	/* Nobody knows yet where the other end of the fourth is: what goes out asks. */
	assert_int_equal(many("action block"), 2);
	assert_int_equal(many("mode transport"), 1);
	assert_int_equal(policies(), 9);
	assert_int_equal(xfrm_spd_remove(t.spd, 2), CYG_OK);
	assert_int_equal(many("198.51.100.7"), 3);
	assert_int_equal(many("priority 7"), 3);
	assert_int_equal(xfrm_spd_move(t.spd, 1, &here.addr, &there.addr, NULL), CYG_OK);
	assert_int_equal(many("192.0.2.2"), 3);
	close_table(&t);
}

static void an_entry_moves_to_other_selectors(void **state)
{
	struct table t;

	open_table(&t);
	assert_int_equal(set(&t, entry(2, POLICY_PASS, 5, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(2, POLICY_PASS, 5, "10.1.0.0/24", "10.3.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(policies(), 3);
	assert_true(shows("10.3.0.0/24") && !shows("10.2.0.0/24"));
	assert_int_equal(xfrm_spd_count(t.spd), 1);
	close_table(&t);
}

static void selectors_are_cut_into_the_kernels_words(void **state)
{
	static const struct {
		uint8_t l_proto, r_proto;
		uint16_t l_first, l_last, r_first, r_last;
		size_t pairs;
	} rows[] = {
		{0, 0, 0, 65535, 0, 65535, 1},
		{6, 6, 0, 65535, 443, 443, 1},
		{6, 0, 0, 65535, 0, 65535, 1},
		{17, 17, 1000, 1999, 0, 65535,
		 7}, /* up to 1007, 1023, 1535, 1791, 1919, 1983, 1999 */
		{17, 17, 1, 65535, 0, 65535, 16},
		{17, 17, 1024, 2047, 1024, 2047, 1},
		{6, 17, 0, 65535, 0, 65535, 0}, /* no packet is of both */
		{1, 1, 0, 65535, 0, 65535, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct table t;
		struct plane_policy p = {.id = 2, .kind = POLICY_PASS, .priority = 5};

		open_table(&t);
		test_row(i, "ports %u-%u", rows[i].l_first, rows[i].l_last);
		add(&p.ts_local, "10.1.0.0/24", rows[i].l_proto, rows[i].l_first,
		    rows[i].l_last);
		add(&p.ts_local, "2001:db8::/64", rows[i].l_proto, rows[i].l_first,
		    rows[i].l_last);
		add(&p.ts_remote, "10.2.0.0/24", rows[i].r_proto, rows[i].r_first,
		    rows[i].r_last);
		assert_int_equal(set(&t, p, NULL), CYG_OK);
		assert_int_equal(policies(), 3 * rows[i].pairs);
		close_table(&t);
	}
}

static void what_the_kernel_has_no_word_for_is_refused(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t first, last;
	} rows[] = {{1, 0x0800, 0x08ff}, {58, 0x8000, 0x80ff}, {6, 65535, 0}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct table t;
		struct plane_policy p = {.id = 2, .kind = POLICY_PASS, .priority = 5};
		struct diag why = {0};

		open_table(&t);
		test_row(i, "proto %u", rows[i].proto);
		/* What stood before stands still. */
		assert_int_equal(set(&t, entry(2, POLICY_DROP, 5, "10.8.0.0/24", "10.9.0.0/24"),
				     NULL),
				 CYG_OK);
		add(&p.ts_local, "10.1.0.0/24", 0, 0, UINT16_MAX);
		add(&p.ts_local, "10.1.1.0/24", rows[i].proto, rows[i].first, rows[i].last);
		add(&p.ts_remote, "10.2.0.0/24", 0, 0, UINT16_MAX);
		assert_int_equal(set(&t, p, &why), CYG_UNSUPPORTED);
		assert_non_null(strstr(why.hint, "leftprotoport="));
		assert_int_equal(policies(), 3);
		assert_true(shows("10.9.0.0/24"));
		close_table(&t);
	}
}

struct answers {
	size_t next, missing;
};

static void take(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	struct answers *a = ctx;

	assert_int_equal(at, a->next++);
	/* Each third one is not there. */
	assert_int_equal(err, at % 3 ? CYG_OK : CYG_NOTFOUND);
	assert_int_equal(why != NULL, err != CYG_OK);
	a->missing += err != CYG_OK;
}

/* Many more than fit one datagram: each request has its own answer, in order. */
static void a_batch_is_answered_one_by_one(void **state)
{
	struct answers answers = {0};
	struct netlink_batch batch;
	struct table t;

	open_table(&t);
	assert_int_equal(netlink_batch_begin(&batch, &t.nl, "change a policy"), CYG_OK);
	batch.answer = take;
	batch.ctx = &answers;
	for (uint32_t i = 0; i < 1000; i++) {
		struct xfrm_rule rule = {.kind = POLICY_DROP, .priority = 1};
		struct netlink_request storage;
		struct xfrm_pair pair;
		struct ip_addr net;
		char text[32];

		memset(&pair, 0, sizeof(pair));
		snprintf(text, sizeof(text), "10.%u.%u.0", i / 250, i % 250);
		assert_int_equal(ip_parse(text, &net), CYG_OK);
		pair.local = pair.remote = prefix_of(&net, 24);
		netlink_batch_add(
			&batch,
			i % 3 ? message_new_policy(&storage, XFRM_POLICY_OUT, &pair, &rule,
						   message_index_of(i, XFRM_POLICY_OUT))
			      : message_policy_id(&storage, XFRM_MSG_DELPOLICY, XFRM_POLICY_OUT,
						  &pair, &rule.scope[SA_OUT]));
	}
	netlink_batch_end(&batch);
	assert_int_equal(answers.next, 1000);
	assert_int_equal(answers.missing, 334);
	namespace_ip("xfrm policy flush");
	close_table(&t);
}

/* Nothing of theirs is replaced or removed, whatever becomes of ours. */
static void what_others_set_stays(void **state)
{
	static const struct {
		const char *dir, *foreign, *told;
	} rows[] = {
		{"out", "src 10.1.0.0/24 dst 10.2.0.0/24 dir out priority 100 action block",
		 "src 10.1.0.0/24 dst 10.2.0.0/24 dir out"},
		{"in", "src 10.2.0.0/24 dst 10.1.0.0/24 dir in priority 5",
		 "src 10.2.0.0/24 dst 10.1.0.0/24 dir in"},
		{"fwd", "src 10.2.0.0/24 dst 10.1.0.0/24 dir fwd priority 100 action block",
		 "src 10.2.0.0/24 dst 10.1.0.0/24 dir fwd"},
	};
	struct diag why;
	struct table t;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char before[512];

		open_table(&t);
		test_row(i, "%s", rows[i].dir);
		namespace_ip("xfrm policy add %s", rows[i].foreign);
		snprintf(before, sizeof(before), "%s", shown());
		diag_clear(&why);
		assert_int_equal(set(&t,
				     entry(2, POLICY_PROTECT, 7, "10.1.0.0/24", "10.2.0.0/24"),
				     &why),
				 CYG_CONFLICT);
		assert_non_null(strstr(why.sentence, rows[i].told));
		assert_non_null(strstr(why.hint, "ip xfrm policy"));
		assert_string_equal(shown(), before);
		assert_int_equal(xfrm_spd_count(t.spd), 0);
		/* Nor by one that is taken for others, the first of which are free. */
		struct plane_policy two = entry(3, POLICY_DROP, 7, "10.1.1.0/24",
						"10.2.0.0/24");

		add(&two.ts_local, "10.1.0.0/24", 0, 0, UINT16_MAX);
		assert_int_equal(set(&t, two, NULL), CYG_CONFLICT);
		assert_string_equal(shown(), before);
		/* Another mark makes another policy. */
		struct plane_policy marked = entry(4, POLICY_DROP, 7, "10.1.0.0/24",
						   "10.2.0.0/24");

		marked.scope[SA_IN].mark = marked.scope[SA_OUT].mark =
			(struct packet_mark){5, 0xff};
		assert_int_equal(set(&t, marked, NULL), CYG_OK);
		assert_int_equal(policies(), 4);
		assert_int_equal(xfrm_spd_remove(t.spd, 4), CYG_OK);
		assert_string_equal(shown(), before);
		namespace_ip("xfrm policy flush");
		assert_int_equal(set(&t, entry(2, POLICY_DROP, 7, "10.1.0.0/24", "10.2.0.0/24"),
				     NULL),
				 CYG_OK);
		close_table(&t);
	}
}

/*
 * Others may have removed ours and set theirs for the same packets: whatever becomes of our entries,
 * theirs stays, and so does what differs in mark, interface or priority alone.
 */
static void what_others_set_in_our_place_stays(void **state)
{
	static const char *const theirs[] = {
		"priority 7 action block",
		"priority 100",
		"mark 0x5 mask 0xff priority 7 action block",
		"if_id 0x9 priority 7 action block",
	};
	enum change { REMOVE, REPLACE, RESTORE, END, CHANGES };
	struct diag why;
	struct table t;

	for (size_t i = 0; i < COUNT_OF(theirs); i++) {
		for (int change = REMOVE; change < CHANGES; change++) {
			bool in_place = i < 2;
			size_t missing = 0;
			enum cyg_err err;

			test_row(i * CHANGES + (size_t)change, "%s, change %d", theirs[i],
				 change);
			open_table(&t);
			assert_int_equal(
				set(&t, entry(2, POLICY_DROP, 7, "10.1.0.0/24", "10.2.0.0/24"),
				    NULL),
				CYG_OK);
			namespace_ip(
				"xfrm policy delete src 10.1.0.0/24 dst 10.2.0.0/24 dir out");
			namespace_ip(
				"xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out %s",
				theirs[i]);
			diag_clear(&why);
			if (change == REMOVE)
				assert_int_equal(xfrm_spd_remove(t.spd, 2), CYG_OK);
			if (change == END) {
				xfrm_spd_free(t.spd);
				t.spd = NULL;
			}
			if (change == REPLACE) {
				xfrm_spd_doubt(t.spd);
				err = set(&t,
					  entry(2, POLICY_DROP, 6, "10.1.0.0/24",
						"10.2.0.0/24"),
					  &why);
				assert_int_equal(err, in_place ? CYG_CONFLICT : CYG_OK);
			}
			if (change == RESTORE) {
				err = xfrm_spd_restore(t.spd, &missing, &why);
				assert_int_equal(err, in_place ? CYG_CONFLICT : CYG_OK);
				assert_int_equal(missing, !in_place);
			}
			if (in_place && change != REMOVE && change != END)
				assert_non_null(strstr(why.sentence, "another program"));
			assert_int_equal(policies(), change == REMOVE || change == END ? 1
						     : in_place                        ? 3
										       : 4);
			assert_non_null(
				strstr(shown(), i == 1 ? "priority 100" : "action block"));
			if (t.spd)
				xfrm_spd_free(t.spd);
			t.spd = NULL;
			assert_int_equal(policies(), 1);
			namespace_ip("xfrm policy flush");
			close_table(&t);
		}
	}
}

static void entries_are_found_by_their_reqid(void **state)
{
	struct plane_policy p;
	struct table t;

	open_table(&t);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16384), 0);
	for (uint32_t i = 0; i < 3; i++) {
		p = entry(2 + i, (uint8_t[]){POLICY_PROTECT, POLICY_TRAP, POLICY_DROP}[i],
			  7 + i, "10.1.0.0/24", "10.2.0.0/24");
		p.reqid = i < 2 ? 16388 : 16392;
		assert_int_equal(set(&t, p, NULL), CYG_OK);
	}
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16384), 0);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16388), 3);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16392), 0);
	assert_int_equal(xfrm_spd_remove(t.spd, 3), CYG_OK);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16388), 2);
	/* Of another reqid now. */
	p = entry(2, POLICY_PROTECT, 7, "10.1.0.0/24", "10.2.0.0/24");
	p.reqid = 16396;
	assert_int_equal(set(&t, p, NULL), CYG_OK);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16388), 0);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16396), 2);
	assert_int_equal(xfrm_spd_remove(t.spd, 2), CYG_OK);
	assert_int_equal(xfrm_spd_of_reqid(t.spd, 16396), 0);
	close_table(&t);
}

/* They have numbers of ours; ours that come beside them have others, or the kernel makes some up. */
static void what_an_earlier_run_left_is_replaced(void **state)
{
	struct xfrm_left left;
	struct table t;

	open_table(&t);
	assert_int_equal(set(&t, entry(2, POLICY_DROP, 7, "10.1.0.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(3, POLICY_DROP, 7, "10.1.1.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	xfrm_spd_keep(t.spd);
	xfrm_spd_free(t.spd);
	assert_int_equal(xfrm_left_inherit(&t.nl, &left, NULL), CYG_OK);
	assert_int_equal(left.number_next, 2);
	t.spd = xfrm_spd_new(&t.nl, left.number_next);
	assert_int_equal(set(&t, entry(4, POLICY_PROTECT, 9, "10.1.0.0/24", "10.2.0.0/24"),
			     NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(5, POLICY_DROP, 9, "10.1.2.0/24", "10.2.0.0/24"), NULL),
			 CYG_OK);
	assert_int_equal(policies(), 9);
	assert_non_null(strstr(shown(), "reqid 16384"));
	xfrm_left_done(&left);
	/* All nine are known as ours once more. */
	xfrm_spd_keep(t.spd);
	xfrm_spd_free(t.spd);
	assert_int_equal(xfrm_left_inherit(&t.nl, &left, NULL), CYG_OK);
	xfrm_left_clear(&left, &t.nl);
	t.spd = NULL;
	close_table(&t);
}

/* What stands for a follower is not made wider: it would stop what was never protected. */
static void what_is_kept_stays_as_it_is(void **state)
{
	struct xfrm_left left;
	struct table t;

	open_table(&t);
	assert_int_equal(set(&t, entry(2, POLICY_PROTECT, 7, "10.1.0.7/32", "0.0.0.0/0"), NULL),
			 CYG_OK);
	assert_int_equal(set(&t, entry(4, POLICY_PASS, 7, "10.1.0.7/32", "10.3.0.0/24"), NULL),
			 CYG_OK);
	xfrm_spd_keep(t.spd);
	assert_int_equal(set(&t, entry(2, POLICY_TRAP, 7, "0.0.0.0/0", "0.0.0.0/0"), NULL),
			 CYG_OK);
	assert_int_equal(policies(), 6);
	assert_non_null(strstr(shown(), "src 10.1.0.7/32 dst 0.0.0.0/0"));
	/* What is let pass may be stopped. */
	assert_int_equal(set(&t, entry(4, POLICY_DROP, 7, "10.1.0.7/32", "10.3.0.0/24"), NULL),
			 CYG_OK);
	assert_non_null(strstr(shown(), "action block"));
	xfrm_spd_free(t.spd);
	assert_int_equal(xfrm_left_inherit(&t.nl, &left, NULL), CYG_OK);
	xfrm_left_clear(&left, &t.nl);
	t.spd = NULL;
	close_table(&t);
}

struct short_memory {
	struct table t;
	struct plane_policy wanted;
};

static bool set_over_foreign(void *ctx)
{
	struct short_memory *m = ctx;
	enum cyg_err err = xfrm_spd_set(m->t.spd, &m->wanted, NULL);

	assert_true(err == CYG_NOMEM || err == CYG_CONFLICT);
	assert_int_equal(policies(), 1);
	return err != CYG_NOMEM;
}

static void short_memory_leaves_what_others_set(void **state)
{
	struct short_memory m;

	open_table(&m.t);
	m.wanted = entry(2, POLICY_DROP, 7, "10.1.0.0/24", "10.2.0.0/24");
	namespace_ip("xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out action block");
	test_each_allocation_failing(set_over_foreign, &m, false);
	ts_set_done(&m.wanted.ts_local);
	ts_set_done(&m.wanted.ts_remote);
	namespace_ip("xfrm policy flush");
	close_table(&m.t);
}

/* The earlier entry stands until the new one does. */
static bool set_over_ours(void *ctx)
{
	struct short_memory *m = ctx;
	enum cyg_err err = xfrm_spd_set(m->t.spd, &m->wanted, NULL);

	assert_int_equal(xfrm_spd_count(m->t.spd), 1);
	assert_int_equal(policies(), err ? 3 : 6);
	if (err) {
		assert_int_equal(err, CYG_NOMEM);
		assert_non_null(strstr(shown(), "dst 10.2.0.0/24"));
		assert_int_equal(xfrm_spd_of_reqid(m->t.spd, 16388), 0);
		return false;
	}
	assert_null(strstr(shown(), "dst 10.2.0.0/24"));
	assert_int_equal(xfrm_spd_of_reqid(m->t.spd, 16388), 2);
	return true;
}

static void short_memory_leaves_the_earlier_entry(void **state)
{
	struct short_memory m;

	open_table(&m.t);
	assert_int_equal(set(&m.t, entry(2, POLICY_DROP, 7, "10.1.0.0/24", "10.2.0.0/24"),
			     NULL),
			 CYG_OK);
	m.wanted = entry(2, POLICY_PROTECT, 7, "10.1.0.0/24", "10.3.0.0/24");
	m.wanted.reqid = 16388;
	add(&m.wanted.ts_remote, "10.4.0.0/24", 0, 0, UINT16_MAX);
	test_each_allocation_failing(set_over_ours, &m, false);
	ts_set_done(&m.wanted.ts_local);
	ts_set_done(&m.wanted.ts_remote);
	close_table(&m.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_memory_leaves_the_earlier_entry),
		cmocka_unit_test(what_the_kernel_has_no_word_for_is_refused),
		cmocka_unit_test(what_others_set_stays),
		cmocka_unit_test(what_others_set_in_our_place_stays),
		cmocka_unit_test(entries_are_found_by_their_reqid),
		cmocka_unit_test(what_an_earlier_run_left_is_replaced),
		cmocka_unit_test(what_is_kept_stays_as_it_is),
		cmocka_unit_test(short_memory_leaves_what_others_set),
		cmocka_unit_test(a_batch_is_answered_one_by_one),
		cmocka_unit_test(each_kind_is_what_the_kernel_shows),
		cmocka_unit_test(the_best_of_several_is_in_force),
		cmocka_unit_test(scopes_make_policies_differ),
		cmocka_unit_test(a_peer_that_moved_is_found_by_its_policies),
		cmocka_unit_test(an_entry_moves_to_other_selectors),
		cmocka_unit_test(selectors_are_cut_into_the_kernels_words),
	};

	return RUN_TESTS("plane/xfrm_spd", tests);
}
