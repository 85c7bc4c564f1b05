/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PATH_H
#define TRUST_PATH_H

#include "trust/store.h"

struct crypto;
struct x509_store_st;

/*
 * Whether a certificate is to be believed: a path from it to one of our authorities by RFC
 * 5280, which libcrypto builds and checks, and the rules of IKE beside it:
 *
 *   - anchors are the authorities that the host has read, and nothing that a peer sends; an
 *     intermediate among them is an anchor, too
 *   - each certificate above the first one is a CA by its basicConstraints, may sign
 *     certificates, and has room for the path below it; names are within its constraints
 *   - the first one is no CA; its keyUsage, if it has one, has digitalSignature or
 *     nonRepudiation (RFC 4945 5.1.3.2); its extendedKeyUsage, if it has one, names IKE,
 *     serverAuth, clientAuth, or anything (5.1.3.12)
 *   - all are valid now, give or take PATH_SKEW
 *   - at most PATH_LEN_MAX certificates; no critical extension that is not known
 *   - keys and signatures of the strength that the connection asks for
 *
 * Whether one was revoked is asked elsewhere (revoke.h).
 */
#define PATH_LEN_MAX 7
#define PATH_SKEW 60 /* seconds that clocks may differ */

struct path_rules {
	int64_t now;
	unsigned rsa_bits_min;
	/*
	 * One of the path's CAs has this subject, and is an anchor by its key: a name that came with
	 * the peer is anybody's to write. NULL: any.
	 */
	const struct ident *authority;
	/* One of the path's CAs has signed one of these, which are ours (leftca=%same). Empty: any. */
	struct cert_list siblings;
};

/*
 * Anchors, made once and then only read, by any thread. NULL when memory is short. Counted:
 * path_anchors_ref and path_anchors_unref, of which NULL is fine.
 */
struct x509_store_st *path_anchors_new(const struct stored_certs *authorities);
struct x509_store_st *path_anchors_ref(struct x509_store_st *s);
void path_anchors_unref(struct x509_store_st *s);

/* Is one of the anchors this authority, by subject and key? A renewed certificate of it is the same. */
bool path_anchors_have(struct crypto *crypto, struct x509_store_st *anchors,
		       const struct cert *c);

/*
 * Is `c` to be believed, with `others`, which came with it, as possible intermediates? CYG_AUTH
 * when not: *why has the certificate, the rule, both values and what to do. CYG_CONFLICT, and *why:
 * but for its authority, which the rules do not ask for. CYG_NOMEM. Slow. The
 * path from it to its anchor is *ret_path, on success; NULL: not asked for.
 */
MUST_CHECK enum cyg_err path_check(struct crypto *crypto, struct x509_store_st *anchors,
				   const struct cert *c, const struct cert_list *others,
				   const struct path_rules *rules, struct cert_list *ret_path,
				   struct diag *why);

/*
 * The same of a path that path_check gave, with these anchors and this length of keys: what else the
 * rules ask for is looked at, signatures are not. CYG_RANGE: one of it is not valid at rules->now, and
 * path_check has more to say.
 */
MUST_CHECK enum cyg_err path_check_again(struct crypto *crypto, struct x509_store_st *anchors,
					 const struct cert_list *path,
					 const struct path_rules *rules, struct diag *why);

/* The rules of the first certificate alone, and whether it is valid at rules->now. */
MUST_CHECK enum cyg_err path_check_end(const struct cert *c, const struct path_rules *rules,
				       struct diag *why);

#endif
