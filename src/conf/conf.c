/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections of a file by their names. How one connection is put together
 * from them: layers.c (which sections) and assemble.c (which values).
 */
#include "conf/asked.h"
#include "conf/ca.h"
#include "conf/conf_private.h"
#include "conf/layers.h"
#include "conf/pairs.h"
#include "conf/store.h"

#include "base/text.h"
#include "conf/oe.h"
#include "conf/setup.h"
#include "conf/word.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tables of sections ---- */

bool conf_add_name(struct named **table, const char *name, size_t index)
{
	struct named *n, *there;

	HASH_FIND_STR(*table, name, there);
	if (there && there->last->index == index)
		return true;
	n = calloc(1, sizeof(*n));
	if (!n)
		return false;
	n->name = name;
	n->index = (uint32_t)index;
	n->last = n;
	if (there) {
		there->last->next = n;
		there->last = n;
		return true;
	}
	HASH_ADD_KEYPTR(hh, *table, n->name, strlen(n->name), n);
	if (n->hh.tbl)
		return true;
	free(n); /* memory was short for the table */
	return false;
}

const struct named *named_find(const struct named *table, const char *name)
{
	struct named *n;

	HASH_FIND_STR(table, name, n);
	return n;
}

const struct pair *conf_pair(const struct conf *c, uint32_t index)
{
	return index >= c->file.len ? &c->pairs[index - c->file.len] : NULL;
}

uint32_t conf_section_of(const struct conf *c, uint32_t index)
{
	const struct pair *p = conf_pair(c, index);

	return p ? p->section : index;
}

const struct naming *conf_naming(const struct conf *c, enum section_kind kind)
{
	return kind == SECTION_CA ? &c->cas : &c->conns;
}

static void complain_twice(const struct conf *c, const struct section *s, size_t first,
			   struct problems *problems)
{
	const struct section *before = &c->file.sections[first];
	size_t len = problems ? problems->len : 0;
	const char *kind = s->kind == SECTION_CA ? "ca" : "conn";
	struct diag d;

	diag_set(&d, "conn-twice", NULL, "%s %s is there twice; the first one, %s:%u, counts",
		 kind, s->name, before->place.source->path, before->place.line);
	diag_hint(&d,
		  "rename or remove one of them; dialect=strongswan would read both as one");
	problems_add_at(problems, PROBLEM_WARNING, &d, &s->place);
	problems_charge(problems, len, first); /* its reader is who has to know */
}

/* It does not count, and is kept to be looked through. */
static bool keep_shadowed(struct conf *c, size_t index)
{
	if (!c->shadowed)
		c->shadowed = calloc(c->file.len, sizeof(*c->shadowed));
	if (!c->shadowed)
		return false;
	c->shadowed[c->shadowed_len++] = (uint32_t)index;
	return true;
}

/* Behind the last section of its name. */
static void add_twin(struct conf *c, size_t first, size_t index)
{
	while (c->twins[first])
		first = c->twins[first] - 1;
	c->twins[first] = (uint32_t)index + 1;
}

const char *conf_keep_word(struct conf *c, const char *at, size_t n)
{
	char *word = store_room(&c->file.chunks, n + 1);

	if (!word)
		return NULL;
	memcpy(word, at, n);
	word[n] = '\0';
	store_take(c->file.chunks, n + 1);
	return word;
}

/* Each word of a list, for every section that has it or for the first one. */
static bool index_words(struct conf *c, struct named **table, const char *at, size_t index,
			bool every)
{
	while (*(at += strspn(at, " \t,"))) {
		size_t n = strcspn(at, " \t,");
		struct named *there;
		const char *word;

		HASH_FIND(hh, *table, at, n, there);
		word = there ? there->name : conf_keep_word(c, at, n);
		if (!word || ((!there || every) && !conf_add_name(table, word, index)))
			return false;
		at += n;
	}
	return true;
}

/* The other names it can be called by, and the sections it takes in. */
static bool index_lists(struct conf *c, const struct section *s, size_t index)
{
	for (size_t i = 0; i < s->len; i++) {
		const struct param *p = section_param(&c->file, s, i);
		const struct keyword_meaning *m = param_meaning(s, p);

		if (!m->row)
			continue;
		if (m->field && text_same(m->field->keyword, "connalias") &&
		    !index_words(c, &c->by_alias, p->value, index, true))
			return false;
		if (m->row->value == VALUE_NAMES &&
		    !index_words(c, &c->taken_in, p->value, index, false))
			return false;
	}
	return true;
}

static bool index_section(struct conf *c, size_t i, struct problems *problems)
{
	const struct section *s = &c->file.sections[i];
	struct naming *names = s->kind == SECTION_CA ? &c->cas : &c->conns;
	const struct named *there;

	if (s->kind == SECTION_SETUP || !*s->name)
		return true;
	if (!strcmp(s->name, "%default")) {
		names->defaults[names->defaults_len++] = (uint32_t)i;
		return true;
	}
	if (s->kind == SECTION_CONN && !strcmp(s->name, OE_DEFAULT)) {
		c->oe_defaults[c->oe_defaults_len++] = (uint32_t)i;
		return true;
	}
	there = named_find(names->by_name, s->name);
	if (there && i >= c->made_up_from)
		return true; /* the file's own section counts alone */
	if (there && c->twins) {
		add_twin(c, there->index, i);
	} else if (there) {
		complain_twice(c, s, there->index, problems);
		return s->kind == SECTION_CA || keep_shadowed(c, i);
	} else {
		if (!conf_add_name(&names->by_name, s->name, i))
			return false;
		names->order[names->len++] = (uint32_t)i;
	}
	return s->kind == SECTION_CA || index_lists(c, s, there ? there->index : i);
}

static bool make_naming(struct naming *n, size_t sections)
{
	n->order = calloc(sections + 1, sizeof(*n->order));
	n->defaults = calloc(sections + 1, sizeof(*n->defaults));
	return n->order && n->defaults;
}

static bool index_sections(struct conf *c, struct problems *problems)
{
	/* what is made up comes last among the names, and its defaults are the weakest */
	for (size_t i = c->made_up_from; i < c->file.len; i++) {
		if (!strcmp(c->file.sections[i].name, OE_DEFAULT) &&
		    !index_section(c, i, problems))
			return false;
	}
	for (size_t i = 0; i < c->file.len; i++) {
		bool done = i >= c->made_up_from &&
			    !strcmp(c->file.sections[i].name, OE_DEFAULT);

		if (!done && !index_section(c, i, problems))
			return false;
	}
	if (c->setup.oe)
		oe_note(c, problems);
	return true;
}

static bool build(struct conf *c, struct problems *problems)
{
	setup_read(&c->file, &c->setup, problems);
	c->rules = dialect_rules(c->setup.dialect);
	c->made_up_from = c->file.len;
	if (c->setup.oe && conf_file_add(&c->file, view_str(oe_sections), OE_PLACE, problems))
		return false;
	c->last = calloc(2, sizeof(*c->last));
	c->oe_defaults = calloc(c->file.len + 1, sizeof(*c->oe_defaults));
	if (!c->last || !c->oe_defaults)
		return false;
	if (!make_naming(&c->conns, c->file.len) || !make_naming(&c->cas, c->file.len))
		return false;
	if (c->rules->merges_sections) {
		c->twins = calloc(c->file.len + 1, sizeof(*c->twins));
		if (!c->twins)
			return false;
	}
	return index_sections(c, problems) && pairs_list(c, problems);
}

static enum cyg_err conf_take(struct conf_file *file, struct conf **ret,
			      struct problems *problems)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c) {
		conf_file_done(file);
		return CYG_NOMEM;
	}
	c->file = *file;
	if (!build(c, problems)) {
		conf_free(c);
		return CYG_NOMEM;
	}
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

/* ---- a few connections of many ---- */

/* The sections that a name is put together from, as a connection's or else a ca section's. */
static void mark_layers(const struct conf *c, const char *name, bool *counts)
{
	const struct named *n = named_find(c->conns.by_name, name);
	struct layers l;

	n = n ? n : named_find(c->by_alias, name);
	n = n ? n : named_find(c->cas.by_name, name);
	for (; n; n = n->next) {
		layers_build(&l, c, conf_section_of(c, n->index), NULL);
		for (size_t i = 0; i < l.len; i++)
			counts[l.items[i].section] = true;
	}
}

/* Of the problems, those that concern somebody who asks for these names. */
static enum cyg_err select_problems(const struct conf *c, char *const *names, size_t len,
				    struct problems *problems)
{
	bool *counts = calloc(c->file.len + 1, sizeof(*counts));

	if (!counts)
		return CYG_NOMEM;
	for (size_t i = 0; i < len; i++)
		mark_layers(c, names[i], counts);
	problems_select(problems, counts);
	free(counts);
	return CYG_OK;
}

/* The end of reading for names: `c` and what was found wrong, if `err` says that there is one. */
static enum cyg_err give(struct conf *c, enum cyg_err err, char *const *names, size_t len,
			 struct conf **ret, struct problems *found, struct problems *problems)
{
	if (!err) {
		err = select_problems(c, names, len, found);
		if (err)
			conf_free(c);
		else
			*ret = c;
	}
	problems_move(found, problems);
	return err;
}

/*
 * Of a file that was read as far as somebody asks for it: a conf, once all is
 * there. CYG_CONFLICT: read the whole; nothing was found wrong then.
 */
static enum cyg_err take_wanted(struct conf_file *file, struct wanted *w, struct conf **ret,
				struct problems *problems)
{
	enum cyg_err err = wanted_complete(w, file, problems);

	if (!err)
		return conf_take(file, ret, problems);
	conf_file_done(file);
	if (err == CYG_CONFLICT)
		problems_done(problems);
	return err;
}

enum cyg_err conf_read_for(const char *path, char *const *names, size_t len, struct conf **ret,
			   struct problems *problems)
{
	struct problems found = {0};
	struct conf *c = NULL;
	struct conf_file file;
	struct wanted w;
	enum cyg_err err = CYG_CONFLICT;

	if (!len)
		return conf_read(path, ret, problems);
	if (wanted_take(&w, names, len)) {
		err = conf_file_read_asked(path, &(struct asked){w.names, w.len, false}, &file,
					   &found);
		if (!err)
			err = take_wanted(&file, &w, &c, &found);
	}
	if (err == CYG_CONFLICT)
		err = conf_read(path, &c, &found);
	return give(c, err, names, len, ret, &found, problems);
}

enum cyg_err conf_parse_for(struct view text, const char *name, char *const *names, size_t len,
			    struct conf **ret, struct problems *problems)
{
	struct problems found = {0};
	struct conf *c = NULL;
	struct conf_file file;
	struct wanted w;
	enum cyg_err err = CYG_CONFLICT;

	if (!len)
		return conf_parse(text, name, ret, problems);
	if (wanted_take(&w, names, len)) {
		err = conf_file_parse_asked(text, name, &(struct asked){w.names, w.len, false},
					    &file, &found);
		if (!err)
			err = take_wanted(&file, &w, &c, &found);
	}
	if (err == CYG_CONFLICT)
		err = conf_parse(text, name, &c, &found);
	return give(c, err, names, len, ret, &found, problems);
}

enum cyg_err conf_read_cas(const char *path, struct conf **ret, struct problems *problems)
{
	struct problems found = {0};
	struct wanted none = {.len = 0};
	struct conf_file file;
	enum cyg_err err;

	err = conf_file_read_asked(path, &(struct asked){none.names, 0, true}, &file, &found);
	if (!err)
		err = take_wanted(&file, &none, ret, &found);
	problems_move(&found, problems);
	return err == CYG_CONFLICT ? conf_read(path, ret, problems) : err;
}

static void free_named(struct named *table)
{
	struct named *n, *next;

	HASH_ITER(hh, table, n, next) {
		HASH_DEL(table, n);
		for (struct named *more = n; more; more = n) {
			n = more->next;
			free(more);
		}
	}
}

static void naming_done(struct naming *n)
{
	free_named(n->by_name);
	free(n->order);
	free(n->defaults);
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	naming_done(&c->conns);
	naming_done(&c->cas);
	free_named(c->by_alias);
	free_named(c->taken_in);
	for (size_t i = 0; c->last && i < 2; i++)
		proposals_unref(c->last[i].proposals);
	free(c->last);
	free(c->pairs);
	free(c->twins);
	free(c->shadowed);
	free(c->oe_defaults);
	conf_file_done(&c->file);
	free(c);
}

const struct conf_setup *conf_setup(const struct conf *c)
{
	return &c->setup;
}

/* What an index of a connection is called. */
static const char *name_of(const struct conf *c, uint32_t index)
{
	const struct pair *p = conf_pair(c, index);

	return p ? p->name : c->file.sections[index].name;
}

const char *conf_conn_name(const struct conf *c, size_t i)
{
	return i < c->conns.len ? name_of(c, c->conns.order[i]) : NULL;
}

const char *conf_conn_section(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);

	return n ? c->file.sections[conf_section_of(c, n->index)].name : NULL;
}

const struct named *conf_next_pair(const struct conf *c, const struct named *section,
				   const struct named *after)
{
	const struct named *n = after ? after->next : named_find(c->by_alias, section->name);
	const struct pair *p;

	while (n && !((p = conf_pair(c, n->index)) && p->section == section->index))
		n = n->next;
	return n;
}

static size_t list_pairs(const struct conf *c, const struct named *section, const char **list)
{
	const struct named *n = NULL;
	size_t len = 0;

	for (; (n = conf_next_pair(c, section, n)); len++)
		if (list)
			list[len] = name_of(c, n->index);
	return len;
}

/*
 * Lists (NULL: only counts) what a name means: itself or its pairs, else whatever has it as alias.
 * A section of the name counts before aliases, so this goes one deep.
 */
static size_t list_meant(const struct conf *c, const char *name, const char **list)
{
	const struct named *n = named_find(c->conns.by_name, name);
	size_t len = 0;

	if (n && n->in_pairs)
		return list_pairs(c, n, list);
	n = n ? NULL : named_find(c->by_alias, name);
	if (!n) {
		if (list)
			list[0] = name;
		return 1;
	}
	for (; n; n = n->next)
		len += list_meant(c, name_of(c, n->index), list ? list + len : NULL);
	return len;
}

const char **conf_resolve(const struct conf *c, char *const *names)
{
	const char **list;
	size_t len = 0;

	for (size_t i = 0; names[i]; i++)
		len += list_meant(c, names[i], NULL);
	list = calloc(len + 1, sizeof(*list));
	for (size_t i = 0, at = 0; list && names[i]; i++)
		at += list_meant(c, names[i], list + at);
	return list;
}

bool conf_is_part(const struct conf *c, const char *name, const struct problems *p)
{
	bool lacks_end = false;

	if (conf_conn_start(c, name) != START_IGNORE && !conf_is_taken_in(c, name))
		return false;
	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].level != PROBLEM_ERROR)
			continue;
		if (strcmp(p->items[i].diag.code, "end-missing") != 0)
			return false;
		lacks_end = true;
	}
	return lacks_end;
}

bool conf_is_taken_in(const struct conf *c, const char *name)
{
	return named_find(c->taken_in, name) != NULL;
}

bool conf_is_meant(const struct conf *c, const char *name)
{
	struct conf_origin o;

	if (conf_conn_start(c, name) != START_IGNORE)
		return true;
	return conf_origin(c, name, field_by_keyword("auto", false), 0, &o) &&
	       (!o.keyword || !*o.value) && !conf_is_taken_in(c, name);
}

bool conf_unended(const struct conf *c, struct conf_origin *ret)
{
	const struct place *at = &c->file.unended;

	if (!at->source)
		return false;
	*ret = (struct conf_origin){
		.file = at->source->path, .line = at->line, .column = at->column, .place = *at};
	return true;
}

static const char *place_of(const struct place *at, unsigned *ret_line)
{
	if (!at->source)
		return NULL;
	*ret_line = at->line;
	return at->source->path;
}

const char *conf_gap(const struct conf *c, unsigned *ret_line)
{
	return place_of(&c->file.gap, ret_line);
}

const char *conf_hollow(const struct conf *c, unsigned *ret_line)
{
	return place_of(&c->file.hollow, ret_line);
}
