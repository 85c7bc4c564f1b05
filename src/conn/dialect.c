/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/dialect.h"

#include "base/text.h"

static const char *const names[DIALECTS] = {
	[DIALECT_ANY] = "any",
	[DIALECT_OPENSWAN] = "openswan",
	[DIALECT_LIBRESWAN] = "libreswan",
	[DIALECT_STRONGSWAN] = "strongswan",
};

const char *dialect_name(uint8_t dialect)
{
	return names[dialect < DIALECTS ? dialect : DIALECT_ANY];
}

bool dialect_by_name(const char *name, uint8_t *ret)
{
	for (uint8_t i = 0; i < DIALECTS; i++) {
		if (text_same(name, names[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}
