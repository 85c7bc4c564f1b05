/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "wire/chain.h"
#include "wire/header.h"
#include "wire/notify.h"

#define RESPONSE_FLAG 0x20

/*
 * RFC 7296 2.5: whoever speaks a greater major version is told ours, which the
 * reply's header carries. Only requests are answered, so that two hosts cannot
 * answer each other for ever. Flags of a version yet unknown are read as ours.
 */
bool version_reply_build(struct builder *b, struct view message)
{
	struct reader r = reader_of(message);
	struct ike_header reply = {.response = true};
	struct chain c;
	uint8_t flags;

	if (ike_version_of(message) != IKE_VERSION_NEWER)
		return false;
	reply.spi_i = read_u64(&r);
	reply.spi_r = read_u64(&r);
	read_skip(&r, 2); /* next payload and version */
	reply.exchange = read_u8(&r);
	flags = read_u8(&r);
	reply.msgid = read_u32(&r);
	if (flags & RESPONSE_FLAG)
		return false;
	c = message_begin(b, &reply);
	chain_notify(&c, N_INVALID_MAJOR_VERSION, view_of(NULL, 0));
	return message_end(&c).len > 0;
}
