/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of our own that end or were revoked: told before peers refuse them. */
#include "trust/trust_private.h"

#include <string.h>

#define DAY 86400
#define EXPIRY_DAYS 30   /* as listings warn */
#define QUIET_SECONDS 60 /* many connections may name one certificate */

/* A connection that is loaded reads its certificate anew: the key stays the same. */
static bool was_told(const struct trust *t, const struct key *k, int64_t now)
{
	for (size_t i = 0; i < EXPIRY_TOLD; i++)
		if (!memcmp(t->expiry_told[i].key, k->id, KEY_ID_LEN) &&
		    now - t->expiry_told[i].at <= QUIET_SECONDS)
			return true;
	return false;
}

static void note_told(struct trust *t, const struct key *k, int64_t now)
{
	struct expiry_told *told = &t->expiry_told[t->expiry_told_at++ % EXPIRY_TOLD];

	memcpy(told->key, k->id, KEY_ID_LEN);
	told->at = now;
}

static bool expires(struct trust *t, const struct stored_cert *s, int64_t now, struct diag *ret)
{
	char subject[160], until[40], at[40];
	const struct cert *c = &s->cert;

	if (c->not_after - now > (int64_t)EXPIRY_DAYS * DAY)
		return false;
	diag_set(ret, "certificate-expires", "RFC 5280 4.1.2.5",
		 c->not_after < now
			 ? "our certificate of %s has expired: peers refuse it"
			 : "our certificate of %s expires soon: peers refuse it then",
		 cert_print(c, subject, sizeof(subject)));
	diag_wanted(ret, "one that is valid for more than %d days", EXPIRY_DAYS);
	diag_got(ret, "%s, valid until %s; it is %s here", s->file,
		 cert_print_time(c->not_after, until, sizeof(until)),
		 cert_print_time(now, at, sizeof(at)));
	diag_hint(ret,
		  "have it issued anew for the same key (ipsec pki --issue --key), put it in "
		  "the place of this one, and then ipsec auto --rereadall");
	return true;
}

static const struct stored_cert *last_of(const struct trust *t, const struct key *k)
{
	const struct stored_cert *s = stored_certs_last_of_key(&t->certs, k);
	const struct stored_cert *b = stored_certs_last_of_key(&t->bundled, k);

	return !s || (b && b->cert.not_after > s->cert.not_after) ? b : s;
}

/* By an authority that we trust: of others no list is taken. */
static bool is_revoked(struct trust *t, const struct stored_cert *s, int64_t now,
		       struct diag *ret)
{
	const struct cert *c = &s->cert, *ca = stored_certs_issuer(&t->cacerts, c);
	struct serial serial = serial_of_cert(c);
	struct issuer_id id;
	char subject[160];

	if (!ca || issuer_id_of(t->crypto, ca, &id) ||
	    !revoke_is_listed(&t->revoke, &id, &serial))
		return false;
	diag_set(ret, "certificate-revoked", "RFC 5280 5.3",
		 "our certificate of %s was revoked: peers that know it refuse it",
		 cert_print(c, subject, sizeof(subject)));
	diag_wanted(ret, "one that no list names");
	diag_got(ret, "%s, in the list of who issued it (ipsec auto --listcrls)", s->file);
	diag_hint(ret,
		  "have one issued for a new key (ipsec pki --issue), put both in the place of "
		  "these, and then ipsec auto --rereadall");
	return true;
}

typedef bool unfit(struct trust *t, const struct stored_cert *s, int64_t now, struct diag *ret);

static bool next_unfit(struct trust *t, size_t *at, int64_t now, unfit *is_unfit, struct diag *ret)
{
	while (*at < t->keys.len) {
		const struct stored_cert *s = last_of(t, &t->keys.items[(*at)++].key);

		if (s && is_unfit(t, s, now, ret))
			return true;
	}
	return false;
}

static bool cert_unfit(struct trust *t, const char *names, int64_t now, unfit *is_unfit,
		       struct diag *ret)
{
	const struct stored_cert *named = names ? first_cert(t, names) : NULL;
	const struct stored_cert *s = named && keyring_half(&t->keys, &named->cert.key)
					      ? last_of(t, &named->cert.key)
					      : NULL;

	if (!s || !cert_equal(&s->cert, &named->cert) || was_told(t, &s->cert.key, now) ||
	    !is_unfit(t, s, now, ret))
		return false;
	note_told(t, &s->cert.key, now);
	return true;
}

bool trust_next_expiring(struct trust *t, size_t *at, int64_t now, struct diag *ret)
{
	if (!next_unfit(t, at, now, expires, ret))
		return false;
	note_told(t, &t->keys.items[*at - 1].key, now);
	return true;
}

bool trust_cert_expires(struct trust *t, const char *names, int64_t now, struct diag *ret)
{
	return cert_unfit(t, names, now, expires, ret);
}

bool trust_next_revoked(struct trust *t, size_t *at, int64_t now, struct diag *ret)
{
	return next_unfit(t, at, now, is_revoked, ret);
}

bool trust_cert_revoked(struct trust *t, const char *names, int64_t now, struct diag *ret)
{
	return cert_unfit(t, names, now, is_revoked, ret);
}

uint64_t trust_lists_taken(const struct trust *t)
{
	return t->revoke.lists_taken;
}
