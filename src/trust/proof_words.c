/* SPDX-License-Identifier: Apache-2.0 */
/* By what somebody has proven who he is, in words, for status and refusals. */
#include "trust/eap_method.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <time.h>

#define NAME_MAX_TOLD 160 /* of a subject; the rest is cut */

void proof_by(struct trust_reply *r, const char *words)
{
	snprintf(r->by, sizeof(r->by), "%s", words);
}

void proof_by_key(struct trust_reply *r, const struct key *k, const char *where)
{
	char key[100];

	snprintf(r->by, sizeof(r->by), "public key (%s)%s", key_print(k, key, sizeof(key)),
		 where);
}

void proof_by_cert(struct trust_reply *r, const struct cert *c)
{
	char subject[NAME_MAX_TOLD], issuer[NAME_MAX_TOLD], until[20] = "?";
	time_t at = (time_t)c->not_after;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(until, sizeof(until), "%Y-%m-%d", &tm);
	snprintf(r->by, sizeof(r->by), "%s certificate %s, issued by %s, valid until %s",
		 key_kind_name(c->key.kind), cert_print(c, subject, sizeof(subject)),
		 cert_print_issuer(c, issuer, sizeof(issuer)), until);
}

void proof_by_eap(struct trust_reply *r, const struct eap_session *s)
{
	snprintf(r->by, sizeof(r->by), "%s%s%s", s->method ? s->method->name : "EAP by RADIUS",
		 s->chain && s->chain->len ? " with the certificate of " : "",
		 s->chain && s->chain->len ? s->chain->links[0].subject : "");
}
