/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

#include "base/reader.h"
#include "base/text.h"
#include "wire/refuse.h"

#include <assert.h>

/*
 * Identification. The data is checked as far as its type alone tells, so that
 * no identity with a NUL, a control character or a lying DER length reaches
 * the code that compares and prints names. What the name means is not asked.
 */

static const struct rule bad_id = {CYG_MALFORMED, "malformed-id", "RFC 7296 3.5"};
static const struct rule bad_null_id = {CYG_MALFORMED, "malformed-id", "RFC 7619 2.2"};
static const struct rule unknown_id = {CYG_UNSUPPORTED, "unknown-id-type", "RFC 7296 3.5"};

/* What is wrong with the data of one type, in words; NULL if nothing is. */
typedef const char *(*id_fault)(struct view data);

static const char *not_ipv4(struct view data)
{
	return data.len == 4 ? NULL : "4 octets";
}

static const char *not_ipv6(struct view data)
{
	return data.len == 16 ? NULL : "16 octets";
}

static const char *wrong_text_len(struct view data)
{
	return data.len >= 1 && data.len <= ID_TEXT_MAX ? NULL : "1 to 1024 octets of text";
}

static const char *not_fqdn(struct view data)
{
	for (size_t i = 0; i < data.len; i++)
		if (data.ptr[i] < 0x21 || data.ptr[i] > 0x7e)
			return "visible ASCII";
	return wrong_text_len(data);
}

static const char *not_mail(struct view data)
{
	if (wrong_text_len(data))
		return wrong_text_len(data);
	while (data.len) {
		size_t len = text_printable(data);

		if (len == 0)
			return "printable UTF-8";
		data = view_of(data.ptr + len, data.len - len);
	}
	return NULL;
}

/* Octets of content that a DER length announces; `r` is at the content then, or bad. */
static size_t read_der_len(struct reader *r)
{
	size_t len = read_u8(r), octets;

	if (len < 0x80)
		return len;
	octets = len & 0x7f; /* 0 is the indefinite form; more than 2 cannot fit */
	if (octets < 1 || octets > 2) {
		read_fail(r);
		return 0;
	}
	len = octets == 1 ? read_u8(r) : read_u16(r);
	if (len < (octets == 1 ? 0x80 : 0x100)) /* DER: the shortest form */
		read_fail(r);
	return len;
}

static const char *not_der_sequence(struct view data)
{
	struct reader r = reader_of(data);
	uint8_t tag = read_u8(&r);

	read_skip(&r, read_der_len(&r));
	return tag == 0x30 && read_done(&r) ? NULL : "one DER SEQUENCE";
}

static const char *not_filled(struct view data)
{
	return data.len ? NULL : "at least 1 octet";
}

static const char *not_null(struct view data)
{
	return data.len == 0 ? NULL : "no data";
}

static const id_fault faults[] = {
	[ID_TYPE_IPV4_ADDR] = not_ipv4,
	[ID_TYPE_FQDN] = not_fqdn,
	[ID_TYPE_RFC822_ADDR] = not_mail,
	[ID_TYPE_IPV6_ADDR] = not_ipv6,
	[ID_TYPE_DER_ASN1_DN] = not_der_sequence,
	[ID_TYPE_DER_ASN1_GN] = not_filled,
	[ID_TYPE_KEY_ID] = not_filled,
	[ID_TYPE_FC_NAME] = not_filled,
	[ID_TYPE_NULL] = not_null,
};

static id_fault fault_of(uint8_t type)
{
	return type < sizeof(faults) / sizeof(faults[0]) ? faults[type] : NULL;
}

enum cyg_err id_parse(const struct payload *p, struct id_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct id_payload id;
	const char *wanted;

	id.type = read_u8(&r);
	read_skip(&r, 3);
	id.data = read_rest(&r);
	if (r.bad)
		return refuse(why, &bad_id, p->offset, "the identity has no type",
			      "type and 3 reserved octets", "%zu octets", p->body.len);
	if (!fault_of(id.type))
		return refuse(why, &unknown_id, p->offset, "the identity is of an unknown type",
			      "a type from ID_IPV4_ADDR to ID_NULL", "%u", id.type);
	wanted = fault_of(id.type)(id.data);
	if (wanted)
		return refuse(why, id.type == ID_TYPE_NULL ? &bad_null_id : &bad_id, p->offset,
			      "the identity does not fit its type", wanted, "%zu octets of %s",
			      id.data.len, id_type_name(id.type));
	*ret = id;
	return CYG_OK;
}

void id_build(struct builder *b, const struct id_payload *id)
{
	assert(fault_of(id->type));
	build_u8(b, id->type);
	build_zero(b, 3);
	build_view(b, id->data);
}
