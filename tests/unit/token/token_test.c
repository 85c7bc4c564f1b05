/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include "tests/unit/support/test.h"
#include "tests/unit/token/mock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* P-256's generator as a public key, as libcrypto writes it. */
#define PUBLIC_HEX                                                                       \
	"3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e5" \
	"63a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33" \
	"576b315ececbb6406837bf51f5"

static struct tokens *open_mock(void)
{
	struct tokens *t = tokens_open(NULL, NULL);

	assert_non_null(t);
	return t;
}

struct told {
	size_t n;
	bool is_cert;
	uint8_t half[2048];
	size_t len;
	struct token_key *key;
};

static void on_key(void *ctx, struct view half, bool is_cert, struct token_key *k)
{
	struct told *t = ctx;

	t->n++;
	t->is_cert = is_cert;
	memcpy(t->half, half.ptr, half.len);
	t->len = half.len;
	if (!t->key && k)
		t->key = token_key_ref(k);
}

static void on_der(void *ctx, struct view der)
{
	on_key(ctx, der, true, NULL);
}

static void a_pin_is_never_tried_twice(void **state)
{
	struct tokens *t;
	struct told told = {0};
	struct diag why;

	mock_reset();
	t = open_mock();
	for (int i = 0; i < 5; i++) {
		diag_clear(&why);
		assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("0000"), on_key, &told,
					     &why),
				 CYG_PERM);
		assert_string_equal(why.code, "token-pin");
		assert_non_null(strstr(why.got, i ? "not tried again" : "a wrong PIN"));
		assert_null(strstr(why.sentence, "0000"));
	}
	assert_int_equal(mock.slots[0].tries, 1);
	/* Another wrong one leaves one try: it is nobody's but the token's own tool's. */
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("0001"), on_key, &told, &why),
			 CYG_PERM);
	assert_int_equal(mock.slots[0].tries, 2);
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, &why),
			 CYG_PERM);
	assert_non_null(strstr(why.got, "one more wrong PIN would lock it"));
	mock.slots[0].flags = CKF_USER_PIN_LOCKED;
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, &why),
			 CYG_PERM);
	assert_non_null(strstr(why.got, "locked"));
	assert_int_equal(mock.slots[0].tries, 2);
	assert_int_equal(told.n, 0);
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
	assert_int_equal(mock.modules, 0);
}

static void try_pin(const char *file, const char *pin, const char *got)
{
	struct tokens *t = tokens_open(file, NULL);
	struct told told = {0};
	struct diag why;

	assert_non_null(t);
	diag_clear(&why);
	assert_int_equal(tokens_keys(t, "%smartcard", view_str(pin), on_key, &told, &why),
			 got ? CYG_PERM : CYG_OK);
	if (got)
		assert_non_null(strstr(why.got, got));
	token_key_unref(told.key);
	tokens_close(t);
}

/* A supervisor that starts the program again and again locks no token. */
static void a_refused_pin_is_remembered_by_the_next_life(void **state)
{
	char file[] = "/tmp/cygnet-refused-XXXXXX", text[4096] = "";
	int fd = mkstemp(file);
	FILE *f;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "torn", 4), 4); /* what can't be read counts for nothing */
	close(fd);
	mock_reset();
	try_pin(file, "0000", "a wrong PIN");
	for (int life = 0; life < 3; life++)
		try_pin(file, "0000", "refused before");
	assert_int_equal(mock.slots[0].tries, 1);
	try_pin(file, "1234", NULL);
	mock.slots[0].serial = "7"; /* another token of that name has not refused it */
	try_pin(file, "0000", "a wrong PIN");
	f = fopen(file, "re");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), 33 + 2 * 65);
	fclose(f);
	assert_null(strstr(text, "0000\n"));
	unlink(file);
	mock_reset();
	try_pin(file, "1234", NULL);
	assert_int_equal(access(file, F_OK), -1);
}

static void names_choose_tokens_and_objects(void **state)
{
	static const struct {
		const char *name;
		enum cyg_err err;
		const char *says;
	} rows[] = {
		{"%smartcard#7", CYG_NOTFOUND, "0 tokens that fit"},
		{"%smartcard#0:46", CYG_NOTFOUND, "1 token that fits"},
		{"%smartcard0@nobody", CYG_NOTFOUND, "no module for tokens called nobody"},
		{"pkcs11:token=home", CYG_NOTFOUND, "0 tokens that fit"},
		{"pkcs11:token=office;object=other", CYG_NOTFOUND, "1 token that fits"},
		{"%smartcard:x", CYG_MALFORMED, "can't be read"},
		{"%smartcard", CYG_OK, NULL},
		{"%smartcard#0:45", CYG_OK, NULL},
		{"%smartcard0@mock", CYG_OK, NULL},
		{"%smartcard0@mock.so:45", CYG_OK, NULL},
		{"%smartcard#0@/usr/lib/mock.so", CYG_OK, NULL},
		{"pkcs11:token=office;object=host", CYG_OK, NULL},
		{"pkcs11:serial=1;id=%45", CYG_OK, NULL},
	};
	struct tokens *t;

	mock_reset();
	t = open_mock();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct told told = {0}, public = {0};
		struct diag why;
		char line[1024];

		test_row(i, "%s", rows[i].name);
		diag_clear(&why);
		assert_int_equal(tokens_keys(t, rows[i].name, LITERAL("1234"), on_key, &told,
					     &why),
				 rows[i].err);
		diag_print(&why, line, sizeof(line));
		if (rows[i].says)
			assert_non_null(strstr(line, rows[i].says));
		assert_int_equal(told.n, rows[i].err ? 0 : 1);
		token_key_unref(told.key);
		diag_clear(&why);
		assert_int_equal(tokens_publics(t, rows[i].name, on_der, &public, &why),
				 rows[i].err);
	}
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
}

static void a_key_finds_its_public_half(void **state)
{
	/* What OpenSSL says of n = 0x0101..01 (16 octets), e = 65537. */
	static const char rsa[] = "302b300d06092a864886f70d0101010500031a00301702100101010101"
				  "0101010101010101010101"
				  "0203010001";
	static const uint8_t modulus[17] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct told told = {0};
	struct tokens *t;

	mock_reset();
	t = open_mock();
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	assert_false(told.is_cert);
	assert_view_equal(view_of(told.half, told.len), test_hex(PUBLIC_HEX));
	token_key_unref(told.key);
	/* A certificate goes first. */
	mock_add((struct mock_object){.class = CKO_CERTIFICATE,
				      .id = "E",
				      .label = "host",
				      .value = LITERAL("a certificate")});
	told = (struct told){0};
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	assert_true(told.is_cert);
	assert_view_equal(view_of(told.half, told.len), LITERAL("a certificate"));
	token_key_unref(told.key);
	/* An RSA key has the numbers itself. */
	mock.slots[0].objects_len = 0;
	mock_add((struct mock_object){.class = CKO_PRIVATE_KEY,
				      .id = "R",
				      .label = "rsa",
				      .type = CKK_RSA,
				      .modulus = view_of(modulus, sizeof(modulus)),
				      .exponent = LITERAL("\x01\x00\x01")});
	told = (struct told){0};
	assert_int_equal(tokens_keys(t, "%smartcard:52", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	assert_view_equal(view_of(told.half, told.len), test_hex(rsa));
	token_key_unref(told.key);
	/* One of a curve without its point is nobody's. */
	mock.slots[0].objects[0].type = CKK_EC;
	mock.slots[0].objects[0].params = LITERAL("\x06\x01\x01");
	assert_int_equal(tokens_keys(t, "%smartcard:52", LITERAL("1234"), on_key, &told, NULL),
			 CYG_NOTFOUND);
	tokens_close(t);
}

static void edwards_keys_are_told(void **state)
{
	struct told told = {0};
	struct tokens *t;
	uint8_t point[34] = {0x04, 0x20, 7};

	mock_reset();
	mock.slots[0].objects_len = 0;
	mock_add((struct mock_object){.class = CKO_PUBLIC_KEY,
				      .id = "D",
				      .label = "ed",
				      .type = CKK_EC_EDWARDS,
				      .params = LITERAL("\x13\x0c"
							"edwards25519"),
				      .point = view_of(point, sizeof(point))});
	t = open_mock();
	assert_int_equal(tokens_publics(t, "%smartcard", on_der, &told, NULL), CYG_OK);
	assert_view_equal(view_of(told.half, 13), test_hex("302a300506032b657003210007"));
	assert_int_equal(told.len, 44);
	tokens_close(t);
}

static void tokens_come_and_go(void **state)
{
	struct token_items items;
	struct told told = {0};
	struct tokens *t;

	mock_reset();
	t = open_mock();
	assert_true(tokens_changed(t));
	assert_false(tokens_changed(t));
	assert_int_equal(tokens_list(t, &items), CYG_OK);
	assert_int_equal(items.len, 1); /* nobody has logged in */
	assert_string_equal(items.items[0].object, "public key");
	assert_string_equal(items.items[0].token, "office/1");
	assert_string_equal(items.items[0].key_id, "45");
	assert_string_equal(items.items[0].pin, "wanted");
	assert_string_equal(items.items[0].reader, "Mock reader 0");
	token_items_done(&items);
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	assert_int_equal(tokens_list(t, &items), CYG_OK);
	assert_int_equal(items.len, 2);
	assert_string_equal(items.items[1].object, "private key");
	assert_string_equal(items.items[1].pin, "taken");
	token_items_done(&items);
	mock.slots[1].present = true;
	assert_true(tokens_changed(t));
	assert_false(token_key_is_gone(told.key));
	mock.slots[0].present = false;
	assert_true(tokens_changed(t));
	assert_true(token_key_is_gone(told.key));
	assert_false(tokens_changed(t));
	token_key_unref(told.key);
	/* Out and in again between two looks: the session tells. */
	mock.slots[0].present = true;
	assert_true(tokens_changed(t));
	told = (struct told){0};
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	mock.slots[0].life++;
	assert_true(tokens_changed(t));
	assert_true(token_key_is_gone(told.key));
	token_key_unref(told.key);
	tokens_close(t);
	assert_int_equal(mock.sessions, 0);
}

static struct token_key *let_go;

static void let_go_of_it(void)
{
	token_key_unref(let_go);
	let_go = NULL;
}

/* A token in no hurry is no reason to wait for whoever lets go of a key meanwhile. */
static void keys_are_let_go_of_while_a_token_thinks(void **state)
{
	struct told told = {0};
	struct tokens *t;

	mock_reset();
	t = open_mock();
	assert_int_equal(tokens_keys(t, "%smartcard", LITERAL("1234"), on_key, &told, NULL),
			 CYG_OK);
	let_go = told.key;
	mock.asked = let_go_of_it;
	alarm(5); /* a lock that is held would never be had */
	tokens_changed(t);
	alarm(0);
	assert_null(let_go);
	assert_int_equal(mock.sessions, 1);
	tokens_tidy(t);
	assert_int_equal(mock.sessions, 0);
	tokens_close(t);
}

static void no_modules(void **state)
{
	struct diag why;

	memset(&mock, 0, sizeof(mock));
	assert_null(tokens_open(NULL, &why));
	assert_string_equal(why.code, "no-tokens");
	tokens_close(NULL);
	token_key_unref(NULL);
}

static bool all_of_it(void *ctx)
{
	struct tokens *t = tokens_open(NULL, NULL);
	struct token_items items = {0};
	struct told told = {0};
	bool well = t &&
		    !tokens_keys(t, "pkcs11:object=host", LITERAL("1234"), on_key, &told,
				 NULL) &&
		    !tokens_list(t, &items);

	token_items_done(&items);
	token_key_unref(told.key);
	tokens_close(t);
	return well;
}

static void memory_runs_out(void **state)
{
	mock_reset();
	/* What can't be read of an object is as if it had none. */
	test_each_allocation_failing(all_of_it, NULL, true);
	assert_int_equal(mock.sessions, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_never_tried_twice),
		cmocka_unit_test(a_refused_pin_is_remembered_by_the_next_life),
		cmocka_unit_test(names_choose_tokens_and_objects),
		cmocka_unit_test(a_key_finds_its_public_half),
		cmocka_unit_test(edwards_keys_are_told),
		cmocka_unit_test(tokens_come_and_go),
		cmocka_unit_test(keys_are_let_go_of_while_a_token_thinks),
		cmocka_unit_test(no_modules),
		cmocka_unit_test(memory_runs_out),
	};

	return RUN_TESTS("token/token", tests);
}
