/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SUPPORT_TEST_H
#define TESTS_UNIT_SUPPORT_TEST_H

/* What every unit test includes: cmocka with its prerequisites, and a few checks of our own. */

#include "base/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The number of entries of an array. */
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A view of a string literal, NUL octets inside it included. */
#define LITERAL(text) ((struct view){(const uint8_t *)(text), sizeof(text) - 1})

/* Fail, showing both in hex, unless the views are equal. */
#define assert_view_equal(got, want) test_view_equal(got, want, __FILE__, __LINE__)
void test_view_equal(struct view got, struct view want, const char *file, int line);

/*
 * Note in the output which row of a table the checks that follow are about. The
 * runner shows a program's output only when it fails.
 */
void test_row(size_t row, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Leave the present test as skipped, with the reason. */
void test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Octets of hex text (spaces allowed) in storage that lasts until exit; fails on bad hex. */
struct view test_hex(const char *hex);

/* The path of a file under tests/, in storage that the next call overwrites. */
const char *test_path(const char *relative);

/*
 * The whole of a file under tests/ (or of a file of the shared corpus, which
 * stands beside the checkout: the test is skipped when it does not), in storage
 * that lasts until exit; fails when it cannot be read.
 */
struct view test_file(const char *relative);
struct view test_corpus(const char *relative);

/*
 * Memory that runs out on demand. Call `body` again and again, the n-th
 * allocation made inside it (by code linked into the test, not by libc's or
 * another library's own) failing in the n-th run, until a run needs fewer. The
 * body returns true once it succeeded; each failing run must return false and,
 * as the sanitizer build checks, leak nothing. Fails when a run succeeds although
 * an allocation failed, unless `may_recover`.
 */
void test_each_allocation_failing(bool (*body)(void *ctx), void *ctx, bool may_recover);

/*
 * From now on count blocks of memory that are given back (freed, or grown) with this text in them;
 * NULL: no more. Seen is what code linked into the test does.
 */
void test_watch_secret(const char *text);
size_t test_secrets_given_back(void);

/*
 * Inside such a body: whether allocations count, and may fail, from here on; at
 * its beginning they do. For bodies of which only a part is under test.
 */
void test_allocations_count(bool on);

/* Run all tests of an array; the name shown is "room/module". */
#define RUN_TESTS(name, tests) cmocka_run_group_tests_name(name, tests, NULL, NULL)

#endif
