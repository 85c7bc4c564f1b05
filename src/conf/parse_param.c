/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters: keyword=value, each in the section that is open. */
#include "conf/parse.h"

#include "base/array.h"
#include "base/text.h"
#include "conf/shown.h"
#include "conf/word.h"
#include "conn/dialect.h"

#include <stdlib.h>
#include <string.h>

static bool add_param(struct parse *p, const struct param *param)
{
	struct conf_file *f = p->file;
	struct param *bigger;

	if (f->params_len >= CONF_PARAMS_MAX) {
		parse_too_much(p, "parameters", CONF_PARAMS_MAX);
		return false;
	}
	bigger = array_grow(f->params, f->params_len, &f->params_cap, sizeof(*bigger));
	if (!bigger)
		return false;
	f->params = bigger;
	f->params[f->params_len++] = *param;
	parse_open(p)->len++;
	return true;
}

static const char *enclosed(struct parse *p, const uint8_t *at, const char *keyword)
{
	const uint8_t *after = NULL;
	const char *value = *at == '"' ? parse_quoted(p, at, &after)
				       : parse_braced(p, at, &after);

	if (!value) {
		p->torn = *at == '"';
		if (!p->err)
			parse_fault(
				p, at,
				*at == '"'
					? "close the quotes on the same line, or end each line "
					  "but the last in a backslash"
					: "braces must close on the same line",
				"the value of %s begins with %c that is not closed", keyword,
				*at);
		return NULL;
	}
	if (at_line_end(p, skip_blanks(p, after)))
		return value;
	parse_fault(p, after, "put the quotes round the whole value",
		    "text follows the closing %c of %s's value", *at == '"' ? '"' : '}',
		    keyword);
	return NULL;
}

static const char *read_value(struct parse *p, const uint8_t *at, const struct word *word)
{
	size_t len = (size_t)(line_end(p) - at);
	bool is_note = word->meaning[SECTION_CONN].is_note;
	const char *value;
	const uint8_t *bad;

	if (is_note)
		return parse_keep(p, at, len);
	value = at < line_end(p) && (*at == '"' || *at == '{') ? enclosed(p, at, word->text)
							       : parse_bare(p, at);
	if (!value)
		return NULL;
	len = strlen(value);
	if (len > CONF_VALUE_MAX) {
		parse_fault(p, at, "is a line end missing?",
			    "the value of %s has %zu octets, %d at most", word->text, len,
			    CONF_VALUE_MAX);
		return NULL;
	}
	bad = parse_bad_character(view_of(value, len));
	if (*bad == '\n' || *bad == '\r') {
		parse_fault(p, at,
			    "a backslash at the end of a line joins it with the next one",
			    "the value of %s has \\%c in it, and no value can have a line end",
			    word->text, *bad == '\n' ? 'n' : 'r');
		return NULL;
	}
	if (*bad) {
		parse_fault(p, at, "write the file in UTF-8",
			    "the value of %s is not UTF-8 text at its octet %td (0x%02x)",
			    word->text, bad - (const uint8_t *)value + 1, *bad);
		return NULL;
	}
	if (shown_record_at(view_of(value, len)) < len) {
		parse_fault(
			p, at, "put it on a line of its own in ipsec.secrets",
			"the value of %s has what looks like a record of ipsec.secrets in it",
			word->text);
		return NULL;
	}
	return value;
}

static bool is_word_of(enum section_kind kind, const struct word *word)
{
	const struct keyword_meaning *m = &word->meaning[kind];

	return m->row || m->field;
}

void parse_param(struct parse *p)
{
	const uint8_t *at = skip_blanks(p, p->line.ptr), *end = at, *eq;
	struct section *s = parse_open(p);
	struct param param = {.line = p->number, .column = (uint32_t)(at - p->line.ptr) + 1};

	while (end < line_end(p) && *end != '=' && !is_blank(*end))
		end++;
	eq = skip_blanks(p, end);
	if (eq == line_end(p) || *eq != '=' || end == at || end - at > CONF_NAME_MAX) {
		if (!p->torn)
			parse_fault(p, at, "write it as  keyword=value",
				    "expected keyword=value, found \"%.*s\"",
				    (int)shown_word_len(
					    view_of(at, (size_t)(line_end(p) - at))),
				    (const char *)at);
		return;
	}
	if (!s) {
		parse_fault(p, at, "put a line  conn NAME  or  config setup  above it",
			    "%.*s= stands in no section", (int)(end - at), (const char *)at);
		return;
	}
	param.line_at = parse_place(p, at).line_at;
	param.word = word_get(p->file, s->kind, view_of(at, (size_t)(end - at)));
	eq = skip_blanks(p, eq + 1);
	param.value_column = (uint32_t)(eq - p->line.ptr) + 1;
	if (p->torn && param.word && !is_word_of(s->kind, param.word))
		return; /* the fault above it has been told, and this may be what was in the quotes */
	if (!param.word)
		p->err = CYG_NOMEM;
	else
		param.value = read_value(p, eq, param.word);
	if (!param.value)
		return;
	if (!add_param(p, &param)) {
		p->err = p->err ? p->err : CYG_NOMEM;
		return;
	}
	if (s->kind == SECTION_SETUP && text_same(param.word->text, "dialect") &&
	    !dialect_by_name(param.value, &p->file->dialect))
		p->file->dialect = DIALECT_ANY; /* setup.c tells that there is no such one */
}
