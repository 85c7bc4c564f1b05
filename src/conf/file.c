/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files into sections and parameters, whole or as far as somebody asks for them.
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

/* Keep what was read of a file, which is taken over. NULL: no memory, and it is freed. */
static struct source *add_source(struct conf_file *f, const char *path, struct sieved *kept)
{
	size_t len = strlen(path) + 1;
	struct source *s = malloc(sizeof(*s) + len);

	if (!s) {
		sieved_done(kept);
		return NULL;
	}
	s->kept = *kept;
	s->dialect = f->dialect;
	f->octets += kept->whole ? kept->text.len : (size_t)kept->version.size;
	f->sources_len++;
	*kept = (struct sieved){0};
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

static void parse_part(struct parse *p, size_t from, size_t len)
{
	const uint8_t *at = p->source->kept.text.ptr + from, *end = at + len;

	if (!from && len >= 3 && !memcmp(at, BYTE_ORDER_MARK, 3))
		at += 3;
	p->section = 0;
	parse_lines(p, at, end);
}

void parse_stretch(struct parse *p, size_t i)
{
	struct stretch *s = &p->source->kept.stretches[i];

	p->number = s->line - 1;
	if (s->len)
		parse_part(p, s->at, s->len);
	s->dialect = p->file->dialect;
}

static void parse_whole(struct parse *p, struct view text)
{
	parse_part(p, 0, text.len);
	if (!p->err && text.len && text.ptr[text.len - 1] != '\n' && !p->file->unended.source)
		p->file->unended = parse_place(p, p->line.ptr);
}

static void parse_text(struct parse *p)
{
	const struct sieved *kept = &p->source->kept;

	if (!kept->len && kept->text.ptr)
		parse_whole(p, view_of(kept->text.ptr, kept->text.len));
	for (size_t i = 0; i < kept->len && !p->err; i++)
		parse_stretch(p, i);
}

void parse_included(void *ctx, const struct input *child)
{
	struct parse *up = ctx;
	struct parse p = {.file = up->file, .problems = up->problems, .asked = up->asked};
	struct place place = parse_place(up, up->line.ptr);
	struct input in = *child;
	struct sieved kept;
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
	if (sieve_file(&in, up->asked, octets_left(up->file), &kept, up->problems, &why)) {
		problems_add_at(up->problems, PROBLEM_ERROR, &why, &place);
		parse_gap(up);
		return;
	}
	if (!kept.version.size)
		parse_hollow(up);
	if (input_goes_round(&in)) {
		parse_fault(up, up->line.ptr, "remove one of the include lines",
			    "%s includes itself", in.path);
		sieved_done(&kept);
		return;
	}
	p.input = &in;
	p.source = add_source(p.file, in.path, &kept);
	if (p.source)
		parse_text(&p);
	up->err = p.source ? p.err : CYG_NOMEM;
}

static enum cyg_err parse_first(const struct input *in, struct sieved *kept,
				const struct asked *asked, struct conf_file *ret,
				struct problems *problems)
{
	struct conf_file f = {0};
	struct parse p = {.file = &f, .problems = problems, .input = in, .asked = asked};

	p.source = add_source(&f, in->path, kept);
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
	struct sieved kept;
	struct diag d;

	if (text.len > CONF_FILE_OCTETS_MAX) {
		diag_set(&d, "file-size", NULL, "%s is larger than %u octets", name,
			 CONF_FILE_OCTETS_MAX);
		problems_add(problems, PROBLEM_ERROR, &d);
		return CYG_LIMIT;
	}
	if ((text.len && !bytes_copy(&copy, text)) || sieve_text(&copy, asked, &kept))
		return CYG_NOMEM;
	return parse_first(&in, &kept, asked, ret, problems);
}

enum cyg_err conf_file_add(struct conf_file *f, struct view text, const char *name,
			   struct problems *problems)
{
	struct input in = {.path = name};
	struct parse p = {.file = f, .problems = problems, .input = &in};
	struct sieved kept = {.whole = true};

	if (text.len && bytes_copy(&kept.text, text))
		p.source = add_source(f, name, &kept);
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
	struct sieved kept;
	struct diag why;
	enum cyg_err err = sieve_file(&in, asked, CONF_FILE_OCTETS_MAX, &kept, problems, &why);

	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	/* What a pipe includes is read whole, too: there is no reading it again. */
	return parse_first(&in, &kept, kept.whole ? NULL : asked, ret, problems);
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

		sieved_done(&f->sources->kept);
		free(f->sources);
		f->sources = next;
	}
	memset(f, 0, sizeof(*f));
}
