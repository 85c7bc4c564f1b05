/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire room against any octets. The first octet of an input chooses what
 * the rest is: 0 a datagram as it comes from port 4500, 1 a message, 2 an inner
 * chain (its first type follows), any other value the body of a payload of that
 * type. Whatever is accepted must obey the laws of the room: built again, a
 * payload is what it was but for what the sender had to set to zero, and a
 * chain without skipped payloads is the same chain.
 */
#include "tests/unit/wire/rebuild.h"

#include "wire/chain.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/print.h"
#include "wire/sa.h"

#include <stdlib.h>
#include <string.h>

#define OCTETS_MAX 70000

enum { A_DATAGRAM, A_MESSAGE, AN_INNER_CHAIN };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool truth)
{
	if (!truth)
		abort();
}

/* A refusal always says what, where and by which rule; and says the same without a diagnostic. */
static void check_refusal(enum cyg_err err, const struct diag *why)
{
	char line[2048];

	insist(err == CYG_MALFORMED || err == CYG_UNSUPPORTED || err == CYG_SHORT ||
	       err == CYG_LIMIT);
	insist(diag_is_set(why) && why->wanted[0] && why->got[0]);
	insist(strlen(diag_print(why, line, sizeof(line))) > 0);
}

static void try_payload(const struct payload *p, bool answer)
{
	static uint8_t built[OCTETS_MAX], again[OCTETS_MAX], canonical[OCTETS_MAX];
	struct builder b = builder_of(built, sizeof(built));
	struct builder c = builder_of(again, sizeof(again));
	struct payload rebuilt = *p;
	bool exact;

	if (rebuild_payload(p, answer, &b, &exact))
		return;
	insist(!b.bad);
	rebuild_canonical(p, canonical);
	if (exact)
		insist(view_equal(build_done(&b), view_of(canonical, p->body.len)));
	rebuilt.body = build_done(&b);
	insist(rebuild_payload(&rebuilt, answer, &c, &exact) == CYG_OK);
	insist(view_equal(build_done(&c), rebuilt.body));
}

/* What rebuild_payload does not reach: bounded lists, parts of parts. */
static void try_contents(const struct payload *p)
{
	static struct sa_list list;
	struct sa_payload sa;
	struct certreq_payload certreq;
	struct diag why;
	enum cyg_err err;

	if (p->type == PAYLOAD_SA && sa_parse(p, SA_OFFER, &sa, NULL) == CYG_OK) {
		err = sa_collect(&sa, &list, &why);
		if (err)
			check_refusal(err, &why);
		for (enum sa_use use = SA_FOR_IKE; use <= SA_FOR_CHILD; use++)
			if ((err = sa_check_use(&sa, use, &why)))
				check_refusal(err, &why);
	}
	if (p->type == PAYLOAD_CERTREQ && certreq_parse(p, &certreq, NULL) == CYG_OK &&
	    certreq_has_hashes(&certreq))
		insist(certreq.authorities.len % CERTREQ_HASH_LEN == 0);
}

static void try_chain(const struct ike_header *h, const struct message *m)
{
	static const struct payload_rules *const rules[] = {
		&rules_sk,
		&rules_skf,
		&rules_init_request,
		&rules_auth_request,
		&rules_auth_response,
		&rules_child_request,
		&rules_informational,
	};
	char text[4096], small[64];
	struct notify_payload n;
	struct diag why;

	insist(m->len + m->skipped <= MESSAGE_PAYLOADS_MAX);
	for (size_t i = 0; i < m->len; i++) {
		try_payload(&m->payloads[i], h->response);
		try_contents(&m->payloads[i]);
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (message_check(m, rules[i], &why))
			check_refusal(CYG_MALFORMED, &why);
	if (message_check_notifies(m, where_of(h->exchange, h->response), &why))
		check_refusal(CYG_MALFORMED, &why);
	if (message_find_error(m, &n))
		insist(notify_is_error(n.type));
	insist(strlen(message_print_long(h, m, text, sizeof(text))) < sizeof(text));
	insist(strlen(message_print(h, m, small, sizeof(small))) < sizeof(small));
}

static void try_inner(const struct ike_header *h, uint8_t first, struct view octets)
{
	struct message m;
	struct diag why;
	uint8_t critical = 0;
	enum cyg_err err = message_parse_inner(octets, first, &m, &critical, &why);

	if (err)
		check_refusal(err, &why);
	insist((err == CYG_UNSUPPORTED) == (critical != 0));
	if (!err)
		try_chain(h, &m);
}

/* Cut the SK payload as each kind of suite would, and go on as if it held plain text. */
static void try_encrypted(const struct ike_header *h, const struct message *m)
{
	static const struct sk_sizes suites[] = {{8, 16, 1}, {16, 16, 16}, {0, 0, 0}};
	struct sk_payload sk;
	struct skf_payload skf;
	struct view plain;
	struct diag why;

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (sk_parse(m, &suites[i], &sk, &why) == CYG_OK) {
			insist(sk.aad.len + sk.iv.len + sk.ciphertext.len == sk.covered.len);
			insist(sk.covered.len + sk.icv.len == m->octets.len);
			if (sk_unpad(sk.ciphertext, &plain, &why) == CYG_OK)
				try_inner(h, sk.first, plain);
		}
		if (skf_parse(m, &suites[i], &skf, &why) == CYG_OK)
			insist(skf.number && skf.number <= skf.total);
	}
}

static void try_same_message(const struct ike_header *h, const struct message *m)
{
	static uint8_t built[OCTETS_MAX];
	struct builder b = builder_of(built, sizeof(built));
	struct view again = rebuild_message(h, m, &b);
	struct ike_header h2;
	struct message m2;

	if (m->skipped)
		return;
	insist(again.len == m->octets.len);
	insist(header_parse(again, &h2, NULL) == CYG_OK);
	insist(message_parse(again, h2.next_payload, &m2, NULL, NULL) == CYG_OK);
	insist(m2.len == m->len);
	for (size_t i = 0; i < m->len; i++)
		insist(m2.payloads[i].type == m->payloads[i].type &&
		       view_equal(m2.payloads[i].body, m->payloads[i].body));
}

static void try_message(struct view octets)
{
	uint8_t reply[64], critical = 0;
	struct builder b = builder_of(reply, sizeof(reply));
	struct ike_header h;
	struct message m;
	struct diag why;
	enum cyg_err err = header_parse(octets, &h, &why);

	if (version_reply_build(&b, octets))
		insist(ike_version_of(octets) == IKE_VERSION_NEWER && err == CYG_UNSUPPORTED);
	if (err) {
		check_refusal(err, &why);
		return;
	}
	err = message_parse(octets, h.next_payload, &m, &critical, &why);
	insist((err == CYG_UNSUPPORTED) == (critical != 0));
	if (err) {
		check_refusal(err, &why);
		return;
	}
	try_chain(&h, &m);
	try_same_message(&h, &m);
	if (message_encrypted(&m))
		try_encrypted(&h, &m);
}

static void try_datagram(struct view octets)
{
	struct view rest;

	if (datagram_sort(octets, &rest) == DATAGRAM_IKE)
		try_message(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ike_header h = {.exchange = X_IKE_AUTH};
	struct payload p = {.offset = IKE_HEADER_LEN};

	if (size < 2 || size > 65536)
		return 0;
	p.type = data[0];
	p.body = view_of(data + 1, size - 1);
	switch (data[0]) {
	case A_DATAGRAM:
		try_datagram(p.body);
		break;
	case A_MESSAGE:
		try_message(p.body);
		break;
	case AN_INNER_CHAIN:
		try_inner(&h, data[1], view_of(data + 2, size - 2));
		break;
	default:
		try_payload(&p, false);
		try_payload(&p, true);
		try_contents(&p);
	}
	return 0;
}
