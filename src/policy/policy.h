/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/entropy.h"
#include "base/heap.h"
#include "base/list.h"
#include "conn/event.h"
#include "conn/group.h"
#include "conn/internal.h"

/*
 * RFC 4301's databases, without I/O. What is loaded, which connection a peer
 * could be (PAD), what should be up and when to try again, and who owns each
 * selector (SPD). The IKE core (src/ike) is its only user: it calls these
 * functions inside a step and passes on the actions they add.
 *
 * A `struct loaded` is a name's place: it holds the present version of its
 * connection and what is true of it here and now. A template (peer %any, networks
 * or wildcard identity) makes an instance, a `loaded` of its own with the same
 * name and a number, for each peer that is accepted; and so does a connection
 * whose ends are lists, for peers elsewhere than where it begins itself.
 */
struct policy;

struct loaded {
	/* Owned by policy; read by the core and by listings. */
	const struct connection *connection; /* present version */
	const struct loaded *template_of;    /* instance: its template; else NULL */
	uint32_t instance;                   /* 0: not an instance */
	int8_t local;                        /* which end is us; -1: not oriented */
	bool is_template;
	bool is_group; /* a policy group's connection: its networks are connections of their own */
	const struct loaded *group; /* one network of a policy group: the group's; else NULL */
	struct ip_addr local_addr, remote_addr; /* resolved; IP_NONE: any / not known */
	uint16_t remote_port; /* of an instance behind NAT; else the described one */
	const struct ident *local_id,
		*remote_id; /* resolved defaults; an instance: the peer's own */
	struct ts_set ts_local,
		ts_remote; /* what we would offer and accept; empty: not known */
	uint32_t reqid;
	uint32_t policy_id; /* even; policy_id + 1 is the trap beneath a narrowed entry */
	uint32_t route_id;  /* one of its routes; 0: none */
	uint8_t spd;        /* enum spd_state */
	nsec spd_since;     /* when it came to be in that state */
	nsec loaded_at;     /* when it got its present version */
	bool routed;        /* keeps its SPD entry and route when nothing is up */
	bool compressed; /* its SAs have an IPComp number; the core's to set before its entry is */
	bool spread; /* its peer takes an SA for each processor; the core's to set, as that one is */
	bool want_up; /* was asked to be up and to stay so; the core's to set, as `routed` is */
	uint32_t tries; /* failed tries since it was last up, or since the tries were used up */
	nsec retry_at;  /* when to try again; NSEC_NEVER none */
	/*
	 * Of a peer of a group that asks the DNS who speaks for whom: the address that this one
	 * speaks for, and the address on our side that a packet came from (IP_NONE: any that the
	 * connection has).
	 */
	struct ip_addr client, own_client;
	bool sought; /* found by these two, since the gateway is known later or is another address */
	struct internal *internal; /* what the peer last gave our end; NULL: nothing so far */
	bool internal_stands; /* and still does: it is this host's, and its packets' source */
	struct ts_set spd_local,
		spd_remote; /* claimed, and in force while protected; else empty */

	/* The core's own: what hangs on this connection. Policy keeps them empty at birth. */
	struct list ike_sas, children;
	void *core;
	struct programs *programs;
	struct manual_pair *by_hand; /* SAs that people keyed; NULL: none */

	/* Policy's own. An instance is in its template's `instances` by its `sibling`. */
	struct list all, instances, sibling;
	struct heap_node retry;
};

enum spd_state {
	SPD_NONE,    /* no entry in the plane */
	SPD_TRAP,    /* a packet starts negotiation */
	SPD_HOLD,    /* negotiating: packets wait or are dropped */
	SPD_PROTECT, /* SAs carry them */
	SPD_SHUNT, /* pass, drop, reject by the connection's type; drop while nobody keyed it */
	SPD_FAILED, /* the failure shunt stands */
};

/* An empty database; `entropy` is borrowed and must outlive it. NULL when memory or entropy is short. */
struct policy *policy_new(const struct entropy *entropy);
/* Places get policy ids and reqids above those of the `number`-th place. Before any is made. */
void policy_begin_beyond(struct policy *p, uint32_t number);
/* The place that has a reqid of our own choice; 0: none has it. */
uint32_t policy_number_of_reqid(uint32_t reqid);
/* Forget everything, without actions. NULL is fine. */
void policy_free(struct policy *p);

/* The moment of the step under way, for what listings tell of ages. */
void policy_set_now(struct policy *p, nsec now);

/*
 * Load a version (reference moved in on success). A known name is CYG_EXISTS,
 * and with `replace` its version is swapped: *ret_old (may be NULL) is then the
 * previous version with one reference for the caller, or NULL when the new one
 * is identical and nothing changed. Orientation is done at once when the host
 * is known; no orientation is not an error.
 */
MUST_CHECK enum cyg_err policy_add(struct policy *p, struct connection *c, bool replace,
				   struct loaded **ret, const struct connection **ret_old,
				   struct diag *why);

/* Forget a connection or an instance: its entries and routes are removed by actions. Its instances must be gone. */
void policy_remove(struct policy *p, struct loaded *l, struct actions *out);

/* By name ("NAME", "NAME[3]"); NULL if none. O(1). */
struct loaded *policy_find(const struct policy *p, const char *name);

/* All that `name` means: the connection of that name, or else all that have it as alias. Returns the count. */
size_t policy_resolve(const struct policy *p, const char *name, struct loaded **out,
		      size_t cap);

/*
 * Walk those that have it as alias, whatever is called so itself. NULL starts; NULL ends. What was
 * found may be removed once the one behind it is known.
 */
struct loaded *policy_aliased(const struct policy *p, const char *name,
			      const struct loaded *after);

/* Walk all, templates before their instances, in the order of loading. NULL starts; NULL ends. */
struct loaded *policy_next(const struct policy *p, const struct loaded *after);
/* How many these are; and how many of them are instances. */
size_t policy_count(const struct policy *p);
size_t policy_instance_count(const struct policy *p);
/*
 * How many connections have no end that is an address of this host; those that wait for a name to
 * be looked up, and networks of groups, are left out.
 */
size_t policy_stray_count(const struct policy *p);
/* How many of them have an SA that carries their packets. */
size_t policy_active_count(const struct policy *p);
/* How often a connection, instances left out, came into force (an entry of any kind) or out of it. */
uint64_t policy_force_changes(const struct policy *p);
/* How many have an entry in the plane without an SA behind it. */
size_t policy_shunt_count(const struct policy *p);

/*
 * The host's addresses and default route. Every connection is oriented anew;
 * those whose local end changed are marked by local_addr. Copies what it needs.
 * On CYG_NOMEM some are as before, and the next call tries them again.
 */
MUST_CHECK enum cyg_err policy_host_changed(struct policy *p, const struct host_view *h);

/* Routes whose source is of this host follow its addresses: call it after policy_host_changed. */
void policy_follow_host(struct policy *p, struct actions *out);

/*
 * A DNS name's addresses came; the first of the right family is taken, and
 * kept as long as answers have it. None (len 0) changes nothing: the name is
 * asked for again by the next policy_ask_names.
 */
void policy_resolved(struct policy *p, const char *name, const struct ip_addr *addrs,
		     size_t len);
/*
 * Names that connections want resolved: one ACT_RESOLVE each (without an
 * operation number: the caller's to set) for those not asked for yet, whose
 * last answer had nothing, or whose connection failed since.
 */
void policy_ask_names(struct policy *p, struct actions *out);

/*
 * Is one end of a connection, loaded or not, this host? *why tells a person: which addresses its
 * ends have and which this host has.
 */
bool policy_explain_orientation(const struct policy *p, const struct connection *c,
				struct diag *why);

/*
 * Could a version be in force now: is one end this host, and has the peer, if it is one host with
 * a name, an address?
 */
bool policy_has_place(const struct policy *p, const struct connection *c);
/*
 * `l` is to become `c` (reference moved in on success) as soon as that has its place; until then
 * nothing of `l` changes, and the names of `c` are asked for. What was awaited before is forgotten.
 */
MUST_CHECK enum cyg_err policy_await(struct policy *p, struct loaded *l, struct connection *c);
/*
 * Why a version has no place: which end is not this host, or that the peer's name has no address.
 * False: it has one. *why is a person's.
 */
bool policy_explain_wait(const struct policy *p, const struct connection *c, struct diag *why);
/* Forget what `l` was to become. */
void policy_await_no_more(struct policy *p, struct loaded *l);
/* One whose awaited version has its place now; NULL: there is none. */
struct loaded *policy_find_ready(struct policy *p);
/* What `l` is to become, borrowed; NULL: nothing is awaited. */
struct connection *policy_awaited(const struct loaded *l);
/* The next policy_ask_names is to ask for all names of versions that are awaited. */
void policy_doubt_awaited(struct policy *p);
/* Whether any version is awaited. */
bool policy_is_awaiting(const struct policy *p);

/* Is `l` not oriented, and may it become so by an address that this host gets? */
bool policy_waits_for_address(const struct policy *p, const struct loaded *l);

/* Who an end of `l` is: as described, or else its address. Borrowed; NULL: anybody, or not known. */
const struct ident *policy_end_identity(const struct loaded *l, int end);

/* ---- policy groups ---- */

/*
 * A group's connection (right=%group and the like) is in force nowhere itself.
 * Each network that the group's file names is a connection of its own, named
 * "GROUP#NETWORK": a shunt, or a template whose instances are the peers in that
 * network. The most specific network decides what a peer may.
 */

/* The network of a line in group `g`, or NULL. O(1). */
struct loaded *policy_group_find(const struct policy *p, const struct loaded *g,
				 const struct group_line *line);
/* Make it. CYG_EXISTS when the group has it, CYG_NOMEM. */
MUST_CHECK enum cyg_err policy_group_add(struct policy *p, struct loaded *g,
					 const struct group_line *line, struct loaded **ret);
/* The line that `l`, one network of a group, was made for. */
const struct group_line *policy_group_line(const struct loaded *l);
/* Walk the networks of a group, the oldest first. NULL starts; NULL ends. */
struct loaded *policy_group_next(const struct loaded *g, const struct loaded *after);
/* How many. */
size_t policy_group_count(const struct loaded *g);
/* Note in which round of comparing with the file a network was seen; and whether it was in this one. */
void policy_group_keep(struct loaded *l, uint64_t round);
bool policy_group_kept(const struct loaded *l, uint64_t round);
/* Whether it is a peer that is in a group's network. */
bool policy_is_group_peer(const struct loaded *l);

/*
 * What peers with subnet=vhost:%priv or vnet:%priv may claim (virtual-private=): a list that
 * is borrowed for as long as the database lives. NULL: nothing.
 */
void policy_set_private(struct policy *p, const struct virtual_net *list);

/* Whether the peer of `l` (an end of vhost: or vnet:), seen at `peer`, may claim the range. */
bool policy_virtual_allows(const struct policy *p, const struct loaded *l,
			   const struct ip_addr *peer, const struct ip_range *range);

/* ---- PAD: who could this be ---- */

#define POLICY_CANDIDATES_MAX 64

/*
 * Connections that a peer at `remote`, seen at our `local`, could be, best
 * first: exact peer address, then networks and ranges, the smallest first, then
 * %any. Templates are named, not instances. Shunts and unoriented ones are left
 * out. O(1) in the number of connections that other peers use. Returns the count
 * (bounded by cap).
 */
size_t policy_candidates(struct policy *p, const struct endpoint *local,
			 const struct endpoint *remote, struct loaded **out, size_t cap);

/* Who a connection is wanted for, once that is known. */
struct policy_question {
	struct endpoint local, remote;
	const struct ident *remote_id; /* the peer's own */
	const struct ident *local_id;  /* what it asked of us; NULL: anything */
	const struct ts_set *ts_local,
		*ts_remote; /* what a child is to carry; NULL: no matter */
	uint8_t address;    /* enum wants_address */
	/* Which single address it asks to speak for, where the DNS is to say who may; IP_NONE: itself. */
	struct ip_addr client;
};

/* Whether the peer asks for an internal address. */
enum wants_address { ADDRESS_NO_MATTER, ADDRESS_ASKED, ADDRESS_NOT_ASKED };

/*
 * The connections that such a peer may use, best match first, whatever their
 * number: the whole database is looked at, where policy_candidates may have cut
 * the right one off. Those whose selectors have what is to be carried come
 * first, then those that meet it, then the others; of equals those for exactly
 * this identity, of these those that are for what is to be carried and no more, and those that give
 * an address to who asks for one, and none to who does not. Templates are named, not instances. Bounded by cap and by
 * POLICY_CANDIDATES_MAX; 0 leaves *why with both sides and what would have
 * matched nearly. O(1) in the number of connections for other peers and
 * identities.
 */
size_t policy_identify(struct policy *p, const struct policy_question *q, struct loaded **out,
		       size_t cap, struct diag *why);

/* How well a connection's selectors do for what is to be carried, whoever the peer is. */
enum policy_fit { FIT_NOT, FIT_PARTLY, FIT_WHOLLY, FIT_EXACTLY };
enum policy_fit policy_fit(const struct loaded *l, const struct policy_question *q);

/*
 * The instance of template `t` for this peer, which came to our address `local`: an
 * existing one of its present version for the same identity, addresses and port, else a
 * new one, which keeps that version. So it is where an end is more than one host and the
 * peer is not between the two addresses of the connection itself; else, for a connection
 * that is no template, it is the connection itself.
 */
MUST_CHECK enum cyg_err policy_instantiate(struct policy *p, struct loaded *t,
					   const struct ip_addr *local,
					   const struct endpoint *remote,
					   const struct ident *remote_id, struct loaded **ret);

/*
 * Who we are to a peer that came to our address `local`: as described, else that address where
 * our end may be several. *ret is an own reference.
 */
MUST_CHECK enum cyg_err policy_identity_at(const struct loaded *l, const struct ip_addr *local,
					   const struct ident **ret);

/*
 * policy_instantiate in a group that asks the DNS, for a peer that speaks for `client`.
 */
MUST_CHECK enum cyg_err policy_instantiate_for(struct policy *p, struct loaded *t,
					       const struct ip_addr *local,
					       const struct endpoint *remote,
					       const struct ident *remote_id,
					       const struct ip_addr *client,
					       struct loaded **ret);

/*
 * The instance for packets from `own` (IP_NONE: from any address of ours) to `client`, whoever will
 * speak for that: who is there is expected until policy_set_gateway says otherwise.
 */
MUST_CHECK enum cyg_err policy_seek(struct policy *p, struct loaded *t,
				    const struct ip_addr *client, const struct ip_addr *own,
				    const struct ident *id, struct loaded **ret);
/* Its peer is at `gateway`, and calls itself `id`. */
void policy_set_gateway(struct policy *p, struct loaded *l, const struct ip_addr *gateway,
			const struct ident *id);

/* Whether policy_release would forget it: an instance whose last SA has gone and that nothing is due for. */
bool policy_is_spent(const struct loaded *l);
/* Forget it then, entries and all. Others are left alone. */
void policy_release(struct policy *p, struct loaded *l, struct actions *out);

/* ---- SPD: one owner for each selector ---- */

/*
 * Ask for the selectors for `l`; they become its spd_local and spd_remote.
 * CYG_CONFLICT when another connection owns one of the pairs for another peer, or has
 * the route to a destination of theirs where one alone of the two goes through an interface;
 * *why names it. An older instance of the same identity, or another connection
 * to the same peer, gives way: its entry stands on behind the new one, and is
 * in force again should the new one go first. An entry that is no tunnel stands
 * behind those that are, and a template's behind those of instances and of permanent
 * connections. While `l` is protected, a
 * claim for another child adds to what is in force where it can. CYG_STATE
 * when a set is empty. On an error nothing has changed.
 */
MUST_CHECK enum cyg_err policy_claim(struct policy *p, struct loaded *l,
				     const struct ts_set *local, const struct ts_set *remote,
				     struct diag *why);

/*
 * Put the plane's entry (and routes) for `l` in state `s`: adds POLICY_SET,
 * ROUTE_SET and removals. SPD_PROTECT is for what was claimed last, with a trap
 * beneath it for the rest of a routed connection; all other states are for the
 * connection's own selectors, and SPD_NONE gives all claims back. `op`, which
 * may be 0, goes on the entry's POLICY_SET; with it routes of which nobody heard whether they
 * stand are asked for again. What comes is set before what goes
 * is removed.
 */
void policy_set_spd(struct policy *p, struct loaded *l, enum spd_state s, uint32_t op,
		    struct actions *out);
/*
 * The plane refused a ROUTE_SET of the last policy_set_spd: the next one asks for the routes of
 * `l` again, which it else takes for set.
 */
void policy_route_refused(struct loaded *l);

/*
 * The peer gave our end these: from the next policy_set_spd on this host is to have the
 * addresses (ACT_ADDRESS_SET, ahead of the routes), and what it sends into the tunnel
 * comes from them. CYG_NOMEM changes nothing.
 */
MUST_CHECK enum cyg_err policy_take_internal(struct loaded *l, const struct internal *given);

/* They are in force no more; l->internal still says what they were, to be asked for again. */
void policy_drop_internal(struct policy *p, struct loaded *l, struct actions *out);

/* Which packets of a direction its entry is for, beside its selectors. */
struct packet_scope policy_scope(const struct loaded *l, enum sa_dir dir);

/* The order of its entry among all that stand, the lowest first; 0 when none stands. */
uint32_t policy_entry_priority(const struct loaded *l);

/*
 * Whose entry lies behind that of `l` for one of the same selector pairs, so that it is in
 * force when `l` lets go of it; NULL: nobody's.
 */
const struct loaded *policy_behind(const struct policy *p, const struct loaded *l);

/*
 * Whose entry is in force for one of the selector pairs of `l`, in front of its own; NULL:
 * nobody's.
 */
const struct loaded *policy_ahead(const struct policy *p, const struct loaded *l);

/* Whether its own end moved since its entry was set; its entry is to be set anew then. */
bool policy_has_moved(const struct loaded *l);

/*
 * The state an entry falls back to when its last SA has gone: while routed, the
 * shunt of its type, the failure shunt if it `failed` and has one, or the trap;
 * else none. A group's peer that failed has one in any case, if only to drop.
 */
enum spd_state policy_resting(const struct loaded *l, bool failed);

/* The connection of a plane policy id, either of its two (ACQUIRE); NULL if it has gone. O(1). */
struct loaded *policy_by_policy_id(const struct policy *p, uint32_t policy_id);

/* ---- desired state ---- */

/* It came up: forget failures. */
void policy_came_up(struct policy *p, struct loaded *l);

/*
 * A try failed or an up connection was lost. Decides by want_up and keying_tries
 * whether to try again, and when: 5 s, 10, 20, ... 300 s with up to 10 % fuzz;
 * a lost connection starts at once. True when it will; then retry_at is set.
 */
bool policy_failed(struct policy *p, struct loaded *l, nsec now, bool was_up);

/* A try failed, and another one would: none follows until somebody asks anew. */
void policy_give_up(struct policy *p, struct loaded *l);

/*
 * Come back to it at `at`, though it need not be up: the failure shunt then has
 * stood long enough. NSEC_NEVER takes it back.
 */
void policy_come_back(struct policy *p, struct loaded *l, nsec at);

/* The earliest retry, or NSEC_NEVER; and the connection whose retry is due at `now`, or NULL (its retry is cleared). */
nsec policy_deadline(const struct policy *p);
struct loaded *policy_due(struct policy *p, nsec now);

#endif
