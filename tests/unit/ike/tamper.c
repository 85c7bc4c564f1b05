/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"

#include "wire/chain.h"

#include <string.h>

void letter_done(struct letter *l)
{
	for (size_t i = 0; i < l->len; i++)
		bytes_done(&l->payloads[i].body);
	l->len = 0;
}

const struct message *message_opened(struct node *from, const struct ike_header *h,
				     const struct message *outer, struct message *inner)
{
	static uint8_t plain[IKE_MESSAGE_MAX];
	struct ike_sa *sa = sa_by_spi(from->ike, h->initiator ? h->spi_i : h->spi_r);
	struct ike_sa turned;
	uint8_t critical;
	bool genuine;

	if (!message_encrypted(outer))
		return outer;
	assert_non_null(sa);
	turned = *sa;
	turned.initiator = !sa->initiator;
	assert_int_equal(unseal(&turned, outer, plain, inner, &critical, &genuine, NULL),
			 CYG_OK);
	return inner;
}

struct letter letter_of(struct node *from, struct view datagram)
{
	struct letter l = {0};
	struct message outer, inner;
	const struct message *m;
	struct ike_header h;

	assert_int_equal(header_parse(datagram, &h, NULL), CYG_OK);
	assert_int_equal(message_parse(datagram, h.next_payload, &outer, NULL, NULL), CYG_OK);
	m = message_opened(from, &h, &outer, &inner);
	assert_true(m->len <= LETTER_PAYLOADS_MAX);
	l.exchange = h.exchange;
	l.response = h.response;
	l.len = m->len;
	for (size_t i = 0; i < m->len; i++) {
		l.payloads[i].type = m->payloads[i].type;
		assert_true(bytes_copy(&l.payloads[i].body, m->payloads[i].body));
	}
	return l;
}

int letter_find(const struct letter *l, uint8_t type)
{
	for (int i = 0; i < l->len; i++)
		if (l->payloads[i].type == type)
			return i;
	return -1;
}

struct ike_sa *newest_sa(const struct node *h)
{
	struct ike_sa *sa = NULL, *found = NULL;

	while ((sa = roster_after(&h->ike->sas, sa ? sa->serial : 0)))
		found = sa->keys.prf_len ? sa : found;
	assert_non_null(found);
	return found;
}

struct ike_sa *peer_sa(const struct node *other, const struct ike_sa *sa)
{
	return sa_by_spi(other->ike, sa->spi_peer);
}

void deliver_from(struct node *to, const struct ike_sa *from, struct view datagram)
{
	struct event ev = {.kind = EV_DATAGRAM};

	ev.datagram.local = from->remote;
	ev.datagram.remote = from->local;
	ev.datagram.data = datagram;
	world_event(to, &ev);
}

void send_letter(struct node *to, struct ike_sa *from, const struct letter *l, uint32_t msgid)
{
	bool cuts = from->fragmenting.sent;
	struct sealer s;
	struct view message;

	from->fragmenting.sent = false; /* a letter is one datagram, however long */
	seal_begin(&s, from, l->exchange, l->response, msgid);
	for (size_t i = 0; i < l->len; i++) {
		chain_payload(&s.inner, l->payloads[i].type);
		build_view(&s.b, view_bytes(&l->payloads[i].body));
	}
	assert_int_equal(seal_end(&s, &message), CYG_OK);
	from->fragmenting.sent = cuts;
	deliver_from(to, from, message);
}

uint16_t letter_error(const struct letter *l)
{
	for (size_t i = 0; i < l->len; i++) {
		struct view body = view_bytes(&l->payloads[i].body);
		uint16_t type = body.len >= 4 ? (uint16_t)(body.ptr[2] << 8 | body.ptr[3]) : 0;

		if (l->payloads[i].type == PAYLOAD_NOTIFY && type && type < N_INITIAL_CONTACT)
			return type;
	}
	return 0;
}
