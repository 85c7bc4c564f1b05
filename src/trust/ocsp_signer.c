/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed what OCSP servers said, for listings: whom an issuer has told to. */
#include "trust/revoke.h"

#include <stdlib.h>
#include <string.h>

static struct ocsp_signer *find(const struct revoke *r, const struct cert *c)
{
	LIST_EACH(s, &r->signers, struct ocsp_signer, link)
		if (cert_equal(&s->cert, c))
			return s;
	return NULL;
}

struct ocsp_signer *ocsp_signer_hold(struct revoke *r, const struct cert *c, const char *url,
				     int64_t now)
{
	struct ocsp_signer *s = c->x ? find(r, c) : NULL;

	if (!c->x || (!s && r->signers_len == OCSP_SIGNERS_MAX))
		return NULL;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->url = strdup(url);
		if (!s->url) {
			free(s);
			return NULL;
		}
		s->cert = cert_copy(c);
		s->since = now;
		list_append(&r->signers, &s->link);
		r->signers_len++;
	}
	s->answers++;
	return s;
}

void ocsp_signer_drop(struct revoke *r, struct ocsp_signer *s)
{
	if (!s || --s->answers)
		return;
	list_remove(&s->link);
	r->signers_len--;
	cert_done(&s->cert);
	free(s->url);
	free(s);
}
