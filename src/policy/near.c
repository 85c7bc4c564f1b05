/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why no connection is for this peer: for each candidate what it wants, and,
 * where one was meant and nearly right, what a person would write instead.
 */
#include "base/text.h"
#include "policy/db.h"

#include <string.h>

#define ID_TEXT 200

/* What was compared: a connection's identity for one side, and what the peer said of that side. */
struct comparison {
	const struct loaded *l;
	const struct ident *want, *got;
	bool of_peer; /* else: of ourselves, as the peer calls us */
};

static bool is_addr(const struct ident *id)
{
	return id->type == ID_IPV4_ADDR || id->type == ID_IPV6_ADDR;
}

static bool is_name(const struct ident *id)
{
	return id->type == ID_FQDN || id->type == ID_RFC822_ADDR || id->type == ID_KEY_ID;
}

static bool same_octets(struct view a, struct view b)
{
	return a.len == b.len && a.len && !memcmp(a.ptr, b.ptr, a.len);
}

/* The part behind the @ of a mail address; the whole of others. */
static struct view domain_of(const struct ident *id)
{
	struct view v = ident_view(id);
	const uint8_t *sign = v.len ? memchr(v.ptr, '@', v.len) : NULL;

	if (id->type != ID_RFC822_ADDR || !sign)
		return v;
	return view_of(sign + 1, v.len - (size_t)(sign + 1 - v.ptr));
}

/* The word of ipsec.conf for the side in question. */
static const char *keyword(const struct comparison *c)
{
	int local = c->l->local < 0 ? 0 : c->l->local;

	return (c->of_peer ? !local : local) ? "rightid" : "leftid";
}

static bool is_described(const struct comparison *c)
{
	int local = c->l->local < 0 ? 0 : c->l->local;

	return c->l->connection->end[c->of_peer ? !local : local].id;
}

static bool reads_as_addr(const struct ident *name, const struct ident *addr)
{
	char a[ID_TEXT], n[ID_TEXT];

	ident_print(addr, a, sizeof(a));
	ident_print(name, n, sizeof(n));
	return name->type == ID_FQDN && n[0] == '@' && !strcmp(n + 1, a);
}

static bool is_typing_error(const struct ident *want, const struct ident *got)
{
	char w[ID_TEXT], g[ID_TEXT];
	const char *known = ident_print(want, w, sizeof(w));

	return is_name(want) && is_name(got) && want->type == got->type &&
	       text_nearest(ident_print(got, g, sizeof(g)), &known, 1);
}

/*
 * The likely mistake, as a hint; false when nothing speaks for this connection.
 * `fix` is how to agree from here; to change the peer is always the other way.
 */
static bool likely_mistake(const struct comparison *c, struct diag *why)
{
	const char *name = c->l->connection->name;
	char got[ID_TEXT];

	ident_print(c->got, got, sizeof(got));
	if (is_name(c->want) && is_name(c->got) && c->want->type != c->got->type &&
	    same_octets(ident_view(c->want), ident_view(c->got)))
		diag_hint(
			why,
			"%s has the same words as another type (%s, not %s): write %s=%s there",
			name, ident_type_name(c->want->type), ident_type_name(c->got->type),
			keyword(c), got);
	else if (is_addr(c->want) != is_addr(c->got) &&
		 (reads_as_addr(c->got, c->want) || reads_as_addr(c->want, c->got)))
		diag_hint(why,
			  "one end writes the address of %s as a name: leave out the @ there",
			  name);
	else if (is_name(c->want) && is_name(c->got) && c->want->type != c->got->type &&
		 same_octets(domain_of(c->want), domain_of(c->got)))
		diag_hint(why, "%s has that domain, but as a %s: write %s=%s there", name,
			  ident_type_name(c->want->type), keyword(c), got);
	else if (is_typing_error(c->want, c->got))
		diag_hint(why,
			  "%s is nearly it, a typing error perhaps: write %s=%s there, or "
			  "correct the peer",
			  name, keyword(c), got);
	else
		return false;
	return true;
}

/* The peer calls itself by our identity, and us by its own. */
static bool are_exchanged(const struct loaded *l, const struct ident *remote,
			  const struct ident *local)
{
	return l->local_id && l->remote_id && ident_equal(remote, l->local_id) &&
	       !ident_equal(l->local_id, l->remote_id) &&
	       (!local || ident_equal(local, l->remote_id));
}

/* True, with the hint, when that is so of one of them. */
static bool explain_exchange(struct loaded *const *candidates, size_t len,
			     const struct ident *remote, const struct ident *local,
			     struct diag *why)
{
	for (size_t i = 0; i < len; i++) {
		if (!are_exchanged(candidates[i], remote, local))
			continue;
		diag_hint(
			why,
			"the peer has the two ends of %s exchanged: it calls itself what we are; "
			"correct left= and right= there",
			candidates[i]->connection->name);
		return true;
	}
	return false;
}

/* Nothing is nearly right: what would make this connection the peer's. */
static void suggest(const struct comparison *c, struct diag *why)
{
	const char *name = c->l->connection->name;
	char got[ID_TEXT];

	ident_print(c->got, got, sizeof(got));
	if (!c->of_peer)
		diag_hint(why,
			  "the peer asks for us as %s: write %s=%s in %s, or correct the peer",
			  got, keyword(c), got, name);
	else if (!is_described(c) && is_addr(c->got))
		diag_hint(
			why,
			"is the peer behind NAT? It calls itself %s: write %s=%s in %s, or give "
			"the peer an id",
			got, keyword(c), got, name);
	else if (!is_described(c))
		diag_hint(why, "%s has no %s, so the peer's address is taken: write %s=%s",
			  name, keyword(c), keyword(c), got);
	else
		diag_hint(why, "if this peer is meant, write %s=%s in %s, or correct the peer",
			  keyword(c), got, name);
}

/* The side that does not fit: the peer's own identity is looked at first. */
static struct comparison compare(const struct loaded *l, const struct ident *remote,
				 const struct ident *local)
{
	if (l->remote_id && !ident_match(l->remote_id, remote))
		return (struct comparison){l, l->remote_id, remote, true};
	return (struct comparison){l, l->local_id, local, false};
}

static void list_wanted(struct loaded *const *candidates, size_t len,
			const struct ident *remote, const struct ident *local, struct diag *why)
{
	char wanted[sizeof(why->wanted)] = "", id[ID_TEXT];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		struct comparison c = compare(candidates[i], remote, local);

		if (c.want)
			buf_add(wanted, sizeof(wanted), &used, "%s%s: %s is %s",
				used ? "; " : "", c.l->connection->name,
				c.of_peer ? "its peer" : "our end",
				ident_print(c.want, id, sizeof(id)));
	}
	diag_wanted(why, "%s", wanted);
}

void explain_strangers(struct loaded *const *candidates, size_t len, const struct ident *remote,
		       const struct ident *local, struct diag *why)
{
	char them[ID_TEXT], us[ID_TEXT];

	diag_set(why, "no-connection", "RFC 4301 4.4.3",
		 len ? "no connection is for a peer of this identity"
		     : "no connection is for a peer at this address");
	ident_print(remote, them, sizeof(them));
	if (local)
		diag_got(why, "peer is %s (%s) and asks for us as %s (%s)", them,
			 ident_type_name(remote->type), ident_print(local, us, sizeof(us)),
			 ident_type_name(local->type));
	else
		diag_got(why, "peer is %s (%s)", them, ident_type_name(remote->type));
	if (!len) {
		diag_hint(why,
			  "load a connection between these addresses, or with right=%%any");
		return;
	}
	list_wanted(candidates, len, remote, local, why);
	if (explain_exchange(candidates, len, remote, local, why))
		return;
	for (size_t i = 0; i < len; i++) {
		struct comparison c = compare(candidates[i], remote, local);

		if (c.want && c.got && likely_mistake(&c, why))
			return;
	}
	for (size_t i = 0; i < len; i++) {
		struct comparison c = compare(candidates[i], remote, local);

		if (c.want && c.got) {
			suggest(&c, why);
			return;
		}
	}
}
