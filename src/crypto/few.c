/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that has nothing of its own. Asked for its algorithms it shows some of those of the
 * default provider, and its context is that one's, so that they find theirs.
 */
#include "crypto/few.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define ROWS_MAX 48

/* Which rows of an operation: of keys by their first name; of decoders those of this kind, too. */
static const char *const key_types[] = {"RSA", "EC", "ED25519", "ED448"};

static const struct wanted {
	int operation;
	bool keys;        /* of key_types alone */
	const char *kind; /* what the properties hold; NULL: any */
} wanted[] = {
	{OSSL_OP_DIGEST, false, NULL},
	{OSSL_OP_SIGNATURE, false, NULL},
	{OSSL_OP_KEYMGMT, true, NULL},
	{OSSL_OP_DECODER, true, "input=der,structure=SubjectPublicKeyInfo"},
};

#define OPERATIONS (sizeof(wanted) / sizeof(wanted[0]))

/*
 * libcrypto keeps pointers to such tables, and asks for them again and again. They are cut from
 * tables that never change, so once for the process is enough.
 */
static struct {
	pthread_mutex_t lock;
	OSSL_PROVIDER *whole; /* the default one of libcrypto's own context; kept */
	OSSL_ALGORITHM rows[OPERATIONS][ROWS_MAX + 1]; /* ends with zeroes */
} cut = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_name(const char *names, const char *name)
{
	size_t len = strlen(name);

	return !strncasecmp(names, name, len) && (names[len] == ':' || !names[len]);
}

static bool is_wanted(const struct wanted *w, const OSSL_ALGORITHM *a)
{
	bool named = !w->keys;

	for (size_t i = 0; !named && i < sizeof(key_types) / sizeof(key_types[0]); i++)
		named = is_name(a->algorithm_names, key_types[i]);
	return named && (!w->kind || strstr(a->property_definition, w->kind));
}

/* False: there are more than there is room for, or none. */
static bool cut_rows(OSSL_PROVIDER *whole, size_t at)
{
	int no_cache = 0;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(whole, wanted[at].operation,
								&no_cache);
	size_t n = 0;

	for (; a && a->algorithm_names && n <= ROWS_MAX; a++)
		if (is_wanted(&wanted[at], a) && n++ < ROWS_MAX)
			cut.rows[at][n - 1] = *a;
	return n && n <= ROWS_MAX;
}

static bool cut_all(void)
{
	OSSL_PROVIDER *whole = OSSL_PROVIDER_load(NULL, "default");
	bool well = whole;

	for (size_t i = 0; well && i < OPERATIONS; i++)
		well = cut_rows(whole, i);
	if (well)
		cut.whole = whole;
	else if (whole)
		OSSL_PROVIDER_unload(whole);
	return well;
}

static bool make_ready(void)
{
	bool well;

	pthread_mutex_lock(&cut.lock);
	well = cut.whole || cut_all();
	pthread_mutex_unlock(&cut.lock);
	return well;
}

static const OSSL_ALGORITHM *show(void *ctx, int operation, int *no_cache)
{
	*no_cache = 0;
	for (size_t i = 0; i < OPERATIONS; i++)
		if (wanted[i].operation == operation)
			return cut.rows[i];
	return NULL;
}

static int begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		 const OSSL_DISPATCH **ret, void **ret_ctx)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))show},
		{0, NULL},
	};

	*ret = functions;
	*ret_ctx = OSSL_PROVIDER_get0_provider_ctx(cut.whole);
	return 1;
}

struct few few_new(void)
{
	struct few f = {make_ready() ? OSSL_LIB_CTX_new() : NULL, NULL};

	if (f.lib && OSSL_PROVIDER_add_builtin(f.lib, "few", begin) == 1)
		f.provider = OSSL_PROVIDER_load(f.lib, "few");
	if (!f.provider)
		few_done(&f);
	ERR_clear_error();
	return f;
}

void few_done(struct few *f)
{
	if (f->provider)
		OSSL_PROVIDER_unload(f->provider);
	OSSL_LIB_CTX_free(f->lib);
	*f = (struct few){NULL, NULL};
}
