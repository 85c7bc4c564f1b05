/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/vectors.h"

#include "base/entropy.h"
#include "crypto/alg.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *vector_text(const struct vector *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->field[i].name, name) == 0)
			return v->field[i].value;
	return NULL;
}

struct view vector_hex(const struct vector *v, const char *name)
{
	const char *text = vector_text(v, name);

	if (!text)
		fail_msg("record %zu has no %s", v->row, name);
	return test_hex(text);
}

/* The state of one reading: the record being gathered and the section it is in. */
struct reading {
	struct vector now;
	char section[512];
	bool in_section;
	vector_use *use;
	void *ctx;
};

static void end_record(struct reading *r)
{
	if (!r->now.count)
		return;
	r->now.row++;
	r->now.section = r->section;
	r->use(&r->now, r->ctx);
	r->now.count = 0;
}

static void take_section(struct reading *r, const char *line)
{
	size_t used = r->in_section ? strlen(r->section) : 0;

	snprintf(r->section + used, sizeof(r->section) - used, "%s", line);
	r->in_section = true;
}

static void take_field(struct reading *r, char *line)
{
	char *equals = strstr(line, " =");

	if (!equals)
		fail_msg("not a field: %s", line);
	assert_true(r->now.count < VECTOR_FIELDS);
	*equals = '\0';
	equals += 2;
	r->now.field[r->now.count].name = line;
	r->now.field[r->now.count++].value = equals + strspn(equals, " ");
}

static void take_line(struct reading *r, char *line)
{
	line[strcspn(line, "\r")] = '\0';
	if (*line == '#')
		return;
	if (*line == '[') {
		end_record(r);
		take_section(r, line);
		return;
	}
	if (*line == '\0') {
		end_record(r);
		return;
	}
	r->in_section = false;
	take_field(r, line);
}

static void read_records(struct view file, vector_use *use, void *ctx)
{
	struct reading *r = calloc(1, sizeof(*r));
	char *copy = strndup((const char *)file.ptr, file.len), *rest = copy, *line;

	assert_true(r && copy);
	r->use = use;
	r->ctx = ctx;
	while ((line = strsep(&rest, "\n")))
		take_line(r, line);
	end_record(r);
	assert_true(r->now.row > 0);
	free(copy);
	free(r);
}

void vectors_each(const char *relative, vector_use *use, void *ctx)
{
	read_records(test_file(relative), use, ctx);
}

/* The content of a gzipped corpus file, on the heap. */
static struct bytes corpus_gunzip(const char *relative)
{
	struct bytes out = {0};
	char command[4096];
	FILE *pipe;

	test_corpus("INDEX.tsv"); /* skips without the corpus */
	out.ptr = malloc(1 << 24);
	assert_non_null(out.ptr);
	snprintf(command, sizeof(command), "gunzip -c '%s/../shared/corpus/%s'",
		 TEST_SOURCE_ROOT, relative);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	out.len = fread(out.ptr, 1, 1 << 24, pipe);
	assert_int_equal(pclose(pipe), 0);
	return out;
}

void vectors_corpus_each(const char *relative, vector_use *use, void *ctx)
{
	struct bytes file = corpus_gunzip(relative);

	read_records(view_bytes(&file), use, ctx);
	bytes_done(&file);
}

void wycheproof_each(const char *name, wycheproof_use *use, void *ctx)
{
	char relative[256];
	json_t *root, *group, *test;
	size_t i, j;
	struct bytes file;

	snprintf(relative, sizeof(relative), "vectors/wycheproof/%s_test.json.gz", name);
	file = corpus_gunzip(relative);
	root = json_loadb((const char *)file.ptr, file.len, 0, NULL);
	assert_non_null(root);
	bytes_done(&file);
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
		json_array_foreach(json_object_get(group, "tests"), j, test) {
			test_row((size_t)json_integer_value(json_object_get(test, "tcId")),
				 "%s: %s", name, wycheproof_text(test, "comment"));
			use(group, test, ctx);
		}
	json_decref(root);
}

const char *wycheproof_text(json_t *test, const char *name)
{
	const char *text = json_string_value(json_object_get(test, name));

	if (!text)
		fail_msg("a Wycheproof test has no %s", name);
	return text;
}

struct view wycheproof_hex(json_t *test, const char *name)
{
	return test_hex(wycheproof_text(test, name));
}

const struct alg *row_named(unsigned kind, const char *name)
{
	for (const struct alg *a = NULL; (a = alg_next(kind, a));)
		if (strcmp(a->name, name) == 0)
			return a;
	fail_msg("no row is named %s", name);
	return NULL;
}

static bool give(void *ctx, uint8_t *out, size_t len)
{
	struct given *g = ctx;

	if (g->left.len < len)
		return false;
	memcpy(out, g->left.ptr, len);
	g->left = view_of(g->left.ptr + len, g->left.len - len);
	return true;
}

struct entropy given_entropy(struct given *g)
{
	return (struct entropy){give, g};
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	return malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
	return realloc(old, size);
}

static void crypto_free_memory(void *old, const char *file, int line)
{
	free(old);
}

void fail_inside_libcrypto(void)
{
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free_memory) != 1)
		abort();
}
