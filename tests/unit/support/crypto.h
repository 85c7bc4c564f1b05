/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SUPPORT_CRYPTO_H
#define TESTS_UNIT_SUPPORT_CRYPTO_H

/*
 * One crypto context for all tests of a program, and the set-up and tear-down of
 * cmocka_run_group_tests_name that make it and free it. One source file of a program
 * includes this.
 */

#include "crypto/crypto.h"

static struct crypto *crypto;

static int crypto_set_up(void **state)
{
	(void)state;
	crypto = crypto_new(NULL);
	return !crypto;
}

static int crypto_tear_down(void **state)
{
	(void)state;
	crypto_free(crypto);
	return 0;
}

#endif
