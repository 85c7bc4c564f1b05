/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the wire room costs, in CPU time of one thread: messages as an
 * IKE_SA_INIT and an IKE_AUTH hold them, from octets to checked structures and
 * back, and what a stranger's worst datagram makes us spend.
 */
#include "bench/clock.h"

#include "wire/chain.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/print.h"
#include "wire/sa.h"
#include "wire/ts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool truth)
{
	if (truth)
		return;
	fprintf(stderr, "wire_bench: a message is not as it should be\n");
	exit(1);
}

struct job {
	uint8_t octets[65536];
	struct view message;
	struct message parsed;
};

static const uint8_t filler[64] = {1, 2, 3};

static void add_proposal(struct builder *b, uint8_t protocol, struct view spi)
{
	struct sa_builder s = sa_begin(b);

	sa_add_proposal(&s, 1, protocol, spi);
	sa_add_transform(&s, 1, 20, 256);
	sa_add_transform(&s, 1, 20, 128);
	if (protocol == PROTOCOL_IKE) {
		sa_add_transform(&s, 2, 5, 0);
		sa_add_transform(&s, 2, 7, 0);
		sa_add_transform(&s, 4, 31, 0);
		sa_add_transform(&s, 4, 19, 0);
	} else {
		sa_add_transform(&s, 5, 1, 0);
		sa_add_transform(&s, 5, 0, 0);
	}
	sa_end(&s);
}

static void build_init(void *ctx)
{
	static const struct ike_header h = {.spi_i = 1,
					    .exchange = X_IKE_SA_INIT,
					    .initiator = true};
	struct job *job = ctx;
	struct builder b = builder_of(job->octets, sizeof(job->octets));
	struct chain c = message_begin(&b, &h);
	struct ke_payload ke = {31, view_of(filler, 32)};
	struct nonce_payload nonce = {view_of(filler, 32)};

	chain_payload(&c, PAYLOAD_SA);
	add_proposal(&b, PROTOCOL_IKE, view_of(NULL, 0));
	chain_payload(&c, PAYLOAD_KE);
	ke_build(&b, &ke);
	chain_payload(&c, PAYLOAD_NONCE);
	nonce_build(&b, &nonce);
	chain_notify(&c, N_NAT_DETECTION_SOURCE_IP, view_of(filler, 20));
	chain_notify(&c, N_NAT_DETECTION_DESTINATION_IP, view_of(filler, 20));
	chain_notify(&c, N_FRAGMENTATION_SUPPORTED, view_of(NULL, 0));
	chain_notify(&c, N_SIGNATURE_HASH_ALGORITHMS, view_of(filler, 6));
	job->message = message_end(&c);
	must(job->message.len > 0);
}

static void walk_sa(const struct payload *p, unsigned *sum)
{
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct sa_transform t;
	struct reader walk;

	must(p && sa_parse(p, SA_OFFER, &sa, NULL) == CYG_OK);
	for (walk = sa_walk(&sa); sa_next_proposal(&walk, &proposal);)
		for (struct reader inner = proposal_walk(&proposal);
		     proposal_next_transform(&inner, &t);)
			*sum += t.id;
}

/* All that a responder does with an IKE_SA_INIT request before it needs keys. */
static void parse_init(void *ctx)
{
	struct job *job = ctx;
	struct message *m = &job->parsed;
	struct ike_header h;
	struct ke_payload ke;
	struct nonce_payload nonce;
	struct notify_payload n;
	unsigned sum = 0;

	must(header_parse(job->message, &h, NULL) == CYG_OK);
	must(message_parse(job->message, h.next_payload, m, NULL, NULL) == CYG_OK);
	must(message_check(m, &rules_init_request, NULL) == CYG_OK);
	must(message_check_notifies(m, IN_INIT_REQUEST, NULL) == CYG_OK);
	walk_sa(message_find(m, PAYLOAD_SA), &sum);
	must(ke_parse(message_find(m, PAYLOAD_KE), &ke, NULL) == CYG_OK);
	must(nonce_parse(message_find(m, PAYLOAD_NONCE), &nonce, NULL) == CYG_OK);
	must(message_find_notify(m, IN_INIT_REQUEST, N_NAT_DETECTION_SOURCE_IP, &n));
	must(!message_find_notify(m, IN_INIT_REQUEST, N_COOKIE, &n));
	must(sum > 0);
}

static void parse_init_chain(void *ctx)
{
	struct job *job = ctx;
	struct ike_header h;

	must(header_parse(job->message, &h, NULL) == CYG_OK);
	must(message_parse(job->message, h.next_payload, &job->parsed, NULL, NULL) == CYG_OK);
}

static const struct sk_sizes gcm = {8, 16, 1};

static void build_auth(void *ctx)
{
	static const struct ike_header h = {
		.spi_i = 1, .spi_r = 2, .exchange = X_IKE_AUTH, .initiator = true, .msgid = 1};
	static const struct ip_range range = {{IP_V4, {10, 0, 1}}, {IP_V4, {10, 0, 1, 255}}};
	struct ts_item item = ts_item_of(&range, 0, 0, UINT16_MAX);
	struct job *job = ctx;
	struct builder b = builder_of(job->octets, sizeof(job->octets));
	struct chain outer = message_begin(&b, &h), inner = sk_begin(&outer, &gcm);
	struct id_payload id = {ID_TYPE_FQDN, view_str("west.example")};
	struct auth_payload auth = {AUTH_METHOD_SHARED_KEY, view_of(filler, 32)};
	struct sk_frame frame;

	chain_payload(&inner, PAYLOAD_IDI);
	id_build(&b, &id);
	chain_payload(&inner, PAYLOAD_IDR);
	id_build(&b, &id);
	chain_payload(&inner, PAYLOAD_AUTH);
	auth_build(&b, &auth);
	chain_payload(&inner, PAYLOAD_SA);
	add_proposal(&b, PROTOCOL_ESP, view_of(filler, 4));
	chain_payload(&inner, PAYLOAD_TSI);
	ts_build(&b, &item, 1);
	chain_payload(&inner, PAYLOAD_TSR);
	ts_build(&b, &item, 1);
	chain_notify(&inner, N_INITIAL_CONTACT, view_of(NULL, 0));
	must(sk_end(&outer, &inner, &gcm, &frame));
	job->message = frame.message;
}

/* The same for an IKE_AUTH request, but for decryption. */
static void parse_auth(void *ctx)
{
	struct job *job = ctx;
	struct message *m = &job->parsed;
	struct ike_header h;
	struct sk_payload sk;
	struct id_payload id;
	struct auth_payload auth;
	struct ts_payload ts;
	struct view plain;
	unsigned sum = 0;

	must(header_parse(job->message, &h, NULL) == CYG_OK);
	must(message_parse(job->message, h.next_payload, m, NULL, NULL) == CYG_OK);
	must(sk_parse(m, &gcm, &sk, NULL) == CYG_OK);
	must(sk_unpad(sk.ciphertext, &plain, NULL) == CYG_OK);
	must(message_parse_inner(plain, sk.first, m, NULL, NULL) == CYG_OK);
	must(message_check(m, &rules_auth_request, NULL) == CYG_OK);
	must(message_check_notifies(m, IN_AUTH_REQUEST, NULL) == CYG_OK);
	must(id_parse(message_find(m, PAYLOAD_IDI), &id, NULL) == CYG_OK);
	must(id_parse(message_find(m, PAYLOAD_IDR), &id, NULL) == CYG_OK);
	must(auth_parse(message_find(m, PAYLOAD_AUTH), &auth, NULL) == CYG_OK);
	walk_sa(message_find(m, PAYLOAD_SA), &sum);
	must(ts_parse(message_find(m, PAYLOAD_TSI), &ts, NULL) == CYG_OK);
	must(ts_parse(message_find(m, PAYLOAD_TSR), &ts, NULL) == CYG_OK);
}

static void print_message(void *ctx)
{
	struct job *job = ctx;
	static const struct ike_header h = {.exchange = X_IKE_SA_INIT};
	char line[MESSAGE_LINE_MAX];

	must(message_print(&h, &job->parsed, line, sizeof(line))[0]);
}

/* An SA payload that fills a datagram with the smallest transforms, all of them checked. */
static void build_worst(struct job *job)
{
	static const struct ike_header h = {.spi_i = 1,
					    .exchange = X_IKE_SA_INIT,
					    .initiator = true};
	struct builder b = builder_of(job->octets, 65507);
	struct chain c = message_begin(&b, &h);
	struct sa_builder s;

	chain_payload(&c, PAYLOAD_SA);
	s = sa_begin(&b);
	for (unsigned i = 1; i <= 31; i++) {
		sa_add_proposal(&s, (uint8_t)i, PROTOCOL_IKE, view_of(NULL, 0));
		for (unsigned j = 0; j < 255; j++)
			sa_add_transform(&s, 4, (uint16_t)j, 0);
	}
	sa_end(&s);
	job->message = message_end(&c);
	must(job->message.len > 60000);
}

static void parse_worst(void *ctx)
{
	struct job *job = ctx;
	struct sa_payload sa;

	parse_init_chain(job);
	must(sa_parse(message_find(&job->parsed, PAYLOAD_SA), SA_OFFER, &sa, NULL) == CYG_OK);
}

/* A datagram whose last octet spoils it, with a diagnostic and without. */
static void refuse_told(void *ctx)
{
	struct job *job = ctx;
	struct diag why;
	struct ike_header h;

	must(header_parse(view_of(job->octets, job->message.len - 1), &h, &why) != CYG_OK);
}

static void refuse_silently(void *ctx)
{
	struct job *job = ctx;
	struct ike_header h;

	must(header_parse(view_of(job->octets, job->message.len - 1), &h, NULL) != CYG_OK);
}

int main(void)
{
	static struct job job;

	measure("IKE_SA_INIT request: build", build_init, &job);
	printf("  (%zu octets)\n", job.message.len);
	measure("IKE_SA_INIT request: header and chain", parse_init_chain, &job);
	measure("IKE_SA_INIT request: parse and check all", parse_init, &job);
	measure("IKE_SA_INIT request: print one line", print_message, &job);
	measure("a bad datagram, refused without a diagnostic", refuse_silently, &job);
	measure("a bad datagram, refused with one", refuse_told, &job);
	measure("IKE_AUTH request: build", build_auth, &job);
	printf("  (%zu octets)\n", job.message.len);
	measure("IKE_AUTH request: parse and check all", parse_auth, &job);
	build_worst(&job);
	measure("64 kB of transforms: parse and check all", parse_worst, &job);
	return 0;
}
