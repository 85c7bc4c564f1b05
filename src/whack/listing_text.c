/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/listing_text.h"

#include "base/text.h"
#include "whack/report_line.h"

#include <time.h>

#define LABEL_COLUMNS 12

/* "Nov 27 11:00:00 2026" */
static void add_moment(const struct listing_text *t, int64_t at, struct text *out)
{
	time_t seconds = (time_t)at;
	char text[64] = "";
	struct tm tm;

	if (t->utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))
		strftime(text, sizeof(text),
			 t->utc ? "%b %d %H:%M:%S %Y UTC" : "%b %d %H:%M:%S %Y", &tm);
	text_add_str(out, text);
}

static void add_list(const json_t *list, struct text *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		text_add_str(out, i ? ", " : "");
		text_add_clean(out, word ? word : "");
	}
}

static void add_value(const struct listing_text *t, const struct listing *l,
		      const struct listing_field *f, const json_t *value, struct text *out)
{
	char verdict[LISTING_VERDICT_MAX];

	if (!value) /* an end that is none */
		text_add_str(out, "none");
	else if (json_is_string(value))
		text_add_clean(out, json_string_value(value));
	else if (json_is_array(value))
		add_list(value, out);
	else if (!json_is_integer(value))
		text_add_str(out, json_is_true(value) ? "yes" : "no");
	else if (f->type == LISTING_NUMBER || f->type == LISTING_INDEX)
		text_add(out, "%lld", (long long)json_integer_value(value));
	else
		add_moment(t, json_integer_value(value), out);
	if (f->type == LISTING_FROM || f->type == LISTING_UNTIL)
		text_add(out, ", %s",
			 listing_verdict(l, f->type, json_integer_value(value), t->now,
					 verdict));
}

/* It is not there yet: nobody knows when it ends. */
static bool is_request(const struct listing *l, const json_t *record)
{
	return l->requests && json_object_get(record, "requested");
}

static void print_title(const struct listing_text *t, const char *title)
{
	fprintf(t->out, "000 \n000 List of %s:\n000 \n", title);
}

/* The members without a label, in one line. */
static void print_head(const struct listing_text *t, const struct listing *l,
		       const json_t *record)
{
	struct text line = {0};

	for (size_t i = 0; i < l->fields_len; i++) {
		const struct listing_field *f = &l->fields[i];
		const json_t *value = json_object_get(record, f->key);

		if (f->label || !value)
			continue;
		text_add_str(&line, line.len ? ", " : "");
		add_value(t, l, f, value, &line);
	}
	fprintf(t->out, "000 %s\n", text_str(&line));
	text_done(&line);
}

static void print_record(const struct listing_text *t, const struct listing *l,
			 const json_t *record)
{
	struct text line = {0};

	print_head(t, l, record);
	for (size_t i = 0; i < l->fields_len; i++) {
		const struct listing_field *f = &l->fields[i];
		const json_t *value = json_object_get(record, f->key);

		if (!f->label ||
		    (!value && (f->type != LISTING_UNTIL || is_request(l, record))))
			continue;
		text_clear(&line);
		add_value(t, l, f, value, &line);
		fprintf(t->out, "000        %-*s %s\n", LABEL_COLUMNS, f->label,
			text_str(&line));
	}
	text_done(&line);
}

/* What its seconds count from. */
static void print_now(const struct listing_text *t, int64_t now)
{
	struct text line = {0};

	add_moment(t, now, &line);
	fprintf(t->out, "000 it is now %s (%lld)\n", text_str(&line), (long long)now);
	text_done(&line);
}

static void print_records(struct listing_text *t, const struct listing *l, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *record = json_array_get(list, i);

		if (is_request(l, record) && !t->requests) {
			print_title(t, l->requests);
			t->requests = true;
		}
		print_record(t, l, record);
	}
}

/* There are records, and the first is no request, which have a title of their own. */
static bool has_any(const struct listing *l, const json_t *list)
{
	return json_array_size(list) && !is_request(l, json_array_get(list, 0));
}

void listing_text_take(struct listing_text *t, const json_t *parameters)
{
	for (unsigned kind = 0; kind < LISTINGS; kind++) {
		const json_t *list = json_object_get(parameters, listings[kind].what);

		if (!list)
			continue;
		if (listings[kind].silent && !json_array_size(list))
			continue;
		if (t->last != kind)
			t->requests = false;
		if (t->last != kind &&
		    (!listings[kind].silent || has_any(&listings[kind], list)))
			print_title(t, listings[kind].title);
		if (t->last != kind && json_object_get(parameters, "now"))
			print_now(t, json_integer_value(json_object_get(parameters, "now")));
		t->last = kind;
		print_records(t, &listings[kind], list);
	}
}
