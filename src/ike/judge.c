/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/judge.h"

#include "ike/core.h"
#include "ike/op.h"
#include "ike/sa.h"
#include "ike/suites.h"
#include "ike/v2/sa_init.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

/* Connections that one request is held against, at most. */
#define JUDGED_MAX 8

struct judging {
	size_t len; /* the last one is asked about, until it is answered */
	struct judged {
		const struct connection *version; /* one reference */
		bool fits;
		struct diag why;
	} items[JUDGED_MAX];
};

void judging_free(struct judging *j)
{
	for (size_t i = 0; j && i < j->len; i++)
		connection_unref(j->items[i].version);
	free(j);
}

static struct judged *find(struct judging *j, const struct connection *version)
{
	for (size_t i = 0; j && i < j->len; i++)
		if (j->items[i].version == version)
			return &j->items[i];
	return NULL;
}

static struct judged *add(struct exchange *x, const struct connection *version)
{
	struct judged *one;

	if (!x->judging)
		x->judging = calloc(1, sizeof(*x->judging));
	if (!x->judging || x->judging->len == JUDGED_MAX)
		return NULL;
	one = &x->judging->items[x->judging->len++];
	one->version = connection_ref(version);
	return one;
}

/* ---- what can't be judged ---- */

bool judge_suite(const struct ike_sa *sa, const struct connection *c)
{
	const struct proposals *p = ike_proposals(c);
	bool yes = p && proposals_allow(p, &sa->chosen);

	proposals_unref(p);
	return yes;
}

/* The word that stands between this IKE SA and a child of the connection; NULL: trust may judge. */
static const char *obstacle(const struct exchange *x, const struct loaded *l,
			    char buf[CONN_WORD_MAX])
{
	const struct ike_sa *sa = x->sa;
	int local = sa->loaded ? sa->loaded->local : l->local;
	bool held = x->kind == EX_NEW_CHILD && !x->ours && sa_is_up(sa) && sa->proofs[0] &&
		    sa->peer_way;
	const char *word = connection_auth_differs(sa->version, local, l->connection, l->local,
						   held, buf);

	if (!word && l->connection->ppk == PPK_INSIST && !sa->ppk)
		word = "ppk=";
	if (!word && !judge_suite(sa, l->connection))
		word = "ike=";
	/* They differ, or this would not be asked. */
	return word || held ? word : "authby=";
}

static enum problem refuse(const struct exchange *x, const struct loaded *l, const char *word,
			   struct diag *why)
{
	diag_set(why, "other-proof", "RFC 7296 2.15",
		 "conn %s has these networks, and this IKE SA was not made for it",
		 l->connection->name);
	diag_wanted(why, "%s of conn %s", word, l->connection->name);
	diag_got(why, "an IKE SA by what conn %s asks for", x->sa->version->name);
	if (!strcmp(word, "ike="))
		diag_hint(why, "let ike= of its connection at the peer be the same: then it "
			       "negotiates an IKE SA of its own for it");
	else
		diag_hint(why, "the peer must negotiate an IKE SA of its own for it");
	return PROBLEM_PROOF;
}

/* ---- what can ---- */

static enum problem ask(struct exchange *x, const struct message *m, const struct loaded *l)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct action *a;
	uint32_t op;

	/* Looked at again, it is what is held. */
	if (!x->held.ptr && !bytes_copy(&x->held, m->octets))
		return PROBLEM_LOCAL;
	x->held_first = m->len ? m->payloads[0].type : PAYLOAD_NONE;
	op = op_new(ike, OP_CHILD_JUDGE, x, &x->ops);
	a = op ? actions_add(ike->out, ACT_AUTH_CHECK) : NULL;
	if (!a)
		return PROBLEM_LOCAL;
	a->op = op;
	a->cause = x->cause;
	a->auth = (struct auth_request){
		.connection = l->connection,
		.end = (uint8_t)l->local,
		.local = sa->local_id,
		.remote = sa->remote_id,
		.peer = sa->remote.addr,
		.proven = sa->proofs[0],
		.way = sa->peer_way,
	};
	return PROBLEM_LATER;
}

enum problem judge_other(struct exchange *x, const struct message *m, const struct loaded *l,
			 struct diag *why)
{
	struct judged *one = find(x->judging, l->connection);
	char buf[CONN_WORD_MAX];
	const char *word = obstacle(x, l, buf);

	if (word)
		return refuse(x, l, word, why);
	if (!one) {
		one = add(x, l->connection);
		return one ? ask(x, m, l) : PROBLEM_LOCAL;
	}
	if (one->fits)
		return PROBLEM_NONE;
	*why = one->why;
	diag_prefix(why, "conn %s has these networks: ", l->connection->name);
	return PROBLEM_PROOF;
}

/* Members of groups are watched by a proof of their own, for which an IKE SA has room once. */
static bool watch(struct ike_sa *sa, uint64_t proof, struct diag *why)
{
	if (proof && (proof == sa->proofs[0] || proof == sa->proofs[1]))
		return true;
	if (proof && !sa->proofs[1]) {
		sa->proofs[1] = proof;
		return true;
	}
	diag_set(why, "too-many-proofs", NULL,
		 "this IKE SA stands by as many groups as it can be watched for");
	diag_hint(why, "the peer must negotiate an IKE SA of its own for it");
	return false;
}

void judge_answered(struct exchange *x, const struct answer *a)
{
	struct judged *one = &x->judging->items[x->judging->len - 1];

	diag_clear(&one->why);
	if (a->why)
		one->why = *a->why;
	one->fits = !a->err && a->auth.valid && x->sa->proofs[0] &&
		    ((!one->version->end[0].groups && !one->version->end[1].groups) ||
		     watch(x->sa, a->auth.proof, &one->why));
	if (!one->fits && !diag_is_set(&one->why))
		diag_set(&one->why, "not-judged", NULL,
			 "what the peer has proven could not be held against it");
}
