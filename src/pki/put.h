/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_PUT_H
#define PKI_PUT_H

#include "pki/files.h"

/* Where something goes, and how: rows of every operation that makes something. */
struct output {
	const char *path; /* NULL: standard output */
	const char *form; /* "pem", "der"; NULL: PEM */
};

#define OUTPUT_OPTIONS(S, o)                                                             \
	{"out", "FILE", AT(S, o.path), "where it goes; standard output without it"},     \
	{                                                                                \
		"outform", "pem|der", AT(S, o.form), "how it is written; pem without it" \
	}

/* Whether nothing is wrong with options (NULL), and the words of `o` are known; complains. */
bool output_check(const struct pki *p, const char *wrong, const struct output *o);

/* Write such an object. Keys: mode 0600, to a new file. False after a complaint. */
bool put_cert(const struct pki *p, const struct output *o, X509 *x);
bool put_request(const struct pki *p, const struct output *o, X509_REQ *r);
bool put_crl(const struct pki *p, const struct output *o, X509_CRL *crl);
/* Octets in DER that are called so in PEM. */
bool put_der(const struct pki *p, const struct output *o, const char *name, struct view der);
bool put_key(const struct pki *p, const struct output *o, EVP_PKEY *key);

#endif
