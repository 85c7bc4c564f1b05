/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg_table.h"

/*
 * The rows, indexed by IANA's numbers. Three shapes:
 *
 * - built: everything filled in;
 * - known: what a peer may offer and a configuration may ask for, with the
 *   names people write, so that a diagnostic can say more than a number;
 * - refused: known, and never to be used.
 *
 * To add an algorithm of an existing shape, fill in its row; nothing else
 * lists algorithms.
 */

/* The rows keep a shape of their own. */
/* clang-format off */
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define AES_BITS .bits = {128, 192, 256}, .bits_default = 128, .key_attr = true
#define AES_GCM(how)                                                                 \
	.aead = true, AES_BITS, .salt_len = 4, .block_len = 1, .iv_len = 8, .form = (how), \
	.ossl = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"}
#define AES_CCM                                                                      \
	.aead = true, AES_BITS, .salt_len = 3, .block_len = 1, .iv_len = 8,                \
	.form = ALG_FORM_CCM, .ossl = {"AES-128-CCM", "AES-192-CCM", "AES-256-CCM"}
#define HMAC(hash) .form = ALG_FORM_HMAC, .ossl = {hash}
#define CMAC .form = ALG_FORM_CMAC, .ossl = {"AES-128-CBC"}
#define XCBC .form = ALG_FORM_XCBC, .ossl = {"AES-128-CBC"}
#define BOTH (ALG_FOR_IKE | ALG_FOR_ESP)
#define WEAK(reason) .strength = ALG_WEAK, .why = (reason)
#define REFUSED(reason) .strength = ALG_REFUSED, .why = (reason)

#define WHY_CLEAR "it does not encrypt"
#define WHY_BLOCK64 "its 64-bit blocks collide after some gigabytes"
#define WHY_DES "its 56-bit key can be searched"
#define WHY_GONE "it is deprecated for IKEv2 (RFC 9395)"
#define WHY_ICV8 "its 64-bit check value is short"
#define WHY_MD5 "MD5 is broken"
#define WHY_SHA1 "SHA-1 is being retired"
#define WHY_GROUP "its group is too small"
#define WHY_SUBGROUP "the origin of its prime and its small subgroup is not trusted"

static const struct alg encr_rows[] = {
	[1] = {ALG_ENCR, 1, "DES_IV64", .ref = "RFC 1827", REFUSED(WHY_DES)},
	[2] = {ALG_ENCR, 2, "DES", NAMES("des", "des_cbc"), "RFC 2405", BOTH, WEAK(WHY_DES),
	       .key_len = 8, .block_len = 8, .iv_len = 8, .form = ALG_FORM_CBC,
	       .legacy = true, .ossl = {"DES-CBC"}},
	[ALG_ENCR_3DES] = {ALG_ENCR, 3, "3DES", NAMES("3des", "3des_cbc", "3des_192"), "RFC 2451", BOTH,
	       WEAK(WHY_BLOCK64), .key_len = 24, .block_len = 8, .iv_len = 8,
	       .form = ALG_FORM_CBC, .ossl = {"DES-EDE3-CBC"}},
	[4] = {ALG_ENCR, 4, "RC5", NAMES("rc5"), "RFC 2451", REFUSED(WHY_GONE)},
	[5] = {ALG_ENCR, 5, "IDEA", NAMES("idea"), "RFC 2451", REFUSED(WHY_GONE)},
	[6] = {ALG_ENCR, 6, "CAST", NAMES("cast#", "cast_cbc#"), "RFC 2451", BOTH,
	       WEAK(WHY_BLOCK64), .bits = {128}, .bits_default = 128, .key_attr = true,
	       .block_len = 8, .iv_len = 8, .form = ALG_FORM_CBC, .legacy = true,
	       .ossl = {"CAST5-CBC"}},
	[7] = {ALG_ENCR, 7, "BLOWFISH", NAMES("blowfish#", "blowfish_cbc#"), "RFC 2451", BOTH,
	       WEAK(WHY_BLOCK64), AES_BITS, .block_len = 8, .iv_len = 8,
	       .form = ALG_FORM_CBC, .legacy = true,
	       .ossl = {"BF-CBC", "BF-CBC", "BF-CBC"}},
	[8] = {ALG_ENCR, 8, "3IDEA", .ref = "RFC 2451", REFUSED(WHY_GONE)},
	[9] = {ALG_ENCR, 9, "DES_IV32", .ref = "RFC 7296", REFUSED(WHY_DES)},

	[ALG_ENCR_NULL] = {
		ALG_ENCR, 11, "NULL", NAMES("null"), "RFC 2410",
		.built = ALG_FOR_ESP, WEAK(WHY_CLEAR), .block_len = 1, .form = ALG_FORM_NULL,
	},
	[ALG_ENCR_AES_CBC] = {
		ALG_ENCR, 12, "AES_CBC",
		NAMES("aes#", "aes_cbc#", "aes#cbc", "rijndael#"), "RFC 3602",
		.built = BOTH, AES_BITS, .block_len = 16, .iv_len = 16, .form = ALG_FORM_CBC,
		.ossl = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
	},
	[13] = {ALG_ENCR, 13, "AES_CTR", NAMES("aes_ctr#", "aes#ctr"), "RFC 5930", BOTH,
		AES_BITS, .salt_len = 4, .block_len = 1, .iv_len = 8, .form = ALG_FORM_CTR,
		.ossl = {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"}},
	[14] = {ALG_ENCR, 14, "AES_CCM_8",
		NAMES("aes_ccm_8#", "aes_ccm_a#", "aes#ccm8", "aes#ccm64"), "RFC 5282", BOTH,
		WEAK(WHY_ICV8), AES_CCM, .icv_len = 8},
	[15] = {ALG_ENCR, 15, "AES_CCM_12",
		NAMES("aes_ccm_12#", "aes_ccm_b#", "aes#ccm12", "aes#ccm96"), "RFC 5282", BOTH,
		AES_CCM, .icv_len = 12},
	[16] = {ALG_ENCR, 16, "AES_CCM_16",
		NAMES("aes_ccm_16#", "aes_ccm_c#", "aes_ccm#", "aes#ccm16", "aes#ccm128",
		      "aes#ccm"),
		"RFC 5282", BOTH, AES_CCM, .icv_len = 16},
	[18] = {ALG_ENCR, 18, "AES_GCM_8",
		NAMES("aes_gcm_8#", "aes_gcm_a#", "aes#gcm8", "aes#gcm64"), "RFC 4106", BOTH,
		WEAK(WHY_ICV8), AES_GCM(ALG_FORM_GCM), .icv_len = 8},
	[19] = {ALG_ENCR, 19, "AES_GCM_12",
		NAMES("aes_gcm_12#", "aes_gcm_b#", "aes#gcm12", "aes#gcm96"), "RFC 4106", BOTH,
		AES_GCM(ALG_FORM_GCM), .icv_len = 12},
	[ALG_ENCR_AES_GCM_16] = {
		ALG_ENCR, 20, "AES_GCM_16",
		NAMES("aes_gcm_16#", "aes_gcm#", "aes_gcm_c#", "aes#gcm16", "aes#gcm128",
		      "aes#gcm"),
		"RFC 4106", BOTH, AES_GCM(ALG_FORM_GCM), .icv_len = 16,
	},
	[21] = {ALG_ENCR, 21, "NULL_AUTH_AES_GMAC",
		NAMES("null_auth_aes_gmac#", "aes_gmac#", "aes#gmac"), "RFC 4543", ALG_FOR_ESP,
		WEAK(WHY_CLEAR), AES_GCM(ALG_FORM_GMAC), .icv_len = 16},
	[23] = {ALG_ENCR, 23, "CAMELLIA_CBC",
		NAMES("camellia#", "camellia_cbc#", "camellia#cbc"), "RFC 5529", BOTH, AES_BITS,
		.block_len = 16, .iv_len = 16, .form = ALG_FORM_CBC,
		.ossl = {"CAMELLIA-128-CBC", "CAMELLIA-192-CBC", "CAMELLIA-256-CBC"}},
	[24] = {ALG_ENCR, 24, "CAMELLIA_CTR", NAMES("camellia_ctr#", "camellia#ctr"),
		"RFC 5529", BOTH, AES_BITS, .salt_len = 4, .block_len = 1, .iv_len = 8,
		.form = ALG_FORM_CTR,
		.ossl = {"CAMELLIA-128-CTR", "CAMELLIA-192-CTR", "CAMELLIA-256-CTR"}},
	[25] = {ALG_ENCR, 25, "CAMELLIA_CCM_8",
		NAMES("camellia_ccm_8#", "camellia_ccm_a#", "camellia#ccm8", "camellia#ccm64"),
		"RFC 5529", .aead = true, AES_BITS, .salt_len = 3, .block_len = 1,
		.iv_len = 8, .icv_len = 8, WEAK(WHY_ICV8)},
	[26] = {ALG_ENCR, 26, "CAMELLIA_CCM_12",
		NAMES("camellia_ccm_12#", "camellia_ccm_b#", "camellia#ccm12",
		      "camellia#ccm96"),
		"RFC 5529", .aead = true, AES_BITS, .salt_len = 3, .block_len = 1,
		.iv_len = 8, .icv_len = 12},
	[27] = {ALG_ENCR, 27, "CAMELLIA_CCM_16",
		NAMES("camellia_ccm_16#", "camellia_ccm_c#", "camellia_ccm#", "camellia#ccm16",
		      "camellia#ccm128"),
		"RFC 5529", .aead = true, AES_BITS, .salt_len = 3, .block_len = 1,
		.iv_len = 8, .icv_len = 16},
	[ALG_ENCR_CHACHA20_POLY1305] = {
		ALG_ENCR, 28, "CHACHA20_POLY1305",
		NAMES("chacha20_poly1305", "chacha20poly1305_256", "chacha20"), "RFC 7634",
		.built = BOTH, .aead = true, .key_len = 32, .salt_len = 4, .block_len = 1,
		.iv_len = 8, .icv_len = 16, .form = ALG_FORM_GCM, .ossl = {"ChaCha20-Poly1305"},
	},
	[29] = {ALG_ENCR, 29, "AES_CCM_8_IIV", .ref = "RFC 8750", .aead = true, AES_BITS},
	[30] = {ALG_ENCR, 30, "AES_GCM_16_IIV", .ref = "RFC 8750", .aead = true, AES_BITS},
	[31] = {ALG_ENCR, 31, "CHACHA20_POLY1305_IIV", .ref = "RFC 8750", .aead = true},
	[32] = {ALG_ENCR, 32, "KUZNYECHIK_MGM_KTREE", .ref = "RFC 9227", .aead = true},
	[33] = {ALG_ENCR, 33, "MAGMA_MGM_KTREE", .ref = "RFC 9227", .aead = true},
	[34] = {ALG_ENCR, 34, "KUZNYECHIK_MGM_MAC_KTREE", .ref = "RFC 9227", .aead = true},
	[35] = {ALG_ENCR, 35, "MAGMA_MGM_MAC_KTREE", .ref = "RFC 9227", .aead = true},
};

static const struct alg prf_rows[] = {
	[1] = {ALG_PRF, 1, "HMAC_MD5", NAMES("md5", "hmac_md5", "prf_md5"), "RFC 2104",
	       BOTH, WEAK(WHY_MD5), .key_len = 16, .out_len = 16, HMAC("MD5")},
	[2] = {ALG_PRF, 2, "HMAC_SHA1",
	       NAMES("sha1", "sha", "hmac_sha1", "prf_sha1", "prf_sha"),
	       "RFC 2104", BOTH, WEAK(WHY_SHA1), .key_len = 20, .out_len = 20, HMAC("SHA1")},
	[3] = {ALG_PRF, 3, "HMAC_TIGER", NAMES("tiger", "hmac_tiger"), "RFC 2104",
	       REFUSED(WHY_GONE)},
	[ALG_PRF_AES128_XCBC] = {ALG_PRF, 4, "AES128_XCBC", NAMES("aes_xcbc", "aes128_xcbc", "prf_aes_xcbc"),
	       "RFC 4434", BOTH, .key_len = 16, .out_len = 16, XCBC},
	[ALG_PRF_HMAC_SHA2_256] = {
		ALG_PRF, 5, "HMAC_SHA2_256",
		NAMES("sha2_256", "sha256", "sha2", "hmac_sha2_256", "hmac_sha256",
		      "prf_sha256", "prf_sha2_256", "prf_hmac_sha2_256", "prf_sha2"),
		"RFC 4868", .built = BOTH, .key_len = 32, .out_len = 32, HMAC("SHA2-256"),
	},
	[ALG_PRF_HMAC_SHA2_384] = {
		ALG_PRF, 6, "HMAC_SHA2_384",
		NAMES("sha2_384", "sha384", "hmac_sha2_384", "hmac_sha384", "prf_sha384",
		      "prf_sha2_384", "prf_hmac_sha2_384"),
		"RFC 4868", .built = BOTH, .key_len = 48, .out_len = 48, HMAC("SHA2-384"),
	},
	[ALG_PRF_HMAC_SHA2_512] = {
		ALG_PRF, 7, "HMAC_SHA2_512",
		NAMES("sha2_512", "sha512", "hmac_sha2_512", "hmac_sha512", "prf_sha512",
		      "prf_sha2_512", "prf_hmac_sha2_512"),
		"RFC 4868", .built = BOTH, .key_len = 64, .out_len = 64, HMAC("SHA2-512"),
	},
	[ALG_PRF_AES128_CMAC] = {ALG_PRF, 8, "AES128_CMAC", NAMES("aes_cmac", "aes128_cmac", "prf_aes_cmac"),
	       "RFC 4615", BOTH, .key_len = 16, .out_len = 16, CMAC},
	[9] = {ALG_PRF, 9, "HMAC_STREEBOG_512", .ref = "RFC 9385", .key_len = 64,
	       .out_len = 64},
};

static const struct alg integ_rows[] = {
	[ALG_INTEG_NONE] = {ALG_INTEG, 0, "NONE", NAMES("none", "null"), "RFC 7296",
			    .built = BOTH},
	[1] = {ALG_INTEG, 1, "HMAC_MD5_96", NAMES("md5", "hmac_md5", "md5_96", "hmac_md5_96"),
	       "RFC 2403", BOTH, WEAK(WHY_MD5), .key_len = 16, .icv_len = 12, .hash_prf = 1,
	       HMAC("MD5")},
	[2] = {ALG_INTEG, 2, "HMAC_SHA1_96",
	       NAMES("sha1", "sha", "hmac_sha1", "sha1_96", "sha_96", "hmac_sha1_96"),
	       "RFC 2404", BOTH, WEAK(WHY_SHA1), .key_len = 20, .icv_len = 12, .hash_prf = 2,
	       HMAC("SHA1")},
	[3] = {ALG_INTEG, 3, "DES_MAC", .ref = "RFC 7296", REFUSED(WHY_GONE)},
	[4] = {ALG_INTEG, 4, "KPDK_MD5", .ref = "RFC 7296", REFUSED(WHY_GONE)},
	[5] = {ALG_INTEG, 5, "AES_XCBC_96", NAMES("aes_xcbc", "aes_xcbc_96", "aes128_xcbc"),
	       "RFC 3566", BOTH, .key_len = 16, .icv_len = 12, .hash_prf = 4, XCBC},
	[6] = {ALG_INTEG, 6, "HMAC_MD5_128", NAMES("md5_128", "hmac_md5_128"), "RFC 4595",
	       BOTH, WEAK(WHY_MD5), .key_len = 16, .icv_len = 16, .hash_prf = 1, HMAC("MD5")},
	[7] = {ALG_INTEG, 7, "HMAC_SHA1_160", NAMES("sha1_160", "hmac_sha1_160"), "RFC 4595",
	       BOTH, WEAK(WHY_SHA1), .key_len = 20, .icv_len = 20, .hash_prf = 2, HMAC("SHA1")},
	[8] = {ALG_INTEG, 8, "AES_CMAC_96", NAMES("aes_cmac", "aes_cmac_96", "aes128_cmac"),
	       "RFC 4494", BOTH, .key_len = 16, .icv_len = 12, .hash_prf = 8, CMAC},
	[9] = {ALG_INTEG, 9, "AES_128_GMAC", NAMES("aes128_gmac"), "RFC 4543"},
	[10] = {ALG_INTEG, 10, "AES_192_GMAC", NAMES("aes192_gmac"), "RFC 4543"},
	[11] = {ALG_INTEG, 11, "AES_256_GMAC", NAMES("aes256_gmac"), "RFC 4543"},
	[ALG_INTEG_HMAC_SHA2_256_128] = {
		ALG_INTEG, 12, "HMAC_SHA2_256_128",
		NAMES("sha2_256", "sha256", "sha2", "hmac_sha2_256", "hmac_sha256",
		      "sha2_256_128", "sha256_128", "sha2_128", "hmac_sha2_256_128",
		      "hmac_sha256_128"),
		"RFC 4868", .built = BOTH, .key_len = 32, .icv_len = 16,
		.hash_prf = ALG_PRF_HMAC_SHA2_256, HMAC("SHA2-256"),
	},
	[ALG_INTEG_HMAC_SHA2_384_192] = {
		ALG_INTEG, 13, "HMAC_SHA2_384_192",
		NAMES("sha2_384", "sha384", "hmac_sha2_384", "hmac_sha384", "sha2_384_192",
		      "sha384_192", "hmac_sha2_384_192", "hmac_sha384_192"),
		"RFC 4868", .built = BOTH, .key_len = 48, .icv_len = 24,
		.hash_prf = ALG_PRF_HMAC_SHA2_384, HMAC("SHA2-384"),
	},
	[ALG_INTEG_HMAC_SHA2_512_256] = {
		ALG_INTEG, 14, "HMAC_SHA2_512_256",
		NAMES("sha2_512", "sha512", "hmac_sha2_512", "hmac_sha512", "sha2_512_256",
		      "sha512_256", "hmac_sha2_512_256", "hmac_sha512_256"),
		"RFC 4868", .built = BOTH, .key_len = 64, .icv_len = 32,
		.hash_prf = ALG_PRF_HMAC_SHA2_512, HMAC("SHA2-512"),
	},
};

#define SAME_PUBLIC(octets) .public_i = (octets), .public_r = (octets)
#define MODP(octets) .form = ALG_FORM_MODP, SAME_PUBLIC(octets), .out_len = (octets)
#define MODPSUB(octets) \
	.form = ALG_FORM_MODPSUB, SAME_PUBLIC(octets), .out_len = (octets)
#define XDH(octets) .form = ALG_FORM_XDH, SAME_PUBLIC(octets), .out_len = (octets)
#define KEM(i, r) .form = ALG_FORM_KEM, .public_i = (i), .public_r = (r), .out_len = 32
#define ECP(octets) .form = ALG_FORM_ECP, SAME_PUBLIC(2 * (octets)), .out_len = (octets)

static const struct alg ke_rows[] = {
	[ALG_KE_NONE] = {ALG_KE, 0, "NONE", NAMES("none", "null", "dh0", "modp_null"),
			 "RFC 7296", .built = BOTH},
	[ALG_KE_MODP768] = {ALG_KE, 1, "MODP768", NAMES("modp768", "dh1"), "RFC 7296", BOTH, MODP(96),
	       WEAK(WHY_GROUP), .ossl = {"modp_768"}},
	[ALG_KE_MODP1024] = {ALG_KE, 2, "MODP1024", NAMES("modp1024", "dh2"), "RFC 7296", BOTH, MODP(128),
	       WEAK(WHY_GROUP), .ossl = {"modp_1024"}},
	[5] = {ALG_KE, 5, "MODP1536", NAMES("modp1536", "dh5"), "RFC 3526", BOTH, MODP(192),
	       WEAK(WHY_GROUP), .ossl = {"modp_1536"}},
	[ALG_KE_MODP2048] = {ALG_KE, 14, "MODP2048", NAMES("modp2048", "dh14"), "RFC 3526",
			     BOTH, MODP(256), .ossl = {"modp_2048"}},
	[ALG_KE_MODP3072] = {ALG_KE, 15, "MODP3072", NAMES("modp3072", "dh15"), "RFC 3526",
			     BOTH, MODP(384), .ossl = {"modp_3072"}},
	[ALG_KE_MODP4096] = {ALG_KE, 16, "MODP4096", NAMES("modp4096", "dh16"), "RFC 3526",
			     BOTH, MODP(512), .ossl = {"modp_4096"}},
	[ALG_KE_MODP6144] = {ALG_KE, 17, "MODP6144", NAMES("modp6144", "dh17"), "RFC 3526",
			     BOTH, MODP(768), .ossl = {"modp_6144"}},
	[ALG_KE_MODP8192] = {ALG_KE, 18, "MODP8192", NAMES("modp8192", "dh18"), "RFC 3526",
			     BOTH, MODP(1024), .ossl = {"modp_8192"}},
	[ALG_KE_ECP256] = {ALG_KE, 19, "ECP256", NAMES("ecp_256", "secp256r1", "dh19"),
			   "RFC 5903", BOTH, ECP(32), .ossl = {"P-256"}},
	[ALG_KE_ECP384] = {ALG_KE, 20, "ECP384", NAMES("ecp_384", "secp384r1", "dh20"),
			   "RFC 5903", BOTH, ECP(48), .ossl = {"P-384"}},
	/* Openswan's page says ecp512 where it means this one. */
	[ALG_KE_ECP521] = {ALG_KE, 21, "ECP521",
			   NAMES("ecp_521", "secp521r1", "dh21", "ecp_512"), "RFC 5903",
			   BOTH, ECP(66), .ossl = {"P-521"}},
	[22] = {ALG_KE, 22, "MODP1024_160", NAMES("modp1024s160", "dh22", "modp1024_160"), "RFC 5114",
		BOTH, MODPSUB(128), WEAK(WHY_SUBGROUP), .ossl = {"dh_1024_160"}},
	[23] = {ALG_KE, 23, "MODP2048_224", NAMES("modp2048s224", "dh23", "modp2048_224"), "RFC 5114",
		BOTH, MODPSUB(256), WEAK(WHY_SUBGROUP), .ossl = {"dh_2048_224"}},
	[24] = {ALG_KE, 24, "MODP2048_256", NAMES("modp2048s256", "dh24", "modp2048_256"), "RFC 5114",
		BOTH, MODPSUB(256), WEAK(WHY_SUBGROUP), .ossl = {"dh_2048_256"}},
	[25] = {ALG_KE, 25, "ECP192", NAMES("ecp_192", "secp192r1", "dh25"), "RFC 5114",
		BOTH, ECP(24), WEAK(WHY_GROUP), .ossl = {"P-192"}},
	[26] = {ALG_KE, 26, "ECP224", NAMES("ecp_224", "secp224r1", "dh26"), "RFC 5114",
		BOTH, ECP(28), WEAK(WHY_GROUP), .ossl = {"P-224"}},
	[27] = {ALG_KE, 27, "BRAINPOOLP224R1", NAMES("brainpoolp224r1", "ecp224bp", "dh27"),
		"RFC 6954", BOTH, ECP(28), WEAK(WHY_GROUP), .ossl = {"brainpoolP224r1"}},
	[28] = {ALG_KE, 28, "BRAINPOOLP256R1", NAMES("brainpoolp256r1", "ecp256bp", "dh28"),
		"RFC 6954", BOTH, ECP(32), .ossl = {"brainpoolP256r1"}},
	[29] = {ALG_KE, 29, "BRAINPOOLP384R1", NAMES("brainpoolp384r1", "ecp384bp", "dh29"),
		"RFC 6954", BOTH, ECP(48), .ossl = {"brainpoolP384r1"}},
	[30] = {ALG_KE, 30, "BRAINPOOLP512R1", NAMES("brainpoolp512r1", "ecp512bp", "dh30"),
		"RFC 6954", BOTH, ECP(64), .ossl = {"brainpoolP512r1"}},
	[ALG_KE_X25519] = {ALG_KE, 31, "X25519", NAMES("x25519", "curve25519", "dh31"),
			   "RFC 8031", BOTH, XDH(32), .ossl = {"X25519"}},
	[ALG_KE_X448] = {ALG_KE, 32, "X448", NAMES("x448", "curve448", "dh32"), "RFC 8031",
			 BOTH, XDH(56), .ossl = {"X448"}},
	[33] = {ALG_KE, 33, "GOST3410_2012_256", .ref = "RFC 9385", .out_len = 32},
	[34] = {ALG_KE, 34, "GOST3410_2012_512", .ref = "RFC 9385", .out_len = 64},
	[35] = {ALG_KE, 35, "ML_KEM_512", NAMES("ml_kem_512"), "FIPS 203", KEM(800, 768)},
	[36] = {ALG_KE, 36, "ML_KEM_768", NAMES("ml_kem_768"), "FIPS 203", KEM(1184, 1088)},
	[37] = {ALG_KE, 37, "ML_KEM_1024", NAMES("ml_kem_1024"), "FIPS 203", KEM(1568, 1568)},
};

static const struct alg esn_rows[] = {
	[ALG_ESN_NO] = {ALG_ESN, 0, "ESN_NO", NAMES("noesn", "no_esn", "esn_no", "no"),
			"RFC 7296", BOTH},
	[ALG_ESN_YES] = {ALG_ESN, 1, "ESN_YES", NAMES("esn", "esn_yes", "yes"), "RFC 7296",
			 BOTH},
	[2] = {ALG_ESN, 2, "SN_UNSPECIFIED", .ref = "RFC 9827"},
};

#define ROWS(table) {(table), sizeof(table) / sizeof((table)[0])}

const struct alg_rows alg_rows[ALG_KINDS] = {
	[ALG_ENCR] = ROWS(encr_rows),
	[ALG_PRF] = ROWS(prf_rows),
	[ALG_INTEG] = ROWS(integ_rows),
	[ALG_KE] = ROWS(ke_rows),
	[ALG_ESN] = ROWS(esn_rows),
	[ALG_ADDKE1 ... ALG_ADDKE7] = ROWS(ke_rows),
};
