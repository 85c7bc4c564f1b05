/* SPDX-License-Identifier: Apache-2.0 */
/* Public key packets of OpenPGP, as keys of libcrypto. */
#include "base/builder.h"
#include "base/reader.h"
#include "base/text.h"
#include "trust/pgp.h"

#include <string.h>

#define TAG_PUBLIC_KEY 6
#define SPKI_MAX 256
#define RSA_MAX 4096 /* octets of exponent and modulus */

/* RFC 4880 9.1, RFC 6637 5, and EdDSA's number of old. */
enum { PGP_RSA = 1, PGP_RSA_SIGN = 3, PGP_ECDSA = 19, PGP_EDDSA = 22 };

/* Curves: the octets of the OBJECT IDENTIFIER, and what goes before a point to make a key of it. */
static const struct {
	uint8_t algorithm;
	const char *oid, *before;
	size_t point; /* octets, with the one in front */
} curves[] = {
	{PGP_ECDSA, "2a8648ce3d030107", "3059301306072a8648ce3d020106082a8648ce3d030107034200",
	 65},
	{PGP_ECDSA, "2b81040022", "3076301006072a8648ce3d020106052b81040022036200", 97},
	{PGP_ECDSA, "2b81040023", "30819b301006072a8648ce3d020106052b8104002303818600", 133},
	{PGP_EDDSA, "2b06010401da470f01", "302a300506032b6570032100", 33},
};

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	diag_set(why, "bad-openpgp", "RFC 4880 5.5.2", "%s", sentence);
	return err;
}

bool pgp_is_one(struct view octets)
{
	static const char armour[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	uint8_t first = octets.len ? octets.ptr[0] : 0;

	if (octets.len >= sizeof(armour) &&
	    memmem(octets.ptr, octets.len, armour, sizeof(armour) - 1))
		return true;
	/* A public key packet, with a length of the old or of the new form. */
	return (first & 0xfc) == (0x80 | TAG_PUBLIC_KEY << 2) ||
	       first == (0xc0 | TAG_PUBLIC_KEY);
}

/* RFC 4880 4.2: the body of the first packet; bad when it is no public key. */
static struct reader body_of(struct view packet)
{
	struct reader r = reader_of(packet);
	uint8_t tag = read_u8(&r);
	size_t len = 0;

	if (tag == (0xc0 | TAG_PUBLIC_KEY)) {
		uint8_t first = read_u8(&r);

		len = first < 192   ? first
		      : first < 224 ? (size_t)(first - 192) * 256 + read_u8(&r) + 192
				    : read_u32(&r);
	} else if ((tag & 0xfc) == (0x80 | TAG_PUBLIC_KEY << 2)) {
		len = (tag & 3) == 0   ? read_u8(&r)
		      : (tag & 3) == 1 ? read_u16(&r)
		      : (tag & 3) == 2 ? read_u32(&r)
				       : r.end - r.at;
	} else {
		r.bad = true;
	}
	return read_carve(&r, len);
}

static struct view read_mpi(struct reader *r)
{
	size_t bits = read_u16(r);

	return read_view(r, (bits + 7) / 8);
}

/* As RFC 3110 has it, which key_read_public takes. */
static enum cyg_err read_rsa(struct crypto *crypto, struct reader *r, struct key *ret,
			     struct diag *why)
{
	struct view n = read_mpi(r), e = read_mpi(r);
	uint8_t octets[RSA_MAX];

	if (r->bad || !e.len || e.len > 255 || !n.len || 1 + e.len + n.len > sizeof(octets))
		return refuse(why, CYG_MALFORMED, "its RSA key is cut short");
	octets[0] = (uint8_t)e.len;
	memcpy(octets + 1, e.ptr, e.len);
	memcpy(octets + 1 + e.len, n.ptr, n.len);
	return key_read_public(crypto, view_of(octets, 1 + e.len + n.len), ret, why);
}

static enum cyg_err read_curve(struct crypto *crypto, uint8_t algorithm, struct reader *r,
			       struct key *ret, struct diag *why)
{
	struct view oid = read_view(r, read_u8(r)), point = read_mpi(r);
	bool ed = algorithm == PGP_EDDSA;

	for (size_t i = 0; !r->bad && i < sizeof(curves) / sizeof(curves[0]); i++) {
		uint8_t want[16], spki[SPKI_MAX];
		size_t want_len, before;

		if (curves[i].algorithm != algorithm || curves[i].point != point.len ||
		    !hex_decode(curves[i].oid, want, sizeof(want), &want_len) ||
		    !view_equal(oid, view_of(want, want_len)) ||
		    !hex_decode(curves[i].before, spki, sizeof(spki) - 140, &before) ||
		    point.ptr[0] != (ed ? 0x40 : 0x04))
			continue;
		/* EdDSA's octet in front only says that the rest is the key itself. */
		memcpy(spki + before, point.ptr + ed, point.len - ed);
		return key_read_public(crypto, view_of(spki, before + point.len - ed), ret,
				       why);
	}
	if (r->bad)
		return refuse(why, CYG_MALFORMED, "its key is cut short");
	return refuse(why, CYG_UNSUPPORTED, "its curve is not used in IKE");
}

enum cyg_err pgp_read_packet(struct crypto *crypto, struct view packet, struct key *ret,
			     int64_t *ret_created, struct diag *why)
{
	struct reader r = body_of(packet);
	uint8_t version = read_u8(&r);
	uint32_t created = read_u32(&r);
	uint8_t algorithm = read_u8(&r);
	enum cyg_err err;

	if (r.bad)
		return refuse(why, CYG_MALFORMED, "it is no public key of OpenPGP");
	if (version != 4)
		return refuse(why, CYG_UNSUPPORTED,
			      "keys of OpenPGP of another version than 4");
	if (algorithm == PGP_RSA || algorithm == PGP_RSA_SIGN)
		err = read_rsa(crypto, &r, ret, why);
	else if (algorithm == PGP_ECDSA || algorithm == PGP_EDDSA)
		err = read_curve(crypto, algorithm, &r, ret, why);
	else
		err = refuse(why, CYG_UNSUPPORTED,
			     "keys of this algorithm are not used in IKE");
	if (!err)
		*ret_created = created;
	return err;
}
