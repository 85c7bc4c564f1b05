/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

/* Who it is alone, whatever it wants to carry. */
static size_t identify(struct policy *p, struct endpoint us, struct endpoint peer,
		       const struct ident *remote_id, const struct ident *local_id,
		       struct loaded **out, size_t cap, struct diag *why)
{
	struct policy_question q = {us, peer, remote_id, local_id, NULL, NULL};

	return policy_identify(p, &q, out, cap, why);
}

static void strangers_are_told_why(void **state)
{
	static const struct {
		const char *ours, *theirs;    /* as described; NULL: by the address */
		const char *remote, *local;   /* as the peer says */
		const char *wanted, *hint[2]; /* what must be told */
	} rows[] = {
		/* nothing near */
		{"@gw",
		 "@carol",
		 "@mallory",
		 NULL,
		 "conn: its peer is @carol",
		 {"rightid=@mallory in conn", "correct the peer"}},
		{"@gw",
		 NULL,
		 "@mallory",
		 NULL,
		 "its peer is 192.0.2.2",
		 {"conn has no rightid", "rightid=@mallory"}},
		{"@gw",
		 NULL,
		 "10.9.9.9",
		 NULL,
		 "its peer is 192.0.2.2",
		 {"behind NAT", "rightid=10.9.9.9"}},
		{"@gw",
		 "@carol",
		 "@carol",
		 "@wrong",
		 "conn: our end is @gw",
		 {"leftid=@wrong", "correct the peer"}},
		/* left and right are exchanged at the peer */
		{"@east.example",
		 "@west.example",
		 "@east.example",
		 "@west.example",
		 "its peer is @west.example",
		 {"the two ends of conn exchanged", "correct left= and right= there"}},
		{"@east.example",
		 "@west.example",
		 "@east.example",
		 NULL,
		 "",
		 {"the two ends of conn exchanged", "what we are"}},
		/* nearly right */
		{"@gw",
		 "@carol",
		 "@#6361726f6c",
		 NULL,
		 "@carol",
		 {"(FQDN, not key id)", "rightid=@[carol]"}},
		{"@gw",
		 "@[carol]",
		 "@carol",
		 NULL,
		 "",
		 {"(key id, not FQDN)", "rightid=@carol"}},
		{"@gw",
		 "@x.example",
		 "carol@x.example",
		 NULL,
		 "@x.example",
		 {"has that domain, but as a FQDN", "rightid=carol@x.example"}},
		{"@gw",
		 "carol@x.example",
		 "@x.example",
		 NULL,
		 "carol@x.example",
		 {"has that domain, but as a mail address", "rightid=@x.example"}},
		{"@gw", "@192.0.2.2", "192.0.2.2", NULL, "", {"leave out the @", "conn"}},
		{"@gw", NULL, "@192.0.2.2", NULL, "192.0.2.2", {"leave out the @", "conn"}},
		{"@gw",
		 "@east.example",
		 "@esat.example",
		 NULL,
		 "",
		 {"typing error", "rightid=@esat.example"}},
		{"@gw.example",
		 "@carol",
		 "@carol",
		 "@gw.exmaple",
		 "our end is @gw.example",
		 {"typing error", "leftid=@gw.exmaple"}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("conn", "192.0.2.1", NULL, "192.0.2.2", NULL);
		const struct ident *local = rows[i].local ? id(rows[i].local) : NULL;
		struct loaded *out[1];
		struct diag why;

		test_row(i, "%s instead of %s", rows[i].remote,
			 rows[i].theirs ? rows[i].theirs : "(address)");
		c->end[0].id = ident_ref(id(rows[i].ours));
		c->end[1].id = rows[i].theirs ? ident_ref(id(rows[i].theirs)) : NULL;
		load(p, c);
		assert_int_equal(identify(p, at("192.0.2.1", 500), at("192.0.2.2", 500),
					  id(rows[i].remote), local, out, 1, &why),
				 0);
		assert_string_equal(why.code, "no-connection");
		assert_non_null(strstr(why.wanted, rows[i].wanted));
		assert_non_null(strstr(why.hint, rows[i].hint[0]));
		assert_non_null(strstr(why.hint, rows[i].hint[1]));
		policy_free(p);
	}
}

/* The word to write is that of the peer's end, whichever it is. */
static void the_keyword_is_that_of_the_right_end(void **state)
{
	struct policy *p = database();
	struct connection *c = between("conn", "192.0.2.2", NULL, "192.0.2.1", NULL);
	struct loaded *out[1];
	struct diag why;

	c->end[0].id = ident_ref(id("@carol"));
	load(p, c);
	assert_int_equal(identify(p, at("192.0.2.1", 500), at("192.0.2.2", 500), id("@mallory"),
				  NULL, out, 1, &why),
			 0);
	assert_non_null(strstr(why.hint, "leftid=@mallory"));
	policy_free(p);
}

static void all_candidates_are_listed_and_the_nearest_is_meant(void **state)
{
	static const char *const ids[] = {"@dave", "@erin", "@[carol]", "@frank"};
	struct policy *p = database();
	struct loaded *out[COUNT_OF(ids)];
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct connection *c = between(ids[i] + 1, "192.0.2.1", NULL, "%any", NULL);

		c->end[1].id = ident_ref(id(ids[i]));
		load(p, c);
	}
	assert_int_equal(identify(p, at("192.0.2.1", 500), at("192.0.2.2", 500), id("@carol"),
				  NULL, out, COUNT_OF(ids), &why),
			 0);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		assert_non_null(strstr(why.wanted, ids[i] + 1));
	assert_non_null(strstr(why.got, "@carol (FQDN)"));
	assert_non_null(strstr(why.hint, "[carol] has the same words"));
	policy_free(p);
}

static void nobody_at_all_is_said_so(void **state)
{
	struct policy *p = database();
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.2", 500);
	struct loaded *out[1];
	struct diag why;

	assert_int_equal(identify(p, us, peer, id("@carol"), id("@gw"), out, 1, &why), 0);
	assert_non_null(strstr(why.sentence, "at this address"));
	assert_non_null(strstr(why.got, "asks for us as @gw"));
	assert_non_null(strstr(why.hint, "%any"));
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_told_why),
		cmocka_unit_test(the_keyword_is_that_of_the_right_end),
		cmocka_unit_test(all_candidates_are_listed_and_the_nearest_is_meant),
		cmocka_unit_test(nobody_at_all_is_said_so),
	};

	return RUN_TESTS("policy/near", tests);
}
