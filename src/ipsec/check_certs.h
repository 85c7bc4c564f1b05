/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_CERTS_H
#define IPSEC_CHECK_CERTS_H

#include "ipsec/check.h"

/*
 * What certificates hold, as `ipsec pki --print` tells: this program links no libcrypto. Each file is
 * asked about once, and CERTS_ASKED_MAX of them at most; beyond, and without that program, nothing is
 * said of what they hold.
 */
struct cert_facts;
#define CERTS_ASKED_MAX 200

/* `execdir`, where ipsec-pki is, is borrowed. NULL when memory is short. */
struct cert_facts *cert_facts_new(const char *execdir);
void cert_facts_free(struct cert_facts *f);

/* Whoever hears of a fault; `d` says it without the connection's name. */
struct cert_fault {
	void (*tell)(void *ctx, struct diag *d);
	void *ctx;
};

/* The certificate that cert= of an end names by this path: what will not work with it at `now`. */
struct cert_use {
	const struct connection *conn;
	int end;
	bool is_us;
	const char *path;                 /* of the certificate */
	const char *confs;                /* the folder of ipsec.d */
	const struct secret_set *secrets; /* NULL: not known */
	int64_t now;
};
void check_cert_facts(struct cert_facts *f, const struct cert_use *u,
		      const struct cert_fault *to);

/* The certificate of cacert= by this path must be an authority's. */
void check_cacert_facts(struct cert_facts *f, const char *path, const struct cert_fault *to);

/* All certificates of a file are authorities' here. A file that can't be told of makes it unsure. */
void cert_facts_authority(struct cert_facts *f, const char *path);
/* rightca= of an end names none of them, all of which are known. */
void check_authority_named(const struct cert_facts *f, const struct connection *conn, int end,
			   const struct cert_fault *to);

/* A place of lists or answers (crluri=, ocspuri=) that nobody here fetches from. False: *why. */
bool check_news_uri(const char *uri, struct diag *why);

/* What a connection asks of its peer that nobody can prove, or that anybody can. */
void check_peer_proof(const struct connection *conn, int local, const struct cert_fault *to);

/*
 * Groups that an end must be in, and nothing here puts anybody in: no ca section that is loaded, and no
 * authority of attribute certificates.
 */
void check_peer_groups(const struct check *c, const struct connection *conn, int end,
		       const struct cert_fault *to);

#endif
