/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/json_in.h"

#include <string.h>

#define DEPTH_MAX 16  /* of objects and lists in one another */
#define KEY_MAX 64    /* octets of a member's name, its NUL too */
#define DIGITS_MAX 18 /* of a number: none of as many leaves json_int_t */

/* What is left to read. Each reader below returns NULL or false where the library is to look. */
struct cursor {
	const uint8_t *at, *end;
	unsigned depth;
};

static json_t *read_value(struct cursor *c);

static bool take(struct cursor *c, char want)
{
	if (c->at == c->end || *c->at != (uint8_t)want)
		return false;
	c->at++;
	return true;
}

/* A string of plain ASCII, without its quotes. */
static bool take_string(struct cursor *c, struct view *ret)
{
	const uint8_t *from;

	if (!take(c, '"'))
		return false;
	from = c->at;
	while (c->at < c->end && *c->at >= ' ' && *c->at < 0x7f && *c->at != '"' &&
	       *c->at != '\\')
		c->at++;
	*ret = view_of(from, (size_t)(c->at - from));
	return take(c, '"');
}

static json_t *read_string(struct cursor *c)
{
	struct view v;

	return take_string(c, &v) ? json_stringn_nocheck((const char *)v.ptr, v.len) : NULL;
}

/* A whole number from 0. What follows it must be what may follow a number here. */
static json_t *read_number(struct cursor *c)
{
	const uint8_t *from = c->at;
	json_int_t n = 0;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - from < DIGITS_MAX)
		n = 10 * n + (*c->at++ - '0');
	if (c->at == from || (*from == '0' && c->at - from > 1) || c->at == c->end ||
	    !memchr(",]}", *c->at, 3))
		return NULL;
	return json_integer(n);
}

static json_t *read_word(struct cursor *c, const char *word, json_t *meaning)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len))
		return NULL;
	c->at += len;
	return meaning;
}

static bool read_member(struct cursor *c, json_t *object)
{
	size_t before = json_object_size(object);
	struct view name;
	char key[KEY_MAX];
	json_t *value;

	if (!take_string(c, &name) || name.len >= sizeof(key) || !take(c, ':'))
		return false;
	memcpy(key, name.ptr, name.len);
	key[name.len] = '\0';
	value = read_value(c);
	/* A name that was there already does not make the object larger. */
	return value && !json_object_set_new_nocheck(object, key, value) &&
	       json_object_size(object) > before;
}

static bool read_element(struct cursor *c, json_t *list)
{
	json_t *value = read_value(c);

	return value && !json_array_append_new(list, value);
}

/* From behind the opening bracket to behind the closing one. */
static bool read_content(struct cursor *c, json_t *whole, char close,
			 bool (*read_one)(struct cursor *c, json_t *whole))
{
	if (take(c, close))
		return true;
	do
		if (!read_one(c, whole))
			return false;
	while (take(c, ','));
	return take(c, close);
}

static json_t *read_nested(struct cursor *c)
{
	bool is_object = *c->at++ == '{', whole;
	json_t *json;

	if (c->depth == DEPTH_MAX)
		return NULL;
	json = is_object ? json_object() : json_array();
	c->depth++;
	whole = json && (is_object ? read_content(c, json, '}', read_member)
				   : read_content(c, json, ']', read_element));
	c->depth--;
	if (whole)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *read_value(struct cursor *c)
{
	if (c->at == c->end)
		return NULL;
	switch (*c->at) {
	case '"':
		return read_string(c);
	case '{':
	case '[':
		return read_nested(c);
	case 't':
		return read_word(c, "true", json_true());
	case 'f':
		return read_word(c, "false", json_false());
	case 'n':
		return read_word(c, "null", json_null());
	default:
		return read_number(c);
	}
}

json_t *json_in(struct view message)
{
	struct cursor c = {.at = message.ptr, .end = message.ptr + message.len};
	json_t *json;

	if (!message.len)
		return NULL;
	json = read_value(&c);
	if ((json_is_object(json) || json_is_array(json)) && c.at == c.end)
		return json;
	json_decref(json);
	return json_loadb((const char *)message.ptr, message.len, JSON_REJECT_DUPLICATES, NULL);
}
