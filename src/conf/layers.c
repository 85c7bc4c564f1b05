/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/layers.h"

#include "base/text.h"
#include "conf/word.h"

#include <string.h>

#define WORD_MAX (CONF_NAME_MAX + 1)

void layers_fault(struct layers *l, struct diag *d, const struct place *place)
{
	if (place)
		diag_place(d, place->source->path, place->line, place->column);
	if (!l->faulty)
		l->first = *d;
	l->faulty = true;
	if (place)
		problems_add_at(l->problems, PROBLEM_ERROR, d, place);
	else
		problems_add(l->problems, PROBLEM_ERROR, d);
}

void layers_note(struct layers *l, enum problem_level level, struct diag *d,
		 const struct place *place)
{
	problems_add_at(l->problems, level, d, place);
}

const struct section *layer_section(const struct layers *l, size_t i)
{
	return &l->conf->file.sections[l->items[i].section];
}

static bool in_layers(const struct layers *l, size_t section)
{
	for (size_t i = 0; i < l->len; i++) {
		if (l->items[i].section == section)
			return true;
	}
	return false;
}

/* Is it one of those whose also= lines are just being followed? */
static bool in_path(const struct layers *l, size_t section)
{
	for (size_t i = 0; i < l->path_len; i++) {
		if (l->path[i] == section)
			return true;
	}
	return false;
}

static const char *kind_name(const struct section *s)
{
	return s->kind == SECTION_CA ? "ca" : "conn";
}

static void add_layer(struct layers *l, size_t section, bool flip, uint8_t from);

static void refuse_also(struct layers *l, const struct section *s, const struct param *p,
			const char *code, const char *word)
{
	struct place place = value_place(s, p);
	struct diag d;

	if (!strcmp(code, "also-unknown")) {
		diag_set(&d, code, NULL, "%s %s: also=%s names no section", kind_name(s),
			 s->name, word);
	} else if (!strcmp(code, "also-depth")) {
		diag_set(&d, code, NULL, "%s %s takes in more than %d sections", kind_name(s),
			 layer_section(l, 0)->name, ALSO_MAX);
		diag_hint(&d, "put what they share into one section, or into %%default");
	} else {
		diag_set(&d, code, NULL, "%s %s comes back to itself through also=%s",
			 kind_name(s), s->name, word);
		diag_hint(&d, "take one of the also= lines out");
	}
	layers_fault(l, &d, &place);
}

/* Returns false when it is no use to go on. */
static bool follow_word(struct layers *l, const struct section *s, const struct param *p,
			const char *word, bool flip, uint8_t from)
{
	const struct named *n = named_find(conf_naming(l->conf, s->kind)->by_name, word);

	if (!n || conf_pair(l->conf, n->index)) {
		refuse_also(l, s, p, "also-unknown", word);
	} else if (in_path(l, n->index)) {
		refuse_also(l, s, p, "also-loop", word);
	} else if (!in_layers(l, n->index)) {
		if (l->len >= SAID_MAX) {
			refuse_also(l, s, p, "also-depth", word);
			return false;
		}
		add_layer(l, n->index, flip, from);
	}
	return true;
}

static void follow_also(struct layers *l, const struct section *s, const struct param *p,
			bool flip, uint8_t from)
{
	const char *at = p->value;
	char word[WORD_MAX];

	while (*(at += strspn(at, " \t,"))) {
		size_t n = strcspn(at, " \t,");

		if (n >= sizeof(word))
			n = sizeof(word) - 1;
		memcpy(word, at, n);
		word[n] = '\0';
		if (!follow_word(l, s, p, word, flip, from))
			return;
		at += strcspn(at, " \t,");
	}
}

/* The fault itself was told when the file was read: of the section's own it counts, and no more. */
static void add_broken(struct layers *l, const struct section *s)
{
	const struct section *own = layer_section(l, 0);
	struct diag d;

	diag_set(&d, "section-broken", NULL, "%s %s: a line of section %s can't be read",
		 kind_name(s), own->name, s->name);
	if (s != own) {
		layers_fault(l, &d, &s->place);
		return;
	}
	diag_place(&d, s->place.source->path, s->place.line, s->place.column);
	l->first = d;
	l->faulty = true;
	if (l->problems)
		l->problems->errors++;
}

/* One section's own lines, and what they take in. */
static void add_one(struct layers *l, size_t section, bool flip, uint8_t from)
{
	const struct conf_file *f = &l->conf->file;
	const struct section *s = &f->sections[section];

	l->items[l->len++] = (struct layer){(uint32_t)section, flip, from};
	l->path[l->path_len++] = (uint32_t)section;
	if (s->broken)
		add_broken(l, s);
	for (size_t i = 0; i < s->len; i++) {
		const struct param *p = section_param(f, s, i);
		const struct keyword_meaning *m = param_meaning(s, p);

		if (m->row && m->row->value == VALUE_NAMES)
			follow_also(l, s, p, flip != text_same(m->row->name, "alsoflip"),
				    from == CONF_FROM_SECTION ? CONF_FROM_ALSO : from);
	}
	l->path_len--;
}

/* A section with those of its name, where the dialect reads them as one: the last is the strongest. */
static void add_layer(struct layers *l, size_t section, bool flip, uint8_t from)
{
	size_t twins[SAID_MAX], n = 0;

	for (size_t at = section;; at = l->conf->twins[at] - 1) {
		if (n < SAID_MAX)
			twins[n++] = at;
		if (!l->conf->twins || !l->conf->twins[at])
			break;
	}
	while (n-- && l->len < SAID_MAX)
		add_one(l, twins[n], flip, from);
}

/* The last one is the strongest. */
static void add_defaults(struct layers *l, const uint32_t *sections, size_t len)
{
	while (len-- && l->len < LAYERS_MAX)
		add_one(l, sections[len], false, CONF_FROM_PERCENT_DEFAULT);
}

void layers_build(struct layers *l, const struct conf *c, size_t section,
		  struct problems *problems)
{
	const struct naming *n = conf_naming(c, c->file.sections[section].kind);

	l->conf = c;
	l->len = l->path_len = 0;
	l->faulty = false;
	l->problems = problems;
	add_layer(l, section, false, CONF_FROM_SECTION);
	if (section >= c->made_up_from)
		add_defaults(l, c->oe_defaults, c->oe_defaults_len);
	else
		add_defaults(l, n->defaults, n->defaults_len);
}
