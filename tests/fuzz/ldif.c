/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a directory's answer: a value no longer than what it stands in, or none. */
#include "fetch/ldif.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes value = {0};
	enum cyg_err err = ldif_first_binary(view_of(data, size), &value);

	assert(err ? !value.ptr : value.len && value.len < size);
	bytes_done(&value);
	return 0;
}
