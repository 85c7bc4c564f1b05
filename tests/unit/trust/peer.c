/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/trust/peer.h"

#include "tests/unit/support/test.h"
#include "trust/trust_private.h"

#include <string.h>

void peer_believe(struct trust *t, struct crypto *crypto, const struct pki_cert *ca,
		  const struct authority *says)
{
	static const struct authority plain = {.name = "ca"};
	struct cert c = pki_read(crypto, ca);
	struct bytes der = cert_der(&c);

	assert_int_equal(trust_add_authority(t, says ? says : &plain, view_bytes(&der), PKI_NOW,
					     NULL),
			 CYG_OK);
	bytes_done(&der);
	cert_done(&c);
}

static struct bytes sign(struct crypto *crypto, const struct pki_cert *end)
{
	struct bytes proof;
	struct key key;

	EVP_PKEY_up_ref(end->key);
	assert_int_equal(key_take(end->key, &key, NULL), CYG_OK);
	assert_int_equal(sig_make(crypto, sig_choose(&key, AUTH_PUBKEY, SIG_HASH_SHA2_256),
				  &key, LITERAL("messagenoncemaced id"), &proof, NULL),
			 CYG_OK);
	key_done(&key);
	return proof;
}

struct trust_job *peer_job(struct trust *t, struct crypto *crypto, const struct pki_cert *end,
			   const char *id, const struct auth_cert *sent, int64_t now)
{
	return peer_job_named(t, crypto, end, id, sent, NULL, now);
}

struct trust_job *peer_job_named(struct trust *t, struct crypto *crypto,
				 const struct pki_cert *end, const char *id,
				 const struct auth_cert *sent, const char *rightcert,
				 int64_t now)
{
	return peer_job_of(t, crypto,
			   &(struct peer_wish){end, id, sent, 1, rightcert, .now = now});
}

struct trust_job *peer_job_of(struct trust *t, struct crypto *crypto,
			      const struct peer_wish *wish)
{
	struct connection *c = connection_new("c");
	struct bytes proof = sign(crypto, wish->end);
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 1};
	struct trust_job *j;

	c->auth = AUTH_PUBKEY;
	if (wish->rightcert)
		c->end[1].cert = strdup(wish->rightcert);
	if (wish->rsa_bits_min)
		c->rsa_bits_min = wish->rsa_bits_min;
	if (wish->groups)
		c->end[1].groups = strdup(wish->groups);
	a.auth = (struct auth_request){
		.connection = c,
		.prf = 5,
		.message = LITERAL("message"),
		.nonce = LITERAL("nonce"),
		.maced_id = LITERAL("maced id"),
		.method = AUTH_METHOD_SIGNATURE,
		.data = view_bytes(&proof),
		.certs = wish->sent,
		.certs_len = wish->sent_len,
	};
	assert_int_equal(ident_parse("@us", &a.auth.local, NULL), CYG_OK);
	assert_int_equal(ident_parse(wish->id, &a.auth.remote, NULL), CYG_OK);
	j = trust_begin(t, &a, wish->now);
	assert_non_null(j);
	ident_unref(a.auth.local);
	ident_unref(a.auth.remote);
	connection_unref(c);
	bytes_done(&proof);
	return j;
}
