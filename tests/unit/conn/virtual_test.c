/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/virtual.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static struct ip_range range(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), CYG_OK);
	return prefix_range(&p);
}

static void lists_that_are_none(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "nothing"},
		{",", "nothing"},
		{"10.0.0.0/8", "%v4:NETWORK"},
		{"%v5:10.0.0.0/8", "%v4:NETWORK"},
		{"%priv", "%v4:NETWORK"},
		{"%v4:x", ""},
		{"%v4:10.0.0.0/33", "0 to 32"},
		{"%v6:10.0.0.0/8", "behind %v6:"},
		{"%v4:!!10.0.0.0/8", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct virtual_net *list = NULL;
		struct diag why;
		char text[1024];

		test_row(i, "%s", rows[i].text);
		diag_clear(&why);
		assert_int_not_equal(virtual_list_read(rows[i].text, &list, &why), CYG_OK);
		assert_null(list);
		assert_non_null(strstr(diag_print(&why, text, sizeof(text)), rows[i].says));
	}
}

static void who_may_claim_what(void **state)
{
	static const char private[] = "%v4:10.0.0.0/8,%v4:192.168.0.0/16,%v6:fd00::/8,"
				      "%v4:!10.1.0.0/16";
	static const struct {
		const char *nets, *claim;
		bool may;
	} rows[] = {
		{"vhost:%no", "203.0.113.1/32", true},
		{"vhost:%no", "203.0.113.2/32", false},
		{"vhost:%no", "203.0.113.0/24", false},
		{"vhost:%no", "192.168.1.5/32", false},
		{"vhost:%priv", "203.0.113.1/32", false},
		{"vhost:%priv", "192.168.1.5/32", true},
		{"vhost:%priv", "192.168.1.0/24", false}, /* a host is one address */
		{"vhost:%priv", "10.1.2.3/32", false},    /* excepted */
		{"vhost:%priv", "172.16.0.1/32", false},
		{"vhost:%priv", "fd00::1/128", true},
		{"vnet:%priv", "192.168.1.0/24", true},
		{"vnet:%priv", "192.168.0.0/15", false},
		{"vnet:%priv", "10.0.0.0/8", false}, /* has some that is excepted */
		{"vnet:%priv", "10.2.0.0/16", true},
		{"vnet:%priv,%v4:!10.2.0.0/16", "10.2.3.0/24", false},
		{"vnet:%priv,%v4:!10.2.0.0/16", "10.3.0.0/24", true},
		{"vnet:%v4:172.16.0.0/12", "172.20.0.0/16", true},
		{"vnet:%v4:172.16.0.0/12", "10.3.0.0/24", false},
		{"vnet:%all", "8.8.8.0/24", true},
		{"vnet:%all,%v4:!8.0.0.0/8", "8.8.8.0/24", false},
		{"vhost:%all", "8.8.8.8/32", true},
		{"vhost:%all", "8.8.8.0/24", false},
		{"vhost:%no,%priv", "203.0.113.1/32", true},
		{"vhost:%no,%priv,%v4:!203.0.113.0/24", "203.0.113.1/32", true},
	};
	struct ip_addr peer = range("203.0.113.1/32").first;
	struct virtual_net *list;

	assert_int_equal(virtual_list_read(private, &list, NULL), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_range claim = range(rows[i].claim);
		struct virtual_nets *v;

		test_row(i, "%s: %s", rows[i].nets, rows[i].claim);
		assert_true(virtual_is_meant(rows[i].nets));
		assert_int_equal(virtual_read(rows[i].nets, &v, NULL), CYG_OK);
		assert_int_equal(virtual_allows(v, list, &peer, &claim), rows[i].may);
		if (strcmp(rows[i].nets, "vhost:%priv") == 0)
			assert_false(virtual_allows(v, NULL, &peer, &claim));
		virtual_free(v);
	}
	free(list);
}

static void values(void **state)
{
	struct virtual_nets *v, *same, *other;
	struct text t = {0};

	assert_int_equal(virtual_read("vhost:%priv,%no,%v4:!10.0.0.0/8", &v, NULL), CYG_OK);
	virtual_print(v, &t);
	assert_string_equal(text_str(&t), "vhost:%no,%priv,%v4:!10.0.0.0/8");
	same = virtual_copy(v);
	assert_true(virtual_equal(v, same));
	assert_int_equal(virtual_read("vhost:%priv,%no,%v4:10.0.0.0/8", &other, NULL), CYG_OK);
	assert_false(virtual_equal(v, other));
	assert_false(virtual_equal(v, NULL));
	assert_true(virtual_equal(NULL, NULL));
	assert_null(virtual_copy(NULL));
	virtual_free(v);
	virtual_free(same);
	virtual_free(other);
	virtual_free(NULL);
	text_done(&t);
}

static bool read_and_copy(void *ctx)
{
	struct virtual_nets *v = NULL, *copy = NULL;

	(void)ctx;
	if (virtual_read("vnet:%priv,%v4:10.0.0.0/8", &v, NULL) == CYG_OK)
		copy = virtual_copy(v);
	virtual_free(v);
	virtual_free(copy);
	return copy;
}

static void short_memory_is_told(void **state)
{
	test_each_allocation_failing(read_and_copy, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(who_may_claim_what),
		cmocka_unit_test(values),
		cmocka_unit_test(short_memory_is_told),
	};

	return RUN_TESTS("conn/virtual", tests);
}
