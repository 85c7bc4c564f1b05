/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sa.h"

#include <assert.h>

/*
 * Writing SA payloads. Marks, lengths and counts that depend on what follows
 * are filled in when it follows: a proposal is "the last" until another comes.
 */

#define MORE_PROPOSALS 2
#define MORE_TRANSFORMS 3
#define TRANSFORMS_AT 7 /* count of transforms in a proposal */
#define SHORT_FORM 0x8000

/* Correct an octet that was written before. */
static void patch(struct sa_builder *s, size_t offset, uint8_t value)
{
	if (!s->b->bad)
		s->b->base[offset] = value;
}

struct sa_builder sa_begin(struct builder *b)
{
	return (struct sa_builder){.b = b};
}

static void close_proposal(struct sa_builder *s)
{
	assert(s->transforms);
	build_close(s->b, s->proposal_len, 2);
	patch(s, s->proposal_at + TRANSFORMS_AT, s->transforms);
}

void sa_add_proposal(struct sa_builder *s, uint8_t number, uint8_t protocol, struct view spi)
{
	assert(number && (spi.len == 0 || spi.len == 4 || spi.len == 8));
	if (s->any) {
		close_proposal(s);
		patch(s, s->proposal_at, MORE_PROPOSALS);
	}
	s->any = true;
	s->number = number;
	s->transforms = 0;
	s->proposal_at = build_len(s->b);
	build_u16(s->b, 0);
	s->proposal_len = build_hole16(s->b);
	build_u8(s->b, number);
	build_u8(s->b, protocol);
	build_u8(s->b, (uint8_t)spi.len);
	build_u8(s->b, 0);
	build_view(s->b, spi);
}

void sa_add_transform(struct sa_builder *s, uint8_t type, uint16_t id, uint16_t key_bits)
{
	struct hole len;

	assert(s->any && s->transforms < UINT8_MAX);
	if (s->transforms)
		patch(s, s->transform_at, MORE_TRANSFORMS);
	s->transforms++;
	s->transform_at = build_len(s->b);
	build_u16(s->b, 0);
	len = build_hole16(s->b);
	build_u8(s->b, type);
	build_u8(s->b, 0);
	build_u16(s->b, id);
	if (key_bits) {
		build_u16(s->b, SHORT_FORM | ATTRIBUTE_KEY_LENGTH);
		build_u16(s->b, key_bits);
	}
	build_close(s->b, len, 2);
}

void sa_end(struct sa_builder *s)
{
	assert(s->any);
	close_proposal(s);
}

void sa_build(struct builder *b, const struct sa_list *list)
{
	struct sa_builder s = sa_begin(b);

	for (size_t i = 0; i < list->proposals_len; i++) {
		const struct sa_proposal *p = &list->proposals[i];
		const struct sa_transform *t = &list->transforms[list->first[i]];

		sa_add_proposal(&s, p->number, p->protocol, p->spi);
		for (const struct sa_transform *end = t + p->transforms; t < end; t++)
			sa_add_transform(&s, t->type, t->id, t->key_bits);
	}
	sa_end(&s);
}
