/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/notify.h"

#include "base/reader.h"
#include "wire/refuse.h"

#include <assert.h>
#include <stdio.h>

static const struct rule bad_notify = {CYG_MALFORMED, "malformed-notify", "RFC 7296 3.10"};
static const struct rule bad_delete = {CYG_MALFORMED, "malformed-delete", "RFC 7296 3.11"};
static const struct rule unknown_delete = {CYG_UNSUPPORTED, "unknown-protocol",
					   "RFC 7296 3.11"};

#define CHILD_SPI_LEN 4

static bool is_child_protocol(uint8_t protocol)
{
	return protocol == PROTOCOL_AH || protocol == PROTOCOL_ESP;
}

static bool names_child(const struct notify_payload *n)
{
	return is_child_protocol(n->protocol) && n->spi.len == CHILD_SPI_LEN;
}

static enum cyg_err check_spi(const struct notify_payload *n, const struct notify_row *row,
			      size_t offset, struct diag *why)
{
	const struct rule broken = {CYG_MALFORMED, "malformed-notify", row->ref};
	bool right = row->spi == NOTIFY_SPI_NONE || names_child(n) ||
		     (row->spi == NOTIFY_SPI_MAYBE && n->spi.len == 0);

	if (right)
		return CYG_OK;
	return refuse(why, &broken, offset, "a notify names no child SA but must",
		      "protocol AH or ESP and an SPI of 4 octets",
		      "%s with protocol %u and %zu octets", row->name, n->protocol, n->spi.len);
}

static enum cyg_err check_data(const struct notify_payload *n, const struct notify_row *row,
			       size_t offset, struct diag *why)
{
	const struct rule broken = {CYG_MALFORMED, "malformed-notify", row->ref};
	char wanted[32];

	if (n->data.len >= row->len_min && n->data.len <= row->len_max)
		return CYG_OK;
	snprintf(wanted, sizeof(wanted), "%u to %u octets", row->len_min, row->len_max);
	return refuse(why, &broken, offset, "a notify's data has the wrong length", wanted,
		      "%s with %zu", row->name, n->data.len);
}

static enum cyg_err check_row(const struct notify_payload *n, size_t offset, struct diag *why)
{
	const struct notify_row *row = notify_row(n->type);
	enum cyg_err err;

	if (!row)
		return CYG_OK;
	err = check_spi(n, row, offset, why);
	return err ? err : check_data(n, row, offset, why);
}

enum cyg_err notify_parse(const struct payload *p, struct notify_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct notify_payload n;
	size_t spi_len;
	enum cyg_err err;

	n.protocol = read_u8(&r);
	spi_len = read_u8(&r);
	n.type = read_u16(&r);
	n.spi = read_view(&r, spi_len);
	n.data = read_rest(&r);
	if (r.bad)
		return refuse(why, &bad_notify, p->offset, "a notify is shorter than it says",
			      "4 octets and the SPI", "%zu octets with an SPI of %zu",
			      p->body.len, spi_len);
	if (spi_len != 0 && spi_len != 4 && spi_len != 8)
		return refuse(why, &bad_notify, p->offset,
			      "a notify has an SPI of impossible size", "0, 4 or 8 octets",
			      "%zu", spi_len);
	if (spi_len == 0)
		n.protocol = PROTOCOL_NONE; /* RFC 7296 3.10: ignored without an SPI */
	err = check_row(&n, p->offset, why);
	if (err)
		return err;
	*ret = n;
	return CYG_OK;
}

void notify_build(struct builder *b, const struct notify_payload *n)
{
	assert(n->spi.len == 0 || n->spi.len == 4 || n->spi.len == 8);
	assert(n->spi.len || n->protocol == PROTOCOL_NONE);
	build_u8(b, n->protocol);
	build_u8(b, (uint8_t)n->spi.len);
	build_u16(b, n->type);
	build_view(b, n->spi);
	build_view(b, n->data);
}

uint32_t notify_spi32(const struct notify_payload *n)
{
	struct reader r = reader_of(n->spi);

	return n->spi.len == CHILD_SPI_LEN ? read_u32(&r) : 0;
}

void chain_notify(struct chain *c, uint16_t type, struct view data)
{
	struct notify_payload n = {.type = type, .data = data};

	chain_payload(c, PAYLOAD_NOTIFY);
	notify_build(c->b, &n);
}

void chain_notify_child(struct chain *c, uint16_t type, uint8_t protocol, uint32_t spi,
			struct view data)
{
	assert(is_child_protocol(protocol));
	chain_payload(c, PAYLOAD_NOTIFY);
	build_u8(c->b, protocol);
	build_u8(c->b, CHILD_SPI_LEN);
	build_u16(c->b, type);
	build_u32(c->b, spi);
	build_view(c->b, data);
}

/*
 * Whether a type may stand in a message of `where`. Types without a row may: nobody asks for
 * them.
 */
static bool is_allowed(const struct notify_row *row, uint16_t where)
{
	return !row || row->in & where;
}

enum cyg_err message_check_notifies(const struct message *m, uint16_t where, struct diag *why)
{
	const struct payload *p = message_find(m, PAYLOAD_NOTIFY);
	uint8_t seen[NOTIFY_SLOTS] = {0};
	const struct notify_row *row;
	struct notify_payload n = {0};
	enum cyg_err err;

	for (; p; p = message_next(m, p)) {
		err = notify_parse(p, &n, why);
		if (err)
			return err;
		row = notify_row(n.type);
		if (!row || !is_allowed(row, where) || row->count_max == 0)
			continue;
		if (++seen[notify_slot(n.type)] > row->count_max)
			return refuse(why, &bad_notify, p->offset, "a notify is repeated",
				      "fewer of them", "%s once more", row->name);
	}
	return CYG_OK;
}

bool message_find_notify(const struct message *m, uint16_t where, uint16_t type,
			 struct notify_payload *ret)
{
	const struct payload *p = message_find(m, PAYLOAD_NOTIFY);
	struct notify_payload n = {0};

	if (!is_allowed(notify_row(type), where))
		return false;
	for (; p; p = message_next(m, p))
		if (notify_parse(p, &n, NULL) == CYG_OK && n.type == type) {
			*ret = n;
			return true;
		}
	return false;
}

bool message_find_error(const struct message *m, struct notify_payload *ret)
{
	const struct payload *p = message_find(m, PAYLOAD_NOTIFY);
	struct notify_payload n = {0};

	for (; p; p = message_next(m, p))
		if (notify_parse(p, &n, NULL) == CYG_OK && notify_is_error(n.type)) {
			*ret = n;
			return true;
		}
	return false;
}

static enum cyg_err check_delete(const struct delete_payload *d, size_t spi_len, size_t offset,
				 struct diag *why)
{
	size_t wanted_len = d->protocol == PROTOCOL_IKE ? 0 : CHILD_SPI_LEN;

	if (d->protocol != PROTOCOL_IKE && !is_child_protocol(d->protocol))
		return refuse(why, &unknown_delete, offset,
			      "a delete is for an unknown protocol", "IKE, AH or ESP", "%u",
			      d->protocol);
	if (spi_len != wanted_len || (d->protocol == PROTOCOL_IKE && d->count != 0))
		return refuse(why, &bad_delete, offset, "a delete has SPIs of the wrong size",
			      "none for IKE, 4 octets each for AH and ESP",
			      "%u of %zu octets for %s", d->count, spi_len,
			      protocol_name(d->protocol));
	if (d->spis.len != d->count * wanted_len)
		return refuse(why, &bad_delete, offset, "a delete's count and its SPIs differ",
			      "as many SPIs as are counted", "%zu octets for %u SPIs",
			      d->spis.len, d->count);
	return CYG_OK;
}

enum cyg_err delete_parse(const struct payload *p, struct delete_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct delete_payload d;
	size_t spi_len;
	enum cyg_err err;

	d.protocol = read_u8(&r);
	spi_len = read_u8(&r);
	d.count = read_u16(&r);
	d.spis = read_rest(&r);
	if (r.bad)
		return refuse(why, &bad_delete, p->offset, "a delete is too short",
			      "at least 4 octets", "%zu", p->body.len);
	err = check_delete(&d, spi_len, p->offset, why);
	if (err)
		return err;
	*ret = d;
	return CYG_OK;
}

void delete_build(struct builder *b, const struct delete_payload *d)
{
	size_t spi_len = d->protocol == PROTOCOL_IKE ? 0 : CHILD_SPI_LEN;

	assert(d->protocol == PROTOCOL_IKE || is_child_protocol(d->protocol));
	assert(d->spis.len == d->count * spi_len && (spi_len || !d->count));
	build_u8(b, d->protocol);
	build_u8(b, (uint8_t)spi_len);
	build_u16(b, d->count);
	build_view(b, d->spis);
}

uint32_t delete_spi(const struct delete_payload *d, size_t index)
{
	struct reader r = reader_of(d->spis);

	read_skip(&r, index * CHILD_SPI_LEN);
	return read_u32(&r);
}
