/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct view view_str(const char *text)
{
	return text ? view_of(text, strlen(text)) : view_of(NULL, 0);
}

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool view_is_ascii(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] >= 0x80)
			return false;
	return true;
}

int view_compare(struct view a, struct view b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool bytes_copy(struct bytes *ret, struct view v)
{
	uint8_t *copy = NULL;

	if (v.len) {
		copy = malloc(v.len);
		if (!copy)
			return false;
		memcpy(copy, v.ptr, v.len);
	}
	*ret = (struct bytes){copy, v.len};
	return true;
}

void bytes_done(struct bytes *b)
{
	if (!b)
		return;
	free(b->ptr);
	*b = (struct bytes){0};
}

void bytes_wipe(struct bytes *b)
{
	if (!b)
		return;
	secret_wipe(b->ptr, b->len);
	bytes_done(b);
}
