/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/algorithms.h"

#include "base/secret.h"
#include "crypto/alg.h"

#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <string.h>

/* What the kernel calls an algorithm (by its IANA number), and how many bits of its tag are sent. */
struct kernel_name {
	uint16_t id;
	uint16_t icv_bits; /* of an AEAD or of integrity; 0: a cipher alone */
	const char *name;
};

static const struct kernel_name ciphers[] = {
	{3, 0, "cbc(des3_ede)"},
	{6, 0, "cbc(cast5)"},
	{7, 0, "cbc(blowfish)"},
	{11, 0, "ecb(cipher_null)"},
	{12, 0, "cbc(aes)"},
	{13, 0, "rfc3686(ctr(aes))"},
	{14, 64, "rfc4309(ccm(aes))"},
	{15, 96, "rfc4309(ccm(aes))"},
	{16, 128, "rfc4309(ccm(aes))"},
	{18, 64, "rfc4106(gcm(aes))"},
	{19, 96, "rfc4106(gcm(aes))"},
	{20, 128, "rfc4106(gcm(aes))"},
	{21, 128, "rfc4543(gcm(aes))"},
	{23, 0, "cbc(camellia)"},
	{28, 128, "rfc7539esp(chacha20,poly1305)"},
};

static const struct kernel_name integrities[] = {
	{1, 96, "hmac(md5)"},      {2, 96, "hmac(sha1)"},     {5, 96, "xcbc(aes)"},
	{8, 96, "cmac(aes)"},      {12, 128, "hmac(sha256)"}, {13, 192, "hmac(sha384)"},
	{14, 256, "hmac(sha512)"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct kernel_name *find(const struct kernel_name *names, size_t len, uint16_t id)
{
	for (size_t i = 0; i < len; i++)
		if (names[i].id == id)
			return &names[i];
	return NULL;
}

static enum cyg_err refuse(enum alg_kind kind, uint16_t id, struct diag *why)
{
	const struct alg *a = alg_by_id(kind, id);

	diag_set(why, "kernel-algorithm", NULL, "this plane has no name of the kernel for %s",
		 a ? a->name : "an algorithm");
	diag_hint(why, "choose another one with esp=, or plane=esp");
	return CYG_UNSUPPORTED;
}

/* A name, lengths in bits, and the key behind them: the shape of all three records. */
static void put_key(struct nlmsghdr *m, uint16_t type, const struct kernel_name *n,
		    struct view key)
{
	union {
		struct xfrm_algo cipher;
		struct xfrm_algo_aead aead;
		struct xfrm_algo_auth auth;
		uint8_t octets[sizeof(struct xfrm_algo_aead) + SA_KEY_MAX];
	} u = {0};
	uint32_t bits = (uint32_t)key.len * 8;
	size_t head = sizeof(u.cipher);

	strncpy(u.cipher.alg_name, n->name, sizeof(u.cipher.alg_name) - 1);
	if (type == XFRMA_ALG_CRYPT) {
		u.cipher.alg_key_len = bits;
	} else if (type == XFRMA_ALG_AEAD) {
		head = sizeof(u.aead);
		u.aead.alg_key_len = bits;
		u.aead.alg_icv_len = n->icv_bits;
	} else {
		head = sizeof(u.auth);
		u.auth.alg_key_len = bits;
		u.auth.alg_trunc_len = n->icv_bits;
	}
	if (key.len)
		memcpy(u.octets + head, key.ptr, key.len);
	mnl_attr_put(m, type, head + key.len, &u);
	secret_wipe(&u, sizeof(u));
}

enum cyg_err algorithms_put(struct nlmsghdr *m, const struct plane_sa *sa, struct diag *why)
{
	const struct kernel_name *cipher = find(ciphers, COUNT(ciphers), sa->suite.encr);
	const struct kernel_name *integ = find(integrities, COUNT(integrities),
					       sa->suite.integ);

	if (sa->protocol == PROTO_AH && integ) {
		put_key(m, XFRMA_ALG_AUTH_TRUNC, integ,
			view_of(sa->integ_key, sa->integ_key_len));
		return CYG_OK;
	}
	if (sa->protocol == PROTO_AH)
		return refuse(ALG_INTEG, sa->suite.integ, why);
	if (!cipher)
		return refuse(ALG_ENCR, sa->suite.encr, why);
	if (cipher->icv_bits) {
		put_key(m, XFRMA_ALG_AEAD, cipher, view_of(sa->encr_key, sa->encr_key_len));
		return CYG_OK;
	}
	if (!integ)
		return refuse(ALG_INTEG, sa->suite.integ, why);
	put_key(m, XFRMA_ALG_CRYPT, cipher, view_of(sa->encr_key, sa->encr_key_len));
	put_key(m, XFRMA_ALG_AUTH_TRUNC, integ, view_of(sa->integ_key, sa->integ_key_len));
	return CYG_OK;
}
