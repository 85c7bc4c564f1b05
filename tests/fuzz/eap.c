/* SPDX-License-Identifier: Apache-2.0 */
/* Any packets in a conversation of EAP, as client or as server: none of them makes a success. */
#include "trust/eap.h"
#include "base/reader.h"
#include "crypto/crypto.h"
#include "trust/mschap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct crypto *crypto;
static struct mschap *mschap;

static struct eap_session *session(uint8_t flags)
{
	struct eap_session *s = eap_session_new(crypto, 1);

	assert(s);
	s->server = flags & 1;
	s->ask_identity = flags & 2;
	s->any_identity = flags & 4;
	s->ways = flags & 8 ? AUTH_EAP_MSCHAPV2 : AUTH_EAP;
	s->means.mschap = mschap;
	s->means.has_password = true;
	memset(s->means.nt_hash, 0x5a, sizeof(s->means.nt_hash));
	assert(eap_name_set(&s->identity, view_str("alice")));
	return s;
}

static uint8_t step(struct eap_session *s, struct view packet)
{
	struct eap_reply r;

	eap_step(s, packet, &r);
	assert(!r.err);
	assert(r.outcome != EAP_SUCCEEDED && !s->has_key);
	if (r.outcome == EAP_FAILED)
		assert(diag_is_set(&r.why));
	assert(r.packet.len <= EAP_PACKET_MAX);
	bytes_done(&r.packet);
	return r.outcome;
}

/* One octet of flags, then packets, each behind its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(view_of(data, size));
	struct eap_session *s;
	uint8_t outcome;

	if (!crypto) {
		crypto = crypto_new(NULL);
		mschap = mschap_new();
	}
	s = session(read_u8(&r));
	outcome = step(s, (struct view){0});
	while (outcome == EAP_GOES_ON && read_left(&r) > 1) {
		size_t len = read_u8(&r);
		struct view packet = read_view(&r, len < read_left(&r) ? len : read_left(&r));

		if (packet.len)
			outcome = step(s, packet);
	}
	eap_session_unref(s);
	return 0;
}
