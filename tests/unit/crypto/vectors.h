/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CRYPTO_VECTORS_H
#define TESTS_UNIT_CRYPTO_VECTORS_H

/* Published vectors as data: text files of "name = value" records, Wycheproof's JSON. */

#include "base/view.h"
#include "tests/unit/support/test.h"

#include <jansson.h>

struct alg;
struct crypto;
struct entropy;

#define VECTOR_FIELDS 16

/* One record: the lines between two blank ones. */
struct vector {
	size_t row;          /* from 1 */
	const char *section; /* the "[...]" lines above it, joined; "" if none */
	size_t count;
	struct {
		const char *name, *value;
	} field[VECTOR_FIELDS];
};

/* The value of a field; NULL when the record has none of that name. */
const char *vector_text(const struct vector *v, const char *name);
/* The same from hex; fails when it is not there. */
struct view vector_hex(const struct vector *v, const char *name);

typedef void vector_use(const struct vector *v, void *ctx);

/* Call `use` with each record of a file under tests/; fails when there is none. */
void vectors_each(const char *relative, vector_use *use, void *ctx);
/* The same for a gzipped file of the shared corpus; skips the test without it. */
void vectors_corpus_each(const char *relative, vector_use *use, void *ctx);

typedef void wycheproof_use(json_t *group, json_t *test, void *ctx);

/* Call `use` with each test of a gzipped Wycheproof file; skips the test without the corpus. */
void wycheproof_each(const char *name, wycheproof_use *use, void *ctx);
struct view wycheproof_hex(json_t *test, const char *name);
const char *wycheproof_text(json_t *test, const char *name);

/* The row of a kind whose printed name is `name`; fails when there is none. */
const struct alg *row_named(unsigned kind, const char *name);

/* A source of randomness that gives out exactly these octets, then fails. */
struct given {
	struct view left;
};
struct entropy given_entropy(struct given *g);

/*
 * Let libcrypto take its memory through this program's malloc, so that
 * test_each_allocation_failing reaches into it. Before any other use of it.
 */
void fail_inside_libcrypto(void);

#endif
