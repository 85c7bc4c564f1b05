/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_ALG_TABLE_H
#define CRYPTO_ALG_TABLE_H

#include "crypto/alg.h"

/* The rows of one kind, indexed by id. A slot whose name is NULL is a number without a row. */
struct alg_rows {
	const struct alg *rows;
	size_t count;
};

/* By kind; kinds 6 to 12 share the rows of ALG_KE. Private to alg.c. */
extern const struct alg_rows alg_rows[ALG_KINDS];

#endif
