/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/matrix.h"

#include <string.h>

#define T(...)                 \
	{                      \
		__VA_ARGS__, 0 \
	}

const struct demand demands[KINDS] = {
	[AUTH_ASK] = {"IKE_AUTH request",
		      T(PAYLOAD_IDI, PAYLOAD_AUTH, PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR),
		      T(PAYLOAD_IDR), T(PAYLOAD_EAP)},
	[AUTH_ANSWER] = {"IKE_AUTH answer",
			 T(PAYLOAD_IDR, PAYLOAD_AUTH, PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR),
			 {0},
			 T(PAYLOAD_EAP)},
	[AUTH_REFUSAL] = {"IKE_AUTH refusal",
			  T(PAYLOAD_NOTIFY),
			  {0},
			  T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_TSI, PAYLOAD_TSR)},
	[CHILD_ASK] = {"request for a child",
		       T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR), T(PAYLOAD_KE),
		       T(PAYLOAD_AUTH)},
	[REKEY_ASK] = {"request to rekey a child",
		       T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR), T(PAYLOAD_KE),
		       T(PAYLOAD_AUTH)},
	[IKE_ASK] = {"request to rekey the IKE SA",
		     T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE),
		     {0},
		     T(PAYLOAD_AUTH, PAYLOAD_TSI, PAYLOAD_TSR)},
	[CHILD_ANSWER] = {"answer with a child",
			  T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR), T(PAYLOAD_KE),
			  T(PAYLOAD_AUTH)},
	[REKEY_ANSWER] = {"answer to the rekey of a child",
			  T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR), T(PAYLOAD_KE),
			  T(PAYLOAD_AUTH)},
	[IKE_ANSWER] = {"answer to the rekey of the IKE SA",
			T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE),
			{0},
			T(PAYLOAD_AUTH, PAYLOAD_TSI, PAYLOAD_TSR)},
	[CHILD_REFUSAL] = {"refusal of a child",
			   T(PAYLOAD_NOTIFY),
			   {0},
			   T(PAYLOAD_KE, PAYLOAD_TSI, PAYLOAD_TSR, PAYLOAD_AUTH)},
	[INFO_ASK] = {"INFORMATIONAL request",
		      {0},
		      T(PAYLOAD_CP),
		      T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_AUTH, PAYLOAD_TSI, PAYLOAD_TSR)},
	[INFO_ANSWER] = {"INFORMATIONAL answer",
			 {0},
			 T(PAYLOAD_CP),
			 T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_AUTH, PAYLOAD_TSI, PAYLOAD_TSR)},
	[INIT_ASK] = {"IKE_SA_INIT request",
		      T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE),
		      {0},
		      T(PAYLOAD_AUTH, PAYLOAD_SK, PAYLOAD_SKF)},
	[INIT_ANSWER] = {"IKE_SA_INIT answer",
			 T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE),
			 {0},
			 T(PAYLOAD_AUTH, PAYLOAD_SK, PAYLOAD_SKF)},
};

struct letter letters[KINDS];

static bool among(const uint8_t *types, uint8_t type)
{
	return strchr((const char *)types, type) != NULL;
}

/* ---- the messages, as honest ends wrote them ---- */

struct world *matrix_world(bool by_eap)
{
	struct world *w = by_eap ? world_pair_by_eap(120) : world_pair(120);

	world_load_more(w);
	return w;
}

static bool for_ike(const struct letter *l)
{
	int at = letter_find(l, PAYLOAD_SA);

	return at >= 0 && l->payloads[at].body.ptr[5] == PROTOCOL_IKE;
}

static bool rekeys(const struct letter *l)
{
	for (int i = 0; i < l->len; i++) {
		struct view body = view_bytes(&l->payloads[i].body);

		if (l->payloads[i].type == PAYLOAD_NOTIFY &&
		    (body.ptr[2] << 8 | body.ptr[3]) == N_REKEY_SA)
			return true;
	}
	return false;
}

static enum kind kind_of(const struct letter *l)
{
	switch (l->exchange) {
	case X_IKE_SA_INIT:
		return l->response ? INIT_ANSWER : INIT_ASK;
	case X_IKE_AUTH:
		return l->response ? AUTH_ANSWER : AUTH_ASK;
	case X_INFORMATIONAL:
		return l->response ? INFO_ANSWER : INFO_ASK;
	default:
		if (for_ike(l))
			return l->response ? IKE_ANSWER : IKE_ASK;
		if (l->response)
			return letters[REKEY_ANSWER].len ? CHILD_ANSWER : REKEY_ANSWER;
		return rekeys(l) ? REKEY_ASK : CHILD_ASK;
	}
}

/* What west says, and east as long as there is no IKE SA: the first of each kind. */
static bool collect(struct world *w, struct flight *f)
{
	struct letter l = letter_of(f->from, view_bytes(&f->data));
	enum kind kind = kind_of(&l);

	if (letters[kind].exchange || (f->from != world_host(w, "west") &&
				       l.exchange != X_IKE_SA_INIT && l.exchange != X_IKE_AUTH))
		letter_done(&l);
	else
		letters[kind] = l;
	return true;
}

static struct letter refusal(uint8_t exchange, uint16_t notify)
{
	uint8_t body[] = {0, 0, (uint8_t)(notify >> 8), (uint8_t)notify};
	struct letter l = {.exchange = exchange, .response = true, .len = 1};

	l.payloads[0].type = PAYLOAD_NOTIFY;
	assert_true(bytes_copy(&l.payloads[0].body, view_of(body, sizeof(body))));
	return l;
}

int letters_collect(void **state)
{
	static const struct {
		const char *host;
		enum command_kind kind;
		const char *name;
	} life[] = {
		{"west", CMD_UP, "net"},          {"west", CMD_UP, "more"},
		{"west", CMD_REKEY_CHILD, "net"}, {"east", CMD_REKEY_CHILD, "net"},
		{"west", CMD_REKEY_IKE, "net"},   {"east", CMD_REKEY_IKE, "net"},
		{"west", CMD_DOWN, "more"},       {"east", CMD_UP, "more"},
	};
	struct world *w = matrix_world(false);

	(void)state;
	w->filter = collect;
	for (size_t i = 0; i < COUNT_OF(life); i++) {
		world_command(world_host(w, life[i].host), life[i].kind, life[i].name);
		world_settle(w);
	}
	letters[AUTH_REFUSAL] = refusal(X_IKE_AUTH, N_AUTHENTICATION_FAILED);
	letters[CHILD_REFUSAL] = refusal(X_CREATE_CHILD_SA, N_TEMPORARY_FAILURE);
	for (int kind = 0; kind < KINDS; kind++) {
		test_row((size_t)kind, "%s", demands[kind].name);
		assert_int_not_equal(letters[kind].exchange, 0);
	}
	world_free(w);
	return 0;
}

int letters_drop(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++)
		letter_done(&letters[kind]);
	return 0;
}

/* ---- changing them ---- */

const char *const edit_names[EDITS] = {"whole",   "reversed", "without", "with two",
				       "emptied", "cut",      "with a"};

void letter_add(struct letter *to, uint8_t type, struct view body)
{
	to->payloads[to->len].type = type;
	assert_true(bytes_copy(&to->payloads[to->len].body, body));
	to->len++;
}

unsigned edit_ways(enum kind kind, enum edit edit)
{
	switch (edit) {
	case WHOLE:
	case REVERSED:
		return 1;
	case ADDED:
		return (unsigned)strlen((const char *)demands[kind].never);
	default:
		return letters[kind].len;
	}
}

struct letter letter_edited(enum kind kind, enum edit edit, unsigned way)
{
	const struct letter *l = &letters[kind];
	struct letter out = {.exchange = l->exchange, .response = l->response};

	for (unsigned i = 0; i < l->len; i++) {
		unsigned at = edit == REVERSED ? l->len - 1u - i : i;
		struct view body = view_bytes(&l->payloads[at].body);

		if (i == way && edit == MISSING)
			continue;
		if (i == way && edit == EMPTIED)
			body.len = 0;
		if (i == way && edit == CUT && body.len)
			body.len--;
		letter_add(&out, l->payloads[at].type, body);
		if (i == way && edit == DOUBLED)
			letter_add(&out, l->payloads[at].type, body);
	}
	if (edit == ADDED)
		letter_add(&out, demands[kind].never[way], (struct view){0});
	return out;
}

uint8_t edit_type(enum kind kind, enum edit edit, unsigned way)
{
	if (edit == ADDED)
		return demands[kind].never[way];
	return edit == WHOLE || edit == REVERSED ? 0 : letters[kind].payloads[way].type;
}

bool edit_breaks(enum kind kind, enum edit edit, uint8_t type)
{
	switch (edit) {
	case MISSING:
		return among(demands[kind].must, type);
	case DOUBLED:
		return type != PAYLOAD_NOTIFY &&
		       (among(demands[kind].must, type) || among(demands[kind].once, type));
	case ADDED:
		return true;
	default:
		return false;
	}
}

bool edit_spoils(enum kind kind, enum edit edit, uint8_t type)
{
	return (edit == EMPTIED || (edit == CUT && type != PAYLOAD_NONCE)) &&
	       among(demands[kind].must, type);
}
