/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why two lists of proposals don't meet, for a person: which offered proposal
 * came nearest, what each side lists of the kinds in which it differs (by name
 * also where this build only knows the name), and what to write at which end.
 */
#include "conn/proposal_kind.h"

#include "base/text.h"

/* A pair of proposals and the kinds in which they don't meet. */
struct pair {
	const struct proposal *ours, *theirs;
	size_t number;   /* of theirs, from 1 */
	unsigned differ; /* bits by kind */
	unsigned count;
	bool strange; /* theirs has kinds that nobody knows */
};

static bool counts(unsigned kind, bool without_ke)
{
	return kind != ALG_KE || !without_ke;
}

static struct pair compare(const struct proposal *ours, const struct proposal *theirs,
			   size_t number, bool without_ke)
{
	struct pair p = {.ours = ours, .theirs = theirs, .number = number};
	struct transform t;

	for (unsigned kind = 1; kind < ALG_KINDS; kind++) {
		if (!counts(kind, without_ke) || proposal_meet_kind(ours, theirs, kind, &t))
			continue;
		p.differ |= 1u << kind;
		p.count++;
	}
	for (size_t i = 0; i < theirs->len; i++)
		p.strange |= !theirs->transforms[i].kind ||
			     theirs->transforms[i].kind >= ALG_KINDS;
	p.count += p.strange;
	return p;
}

/* The pair that differs least, the first of equal ones. False when no protocol is ours. */
static bool nearest_pair(const struct proposals *ours, const struct proposal *offered,
			 size_t len, bool without_ke, struct pair *ret)
{
	bool found = false;

	for (size_t j = 0; j < len; j++)
		for (size_t i = 0; i < ours->len; i++) {
			struct pair p;

			if (offered[j].protocol != ours->items[i].protocol || !offered[j].len)
				continue;
			p = compare(&ours->items[i], &offered[j], j + 1, without_ke);
			if (!found || p.count < ret->count)
				*ret = p;
			found = true;
		}
	return found;
}

static const char *protocol_name(unsigned protocol)
{
	return protocol == PROTO_IKE ? "IKE" : protocol == PROTO_ESP ? "ESP" : "AH";
}

static const char *option(unsigned protocol)
{
	return protocol == PROTO_IKE ? "ike=" : "esp=";
}

/* ---- wanted and got: each kind's algorithms, those that differ first ---- */

/* All that a list has of one kind. */
static void union_of(const struct proposal *items, size_t len, unsigned protocol, unsigned kind,
		     struct proposal *ret)
{
	const struct transform *t = NULL;

	ret->protocol = (uint8_t)protocol;
	ret->len = 0;
	for (size_t i = 0; i < len; i++, t = NULL)
		while (items[i].protocol == protocol && (t = proposal_next(&items[i], kind, t)))
			if (!proposal_has(ret, t))
				proposal_add(ret, t);
}

/* Why a transform of the peer's can't be had here, or should not; NULL when neither. */
static const char *shortcoming(const struct transform *t, unsigned protocol)
{
	const struct alg *a = alg_by_id(t->kind, t->id);
	const char *why = a ? alg_refusal(a, protocol == PROTO_IKE ? ALG_FOR_IKE : ALG_FOR_ESP)
			    : NULL;

	if (!a)
		return "unknown here";
	if (!why && a->strength == ALG_WEAK)
		return "weak";
	if (!why)
		return alg_bits_ok(a, t->key_bits) ? NULL : "no such key size";
	return a->strength == ALG_REFUSED ? why : "not built here";
}

static void add_kind(const struct proposal *p, unsigned kind, bool remark, char *buf,
		     size_t cap, size_t *used)
{
	const struct transform *t = NULL;
	const char *between = " ";
	char name[ALG_TEXT_MAX];

	buf_add(buf, cap, used, "%s%s", *used ? "; " : "", alg_kind_name(kind));
	if (!proposal_next(p, kind, NULL))
		buf_add(buf, cap, used, " none");
	while ((t = proposal_next(p, kind, t))) {
		const char *note = remark ? shortcoming(t, p->protocol) : NULL;

		buf_add(buf, cap, used, "%s%s", between,
			alg_print_id(t->kind, t->id, t->key_bits, name));
		if (note)
			buf_add(buf, cap, used, " (%s)", note);
		between = "+";
	}
}

/* One side's algorithms of all kinds that either side lists. */
static void add_side(const struct pair *p, const struct proposal *mine, size_t mine_len,
		     const struct proposal *other, size_t other_len, bool without_ke,
		     bool remark, char *buf, size_t cap)
{
	unsigned protocol = p->ours->protocol;
	struct proposal all, others;
	size_t used = 0;

	buf[0] = '\0';
	for (int same = 0; same < 2; same++)
		for (unsigned kind = 1; kind < ALG_KINDS; kind++) {
			bool differs = p->differ & 1u << kind;

			union_of(mine, mine_len, protocol, kind, &all);
			union_of(other, other_len, protocol, kind, &others);
			if (differs == (same != 0) || !counts(kind, without_ke) ||
			    (!all.len && !others.len))
				continue;
			add_kind(&all, kind, remark, buf, cap, &used);
		}
}

/* ---- the hint ---- */

/* The peer's first algorithm of a kind that nobody need be warned of; NULL if none. */
static const struct transform *usable(const struct proposal *p, unsigned kind)
{
	const struct transform *t = NULL;

	while ((t = proposal_next(p, kind, t)))
		if (!shortcoming(t, p->protocol))
			return t;
	return NULL;
}

/*
 * What would settle one kind if `side` were followed: the common one, or that side's first. Our
 * own list names what it names, weak or not: nothing else would be accepted.
 */
static const struct transform *settled(const struct pair *p, const struct proposal *side,
				       unsigned kind, struct transform *common)
{
	if (!(p->differ & 1u << kind) && proposal_meet_kind(p->ours, p->theirs, kind, common))
		return common->id || kind == ALG_ESN ? common : NULL;
	return side == p->ours ? proposal_next(side, kind, NULL) : usable(side, kind);
}

/* A PRF over the same hash as the integrity algorithm goes without saying. */
static bool goes_without_saying(const struct transform *prf, const struct transform *integ)
{
	const struct alg *a = integ->kind ? alg_by_id(ALG_INTEG, integ->id) : NULL;

	return a && a->hash_prf == prf->id;
}

/* A whole proposal in configuration's words that the other side could add. */
static void add_words(const struct pair *p, const struct proposal *side, bool without_ke,
		      char *buf, size_t cap, size_t *used)
{
	static const uint8_t order[] = {ALG_ENCR, ALG_INTEG, ALG_PRF, ALG_KE};
	struct transform common, integ = {.kind = 0};
	const char *between = "";
	char word[ALG_TEXT_MAX];

	for (size_t i = 0; i < sizeof(order); i++) {
		const struct transform *t = counts(order[i], without_ke)
						    ? settled(p, side, order[i], &common)
						    : NULL;

		if (!t || !t->id || (t->kind == ALG_PRF && goes_without_saying(t, &integ)))
			continue;
		if (t->kind == ALG_INTEG)
			integ = *t;
		buf_add(buf, cap, used, "%s%s", between, transform_word(t, word));
		between = "-";
	}
}

static bool differs_only_in(const struct pair *p, unsigned kind)
{
	return p->differ == 1u << kind && !p->strange;
}

/* Whether every kind in which the pair differs has something of the peer's that we could do. */
static bool could_follow(const struct pair *p)
{
	for (unsigned kind = 1; kind < ALG_KINDS; kind++)
		if ((p->differ & 1u << kind) && proposal_next(p->theirs, kind, NULL) &&
		    !usable(p->theirs, kind))
			return false;
	return !p->strange && !(p->differ >> ALG_ADDKE1);
}

/* AH has no kind for it, so no list can name it. OpenIKED 7.4 offers it all the same. */
static bool hint_encrypting_ah(const struct pair *p, struct diag *why)
{
	if (p->ours->protocol != PROTO_AH || !proposal_next(p->theirs, ALG_ENCR, NULL))
		return false;
	diag_hint(why, "AH encrypts nothing, and the peer offers encryption within it, which no list here "
		       "can accept (RFC 7296 3.3.3): use ESP at both ends");
	return true;
}

static bool hint_pfs(const struct pair *p, struct diag *why)
{
	const struct transform *ours = proposal_next(p->ours, ALG_KE, NULL);
	char word[ALG_TEXT_MAX];

	if (!differs_only_in(p, ALG_KE) || p->ours->protocol == PROTO_IKE ||
	    proposal_next(p->theirs, ALG_KE, NULL))
		return false;
	diag_hint(why, "the peer asks for no PFS: add %s to its esp=, or write pfs=no here",
		  transform_word(ours, word));
	return true;
}

static bool hint_esn(const struct pair *p, struct diag *why)
{
	if (!differs_only_in(p, ALG_ESN))
		return false;
	diag_hint(why, "write esn=either at the end that insists");
	return true;
}

/* One kind, listed by both sides: a word is all that is missing. */
static bool hint_word(const struct pair *p, struct diag *why)
{
	const struct transform *ours, *theirs;
	char our_word[ALG_TEXT_MAX], their_word[ALG_TEXT_MAX];
	unsigned kind = 1;

	while (kind < ALG_ESN && !differs_only_in(p, kind))
		kind++;
	ours = proposal_next(p->ours, kind, NULL);
	if (kind >= ALG_ESN || !ours || !proposal_next(p->theirs, kind, NULL))
		return false;
	theirs = usable(p->theirs, kind);
	transform_word(ours, our_word);
	if (theirs)
		diag_hint(why, "add %s to %s here, or %s to the peer's %s",
			  transform_word(theirs, their_word), option(p->ours->protocol),
			  our_word, option(p->ours->protocol));
	else
		diag_hint(why, "add %s to the peer's %s", our_word, option(p->ours->protocol));
	return true;
}

static void hint_proposal(const struct pair *p, bool without_ke, struct diag *why)
{
	char here[128], there[128];
	size_t here_len = 0, there_len = 0;

	here[0] = there[0] = '\0';
	add_words(p, p->theirs, without_ke, here, sizeof(here), &here_len);
	add_words(p, p->ours, without_ke, there, sizeof(there), &there_len);
	if (could_follow(p))
		diag_hint(why, "add %s to %s here, or %s to the peer's %s", here,
			  option(p->ours->protocol), there, option(p->ours->protocol));
	else
		diag_hint(why, "add %s to the peer's %s", there, option(p->ours->protocol));
}

/* ---- all of it ---- */

static void name_kinds(const struct pair *p, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned kind = 1; kind < ALG_KINDS; kind++)
		if (p->differ & 1u << kind)
			buf_add(buf, cap, &used, "%s%s", used ? ", " : "", alg_kind_name(kind));
	if (p->strange)
		buf_add(buf, cap, &used, "%sa kind of transform that is unknown here",
			used ? ", " : "");
}

static void nothing_offered(const struct proposals *ours, size_t len, struct diag *why)
{
	const char *name = protocol_name(ours->len ? ours->items[0].protocol : PROTO_NONE);

	diag_set(why, "no-proposal-chosen", "RFC 7296 2.7",
		 "the peer offers no proposal for %s", name);
	diag_wanted(why, "at least one for %s", name);
	diag_got(why, "%zu for other protocols or with transforms unknown here", len);
}

void proposals_explain(const struct proposals *ours, const struct proposal *offered,
		       size_t offered_len, bool without_ke, struct diag *why)
{
	char kinds[160], text[512];
	struct pair p;

	if (!why)
		return;
	if (!nearest_pair(ours, offered, offered_len, without_ke, &p)) {
		nothing_offered(ours, offered_len, why);
		return;
	}
	name_kinds(&p, kinds, sizeof(kinds));
	if (offered_len == 1)
		diag_set(why, "no-proposal-chosen", "RFC 7296 2.7",
			 "the peer's %s proposal is not acceptable: it differs in %s",
			 protocol_name(p.ours->protocol), kinds);
	else
		diag_set(
			why, "no-proposal-chosen", "RFC 7296 2.7",
			"none of the peer's %zu %s proposals is acceptable: the nearest, number %zu, differs in %s",
			offered_len, protocol_name(p.ours->protocol), p.number, kinds);
	add_side(&p, ours->items, ours->len, offered, offered_len, without_ke, false, text,
		 sizeof(text));
	diag_wanted(why, "%s", text);
	add_side(&p, offered, offered_len, ours->items, ours->len, without_ke, true, text,
		 sizeof(text));
	diag_got(why, "%s", text);
	if (!hint_encrypting_ah(&p, why) && !hint_pfs(&p, why) && !hint_esn(&p, why) && !hint_word(&p, why))
		hint_proposal(&p, without_ke, why);
}
