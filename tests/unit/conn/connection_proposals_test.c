/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/connection.h"

#include "crypto/alg.h"
#include "tests/unit/support/test.h"

#include <string.h>

struct row {
	const char *ike, *esp; /* NULL: the default */
	bool esn, esn_off;
	uint16_t agreed;
	const char *printed; /* how the list for ESP begins */
};

static struct connection *described(const struct row *r)
{
	struct connection *c = connection_new("x");

	assert_non_null(c);
	if (r->ike)
		assert_int_equal(proposals_parse(r->ike, PROTO_IKE, &c->ike, NULL), CYG_OK);
	if (r->esp)
		assert_int_equal(proposals_parse(r->esp, PROTO_ESP, &c->esp, NULL), CYG_OK);
	c->esn = r->esn;
	c->esn_off = r->esn_off;
	return c;
}

static void other_protocols_have_none(void **state)
{
	struct connection *c = described(&(struct row){.esn = true});
	const struct proposals *p = NULL;

	assert_int_equal(connection_proposals(c, PROTO_NONE, 0, &p), CYG_UNSUPPORTED);
	assert_null(p);
	connection_unref(c);
}

static void groups_without_pfs_are_told(void **state)
{
	static const struct {
		const char *esp;
		bool pfs, told;
	} rows[] = {
		{NULL, false, false},
		{"aes256gcm16", false, false},
		{"aes256gcm16-x25519", true, false},
		{"aes256gcm16-none-none", false, false},
		{"aes256gcm16-x25519", false, true},
		{"aes256gcm16,aes256-sha256-modp2048", false, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described(&(struct row){.esp = rows[i].esp});
		struct diag why;

		test_row(i, "%s", rows[i].esp ? rows[i].esp : "");
		diag_clear(&why);
		c->pfs = rows[i].pfs;
		assert_int_equal(connection_pfs_idle(c, &why), rows[i].told);
		assert_int_equal(diag_is_set(&why), rows[i].told);
		connection_unref(c);
	}
}

static void for_ike(void **state)
{
	struct connection *c = described(&(struct row){.ike = "aes256-sha256-x25519"});
	const struct proposals *p, *defaults;

	assert_int_equal(connection_proposals(c, PROTO_IKE, ALG_KE_ECP256, &p), CYG_OK);
	assert_ptr_equal(p, c->ike);
	assert_int_equal(p->refs, 2);
	proposals_unref(p);
	connection_unref(c);
	c = described(&(struct row){.esn = true});
	assert_int_equal(proposals_default(PROTO_IKE, &defaults), CYG_OK);
	assert_int_equal(connection_proposals(c, PROTO_IKE, 0, &p), CYG_OK);
	assert_true(proposals_equal(p, defaults));
	proposals_unref(p);
	connection_unref(c);
}

#define REST "ECP384+ECP521+X448+MODP3072+MODP4096+MODP6144+MODP8192+MODP2048"

static void for_esp(void **state)
{
	static const struct row rows[] = {
		/* no esp=: the IKE SA's group first, then those of ike= */
		{NULL, NULL, true, true, 0,
		 "AES_GCM_16_256+AES_GCM_16_128+CHACHA20_POLY1305-X25519+ECP256+" REST ","},
		{NULL, NULL, true, true, ALG_KE_ECP256,
		 "AES_GCM_16_256+AES_GCM_16_128+CHACHA20_POLY1305-ECP256+X25519+" REST ","},
		{"aes256-sha256-modp2048", NULL, true, true, ALG_KE_MODP2048,
		 "AES_GCM_16_256+AES_GCM_16_128+CHACHA20_POLY1305-MODP2048,"},
		/* esp= without a group */
		{"aes256-sha256-ecp256-x448", "aes128gcm16", true, true, ALG_KE_X448,
		 "AES_GCM_16_128-X448+ECP256"},
		/* esp= with its own */
		{"aes256-sha256-ecp256", "aes128gcm16-modp3072", true, true, ALG_KE_ECP256,
		 "AES_GCM_16_128-MODP3072"},
		{NULL, "aes128gcm16-modp3072,aes256gcm16", true, true, ALG_KE_ECP521,
		 "AES_GCM_16_128-MODP3072,AES_GCM_16_256-ECP521+X25519+ECP256+ECP384+X448+"},
		/* sequence numbers */
		{NULL, "aes128gcm16-x25519", true, false, 0, "AES_GCM_16_128-X25519-ESN_YES"},
		{NULL, "aes128gcm16-x25519", false, true, 0, "AES_GCM_16_128-X25519-ESN_NO"},
		{NULL, "aes128gcm16-x25519-noesn", true, true, 0,
		 "AES_GCM_16_128-X25519-ESN_NO"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described(&rows[i]);
		const struct proposals *p;
		char text[2048];

		test_row(i, "%s", rows[i].printed);
		assert_int_equal(connection_proposals(c, PROTO_ESP, rows[i].agreed, &p),
				 CYG_OK);
		proposals_print(p, text, sizeof(text));
		assert_int_equal(strncmp(text, rows[i].printed, strlen(rows[i].printed)), 0);
		proposals_unref(p);
		connection_unref(c);
	}
}

static bool ask(void *ctx)
{
	const struct proposals *p;

	if (connection_proposals(ctx, PROTO_ESP, 0, &p))
		return false;
	proposals_unref(p);
	return true;
}

static void short_memory_is_told(void **state)
{
	struct connection *c = described(&(struct row){.esn = true});

	test_each_allocation_failing(ask, c, false);
	connection_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_protocols_have_none),
		cmocka_unit_test(groups_without_pfs_are_told),
		cmocka_unit_test(for_ike),
		cmocka_unit_test(for_esp),
		cmocka_unit_test(short_memory_is_told),
	};
	return RUN_TESTS("conn/connection_proposals", tests);
}
