/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as tokens have them: attributes, of which a SubjectPublicKeyInfo (RFC 5280 4.1) is made. */
#include "base/builder.h"
#include "base/der.h"
#include "token/token_private.h"

#include <string.h>

#define PUBLIC_MAX 4096 /* octets of one: RSA of 16,384 bits has 2,100 */

/* ---- DER, from the inside out: each piece is made before what holds it ---- */

/* One element round these pieces; bad in `b` when it does not fit. Returns its octets. */
static struct view wrap(struct builder *b, uint8_t tag, const struct view *pieces, size_t n)
{
	const uint8_t *start = b->at;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += pieces[i].len;
	build_u8(b, tag);
	if (len >= 0x100) {
		build_u8(b, 0x82);
		build_u16(b, (uint16_t)len);
	} else {
		if (len >= 0x80)
			build_u8(b, 0x81);
		build_u8(b, (uint8_t)len);
	}
	for (size_t i = 0; i < n; i++)
		build_view(b, pieces[i]);
	return b->bad || len > UINT16_MAX ? (struct view){0}
					  : view_of(start, (size_t)(b->at - start));
}

/* A number as tokens have it, big-endian and perhaps with zeroes in front, as INTEGER. */
static struct view integer(struct builder *b, struct view n)
{
	struct view pieces[2] = {view_of("\0", 1), n};

	while (n.len && !*n.ptr) {
		n.ptr++;
		n.len--;
	}
	pieces[1] = n;
	/* A first bit that is set would make it negative; none at all is zero. */
	return n.len && *n.ptr < 0x80 ? wrap(b, DER_INTEGER, pieces + 1, 1)
				      : wrap(b, DER_INTEGER, pieces, 2);
}

static struct bytes finish(struct builder *b, struct view algorithm, struct view key)
{
	struct view bits[2] = {view_of("\0", 1), key};
	struct view parts[2] = {algorithm, wrap(b, DER_BIT_STRING, bits, 2)};
	struct view whole = wrap(b, DER_SEQUENCE, parts, 2);
	struct bytes ret = {0};

	if (!algorithm.len || !key.len || !parts[1].len || !whole.len ||
	    !bytes_copy(&ret, whole))
		return (struct bytes){0};
	return ret;
}

/* ---- kinds of keys ---- */

static struct bytes rsa_public(struct view modulus, struct view exponent)
{
	static const char algorithm[] =
		"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05";
	uint8_t storage[3 * PUBLIC_MAX];
	struct builder b = builder_of(storage, sizeof(storage));
	struct view numbers[2];

	if (!modulus.len || !exponent.len || modulus.len + exponent.len > PUBLIC_MAX)
		return (struct bytes){0};
	numbers[0] = integer(&b, modulus);
	numbers[1] = integer(&b, exponent);
	/* The NULL of its parameters has two octets, of which the second is the text's end. */
	return finish(&b, view_of(algorithm, sizeof(algorithm)),
		      wrap(&b, DER_SEQUENCE, numbers, 2));
}

/* CKA_EC_POINT is an OCTET STRING that holds the point; some tokens have the point alone. */
static struct view point_in(struct view v)
{
	struct reader r = reader_of(v);
	struct reader in = der_enter(&r, DER_OCTET_STRING);

	return read_done(&r) ? read_rest(&in) : v;
}

/* A curve's name, or those of Edwards curves, which PKCS #11 3.0 also knows by printed ones. */
static struct bytes ec_public(bool edwards, struct view params, struct view point)
{
	static const char ec[] = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
	uint8_t storage[3 * PUBLIC_MAX];
	struct builder b = builder_of(storage, sizeof(storage));
	struct view parts[2] = {view_of(ec, sizeof(ec) - 1), params};

	point = point_in(point);
	if (!params.len || !point.len || params.len + point.len > PUBLIC_MAX)
		return (struct bytes){0};
	if (edwards) {
		static const char id_ed25519[] = "\x06\x03\x2b\x65\x70",
				  id_ed448[] = "\x06\x03\x2b\x65\x71";
		bool is_448 = point.len == 57;

		parts[0] = view_of(is_448 ? id_ed448 : id_ed25519, 5);
		return finish(&b, wrap(&b, DER_SEQUENCE, parts, 1), point);
	}
	return finish(&b, wrap(&b, DER_SEQUENCE, parts, 2), point);
}

struct bytes token_public_of(const struct token_place *p, CK_SESSION_HANDLE s,
			     CK_OBJECT_HANDLE o)
{
	struct bytes type = token_value(p, s, o, CKA_KEY_TYPE);
	struct bytes a = {0}, b = {0}, ret = {0};
	CK_KEY_TYPE kind = CKK_VENDOR_DEFINED;

	if (type.len == sizeof(kind))
		memcpy(&kind, type.ptr, sizeof(kind));
	bytes_done(&type);
	if (kind == CKK_RSA) {
		a = token_value(p, s, o, CKA_MODULUS);
		b = token_value(p, s, o, CKA_PUBLIC_EXPONENT);
		ret = rsa_public(view_bytes(&a), view_bytes(&b));
	} else if (kind == CKK_EC || kind == CKK_EC_EDWARDS) {
		a = token_value(p, s, o, CKA_EC_PARAMS);
		b = token_value(p, s, o, CKA_EC_POINT);
		ret = ec_public(kind == CKK_EC_EDWARDS, view_bytes(&a), view_bytes(&b));
	}
	bytes_done(&a);
	bytes_done(&b);
	return ret;
}
