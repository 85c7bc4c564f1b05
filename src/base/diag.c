/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void diag_clear(struct diag *d)
{
	if (!d)
		return;
	*d = (struct diag){.offset = DIAG_NOWHERE};
}

/* Copy to a field of `cap` octets, escaping what is not printable; cut between characters. */
static void store(char *field, size_t cap, struct view v)
{
	size_t used = 0;

	while (v.len) {
		size_t len = text_printable(v);

		if (used + (len ? len : strlen("\\xNN")) >= cap)
			break;
		if (len) {
			memcpy(field + used, v.ptr, len);
			used += len;
		} else {
			buf_add(field, cap, &used, "\\x%02x", *v.ptr);
			len = 1;
		}
		v = view_of(v.ptr + len, v.len - len);
	}
	field[used] = '\0';
}

static void format(char *field, size_t cap, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static void format(char *field, size_t cap, const char *fmt, va_list args)
{
	/* Longer than any field, so that a character cut here is never one that is kept. */
	char raw[1024];
	int len = vsnprintf(raw, sizeof(raw), fmt, args);

	if (len < 0)
		len = 0;
	store(field, cap,
	      view_of(raw, (size_t)len < sizeof(raw) ? (size_t)len : sizeof(raw) - 1));
}

void diag_set(struct diag *d, const char *code, const char *ref, const char *sentence_fmt, ...)
{
	va_list args;

	if (!d)
		return;
	diag_clear(d);
	d->code = code;
	d->ref = ref;
	va_start(args, sentence_fmt);
	format(d->sentence, sizeof(d->sentence), sentence_fmt, args);
	va_end(args);
}

void diag_prefix(struct diag *d, const char *fmt, ...)
{
	char whole[2 * sizeof(d->sentence)];
	size_t used;
	va_list args;

	if (!diag_is_set(d))
		return;
	va_start(args, fmt);
	format(whole, sizeof(d->sentence), fmt, args);
	va_end(args);
	used = strlen(whole);
	buf_add(whole, sizeof(whole), &used, "%s", d->sentence);
	store(d->sentence, sizeof(d->sentence), view_str(whole));
}

void diag_wanted(struct diag *d, const char *fmt, ...)
{
	va_list args;

	if (!d)
		return;
	va_start(args, fmt);
	format(d->wanted, sizeof(d->wanted), fmt, args);
	va_end(args);
}

void diag_got(struct diag *d, const char *fmt, ...)
{
	va_list args;

	if (!d)
		return;
	va_start(args, fmt);
	format(d->got, sizeof(d->got), fmt, args);
	va_end(args);
}

void diag_hint(struct diag *d, const char *fmt, ...)
{
	va_list args;

	if (!d)
		return;
	va_start(args, fmt);
	format(d->hint, sizeof(d->hint), fmt, args);
	va_end(args);
}

void diag_offset(struct diag *d, size_t offset)
{
	if (!d)
		return;
	d->offset = offset < DIAG_NOWHERE ? (uint32_t)offset : DIAG_NOWHERE;
}

void diag_place(struct diag *d, const char *file, unsigned line, unsigned column)
{
	if (!d)
		return;
	store(d->file, sizeof(d->file), view_str(file));
	d->line = line;
	d->column = column;
}

static void print_place(const struct diag *d, char *buf, size_t cap, size_t *used)
{
	if (d->file[0])
		buf_add(buf, cap, used, "%s:", d->file);
	if (d->line)
		buf_add(buf, cap, used, "%u:", d->line);
	if (d->line && d->column)
		buf_add(buf, cap, used, "%u:", d->column);
	else if (d->column)
		buf_add(buf, cap, used, "column %u:", d->column);
	if (*used)
		buf_add(buf, cap, used, " ");
}

static void print_difference(const struct diag *d, char *buf, size_t cap, size_t *used)
{
	if (d->wanted[0] && d->got[0])
		buf_add(buf, cap, used, " (wanted %s; got %s)", d->wanted, d->got);
	else if (d->wanted[0])
		buf_add(buf, cap, used, " (wanted %s)", d->wanted);
	else if (d->got[0])
		buf_add(buf, cap, used, " (got %s)", d->got);
}

const char *diag_print(const struct diag *d, char *buf, size_t cap)
{
	size_t used = 0;

	if (cap == 0)
		return buf;
	buf[0] = '\0';
	if (!diag_is_set(d))
		return buf;
	print_place(d, buf, cap, &used);
	buf_add(buf, cap, &used, "%s", d->sentence);
	if (d->offset != DIAG_NOWHERE)
		buf_add(buf, cap, &used, " at octet %u", d->offset);
	print_difference(d, buf, cap, &used);
	if (d->hint[0])
		buf_add(buf, cap, &used, "; %s", d->hint);
	if (d->ref)
		buf_add(buf, cap, &used, " [%s]", d->ref);
	return buf;
}
