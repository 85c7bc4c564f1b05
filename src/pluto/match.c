/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/match.h"

#include "base/array.h"
#include "base/text.h"
#include "policy/policy.h"

#include <endian.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/*
 * A connection as it was when it was found: looked up again when its turn comes.
 */
struct entry {
	uint64_t first[2]; /* the name's beginning: most orders need no more */
	const struct connection *connection; /* a reference */
	uint32_t instance;
};

struct match_list {
	const struct policy *policy;
	char *name; /* what they were found by; NULL: all */
	bool exact; /* it is a connection's own */
	size_t found, connections;
	struct entry *entries; /* a heap, least first */
	size_t len, cap;
};

/* ---- names ---- */

/* "NAME[3]", NAME without a wildcard. */
static bool is_instance(const char *name)
{
	size_t plain = strcspn(name, "*?[");
	size_t digits = name[plain] == '[' ? strspn(name + plain + 1, "0123456789") : 0;

	return digits && !strcmp(name + plain + 1 + digits, "]");
}

bool match_is_pattern(const char *name)
{
	return strpbrk(name, "*?[") && !is_instance(name);
}

/* Whether `name`, which is no connection's own, means `l`. */
static bool means(const struct loaded *l, const char *name)
{
	const struct connection *c = l->connection;

	for (size_t i = 0; i < c->aliases_len; i++)
		if (!strcmp(c->aliases[i], name))
			return true;
	return match_is_pattern(name) && !fnmatch(name, c->name, 0);
}

/* ---- the list ---- */

/* The name's first octets as numbers that are ordered as it is. */
static struct entry entry_of(const struct loaded *l)
{
	struct entry e = {.connection = connection_ref(l->connection), .instance = l->instance};

	memcpy(e.first, e.connection->name, strnlen(e.connection->name, sizeof(e.first)));
	e.first[0] = be64toh(e.first[0]);
	e.first[1] = be64toh(e.first[1]);
	return e;
}

static bool before(const struct entry *a, const struct entry *b)
{
	int order;

	if (a->first[0] != b->first[0])
		return a->first[0] < b->first[0];
	if (a->first[1] != b->first[1])
		return a->first[1] < b->first[1];
	order = strcmp(a->connection->name, b->connection->name);
	return order ? order < 0 : a->instance < b->instance;
}

/* Sorting by a heap spreads its time over the whole walk: no turn of the loop pays for all. */
static void sink(struct match_list *m, size_t at)
{
	for (;;) {
		size_t least = at;
		struct entry moved;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < m->len; child++)
			if (before(&m->entries[child], &m->entries[least]))
				least = child;
		if (least == at)
			return;
		moved = m->entries[at];
		m->entries[at] = m->entries[least];
		m->entries[least] = moved;
		at = least;
	}
}

/* Instances are told with their template, unless one was named itself. */
static bool is_meant(const struct match_list *m, const struct loaded *l)
{
	const struct loaded *named = m->exact ? policy_find(m->policy, m->name) : NULL;

	if (!m->name || l == named)
		return true;
	if (m->exact)
		return named && l->template_of == named;
	return means(l, m->name);
}

static bool add(struct match_list *m, const struct loaded *l)
{
	struct entry *grown = array_grow(m->entries, m->len, &m->cap, sizeof(*grown));

	if (!grown)
		return false;
	m->entries = grown;
	m->connections += !l->instance;
	m->entries[m->len++] = entry_of(l);
	return true;
}

static bool find_all(struct match_list *m)
{
	for (struct loaded *l = policy_next(m->policy, NULL); l; l = policy_next(m->policy, l))
		if (is_meant(m, l) && !add(m, l))
			return false;
	return true;
}

/* The one named and its instances: their number is small, and all others are left alone. */
static bool find_named(struct match_list *m, struct loaded *named)
{
	if (!add(m, named))
		return false;
	LIST_EACH(l, &named->instances, struct loaded, sibling)
		if (!add(m, l))
			return false;
	return true;
}

struct match_list *match_begin(const struct policy *p, const char *name)
{
	struct match_list *m = calloc(1, sizeof(*m));
	struct loaded *named = name ? policy_find(p, name) : NULL;

	if (!m)
		return NULL;
	m->policy = p;
	m->name = name ? strdup(name) : NULL;
	m->exact = named != NULL;
	if ((name && !m->name) || !(named ? find_named(m, named) : find_all(m))) {
		match_free(m);
		return NULL;
	}
	m->found = m->len;
	for (size_t i = m->len / 2; i-- > 0;)
		sink(m, i);
	return m;
}

size_t match_count(const struct match_list *m)
{
	return m->found;
}

bool match_has(const struct match_list *m, const struct loaded *l)
{
	return l && is_meant(m, l);
}

size_t match_connections(const struct match_list *m)
{
	return m->connections;
}

static struct loaded *look_up(const struct match_list *m, const struct entry *e)
{
	struct text name = {0};
	struct loaded *l;

	if (!e->instance)
		return policy_find(m->policy, e->connection->name);
	text_add(&name, "%s[%u]", e->connection->name, e->instance);
	l = policy_find(m->policy, text_str(&name));
	text_done(&name);
	return l;
}

struct loaded *match_next(struct match_list *m)
{
	struct loaded *l = NULL;

	while (!l && m->len) {
		struct entry first = m->entries[0];

		m->entries[0] = m->entries[--m->len];
		sink(m, 0);
		l = look_up(m, &first);
		connection_unref(first.connection);
	}
	return l;
}

void match_free(struct match_list *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->len; i++)
		connection_unref(m->entries[i].connection);
	free(m->entries);
	free(m->name);
	free(m);
}
