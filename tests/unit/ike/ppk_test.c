/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"
#include "wire/notify.h"

#include <stdlib.h>
#include <string.h>

/* Post-quantum pre-shared keys (RFC 8784) between two ends, and with what may come between. */

static void give(struct node *h, const char *ppk)
{
	struct secret_set *set = secret_set_new();
	struct secret_record psk = {.kind = SECRET_PSK}, key = {.kind = SECRET_PPK};
	struct secret_record password = {.kind = SECRET_EAP};

	assert_true(bytes_copy(&password.value, view_str("xylophone")));
	assert_int_equal(secret_set_add(set, &password, "test"), CYG_OK);
	assert_true(bytes_copy(&psk.value, view_str("a secret that both have")));
	assert_int_equal(secret_set_add(set, &psk, "test"), CYG_OK);
	if (ppk) {
		key.name = strdup("the-key");
		assert_true(bytes_copy(&key.value, view_str(ppk)));
		assert_int_equal(secret_set_add(set, &key, "test"), CYG_OK);
	}
	trust_set_secrets(h->trust, set, 0);
}

struct side {
	const char *ppk, *key; /* ppk= and the key; NULL: none */
};

/* `eap`: west proves itself by it, and names the key at its end. */
static struct world *pair_by(uint64_t seed, const struct side sides[2], bool eap)
{
	struct world *w = world_new(seed, NULL);

	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		conn_set(c, "ppk", sides[i].ppk);
		if (eap) {
			conn_set(c, "leftauth", "eap-mschapv2");
			conn_set(c, "rightauth", "secret");
		}
		assert_int_equal(connection_check(c, NULL), CYG_OK);
		give(&w->hosts[i], sides[i].key);
		world_load(&w->hosts[i], c);
	}
	return w;
}

static struct world *pair_of(uint64_t seed, const struct side sides[2])
{
	return pair_by(seed, sides, false);
}

static int up(struct world *w)
{
	struct node *west = world_host(w, "west");
	uint64_t cause = world_command(west, CMD_UP, "net");

	world_settle(w);
	return world_result(west, cause);
}

#define K "the key of both"
#define REFUSED (RC_NOTIFICATION + N_AUTHENTICATION_FAILED)

/* What comes of what both ends want and have. */
static void test_all_pairs(void **state)
{
	static const struct {
		struct side sides[2];
		int code;
		bool used;
	} rows[] = {
		/* refused */
		{{{"insist", K}, {"no", K}}, RC_AUTHFAILED, false},
		{{{"insist", NULL}, {"yes", K}}, RC_NOKEY, false},
		{{{"insist", K}, {"yes", NULL}}, REFUSED, false},
		{{{"insist", K}, {"yes", "another"}}, REFUSED, false},
		{{{"no", K}, {"insist", K}}, REFUSED, false},
		{{{"yes", NULL}, {"insist", K}}, REFUSED, false},
		{{{"yes", K}, {"insist", NULL}}, REFUSED, false},
		{{{"yes", K}, {"yes", "another"}}, REFUSED, false},
		{{{"yes", "another"}, {"insist", K}}, REFUSED, false},
		/* up, with it or without */
		{{{"no", K}, {"no", K}}, RC_SUCCESS, false},
		{{{"yes", K}, {"no", K}}, RC_SUCCESS, false},
		{{{"no", K}, {"yes", K}}, RC_SUCCESS, false},
		{{{"yes", NULL}, {"yes", K}}, RC_SUCCESS, false},
		{{{"yes", K}, {"yes", NULL}}, RC_SUCCESS, false},
		{{{"yes", K}, {"yes", K}}, RC_SUCCESS, true},
		{{{"insist", K}, {"yes", K}}, RC_SUCCESS, true},
		{{{"yes", K}, {"insist", K}}, RC_SUCCESS, true},
		{{{"insist", K}, {"insist", K}}, RC_SUCCESS, true},
	};

	(void)state;
	for (size_t n = 0; n < 2 * COUNT_OF(rows); n++) {
		size_t i = n / 2;
		struct world *w = pair_by(900 + i, rows[i].sides, n & 1);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		bool comes = rows[i].code == RC_SUCCESS;

		test_row(i, "%s%s %s, %s %s", n & 1 ? "EAP, " : "", rows[i].sides[0].ppk,
			 rows[i].sides[0].key ? rows[i].sides[0].key : "-",
			 rows[i].sides[1].ppk,
			 rows[i].sides[1].key ? rows[i].sides[1].key : "-");
		assert_int_equal(up(w), rows[i].code);
		assert_planes_match(west, east, comes);
		if (comes) {
			assert_int_equal(newest_sa(west)->ppk, rows[i].used);
			assert_int_equal(newest_sa(east)->ppk, rows[i].used);
			/* What follows comes of the same SK_d. */
			world_command(east, CMD_REKEY_CHILD, "net");
			world_settle(w);
			world_command(west, CMD_REKEY_IKE, "net");
			world_settle(w);
			assert_planes_match(west, east, 1);
			assert_int_equal(newest_sa(west)->ppk, rows[i].used);
		}
		/* Both refusals name the key where they differ in it: the proofs are right but for it. */
		if (rows[i].sides[0].key && rows[i].sides[1].key &&
		    strcmp(rows[i].sides[0].key, rows[i].sides[1].key) != 0) {
			assert_logged(east, "PPKS records the-key of the two ends may differ");
			assert_logged(west, "PPKS records the-key of the two ends may differ");
		} else {
			assert_not_logged(east, "PPKS records the-key");
		}
		assert_not_logged(west, K);
		assert_not_logged(east, K);
		world_free(w);
	}
}

/* ---- somebody in between ---- */

static bool without_announcement(struct world *w, struct flight *f)
{
	static const uint8_t use_ppk[] = {0x40, 0x33};
	struct node *east = world_host(w, "east");
	uint8_t *at = f->data.ptr[18] == X_IKE_SA_INIT && f->from == east
			      ? memmem(f->data.ptr, f->data.len, use_ppk, sizeof(use_ppk))
			      : NULL;

	if (at)
		at[1] = 0x99; /* a status that nobody knows */
	return true;
}

/* Who takes USE_PPK away ends the exchange: what is proven covers it. */
static void test_downgrade(void **state)
{
	static const struct side sides[] = {{"yes", K}, {"yes", K}};
	struct world *w = pair_of(930, sides);

	(void)state;
	w->filter = without_announcement;
	assert_int_equal(up(w), RC_AUTHFAILED);
	world_free(w);
}

static bool take_out_identity(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_header h;
	struct letter l;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != west || h.exchange != X_IKE_AUTH)
		return true;
	l = letter_of(west, view_bytes(&f->data));
	for (size_t i = 0; i < l.len; i++)
		if (l.payloads[i].type == PAYLOAD_NOTIFY &&
		    l.payloads[i].body.ptr[2] == (N_PPK_IDENTITY >> 8) &&
		    l.payloads[i].body.ptr[3] == (N_PPK_IDENTITY & 0xff))
			l.payloads[i].body.ptr[3] = 0x99;
	send_letter(east, sa_by_spi(west->ike, h.spi_i), &l, h.msgid);
	letter_done(&l);
	return false;
}

/* A peer that proves itself with the key, and does not say so, proves nothing. */
static void test_unnamed(void **state)
{
	static const struct side sides[] = {{"insist", K}, {"yes", K}};

	(void)state;
	for (int eap = 0; eap < 2; eap++) {
		struct world *w = pair_by(931, sides, eap);

		w->filter = take_out_identity;
		assert_int_equal(up(w), REFUSED);
		world_free(w);
	}
}

/* Who does not announce it is told before any password is shown to him. */
static void test_refused_ahead_of_eap(void **state)
{
	static const struct side sides[][2] = {{{"no", K}, {"insist", K}},
					       {{"insist", K}, {"no", K}}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sides); i++) {
		struct world *w = pair_by(934, sides[i], true);

		assert_int_not_equal(up(w), RC_SUCCESS);
		assert_logged(world_host(w, i ? "west" : "east"), "USE_PPK in its");
		/* IKE_SA_INIT, and IKE_AUTH at most once. */
		assert_true(world_host(w, "east")->sent <= 2);
		world_free(w);
	}
}

/* One SA is for both connections only when both ask the same of it. */
static void test_not_shared(void **state)
{
	static const struct side sides[] = {{"no", K}, {"no", K}};
	struct world *w = pair_of(932, sides);
	struct node *west = world_host(w, "west");
	uint64_t cause;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("more");

		conn_set(c, "leftsubnet", "10.0.11.0/24");
		conn_set(c, "ppk", "insist");
		world_load(&w->hosts[i], c);
	}
	assert_int_equal(up(w), RC_SUCCESS);
	cause = world_command(west, CMD_UP, "more");
	world_settle(w);
	assert_int_not_equal(world_result(west, cause), -1);
	for (struct child_info c = {0}; ike_child_next(west->ike, c.serial, &c);) {
		struct ike_sa *sa = sa_by_serial(west->ike, c.parent);

		if (!strcmp(c.connection->connection->name, "more"))
			assert_true(sa->ppk);
	}
	world_free(w);
}

static bool come_up(void *ctx)
{
	static const struct side sides[] = {{"yes", K}, {"yes", K}};
	struct world *w;
	bool good;

	test_allocations_count(false);
	w = pair_by(933, sides, *(const bool *)ctx);
	w->may_be_short = true;
	test_allocations_count(true);
	world_command(world_host(w, "west"), CMD_UP, "net");
	world_run(w, NSEC_PER_SEC);
	test_allocations_count(false);
	good = count_children(world_host(w, "west")) == 1 &&
	       count_children(world_host(w, "east")) == 1;
	world_free(w);
	test_allocations_count(true);
	return good;
}

static void test_short_of_memory(void **state)
{
	bool ways[] = {false, true};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		test_each_allocation_failing(come_up, &ways[i], true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_downgrade),
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_not_shared),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_short_of_memory),
		cmocka_unit_test(test_refused_ahead_of_eap),
	};

	return RUN_TESTS("ike/ppk", tests);
}
