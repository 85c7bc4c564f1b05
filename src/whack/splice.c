/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/splice.h"

#include <string.h>

/* ---- a scanner of JSON that only finds where values begin and end ---- */

/* What is left. `bad`: it was no JSON, and nothing more comes. */
struct scan {
	const uint8_t *at, *end;
	bool bad;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && memchr(" \t\r\n", *s->at, 4))
		s->at++;
}

/* The next character behind white space, taken if it is `c`. */
static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Behind the string that begins here. */
static void skip_string(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\' && s->end - s->at > 1)
			s->at++;
	if (s->at < s->end)
		s->at++;
	else
		s->bad = true;
}

/* Behind the object or list that begins here; which bracket closes which is not looked at. */
static void skip_nested(struct scan *s)
{
	unsigned depth = 0;

	while (s->at < s->end && !s->bad) {
		switch (*s->at) {
		case '"':
			skip_string(s);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		s->at++;
		if (!depth)
			return;
	}
	s->bad = true;
}

/* The value that begins here; empty and bad when none does. */
static struct view take_value(struct scan *s)
{
	const uint8_t *from;

	skip_space(s);
	from = s->at;
	if (s->at < s->end && *s->at == '"')
		skip_string(s);
	else if (s->at < s->end && (*s->at == '{' || *s->at == '['))
		skip_nested(s);
	else
		while (s->at < s->end && !memchr(",]} \t\r\n", *s->at, 7))
			s->at++;
	s->bad |= s->at == from;
	return s->bad ? view_of(NULL, 0) : view_of(from, (size_t)(s->at - from));
}

/*
 * The next member of an object or element of a list (key is NULL), whose opening
 * bracket is behind us. False at its end, and when it is bad.
 */
static bool next(struct scan *s, bool first, char close, struct view *key, struct view *value)
{
	if (s->bad || take(s, close))
		return false;
	if (!first && !take(s, ',')) {
		s->bad = true;
		return false;
	}
	if (key) {
		*key = take_value(s);
		s->bad |= key->len < 2 || key->ptr[0] != '"' || !take(s, ':');
	}
	if (!s->bad)
		*value = take_value(s);
	return !s->bad;
}

static bool is_word(struct view v, const char *word)
{
	return v.len == strlen(word) && !memcmp(v.ptr, word, v.len);
}

/* ---- replies ---- */

static struct scan scan_of(struct view v)
{
	const uint8_t *at = v.len ? v.ptr : (const uint8_t *)"";

	return (struct scan){at, at + v.len, false};
}

/* Whether an object has one of the members that tell how a call went. */
static bool has_remark(struct view parameters)
{
	struct scan s = scan_of(parameters);
	struct view key, value;

	take(&s, '{');
	for (bool first = true; next(&s, first, '}', &key, &value); first = false)
		if (is_word(key, "\"reports\"") || is_word(key, "\"code\""))
			return true;
	return false;
}

enum cyg_err splice_look(struct view message, struct splice_reply *ret)
{
	struct splice_reply r = {0};
	struct scan s = scan_of(message);
	struct view key, value;

	if (!take(&s, '{'))
		return CYG_MALFORMED;
	for (bool first = true; next(&s, first, '}', &key, &value); first = false) {
		if (is_word(key, "\"parameters\""))
			r.parameters = value;
		else if (is_word(key, "\"continues\""))
			r.continues = is_word(value, "true");
		else
			r.remark = true;
	}
	if (s.bad)
		return CYG_MALFORMED;
	r.remark |= has_remark(r.parameters);
	*ret = r;
	return CYG_OK;
}

static void put(struct splice *s, struct view v)
{
	fwrite(v.ptr, 1, v.len, s->out);
}

static void close_list(struct splice *s)
{
	if (s->list[0])
		fputs(s->filled ? "\n  ]" : "]", s->out);
	s->list[0] = '\0';
}

static void begin_member(struct splice *s, struct view key)
{
	close_list(s);
	fputs(s->begun ? ",\n  " : "{\n  ", s->out);
	s->begun = true;
	put(s, key);
	fputs(": ", s->out);
}

static enum cyg_err add_elements(struct splice *s, struct view list)
{
	struct scan scan = scan_of(list);
	struct view value;

	take(&scan, '[');
	for (bool first = true; next(&scan, first, ']', NULL, &value); first = false) {
		fputs(s->filled ? ",\n    " : "\n    ", s->out);
		put(s, value);
		s->filled = true;
	}
	return scan.bad ? CYG_MALFORMED : CYG_OK;
}

static enum cyg_err add_member(struct splice *s, struct view key, struct view value)
{
	if (value.ptr[0] != '[') {
		begin_member(s, key);
		put(s, value);
		return CYG_OK;
	}
	if (!is_word(key, s->list)) {
		if (key.len >= sizeof(s->list))
			return CYG_LIMIT;
		begin_member(s, key);
		fputc('[', s->out);
		memcpy(s->list, key.ptr, key.len);
		s->list[key.len] = '\0';
		s->filled = false;
	}
	return add_elements(s, value);
}

enum cyg_err splice_take(struct splice *s, struct view parameters)
{
	struct scan scan = scan_of(parameters);
	struct view key, value;

	if (!parameters.len)
		return CYG_OK;
	if (!take(&scan, '{'))
		return CYG_MALFORMED;
	for (bool first = true; next(&scan, first, '}', &key, &value); first = false) {
		enum cyg_err err = add_member(s, key, value);

		if (err)
			return err;
	}
	return scan.bad ? CYG_MALFORMED : CYG_OK;
}

void splice_end(struct splice *s)
{
	close_list(s);
	fputs(s->begun ? "\n}\n" : "{}\n", s->out);
	*s = (struct splice){.out = s->out};
}
