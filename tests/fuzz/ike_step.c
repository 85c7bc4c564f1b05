/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step function against a peer gone mad. Two engines come up by
 * themselves; then the input is a list of deeds, each an octet and what
 * belongs to it:
 *
 *	0 len octets          a stranger's datagram to east
 *	1 n (at xor)..        west's first request once more, octets changed
 *	2 exchange n payloads a request that the real peer could seal: n times type, len, octets
 *	3 n payloads          the same as answer to what east has asked
 *	4 seconds             time passes
 *	5 command             east is told something
 *	6 kind                answers of that kind are held back, or all are given
 *	7 way                 datagrams between the engines are lost, or not
 *	8 exchange n total type len octets	a fragment of a request that the real peer could seal
 *
 * Nothing may crash, leak, or run for ever; at the end everything is deleted
 * and the planes must be empty. The seeds in corpus/ike_step are such lists.
 */
#include "base/reader.h"
#include "ike/exchange.h"
#include "ike/protect.h"
#include "ike/sa.h"
#include "tests/unit/ike/world.h"
#include "wire/chain.h"

#include <stdlib.h>
#include <string.h>

#define DEEDS_MAX 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes first;

static bool keep_first(struct world *w, struct flight *f)
{
	(void)w;
	if (!first.ptr && f->data.len > 28 && f->data.ptr[18] == X_IKE_SA_INIT)
		assert_true(bytes_copy(&first, view_bytes(&f->data)));
	return true;
}

static bool lose_all(struct world *w, struct flight *f)
{
	(void)w;
	(void)f;
	return false;
}

static void datagram(struct node *to, uint16_t port, struct view v)
{
	struct event ev = {.kind = EV_DATAGRAM};

	ev.datagram.local = (struct endpoint){to->addr, 500};
	ev.datagram.remote = (struct endpoint){to->world->hosts[0].addr, port};
	ev.datagram.data = v;
	world_event(to, &ev);
}

static void stranger(struct world *w, struct reader *r)
{
	size_t len = read_u8(r);

	datagram(world_host(w, "east"), 500,
		 read_view(r, len < read_left(r) ? len : read_left(r)));
}

static void first_again(struct world *w, struct reader *r)
{
	struct bytes b;

	assert_true(bytes_copy(&b, view_bytes(&first)));
	for (unsigned n = read_u8(r) % 16; n--;) {
		size_t at = read_u8(r);

		at = (at << 1 | 1) % b.len;
		b.ptr[at] ^= read_u8(r);
	}
	datagram(world_host(w, "east"), 1000, view_bytes(&b));
	bytes_done(&b);
}

/* The newest IKE SA that both ends hold. */
static struct ike_sa *shared_sa(struct world *w, struct ike_sa **ret_east)
{
	struct ike *west = world_host(w, "west")->ike, *east = world_host(w, "east")->ike;
	struct ike_sa *found = NULL;

	for (struct ike_sa *sa = NULL; (sa = roster_after(&west->sas, sa ? sa->serial : 0));) {
		struct ike_sa *peer = sa_by_spi(east, sa->spi_peer);

		if (peer && peer->spi_peer == sa->spi_own && sa->keys.prf_len &&
		    peer->keys.prf_len) {
			found = sa;
			*ret_east = peer;
		}
	}
	return found;
}

static void add_payloads(struct sealer *s, struct reader *r)
{
	for (unsigned n = read_u8(r) % 12; n--;) {
		uint8_t type = read_u8(r);
		size_t len = read_u8(r);

		chain_payload(&s->inner, type ? type : PAYLOAD_NOTIFY);
		build_view(&s->b, read_view(r, len < read_left(r) ? len : read_left(r)));
	}
}

static void sealed(struct world *w, struct reader *r, bool response)
{
	struct ike_sa *east, *west = shared_sa(w, &east);
	uint8_t exchange = response ? 0 : (uint8_t)(34 + read_u8(r) % 4);
	struct sealer s;
	struct view message;

	if (!west)
		return;
	if (response && !east->window.ours)
		return;
	if (response)
		exchange = east->window.ours->kind <= EX_DELETE_CHILD &&
					   east->window.ours->kind > EX_AUTH
				   ? X_INFORMATIONAL
				   : X_CREATE_CHILD_SA;
	west->fragmenting.sent = false; /* one datagram, however long */
	seal_begin(&s, west, exchange, response,
		   response ? east->window.ours->msgid : east->window.next_in);
	add_payloads(&s, r);
	west->ike->now = w->now;
	if (!seal_end(&s, &message))
		datagram(world_host(w, "east"), west->local.port, message);
}

/* One fragment; its numbers and the type in its header are what the input says. */
static void fragment(struct world *w, struct reader *r)
{
	struct ike_sa *east, *west = shared_sa(w, &east);
	uint8_t storage[512], exchange = (uint8_t)(34 + read_u8(r) % 4);
	uint16_t number = read_u8(r), total = read_u8(r);
	uint8_t type = read_u8(r);
	size_t len = read_u8(r);
	struct builder b = builder_of(storage, sizeof(storage));
	struct ike_header h = {.exchange = exchange};
	struct sk_sizes sizes;
	struct sk_frame frame;
	struct chain outer;

	if (!west)
		return;
	h.spi_i = sa_spi_i(west);
	h.spi_r = sa_spi_r(west);
	h.initiator = west->initiator;
	h.msgid = east->window.next_in;
	sizes = protect_sizes(west);
	outer = message_begin(&b, &h);
	if (!skf_frame_build(&outer, &sizes, 0, 1, 1,
			     read_view(r, len < read_left(r) ? len : read_left(r)), &frame))
		return;
	storage[IKE_HEADER_LEN] = type;
	storage[IKE_HEADER_LEN + 5] = (uint8_t)number;
	storage[IKE_HEADER_LEN + 7] = (uint8_t)total;
	if (!seal_frame(west, &frame))
		datagram(world_host(w, "east"), west->local.port, frame.message);
}

static void command(struct world *w, uint8_t which)
{
	static const enum command_kind kinds[] = {CMD_REKEY_CHILD, CMD_REKEY_IKE, CMD_DOWN,
						  CMD_UP,          CMD_ROUTE,     CMD_UNROUTE};
	struct node *east = world_host(w, "east");

	if (east->done_len + 4 < COUNT_OF(east->done))
		world_command(east, kinds[which % COUNT_OF(kinds)], "net");
}

static void deed(struct world *w, struct reader *r)
{
	uint8_t what;

	switch (read_u8(r) % 9) {
	case 0:
		stranger(w, r);
		return;
	case 1:
		first_again(w, r);
		return;
	case 2:
		sealed(w, r, false);
		return;
	case 3:
		sealed(w, r, true);
		return;
	case 4:
		world_run(w, read_u8(r) * NSEC_PER_SEC);
		return;
	case 5:
		command(w, read_u8(r));
		return;
	case 6:
		what = read_u8(r) % 24;
		w->hold ^= 1u << what;
		return;
	case 8:
		fragment(w, r);
		return;
	default:
		w->filter = read_u8(r) & 1 ? lose_all : NULL;
		return;
	}
}

static void finish(struct world *w)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	w->filter = NULL;
	world_release(w);
	world_command(west, CMD_DELETE, "net");
	world_command(east, CMD_DELETE, "net");
	world_run(w, 300 * NSEC_PER_SEC);
	if (west->plane.sas_len || east->plane.sas_len || count_sas(west, -1) ||
	    count_sas(east, -1) || east->plane.policies_len || east->plane.routes_len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_pair(1);
	struct reader r = reader_of(view_of(data, size));

	bytes_done(&first);
	w->filter = keep_first;
	world_command(world_host(w, "west"), CMD_UP, "net");
	world_settle(w);
	w->filter = NULL;
	for (unsigned n = 0; n < DEEDS_MAX && read_left(&r); n++) {
		deed(w, &r);
		world_settle(w);
	}
	finish(w);
	world_free(w);
	bytes_done(&first);
	return 0;
}
