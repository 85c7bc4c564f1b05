/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ends of EAP-TLS in one process, with certificates that are right, and octets of their packets
 * changed on the way. Whatever is changed, two ends that both believe it have one key, and each one
 * that has a key has seen the other's certificate. TLS draws random octets of its own: a seed says
 * which octets change, not into what handshake.
 */
#include "base/reader.h"
#include "crypto/crypto.h"
#include "tests/unit/trust/pki.h"
#include "trust/eap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS_MAX 250

static struct party {
	struct crypto *crypto;
	struct pki_cert root, alice, gate;
	struct x509_store_st *anchors;
} all;

static void set_up(void)
{
	struct stored_certs certs = {0};
	struct cert_list list = {0};
	struct cert copy;

	all.crypto = crypto_new(NULL);
	all.root = pki_make(
		&(struct pki_wish){.name = "Root",
				   .extensions = {{"basicConstraints", "critical,CA:TRUE"}}});
	all.alice = pki_make(
		&(struct pki_wish){.name = "alice",
				   .issuer = &all.root,
				   .extensions = {{"subjectAltName", "DNS:alice"}}});
	all.gate = pki_make(
		&(struct pki_wish){.name = "gate",
				   .issuer = &all.root,
				   .extensions = {{"subjectAltName", "DNS:gate.example"}}});
	copy = pki_read(all.crypto, &all.root);
	if (cert_list_add(&list, &copy) || stored_certs_put(&certs, "ca.pem", &list, PKI_NOW))
		abort();
	all.anchors = path_anchors_new(&certs);
	stored_certs_done(&certs);
}

static struct eap_session *session(bool server)
{
	const struct pki_cert *own = server ? &all.gate : &all.alice;
	struct eap_session *s = eap_session_new(all.crypto, 1);
	struct cert c = pki_read(all.crypto, own);

	assert(s);
	s->server = server;
	s->ways = AUTH_EAP_TLS;
	if (!eap_name_set(&s->identity, view_str("alice")) ||
	    ident_parse(server ? "@alice" : "@gate.example", &s->remote, NULL) ||
	    cert_list_add(&s->means.chain, &c))
		abort();
	EVP_PKEY_up_ref(own->key);
	if (key_take(own->key, &s->means.key, NULL))
		abort();
	s->means.anchors = path_anchors_ref(all.anchors);
	s->means.rules = (struct path_rules){.now = PKI_NOW, .rsa_bits_min = 2048};
	return s;
}

/* The next change: in which packet, where, and how; a packet may be cut, too. */
struct change {
	uint8_t packet, how;
	uint16_t at;
};

static bool next_change(struct reader *r, struct change *ret)
{
	ret->packet = read_u8(r);
	ret->at = read_u16(r);
	ret->how = read_u8(r);
	return !r->bad;
}

static void spoil(struct bytes *packet, const struct change *c)
{
	size_t at = packet->len ? c->at % packet->len : 0;

	if (!packet->len)
		return;
	if (c->how)
		packet->ptr[at] ^= c->how;
	else
		packet->len = at;
}

/* Of both ends, how it ended. */
static uint8_t step(struct eap_session *s, struct bytes *packet)
{
	struct eap_reply r;

	eap_step(s, view_bytes(packet), &r);
	bytes_done(packet);
	assert(!r.err);
	assert(r.packet.len <= EAP_PACKET_MAX);
	assert(r.outcome != EAP_SUCCEEDED || (s->has_key && s->chain));
	assert(r.outcome != EAP_FAILED || (!s->has_key && diag_is_set(&r.why)));
	*packet = r.packet;
	return r.outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(view_of(data, size));
	struct eap_session *ends[2];
	uint8_t outcome[2] = {EAP_GOES_ON, EAP_GOES_ON};
	struct bytes packet = {0};
	struct change c;
	bool more;

	if (!all.crypto)
		set_up();
	ends[0] = session(true);
	ends[1] = session(false);
	more = next_change(&r, &c);
	for (unsigned n = 0; n < PACKETS_MAX; n++) {
		unsigned who = n & 1;

		if (outcome[who] != EAP_GOES_ON)
			break;
		outcome[who] = step(ends[who], &packet);
		if (!packet.len)
			break;
		for (; more && c.packet == n; more = next_change(&r, &c))
			spoil(&packet, &c);
		if (!packet.len)
			break;
	}
	bytes_done(&packet);
	if (outcome[0] == EAP_SUCCEEDED && outcome[1] == EAP_SUCCEEDED)
		assert(!memcmp(ends[0]->key, ends[1]->key, EAP_MSK_LEN));
	if (!size)
		assert(outcome[0] == EAP_SUCCEEDED && outcome[1] == EAP_SUCCEEDED);
	eap_session_unref(ends[0]);
	eap_session_unref(ends[1]);
	return 0;
}
