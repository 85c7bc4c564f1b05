/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CERT_H
#define TRUST_CERT_H

#include "base/diag.h"
#include "base/err.h"
#include "conn/ident.h"
#include "trust/key.h"

struct asn1_string_st;
struct crypto;
struct x509_st;

/*
 * X.509 certificates (RFC 5280), as objects of libcrypto with what is asked of them all the
 * time. An object is counted, and never changes.
 */
#define CERT_OCTETS_MAX 65536    /* of one certificate */
#define CERTS_OCTETS_MAX 1048576 /* of a file of several */
#define CERTS_IN_FILE_MAX 64     /* more are told of, and passed over */
#define CERT_TEXT_MAX 640        /* room for most subjects as text; longer ones are cut */

struct cert {
	struct x509_st *x; /* NULL: none */
	struct key key;
	int64_t not_before, not_after; /* seconds since 1970 */
	struct cert_signer *signer;    /* NULL: what signed it is not remembered */
};

/* Certificates of one file, in its order. {0} is empty. */
struct cert_list {
	struct cert *items;
	size_t len, cap;
};

/*
 * One certificate in DER, with nothing behind it. CYG_MALFORMED, CYG_UNSUPPORTED (a key that
 * IKE has no use for, a version before 3), CYG_LIMIT with *why.
 */
MUST_CHECK enum cyg_err cert_read_der(struct crypto *crypto, struct view der, struct cert *ret,
				      struct diag *why);
/*
 * All certificates of a file: PEM (anything else in it is passed over) or one in DER. At
 * least one; errors as above, and then *ret is empty. CYG_OK and *why set, which the caller has
 * cleared: PEM behind those that were read is broken, or there are more of them.
 */
MUST_CHECK enum cyg_err cert_read_file(struct crypto *crypto, struct view octets,
				       struct cert_list *ret, struct diag *why);
/* Of an object of libcrypto, which is taken over, also on failure. */
MUST_CHECK enum cyg_err cert_take(struct x509_st *x, struct cert *ret, struct diag *why);

/*
 * Let it remember by whose key its signature was found right, for one that is kept and asked about
 * again and again, by one thread. A copy remembers nothing. False: memory is short.
 */
MUST_CHECK bool cert_remember_signer(struct cert *c);

/* Another reference. */
struct cert cert_copy(const struct cert *c);
void cert_done(struct cert *c);
/* Takes *c over. CYG_NOMEM leaves it the caller's. */
MUST_CHECK enum cyg_err cert_list_add(struct cert_list *l, struct cert *take);
void cert_list_done(struct cert_list *l);
/* All but the first one, borrowed: of a path the authorities. */
struct cert_list cert_list_above(const struct cert_list *path);

bool cert_equal(const struct cert *a, const struct cert *b);
/*
 * A signature by this algorithm proves nothing any more: its hash is SHA-1 or older, also where it
 * is a parameter of RSA-PSS, which means SHA-1 when it names none (RFC 4055 3.1, RFC 8247 4).
 */
struct X509_algor_st;
bool signature_is_weak(const struct X509_algor_st *alg);
/* A CA by basicConstraints; nothing else makes one (RFC 5280 4.2.1.9). */
bool cert_is_ca(const struct cert *c);
/* Subject and issuer are one name. */
bool cert_is_self_issued(const struct cert *c);
/* `issuer` is named as the issuer of `c` and its key signed it. */
bool cert_is_issued_by(const struct cert *c, const struct cert *issuer);

/* These octets are the certificate's. */
bool cert_is_der(const struct cert *c, struct view der);
/* The certificate in DER; heap; empty when memory is short. */
struct bytes cert_der(const struct cert *c);
/* Subject and issuer as Name in DER, borrowed from the certificate. */
struct view cert_subject(const struct cert *c);
struct view cert_issuer(const struct cert *c);
/* The same as text; returns buf. "(no name)" for an empty one. */
const char *cert_print(const struct cert *c, char *buf, size_t cap);
const char *cert_print_issuer(const struct cert *c, char *buf, size_t cap);
/* The serial number in hexadecimal digits; returns buf. */
const char *cert_print_serial(const struct cert *c, char *buf, size_t cap);
/*
 * Its subjectKeyIdentifier, and the key and number of its authorityKeyIdentifier (RFC 5280 4.2.1.1,
 * 4.2.1.2), in the same way: "" for what it has not.
 */
const char *cert_print_subject_key(const struct cert *c, char *buf, size_t cap);
const char *cert_print_authority_key(const struct cert *c, char *buf, size_t cap);
const char *cert_print_authority_serial(const struct cert *c, char *buf, size_t cap);
/* The octets of an ASN.1 string (ASN1_STRING, ASN1_INTEGER) in the same way; NULL: "". */
const char *cert_print_octets(const struct asn1_string_st *s, char *buf, size_t cap);
/* A moment as "2026-11-27 15:00:00 UTC"; returns buf. */
const char *cert_print_time(int64_t at, char *buf, size_t cap);

/* The subject as an identity; one reference. CYG_MALFORMED: it has none that can be one. */
MUST_CHECK enum cyg_err cert_identity(const struct cert *c, const struct ident **ret);

/*
 * Does the certificate carry this identity, as its subject or as one of its
 * subjectAltNames of the same type (RFC 4945 3)? Letter case counts in no domain or mail
 * address; a "*" in a certificate stands for itself; the CN alone is no name of a host. If
 * not, *why lists those that it carries.
 */
bool cert_carries(const struct cert *c, const struct ident *id, struct diag *why);

/* Call `each` for each subjectAltName that can be an identity, as text. */
void cert_each_name(const struct cert *c, void (*each)(void *ctx, const char *name), void *ctx);

#endif
