/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/json_out.h"

#include <stdio.h>

bool json_out(json_t *document)
{
	int status = document ? json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII)
			      : -1;

	json_decref(document);
	putchar('\n');
	return !status && !fflush(stdout);
}
