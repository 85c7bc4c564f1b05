/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_FILES_H
#define PKI_FILES_H

#include "base/diag.h"
#include "base/view.h"
#include "trust/cert.h"

#include <openssl/x509.h>
#include <sys/types.h>

struct crypto;

/* One run of `ipsec pki`: how it is called in complaints, and the door to libcrypto. */
struct pki {
	const char *command; /* "pki --issue" */
	struct crypto *crypto;
};

/* "ipsec pki --issue: ..." on standard error. Returns 1, an exit status. */
int pki_complain(const struct pki *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same of what a room below says. */
int pki_explain(const struct pki *p, const char *path, const struct diag *why);

/* A whole file, "-" for standard input; the caller wipes *ret. False after a complaint. */
bool pki_read(const struct pki *p, const char *path, struct bytes *ret);
/* All certificates of a file (cert_list_done). False after a complaint. */
bool pki_read_certs(const struct pki *p, const char *path, struct cert_list *ret);
/* A private key, whose passphrase is asked for on the terminal; NULL after a complaint. */
EVP_PKEY *pki_read_key(const struct pki *p, const char *path);

/* An authority that signs: its certificate, with those above it in the same file, and its key. */
struct authority_files {
	struct cert_list certs;
	EVP_PKEY *key;
};
/* They must belong together. False after a complaint; authority_files_done in either case. */
bool pki_read_authority(const struct pki *p, const char *cert, const char *key,
			struct authority_files *ret);
void authority_files_done(struct authority_files *a);

/*
 * Write octets to a file, or to standard output when `path` is NULL. A private file (mode 0600)
 * must be new; another one is replaced as a whole, unless it holds a private key. What is no
 * regular file is written into, and stays. False after a complaint.
 */
bool pki_write(const struct pki *p, const char *path, struct view octets, mode_t mode);

#endif
