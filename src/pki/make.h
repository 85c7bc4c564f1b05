/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_MAKE_H
#define PKI_MAKE_H

#include "ipsec/args.h"
#include "pki/files.h"

#include <openssl/x509v3.h>

/*
 * What a certificate or a request is to say, as options tell it. Each operation has rows
 * for those that it takes, `w` being a member of its struct S.
 */
struct wish {
	const char *dn, *days, *from, *until, *serial, *digest, *pathlen;
	struct arg_values sans, flags, crls, ocsps, extensions;
	bool ca;
};

#define WISH_NAMES(S, w)                                                                    \
	{"dn", "NAME", AT(S, w.dn), "the subject, such as \"C=CH, CN=west\""},              \
	{                                                                                   \
		"san", "ID", AT(S, w.sans),                                                 \
			"a name it carries: host, address, mail or DN; may be given often", \
			true                                                                \
	}
#define WISH_FLAGS(S, w)                                                                                   \
	{                                                                                                  \
		"flag", "USE", AT(S, w.flags),                                                             \
			"an extended use: serverAuth, clientAuth, ipsecIKE, ikeIntermediate, OCSPSigning", \
			true                                                                               \
	}
#define WISH_TIMES(S, w)                                                              \
	{"days", "N", AT(S, w.days), "how long it is valid"},                         \
		{"not-before", "TIME", AT(S, w.from),                                 \
		 "from when: 2027-01-31 or 20270131235959Z"},                         \
	{                                                                             \
		"not-after", "TIME", AT(S, w.until), "until when, in place of --days" \
	}
#define WISH_DIGEST(S, w)                                                 \
	{                                                                 \
		"digest", "HASH", AT(S, w.digest),                        \
			"sha256, sha384 or sha512; by the key without it" \
	}
#define WISH_CERT(S, w)                                                                        \
	WISH_NAMES(S, w), WISH_FLAGS(S, w), WISH_TIMES(S, w),                                  \
		{"ca", NULL, AT(S, w.ca), "it is an authority's"},                             \
		{"pathlen", "N", AT(S, w.pathlen), "how many authorities may stand below it"}, \
		{"crl", "URI", AT(S, w.crls), "where its authority's list of revoked ones is", \
		 true},                                                                        \
		{"ocsp", "URI", AT(S, w.ocsps), "who answers whether it is revoked", true},    \
		{"extension", "NAME=VALUE", AT(S, w.extensions),                               \
		 "any other extension, as openssl's configuration writes it", true},           \
		{"serial", "HEX", AT(S, w.serial), "its number; a random one without it"},     \
		WISH_DIGEST(S, w)

/* Who signs: a certificate (NULL: the new one itself) and its key. Borrowed. */
struct signer {
	X509 *cert;
	EVP_PKEY *key;
};

/* What a request asks for: its key, and what holds where the wish says nothing. Borrowed. */
struct asked {
	EVP_PKEY *key;
	const X509_NAME *subject;   /* NULL: none */
	const X509_EXTENSION *sans; /* NULL: none */
};

/* Make and sign it; NULL after a complaint. */
X509 *make_cert(const struct pki *p, const struct wish *w, const struct asked *a,
		const struct signer *s);
X509_REQ *make_request(const struct pki *p, const struct wish *w, EVP_PKEY *key);

/*
 * A new private key. `type`: rsa, ecdsa, ed25519, ed448 or NULL (ecdsa); `bits`: of rsa and ecdsa,
 * or NULL. NULL after a complaint.
 */
EVP_PKEY *make_key(const struct pki *p, const char *type, const char *bits);

/* The hash that the key is used with, or the one named; false after a complaint. */
bool make_digest(const struct pki *p, const char *name, EVP_PKEY *key, const EVP_MD **ret);
/* A moment: *text, or `days` from now when that is NULL. False after a complaint. */
bool make_time(const struct pki *p, const char *text, const char *days, long days_default,
	       ASN1_TIME *ret);
/*
 * From when, and until when: the texts, or from now and for so many days. False after a complaint,
 * also when it would end before it begins.
 */
bool make_span(const struct pki *p, const char *from, const char *until, const char *days,
	       long days_default, ASN1_TIME *ret_from, ASN1_TIME *ret_until);
/* A serial number in hexadecimal, or a random one when NULL. False after a complaint. */
bool make_serial(const struct pki *p, const char *hex, ASN1_INTEGER *ret);

#endif
