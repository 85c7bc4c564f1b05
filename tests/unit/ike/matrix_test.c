/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/table.h"
#include "ike/v2/exchanges.h"
#include "tests/unit/ike/matrix.h"
#include "wire/chain.h"

#include <string.h>

/*
 * The full matrix (docs/attacks.md): each message of the protocol, whole and
 * with each payload missing, doubled, emptied, cut, or joined by one that has no
 * place there, or all in the other order; in each state, with our own request
 * open or not, and while the host computes. Sealed by the real peer, and once
 * more in clear.
 */

#define X16 "00112233445566778899aabbccddeeff"

/* ---- the states ---- */

static struct view last_sent; /* of the host under test, since the message */
static struct bytes last_octets;

static bool lose_all(struct world *w, struct flight *f)
{
	if (f->from == w->ctx) {
		bytes_done(&last_octets);
		assert_true(bytes_copy(&last_octets, view_bytes(&f->data)));
		last_sent = view_bytes(&last_octets);
	}
	return false;
}

static bool lose_auth(struct world *w, struct flight *f)
{
	(void)w;
	return f->data.ptr[18] != X_IKE_AUTH;
}

static bool lose_auth_answer(struct world *w, struct flight *f)
{
	return f->data.ptr[18] != X_IKE_AUTH || f->from == world_host(w, "west");
}

static bool lose_later_auth(struct world *w, struct flight *f)
{
	(void)w;
	return f->data.ptr[18] != X_IKE_AUTH || f->data.ptr[23] < 2;
}

static bool lose_informational(struct world *w, struct flight *f)
{
	(void)w;
	return f->data.ptr[18] != X_INFORMATIONAL;
}

static bool lose_from_east(struct world *w, struct flight *f)
{
	return f->from != world_host(w, "east");
}

struct step {
	const char *host;
	enum command_kind kind;
	const char *name;
	bool (*filter)(struct world *w, struct flight *f);
	uint32_t hold;
};

/* How a state comes about, and at which end. */
static const struct place {
	const char *name;
	const char *host;
	uint8_t state; /* enum sa_state of the SA under test */
	struct step steps[4];
	bool ours, theirs; /* an exchange of that side is open */
	bool computing;    /* and the host computes for it */
	bool by_eap;
} places[] = {
	{"R1, EAP",
	 "east",
	 SA_R1_EAP,
	 {{"west", CMD_UP, "net", lose_later_auth, 0}},
	 .by_eap = true},
	{"I2, EAP",
	 "west",
	 SA_I2_EAP,
	 {{"west", CMD_UP, "net", lose_later_auth, 0}},
	 .ours = true,
	 .by_eap = true},
	{"R1", "east", SA_R1, {{"west", CMD_UP, "net", lose_auth, 0}}},
	{"R1, AUTH is being checked",
	 "east",
	 SA_R1,
	 {{"west", CMD_UP, "net", NULL, 1u << ACT_AUTH_CHECK}},
	 .theirs = true,
	 .computing = true},
	{"R1, SAs are being installed",
	 "east",
	 SA_R1,
	 {{"west", CMD_UP, "net", NULL, 1u << ACT_SA_INSTALL}},
	 .theirs = true,
	 .computing = true},
	{"I2", "west", SA_I2, {{"west", CMD_UP, "net", lose_auth_answer, 0}}, .ours = true},
	{"I2, AUTH is being made",
	 "west",
	 SA_I2,
	 {{"west", CMD_UP, "net", NULL, 1u << ACT_AUTH_MAKE}},
	 .ours = true,
	 .computing = true},
	{"established", "east", SA_UP, {{"west", CMD_UP, "net", NULL, 0}}},
	{"established, asks for a child",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0}, {"east", CMD_UP, "more", lose_from_east, 0}},
	 .ours = true},
	{"established, asks to rekey a child",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"east", CMD_REKEY_CHILD, "net", lose_from_east, 0}},
	 .ours = true},
	{"established, asks to rekey the IKE SA",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0}, {"east", CMD_REKEY_IKE, "net", lose_from_east, 0}},
	 .ours = true},
	{"established, deletes a child",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"west", CMD_UP, "more", NULL, 0},
	  {"east", CMD_DOWN, "more", lose_from_east, 0}},
	 .ours = true},
	{"established, a key is being made",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"east", CMD_REKEY_CHILD, "net", NULL, 1u << ACT_KE_START}},
	 .ours = true,
	 .computing = true},
	{"established, works on a child",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"west", CMD_UP, "more", NULL, 1u << ACT_KE_RESPOND}},
	 .theirs = true,
	 .computing = true},
	{"established, works on the rekey of the IKE SA",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"west", CMD_REKEY_IKE, "net", NULL, 1u << ACT_KE_RESPOND}},
	 .theirs = true,
	 .computing = true},
	{"established, works on an answer",
	 "east",
	 SA_UP,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"east", CMD_REKEY_CHILD, "net", NULL, 1u << ACT_KE_FINISH}},
	 .ours = true,
	 .computing = true},
	{"rekeyed",
	 "east",
	 SA_REKEYED,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"west", CMD_REKEY_IKE, "net", lose_informational, 0}}},
	{"rekeyed, had asked for the same",
	 "east",
	 SA_REKEYED,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"east", CMD_REKEY_IKE, "net", lose_from_east, 0},
	  {"west", CMD_REKEY_IKE, "net", lose_from_east, 0}},
	 .ours = true},
	{"deleting",
	 "east",
	 SA_DELETING,
	 {{"west", CMD_UP, "net", NULL, 0}, {"east", CMD_DOWN, "net", lose_from_east, 0}},
	 .ours = true},
	{"deleting, had asked to rekey a child",
	 "east",
	 SA_DELETING,
	 {{"west", CMD_UP, "net", NULL, 0},
	  {"east", CMD_REKEY_CHILD, "net", lose_from_east, 0},
	  {"east", CMD_DOWN, "net", lose_from_east, 0}},
	 .ours = true},
	{"shutting down",
	 "east",
	 SA_DELETING,
	 {{"west", CMD_UP, "net", NULL, 0}, {"east", CMD_SHUTDOWN, NULL, lose_from_east, 0}},
	 .ours = true},
	{"gone",
	 "east",
	 SA_GONE,
	 {{"west", CMD_UP, "net", NULL, 0}, {"west", CMD_DOWN, "net", lose_from_east, 0}}},
};

struct stage {
	const struct place *place;
	struct world *w;
	struct node *host, *other;
	struct ike_sa *sa, *peer;
	uint64_t serial;
	size_t children;
	size_t established;
};

static struct ike_sa *sa_in_state(const struct node *h, uint8_t state)
{
	for (struct ike_sa *sa = NULL; (sa = roster_after(&h->ike->sas, sa ? sa->serial : 0));)
		if (sa->state == state)
			return sa;
	fail_msg("%s has no SA in state %u", h->name, state);
	return NULL;
}

static void enter(struct stage *s, const struct place *place)
{
	*s = (struct stage){.place = place, .w = matrix_world(place->by_eap)};
	s->host = world_host(s->w, place->host);
	s->other = world_host(s->w, s->host == world_host(s->w, "east") ? "west" : "east");
	for (size_t i = 0; i < COUNT_OF(place->steps) && place->steps[i].host; i++) {
		const struct step *step = &place->steps[i];

		s->w->filter = step->filter;
		s->w->hold = step->hold;
		world_command(world_host(s->w, step->host), step->kind, step->name);
		world_settle(s->w);
	}
	s->sa = sa_in_state(s->host, place->state);
	s->peer = peer_sa(s->other, s->sa);
	s->serial = s->sa->serial;
	s->children = s->host->plane.sas_len;
	s->established = count_sas(s->host, IKE_ESTABLISHED);
	assert_non_null(s->peer);
	assert_int_equal(s->sa->window.ours != NULL, place->ours);
	assert_int_equal(s->sa->window.theirs != NULL, place->theirs);
	s->w->filter = lose_all;
	s->w->ctx = s->host;
	last_sent = (struct view){0};
}

/* Whatever happened: all that was ever made can be taken down, at both ends. */
static void leave(struct stage *s)
{
	s->w->filter = NULL;
	world_release(s->w);
	world_command(s->host, CMD_DELETE, "net");
	world_command(s->host, CMD_DELETE, "more");
	world_command(s->other, CMD_DELETE, "net");
	world_command(s->other, CMD_DELETE, "more");
	world_run(s->w, 300 * NSEC_PER_SEC);
	assert_planes_match(s->host, s->other, 0);
	assert_int_equal(count_sas(s->host, -1) + count_sas(s->other, -1), 0);
	assert_int_equal(s->host->plane.policies_len, 0);
	world_free(s->w);
}

/* ---- what must come of it ---- */

struct picture {
	uint8_t state;
	uint32_t next_in;
	const struct exchange *ours, *theirs;
	uint8_t phase;
	unsigned sent;
	size_t sas, plane;
	uint32_t half_open, established, children;
};

static struct picture picture_of(const struct stage *s)
{
	struct ike_sa *sa = sa_by_serial(s->host->ike, s->serial);
	struct ike_counts c = ike_counts(s->host->ike);
	struct picture p;

	memset(&p, 0, sizeof(p));
	p.sent = s->host->sent;
	p.sas = roster_len(&s->host->ike->sas);
	p.plane = s->host->plane.sas_len;
	p.half_open = c.half_open;
	p.established = c.established;
	p.children = c.children;
	if (!sa)
		return p;
	p.state = sa->state;
	p.next_in = sa->window.next_in;
	p.ours = sa->window.ours;
	p.theirs = sa->window.theirs;
	p.phase = p.ours ? p.ours->phase : 0;
	return p;
}

/* Whether the message is one that the SA waits for: else it must change nothing at all. */
static bool awaited(const struct stage *s, enum kind kind)
{
	const struct letter *l = &letters[kind];
	const struct exchange *x = s->sa->window.ours;

	if (l->response)
		return x && x->phase == PHASE_SENT && !s->place->computing &&
		       exchange_type_of(x->kind) == l->exchange;
	if (s->sa->window.theirs)
		return false;
	switch (s->sa->state) {
	case SA_R1:
		return l->exchange == X_IKE_AUTH;
	case SA_R1_EAP: /* whose client may give up */
		return l->exchange == X_IKE_AUTH || l->exchange == X_INFORMATIONAL;
	case SA_UP:
	case SA_REKEYED:
	case SA_DELETING:
		return l->exchange == X_CREATE_CHILD_SA || l->exchange == X_INFORMATIONAL;
	default:
		return false;
	}
}

/* Whether it answers what was asked: a child is no IKE SA. */
static bool beside_the_point(const struct stage *s, enum kind kind)
{
	const struct exchange *x = s->sa->window.ours;

	if (kind == IKE_ANSWER)
		return x->kind != EX_REKEY_IKE;
	return (kind == CHILD_ANSWER || kind == REKEY_ANSWER) && x->kind == EX_REKEY_IKE;
}

static uint16_t answered_error(const struct stage *s)
{
	struct letter l;
	uint16_t error;

	assert_true(last_sent.len > 0);
	l = letter_of(s->host, last_sent);
	error = letter_error(&l);
	letter_done(&l);
	return error;
}

static bool has_ended(const struct stage *s)
{
	struct ike_sa *sa = sa_by_serial(s->host->ike, s->serial);

	return !sa || sa->state == SA_GONE || sa->state == SA_DELETING;
}

/* An answer that comes after we have closed the SA matters no more, whatever it holds. */
static bool comes_late(const struct stage *s, enum kind kind)
{
	return s->place->state == SA_DELETING && letters[kind].exchange == X_CREATE_CHILD_SA &&
	       letters[kind].response;
}

/* Then the Delete that waited goes out. */
static void check_deletes(const struct stage *s)
{
	struct letter l;

	assert_int_equal(answered_error(s), 0);
	l = letter_of(s->host, last_sent);
	assert_true(letter_find(&l, PAYLOAD_DELETE) >= 0);
	letter_done(&l);
}

/* The whole SA is given up, and the peer told why. */
static void check_ended(const struct stage *s, enum kind kind)
{
	assert_true(has_ended(s));
	if (s->place->state != SA_REKEYED) /* whose children are its successor's */
		assert_int_equal(count_children(s->host), 0);
	if (!letters[kind].response) {
		uint16_t error = answered_error(s);

		assert_true(error == N_INVALID_SYNTAX || error == N_AUTHENTICATION_FAILED);
	}
}

/* Nothing more stands than before, and who asked was told so. */
static void check_refused(const struct stage *s, enum kind kind)
{
	assert_true(s->host->plane.sas_len <= s->children);
	/* RFC 7296 1.2: what is wrong with the child alone leaves the IKE SA. */
	if (kind != AUTH_ANSWER)
		assert_true(count_sas(s->host, IKE_ESTABLISHED) <= s->established);
	if (!letters[kind].response && letters[kind].exchange != X_INFORMATIONAL)
		assert_int_not_equal(answered_error(s), 0);
}

/* A message as it should be, be it in another order, ends no SA by its form. */
static void check_taken(const struct stage *s, enum kind kind)
{
	bool closes = s->place->state == SA_DELETING || kind == AUTH_REFUSAL ||
		      kind == IKE_ANSWER || /* its successor stands */
		      s->place->by_eap;     /* AUTH comes before EAP has come to its end */
	bool stands = s->place->state == SA_UP || s->place->state == SA_R1;
	uint16_t error;

	if (!closes)
		assert_false(has_ended(s));
	if (kind == IKE_ANSWER)
		assert_int_equal(count_sas(s->host, IKE_ESTABLISHED), 1);
	if (letters[kind].response)
		return;
	error = answered_error(s);
	/* RFC 7296 2.25: what crosses an exchange of ours may have to wait. */
	if (stands)
		assert_true(!error || (s->place->ours && error == N_TEMPORARY_FAILURE));
	else if (letters[kind].exchange == X_CREATE_CHILD_SA)
		assert_int_equal(error, N_TEMPORARY_FAILURE);
}

/* REKEY_SA names the child as this world has it. */
static void name_child(const struct stage *s, struct letter *l)
{
	struct child_info info;

	for (int i = 0; i < l->len; i++) {
		struct bytes *body = &l->payloads[i].body;

		if (l->payloads[i].type != PAYLOAD_NOTIFY || body->len != 8 ||
		    !ike_child_next(s->host->ike, 0, &info))
			continue;
		for (int k = 0; k < 4; k++)
			body->ptr[4 + k] = (uint8_t)(info.spi_out >> (24 - 8 * k));
	}
}

static void give(struct stage *s, struct letter *l)
{
	const struct exchange *x = s->sa->window.ours;
	uint32_t msgid = l->response && x ? x->msgid : s->sa->window.next_in;

	name_child(s, l);
	last_sent = (struct view){0};
	send_letter(s->host, s->peer, l, msgid);
	world_settle(s->w);
}

static void play(struct stage *s, enum kind kind, enum edit edit, unsigned way)
{
	uint8_t type = edit_type(kind, edit, way);
	bool wanted = awaited(s, kind), late = comes_late(s, kind);
	bool wrong = wanted && beside_the_point(s, kind);
	struct picture before = picture_of(s), after;
	struct letter l = letter_edited(kind, edit, way);

	test_row((size_t)kind, "%s: %s, %s %s", s->place->name, demands[kind].name,
		 edit_names[edit], type ? payload_name(type) : "");
	give(s, &l);
	letter_done(&l);
	after = picture_of(s);
	if (!wanted)
		assert_memory_equal(&before, &after, sizeof(before));
	else if (late && (edit == WHOLE || edit == REVERSED || edit == MISSING))
		check_deletes(s);
	else if ((wrong && edit == WHOLE) || edit_breaks(kind, edit, type))
		check_ended(s, kind);
	else if (edit_spoils(kind, edit, type))
		check_refused(s, kind);
	else if (!wrong && (edit == WHOLE || edit == REVERSED))
		check_taken(s, kind);
	if (memcmp(&before, &after, sizeof(before)) != 0) {
		const struct place *place = s->place;

		leave(s);
		enter(s, place);
	}
}

/* Who has proven nothing gets no IKE SA by having a half-open one rekeyed (CVE-2014-2338). */
static void test_rekey_proves_nothing(void **state)
{
	static const enum kind asks[] = {IKE_ASK, CHILD_ASK, REKEY_ASK};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++)
		for (size_t k = 0; k < COUNT_OF(asks); k++) {
			struct letter l = letter_edited(asks[k], WHOLE, 0);
			struct stage s;

			if (places[i].state != SA_R1 && places[i].state != SA_R1_EAP) {
				letter_done(&l);
				continue;
			}
			test_row(i, "%s: %s", places[i].name, demands[asks[k]].name);
			enter(&s, &places[i]);
			give(&s, &l);
			letter_done(&l);
			assert_int_equal(last_sent.len, 0);
			assert_int_equal(roster_len(&s.host->ike->sas), 1);
			assert_int_equal(s.sa->state, places[i].state);
			assert_int_equal(count_sas(s.host, IKE_ESTABLISHED), 0);
			assert_int_equal(count_children(s.host), 0);
			leave(&s);
		}
}

static void test_each_message_in_each_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct stage s;

		enter(&s, &places[i]);
		for (int kind = 0; kind < SEALED_KINDS; kind++)
			for (int edit = 0; edit < EDITS; edit++)
				for (unsigned way = 0; way < edit_ways(kind, edit); way++)
					play(&s, kind, edit, way);
		leave(&s);
	}
}

/* ---- in clear ---- */

/* The same letter without SK, under the SPIs of an SA (RFC 7296 2.21: nobody vouches for it). */
static struct view in_clear(const struct letter *l, struct ike_header h)
{
	static uint8_t storage[IKE_MESSAGE_MAX];
	struct builder b = builder_of(storage, sizeof(storage));
	struct chain c;

	h.exchange = l->exchange;
	h.response = l->response;
	c = message_begin(&b, &h);
	for (size_t i = 0; i < l->len; i++) {
		chain_payload(&c, l->payloads[i].type);
		build_view(&b, view_bytes(&l->payloads[i].body));
	}
	return message_end(&c);
}

static struct ike_header header_of(const struct stage *s, const struct letter *l)
{
	const struct exchange *x = s->sa->window.ours;
	struct ike_header h = {.spi_i = sa_spi_i(s->sa),
			       .spi_r = sa_spi_r(s->sa),
			       .initiator = s->peer->initiator,
			       .msgid = l->response && x ? x->msgid : s->sa->window.next_in};

	return h;
}

/* docs/attacks.md P28: deletes, errors and all else that is not sealed change nothing in any state. */
static void test_in_clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct stage s;
		struct picture before, after;

		enter(&s, &places[i]);
		before = picture_of(&s);
		for (int kind = 0; kind < KINDS; kind++) {
			if (kind == INIT_ASK)
				continue; /* a stranger may begin at any time */
			test_row((size_t)kind, "%s: %s", s.place->name, demands[kind].name);
			deliver_from(s.host, s.peer,
				     in_clear(&letters[kind], header_of(&s, &letters[kind])));
			world_settle(s.w);
			after = picture_of(&s);
			assert_memory_equal(&before, &after, sizeof(before));
		}
		leave(&s);
	}
}

/* Fragments (RFC 7383) that nobody sealed change nothing, and nothing of them is kept. */
static void test_fragments(void **state)
{
	static const uint8_t exchanges[] = {X_IKE_AUTH, X_CREATE_CHILD_SA, X_INFORMATIONAL};
	static const char *const bodies[] = {
		"00010001" X16 X16, "00010002" X16 X16, "00020002" X16 X16, "00010000" X16,
		"00000001" X16,     "0001ffff" X16,     "00020001" X16,     "0001",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct stage s;
		struct picture before, after;

		enter(&s, &places[i]);
		before = picture_of(&s);
		for (size_t k = 0; k < COUNT_OF(bodies) * COUNT_OF(exchanges) * 2; k++) {
			struct letter l = {.exchange = exchanges[k / 2 % COUNT_OF(exchanges)],
					   .response = k & 1};

			test_row(k, "%s: %s", s.place->name,
				 bodies[k / 2 / COUNT_OF(exchanges)]);
			letter_add(&l, PAYLOAD_SKF,
				   test_hex(bodies[k / 2 / COUNT_OF(exchanges)]));
			deliver_from(s.host, s.peer, in_clear(&l, header_of(&s, &l)));
			letter_done(&l);
			world_settle(s.w);
			after = picture_of(&s);
			assert_memory_equal(&before, &after, sizeof(before));
		}
		leave(&s);
	}
}

/* ---- IKE_SA_INIT ---- */

struct forgery {
	enum kind kind;
	enum edit edit;
	unsigned way;
	bool done;
};

/* Put the edit in place of the datagram, or, of an answer, before it. */
static bool forge(struct world *w, struct flight *f)
{
	struct forgery *forgery = w->ctx;
	struct node *to = world_host(w, forgery->kind == INIT_ASK ? "east" : "west");
	struct letter l;
	struct ike_header h;
	struct event ev = {.kind = EV_DATAGRAM};

	if (f->from == to || f->data.ptr[18] != X_IKE_SA_INIT || forgery->done)
		return true;
	forgery->done = forgery->kind == INIT_ANSWER;
	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	l = letter_edited(forgery->kind, forgery->edit, forgery->way);
	ev.datagram.local = f->remote;
	ev.datagram.remote = f->local;
	ev.datagram.data = in_clear(&l, h);
	world_event(to, &ev);
	letter_done(&l);
	return forgery->kind == INIT_ANSWER;
}

static void ask_badly(struct forgery *forgery, bool broken)
{
	struct world *w = matrix_world(false);
	struct node *east = world_host(w, "east");

	w->filter = forge;
	w->ctx = forgery;
	world_command(world_host(w, "west"), CMD_UP, "net");
	world_settle(w);
	if (broken) {
		assert_true(east->sent <= 1);
		/* A public value of no use counts among the half-open for ten seconds. */
		assert_int_equal(count_sas(east, IKE_ESTABLISHED), 0);
		w->filter = world_loses_all;
		world_run(w, 11 * NSEC_PER_SEC);
		assert_int_equal(count_sas(east, -1), 0);
		assert_true(east->sent <= 1);
	}
	world_free(w);
}

/* What anyone may have written before the true answer came must not keep it out. */
static void answer_badly(struct forgery *forgery, bool broken)
{
	struct world *w = matrix_world(false);
	struct node *west = world_host(w, "west");
	uint64_t up;

	w->filter = forge;
	w->ctx = forgery;
	up = world_command(west, CMD_UP, "net");
	world_run(w, NSEC_PER_SEC); /* a public value of no use costs one retransmission */
	if (broken)
		assert_int_equal(world_result(west, up), RC_SUCCESS);
	world_free(w);
}

static void test_init(void **state)
{
	(void)state;
	for (int kind = INIT_ASK; kind <= INIT_ANSWER; kind++)
		for (int edit = 0; edit < EDITS; edit++)
			for (unsigned way = 0; way < edit_ways(kind, edit); way++) {
				struct forgery f = {(enum kind)kind, (enum edit)edit, way,
						    false};
				uint8_t type = edit_type(kind, edit, way);
				bool bad = edit_breaks(kind, edit, type) ||
					   edit_spoils(kind, edit, type);

				test_row((size_t)kind, "%s, %s %s", demands[kind].name,
					 edit_names[edit], type ? payload_name(type) : "");
				if (kind == INIT_ASK)
					ask_badly(&f, bad);
				else
					answer_badly(&f, bad);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_in_each_state),
		cmocka_unit_test(test_rekey_proves_nothing),
		cmocka_unit_test(test_in_clear),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_init),
	};

	return cmocka_run_group_tests_name("ike/matrix", tests, letters_collect, letters_drop);
}
