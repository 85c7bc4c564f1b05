/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/child.h"
#include "ike/sa.h"
#include "tests/unit/ike/tamper.h"
#include "wire/chain.h"

#include <stdio.h>
#include <string.h>

/*
 * What a peer may try that holds the keys: values that no honest end sends, in
 * messages of the right form (docs/attacks.md). East is under test; west's own
 * message is rewritten on its way and sealed again with west's keys.
 */

/* Expectations beside an error notify of the answer. */
#define ACCEPTED 0
#define ENDS 0x10000 /* added: the IKE SA is given up over it */

/* In place of a body: the payload is taken out, or one more of that body comes. */
static const char removed[] = "removed";

struct row {
	const char *what;
	uint8_t payload;  /* whose body is replaced; with none there, it is added */
	const char *body; /* hex; of a Notify: the one of this type */
	uint32_t want;
};

/* ---- rewriting ---- */

static void set_body(struct letter *l, uint8_t type, const char *hex)
{
	int at = letter_find(l, type); /* of several notifies the first: REKEY_SA */

	if (at < 0) {
		at = l->len++;
		l->payloads[at].type = type;
		l->payloads[at].body = (struct bytes){0};
	}
	bytes_done(&l->payloads[at].body);
	if (hex == removed)
		l->payloads[at] = l->payloads[--l->len];
	else
		assert_true(bytes_copy(&l->payloads[at].body, test_hex(hex)));
}

struct rewrite {
	const struct row *row;
	uint8_t exchange;
	bool response;
	struct letter answer; /* of east, to what was rewritten */
	struct letter *keep;  /* takes the request as it was */
	bool done, answered;
};

static bool rewrite(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct rewrite *r = w->ctx;
	struct ike_header h;
	struct ike_sa *sa;
	struct letter l;

	if (f->from == east && r->done && !r->answered && !r->response) {
		r->answer = letter_of(east, view_bytes(&f->data));
		r->answered = true;
	}
	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != west || r->done || h.exchange != r->exchange ||
	    h.response != r->response)
		return true;
	r->done = true;
	l = letter_of(west, view_bytes(&f->data));
	if (r->row->body)
		set_body(&l, r->row->payload, r->row->body);
	sa = sa_by_spi(west->ike, h.initiator ? h.spi_i : h.spi_r);
	send_letter(east, sa, &l, h.msgid);
	if (r->keep)
		*r->keep = l;
	else
		letter_done(&l);
	return false;
}

static struct world *pair_with_more(uint64_t seed, const struct ike_settings *settings)
{
	struct world *w = world_pair_with(seed, settings, "", "");

	world_load_more(w);
	return w;
}

/* Whatever stands can be taken down at both ends. */
static void leave(struct world *w)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	w->filter = NULL;
	world_command(west, CMD_DELETE, "net");
	world_command(east, CMD_DELETE, "net");
	world_command(west, CMD_DELETE, "more");
	world_command(east, CMD_DELETE, "more");
	world_run(w, 300 * NSEC_PER_SEC);
	assert_planes_match(west, east, 0);
	assert_int_equal(count_sas(west, -1) + count_sas(east, -1), 0);
	world_free(w);
}

/* Nothing that east installed covers more than the two connections say. */
static void assert_inside_policy(const struct node *east)
{
	static const char *const locals = "10.0.2.0/24", *const remotes[] = {"10.0.1.0/24",
									     "10.0.11.0/24"};
	char local[200], remote[200];

	for (size_t i = 0; i < east->plane.sas_len; i++) {
		const struct plane_sa *sa = &east->plane.sas[i];
		bool known = false;

		ts_set_print(&sa->ts_local, local, sizeof(local));
		ts_set_print(&sa->ts_remote, remote, sizeof(remote));
		assert_string_equal(local, locals);
		for (size_t k = 0; k < COUNT_OF(remotes); k++)
			known |= !strcmp(remote, remotes[k]);
		if (!known)
			fail_msg("selectors %s === %s", local, remote);
	}
}

static size_t children_on(const struct node *h, uint64_t serial)
{
	const struct ike_sa *sa = sa_by_serial(h->ike, serial);
	size_t n = 0;

	if (sa)
		LIST_EACH(child, &sa->children, struct child_sa, of_sa)
			n++;
	return n;
}

/* West asks; the request is rewritten; east must answer as told. */
static void ask(const struct row *row, uint8_t exchange, enum command_kind kind,
		const char *name)
{
	struct world *w = pair_with_more(500, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct rewrite r = {.row = row, .exchange = exchange};
	size_t before;
	uint64_t serial;

	world_up(world_host(w, "west"), "net");
	if (kind == CMD_DOWN) {
		world_command(west, CMD_UP, name);
		world_settle(w);
	}
	serial = newest_sa(east)->serial;
	before = children_on(east, serial);
	w->filter = rewrite;
	w->ctx = &r;
	world_command(west, kind, name);
	world_settle(w);
	assert_true(r.done && r.answered);
	assert_int_equal(letter_error(&r.answer), row->want & ~ENDS);
	if (row->want & ENDS) {
		struct ike_sa *sa = sa_by_serial(east->ike, serial);

		assert_true(!sa || sa->state == SA_GONE);
		assert_int_equal(east->plane.sas_len, 0);
	} else if (row->want && row->want != N_CHILD_SA_NOT_FOUND) {
		/*
		 * (After that one west asks for a new child, as it should; after others by an IKE SA
		 * of its own.)
		 */
		assert_true(children_on(east, serial) <= before);
	}
	assert_inside_policy(east);
	letter_done(&r.answer);
	leave(w);
}

static void ask_all(const struct row *rows, size_t len, uint8_t exchange,
		    enum command_kind kind, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		test_row(i, "%s", rows[i].what);
		ask(&rows[i], exchange, kind, name);
	}
}

/* ---- selectors (docs/attacks.md P26) ---- */

#define TS4(first, last) "07000010 0000ffff" first last
#define ALL4 TS4("00000000", "ffffffff")
#define HERE TS4("0a000200", "0a0002ff")
#define OUT4 TS4("c0a80000", "c0a800ff")
#define TS6 \
	"08000028 0000ffff 20010db8000000000000000000000000 20010db8000000000000000000000001"

static void test_selectors(void **state)
{
	static const struct row tsr[] = {
		{"whatever", PAYLOAD_TSR, NULL, ACCEPTED},
		{"everything there is: narrowed", PAYLOAD_TSR, "01000000" ALL4, ACCEPTED},
		{"everything, twice", PAYLOAD_TSR, "02000000" ALL4 ALL4, ACCEPTED},
		{"what is ours, and more", PAYLOAD_TSR, "03000000" OUT4 HERE TS6, ACCEPTED},
		{"elsewhere", PAYLOAD_TSR, "01000000" OUT4, N_TS_UNACCEPTABLE},
		{"another family", PAYLOAD_TSR, "01000000" TS6, N_TS_UNACCEPTABLE},
		{"an unknown type alone", PAYLOAD_TSR, "01000000 f2000008 0000ffff",
		 N_TS_UNACCEPTABLE},
		{"none", PAYLOAD_TSR, "00000000", N_INVALID_SYNTAX | ENDS},
		{"backwards", PAYLOAD_TSR, "01000000" TS4("0a0002ff", "0a000200"),
		 N_INVALID_SYNTAX | ENDS},
		{"more counted than there", PAYLOAD_TSR, "ff000000" HERE,
		 N_INVALID_SYNTAX | ENDS},
	};

	(void)state;
	ask_all(tsr, COUNT_OF(tsr), X_CREATE_CHILD_SA, CMD_UP, "more");
}

/* 255 selectors: no more than the bound is looked at, nothing outside gets in. */
static void test_many_selectors(void **state)
{
	static char hex[255 * 40 + 16];
	struct row row = {"255 selectors", PAYLOAD_TSI, hex, ACCEPTED};
	size_t at = (size_t)snprintf(hex, sizeof(hex), "ff000000");

	(void)state;
	for (unsigned i = 0; i < 255; i++)
		at += (size_t)snprintf(hex + at, sizeof(hex) - at,
				       i ? "07000010 0000ffff c0a8%02x00 c0a8%02xff"
					 : "07000010 0000ffff 0a000b00 0a000bff",
				       i, i);
	ask(&row, X_CREATE_CHILD_SA, CMD_UP, "more");
}

/* ---- values ---- */

#define X32(octet) octet octet octet octet octet octet octet octet
#define T_GCM256 "0300000c 01000014 800e0100"
#define T_NO_ESN "00000008 05000000"

static void test_values(void **state)
{
	static const struct row rows[] = {
		{"nonce of 0", PAYLOAD_NONCE, "", N_INVALID_SYNTAX | ENDS},
		{"nonce of 15", PAYLOAD_NONCE, "00112233445566778899aabbccddee",
		 N_INVALID_SYNTAX | ENDS},
		/* RFC 7296 2.10: half the key of SHA2-512's PRF are 32 */
		{"nonce of 31", PAYLOAD_NONCE,
		 "00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
		 N_INVALID_SYNTAX | ENDS},
		{"group NONE", PAYLOAD_KE, "0000 0000" X32("11223344"),
		 N_INVALID_SYNTAX | ENDS},
		{"a private group", PAYLOAD_KE, "0401 0000" X32("11223344"),
		 N_INVALID_KE_PAYLOAD},
		{"another group than chosen", PAYLOAD_KE, "000e 0000" X32("11223344"),
		 N_INVALID_KE_PAYLOAD},
		{"a point of small order", PAYLOAD_KE, "001f 0000" X32("00000000"),
		 N_INVALID_SYNTAX},
		{"three octets too many", PAYLOAD_KE, "001f 0000 112233" X32("11223344"),
		 N_INVALID_SYNTAX},
		{"SPI 0", PAYLOAD_SA, "00000020 01030402 00000000" T_GCM256 T_NO_ESN,
		 N_INVALID_SYNTAX | ENDS},
		{"3DES", PAYLOAD_SA,
		 "0000002c 01030404 c1020304 03000008 01000003 03000008 0300000c"
		 "03000008 0400001f 00000008 05000000",
		 N_NO_PROPOSAL_CHOSEN},
		{"no encryption, no integrity", PAYLOAD_SA,
		 "00000024 01030403 c1020304 03000008 0100000b 03000008 0400001f"
		 "00000008 05000000",
		 N_NO_PROPOSAL_CHOSEN},
		{"CBC without integrity", PAYLOAD_SA,
		 "00000028 01030403 c1020304 0300000c 0100000c 800e0100 03000008 0400001f"
		 "00000008 05000000",
		 N_NO_PROPOSAL_CHOSEN},
		{"a cipher without its key length", PAYLOAD_SA,
		 "00000024 01030403 c1020304 03000008 01000014 03000008 0400001f"
		 "00000008 05000000",
		 N_NO_PROPOSAL_CHOSEN},
		{"no key exchange where there was one", PAYLOAD_SA,
		 "00000020 01030402 c1020304" T_GCM256 T_NO_ESN, N_NO_PROPOSAL_CHOSEN},
		{"AH", PAYLOAD_SA,
		 "0000001c 01020402 c1020304 03000008 0300000c 00000008 05000000",
		 N_NO_PROPOSAL_CHOSEN},
		{"no proposals", PAYLOAD_SA, "", N_INVALID_SYNTAX | ENDS},
	};

	(void)state;
	ask_all(rows, COUNT_OF(rows), X_CREATE_CHILD_SA, CMD_UP, "more");
}

static void test_rekey_names(void **state)
{
	static const struct row rows[] = {
		{"protocol 0", PAYLOAD_NOTIFY, "00044009 c1020304", N_INVALID_SYNTAX | ENDS},
		{"IKE", PAYLOAD_NOTIFY, "01044009 c1020304", N_INVALID_SYNTAX | ENDS},
		{"protocol 4", PAYLOAD_NOTIFY, "04044009 c1020304", N_INVALID_SYNTAX | ENDS},
		{"no SPI", PAYLOAD_NOTIFY, "03004009", N_INVALID_SYNTAX | ENDS},
		{"an SPI of 8", PAYLOAD_NOTIFY, "03084009 c1020304c1020304",
		 N_INVALID_SYNTAX | ENDS},
		{"AH", PAYLOAD_NOTIFY, "02044009 c1020304", N_CHILD_SA_NOT_FOUND},
		{"a child that is not there", PAYLOAD_NOTIFY, "03044009 c1020304",
		 N_CHILD_SA_NOT_FOUND},
	};

	(void)state;
	ask_all(rows, COUNT_OF(rows), X_CREATE_CHILD_SA, CMD_REKEY_CHILD, "net");
}

/* The IKE SA is never rekeyed to something that ike= does not name (docs/attacks.md P15). */
static void test_weaker_rekey(void **state)
{
	static const struct row rows[] = {
		{"3DES, SHA1, 1024 bits", PAYLOAD_SA,
		 "00000030 01010804 c102030405060708 03000008 01000003 03000008 02000002"
		 "03000008 03000002 00000008 04000002",
		 N_NO_PROPOSAL_CHOSEN},
		{"SPI 0", PAYLOAD_SA,
		 "0000002c 01010803 0000000000000000 0300000c 01000014 800e0100"
		 "03000008 02000005 00000008 0400001f",
		 N_INVALID_SYNTAX | ENDS},
		{"ESP without selectors", PAYLOAD_SA,
		 "00000020 01030402 c1020304" T_GCM256 T_NO_ESN, N_INVALID_SYNTAX | ENDS},
	};

	(void)state;
	ask_all(rows, COUNT_OF(rows), X_CREATE_CHILD_SA, CMD_REKEY_IKE, "net");
}

/* ---- deletes and notifies (docs/attacks.md P29) ---- */

static void test_deletes(void **state)
{
	static const struct row rows[] = {
		{"ESP, SPI unknown", PAYLOAD_DELETE, "03040001 c1020304", ACCEPTED},
		{"ESP, the same unknown one thrice", PAYLOAD_DELETE,
		 "03040003 c1020304 c1020304 c1020304", ACCEPTED},
		{"ESP, none", PAYLOAD_DELETE, "03040000", ACCEPTED},
		{"AH", PAYLOAD_DELETE, "02040001 c1020304", ACCEPTED},
		{"an unknown protocol", PAYLOAD_DELETE, "04040001 c1020304", ACCEPTED},
		{"65535 counted", PAYLOAD_DELETE, "0304ffff c1020304", N_INVALID_SYNTAX | ENDS},
		{"SPI size 0", PAYLOAD_DELETE, "03000001 c1020304", N_INVALID_SYNTAX | ENDS},
		{"SPI size 255", PAYLOAD_DELETE, "03ff0001 c1020304", N_INVALID_SYNTAX | ENDS},
		{"the IKE SA by an SPI", PAYLOAD_DELETE, "01080001 c102030405060708",
		 N_INVALID_SYNTAX | ENDS},
	};

	(void)state;
	ask_all(rows, COUNT_OF(rows), X_INFORMATIONAL, CMD_DOWN, "more");
}

static struct letter informational(uint8_t payload, const char *hex)
{
	struct letter l = {.exchange = X_INFORMATIONAL, .len = 1};

	l.payloads[0].type = payload;
	assert_true(bytes_copy(&l.payloads[0].body, test_hex(hex)));
	return l;
}

/* What an INFORMATIONAL may bring that concerns nothing: it is answered, and that is all. */
static void test_idle_talk(void **state)
{
	static const struct {
		const char *what;
		uint8_t payload;
		const char *body;
	} rows[] = {
		{"an unknown error", PAYLOAD_NOTIFY, "00001fff"},
		{"an unknown status", PAYLOAD_NOTIFY, "0000ffff 00112233"},
		{"COOKIE", PAYLOAD_NOTIFY, "00004006 0011223344"},
		{"INITIAL_CONTACT too late", PAYLOAD_NOTIFY, "00004000"},
		{"INVALID_SPI", PAYLOAD_NOTIFY, "0000000b c1020304"},
		{"INVALID_IKE_SPI", PAYLOAD_NOTIFY, "00000004"},
		{"UPDATE_SA_ADDRESSES without MOBIKE", PAYLOAD_NOTIFY, "00004010"},
		{"REDIRECT", PAYLOAD_NOTIFY, "00004017 0104c0000203"},
		{"a vendor's words", PAYLOAD_VENDOR, "00112233"},
		{"a certificate", PAYLOAD_CERT, "04 3000"},
		{"a configuration", PAYLOAD_CP, "01000000"},
	};
	struct world *w = pair_with_more(510, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_sa *sa;

	(void)state;
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct letter l = informational(rows[i].payload, rows[i].body);
		uint32_t next = sa->window.next_in;

		test_row(i, "%s", rows[i].what);
		send_letter(east, newest_sa(west), &l, next);
		letter_done(&l);
		assert_int_equal(sa->state, SA_UP);
		assert_int_equal(sa->window.next_in, next + 1);
		assert_planes_match(west, east, 1);
		assert_true(ip_equal(&sa->remote.addr, &west->addr));
	}
	world_free(w);
}

static void test_delete_twice(void **state)
{
	struct world *w = pair_with_more(511, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_sa *sa;
	char hex[32];

	(void)state;
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	snprintf(hex, sizeof(hex), "03040001 %08x",
		 west->plane.sas[0].dir == SA_IN ? west->plane.sas[0].spi
						 : west->plane.sas[1].spi);
	for (unsigned i = 0; i < 3; i++) {
		struct letter l = informational(PAYLOAD_DELETE, hex);
		unsigned sent = east->sent;

		send_letter(east, newest_sa(west), &l, sa->window.next_in);
		letter_done(&l);
		assert_int_equal(east->sent, sent + 1); /* answered each time */
		assert_int_equal(east->plane.sas_len, 0);
		assert_int_equal(sa->state, SA_UP);
	}
	leave(w);
}

/* What the peer replaced is meant when it names no SPI, as Libreswan 5.2 does for AH. */
static void test_delete_by_no_spi(void **state)
{
	static const struct row row = {"ESP, SPI 0", PAYLOAD_DELETE, "03040001 00000000",
				       ACCEPTED};
	struct world *w = pair_with_more(512, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct rewrite r = {.row = &row, .exchange = X_INFORMATIONAL};

	(void)state;
	world_up(world_host(w, "west"), "net");
	w->filter = rewrite;
	w->ctx = &r;
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_true(r.done && r.answered);
	assert_int_equal(letter_error(&r.answer), 0);
	assert_true(letter_find(&r.answer, PAYLOAD_DELETE) >= 0);
	letter_done(&r.answer);
	assert_planes_match(west, east, 1);
	/* With nothing replaced it means nothing. */
	struct letter l = informational(PAYLOAD_DELETE, row.body);

	send_letter(east, newest_sa(west), &l, newest_sa(east)->window.next_in);
	letter_done(&l);
	assert_planes_match(west, east, 1);
	leave(w);
}

/* ---- answers ---- */

/* East asks; west's answer is rewritten: no child comes of it, and both ends come to agree. */
static void answer(const struct row *row, enum command_kind kind, const char *name)
{
	struct world *w = pair_with_more(520, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct rewrite r = {.row = row, .exchange = X_CREATE_CHILD_SA, .response = true};
	unsigned installs;

	world_up(world_host(w, "west"), "net");
	installs = east->plane.installs;
	w->filter = rewrite;
	w->ctx = &r;
	world_command(east, kind, name);
	world_settle(w);
	assert_true(r.done);
	assert_inside_policy(east);
	if (row->want)
		assert_int_equal(east->plane.installs, installs);
	else
		assert_int_equal(east->plane.installs, installs + 2);
	w->filter = NULL;
	world_run(w, 120 * NSEC_PER_SEC);
	if (row->want)
		assert_true(west->plane.sas_len == east->plane.sas_len);
	leave(w);
}

static void test_answers(void **state)
{
	static const struct row rows[] = {
		{"as it was", PAYLOAD_SA, NULL, 0},
		{"a cipher that was not offered", PAYLOAD_SA,
		 "00000028 01030403 c1020304 0300000c 0100000c 800e0080 03000008 03000002"
		 "00000008 05000000",
		 1},
		{"a number that was not offered", PAYLOAD_SA,
		 "00000028 09030403 c1020304" T_GCM256 "03000008 0400001f" T_NO_ESN, 1},
		{"no key exchange", PAYLOAD_SA, "00000020 01030402 c1020304" T_GCM256 T_NO_ESN,
		 1},
		{"two ciphers", PAYLOAD_SA,
		 "00000034 01030404 c1020304" T_GCM256 "0300000c 01000014 800e0080"
		 "03000008 0400001f" T_NO_ESN,
		 1},
		{"SPI 0", PAYLOAD_SA,
		 "00000028 01030403 00000000" T_GCM256 "03000008 0400001f" T_NO_ESN, 1},
		{"wider selectors", PAYLOAD_TSR, "01000000" ALL4, 1},
		{"wider selectors of ours", PAYLOAD_TSI, "01000000" ALL4, 1},
		{"other selectors", PAYLOAD_TSR, "01000000" OUT4, 1},
		{"selectors of another family", PAYLOAD_TSR, "01000000" TS6, 1},
		{"a point of small order", PAYLOAD_KE, "001f 0000" X32("00000000"), 1},
		{"another group", PAYLOAD_KE, "000e 0000" X32("11223344"), 1},
		{"a nonce of 15", PAYLOAD_NONCE, "00112233445566778899aabbccddee", 1},
		{"a nonce of 31", PAYLOAD_NONCE,
		 "00112233445566778899aabbccddeeff00112233445566778899aabbccddee", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		answer(&rows[i], CMD_UP, "more");
	}
}

/* ---- who one is ---- */

/* The first IKE_AUTH is rewritten: nothing is established, and the answer says no more than why. */
static void authenticate(const struct row *row)
{
	struct world *w = pair_with_more(530, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct rewrite r = {.row = row, .exchange = X_IKE_AUTH};

	w->filter = rewrite;
	w->ctx = &r;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_true(r.done && r.answered);
	assert_int_equal(letter_error(&r.answer), row->want);
	if (row->want)
		assert_int_equal(r.answer.len, 1);
	else
		assert_true(letter_find(&r.answer, PAYLOAD_CP) < 0);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), row->want ? 0 : 1);
	assert_int_equal(east->plane.sas_len, row->want ? 0 : 2);
	letter_done(&r.answer);
	leave(w);
}

/* Some peers let the whole IKE_AUTH fail for what the child was offered (OpenIKED). */
static bool refuse_all(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	const char *body = w->ctx;
	struct letter l = {.exchange = X_IKE_AUTH, .response = true, .len = 1};
	struct ike_header h;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != east || h.exchange != X_IKE_AUTH || !h.response)
		return true;
	l.payloads[0].type = PAYLOAD_NOTIFY;
	assert_true(bytes_copy(&l.payloads[0].body, test_hex(body)));
	send_letter(west, newest_sa(east), &l, h.msgid);
	letter_done(&l);
	return false;
}

static void test_auth_refused(void **state)
{
	static const struct {
		const char *body, *said;
	} rows[] = {
		{"0000 000e", "accepts none of our ESP proposals"},
		{"0000 0026", "has no connection for these networks"},
		{"0000 0018", "does not accept who we are"},
		{"0000 0007", "finds our message broken"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = pair_with_more(535, NULL);
		struct node *west = world_host(w, "west");
		uint64_t cause;

		test_row(i, "%s", rows[i].said);
		w->filter = refuse_all;
		w->ctx = (void *)rows[i].body;
		cause = world_command(west, CMD_UP, "net");
		world_run(w, 2 * NSEC_PER_SEC);
		assert_int_not_equal(world_result(west, cause), RC_SUCCESS);
		assert_logged(west, rows[i].said);
		assert_int_equal(west->plane.sas_len, 0);
		leave(w);
	}
}

#define X20 "00112233445566778899aabbccddeeff00112233"
#define DIGEST32 X32("deadbeef")

static void test_auth(void **state)
{
	static const struct row rows[] = {
		{"as it was", PAYLOAD_AUTH, NULL, ACCEPTED},
		{"method 0", PAYLOAD_AUTH, "00000000" DIGEST32, N_INVALID_SYNTAX},
		{"RSA signature", PAYLOAD_AUTH, "01000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"DSS signature", PAYLOAD_AUTH, "03000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"ECDSA", PAYLOAD_AUTH, "09000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"NULL (RFC 7619)", PAYLOAD_AUTH, "0d000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"signature (RFC 7427)", PAYLOAD_AUTH, "0e000000" DIGEST32,
		 N_AUTHENTICATION_FAILED},
		{"method 255", PAYLOAD_AUTH, "ff000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"a guess", PAYLOAD_AUTH, "02000000" DIGEST32, N_AUTHENTICATION_FAILED},
		{"a digest cut to an octet", PAYLOAD_AUTH, "02000000 de",
		 N_AUTHENTICATION_FAILED},
		{"no digest", PAYLOAD_AUTH, "02000000", N_INVALID_SYNTAX},
		{"a digest and more", PAYLOAD_AUTH, "02000000" DIGEST32 DIGEST32 DIGEST32,
		 N_AUTHENTICATION_FAILED},
		{"somebody else", PAYLOAD_IDI, "02000000 65617374", N_AUTHENTICATION_FAILED},
		{"west, as a key id", PAYLOAD_IDI, "0b000000 77657374",
		 N_AUTHENTICATION_FAILED},
		{"nobody (RFC 7619)", PAYLOAD_IDI, "0d000000", N_AUTHENTICATION_FAILED},
		{"a star", PAYLOAD_IDI, "02000000 2a", N_AUTHENTICATION_FAILED},
		{"a type of no meaning", PAYLOAD_IDI, "ff000000 77657374",
		 N_AUTHENTICATION_FAILED},
		{"west and NUL", PAYLOAD_IDI, "02000000 7765737400", N_INVALID_SYNTAX},
		{"wanted: somebody else", PAYLOAD_IDR, "02000000 77657374",
		 N_AUTHENTICATION_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		authenticate(&rows[i]);
	}
}

/* EAP and configuration are not built: the one is refused, the other passed over. */
static void test_not_built(void **state)
{
	static const struct row rows[] = {
		{"EAP is asked for", PAYLOAD_AUTH, removed, N_AUTHENTICATION_FAILED},
		{"EAP beside a proof", PAYLOAD_EAP, "0201000501", N_INVALID_SYNTAX},
		{"an address is asked for", PAYLOAD_CP, "01000000 00010000", ACCEPTED},
		{"a certificate is shown", PAYLOAD_CERT, "04 3000", ACCEPTED},
		{"certificates are asked for", PAYLOAD_CERTREQ, "04" X20, ACCEPTED},
		{"a hash and a URL", PAYLOAD_CERT, "0c" X20 "687474703a2f2f78", ACCEPTED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		authenticate(&rows[i]);
	}
}

static void test_two_configurations(void **state)
{
	struct world *w = pair_with_more(531, NULL);
	struct node *east = world_host(w, "east");
	struct letter l = informational(PAYLOAD_CP, "01000000");
	struct ike_sa *sa;

	(void)state;
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	set_body(&l, PAYLOAD_NOTIFY, "0000ffff");
	l.payloads[1].type = PAYLOAD_CP;
	send_letter(east, newest_sa(world_host(w, "west")), &l, sa->window.next_in);
	letter_done(&l);
	assert_int_equal(sa->state, SA_GONE);
	assert_int_equal(east->plane.sas_len, 0);
	leave(w);
}

/* ---- too much ---- */

/* docs/attacks.md P33: a peer can't have more children than it may, however it asks. */
static void test_children_flood(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *west, *east;
	struct row row = {"", PAYLOAD_SA, NULL, ACCEPTED};
	struct letter request;
	struct rewrite r = {.row = &row, .exchange = X_CREATE_CHILD_SA, .keep = &request};
	struct ike_sa *sa, *peer;
	size_t octets = 0;

	(void)state;
	s.children_max = 8;
	w = pair_with_more(540, &s);
	west = world_host(w, "west");
	east = world_host(w, "east");
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	peer = newest_sa(west);
	w->filter = rewrite;
	w->ctx = &r;
	world_command(west, CMD_UP, "more");
	world_settle(w);
	letter_done(&r.answer);
	for (unsigned i = 0; i < 60; i++) {
		int at = letter_find(&request, PAYLOAD_SA);

		request.payloads[at].body.ptr[8] = (uint8_t)(0x10 + i); /* SPI of the first */
		r = (struct rewrite){.row = &row, .done = true};
		send_letter(east, peer, &request, sa->window.next_in);
		world_settle(w);
		assert_true(r.answered);
		if (i >= 8)
			assert_int_equal(letter_error(&r.answer), N_NO_ADDITIONAL_SAS);
		letter_done(&r.answer);
		assert_true(count_children(east) <= 8);
		assert_true(east->plane.sas_len <= 16);
		if (i == 10)
			octets = ike_counts(east->ike).octets;
	}
	assert_int_equal(ike_counts(east->ike).octets, octets);
	letter_done(&request);
	world_free(w);
}

/* Nor by replacing the same child again and again without deleting any. */
static void test_rekey_flood(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *west, *east;
	struct row row = {"", PAYLOAD_SA, NULL, ACCEPTED};
	struct letter request;
	struct rewrite r = {.row = &row, .exchange = X_CREATE_CHILD_SA, .keep = &request};
	struct ike_sa *sa, *peer;
	unsigned refused = 0;

	(void)state;
	s.children_max = 4;
	w = pair_with_more(542, &s);
	west = world_host(w, "west");
	east = world_host(w, "east");
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	peer = newest_sa(west);
	w->filter = rewrite;
	w->ctx = &r;
	world_command(west, CMD_REKEY_CHILD, "net");
	world_settle(w);
	letter_done(&r.answer);
	for (unsigned i = 0; i < 60; i++) {
		struct child_info child = {0};
		uint32_t spi;
		int at = letter_find(&request, PAYLOAD_SA);

		/* In turn the oldest child there is, and the newest. */
		assert_true(ike_child_next(east->ike, 0, &child));
		for (uint64_t k = 0; i & 1 && ike_child_next(east->ike, k, &child);)
			k = child.serial;
		spi = child.spi_out;
		request.payloads[at].body.ptr[8] = (uint8_t)(0x10 + i);
		at = letter_find(&request, PAYLOAD_NOTIFY);
		for (int k = 0; k < 4; k++)
			request.payloads[at].body.ptr[4 + k] = (uint8_t)(spi >> (24 - 8 * k));
		r = (struct rewrite){.row = &row, .done = true};
		send_letter(east, peer, &request, sa->window.next_in);
		world_settle(w);
		assert_true(r.answered);
		/* The oldest was replaced already: not twice. */
		if (i >= 2 && i % 2 == 0)
			assert_int_not_equal(letter_error(&r.answer), 0);
		refused += letter_error(&r.answer) == N_NO_ADDITIONAL_SAS;
		letter_done(&r.answer);
		assert_true(east->plane.sas_len <= 2 * 2 * 4);
	}
	assert_true(refused > 0);
	letter_done(&request);
	leave(w);
}

/* docs/attacks.md P31: the last request again a thousand times brings its answer once. */
static void test_storm(void **state)
{
	struct world *w = pair_with_more(541, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct letter l = {.exchange = X_INFORMATIONAL};
	struct ike_sa *sa, *peer;
	struct sealer sealed;
	struct view message;
	unsigned sent;

	(void)state;
	world_up(world_host(w, "west"), "net");
	sa = newest_sa(east);
	peer = newest_sa(west);
	seal_begin(&sealed, peer, X_INFORMATIONAL, false, sa->window.next_in);
	assert_int_equal(seal_end(&sealed, &message), CYG_OK);
	sent = east->sent;
	for (unsigned i = 0; i < 1000; i++)
		deliver_from(east, peer, message);
	assert_int_equal(east->sent, sent + 1);
	w->now += NSEC_PER_SEC;
	for (unsigned i = 0; i < 1000; i++)
		deliver_from(east, peer, message);
	assert_int_equal(east->sent, sent + 2);
	/* Another message under its number is none of it: no answer, however late. */
	w->now += NSEC_PER_SEC;
	send_letter(east, peer, &l, sa->window.next_in - 1);
	assert_int_equal(east->sent, sent + 2);
	world_free(w);
}

/* Numbers that are nobody's turn are counted, and change nothing. */
static void requests_out_of_order_are_counted(void **state)
{
	struct world *w = pair_with_more(31, NULL);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	static const struct letter nothing = {.exchange = X_INFORMATIONAL};
	struct ike_sa_info before, after;

	world_up(world_host(w, "west"), "net");
	assert_true(ike_sa_next(east->ike, 0, &before));
	assert_int_equal(before.out_of_order, 0);
	send_letter(east, newest_sa(west), &nothing, before.next_expected + 3);
	send_letter(east, newest_sa(west), &nothing, before.next_expected + 1);
	send_letter(east, newest_sa(west), &nothing, before.next_expected - 1);
	assert_true(ike_sa_next(east->ike, 0, &after));
	assert_int_equal(after.out_of_order, 2);
	assert_int_equal(after.next_expected, before.next_expected);
	leave(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_out_of_order_are_counted),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_auth_refused),
		cmocka_unit_test(test_not_built),
		cmocka_unit_test(test_two_configurations),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_many_selectors),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_rekey_names),
		cmocka_unit_test(test_weaker_rekey),
		cmocka_unit_test(test_deletes),
		cmocka_unit_test(test_delete_twice),
		cmocka_unit_test(test_delete_by_no_spi),
		cmocka_unit_test(test_idle_talk),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_children_flood),
		cmocka_unit_test(test_rekey_flood),
		cmocka_unit_test(test_storm),
	};

	return RUN_TESTS("ike/insiders", tests);
}
