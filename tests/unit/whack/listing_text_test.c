/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/listing_text.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW 1000000000 /* Sep  9 01:46:40 2001 UTC */

/* What is printed for these replies, one after another; the caller frees it. */
static char *print(const char *const *replies, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct listing_text t = {.out = out, .utc = true, .now = NOW, .last = LISTINGS};

	for (size_t i = 0; i < len; i++) {
		json_t *json = json_loads(replies[i], 0, NULL);

		assert_non_null(json);
		listing_text_take(&t, json);
		json_decref(json);
	}
	fclose(out);
	return text;
}

static void records_with_holes_do_no_harm(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"certs\": 3, \"crls\": {}, \"groups\": null}",
		"{\"certs\": [3, null, [], {}, \"x\"]}",
		"{\"certs\": [{\"subject\": {}, \"names\": [1, null], \"not_after\": \"soon\"}]}",
		"{\"pubkeys\": [{\"until\": 9223372036854775807, \"bits\": -1, \"private_key\": 2}]}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = print(&rows[i], 1), *rest = text;

		test_row(i, "%s", rows[i]);
		for (char *line = strsep(&rest, "\n"); rest; line = strsep(&rest, "\n"))
			assert_memory_equal(line, "000 ", 4);
		free(text);
	}
}

/*
 * A title each, whether there is anything below or not (but of certificates), and once, however many
 * replies.
 */
static void a_kind_has_one_title(void **state)
{
	static const char *const replies[] = {
		"{\"cacerts\": []}",
		"{\"crls\": []}",
		("{\"psks\": [{\"file\": \"/etc/ipsec.secrets\", \"line\": 3, \"kind\": \"PSK\","
		 " \"ids\": [\"@west\", \"@east\"], \"more\": 2}]}"),
		"{\"psks\": [{\"file\": \"/etc/ipsec.secrets\", \"line\": 9, \"kind\": \"PSK\"}]}",
		"{\"cards\": []}",
		"{\"certs\": []}",
		"{\"certs\": [{\"subject\": \"CN=a\"}]}",
		"{\"certs\": []}",
	};
	char *text = print(replies, COUNT_OF(replies));

	assert_string_equal(text, "000 \n000 List of Secrets:\n000 \n"
				  "000 /etc/ipsec.secrets, 3, PSK\n"
				  "000        ids          @west, @east\n"
				  "000        more         2\n"
				  "000 /etc/ipsec.secrets, 9, PSK\n"
				  "000 \n000 List of Smartcards:\n000 \n"
				  "000 \n000 List of X.509 End Certificates:\n000 \n"
				  "000 \n"
				  "000        subject      CN=a\n"
				  "000        not after    none, ok (never expires)\n");
	free(text);
}

/* What is only asked for has no end yet, and stands below a title of its own. */
static void requests_are_told_apart(void **state)
{
	static const char *const replies[] = {
		"{\"crls\": [{\"issuer\": \"CN=a\", \"base\": \"05\", \"next_update\": 1}]}",
		"{\"crls\": [{\"issuer\": \"CN=b\", \"requested\": 1, \"trials\": 2}]}",
		"{\"crls\": [{\"issuer\": \"CN=c\", \"requested\": 1}]}",
		"{\"ocsp\": [{\"issuer\": \"CN=d\", \"serial\": \"07\", \"requested\": 1}]}",
	};
	char *text = print(replies, COUNT_OF(replies)), *alone = print(replies + 2, 1);

	assert_string_equal(
		text, "000 \n000 List of X.509 CRLs:\n000 \n"
		      "000 \n"
		      "000        issuer       CN=a\n"
		      "000        delta to     05\n"
		      "000        next update  Jan 01 00:00:01 1970 UTC, warning (expired)\n"
		      "000 \n000 List of X.509 CRL Requests:\n000 \n"
		      "000 \n"
		      "000        issuer       CN=b\n"
		      "000        requested    Jan 01 00:00:01 1970 UTC\n"
		      "000        trials       2\n"
		      "000 \n"
		      "000        issuer       CN=c\n"
		      "000        requested    Jan 01 00:00:01 1970 UTC\n"
		      "000 \n000 List of OCSP Responses:\n000 \n"
		      "000 \n000 List of OCSP Requests:\n000 \n"
		      "000 CN=d, 07\n"
		      "000        requested    Jan 01 00:00:01 1970 UTC\n");
	assert_string_equal(alone, "000 \n000 List of X.509 CRL Requests:\n000 \n"
				   "000 \n"
				   "000        issuer       CN=c\n"
				   "000        requested    Jan 01 00:00:01 1970 UTC\n");
	free(text);
	free(alone);
}

static void moments_are_told_and_judged(void **state)
{
	static const char *const reply =
		"{\"certs\": [{\"installed\": 1000000000, \"count\": 1, \"subject\": \"CN=\\u001b[0m\","
		" \"private_key\": true, \"not_before\": 1000000001, \"not_after\": 1000172900}],"
		" \"pubkeys\": [{\"installed\": 1, \"bits\": 255, \"type\": \"Ed25519\", \"id\": \"@a\"}]}";
	char *text = print(&reply, 1);

	assert_string_equal(
		text,
		"000 \n000 List of Public Keys:\n000 \n"
		"000 Jan 01 00:00:01 1970 UTC, 255, Ed25519\n"
		"000        until        none, ok (never expires)\n"
		"000        identity     @a\n"
		"000 \n000 List of X.509 End Certificates:\n000 \n"
		"000 Sep 09 01:46:40 2001 UTC, 1\n"
		"000        subject      CN=\\x1b[0m\n"
		"000        has private key yes\n"
		"000        not before   Sep 09 01:46:41 2001 UTC, fatal (not valid yet)\n"
		"000        not after    Sep 11 01:48:20 2001 UTC, warning (expires in 2 days)\n");
	free(text);
}

static void local_time_is_told_unless_utc_is_asked_for(void **state)
{
	json_t *json = json_loads("{\"certs\": [{\"installed\": 1000000000}]}", 0, NULL);
	struct listing_text t = {.now = NOW, .last = LISTINGS};
	char *text = NULL;
	size_t size;

	setenv("TZ", "XXX-3", 1); /* three hours east */
	tzset();
	t.out = open_memstream(&text, &size);
	listing_text_take(&t, json);
	fclose(t.out);
	json_decref(json);
	assert_non_null(strstr(text, "000 Sep 09 04:46:40 2001\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_with_holes_do_no_harm),
		cmocka_unit_test(a_kind_has_one_title),
		cmocka_unit_test(requests_are_told_apart),
		cmocka_unit_test(moments_are_told_and_judged),
		cmocka_unit_test(local_time_is_told_unless_utc_is_asked_for),
	};

	return RUN_TESTS("whack/listing_text", tests);
}
