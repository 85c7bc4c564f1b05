/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces of a real kernel, in a network namespace of its own. What needs a kernel that has
 * them is run in booted ones, too (tests/booted/test_scopes.py).
 */
#include "plane/xfrm/links.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

struct fixture {
	struct net *net;
	struct xfrm_links *links;
	struct plane_link vti, xfrm;
};

static void open_fixture(struct fixture *f)
{
	f->net = namespace_enter();
	f->links = xfrm_links_new(f->net);
	assert_non_null(f->links);
	f->xfrm = (struct plane_link){.kind = LINK_XFRM, .name = "ipsec5", .if_id = 5};
	f->vti = (struct plane_link){
		.kind = LINK_VTI,
		.name = "vti0",
		.in_key = 5,
		.out_key = 6,
	};
	assert_int_equal(ip_parse("192.0.2.1", &f->vti.local), CYG_OK);
	assert_int_equal(ip_parse("192.0.2.2", &f->vti.remote), CYG_OK);
}

static void close_fixture(struct fixture *f)
{
	xfrm_links_free(f->links);
	net_close(f->net);
}

/* Of the two kinds those that the kernel has; a test of none is skipped. */
static size_t kinds(struct fixture *f, struct plane_link ret[2])
{
	const struct plane_link *all[] = {&f->xfrm, &f->vti};
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		uint32_t index;
		enum cyg_err err = net_link_make(f->net, all[i], "probe", &index, NULL);

		if (err)
			continue;
		assert_int_equal(net_link_remove(f->net, index, NULL), CYG_OK);
		ret[n++] = *all[i];
	}
	if (!n) {
		close_fixture(f);
		test_skip("the kernel has neither xfrm interfaces nor VTIs");
	}
	return n;
}

static bool is_there(const char *name)
{
	char needle[32];

	snprintf(needle, sizeof(needle), " %s@", name);
	return strstr(namespace_show("-d link show"), needle) != NULL;
}

static void address(struct plane_link *l, const char *text)
{
	assert_int_equal(ip_parse(text, &l->address.addr), CYG_OK);
	l->address.bits = 24;
}

/* ---- refusals ---- */

static void a_name_that_is_another_links_is_refused(void **state)
{
	struct fixture f;
	struct diag why;

	open_fixture(&f);
	namespace_ip("link add ipsec5 type veth peer name far0");
	assert_int_equal(xfrm_links_use(f.links, 2, &f.xfrm, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "ipsec5 is an interface already"));
	assert_non_null(strstr(why.wanted, "if_id 5"));
	assert_non_null(strstr(why.hint, "ipsec-interface="));
	assert_int_equal(xfrm_links_count(f.links), 0);
	xfrm_links_leave(f.links, 2);
	assert_true(is_there("ipsec5"));
	close_fixture(&f);
}

static void a_kernel_without_them_says_so(void **state)
{
	struct fixture f;
	struct diag why;
	enum cyg_err err;

	open_fixture(&f);
	err = xfrm_links_use(f.links, 2, &f.xfrm, &why);
	if (!err) {
		close_fixture(&f);
		test_skip("the kernel has xfrm interfaces");
	}
	assert_int_equal(err, CYG_UNSUPPORTED);
	assert_non_null(strstr(why.hint, "xfrm_interface"));
	assert_int_equal(xfrm_links_index(f.links, "ipsec5"), 0);
	assert_int_equal(xfrm_links_use(f.links, 2, &(struct plane_link){0}, NULL), CYG_OK);
	close_fixture(&f);
}

/* ---- use ---- */

static void the_first_user_makes_it_and_the_last_takes_it_away(void **state)
{
	struct plane_link all[2];
	struct fixture f;
	size_t n;

	open_fixture(&f);
	n = kinds(&f, all);
	for (size_t i = 0; i < n; i++) {
		struct plane_link other = all[i];
		struct diag why;

		test_row(i, "%s", all[i].name);
		address(&all[i], "10.9.0.1");
		assert_int_equal(xfrm_links_use(f.links, 2, &all[i], NULL), CYG_OK);
		assert_int_not_equal(xfrm_links_index(f.links, all[i].name), 0);
		assert_non_null(strstr(namespace_show("-d addr show dev %s", all[i].name),
				       "inet 10.9.0.1/24"));
		assert_non_null(strstr(namespace_show("-d link show dev %s", all[i].name),
				       XFRM_LINK_ALIAS));
		/* The same for another entry, which may bring an address of its own. */
		address(&all[i], "10.9.0.2");
		assert_int_equal(xfrm_links_use(f.links, 4, &all[i], NULL), CYG_OK);
		assert_int_equal(xfrm_links_use(f.links, 4, &all[i], NULL), CYG_OK);
		assert_non_null(
			strstr(namespace_show("addr show dev %s", all[i].name), "10.9.0.2"));
		other.if_id++;
		other.in_key++;
		assert_int_equal(xfrm_links_use(f.links, 6, &other, &why), CYG_CONFLICT);
		assert_non_null(strstr(why.sentence, "another connection's"));
		xfrm_links_leave(f.links, 2);
		assert_true(is_there(all[i].name));
		assert_int_equal(xfrm_links_use(f.links, 4, &(struct plane_link){0}, NULL),
				 CYG_OK);
		assert_false(is_there(all[i].name));
		assert_int_equal(xfrm_links_count(f.links), 0);
	}
	close_fixture(&f);
}

static void what_others_made_is_used_and_stays(void **state)
{
	struct plane_link all[2];
	struct fixture f;
	size_t n;

	open_fixture(&f);
	n = kinds(&f, all);
	for (size_t i = 0; i < n; i++) {
		struct diag why;

		test_row(i, "%s", all[i].name);
		if (all[i].kind == LINK_XFRM)
			namespace_ip("link add ipsec5 type xfrm dev lo if_id 5");
		else
			namespace_ip("link add vti0 type vti ikey 5 okey 6 local 192.0.2.1 "
				     "remote 192.0.2.2");
		address(&all[i], "10.9.0.1");
		assert_int_equal(xfrm_links_use(f.links, 2, &all[i], NULL), CYG_OK);
		xfrm_links_leave(f.links, 2);
		assert_true(is_there(all[i].name));
		assert_null(strstr(namespace_show("addr show dev %s", all[i].name), "10.9."));
		all[i].if_id++;
		all[i].in_key++;
		assert_int_equal(xfrm_links_use(f.links, 2, &all[i], &why), CYG_CONFLICT);
		assert_int_equal(xfrm_links_flush(f.net), 0);
		assert_true(is_there(all[i].name));
	}
	close_fixture(&f);
}

/* ---- between two runs ---- */

static void what_a_killed_run_left_is_found(void **state)
{
	struct plane_link all[2], wanted, other, changed;
	struct fixture f;
	uint32_t index;

	open_fixture(&f);
	(void)kinds(&f, all);
	wanted = other = all[0];
	strcpy(other.name, "other0");
	other.if_id = other.in_key = 77;
	if (other.kind == LINK_VTI)
		assert_int_equal(ip_parse("192.0.2.3", &other.remote), CYG_OK);
	assert_int_equal(xfrm_links_use(f.links, 2, &wanted, NULL), CYG_OK);
	assert_int_equal(xfrm_links_use(f.links, 4, &other, NULL), CYG_OK);
	index = xfrm_links_index(f.links, "other0");
	xfrm_links_keep(f.links);
	xfrm_links_free(f.links);
	assert_true(is_there(wanted.name) && is_there("other0"));
	f.links = xfrm_links_new(f.net);
	assert_int_equal(xfrm_links_inherit(f.links, NULL), CYG_OK);
	assert_true(xfrm_links_was_left(f.links, index));
	assert_false(xfrm_links_was_left(f.links, 1));
	assert_int_equal(xfrm_links_use(f.links, 2, &wanted, NULL), CYG_OK);
	xfrm_links_settle(f.links);
	assert_true(is_there(wanted.name));
	assert_false(is_there("other0"));
	/* The number that a tunnel has for itself may have become another one. */
	xfrm_links_keep(f.links);
	xfrm_links_free(f.links);
	f.links = xfrm_links_new(f.net);
	changed = wanted;
	if (changed.kind == LINK_VTI)
		changed.in_key = changed.out_key = 0x1234;
	assert_int_equal(xfrm_links_use(f.links, 2, &changed, NULL), CYG_OK);
	if (changed.kind == LINK_VTI)
		assert_non_null(strstr(namespace_show("-d link show dev %s", wanted.name),
				       "key 0.0.18.52"));
	/* It is ours again, and goes when nobody needs it. */
	xfrm_links_leave(f.links, 2);
	assert_false(is_there(wanted.name));
	/* What is left of a run that has no follower. */
	assert_int_equal(xfrm_links_use(f.links, 4, &other, NULL), CYG_OK);
	xfrm_links_keep(f.links);
	xfrm_links_free(f.links);
	assert_int_equal(xfrm_links_flush(f.net), 1);
	assert_int_equal(xfrm_links_flush(f.net), 0);
	assert_false(is_there("other0"));
	net_close(f.net);
}

static bool use(void *ctx)
{
	struct fixture *f = ctx;
	enum cyg_err err = xfrm_links_use(f->links, 2, &f->vti, NULL);
	size_t count = xfrm_links_count(f->links);

	xfrm_links_leave(f->links, 2);
	assert_int_equal(count, err ? 0 : 1);
	assert_int_equal(xfrm_links_count(f->links), 0);
	assert_false(is_there(f->vti.name));
	return !err;
}

static void without_memory_nothing_is_made(void **state)
{
	struct plane_link all[2];
	struct fixture f;

	open_fixture(&f);
	(void)kinds(&f, all);
	f.vti = all[0];
	address(&f.vti, "10.9.0.1");
	test_each_allocation_failing(use, &f, false);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_is_another_links_is_refused),
		cmocka_unit_test(a_kernel_without_them_says_so),
		cmocka_unit_test(without_memory_nothing_is_made),
		cmocka_unit_test(the_first_user_makes_it_and_the_last_takes_it_away),
		cmocka_unit_test(what_others_made_is_used_and_stays),
		cmocka_unit_test(what_a_killed_run_left_is_found),
	};

	return RUN_TESTS("plane/xfrm_links", tests);
}
