/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chain.h"

#include <assert.h>

/*
 * Where an octet or a region lies in the builder; only asked once all of it has been written.
 */
static uint8_t *at(const struct chain *c, size_t offset)
{
	return c->b->base + offset;
}

struct chain message_begin(struct builder *b, const struct ike_header *h)
{
	struct ike_header header = *h;
	struct chain c = {.b = b, .message_at = build_len(b)};

	header.next_payload = PAYLOAD_NONE;
	header.length = 0;
	c.next_at = c.message_at + IKE_HEADER_NEXT_AT;
	header_build(b, &header);
	return c;
}

struct chain chain_begin(struct builder *b)
{
	return (struct chain){.b = b, .message_at = build_len(b), .detached = true};
}

void chain_end(struct chain *c)
{
	if (c->is_open)
		build_close(c->b, c->open, 2);
	c->is_open = false;
}

void chain_payload(struct chain *c, uint8_t type)
{
	bool has_field = c->first != PAYLOAD_NONE || !c->detached;

	assert(type != PAYLOAD_NONE);
	chain_end(c);
	if (has_field && !c->b->bad)
		*at(c, c->next_at) = type;
	if (c->first == PAYLOAD_NONE)
		c->first = type;
	c->next_at = build_len(c->b);
	build_u8(c->b, PAYLOAD_NONE);
	build_u8(c->b, 0);
	c->open = build_hole16(c->b);
	c->is_open = true;
}

/* The length field of the message, once its end is known. */
static void close_message(struct chain *c)
{
	struct hole length = {.offset = c->message_at + IKE_HEADER_LENGTH_AT, .width = 4};

	assert(!c->detached);
	build_close(c->b, length, IKE_HEADER_LENGTH_AT);
}

struct view message_end(struct chain *c)
{
	chain_end(c);
	close_message(c);
	if (c->b->bad)
		return view_of(NULL, 0);
	return view_of(at(c, c->message_at), build_len(c->b) - c->message_at);
}
