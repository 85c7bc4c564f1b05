/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` characters and the NUL behind what is there. */
static bool reserve(struct text *t, size_t more)
{
	size_t need, cap;
	char *grown;

	if (t->bad)
		return false;
	if (__builtin_add_overflow(t->len, more, &need) || need > SIZE_MAX / 4) {
		t->bad = true;
		return false;
	}
	need++;
	if (need <= t->cap)
		return true;
	cap = t->cap ? t->cap : 32;
	while (cap < need)
		cap *= 2;
	grown = realloc(t->ptr, cap);
	if (!grown) {
		t->bad = true;
		return false;
	}
	t->ptr = grown;
	t->cap = cap;
	return true;
}

static void append(struct text *t, const char *from, size_t len)
{
	if (!reserve(t, len))
		return;
	if (len)
		memcpy(t->ptr + t->len, from, len);
	t->len += len;
	t->ptr[t->len] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = t->bad || !t->ptr ? 0 : t->cap - t->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(room ? t->ptr + t->len : NULL, room, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < room) {
		t->len += (size_t)len;
		return;
	}
	if (room)
		t->ptr[t->len] = '\0'; /* what did not fit was cut: away with it */
	if (len < 0) {
		t->bad = true;
		return;
	}
	if (!reserve(t, (size_t)len))
		return;
	va_start(args, fmt);
	vsnprintf(t->ptr + t->len, (size_t)len + 1, fmt, args);
	va_end(args);
	t->len += (size_t)len;
}

void text_add_str(struct text *t, const char *s)
{
	append(t, s, strlen(s));
}

void text_add_view(struct text *t, struct view v)
{
	append(t, (const char *)v.ptr, v.len);
}

void text_add_char(struct text *t, char c)
{
	append(t, &c, 1);
}

void text_add_escaped(struct text *t, struct view v)
{
	while (v.len) {
		size_t len = text_printable(v);

		if (len && *v.ptr != '\\') {
			append(t, (const char *)v.ptr, len);
		} else {
			text_add(t, "\\x%02x", *v.ptr);
			len = 1;
		}
		v = view_of(v.ptr + len, v.len - len);
	}
}

void text_add_hex(struct text *t, struct view v)
{
	static const char digits[] = "0123456789abcdef";

	if (v.len > SIZE_MAX / 8) {
		t->bad = true;
		return;
	}
	if (!reserve(t, 2 * v.len))
		return;
	for (size_t i = 0; i < v.len; i++) {
		t->ptr[t->len++] = digits[v.ptr[i] >> 4];
		t->ptr[t->len++] = digits[v.ptr[i] & 15];
	}
	t->ptr[t->len] = '\0';
}

const char *text_str(const struct text *t)
{
	return t->ptr ? t->ptr : "";
}

char *text_take(struct text *t)
{
	char *taken = NULL;

	if (!t->bad)
		append(t, "", 0);
	if (!t->bad) {
		taken = t->ptr;
		t->ptr = NULL;
	}
	text_done(t);
	return taken;
}

void text_clear(struct text *t)
{
	t->len = 0;
	t->bad = false;
	if (t->ptr)
		*t->ptr = '\0';
}

void text_done(struct text *t)
{
	if (!t)
		return;
	free(t->ptr);
	*t = (struct text){0};
}

void buf_add_str(char *buf, size_t cap, size_t *used, const char *s)
{
	size_t len = strlen(s), left;

	if (*used >= cap)
		return;
	left = cap - *used - 1;
	len = len < left ? len : left;
	memcpy(buf + *used, s, len);
	*used += len;
	buf[*used] = '\0';
}

void buf_add_hex(char *buf, size_t cap, size_t *used, struct view v)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < v.len && *used + 3 <= cap; i++) {
		buf[(*used)++] = digits[v.ptr[i] >> 4];
		buf[(*used)++] = digits[v.ptr[i] & 15];
		buf[*used] = '\0';
	}
}

void buf_add(char *buf, size_t cap, size_t *used, const char *fmt, ...)
{
	va_list args;
	size_t left;
	int len;

	if (*used >= cap)
		return;
	left = cap - *used;
	va_start(args, fmt);
	len = vsnprintf(buf + *used, left, fmt, args);
	va_end(args);
	if (len > 0)
		*used += (size_t)len < left ? (size_t)len : left - 1;
}
