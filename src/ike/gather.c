/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/gather.h"

#include "base/secret.h"
#include "ike/core.h"
#include "ike/protect.h"
#include "ike/table.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
	struct ike *ike;
	uint32_t msgid;
	uint16_t total, have;
	uint8_t first;
	uint64_t digest; /* of fragment 1 */
	size_t octets;
	struct bytes parts[]; /* `total`; no pointer: not here yet */
};

void gathered_done(struct gathered *g)
{
	bytes_wipe(&g->text);
}

size_t gather_octets(const struct window *w)
{
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		if (w->gathering[i])
			n += sizeof(struct gathering) + w->gathering[i]->octets +
			     w->gathering[i]->total * sizeof(struct bytes);
	return n;
}

void gather_drop(struct window *w, bool answer)
{
	struct gathering *g = w->gathering[answer];

	if (!g)
		return;
	w->gathering[answer] = NULL;
	g->ike->gathered -= g->octets;
	for (uint16_t i = 0; i < g->total; i++)
		bytes_wipe(&g->parts[i]);
	free(g);
}

static bool refused(struct ike_sa *sa, struct received *rx, const char *what)
{
	sa->ike->counts.fragments_dropped++;
	diag_set(&rx->why, "fragment", "RFC 7383 2.6", "%s", what);
	return false;
}

/* A cheap look: number and total are possible, and it is not here yet. */
static bool is_wanted(const struct gathering *g, uint32_t msgid, uint16_t number,
		      uint16_t total)
{
	if (total > GATHER_FRAGMENTS_MAX)
		return false;
	if (!g || g->msgid != msgid)
		return true;
	/* More fragments than before: the peer cut it anew. Fewer: an older try, or a fault. */
	return total > g->total || (total == g->total && !g->parts[number - 1].ptr);
}

/* Decrypt a fragment; *ret is on the heap. */
static enum cyg_err open_part(struct ike_sa *sa, struct received *rx, struct skf_payload *part,
			      struct bytes *ret)
{
	struct sk_sizes sizes = protect_sizes(sa);
	enum cyg_err err = skf_parse(&rx->outer, &sizes, part, &rx->why);
	struct view text;
	struct bytes b;

	if (err)
		return err;
	b = (struct bytes){malloc(part->sk.ciphertext.len), part->sk.ciphertext.len};
	if (!b.ptr)
		return CYG_NOMEM;
	err = open_sk(sa, &part->sk, false, b.ptr, &text, &rx->why);
	if (err) {
		bytes_wipe(&b);
		return err;
	}
	b.len = text.len; /* what is behind it is padding */
	*ret = b;
	return CYG_OK;
}

bool gather_genuine(struct ike_sa *sa, struct received *rx)
{
	struct skf_payload part;
	struct bytes text;

	if (open_part(sa, rx, &part, &text))
		return false;
	bytes_wipe(&text);
	return true;
}

static struct gathering *begin(struct ike_sa *sa, const struct received *rx, uint16_t total)
{
	struct gathering *g = calloc(1, sizeof(*g) + total * sizeof(g->parts[0]));

	if (!g)
		return NULL;
	g->ike = sa->ike;
	g->msgid = rx->header.msgid;
	g->total = total;
	sa->window.gathering[rx->header.response] = g;
	timers_sa_gathering(sa);
	return g;
}

static bool has_room(const struct ike_sa *sa, const struct gathering *g, size_t more)
{
	bool unproven = sa_is_half_open(sa);
	size_t all = unproven ? GATHER_UNPROVEN_MAX : GATHER_ALL_MAX;

	return g->octets + more <= GATHER_OCTETS_MAX && sa->ike->gathered + more <= all;
}

/* Keep a proven fragment; its text is moved, or wiped. */
static struct gathering *keep(struct ike_sa *sa, struct received *rx,
			      const struct skf_payload *part, struct bytes *text)
{
	struct gathering *g = sa->window.gathering[rx->header.response];

	/* RFC 7383 2.6: what was cut otherwise, or is of another message, is of no use now. */
	if (g && (g->msgid != rx->header.msgid || g->total != part->total)) {
		/* The peer found the path narrow: the answer has the same one to go. */
		if (g->msgid == rx->header.msgid)
			sa->fragmenting.small = true;
		gather_drop(&sa->window, rx->header.response);
		g = NULL;
	}
	if (!g)
		g = begin(sa, rx, part->total);
	/* One without content has no place in a message, and would never count as come. */
	if (!g || !text->len || !has_room(sa, g, text->len)) {
		bytes_wipe(text);
		return NULL;
	}
	g->parts[part->number - 1] = *text;
	g->have++;
	g->octets += text->len;
	g->ike->gathered += text->len;
	if (part->number == 1) {
		g->first = part->sk.first;
		g->digest = sa_digest(sa, rx->ev->datagram.data);
	}
	return g;
}

static bool join(struct ike_sa *sa, bool answer, struct gathered *ret)
{
	struct gathering *g = sa->window.gathering[answer];
	struct bytes all = {malloc(g->octets), g->octets};
	size_t at = 0;

	for (uint16_t i = 0; all.ptr && i < g->total; i++) {
		memcpy(all.ptr + at, g->parts[i].ptr, g->parts[i].len);
		at += g->parts[i].len;
	}
	*ret = (struct gathered){all, g->first, g->total, g->digest};
	gather_drop(&sa->window, answer);
	return all.ptr != NULL;
}

bool gather_take(struct ike_sa *sa, struct received *rx, struct gathered *ret)
{
	bool answer = rx->header.response;
	struct gathering *g = sa->window.gathering[answer];
	struct skf_payload part;
	struct bytes text;
	uint16_t number, total;

	if (!sa->fragmenting.agreed)
		return refused(sa, rx, "a fragment, which was not agreed on");
	if (skf_peek(&rx->outer, &number, &total, &rx->why)) {
		sa->ike->counts.fragments_dropped++;
		return false;
	}
	if (!is_wanted(g, rx->header.msgid, number, total))
		return refused(sa, rx, "a fragment that came before, or of too many");
	if (open_part(sa, rx, &part, &text)) {
		sa->ike->counts.fragments_dropped++;
		return false;
	}
	sa->ike->counts.fragments_taken++;
	g = keep(sa, rx, &part, &text);
	if (!g)
		return refused(sa, rx,
			       "a fragment that is empty, or of a message that is too long");
	if (g->have < g->total)
		return false;
	if (!join(sa, answer, ret))
		return false;
	sa->ike->counts.reassembled++;
	return true;
}
