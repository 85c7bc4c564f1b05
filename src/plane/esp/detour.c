/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/detour.h"

#include "plane/esp/esp.h"

#include <stdlib.h>

void detours_init(struct detours *d)
{
	list_init(&d->all);
}

static struct net_rule rule_of(const struct detours *d, const struct detour *one)
{
	return (struct net_rule){
		.priority = d->rule_priority,
		.go_to = d->go_to,
		.family = one->from.addr.family,
		.protocol = ESP_ROUTE_PROTOCOL,
		.source = one->from.addr,
		.source_bits = one->from.bits,
		.destination = one->to.bits ? one->to.addr : (struct ip_addr){0},
		.destination_bits = one->to.bits,
	};
}

/* Two policies may pass the same. */
static bool is_held(const struct detours *d, const struct detour *one)
{
	LIST_EACH(other, &d->all, struct detour, all)
		if (other != one && other->set && prefix_equal(&other->from, &one->from) &&
		    prefix_equal(&other->to, &one->to))
			return true;
	return false;
}

static bool is_wanted(const struct detours *d, const struct detour *one)
{
	return d->on && one->needs && !one->blocks && !one->gone;
}

void detour_settle(struct detours *d, struct detour *one)
{
	struct net_rule r = rule_of(d, one);
	enum cyg_err err;

	if (is_wanted(d, one) == one->set)
		return;
	if (!one->set) {
		/* Without it packets come to the device, and the next change tries again. */
		err = net_rule_add(d->net, &r, NULL);
		one->set = !err || err == CYG_EXISTS;
	} else {
		err = is_held(d, one) ? CYG_OK : net_rule_remove(d->net, &r);
		one->set = err && err != CYG_NOTFOUND;
		d->lags |= one->set;
	}
}

struct detour *detour_new(struct detours *d, struct list *owner, const struct ip_prefix *from,
			  const struct ip_prefix *to, uint32_t priority, uint64_t order)
{
	struct detour *one = d->len < DETOURS_MAX ? calloc(1, sizeof(*one)) : NULL;

	if (!one)
		return NULL;
	one->from = *from;
	one->to = *to;
	one->priority = priority;
	one->order = order;
	list_append(owner, &one->of_owner);
	list_append(&d->all, &one->all);
	d->len++;
	return one;
}

void detour_free(struct detours *d, struct detour *one)
{
	one->gone = true;
	detour_settle(d, one);
	list_remove(&one->of_owner);
	if (one->set)
		return;
	list_remove(&one->all);
	d->len--;
	free(one);
}

static bool meet(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return prefix_contains(a, &b->addr) || prefix_contains(b, &a->addr);
}

/* The number that a claim counts in; NULL: it does not matter. */
static unsigned *number_of(struct detour *one, const struct detour_claim *c)
{
	if (!meet(c->to, &one->to) || (c->from && !meet(c->from, &one->from)))
		return NULL;
	if (!c->from || c->priority < one->priority ||
	    (c->priority == one->priority && c->order < one->order))
		return &one->blocks;
	return c->from->bits < one->from.bits ? &one->needs : NULL;
}

void detour_heed(struct detour *one, const struct detour_claim *c)
{
	unsigned *number = number_of(one, c);

	if (number)
		++*number;
}

void detours_follow(struct detours *d, const struct detour_claim *c, bool comes)
{
	LIST_EACH(one, &d->all, struct detour, all) {
		unsigned *number = number_of(one, c);

		if (!number)
			continue;
		*number += comes ? 1 : -1u;
		detour_settle(d, one);
	}
}

void detours_turn(struct detours *d, bool on)
{
	d->on = on;
	LIST_EACH(one, &d->all, struct detour, all)
		detour_settle(d, one);
}

static void remove_kept(struct detours *d)
{
	d->lags = false;
	LIST_EACH(one, &d->all, struct detour, all) {
		if (one->gone)
			detour_free(d, one);
		else if (one->set)
			detour_settle(d, one);
	}
}

enum cyg_err detours_restore(struct detours *d, size_t *added, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	remove_kept(d);
	LIST_EACH(one, &d->all, struct detour, all) {
		struct net_rule r = rule_of(d, one);

		if (err || !one->set || !is_wanted(d, one))
			continue;
		err = net_rule_add(d->net, &r, why);
		*added += !err;
		if (err == CYG_EXISTS) {
			diag_clear(why);
			err = CYG_OK;
		}
	}
	return err;
}

void detours_done(struct detours *d)
{
	LIST_EACH(one, &d->all, struct detour, all) {
		list_remove(&one->all);
		free(one);
	}
}
