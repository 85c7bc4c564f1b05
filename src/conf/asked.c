/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/asked.h"

#include "conf/word.h"

#include <string.h>

static bool is_wanted(const struct wanted *w, struct view name)
{
	for (size_t i = 0; i < w->len; i++) {
		if (view_equal(w->names[i], name))
			return true;
	}
	return false;
}

static bool want(struct wanted *w, struct view name)
{
	if (is_wanted(w, name))
		return true;
	if (w->len == ASKED_MAX)
		return false;
	w->names[w->len++] = name;
	return true;
}

bool wanted_take(struct wanted *w, char *const *names, size_t len)
{
	w->len = 0;
	for (size_t i = 0; i < len; i++) {
		if (!want(w, view_str(names[i])))
			return false;
	}
	return true;
}

/* Has each a section that was read? */
static bool all_there(const struct wanted *w, const struct conf_file *f)
{
	bool there[ASKED_MAX] = {false};
	size_t found = 0;

	for (size_t i = 0; i < f->len; i++) {
		const struct section *s = &f->sections[i];

		for (size_t k = 0; s->kind == SECTION_CONN && k < w->len; k++) {
			if (!there[k] && view_equal(w->names[k], view_str(s->name))) {
				there[k] = true;
				found++;
			}
		}
	}
	return found == w->len;
}

static bool want_words(struct wanted *w, const char *at)
{
	while (*(at += strspn(at, " \t,"))) {
		size_t n = strcspn(at, " \t,");

		if (!want(w, view_of(at, n)))
			return false;
		at += n;
	}
	return true;
}

/* What the sections that were read take in. */
static bool want_also(struct wanted *w, const struct conf_file *f)
{
	for (size_t i = 0; i < f->len; i++) {
		const struct section *s = &f->sections[i];

		for (size_t k = 0; s->kind == SECTION_CONN && k < s->len; k++) {
			const struct param *p = section_param(f, s, k);
			const struct keyword_meaning *m = param_meaning(s, p);

			if (m->row && m->row->value == VALUE_NAMES && !want_words(w, p->value))
				return false;
		}
	}
	return true;
}

enum cyg_err wanted_complete(struct wanted *w, struct conf_file *f, struct problems *problems)
{
	size_t before = 0;
	enum cyg_err err = CYG_OK;

	if (!conf_file_is_part(f))
		return CYG_OK;
	if (!all_there(w, f))
		return CYG_CONFLICT;
	while (!err && before < w->len) {
		before = w->len;
		if (!want_also(w, f))
			return CYG_CONFLICT;
		if (w->len > before)
			err = conf_file_read_more(f,
						  &(struct asked){w->names + before,
								  w->len - before, false},
						  problems);
	}
	return err;
}
