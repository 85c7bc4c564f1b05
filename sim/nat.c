/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NAT as they are found at homes: one outside port for each inside address
 * and port, whoever is at the other end, forgotten when it falls silent.
 */
#include "sim/nat.h"

#include "sim/machine.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_PORT 20000

static struct ip_addr parse(const char *text)
{
	struct ip_addr a;

	if (ip_parse(text, &a)) {
		fprintf(stderr, "sim: %s is no address\n", text);
		exit(3);
	}
	return a;
}

struct nat *nat_new(struct world *w, const char *name, const char *outside, nsec idle)
{
	struct nat *n = sim_alloc(sizeof(*n));

	snprintf(n->name, sizeof(n->name), "%s", name);
	n->outside = parse(outside);
	n->idle = idle;
	n->next_port = FIRST_PORT;
	list_init(&n->mappings);
	list_append(&w->net.nats, &n->link);
	return n;
}

static void forget(struct mapping *m)
{
	list_remove(&m->link);
	free(m);
}

void nat_free(struct nat *n)
{
	LIST_EACH(m, &n->mappings, struct mapping, link)
		forget(m);
	free(n);
}

void nat_rebind(struct world *w, struct nat *n, const char *outside)
{
	char text[IP_TEXT_MAX];

	LIST_EACH(m, &n->mappings, struct mapping, link)
		forget(m);
	if (outside)
		n->outside = parse(outside);
	tell_story(w, "%s forgets its mappings%s%s", n->name, outside ? " and moves to " : "",
		   outside ? ip_print(&n->outside, text) : "");
}

struct nat *nat_at(const struct world *w, const struct ip_addr *outside)
{
	LIST_EACH(n, &w->net.nats, struct nat, link)
		if (ip_equal(&n->outside, outside))
			return n;
	return NULL;
}

static void expire(struct world *w, struct nat *n)
{
	LIST_EACH(m, &n->mappings, struct mapping, link)
		if (w->now - m->used_at > n->idle)
			forget(m);
}

static struct mapping *find_inside(const struct nat *n, const struct endpoint *inside)
{
	LIST_EACH(m, &n->mappings, struct mapping, link)
		if (endpoint_equal(&m->inside, inside))
			return m;
	return NULL;
}

void nat_out(struct world *w, struct nat *n, struct endpoint *source)
{
	struct mapping *m;

	expire(w, n);
	m = find_inside(n, source);
	if (!m) {
		m = sim_alloc(sizeof(*m));
		m->inside = *source;
		m->port = n->next_port++;
		list_append(&n->mappings, &m->link);
	}
	m->used_at = w->now;
	source->addr = n->outside;
	source->port = m->port;
}

bool nat_in(struct world *w, struct nat *n, struct endpoint *to)
{
	expire(w, n);
	LIST_EACH(m, &n->mappings, struct mapping, link) {
		if (m->port != to->port)
			continue;
		m->used_at = w->now;
		*to = m->inside;
		return true;
	}
	return false;
}

bool nat_outside(const struct nat *n, const struct endpoint *inside, struct endpoint *ret)
{
	struct mapping *m = find_inside(n, inside);

	if (!m)
		return false;
	*ret = (struct endpoint){n->outside, m->port};
	return true;
}
