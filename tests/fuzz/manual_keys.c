/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that people wrote: what is taken is as many octets as it may be, and in hex it is the same. */
#include "ipsec/manual_keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t octets[MANUAL_KEY_MAX], again[MANUAL_KEY_MAX];
	char hex[3 + 2 * MANUAL_KEY_MAX] = "0x";
	char *text = calloc(1, size + 1);
	size_t len;

	assert(text);
	memcpy(text, data, size);
	len = manual_key_decode(text, octets);
	assert(len <= MANUAL_KEY_MAX);
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 + 2 * i, 3, "%02x", octets[i]);
	assert(!len || manual_key_decode(hex, again) == len);
	assert(!len || !memcmp(octets, again, len));
	free(text);
	return 0;
}
