/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/adversary.h"

#include "base/builder.h"
#include "sim/machine.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_MAX 256
#define DATAGRAM_MAX 65000
#define JUNK_MAX 3000
#define NOTIFY_FIXED_LEN 8

struct seen {
	struct endpoint from, to;
	struct bytes data;
};

struct adversary {
	struct happening next;
	struct world *w;
	enum mischief what;
	nsec interval;
	struct seen seen[SEEN_MAX]; /* a ring */
	size_t seen_n;
	struct seen knock; /* the first IKE_SA_INIT request it saw */
	bool sending, cookies;
	uint8_t buffer[DATAGRAM_MAX];
};

/* ---- listening ---- */

static void keep(struct seen *s, const struct parcel *p)
{
	bytes_done(&s->data);
	s->from = *parcel_from(p);
	s->to = *parcel_to(p);
	if (!bytes_copy(&s->data, parcel_ike(p)))
		exit(3);
}

static bool is_first_request(struct view data)
{
	struct ike_header h;

	return !header_parse(data, &h, NULL) && h.exchange == X_IKE_SA_INIT && !h.response;
}

static void return_cookie(struct adversary *a, const struct parcel *p);

static void listen(void *ctx, const struct parcel *p)
{
	struct adversary *a = ctx;
	struct view data = parcel_ike(p);

	if (a->cookies)
		return_cookie(a, p);
	if (a->sending || data.len < IKE_HEADER_LEN)
		return;
	keep(&a->seen[a->seen_n++ % SEEN_MAX], p);
	if (!a->knock.data.len && is_first_request(data))
		keep(&a->knock, p);
}

/* ---- sending ---- */

static void send_as(struct adversary *a, const struct endpoint *from, const struct endpoint *to,
		    struct view data)
{
	bool was = a->sending;

	a->sending = true;
	net_send_ike(a->w, NULL, from, to, data);
	a->sending = was;
}

static struct dice *dice_of(struct adversary *a)
{
	return &a->w->dice;
}

static const struct seen *pick(struct adversary *a)
{
	size_t n = a->seen_n < SEEN_MAX ? a->seen_n : SEEN_MAX;

	return n ? &a->seen[dice_below(dice_of(a), n)] : NULL;
}

/* Where it claims to be: who sent it, another port of that address, or somewhere else. */
static struct endpoint claim(struct adversary *a, const struct seen *s)
{
	struct endpoint from = s->from;

	switch (dice_below(dice_of(a), 3)) {
	case 0:
		return from;
	case 1:
		from.port = (uint16_t)dice_between(dice_of(a), 1, 65535);
		return from;
	default:
		if (ip_parse("198.51.100.66", &from.addr))
			exit(3);
		from.port = 4500;
		return from;
	}
}

static void fix_length(uint8_t *data, size_t len)
{
	for (int i = 0; i < 4; i++)
		data[IKE_HEADER_LENGTH_AT + i] = (uint8_t)(len >> (24 - 8 * i));
}

/* Change `len` octets at a->buffer in one of many ways; returns the new length. */
static size_t mutate(struct adversary *a, size_t len)
{
	struct dice *d = dice_of(a);
	const struct seen *other = pick(a);
	uint8_t *b = a->buffer;
	size_t at;

	switch (dice_below(d, 8)) {
	case 0: /* a bit */
		at = dice_below(d, len);
		b[at] ^= (uint8_t)(1u << dice_below(d, 8));
		break;
	case 1: /* an octet of the header */
		at = dice_below(d, IKE_HEADER_LEN);
		b[at] = (uint8_t)dice_below(d, 256);
		break;
	case 2: /* cut off */
		len = dice_below(d, len) + 1;
		break;
	case 3: /* cut off, and the length says so */
		len = dice_between(d, IKE_HEADER_LEN, len);
		fix_length(b, len);
		break;
	case 4: /* longer */
		memset(b + len, (int)dice_below(d, 256), 40);
		len += dice_between(d, 1, 40);
		fix_length(b, len);
		break;
	case 5: /* another message's header */
		memcpy(b, other->data.ptr, IKE_HEADER_LEN);
		fix_length(b, len);
		break;
	case 6: /* another message ID */
		b[23] = (uint8_t)(b[23] + dice_between(d, 1, 3));
		break;
	default: /* a length inside it */
		if (len > IKE_HEADER_LEN + 4)
			b[IKE_HEADER_LEN + 3] = (uint8_t)dice_below(d, 256);
		break;
	}
	return len;
}

static void replay(struct adversary *a, bool change)
{
	const struct seen *s = pick(a);
	struct endpoint from;
	size_t len;

	if (!s)
		return;
	from = claim(a, s);
	len = s->data.len;
	memcpy(a->buffer, s->data.ptr, len);
	if (change)
		len = mutate(a, len);
	send_as(a, &from, &s->to, view_of(a->buffer, len));
}

static void junk(struct adversary *a)
{
	const struct seen *s = pick(a);
	struct dice *d = dice_of(a);
	size_t len = dice_percent(d, 5) ? DATAGRAM_MAX : dice_below(d, JUNK_MAX);
	struct endpoint from;

	if (!s || !entropy_fill(&d->source, a->buffer, len))
		return;
	/* Half of it looks like IKEv2 at first. */
	if (len > IKE_HEADER_LEN && dice_percent(d, 50)) {
		memcpy(a->buffer, s->data.ptr, dice_percent(d, 50) ? IKE_HEADER_LEN : 16);
		a->buffer[17] = 0x20;
		fix_length(a->buffer, len);
	}
	from = claim(a, s);
	send_as(a, &from, &s->to, view_of(a->buffer, len));
}

/* ---- unprotected errors ---- */

/* A message with one Notify payload and nothing else. */
static struct view notify_message(struct adversary *a, const struct ike_header *request,
				  uint16_t type, size_t data_len)
{
	struct ike_header h = header_reply(request);
	struct builder b = builder_of(a->buffer, sizeof(a->buffer));

	h.next_payload = PAYLOAD_NOTIFY;
	if (!h.spi_r && dice_percent(dice_of(a), 50))
		h.spi_r = dice_below(dice_of(a), UINT64_MAX);
	h.length = (uint32_t)(IKE_HEADER_LEN + NOTIFY_FIXED_LEN + data_len);
	header_build(&b, &h);
	build_u16(&b, 0);
	build_u16(&b, (uint16_t)(NOTIFY_FIXED_LEN + data_len));
	build_u16(&b, 0);
	build_u16(&b, type);
	for (size_t i = 0; i < data_len; i++)
		build_u8(&b, (uint8_t)dice_below(dice_of(a), 256));
	return build_done(&b);
}

static void errors(struct adversary *a)
{
	static const uint16_t types[] = {
		N_UNSUPPORTED_CRITICAL_PAYLOAD,
		N_INVALID_IKE_SPI,
		N_INVALID_MAJOR_VERSION,
		N_INVALID_SYNTAX,
		N_NO_PROPOSAL_CHOSEN,
		N_INVALID_KE_PAYLOAD,
		N_AUTHENTICATION_FAILED,
		N_NO_ADDITIONAL_SAS,
		N_TEMPORARY_FAILURE,
		N_REDIRECT,
	};
	size_t n = a->seen_n < SEEN_MAX ? a->seen_n : SEEN_MAX;
	const struct seen *s = n ? &a->seen[(a->seen_n - 1) % SEEN_MAX] : NULL;
	uint16_t type = types[dice_below(dice_of(a), sizeof(types) / sizeof(*types))];
	struct ike_header h;

	if (!s || header_parse(view_bytes(&s->data), &h, NULL) || h.response)
		return;
	send_as(a, &s->to, &s->from,
		notify_message(a, &h, type,
			       type == N_INVALID_KE_PAYLOAD ? 2 : dice_below(dice_of(a), 40)));
}

/* ---- now and then ---- */

static void act(struct happening *happening)
{
	struct adversary *a = CONTAINER_OF(happening, struct adversary, next);

	switch (a->what) {
	case MISCHIEF_REPLAY:
		replay(a, false);
		break;
	case MISCHIEF_MUTATE:
		replay(a, true);
		break;
	case MISCHIEF_JUNK:
		junk(a);
		break;
	default:
		errors(a);
	}
	world_at(a->w, &a->next, a->w->now + a->interval);
}

struct adversary *adversary_new(struct world *w)
{
	struct adversary *a = sim_alloc(sizeof(*a));

	a->w = w;
	a->next.happen = act;
	w->net.spy = listen;
	w->net.spy_ctx = a;
	return a;
}

void adversary_free(struct adversary *a)
{
	if (!a)
		return;
	world_cancel(a->w, &a->next);
	a->w->net.spy = NULL;
	for (size_t i = 0; i < SEEN_MAX; i++)
		bytes_done(&a->seen[i].data);
	bytes_done(&a->knock.data);
	free(a);
}

void adversary_start(struct adversary *a, enum mischief what, nsec interval)
{
	a->what = what;
	a->interval = interval;
	world_at(a->w, &a->next, a->w->now + interval);
}

void adversary_stop(struct adversary *a)
{
	world_cancel(a->w, &a->next);
}

/* ---- floods ---- */

bool adversary_knock(struct adversary *a, const struct endpoint *source,
		     const struct endpoint *to)
{
	size_t len = a->knock.data.len;

	if (!len)
		return false;
	memcpy(a->buffer, a->knock.data.ptr, len);
	if (!entropy_fill(&dice_of(a)->source, a->buffer, 8))
		return false;
	send_as(a, source, to, view_of(a->buffer, len));
	return true;
}

void adversary_return_cookies(struct adversary *a, bool so)
{
	a->cookies = so;
}

/* The Notify payload that an answer consists of; the empty view if it is no cookie. */
static struct view cookie_of(struct view answer, struct ike_header *h)
{
	struct view n;

	if (!answer.ptr || answer.len < IKE_HEADER_LEN + NOTIFY_FIXED_LEN ||
	    header_parse(answer, h, NULL) || h->exchange != X_IKE_SA_INIT || !h->response ||
	    h->next_payload != PAYLOAD_NOTIFY)
		return (struct view){0};
	n = view_of(answer.ptr + IKE_HEADER_LEN, answer.len - IKE_HEADER_LEN);
	return (n.ptr[6] << 8 | n.ptr[7]) == N_COOKIE ? n : (struct view){0};
}

/* The knock again, with the SPI it had and the cookie in front (RFC 7296 2.6). */
static void return_cookie(struct adversary *a, const struct parcel *p)
{
	struct ike_header h;
	struct view cookie = cookie_of(parcel_ike(p), &h);
	uint8_t *b = a->buffer;
	const uint8_t *knock = a->knock.data.ptr;
	size_t rest;

	if (!cookie.len || a->knock.data.len < IKE_HEADER_LEN || a->sending)
		return;
	rest = a->knock.data.len - IKE_HEADER_LEN;
	memcpy(b, knock, IKE_HEADER_LEN);
	memcpy(b, parcel_ike(p).ptr, 8);
	b[IKE_HEADER_NEXT_AT] = PAYLOAD_NOTIFY;
	memcpy(b + IKE_HEADER_LEN, cookie.ptr, cookie.len);
	b[IKE_HEADER_LEN] = knock[IKE_HEADER_NEXT_AT];
	memcpy(b + IKE_HEADER_LEN + cookie.len, knock + IKE_HEADER_LEN, rest);
	fix_length(b, IKE_HEADER_LEN + cookie.len + rest);
	send_as(a, parcel_to(p), parcel_from(p),
		view_of(b, IKE_HEADER_LEN + cookie.len + rest));
}
