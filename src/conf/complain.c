/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of words that there are not, and of those that are not built. */
#include "conf/conf_private.h"
#include "conf/dialect.h"
#include "conf/word.h"

static const char *section_title(enum section_kind kind)
{
	static const char *const titles[] = {"config setup", "a conn section", "a ca section"};

	return titles[kind];
}

static const char *side_of(uint8_t which)
{
	return which == 0 ? "left" : which == 1 ? "right" : "";
}

/* Another kind of section that has the word; SECTION_KINDS if none. */
static int kind_that_has(const struct param *p, int other_than)
{
	for (int kind = 0; kind < SECTION_KINDS; kind++) {
		if (kind != other_than && p->word->meaning[kind].row)
			return kind;
	}
	return SECTION_KINDS;
}

void conf_unknown_word(const struct section *s, const struct param *p, struct diag *ret)
{
	const char *word = param_keyword(p), *near = p->word->near[s->kind];
	const struct keyword_meaning *m = param_meaning(s, p);
	int home = kind_that_has(p, s->kind);
	char of_end[KEYWORD_TEXT_MAX];

	if (s->kind == SECTION_SETUP)
		diag_set(ret, "keyword-unknown", NULL, "config setup has no keyword %s=", word);
	else
		diag_set(ret, "keyword-unknown", NULL, "%s %s: there is no keyword %s=",
			 s->kind == SECTION_CA ? "ca" : "conn", s->name, word);
	if (home < SECTION_KINDS)
		diag_hint(ret, "%s= belongs in %s", word, section_title(home));
	else if (s->kind == SECTION_CONN && m->which == KEYWORD_NEITHER &&
		 keyword_row(SECTION_CONN, word, true))
		diag_hint(ret, "write left%s= or right%s=", word, word);
	else if (near)
		diag_hint(ret, "did you mean %s%s= ?", side_of(m->which), near);
	else if (s->kind == SECTION_CONN && m->which == KEYWORD_NEITHER &&
		 keyword_nearest_of_end(word, of_end))
		diag_hint(ret, "did you mean %s= ?", of_end);
}

bool conf_word_unbuilt(const struct keyword_meaning *m, const char *whose,
		       const struct param *p, struct diag *ret, enum problem_level *ret_level)
{
	const struct keyword *k = m->row;
	enum keyword_fate fate = keyword_fate(m);
	const char *note = m->field && m->field->inert ? m->field->inert : k->note;

	if (!*p->value || fate == KEYWORD_BUILT || keyword_is_harmless(k, p->value))
		return false;
	if (fate == KEYWORD_REFUSED) {
		bool secret = keyword_is_secret(param_keyword(p));

		diag_set(ret, "keyword-not-built", NULL, "%s%s=%.100s can't be followed: %s",
			 whose, param_keyword(p), secret ? "..." : p->value, note);
		*ret_level = PROBLEM_ERROR;
	} else {
		diag_set(ret, fate == KEYWORD_OBSOLETE ? "keyword-obsolete" : "keyword-inert",
			 NULL, "%s%s= has no effect: %s", whose, param_keyword(p), note);
		*ret_level = fate == KEYWORD_OBSOLETE ? PROBLEM_WARNING : PROBLEM_NOTE;
	}
	return true;
}

void conf_twice(const struct section *s, const struct param *p, const struct param *before,
		uint8_t twice, bool may_hold_secret, struct diag *ret)
{
	static const char *const counts[] = {
		[TWICE_REFUSED] = "",
		[TWICE_FIRST] = "; the first one counts",
		[TWICE_LAST] = "; the last one counts",
	};

	if (s->kind == SECTION_SETUP)
		diag_set(ret, "keyword-twice", NULL, "config setup has two values for %s=%s",
			 param_keyword(p), counts[twice]);
	else
		diag_set(ret, "keyword-twice", NULL, "%s %s has two values for %s=%s",
			 s->kind == SECTION_CA ? "ca" : "conn", s->name, param_keyword(p),
			 counts[twice]);
	if (may_hold_secret) {
		diag_wanted(ret, "one value; line %u says another one", before->line);
	} else {
		diag_wanted(ret, "one value; line %u says %s%s%.100s", before->line,
			    before->word == p->word ? "" : param_keyword(before),
			    before->word == p->word ? "" : "=", before->value);
		diag_got(ret, "%.100s", p->value);
	}
	diag_hint(
		ret, "remove one of the lines%s",
		twice == TWICE_REFUSED
			? "; dialect=libreswan would take the first one, dialect=strongswan the last"
			: "");
}
