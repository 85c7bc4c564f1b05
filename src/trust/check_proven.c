/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that has proven itself for one connection asks for another one (RFC 7296 1.3.1): what it was
 * believed by then is held against the rules of that one. Whatever is not known for certain any more is
 * refused: the peer can prove itself anew.
 */
#include "trust/path_fault.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>

static bool refuse(struct diag *why, const struct auth_request *r, const char *word,
		   const char *sentence)
{
	diag_set(why, "proof-does-not-fit", NULL, "%s", sentence);
	diag_wanted(why, "%s%s= of conn %s", connection_side(!r->end), word,
		    r->connection->name);
	diag_hint(why, "the peer must negotiate an IKE SA for this connection");
	return false;
}

/* The way of its signature, as the connection allows it; and not one that it names the key for. */
static bool way_fits(const struct auth_request *r, const struct chain *c, struct diag *why)
{
	const struct connection *conn = r->connection;

	if (!(r->way & connection_auth(conn, !r->end) & AUTH_SIGNATURES)) {
		refuse(why, r, "auth",
		       "the peer signed in a way that the connection does not allow");
		diag_got(why, "a signature by an %s key, or with another hash",
			 key_kind_name(c->key_kind));
		return false;
	}
	if (connection_key_in_dns(conn, !r->end) || connection_names_key(conn, !r->end))
		return refuse(why, r, "sigkey",
			      "the peer proved itself by its certificate, and the connection "
			      "names a key");
	return true;
}

/* As it was found: the end's certificate first, its anchor last. */
static enum cyg_err path_of(struct crypto *crypto, const struct chain *c, struct cert_list *ret)
{
	struct cert one;
	enum cyg_err err = cert_read_der(crypto, view_bytes(&c->end), &one, NULL);

	for (size_t i = 0; !err && i <= c->len; i++) {
		err = cert_list_add(ret, &one);
		if (err)
			cert_done(&one);
		else if (i < c->len)
			one = cert_copy(&c->links[i].issuer);
	}
	return err;
}

/* The very certificate, of those that the connection names for the peer. */
static const struct stored_cert *named_one(struct trust *t, const struct auth_request *r,
					   const struct chain *c)
{
	const char *at = r->connection->end[!r->end].cert;
	char name[CONN_CERT_NAME_MAX];

	while (connection_next_cert(&at, name, sizeof(name))) {
		const struct stored_cert *s = cert_of(t, name);

		if (s && cert_is_der(&s->cert, view_bytes(&c->end)))
			return s;
	}
	return NULL;
}

static bool fits_name(struct trust *t, const struct auth_request *r, const struct chain *c,
		      struct trust_job *j, struct diag *why)
{
	const struct stored_cert *s = named_one(t, r, c);

	if (!s) {
		refuse(why, r, "cert",
		       "the peer proved itself by another certificate than the connection names");
		diag_got(why, "that of %s", c->subject);
		return false;
	}
	j->by_name = true;
	j->weak_path = c->pathless || c->rsa_bits_min < r->connection->rsa_bits_min;
	j->named = cert_copy(&s->cert);
	j->anchors = path_anchors_ref(anchors_of(t));
	return key_is_long_enough(&s->cert.key, r->connection->rsa_bits_min,
				  r->connection->name, "the peer's key", why) &&
	       named_cert_is_valid(t, s, r->connection, !r->end, j->now, why) &&
	       check_member(t, r, s, j, why) && cert_names_peer(r, &s->cert, why);
}

/* By its certificate alone: of the authorities and the groups that the connection asks for. */
static bool fits_rules(struct trust *t, const struct auth_request *r, const struct chain *c,
		       struct trust_job *j, struct diag *why)
{
	const char *groups = r->connection->end[!r->end].groups;
	struct candidate one = {.holder = {.cert = j->path.items},
				.authorities = cert_list_above(&j->path)};
	struct group_sources from;
	enum cyg_err err;

	if (c->named || j->path.len < 2)
		return refuse(
			why, r, "cert",
			"the peer was let in by a certificate that a connection names, and "
			"this one does not");
	if (c->rsa_bits_min < r->connection->rsa_bits_min) {
		diag_set(why, "proof-does-not-fit", NULL,
			 "the peer's certificate was believed with shorter keys allowed");
		diag_wanted(why, "rsa-min-bits=%u of conn %s", r->connection->rsa_bits_min,
			    r->connection->name);
		diag_got(why, "%u bits allowed when it came", c->rsa_bits_min);
		diag_hint(why, "the peer must negotiate an IKE SA for this connection");
		return false;
	}
	if (!anchors_of(t) || !revoke_is_anchored(&t->revoke, c, anchors_of(t), why))
		return false;
	err = peer_authority(t, r->connection, r->local, !r->end, j->now, &j->authority,
			     &j->siblings, why);
	j->anchors = path_anchors_ref(anchors_of(t));
	if (!err && groups) {
		one.holder.issuer_held = path_anchors_have(t->crypto, j->anchors,
							   &j->path.items[1]);
		one.holder.ca_asked = j->authority || j->siblings.len;
		err = group_sources_of(t, &from)
			      ? membership_new(&from, c->member ? c->member->sent : NULL, &one,
					       groups, j->now, &j->member, why)
			      : CYG_NOMEM;
		j->unfit = err == CYG_AUTH;
	}
	if (err == CYG_NOMEM)
		job_fail(j, err);
	return !err;
}

void check_proven_begin(struct trust *t, const struct auth_request *r, struct trust_job *j)
{
	const struct chain *c = revoke_proven(&t->revoke, r->proven);
	struct diag *why = &j->reply.why;
	bool named = r->connection->end[!r->end].cert;
	enum cyg_err err;

	j->done = true;
	if (!c) {
		refuse(why, r, "auth",
		       "what the peer proved itself by is not known any more, or no certificate");
		return;
	}
	if (!way_fits(r, c, why))
		return;
	err = path_of(t->crypto, c, &j->path);
	if (err == CYG_NOMEM)
		job_fail(j, err);
	if (err)
		return;
	j->is_familiar = true; /* nothing new to be remembered */
	j->was_named = c->named;
	j->end = !r->end;
	j->rsa_bits_min = c->rsa_bits_min; /* is looked at below, and not again */
	j->remote = ident_ref(r->remote);
	snprintf(j->connection, sizeof(j->connection), "%s", r->connection->name);
	if (!(named ? fits_name(t, r, c, j, why) : fits_rules(t, r, c, j, why)))
		return;
	j->by_proof = true;
	j->done = false;
}

/* believe_again has no more to say than that it does not hold: its own, or that of one above. */
static void explain_again(const struct trust_job *j, struct diag *why)
{
	const struct path_rules rules = {.now = j->now};
	const struct cert *own = j->path.items;

	if (j->remote && !cert_carries(own, j->remote, why))
		return;
	for (size_t i = 0; i < j->path.len; i++)
		if (path_check_validity(&j->path.items[i], &rules, why))
			return;
}

bool check_proven_work(struct trust_job *j)
{
	struct diag *why = &j->reply.why;
	enum cyg_err err;

	if (j->by_name && !named_member(j, &j->path, why))
		return false;
	if (j->by_name)
		err = take_path(j, &j->path) ? CYG_OK : CYG_NOMEM;
	else
		err = believe_again(j, why);
	if (err == CYG_RANGE)
		explain_again(j, why);
	if (err == CYG_NOMEM)
		job_fail(j, err);
	if (!err)
		j->chain->named = j->was_named;
	if (!err && j->by_name)
		j->chain->pathless = j->weak_path;
	return !err;
}
