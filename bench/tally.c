/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrappers have no argument by which state could be handed to them, so the
 * tally is this program's one global variable.
 */
#include "bench/tally.h"

#include "base/entropy.h"
#include "crypto/crypto.h"
#include "crypto/ikev2_kdf.h"
#include "crypto/prf.h"
#include "crypto/suite.h"
#include "policy/policy.h"
#include "wire/chain.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/sa.h"
#include "wire/ts.h"

#include <time.h>

static struct {
	bool started, on;
	enum tally_room room;
	double since;
	double ns[TALLY_ROOMS];
	double entries[TALLY_ROOMS]; /* switches of room, each of which read the clock */
} tally;

static double clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void charge(enum tally_room next)
{
	double now = clock_ns();

	tally.ns[tally.room] += now - tally.since;
	tally.entries[tally.room]++;
	tally.room = next;
	tally.since = now;
}

enum tally_room tally_enter(enum tally_room room)
{
	enum tally_room before = tally.room;

	if (tally.on)
		charge(room);
	return before;
}

void tally_back(enum tally_room before)
{
	if (tally.on)
		charge(before);
}

void tally_start(void)
{
	for (size_t i = 0; i < TALLY_ROOMS; i++)
		tally.ns[i] = tally.entries[i] = 0;
	tally.started = true;
}

void tally_resume(void)
{
	tally.on = tally.started;
	tally.room = TALLY_BENCH;
	tally.since = clock_ns();
}

void tally_pause(void)
{
	if (tally.on)
		charge(TALLY_BENCH);
	tally.on = false;
}

/* What one change of room costs: half of a pair of them around nothing, undisturbed. */
static double cost_of_change(void)
{
	enum { TIMES = 1000, ROUNDS = 20 };
	double least = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		double begin = clock_ns(), cost;

		for (unsigned i = 0; i < TIMES; i++)
			tally_back(tally_enter(TALLY_BENCH));
		cost = (clock_ns() - begin) / TIMES / 2;
		if (!round || cost < least)
			least = cost;
	}
	return least;
}

void tally_stop(double ret_ns[TALLY_ROOMS])
{
	double ns[TALLY_ROOMS], entries[TALLY_ROOMS], cost;

	for (size_t i = 0; i < TALLY_ROOMS; i++) {
		ns[i] = tally.ns[i];
		entries[i] = tally.entries[i];
	}
	tally_resume();
	cost = cost_of_change();
	tally_pause();
	tally.started = false;
	for (size_t i = 0; i < TALLY_ROOMS; i++) {
		ret_ns[i] = ns[i] - entries[i] * cost;
		if (ret_ns[i] < 0)
			ret_ns[i] = 0;
	}
}

/* ---- the wrappers ---- */

/* The linker turns calls of NAME into calls of __wrap_NAME, and __real_NAME into NAME. */
#define TALLIED(room, type, name, params, args)                  \
	type __real_##name params;                               \
	type __wrap_##name params;                               \
	type __wrap_##name params                                \
	{                                                        \
		enum tally_room before_room = tally_enter(room); \
		type result_of_it = __real_##name args;          \
                                                                 \
		tally_back(before_room);                         \
		return result_of_it;                             \
	}

TALLIED(TALLY_PARSE, enum cyg_err, header_parse,
	(struct view message, struct ike_header *ret, struct diag *why), (message, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, message_parse,
	(struct view octets, uint8_t first, struct message *m, uint8_t *critical,
	 struct diag *why),
	(octets, first, m, critical, why))
TALLIED(TALLY_PARSE, enum cyg_err, message_parse_inner,
	(struct view text, uint8_t first, struct message *m, uint8_t *critical,
	 struct diag *why),
	(text, first, m, critical, why))
TALLIED(TALLY_PARSE, enum cyg_err, message_check,
	(const struct message *m, const struct payload_rules *rules, struct diag *why),
	(m, rules, why))
TALLIED(TALLY_PARSE, enum cyg_err, message_check_notifies,
	(const struct message *m, uint16_t in, struct diag *why), (m, in, why))
TALLIED(TALLY_PARSE, bool, message_find_notify,
	(const struct message *m, uint16_t in, uint16_t type, struct notify_payload *ret),
	(m, in, type, ret))
TALLIED(TALLY_PARSE, enum cyg_err, sa_parse,
	(const struct payload *p, enum sa_kind kind, struct sa_payload *ret, struct diag *why),
	(p, kind, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, ke_parse,
	(const struct payload *p, struct ke_payload *ret, struct diag *why), (p, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, nonce_parse,
	(const struct payload *p, struct nonce_payload *ret, struct diag *why), (p, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, id_parse,
	(const struct payload *p, struct id_payload *ret, struct diag *why), (p, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, auth_parse,
	(const struct payload *p, struct auth_payload *ret, struct diag *why), (p, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, ts_parse,
	(const struct payload *p, struct ts_payload *ret, struct diag *why), (p, ret, why))
TALLIED(TALLY_PARSE, enum cyg_err, sk_parse,
	(const struct message *m, const struct sk_sizes *sizes, struct sk_payload *ret,
	 struct diag *why),
	(m, sizes, ret, why))

TALLIED(TALLY_CRYPTO, enum cyg_err, crypto_random, (struct crypto * c, void *out, size_t len),
	(c, out, len))
TALLIED(TALLY_CRYPTO, bool, entropy_fill, (const struct entropy *e, void *out, size_t len),
	(e, out, len))
TALLIED(TALLY_CRYPTO, enum cyg_err, prf_compute,
	(struct crypto * c, const struct alg *prf, struct view key, const struct view *parts,
	 size_t n, uint8_t *out),
	(c, prf, key, parts, n, out))
TALLIED(TALLY_CRYPTO, enum cyg_err, kdf_skeyseed,
	(struct crypto * c, const struct alg *prf, const struct kdf_input *in, uint8_t *out),
	(c, prf, in, out))
TALLIED(TALLY_CRYPTO, enum cyg_err, kdf_ike_keys,
	(struct crypto * c, const struct alg *prf, const struct suite *suite,
	 struct view skeyseed, const struct kdf_input *in, struct view spi_i, struct view spi_r,
	 struct ike_keys *ret),
	(c, prf, suite, skeyseed, in, spi_i, spi_r, ret))
TALLIED(TALLY_CRYPTO, enum cyg_err, kdf_child_keys,
	(struct crypto * c, const struct alg *prf, const struct suite *suite, struct view sk_d,
	 const struct kdf_input *in, struct child_keys *ret),
	(c, prf, suite, sk_d, in, ret))
TALLIED(TALLY_CRYPTO, enum cyg_err, suite_seal,
	(struct crypto * c, const struct suite *s, const struct suite_key *key, uint64_t number,
	 const struct suite_packet *p),
	(c, s, key, number, p))
TALLIED(TALLY_CRYPTO, enum cyg_err, suite_open,
	(struct crypto * c, const struct suite *s, const struct suite_key *key,
	 const struct suite_packet *p),
	(c, s, key, p))

TALLIED(TALLY_POLICY, size_t, policy_candidates,
	(struct policy * p, const struct endpoint *local, const struct endpoint *remote,
	 struct loaded **out, size_t cap),
	(p, local, remote, out, cap))
TALLIED(TALLY_POLICY, size_t, policy_identify,
	(struct policy * p, const struct policy_question *q, struct loaded **out, size_t cap,
	 struct diag *why),
	(p, q, out, cap, why))
TALLIED(TALLY_POLICY, enum cyg_err, policy_instantiate,
	(struct policy * p, struct loaded *t, const struct ip_addr *local,
	 const struct endpoint *remote, const struct ident *remote_id, struct loaded **ret),
	(p, t, local, remote, remote_id, ret))
TALLIED(TALLY_POLICY, enum cyg_err, policy_claim,
	(struct policy * p, struct loaded *l, const struct ts_set *local,
	 const struct ts_set *remote, struct diag *why),
	(p, l, local, remote, why))
