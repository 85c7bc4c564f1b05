/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/certs.h"

#include "wire/notify.h"
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

/* One CERTREQ; more authorities than are kept are left out. */
static enum problem take_wish(const struct payload *p, struct cert_wish *wish, struct diag *why)
{
	struct certreq_payload r;

	if (certreq_parse(p, &r, why))
		return PROBLEM_SYNTAX;
	if (r.encoding == CERT_RAW_KEY)
		wish->raw_key = true;
	if (r.encoding != CERT_X509_SIGNATURE ||
	    wish->authorities.len + r.authorities.len > AUTHORITIES_MAX)
		return PROBLEM_NONE;
	wish->cert = true;
	return append(&wish->authorities, r.authorities) ? PROBLEM_NONE : PROBLEM_LOCAL;
}

enum problem certreq_take(const struct message *m, uint16_t where, struct cert_wish *wish,
			  struct diag *why)
{
	struct notify_payload n;
	struct cert_wish all = {
		.by_url = message_find_notify(m, where, N_HTTP_CERT_LOOKUP_SUPPORTED, &n),
	};

	for (const struct payload *p = message_find(m, PAYLOAD_CERTREQ); p;
	     p = message_next(m, p)) {
		enum problem bad = take_wish(p, &all, why);

		if (bad != PROBLEM_NONE) {
			bytes_done(&all.authorities);
			return bad;
		}
	}
	bytes_done(&wish->authorities);
	*wish = all;
	return PROBLEM_NONE;
}

/* RFC 7670 3: there is no authority to name. */
void certs_ask_raw_key(struct chain *c)
{
	struct certreq_payload r = {CERT_RAW_KEY, {0}};

	chain_payload(c, PAYLOAD_CERTREQ);
	certreq_build(c->b, &r);
}

void certs_ask(struct chain *c, struct view authorities, bool by_url)
{
	struct certreq_payload r = {CERT_X509_SIGNATURE, authorities};

	if (!authorities.len)
		return;
	chain_payload(c, PAYLOAD_CERTREQ);
	certreq_build(c->b, &r);
	if (by_url)
		chain_notify(c, N_HTTP_CERT_LOOKUP_SUPPORTED, (struct view){0});
}
