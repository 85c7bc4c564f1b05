/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/fragment.h"

#include "base/secret.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/nat.h"
#include "ike/protect.h"
#include "ike/table.h"
#include "wire/notify.h"

#include <stdlib.h>
#include <string.h>

/*
 * Octets of an IP packet. What passes nearly everywhere comes first; RFC 7383 2.5.1's own
 * numbers, which every path carries, when it did not pass.
 */
#define PACKET_SMALL_V4 576u
#define PACKET_SMALL_V6 1280u
#define UDP_HEADER_LEN 8u

void fragment_announce(struct chain *c, const struct connection *version)
{
	if (version->fragmentation != FRAGMENT_NO)
		chain_notify(c, N_IKEV2_FRAGMENTATION_SUPPORTED, (struct view){0});
}

struct fragmenting fragment_agree(const struct received *rx, const struct connection *version)
{
	struct notify_payload n;
	struct fragmenting f = {
		.agreed = version->fragmentation != FRAGMENT_NO &&
			  message_find_notify(rx->m, rx->where, N_IKEV2_FRAGMENTATION_SUPPORTED,
					      &n),
		.small = version->fragmentation == FRAGMENT_FORCE,
	};

	f.sent = f.agreed && version->fragmentation != FRAGMENT_ACCEPT;
	return f;
}

/* Octets of a message of ours at most. */
static size_t longest(const struct ike_sa *sa, bool small)
{
	bool v6 = sa->remote.addr.family == IP_V6;
	size_t packet = sa->version && sa->version->fragment_size ? sa->version->fragment_size
								  : CONN_FRAGMENT_SIZE;
	size_t least = v6 ? PACKET_SMALL_V6 : PACKET_SMALL_V4;

	if (small && packet > least)
		packet = least;
	packet -= (v6 ? 40 : 20) + UDP_HEADER_LEN;
	return sa->remote.port == NAT_PORT_BEFORE ? packet : packet - NON_ESP_MARKER_LEN;
}

bool fragment_needed(const struct ike_sa *sa, struct view message)
{
	return sa->fragmenting.sent && message.len > longest(sa, sa->fragmenting.small);
}

/* One fragment, built and sealed at `at`, of `cap` octets. */
static enum cyg_err cut_one(struct ike_sa *sa, const struct ike_header *h, uint8_t *at,
			    size_t cap, const struct skf_payload *part, struct view text,
			    struct view *ret)
{
	struct builder b = builder_of(at, cap);
	struct sk_sizes sizes = protect_sizes(sa);
	struct chain outer = message_begin(&b, h);
	struct sk_frame f;
	enum cyg_err err;

	if (!skf_frame_build(&outer, &sizes, part->sk.first, part->number, part->total, text,
			     &f))
		return CYG_LIMIT;
	err = seal_frame(sa, &f);
	if (!err)
		*ret = f.message;
	return err;
}

enum cyg_err fragment_cut(struct ike_sa *sa, struct view whole, uint8_t first, struct view text,
			  struct view *ret)
{
	size_t max = longest(sa, sa->fragmenting.small), len = 0;
	struct sk_sizes sizes = protect_sizes(sa);
	size_t room = skf_room(&sizes, max), total = room ? (text.len + room - 1) / room : 0;
	struct skf_payload part = {.sk.first = first, .total = (uint16_t)total};
	struct ike_header h;
	uint8_t *all;

	if (!total || total > UINT16_MAX || header_parse(whole, &h, NULL))
		return CYG_LIMIT;
	all = actions_alloc(sa->ike->out, total * max);
	if (!all)
		return CYG_NOMEM;
	for (size_t i = 0; i < total; i++) {
		size_t from = i * room, left = text.len - from;
		struct view one;
		enum cyg_err err;

		part.number = (uint16_t)(i + 1);
		err = cut_one(sa, &h, all + len, max, &part,
			      view_of(text.ptr + from, left < room ? left : room), &one);
		if (err)
			return err;
		len += one.len;
	}
	sa->ike->counts.fragments_made += total;
	*ret = view_of(all, len);
	return CYG_OK;
}

/* ---- cutting again ---- */

/* Open a message of ours, SK or SKF, at `text`; *first is set by the one that names it. */
static enum cyg_err open_own(struct ike_sa *sa, struct view one, uint8_t *text, uint8_t *first,
			     struct view *ret)
{
	struct sk_sizes sizes = protect_sizes(sa);
	struct skf_payload part = {0};
	struct ike_header h;
	struct message m;
	enum cyg_err err = header_parse(one, &h, NULL);

	if (!err)
		err = message_parse(one, h.next_payload, &m, NULL, NULL);
	if (!err)
		err = message_count(&m, PAYLOAD_SKF) ? skf_parse(&m, &sizes, &part, NULL)
						     : sk_parse(&m, &sizes, &part.sk, NULL);
	if (!err)
		err = open_sk(sa, &part.sk, true, text, ret, NULL);
	if (!err && part.number <= 1)
		*first = part.sk.first;
	return err;
}

/* The inner chain of all messages of `sent`, in `text`, as large as they are. */
static enum cyg_err open_all(struct ike_sa *sa, struct view sent, uint8_t *text, uint8_t *first,
			     size_t *ret_len)
{
	size_t len = 0;

	while (sent.len) {
		struct view one = header_cut(&sent), part;
		enum cyg_err err = open_own(sa, one, text + len, first, &part);

		if (err)
			return err;
		len += part.len;
	}
	*ret_len = len;
	return CYG_OK;
}

static bool has_longer(struct view sent, size_t max)
{
	while (sent.len)
		if (header_cut(&sent).len > max)
			return true;
	return false;
}

static enum cyg_err cut_again(struct ike_sa *sa, struct view sent, struct bytes *ret)
{
	uint8_t *text = malloc(sent.len), first = PAYLOAD_NONE;
	struct view whole = sent, smaller;
	size_t len = 0;
	enum cyg_err err = text ? open_all(sa, sent, text, &first, &len) : CYG_NOMEM;

	if (!err)
		err = fragment_cut(sa, header_cut(&whole), first, view_of(text, len), &smaller);
	if (!err && !bytes_copy(ret, smaller))
		err = CYG_NOMEM;
	if (text)
		secret_wipe(text, sent.len);
	free(text);
	return err;
}

void fragment_smaller(struct ike_sa *sa, struct bytes *sent)
{
	struct bytes smaller;

	if (!sa->fragmenting.sent || sa->fragmenting.small ||
	    !has_longer(view_bytes(sent), longest(sa, true)))
		return;
	sa->fragmenting.small = true;
	if (cut_again(sa, view_bytes(sent), &smaller))
		return; /* the longer ones go once more */
	bytes_done(sent);
	*sent = smaller;
	explain_smaller(sa, longest(sa, true));
}
