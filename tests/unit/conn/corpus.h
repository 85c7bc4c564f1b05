/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CONN_CORPUS_H
#define TESTS_UNIT_CONN_CORPUS_H

#include <jansson.h>

/* Cases of other programs' own tests: files of the corpus that hold a list of tables. */

/* The tables of a file (test_corpus), one reference. */
json_t *corpus_tables(const char *file);

/* The rows of the table whose `member` ("table", "file") has this in it, borrowed. Fails when there is none. */
json_t *corpus_rows(const json_t *tables, const char *member, const char *has);

#endif
