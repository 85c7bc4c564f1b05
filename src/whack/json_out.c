/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/json_out.h"

#include "whack/protocol.h"

#include <stdlib.h>
#include <string.h>

/* Octets of `s` that stand in a JSON string as they are; all of it in nearly every text. */
static size_t plain(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= ' ' && (unsigned char)s[n] < 0x7f && s[n] != '"' &&
	       s[n] != '\\')
		n++;
	return n;
}

/* What needs care is left to the library. */
static void add_careful(struct json_out *o, const char *value)
{
	json_t *json = json_text(value);
	char *dumped = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	if (dumped)
		text_add_str(&o->text, dumped);
	else
		o->text.bad = true;
	free(dumped);
	json_decref(json);
}

#define PIECE 128 /* octets that are put together before they are added: most members fit */

/* `front`, the string in quotes, `back`; of plain text. */
static void add_quoted(struct json_out *o, const char *front, const char *s, size_t n,
		       const char *back)
{
	char piece[PIECE];
	size_t len = strlen(front);

	if (n + len + strlen(back) + 2 > sizeof(piece)) {
		text_add_str(&o->text, front);
		text_add_char(&o->text, '"');
		text_add_view(&o->text, view_of((const uint8_t *)s, n));
		text_add_char(&o->text, '"');
		text_add_str(&o->text, back);
		return;
	}
	memcpy(piece, front, len);
	piece[len++] = '"';
	memcpy(piece + len, s, n);
	len += n;
	piece[len++] = '"';
	n = strlen(back);
	memcpy(piece + len, back, n);
	text_add_view(&o->text, view_of((const uint8_t *)piece, len + n));
}

static void add_string(struct json_out *o, const char *value)
{
	size_t n = plain(value);

	if (value[n])
		add_careful(o, value);
	else
		add_quoted(o, "", value, n, "");
}

/* What stands in front of a value. Keys are words of the program's own. */
static void begin(struct json_out *o, const char *key)
{
	const char *comma = o->comma ? "," : "";

	o->comma = true;
	if (key)
		add_quoted(o, comma, key, strlen(key), ":");
	else
		text_add_str(&o->text, comma);
}

static void open(struct json_out *o, const char *key, char bracket)
{
	begin(o, key);
	text_add_char(&o->text, bracket);
	o->comma = false;
}

static void shut(struct json_out *o, char bracket)
{
	text_add_char(&o->text, bracket);
	o->comma = true;
}

void json_out_object(struct json_out *o, const char *key)
{
	open(o, key, '{');
}

void json_out_list(struct json_out *o, const char *key)
{
	open(o, key, '[');
}

void json_out_object_end(struct json_out *o)
{
	shut(o, '}');
}

void json_out_list_end(struct json_out *o)
{
	shut(o, ']');
}

void json_out_text(struct json_out *o, const char *key, const char *value)
{
	begin(o, key);
	add_string(o, value);
}

void json_out_number(struct json_out *o, const char *key, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	begin(o, key);
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	text_add_view(&o->text, view_of((const uint8_t *)digits + at, sizeof(digits) - at));
}

void json_out_flag(struct json_out *o, const char *key, bool value)
{
	begin(o, key);
	text_add_str(&o->text, value ? "true" : "false");
}

void json_out_raw(struct json_out *o, const char *key, const char *json)
{
	begin(o, key);
	text_add_str(&o->text, json);
}

void json_out_clear(struct json_out *o)
{
	text_clear(&o->text);
	o->comma = false;
}

void json_out_done(struct json_out *o)
{
	text_done(&o->text);
	o->comma = false;
}
