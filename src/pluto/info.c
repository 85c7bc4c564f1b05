/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/info.h"

/*
 * Values are addresses and interface names; quoting keeps a strange name from being more than a
 * value.
 */
static void add(struct text *out, const char *key, const char *value)
{
	text_add(out, "%s='", key);
	for (; *value; value++)
		text_add_str(out, *value == '\'' ? "'\\''" : (char[]){*value, '\0'});
	text_add_str(out, "'\n");
}

static void add_addr(struct text *out, const char *key, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	add(out, key, ip_is_set(a) ? ip_print(a, text) : "");
}

void info_text(const struct host_view *h, struct text *out)
{
	add(out, "defaultroutephys", h->default_v4.interface);
	add(out, "defaultroutevirt", "none");
	add_addr(out, "defaultrouteaddr", &h->default_v4.addr);
	add_addr(out, "defaultroutenexthop", &h->default_v4.nexthop);
	add(out, "defaultroute6phys", h->default_v6.interface);
	add_addr(out, "defaultroute6addr", &h->default_v6.addr);
	add_addr(out, "defaultroute6nexthop", &h->default_v6.nexthop);
}
