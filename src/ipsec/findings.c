/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/findings.h"

#include "base/array.h"
#include "base/text.h"
#include "whack/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct finding {
	uint8_t level; /* enum problem_level */
	uint32_t line, column;
	const char *code;
	char *file, *sentence, *wanted, *got, *hint; /* "" for what is not there */
	struct problem shown;                        /* the source line; that alone is set */
	size_t times;
	char *key;
	UT_hash_handle hh;
};

static const char *const level_names[] = {"note", "warning", "error"};

/* ---- gathering ---- */

static void finding_free(struct finding *x)
{
	if (!x)
		return;
	free(x->file);
	free(x->sentence);
	free(x->wanted);
	free(x->got);
	free(x->hint);
	free(x->shown.line);
	free(x->key);
	free(x);
}

/* What is said of one place by one rule is one finding, whichever connection met it. */
static char *key_of(enum problem_level level, const struct diag *d)
{
	struct text t = {0};

	text_add(&t, "%d %s %s:%u:%u", level, d->code, d->file, d->line, d->column);
	if (!d->line)
		text_add(&t, " %s", d->sentence);
	return text_take(&t);
}

/* Where a secret stands nothing of the line is shown, nor of what came. */
static struct finding *finding_new(const struct problem *p, enum finding_source source)
{
	struct finding *x = calloc(1, sizeof(*x));
	const struct diag *d = &p->diag;

	if (!x)
		return NULL;
	x->level = p->level;
	x->line = d->line;
	x->column = d->column;
	x->code = d->code;
	x->times = 1;
	x->file = strdup(d->file);
	x->sentence = strdup(d->sentence);
	x->wanted = strdup(d->wanted);
	x->got = strdup(source == FOUND_SECRETS ? "" : d->got);
	x->hint = strdup(d->hint);
	if (p->line && source == FOUND_CONF) {
		x->shown.line = strdup(p->line);
		x->shown.caret = p->caret;
	}
	if (x->file && x->sentence && x->wanted && x->got && x->hint)
		return x;
	finding_free(x);
	return NULL;
}

static bool has_room(struct findings *f)
{
	struct finding **bigger = array_grow(f->items, f->len, &f->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	f->items = bigger;
	return true;
}

static bool add_new(struct findings *f, struct finding *x)
{
	if (!x || !has_room(f))
		return false;
	HASH_ADD_KEYPTR(hh, f->by_key, x->key, strlen(x->key), x);
	if (!x->hh.tbl)
		return false;
	f->items[f->len++] = x;
	return true;
}

static void add(struct findings *f, const struct problem *p, enum finding_source source)
{
	char *key = key_of(p->level, &p->diag);
	struct finding *x = NULL;

	if (key)
		HASH_FIND_STR(f->by_key, key, x);
	if (x) {
		x->times++;
		free(key);
		return;
	}
	f->count[p->level]++;
	x = key ? finding_new(p, source) : NULL;
	if (x)
		x->key = key;
	else
		free(key);
	if (!add_new(f, x)) {
		finding_free(x);
		f->lost++;
	}
}

void findings_add(struct findings *f, enum problem_level level, const struct diag *d)
{
	add(f, &(struct problem){.level = (uint8_t)level, .diag = *d}, FOUND_CONF);
}

void findings_take(struct findings *f, enum finding_source source, struct problems *p)
{
	for (size_t i = 0; i < p->len; i++)
		add(f, &p->items[i], source);
	f->lost += p->dropped;
	problems_done(p);
}

void findings_done(struct findings *f)
{
	HASH_CLEAR(hh, f->by_key);
	for (size_t i = 0; i < f->len; i++)
		finding_free(f->items[i]);
	free(f->items);
	memset(f, 0, sizeof(*f));
}

static int compare(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	int by_file = strcmp(x->file, y->file);

	if (!x->line != !y->line)
		return x->line ? -1 : 1;
	if (by_file)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->key, y->key);
}

void findings_sort(struct findings *f)
{
	if (f->len)
		qsort(f->items, f->len, sizeof(struct finding *), compare);
}

/* ---- printing ---- */

static void print_part(const char *word, const char *text, FILE *out)
{
	if (*text)
		fprintf(out, "        %s: %s\n", word, text);
}

static void print_one(const struct finding *x, FILE *out)
{
	struct text line = {0};

	problem_show(&x->shown, &line);
	if (x->line)
		fprintf(out, "%s:%u:%u: ", x->file, x->line, x->column);
	fprintf(out, "%s: %s\n", level_names[x->level], x->sentence);
	fputs(text_str(&line), out);
	text_done(&line);
	print_part("wanted", x->wanted, out);
	print_part("got", x->got, out);
	print_part("hint", x->hint, out);
	if (x->times > 1)
		fprintf(out, "        it concerns %zu connections\n", x->times);
}

void findings_print(const struct findings *f, bool notes, FILE *out)
{
	for (size_t i = 0; i < f->len; i++) {
		if (f->items[i]->level != PROBLEM_NOTE || notes)
			print_one(f->items[i], out);
	}
}

void findings_print_places(const struct findings *f, FILE *out)
{
	for (size_t i = 0; i < f->len; i++) {
		const struct finding *x = f->items[i];

		if (x->line)
			fprintf(out, "%s:%u:%u: ", x->file, x->line, x->column);
		fprintf(out, "%s: %s\n", level_names[x->level], x->code);
	}
}

static bool set_text(json_t *to, const char *key, const char *text)
{
	return !*text || !json_object_set_new(to, key, json_text(text));
}

static json_t *finding_json(const struct finding *x)
{
	json_t *o = json_object();
	bool well = o && set_text(o, "level", level_names[x->level]) &&
		    set_text(o, "code", x->code) && set_text(o, "sentence", x->sentence) &&
		    set_text(o, "wanted", x->wanted) && set_text(o, "got", x->got) &&
		    set_text(o, "hint", x->hint);

	if (well && x->line)
		well = set_text(o, "file", x->file) &&
		       !json_object_set_new(o, "line", json_integer(x->line)) &&
		       !json_object_set_new(o, "column", json_integer(x->column));
	if (well && x->shown.line)
		well = set_text(o, "source", x->shown.line) &&
		       !json_object_set_new(o, "caret", json_integer(x->shown.caret));
	if (well)
		well = !json_object_set_new(o, "times", json_integer((json_int_t)x->times));
	if (well)
		return o;
	json_decref(o);
	return NULL;
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < f->len; i++) {
		if (json_array_append_new(list, finding_json(f->items[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
