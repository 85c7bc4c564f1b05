/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/wire/rebuild.h"

#include "base/reader.h"
#include "wire/chain.h"
#include "wire/cp.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/sa.h"
#include "wire/ts.h"

#include <string.h>

#define ITEMS_MAX 16384

/* A function that parses the payload NAME into its struct and builds it again. */
#define REBUILD(name)                                                                    \
	static enum cyg_err rebuild_##name(const struct payload *p, struct builder *out) \
	{                                                                                \
		struct name##_payload parsed;                                            \
		enum cyg_err err = name##_parse(p, &parsed, NULL);                       \
		if (!err)                                                                \
			name##_build(out, &parsed);                                      \
		return err;                                                              \
	}

REBUILD(ke)
REBUILD(id)
REBUILD(cert)
REBUILD(certreq)
REBUILD(auth)
REBUILD(nonce)
REBUILD(notify)
REBUILD(delete)
REBUILD(vendor)
REBUILD(eap)

/* Straight from the walk, so that payloads longer than a list are rebuilt too. */
static enum cyg_err rebuild_sa(const struct payload *p, bool answer, struct builder *out,
			       bool *exact)
{
	struct sa_builder s = sa_begin(out);
	struct sa_proposal proposal;
	struct sa_payload sa;
	struct reader walk;
	enum cyg_err err = sa_parse(p, answer ? SA_ANSWER : SA_OFFER, &sa, NULL);

	if (err)
		return err;
	for (walk = sa_walk(&sa); sa_next_proposal(&walk, &proposal);) {
		struct reader inner = proposal_walk(&proposal);
		struct sa_transform t;

		if (proposal.spi.len > 8 || (proposal.spi.len & 3)) {
			*exact = false;
			proposal.spi = view_of(NULL, 0);
		}
		sa_add_proposal(&s, proposal.number, proposal.protocol, proposal.spi);
		while (proposal_next_transform(&inner, &t)) {
			*exact = *exact && !t.unusable;
			sa_add_transform(&s, t.type, t.id, t.key_bits);
		}
	}
	sa_end(&s);
	return CYG_OK;
}

static enum cyg_err rebuild_ts(const struct payload *p, struct builder *out)
{
	struct ts_item items[UINT8_MAX + 1];
	struct ts_payload ts;
	struct reader walk;
	size_t len = 0;
	enum cyg_err err = ts_parse(p, &ts, NULL);

	if (err)
		return err;
	for (walk = ts_walk(&ts); len <= ts.count && ts_next(&walk, &items[len]);)
		len++;
	ts_build(out, items, len);
	return CYG_OK;
}

static enum cyg_err rebuild_cp(const struct payload *p, struct builder *out)
{
	static struct cp_attribute attributes[ITEMS_MAX];
	struct cp_payload cp;
	struct reader walk;
	size_t len = 0;
	enum cyg_err err = cp_parse(p, &cp, NULL);

	if (err)
		return err;
	for (walk = cp_walk(&cp); len < ITEMS_MAX && cp_next(&walk, &attributes[len]);)
		len++;
	cp_build(out, cp.type, attributes, len);
	return CYG_OK;
}

enum cyg_err rebuild_payload(const struct payload *p, bool answer, struct builder *out,
			     bool *ret_exact)
{
	bool unused, *exact = ret_exact ? ret_exact : &unused;

	*exact = true;
	switch (p->type) {
	case PAYLOAD_SA:
		return rebuild_sa(p, answer, out, exact);
	case PAYLOAD_KE:
		return rebuild_ke(p, out);
	case PAYLOAD_IDI:
	case PAYLOAD_IDR:
		return rebuild_id(p, out);
	case PAYLOAD_CERT:
		return rebuild_cert(p, out);
	case PAYLOAD_CERTREQ:
		return rebuild_certreq(p, out);
	case PAYLOAD_AUTH:
		return rebuild_auth(p, out);
	case PAYLOAD_NONCE:
		return rebuild_nonce(p, out);
	case PAYLOAD_NOTIFY:
		return rebuild_notify(p, out);
	case PAYLOAD_DELETE:
		return rebuild_delete(p, out);
	case PAYLOAD_VENDOR:
		return rebuild_vendor(p, out);
	case PAYLOAD_TSI:
	case PAYLOAD_TSR:
		return rebuild_ts(p, out);
	case PAYLOAD_CP:
		return rebuild_cp(p, out);
	case PAYLOAD_EAP:
		return rebuild_eap(p, out);
	default:
		build_view(out, p->body);
		return CYG_OK;
	}
}

static size_t field16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Reserved octets of proposals and transforms. The lengths were checked by the parser. */
static void zero_sa(uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		const uint8_t *next = at + field16(at + 2);
		uint8_t *t = at + 8 + at[6];

		at[1] = 0;
		for (; t < next; t += field16(t + 2)) {
			t[1] = 0;
			t[5] = 0;
		}
		at = t;
	}
}

static void zero_cp(uint8_t *at, const uint8_t *end)
{
	for (memset(at + 1, 0, 3), at += 4; at < end; at += 4 + field16(at + 2))
		at[0] &= 0x7f;
}

void rebuild_canonical(const struct payload *p, uint8_t *out)
{
	if (p->body.len)
		memcpy(out, p->body.ptr, p->body.len);
	switch (p->type) {
	case PAYLOAD_SA:
		zero_sa(out, out + p->body.len);
		break;
	case PAYLOAD_KE:
		memset(out + 2, 0, 2);
		break;
	case PAYLOAD_IDI:
	case PAYLOAD_IDR:
	case PAYLOAD_AUTH:
	case PAYLOAD_TSI:
	case PAYLOAD_TSR:
		memset(out + 1, 0, 3);
		break;
	case PAYLOAD_NOTIFY:
		if (out[1] == 0)
			out[0] = 0;
		break;
	case PAYLOAD_CP:
		zero_cp(out, out + p->body.len);
		break;
	default:
		break;
	}
}

struct view rebuild_message(const struct ike_header *h, const struct message *m,
			    struct builder *b)
{
	struct chain c = message_begin(b, h);

	for (size_t i = 0; i < m->len; i++) {
		chain_payload(&c, m->payloads[i].type);
		if (!b->bad)
			b->base[c.next_at] = m->payloads[i].inner;
		build_view(b, m->payloads[i].body);
	}
	return message_end(&c);
}
