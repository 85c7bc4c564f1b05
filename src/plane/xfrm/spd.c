/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/spd.h"

#include "base/array.h"
#include "plane/xfrm/pairs.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/*
 * A pair of the kernel's, and who wants it: best first. Of those that are for the same packets
 * of a direction (their scope) the first one's policy is in the kernel.
 */
struct row {
	struct xfrm_pair pair; /* key */
	struct claim *claims;
	UT_hash_handle hh;
};

struct claim {
	struct entry *entry;
	struct row *row;
	struct claim *next; /* in the row */
	uint32_t number;    /* of this run */
	/*
	 * By direction: the kernel's policy of the pair and scope is ours since this one was there,
	 * and has this index; 0: it is not.
	 */
	uint32_t index[XFRM_POLICY_FWD + 1];
	uint8_t seen; /* bits of directions: it is in the kernel's list, while that is read */
};

struct entry {
	uint32_t id;
	struct xfrm_rule rule;
	size_t len;
	struct entry *next; /* of the same reqid */
	UT_hash_handle hh;
	struct claim claims[];
};

/* The entries that ask for states of a reqid. */
struct asking {
	uint32_t reqid; /* key */
	struct entry *first;
	UT_hash_handle hh;
};

/* A request of this change: what was to be set, or NULL for a removal. */
struct sent {
	struct claim *claim;
	uint8_t dir;
	bool exists; /* there is one already, whose nobody knows */
};

struct xfrm_spd {
	struct netlink_batch batch;
	struct netlink_first outcome; /* of the requests of one change */
	struct sent *sent;
	size_t sent_len, sent_cap, answered; /* of all that this batch ever sent */
	struct row *rows;
	struct entry *entries;
	struct asking *asking;
	uint32_t numbers; /* of claims so far */
	bool kept;        /* what protects stays in the kernel */
	bool doubted; /* what is thought to be there may be gone, and another's in its place */
	bool closing; /* nobody asks what became of a request any more */
};

static void take_answer(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	struct xfrm_spd *s = ctx;
	struct sent *sent;

	if (s->closing)
		return;
	sent = &s->sent[at - s->answered];
	if (err == CYG_EXISTS && sent->claim) {
		sent->exists = true;
		return;
	}
	if (!err)
		return;
	if (sent->claim)
		sent->claim->index[sent->dir] = 0;
	netlink_keep_first(&s->outcome, at, err, why);
}

struct xfrm_spd *xfrm_spd_new(struct netlink *nl, uint32_t number)
{
	struct xfrm_spd *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (netlink_batch_begin(&s->batch, nl, "change a policy")) {
		free(s);
		return NULL;
	}
	s->batch.answer = take_answer;
	s->batch.ctx = s;
	s->numbers = number;
	return s;
}

/* ---- what is there already ---- */

static const struct packet_scope *scope_in(const struct claim *c, uint8_t dir);

static int take_index(const struct nlmsghdr *m, void *ret)
{
	struct xfrm_userpolicy_info info;

	if (m->nlmsg_type == XFRM_MSG_NEWPOLICY && netlink_record(m, &info, sizeof(info)))
		*(uint32_t *)ret = info.index;
	return MNL_CB_OK;
}

static enum cyg_err refuse(const struct claim *c, uint8_t dir, struct diag *why)
{
	static const char *const names[] = {
		[XFRM_POLICY_IN] = "in", [XFRM_POLICY_OUT] = "out", [XFRM_POLICY_FWD] = "fwd"};
	bool out = dir == XFRM_POLICY_OUT;
	char source[IP_TEXT_MAX], destination[IP_TEXT_MAX];

	prefix_print(out ? &c->row->pair.local : &c->row->pair.remote, source);
	prefix_print(out ? &c->row->pair.remote : &c->row->pair.local, destination);
	diag_set(
		why, "policy-taken", NULL,
		"another program has a policy in the kernel for these packets: src %s dst %s dir %s",
		source, destination, names[dir]);
	diag_hint(why,
		  "ip xfrm policy shows it; remove it (ip xfrm policy delete with these words) "
		  "and bring the connection up again");
	return CYG_CONFLICT;
}

/* One that an earlier run of ours left is replaced; what others set is not. */
static enum cyg_err replace_ours(struct xfrm_spd *s, struct claim *c, uint8_t dir,
				 struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = message_policy_id(&storage, XFRM_MSG_GETPOLICY, dir, &c->row->pair,
					       scope_in(c, dir));
	uint32_t index = 0;
	enum cyg_err err = netlink_ask_for(s->batch.to, m, take_index, &index, s->batch.what,
					   why);

	/* Where it has just gone the other one's place is free. */
	if (err && err != CYG_NOTFOUND)
		return err;
	if (!err && !xfrm_is_ours(index))
		return refuse(c, dir, why);
	diag_clear(why);
	if (err)
		index = message_index_of(c->number, dir);
	m = message_new_policy(&storage, dir, &c->row->pair, &c->entry->rule, index);
	m->nlmsg_type = err ? XFRM_MSG_NEWPOLICY : XFRM_MSG_UPDPOLICY;
	c->index[dir] = index;
	return netlink_ask(s->batch.to, m, s->batch.what, why);
}

static void look_whose(struct xfrm_spd *s, const struct sent *sent)
{
	struct diag why;
	enum cyg_err err;

	if (!sent->exists)
		return;
	diag_clear(&why);
	err = replace_ours(s, sent->claim, sent->dir, &why);
	if (!err)
		return;
	sent->claim->index[sent->dir] = 0;
	netlink_keep_first(&s->outcome, 0, err, &why);
}

/* Have the kernel carry out all that was pushed since the last time. */
static enum cyg_err settle(struct xfrm_spd *s, struct diag *why)
{
	enum cyg_err err;

	s->outcome.why = why;
	netlink_batch_flush(&s->batch);
	for (size_t i = 0; i < s->sent_len; i++)
		look_whose(s, &s->sent[i]);
	s->answered += s->sent_len;
	s->sent_len = 0;
	err = s->outcome.err;
	s->outcome = (struct netlink_first){0};
	return err;
}

/* ---- rows and their claims ---- */

static struct row *find_row(const struct xfrm_spd *s, const struct xfrm_pair *pair)
{
	struct row *row;

	HASH_FIND(hh, s->rows, pair, sizeof(*pair), row);
	return row;
}

static struct row *make_row(struct xfrm_spd *s, const struct xfrm_pair *pair)
{
	struct row *row = find_row(s, pair);

	if (row)
		return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	memcpy(&row->pair, pair, sizeof(*pair)); /* with its gaps */
	HASH_ADD(hh, s->rows, pair, sizeof(row->pair), row);
	if (!row->hh.tbl) {
		free(row);
		return NULL;
	}
	return row;
}

/* Of equal priorities the newer one comes first: an entry set anew stands before its old self. */
static void add_claim(struct claim *c)
{
	struct claim **at = &c->row->claims;

	while (*at && (*at)->entry->rule.priority < c->entry->rule.priority)
		at = &(*at)->next;
	c->next = *at;
	*at = c;
}

static void take_claim(struct xfrm_spd *s, struct claim *c)
{
	struct claim **at = &c->row->claims;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
}

static void drop_row(struct xfrm_spd *s, struct row *row)
{
	if (row->claims)
		return;
	HASH_DEL(s->rows, row);
	free(row);
}

static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_FWD, XFRM_POLICY_OUT};

#define DIRECTIONS (sizeof(directions) / sizeof(directions[0]))

/* The scope of a claim in a direction. */
static const struct packet_scope *scope_in(const struct claim *c, uint8_t dir)
{
	return &c->entry->rule.scope[message_side(dir)];
}

/* The one that is in force for packets of a scope. */
static struct claim *head_of(const struct row *row, uint8_t dir,
			     const struct packet_scope *scope)
{
	struct claim *c = row->claims;

	while (c && !scope_equal(scope_in(c, dir), scope))
		c = c->next;
	return c;
}

static bool is_head(const struct claim *c, uint8_t dir)
{
	return head_of(c->row, dir, scope_in(c, dir)) == c;
}

/* The index of the kernel's policy of ours for the packets of a direction and scope; 0: it has none. */
static uint32_t index_there(const struct row *row, uint8_t dir,
			    const struct packet_scope *scope)
{
	const struct claim *c = row->claims;

	while (c && !(c->index[dir] && scope_equal(scope_in(c, dir), scope)))
		c = c->next;
	return c ? c->index[dir] : 0;
}

/* Keep in mind what is asked for, until the answer comes. */
static bool remember(struct xfrm_spd *s, struct claim *c, uint8_t dir)
{
	struct sent *more;

	if (s->closing)
		return true;
	more = array_grow(s->sent, s->sent_len, &s->sent_cap, sizeof(*more));
	if (!more)
		return false;
	s->sent = more;
	more[s->sent_len++] = (struct sent){c, dir, false};
	return true;
}

static void ask(struct xfrm_spd *s, struct nlmsghdr *m, struct claim *c, uint8_t dir)
{
	if (!remember(s, c, dir)) {
		s->outcome.err = s->outcome.err ? s->outcome.err : CYG_NOMEM;
		return;
	}
	netlink_batch_add(&s->batch, m);
}

/*
 * Ask the kernel for what the best claim of a direction and scope says, in place of ours that is
 * there by an index, or anew (0). Ours goes by that index: what stands for the same selectors may
 * be another's by now.
 */
static void push(struct xfrm_spd *s, const struct row *row, uint8_t dir,
		 const struct packet_scope *scope, uint32_t there)
{
	struct claim *head = head_of(row, dir, scope);
	struct netlink_request storage;
	struct nlmsghdr *m;

	if (!head && !there)
		return;
	if (!head) {
		ask(s, message_remove_policy(&storage, dir, there, scope), NULL, dir);
		return;
	}
	head->index[dir] = there ? there : message_index_of(head->number, dir);
	m = message_new_policy(&storage, dir, &row->pair, &head->entry->rule, head->index[dir]);
	/* In doubt it is asked for anew, and if there is one already, whose that is. */
	if (there && !s->doubted)
		m->nlmsg_type = XFRM_MSG_UPDPOLICY;
	ask(s, m, head, dir);
}

/* Add a claim, and have the kernel follow it. What comes in is set before what goes out. */
static void push_claim(struct xfrm_spd *s, struct claim *c)
{
	add_claim(c);
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (is_head(c, directions[i]))
			push(s, c->row, directions[i], scope_in(c, directions[i]),
			     index_there(c->row, directions[i], scope_in(c, directions[i])));
}

/* Take one back; where it was in force the next one is, or nothing. */
static void retract_claim(struct xfrm_spd *s, struct claim *c)
{
	bool headed[DIRECTIONS];
	uint32_t there[DIRECTIONS];

	for (size_t i = 0; i < DIRECTIONS; i++) {
		headed[i] = is_head(c, directions[i]);
		there[i] = index_there(c->row, directions[i], scope_in(c, directions[i]));
	}
	take_claim(s, c);
	for (size_t i = 0; i < DIRECTIONS; i++)
		if (headed[i])
			push(s, c->row, directions[i], scope_in(c, directions[i]), there[i]);
	drop_row(s, c->row);
}

/* ---- entries ---- */

static struct entry *entry_new(struct xfrm_spd *s, const struct plane_policy *p, size_t cap)
{
	struct entry *e = calloc(1, sizeof(*e) + cap * sizeof(e->claims[0]));

	if (!e)
		return NULL;
	e->id = p->id;
	e->rule = (struct xfrm_rule){
		.kind = p->kind,
		.mode = p->mode,
		.protocol = p->protocol,
		.compress = p->compress,
		.clear_in = p->clear_in,
		.spread = p->spread,
		.priority = p->priority,
		.reqid = p->reqid,
		.scope = {p->scope[SA_IN], p->scope[SA_OUT]},
		.local = p->local.addr,
		.remote = p->remote.addr,
		.device = p->device,
	};
	return e;
}

/* Take back the claims of an entry; those of rows that it headed are pushed. */
static void retract(struct xfrm_spd *s, struct entry *e)
{
	for (size_t i = 0; i < e->len; i++)
		retract_claim(s, &e->claims[i]);
	e->len = 0;
}

/* The same, at once. That the kernel has something no longer is fine. */
static enum cyg_err entry_leave(struct xfrm_spd *s, struct entry *e)
{
	enum cyg_err err;

	retract(s, e);
	err = settle(s, NULL);
	return err == CYG_NOTFOUND ? CYG_OK : err;
}

static bool is_claimed(const struct row *row, const struct entry *e)
{
	const struct claim *c = row->claims;

	while (c && c->entry != e)
		c = c->next;
	return c;
}

/* Claim every pair. When one fails, all are given back and the kernel is as before. */
static enum cyg_err entry_claim(struct xfrm_spd *s, struct entry *e, const struct pair_side *local,
				const struct pair_side *remote, struct diag *why)
{
	struct xfrm_pair pair;

	s->outcome.why = why;
	for (size_t i = 0; i < local->len; i++) {
		for (size_t k = 0; k < remote->len; k++) {
			struct claim *c = &e->claims[e->len];

			if (!pair_join(&local->items[i], &remote->items[k], &pair))
				continue;
			c->entry = e;
			c->row = make_row(s, &pair);
			if (!c->row) {
				(void)settle(s, NULL);
				return CYG_NOMEM;
			}
			if (is_claimed(c->row, e))
				continue;
			c->number = s->numbers++;
			e->len++;
			push_claim(s, c);
		}
	}
	return settle(s, why);
}

static enum cyg_err build(struct xfrm_spd *s, const struct plane_policy *p, struct entry **ret,
			  struct diag *why)
{
	struct pair_side local = {0}, remote = {0};
	enum cyg_err err = pair_side_cut(&p->ts_local, &local, why);
	struct entry *e = NULL;

	if (!err)
		err = pair_side_cut(&p->ts_remote, &remote, why);
	if (!err && local.len * remote.len > PAIRS_MAX)
		err = CYG_LIMIT;
	if (err == CYG_LIMIT)
		diag_set(why, "selector-kernel", NULL,
			 "these selectors would be more than %u policies of the kernel",
			 PAIRS_MAX);
	if (!err) {
		e = entry_new(s, p, local.len * remote.len);
		err = e ? entry_claim(s, e, &local, &remote, why) : CYG_NOMEM;
	}
	pair_side_done(&local);
	pair_side_done(&remote);
	if (err && e) {
		(void)entry_leave(s, e);
		free(e);
	}
	if (!err)
		*ret = e;
	return err;
}

/* ---- the entries ---- */

static struct asking *find_asking(const struct xfrm_spd *s, uint32_t reqid)
{
	struct asking *a;

	HASH_FIND_INT(s->asking, &reqid, a);
	return a;
}

static struct entry *first_asking(const struct xfrm_spd *s, uint32_t reqid)
{
	struct asking *a = find_asking(s, reqid);

	return a ? a->first : NULL;
}

static struct asking *make_asking(struct xfrm_spd *s, uint32_t reqid)
{
	struct asking *a = find_asking(s, reqid);

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->reqid = reqid;
	HASH_ADD_INT(s->asking, reqid, a);
	if (a->hh.tbl)
		return a;
	free(a);
	return NULL;
}

static bool note_entry(struct xfrm_spd *s, struct entry *e)
{
	struct asking *a = make_asking(s, e->rule.reqid);

	if (!a)
		return false;
	HASH_ADD_INT(s->entries, id, e);
	if (e->hh.tbl) {
		e->next = a->first;
		a->first = e;
	} else if (!a->first) {
		HASH_DEL(s->asking, a);
		free(a);
	}
	return e->hh.tbl;
}

static void strike_entry(struct xfrm_spd *s, struct entry *e)
{
	struct asking *a = find_asking(s, e->rule.reqid);
	struct entry **at = &a->first;

	HASH_DEL(s->entries, e);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (a->first)
		return;
	HASH_DEL(s->asking, a);
	free(a);
}

static bool stays(const struct xfrm_spd *s, const struct entry *e)
{
	return s->kept && e->rule.kind != POLICY_PASS;
}

enum cyg_err xfrm_spd_set(struct xfrm_spd *s, const struct plane_policy *p, struct diag *why)
{
	struct entry *old, *e;
	enum cyg_err err;

	HASH_FIND_INT(s->entries, &p->id, old);
	if (old && stays(s, old))
		return CYG_OK;
	err = build(s, p, &e, why);
	if (err)
		return err;
	if (!note_entry(s, e)) {
		(void)entry_leave(s, e);
		free(e);
		return CYG_NOMEM;
	}
	if (old) {
		strike_entry(s, old);
		(void)entry_leave(s, old);
		free(old);
	}
	return CYG_OK;
}

/* Have the kernel follow an entry's claims that are in force. */
static void push_again(struct xfrm_spd *s, const struct entry *e)
{
	for (size_t i = 0; i < e->len; i++) {
		const struct claim *c = &e->claims[i];

		for (size_t k = 0; k < DIRECTIONS; k++)
			if (is_head(c, directions[k]))
				push(s, c->row, directions[k], scope_in(c, directions[k]),
				     index_there(c->row, directions[k],
						 scope_in(c, directions[k])));
	}
}

enum cyg_err xfrm_spd_move(struct xfrm_spd *s, uint32_t reqid, const struct ip_addr *local,
			   const struct ip_addr *remote, struct diag *why)
{
	for (struct entry *e = first_asking(s, reqid); e; e = e->next) {
		struct xfrm_rule *r = &e->rule;

		if (!ip_is_set(&r->local) || !ip_is_set(&r->remote) ||
		    (ip_equal(&r->local, local) && ip_equal(&r->remote, remote)))
			continue;
		r->local = *local;
		r->remote = *remote;
		push_again(s, e);
	}
	return settle(s, why);
}

enum cyg_err xfrm_spd_remove(struct xfrm_spd *s, uint32_t id)
{
	struct entry *e;
	enum cyg_err err;

	HASH_FIND_INT(s->entries, &id, e);
	if (!e)
		return CYG_NOTFOUND;
	if (stays(s, e))
		return CYG_OK;
	strike_entry(s, e);
	err = entry_leave(s, e);
	free(e);
	return err;
}

void xfrm_spd_keep(struct xfrm_spd *s)
{
	s->kept = true;
}

/* Give its claims back; the kernel's policies are as they are. */
static void forget(struct xfrm_spd *s, struct entry *e)
{
	for (size_t i = 0; i < e->len; i++) {
		take_claim(s, &e->claims[i]);
		drop_row(s, e->claims[i].row);
	}
}

void xfrm_spd_free(struct xfrm_spd *s)
{
	struct entry *e, *next;

	if (!s)
		return;
	s->closing = true;
	HASH_ITER(hh, s->entries, e, next) {
		if (stays(s, e))
			continue;
		strike_entry(s, e);
		retract(s, e);
		free(e);
	}
	(void)settle(s, NULL);
	HASH_ITER(hh, s->entries, e, next) {
		strike_entry(s, e);
		forget(s, e);
		free(e);
	}
	netlink_batch_end(&s->batch);
	free(s->sent);
	free(s);
}

/* ---- what others removed ---- */

static void unsee(void *ctx)
{
	struct xfrm_spd *s = ctx;

	for (struct row *row = s->rows; row; row = row->hh.next)
		for (struct claim *c = row->claims; c; c = c->next)
			c->seen = 0;
}

static int see(const struct nlmsghdr *m, void *ctx)
{
	const struct xfrm_spd *s = ctx;
	struct xfrm_userpolicy_info info;
	struct packet_scope scope;
	struct xfrm_pair pair;
	const struct row *row;
	struct claim *head;

	if (m->nlmsg_type != XFRM_MSG_NEWPOLICY || !netlink_record(m, &info, sizeof(info)) ||
	    info.dir > XFRM_POLICY_FWD || !message_pair_of(&info.sel, info.dir, &pair))
		return MNL_CB_OK;
	row = find_row(s, &pair);
	scope = message_scope_of(m, sizeof(info));
	head = row ? head_of(row, info.dir, &scope) : NULL;
	if (head && head->index[info.dir] == info.index)
		head->seen |= (uint8_t)(1u << info.dir);
	return MNL_CB_OK;
}

/* What is no longer ours is so from now on, also where another's stands in its place. */
static size_t push_unseen(struct xfrm_spd *s, const struct claim *c)
{
	size_t pushed = 0;

	for (size_t i = 0; i < DIRECTIONS; i++) {
		if (!is_head(c, directions[i]) || c->seen & 1u << directions[i])
			continue;
		push(s, c->row, directions[i], scope_in(c, directions[i]), 0);
		pushed++;
	}
	return pushed;
}

void xfrm_spd_doubt(struct xfrm_spd *s)
{
	s->doubted = true;
}

enum cyg_err xfrm_spd_restore(struct xfrm_spd *s, size_t *ret_missing, struct diag *why)
{
	const struct netlink_dump dump = {see, unsee, s};
	struct netlink_request storage;
	enum cyg_err err = netlink_ask_all(s->batch.to,
					   netlink_begin(&storage, XFRM_MSG_GETPOLICY, 0),
					   &dump, why);
	size_t missing = 0;

	if (err)
		return err;
	s->outcome.why = why;
	for (const struct row *row = s->rows; row; row = row->hh.next)
		for (const struct claim *c = row->claims; c; c = c->next)
			missing += push_unseen(s, c);
	err = settle(s, why);
	if (!err || err == CYG_CONFLICT)
		s->doubted = false;
	if (!err)
		*ret_missing = missing;
	return err;
}

uint32_t xfrm_spd_owner(const struct xfrm_spd *s, const struct xfrm_pair *pair, uint8_t dir,
			const struct packet_scope *scope)
{
	const struct row *row = find_row(s, pair);
	const struct claim *head = row ? head_of(row, dir, scope) : NULL;

	return head ? head->entry->id : 0;
}

bool xfrm_spd_has(const struct xfrm_spd *s, uint32_t id)
{
	const struct entry *e;

	HASH_FIND_INT(s->entries, &id, e);
	return e;
}

uint32_t xfrm_spd_of_reqid(const struct xfrm_spd *s, uint32_t reqid)
{
	uint32_t found = 0;

	for (const struct entry *e = first_asking(s, reqid); e; e = e->next) {
		if (e->rule.kind == POLICY_TRAP)
			return e->id;
		if (e->rule.kind == POLICY_PROTECT)
			found = e->id;
	}
	return found;
}

size_t xfrm_spd_count(const struct xfrm_spd *s)
{
	return HASH_COUNT(s->entries);
}

size_t xfrm_spd_memory(const struct xfrm_spd *s)
{
	size_t octets = HASH_OVERHEAD(hh, s->entries) + HASH_OVERHEAD(hh, s->rows) +
			HASH_COUNT(s->rows) * sizeof(struct row) +
			HASH_OVERHEAD(hh, s->asking) +
			HASH_COUNT(s->asking) * sizeof(struct asking);

	for (const struct entry *e = s->entries; e; e = e->hh.next)
		octets += sizeof(*e) + e->len * sizeof(e->claims[0]);
	return octets;
}
