/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a word of a proposal, for a person: the word, its column, the nearest right one. */
#include "conn/proposal_reading.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

#define WORD_TEXT_MAX 64

/* A word for complaints, cut to a decent length. */
static int shown(struct view v)
{
	return v.len < WORD_TEXT_MAX ? (int)v.len : WORD_TEXT_MAX;
}

/* Which word, and where it stands: columns count from 1. */
static void point_at(struct reading *r, struct view word)
{
	diag_got(r->why, "%.*s", shown(word), (const char *)word.ptr);
	if (word.ptr >= r->text.ptr && word.ptr <= r->text.ptr + r->text.len)
		diag_place(r->why, NULL, 0, (unsigned)(word.ptr - r->text.ptr) + 1);
}

enum cyg_err reading_refuse(struct reading *r, enum cyg_err err, struct view word,
			    const char *sentence)
{
	diag_set(r->why, "bad-proposal", NULL, "%s", sentence);
	point_at(r, word);
	return err;
}

enum cyg_err reading_not_here(struct reading *r, enum proposal_rule_id rule, struct view word)
{
	const struct proposal_rule *row = &proposal_rules[rule];

	diag_set(r->why, "not-in-dialect", NULL, "%s does not have %s",
		 r->dialect == DIALECT_OPENSWAN    ? "Openswan"
		 : r->dialect == DIALECT_LIBRESWAN ? "Libreswan"
						   : "strongSwan",
		 row->what);
	point_at(r, word);
	diag_hint(r->why, "%s", row->instead);
	return CYG_MALFORMED;
}

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

/* A proposal begins with a cipher: until there is one, nothing else need be listed. */
static bool wants_cipher(const struct reading *r)
{
	return r->protocol != PROTO_AH && !reading_lists(r, ALG_ENCR) && !r->hashes_len;
}

static void know_all(struct known_words *k, const struct reading *r, bool all)
{
	k->len = 0;
	if (r->protocol != PROTO_AH && (all || wants_cipher(r)))
		know_kind(k, ALG_ENCR, r->use, all);
	if (!all && wants_cipher(r))
		return;
	know_kind(k, ALG_INTEG, r->use, all);
	if (r->protocol == PROTO_IKE)
		know_kind(k, ALG_PRF, r->use, all);
	know_kind(k, ALG_KE, r->use, all);
	if (r->protocol != PROTO_IKE)
		know_kind(k, ALG_ESN, r->use, all);
}

/* Ciphers that other systems have, and libcrypto has not: no other one is meant by them. */
static const char *cipher_not_had(const char *word)
{
	static const char *const names[] = {"twofish", "serpent"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncasecmp(word, names[i], strlen(names[i])))
			return names[i];
	return NULL;
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
	reading_refuse(r, CYG_MALFORMED, word,
		       word.len ? "no algorithm of this name is known" : "a word is missing");
	diag_wanted(r->why, "%s", all);
	know_all(&k, r, true);
	nearest = text_nearest(text, k.words, k.len);
	if (cipher_not_had(text))
		diag_hint(r->why, "%s is not built, as OpenSSL has none: take aes or camellia",
			  cipher_not_had(text));
	else if (nearest)
		diag_hint(r->why, "did you mean %s?", nearest);
	return CYG_MALFORMED;
}

enum cyg_err reading_unusable(struct reading *r, const struct alg *a, struct view word)
{
	struct known_words k = {.len = 0};
	char all[512];

	know_kind(&k, a->kind, r->use, false);
	list_words(&k, all, sizeof(all));
	diag_set(r->why, "algorithm-refused", a->ref, "%s cannot be used: %s", a->name,
		 alg_refusal(a, r->use));
	diag_wanted(r->why, "%s", all);
	point_at(r, word);
	diag_hint(r->why, "take one of these, at both ends");
	return CYG_UNSUPPORTED;
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
	point_at(r, word);
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

enum cyg_err reading_not_understood(struct reading *r, struct view word)
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
