/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linker sends the test program's calls of malloc and its relatives here
 * (--wrap), so that a chosen one can fail.
 */
#include "tests/unit/support/test.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void __real_free(void *ptr);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
void __wrap_free(void *ptr);

static size_t until_failure; /* 0: none is to fail; 1: the next one is */
static bool paused;

/* Whether this allocation is the one to fail. */
static bool fails_now(void)
{
	return !paused && until_failure && --until_failure == 0;
}

void test_allocations_count(bool on)
{
	paused = !on;
}

static const char *secret;
static size_t given_back;

void test_watch_secret(const char *text)
{
	secret = text;
	given_back = 0;
}

size_t test_secrets_given_back(void)
{
	return given_back;
}

static void look_for_secret(void *ptr)
{
	if (ptr && secret && memmem(ptr, malloc_usable_size(ptr), secret, strlen(secret)))
		given_back++;
}

void __wrap_free(void *ptr)
{
	look_for_secret(ptr);
	__real_free(ptr);
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	look_for_secret(old);
	return fails_now() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	look_for_secret(old);
	return fails_now() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
	return fails_now() ? NULL : __real_strndup(text, len);
}

void test_each_allocation_failing(bool (*body)(void *ctx), void *ctx, bool may_recover)
{
	for (size_t n = 1;; n++) {
		bool succeeded, reached;

		until_failure = n;
		succeeded = body(ctx);
		reached = until_failure == 0;
		until_failure = 0;
		paused = false;
		if (!reached) {
			assert_true(succeeded);
			assert_true(n > 1); /* a body that allocates nothing tests nothing */
			return;
		}
		if (succeeded && !may_recover)
			fail_msg("allocation %zu failed and nobody noticed", n);
	}
}
