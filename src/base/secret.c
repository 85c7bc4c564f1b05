/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void secret_wipe(void *ptr, size_t len)
{
	if (len)
		explicit_bzero(ptr, len);
}

bool secret_regrow(uint8_t **ptr, size_t len, size_t cap)
{
	uint8_t *bigger = malloc(cap);

	if (!bigger)
		return false;
	if (len)
		memcpy(bigger, *ptr, len);
	secret_wipe(*ptr, len);
	free(*ptr);
	*ptr = bigger;
	return true;
}

/* The compiler is not to know what is in it, and so can't leave a loop for it. */
static uint64_t unforeseen(uint64_t value)
{
	__asm__("" : "+r"(value));
	return value;
}

bool secret_equal(struct view a, struct view b)
{
	uint64_t differ = 0, x, y;
	size_t i = 0;

	if (a.len != b.len)
		return false;
	for (; a.len - i >= sizeof(x); i += sizeof(x)) {
		memcpy(&x, a.ptr + i, sizeof(x));
		memcpy(&y, b.ptr + i, sizeof(y));
		differ = unforeseen(differ | (x ^ y));
	}
	for (; i < a.len; i++)
		differ = unforeseen(differ | (a.ptr[i] ^ b.ptr[i]));
	return differ == 0;
}

void secret_forbid_dumps(void)
{
	struct rlimit none = {0, 0};

	/* Either alone would do against core files; neither can fail with these arguments. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
