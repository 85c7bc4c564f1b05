/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/hostkey.h"


#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What libcrypto and ipsec.secrets call the numbers. */
static const struct {
	const char *param, *word;
} numbers[RSA_NUMBERS] = {
	[RSA_MODULUS] = {OSSL_PKEY_PARAM_RSA_N, "Modulus"},
	[RSA_PUBLIC_EXPONENT] = {OSSL_PKEY_PARAM_RSA_E, "PublicExponent"},
	[RSA_PRIVATE_EXPONENT] = {OSSL_PKEY_PARAM_RSA_D, "PrivateExponent"},
	[RSA_PRIME1] = {OSSL_PKEY_PARAM_RSA_FACTOR1, "Prime1"},
	[RSA_PRIME2] = {OSSL_PKEY_PARAM_RSA_FACTOR2, "Prime2"},
	[RSA_EXPONENT1] = {OSSL_PKEY_PARAM_RSA_EXPONENT1, "Exponent1"},
	[RSA_EXPONENT2] = {OSSL_PKEY_PARAM_RSA_EXPONENT2, "Exponent2"},
	[RSA_COEFFICIENT] = {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "Coefficient"},
};

EVP_PKEY *hostkey_make_rsa(unsigned bits)
{
	return EVP_RSA_gen(bits);
}

EVP_PKEY *hostkey_make_ec(unsigned bits)
{
	const char *curve = bits == 256 ? "P-256" : bits == 384 ? "P-384" : "P-521";

	if (bits != 256 && bits != 384 && bits != 521)
		return NULL;
	return EVP_EC_gen(curve);
}

void rsa_numbers_wipe(struct rsa_numbers *n)
{
	for (size_t i = 0; i < RSA_NUMBERS; i++)
		bytes_wipe(&n->number[i]);
}

static bool take_number(const EVP_PKEY *key, const char *param, struct bytes *ret)
{
	BIGNUM *bn = NULL;
	bool well = false;

	if (EVP_PKEY_get_bn_param(key, param, &bn)) {
		ret->len = (size_t)BN_num_bytes(bn);
		ret->ptr = malloc(ret->len + 1);
		well = ret->ptr && BN_bn2bin(bn, ret->ptr) == (int)ret->len;
	}
	BN_clear_free(bn);
	return well;
}

enum cyg_err hostkey_numbers(const EVP_PKEY *key, struct rsa_numbers *ret)
{
	struct rsa_numbers n = {0};

	if (!EVP_PKEY_is_a(key, "RSA"))
		return CYG_UNSUPPORTED;
	for (size_t i = 0; i < RSA_NUMBERS; i++) {
		if (!take_number(key, numbers[i].param, &n.number[i])) {
			rsa_numbers_wipe(&n);
			return CYG_NOMEM;
		}
	}
	*ret = n;
	return CYG_OK;
}

unsigned hostkey_bits(const struct rsa_numbers *n)
{
	const struct bytes *m = &n->number[RSA_MODULUS];
	size_t skip = 0;
	unsigned bits;

	while (skip < m->len && !m->ptr[skip])
		skip++;
	bits = (unsigned)(m->len - skip) * 8;
	for (uint8_t top = bits ? m->ptr[skip] : 0x80; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

/* RFC 3110 2: a length of one octet, or of three (the first 0); no leading noughts. */
bool hostkey_public(const struct rsa_numbers *n, struct bytes *ret)
{
	struct bytes e = n->number[RSA_PUBLIC_EXPONENT], m = n->number[RSA_MODULUS];
	struct bytes b;
	size_t at = 0;

	for (; e.len && !*e.ptr; e.len--)
		e.ptr++;
	for (; m.len && !*m.ptr; m.len--)
		m.ptr++;
	if (e.len > UINT16_MAX)
		return false;
	b = (struct bytes){malloc(3 + e.len + m.len), 0};
	if (!b.ptr)
		return false;
	if (e.len > UINT8_MAX) {
		b.ptr[at++] = 0;
		b.ptr[at++] = (uint8_t)(e.len >> 8);
	}
	b.ptr[at++] = (uint8_t)e.len;
	memcpy(b.ptr + at, e.ptr, e.len);
	memcpy(b.ptr + at + e.len, m.ptr, m.len);
	b.len = at + e.len + m.len;
	*ret = b;
	return true;
}

char *hostkey_base64(const struct rsa_numbers *n)
{
	struct bytes b;
	char *text;

	if (!hostkey_public(n, &b))
		return NULL;
	text = malloc(b.len / 3 * 4 + 5);
	if (text)
		EVP_EncodeBlock((unsigned char *)text, b.ptr, (int)b.len);
	bytes_done(&b);
	return text;
}

/* "\tWord: 0xhex": written octet by octet, so that no copy of a secret stays behind. */
static void print_number(const char *word, const struct bytes *b, FILE *out)
{
	fprintf(out, "\t%s: 0x", word);
	for (size_t i = 0; i < b->len; i++)
		fprintf(out, "%02x", b->ptr[i]);
	fputc('\n', out);
}

bool hostkey_print_block(const struct rsa_numbers *n, const char *host, FILE *out)
{
	char *public = hostkey_base64(n), date[64] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (!public)
		return false;
	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y UTC", &tm);
	fprintf(out, "\t# RSA %u bits   %s   %s\n", hostkey_bits(n), host, date);
	fprintf(out, "\t# for signatures only\n\t#pubkey=0s%s\n", public);
	free(public);
	print_number(numbers[0].word, &n->number[0], out);
	print_number(numbers[1].word, &n->number[1], out);
	fputs("\t# everything after this point is secret\n", out);
	for (size_t i = 2; i < RSA_NUMBERS; i++)
		print_number(numbers[i].word, &n->number[i], out);
	return !ferror(out);
}
