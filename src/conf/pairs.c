/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/pairs.h"

#include "base/array.h"
#include "conf/layers.h"
#include "conf/word.h"
#include "conn/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which there are ---- */

static bool means_subnets(const struct keyword_meaning *m)
{
	return m->field && text_same(m->field->keyword, "subnets");
}

/* Does the file say it anywhere? */
static bool says_subnets(const struct conf *c)
{
	for (const struct word *w = c->file.words; w; w = w->hh.next)
		if (means_subnets(&w->meaning[SECTION_CONN]))
			return true;
	return false;
}

static bool section_says(const struct conf *c, const struct section *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (means_subnets(param_meaning(s, section_param(&c->file, s, i))))
			return true;
	return false;
}

static bool is_told_subnets(const struct conf *c, size_t section)
{
	struct layers l;

	layers_build(&l, c, section, NULL);
	for (size_t i = 0; i < l.len; i++)
		if (section_says(c, layer_section(&l, i)))
			return true;
	return false;
}

static bool has_pairs(const struct connection *c)
{
	return (c->end[0].subnets_listed || c->end[1].subnets_listed) && !c->manual &&
	       connection_group_end(c) < 0;
}

/* The first and the last index of an end's networks. */
static size_t first_of(const struct end *e)
{
	return e->subnets_listed && e->subnets_listed == e->subnets_len ? 1 : 0;
}

static size_t last_of(const struct end *e)
{
	return e->subnets_listed;
}

/* The network of an index; NULL: it may be several, or the end's address. */
static const struct ip_prefix *network(const struct end *e, size_t index)
{
	return index ? &e->subnets[e->subnets_len - e->subnets_listed + index - 1] : NULL;
}

/* Between networks of different families goes nothing. */
static bool can_meet(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return !a || !b || a->addr.family == b->addr.family;
}

static void complain_taken(const struct conf *c, const struct section *s, const char *name,
			   struct problems *problems)
{
	struct diag d;

	diag_set(&d, "conn-twice", NULL,
		 "conn %s stands in the place of a pair of networks of conn %s", name, s->name);
	diag_hint(&d, "call it otherwise, or take its network out of subnets=");
	problems_add_at(problems, PROBLEM_WARNING, &d, &s->place);
}

/* One more pair, named and in order. */
static bool list_pair(struct conf *c, size_t section, size_t i, size_t j,
		      struct problems *problems)
{
	const struct section *s = &c->file.sections[section];
	char name[CONF_NAME_MAX + 32];
	struct pair *more;
	uint32_t index = (uint32_t)(c->file.len + c->pairs_len);

	snprintf(name, sizeof(name), "%s/%zux%zu", s->name, i, j);
	if (named_find(c->conns.by_name, name)) {
		complain_taken(c, s, name, problems);
		return true;
	}
	more = array_grow(c->pairs, c->pairs_len, &c->pairs_cap, sizeof(*more));
	if (!more)
		return false;
	c->pairs = more;
	more[c->pairs_len] = (struct pair){conf_keep_word(c, name, strlen(name)),
					   (uint32_t)section, (uint16_t)i, (uint16_t)j};
	return more[c->pairs_len].name &&
	       conf_add_name(&c->conns.by_name, more[c->pairs_len].name, index) &&
	       conf_add_name(&c->by_alias, s->name, index) && ++c->pairs_len;
}

/* Those of a section; none of one that is faulty, which its reader is told. */
static bool list_pairs_of(struct conf *c, size_t section, struct problems *problems)
{
	const char *name = c->file.sections[section].name;
	struct named *n;
	struct connection *conn;
	struct diag why;
	enum cyg_err err;
	bool well = true;

	if (!is_told_subnets(c, section))
		return true;
	err = conf_read_section(c, section, &conn, NULL, &why);
	if (err)
		return err != CYG_NOMEM;
	if (has_pairs(conn)) {
		const struct end *l = &conn->end[0], *r = &conn->end[1];

		HASH_FIND_STR(c->conns.by_name, name, n);
		n->in_pairs = true;
		for (size_t i = first_of(l); well && i <= last_of(l); i++)
			for (size_t j = first_of(r); well && j <= last_of(r); j++)
				well = !can_meet(network(l, i), network(r, j)) ||
				       list_pair(c, section, i, j, problems);
	}
	connection_unref(conn);
	return well;
}

static bool put(uint32_t **order, size_t *len, size_t *cap, uint32_t index)
{
	uint32_t *more = array_grow(*order, *len, cap, sizeof(*more));

	if (!more)
		return false;
	*order = more;
	more[(*len)++] = index;
	return true;
}

bool pairs_list(struct conf *c, struct problems *problems)
{
	uint32_t *order = NULL;
	size_t len = 0, cap = 0;
	bool well = true;

	if (!says_subnets(c))
		return true;
	for (size_t i = 0; well && i < c->conns.len; i++) {
		uint32_t section = c->conns.order[i];
		size_t before = c->pairs_len;

		well = list_pairs_of(c, section, problems);
		if (c->pairs_len == before)
			well = well && put(&order, &len, &cap, section);
		for (size_t k = before; well && k < c->pairs_len; k++)
			well = put(&order, &len, &cap, (uint32_t)(c->file.len + k));
	}
	if (!well) {
		free(order);
		return false;
	}
	free(c->conns.order);
	c->conns.order = order;
	c->conns.len = len;
	return true;
}

/* ---- one of them ---- */

static bool is_inside(const struct end *e, const struct ip_addr *a)
{
	for (size_t i = 0; i < e->subnets_len; i++)
		if (prefix_contains(&e->subnets[i], a))
			return true;
	return !e->subnets_len;
}

/* Of an end's networks those of an index. What is not in them can't be a source for them. */
static void cut(struct end *e, size_t index)
{
	const struct ip_prefix *listed = network(e, index);
	size_t own = e->subnets_len - e->subnets_listed;

	if (listed) {
		e->subnets[0] = *listed;
		e->dynamic = false;
	}
	e->subnets_len = index ? 1 : own;
	e->subnets_listed = 0;
	if (!is_inside(e, &e->more_source_ip))
		e->more_source_ip = (struct ip_addr){.family = IP_NONE};
	if (!is_inside(e, &e->source_ip)) {
		e->source_ip = e->more_source_ip;
		e->more_source_ip = (struct ip_addr){.family = IP_NONE};
	}
}

static bool has_alias(const struct connection *c, const char *name)
{
	for (size_t i = 0; i < c->aliases_len; i++)
		if (!strcmp(c->aliases[i], name))
			return true;
	return false;
}

bool pairs_take(struct connection *c, const struct pair *pair)
{
	char *name = strdup(pair->name);
	char **aliases = reallocarray(c->aliases, c->aliases_len + 1, sizeof(*aliases));

	if (aliases)
		c->aliases = aliases;
	if (!name || !aliases) {
		free(name);
		return false;
	}
	if (has_alias(c, c->name))
		free(c->name);
	else
		c->aliases[c->aliases_len++] = c->name;
	c->name = name;
	cut(&c->end[0], pair->left);
	cut(&c->end[1], pair->right);
	return true;
}
