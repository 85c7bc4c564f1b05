/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/facts.h"

#include "crypto/alg.h"
#include "pluto/facts_out.h"

#define OCTET 8 /* bits */

/* What the listing calls a kind of algorithm, in Openswan's words. */
static const struct {
	uint8_t kind, built_for;
	const char *protocol, *use;
} rows[] = {
	{ALG_ENCR, ALG_FOR_ESP, "ESP", "encrypt"}, {ALG_INTEG, ALG_FOR_ESP, "ESP", "auth attr"},
	{ALG_ENCR, ALG_FOR_IKE, "IKE", "encrypt"}, {ALG_INTEG, ALG_FOR_IKE, "IKE", "integrity"},
	{ALG_PRF, ALG_FOR_IKE, "IKE", "hash"},     {ALG_KE, ALG_FOR_IKE, "IKE", "dh group"},
};

static unsigned key_bits_min(const struct alg *a)
{
	unsigned least = a->bits[0];

	for (size_t i = 1; i < ALG_BITS_MAX && a->bits[i]; i++)
		least = a->bits[i] < least ? a->bits[i] : least;
	return least ? least : a->key_len * OCTET;
}

static unsigned key_bits_max(const struct alg *a)
{
	unsigned most = a->bits[0];

	for (size_t i = 1; i < ALG_BITS_MAX && a->bits[i]; i++)
		most = a->bits[i] > most ? a->bits[i] : most;
	return most ? most : a->key_len * OCTET;
}

/* The size of what its keys are reckoned in; 0: it has no such number. */
static unsigned group_bits(const struct alg *a)
{
	if (a->kind != ALG_KE || a->form == ALG_FORM_KEM)
		return 0;
	return a->id == ALG_KE_ECP521 ? 521 : a->out_len * OCTET;
}

static void put_algorithm(struct json_out *o, const struct alg *a, const char *protocol,
			  const char *use)
{
	json_out_object(o, NULL);
	json_out_text(o, "protocol", protocol);
	json_out_text(o, "use", use);
	json_out_number(o, "id", a->id);
	json_out_text(o, "name", a->name);
	if (a->kind == ALG_ENCR) {
		json_out_number(o, "iv_octets", a->iv_len);
		json_out_number(o, "block_octets", a->block_len);
	}
	if (a->kind == ALG_ENCR || a->kind == ALG_INTEG) {
		json_out_number(o, "key_bits_min", key_bits_min(a));
		json_out_number(o, "key_bits_max", key_bits_max(a));
	}
	put_count(o, "key_bits_default", a->bits_default);
	put_count(o, "icv_octets", a->icv_len);
	if (a->kind == ALG_PRF)
		json_out_number(o, "hash_octets", a->out_len);
	if (a->kind == ALG_KE)
		json_out_number(o, "public_octets", a->public_i);
	put_count(o, "bits", group_bits(a));
	json_out_flag(o, "weak", a->strength == ALG_WEAK);
	json_out_object_end(o);
}

void facts_algorithms(struct json_out *o)
{
	json_out_list(o, "algorithms");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (const struct alg *a = alg_next(rows[i].kind, NULL); a;
		     a = alg_next(rows[i].kind, a))
			if ((a->built & rows[i].built_for) && a->strength != ALG_REFUSED)
				put_algorithm(o, a, rows[i].protocol, rows[i].use);
	json_out_list_end(o);
}
