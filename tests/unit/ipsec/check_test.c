/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check.h"

#include "base/text.h"
#include "conn/handling.h"
#include "tests/unit/support/test.h"
#include "trust/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct host_address addresses[] = {{.interface = "lo"},
					  {.interface = "eth0"},
					  {.interface = "eth1"}};
static struct host_view host = {.addresses = addresses, .addresses_len = COUNT_OF(addresses)};

static int set_up(void **state)
{
	static const char *const text[] = {"127.0.0.1", "192.0.2.1", "2001:db8::1"};

	for (size_t i = 0; i < COUNT_OF(text); i++)
		assert_int_equal(ip_parse(text[i], &addresses[i].addr), CYG_OK);
	host.default_v4.addr = addresses[1].addr;
	return 0;
}

static const struct plane_reach *plane; /* of `found`; NULL: nothing is known of it */

/* The codes of all that is found, in order, blank separated; a warning in capitals. */
static char *found(const char *text, const struct host_view *h,
		   const struct secret_set *secrets)
{
	struct findings f = {0};
	struct check c = {.host = h,
			  .secrets = secrets,
			  .execdir = "/nowhere",
			  .plane = plane,
			  .findings = &f};
	struct problems problems = {0};
	struct text out = {0};
	struct conf *conf;
	json_t *list;

	assert_int_equal(conf_parse(view_str(text), "/nowhere/ipsec.conf", &conf, &problems),
			 CYG_OK);
	findings_take(&f, FOUND_CONF, &problems);
	c.conf = conf;
	assert_int_equal(check_run(&c, NULL), CYG_OK);
	findings_sort(&f);
	list = findings_json(&f);
	assert_non_null(list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		text_add(&out, "%s%.1s:%s", out.len ? " " : "",
			 json_string_value(json_object_get(o, "level")),
			 json_string_value(json_object_get(o, "code")));
	}
	json_decref(list);
	findings_done(&f);
	conf_free(conf);
	text_add_str(&out, "");
	return text_take(&out) ?: strdup("");
}

static void assert_found(const char *text, const struct host_view *h,
			 const struct secret_set *secrets, const char *want)
{
	char *codes = found(text, h, secrets);

	assert_string_equal(codes, want);
	free(codes);
}

#define SECRET "conn %default\n authby=secret\n auto=add\n"

static void ends_that_are_not_here(void **state)
{
	assert_found(SECRET "conn a\n left=192.0.2.8\n right=192.0.2.9\n", &host, NULL,
		     "w:orient-none");
	assert_found(SECRET "conn a\n left=192.0.2.1\n right=127.0.0.1\n", &host, NULL,
		     "w:orient-both");
	assert_found(SECRET "conn a\n left=192.0.2.8\n right=192.0.2.9\n", NULL, NULL, "");
	assert_found(SECRET "conn a\n left=192.0.2.1\n right=192.0.2.9\n", &host, NULL, "");
}

static void add_this_secret(struct secret_set *set, const char *const *names, const char *value)
{
	struct secret_record s = {.kind = SECRET_PSK, .line = 1};

	s.indices = calloc(4, sizeof(*s.indices));
	for (; names[s.indices_len]; s.indices_len++)
		assert_int_equal(ident_parse(names[s.indices_len], &s.indices[s.indices_len],
					     NULL),
				 CYG_OK);
	assert_true(bytes_copy(&s.value, view_str(value)));
	assert_int_equal(secret_set_add(set, &s, "/etc/ipsec.secrets"), CYG_OK);
}

static void add_secret(struct secret_set *set, const char *const *names)
{
	add_this_secret(set, names, "a secret of good length");
}

static void secrets_that_are_missing(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{SECRET "conn a\n left=192.0.2.1\n right=192.0.2.2\n", "w:no-secret"},
		{SECRET
		 "conn a\n left=192.0.2.1\n leftid=@me\n right=192.0.2.2\n rightid=@peer\n",
		 ""},
		{SECRET "conn a\n left=192.0.2.1\n leftid=@me\n right=192.0.2.2\n rightid=@x\n",
		 "w:no-secret"},
		{SECRET "conn a\n left=%defaultroute\n right=192.0.2.9\n", ""},
		{SECRET "conn a\n left=gw.example\n right=192.0.2.2\n",
		 ""}, /* not to be told */
		{"conn a\n left=192.0.2.1\n right=192.0.2.2\n type=passthrough\n", ""},
	};
	struct secret_set *set = secret_set_new();

	assert_non_null(set);
	add_secret(set, (const char *const[]){"@me", "@peer", NULL});
	add_secret(set, (const char *const[]){"192.0.2.1", "192.0.2.9", NULL});
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		test_row(i, "%s", cases[i].text);
		assert_found(cases[i].text, &host, set, cases[i].want);
	}
	secret_set_free(set);
}

#define RAW " left=192.0.2.1\n right=192.0.2.2\n rightrsasigkey=0sAwEAAcW1\n"

/* The first of them counts, which whoever wrote the second one does not know. */
static void secrets_that_fit_equally_well(void **state)
{
	static const char *const both[] = {"192.0.2.1", "192.0.2.2", NULL};
	struct secret_set *set = secret_set_new();

	add_secret(set, both);
	add_secret(set, both);
	assert_found(SECRET "conn a\n left=192.0.2.1\n right=192.0.2.2\n", &host, set, "");
	add_this_secret(set, both, "another one of good length");
	assert_found(SECRET "conn a\n left=192.0.2.1\n right=192.0.2.2\n", &host, set,
	       "w:secret-ambiguous");
	secret_set_free(set);
}

/* This end's public key in the file, and what ipsec.secrets may hold of it. */
static void private_halves_that_are_missing(void **state)
{
	static const uint8_t exponent[] = {1, 0, 1}, modulus[] = {0xc5, 0xb4};
	static const struct {
		const char *says, *want;
	} cases[] = {
		{"conn a\n leftrsasigkey=0sAwEAAcW0\n" RAW, ""},
		{"conn a\n leftrsasigkey=0x03010001c5b4\n" RAW, ""},
		{"conn a\n leftrsasigkey=0sAwEAAcW2\n" RAW, "w:no-private-key"},
		{"conn a\n leftrsasigkey=0x03010001c5\n" RAW, "w:no-private-key"},
		{"conn a\n leftrsasigkey=0sAwEAAcW2\n type=drop\n authby=never\n" RAW, ""},
		{"conn a\n leftrsasigkey=%none\n" RAW, ""},
	};
	struct secret_record rsa = {.kind = SECRET_RSA, .line = 1};
	struct secret_record file = {.kind = SECRET_KEYFILE, .line = 2};
	struct secret_set *set = secret_set_new();

	assert_non_null(set);
	rsa.rsa = calloc(1, sizeof(*rsa.rsa));
	assert_true(bytes_copy(&rsa.rsa->number[RSA_PUBLIC_EXPONENT],
			       view_of(exponent, sizeof(exponent))));
	assert_true(
		bytes_copy(&rsa.rsa->number[RSA_MODULUS], view_of(modulus, sizeof(modulus))));
	assert_int_equal(secret_set_add(set, &rsa, "/etc/ipsec.secrets"), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		test_row(i, "%s", cases[i].says);
		assert_found(cases[i].says, &host, set, cases[i].want);
	}
	assert_found(cases[2].says, &host, NULL, "");
	/* a file may be the one */
	file.name = strdup("east.pem");
	assert_int_equal(secret_set_add(set, &file, "/etc/ipsec.secrets"), CYG_OK);
	assert_found(cases[2].says, &host, set, "");
	secret_set_free(set);
}

static void what_the_plane_can_t_do(void **state)
{
	static const struct plane_reach userspace;
	static const char text[] = SECRET
		"conn a\n left=192.0.2.1\n right=192.0.2.2\n tfc=1400\n type=transport\n";

	assert_found(text, &host, NULL, "");
	plane = &userspace;
	assert_found(text, &host, NULL, "w:no-effect w:no-transport");
	plane = NULL;
}

/* A second section of a name does not count, and has its faults told all the same. */
static void sections_that_do_not_count(void **state)
{
	static const struct {
		const char *second, *want;
	} cases[] = {
		{" right=192.0.2.3\n", "w:conn-twice"},
		{" auto=add\n", "n:end-missing w:conn-twice"},
		{" rihgt=192.0.2.3\n right=192.0.2.3\n", "w:conn-twice w:keyword-unknown"},
		{" right=192.0.2.3\n type=tunel\n", "w:conn-twice w:bad-value"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[256];

		test_row(i, "%s", cases[i].second);
		snprintf(
			text, sizeof(text),
			"%sconn a\n left=192.0.2.1\n right=192.0.2.2\nconn a\n left=192.0.2.1\n%s",
			SECRET, cases[i].second);
		assert_found(text, &host, NULL, cases[i].want);
	}
}

static bool updown_found(const char *command)
{
	char text[256], *codes;
	bool is_there;

	snprintf(text, sizeof(text),
		 "%sconn a\n left=192.0.2.1\n right=192.0.2.2\n leftupdown=\"%s\"\n", SECRET,
		 command);
	codes = found(text, &host, NULL);
	is_there = strstr(codes, "w:updown-program") != NULL;
	free(codes);
	return is_there;
}

static void programs_that_are_not_there(void **state)
{
	assert_true(updown_found("/nowhere/updown --yes"));
	assert_true(updown_found("/etc/passwd"));
	assert_false(updown_found("/bin/true --yes"));
	assert_false(updown_found("ipsec _updown"));
	assert_false(updown_found("ipsec _updown.netkey --route yes"));
	assert_true(updown_found("ipsec nosuch"));
	assert_true(updown_found("ipsec _updown.nosuch"));
	assert_true(updown_found("ipsec"));
}

#define ENDS SECRET " left=192.0.2.1\n leftsubnet=10.0.0.0/24\n"

static void networks_that_two_claim(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} cases[] = {
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n", "w:overlap-same"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.7.0/24\n", "n:overlap-inside"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.7.0/24\n leftsubnet=10.0.0.128/25\n",
		 "n:overlap-inside"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n mark=7\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n mark=8\n", ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n mark=%unique\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n mark=%unique\n", ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n mark=7\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n mark=7\n", "w:overlap-same"},
		/* narrower there, and wider here */
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.7.0/24\n leftsubnet=10.0.0.0/16\n",
		 "w:overlap-across"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.0.0.0/24,10.5.0.0/24\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n leftsubnet=10.0.0.0/24,10.6.0.0/24\n",
		 "w:overlap-across"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftprotoport=tcp\n rightprotoport=tcp\n",
		 " right=192.0.2.3\n rightsubnet=10.1.7.0/24\n", "w:overlap-across"},
		/* by one way and another; leftsubnet= is said twice, and the later one counts */
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.9.0.0/24\n "
		 "ipsec-interface=7\n",
		 "w:overlap-way"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n mark=5\n vti-interface=vti9\n",
		 " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.9.0.0/24\n",
		 "w:overlap-way"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n ipsec-interface=7\n",
		 " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.9.0.0/24\n "
		 "ipsec-interface=7\n",
		 ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n mark=5\n vti-interface=vti9\n "
		 "vti-routing=no\n",
		 " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.9.0.0/24\n", ""},
		/* the same there, and a part of it here */
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n leftsubnet=10.0.0.0/25\n",
		 "n:overlap-inside"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftsubnet=10.0.0.0/25\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n", "n:overlap-inside"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n", ""}, /* one peer */
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.2.0.0/16\n", ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n leftsubnet=10.9.0.0/24\n", ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n auto=ignore\n", ""},
		/* no auto= at all: by hand */
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n auto=\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n auto=\n", "w:overlap-same"},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n auto=\n",
		 " right=192.0.2.3\n also=a\n auto=add\n", ""},
		{" right=192.0.2.2\n rightsubnet=10.1.0.0/16\n leftprotoport=tcp\n rightprotoport=tcp\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n leftprotoport=udp\n rightprotoport=udp\n",
		 ""},
		{" right=192.0.2.2\n rightsubnet=::/0\n leftsubnet=2001:db8:1::/64\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[1024];

		test_row(i, "%s%s", cases[i].a, cases[i].b);
		snprintf(text, sizeof(text), "%sconn a\n%sconn b\n%s", ENDS, cases[i].a,
			 cases[i].b);
		assert_found(text, &host, NULL, cases[i].want);
	}
}

#define SHUNT " type=drop\n authby=never\n"
#define TO_TWO " right=192.0.2.2\n rightsubnet=10.1.0.0/16\n"

/* Selectors that a shunt and another connection have, and one peer at two addresses. */
static void what_two_connections_can_t_both_have(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} cases[] = {
		{TO_TWO, " right=%any\n rightsubnet=10.1.0.0/16\n" SHUNT, "w:clash-shunt"},
		{TO_TWO SHUNT, TO_TWO, "w:clash-shunt"},
		{TO_TWO SHUNT, TO_TWO " type=passthrough\n authby=never\n", "w:clash-shunt"},
		{" right=192.0.2.2\n", " right=192.0.2.2\n" SHUNT, "w:clash-shunt"},
		{" right=%any\n" SHUNT, " right=%any\n type=reject\n authby=never\n",
		 "w:clash-shunt"},
		{" right=192.0.2.2\n rightsubnets={10.1.0.0/16,10.2.0.0/16}\n",
		 " right=%any\n rightsubnets={10.3.0.0/16,10.2.0.0/16}\n" SHUNT,
		 "w:clash-shunt"},
		/* the narrower of the two goes first; another protocol is another matter */
		{TO_TWO, " right=%any\n rightsubnet=10.1.7.0/24\n" SHUNT, ""},
		{TO_TWO, " right=%any\n rightsubnet=0.0.0.0/0\n" SHUNT, ""},
		{TO_TWO, TO_TWO " leftprotoport=tcp/22\n" SHUNT, ""},
		{TO_TWO, TO_TWO " leftsubnet=10.7.0.0/24\n" SHUNT, ""},
		{TO_TWO, TO_TWO SHUNT " auto=ignore\n", ""},
		{TO_TWO, " right=192.0.2.2\n rightsubnet=::/0\n leftsubnet=::/0\n" SHUNT, ""},

		{" right=192.0.2.2\n rightid=@x.example\n",
		 " right=192.0.2.3\n rightid=@X.example\n", "w:clash-identity"},
		{TO_TWO " rightid=@x\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n rightid=@x\n",
		 "w:overlap-same w:clash-identity"},
		{TO_TWO " rightid=@x\n uniqueids=no\n",
		 " right=192.0.2.3\n rightsubnet=10.1.0.0/16\n rightid=@x\n", "w:overlap-same"},
		{" right=192.0.2.2\n rightid=@x\n", " right=192.0.2.2\n rightid=@x\n", ""},
		{" right=192.0.2.2\n rightid=@x\n", " right=192.0.2.3\n rightid=@y\n", ""},
		{" right=192.0.2.2\n rightid=@x\n",
		 " right=192.0.2.3\n rightid=@x\n leftid=@b\n", ""},
		{" right=192.0.2.2\n rightid=@x\n",
		 " right=192.0.2.3\n rightid=@x\n uniqueids=no\n", ""},
		{" right=%any\n rightid=@x\n", " right=192.0.2.3\n rightid=@x\n", ""},
		{" right=192.0.2.2\n rightid=%any\n", " right=192.0.2.3\n rightid=%any\n", ""},
		{" right=192.0.2.2\n rightid=@*.x\n", " right=192.0.2.3\n rightid=@*.x\n", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[1024];

		test_row(i, "%s%s", cases[i].a, cases[i].b);
		snprintf(text, sizeof(text), "%sconn a\n%sconn b\n%s", ENDS, cases[i].a,
			 cases[i].b);
		assert_found(text, &host, NULL, cases[i].want);
	}
	assert_found("config setup\n uniqueids=no\n" ENDS
		     "conn a\n right=192.0.2.2\n rightid=@x\n"
		     "conn b\n right=192.0.2.3\n rightid=@x\n",
		     &host, NULL, "");
}

/* A peer's own network is not cut short by what many others claim elsewhere. */
static void many_networks_are_quick(void **state)
{
	struct text t = {0};
	char *codes;

	text_add_str(&t, ENDS);
	for (unsigned i = 0; i < 20000; i++)
		text_add(
			&t,
			"conn c%u\n right=192.0.2.2\n rightid=@c%u\n rightsubnet=10.%u.%u.0/24\n",
			i, i, 1 + i / 200, i % 200);
	text_add_str(&t,
		     "conn last\n right=192.0.2.3\n rightid=@z\n rightsubnet=10.7.7.0/24\n");
	codes = found(text_str(&t), &host, NULL);
	assert_string_equal(codes, "w:overlap-same");
	free(codes);
	text_done(&t);
}

static void what_can_never_be_started(void **state)
{
	static const struct {
		const char *says, *want;
	} rows[] = {
		{" right=192.0.2.9\n auto=start\n", ""},
		{" right=%any\n auto=add\n", ""},
		{" right=%any\n auto=start\n", "w:start-never"},
		{" right=192.0.2.9\n rightid=*@example.org\n auto=start\n", "w:start-never"},
		{" right=192.0.2.9\n rightid=%any\n auto=start\n", "w:start-never"},
		{" right=192.0.2.9\n rightid=%any\n rightca=CN=x\n authby=secret\n auto=start\n",
		 "w:start-never"},
		{" right=192.0.2.9\n type=drop\n auto=start\n", "w:start-never"},
		{" right=192.0.2.9\n type=drop\n auto=route\n", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[256];

		test_row(i, "%s", rows[i].says);
		snprintf(text, sizeof(text), "%sconn a\n left=192.0.2.1\n%s", SECRET,
			 rows[i].says);
		assert_found(text, &host, NULL, rows[i].want);
	}
}

static void one_fault_of_many_is_one(void **state)
{
	assert_found("conn %default\n authby=secret\n left=192.0.2.1\n lefsubnet=10.0.0.0/8\n"
		     "conn a\n right=192.0.2.2\nconn b\n right=192.0.2.3\n",
		     &host, NULL, "e:keyword-unknown");
}

static bool short_of_memory(void *ctx)
{
	struct findings f = {0};
	struct check c = {.host = &host, .findings = &f};
	struct conf *conf = ctx;
	bool well;

	c.conf = conf;
	well = !check_run(&c, NULL) && !f.lost && !f.count[PROBLEM_ERROR] && f.len == 2;
	findings_done(&f);
	return well;
}

static void memory_may_run_out(void **state)
{
	struct conf *conf;

	assert_int_equal(
		conf_parse(view_str(ENDS "conn a\n right=192.0.2.2\n rightsubnet=10.1.0.0/16\n"
					 "conn b\n right=192.0.2.3\n rightsubnet=10.1.0.0/16\n"
					 "conn c\n left=192.0.2.7\n right=192.0.2.3\n"),
			   "/nowhere/ipsec.conf", &conf, NULL),
		CYG_OK);
	/* Without memory for them the addresses of this host are left unsaid. */
	test_each_allocation_failing(short_of_memory, conf, true);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_that_are_not_here),
		cmocka_unit_test(secrets_that_are_missing),
		cmocka_unit_test(secrets_that_fit_equally_well),
		cmocka_unit_test(private_halves_that_are_missing),
		cmocka_unit_test(what_the_plane_can_t_do),
		cmocka_unit_test(sections_that_do_not_count),
		cmocka_unit_test(programs_that_are_not_there),
		cmocka_unit_test(networks_that_two_claim),
		cmocka_unit_test(what_two_connections_can_t_both_have),
		cmocka_unit_test(many_networks_are_quick),
		cmocka_unit_test(what_can_never_be_started),
		cmocka_unit_test(one_fault_of_many_is_one),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("ipsec/check", tests, set_up, NULL);
}
