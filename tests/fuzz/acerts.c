/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an attribute certificate: refused with a reason, or one that can be told of. */
#include "trust/acert.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *ctx, const char *group)
{
	assert(*group && strlen(group) <= ACERT_GROUP_MAX);
	++*(unsigned *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[CERT_TEXT_MAX];
	unsigned groups = 0;
	struct acert a;
	struct diag why;

	diag_clear(&why);
	if (acert_read(view_of(data, size), &a, &why)) {
		assert(diag_is_set(&why));
		return 0;
	}
	acert_print_holder(&a, text, sizeof(text));
	acert_print_holder_issuer(&a, text, sizeof(text));
	acert_print_holder_serial(&a, text, sizeof(text));
	acert_print_issuer(&a, text, sizeof(text));
	acert_print_serial(&a, text, sizeof(text));
	acert_each_group(&a, count, &groups);
	assert(groups <= ACERT_GROUPS_MAX);
	acert_done(&a);
	return 0;
}
