/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of proposals: shared, compared, printed; and what stands in when nothing is configured. */
#include "conn/proposal.h"

#include "base/text.h"
#include "conn/proposal_kind.h"

#include <stdlib.h>
#include <string.h>

/* The count of a list that is constant and never freed. */
#define REFS_CONSTANT UINT32_MAX

/* The rows keep their shape. */
/* clang-format off */
#define ENCR(name, bits) {ALG_ENCR, ALG_ENCR_##name, (bits)}
#define ALG(kind, name) {ALG_##kind, ALG_##kind##_##name, 0}

#define AEADS \
	ENCR(AES_GCM_16, 256), ENCR(AES_GCM_16, 128), ENCR(CHACHA20_POLY1305, 0)
#define CIPHERS \
	ENCR(AES_CBC, 256), ENCR(AES_CBC, 128)
#define MACS \
	ALG(INTEG, HMAC_SHA2_512_256), ALG(INTEG, HMAC_SHA2_384_192), \
	ALG(INTEG, HMAC_SHA2_256_128)
#define PRFS \
	ALG(PRF, HMAC_SHA2_512), ALG(PRF, HMAC_SHA2_384), ALG(PRF, HMAC_SHA2_256)
/* Curves first: they are quick and their values small. The slow groups stand last but one. */
#define GROUPS \
	ALG(KE, X25519), ALG(KE, ECP256), ALG(KE, ECP384), ALG(KE, ECP521), ALG(KE, X448), \
	ALG(KE, MODP3072), ALG(KE, MODP4096), ALG(KE, MODP6144), ALG(KE, MODP8192), \
	ALG(KE, MODP2048)
#define SEQUENCES \
	ALG(ESN, YES), ALG(ESN, NO)

#define PROPOSAL(proto, ...) {                                                            \
	.protocol = (proto),                                                              \
	.len = sizeof((struct transform[]){__VA_ARGS__}) / sizeof(struct transform),      \
	.transforms = {__VA_ARGS__},                                                      \
}

/* RFC 5282 8: AEAD ciphers stand in a proposal of their own. */
static const struct proposals ike_default = {
	.refs = REFS_CONSTANT,
	.len = 2,
	.items = {
		PROPOSAL(PROTO_IKE, AEADS, PRFS, GROUPS),
		PROPOSAL(PROTO_IKE, CIPHERS, PRFS, MACS, GROUPS),
	},
};

static const struct proposals esp_default = {
	.refs = REFS_CONSTANT,
	.len = 2,
	.items = {
		PROPOSAL(PROTO_ESP, AEADS, GROUPS, SEQUENCES),
		PROPOSAL(PROTO_ESP, CIPHERS, MACS, GROUPS, SEQUENCES),
	},
};
static const struct proposals ah_default = {
	.refs = REFS_CONSTANT,
	.len = 1,
	.items = {
		PROPOSAL(PROTO_AH, MACS, GROUPS, SEQUENCES),
	},
};
/* clang-format on */

enum cyg_err proposals_default(enum protocol protocol, const struct proposals **ret)
{
	static const struct proposals *const defaults[] = {
		[PROTO_IKE] = &ike_default,
		[PROTO_AH] = &ah_default,
		[PROTO_ESP] = &esp_default,
	};

	if (protocol == PROTO_NONE || protocol >= sizeof(defaults) / sizeof(defaults[0]))
		return CYG_UNSUPPORTED;
	*ret = defaults[protocol];
	return CYG_OK;
}

const struct proposals *proposals_ref(const struct proposals *p)
{
	if (p && p->refs != REFS_CONSTANT)
		((struct proposals *)p)->refs++;
	return p;
}

void proposals_unref(const struct proposals *p)
{
	struct proposals *own = (struct proposals *)p;

	if (own && own->refs != REFS_CONSTANT && --own->refs == 0)
		free(own);
}

struct proposals *proposals_alloc(size_t len)
{
	struct proposals *p = calloc(1, sizeof(*p) + len * sizeof(p->items[0]));

	if (p) {
		p->refs = 1;
		p->len = (uint32_t)len;
	}
	return p;
}

static bool transform_equal(const struct transform *a, const struct transform *b)
{
	return a->kind == b->kind && a->id == b->id && a->key_bits == b->key_bits;
}

bool proposal_equal(const struct proposal *a, const struct proposal *b)
{
	if (a->protocol != b->protocol || a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!transform_equal(&a->transforms[i], &b->transforms[i]))
			return false;
	return true;
}

bool proposals_equal(const struct proposals *a, const struct proposals *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!proposal_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

const struct transform *proposal_next(const struct proposal *p, unsigned kind,
				      const struct transform *prev)
{
	const struct transform *t = prev ? prev + 1 : p->transforms;

	for (; t < p->transforms + p->len; t++)
		if (t->kind == kind)
			return t;
	return NULL;
}

bool proposal_add(struct proposal *p, const struct transform *t)
{
	if (p->len == PROPOSAL_TRANSFORMS_MAX)
		return false;
	p->transforms[p->len++] = *t;
	return true;
}

uint16_t proposals_first_ke(const struct proposals *p)
{
	for (size_t i = 0; i < p->len; i++) {
		const struct transform *t = proposal_next(&p->items[i], ALG_KE, NULL);

		if (t)
			return t->id;
	}
	return ALG_KE_NONE;
}

bool proposals_have_ke(const struct proposals *p, uint16_t ke)
{
	const struct transform want = {.kind = ALG_KE, .id = ke};

	for (size_t i = 0; i < p->len; i++)
		if (proposal_has(&p->items[i], &want))
			return true;
	return false;
}

bool proposal_has(const struct proposal *p, const struct transform *want)
{
	const struct transform *t = NULL;

	while ((t = proposal_next(p, want->kind, t)))
		if (transform_equal(t, want))
			return true;
	return false;
}

/* ---- printing ---- */

/* The order in which kinds are read and written: ENCR-PRF-INTEG-KE, then the rest. */
static const uint8_t kinds_in_order[] = {ALG_ENCR,       ALG_PRF,        ALG_INTEG,
					 ALG_KE,         ALG_ADDKE1,     ALG_ADDKE1 + 1,
					 ALG_ADDKE1 + 2, ALG_ADDKE1 + 3, ALG_ADDKE1 + 4,
					 ALG_ADDKE1 + 5, ALG_ADDKE7,     ALG_ESN};

static void print_transform(const struct transform *t, char *buf, size_t cap, size_t *used)
{
	char name[ALG_TEXT_MAX];

	if (t->kind >= ALG_ADDKE1 && t->kind <= ALG_ADDKE7)
		buf_add(buf, cap, used, "%s=", alg_kind_name(t->kind));
	buf_add_str(buf, cap, used, alg_print_id(t->kind, t->id, t->key_bits, name));
}

/* Append "A+B" of one kind to a buffer, as buf_add does. */
static void add_kind(const struct proposal *p, unsigned kind, char *buf, size_t cap,
		     size_t *used)
{
	const struct transform *t = NULL;
	const char *between = "";

	while ((t = proposal_next(p, kind, t))) {
		buf_add_str(buf, cap, used, between);
		print_transform(t, buf, cap, used);
		between = "+";
	}
}

/* Both kinds of sequence numbers, the long ones first, is what nobody needs to say. */
static bool usual_esn(const struct proposal *p)
{
	const struct transform *first = proposal_next(p, ALG_ESN, NULL);
	const struct transform *second = first ? proposal_next(p, ALG_ESN, first) : NULL;

	return second && first->id == ALG_ESN_YES && second->id == ALG_ESN_NO;
}

/* "NONE" for the key exchange alone would be read as the missing integrity algorithm. */
static bool begins_with_none(const struct proposal *p)
{
	return proposal_next(p, ALG_KE, NULL)->id == ALG_KE_NONE &&
	       !proposal_next(p, ALG_INTEG, NULL);
}

static void add_proposal(const struct proposal *p, char *buf, size_t cap, size_t *used)
{
	const char *between = "";

	for (size_t i = 0; i < sizeof(kinds_in_order); i++) {
		unsigned kind = kinds_in_order[i];

		if (!proposal_next(p, kind, NULL) || (kind == ALG_ESN && usual_esn(p)))
			continue;
		buf_add_str(buf, cap, used, between);
		if (kind == ALG_KE && begins_with_none(p))
			buf_add_str(buf, cap, used, "NONE-");
		add_kind(p, kind, buf, cap, used);
		between = "-";
	}
}

const char *proposal_print(const struct proposal *p, char *buf, size_t cap)
{
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	add_proposal(p, buf, cap, &used);
	return buf;
}

const char *proposals_print(const struct proposals *p, char *buf, size_t cap)
{
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	for (size_t i = 0; i < p->len; i++) {
		buf_add_str(buf, cap, &used, i ? "," : "");
		add_proposal(&p->items[i], buf, cap, &used);
	}
	return buf;
}

const char *chosen_print(const struct chosen *c, char *buf, size_t cap)
{
	struct proposal p = {.protocol = c->protocol};
	const struct transform all[] = {
		{ALG_ENCR, c->encr, c->key_bits}, {ALG_PRF, c->prf, 0},
		{ALG_INTEG, c->integ, 0},         {ALG_KE, c->ke, 0},
		{ALG_ESN, ALG_ESN_YES, 0},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].kind == ALG_ESN ? c->esn : all[i].id != 0)
			proposal_add(&p, &all[i]);
	return proposal_print(&p, buf, cap);
}
