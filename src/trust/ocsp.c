/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ocsp.h"

#include "crypto/crypto.h"
#include "trust/crl.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

const char *ocsp_status_name(uint8_t status)
{
	static const char *const names[] = {"good", "revoked", "unknown"};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "unknown";
}

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *ref,
			   const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "ocsp-refused", ref, "the OCSP server's answer %s", sentence);
	return err;
}

/* ---- the question ---- */

static ASN1_INTEGER *integer_of(const struct serial *s)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	BIGNUM *bn = BN_bin2bn(s->octets, s->len, NULL);

	if (n && bn && BN_to_ASN1_INTEGER(bn, n) == NULL) {
		ASN1_INTEGER_free(n);
		n = NULL;
	}
	if (!bn) {
		ASN1_INTEGER_free(n);
		n = NULL;
	}
	BN_free(bn);
	return n;
}

static OCSP_CERTID *certid_of(const EVP_MD *md, const struct cert *issuer,
			      const struct serial *s)
{
	ASN1_INTEGER *n = integer_of(s);
	OCSP_CERTID *id = NULL;

	if (n)
		id = OCSP_cert_id_new(md, X509_get_subject_name(issuer->x),
				      X509_get0_pubkey_bitstr(issuer->x), n);
	ASN1_INTEGER_free(n);
	return id;
}

enum cyg_err ocsp_ask(const struct cert *issuer, const struct serial *serial,
		      const uint8_t nonce[OCSP_NONCE_LEN], struct bytes *ret)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = certid_of(EVP_sha1(), issuer, serial);
	unsigned char *der = NULL, value[OCSP_NONCE_LEN];
	enum cyg_err err = CYG_NOMEM;
	int len;

	memcpy(value, nonce, sizeof(value));
	if (request && id && OCSP_request_add0_id(request, id)) {
		id = NULL;
		if (OCSP_request_add1_nonce(request, value, sizeof(value)) == 1) {
			len = i2d_OCSP_REQUEST(request, &der);
			if (len > 0 && bytes_copy(ret, view_of(der, (size_t)len)))
				err = CYG_OK;
		}
	}
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return err;
}

/* ---- who signed ---- */

static bool is_responder(const OCSP_BASICRESP *b, const struct cert *c)
{
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;

	if (OCSP_resp_get0_id(b, &key, &name) != 1)
		return false;
	if (name)
		return !X509_NAME_cmp(name, X509_get_subject_name(c->x));
	return ASN1_STRING_length(key) == KEY_ID_LEN &&
	       !memcmp(ASN1_STRING_get0_data(key), c->key.id, KEY_ID_LEN);
}

static bool is_signed_by(struct crypto *crypto, const OCSP_BASICRESP *b, const struct cert *c)
{
	bool yes = ASN1_item_verify_ex(ASN1_ITEM_rptr(OCSP_RESPDATA),
				       OCSP_resp_get0_tbs_sigalg(b),
				       OCSP_resp_get0_signature(b), OCSP_resp_get0_respdata(b),
				       NULL, c->key.pkey, crypto_lib_of(crypto, c->key.pkey),
				       NULL) == 1;

	ERR_clear_error();
	return yes;
}

static bool is_valid_at(const struct cert *c, int64_t now)
{
	return c->not_before <= now + OCSP_SKEW && c->not_after >= now - OCSP_SKEW;
}

/* RFC 6960 4.2.2.2: the issuer of the certificate that is asked about made it for this. */
static bool is_delegate(const struct cert *c, const struct cert *issuer, int64_t now)
{
	uint32_t flags = X509_get_extension_flags(c->x);

	return flags & EXFLAG_XKUSAGE && X509_get_extended_key_usage(c->x) & XKU_OCSP_SIGN &&
	       (!(flags & EXFLAG_KUSAGE) ||
		X509_get_key_usage(c->x) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) &&
	       is_valid_at(c, now) && cert_is_issued_by(c, issuer);
}

/* RFC 6960 4.2.2.2.1: one that does not say that it needs no check may itself be revoked. */
static void note_delegate(const struct cert *c, struct serial *ret)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x);

	*ret = (struct serial){0};
	if (X509_get_ext_by_NID(c->x, NID_id_pkix_OCSP_noCheck, -1) < 0 &&
	    !serial_take(view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)), ret))
		*ret = (struct serial){0}; /* so long a number stands in no list */
}

static bool delegate_signed(struct crypto *crypto, const OCSP_BASICRESP *b,
			    const struct cert *issuer, int64_t now, struct cert *ret,
			    const char **ret_found)
{
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(b);
	bool yes = false;

	for (int i = 0; !yes && i < sk_X509_num(certs) && i < CERTS_IN_FILE_MAX; i++) {
		X509 *x = sk_X509_value(certs, i);
		struct cert c;

		X509_up_ref(x);
		if (cert_take(x, &c, NULL))
			continue;
		if (is_responder(b, &c) && is_signed_by(crypto, b, &c)) {
			yes = is_delegate(&c, issuer, now);
			*ret_found = "one whose certificate the issuer did not make for it, or "
				     "which is not valid now";
		}
		if (yes)
			*ret = c;
		else
			cert_done(&c);
	}
	return yes;
}

/* *ret_own: one of `signers`, or NULL; *ret_delegate: as it came, the caller's, or {0}. */
static enum cyg_err check_signer(struct crypto *crypto, const OCSP_BASICRESP *b,
				 const struct cert *issuer, const struct cert_list *signers,
				 int64_t now, const struct cert **ret_own,
				 struct cert *ret_delegate, struct diag *why)
{
	const char *found = "another signature";
	char text[CERT_TEXT_MAX];

	if (signature_is_weak(OCSP_resp_get0_tbs_sigalg(b))) {
		refuse(why, CYG_AUTH, "RFC 8247 4", "is signed with a hash that is too weak");
		diag_wanted(why, "SHA2-256 or better");
		return CYG_AUTH;
	}
	if (is_responder(b, issuer) && is_signed_by(crypto, b, issuer))
		return CYG_OK;
	for (size_t i = 0; i < signers->len; i++)
		if (is_responder(b, &signers->items[i]) &&
		    is_valid_at(&signers->items[i], now) &&
		    is_signed_by(crypto, b, &signers->items[i])) {
			*ret_own = &signers->items[i];
			return CYG_OK;
		}
	if (delegate_signed(crypto, b, issuer, now, ret_delegate, &found))
		return CYG_OK;
	refuse(why, CYG_AUTH, "RFC 6960 4.2.2.2", "is not signed by one who may");
	diag_wanted(why,
		    "the key of %.300s, one with its certificate for extendedKeyUsage "
		    "OCSPSigning, or one of ipsec.d/ocspcerts",
		    cert_print(issuer, text, sizeof(text)));
	diag_got(why, "%s", found);
	diag_hint(why, "put the server's own certificate into ipsec.d/ocspcerts if it is to be "
		       "trusted, then ipsec auto --rereadocspcerts");
	return CYG_AUTH;
}

/* ---- about what, and when ---- */

/* The answer about this certificate; NULL: there is none. */
static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *b, const struct cert *issuer,
				    const struct serial *serial)
{
	for (int i = 0; i < OCSP_resp_count(b) && i < 100; i++) {
		OCSP_SINGLERESP *s = OCSP_resp_get0(b, i);
		OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(s), *ours;
		ASN1_OBJECT *o = NULL;
		const EVP_MD *md;
		bool same;

		OCSP_id_get0_info(NULL, &o, NULL, NULL, id);
		md = o ? EVP_get_digestbyobj(o) : NULL;
		ours = md ? certid_of(md, issuer, serial) : NULL;
		same = ours && !OCSP_id_cmp(ours, id);
		OCSP_CERTID_free(ours);
		if (same)
			return s;
	}
	return NULL;
}

/* 0: it is not there. */
static int64_t moment_of(const ASN1_GENERALIZEDTIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

static enum cyg_err check_times(const struct ocsp_answer *a, int64_t produced, int64_t now,
				struct diag *why)
{
	int64_t until = a->next_update ? a->next_update + OCSP_SKEW
				       : a->this_update + OCSP_AGE_MAX;
	bool early = a->this_update > now + OCSP_SKEW || produced > now + OCSP_SKEW;
	char from[40], to[40], here[40];

	if (a->this_update && produced && !early && until >= now)
		return CYG_OK;
	refuse(why, CYG_RANGE, "RFC 6960 4.2.2.1", early ? "is of the future" : "is overdue");
	diag_wanted(why, "one that holds at %s, which it is here",
		    cert_print_time(now, here, sizeof(here)));
	diag_got(why, "one from %s to %s", cert_print_time(a->this_update, from, sizeof(from)),
		 a->next_update ? cert_print_time(a->next_update, to, sizeof(to))
				: "an end not said");
	diag_hint(why, "are the clocks of this host and of the server right?");
	return CYG_RANGE;
}

/* A nonce that is there must be ours: another one is of an answer to somebody else. */
static enum cyg_err check_nonce(OCSP_BASICRESP *b, const uint8_t *nonce, struct diag *why)
{
	int at = OCSP_BASICRESP_get_ext_by_NID(b, NID_id_pkix_OCSP_Nonce, -1);
	const ASN1_OCTET_STRING *value;
	const uint8_t *octets;
	int len;

	if (at < 0 || !nonce)
		return CYG_OK;
	value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(b, at));
	octets = ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (len == OCSP_NONCE_LEN + 2 && octets[0] == V_ASN1_OCTET_STRING &&
	    octets[1] == OCSP_NONCE_LEN && !memcmp(octets + 2, nonce, OCSP_NONCE_LEN))
		return CYG_OK;
	refuse(why, CYG_AUTH, "RFC 8954 2", "is to another question: its nonce is not ours");
	diag_hint(why, "somebody may be replaying old answers");
	return CYG_AUTH;
}

static bool has_unknown(OCSP_BASICRESP *b, OCSP_SINGLERESP *s)
{
	return OCSP_BASICRESP_get_ext_by_critical(b, 1, -1) >= 0 ||
	       OCSP_SINGLERESP_get_ext_by_critical(s, 1, -1) >= 0;
}

static enum cyg_err read_single(OCSP_BASICRESP *b, OCSP_SINGLERESP *s, int64_t now,
				struct ocsp_answer *ret, struct diag *why)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
	struct ocsp_answer a = {.reason = -1};
	int status = OCSP_single_get0_status(s, &a.reason, &revoked, &from, &until);
	enum cyg_err err;

	a.this_update = moment_of(from);
	a.next_update = moment_of(until);
	a.revoked_at = moment_of(revoked);
	a.status = status == V_OCSP_CERTSTATUS_GOOD      ? OCSP_STATUS_GOOD
		   : status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_STATUS_REVOKED
							 : OCSP_STATUS_UNKNOWN;
	if (has_unknown(b, s))
		return refuse(why, CYG_MALFORMED, "RFC 6960 4.4",
			      "has a critical extension that is not known here");
	err = check_times(&a, moment_of(OCSP_resp_get0_produced_at(b)), now, why);
	if (!err)
		*ret = a;
	return err;
}

static enum cyg_err refuse_other(const struct cert *issuer, const struct serial *serial,
				 struct diag *why)
{
	char text[CERT_TEXT_MAX], number[2 * SERIAL_MAX + 1];

	refuse(why, CYG_NOTFOUND, "RFC 6960 4.1.1", "is about other certificates");
	diag_wanted(why, "number %s of %.300s", serial_print(serial, number, sizeof(number)),
		    cert_print(issuer, text, sizeof(text)));
	return CYG_NOTFOUND;
}

/* ---- the answer ---- */

/* NULL: *why says what came instead. */
static OCSP_BASICRESP *unwrap(struct view octets, struct diag *why)
{
	const unsigned char *at = octets.ptr;
	OCSP_RESPONSE *r = octets.len <= OCSP_OCTETS_MAX
				   ? d2i_OCSP_RESPONSE(NULL, &at, (long)octets.len)
				   : NULL;
	OCSP_BASICRESP *b = NULL;
	int status = r ? OCSP_response_status(r) : -1;

	if (!r || at != octets.ptr + octets.len) {
		refuse(why, CYG_MALFORMED, "RFC 6960 4.2.1", "breaks its format");
	} else if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		refuse(why, CYG_MALFORMED, "RFC 6960 2.3", "is that it has none");
		diag_got(why, "%s", OCSP_response_status_str(status));
	} else {
		b = OCSP_response_get1_basic(r);
		if (!b)
			refuse(why, CYG_MALFORMED, "RFC 6960 4.2.1", "is not a basic one");
	}
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return b;
}

void ocsp_answer_done(struct ocsp_answer *a)
{
	cert_done(&a->signer);
}

bool ocsp_is_over(struct view octets, int64_t now)
{
	OCSP_BASICRESP *b = unwrap(octets, NULL);
	bool revoked = false, overdue = !b;

	for (int i = 0; b && i < OCSP_resp_count(b); i++) {
		ASN1_GENERALIZEDTIME *next = NULL;
		int status = OCSP_single_get0_status(OCSP_resp_get0(b, i), NULL, NULL, NULL,
						     &next);

		revoked |= status == V_OCSP_CERTSTATUS_REVOKED;
		overdue |= moment_of(next) < now - OCSP_SKEW;
	}
	OCSP_BASICRESP_free(b);
	ERR_clear_error();
	return overdue && !revoked;
}

/* What was said of a revocation once holds for ever: it is judged as of when it was said. */
static int64_t as_of(OCSP_BASICRESP *b, OCSP_SINGLERESP *s, const uint8_t *nonce, int64_t now)
{
	ASN1_GENERALIZEDTIME *from = NULL;
	int64_t made = moment_of(OCSP_resp_get0_produced_at(b)), said;

	if (nonce || !s ||
	    OCSP_single_get0_status(s, NULL, NULL, &from, NULL) != V_OCSP_CERTSTATUS_REVOKED)
		return now;
	said = moment_of(from) > made ? moment_of(from) : made;
	return said < now ? said : now;
}

enum cyg_err ocsp_read(struct crypto *crypto, const struct cert *issuer,
		       const struct serial *serial, const uint8_t *nonce,
		       const struct cert_list *signers, struct view octets, int64_t now,
		       struct ocsp_answer *ret, struct diag *why)
{
	OCSP_BASICRESP *b = unwrap(octets, why);
	const struct cert *own = NULL;
	struct cert delegate = {0};
	OCSP_SINGLERESP *s;
	enum cyg_err err;

	if (!b)
		return CYG_MALFORMED;
	s = find_single(b, issuer, serial);
	now = as_of(b, s, nonce, now);
	err = check_signer(crypto, b, issuer, signers, now, &own, &delegate, why);
	if (!err)
		err = check_nonce(b, nonce, why);
	if (!err)
		err = s ? read_single(b, s, now, ret, why) : refuse_other(issuer, serial, why);
	if (!err && delegate.x)
		note_delegate(&delegate, &ret->delegate);
	if (!err && own) {
		ret->by_own = true;
		memcpy(ret->own_key, own->key.id, KEY_ID_LEN);
	}
	if (!err)
		ret->signer = delegate;
	else
		cert_done(&delegate);
	OCSP_BASICRESP_free(b);
	ERR_clear_error();
	return err;
}
