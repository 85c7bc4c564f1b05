/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/policy/compared.h"

#include "base/addr.h"

size_t compared;

bool __real_prefix_contains(const struct ip_prefix *p, const struct ip_addr *a);
bool __wrap_prefix_contains(const struct ip_prefix *p, const struct ip_addr *a);
bool __real_ip_equal(const struct ip_addr *a, const struct ip_addr *b);
bool __wrap_ip_equal(const struct ip_addr *a, const struct ip_addr *b);
int __real_ip_compare(const struct ip_addr *a, const struct ip_addr *b);
int __wrap_ip_compare(const struct ip_addr *a, const struct ip_addr *b);

bool __wrap_prefix_contains(const struct ip_prefix *p, const struct ip_addr *a)
{
	compared++;
	return __real_prefix_contains(p, a);
}

bool __wrap_ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	compared++;
	return __real_ip_equal(a, b);
}

int __wrap_ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	compared++;
	return __real_ip_compare(a, b);
}
