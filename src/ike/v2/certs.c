/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/certs.h"

#include "wire/payload.h"

#include <stdlib.h>
#include <string.h>

#define AUTHORITIES_MAX (256 * CERTREQ_HASH_LEN) /* octets of hashes that are kept */

struct auth_certs *certs_copy(const struct auth_cert *items, size_t len)
{
	struct auth_certs *c;
	size_t octets = 0;
	uint8_t *at;

	for (size_t i = 0; i < len; i++)
		octets += items[i].data.len;
	c = malloc(sizeof(*c) + octets);
	if (!c)
		return NULL;
	c->len = len;
	at = c->octets;
	for (size_t i = 0; i < len; i++) {
		memcpy(at, items[i].data.ptr, items[i].data.len);
		c->items[i] = (struct auth_cert){items[i].encoding, {at, items[i].data.len}};
		at += items[i].data.len;
	}
	return c;
}

enum problem certs_take(const struct message *m, struct auth_certs **ret, struct diag *why)
{
	struct auth_cert items[AUTH_CERTS_MAX];
	struct auth_certs *copy;
	size_t len = 0;

	for (const struct payload *p = message_find(m, PAYLOAD_CERT); p && len < AUTH_CERTS_MAX;
	     p = message_next(m, p)) {
		struct cert_payload cert;

		if (cert_parse(p, &cert, why))
			return PROBLEM_SYNTAX;
		items[len++] = (struct auth_cert){cert.encoding, cert.data};
	}
	copy = certs_copy(items, len);
	if (!copy)
		return PROBLEM_LOCAL;
	free(*ret);
	*ret = copy;
	return PROBLEM_NONE;
}

void certs_build(struct chain *c, const struct auth_cert *items, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct cert_payload cert = {items[i].encoding, items[i].data};

		chain_payload(c, PAYLOAD_CERT);
		cert_build(c->b, &cert);
	}
}

static bool append(struct bytes *b, struct view more)
{
	uint8_t *bigger = realloc(b->ptr, b->len + more.len + 1);

	if (!bigger)
		return false;
	if (more.len)
		memcpy(bigger + b->len, more.ptr, more.len);
	*b = (struct bytes){bigger, b->len + more.len};
	return true;
}

enum problem certreq_take(const struct message *m, struct bytes *hashes, bool *ret_asked,
			  struct diag *why)
{
	struct bytes all = {0};
	bool asked = false;

	for (const struct payload *p = message_find(m, PAYLOAD_CERTREQ); p;
	     p = message_next(m, p)) {
		struct certreq_payload r;
		enum problem bad = PROBLEM_NONE;

		if (certreq_parse(p, &r, why))
			bad = PROBLEM_SYNTAX;
		else if (r.encoding != CERT_X509_SIGNATURE ||
			 all.len + r.authorities.len > AUTHORITIES_MAX)
			continue;
		else if (!append(&all, r.authorities))
			bad = PROBLEM_LOCAL;
		if (bad != PROBLEM_NONE) {
			bytes_done(&all);
			return bad;
		}
		asked = true;
	}
	bytes_done(hashes);
	*hashes = all;
	*ret_asked = asked;
	return PROBLEM_NONE;
}

void certs_ask(struct chain *c, struct view authorities)
{
	struct certreq_payload r = {CERT_X509_SIGNATURE, authorities};

	if (!authorities.len)
		return;
	chain_payload(c, PAYLOAD_CERTREQ);
	certreq_build(c->b, &r);
}
