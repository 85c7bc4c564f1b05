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
 * follows from its name; only hashes can be read two ways, see settle_hashes.
 * What is left out becomes every default of its kind; a cipher without a size
 * stands for 256 and 128 bits; a PRF left out follows the integrity algorithm.
 */
#include "conn/proposal_kind.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

#define HASHES_MAX 16
#define WORD_TEXT_MAX 64

/* A word that names a hash: as integrity algorithm, as PRF, or as both. */
struct hash_word {
	const struct alg *integ, *prf; /* NULL: not by this name */
	unsigned group;                /* words joined by "+" share one, from 1 */
	struct view word;
};

/* One proposal being read. */
struct reading {
	enum protocol protocol;
	unsigned use; /* ALG_FOR_* */
	struct diag *why;
	struct proposal p; /* in the order of reading */
	struct hash_word hashes[HASHES_MAX];
	size_t hashes_len;
	unsigned groups; /* of hashes */
	bool aead, cipher, integ_none;
};

/* A word for complaints, cut to a decent length. */
static int shown(struct view v)
{
	return v.len < WORD_TEXT_MAX ? (int)v.len : WORD_TEXT_MAX;
}

static enum cyg_err refuse(struct reading *r, enum cyg_err err, struct view word,
			   const char *sentence)
{
	diag_set(r->why, "bad-proposal", NULL, "%s", sentence);
	diag_got(r->why, "%.*s", shown(word), (const char *)word.ptr);
	return err;
}

/* ---- unknown and refused words ---- */

/* Words for all that this build can do, for hints. */
#define KNOWN_MAX 160

struct known_words {
	char text[KNOWN_MAX][ALG_TEXT_MAX];
	const char *words[KNOWN_MAX];
	size_t len;
};

static void know(struct known_words *k, const struct alg *a, uint16_t bits)
{
	const struct transform t = {a->kind, a->id, bits};

	if (k->len == KNOWN_MAX)
		return;
	k->words[k->len] = transform_word(&t, k->text[k->len]);
	k->len++;
}

/* `all`: also names of ciphers without a size, and what nobody should be led to. */
static void know_kind(struct known_words *k, unsigned kind, unsigned use, bool all)
{
	for (const struct alg *a = alg_next(kind, NULL); a; a = alg_next(kind, a)) {
		if (alg_refusal(a, use) || (!a->id && kind != ALG_ESN) ||
		    (!all && a->strength != ALG_STRONG))
			continue;
		for (size_t i = ALG_BITS_MAX; i-- > 0;)
			if (a->bits[i])
				know(k, a, a->bits[i]);
		if (!a->bits[0] || all)
			know(k, a, 0);
	}
}

static void list_words(const struct known_words *k, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < k->len; i++)
		buf_add(buf, cap, &used, "%s%s", i ? ", " : "", k->words[i]);
}

static void know_all(struct known_words *k, const struct reading *r, bool all)
{
	k->len = 0;
	know_kind(k, ALG_ENCR, r->use, all);
	know_kind(k, ALG_INTEG, r->use, all);
	if (r->protocol == PROTO_IKE)
		know_kind(k, ALG_PRF, r->use, all);
	know_kind(k, ALG_KE, r->use, all);
	if (r->protocol != PROTO_IKE)
		know_kind(k, ALG_ESN, r->use, all);
}

static enum cyg_err unknown_word(struct reading *r, struct view word)
{
	struct known_words k;
	char text[WORD_TEXT_MAX + 1], all[512];
	size_t used = 0;
	const char *nearest;

	text[0] = '\0';
	buf_add(text, sizeof(text), &used, "%.*s", shown(word), (const char *)word.ptr);
	know_all(&k, r, false);
	list_words(&k, all, sizeof(all));
	refuse(r, CYG_MALFORMED, word,
	       word.len ? "no algorithm of this name is known" : "a word is missing");
	diag_wanted(r->why, "%s", all);
	know_all(&k, r, true);
	nearest = text_nearest(text, k.words, k.len);
	if (nearest)
		diag_hint(r->why, "did you mean %s?", nearest);
	return CYG_MALFORMED;
}

static enum cyg_err unusable(struct reading *r, const struct alg *a, struct view word)
{
	struct known_words k = {.len = 0};
	char all[512];

	know_kind(&k, a->kind, r->use, false);
	list_words(&k, all, sizeof(all));
	diag_set(r->why, "algorithm-refused", a->ref, "%s cannot be used: %s", a->name,
		 alg_refusal(a, r->use));
	diag_wanted(r->why, "%s", all);
	diag_got(r->why, "%.*s", shown(word), (const char *)word.ptr);
	diag_hint(r->why, "take one of these, at both ends");
	return CYG_UNSUPPORTED;
}

/* ---- words ---- */

static enum cyg_err add(struct reading *r, const struct alg *a, unsigned kind, uint16_t bits,
			struct view word)
{
	struct transform t = {(uint8_t)kind, a->id, bits};

	if (alg_refusal(a, r->use))
		return unusable(r, a, word);
	if (proposal_has(&r->p, &t))
		return CYG_OK;
	return proposal_add(&r->p, &t)
		       ? CYG_OK
		       : refuse(r, CYG_LIMIT, word, "one proposal has too many algorithms");
}

static enum cyg_err add_cipher(struct reading *r, const struct alg *a, uint16_t bits,
			       struct view word)
{
	enum cyg_err err;

	if (a->aead)
		r->aead = true;
	else
		r->cipher = true;
	if (r->aead && r->cipher) {
		refuse(r, CYG_CONFLICT, word,
		       "one proposal has ciphers that authenticate and ones that do not");
		diag_hint(r->why, "separate them with a comma");
		return CYG_CONFLICT;
	}
	if (bits || !a->bits[0])
		return add(r, a, ALG_ENCR, bits, word);
	err = alg_bits_ok(a, 256) ? add(r, a, ALG_ENCR, 256, word) : CYG_OK;
	return err ? err : add(r, a, ALG_ENCR, a->bits_default, word);
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
	if (is_none(v) && !first) {
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
		return refuse(r, CYG_LIMIT, word, "one proposal has too many hashes");
	r->hashes[r->hashes_len] = *h;
	r->hashes[r->hashes_len].word = word;
	r->hashes[r->hashes_len++].group = group;
	return CYG_OK;
}

static enum cyg_err no_ike_without_ke(struct reading *r, struct view word)
{
	refuse(r, CYG_CONFLICT, word, "IKE cannot do without a key exchange");
	diag_hint(r->why, "leave the word out, or name a group such as x25519");
	return CYG_CONFLICT;
}

static enum cyg_err additional(struct reading *r, struct view word)
{
	refuse(r, CYG_UNSUPPORTED, word, "an additional key exchange is asked for");
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
		return r->protocol == PROTO_IKE ? add(r, m->alg, ALG_PRF, 0, word) : CYG_OK;
	case ALG_ESN:
		if (r->protocol == PROTO_IKE)
			return refuse(r, CYG_CONFLICT, word,
				      "IKE has no extended sequence numbers");
		return add(r, m->alg, ALG_ESN, 0, word);
	case ALG_KE:
		if (r->protocol == PROTO_IKE && m->alg->id == ALG_KE_NONE)
			return no_ike_without_ke(r, word);
		return add(r, m->alg, ALG_KE, 0, word);
	default:
		return additional(r, word);
	}
}

/* A cipher's name with a size that it does not have: say which it has. */
static enum cyg_err bad_size(struct reading *r, const struct alg *a, struct view word)
{
	char sizes[64];
	size_t used = 0;

	for (size_t i = 0; i < ALG_BITS_MAX && a->bits[i]; i++)
		buf_add(sizes, sizeof(sizes), &used, "%s%u", i ? ", " : "", a->bits[i]);
	diag_set(r->why, "bad-key-size", a->ref, "%s has no such key size", a->name);
	diag_wanted(r->why, "%s bits", used ? sizes : "no size, its key has a fixed number of");
	diag_got(r->why, "%.*s", shown(word), (const char *)word.ptr);
	return CYG_RANGE;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool last_is_cipher(const struct proposal *p)
{
	return p->len && p->transforms[p->len - 1].kind == ALG_ENCR;
}

static enum cyg_err not_understood(struct reading *r, struct view word)
{
	size_t len = word.len;
	uint16_t bits;

	while (len && is_digit(word.ptr[len - 1]))
		len--;
	if (len == 0 && word.len && !r->hashes_len && last_is_cipher(&r->p))
		return bad_size(r, alg_by_id(ALG_ENCR, r->p.transforms[r->p.len - 1].id), word);
	if (len && len < word.len && alg_by_name(ALG_ENCR, view_of(word.ptr, len), &bits))
		return bad_size(r, alg_by_name(ALG_ENCR, view_of(word.ptr, len), &bits), word);
	return unknown_word(r, word);
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
			return not_understood(r, view_of(v.ptr + at, end - at));
		}
		word = view_of(v.ptr + at, end - at);
		settle_none(r, joined, last_kind, &m);
		if (joined && m.kind != last_kind)
			return refuse(r, CYG_CONFLICT, word,
				      "+ joins algorithms of different kinds");
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
		return not_understood(r, word);
	if (kind == ALG_INTEG && a->id == ALG_INTEG_NONE) {
		r->integ_none = true;
		return CYG_OK;
	}
	if (kind == ALG_INTEG)
		return add(r, a, ALG_INTEG, 0, word);
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

	if (equals == v.len)
		return first ? read_words(r, v) : read_alternatives(r, ALG_KE, v);
	for (size_t i = 0; i < PART_TYPES; i++)
		if (is_word(type, part_types[i].name))
			return read_alternatives(r, part_types[i].kind,
						 view_of(v.ptr + equals + 1,
							 v.len - equals - 1));
	refuse(r, CYG_MALFORMED, v, "a part is of a type that is not known");
	diag_wanted(r->why, "encrypt=, prf=, integ=, ke= or sn=");
	return CYG_MALFORMED;
}

/* ---- what the words come to ---- */

/* In group `group` (0: any): some word names no PRF, so that it can be nothing but integrity. */
static bool only_integ(const struct reading *r, unsigned group)
{
	for (size_t i = 0; i < r->hashes_len; i++)
		if ((!group || r->hashes[i].group == group) && !r->hashes[i].prf)
			return true;
	return false;
}

static enum cyg_err add_integs(struct reading *r, unsigned group)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < r->hashes_len && !err; i++) {
		const struct hash_word *h = &r->hashes[i];

		if (group && h->group != group)
			continue;
		err = h->integ
			      ? add(r, h->integ, ALG_INTEG, 0, h->word)
			      : refuse(r, CYG_CONFLICT, h->word,
				       "the cipher needs an integrity algorithm, and this is a PRF");
	}
	return err;
}

static enum cyg_err add_prfs(struct reading *r, unsigned group)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < r->hashes_len && !err; i++) {
		const struct hash_word *h = &r->hashes[i];
		const struct alg *prf = h->prf ? h->prf : alg_prf_of(h->integ);

		if ((!group || h->group == group) && prf)
			err = add(r, prf, ALG_PRF, 0, h->word);
	}
	return err;
}

static bool lists(const struct reading *r, unsigned kind)
{
	return proposal_next(&r->p, kind, NULL) != NULL;
}

/* A PRF that is left out is the one over the hash of the integrity algorithm. */
static enum cyg_err follow_integ(struct reading *r)
{
	const struct transform *t = NULL;
	enum cyg_err err = CYG_OK;

	while (!err && (t = proposal_next(&r->p, ALG_INTEG, t))) {
		const struct alg *prf = alg_prf_of(alg_by_id(ALG_INTEG, t->id));

		if (prf && !alg_refusal(prf, r->use))
			err = add(r, prf, ALG_PRF, 0, view_str(prf->name));
	}
	return err;
}

/*
 * A hash of its own is integrity algorithm and PRF in one. Of two, one that can
 * only be integrity leaves the other as PRF, in either order (Libreswan). Two
 * that could be both are alternatives (strongSwan), which includes what
 * Openswan makes of them.
 */
static enum cyg_err settle_hashes(struct reading *r)
{
	enum cyg_err err;

	if (r->protocol != PROTO_IKE)
		return add_integs(r, 0);
	if (r->groups == 2 && !lists(r, ALG_PRF) && only_integ(r, 1) != only_integ(r, 2)) {
		unsigned integ = only_integ(r, 1) ? 1 : 2;

		err = add_integs(r, integ);
		return err ? err : add_prfs(r, 3 - integ);
	}
	err = add_integs(r, 0);
	return err || lists(r, ALG_PRF) ? err : add_prfs(r, 0);
}

/* With a cipher that authenticates, a hash can only be the PRF (RFC 5282 8). */
static enum cyg_err settle_aead(struct reading *r)
{
	if (r->protocol == PROTO_IKE && !only_integ(r, 0) && !lists(r, ALG_INTEG))
		return lists(r, ALG_PRF) ? CYG_OK : add_prfs(r, 0);
	if (!r->hashes_len && !lists(r, ALG_INTEG))
		return CYG_OK;
	refuse(r, CYG_CONFLICT, r->hashes_len ? r->hashes[0].word : view_str("integ="),
	       "a cipher that authenticates by itself takes no integrity algorithm");
	diag_hint(r->why, "leave the hash out");
	return CYG_CONFLICT;
}

static void add_defaults(struct reading *r, unsigned kind)
{
	const struct proposals *defaults;
	const struct transform *t = NULL;

	if (lists(r, kind) || proposals_default(r->protocol, &defaults))
		return;
	/* The last default has a cipher without AEAD, and so every kind. */
	while ((t = proposal_next(&defaults->items[defaults->len - 1], kind, t)))
		proposal_add(&r->p, t);
}

static enum cyg_err settle(struct reading *r, struct view whole)
{
	enum cyg_err err;

	if (!lists(r, ALG_ENCR))
		return refuse(r, CYG_MALFORMED, whole, "a proposal has no cipher");
	if (r->integ_none && r->cipher) {
		refuse(r, CYG_CONFLICT, whole, "a cipher is left without integrity");
		diag_hint(r->why,
			  "add a hash such as sha256, or take a cipher such as aes256gcm16");
		return CYG_CONFLICT;
	}
	err = r->aead ? settle_aead(r) : settle_hashes(r);
	if (err)
		return err;
	if (r->protocol == PROTO_IKE) {
		if (!lists(r, ALG_PRF))
			err = follow_integ(r);
		add_defaults(r, ALG_PRF);
		add_defaults(r, ALG_KE);
	} else {
		add_defaults(r, ALG_ESN);
	}
	if (r->cipher)
		add_defaults(r, ALG_INTEG);
	return err;
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
		err = settle(r, v);
	if (!err)
		sorted(&r->p, ret);
	return err;
}

/* ---- the list ---- */

/* The list while it grows. */
struct gathered {
	struct proposal items[PROPOSALS_MAX];
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

static enum cyg_err gather(struct gathered *g, struct view v, struct reading *blank)
{
	struct reading r = *blank;
	struct proposal p;
	enum cyg_err err = read_proposal(&r, trimmed(v), &p);

	if (err)
		return err;
	if (gathered_has(g, &p))
		return CYG_OK;
	if (g->len == PROPOSALS_MAX)
		return refuse(&r, CYG_LIMIT, v, "there are too many proposals");
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

enum cyg_err proposals_parse(const char *text, enum protocol protocol,
			     const struct proposals **ret, struct diag *why)
{
	struct reading blank = {
		.protocol = protocol,
		.use = protocol == PROTO_IKE ? ALG_FOR_IKE : ALG_FOR_ESP,
		.why = why,
		.p = {.protocol = (uint8_t)protocol},
	};
	struct gathered g; /* large: only what is in use is ever written */
	struct view all = trimmed(view_str(text));
	size_t at = 0, end;
	enum cyg_err err;

	if (protocol != PROTO_IKE && protocol != PROTO_ESP) {
		diag_set(why, "ah-unsupported", NULL, "this build has no AH");
		diag_hint(why, "use esp=; ESP can authenticate without AH");
		return CYG_UNSUPPORTED;
	}
	diag_clear(why);
	g.len = 0;
	if (all.len && all.ptr[all.len - 1] == '!')
		all = trimmed(view_of(all.ptr, all.len - 1));
	do {
		end = word_end(all, at, ",");
		err = gather(&g, view_of(all.ptr + at, end - at), &blank);
		at = end + 1;
	} while (!err && end < all.len);
	if (!err)
		err = keep(&g, ret);
	if (!err)
		proposals_weak(*ret, why);
	return err;
}
