/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's proof: by what it may prove itself, and whether it did. */
#include "base/text.h"
#include "trust/psk.h"
#include "trust/trust_private.h"

#include <stdio.h>

/* RFC 7296 3.8 and the registry "IKEv2 Authentication Method". */
static const char *wire_method_name(uint8_t method)
{
	static const char *const names[] = {
		[1] = "RSA signature",
		[2] = "pre-shared key",
		[3] = "DSS signature",
		[9] = "ECDSA P-256",
		[10] = "ECDSA P-384",
		[11] = "ECDSA P-521",
		[12] = "generic secure password",
		[13] = "null authentication",
		[14] = "digital signature",
	};

	if (method >= sizeof(names) / sizeof(names[0]) || !names[method])
		return "unknown";
	return names[method];
}

static void refuse_method(const struct auth_request *r, unsigned allowed, struct diag *why)
{
	const char *side = connection_side(!r->end);
	bool by_secret = allowed & AUTH_SECRET;

	diag_set(why, "auth-method", "RFC 7296 2.15",
		 "the peer proves itself in another way than the connection asks for");
	diag_wanted(why, "%s",
		    allowed & AUTH_NULL                      ? "authby=null"
		    : by_secret && allowed & AUTH_SIGNATURES ? "authby=secret|pubkey"
		    : by_secret                              ? "authby=secret"
		    : allowed & AUTH_SIGNATURES              ? "authby=pubkey"
		    : allowed & AUTH_EAP ? "EAP alone, which the peer does not agree to (RFC 5998)"
					 : "authby=never");
	diag_got(why, "method %u (%s)", r->method, wire_method_name(r->method));
	diag_hint(why, "set %sauth= of conn %s to what the peer does, or change the peer", side,
		  r->connection->name);
}

/* ---- signatures ---- */

bool way_is_allowed(const char *connection, int end, unsigned allowed,
		    const struct sig_scheme *s, struct diag *why)
{
	if (sig_way(s) & allowed)
		return true;
	diag_set(why, "auth-algorithm", "RFC 7427 3",
		 "the peer signed in a way that the connection does not allow");
	diag_wanted(why, "one of %sauth= or authby= of conn %s", connection_side(end),
		    connection);
	diag_got(why, "%s", sig_name(s));
	if (sig_way(s) == AUTH_RSA_SHA1)
		diag_hint(why,
			  "SHA-1 must be named: authby=rsa-sha1, if the peer has no better");
	else
		diag_hint(why, "let both ends name the same ways in authby=");
	return false;
}

static bool cut_data(const struct auth_request *r, struct view *ret_algorithm,
		     struct view *ret_signature, struct diag *why)
{
	*ret_algorithm = (struct view){0};
	*ret_signature = r->data;
	if (r->method != AUTH_METHOD_SIGNATURE ||
	    sig_split(r->data, ret_algorithm, ret_signature))
		return true;
	diag_set(why, "auth-malformed", "RFC 7427 3",
		 "the AUTH payload does not hold an algorithm and a signature");
	diag_got(why, "%zu octets", r->data.len);
	return false;
}

/*
 * Of several certificates that the connection names for the peer, the one that it sent, or the first
 * whose key makes such signatures. NULL: it names none that was read.
 */
static const struct stored_cert *named_cert(struct trust *t, const struct auth_request *r,
					    struct view algorithm)
{
	const char *at = r->connection->end[!r->end].cert;
	const struct stored_cert *first = NULL, *fits = NULL, *s;
	char name[CONN_CERT_NAME_MAX];

	while (connection_next_cert(&at, name, sizeof(name))) {
		s = cert_of(t, name);
		if (!s)
			continue;
		if (r->certs_len && cert_is_der(&s->cert, r->certs[0].data))
			return s;
		if (!first)
			first = s;
		if (!fits && sig_find(r->method, algorithm, s->cert.key.kind, NULL))
			fits = s;
	}
	return fits ? fits : first;
}

static bool pgp_is_valid(const struct stored_pgp *p, int64_t now, struct diag *why)
{
	char until[40], at[40];

	if (!p ||
	    (p->cert.not_before <= now + PATH_SKEW && p->cert.not_after >= now - PATH_SKEW))
		return true;
	diag_set(why, "openpgp-time", "RFC 4880 5.2.3.6",
		 "the OpenPGP certificate %s is not valid now", p->file);
	diag_wanted(why, "a time until %s",
		    cert_print_time(p->cert.not_after, until, sizeof(until)));
	diag_got(why, "it is %s here", cert_print_time(now, at, sizeof(at)));
	diag_hint(why, "let its owner say anew how long it holds; is this host's clock right?");
	return false;
}

bool named_cert_is_valid(const struct trust *t, const struct stored_cert *s,
			 const struct connection *c, int end, int64_t now, struct diag *why)
{
	struct path_rules rules = {.now = now, .rsa_bits_min = c->rsa_bits_min};

	if (!s)
		return pgp_is_valid(first_pgp(t, c->end[end].cert), now, why);
	return !path_check_end(&s->cert, &rules, why);
}

/* RFC 7670: a raw key that the peer shows must be the one that is expected of it. */
static bool shows_that_key(struct trust *t, const struct auth_request *r, const struct key *k,
			   struct diag *why)
{
	char want[100], have[100];

	for (size_t i = 0; i < r->certs_len; i++) {
		struct key shown;
		bool same;

		if (r->certs[i].encoding != CERT_RAW_KEY ||
		    key_read_public(t->crypto, r->certs[i].data, &shown, NULL))
			continue;
		same = key_equal(k, &shown);
		key_print(&shown, have, sizeof(have));
		key_done(&shown);
		if (same)
			return true;
		diag_set(why, "another-key", "RFC 7670 4",
			 "the peer has another public key than the connection names");
		diag_wanted(why, "%srsasigkey= of conn %s, which is %s",
			    connection_side(!r->end), r->connection->name,
			    key_print(k, want, sizeof(want)));
		diag_got(why, "%s", have);
		diag_hint(why,
			  "if the peer has a new key, write it into %srsasigkey=: there "
			  "ipsec showhostkey --%s prints it",
			  connection_side(!r->end), connection_side(!r->end));
		return false;
	}
	return true;
}

bool check_member(struct trust *t, const struct auth_request *r, const struct stored_cert *s,
		  struct trust_job *j, struct diag *why)
{
	const char *groups = r->connection->end[!r->end].groups;

	if (!groups)
		return true;
	if (s) {
		j->groups_bits_min = r->connection->rsa_bits_min;
		j->issuer_held = stored_certs_issuer(&t->cacerts, &s->cert);
		if (job_take_groups(t, groups, j))
			return true;
		job_fail(j, CYG_NOMEM);
		return false;
	}
	j->reply.answer.auth.unfit = true;
	diag_set(why, "not-in-group", "RFC 5755 5",
		 "the connection is for members of groups, and who has no certificate is "
		 "in none");
	diag_wanted(why, "a certificate of a member of %s", groups);
	diag_got(why, "method %u (%s)", r->method, wire_method_name(r->method));
	return false;
}

/* The connection itself says whose name the peer has. */
static bool names_peer(const struct connection *c, int end)
{
	const struct ident *id = c->end[end].id;

	return id && id->type != ID_ANY && !id->wildcards;
}

/*
 * A key alone has no name: where the connection gives it none, neither may the peer. An identity
 * that the key itself makes is one for all that its holder does. False: memory is short.
 */
static bool name_by_key(const struct key *k, struct trust_job *j)
{
	return !ident_from_wire(ID_KEY_ID, view_of(k->id, KEY_ID_LEN), &j->reply.identity,
				NULL);
}

bool cert_names_peer(const struct auth_request *r, const struct cert *c, struct diag *why)
{
	return names_peer(r->connection, !r->end) || cert_carries(c, r->remote, why);
}

/* The proof is none by the key that we know: what the peer came with tells why, if it is another one. */
static bool refuse_key(struct trust *t, const struct auth_request *r,
		       const struct stored_cert *s, const struct trust_job *j, struct diag *why)
{
	if (s && r->certs_len && r->certs[0].encoding == CERT_X509)
		explain_other_cert(t->crypto, &s->cert, r->certs[0].data, j->key_name, why);
	return false;
}

/* The key is to be had of the DNS first. */
static bool check_by_dns(struct trust *t, const struct auth_request *r, struct trust_job *j,
			 struct diag *why)
{
	struct view algorithm, signature;

	if (!check_member(t, r, NULL, j, why) || !cut_data(r, &algorithm, &signature, why))
		return false;
	check_dns_begin(t, r, algorithm, signature, j);
	return true;
}

static bool check_by_key(struct trust *t, const struct auth_request *r, unsigned allowed,
			 struct trust_job *j, struct diag *why)
{
	const struct key *k = end_key(t, r->connection, !r->end, why);
	const struct stored_cert *s;
	struct view algorithm, signature;
	int end = !r->end;

	if (diag_is_set(why) || !cut_data(r, &algorithm, &signature, why))
		return false;
	s = named_cert(t, r, algorithm);
	if (s)
		k = &s->cert.key;
	if (!k) {
		check_cert_begin(t, r, algorithm, signature, j);
		return true;
	}
	j->end = end;
	if (!shows_that_key(t, r, k, why))
		return false;
	snprintf(j->key_name, sizeof(j->key_name), "%s%s= of conn %.100s", connection_side(end),
		 r->connection->end[end].cert ? "cert" : "rsasigkey", r->connection->name);
	j->scheme = sig_find(r->method, algorithm, k->kind, why);
	if (!j->scheme)
		return refuse_key(t, r, s, j, why);
	if (!way_is_allowed(r->connection->name, end, allowed, j->scheme, why) ||
	    !key_is_long_enough(k, r->connection->rsa_bits_min, r->connection->name,
				"the peer's key", why) ||
	    !named_cert_is_valid(t, s, r->connection, end, j->now, why) ||
	    !check_member(t, r, s, j, why) || (s && !cert_names_peer(r, &s->cert, why)))
		return false;
	if (s)
		proof_by_cert(&j->reply, &s->cert);
	else
		proof_by_key(&j->reply, k, "");
	j->key = key_copy(k);
	if (!bytes_copy(&j->signature, signature) ||
	    (s && !check_named_begin(t, r, &s->cert, j)) || (!s && !name_by_key(k, j)))
		job_fail(j, CYG_NOMEM);
	else
		job_take_octets(j, r);
	return true;
}

/* A peer whose proof can't be looked at is not valid: CYG_OK all the same, for the answer is known. */
void check_begin(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	unsigned allowed = connection_auth(r->connection, !r->end);
	struct answer *a = &j->reply.answer;
	struct diag *why = &j->reply.why;

	a->auth.valid = false;
	if (r->proven) {
		check_proven_begin(t, r, j);
		return;
	}
	if (r->eap) {
		eap_check(t, r, j);
		return;
	}
	if (r->method == AUTH_METHOD_SHARED_KEY && allowed & AUTH_SECRET) {
		j->done = true;
		if (!check_member(t, r, NULL, j, why))
			return;
		proof_by(&j->reply, "PSK");
		a->err = psk_check(t->crypto, t->secrets, r, &a->auth.valid, why);
		return;
	}
	if (r->method == AUTH_METHOD_NULL && allowed == AUTH_NULL) {
		j->done = true;
		if (!check_member(t, r, NULL, j, why))
			return;
		proof_by(&j->reply, "nothing (authby=null)");
		a->err = psk_check_null(t->crypto, r, &a->auth.valid, why);
		return;
	}
	if (r->method == AUTH_METHOD_SHARED_KEY || r->method == AUTH_METHOD_NULL ||
	    !(allowed & AUTH_SIGNATURES))
		refuse_method(r, allowed, why);
	else if (connection_key_in_dns(r->connection, !r->end)
			 ? check_by_dns(t, r, j, why)
			 : check_by_key(t, r, allowed, j, why))
		return;
	j->done = true;
}
