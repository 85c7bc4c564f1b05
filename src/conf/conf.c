/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is put together from layers, the strongest first: its own
 * section, the sections that also= names in the order of mention (each with
 * what it names in turn), then the %default sections, the last one first. A
 * keyword's strongest mention wins; within one section two different values
 * are a fault. An empty value counts as a mention: it takes back what a weaker
 * layer says. alsoflip= reads a section with left and right exchanged.
 */
#include "conf/conf.h"

#include "base/text.h"
#include "conf/known.h"
#include "conf/setup.h"
#include "conn/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ALSO_MAX 32  /* sections in one connection */
#define WHICH_NONE 2 /* neither end: a keyword of the connection */
#define LAYERS_MAX (ALSO_MAX + 16)

struct named {
	const char *name; /* borrowed from the section */
	size_t index;     /* of the section */
	UT_hash_handle hh;
};

struct conf {
	struct conf_file file;
	struct conf_setup setup;
	struct named *by_name; /* conn sections, %default left out */
	struct named *by_alias;
	char **alias_words; /* what by_alias's names borrow */
	size_t alias_words_len;
	size_t *conns, conns_len; /* section indices in file order */
	size_t *defaults, defaults_len;
};

/* One layer of a connection that is being put together. */
struct layer {
	size_t section;
	bool flip;
};

struct assembly {
	const struct conf *conf;
	const char *name;
	struct connection *c;
	struct problems *problems;
	struct layer layers[LAYERS_MAX];
	size_t len;
	const struct param **mentioned; /* by field and end: the strongest mention */
	const struct section **mentioned_in;
	struct diag first; /* the first fault */
	bool faulty;
};

/* ---- the table of sections ---- */

static bool add_named(struct named **table, const char *name, size_t index)
{
	struct named *n, *there;

	HASH_FIND_STR(*table, name, there);
	if (there)
		return true;
	n = calloc(1, sizeof(*n));
	if (!n)
		return false;
	n->name = name;
	n->index = index;
	HASH_ADD_KEYPTR(hh, *table, n->name, strlen(n->name), n);
	if (n->hh.tbl)
		return true;
	free(n); /* memory was short for the table */
	return false;
}

static const struct named *find_named(const struct named *table, const char *name)
{
	struct named *n;

	HASH_FIND_STR(table, name, n);
	return n;
}

static void complain_twice(const struct section *s, const struct section *before,
			   struct problems *problems)
{
	struct diag d;

	diag_set(&d, "conn-twice", NULL, "conn %s is there twice; the first one, %s:%u, counts",
		 s->name, before->place.file, before->place.line);
	diag_place(&d, s->place.file, s->place.line, 1);
	diag_hint(&d, "rename or remove one of them");
	problems_add(problems, PROBLEM_WARNING, &d);
}

static bool index_aliases(struct conf *c, const struct section *s, size_t index)
{
	for (size_t i = 0; i < s->len; i++) {
		char *copy, *save = NULL;

		if (!text_same(s->params[i].keyword, "connalias"))
			continue;
		copy = strdup(s->params[i].value);
		if (!copy)
			return false;
		for (char *w = strtok_r(copy, " \t,", &save); w;
		     w = strtok_r(NULL, " \t,", &save)) {
			char **bigger = reallocarray(c->alias_words, c->alias_words_len + 1,
						     sizeof(*bigger));

			if (!bigger || !(bigger[c->alias_words_len] = strdup(w))) {
				c->alias_words = bigger ? bigger : c->alias_words;
				free(copy);
				return false;
			}
			c->alias_words = bigger;
			if (!add_named(&c->by_alias, c->alias_words[c->alias_words_len++],
				       index)) {
				free(copy);
				return false;
			}
		}
		free(copy);
	}
	return true;
}

static bool index_section(struct conf *c, size_t i, struct problems *problems)
{
	const struct section *s = &c->file.sections[i];
	const struct named *there;

	if (s->kind != SECTION_CONN || !*s->name)
		return true;
	if (!strcmp(s->name, "%default")) {
		c->defaults[c->defaults_len++] = i;
		return true;
	}
	there = find_named(c->by_name, s->name);
	if (there) {
		complain_twice(s, &c->file.sections[there->index], problems);
		return true;
	}
	if (!add_named(&c->by_name, s->name, i))
		return false;
	c->conns[c->conns_len++] = i;
	return index_aliases(c, s, i);
}

static enum cyg_err conf_take(struct conf_file *file, struct conf **ret,
			      struct problems *problems)
{
	struct conf *c = calloc(1, sizeof(*c));
	bool well = c != NULL;

	if (!c) {
		conf_file_done(file);
		return CYG_NOMEM;
	}
	c->file = *file;
	c->conns = calloc(c->file.len + 1, sizeof(*c->conns));
	c->defaults = calloc(c->file.len + 1, sizeof(*c->defaults));
	well = c->conns && c->defaults;
	for (size_t i = 0; well && i < c->file.len; i++)
		well = index_section(c, i, problems);
	if (!well) {
		conf_free(c);
		return CYG_NOMEM;
	}
	setup_read(&c->file, &c->setup, problems);
	*ret = c;
	return CYG_OK;
}

enum cyg_err conf_read(const char *path, struct conf **ret, struct problems *problems)
{
	struct conf_file file;
	enum cyg_err err = conf_file_read(path, &file, problems);

	return err ? err : conf_take(&file, ret, problems);
}

enum cyg_err conf_parse(struct view text, const char *name, struct conf **ret,
			struct problems *problems)
{
	struct conf_file file;
	enum cyg_err err = conf_file_parse(text, name, &file, problems);

	return err ? err : conf_take(&file, ret, problems);
}

static void free_named(struct named *table)
{
	struct named *n, *next;

	HASH_ITER(hh, table, n, next) {
		HASH_DEL(table, n);
		free(n);
	}
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	free_named(c->by_name);
	free_named(c->by_alias);
	for (size_t i = 0; i < c->alias_words_len; i++)
		free(c->alias_words[i]);
	free(c->alias_words);
	free(c->conns);
	free(c->defaults);
	conf_file_done(&c->file);
	free(c);
}

const struct conf_setup *conf_setup(const struct conf *c)
{
	return &c->setup;
}

const char *conf_conn_name(const struct conf *c, size_t i)
{
	return i < c->conns_len ? c->file.sections[c->conns[i]].name : NULL;
}

/* ---- faults of one connection ---- */

static void fault_at(struct assembly *a, struct diag *d, const struct place *place)
{
	if (place && !d->line)
		diag_place(d, place->file, place->line, place->column);
	if (!a->faulty)
		a->first = *d;
	a->faulty = true;
	problems_add(a->problems, PROBLEM_ERROR, d);
}

/* A value that is taken, and that says something against itself. */
static void warn_at(struct assembly *a, struct diag *d, const struct place *place)
{
	diag_place(d, place->file, place->line, place->column);
	problems_add(a->problems, PROBLEM_WARNING, d);
}

static void note_at(struct assembly *a, enum problem_level level, const char *code,
		    const struct param *p, const char *note)
{
	struct diag d;

	diag_set(&d, code, NULL, "conn %s: %s= has no effect: %s", a->name, p->keyword, note);
	diag_place(&d, p->place.file, p->place.line, p->place.column);
	problems_add(a->problems, level, &d);
}

/* ---- layers ---- */

static bool in_layers(const struct assembly *a, size_t section)
{
	for (size_t i = 0; i < a->len; i++) {
		if (a->layers[i].section == section)
			return true;
	}
	return false;
}

static void add_layer(struct assembly *a, size_t section, bool flip);

static void follow_also(struct assembly *a, const struct section *s, const struct param *p,
			bool flip)
{
	char *copy = strdup(p->value), *save = NULL;
	struct diag d;

	for (char *w = copy ? strtok_r(copy, " \t,", &save) : NULL; w;
	     w = strtok_r(NULL, " \t,", &save)) {
		const struct named *n = find_named(a->conf->by_name, w);

		if (!n) {
			diag_set(&d, "also-unknown", NULL, "conn %s: also=%s names no section",
				 s->name, w);
			fault_at(a, &d, &p->value_place);
		} else if (a->len >= ALSO_MAX) {
			diag_set(&d, "also-depth", NULL,
				 "conn %s takes in more than %d sections", a->name, ALSO_MAX);
			fault_at(a, &d, &p->value_place);
		} else if (n->index == a->layers[0].section) {
			diag_set(&d, "also-loop", NULL,
				 "conn %s comes back to itself through also=%s", a->name, w);
			diag_hint(&d, "take one of the also= lines out");
			fault_at(a, &d, &p->value_place);
		} else if (!in_layers(a, n->index)) {
			add_layer(a, n->index, flip);
		}
	}
	free(copy);
}

static void add_layer(struct assembly *a, size_t section, bool flip)
{
	const struct section *s = &a->conf->file.sections[section];

	a->layers[a->len++] = (struct layer){section, flip};
	if (s->broken) {
		struct diag d;

		diag_set(&d, "section-broken", NULL,
			 "conn %s: a line of section %s can't be read", a->name, s->name);
		fault_at(a, &d, &s->place);
	}
	for (size_t i = 0; i < s->len; i++) {
		if (text_same(s->params[i].keyword, "also"))
			follow_also(a, s, &s->params[i], flip);
		else if (text_same(s->params[i].keyword, "alsoflip"))
			follow_also(a, s, &s->params[i], !flip);
	}
}

static void add_defaults(struct assembly *a)
{
	for (size_t i = a->conf->defaults_len; i-- && a->len < LAYERS_MAX;) {
		size_t section = a->conf->defaults[i];
		const struct section *s = &a->conf->file.sections[section];

		a->layers[a->len++] = (struct layer){section, false};
		if (s->broken) {
			struct diag d;

			diag_set(&d, "section-broken", NULL,
				 "a line of conn %%default can't be read");
			fault_at(a, &d, &s->place);
		}
	}
}

/* ---- keywords ---- */

/* Cut left or right off, and a dash behind it; *ret_which is then 0 or 1, else WHICH_NONE. */
static const char *cut_side(const char *keyword, int *ret_which)
{
	*ret_which = !strncmp(keyword, "left", 4)    ? 0
		     : !strncmp(keyword, "right", 5) ? 1
						     : WHICH_NONE;
	if (*ret_which == WHICH_NONE)
		return keyword;
	keyword += *ret_which == 0 ? 4 : 5;
	return keyword[0] == '-' && keyword[1] ? keyword + 1 : keyword;
}

static const char *nearest_keyword(const char *keyword)
{
	int which;
	const char *rest = cut_side(keyword, &which);
	const char *words[512];
	size_t n = 0;

	for (size_t i = 0; i < conn_fields_len && n < 512; i++) {
		if (conn_fields[i].per_end != (which != WHICH_NONE) || !conn_fields[i].keyword)
			continue;
		words[n++] = conn_fields[i].keyword;
		for (size_t k = 0; k < 4 && conn_fields[i].aliases[k] && n < 512; k++)
			words[n++] = conn_fields[i].aliases[k];
	}
	for (size_t i = 0; i < known_conn_len && n < 512; i++) {
		if (known_conn_rows[i].per_end == (which != WHICH_NONE))
			words[n++] = known_conn_rows[i].keyword;
	}
	return text_nearest(rest, words, n);
}

static void complain_unknown(struct assembly *a, const struct param *p)
{
	const char *near = nearest_keyword(p->keyword);
	int which;
	struct diag d;

	diag_set(&d, "keyword-unknown", NULL, "conn %s: there is no keyword %s=", a->name,
		 p->keyword);
	cut_side(p->keyword, &which);
	if (setup_has(p->keyword))
		diag_hint(&d, "%s= belongs in config setup", p->keyword);
	else if (which == WHICH_NONE &&
		 (field_by_keyword(p->keyword, true) || known_conn(p->keyword, true)))
		diag_hint(&d, "write left%s= or right%s=", p->keyword, p->keyword);
	else if (near)
		diag_hint(&d, "did you mean %s%s= ?",
			  which == 0   ? "left"
			  : which == 1 ? "right"
				       : "",
			  near);
	fault_at(a, &d, &p->place);
}

static void take_known(struct assembly *a, const struct known *k, const struct param *p)
{
	struct diag d;

	if (!*p->value || k->effect == KNOWN_STRUCTURE || known_harmless(k, p->value))
		return;
	if (k->effect == KNOWN_INERT) {
		note_at(a, PROBLEM_NOTE, "keyword-inert", p, k->note);
	} else if (k->effect == KNOWN_OBSOLETE) {
		note_at(a, PROBLEM_WARNING, "keyword-obsolete", p, k->note);
	} else {
		diag_set(&d, "keyword-not-built", NULL, "conn %s: %s=%s can't be followed: %s",
			 a->name, p->keyword, p->value, k->note);
		fault_at(a, &d, &p->place);
	}
}

static void complain_conflict(struct assembly *a, const struct param *p,
			      const struct param *before)
{
	struct diag d;

	diag_set(&d, "keyword-twice", NULL, "conn %s has two values for %s=", a->name,
		 p->keyword);
	diag_wanted(&d, "one value; line %u says %s", before->place.line, before->value);
	diag_got(&d, "%s", p->value);
	diag_hint(&d, "remove one of the lines");
	fault_at(a, &d, &p->place);
}

static void take_param(struct assembly *a, const struct layer *layer, const struct section *s,
		       const struct param *p)
{
	int which;
	const char *rest = cut_side(p->keyword, &which);
	bool per_end = which != WHICH_NONE;
	const struct field *f = field_by_keyword(rest, per_end);
	const struct known *k;
	struct diag d;
	size_t slot;

	if (p->keyword[0] == 'x' && (p->keyword[1] == '-' || p->keyword[1] == '_'))
		return;
	if (!f) {
		k = known_conn(rest, per_end);
		if (k)
			take_known(a, k, p);
		else
			complain_unknown(a, p);
		return;
	}
	if (layer->flip && per_end)
		which = !which;
	slot = (size_t)(f - conn_fields) * 2 + (which == 1);
	if (a->mentioned[slot]) {
		if (a->mentioned_in[slot] == s && strcmp(a->mentioned[slot]->value, p->value))
			complain_conflict(a, p, a->mentioned[slot]);
		return;
	}
	a->mentioned[slot] = p;
	a->mentioned_in[slot] = s;
	if (!*p->value)
		return;
	if (f->inert)
		note_at(a, PROBLEM_NOTE, "keyword-inert", p, f->inert);
	if (field_set(a->c, per_end ? which : 0, f, p->value, &d))
		fault_at(a, &d, &p->value_place);
	else if (diag_is_set(&d))
		warn_at(a, &d, &p->value_place);
}

static enum cyg_err assemble(struct assembly *a, size_t section)
{
	enum cyg_err err;
	struct diag d;

	add_layer(a, section, false);
	add_defaults(a);
	for (size_t i = 0; i < a->len; i++) {
		const struct section *s = &a->conf->file.sections[a->layers[i].section];

		for (size_t k = 0; k < s->len; k++)
			take_param(a, &a->layers[i], s, &s->params[k]);
	}
	if (a->faulty)
		return CYG_MALFORMED;
	err = connection_check(a->c, &d);
	if (err == CYG_NOMEM)
		return err;
	if (err)
		fault_at(a, &d, &a->conf->file.sections[section].place);
	return err ? CYG_MALFORMED : CYG_OK;
}

static enum cyg_err no_such(const struct conf *c, const char *name, struct diag *why)
{
	const char **names = calloc(c->conns_len + 1, sizeof(*names));
	const char *near = NULL;

	for (size_t i = 0; names && i < c->conns_len; i++)
		names[i] = conf_conn_name(c, i);
	if (names)
		near = text_nearest(name, names, c->conns_len);
	diag_set(why, "conn-unknown", NULL,
		 "no section  conn %s  and no connalias=%s in the configuration", name, name);
	if (near)
		diag_hint(why, "did you mean %s?", near);
	free(names);
	return CYG_NOTFOUND;
}

enum cyg_err conf_connection(const struct conf *c, const char *name, struct connection **ret,
			     struct problems *problems, struct diag *why)
{
	const struct named *n = find_named(c->by_name, name);
	struct assembly a = {.conf = c, .problems = problems};
	enum cyg_err err = CYG_NOMEM;

	if (!n)
		n = find_named(c->by_alias, name);
	if (!n)
		return no_such(c, name, why);
	a.name = c->file.sections[n->index].name;
	a.c = connection_new(a.name);
	a.mentioned = calloc(conn_fields_len * 2, sizeof(const struct param *));
	a.mentioned_in = calloc(conn_fields_len * 2, sizeof(const struct section *));
	if (a.c && a.mentioned && a.mentioned_in)
		err = assemble(&a, n->index);
	free(a.mentioned);
	free(a.mentioned_in);
	if (!err) {
		*ret = a.c;
		return CYG_OK;
	}
	connection_unref(a.c);
	if (err == CYG_NOMEM)
		diag_set(why, "no-memory", NULL, "no memory to read conn %s", name);
	else if (why)
		*why = a.first;
	return err;
}

/* The strongest mention of auto= in the layers, without reading anything else. */
int conf_conn_start(const struct conf *c, const char *name)
{
	static const struct {
		const char *word;
		int start;
	} words[] = {{"add", START_ADD},  {"route", START_ROUTE}, {"ondemand", START_ROUTE},
		     {"start", START_UP}, {"up", START_UP},       {"keep", START_KEEP}};
	const struct named *n = find_named(c->by_name, name);
	struct assembly a = {.conf = c, .name = name};
	const char *value = NULL;

	if (!n)
		return START_IGNORE;
	add_layer(&a, n->index, false);
	add_defaults(&a);
	for (size_t i = 0; i < a.len && !value; i++) {
		const struct section *s = &c->file.sections[a.layers[i].section];

		for (size_t k = 0; k < s->len; k++) {
			if (text_same(s->params[k].keyword, "auto"))
				value = s->params[k].value;
		}
	}
	for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_same(value, words[i].word))
			return words[i].start;
	}
	return START_IGNORE;
}
