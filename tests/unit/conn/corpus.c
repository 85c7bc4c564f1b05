/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conn/corpus.h"

#include "tests/unit/support/test.h"

#include <string.h>

json_t *corpus_tables(const char *file)
{
	struct view text = test_corpus(file);
	json_t *tables = json_loadb((const char *)text.ptr, text.len, 0, NULL);

	assert_non_null(tables);
	return tables;
}

json_t *corpus_rows(const json_t *tables, const char *member, const char *has)
{
	json_t *table;
	size_t i;

	json_array_foreach(tables, i, table)
		if (strstr(json_string_value(json_object_get(table, member)), has))
			return json_object_get(table, "rows");
	fail_msg("no table of %s", has);
	return NULL;
}
