/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

#include "base/reader.h"
#include "wire/refuse.h"

#include <assert.h>

/* KE, CERT, CERTREQ, AUTH, nonce, vendor ID and EAP: each parser beside its builder. */

static const struct rule bad_ke = {CYG_MALFORMED, "malformed-ke", "RFC 7296 3.4"};
static const struct rule bad_cert = {CYG_MALFORMED, "malformed-cert", "RFC 7296 3.6"};
static const struct rule bad_certreq = {CYG_MALFORMED, "malformed-certreq", "RFC 7296 3.7"};
static const struct rule bad_auth = {CYG_MALFORMED, "malformed-auth", "RFC 7296 3.8"};
static const struct rule bad_nonce = {CYG_MALFORMED, "malformed-nonce", "RFC 7296 3.9"};
static const struct rule bad_eap = {CYG_MALFORMED, "malformed-eap", "RFC 7296 3.16"};

enum cyg_err ke_parse(const struct payload *p, struct ke_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct ke_payload ke;

	ke.group = read_u16(&r);
	read_skip(&r, 2);
	ke.data = read_rest(&r);
	if (r.bad || ke.data.len == 0)
		return refuse(why, &bad_ke, p->offset, "the key exchange payload has no value",
			      "group, 2 reserved octets and a value", "%zu octets",
			      p->body.len);
	if (ke.group == 0)
		return refuse(why, &bad_ke, p->offset, "the key exchange is of group NONE",
			      "a group", "0");
	*ret = ke;
	return CYG_OK;
}

void ke_build(struct builder *b, const struct ke_payload *ke)
{
	assert(ke->group && ke->data.len);
	build_u16(b, ke->group);
	build_u16(b, 0);
	build_view(b, ke->data);
}

/* A SHA-1 hash and at least one octet of URL (RFC 7296 3.6). */
static size_t cert_len_min(uint8_t encoding)
{
	return encoding == CERT_HASH_AND_URL || encoding == CERT_HASH_AND_URL_BUNDLE ? 21 : 1;
}

enum cyg_err cert_parse(const struct payload *p, struct cert_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct cert_payload cert;

	cert.encoding = read_u8(&r);
	cert.data = read_rest(&r);
	if (cert.encoding == 0)
		return refuse(why, &bad_cert, p->offset, "the certificate has no encoding",
			      "1 or more", "%s", p->body.len ? "0" : "an empty payload");
	if (cert.data.len < cert_len_min(cert.encoding))
		return refuse(why, &bad_cert, p->offset, "the certificate is too short",
			      "more octets of this encoding", "%zu of encoding %u",
			      cert.data.len, cert.encoding);
	*ret = cert;
	return CYG_OK;
}

void cert_build(struct builder *b, const struct cert_payload *cert)
{
	assert(cert->encoding && cert->data.len >= cert_len_min(cert->encoding));
	build_u8(b, cert->encoding);
	build_view(b, cert->data);
}

/*
 * RFC 7296 3.7 and RFC 4806 3.1: X.509 and OCSP requests name authorities by SHA-1 of their
 * keys.
 */
static bool lists_hashes(uint8_t encoding)
{
	return encoding == CERT_X509_SIGNATURE || encoding == CERT_HASH_AND_URL ||
	       encoding == CERT_HASH_AND_URL_BUNDLE || encoding == CERT_OCSP_CONTENT;
}

enum cyg_err certreq_parse(const struct payload *p, struct certreq_payload *ret,
			   struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct certreq_payload certreq;

	certreq.encoding = read_u8(&r);
	certreq.authorities = read_rest(&r);
	if (certreq.encoding == 0)
		return refuse(why, &bad_certreq, p->offset,
			      "the certificate request has no encoding", "1 or more", "%s",
			      p->body.len ? "0" : "an empty payload");
	if (lists_hashes(certreq.encoding) && certreq.authorities.len % CERTREQ_HASH_LEN)
		return refuse(why, &bad_certreq, p->offset,
			      "the certificate request does not hold whole hashes",
			      "a multiple of 20 octets", "%zu", certreq.authorities.len);
	*ret = certreq;
	return CYG_OK;
}

void certreq_build(struct builder *b, const struct certreq_payload *certreq)
{
	assert(certreq->encoding);
	build_u8(b, certreq->encoding);
	build_view(b, certreq->authorities);
}

bool certreq_has_hashes(const struct certreq_payload *certreq)
{
	return lists_hashes(certreq->encoding);
}

enum cyg_err auth_parse(const struct payload *p, struct auth_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct auth_payload auth;

	auth.method = read_u8(&r);
	read_skip(&r, 3);
	auth.data = read_rest(&r);
	if (r.bad || auth.data.len == 0)
		return refuse(why, &bad_auth, p->offset, "the AUTH payload proves nothing",
			      "method, 3 reserved octets and data", "%zu octets", p->body.len);
	if (auth.method == 0)
		return refuse(why, &bad_auth, p->offset, "the AUTH payload has no method",
			      "1 or more", "0");
	*ret = auth;
	return CYG_OK;
}

void auth_build(struct builder *b, const struct auth_payload *auth)
{
	assert(auth->method && auth->data.len);
	build_u8(b, auth->method);
	build_zero(b, 3);
	build_view(b, auth->data);
}

enum cyg_err nonce_parse(const struct payload *p, struct nonce_payload *ret, struct diag *why)
{
	if (p->body.len < NONCE_LEN_MIN || p->body.len > NONCE_LEN_MAX)
		return refuse(why, &bad_nonce, p->offset,
			      "the nonce has a length that is not allowed", "16 to 256 octets",
			      "%zu", p->body.len);
	ret->data = p->body;
	return CYG_OK;
}

void nonce_build(struct builder *b, const struct nonce_payload *nonce)
{
	assert(nonce->data.len >= NONCE_LEN_MIN && nonce->data.len <= NONCE_LEN_MAX);
	build_view(b, nonce->data);
}

enum cyg_err vendor_parse(const struct payload *p, struct vendor_payload *ret, struct diag *why)
{
	ret->id = p->body;
	return CYG_OK;
}

void vendor_build(struct builder *b, const struct vendor_payload *vendor)
{
	build_view(b, vendor->id);
}

static bool eap_has_type(uint8_t code)
{
	return code == EAP_REQUEST || code == EAP_RESPONSE;
}

enum cyg_err eap_parse(const struct payload *p, struct eap_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body);
	struct eap_payload eap = {0};
	size_t len;

	eap.code = read_u8(&r);
	eap.identifier = read_u8(&r);
	len = read_u16(&r);
	if (r.bad || len != p->body.len)
		return refuse(why, &bad_eap, p->offset,
			      "the EAP packet does not fill its payload",
			      "the payload's length", "%zu octets in %zu", len, p->body.len);
	if (eap.code < EAP_REQUEST || eap.code > EAP_FAILURE)
		return refuse(why, &bad_eap, p->offset, "the EAP packet has an unknown code",
			      "1 to 4", "%u", eap.code);
	if (eap_has_type(eap.code))
		eap.type = read_u8(&r);
	eap.data = eap_has_type(eap.code) ? read_rest(&r) : view_of(NULL, 0);
	if (!read_done(&r))
		return refuse(why, &bad_eap, p->offset, "the EAP packet has the wrong length",
			      "a type in requests and responses, nothing in others",
			      "%zu octets with code %u", len, eap.code);
	*ret = eap;
	return CYG_OK;
}

void eap_build(struct builder *b, const struct eap_payload *eap)
{
	size_t header = eap_has_type(eap->code) ? 5 : 4;

	assert(eap->code >= EAP_REQUEST && eap->code <= EAP_FAILURE);
	assert(eap->data.len <= (eap_has_type(eap->code) ? UINT16_MAX - header : 0));
	build_u8(b, eap->code);
	build_u8(b, eap->identifier);
	build_u16(b, (uint16_t)(header + eap->data.len));
	if (eap_has_type(eap->code))
		build_u8(b, eap->type);
	build_view(b, eap->data);
}
