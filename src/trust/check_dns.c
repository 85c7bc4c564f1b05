/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's proof by a key that the DNS has (leftrsasigkey=%dnsondemand). The host looks it up;
 * what is not proven by DNSSEC is no key at all.
 */
#include "base/text.h"
#include "trust/ipseckey.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool key_is_in_dns(const struct connection *c, int end)
{
	const struct end *e = &c->end[end];

	return e->public_key && !e->cert && !strncasecmp(e->public_key, "%dns", 4);
}

void check_dns_begin(struct trust *t, const struct auth_request *r, struct view algorithm,
		     struct view signature, struct trust_job *j)
{
	char id[120];

	j->method = r->method;
	j->allowed = connection_auth(r->connection, !r->end);
	j->rsa_bits_min = r->connection->rsa_bits_min;
	j->end = !r->end;
	snprintf(j->connection, sizeof(j->connection), "%s", r->connection->name);
	if (!ipseckey_name(r->remote, j->dns_name)) {
		diag_set(&j->reply.why, "no-dns-name", "RFC 4025 1.2",
			 "the DNS can't have a key of the peer, which is no host's name or "
			 "address");
		diag_wanted(&j->reply.why, "a peer that calls itself by its address, or @name");
		diag_got(&j->reply.why, "%s", ident_print(r->remote, id, sizeof(id)));
		j->done = true;
		return;
	}
	j->by_dns = true;
	if (!bytes_copy(&j->algorithm, algorithm) || !bytes_copy(&j->signature, signature))
		job_fail(j, CYG_NOMEM);
	else
		job_take_octets(j, r);
}

const char *trust_job_dns_name(const struct trust_job *j)
{
	return j->by_dns && !j->done && !j->dns_answered ? j->dns_name : NULL;
}

/* ---- what came ---- */

static void explain(struct trust_job *j, const char *sentence, const char *got,
		    const char *hint)
{
	struct diag *why = &j->reply.why;

	diag_set(why, "dns-key", "RFC 4025", "%s", sentence);
	diag_wanted(why,
		    "IPSECKEY records of %.100s that DNSSEC proves (%srsasigkey=%%dns... of "
		    "conn %.60s)",
		    j->dns_name, connection_side(j->end), j->connection);
	if (got && *got)
		diag_got(why, "%.200s", got);
	diag_hint(why, "%s", hint);
	j->done = true;
}

static void read_keys(struct trust_job *j, const struct dns_answer *a)
{
	struct diag why;

	diag_clear(&why);
	for (size_t i = 0; i < a->len && j->dns_keys_len < DNS_KEYS_MAX; i++)
		if (!ipseckey_read(j->crypto, a->records[i], &j->dns_keys[j->dns_keys_len],
				   &why))
			j->dns_keys_len++;
	if (!j->dns_keys_len)
		explain(j, "no IPSECKEY record of the peer has a key that can be used here",
			why.sentence,
			"ipsec showhostkey --ipseckey  prints the peer's record there");
}

void trust_job_take_dns(struct trust_job *j, const struct dns_answer *a)
{
	j->dns_answered = true;
	switch (a->verdict) {
	case DNS_PROVEN:
		read_keys(j, a);
		return;
	case DNS_NOTHING:
		explain(j, "the DNS has no IPSECKEY record of the peer, and proves that",
			a->text,
			"ipsec showhostkey --ipseckey  prints the peer's record there: put it "
			"into its zone");
		return;
	case DNS_UNPROVEN:
		explain(j,
			"what the DNS says of the peer's key is not proven by DNSSEC, so it "
			"is not used",
			a->text,
			"sign the peer's zone; of a zone that the root does not vouch for, name the "
			"key here: dnssec-anchors=");
		return;
	case DNS_BOGUS:
		explain(j, "DNSSEC proves that the answer of the DNS is false", a->text,
			"somebody forges it, or the zone's signatures are old: see what  dig "
			"+dnssec  shows, and this host's clock");
		return;
	default:
		explain(j, "the peer's key could not be looked up in the DNS", a->text,
			"see whether this host's name servers (/etc/resolv.conf) answer");
	}
}

/* ---- in a worker ---- */

bool check_dns_work(struct trust_job *j)
{
	struct diag *why = &j->reply.why;

	if (!j->dns_answered) {
		explain(j, "the peer's key was not looked up", NULL, "this is a fault here");
		return false;
	}
	for (size_t i = 0; i < j->dns_keys_len; i++) {
		const struct key *k = &j->dns_keys[i];
		const struct sig_scheme *s = sig_find(j->method, view_bytes(&j->algorithm),
						      k->kind, why);

		if (!s || !way_is_allowed(j->connection, j->end, j->allowed, s, why))
			continue;
		if (k->kind == KEY_RSA && k->bits < j->rsa_bits_min) {
			diag_set(why, "rsa-too-short", "RFC 8247 4",
				 "the key of %.100s in the DNS is too short to be relied on",
				 j->dns_name);
			continue;
		}
		if (!sig_check(j->crypto, s, k, view_bytes(&j->octets),
			       view_bytes(&j->signature))) {
			diag_clear(why);
			proof_by_key(&j->reply, k, " of the DNS");
			return true;
		}
		diag_set(
			why, "auth-mismatch", "RFC 7296 2.15",
			"the peer's signature is not made with its key in the DNS (%.100s, %zu "
			"keys)",
			j->dns_name, j->dns_keys_len);
		diag_hint(why, "has the peer a new key that its zone does not have yet?");
	}
	return false;
}
