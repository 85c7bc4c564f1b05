/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void secret_wipe(void *ptr, size_t len)
{
	if (len)
		explicit_bzero(ptr, len);
}

bool secret_equal(struct view a, struct view b)
{
	/* Volatile, so that the compiler cannot leave the loop at the first difference. */
	volatile uint8_t differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ |= a.ptr[i] ^ b.ptr[i];
	return differ == 0;
}

void secret_forbid_dumps(void)
{
	struct rlimit none = {0, 0};

	/* Either alone would do against core files; neither can fail with these arguments. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
