/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ke.h"

#include "base/entropy.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "tests/unit/crypto/vectors.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Published private keys go in through the seeded source: an XDH key is the
 * octets drawn; a key of a curve or a subgroup is the number drawn plus one
 * (for small numbers); another MODP key is the number with its top bit set.
 */
struct fixture {
	struct crypto *own;   /* with libcrypto's own randomness */
	struct crypto *given; /* draws from `source` */
	struct given source;
};

static int open_crypto(void **state)
{
	static struct fixture f;
	struct entropy e = given_entropy(&f.source);

	f.own = crypto_new(NULL);
	f.given = crypto_new(&e);
	*state = &f;
	return f.own && f.given ? 0 : -1;
}

static int close_crypto(void **state)
{
	struct fixture *f = *state;

	crypto_free(f->own);
	crypto_free(f->given);
	return 0;
}

static const struct alg *method(uint16_t id)
{
	return alg_by_id(ALG_KE, id);
}

static const struct alg *next_built(const struct alg *a)
{
	while ((a = alg_next(ALG_KE, a)) && !(a->built && a->public_i))
		;
	return a;
}

/* The octets that make the next key of `m` the private key `key`. */
static struct view to_draw(const struct alg *m, struct view key)
{
	size_t len = m->out_len + 8u;
	uint8_t *octets;

	if (m->form == ALG_FORM_MODPSUB)
		len = key.len + 8u; /* as long as the order of its subgroup */
	else if (m->form != ALG_FORM_ECP)
		return key;
	while (m->form == ALG_FORM_ECP &&
	       key.len > m->out_len) { /* a leading zero that DER wanted */
		assert_int_equal(key.ptr[0], 0);
		key = view_of(key.ptr + 1, key.len - 1);
	}
	octets = calloc(1, len);
	assert_non_null(octets);
	memcpy(octets + len - key.len, key.ptr, key.len);
	for (size_t i = len; i-- > 0 && octets[i]-- == 0;)
		;
	return view_of(octets, len);
}

static enum cyg_err respond_with_private(struct fixture *f, const struct alg *m,
					 struct view key, struct view peer,
					 struct bytes *ret_public, struct bytes *ret_secret)
{
	struct view draw = to_draw(m, key);
	enum cyg_err err;

	f->source.left = draw;
	err = ke_respond(f->given, m, peer, ret_public, ret_secret);
	if (draw.ptr != key.ptr)
		free((void *)draw.ptr);
	return err;
}

/* A peer's value is refused by both acts, gives nothing, and does not spoil the exchange. */
static void assert_refused(struct crypto *c, const struct alg *m, struct view value,
			   enum cyg_err want)
{
	struct bytes public = {0}, secret = {0}, good = {0}, other = {0};
	struct ke *ke = NULL;

	assert_int_equal(ke_respond(c, m, value, &public, &secret), want);
	assert_null(public.ptr);
	assert_null(secret.ptr);
	assert_int_equal(ke_start(c, m, &ke, &public), CYG_OK);
	assert_int_equal(ke_finish(ke, value, &secret), want);
	assert_null(secret.ptr);
	assert_int_equal(ke_respond(c, m, view_bytes(&public), &good, &other), CYG_OK);
	assert_int_equal(ke_finish(ke, view_bytes(&good), &secret), CYG_OK);
	assert_view_equal(view_bytes(&secret), view_bytes(&other));
	ke_free(ke);
	bytes_done(&public);
	bytes_done(&good);
	bytes_wipe(&secret);
	bytes_wipe(&other);
}

static void methods_without_code_are_refused(void **state)
{
	static const uint16_t ids[] = {0, 33, 34, 35, 36, 37};
	struct fixture *f = *state;
	struct bytes public = {0}, secret = {0};
	struct ke *ke = NULL;

	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct view value = view_of("", 0);
		test_row(i, "%s", method(ids[i])->name);
		assert_int_equal(ke_start(f->own, method(ids[i]), &ke, &public),
				 CYG_UNSUPPORTED);
		assert_int_equal(ke_respond(f->own, method(ids[i]), value, &public, &secret),
				 CYG_UNSUPPORTED);
	}
	assert_int_equal(ke_start(f->own, alg_by_id(ALG_PRF, 5), &ke, &public),
			 CYG_UNSUPPORTED);
	assert_int_equal(ke_start(f->own, NULL, &ke, &public), CYG_UNSUPPORTED);
	assert_null(ke);
}

static void wrong_lengths_are_refused(void **state)
{
	static const uint8_t octets[2048] = {4, 2};
	struct fixture *f = *state;

	for (const struct alg *m = NULL; (m = next_built(m));) {
		size_t right = m->public_i;
		const size_t lens[] = {0, 1, right - 1, right + 1, right / 2, 2 * right};
		struct ke *ke = NULL;
		struct bytes public = {0}, secret = {0};
		test_row(m->id, "%s", m->name);
		assert_int_equal(ke_start(f->own, m, &ke, &public), CYG_OK);
		for (size_t i = 0; i < COUNT_OF(lens); i++) {
			struct view v = view_of(octets, lens[i]);
			struct bytes none = {0};
			assert_int_equal(ke_respond(f->own, m, v, &none, &secret),
					 CYG_MALFORMED);
			assert_int_equal(ke_finish(ke, v, &secret), CYG_MALFORMED);
		}
		ke_free(ke);
		bytes_done(&public);
	}
}

/* RFC 6989 2.1: 0, 1, p - 1, p, p + 1 and all that is above. */
static void modp_values_out_of_range_are_refused(void **state)
{
	struct fixture *f = *state;

	static const uint16_t ids[] = {1, 2, 5, 14, 15, 16, 22, 23, 24};

	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		const struct alg *m = method(ids[i]);
		uint8_t v[1024] = {0};
		size_t len = m->public_i;
		test_row(ids[i], "%s", m->name);
		assert_refused(f->own, m, view_of(v, len), CYG_RANGE);
		v[len - 1] = 1;
		assert_refused(f->own, m, view_of(v, len), CYG_RANGE);
		memset(v, 0xff, len);
		assert_refused(f->own, m, view_of(v, len), CYG_RANGE);
	}
}

/* The prime of group 14 itself and its neighbours (RFC 3526 3). */
static void the_prime_and_its_neighbours_are_refused(void **state)
{
	struct fixture *f = *state;
	struct view p = test_hex(
		"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
		"98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
		"9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
		"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
		"3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF");
	struct bytes copy = {0};

	assert_true(bytes_copy(&copy, p));
	assert_refused(f->own, method(14), view_bytes(&copy), CYG_RANGE);
	copy.ptr[255] = 0xfe; /* p - 1 */
	assert_refused(f->own, method(14), view_bytes(&copy), CYG_RANGE);
	memset(copy.ptr + 248, 0, 8); /* p + 1 */
	copy.ptr[247]++;
	assert_refused(f->own, method(14), view_bytes(&copy), CYG_RANGE);
	bytes_done(&copy);
}

/*
 * RFC 6989 2.2: a value below p that is not of the subgroup would tell of the
 * private key. Two generates all of p's group, so neither it nor p - 2 is.
 */
static void values_outside_the_subgroup_are_refused(void **state)
{
	struct fixture *f = *state;

	for (uint16_t id = 22; id <= 24; id++) {
		const struct alg *m = method(id);
		struct bytes good = {0};
		struct ke *ke = NULL;
		uint8_t v[256] = {0};
		test_row(id, "%s", m->name);
		v[m->public_i - 1u] = 2;
		assert_refused(f->own, m, view_of(v, m->public_i), CYG_RANGE);
		v[m->public_i - 1u] = 0;
		v[0] = 1;
		assert_refused(f->own, m, view_of(v, m->public_i), CYG_RANGE);
		assert_int_equal(ke_start(f->own, m, &ke, &good), CYG_OK);
		good.ptr[m->public_i - 1u] ^= 1;
		assert_refused(f->own, m, view_bytes(&good), CYG_RANGE);
		bytes_done(&good);
		ke_free(ke);
	}
}

static void the_smallest_good_value_is_taken(void **state)
{
	struct fixture *f = *state;
	uint8_t two[256] = {[255] = 2};
	struct bytes public = {0}, secret = {0};

	assert_int_equal(ke_respond(f->own, method(14), view_of(two, 256), &public, &secret),
			 CYG_OK);
	/* g is two, so the secret is our own public value. */
	assert_view_equal(view_bytes(&secret), view_bytes(&public));
	bytes_done(&public);
	bytes_wipe(&secret);
}

/* RFC 6989 2.3: off the curve, at infinity, or with a coordinate that is not below p. */
static void points_off_the_curve_are_refused(void **state)
{
	struct fixture *f = *state;

	for (const struct alg *m = NULL; (m = next_built(m));) {
		struct bytes good = {0}, copy = {0};
		struct ke *ke = NULL;
		if (m->form != ALG_FORM_ECP)
			continue;
		test_row(m->id, "%s", m->name);
		assert_int_equal(ke_start(f->own, m, &ke, &good), CYG_OK);
		for (size_t i = 0; i < 4; i++) {
			size_t at = i * (m->public_i - 1u) / 3;
			assert_true(bytes_copy(&copy, view_bytes(&good)));
			copy.ptr[at] ^= 1;
			assert_refused(f->own, m, view_bytes(&copy), CYG_RANGE);
			bytes_done(&copy);
		}
		memset(good.ptr, 0, good.len);
		assert_refused(f->own, m, view_bytes(&good), CYG_RANGE);
		memset(good.ptr, 0xff, good.len);
		assert_refused(f->own, m, view_bytes(&good), CYG_RANGE);
		bytes_done(&good);
		ke_free(ke);
	}
}

/* Points of small order of RFC 7748's curves: the secret would be zero (RFC 8031 2.3). */
static void points_of_small_order_are_refused(void **state)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct fixture *f = *state;
	uint8_t v[56] = {0};

	for (size_t i = 0; i < COUNT_OF(small); i++) {
		test_row(i, "X25519 %s", small[i]);
		assert_refused(f->own, method(ALG_KE_X25519), test_hex(small[i]), CYG_RANGE);
	}
	assert_refused(f->own, method(ALG_KE_X448), view_of(v, 56), CYG_RANGE);
	v[0] = 1;
	assert_refused(f->own, method(ALG_KE_X448), view_of(v, 56), CYG_RANGE);
	memset(v, 0xff, 56);
	v[28] = 0xfe; /* p */
	assert_refused(f->own, method(ALG_KE_X448), view_of(v, 56), CYG_RANGE);
}

static void both_ends_agree_and_a_key_is_good_once(void **state)
{
	struct fixture *f = *state;

	for (const struct alg *m = NULL; (m = next_built(m));) {
		struct bytes pi = {0}, pr = {0}, si = {0}, sr = {0}, again = {0};
		struct ke *ke = NULL;
		test_row(m->id, "%s", m->name);
		assert_int_equal(ke_start(f->own, m, &ke, &pi), CYG_OK);
		assert_int_equal(ke_respond(f->own, m, view_bytes(&pi), &pr, &sr), CYG_OK);
		assert_int_equal(ke_finish(ke, view_bytes(&pr), &si), CYG_OK);
		assert_int_equal(pi.len, m->public_i);
		assert_int_equal(pr.len, m->public_r);
		assert_int_equal(sr.len, m->out_len);
		assert_view_equal(view_bytes(&si), view_bytes(&sr));
		assert_false(view_equal(view_bytes(&pi), view_bytes(&pr)));
		assert_int_equal(ke_finish(ke, view_bytes(&pr), &again), CYG_STATE);
		assert_int_equal(ke_respond_with(ke, view_bytes(&pr), &again), CYG_STATE);
		assert_null(again.ptr);
		ke_free(ke);
		bytes_done(&pi);
		bytes_done(&pr);
		bytes_wipe(&si);
		bytes_wipe(&sr);
	}
	ke_free(NULL);
}

/* A responder may have made its pair before the question came. */
static void pairs_made_ahead_answer_too(void **state)
{
	struct fixture *f = *state;
	const struct alg *m = method(ALG_KE_X25519);
	struct bytes pi = {0}, pr = {0}, si = {0}, sr = {0};
	struct ke *i = NULL, *r = NULL;

	assert_int_equal(ke_start(f->own, m, &i, &pi), CYG_OK);
	assert_int_equal(ke_start(f->own, m, &r, &pr), CYG_OK);
	assert_int_equal(ke_respond_with(r, view_bytes(&pi), &sr), CYG_OK);
	assert_int_equal(ke_finish(i, view_bytes(&pr), &si), CYG_OK);
	assert_view_equal(view_bytes(&si), view_bytes(&sr));
	ke_free(i);
	ke_free(r);
	bytes_done(&pi);
	bytes_done(&pr);
	bytes_wipe(&si);
	bytes_wipe(&sr);
}

static void a_seed_replays_every_method(void **state)
{
	for (const struct alg *m = NULL; (m = next_built(m));) {
		struct bytes public[4] = {{0}}, secret[2] = {{0}};
		test_row(m->id, "%s", m->name);
		if (m->id == 17 || m->id == 18)
			continue; /* slow, and the same code as 16 */
		for (int run = 0; run < 2; run++) {
			struct entropy_seeded seed;
			struct entropy e = entropy_seed(&seed, 42);
			struct crypto *c = crypto_new(&e);
			struct ke *ke = NULL;
			assert_int_equal(ke_start(c, m, &ke, &public[run]), CYG_OK);
			assert_int_equal(ke_respond(c, m, view_bytes(&public[run]),
						    &public[2 + run], &secret[run]),
					 CYG_OK);
			ke_free(ke);
			crypto_free(c);
		}
		assert_view_equal(view_bytes(&public[0]), view_bytes(&public[1]));
		assert_view_equal(view_bytes(&public[2]), view_bytes(&public[3]));
		assert_view_equal(view_bytes(&secret[0]), view_bytes(&secret[1]));
		assert_false(view_equal(view_bytes(&public[0]), view_bytes(&public[2])));
		for (int i = 0; i < 4; i++)
			bytes_done(&public[i]);
		bytes_wipe(&secret[0]);
		bytes_wipe(&secret[1]);
	}
}

static void a_source_that_fails_makes_no_key(void **state)
{
	struct fixture *f = *state;
	struct bytes public = {0};
	struct ke *ke = NULL;

	f->source.left = (struct view){0};
	for (const struct alg *m = NULL; (m = next_built(m));)
		assert_int_equal(ke_start(f->given, m, &ke, &public), CYG_CRYPTO);
	assert_null(ke);
}

static void check_vector(const struct vector *v, void *ctx)
{
	const struct alg *m = row_named(ALG_KE, vector_text(v, "method"));
	struct bytes public = {0}, secret = {0};

	test_row(v->row, "%s", m->name);
	assert_int_equal(respond_with_private(ctx, m, vector_hex(v, "private"),
					      vector_hex(v, "peer"), &public, &secret),
			 CYG_OK);
	assert_view_equal(view_bytes(&secret), vector_hex(v, "secret"));
	if (vector_text(v, "public"))
		assert_view_equal(view_bytes(&public), vector_hex(v, "public"));
	bytes_done(&public);
	bytes_wipe(&secret);
}

static void xdh_matches_rfc_7748(void **state)
{
	vectors_each("unit/crypto/data/rfc7748.txt", check_vector, *state);
}

static void ecp_matches_rfc_5903(void **state)
{
	vectors_each("unit/crypto/data/rfc5903.txt", check_vector, *state);
}

static void more_curves_match_nist_and_rfc_7027(void **state)
{
	vectors_each("unit/crypto/data/ecp_more.txt", check_vector, *state);
}

static void subgroups_match_rfc_5114(void **state)
{
	vectors_each("unit/crypto/data/rfc5114.txt", check_vector, *state);
}

static void modp_matches_plain_arithmetic(void **state)
{
	vectors_each("unit/crypto/data/modp.txt", check_vector, *state);
}

struct ke_file {
	struct fixture *fixture;
	const struct alg *method;
	size_t taken, refused, left_out;
};

/* The value as it would stand in a KE payload: for ECP, a whole point without its mark. */
static bool wire_value(const struct alg *m, struct view *value)
{
	if (m->form != ALG_FORM_ECP)
		return true;
	if (value->len != m->public_i + 1u || value->ptr[0] != 4)
		return false;
	*value = view_of(value->ptr + 1, value->len - 1);
	return true;
}

static void check_wycheproof(json_t *group, json_t *test, void *ctx)
{
	struct ke_file *f = ctx;
	struct view peer = wycheproof_hex(test, "public"),
		    want = wycheproof_hex(test, "shared");
	bool invalid = strcmp(wycheproof_text(test, "result"), "invalid") == 0;
	struct bytes public = {0}, secret = {0};
	enum cyg_err err;

	if (!wire_value(f->method, &peer)) {
		f->left_out++; /* an encoding that IKE does not have */
		return;
	}
	for (size_t i = 0; i < want.len && !want.ptr[i]; i++)
		invalid |= i == want.len - 1; /* a zero secret is "acceptable" to others */
	err = respond_with_private(f->fixture, f->method, wycheproof_hex(test, "private"), peer,
				   &public, &secret);
	if (invalid) {
		assert_true(err == CYG_RANGE || err == CYG_MALFORMED);
		f->refused++;
		return;
	}
	assert_int_equal(err, CYG_OK);
	assert_view_equal(view_bytes(&secret), want);
	bytes_done(&public);
	bytes_wipe(&secret);
	f->taken++;
}

static void methods_match_wycheproof(void **state)
{
	static const struct {
		const char *name;
		uint16_t id;
		size_t refused_min;
	} files[] = {
		{"x25519", ALG_KE_X25519, 10},
		{"x448", ALG_KE_X448, 5},
		{"ecdh_secp256r1_ecpoint", ALG_KE_ECP256, 5},
		{"ecdh_secp384r1_ecpoint", ALG_KE_ECP384, 5},
		{"ecdh_secp521r1_ecpoint", ALG_KE_ECP521, 5},
	};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct ke_file f = {.fixture = *state, .method = method(files[i].id)};
		wycheproof_each(files[i].name, check_wycheproof, &f);
		print_message("# %s: %zu taken, %zu refused, %zu of other encodings left out\n",
			      files[i].name, f.taken, f.refused, f.left_out);
		assert_true(f.taken > 200);
		assert_true(f.refused >= files[i].refused_min);
	}
}

/* One exchange after another in a thread of its own; counts agreements. */
static void *exchange_many(void *ctx)
{
	struct fixture *f = ctx;
	size_t agreed = 0;

	for (int n = 0; n < 50; n++) {
		struct bytes pi = {0}, pr = {0}, si = {0}, sr = {0};
		struct ke *ke = NULL;
		const struct alg *m = method(n % 2 ? ALG_KE_ECP256 : ALG_KE_X25519);
		if (!ke_start(f->own, m, &ke, &pi) &&
		    !ke_respond(f->own, m, view_bytes(&pi), &pr, &sr) &&
		    !ke_finish(ke, view_bytes(&pr), &si))
			agreed += view_equal(view_bytes(&si), view_bytes(&sr));
		ke_free(ke);
		bytes_done(&pi);
		bytes_done(&pr);
		bytes_wipe(&si);
		bytes_wipe(&sr);
	}
	return (void *)agreed;
}

static void threads_share_one_context(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, exchange_many, *state), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		void *agreed = NULL;
		assert_int_equal(pthread_join(threads[i], &agreed), 0);
		assert_int_equal((size_t)agreed, 50);
	}
}

static bool exchange_once(struct crypto *c, const struct alg *m)
{
	struct bytes pi = {0}, pr = {0}, si = {0}, sr = {0};
	struct ke *ke = NULL;
	bool ok = !ke_start(c, m, &ke, &pi) && !ke_respond(c, m, view_bytes(&pi), &pr, &sr) &&
		  !ke_finish(ke, view_bytes(&pr), &si);

	ke_free(ke);
	bytes_done(&pi);
	bytes_done(&pr);
	bytes_wipe(&si);
	bytes_wipe(&sr);
	return ok;
}

static bool xdh_once(void *ctx)
{
	return exchange_once(((struct fixture *)ctx)->own, method(ALG_KE_X25519));
}

static bool ecp_once(void *ctx)
{
	return exchange_once(((struct fixture *)ctx)->own, method(ALG_KE_ECP256));
}

static bool modp_once(void *ctx)
{
	return exchange_once(((struct fixture *)ctx)->own, method(ALG_KE_MODP2048));
}

static bool subgroup_once(void *ctx)
{
	return exchange_once(((struct fixture *)ctx)->own, method(23));
}

static void failing_allocations_leave_nothing(void **state)
{
	assert_true(xdh_once(*state) && ecp_once(*state) && modp_once(*state));
	test_each_allocation_failing(xdh_once, *state, true);
	test_each_allocation_failing(ecp_once, *state, true);
	test_each_allocation_failing(modp_once, *state, true);
	test_each_allocation_failing(subgroup_once, *state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_without_code_are_refused),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(modp_values_out_of_range_are_refused),
		cmocka_unit_test(the_prime_and_its_neighbours_are_refused),
		cmocka_unit_test(values_outside_the_subgroup_are_refused),
		cmocka_unit_test(the_smallest_good_value_is_taken),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(points_of_small_order_are_refused),
		cmocka_unit_test(both_ends_agree_and_a_key_is_good_once),
		cmocka_unit_test(pairs_made_ahead_answer_too),
		cmocka_unit_test(a_seed_replays_every_method),
		cmocka_unit_test(a_source_that_fails_makes_no_key),
		cmocka_unit_test(xdh_matches_rfc_7748),
		cmocka_unit_test(ecp_matches_rfc_5903),
		cmocka_unit_test(more_curves_match_nist_and_rfc_7027),
		cmocka_unit_test(subgroups_match_rfc_5114),
		cmocka_unit_test(modp_matches_plain_arithmetic),
		cmocka_unit_test(methods_match_wycheproof),
		cmocka_unit_test(threads_share_one_context),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/ke", tests, open_crypto, close_crypto);
}
