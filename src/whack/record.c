/* SPDX-License-Identifier: Apache-2.0 */
/* Reports, refusals and connections as JSON, and back. */
#include "whack/protocol.h"

#include "conn/field.h"
#include "whack/json_out.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	struct text escaped = {0};
	json_t *s;

	s = json_string(text);
	if (s)
		return s;
	text_add_escaped(&escaped, view_str(text)); /* no valid UTF-8 */
	s = escaped.bad ? NULL : json_string(text_str(&escaped));
	text_done(&escaped);
	return s;
}

/* Set key: text unless there is nothing to say. */
static bool put_text(json_t *object, const char *key, const char *text)
{
	return !text || !*text || json_object_set_new(object, key, json_text(text)) == 0;
}

static bool put_number(json_t *object, const char *key, uint64_t n)
{
	return n == 0 || json_object_set_new(object, key, json_integer((json_int_t)n)) == 0;
}

static json_t *whole(json_t *object, bool ok)
{
	if (ok)
		return object;
	json_decref(object);
	return NULL;
}

/* The text at `key`; NULL when there is none, false in *ok when it is something else. */
static const char *get_text(const json_t *object, const char *key, bool *ok)
{
	json_t *v = json_object_get(object, key);

	if (v && !json_is_string(v))
		*ok = false;
	return json_string_value(v);
}

static uint64_t get_number(const json_t *object, const char *key, uint64_t max, bool *ok)
{
	json_t *v = json_object_get(object, key);

	if (v && (!json_is_integer(v) || json_integer_value(v) < 0 ||
		  (uint64_t)json_integer_value(v) > max)) {
		*ok = false;
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

json_t *diag_json(const struct diag *d)
{
	json_t *o = json_object();
	bool ok = o != NULL;

	ok = ok && put_text(o, "code", d->code) && put_text(o, "ref", d->ref);
	ok = ok && put_text(o, "file", d->file) && put_number(o, "line", d->line);
	ok = ok && put_number(o, "column", d->column) && put_text(o, "sentence", d->sentence);
	ok = ok && put_text(o, "wanted", d->wanted) && put_text(o, "got", d->got);
	ok = ok && put_text(o, "hint", d->hint);
	if (ok && d->offset != DIAG_NOWHERE)
		ok = json_object_set_new(o, "offset", json_integer(d->offset)) == 0;
	return whole(o, ok);
}

/*
 * diag's own setters would escape once more what is escaped already, so text
 * is copied as it stands, cut at a character when it is too long.
 */
static void copy_text(char *to, size_t cap, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= cap) {
		len = cap - 1;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	if (len)
		memcpy(to, text, len);
	to[len] = '\0';
}

enum cyg_err diag_from_json(const json_t *json, struct diag *ret)
{
	struct diag d;
	bool ok = json_is_object(json);

	diag_clear(&d);
	d.code = get_text(json, "code", &ok);
	d.ref = get_text(json, "ref", &ok);
	if (json_object_get(json, "offset"))
		d.offset = (uint32_t)get_number(json, "offset", DIAG_NOWHERE, &ok);
	d.line = (uint32_t)get_number(json, "line", UINT32_MAX, &ok);
	d.column = (uint32_t)get_number(json, "column", UINT32_MAX, &ok);
	copy_text(d.file, sizeof(d.file), get_text(json, "file", &ok));
	copy_text(d.sentence, sizeof(d.sentence), get_text(json, "sentence", &ok));
	copy_text(d.wanted, sizeof(d.wanted), get_text(json, "wanted", &ok));
	copy_text(d.got, sizeof(d.got), get_text(json, "got", &ok));
	copy_text(d.hint, sizeof(d.hint), get_text(json, "hint", &ok));
	if (!ok || !d.code)
		return CYG_MALFORMED;
	*ret = d;
	return CYG_OK;
}

static const char *const levels[] = {
	[REPORT_DEBUG] = "debug",     [REPORT_INFO] = "info",   [REPORT_NOTICE] = "notice",
	[REPORT_WARNING] = "warning", [REPORT_ERROR] = "error",
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* A member unless there is nothing to say. */
static void write_text(struct json_out *o, const char *key, const char *text)
{
	if (text && *text)
		json_out_text(o, key, text);
}

static void write_number(struct json_out *o, const char *key, uint64_t n)
{
	if (n)
		json_out_number(o, key, n);
}

/* Few reports have one, so that it need not be quick. */
static void write_diag(struct json_out *o, const char *key, const struct diag *d)
{
	json_t *json = diag_json(d);
	char *dumped = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (dumped)
		json_out_raw(o, key, dumped);
	else
		o->text.bad = true;
	free(dumped);
	json_decref(json);
}

void report_write(struct json_out *o, const struct report *r)
{
	json_out_object(o, NULL);
	json_out_number(o, "code", r->code);
	write_text(o, "level", r->level < LEVELS ? levels[r->level] : NULL);
	write_text(o, "event", r->event);
	write_text(o, "connection", r->connection);
	write_number(o, "instance", r->instance);
	write_number(o, "serial", r->serial);
	write_text(o, "state", r->state);
	write_text(o, "text", r->text);
	if (diag_is_set(r->diag))
		write_diag(o, "diag", r->diag);
	json_out_object_end(o);
}

static uint8_t level_of(const char *name, bool *ok)
{
	for (uint8_t i = 0; name && i < LEVELS; i++)
		if (strcmp(levels[i], name) == 0)
			return i;
	*ok = false;
	return REPORT_INFO;
}

enum cyg_err report_from_json(const json_t *json, struct report *ret, struct diag *storage)
{
	bool ok = json_is_object(json);
	json_t *diag = json_object_get(json, "diag");
	struct report r = {
		.code = (uint16_t)get_number(json, "code", UINT16_MAX, &ok),
		.level = level_of(get_text(json, "level", &ok), &ok),
		.event = get_text(json, "event", &ok),
		.connection = get_text(json, "connection", &ok),
		.instance = (uint32_t)get_number(json, "instance", UINT32_MAX, &ok),
		.serial = get_number(json, "serial", INT64_MAX, &ok),
		.state = get_text(json, "state", &ok),
		.text = get_text(json, "text", &ok),
	};

	if (!ok || !json_object_get(json, "code"))
		return CYG_MALFORMED;
	if (diag) {
		enum cyg_err err = diag_from_json(diag, storage);

		if (err)
			return err;
		r.diag = storage;
	}
	if (!r.text)
		r.text = "";
	*ret = r;
	return CYG_OK;
}

static void put_fields(struct json_out *o, const struct connection *c, const char *prefix,
		       int which, struct text *value)
{
	bool per_end = *prefix;
	char key[80];

	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		if (f->per_end != per_end)
			continue;
		text_clear(value);
		if (!field_get(c, which, f, value))
			continue;
		o->text.bad |= value->bad;
		stpcpy(stpcpy(key, prefix), f->keyword); /* words of conn_fields: short */
		json_out_text(o, key, text_str(value));
	}
}

void connection_write(struct json_out *o, const char *key, const struct connection *c)
{
	struct text value = {0};

	json_out_object(o, key);
	put_fields(o, c, "", 0, &value);
	put_fields(o, c, "left", 0, &value);
	put_fields(o, c, "right", 1, &value);
	json_out_object_end(o);
	text_done(&value);
}

/* "leftsubnet" is the field "subnet" of end 0. */
static const struct field *field_of_key(const char *key, int *ret_which)
{
	*ret_which = 0;
	if (strncmp(key, "left", 4) == 0)
		return field_by_keyword(key + 4, true);
	if (strncmp(key, "right", 5) == 0) {
		*ret_which = 1;
		return field_by_keyword(key + 5, true);
	}
	return field_by_keyword(key, false);
}

static enum cyg_err set_key(struct connection *c, const char *key, const json_t *value,
			    struct diag *why)
{
	const struct field *f;
	int which;

	f = field_of_key(key, &which);
	if (!f) {
		diag_set(why, "unknown-keyword", NULL, "a connection has no field \"%s\"", key);
		return CYG_NOTFOUND;
	}
	if (!json_is_string(value) ||
	    strlen(json_string_value(value)) != json_string_length(value)) {
		diag_set(why, "invalid-parameter", NULL, "the value of \"%s\" is no text", key);
		return CYG_RANGE;
	}
	return field_set(c, which, f, json_string_value(value), why);
}

static enum cyg_err set_keys(struct connection *c, json_t *object, char *parameter,
			     struct diag *why)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		enum cyg_err err = set_key(c, key, value, why);

		if (err) {
			copy_text(parameter, 64, key);
			return err;
		}
	}
	return connection_check(c, why);
}

enum cyg_err connection_from_json(const char *name, const json_t *json, struct connection **ret,
				  char *parameter, struct diag *why)
{
	struct connection *c;
	enum cyg_err err;

	if (!json_is_object(json)) {
		diag_set(why, "invalid-parameter", NULL,
			 "a connection is an object of keyword and text");
		return CYG_RANGE;
	}
	if (connection_name_check(name, why)) {
		copy_text(parameter, 64, "name");
		return CYG_RANGE;
	}
	c = connection_new(name);
	if (!c)
		return CYG_NOMEM;
	err = set_keys(c, (json_t *)json, parameter, why);
	if (err) {
		connection_unref(c);
		return err;
	}
	*ret = c;
	return CYG_OK;
}
