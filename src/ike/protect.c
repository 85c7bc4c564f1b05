/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/protect.h"

#include "ike/core.h"
#include "ike/fragment.h"
#include "wire/ikev2_numbers.h"

#include <string.h>

static const struct suite_key *our_key(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.i : &sa->keys.r;
}

static const struct suite_key *their_key(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.r : &sa->keys.i;
}

struct sk_sizes protect_sizes(const struct ike_sa *sa)
{
	const struct suite *s = &sa->suite;

	return (struct sk_sizes){s->iv_len, s->icv_len, s->block_len};
}

void seal_begin(struct sealer *s, struct ike_sa *sa, uint8_t exchange, bool response,
		uint32_t msgid)
{
	struct ike_header h = {
		.spi_i = sa_spi_i(sa),
		.spi_r = sa_spi_r(sa),
		.exchange = exchange,
		.initiator = sa->initiator,
		.response = response,
		.msgid = msgid,
	};

	s->sa = sa;
	s->b = builder_of(s->storage, sizeof(s->storage));
	s->sizes = protect_sizes(sa);
	s->outer = message_begin(&s->b, &h);
	s->inner = sk_begin(&s->outer, &s->sizes);
}

enum cyg_err seal_frame(struct ike_sa *sa, const struct sk_frame *f)
{
	struct suite_packet p = {
		.aad = f->aad,
		.iv = f->iv,
		.text = f->plaintext,
		.len = f->plaintext_len,
		.icv = f->icv,
	};

	return suite_seal(sa->ike->crypto, &sa->suite, our_key(sa), sa->iv_next++, &p);
}

enum cyg_err seal_end(struct sealer *s, struct view *ret)
{
	struct ike_sa *sa = s->sa;
	struct sk_frame f;
	struct view text;
	enum cyg_err err;

	if (!sk_end(&s->outer, &s->inner, &s->sizes, &f))
		return CYG_LIMIT;
	if (fragment_needed(sa, f.message)) {
		err = sk_unpad(view_of(f.plaintext, f.plaintext_len), &text, NULL);
		return err ? err : fragment_cut(sa, f.message, s->inner.first, text, ret);
	}
	err = seal_frame(sa, &f);
	if (!err)
		*ret = f.message;
	return err;
}

enum cyg_err open_sk(struct ike_sa *sa, const struct sk_payload *sk, bool ours,
		     uint8_t *storage, struct view *ret_text, struct diag *why)
{
	struct suite_packet p;
	uint8_t iv[SUITE_IV_MAX], icv[SUITE_ICV_MAX];
	enum cyg_err err;

	memcpy(iv, sk->iv.ptr, sk->iv.len);
	memcpy(icv, sk->icv.ptr, sk->icv.len);
	memcpy(storage, sk->ciphertext.ptr, sk->ciphertext.len);
	p = (struct suite_packet){
		.aad = sk->aad,
		.iv = iv,
		.text = storage,
		.len = sk->ciphertext.len,
		.icv = icv,
	};
	err = suite_open(sa->ike->crypto, &sa->suite, ours ? our_key(sa) : their_key(sa), &p);
	if (err) {
		diag_set(why, "bad-integrity", "RFC 7296 3.14",
			 "the message was not sealed with this IKE SA's keys");
		return err;
	}
	return sk_unpad(view_of(storage, sk->ciphertext.len), ret_text, why);
}

enum cyg_err unseal(struct ike_sa *sa, const struct message *outer, uint8_t *storage,
		    struct message *ret_inner, uint8_t *ret_critical, bool *ret_genuine,
		    struct diag *why)
{
	struct sk_sizes sizes = protect_sizes(sa);
	struct sk_payload sk;
	struct view plain;
	enum cyg_err err = sk_parse(outer, &sizes, &sk, why);

	*ret_genuine = false;
	if (err)
		return err;
	err = open_sk(sa, &sk, false, storage, &plain, why);
	/* Only what was the peer's can be malformed inside. */
	*ret_genuine = err == CYG_OK || err == CYG_MALFORMED;
	if (err)
		return err;
	return message_parse_inner(plain, sk.first, ret_inner, ret_critical, why);
}
