/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"

#include <stdlib.h>

/*
 * Null authentication (RFC 7619): only where both ends are described so, and
 * who proves nothing is nobody, whom nobody takes for another.
 */

/* The left end is at this address, and alone there. */
static void any_guest(struct connection *c, const char *address)
{
	conn_set(c, "left", address);
	free(c->end[0].subnets);
	c->end[0].subnets = NULL;
	c->end[0].subnets_len = 0;
}

/* "net" with more words "keyword=value" at each end; east lets any address in when `open`. */
static struct world *pair_with(uint64_t seed, const char *west, const char *east, bool open)
{
	struct world *w = world_new(seed, NULL);
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		ident_unref(c->end[0].id);
		ident_unref(c->end[1].id);
		c->end[0].id = c->end[1].id = NULL;
		conn_set_words(c, i ? east : west);
		if (open)
			any_guest(c, i ? "%any" : "192.0.2.1");
		assert_int_equal(connection_check(c, NULL), CYG_OK);
		world_load(&w->hosts[i], c);
	}
	return w;
}

static int up(struct world *w)
{
	struct node *west = world_host(w, "west");
	uint64_t cause = world_command(west, CMD_UP, "net");

	world_settle(w);
	return world_result(west, cause);
}

/* ---- what does not come up ---- */

static void test_not_by_accident(void **state)
{
	static const struct {
		const char *west, *east;
	} rows[] = {
		{"authby=null", "authby=secret leftid=@west rightid=@east"},
		{"authby=null", "authby=secret leftid=%any rightid=@east"},
		{"authby=null", "authby=secret"},
		{"authby=secret leftid=@west rightid=@east", "authby=null"},
		{"authby=secret", "authby=null"},
		{"leftauth=null rightauth=secret rightid=@east",
		 "leftauth=secret rightauth=secret leftid=%any rightid=@east"},
		{"leftauth=secret rightauth=null leftid=@west",
		 "leftauth=secret rightauth=secret leftid=@west rightid=@east"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (int open = 0; open < 2; open++) {
			struct world *w = pair_with(800 + 2 * i, rows[i].west, rows[i].east,
						    open);
			int code;

			test_row(i, "%s to %s%s", rows[i].west, rows[i].east,
				 open ? ", any" : "");
			code = up(w); /* refused by the one or the other */
			assert_true(code == RC_AUTHFAILED ||
				    code == RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
			assert_int_equal(count_sas(world_host(w, "east"), IKE_ESTABLISHED), 0);
			assert_planes_match(world_host(w, "west"), world_host(w, "east"), 0);
			world_free(w);
		}
}

/* An AUTH payload of another exchange, and one that is changed. */
static bool change_auth(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_header h;
	struct letter l;
	int at;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != west || h.exchange != X_IKE_AUTH)
		return true;
	l = letter_of(west, view_bytes(&f->data));
	at = letter_find(&l, PAYLOAD_AUTH);
	assert_true(at >= 0);
	assert_int_equal(l.payloads[at].body.ptr[0], 13);
	l.payloads[at].body.ptr[10] ^= 1;
	send_letter(east, sa_by_spi(west->ike, h.spi_i), &l, h.msgid);
	letter_done(&l);
	return false;
}

static void test_bound_to_the_exchange(void **state)
{
	struct world *w = pair_with(820, "authby=null", "authby=null", false);

	(void)state;
	w->filter = change_auth;
	assert_int_equal(up(w), RC_NOTIFICATION + N_AUTHENTICATION_FAILED);
	assert_logged(world_host(w, "east"),
		      "the peer's AUTH payload does not belong to this exchange");
	world_free(w);
}

/* ---- what comes up ---- */

static void test_both_and_one_sided(void **state)
{
	static const struct {
		const char *west, *east;
		uint8_t west_id, east_id;
	} rows[] = {
		{"authby=null", "authby=null", ID_NULL, ID_NULL},
		{"leftauth=null rightauth=secret rightid=@east",
		 "leftauth=null rightauth=secret rightid=@east", ID_NULL, ID_FQDN},
		{"leftauth=secret rightauth=null leftid=@west",
		 "leftauth=secret rightauth=null leftid=@west", ID_FQDN, ID_NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = pair_with(830 + i, rows[i].west, rows[i].east, false);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct ike_sa *sa;

		test_row(i, "%s", rows[i].west);
		assert_int_equal(up(w), RC_SUCCESS);
		sa = newest_sa(east);
		assert_int_equal(sa->remote_id->type, rows[i].west_id);
		assert_int_equal(sa->local_id->type, rows[i].east_id);
		if (rows[i].west_id == ID_NULL)
			assert_logged(east, "%null at 192.0.2.1:500, which did not prove who");
		else
			assert_not_logged(east, "did not prove who it is");
		world_command(west, CMD_REKEY_IKE, "net");
		world_settle(w);
		assert_planes_match(west, east, 1);
		world_free(w);
	}
}

/* RFC 7619 2.2: INITIAL_CONTACT and uniqueids= are about somebody. */
static void test_nobody_replaces_nobody(void **state)
{
	struct world *w = pair_with(840, "authby=null", "authby=null", true);
	struct node *east = world_host(w, "east"), *north = world_host(w, "north");
	struct connection *c = world_connection("net");
	uint64_t cause;

	(void)state;
	assert_int_equal(up(w), RC_SUCCESS);
	ident_unref(c->end[0].id);
	ident_unref(c->end[1].id);
	c->end[0].id = c->end[1].id = NULL;
	conn_set(c, "authby", "null");
	any_guest(c, "192.0.2.3");
	assert_int_equal(connection_check(c, NULL), CYG_OK);
	world_load(north, c);
	cause = world_command(north, CMD_UP, "net");
	world_settle(w);
	assert_int_equal(world_result(north, cause), RC_SUCCESS);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 2);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_by_accident),
		cmocka_unit_test(test_bound_to_the_exchange),
		cmocka_unit_test(test_both_and_one_sided),
		cmocka_unit_test(test_nobody_replaces_nobody),
	};

	return RUN_TESTS("ike/null", tests);
}
