/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/bands.h"

#include "plane/esp/esp.h"

#include <linux/rtnetlink.h>

#define BANDS 8u

struct bands bands_usual(uint32_t rule_priority)
{
	return (struct bands){
		.own = rule_priority - ESP_OWN_BEFORE,
		.bypass = rule_priority - ESP_BYPASS_BEFORE,
		.front = rule_priority - ESP_FRONT_BEFORE,
		.branch = {rule_priority - ESP_BRANCH_BEFORE(0),
			   rule_priority - ESP_BRANCH_BEFORE(1)},
		.sourced = rule_priority - ESP_SOURCED_BEFORE,
		.unsourced = rule_priority - ESP_UNSOURCED_BEFORE,
		.main = rule_priority,
	};
}

/* Close together, so that there is room for thousands of moves. */
static struct bands bands_close(uint32_t main)
{
	return (struct bands){
		.own = main - 7,
		.bypass = main - 6,
		.front = main - 5,
		.branch = {main - 3, main - 4},
		.sourced = main - 2,
		.unsourced = main - 1,
		.main = main,
	};
}

bool bands_before(uint32_t priority, uint32_t rule_priority, struct bands *ret)
{
	uint32_t instance = (rule_priority - ESP_TABLE) % (ESP_INSTANCE_MAX + 1);
	uint32_t room = BANDS * instance + BANDS + 1;

	if (priority < room)
		return false;
	*ret = bands_close(priority - 1 - BANDS * instance);
	return true;
}

struct search {
	uint32_t table;
	uint32_t mains[BANDS_FOUND_MAX];
	int len;
	uint32_t others;
};

static void note_main(struct search *s, uint32_t priority)
{
	for (int i = 0; i < s->len; i++)
		if (s->mains[i] == priority)
			return;
	if (s->len < BANDS_FOUND_MAX)
		s->mains[s->len++] = priority;
}

static void look(void *search, const struct net_rule *r)
{
	struct search *s = search;

	if (r->protocol == ESP_ROUTE_PROTOCOL) {
		if (r->table == s->table && !r->go_to)
			note_main(s, r->priority);
	} else if (r->priority && r->table != RT_TABLE_LOCAL && !r->l3mdev &&
		   r->priority < s->others) {
		s->others = r->priority;
	}
}

static enum cyg_err look_at_all(struct net *net, struct search *s, struct diag *why)
{
	enum cyg_err err = net_rules_each(net, IP_V4, look, s, why), v6;

	if (err)
		return err;
	/* A kernel without IPv6 has no rules of it. */
	v6 = net_rules_each(net, IP_V6, look, s, why);
	return v6 == CYG_UNSUPPORTED ? CYG_OK : v6;
}

int bands_find(struct net *net, uint32_t table, uint32_t rule_priority,
	       struct bands found[BANDS_FOUND_MAX])
{
	struct search s = {.table = table, .others = UINT32_MAX};

	if (look_at_all(net, &s, NULL))
		return -1;
	for (int i = 0; i < s.len; i++)
		found[i] = s.mains[i] == rule_priority ? bands_usual(rule_priority)
						       : bands_close(s.mains[i]);
	return s.len;
}

enum cyg_err bands_others(struct net *net, uint32_t *ret, struct diag *why)
{
	struct search s = {.others = UINT32_MAX};
	enum cyg_err err = look_at_all(net, &s, why);

	*ret = s.others;
	return err;
}
