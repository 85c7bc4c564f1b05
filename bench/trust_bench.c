/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certificates and a long list of revoked ones cost: bench/trust_bench [CERTIFICATES [ENTRIES]].
 */
#include "bench/clock.h"

#include "crypto/crypto.h"
#include "trust/crl.h"
#include "trust/revoke.h"
#include "trust/trust.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define CERTIFICATES 10000
#define ENTRIES 100000
#define LOOKUPS 1000000
#define FIRST_REVOKED 50000000 /* the number of the first entry */

static void die(const char *what)
{
	fprintf(stderr, "trust_bench: %s failed\n", what);
	exit(1);
}

/* One with a key of its own, signed by `key`. */
static X509 *make_cert(long number, X509 *issuer, EVP_PKEY *own, EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
						issuer ? "CA:FALSE" : "critical,CA:TRUE");
	char name[32];

	snprintf(name, sizeof(name), "host %ld", number);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), number);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	X509_set_pubkey(x, own);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	if (!X509_sign(x, key, EVP_sha256()))
		die("X509_sign");
	return x;
}

static struct view der_of(X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	return view_of(der, (size_t)len);
}

static struct view make_list(X509 *ca, EVP_PKEY *key, long entries)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *at = X509_gmtime_adj(NULL, -60);
	unsigned char *der = NULL;
	int len;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
	X509_CRL_set1_lastUpdate(crl, at);
	for (long i = 0; i < entries; i++) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *n = ASN1_INTEGER_new();

		ASN1_INTEGER_set(n, FIRST_REVOKED + i);
		X509_REVOKED_set_serialNumber(r, n);
		X509_REVOKED_set_revocationDate(r, at);
		X509_CRL_add0_revoked(crl, r);
		ASN1_INTEGER_free(n);
	}
	X509_gmtime_adj(at, 86400);
	X509_CRL_set1_nextUpdate(crl, at);
	if (!X509_CRL_sign(crl, key, EVP_sha256()))
		die("X509_CRL_sign");
	len = i2d_X509_CRL(crl, &der);
	ASN1_TIME_free(at);
	X509_CRL_free(crl);
	return view_of(der, (size_t)len);
}

static void load_certs(struct trust *t, X509 *ca, EVP_PKEY *key, long count)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct view *all = calloc((size_t)count, sizeof(*all));
	char name[32];
	double start;

	for (long i = 0; i < count; i++) {
		X509 *x = make_cert(i + 2, ca, own, key);

		all[i] = der_of(x);
		X509_free(x);
	}
	start = cpu_now();
	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "host%ld.der", i);
		if (trust_put_cert(t, name, all[i], 0, NULL))
			die("trust_put_cert");
	}
	printf("trust   certificates     %7ld named by conns %8.1f ms of CPU\n", count,
	       1e3 * (cpu_now() - start));
	start = cpu_now();
	trust_begin_certs(t);
	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "host%ld.der", i);
		if (trust_read_cert(t, name, all[i], 0, NULL))
			die("trust_read_cert");
	}
	trust_take_certs(t);
	printf("trust   certificates     %7ld of a folder    %8.1f ms of CPU\n", count,
	       1e3 * (cpu_now() - start));
	for (long i = 0; i < count; i++)
		OPENSSL_free((void *)all[i].ptr);
	free(all);
	EVP_PKEY_free(own);
}

static void look_up(struct crypto *crypto, const struct cert *issuer, struct view der,
		    long entries)
{
	static const struct hash_key hash = {{1, 2}};
	struct crl_entry e;
	struct crl *c;
	size_t found = 0;
	double start;

	if (crl_read(crypto, &issuer, 1, der, &hash, &c, NULL))
		die("crl_read");
	start = cpu_now();
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t n = FIRST_REVOKED + i * 7 % (2 * (uint32_t)entries);
		struct serial s = {4,
				   {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				    (uint8_t)n}};

		found += crl_find(c, &s, &e);
	}
	printf("trust   look-ups         %7ld entries       %8.0f ns each, half of them there\n",
	       entries, 1e9 * (cpu_now() - start) / LOOKUPS);
	if (!found)
		die("crl_find");
	crl_free(c);
}

static void load_list(struct trust *t, struct view der, long entries)
{
	double start = cpu_now();

	if (trust_read_crl(t, "long.crl", der, 0, NULL))
		die("trust_read_crl");
	trust_take_crls(t, 0);
	printf("trust   one list         %7ld entries       %8.1f ms of CPU, %zu octets\n",
	       entries, 1e3 * (cpu_now() - start), der.len);
}

int main(int argc, char **argv)
{
	long certs = count_argument(argc, argv, 1, CERTIFICATES, 1000000);
	long entries = count_argument(argc, argv, 2, ENTRIES, 10000000);
	struct crypto *crypto = crypto_new(NULL);
	struct trust *t = trust_new(crypto);
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *ca = make_cert(1, NULL, key, key);
	struct view der = der_of(ca), list, few;
	struct cert issuer;

	if (trust_read_cacert(t, "ca.der", der, 0, NULL) || trust_take_cacerts(t) ||
	    cert_read_der(crypto, der, &issuer, NULL))
		die("trust_read_cacert");
	load_certs(t, ca, key, certs);
	list = make_list(ca, key, entries);
	few = make_list(ca, key, 100);
	load_list(t, list, entries);
	look_up(crypto, &issuer, few, 100);
	look_up(crypto, &issuer, list, entries);
	OPENSSL_free((void *)list.ptr);
	OPENSSL_free((void *)few.ptr);
	OPENSSL_free((void *)der.ptr);
	cert_done(&issuer);
	X509_free(ca);
	EVP_PKEY_free(key);
	trust_free(t);
	crypto_free(crypto);
	return 0;
}
