/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/gather.h"
#include "tests/unit/ike/tamper.h"
#include "wire/chain.h"
#include "wire/notify.h"

#include <string.h>

/*
 * Messages in fragments (RFC 7383): first what a peer may try that holds the
 * keys, with west forging and east under test; then what two honest ends do.
 */

#define SK_AT (IKE_HEADER_LEN + PAYLOAD_HEADER_LEN)
#define PRIVATE_STATUS 40999

/* One fragment as it is to be, however wrong. */
struct forged {
	uint16_t number, total;
	uint8_t first; /* type that its header names */
	struct view part;
};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static struct view forge_of(struct ike_sa *from, uint8_t exchange, uint32_t msgid,
			    const struct forged *f)
{
	static uint8_t storage[40000];
	struct builder b = builder_of(storage, sizeof(storage));
	struct sk_sizes sizes = protect_sizes(from);
	struct ike_header h = {
		.spi_i = sa_spi_i(from),
		.spi_r = sa_spi_r(from),
		.exchange = exchange,
		.initiator = from->initiator,
		.msgid = msgid,
	};
	struct chain outer = message_begin(&b, &h);
	struct sk_frame frame;

	assert_true(skf_frame_build(&outer, &sizes, 0, 1, 1, f->part, &frame));
	storage[IKE_HEADER_LEN] = f->first;
	put16(storage + SK_AT, f->number);
	put16(storage + SK_AT + 2, f->total);
	assert_int_equal(seal_frame(from, &frame), CYG_OK);
	return frame.message;
}

static struct view forge(struct ike_sa *from, uint32_t msgid, const struct forged *f)
{
	return forge_of(from, X_INFORMATIONAL, msgid, f);
}

/*
 * The plaintext of an INFORMATIONAL request that asks nothing: a notify of so many octets. It
 * lasts until the next but one.
 */
static struct view idle_text(size_t octets)
{
	static uint8_t storage[2][40000], data[40000];
	static unsigned turn;
	uint8_t *at = storage[turn++ % 2];
	struct builder b = builder_of(at, sizeof(storage[0]));
	struct chain c = chain_begin(&b);

	chain_notify(&c, PRIVATE_STATUS, view_of(data, octets));
	chain_end(&c);
	assert_false(b.bad);
	return build_done(&b);
}

static struct view slice(struct view v, size_t from, size_t len)
{
	return view_of(v.ptr + from, len);
}

struct scene_of_two {
	struct world *w;
	struct node *west, *east;
	struct ike_sa *from, *to;
	uint32_t next; /* message ID of west's next request */
};

static struct scene_of_two two_up(uint64_t seed)
{
	struct scene_of_two s = {.w = world_pair_up(seed)};

	s.west = world_host(s.w, "west");
	s.east = world_host(s.w, "east");
	s.from = newest_sa(s.west);
	s.to = peer_sa(s.east, s.from);
	s.next = s.from->window.next_out;
	return s;
}

static void give(struct scene_of_two *s, const struct forged *f)
{
	deliver_from(s->east, s->from, forge(s->from, s->next, f));
}

/* East has not answered, nor taken the SA down, and keeps so much of fragments. */
static void assert_silent(struct scene_of_two *s, unsigned sent, bool keeps)
{
	assert_int_equal(s->east->sent, sent);
	assert_int_equal(s->to->window.next_in, s->next);
	assert_int_equal(s->to->window.gathering[0] != NULL, keeps);
	assert_int_equal(count_sas(s->east, IKE_ESTABLISHED), 1);
}

/*
 * An honest message of three fragments gets through, whatever came before; once that is
 * forgotten, where it was of more fragments.
 */
static void assert_goes_on(struct scene_of_two *s)
{
	struct view text = idle_text(300);
	unsigned sent;

	if (gather_octets(&s->to->window) > 4 * sizeof(struct bytes) + 300)
		world_run(s->w, 31 * NSEC_PER_SEC);
	s->next = s->to->window.next_in;
	sent = s->east->sent;

	give(s, &(struct forged){3, 3, 0, slice(text, 200, text.len - 200)});
	give(s, &(struct forged){1, 3, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	assert_int_equal(s->east->sent, sent);
	give(s, &(struct forged){2, 3, 0, slice(text, 100, 100)});
	assert_int_equal(s->east->sent, sent + 1);
	assert_int_equal(s->to->window.next_in, s->next + 1);
	assert_int_equal(s->east->ike->gathered, 0);
	s->next++;
}

/* ---- what is refused ---- */

static void test_single(void **state)
{
	struct view text = idle_text(60);
	const struct {
		const char *what;
		struct forged f;
		bool kept;
	} rows[] = {
		{"number 0", {0, 2, PAYLOAD_NOTIFY, text}, false},
		{"number 0 of 0", {0, 0, PAYLOAD_NOTIFY, text}, false},
		{"beyond the total", {3, 2, 0, text}, false},
		{"the last of 65535", {65535, 65535, 0, text}, false},
		{"one of 257", {1, 257, PAYLOAD_NOTIFY, text}, false},
		{"a later one that names a payload", {2, 3, PAYLOAD_NOTIFY, text}, false},
		{"an empty one", {1, 2, PAYLOAD_NOTIFY, {text.ptr, 0}}, true},
		{"one of many", {1, 256, PAYLOAD_NOTIFY, text}, true},
		{"a long one", {1, 2, PAYLOAD_NOTIFY, idle_text(GATHER_OCTETS_MAX)}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene_of_two s = two_up(700 + i);
		unsigned sent = s.east->sent;

		test_row(i, "%s", rows[i].what);
		give(&s, &rows[i].f);
		assert_silent(&s, sent, rows[i].kept);
		assert_true(s.east->ike->gathered <= GATHER_OCTETS_MAX);
		assert_goes_on(&s);
		world_free(s.w);
	}
}

/* RFC 7383 2.6: what is not proven is not kept, nor does it push out what is. */
static void test_not_authentic(void **state)
{
	struct scene_of_two s = two_up(720);
	struct view text = idle_text(300);
	unsigned sent = s.east->sent;
	size_t kept;

	(void)state;
	for (size_t i = 0; i < 200; i += 7) {
		struct view m = forge(s.from, s.next,
				      &(struct forged){1, 2, PAYLOAD_NOTIFY,
						       slice(text, 0, 150)});
		uint8_t copy[512];

		memcpy(copy, m.ptr, m.len);
		copy[SK_AT + i % (m.len - SK_AT)] ^= 1;
		deliver_from(s.east, s.from, view_of(copy, m.len));
		assert_silent(&s, sent, false);
	}
	give(&s, &(struct forged){1, 3, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	kept = s.east->ike->gathered;
	assert_int_equal(kept, 100);
	/* A total that grows counts only once it is proven. */
	for (uint16_t total = 2; total < 6; total++) {
		struct view m = forge(s.from, s.next, &(struct forged){2, 2, 0, text});
		uint8_t copy[512];

		memcpy(copy, m.ptr, m.len);
		put16(copy + SK_AT + 2, total);
		copy[m.len - 1] ^= 1;
		deliver_from(s.east, s.from, view_of(copy, m.len));
		assert_int_equal(s.east->ike->gathered, kept);
	}
	assert_goes_on(&s);
	world_free(s.w);
}

/* The first of a number counts; a smaller total is an older try, a larger one begins anew. */
static void test_changed(void **state)
{
	struct scene_of_two s = two_up(721);
	struct view text = idle_text(300), lie = idle_text(90);
	unsigned sent = s.east->sent;

	(void)state;
	give(&s, &(struct forged){1, 3, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	give(&s, &(struct forged){1, 3, PAYLOAD_NOTIFY, lie});
	assert_int_equal(s.east->ike->gathered, 100);
	give(&s, &(struct forged){1, 2, PAYLOAD_NOTIFY, lie});
	assert_int_equal(s.east->ike->gathered, 100);
	assert_silent(&s, sent, true);
	give(&s, &(struct forged){4, 4, 0, slice(text, 250, text.len - 250)});
	assert_int_equal(s.east->ike->gathered, text.len - 250);
	give(&s, &(struct forged){3, 3, 0, slice(text, 200, text.len - 200)});
	give(&s, &(struct forged){2, 3, 0, slice(text, 100, 100)});
	assert_silent(&s, sent, true);
	give(&s, &(struct forged){3, 4, 0, slice(text, 200, 50)});
	give(&s, &(struct forged){2, 4, 0, slice(text, 100, 100)});
	give(&s, &(struct forged){1, 4, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	assert_int_equal(s.east->sent, sent + 1);
	s.next++;
	assert_goes_on(&s);
	world_free(s.w);
}

/* Together they are a message like any other: what is wrong inside ends the SA. */
static void test_content(void **state)
{
	static const struct {
		const char *what;
		const char *first, *second; /* hex */
		uint8_t type;
	} rows[] = {
		{"a payload that passes the end", "0000", "0020 0000", PAYLOAD_NOTIFY},
		{"a fragment inside", "0000", "0004", PAYLOAD_SKF},
		{"an SK payload inside", "0000", "0004", PAYLOAD_SK},
		{"octets left over", "0000", "0008 0000 a027 11", PAYLOAD_NOTIFY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene_of_two s = two_up(730 + i);

		test_row(i, "%s", rows[i].what);
		give(&s, &(struct forged){2, 2, 0, test_hex(rows[i].second)});
		give(&s, &(struct forged){1, 2, rows[i].type, test_hex(rows[i].first)});
		world_settle(s.w);
		assert_int_equal(count_sas(s.east, IKE_ESTABLISHED), 0);
		world_free(s.w);
	}
}

/* Enough of them to pass the bound of a message, in every order. */
static void test_too_long(void **state)
{
	struct scene_of_two s = two_up(722);
	struct view text = idle_text(4000);
	unsigned sent = s.east->sent;

	(void)state;
	for (uint16_t n = 20; n >= 1; n--)
		give(&s, &(struct forged){n, 20, n == 1 ? PAYLOAD_NOTIFY : 0, text});
	assert_silent(&s, sent, true);
	assert_true(s.east->ike->gathered <= GATHER_OCTETS_MAX);
	assert_goes_on(&s);
	world_free(s.w);
}

/* What does not become whole is forgotten. */
static void test_time(void **state)
{
	struct scene_of_two s = two_up(723);
	struct view text = idle_text(300);

	(void)state;
	give(&s, &(struct forged){1, 3, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	assert_true(ike_counts(s.east->ike).octets > 100);
	world_run(s.w, 29 * NSEC_PER_SEC);
	assert_int_equal(s.east->ike->gathered, 100);
	world_run(s.w, 2 * NSEC_PER_SEC);
	assert_int_equal(s.east->ike->gathered, 0);
	assert_goes_on(&s);
	world_free(s.w);
}

/* A message that comes whole after all leaves nothing of its fragments. */
static void test_whole_after_all(void **state)
{
	struct scene_of_two s = two_up(724);
	struct letter l = {.exchange = X_INFORMATIONAL};
	struct view text = idle_text(300);
	unsigned sent = s.east->sent;

	(void)state;
	give(&s, &(struct forged){1, 3, PAYLOAD_NOTIFY, slice(text, 0, 100)});
	send_letter(s.east, s.from, &l, s.next++);
	assert_int_equal(s.east->sent, sent + 1);
	assert_int_equal(s.east->ike->gathered, 0);
	assert_goes_on(&s);
	world_free(s.w);
}

/* RFC 7383 2.3: who did not agree to it takes none. */
static void test_not_agreed(void **state)
{
	struct scene_of_two s = two_up(725);
	struct view text = idle_text(300);
	unsigned sent = s.east->sent;

	(void)state;
	s.to->fragmenting.agreed = false;
	give(&s, &(struct forged){1, 1, PAYLOAD_NOTIFY, text});
	assert_silent(&s, sent, false);
	assert_int_equal(ike_counts(s.east->ike).fragments_dropped, 1);
	world_free(s.w);
}

/* RFC 7383 2.6.1: only the first fragment of a request asks for the answer once more. */
static void test_repeated(void **state)
{
	struct scene_of_two s = two_up(726);
	struct view text = idle_text(300);
	struct bytes parts[3];
	unsigned sent = s.east->sent;

	(void)state;
	for (uint16_t n = 1; n <= 3; n++)
		assert_true(bytes_copy(&parts[n - 1],
				       forge(s.from, s.next,
					     &(struct forged){n, 3, n == 1 ? PAYLOAD_NOTIFY : 0,
							      slice(text, (n - 1u) * 100,
								    n == 3 ? text.len - 200
									   : 100)})));
	for (int i = 0; i < 3; i++)
		deliver_from(s.east, s.from, view_bytes(&parts[i]));
	assert_int_equal(s.east->sent, ++sent);
	for (int i = 2; i >= 0; i--) {
		s.w->now += 100 * NSEC_PER_MS;
		deliver_from(s.east, s.from, view_bytes(&parts[i]));
		assert_int_equal(s.east->sent, i ? sent : sent + 1);
	}
	/* At once again: too soon. Cut anew, but not by the peer: nothing. */
	deliver_from(s.east, s.from, view_bytes(&parts[0]));
	s.w->now += 100 * NSEC_PER_MS;
	put16(parts[0].ptr + SK_AT + 2, 4);
	deliver_from(s.east, s.from, view_bytes(&parts[0]));
	assert_int_equal(s.east->sent, ++sent);
	/* By the peer: the answer goes. */
	s.w->now += 100 * NSEC_PER_MS;
	give(&s, &(struct forged){1, 4, PAYLOAD_NOTIFY, slice(text, 0, 80)});
	assert_int_equal(s.east->sent, ++sent);
	assert_int_equal(s.east->ike->gathered, 0);
	for (int i = 0; i < 3; i++)
		bytes_done(&parts[i]);
	world_free(s.w);
}

/* Strangers that completed a key exchange have a small share of memory, all together. */
static void strangers_have_their_bound(uint8_t state)
{
	struct world *w = world_pair(727);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct view text = idle_text(4000);
	struct ike_sa *from, *to;

	w->hold = 1u << ACT_AUTH_MAKE;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	from = newest_sa(west);
	to = peer_sa(east, from);
	assert_int_equal(to->state, SA_R1);
	to->state = state;
	east->ike->gathered = GATHER_UNPROVEN_MAX - 10000;
	for (uint16_t n = 1; n <= 5; n++)
		deliver_from(east, from,
			     forge_of(from, X_IKE_AUTH, 1,
				      &(struct forged){n, 9, n == 1 ? PAYLOAD_IDI : 0, text}));
	assert_int_equal(east->ike->gathered, GATHER_UNPROVEN_MAX - 10000 + 2 * text.len);
	east->ike->gathered -= GATHER_UNPROVEN_MAX - 10000;
	to->state = SA_R1;
	world_release(w);
	world_settle(w);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_int_equal(east->ike->gathered, 0);
	world_free(w);
}

/* Amid EAP nothing is proven either. */
static void test_half_open(void **state)
{
	(void)state;
	strangers_have_their_bound(SA_R1);
	strangers_have_their_bound(SA_R1_EAP);
}

/* ---- two honest ends ---- */

struct seen {
	unsigned fragments[2], longest[2]; /* of west, of east */
};

static bool look(struct world *w, struct flight *f)
{
	struct seen *s = w->ctx;
	bool east = f->from == world_host(w, "east");

	s->fragments[east] += f->data.ptr[IKE_HEADER_NEXT_AT] == PAYLOAD_SKF;
	if (f->data.ptr[18] != X_IKE_SA_INIT && f->data.len > s->longest[east])
		s->longest[east] = (unsigned)f->data.len;
	return true;
}

/* Who sends fragments, by what both ends say. */
static void test_agreement(void **state)
{
	static const struct {
		const char *west, *east;
		bool by[2];
	} rows[] = {
		{"fragmentation=no fragment-size=256", "fragment-size=256", {false, false}},
		{"fragment-size=256", "fragmentation=no fragment-size=256", {false, false}},
		{"fragmentation=accept fragment-size=256", "fragment-size=256", {false, true}},
		{"fragment-size=256", "fragment-size=1280", {true, false}},
		{"fragmentation=force fragment-size=256", "fragment-size=256", {true, true}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_pair_with(740 + i, NULL, rows[i].west, rows[i].east);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct seen s = {0};
		uint64_t up;

		test_row(i, "%s, %s", rows[i].west, rows[i].east);
		w->filter = look;
		w->ctx = &s;
		up = world_command(west, CMD_UP, "net");
		world_settle(w);
		assert_int_equal(world_result(west, up), RC_SUCCESS);
		world_command(east, CMD_REKEY_IKE, "net");
		world_command(west, CMD_REKEY_CHILD, "net");
		world_settle(w);
		assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
		for (int n = 0; n < 2; n++) {
			assert_int_equal(s.fragments[n] > 2, rows[i].by[n]);
			assert_true(!rows[i].by[n] || s.longest[n] <= 256 - 28);
		}
		assert_planes_match(west, east, 1);
		world_free(w);
	}
}

/* An SA that was handed over answers a repeated request from its cache, in fragments. */
static void test_cached(void **state)
{
	struct world *w = world_pair_with(750, NULL, "fragment-size=256", "fragment-size=256");
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_sa *sa;
	struct view reply, one;
	size_t n = 0;

	(void)state;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	sa = newest_sa(east);
	reply = view_bytes(&sa->window.reply);
	while (reply.len) {
		one = header_cut(&reply);
		assert_true(one.len <= 256 - 28);
		n++;
	}
	assert_true(n > 1);
	assert_int_equal(ike_counts(east->ike).fragments_made, n);
	assert_int_equal(ike_counts(west->ike).fragments_taken, n);
	assert_int_equal(ike_counts(west->ike).reassembled, 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),          cmocka_unit_test(test_not_authentic),
		cmocka_unit_test(test_changed),         cmocka_unit_test(test_content),
		cmocka_unit_test(test_too_long),        cmocka_unit_test(test_time),
		cmocka_unit_test(test_whole_after_all), cmocka_unit_test(test_not_agreed),
		cmocka_unit_test(test_repeated),        cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_agreement),       cmocka_unit_test(test_cached),
	};

	return RUN_TESTS("ike/fragment", tests);
}
