/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files into sections and parameters.
 *
 * Faults are charged to the section they stand in, which is then broken, and
 * reading goes on with the next line. A section ends where another begins, at
 * an include and at the end of its file, so its parameters stand together in
 * one array.
 */
#include "conf/file.h"

#include "conf/parse.h"
#include "conf/store.h"
#include "conf/word.h"

#include <stdlib.h>
#include <string.h>

/* Keep a file's text, which is taken over. NULL: no memory, and it is freed. */
static const struct source *add_source(struct conf_file *f, const char *path,
				       struct bytes *text)
{
	size_t len = strlen(path) + 1;
	struct source *s = malloc(sizeof(*s) + len);

	if (!s) {
		bytes_done(text);
		return NULL;
	}
	s->text = *text;
	f->octets += text->len;
	f->sources_len++;
	*text = (struct bytes){0};
	memcpy(s->path, path, len);
	s->next = f->sources;
	f->sources = s;
	return s;
}

/* What one more file may have. */
static size_t octets_left(const struct conf_file *f)
{
	size_t left = CONF_OCTETS_MAX - f->octets;

	return left < CONF_FILE_OCTETS_MAX ? left : CONF_FILE_OCTETS_MAX;
}

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void parse_text(struct parse *p)
{
	const uint8_t *at = p->source->text.ptr, *end;

	if (!at)
		return;
	end = at + p->source->text.len;
	if (p->source->text.len >= 3 && !memcmp(at, BYTE_ORDER_MARK, 3))
		at += 3;
	parse_lines(p, at, end);
	parse_end_passing(p, end);
}

void parse_included(void *ctx, const struct input *child)
{
	struct parse *up = ctx;
	struct parse p = {.file = up->file, .problems = up->problems, .asked = up->asked};
	struct place place = parse_place(up, up->line.ptr);
	struct input in = *child;
	struct bytes text;
	struct diag why;

	if (up->err)
		return;
	if (up->file->sources_len >= CONF_FILES_MAX) {
		if (!up->file->too_many)
			parse_fault(up, up->line.ptr, "look for files that include each other",
				    "more than %d files are included", CONF_FILES_MAX);
		up->file->too_many = true;
		return;
	}
	if (input_read(&in, false, octets_left(up->file), &text, up->problems, &why)) {
		problems_add_at(up->problems, PROBLEM_ERROR, &why, &place);
		parse_gap(up);
		return;
	}
	if (input_goes_round(&in)) {
		parse_fault(up, up->line.ptr, "remove one of the include lines",
			    "%s includes itself", in.path);
		bytes_done(&text);
		return;
	}
	p.input = &in;
	p.source = add_source(p.file, in.path, &text);
	if (p.source)
		parse_text(&p);
	up->err = p.source ? p.err : CYG_NOMEM;
}

static enum cyg_err parse_first(const struct input *in, struct bytes *text,
				const struct asked *asked, struct conf_file *ret,
				struct problems *problems)
{
	struct conf_file f = {0};
	struct parse p = {.file = &f, .problems = problems, .input = in, .asked = asked};

	p.source = add_source(&f, in->path, text);
	if (p.source)
		parse_text(&p);
	if (!p.source || p.err) {
		conf_file_done(&f);
		return p.err ? p.err : CYG_NOMEM;
	}
	*ret = f;
	return CYG_OK;
}

enum cyg_err conf_file_parse_asked(struct view text, const char *name,
				   const struct asked *asked, struct conf_file *ret,
				   struct problems *problems)
{
	struct input in = {.path = name};
	struct bytes copy = {0};
	struct diag d;

	if (text.len > CONF_FILE_OCTETS_MAX) {
		diag_set(&d, "file-size", NULL, "%s is larger than %u octets", name,
			 CONF_FILE_OCTETS_MAX);
		problems_add(problems, PROBLEM_ERROR, &d);
		return CYG_LIMIT;
	}
	if (text.len && !bytes_copy(&copy, text))
		return CYG_NOMEM;
	return parse_first(&in, &copy, asked, ret, problems);
}

enum cyg_err conf_file_add(struct conf_file *f, struct view text, const char *name,
			   struct problems *problems)
{
	struct input in = {.path = name};
	struct parse p = {.file = f, .problems = problems, .input = &in};
	struct bytes copy = {0};

	if (text.len && bytes_copy(&copy, text))
		p.source = add_source(f, name, &copy);
	if (!p.source)
		return CYG_NOMEM;
	parse_text(&p);
	return p.err;
}

enum cyg_err conf_file_parse(struct view text, const char *name, struct conf_file *ret,
			     struct problems *problems)
{
	return conf_file_parse_asked(text, name, NULL, ret, problems);
}

enum cyg_err conf_file_read_asked(const char *path, const struct asked *asked,
				  struct conf_file *ret, struct problems *problems)
{
	struct input in = {.path = path};
	struct bytes text;
	struct diag why;
	enum cyg_err err = input_read(&in, false, CONF_FILE_OCTETS_MAX, &text, problems, &why);

	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	return parse_first(&in, &text, asked, ret, problems);
}

enum cyg_err conf_file_read(const char *path, struct conf_file *ret, struct problems *problems)
{
	return conf_file_read_asked(path, NULL, ret, problems);
}

void conf_file_done(struct conf_file *f)
{
	if (!f)
		return;
	free(f->sections);
	free(f->params);
	words_done(f);
	store_done(&f->chunks);
	while (f->sources) {
		struct source *next = f->sources->next;

		bytes_done(&f->sources->text);
		free(f->sources);
		f->sources = next;
	}
	memset(f, 0, sizeof(*f));
}
