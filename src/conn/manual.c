/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/manual.h"

#include "base/secret.h"
#include "conn/proposal_kind.h"
#include "crypto/alg.h"

void manual_keys_wipe(struct manual_keys *k)
{
	secret_wipe(k, sizeof(*k));
}

/* ---- algorithms ---- */

static const char *word_of(const struct connection *c)
{
	return c->protects == PROTO_AH ? "ah" : "esp";
}

static enum cyg_err refuse_many(const struct connection *c, const char *kind, struct diag *why)
{
	diag_set(why, "manual-choice", NULL,
		 "%s= leaves a choice of %s, and nobody is asked when keys are set by hand",
		 word_of(c), kind);
	diag_wanted(why, "one algorithm of each kind, with its size");
	diag_hint(why, c->protects == PROTO_AH ? "ah=sha2_256" : "esp=aes256-sha2_256");
	return CYG_CONFLICT;
}

/* RFC 8221 3: a counter must never start again under one key, and by hand it does. */
static enum cyg_err refuse_counter(const struct alg *a, struct diag *why)
{
	char name[ALG_TEXT_MAX];

	diag_set(
		why, "manual-counter", "RFC 8221 3",
		"%s is broken by one key that is used twice, and keys that are set by hand are",
		alg_print(a, 0, name));
	diag_wanted(why, "a cipher in CBC mode with a MAC");
	diag_hint(why, "esp=aes256-sha2_256");
	return CYG_UNSUPPORTED;
}

static bool is_fit(const struct alg *a)
{
	return a->form == ALG_FORM_CBC || a->form == ALG_FORM_NULL;
}

/* The one of its kind; none is fine where `optional`. Sequence numbers and groups are not asked for. */
static enum cyg_err only_one(const struct connection *c, enum alg_kind kind,
			     const struct transform **ret, struct diag *why)
{
	const struct proposal *p = &c->esp->items[0];

	*ret = proposal_next(p, kind, NULL);
	if (*ret && proposal_next(p, kind, *ret))
		return refuse_many(c, kind == ALG_ENCR ? "ciphers" : "MACs", why);
	return CYG_OK;
}

static enum cyg_err no_algorithms(const struct connection *c, struct diag *why)
{
	diag_set(why, "manual-choice", NULL,
		 "nothing says which algorithms the keys are for: there is no esp= or ah=");
	diag_hint(why, "esp=aes256-sha2_256");
	(void)c;
	return CYG_CONFLICT;
}

static enum cyg_err take_cipher(const struct transform *t, struct chosen *ret, struct diag *why)
{
	const struct alg *a = alg_by_id(ALG_ENCR, t->id);

	if (!a || !is_fit(a))
		return a ? refuse_counter(a, why) : CYG_UNSUPPORTED;
	ret->encr = t->id;
	ret->key_bits = t->key_bits;
	return CYG_OK;
}

enum cyg_err manual_suite(const struct connection *c, struct chosen *ret, struct diag *why)
{
	struct chosen chosen = {.protocol = c->protects, .number = 1};
	const struct transform *encr, *integ;
	enum cyg_err err;

	if (!c->esp)
		return no_algorithms(c, why);
	if (c->esp->len != 1)
		return refuse_many(c, "proposals", why);
	err = only_one(c, ALG_ENCR, &encr, why);
	if (!err && encr)
		err = take_cipher(encr, &chosen, why);
	if (!err)
		err = only_one(c, ALG_INTEG, &integ, why);
	if (err)
		return err;
	if (!integ || integ->id == ALG_INTEG_NONE)
		return refuse_many(c, "MACs", why);
	chosen.integ = integ->id;
	chosen.esn = c->esn && !c->esn_off;
	*ret = chosen;
	return CYG_OK;
}

/* ---- keys ---- */

void manual_lengths(const struct chosen *suite, size_t *ret_encr, size_t *ret_integ)
{
	const struct alg *encr = suite->encr ? alg_by_id(ALG_ENCR, suite->encr) : NULL;
	const struct alg *integ = alg_by_id(ALG_INTEG, suite->integ);

	*ret_encr = encr && encr->form != ALG_FORM_NULL ? alg_key_len(encr, suite->key_bits)
							: 0;
	*ret_integ = integ ? integ->key_len : 0;
}

/* The value is secret: lengths alone are told. */
static enum cyg_err check_key(int end, const char *word, size_t len, size_t wanted,
			      struct diag *why)
{
	if (len == wanted)
		return CYG_OK;
	diag_set(why, "manual-key", NULL,
		 len ? "the key of %s%s= has the wrong length"
		     : "there is no key for packets towards the %s end: %s=",
		 connection_side(end), word);
	if (wanted)
		diag_wanted(why, "0x and %zu hexadecimal digits (%zu octets)", wanted * 2, wanted);
	else
		diag_wanted(why, "no %s=, as the algorithm has no key", word);
	diag_got(why, len ? "%zu octets" : "nothing", len);
	return CYG_RANGE;
}

static enum cyg_err check_spi(int end, bool ah, uint32_t spi, struct diag *why)
{
	if (spi >= MANUAL_SPI_LOWEST)
		return CYG_OK;
	diag_set(why, "manual-spi", "RFC 4303 2.1",
		 spi ? "the SPI 0x%x of packets towards the %s end is reserved"
		     : "there is no SPI (%x) for packets towards the %s end",
		 spi, connection_side(end));
	diag_wanted(why, "spi=, or %s%sspi=, from 0x100 to 0xffffffff", connection_side(end),
		    ah ? "ah" : "esp");
	diag_hint(why, "spi=0x300");
	return CYG_RANGE;
}

enum cyg_err manual_check(const struct chosen *suite, const struct manual_keys *k,
			  struct diag *why)
{
	bool ah = suite->protocol == PROTO_AH;
	size_t encr, integ;

	manual_lengths(suite, &encr, &integ);
	for (int i = 0; i < 2; i++) {
		const struct manual_sa *sa = &k->toward[i];
		enum cyg_err err = check_spi(i, ah, sa->spi, why);

		if (!err)
			err = check_key(i, "espenckey", sa->encr_len, encr, why);
		if (!err)
			err = check_key(i, ah ? "ahkey" : "espauthkey", sa->integ_len, integ,
					why);
		if (err)
			return err;
	}
	return CYG_OK;
}
