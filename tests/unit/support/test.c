/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/test.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Storage that lasts until exit, chained so that the leak checker still sees it. */
struct kept {
	struct kept *next;
	uint8_t octets[];
};

static uint8_t *keep(size_t len)
{
	static struct kept *all;
	struct kept *k = malloc(sizeof(*k) + len + 1);

	assert_non_null(k);
	k->next = all;
	all = k;
	return k->octets;
}

static void print_hex(const char *what, struct view v)
{
	struct text hex = {0};

	text_add_hex(&hex, v);
	print_error("# %s (%zu octets): %s\n", what, v.len, text_str(&hex));
	text_done(&hex);
}

void test_view_equal(struct view got, struct view want, const char *file, int line)
{
	if (view_equal(got, want))
		return;
	print_hex("got ", got);
	print_hex("want", want);
	_fail(file, line);
}

void test_row(size_t row, const char *fmt, ...)
{
	va_list args;

	printf("# row %zu: ", row);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void test_skip(const char *fmt, ...)
{
	va_list args;

	printf("# reason: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	skip();
	abort(); /* skip() does not come back, which its declaration does not say */
}

struct view test_hex(const char *hex)
{
	size_t len = 0;
	char *digits = (char *)keep(strlen(hex));
	uint8_t *out = keep(strlen(hex) / 2);

	for (const char *c = hex; *c; c++)
		if (!strchr(" \n\t", *c))
			digits[len++] = *c;
	digits[len] = '\0';
	assert_true(hex_decode(digits, out, len / 2, &len));
	return view_of(out, len);
}

const char *test_path(const char *relative)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/tests/%s", TEST_SOURCE_ROOT, relative);
	return path;
}

static struct view read_whole(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *content;
	long len;

	if (!file)
		fail_msg("cannot open %s", path);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = ftell(file);
	assert_true(len >= 0);
	rewind(file);
	content = keep((size_t)len);
	assert_int_equal(fread(content, 1, (size_t)len, file), len);
	content[len] = '\0';
	fclose(file);
	return view_of(content, (size_t)len);
}

struct view test_file(const char *relative)
{
	return read_whole(test_path(relative));
}

struct view test_corpus(const char *relative)
{
	char path[4096];

	if (access(TEST_SOURCE_ROOT "/../shared/corpus", R_OK) != 0)
		test_skip("../shared/corpus is not beside this checkout");
	snprintf(path, sizeof(path), "%s/../shared/corpus/%s", TEST_SOURCE_ROOT, relative);
	return read_whole(path);
}
