/* SPDX-License-Identifier: Apache-2.0 */
#include "net/netlink.h"

#include "tests/unit/support/test.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* A message as the kernel would send it: an address header, then attributes as they are. */
static struct nlmsghdr *message_with(struct view attrs)
{
	static _Alignas(struct nlmsghdr) char octets[512];
	struct nlmsghdr *m;

	memset(octets, 0, sizeof(octets));
	m = mnl_nlmsg_put_header(octets);
	m->nlmsg_type = RTM_NEWADDR;
	(void)mnl_nlmsg_put_extra_header(m, sizeof(struct ifaddrmsg));
	memcpy(mnl_nlmsg_get_payload_tail(m), attrs.ptr, attrs.len);
	m->nlmsg_len += (uint32_t)attrs.len;
	return m;
}

/* Attributes that are cut off or lie about their length are not there. */
static void attributes_that_lie_are_absent(void **state)
{
	static const struct {
		const char *what, *attrs;
		bool there;
	} rows[] = {
		{"nothing", "", false},
		{"half a header", "0800", false},
		{"length 0", "0000 0100 0a000001", false},
		{"length 3", "0300 0100 0a000001", false},
		{"past the end", "0c00 0100 0a000001", false},
		{"65535", "ffff 0100 0a000001", false},
		{"a type that nobody wants", "0800 ff3f 0a000001", false},
		{"whole", "0800 0100 0a000001", true},
		{"whole, and one that lies behind it", "0800 0100 0a000001 ffff 0200", true},
	};
	const struct nlattr *out[IFA_MAX + 1];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		netlink_attrs(message_with(test_hex(rows[i].attrs)), sizeof(struct ifaddrmsg),
			      out, IFA_MAX);
		assert_int_equal(out[IFA_ADDRESS] != NULL, rows[i].there);
		for (size_t k = 2; k <= IFA_MAX; k++)
			assert_null(out[k]);
	}
}

static void values_of_wrong_length_are_none(void **state)
{
	static const struct {
		const char *attrs;
		enum ip_family family;
		uint32_t number;
	} rows[] = {
		{"0400 0100", IP_NONE, 0},
		{"0700 0100 0a000000", IP_NONE, 0},
		{"0900 0100 0a000001 00000000", IP_NONE, 0x0100000a},
		{"0800 0100 0a000001", IP_V4, 0x0100000a},
		{"1400 0100 20010db8000000000000000000000001", IP_V6, 0xb80d0120},
		{"1300 0100 20010db800000000000000000000000100", IP_NONE, 0xb80d0120},
	};
	const struct nlattr *out[IFA_MAX + 1];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].attrs);
		netlink_attrs(message_with(test_hex(rows[i].attrs)), sizeof(struct ifaddrmsg),
			      out, IFA_MAX);
		assert_non_null(out[IFA_ADDRESS]);
		assert_int_equal(netlink_ip(out[IFA_ADDRESS]).family, rows[i].family);
		assert_int_equal(netlink_u32(out[IFA_ADDRESS]), rows[i].number);
	}
	assert_int_equal(netlink_ip(NULL).family, IP_NONE);
	assert_int_equal(netlink_u32(NULL), 0);
}

static void errors_are_told_apart(void **state)
{
	assert_int_equal(netlink_error(0), CYG_OK);
	assert_int_equal(netlink_error(EEXIST), CYG_EXISTS);
	assert_int_equal(netlink_error(ESRCH), CYG_NOTFOUND);
	assert_int_equal(netlink_error(EPERM), CYG_PERM);
	assert_int_equal(netlink_error(ENOBUFS), CYG_NOMEM);
	assert_int_equal(netlink_error(EBUSY), CYG_IO);
	assert_int_equal(netlink_error(EBADMSG), CYG_IO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_that_lie_are_absent),
		cmocka_unit_test(values_of_wrong_length_are_none),
		cmocka_unit_test(errors_are_told_apart),
	};

	return RUN_TESTS("net/netlink", tests);
}
