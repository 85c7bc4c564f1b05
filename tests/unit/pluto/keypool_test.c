/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/keypool.h"

#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/ke.h"
#include "pluto/workers.h"
#include "tests/unit/support/test.h"

#include <string.h>

struct fixture {
	uv_loop_t loop;
	struct crypto *crypto;
	struct workers *workers;
	struct keypool pool;
	struct job *done[16];
	size_t len;
};

static void on_done(void *ctx, struct job *j)
{
	struct fixture *f = ctx;

	if (j->kind == JOB_PAIR)
		keypool_put(&f->pool, j);
	else
		f->done[f->len++] = j;
}

static struct fixture *start(void)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	assert_int_equal(uv_loop_init(&f.loop), 0);
	f.crypto = crypto_new(NULL);
	f.workers = workers_new(&f.loop, 2, f.crypto, on_done, &f);
	assert_non_null(f.workers);
	keypool_init(&f.pool, f.workers);
	return &f;
}

static void stop(struct fixture *f)
{
	keypool_done(&f->pool);
	workers_stop(f->workers);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	workers_free(f->workers);
	crypto_free(f->crypto);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void a_pair_is_handed_out_once(void **state)
{
	const struct alg *x25519 = alg_by_id(ALG_KE, ALG_KE_X25519);
	struct fixture *f = start();
	struct bytes public[8], none;
	struct ke *key[8], *no_key;

	assert_false(keypool_take(&f->pool, x25519, &no_key,
				  &none)); /* nothing yet: it orders some */
	while (f->pool.rows[0].len < 8)
		uv_run(&f->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < 8; i++) {
		assert_true(keypool_take(&f->pool, x25519, &key[i], &public[i]));
		for (size_t k = 0; k < i; k++) {
			assert_ptr_not_equal(key[i], key[k]);
			assert_false(
				view_equal(view_bytes(&public[i]), view_bytes(&public[k])));
		}
	}
	for (size_t i = 0; i < 8; i++) {
		ke_free(key[i]);
		bytes_done(&public[i]);
	}
	stop(f);
}

static void depth_and_methods_are_bounded(void **state)
{
	static const uint16_t groups[] = {ALG_KE_X25519,  ALG_KE_X448,   ALG_KE_ECP256,
					  ALG_KE_ECP384,  ALG_KE_ECP521, ALG_KE_MODP2048,
					  ALG_KE_MODP3072};
	struct fixture *f = start();

	for (size_t i = 0; i < COUNT_OF(groups); i++)
		for (unsigned k = 0; k < 10; k++) {
			struct bytes public;
			struct ke *key;

			if (keypool_take(&f->pool, alg_by_id(ALG_KE, groups[i]), &key,
					 &public)) {
				ke_free(key);
				bytes_done(&public);
			}
		}
	for (size_t i = 0; i < KEYPOOL_METHODS; i++) {
		assert_true(f->pool.rows[i].depth <= KEYPOOL_DEPTH_MAX);
		assert_true(f->pool.rows[i].len + f->pool.rows[i].ordered <= KEYPOOL_DEPTH_MAX);
	}
	stop(f);
}

/* A whole exchange through the workers, the responder with a pair made ahead. */
static void both_ends_find_one_secret(void **state)
{
	const struct alg *x25519 = alg_by_id(ALG_KE, ALG_KE_X25519);
	struct fixture *f = start();
	struct bytes public, unused;
	struct job *j;
	struct ke *key;

	assert_false(keypool_take(&f->pool, x25519, &key, &unused));
	while (f->pool.rows[0].len < 2)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(keypool_take(&f->pool, x25519, &key, &public));
	j = job_new(JOB_RESPOND_WITH, x25519, view_bytes(&public));
	assert_true(keypool_take(&f->pool, x25519, &j->key, &j->public));
	workers_submit(f->workers, j);
	while (f->len < 1)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->done[0]->err, CYG_OK);
	assert_null(f->done[0]->key);

	j = job_new(JOB_FINISH, x25519, view_bytes(&f->done[0]->public));
	j->key = key;
	workers_submit(f->workers, j);
	while (f->len < 2)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->done[1]->err, CYG_OK);
	assert_view_equal(view_bytes(&f->done[1]->secret), view_bytes(&f->done[0]->secret));
	job_free(f->done[0]);
	job_free(f->done[1]);
	bytes_done(&public);
	stop(f);
}

static void a_bad_public_value_comes_back_as_an_error(void **state)
{
	const struct alg *x25519 = alg_by_id(ALG_KE, ALG_KE_X25519);
	struct fixture *f = start();

	workers_submit(f->workers, job_new(JOB_RESPOND, x25519, LITERAL("short")));
	while (f->len < 1)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->done[0]->err, CYG_MALFORMED);
	job_free(f->done[0]);
	stop(f);
}

static void stopping_frees_what_waits(void **state)
{
	struct fixture *f = start();

	for (unsigned i = 0; i < 50; i++)
		workers_submit(f->workers,
			       job_new(JOB_START, alg_by_id(ALG_KE, ALG_KE_MODP3072),
				       (struct view){0}));
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_handed_out_once),
		cmocka_unit_test(depth_and_methods_are_bounded),
		cmocka_unit_test(both_ends_find_one_secret),
		cmocka_unit_test(a_bad_public_value_comes_back_as_an_error),
		cmocka_unit_test(stopping_frees_what_waits),
	};

	return RUN_TESTS("pluto/keypool", tests);
}
