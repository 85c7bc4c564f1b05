/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/listen.h"

#include "base/array.h"
#include "pluto/ports.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

/* The address at *at, which moves behind it and its comma. */
static bool next_address(const char **at, struct ip_addr *ret)
{
	char word[IP_TEXT_MAX];
	size_t len = strcspn(*at, ",");

	if (len >= sizeof(word))
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len + ((*at)[len] == ',');
	return ip_parse(word, ret) == CYG_OK;
}

bool listen_valid(const char *list)
{
	struct ip_addr a;

	while (list && *list)
		if (!next_address(&list, &a))
			return false;
	return true;
}

static bool allows(const char *list, const struct ip_addr *a)
{
	struct ip_addr one;

	if (!list || !*list)
		return true;
	while (*list)
		if (next_address(&list, &one) && ip_equal(&one, a))
			return true;
	return false;
}

enum cyg_err listen_filter(const char *list, const struct host_view *from,
			   struct host_view *ret)
{
	struct host_address *kept = calloc(from->addresses_len + 1, sizeof(*kept));
	struct host_view v = *from;

	if (!kept)
		return CYG_NOMEM;
	v.addresses = kept;
	v.addresses_len = 0;
	for (size_t i = 0; i < from->addresses_len; i++)
		if (allows(list, &from->addresses[i].addr))
			kept[v.addresses_len++] = from->addresses[i];
	if (!allows(list, &v.default_v4.addr))
		memset(&v.default_v4, 0, sizeof(v.default_v4));
	if (!allows(list, &v.default_v6.addr))
		memset(&v.default_v6, 0, sizeof(v.default_v6));
	*ret = v;
	return CYG_OK;
}

bool listen_own_port(const struct loaded *l, struct endpoint *ret)
{
	uint16_t port = l->local < 0 ? 0 : l->connection->end[l->local].ike_port;

	if (!port || port == PORT_IKE || port == PORT_ENCAP || !ip_is_set(&l->local_addr))
		return false;
	*ret = (struct endpoint){l->local_addr, port};
	return true;
}

enum cyg_err listen_own_ports(const struct policy *p, struct endpoint **ret, size_t *ret_len)
{
	struct endpoint *list = NULL, *more, one;
	size_t len = 0, cap = 0;

	for (const struct loaded *l = policy_next(p, NULL); l; l = policy_next(p, l)) {
		if (l->instance || !listen_own_port(l, &one))
			continue;
		more = array_grow(list, len, &cap, sizeof(*list));
		if (!more) {
			free(list);
			return CYG_NOMEM;
		}
		list = more;
		list[len++] = one;
	}
	*ret = list;
	*ret_len = len;
	return CYG_OK;
}
