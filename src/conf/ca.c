/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/ca.h"

#include "base/text.h"
#include "conf/layers.h"
#include "conf/word.h"

#include <stdio.h>
#include <string.h>

/* Behind the rows of conn/authority.h, which are of text alone, stands auto=, which is a word. */
#define ROW_AUTO AUTHORITY_FIELDS

/* The row of a keyword; ROW_AUTO for auto=; more when there is none. */
static size_t row_of(const char *keyword)
{
	const struct authority_field *f = authority_by_keyword(keyword);

	if (f)
		return (size_t)(f - authority_fields);
	return text_same(keyword, "auto") ? ROW_AUTO : ROW_AUTO + 1;
}

const char *conf_ca_name(const struct conf *c, size_t i)
{
	return i < c->cas.len ? c->file.sections[c->cas.order[i]].name : NULL;
}

static void take_auto(struct layers *l, const struct section *s, const struct param *p,
		      struct conf_ca *ca)
{
	struct place place = value_place(s, p);
	struct diag d;

	if (text_same(p->value, "add") || text_same(p->value, "ignore")) {
		ca->load = text_same(p->value, "add");
		return;
	}
	diag_set(&d, "bad-value", NULL, "ca %s: auto= cannot be %.60s", ca->says.name,
		 p->value);
	diag_wanted(&d, "add or ignore");
	diag_got(&d, "%.60s", p->value);
	layers_fault(l, &d, &place);
}

/* A parameter of the l->items' layer-th section, for who asks where a value comes from. */
static struct conf_origin origin_of(const struct layers *l, size_t layer, const struct param *p)
{
	const struct section *s = layer_section(l, layer);

	return (struct conf_origin){
		.from = l->items[layer].from,
		.keyword = param_keyword(p),
		.value = p->value,
		.section = s->name,
		.file = s->place.source->path,
		.line = p->line,
		.column = p->value_column,
		.place = value_place(s, p),
		.of_ca = true,
	};
}

/* Who says a row, so far. */
struct said {
	const struct section *section;
	const struct param *param;
};

/* The same section says it again, with another value. */
static void complain_twice(struct layers *l, const struct section *s, const struct param *p,
			   const struct param *before)
{
	uint8_t twice = l->conf->rules->twice;
	struct place place = param_place(s, p);
	struct diag d;

	if (!strcmp(before->value, p->value))
		return;
	conf_twice(s, p, before, twice, false, &d);
	if (twice == TWICE_REFUSED)
		layers_fault(l, &d, &place);
	else
		layers_note(l, PROBLEM_WARNING, &d, &place);
}

static void take_text(struct layers *l, const struct section *s, const struct param *p,
		      const struct authority_field *f, struct conf_ca *ca)
{
	const char **at = authority_member(&ca->says, f);
	struct place place = value_place(s, p);
	struct diag d;

	*at = *p->value ? p->value : NULL;
	if (!*at || !authority_check(f, *at, &d))
		return;
	diag_prefix(&d, "ca %s: ", ca->says.name);
	layers_fault(l, &d, &place);
}

static void take_row(struct layers *l, size_t layer, const struct param *p, struct conf_ca *ca,
		     struct said *said)
{
	const struct section *s = layer_section(l, layer);
	size_t row = row_of(keyword_canonical(param_meaning(s, p)->row)->name);
	bool again;

	if (row > ROW_AUTO)
		return;
	again = said[row].section == s;
	if (again)
		complain_twice(l, s, p, said[row].param);
	if (said[row].section && !(again && l->conf->rules->twice == TWICE_LAST))
		return; /* a stronger section has said it */
	said[row] = (struct said){s, p};
	ca->from[row] = origin_of(l, layer, p);
	if (row == ROW_AUTO && *p->value)
		take_auto(l, s, p, ca);
	else if (row < ROW_AUTO)
		take_text(l, s, p, &authority_fields[row], ca);
}

static void take(struct layers *l, size_t layer, const struct param *p, struct conf_ca *ca,
		 struct said *said)
{
	const struct section *s = layer_section(l, layer);
	const struct keyword_meaning *m = param_meaning(s, p);
	struct place place = param_place(s, p);
	enum problem_level level;
	struct diag d;

	if (m->is_note)
		return;
	if (!m->row) {
		conf_unknown_word(s, p, &d);
		layers_fault(l, &d, &place);
		return;
	}
	if (conf_word_unbuilt(m, "ca section: ", p, &d, &level))
		layers_note(l, level, &d, &place);
	take_row(l, layer, p, ca, said);
}

static void check(struct layers *l, const struct conf_ca *ca)
{
	struct diag d;

	if (ca->says.cacert || l->faulty)
		return;
	diag_set(&d, "ca-without-cert", NULL, "ca %s has no cacert=", ca->says.name);
	diag_hint(&d, "name the file of its certificate");
	layers_fault(l, &d, &layer_section(l, 0)->place);
}

enum cyg_err conf_ca(const struct conf *c, const char *name, struct conf_ca *ret,
		     struct problems *problems, struct diag *why)
{
	const struct named *n = named_find(c->cas.by_name, name);
	struct said said[ROW_AUTO + 1] = {{NULL, NULL}};
	const struct section *s;
	struct conf_ca ca = {.says = {.name = name}};
	struct layers l;

	if (!n) {
		diag_set(why, "ca-unknown", NULL, "no section  ca %s  in the configuration",
			 name);
		return CYG_NOTFOUND;
	}
	layers_build(&l, c, n->index, problems);
	s = layer_section(&l, 0);
	ca.says.name = s->name;
	ca.file = s->place.source->path;
	ca.line = s->place.line;
	for (size_t i = 0; i < l.len; i++) {
		s = layer_section(&l, i);
		for (size_t k = 0; k < s->len; k++)
			take(&l, i, section_param(&c->file, s, k), &ca, said);
	}
	check(&l, &ca);
	if (l.faulty) {
		if (why)
			*why = l.first;
		return CYG_MALFORMED;
	}
	*ret = ca;
	return CYG_OK;
}

bool conf_ca_file(const struct authority *says, const char *confs, char *buf, size_t cap)
{
	int len = *says->cacert == '/'
			  ? snprintf(buf, cap, "%s", says->cacert)
			  : snprintf(buf, cap, "%s/ipsec.d/cacerts/%s", confs, says->cacert);

	return len > 0 && (size_t)len < cap;
}
