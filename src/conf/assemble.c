/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection from its layers. A keyword's strongest mention wins; within
 * one section two different values are a matter of the dialect. An empty value
 * counts as a mention: it takes back what a weaker layer says.
 */
#include "base/text.h"
#include "conf/layers.h"
#include "conf/pairs.h"
#include "conf/word.h"
#include "conn/field.h"
#include "conn/internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Slots of what can be said: a field's two ends, then a row's two ends. */
#define FIELD_SLOTS (conn_fields_len * 2)
#define SLOTS (FIELD_SLOTS + keyword_conn_len * 2)

/* A mention that counts. */
struct mention {
	const struct param *param;
	const struct keyword_meaning *meaning;
	uint16_t layer;
	uint8_t which; /* after flipping */
};

struct assembly {
	struct layers layers;
	struct connection *c;
	struct mention *mentions;
	uint16_t *by_slot; /* index of the mention + 1 */
	size_t len;
};

static size_t slot_of(const struct keyword_meaning *m, int which)
{
	size_t side = which == 1;

	if (m->field)
		return (size_t)(m->field - conn_fields) * 2 + side;
	return FIELD_SLOTS + (size_t)(keyword_canonical(m->row) - keyword_conn_rows) * 2 + side;
}

/* What rooms below found, of this connection. */
static void name_conn(const struct assembly *a, struct diag *d)
{
	diag_prefix(d, "conn %s: ", a->c->name);
}

/* Behind a method the secret itself may stand, by mistake. */
static bool may_hold_secret(const struct section *s, const struct param *p)
{
	const struct field *f = param_meaning(s, p)->field;

	return f && text_among("authby auth", f->keyword);
}

static void complain_conflict(struct assembly *a, const struct section *s,
			      const struct param *p, const struct param *before)
{
	struct place place = param_place(s, p);
	uint8_t twice = a->layers.conf->rules->twice;
	struct diag d;

	conf_twice(s, p, before, twice, may_hold_secret(s, p), &d);
	if (twice == TWICE_REFUSED)
		layers_fault(&a->layers, &d, &place);
	else
		layers_note(&a->layers, PROBLEM_WARNING, &d, &place);
}

static void mention(struct assembly *a, size_t layer, const struct param *p)
{
	const struct section *s = layer_section(&a->layers, layer);
	const struct keyword_meaning *m = param_meaning(s, p);
	uint8_t which = m->which;
	struct mention *before;
	size_t slot;

	if (a->layers.items[layer].flip && which != KEYWORD_NEITHER)
		which = !which;
	slot = slot_of(m, which);
	if (!a->by_slot[slot]) {
		a->mentions[a->len++] = (struct mention){p, m, (uint16_t)layer, which};
		a->by_slot[slot] = (uint16_t)a->len;
		return;
	}
	before = &a->mentions[a->by_slot[slot] - 1];
	if (before->layer != layer || !m->field || !strcmp(before->param->value, p->value))
		return;
	complain_conflict(a, s, p, before->param);
	if (a->layers.conf->rules->twice == TWICE_LAST)
		*before = (struct mention){p, m, (uint16_t)layer, which};
}

static void gather(struct assembly *a)
{
	const struct conf_file *f = &a->layers.conf->file;

	for (size_t i = 0; i < a->layers.len; i++) {
		const struct section *s = layer_section(&a->layers, i);

		for (size_t k = 0; k < s->len; k++) {
			const struct param *p = section_param(f, s, k);
			const struct keyword_meaning *m = param_meaning(s, p);
			struct place place = param_place(s, p);
			struct diag d;

			if (m->is_note)
				continue;
			if (m->row || m->field) {
				mention(a, i, p);
				continue;
			}
			conf_unknown_word(s, p, &d);
			layers_fault(&a->layers, &d, &place);
		}
	}
}

static void take_unbuilt(struct assembly *a, const struct mention *m, const struct section *s)
{
	struct place place = param_place(s, m->param), at_value = value_place(s, m->param);
	enum problem_level level;
	char whose[CONF_NAME_MAX + 16];
	size_t used = 0;
	struct diag d;

	if (!m->meaning->row || !*m->param->value)
		return;
	if (!m->meaning->field &&
	    keyword_check(m->meaning->row, param_keyword(m->param), m->param->value, &d)) {
		name_conn(a, &d);
		layers_fault(&a->layers, &d, &at_value);
		return;
	}
	buf_add(whose, sizeof(whose), &used, "conn %s: ", a->c->name);
	if (!conf_word_unbuilt(m->meaning, whose, m->param, &d, &level))
		return;
	if (level == PROBLEM_ERROR)
		layers_fault(&a->layers, &d, &place);
	else
		layers_note(&a->layers, level, &d, &place);
}

/* Where proposals that a mention says are kept, and the last ones read; NULL: it says others. */
static const struct proposals **proposals_of(struct assembly *a, const struct mention *m,
					     struct read_proposals **ret_last)
{
	const struct field *f = m->meaning->field;

	if (f->offset == offsetof(struct connection, ike) && !f->per_end) {
		*ret_last = &a->layers.conf->last[0];
		return &a->c->ike;
	}
	*ret_last = &a->layers.conf->last[1];
	return f->offset == offsetof(struct connection, esp) && !f->per_end ? &a->c->esp : NULL;
}

/* As field_read, but that what the same line said to another connection is not read again. */
static enum cyg_err set(struct assembly *a, const struct mention *m, struct diag *why)
{
	struct read_proposals *last;
	const struct proposals **to = proposals_of(a, m, &last);
	enum cyg_err err;

	if (to && last->from == m->param) {
		diag_clear(why);
		*to = proposals_ref(last->proposals);
		return CYG_OK;
	}
	err = field_read(a->c, m->which == 1, m->meaning->field, m->param->value, why);
	if (!err && to && !diag_is_set(why)) {
		proposals_unref(last->proposals);
		*last = (struct read_proposals){m->param, proposals_ref(*to)};
	}
	return err;
}

static void take(struct assembly *a, const struct mention *m)
{
	const struct section *s = layer_section(&a->layers, m->layer);
	struct place at_value;
	enum cyg_err err;
	struct diag d;

	take_unbuilt(a, m, s);
	if (!m->meaning->field || !*m->param->value)
		return;
	at_value = value_place(s, m->param);
	err = set(a, m, &d);
	diag_prefix(&d, "conn %s: %s=: ", a->c->name, param_keyword(m->param));
	if (err)
		layers_fault(&a->layers, &d, &at_value);
	else if (diag_is_set(&d))
		layers_note(&a->layers, PROBLEM_WARNING, &d, &at_value);
}

/* What the dialect has where nothing is said. */
static void take_defaults(struct assembly *a)
{
	const struct dialect_default *d = a->layers.conf->rules->defaults;
	struct diag why;

	for (; d->keyword; d++) {
		struct keyword_meaning m = keyword_find(SECTION_CONN, d->keyword);

		if (m.field && !a->by_slot[slot_of(&m, m.which)] &&
		    field_set(a->c, m.which == 1, m.field, d->value, &why)) {
			name_conn(a, &why);
			layers_fault(&a->layers, &why, &layer_section(&a->layers, 0)->place);
		}
	}
}

static bool is_late(const struct mention *m)
{
	return m->meaning->field && (m->meaning->field->adds || m->meaning->field->late);
}

/* Where one dialect would have taken it. */
static void hint_dialect(const struct assembly *a, struct diag *d)
{
	if (a->layers.conf->setup.dialect == DIALECT_ANY && !strcmp(d->code, "end-missing"))
		diag_hint(
			d,
			"a connection has two ends, left= and right=; with dialect=strongswan in "
			"config setup a missing left= is %%defaultroute, a missing right= %%any");
}

/* What is said of the connection as a whole. */
static void note_rule(struct assembly *a, enum problem_level level, struct diag *d)
{
	name_conn(a, d);
	layers_note(&a->layers, level, d, &layer_section(&a->layers, 0)->place);
}

static enum cyg_err assemble(struct assembly *a)
{
	const struct place *head = &layer_section(&a->layers, 0)->place;
	enum cyg_err err;
	struct diag d;

	if (connection_name_check(a->c->name, &d))
		layers_fault(&a->layers, &d, head);
	gather(a);
	a->c->dialect = a->layers.conf->setup.dialect;
	take_defaults(a);
	for (int late = 0; late < 2; late++) {
		for (size_t i = 0; i < a->len; i++) {
			if (is_late(&a->mentions[i]) == late)
				take(a, &a->mentions[i]);
		}
	}
	if (a->layers.faulty)
		return CYG_MALFORMED;
	err = connection_check(a->c, &d);
	if (!err) {
		if (connection_auth_unbuilt(a->c, &d))
			note_rule(a,
				  conf_is_made_up(a->layers.conf, a->c->name)
					  ? PROBLEM_NOTE /* oe= has told it once */
					  : PROBLEM_WARNING,
				  &d);
		if (connection_auth_null(a->c, &d))
			note_rule(a, PROBLEM_WARNING, &d);
		if (connection_pfs_idle(a->c, &d))
			note_rule(a, PROBLEM_WARNING, &d);
		if (connection_own_pool(a->c, connection_sure_end(a->c), &d))
			note_rule(a, PROBLEM_WARNING, &d);
		return CYG_OK;
	}
	if (err == CYG_NOMEM)
		return err;
	hint_dialect(a, &d);
	name_conn(a, &d);
	layers_fault(&a->layers, &d, head);
	return CYG_MALFORMED;
}

static enum cyg_err no_such(const struct conf *c, const char *name, struct diag *why)
{
	const char **names = calloc(c->conns.len + 1, sizeof(*names));
	const char *near = NULL;

	for (size_t i = 0; names && i < c->conns.len; i++)
		names[i] = conf_conn_name(c, i);
	if (names)
		near = text_nearest(name, names, c->conns.len);
	diag_set(why, "conn-unknown", NULL,
		 "no section  conn %s  and no connalias=%s in the configuration", name, name);
	if (near)
		diag_hint(why, "did you mean %s?", near);
	free(names);
	return CYG_NOTFOUND;
}

/* By name or by alias; of a section whose pairs are connections, the first one of them. */
static const struct named *find(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);

	if (!n)
		n = named_find(c->by_alias, name);
	if (n && !conf_pair(c, n->index) && !n->in_pairs)
		n = named_find(c->conns.by_name, c->file.sections[n->index].name);
	return n && n->in_pairs ? conf_next_pair(c, n, NULL) : n;
}

enum cyg_err conf_read_section(const struct conf *c, size_t index, struct connection **ret,
				 struct problems *problems, struct diag *why)
{
	const char *name = c->file.sections[index].name;
	struct assembly a = {.len = 0};
	enum cyg_err err = CYG_NOMEM;

	layers_build(&a.layers, c, index, problems);
	a.c = connection_new(name);
	a.mentions = malloc(SLOTS * sizeof(*a.mentions));
	a.by_slot = calloc(SLOTS, sizeof(*a.by_slot));
	if (a.c && a.mentions && a.by_slot)
		err = assemble(&a);
	free(a.mentions);
	free(a.by_slot);
	if (!err) {
		*ret = a.c;
		return CYG_OK;
	}
	connection_unref(a.c);
	if (err == CYG_NOMEM)
		diag_set(why, "no-memory", NULL, "no memory to read conn %s", name);
	else if (why)
		*why = a.layers.first;
	return err;
}

enum cyg_err conf_connection(const struct conf *c, const char *name, struct connection **ret,
			     struct problems *problems, struct diag *why)
{
	const struct named *n = find(c, name);
	const struct pair *pair = n ? conf_pair(c, n->index) : NULL;
	enum cyg_err err;

	if (!n)
		return no_such(c, name, why);
	err = conf_read_section(c, conf_section_of(c, n->index), ret, problems, why);
	if (!err && pair && !pairs_take(*ret, pair)) {
		connection_unref(*ret);
		diag_set(why, "no-memory", NULL, "no memory to read conn %s", name);
		err = CYG_NOMEM;
	}
	return err;
}

void conf_check_shadowed(const struct conf *c, struct problems *problems)
{
	for (size_t i = 0; i < c->shadowed_len; i++) {
		struct problems found = {0};
		struct connection *conn;

		if (!conf_read_section(c, c->shadowed[i], &conn, &found, NULL))
			connection_unref(conn);
		for (size_t k = 0; k < found.len; k++)
			if (!strcmp(found.items[k].diag.code, "end-missing"))
				found.items[k].level =
					PROBLEM_NOTE; /* it may be a part of others */
			else if (found.items[k].level == PROBLEM_ERROR)
				found.items[k].level = PROBLEM_WARNING;
		found.errors = 0;
		problems_move(&found, problems);
	}
}

/* ---- one value alone ---- */

/* What is looked for: a field, or the row of a word that is none. */
struct sought {
	const struct field *field;
	const struct keyword *row;
	uint8_t which; /* KEYWORD_NEITHER: of the connection */
};

static bool is_sought(const struct sought *s, const struct keyword_meaning *m, bool flip)
{
	if (s->field ? m->field != s->field : m->row != s->row)
		return false;
	return s->which == KEYWORD_NEITHER || (m->which != flip) == (s->which == 1);
}

/* The strongest mention in the layers; NULL: none. */
static const struct param *strongest(const struct layers *l, const struct sought *sought,
				     size_t *ret_layer)
{
	bool last = l->conf->rules->twice == TWICE_LAST;

	for (size_t i = 0; i < l->len; i++) {
		const struct section *s = layer_section(l, i);
		const struct param *found = NULL;

		for (size_t k = 0; k < s->len && (last || !found); k++) {
			const struct param *p = section_param(&l->conf->file, s, k);
			const struct keyword_meaning *m = param_meaning(s, p);

			if (is_sought(sought, m, l->items[i].flip))
				found = p;
		}
		if (found) {
			*ret_layer = i;
			return found;
		}
	}
	return NULL;
}

static const char *dialect_value(const struct conf *c, const struct field *f, int which)
{
	for (const struct dialect_default *d = c->rules->defaults; d->keyword; d++) {
		struct keyword_meaning m = keyword_find(SECTION_CONN, d->keyword);

		if (m.field == f && (!f->per_end || m.which == which))
			return d->value;
	}
	return NULL;
}

static void tell_origin(const struct layers *l, size_t layer, const struct param *p,
			struct conf_origin *ret)
{
	const struct section *s = layer_section(l, layer);

	*ret = (struct conf_origin){
		l->items[layer].from,  param_keyword(p), p->value,        s->name,
		s->place.source->path, p->line,          p->value_column, value_place(s, p)};
}

bool conf_said(const struct conf *c, const char *name, const char *keyword,
	       struct conf_origin *ret)
{
	struct keyword_meaning m = keyword_find(SECTION_CONN, keyword);
	struct sought sought = {m.field, m.row, m.which};
	const struct named *n = find(c, name);
	const struct param *p;
	struct layers l;
	size_t layer;

	if (!n || (!m.row && !m.field))
		return false;
	layers_build(&l, c, conf_section_of(c, n->index), NULL);
	p = strongest(&l, &sought, &layer);
	if (!p || !*p->value)
		return false;
	tell_origin(&l, layer, p, ret);
	return true;
}

/* The network of a pair stands in subnets=. */
static const struct field *said_as(const struct pair *pair, const struct field *f, int which)
{
	if (pair && text_same(f->keyword, "subnet") && (which ? pair->right : pair->left))
		return field_by_keyword("subnets", true);
	return f;
}

bool conf_origin(const struct conf *c, const char *name, const struct field *f, int which,
		 struct conf_origin *ret)
{
	struct sought sought = {NULL, NULL, f->per_end ? which == 1 : KEYWORD_NEITHER};
	const struct named *n = find(c, name);
	const struct param *p;
	struct layers l;
	size_t layer;

	if (!n)
		return false;
	sought.field = said_as(conf_pair(c, n->index), f, which);
	*ret = (struct conf_origin){.from = CONF_FROM_NOWHERE};
	layers_build(&l, c, conf_section_of(c, n->index), NULL);
	p = strongest(&l, &sought, &layer);
	if (!p) {
		ret->value = dialect_value(c, f, which);
		if (ret->value)
			ret->from = CONF_FROM_DIALECT;
		return true;
	}
	tell_origin(&l, layer, p, ret);
	return true;
}

bool conf_conn_place(const struct conf *c, const char *name, struct conf_origin *ret)
{
	const struct named *n = find(c, name);
	const struct section *s;

	if (!n)
		return false;
	s = &c->file.sections[conf_section_of(c, n->index)];
	*ret = (struct conf_origin){.from = CONF_FROM_SECTION,
				    .section = s->name,
				    .file = s->place.source->path,
				    .line = s->place.line,
				    .column = 1,
				    .place = s->place};
	return true;
}

bool conf_setup_place(const struct conf *c, const char *keyword, struct conf_origin *ret)
{
	const struct keyword *wanted = keyword_find(SECTION_SETUP, keyword).row;
	bool found = false;

	for (size_t i = 0; wanted && i < c->file.len; i++) {
		const struct section *s = &c->file.sections[i];

		for (size_t k = 0; s->kind == SECTION_SETUP && k < s->len; k++) {
			const struct param *p = section_param(&c->file, s, k);
			const struct keyword *row = param_meaning(s, p)->row;

			if (!row || keyword_canonical(row) != keyword_canonical(wanted))
				continue;
			*ret = (struct conf_origin){
				CONF_FROM_SECTION, param_keyword(p),      p->value,
				s->name,           s->place.source->path, p->line,
				p->value_column,   value_place(s, p)};
			found = true;
		}
	}
	return found;
}

const char *conf_origin_print(const struct conf_origin *o, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	if (o->from == CONF_FROM_NOWHERE)
		buf_add(buf, cap, &used, "built-in default");
	else if (o->from == CONF_FROM_DIALECT)
		buf_add(buf, cap, &used, "default of dialect=");
	else
		buf_add(buf, cap, &used, "%s%s, %s:%u",
			o->from == CONF_FROM_ALSO ? "also="
			: o->of_ca                ? "ca "
						  : "conn ",
			o->section, o->file, o->line);
	return buf;
}

/* The strongest auto= of a section, its layers in *l; NULL: none. */
static const struct param *auto_of(const struct conf *c, const struct named *n,
				   struct layers *l)
{
	struct sought sought = {field_by_keyword("auto", false), NULL, KEYWORD_NEITHER};
	size_t layer;

	layers_build(l, c, conf_section_of(c, n->index), NULL);
	return strongest(l, &sought, &layer);
}

static bool follow_auto(const struct param *p, struct connection *to)
{
	struct diag why;

	return *p->value && !field_set(to, 0, field_by_keyword("auto", false), p->value, &why);
}

int conf_conn_start(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);
	struct connection auto_alone = {.start = START_IGNORE};
	const struct param *p;
	struct layers l;

	p = n ? auto_of(c, n, &l) : NULL;
	return p && follow_auto(p, &auto_alone) ? auto_alone.start : START_IGNORE;
}

static bool is_near_auto(const struct section *s, const struct param *p)
{
	const char *near = p->word->near[s->kind];

	return !param_meaning(s, p)->row && near && text_same(near, "auto");
}

bool conf_start_is_garbled(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);
	struct connection auto_alone = {.start = START_IGNORE};
	const struct param *p;
	struct layers l;

	p = n ? auto_of(c, n, &l) : NULL;
	if (p && *p->value && !follow_auto(p, &auto_alone))
		return true;
	for (size_t i = 0; n && i < l.len; i++) {
		const struct section *s = layer_section(&l, i);

		for (size_t k = 0; k < s->len; k++)
			if (is_near_auto(s, section_param(&c->file, s, k)))
				return true;
	}
	return false;
}
