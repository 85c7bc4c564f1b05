/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_ROOM 8

void *array_grow(void *items, size_t len, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : FIRST_ROOM;
	void *bigger;

	if (len < *cap)
		return items;
	if (*cap > SIZE_MAX / 2 || more > SIZE_MAX / size)
		return NULL;
	bigger = reallocarray(items, more, size);
	if (bigger)
		*cap = more;
	return bigger;
}
