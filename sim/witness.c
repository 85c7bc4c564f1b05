/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/witness.h"

#include "base/hash.h"
#include "base/reader.h"
#include "sim/machine.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define SK_AT (IKE_HEADER_LEN + 4)
#define FRAGMENT_NUMBERS_LEN 4

/* One fact: a key of numbers, and a value. */
struct fact {
	UT_hash_handle hh;
	struct fact_key {
		uint64_t kind, a, b, c, d;
	} key;
	uint64_t value;
};

enum fact_kind { FACT_DATAGRAM, FACT_MESSAGE, FACT_IV, FACT_IKE, FACT_SPI, FACT_SEQUENCE };

struct witness {
	struct fact *facts;
	struct hash_key key;
	unsigned ikes, spis;
};

struct witness *witness_new(void)
{
	struct witness *t = sim_alloc(sizeof(*t));

	t->key = (struct hash_key){{0x5157, 0x7717}};
	return t;
}

void witness_free(struct witness *t)
{
	struct fact *f, *next;

	HASH_ITER(hh, t->facts, f, next) {
		HASH_DEL(t->facts, f);
		free(f);
	}
	free(t);
}

static struct fact *find(const struct witness *t, const struct fact_key *key)
{
	struct fact *f;

	HASH_FIND(hh, t->facts, key, sizeof(*key), f);
	return f;
}

/* The fact of this key; *ret_known tells whether it was there. */
static struct fact *learn(struct witness *t, const struct fact_key *key, bool *ret_known)
{
	struct fact *f = find(t, key);

	*ret_known = f;
	if (f)
		return f;
	f = sim_alloc(sizeof(*f));
	f->key = *key;
	HASH_ADD(hh, t->facts, key, sizeof(f->key), f);
	if (!f->hh.tbl)
		exit(3);
	return f;
}

/* ---- IKE ---- */

/*
 * What is not protected belongs to no message window: first messages, which an
 * answer may make begin anew, answers without state, and answers to junk.
 */
static bool is_protected(const struct ike_header *h)
{
	return h->next_payload == PAYLOAD_SK || h->next_payload == PAYLOAD_SKF;
}

/* Number and total of a fragment in one; 0 for a whole message. */
static uint64_t fragment_of(const struct ike_header *h, struct view data)
{
	struct reader r = reader_of(data);

	read_skip(&r, SK_AT);
	return h->next_payload == PAYLOAD_SKF ? read_u32(&r) : 0;
}

static void check_message(struct world *w, const struct machine *from,
			  const struct ike_header *h, uint64_t fragment, uint64_t digest)
{
	struct fact_key key = {FACT_MESSAGE, h->spi_i, h->spi_r,
			       (uint64_t)h->msgid << 2 | (uint64_t)h->initiator << 1 |
				       h->response,
			       fragment};
	struct fact *f;
	bool known;

	f = learn(w->witness, &key, &known);
	if (!known)
		f->value = digest;
	world_expect(w, f->value == digest,
		     "%s sends two different %s with message ID %u of ike %u (RFC 7296 2.1)",
		     from->name, h->response ? "responses" : "requests", h->msgid,
		     witness_ike_number(w, h->spi_i));
}

static void check_iv(struct world *w, const struct machine *from, const struct ike_header *h,
		     struct view data, uint64_t digest)
{
	struct fact_key key = {FACT_IV, h->spi_i, h->spi_r ^ (h->initiator ? 1 : 0)};
	size_t at = SK_AT + (h->next_payload == PAYLOAD_SKF ? FRAGMENT_NUMBERS_LEN : 0);
	struct fact *f;
	bool known;

	if (data.len < at + sizeof(key.c))
		return;
	memcpy(&key.c, data.ptr + at, sizeof(key.c));
	f = learn(w->witness, &key, &known);
	if (!known)
		f->value = digest;
	world_expect(w, f->value == digest, "%s uses one IV twice under a key of ike %u",
		     from->name, witness_ike_number(w, h->spi_i));
}

unsigned witness_datagram(struct world *w, const struct machine *from, struct view data)
{
	uint64_t digest = hash_view(&w->witness->key, data);
	struct fact_key key = {FACT_DATAGRAM, digest, data.len, (uint64_t)(uintptr_t)from};
	struct ike_header h;
	struct fact *f;
	bool known;

	if (data.len >= IKE_HEADER_LEN && !header_parse(data, &h, NULL) && is_protected(&h)) {
		check_message(w, from, &h, fragment_of(&h, data), digest);
		check_iv(w, from, &h, data, digest);
	}
	f = learn(w->witness, &key, &known);
	return (unsigned)f->value++;
}

unsigned witness_ike_number(struct world *w, uint64_t spi_i)
{
	struct fact_key key = {FACT_IKE, spi_i};
	bool known;
	struct fact *f = learn(w->witness, &key, &known);

	if (!known)
		f->value = ++w->witness->ikes;
	return (unsigned)f->value;
}

/* ---- ESP ---- */

const char *witness_spi_name(struct world *w, uint32_t spi, char buf[8])
{
	struct fact_key key = {FACT_SPI, spi};
	bool known;
	struct fact *f = learn(w->witness, &key, &known);
	unsigned n;
	size_t at = 7;

	if (!known)
		f->value = ++w->witness->spis;
	buf[at] = 0;
	for (n = (unsigned)f->value; n && at; n = (n - 1) / 26)
		buf[--at] = (char)('a' + (n - 1) % 26);
	memmove(buf, buf + at, 8 - at);
	return buf;
}

static struct fact_key sequence_key(const struct world *w, const struct plane_sa *sa)
{
	uint64_t encr = hash_view(&w->witness->key, view_of(sa->encr_key, sa->encr_key_len));
	uint64_t integ = hash_view(&w->witness->key, view_of(sa->integ_key, sa->integ_key_len));

	return (struct fact_key){FACT_SEQUENCE, encr, integ, sa->spi};
}

uint64_t witness_sequence(const struct world *w, const struct plane_sa *sa)
{
	struct fact_key key = sequence_key(w, sa);
	struct fact *f = find(w->witness, &key);

	return f ? f->value : 0;
}

void witness_use(struct world *w, const struct plane_sa *sa, uint64_t sequence)
{
	struct fact_key key = sequence_key(w, sa);
	bool known;
	struct fact *f = learn(w->witness, &key, &known);

	world_expect(w, !known || f->value < sequence,
		     "sequence number %llu is used twice under one ESP key",
		     (unsigned long long)sequence);
	f->value = sequence;
}
