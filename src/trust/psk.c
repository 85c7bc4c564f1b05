/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUTH payloads by pre-shared key (RFC 7296 2.15). The secret is found by the
 * two identities, and never leaves this room: what goes out is a MAC, or a
 * sentence that names the record by file and line.
 */
#include "trust/psk.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/ikev2_kdf.h"

/* ret->len stays 0 on error. */
static enum cyg_err compute(struct crypto *crypto, const struct auth_request *r,
			    struct view secret, struct psk_proof *ret, struct diag *why)
{
	const struct alg *prf = alg_by_id(ALG_PRF, r->prf);
	struct view octets[] = {r->message, r->nonce, r->maced_id};
	enum cyg_err err = prf ? kdf_psk_auth(crypto, prf, secret, octets, 3, ret->mac)
			       : CYG_UNSUPPORTED;

	if (err)
		diag_set(why, "auth-not-computed", "RFC 7296 2.15",
			 "the AUTH payload can't be computed with PRF %u: %s", r->prf,
			 cyg_err_text(err));
	else
		ret->len = prf->out_len;
	return err;
}

enum cyg_err psk_compute(struct crypto *crypto, const struct secret_set *secrets,
			 const struct auth_request *r, struct psk_proof *ret, struct diag *why)
{
	ret->len = 0;
	ret->secret = secret_find(secrets, SECRET_PSK, r->local, r->remote, why);
	if (!ret->secret)
		return CYG_NOTFOUND;
	return compute(crypto, r, view_bytes(&ret->secret->value), ret, why);
}

enum cyg_err psk_compute_null(struct crypto *crypto, const struct auth_request *r,
			      struct psk_proof *ret, struct diag *why)
{
	ret->len = 0;
	ret->secret = NULL;
	return compute(crypto, r, r->sk_p, ret, why);
}

static void explain_mismatch(const struct auth_request *r, const struct secret_record *used,
			     struct diag *why)
{
	char us[120], peer[120];

	diag_set(why, "auth-mismatch", "RFC 7296 2.15",
		 "the peer's proof does not fit our pre-shared key");
	diag_wanted(why,
		    "a proof made with the secret of %s:%u, our best record for %s with %s",
		    used->file, used->line, ident_print(r->local, us, sizeof(us)),
		    ident_print(r->remote, peer, sizeof(peer)));
	diag_got(why, "a proof of %zu octets that another secret made", r->data.len);
	diag_hint(
		why,
		"the two ends hold different secrets, or the peer's file has a better match for "
		"other identities: compare both ipsec.secrets, then ipsec auto --rereadsecrets");
}

enum cyg_err psk_check(struct crypto *crypto, const struct secret_set *secrets,
		       const struct auth_request *r, bool *ret_valid, struct diag *why)
{
	struct psk_proof proof;
	enum cyg_err err = psk_compute(crypto, secrets, r, &proof, why);

	*ret_valid = false;
	if (!err) {
		*ret_valid = secret_equal(view_of(proof.mac, proof.len), r->data);
		if (!*ret_valid)
			explain_mismatch(r, proof.secret, why);
	}
	secret_wipe(&proof, sizeof(proof));
	return err == CYG_NOTFOUND ? CYG_OK : err;
}

enum cyg_err psk_check_null(struct crypto *crypto, const struct auth_request *r,
			    bool *ret_valid, struct diag *why)
{
	struct psk_proof proof;
	enum cyg_err err = psk_compute_null(crypto, r, &proof, why);

	*ret_valid = !err && secret_equal(view_of(proof.mac, proof.len), r->data);
	if (!err && !*ret_valid) {
		diag_set(why, "auth-mismatch", "RFC 7619 2.1",
			 "the peer's AUTH payload does not belong to this exchange");
		diag_wanted(why, "what the keys of this IKE SA make");
		diag_got(why, "%zu other octets", r->data.len);
		diag_hint(why, "somebody in between, or a fault of the peer");
	}
	secret_wipe(&proof, sizeof(proof));
	return err;
}
