/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer authorization database (RFC 4301 4.4.3): which connections a peer
 * could be, first by addresses, then by identities; and instances of templates.
 */
#include "base/text.h"
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static size_t take_bucket(const struct policy *p, const struct pair *key, struct loaded **out, size_t n, size_t cap)
{
	struct pair_bucket *b;

	HASH_FIND(hh, p->pairs, key, sizeof(*key), b);
	if (!b)
		return n;
	LIST_EACH(pl, &b->members, struct place, in_pair) {
		if (n < cap)
			out[n++] = &pl->l;
	}
	return n;
}

size_t policy_candidates(struct policy *p, const struct endpoint *local, const struct endpoint *remote,
			 struct loaded **out, size_t cap)
{
	struct pair exact, any;
	size_t n;

	memset(&exact, 0, sizeof(exact));
	memset(&any, 0, sizeof(any));
	exact.local = any.local = local->addr;
	exact.remote = remote->addr;
	n = take_bucket(p, &exact, out, 0, cap);
	return take_bucket(p, &any, out, n, cap);
}

/* ---- narrowing ---- */

struct scored {
	struct loaded *l;
	unsigned score;
	size_t order;
};

/* 0: not this one. */
static unsigned score(const struct loaded *l, const struct ident *remote, const struct ident *local)
{
	unsigned theirs = l->remote_id ? ident_match(l->remote_id, remote) : 1;
	unsigned ours = 1;

	if (local && local->type != ID_ANY && l->local_id)
		ours = ident_match(l->local_id, local);
	return theirs && ours ? theirs * 4 + (ip_is_set(&l->remote_addr) ? 2 : 0) + 1 : 0;
}

static int by_score(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Same words of another type: the usual mistake. */
static bool nearly(const struct ident *want, const struct ident *got)
{
	struct view w = ident_view(want), g = ident_view(got);

	return want->type != got->type && w.len == g.len && !memcmp(w.ptr, g.ptr, w.len);
}

static void explain(struct loaded *const *candidates, size_t len, const struct ident *remote,
		    const struct ident *local, struct diag *why)
{
	char got[160], id[160], wanted[480] = "";
	const struct loaded *close = NULL;
	size_t used = 0;

	ident_print(remote, got, sizeof(got));
	diag_set(why, "no-connection", "RFC 7296 2.15", "no connection is for a peer of this identity");
	for (size_t i = 0; i < len; i++) {
		const struct loaded *l = candidates[i];
		const struct ident *theirs = l->remote_id;
		bool theirs_fit = !theirs || ident_match(theirs, remote);

		if (theirs_fit && l->local_id)
			theirs = l->local_id;
		if (!theirs)
			continue;
		buf_add(wanted, sizeof(wanted), &used, "%s%s: %s id %s", i ? "; " : "", l->connection->name,
			theirs_fit ? "our" : "peer's", ident_print(theirs, id, sizeof(id)));
		if (!theirs_fit && nearly(theirs, remote))
			close = l;
	}
	diag_wanted(why, "%s", len ? wanted : "(no connection between these addresses)");
	if (local)
		diag_got(why, "peer's id %s (%s), which asks for %s", got, ident_type_name(remote->type),
			 ident_print(local, id, sizeof(id)));
	else
		diag_got(why, "peer's id %s (%s)", got, ident_type_name(remote->type));
	if (close)
		diag_hint(why, "%s has the same words as another type, %s: write the id as %s there",
			  close->connection->name, ident_type_name(close->remote_id->type), got);
	else if (len)
		diag_hint(why, "set the id of the peer's end of %s to %s, or change it at the peer",
			  candidates[0]->connection->name, got);
	else
		diag_hint(why, "load a connection whose ends have these addresses");
}

size_t policy_narrow(struct policy *p, struct loaded **candidates, size_t len, const struct ident *remote,
		     const struct ident *local, struct diag *why)
{
	struct scored kept[POLICY_CANDIDATES_MAX];
	size_t n = 0;

	(void)p;
	if (len > POLICY_CANDIDATES_MAX)
		len = POLICY_CANDIDATES_MAX;
	for (size_t i = 0; i < len; i++) {
		unsigned s = score(candidates[i], remote, local);

		if (s)
			kept[n++] = (struct scored){candidates[i], s, i};
	}
	if (!n) {
		explain(candidates, len, remote, local, why);
		return 0;
	}
	qsort(kept, n, sizeof(kept[0]), by_score);
	for (size_t i = 0; i < n; i++)
		candidates[i] = kept[i].l;
	return n;
}

/* ---- instances ---- */

static struct loaded *find_instance(const struct loaded *t, const struct endpoint *remote, const struct ident *id)
{
	LIST_EACH(l, &t->instances, struct loaded, sibling) {
		if (l->connection == t->connection && ip_equal(&l->remote_addr, &remote->addr) &&
		    l->remote_port == remote->port && ident_equal(l->remote_id, id))
			return l;
	}
	return NULL;
}

static enum cyg_err fill_instance(struct loaded *l, const struct loaded *t, const struct endpoint *remote,
				  const struct ident *id)
{
	enum cyg_err err;

	l->template_of = t;
	l->local = t->local;
	l->local_addr = t->local_addr;
	l->remote_addr = remote->addr;
	l->remote_port = remote->port;
	l->local_id = ident_ref(t->local_id);
	l->remote_id = ident_ref(id);
	err = ts_set_copy(&l->ts_local, &t->ts_local);
	if (err)
		return err;
	return end_selectors(&t->connection->end[!t->local], &remote->addr, &l->ts_remote);
}

enum cyg_err policy_instantiate(struct policy *p, struct loaded *t, const struct endpoint *remote,
				const struct ident *remote_id, struct loaded **ret)
{
	struct loaded *l = t->is_template ? find_instance(t, remote, remote_id) : t;
	struct place *pl;
	enum cyg_err err;

	if (l) {
		*ret = l;
		return CYG_OK;
	}
	pl = place_new(p, t->connection);
	if (!pl)
		return CYG_NOMEM;
	err = fill_instance(&pl->l, t, remote, remote_id);
	if (err) {
		place_free(p, pl);
		return err;
	}
	pl->l.instance = ++place_of(t)->instances_made;
	list_append(&t->instances, &pl->l.sibling);
	*ret = &pl->l;
	return CYG_OK;
}

void policy_release(struct policy *p, struct loaded *l, struct actions *out)
{
	if (l->template_of && list_empty(&l->ike_sas) && list_empty(&l->children) && !l->want_up)
		policy_remove(p, l, out);
}
