/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/dn.h"

#include "tests/unit/support/test.h"

#include <string.h>

/* Not one of these may be taken, or read beyond its end (CVE-2013-6075, CVE-2014-2891). */
static void hostile_names_are_refused(void **state)
{
	static const struct {
		const char *hex, *what;
		enum cyg_err err;
	} rows[] = {
		{"", "nothing", CYG_MALFORMED},
		{"30", "a tag alone", CYG_MALFORMED},
		{"3000", "an empty name", CYG_MALFORMED},
		{"31 00", "a SET instead", CYG_MALFORMED},
		{"30 02 31", "longer than it is", CYG_MALFORMED},
		{"30 80 31 0b 0000", "an indefinite length", CYG_MALFORMED},
		{"30 81 0d 310b3009060355040613024348", "a length longer than needed",
		 CYG_MALFORMED},
		{"30 82 000d 310b3009060355040613024348", "the same with two octets",
		 CYG_MALFORMED},
		{"30 84 0000000d 310b3009060355040613024348", "a length of four octets",
		 CYG_MALFORMED},
		{"30 ff 310b3009060355040613024348", "the reserved length", CYG_MALFORMED},
		{"300d 310b 3009 0603550406 13024348 00", "an octet behind", CYG_MALFORMED},
		{"3002 3100", "an empty relative name", CYG_MALFORMED},
		{"3004 3102 3000", "an empty attribute", CYG_MALFORMED},
		{"3006 3104 3002 0600", "an empty type and no value", CYG_MALFORMED},
		{"3009 3107 3005 0603550406", "no value (CVE-2014-2891)", CYG_MALFORMED},
		{"300a 3108 3006 0603550406 13", "a value of a tag alone", CYG_MALFORMED},
		{"300d 310b 3009 0603550406 13034348", "a value that ends outside",
		 CYG_MALFORMED},
		{"300d 310b 3009 0603550406 1f024348", "a tag of several octets",
		 CYG_MALFORMED},
		{"300d 310b 3009 0203550406 13024348", "a type that is no OID", CYG_MALFORMED},
		{"300d 310b 3009 0600 5504061302434800", "a type of no octets", CYG_MALFORMED},
		{"300f 310d 300b 0603550406 13024348 0500", "something behind the value",
		 CYG_MALFORMED},
		{"300d 300b 3009 0603550406 13024348", "a SEQUENCE for the SET", CYG_MALFORMED},
		{"300d 310b 3109 0603550406 13024348", "a SET for the attribute",
		 CYG_MALFORMED},
		{"300f 310b 3009 0603550406 13024348 3100", "an empty part behind",
		 CYG_MALFORMED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(dn_check(test_hex(rows[i].hex), &why), rows[i].err);
		assert_true(diag_is_set(&why));
		assert_true(dn_check(test_hex(rows[i].hex), NULL) != CYG_OK);
	}
}

/* "CN=x" `count` times in one relative name or in as many. */
static struct view many(size_t count, bool one_part, uint8_t out[DN_OCTETS_MAX])
{
	static const uint8_t attr[] = {0x30, 8, 6, 3, 0x55, 4, 3, 0x13, 1, 'x'};
	size_t each = one_part ? 10 : 12, content = count * each + (one_part ? 4 : 0), at = 4;

	out[0] = 0x30;
	out[1] = 0x82;
	out[2] = (uint8_t)(content >> 8);
	out[3] = (uint8_t)content;
	if (one_part) {
		out[at++] = 0x31;
		out[at++] = 0x82;
		out[at++] = (uint8_t)((count * 10) >> 8);
		out[at++] = (uint8_t)(count * 10);
	}
	for (size_t i = 0; i < count; i++) {
		if (!one_part) {
			out[at++] = 0x31;
			out[at++] = 10;
		}
		memcpy(out + at, attr, sizeof(attr));
		at += sizeof(attr);
	}
	return view_of(out, at);
}

static void names_are_bounded(void **state)
{
	uint8_t store[DN_OCTETS_MAX + 1] = {0x30};
	struct diag why;

	assert_int_equal(dn_check(many(DN_ATTRS_MAX, false, store), &why), CYG_OK);
	assert_int_equal(dn_check(many(DN_ATTRS_MAX + 1, false, store), &why), CYG_LIMIT);
	assert_int_equal(dn_check(many(26, true, store), &why), CYG_LIMIT);
	assert_int_equal(dn_check(view_of(store, sizeof(store)), &why), CYG_LIMIT);
}

/* Whatever is cut off or flipped: no crash, and no read past the end (the sanitizers look on). */
static void every_cut_and_flip_of_a_good_name(void **state)
{
	struct view good = test_hex(
		"3029 310b3009060355040613024348 310d300b0603550403 0c0477657374"
		" 310b3009060355040a16024142");
	uint8_t copy[64];
	size_t kept = 0;

	assert_int_equal(dn_check(good, NULL), CYG_OK);
	for (size_t cut = 0; cut < good.len; cut++)
		assert_true(dn_check(view_of(good.ptr, cut), NULL) != CYG_OK);
	for (size_t i = 0; i < good.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t again[DN_OCTETS_MAX];
			char text[512];
			size_t len;

			memcpy(copy, good.ptr, good.len);
			copy[i] ^= (uint8_t)(1u << bit);
			if (dn_check(view_of(copy, good.len), NULL) != CYG_OK)
				continue;
			dn_print(view_of(copy, good.len), text, sizeof(text));
			assert_int_equal(dn_parse(text, again, sizeof(again), &len, NULL),
					 CYG_OK);
			assert_true(dn_equal(view_of(copy, good.len), view_of(again, len)));
			kept++;
		}
	assert_in_range(kept, 1, 8 * good.len - 1);
}

static void walking(void **state)
{
	/* C=CH, CN=west + OU=b */
	struct view der = test_hex("3028 310b3009060355040613024348"
				   " 3119 300b06035504030c0477657374 300a060355040b13036f6e65");
	struct dn_walk w = dn_walk(der);
	struct dn_attr a;

	assert_int_equal(dn_check(der, NULL), CYG_OK);
	assert_true(dn_next(&w, &a));
	assert_int_equal(a.rdn, 0);
	assert_int_equal(a.tag, 0x13);
	assert_view_equal(a.type, test_hex("550406"));
	assert_view_equal(a.value, LITERAL("CH"));
	assert_view_equal(a.whole, test_hex("13024348"));
	assert_true(dn_next(&w, &a));
	assert_int_equal(a.rdn, 1);
	assert_view_equal(a.value, LITERAL("west"));
	assert_true(dn_next(&w, &a));
	assert_int_equal(a.rdn, 1);
	assert_view_equal(a.value, LITERAL("one"));
	assert_false(dn_next(&w, &a));
	assert_false(dn_next(&w, &a));
}

/* A name with one CN of the given tag and value. */
static struct view cn(uint8_t tag, struct view value)
{
	static uint8_t store[4][256];
	static size_t turn;
	uint8_t *out = store[turn++ % 4];
	const uint8_t head[] = {0x30,
				(uint8_t)(value.len + 11),
				0x31,
				(uint8_t)(value.len + 9),
				0x30,
				(uint8_t)(value.len + 7),
				6,
				3,
				0x55,
				4,
				3,
				tag,
				(uint8_t)value.len};

	memcpy(out, head, sizeof(head));
	if (value.len)
		memcpy(out + sizeof(head), value.ptr, value.len);
	return view_of(out, sizeof(head) + value.len);
}

static const struct hash_key hash_key = {{1, 2}};

/* RFC 5280 7.1 */
static void values_compare_as_text(void **state)
{
	static const struct {
		uint8_t a_tag, b_tag;
		const char *a, *b; /* hex */
		bool equal;
	} rows[] = {
		{0x13, 0x13, "77657374", "65617374", false},         /* west, east */
		{0x13, 0x13, "77657374", "7765737474", false},       /* west, westt */
		{0x13, 0x13, "77657374", "7765", false},             /* west, we */
		{0x13, 0x13, "61 62", "61 20 62", false},            /* ab, a b */
		{0x0c, 0x0c, "676f6f64", "676f6f6400657669", false}, /* good, good NUL evi */
		{0x0c, 0x0c, "c3a4", "c384",
		 false}, /* a letter beyond ASCII has no other case here */
		{0x14, 0x0c, "e4", "c3a4",
		 false}, /* TeletexString beyond ASCII is anybody's guess */
		{0x04, 0x13, "77657374", "77657374", false}, /* octets are no text */
		{0x0c, 0x0c, "ff", "fe", false},
		{0x1e, 0x0c, "00770065", "77656e", false},
		{0x1e, 0x0c, "007700", "77", false},         /* half a character */
		{0x1e, 0x1e, "d8000041", "d8000061", false}, /* half a surrogate pair */
		{0x1c, 0x0c, "00110000", "f4908080", false}, /* past the last character */
		{0x13, 0x13, "", "", true},
		{0x13, 0x0c, "77657374", "77657374", true},
		{0x16, 0x1a, "77657374", "57455354", true},            /* case */
		{0x13, 0x13, "2077652020737420", "77652073 74", true}, /* runs of blanks */
		{0x13, 0x0c, "20", "", true},
		{0x1e, 0x0c, "0077006500730074", "77657374", true},
		{0x1e, 0x0c, "00e420ac", "c3a4e282ac", true},
		{0x1c, 0x0c, "0001f600", "f09f9880", true},
		{0x14, 0x13, "77657374", "57657374", true},
		{0x04, 0x04, "ff00", "ff00", true},
		{0x0c, 0x0c, "ff", "ff", true}, /* broken, but the same octets */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view a = cn(rows[i].a_tag, test_hex(rows[i].a));
		struct view b = cn(rows[i].b_tag, test_hex(rows[i].b));

		test_row(i, "%s %s", rows[i].a, rows[i].b);
		assert_int_equal(dn_check(a, NULL), CYG_OK);
		assert_int_equal(dn_equal(a, b), rows[i].equal);
		assert_int_equal(dn_equal(b, a), rows[i].equal);
		assert_true(dn_equal(a, a));
		if (rows[i].equal)
			assert_true(dn_hash(&hash_key, a) == dn_hash(&hash_key, b));
	}
}

static struct view named(const char *text)
{
	static uint8_t store[4][DN_OCTETS_MAX];
	static size_t turn;
	uint8_t *out = store[turn++ % 4];
	size_t len;

	assert_int_equal(dn_parse(text, out, DN_OCTETS_MAX, &len, NULL), CYG_OK);
	return view_of(out, len);
}

static void names_compare_in_order(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"C=CH, O=x", "O=x, C=CH", false},
		{"C=CH, O=x", "C=CH", false},
		{"C=CH, O=x", "C=CH, O=x, CN=y", false},
		{"C=CH, O=x", "C=CH, OU=x", false},
		{"CN=a+OU=b", "CN=a, OU=b", false},
		{"CN=a+OU=b", "CN=a+OU=c", false},
		{"CN=a+OU=b", "CN=a+OU=b+O=c", false},
		{"C=CH, O=*", "C=CH, O=x", false}, /* a wildcard matches, it does not equal */
		{"C=CH, O=x", "/c=ch/o=X", true},
		{"CN=a+OU=b", "OU=B+CN=A", true},
		{"C=CH, O=*", "C=CH, O=*", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "'%s' '%s'", rows[i].a, rows[i].b);
		assert_int_equal(dn_equal(named(rows[i].a), named(rows[i].b)), rows[i].equal);
		assert_int_equal(dn_hash(&hash_key, named(rows[i].a)) ==
					 dn_hash(&hash_key, named(rows[i].b)),
				 rows[i].equal);
	}
}

static void wildcards_match_their_own_place(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} rows[] = {
		{"C=CH, O=*", "C=CH", false},
		{"C=CH, O=*", "C=CH, OU=x", false},
		{"C=CH, O=*", "C=DE, O=x", false},
		{"C=CH, O=*, CN=b", "C=CH, O=x, CN=a", false},
		{"C=CH, O=x", "C=CH, O=*", false}, /* only the pattern's own count */
		{"C=CH, O=\\*", "C=CH, O=x", false},
		{"C=CH, O=*", "C=CH, O=x", true},
		{"C=*, O=*", "C=CH, O=", true},
		{"C=CH, O=*, CN=b", "C=CH, O=x, CN=B", true},
		{"CN=*+OU=b", "CN=a+OU=b", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "'%s' '%s'", rows[i].pattern, rows[i].name);
		assert_int_equal(dn_match(named(rows[i].pattern), named(rows[i].name)),
				 rows[i].match);
	}
	assert_int_equal(dn_wildcards(named("C=CH, O=*, CN=*")), 2);
	assert_int_equal(dn_wildcards(named("C=CH, O=\\*, CN=**, L=\"*\"")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_names_are_refused),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(every_cut_and_flip_of_a_good_name),
		cmocka_unit_test(walking),
		cmocka_unit_test(values_compare_as_text),
		cmocka_unit_test(names_compare_in_order),
		cmocka_unit_test(wildcards_match_their_own_place),
	};
	return RUN_TESTS("conn/dn", tests);
}
