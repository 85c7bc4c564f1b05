/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/dialect.h"

#include <stddef.h>

/* In one grammar an end that is not written is this host, or whoever comes. */
static const struct dialect_default strongswan_defaults[] = {
	{"left", "%defaultroute"}, {"right", "%any"},    {"ikelifetime", "3h"},
	{"salifetime", "1h"},      {"keyingtries", "3"}, {"dpdaction", "none"},
	{"replay-window", "32"},   {NULL, NULL},
};

static const struct dialect_default openswan_defaults[] = {
	{"ikelifetime", "1h"},
	{"replay-window", "32"},
	{NULL, NULL},
};

static const struct dialect_default no_defaults[] = {{NULL, NULL}};

static const struct dialect_rules rules[] = {
	[DIALECT_ANY] = {TWICE_REFUSED, false, no_defaults},
	[DIALECT_OPENSWAN] = {TWICE_REFUSED, false, openswan_defaults},
	[DIALECT_LIBRESWAN] = {TWICE_FIRST, false, no_defaults},
	[DIALECT_STRONGSWAN] = {TWICE_LAST, true, strongswan_defaults},
};

const struct dialect_rules *dialect_rules(uint8_t dialect)
{
	return &rules[dialect < sizeof(rules) / sizeof(rules[0]) ? dialect : DIALECT_ANY];
}
