/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's proof by a key that the DNS has (leftrsasigkey=%dnsondemand). The host looks it up;
 * what is not proven by DNSSEC is no key at all.
 *
 * Who comes by itself and wants to speak for an address (opportunistic encryption) must be named
 * by that address' own record, in the reverse zone, which whoever has the address has: by the
 * key, and by the gateway, which must be where the peer is. The key must be the one of its own
 * name, too, so that nobody gets to be called by another's.
 */
#include "trust/ipseckey.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool part_begin(struct dns_part *p, const struct ident *id)
{
	if (!ipseckey_name(id, p->name))
		return false;
	p->id = ident_ref(id);
	return true;
}

static bool is_same_host(const struct auth_request *r)
{
	return view_equal(ident_view(r->remote), ip_view(&r->client)) &&
	       (r->remote->type == ID_IPV4_ADDR || r->remote->type == ID_IPV6_ADDR);
}

/* CYG_NOTFOUND: *why; CYG_NOMEM. */
static enum cyg_err begin_parts(const struct auth_request *r, struct trust_job *j)
{
	const struct ident *client;
	char id[120];

	if (!part_begin(&j->dns[0], r->remote)) {
		diag_set(&j->reply.why, "no-dns-name", "RFC 4025 1.2",
			 "the DNS can't have a key of the peer, which is no host's name or "
			 "address");
		diag_wanted(&j->reply.why, "a peer that calls itself by its address, or @name");
		diag_got(&j->reply.why, "%s", ident_print(r->remote, id, sizeof(id)));
		return CYG_NOTFOUND;
	}
	j->dns_peer = r->peer;
	if (!ip_is_set(&r->client))
		return CYG_OK;
	if (ident_from_addr(&r->client, &client))
		return CYG_NOMEM;
	part_begin(&j->dns[1], client);
	ident_unref(client);
	/* One answer serves for both. */
	j->dns[0].answered = is_same_host(r);
	return CYG_OK;
}

void check_dns_begin(struct trust *t, const struct auth_request *r, struct view algorithm,
		     struct view signature, struct trust_job *j)
{
	enum cyg_err err;

	j->method = r->method;
	j->allowed = connection_auth(r->connection, !r->end);
	j->rsa_bits_min = r->connection->rsa_bits_min;
	j->end = !r->end;
	snprintf(j->connection, sizeof(j->connection), "%s", r->connection->name);
	err = begin_parts(r, j);
	if (err == CYG_NOTFOUND) {
		j->done = true;
		return;
	}
	j->by_dns = true;
	if (err || !bytes_copy(&j->algorithm, algorithm) ||
	    !bytes_copy(&j->signature, signature))
		job_fail(j, CYG_NOMEM);
	else
		job_take_octets(j, r);
}

void check_dns_done(struct trust_job *j)
{
	for (int i = 0; i < 2; i++) {
		struct dns_part *p = &j->dns[i];

		ident_unref(p->id);
		for (size_t k = 0; k < p->keys_len; k++)
			key_done(&p->keys[k]);
	}
}

/* The part that waits for an answer; NULL: none does. */
static struct dns_part *unanswered(const struct trust_job *j)
{
	for (int i = 0; j->by_dns && !j->done && i < 2; i++)
		if (j->dns[i].name[0] && !j->dns[i].answered)
			return (struct dns_part *)&j->dns[i];
	return NULL;
}

const char *trust_job_dns_name(const struct trust_job *j, const struct ident **ret_id)
{
	const struct dns_part *p = unanswered(j);

	if (p)
		*ret_id = p->id;
	return p ? p->name : NULL;
}

/* ---- what came ---- */

void dns_verdict_explain(uint8_t verdict, const char *text, const char *name, struct diag *why)
{
	static const struct {
		const char *sentence, *hint;
	} rows[] = {
		[DNS_FAILED] =
			{"the key could not be looked up in the DNS",
			 "see whether this host's name servers (/etc/resolv.conf) answer"},
		[DNS_UNPROVEN] =
			{"what the DNS says of the key is not proven by DNSSEC, so it is "
			 "not used",
			 "sign the zone; of a zone that the root does not vouch for, name "
			 "the key here: dnssec-anchors="},
		[DNS_BOGUS] =
			{"DNSSEC proves that the answer of the DNS is false",
			 "somebody forges it, or the zone's signatures are old: see what  "
			 "dig +dnssec  shows, and this host's clock"},
		[DNS_NOTHING] =
			{"the DNS has no IPSECKEY record there, and proves that",
			 "ipsec showhostkey --ipseckey  prints the peer's record there: put "
			 "it into its zone"},
	};

	if (verdict >= sizeof(rows) / sizeof(rows[0]))
		return;
	diag_set(why, "dns-key", "RFC 4025", "%s", rows[verdict].sentence);
	diag_wanted(why, "IPSECKEY records of %.250s that DNSSEC proves", name);
	if (text && *text)
		diag_got(why, "%.200s", text);
	diag_hint(why, "%s", rows[verdict].hint);
}

bool dns_leads_to(const struct dns_record *r, const struct ip_addr *addr,
		  const struct ip_addr *peer)
{
	struct ipseckey_gateway g;

	if (ipseckey_gateway(r->rdata, &g, NULL))
		return false;
	if (ip_is_set(&g.addr))
		return ip_equal(&g.addr, peer);
	for (size_t i = 0; i < r->gateways_len; i++)
		if (ip_equal(&r->gateways[i], peer))
			return true;
	return !g.name[0] && ip_equal(addr, peer);
}

static bool read_keys(struct trust_job *j, struct dns_part *p, const struct dns_answer *a)
{
	bool is_client = p == &j->dns[1];
	char peer[IP_TEXT_MAX];
	size_t others = 0, i;
	struct ip_addr own;
	struct diag why;

	diag_clear(&why);
	own = is_client ? ip_from_view(ident_view(p->id)) : (struct ip_addr){0};
	for (i = 0; i < a->len && p->keys_len < DNS_KEYS_MAX; i++) {
		if (is_client && !dns_leads_to(&a->records[i], &own, &j->dns_peer))
			others++;
		else if (!ipseckey_read(j->crypto, a->records[i].rdata, &p->keys[p->keys_len],
					&why))
			p->keys_len++;
	}
	p->more = a->more || i < a->len;
	if (p->keys_len)
		return true;
	diag_set(
		&j->reply.why, others ? "another-gateway" : "dns-key", "RFC 4025",
		others ? "the DNS names another gateway for the address that the peer speaks for"
		       : "no IPSECKEY record there has a key that can be used here");
	diag_wanted(&j->reply.why, "a record of %.250s with the gateway %s", p->name,
		    ip_print(&j->dns_peer, peer));
	diag_got(&j->reply.why, "%zu records%s%s", a->len, why.code ? ": " : "",
		 why.code ? why.sentence : "");
	diag_hint(
		&j->reply.why,
		"ipsec showhostkey --ipseckey  prints the peer's record there; its gateway is "
		"the peer's address");
	return false;
}

void trust_job_take_dns(struct trust_job *j, const struct dns_answer *a)
{
	struct dns_part *p = unanswered(j);

	if (!p)
		return;
	p->answered = true;
	if (a->verdict == DNS_PROVEN) {
		j->done = !read_keys(j, p, a);
		return;
	}
	dns_verdict_explain(a->verdict, a->text, p->name, &j->reply.why);
	j->done = true;
}

/* ---- who speaks for an address ---- */

static bool gateway_of(const struct dns_record *r, const struct ip_addr *addr,
		       struct ip_addr *ret)
{
	struct ipseckey_gateway g;

	if (ipseckey_gateway(r->rdata, &g, NULL))
		return false;
	*ret = *addr;
	if (ip_is_set(&g.addr))
		*ret = g.addr;
	for (size_t i = 0; g.name[0] && i < r->gateways_len; i++) {
		*ret = r->gateways[i];
		if (ret->family == addr->family)
			return true;
	}
	return ret->family == addr->family && (!g.name[0] || r->gateways_len);
}

enum cyg_err dns_gateway(const struct dns_answer *a, const struct ip_addr *addr,
			 struct ip_addr *ret, struct diag *why)
{
	struct ip_addr at;
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < a->len; i++)
		if (gateway_of(&a->records[i], addr, &at)) {
			*ret = at;
			return CYG_OK;
		}
	diag_set(why, "no-gateway", "RFC 4025 2.5",
		 "no IPSECKEY record of %s names a gateway that can be asked",
		 ip_print(addr, text));
	diag_wanted(why,
		    "a record with an address of its family, or a name that has one proven");
	diag_got(why, "%zu records", a->len);
	return CYG_NOTFOUND;
}

/* ---- in a worker ---- */

static bool has_key(const struct dns_part *p, const struct key *k)
{
	for (size_t i = 0; i < p->keys_len; i++)
		if (key_equal(&p->keys[i], k))
			return true;
	return false;
}

/* The key made the signature: is it also the key of all that the peer claims to be? */
static bool is_key_of_both(struct trust_job *j, const struct key *k)
{
	struct diag *why = &j->reply.why;
	char text[100];

	for (int i = 0; i < 2; i++) {
		if (!j->dns[i].keys_len || has_key(&j->dns[i], k))
			continue;
		diag_set(why, "another-key", "RFC 4025",
			 "the peer's key is not the one that the DNS has for the address it "
			 "speaks for");
		diag_wanted(why, "a key of %.250s", j->dns[i].name);
		diag_got(why, "%s", key_print(k, text, sizeof(text)));
		return false;
	}
	return true;
}

static bool is_proven_by(struct trust_job *j, const struct dns_part *p, const struct key *k)
{
	struct diag *why = &j->reply.why;
	const struct sig_scheme *s = sig_find(j->method, view_bytes(&j->algorithm), k->kind,
					      why);
	char whose[DNS_NAME_MAX + 32];

	snprintf(whose, sizeof(whose), "the key of %s in the DNS", p->name);
	if (!s || !way_is_allowed(j->connection, j->end, j->allowed, s, why) ||
	    !key_is_long_enough(k, j->rsa_bits_min, j->connection, whose, why))
		return false;
	if (sig_check(j->crypto, s, k, view_bytes(&j->octets), view_bytes(&j->signature))) {
		diag_set(
			why, "auth-mismatch", "RFC 7296 2.15",
			"the peer's signature is not made with its key in the DNS (%.100s, %zu "
			"key%s)",
			p->name, p->keys_len, p->keys_len == 1 ? "" : "s");
		if (p->more)
			diag_wanted(why, "at most %d keys of a name, the first by precedence",
				    DNS_KEYS_MAX);
		diag_hint(why, "has the peer a new key that its zone does not have yet?");
		return false;
	}
	if (!is_key_of_both(j, k))
		return false;
	diag_clear(why);
	proof_by_key(&j->reply, k, " of the DNS");
	return true;
}

bool check_dns_work(struct trust_job *j)
{
	const struct dns_part *p = &j->dns[!j->dns[0].keys_len];

	if (unanswered(j)) {
		diag_set(&j->reply.why, "dns-key", "RFC 4025",
			 "the peer's key was not looked up");
		return false;
	}
	for (size_t i = 0; i < p->keys_len; i++)
		if (is_proven_by(j, p, &p->keys[i])) {
			j->key = key_copy(&p->keys[i]);
			return true;
		}
	return false;
}

/* ---- what has been proven by it ---- */

const char *trust_job_dns_proven(const struct trust_job *j, int at, const struct ident **ret_id)
{
	if (!j->by_dns || !j->reply.answer.auth.proof || at >= DNS_PROOF_NAMES ||
	    !j->dns[at].name[0])
		return NULL;
	*ret_id = j->dns[at].id;
	return j->dns[at].name;
}

static void tell_broken(void *ctx, uint64_t id, const struct diag *why)
{
	struct trust *t = ctx;
	struct broken *b = calloc(1, sizeof(*b));

	if (!b)
		return;
	b->proof = id;
	b->why = *why;
	list_append(&t->revoke.broken, &b->link);
}

void trust_dns_news(struct trust *t, const char *name, const struct dns_answer *a)
{
	dns_proofs_look(&t->dns_proofs, &t->revoke.key, t->crypto, name, a, tell_broken, t);
}

bool trust_is_by_dns(const struct trust *t, const char *name)
{
	return dns_proofs_have(&t->dns_proofs, &t->revoke.key, name);
}

void trust_mark_dns(struct trust *t, uint64_t proof)
{
	dns_proofs_mark(&t->dns_proofs, proof);
}

void trust_sweep_dns(struct trust *t)
{
	dns_proofs_sweep(&t->dns_proofs);
}
