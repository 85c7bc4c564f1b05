/* SPDX-License-Identifier: Apache-2.0 */
/* Sections that were left out, and then are asked for. */
#include "conf/parse.h"

#include <string.h>

bool conf_file_is_part(const struct conf_file *f)
{
	for (const struct source *s = f->sources; s; s = s->next) {
		if (s->kept.left_len)
			return true;
	}
	return false;
}

/* The dialect where a line of the file stands. */
static uint8_t dialect_at(const struct source *s, uint32_t line)
{
	uint8_t dialect = s->dialect;
	uint32_t before = 0;

	for (size_t i = 0; i < s->kept.len; i++) {
		const struct stretch *t = &s->kept.stretches[i];

		if (t->line < line && t->line > before) {
			before = t->line;
			dialect = t->dialect;
		}
	}
	return dialect;
}

/* The text of one more stretch, as sections behind the others. */
static enum cyg_err read_stretch(struct conf_file *f, struct source *s, uint32_t line,
				 struct problems *problems)
{
	struct parse p = {.file = f, .problems = problems, .source = s};
	uint8_t dialect = f->dialect;

	f->dialect = dialect_at(s, line);
	parse_stretch(&p, s->kept.len - 1);
	f->dialect = dialect;
	return p.err;
}

static enum cyg_err read_left(struct conf_file *f, struct source *s, const struct left_out *one,
			      struct problems *problems)
{
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = sieve_take(&s->kept, s->path, one, &why);
	if (err && diag_is_set(&why))
		problems_add(problems, PROBLEM_ERROR, &why);
	return err ? err : read_stretch(f, s, one->line, problems);
}

static bool is_read(const struct conf_file *f, struct view name)
{
	for (size_t i = 0; i < f->len; i++) {
		const struct section *s = &f->sections[i];

		if (s->kind == SECTION_CONN && view_equal(view_str(s->name), name))
			return true;
	}
	return false;
}

/* One that was left out, and where. */
struct found {
	struct source *source;
	size_t at;
	size_t count; /* how many there are, what was read of the name too */
};

static void find_left(struct source *s, uint32_t hash, struct found *f)
{
	for (size_t i = 0; i < s->kept.left_len; i++) {
		if (s->kept.left[i].hash != hash)
			continue;
		f->source = s;
		f->at = i;
		f->count++;
	}
}

static enum cyg_err read_name(struct conf_file *f, struct view name, struct problems *problems)
{
	struct found found = {.count = is_read(f, name)};

	for (struct source *s = f->sources; s; s = s->next)
		find_left(s, sieve_hash(name), &found);
	if (!found.source)
		return CYG_OK;
	if (found.count > 1)
		return CYG_CONFLICT;
	return read_left(f, found.source, &found.source->kept.left[found.at], problems);
}

enum cyg_err conf_file_read_more(struct conf_file *f, const struct asked *asked,
				 struct problems *problems)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < asked->len; i++)
		err = read_name(f, asked->names[i], problems);
	return err;
}
