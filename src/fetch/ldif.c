/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/ldif.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The text behind "::" in a line; empty: it is not such a line. */
static struct view value_of(struct view line)
{
	const uint8_t *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	size_t left = colon ? line.len - (size_t)(colon - line.ptr) : 0;

	if (left < 3 || colon[1] != ':')
		return (struct view){0};
	colon += 2;
	left -= 2;
	while (left && *colon == ' ') {
		colon++;
		left--;
	}
	while (left && (colon[left - 1] == '\r' || colon[left - 1] == ' '))
		left--;
	return view_of(colon, left);
}

static enum cyg_err decode(struct view text, struct bytes *ret)
{
	char *copy = strndup((const char *)text.ptr, text.len);
	struct bytes b = {malloc(text.len), 0};
	enum cyg_err err = copy && b.ptr ? CYG_OK : CYG_NOMEM;

	if (!err && (strlen(copy) != text.len ||
		     !base64_decode(copy, b.ptr, text.len, &b.len) || !b.len))
		err = CYG_MALFORMED;
	free(copy);
	if (err)
		free(b.ptr);
	else
		*ret = b;
	return err;
}

enum cyg_err ldif_first_binary(struct view answer, struct bytes *ret)
{
	const uint8_t *at = answer.ptr, *end = at + answer.len;

	while (at < end) {
		const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *stop = newline ? newline : end;
		struct view value = value_of(view_of(at, (size_t)(stop - at)));
		bool is_name = stop - at > 2 && !memcmp(at, "DN", 2);

		if (value.len && !is_name)
			return decode(value, ret);
		at = stop + 1;
	}
	return CYG_NOTFOUND;
}
