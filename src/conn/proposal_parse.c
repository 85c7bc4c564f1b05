/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike= and esp= in the dialects of Openswan, Libreswan and strongSwan:
 *
 *	aes256-sha2_256-modp2048, aes128-sha1;modp1536!     Openswan
 *	aes_gcm256+aes256-sha2_512+sha2_256-dh19;ke=dh20    Libreswan
 *	aes256-aes128-sha256-prfsha384-ecp256-esn           strongSwan
 *
 * Words stand between "-" (";" before a group), alternatives between "+". The
 * longest run of words that names something is taken, so that key sizes and
 * parts of names may be set off ("aes-256", "aes_gcm-16-256"). What a word is
 * follows from its name; only hashes can be read two ways (proposal_settle.c).
 * What is left out becomes every default of its kind. In which ways the
 * dialects differ stands in proposal_dialect.c; DIALECT_ANY takes all forms.
 */
#include "conn/proposal_reading.h"

#include <string.h>
#include <strings.h>

/* ---- words ---- */

enum cyg_err reading_add(struct reading *r, const struct alg *a, unsigned kind, uint16_t bits,
			 struct view word)
{
	struct transform t = {(uint8_t)kind, a->id, bits};

	if (alg_refusal(a, r->use))
		return reading_unusable(r, a, word);
	if (proposal_has(&r->p, &t))
		return CYG_OK;
	return proposal_add(&r->p, &t) ? CYG_OK
				       : reading_refuse(r, CYG_LIMIT, word,
							"one proposal has too many algorithms");
}

static enum cyg_err add_cipher(struct reading *r, const struct alg *a, uint16_t bits,
			       struct view word)
{
	bool both = !bits && alg_bits_ok(a, 256) && r->dialect != DIALECT_OPENSWAN &&
		    r->dialect != DIALECT_STRONGSWAN;
	enum cyg_err err = CYG_OK;

	if (r->protocol == PROTO_AH) {
		reading_refuse(r, CYG_CONFLICT, word, "AH does not encrypt");
		diag_hint(r->why, "name a hash alone, such as sha256; to encrypt as well takes phase2=esp");
		return CYG_CONFLICT;
	}
	if (a->aead)
		r->aead = true;
	else
		r->cipher = true;
	if (r->aead && r->cipher) {
		reading_refuse(
			r, CYG_CONFLICT, word,
			"one proposal has ciphers that authenticate and ones that do not");
		diag_hint(r->why, "separate them with a comma");
		return CYG_CONFLICT;
	}
	if (both)
		err = reading_add(r, a, ALG_ENCR, 256, word);
	return err ? err : reading_add(r, a, ALG_ENCR, bits ? bits : a->bits_default, word);
}

static bool is_word(struct view v, const char *word)
{
	return v.len == strlen(word) && strncasecmp((const char *)v.ptr, word, v.len) == 0;
}

static bool is_none(struct view v)
{
	return is_word(v, "none") || is_word(v, "null");
}

static bool has_prefix(struct view v, const char *prefix)
{
	size_t len = strlen(prefix);

	return v.len > len && strncasecmp((const char *)v.ptr, prefix, len) == 0;
}

/* What a word can be. `hash` is set for names of hashes, else `alg` and its kind. */
struct meaning {
	unsigned kind; /* 0: nothing */
	const struct alg *alg;
	uint16_t bits;
	struct hash_word hash;
};

#define MEANS_HASH ALG_KINDS
#define MEANS_NONE (ALG_KINDS + 1)

static bool means_alg(struct view v, unsigned kind, struct meaning *ret)
{
	uint16_t bits = 0;
	const struct alg *a = alg_by_name(kind, v, &bits);

	if (!a)
		return false;
	*ret = (struct meaning){.kind = kind, .alg = a, .bits = bits};
	return true;
}

static bool means_hash(struct view v, struct meaning *ret)
{
	uint16_t bits;
	struct hash_word h = {.integ = alg_by_name(ALG_INTEG, v, &bits),
			      .prf = alg_by_name(ALG_PRF, v, &bits)};

	if (!h.integ && !h.prf)
		return false;
	*ret = (struct meaning){.kind = MEANS_HASH, .hash = h};
	return true;
}

/* "ke1_mlkem768": strongSwan's additional key exchanges. */
static bool means_additional(struct view v, struct meaning *ret)
{
	unsigned n = v.len > 4 && has_prefix(v, "ke") ? v.ptr[2] - '0' : 0;

	if (n < 1 || n > 7 || v.ptr[3] != '_')
		return false;
	return means_alg(view_of(v.ptr + 4, v.len - 4), ALG_ADDKE1 + n - 1, ret);
}

static bool meaning_of(struct view v, bool first, struct meaning *ret)
{
	/* "null" in front is the cipher. */
	if (is_word(v, "none") || (is_none(v) && !first)) {
		*ret = (struct meaning){.kind = MEANS_NONE};
		return true;
	}
	if (has_prefix(v, "prf"))
		return means_alg(v, ALG_PRF, ret) ||
		       means_alg(view_of(v.ptr + 3, v.len - 3), ALG_PRF, ret);
	if (is_word(v, "yes") || is_word(v, "no"))
		return false;
	return means_alg(v, ALG_ENCR, ret) || means_hash(v, ret) || means_alg(v, ALG_KE, ret) ||
	       means_alg(v, ALG_ESN, ret) || means_additional(v, ret);
}

static enum cyg_err add_hash(struct reading *r, const struct hash_word *h, unsigned group,
			     struct view word)
{
	if (r->hashes_len == HASHES_MAX)
		return reading_refuse(r, CYG_LIMIT, word, "one proposal has too many hashes");
	r->hashes[r->hashes_len] = *h;
	r->hashes[r->hashes_len].word = word;
	r->hashes[r->hashes_len++].group = group;
	return CYG_OK;
}

static enum cyg_err no_ike_without_ke(struct reading *r, struct view word)
{
	reading_refuse(r, CYG_CONFLICT, word, "IKE cannot do without a key exchange");
	diag_hint(r->why, "leave the word out, or name a group such as x25519");
	return CYG_CONFLICT;
}

static enum cyg_err additional(struct reading *r, struct view word)
{
	reading_refuse(r, CYG_UNSUPPORTED, word, "an additional key exchange is asked for");
	diag_wanted(r->why, "one key exchange (this build does no RFC 9370)");
	return CYG_UNSUPPORTED;
}

static enum cyg_err add_meaning(struct reading *r, const struct meaning *m, bool joined,
				struct view word)
{
	switch (m->kind) {
	case MEANS_HASH:
		r->groups += !joined;
		return add_hash(r, &m->hash, r->groups, word);
	case MEANS_NONE:
		r->integ_none = true;
		return CYG_OK;
	case ALG_ENCR:
		return add_cipher(r, m->alg, m->bits, word);
	case ALG_PRF:
		/* ESP has none; strongSwan lets it be said all the same. */
		return r->protocol == PROTO_IKE ? reading_add(r, m->alg, ALG_PRF, 0, word)
						: CYG_OK;
	case ALG_ESN:
		if (r->protocol == PROTO_IKE)
			return reading_refuse(r, CYG_CONFLICT, word,
					      "IKE has no extended sequence numbers");
		return reading_add(r, m->alg, ALG_ESN, 0, word);
	case ALG_KE:
		if (r->protocol == PROTO_IKE && m->alg->id == ALG_KE_NONE)
			return no_ike_without_ke(r, word);
		return reading_add(r, m->alg, ALG_KE, 0, word);
	default:
		return additional(r, word);
	}
}

/* The first place from `from` on where one of `stops` stands, or the end. */
static size_t word_end(struct view v, size_t from, const char *stops)
{
	while (from < v.len && !strchr(stops, v.ptr[from]))
		from++;
	return from;
}

/* The longest run of words at `from` that means something; returns its end, or 0. */
static size_t longest_meaning(struct view v, size_t from, bool first, struct meaning *ret)
{
	size_t limit = word_end(v, from, "+"), end = limit;

	while (end > from) {
		if (meaning_of(view_of(v.ptr + from, end - from), first, ret))
			return end;
		while (end > from && v.ptr[--end] != '-')
			;
	}
	return 0;
}

/* The first "none" is for integrity, if that has not been named; others are for the key exchange. */
static void settle_none(const struct reading *r, bool joined, unsigned last_kind,
			struct meaning *m)
{
	bool is_ke = joined ? last_kind == ALG_KE : r->integ_none || r->hashes_len;

	if (m->kind == MEANS_NONE && is_ke)
		*m = (struct meaning){.kind = ALG_KE, .alg = alg_by_id(ALG_KE, ALG_KE_NONE)};
}

/* Where a word stands among the others: all that names a hash or a PRF is one. */
static unsigned place_of(unsigned kind)
{
	return kind == MEANS_HASH || kind == MEANS_NONE || kind == ALG_PRF ? ALG_INTEG : kind;
}

/* May another word of this place follow? IKE's PRF and integrity algorithm share one. */
static bool may_repeat(const struct reading *r, unsigned place)
{
	return proposal_form_known(r->dialect, RULE_REPEAT) || !(r->seen & 1u << place) ||
	       (place == ALG_INTEG && r->protocol == PROTO_IKE && !r->seen_twice);
}

/* Whether the dialect has this kind of word at all. */
static enum cyg_err check_kind(struct reading *r, const struct meaning *m, struct view word)
{
	bool none = m->kind == MEANS_NONE || (m->kind == ALG_KE && m->alg->id == ALG_KE_NONE);

	if (none && !proposal_form_known(r->dialect, RULE_NONE))
		return reading_not_here(r, RULE_NONE, word);
	if (m->kind == ALG_ESN && !proposal_form_known(r->dialect, RULE_ESN))
		return reading_not_here(r, RULE_ESN, word);
	if (m->kind == ALG_PRF && !proposal_form_known(r->dialect, RULE_PRF_WORD))
		return reading_not_here(r, RULE_PRF_WORD, word);
	if (!proposal_form_known(r->dialect, RULE_SPLIT) && memchr(word.ptr, '-', word.len))
		return reading_not_here(r, RULE_SPLIT, word);
	return CYG_OK;
}

/* Whether the dialect lets it stand here. */
static enum cyg_err check_form(struct reading *r, const struct meaning *m, bool joined,
			       struct view word)
{
	unsigned place = place_of(m->kind);
	enum cyg_err err = check_kind(r, m, word);

	if (err)
		return err;
	if (joined)
		return proposal_form_known(r->dialect, RULE_PLUS)
			       ? CYG_OK
			       : reading_not_here(r, RULE_PLUS, word);
	if (!proposal_form_known(r->dialect, RULE_ORDER) && place < r->last)
		return reading_not_here(r, RULE_ORDER, word);
	if (!may_repeat(r, place))
		return reading_not_here(r, RULE_REPEAT, word);
	r->seen_twice |= place == ALG_INTEG && (r->seen & 1u << place);
	r->seen |= 1u << place;
	r->last = place;
	return CYG_OK;
}

/* Words joined by "-" and "+". */
static enum cyg_err read_words(struct reading *r, struct view v)
{
	size_t at = 0;
	bool joined = false;
	unsigned last_kind = 0;

	for (;;) {
		struct meaning m;
		size_t end = longest_meaning(v, at, at == 0, &m);
		struct view word;
		enum cyg_err err;

		if (!end) {
			end = word_end(v, at, "-+");
			return reading_not_understood(r, view_of(v.ptr + at, end - at));
		}
		word = view_of(v.ptr + at, end - at);
		settle_none(r, joined, last_kind, &m);
		if (joined && m.kind != last_kind)
			return reading_refuse(r, CYG_CONFLICT, word,
					      "+ joins algorithms of different kinds");
		err = check_form(r, &m, joined, word);
		if (!err)
			err = add_meaning(r, &m, joined, word);
		if (err || end == v.len)
			return err;
		joined = v.ptr[end] == '+';
		last_kind = m.kind;
		at = end + 1;
	}
}

/* ---- ";" parts ---- */

static enum cyg_err add_typed(struct reading *r, unsigned kind, struct view word)
{
	uint16_t bits = 0;
	const struct alg *a = alg_by_name(kind, word, &bits);
	struct meaning m = {.kind = kind, .alg = a, .bits = bits};

	if (!a)
		return reading_not_understood(r, word);
	if (kind == ALG_INTEG && a->id == ALG_INTEG_NONE) {
		r->integ_none = true;
		return CYG_OK;
	}
	if (kind == ALG_INTEG)
		return reading_add(r, a, ALG_INTEG, 0, word);
	return add_meaning(r, &m, true, word);
}

static enum cyg_err read_alternatives(struct reading *r, unsigned kind, struct view v)
{
	size_t at = 0, end;
	enum cyg_err err;

	do {
		end = word_end(v, at, "+");
		err = add_typed(r, kind, view_of(v.ptr + at, end - at));
		at = end + 1;
	} while (!err && end < v.len);
	return err;
}

static const struct {
	const char *name;
	unsigned kind;
} part_types[] = {
	{"encrypt", ALG_ENCR},
	{"encr", ALG_ENCR},
	{"prf", ALG_PRF},
	{"integ", ALG_INTEG},
	{"ke", ALG_KE},
	{"dh", ALG_KE},
	{"sn", ALG_ESN},
	{"esn", ALG_ESN},
	{"addke1", ALG_ADDKE1},
	{"addke2", ALG_ADDKE1 + 1},
	{"addke3", ALG_ADDKE1 + 2},
	{"addke4", ALG_ADDKE1 + 3},
	{"addke5", ALG_ADDKE1 + 4},
	{"addke6", ALG_ADDKE1 + 5},
	{"addke7", ALG_ADDKE7},
};

#define PART_TYPES (sizeof(part_types) / sizeof(part_types[0]))

static enum cyg_err read_part(struct reading *r, struct view v, bool first)
{
	size_t equals = word_end(v, 0, "=");
	struct view type = view_of(v.ptr, equals);

	if (equals < v.len && !proposal_form_known(r->dialect, RULE_TYPED))
		return reading_not_here(r, RULE_TYPED, v);
	if (!first && !proposal_form_known(r->dialect, RULE_SEMICOLON))
		return reading_not_here(r, RULE_SEMICOLON, v);
	if (equals == v.len)
		return first ? read_words(r, v) : read_alternatives(r, ALG_KE, v);
	for (size_t i = 0; i < PART_TYPES; i++)
		if (is_word(type, part_types[i].name))
			return read_alternatives(r, part_types[i].kind,
						 view_of(v.ptr + equals + 1,
							 v.len - equals - 1));
	reading_refuse(r, CYG_MALFORMED, v, "a part is of a type that is not known");
	diag_wanted(r->why, "encrypt=, prf=, integ=, ke= or sn=");
	return CYG_MALFORMED;
}

/* In the one order in which proposals are kept. */
static void sorted(const struct proposal *p, struct proposal *ret)
{
	const struct transform *t = NULL;

	ret->protocol = p->protocol;
	ret->len = 0;
	for (unsigned kind = 1; kind < ALG_KINDS; kind++, t = NULL)
		while ((t = proposal_next(p, kind, t)))
			proposal_add(ret, t);
}

static enum cyg_err read_proposal(struct reading *r, struct view v, struct proposal *ret)
{
	size_t at = 0, end;
	enum cyg_err err;

	do {
		end = word_end(v, at, ";");
		err = read_part(r, view_of(v.ptr + at, end - at), at == 0);
		at = end + 1;
	} while (!err && end < v.len);
	if (!err)
		err = reading_settle(r, v);
	if (!err)
		sorted(&r->p, ret);
	return err;
}

/* ---- the list ---- */

/* The list while it grows. */
struct gathered {
	struct proposal items[PROPOSALS_MAX];
	uint16_t defaulted[PROPOSALS_MAX];
	size_t len;
};

static bool gathered_has(const struct gathered *g, const struct proposal *p)
{
	for (size_t i = 0; i < g->len; i++)
		if (proposal_equal(&g->items[i], p))
			return true;
	return false;
}

static struct view trimmed(struct view v)
{
	while (v.len && (v.ptr[0] == ' ' || v.ptr[0] == '\t'))
		v = view_of(v.ptr + 1, v.len - 1);
	while (v.len && (v.ptr[v.len - 1] == ' ' || v.ptr[v.len - 1] == '\t'))
		v.len--;
	return v;
}

static enum cyg_err gather(struct gathered *g, struct view v, const struct reading *blank)
{
	struct reading r = *blank;
	struct proposal p;
	enum cyg_err err = read_proposal(&r, trimmed(v), &p);

	if (err)
		return err;
	if (gathered_has(g, &p))
		return CYG_OK;
	if (g->len == PROPOSALS_MAX)
		return reading_refuse(&r, CYG_LIMIT, v, "there are too many proposals");
	g->defaulted[g->len] = (uint16_t)r.defaulted;
	g->items[g->len++] = p;
	return CYG_OK;
}

static enum cyg_err keep(const struct gathered *g, const struct proposals **ret)
{
	struct proposals *p = proposals_alloc(g->len);

	if (!p)
		return CYG_NOMEM;
	memcpy(p->items, g->items, g->len * sizeof(g->items[0]));
	*ret = p;
	return CYG_OK;
}

static enum cyg_err gather_all(struct gathered *g, struct view all, const struct reading *blank)
{
	size_t at = 0, end;
	enum cyg_err err;

	g->len = 0;
	if (all.len && all.ptr[all.len - 1] == '!')
		all = trimmed(view_of(all.ptr, all.len - 1));
	do {
		end = word_end(all, at, ",");
		err = gather(g, view_of(all.ptr + at, end - at), blank);
		at = end + 1;
	} while (!err && end < all.len);
	return err;
}

enum cyg_err proposals_read(const char *text, enum protocol protocol, enum dialect dialect,
			    const struct proposals **ret, uint16_t *ret_defaulted,
			    struct diag *why)
{
	struct reading blank = {
		.protocol = protocol,
		.dialect = dialect,
		.use = protocol == PROTO_IKE ? ALG_FOR_IKE : ALG_FOR_ESP,
		.text = view_str(text),
		.why = why,
		.p = {.protocol = (uint8_t)protocol},
	};
	struct gathered g; /* large: only what is in use is ever written */
	enum cyg_err err;

	if (protocol != PROTO_IKE && protocol != PROTO_ESP && protocol != PROTO_AH)
		return CYG_UNSUPPORTED;
	diag_clear(why);
	err = gather_all(&g, trimmed(blank.text), &blank);
	if (!err)
		err = keep(&g, ret);
	if (err)
		return err;
	if (ret_defaulted)
		memcpy(ret_defaulted, g.defaulted, g.len * sizeof(g.defaulted[0]));
	proposals_weak(*ret, why);
	return CYG_OK;
}

enum cyg_err proposals_parse(const char *text, enum protocol protocol,
			     const struct proposals **ret, struct diag *why)
{
	return proposals_read(text, protocol, DIALECT_ANY, ret, NULL, why);
}
