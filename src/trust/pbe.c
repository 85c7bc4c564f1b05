/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pbe.h"

#include "base/der.h"

#include <string.h>

#define HINT "openssl pkcs8 -topk8 -in FILE -out NEW  writes the key anew, with 2,048 rounds"

static const uint8_t pbes2[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
static const uint8_t scrypt[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b};

static bool is_oid(struct reader oid, const uint8_t *want, size_t len)
{
	struct view v = read_rest(&oid);

	return v.len == len && !memcmp(v.ptr, want, len);
}

/* The next INTEGER; UINT64_MAX when it is negative or larger. */
static uint64_t take_number(struct reader *r)
{
	struct reader content = der_enter(r, DER_INTEGER);
	struct view v = read_rest(&content);
	uint64_t n = 0;

	if (v.len > 8 || (v.len && v.ptr[0] & 0x80))
		return UINT64_MAX;
	for (size_t i = 0; i < v.len; i++)
		n = n << 8 | v.ptr[i];
	return n;
}

static enum cyg_err check_rounds(struct reader params, struct diag *why)
{
	uint64_t rounds;

	der_enter(&params, DER_OCTET_STRING); /* salt */
	rounds = take_number(&params);
	if (params.bad)
		return CYG_MALFORMED;
	if (rounds <= PBE_ROUNDS_MAX)
		return CYG_OK;
	diag_set(why, "slow-key", "RFC 8018 A.2", "its passphrase would be hashed too often");
	diag_wanted(why, "%d rounds at most", PBE_ROUNDS_MAX);
	if (rounds == UINT64_MAX)
		diag_got(why, "a number that is none, or larger than 64 bits");
	else
		diag_got(why, "%llu rounds", (unsigned long long)rounds);
	diag_hint(why, HINT);
	return CYG_LIMIT;
}

static enum cyg_err check_scrypt(struct reader params, struct diag *why)
{
	uint64_t n, r, p;

	der_enter(&params, DER_OCTET_STRING); /* salt */
	n = take_number(&params);
	r = take_number(&params);
	p = take_number(&params);
	if (params.bad)
		return CYG_MALFORMED;
	/* Each is bounded before they are multiplied. */
	if (n <= PBE_SCRYPT_OCTETS_MAX && r <= PBE_SCRYPT_OCTETS_MAX / 128 &&
	    p <= PBE_SCRYPT_OCTETS_MAX / 128 &&
	    128 * r * (n + p + 2) <= PBE_SCRYPT_OCTETS_MAX &&
	    128 * n * r * p <= PBE_SCRYPT_WORK_MAX)
		return CYG_OK;
	diag_set(why, "slow-key", "RFC 7914 2",
		 "its passphrase would be hashed by scrypt too often, or with too much memory");
	diag_wanted(why, "128 r (N + p + 2) of %lu octets at most, 128 N r p of %llu",
		    PBE_SCRYPT_OCTETS_MAX, (unsigned long long)PBE_SCRYPT_WORK_MAX);
	diag_got(why, "N %llu, r %llu, p %llu", (unsigned long long)n, (unsigned long long)r,
		 (unsigned long long)p);
	diag_hint(why, HINT);
	return CYG_LIMIT;
}

static enum cyg_err check_pbes2(struct reader params, struct diag *why)
{
	struct reader kdf = der_enter(&params, DER_SEQUENCE);
	struct reader oid = der_enter(&kdf, DER_OID);
	struct reader own = der_enter(&kdf, DER_SEQUENCE);

	if (params.bad || kdf.bad)
		return CYG_MALFORMED;
	return is_oid(oid, scrypt, sizeof(scrypt)) ? check_scrypt(own, why)
						   : check_rounds(own, why);
}

enum cyg_err pbe_check(struct reader algorithm, struct diag *why)
{
	struct reader oid, params;
	enum cyg_err err;

	if (der_peek(&algorithm) != DER_OID)
		return CYG_OK;
	oid = der_enter(&algorithm, DER_OID);
	params = der_enter(&algorithm, DER_SEQUENCE);
	if (algorithm.bad)
		err = CYG_MALFORMED;
	else if (is_oid(oid, pbes2, sizeof(pbes2)))
		err = check_pbes2(params, why);
	else
		err = check_rounds(params, why);
	if (err == CYG_MALFORMED)
		diag_set(why, "slow-key", "RFC 8018 A",
			 "how its passphrase is hashed can't be read");
	return err;
}
