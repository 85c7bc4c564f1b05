/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/entropy.h"

#include <endian.h>
#include <string.h>

/* The state stays in registers only where all of this becomes one function. */
#define INLINED static inline __attribute__((always_inline))

struct sip {
	uint64_t a, b, c, d;
};

bool hash_key_draw(const struct entropy *e, struct hash_key *ret)
{
	struct hash_key key;

	if (!entropy_fill(e, &key, sizeof(key)))
		return false;
	*ret = key;
	return true;
}

INLINED uint64_t rotate_left(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

INLINED void sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate_left(s->b, 13) ^ s->a;
	s->d = rotate_left(s->d, 16) ^ s->c;
	s->a = rotate_left(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate_left(s->b, 17) ^ s->c;
	s->d = rotate_left(s->d, 21) ^ s->a;
	s->c = rotate_left(s->c, 32);
}

INLINED void sip_absorb(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	sip_round(s);
	s->a ^= word;
}

/* Eight octets, least significant first; fewer. */
INLINED uint64_t load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

static uint64_t load_rest(const uint8_t *p, size_t len)
{
	uint64_t word = 0;

	while (len-- > 0)
		word = word << 8 | p[len];
	return word;
}

uint64_t hash_view(const struct hash_key *key, struct view v)
{
	/* The initial state spells "somepseudorandomlygeneratedbytes". */
	struct sip s = {
		.a = key->k[0] ^ UINT64_C(0x736f6d6570736575),
		.b = key->k[1] ^ UINT64_C(0x646f72616e646f6d),
		.c = key->k[0] ^ UINT64_C(0x6c7967656e657261),
		.d = key->k[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t whole = v.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8)
		sip_absorb(&s, load_word(v.ptr + i));
	/* The last word carries the length in its top octet, so that padding is no collision. */
	sip_absorb(&s, (uint64_t)v.len << 56 |
			       (v.len > whole ? load_rest(v.ptr + whole, v.len - whole) : 0));
	s.c ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
