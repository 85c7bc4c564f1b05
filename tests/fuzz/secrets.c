/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as ipsec.secrets: it ends, each record is whole or refused, and nothing leaks. */
#include "conf/secrets.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct secret_lines lines;

	if (size > 65536)
		return 0;
	if (!secrets_parse(view_of(data, size), "/nonexistent-folder/ipsec.secrets", &lines,
			   &problems)) {
		for (size_t i = 0; i < lines.len; i++) {
			assert(lines.items[i].file && lines.items[i].line);
			assert(lines.items[i].kind != SECRET_PSK || lines.items[i].value.len);
		}
		secret_lines_done(&lines);
	}
	problems_done(&problems);
	return 0;
}
