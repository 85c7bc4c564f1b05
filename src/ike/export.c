/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"
#include "base/reader.h"
#include "crypto/alg.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/protect.h"
#include "ike/suites.h"
#include "ike/tell.h"
#include "ike/updown.h"
#include "policy/pool.h"

#include <stdlib.h>
#include <string.h>

/*
 * An established IKE SA and its children as octets. Times travel as spans,
 * since clocks differ. Nothing that was ever used with a key may be used
 * again: the IKE SA's IV counter leaps by 2^32; an outbound child goes on
 * beyond what it can have sent, or, when it is too old to be sure of that, is
 * left out; and every imported child that was to be installed is rekeyed at
 * once. Leaps add up when it is imported again before that is done.
 *
 * Layout: big-endian, in the order of put_sa below. A reader of another
 * version refuses it whole.
 */
#define EXPORT_MAGIC 0x4379676eu
#define EXPORT_VERSION 4
#define EXPORT_MAX ((size_t)8 << 20)
#define NO_TIME UINT64_MAX

#define IV_LEAP (UINT64_C(1) << 32)
#define SEQUENCE_LEAP_ESN (UINT64_C(1) << 30)
#define SEQUENCE_LEAP (UINT64_C(1) << 28)
#define SEQUENCE_LAST (UINT64_C(1) << 31) /* without ESN no leap begins beyond this */
#define PACKETS_PER_SECOND_MAX 300000u    /* of one SA, that the leap allows for */

/* ---- writing ---- */

static void put_bytes(struct builder *b, struct view v)
{
	build_u32(b, (uint32_t)v.len);
	build_view(b, v);
}

static void put_endpoint(struct builder *b, const struct endpoint *e)
{
	build_u8(b, e->addr.family);
	build_view(b, view_of(e->addr.octets, 16));
	build_u16(b, e->port);
}

static void put_ident(struct builder *b, const struct ident *id)
{
	build_u8(b, id->type);
	put_bytes(b, ident_view(id));
}

static void put_chosen(struct builder *b, const struct chosen *c)
{
	build_u8(b, c->protocol);
	build_u8(b, c->number);
	build_u8(b, c->esn);
	build_u16(b, c->encr);
	build_u16(b, c->key_bits);
	build_u16(b, c->integ);
	build_u16(b, c->prf);
	build_u16(b, c->ke);
}

/* A moment as the span until then, or since then. */
static void put_until(struct builder *b, const struct ike *ike, nsec at)
{
	build_u64(b, at == NSEC_NEVER ? NO_TIME : at > ike->now ? at - ike->now : 0);
}

static void put_since(struct builder *b, const struct ike *ike, nsec at)
{
	build_u64(b, at <= ike->now ? ike->now - at : 0);
}

static void put_keys(struct builder *b, const struct ike_keys *k)
{
	build_u8(b, k->prf_len);
	build_u8(b, k->encr_len);
	build_u8(b, k->integ_len);
	build_view(b, view_of(k->d, k->prf_len));
	build_view(b, view_of(k->i.encr, k->encr_len));
	build_view(b, view_of(k->r.encr, k->encr_len));
	build_view(b, view_of(k->i.integ, k->integ_len));
	build_view(b, view_of(k->r.integ, k->integ_len));
}

static void put_ts(struct builder *b, const struct ts_set *s)
{
	build_u16(b, (uint16_t)s->len);
	for (size_t i = 0; i < s->len; i++) {
		const struct ts *t = &s->items[i];

		build_u8(b, t->range.first.family);
		build_view(b, view_of(t->range.first.octets, 16));
		build_view(b, view_of(t->range.last.octets, 16));
		build_u16(b, t->port_first);
		build_u16(b, t->port_last);
		build_u8(b, t->proto);
	}
}

/* What is true of a connection beyond its description. */
#define OF_TEMPLATE 1u
#define WANTED 2u
#define ROUTED 4u

static void put_connection(struct builder *b, const struct loaded *l)
{
	uint8_t flags = 0;

	if (l->template_of)
		flags |= OF_TEMPLATE;
	if (l->want_up)
		flags |= WANTED;
	if (l->routed)
		flags |= ROUTED;
	put_bytes(b, view_str(l->connection->name));
	build_u8(b, flags);
}

static void put_child(struct builder *b, const struct child_sa *child)
{
	size_t keys = 2u * (child->encr_len + child->integ_len);

	put_connection(b, child->loaded);
	build_u32(b, child->spi_in);
	build_u32(b, child->spi_out);
	build_u32(b, child->reqid);
	build_u8(b, child->mode);
	build_u8(b, child->installed);
	build_u8(b, child->initiator);
	build_u8(b, (uint8_t)(child->encap | child->unpadded << 1 | child->has_clones << 2));
	build_u32(b, child->processor);
	build_u16(b, child->cpi_in);
	build_u16(b, child->cpi_out);
	build_u64(b, child->first_sequence);
	put_chosen(b, &child->chosen);
	put_ts(b, &child->ts_local);
	put_ts(b, &child->ts_remote);
	build_u8(b, child->encr_len);
	build_u8(b, child->integ_len);
	build_view(b, view_of(child->keys, keys));
	put_since(b, child->ike, child->established_at);
	put_until(b, child->ike, child->at[CT_REKEY]);
	put_until(b, child->ike, child->at[CT_EXPIRE]);
}

/* Of either family, or none. */
static void put_pair(struct builder *b, const struct ip_addr addr[2])
{
	for (int i = 0; i < 2; i++) {
		build_u8(b, addr[i].family);
		build_view(b, view_of(addr[i].octets, 16));
	}
}

static void put_servers(struct builder *b, const struct ip_addr *list, uint8_t len)
{
	build_u8(b, len);
	for (uint8_t i = 0; i < len; i++) {
		build_u8(b, list[i].family);
		build_view(b, view_of(list[i].octets, 16));
	}
}

/* Internal addresses, ours and those of the peer's end. */
static void put_internal(struct builder *b, const struct ike_sa *sa)
{
	const struct internal *own = sa->internal;

	build_u8(b, own != NULL);
	if (own) {
		put_pair(b, own->addr);
		put_servers(b, own->dns, own->dns_len);
		put_servers(b, own->wins, own->wins_len);
		put_bytes(b, view_str(own->domains));
		put_bytes(b, view_str(own->banner));
	}
	build_u8(b, sa->assigned != NULL);
	if (sa->assigned)
		put_pair(b, sa->assigned->addr);
}

static void put_sa(struct builder *b, const struct ike_sa *sa)
{
	uint16_t children = 0;

	build_u32(b, EXPORT_MAGIC);
	build_u8(b, EXPORT_VERSION);
	put_connection(b, sa->loaded);
	build_u8(b, sa->initiator);
	build_u64(b, sa->spi_own);
	build_u64(b, sa->spi_peer);
	put_endpoint(b, &sa->local);
	put_endpoint(b, &sa->remote);
	build_u32(b, sa->realm);
	build_u8(b, (uint8_t)(sa->nat.supported | sa->nat.local << 1 | sa->nat.remote << 2 |
			      sa->nat.encap << 3 | sa->fragmenting.agreed << 4 |
			      sa->fragmenting.sent << 5 | sa->fragmenting.small << 6 |
			      sa->ppk << 7));
	put_ident(b, sa->local_id);
	put_ident(b, sa->remote_id);
	put_bytes(b, view_str(sa->our_proof ? sa->our_proof : ""));
	put_bytes(b, view_str(sa->peer_proof ? sa->peer_proof : ""));
	put_chosen(b, &sa->chosen);
	put_keys(b, &sa->keys);
	build_u64(b, sa->iv_next);
	build_u32(b, sa->window.next_out);
	build_u32(b, sa->window.next_in);
	put_bytes(b, view_bytes(&sa->window.reply));
	build_u64(b, sa->window.replied_to);
	put_internal(b, sa);
	put_since(b, sa->ike, sa->established_at);
	put_until(b, sa->ike, sa->at[T_REKEY]);
	put_until(b, sa->ike, sa->at[T_EXPIRE]);
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		children++;
	build_u16(b, children);
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		put_child(b, child);
}

/* Nothing under way, in either window or with any child. */
static bool at_rest(const struct ike_sa *sa)
{
	if (sa->state != SA_UP || !sa->loaded || sa->closing || sa->window.ours ||
	    sa->window.theirs || !list_empty(&sa->window.tasks))
		return false;
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (child->state != CHILD_UP || !child->loaded || !list_empty(&child->ops))
			return false;
	return true;
}

enum cyg_err ike_export(const struct ike *ike, uint64_t serial, struct bytes *ret)
{
	const struct ike_sa *sa = sa_by_serial(ike, serial);

	if (!sa)
		return CYG_NOTFOUND;
	if (!at_rest(sa))
		return CYG_STATE;
	for (size_t cap = 4096; cap <= EXPORT_MAX; cap *= 2) {
		struct bytes out = {malloc(cap), cap};
		struct builder b;

		if (!out.ptr)
			return CYG_NOMEM;
		b = builder_of(out.ptr, out.len);
		put_sa(&b, sa);
		if (!b.bad) {
			bool copied = bytes_copy(ret, build_done(&b));

			bytes_wipe(&out);
			return copied ? CYG_OK : CYG_NOMEM;
		}
		bytes_wipe(&out);
	}
	return CYG_LIMIT;
}

/* ---- reading ---- */

static struct view get_bytes(struct reader *r)
{
	uint32_t len = read_u32(r);

	return read_view(r, len);
}

static struct ip_addr get_addr(struct reader *r, uint8_t family)
{
	struct ip_addr a = {.family = family};

	read_copy(r, a.octets, 16);
	if (family != IP_V4 && family != IP_V6)
		read_fail(r);
	return a;
}

static struct endpoint get_endpoint(struct reader *r)
{
	struct endpoint e;

	e.addr = get_addr(r, read_u8(r));
	e.port = read_u16(r);
	return e;
}

static enum cyg_err get_ident(struct reader *r, const struct ident **ret, struct diag *why)
{
	uint8_t type = read_u8(r);
	struct view data = get_bytes(r);

	return r->bad ? CYG_SHORT : ident_from_wire(type, data, ret, why);
}

/* NULL: there are none, or memory is short. */
static char *get_words(struct reader *r)
{
	struct view v = get_bytes(r);

	return r->bad || !v.len ? NULL : strndup((const char *)v.ptr, v.len);
}

static struct chosen get_chosen(struct reader *r)
{
	struct chosen c;

	c.protocol = read_u8(r);
	c.number = read_u8(r);
	c.esn = read_u8(r);
	c.encr = read_u16(r);
	c.key_bits = read_u16(r);
	c.integ = read_u16(r);
	c.prf = read_u16(r);
	c.ke = read_u16(r);
	return c;
}

static nsec get_until(struct reader *r, nsec now)
{
	uint64_t span = read_u64(r);

	return span > NSEC_NEVER - now ? NSEC_NEVER : now + span;
}

static nsec get_since(struct reader *r, nsec now)
{
	uint64_t span = read_u64(r);

	return span < now ? now - span : 0;
}

static void get_keys(struct reader *r, struct ike_keys *k)
{
	k->prf_len = read_u8(r);
	k->encr_len = read_u8(r);
	k->integ_len = read_u8(r);
	if (k->prf_len > PRF_LEN_MAX || k->encr_len > SUITE_ENCR_MAX ||
	    k->integ_len > SUITE_INTEG_MAX) {
		read_fail(r);
		return;
	}
	read_copy(r, k->d, k->prf_len);
	read_copy(r, k->i.encr, k->encr_len);
	read_copy(r, k->r.encr, k->encr_len);
	read_copy(r, k->i.integ, k->integ_len);
	read_copy(r, k->r.integ, k->integ_len);
}

static enum cyg_err get_ts(struct reader *r, struct ts_set *ret)
{
	size_t n = read_u16(r);
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < n && !r->bad && !err; i++) {
		struct ts t = {0};
		uint8_t family = read_u8(r);

		t.range.first = get_addr(r, family);
		t.range.last = get_addr(r, family);
		t.port_first = read_u16(r);
		t.port_last = read_u16(r);
		t.proto = read_u8(r);
		err = r->bad ? CYG_SHORT : ts_set_add(ret, &t);
	}
	return err;
}

static enum cyg_err instantiate(struct ike *ike, struct loaded *t, const struct ike_sa *sa,
				struct loaded **ret)
{
	if (connection_asks_dns(t->connection))
		return policy_instantiate_for(ike->policy, t, &sa->local.addr, &sa->remote,
					      sa->remote_id, &sa->remote.addr, ret);
	return policy_instantiate(ike->policy, t, &sa->local.addr, &sa->remote, sa->remote_id,
				  ret);
}

/* The place that an export names; an instance is made anew for its peer. */
static struct loaded *get_connection(struct reader *r, struct ike *ike, const struct ike_sa *sa,
				     struct diag *why)
{
	struct view name = get_bytes(r);
	uint8_t flags = read_u8(r);
	char text[256] = "";
	struct loaded *l;

	if (r->bad || name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	l = policy_find(ike->policy, text);
	if (l && flags & OF_TEMPLATE && instantiate(ike, l, sa, &l))
		l = NULL;
	if (!l) {
		diag_set(why, "no-connection", NULL,
			 "the exported SA's connection %s is not loaded", text);
		return NULL;
	}
	l->want_up |= (flags & WANTED) != 0;
	l->routed |= (flags & ROUTED) != 0;
	return l;
}

/* ---- taking up ---- */

struct import {
	struct ike *ike;
	nsec now;
	bool install;
	struct reader r;
	struct diag *why;
};

static enum cyg_err malformed(struct import *in)
{
	diag_set(in->why, "bad-export", NULL,
		 "these octets are not an exported IKE SA of this version");
	return CYG_MALFORMED;
}

/* Each is of its family, or none. */
static void get_pair(struct reader *r, struct ip_addr addr[2])
{
	for (int i = 0; i < 2; i++) {
		addr[i].family = read_u8(r);
		read_copy(r, addr[i].octets, 16);
		if (addr[i].family && addr[i].family != (i ? IP_V6 : IP_V4))
			read_fail(r);
	}
}

static uint8_t get_servers(struct reader *r, struct ip_addr list[INTERNAL_SERVERS_MAX])
{
	uint8_t len = read_u8(r);

	if (len > INTERNAL_SERVERS_MAX) {
		read_fail(r);
		return 0;
	}
	for (uint8_t i = 0; i < len; i++)
		list[i] = get_addr(r, read_u8(r));
	return len;
}

static void get_text(struct reader *r, char *out, size_t cap)
{
	struct view v = get_bytes(r);

	if (v.len >= cap)
		read_fail(r);
	else if (v.len)
		memcpy(out, v.ptr, v.len);
}

static enum cyg_err read_internal(struct reader *r, struct ike_sa *sa)
{
	if (read_u8(r)) {
		sa->internal = calloc(1, sizeof(*sa->internal));
		if (!sa->internal)
			return CYG_NOMEM;
		get_pair(r, sa->internal->addr);
		sa->internal->dns_len = get_servers(r, sa->internal->dns);
		sa->internal->wins_len = get_servers(r, sa->internal->wins);
		get_text(r, sa->internal->domains, sizeof(sa->internal->domains));
		get_text(r, sa->internal->banner, sizeof(sa->internal->banner));
	}
	if (read_u8(r)) {
		sa->assigned = calloc(1, sizeof(*sa->assigned));
		if (!sa->assigned)
			return CYG_NOMEM;
		get_pair(r, sa->assigned->addr);
	}
	return CYG_OK;
}

/* What the SA itself holds, without its connection. */
static enum cyg_err read_sa(struct import *in, struct ike_sa *sa)
{
	struct reader *r = &in->r;
	uint8_t nat;
	enum cyg_err err;

	sa->initiator = read_u8(r);
	sa->lineage = sa->serial;
	err = sa_take_spi(sa, read_u64(r));
	sa->spi_peer = read_u64(r);
	sa->local = get_endpoint(r);
	sa->remote = get_endpoint(r);
	sa->realm = read_u32(r);
	nat = read_u8(r);
	sa->nat = (struct nat){nat & 1, nat >> 1 & 1, nat >> 2 & 1, nat >> 3 & 1};
	sa->fragmenting = (struct fragmenting){nat >> 4 & 1, nat >> 5 & 1, nat >> 6 & 1};
	sa->ppk = nat >> 7 & 1;
	if (!err)
		err = get_ident(r, &sa->local_id, in->why);
	if (!err)
		err = get_ident(r, &sa->remote_id, in->why);
	if (err)
		return err;
	sa->our_proof = get_words(r);
	sa->peer_proof = get_words(r);
	sa->chosen = get_chosen(r);
	get_keys(r, &sa->keys);
	sa->iv_next = read_u64(r) + IV_LEAP;
	sa->window.next_out = read_u32(r);
	sa->window.next_in = read_u32(r);
	if (!bytes_copy(&sa->window.reply, get_bytes(r)))
		return CYG_NOMEM;
	sa->window.replied_to = read_u64(r);
	err = read_internal(r, sa);
	if (err)
		return err;
	sa->established_at = get_since(r, in->now);
	if (r->bad || suite_of_chosen(&sa->chosen, ALG_FOR_IKE, &sa->suite) ||
	    sa->suite.encr_len != sa->keys.encr_len ||
	    sa->suite.integ_len != sa->keys.integ_len)
		return malformed(in);
	return CYG_OK;
}

static enum cyg_err read_child_keys(struct import *in, struct child_sa *child)
{
	struct reader *r = &in->r;
	struct suite suite;
	size_t len;

	child->encr_len = read_u8(r);
	child->integ_len = read_u8(r);
	if (r->bad || suite_of_chosen(&child->chosen, ALG_FOR_ESP, &suite) ||
	    suite.encr_len != child->encr_len || suite.integ_len != child->integ_len)
		return malformed(in);
	len = 2u * (child->encr_len + child->integ_len);
	child->keys = malloc(len);
	if (!child->keys)
		return CYG_NOMEM;
	read_copy(r, child->keys, len);
	return r->bad ? malformed(in) : CYG_OK;
}

static enum cyg_err read_child(struct import *in, struct child_sa *child)
{
	struct reader *r = &in->r;
	enum cyg_err err = child_take_spi(child, read_u32(r));
	uint8_t flags;

	child_set_spi_out(child, read_u32(r));
	child->reqid = read_u32(r);
	child->mode = read_u8(r);
	child->installed = read_u8(r) & (CHILD_IN | CHILD_OUT);
	child->initiator = read_u8(r);
	flags = read_u8(r);
	child->encap = flags & 1;
	child->unpadded = flags & 2;
	child->has_clones = flags & 4;
	child->processor = read_u32(r);
	child->cpi_in = read_u16(r);
	child->cpi_out = read_u16(r);
	child->first_sequence = read_u64(r);
	child->chosen = get_chosen(r);
	if (!err)
		err = get_ts(r, &child->ts_local);
	if (!err)
		err = get_ts(r, &child->ts_remote);
	if (!err)
		err = read_child_keys(in, child);
	return err;
}

static uint64_t leap_of(const struct child_sa *child)
{
	return child->chosen.esn ? SEQUENCE_LEAP_ESN : SEQUENCE_LEAP;
}

/* Whether it cannot have sent more than the leap jumps over. */
static bool leap_is_safe(const struct import *in, const struct child_sa *child)
{
	nsec age = in->now - child->established_at;

	if (!child->chosen.esn && child->first_sequence > SEQUENCE_LAST)
		return false;
	return age / NSEC_PER_SEC * PACKETS_PER_SECOND_MAX < leap_of(child);
}

static void restore(struct import *in, struct child_sa *child)
{
	struct task t = {.kind = EX_REKEY_CHILD, .child = child->serial};
	bool out = child->installed & CHILD_OUT && leap_is_safe(in, child);
	uint32_t op = op_new(in->ike, OP_IMPORT_IN, child, &child->ops);

	child->installed = 0;
	child->first_sequence += leap_of(child);
	if (op && child_install(child, SA_IN, op))
		in->ike->out->bad = true;
	op = out ? op_new(in->ike, OP_IMPORT_OUT, child, &child->ops) : 0;
	if (op && child_install(child, SA_OUT, op))
		in->ike->out->bad = true;
	if (task_add(child->sa, &t))
		in->ike->out->bad = true;
}

/* The child with its connection, its times and its place in the SPD. */
static enum cyg_err import_child(struct import *in, struct ike_sa *sa)
{
	struct loaded *l = get_connection(&in->r, in->ike, sa, in->why);
	struct child_sa *child = l ? child_new(sa, l) : NULL;
	nsec rekey, expire;
	enum cyg_err err;

	if (!l)
		return CYG_NOTFOUND;
	if (!child)
		return CYG_NOMEM;
	err = read_child(in, child);
	if (err) {
		child->installed = 0;
		child_discard(child);
		return err;
	}
	child_establish(child);
	child->established_at = get_since(&in->r, in->now);
	rekey = get_until(&in->r, in->now);
	expire = get_until(&in->r, in->now);
	timers_child_resume(child, rekey, expire);
	return CYG_OK;
}

/* The peer's addresses are taken out of their pools again, where these still have them. */
static void lease_again(struct ike_sa *sa)
{
	struct assigned *given = sa->assigned;

	for (int i = 0; given && i < 2; i++) {
		struct diag why;

		if (!ip_is_set(&given->addr[i]) ||
		    policy_lease(sa->ike->policy, sa->loaded, given->addr[i].family,
				 sa->remote_id, &given->addr[i], &given->leases[i], &why))
			continue;
		if (ip_equal(lease_addr(given->leases[i]), &given->addr[i]))
			continue;
		policy_lease_release(sa->ike->policy, given->leases[i]);
		given->leases[i] = NULL;
	}
}

/* All or nothing: SAs of a failed import are forgotten without a trace in the plane. */
static void forget(struct ike_sa *sa)
{
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		child->installed = 0;
	sa_free(sa);
}

static void put_in_place(struct import *in, struct ike_sa *sa)
{
	struct policy *policy = in->ike->policy;

	LIST_EACH(child, &sa->children, struct child_sa, of_sa) {
		struct loaded *l = child->loaded;
		bool moved = child->reqid != l->reqid;

		/* The plane's SAs of another reqid would not serve the connection's entry. */
		if (moved && !in->install)
			child_uninstall(child);
		child->reqid = l->reqid;
		child->number = l->policy_id;
		if (sa->internal && policy_take_internal(l, sa->internal))
			in->ike->out->bad = true;
		if (in->install || moved)
			restore(in, child);
		if (l->spd != SPD_PROTECT &&
		    !policy_claim(policy, l, &child->ts_local, &child->ts_remote, in->why))
			updown_adopt(in->ike, l, child);
	}
}

static enum cyg_err import_sa(struct import *in, struct ike_sa *sa, struct view connection)
{
	nsec rekey, expire;
	enum cyg_err err = read_sa(in, sa);
	struct reader again = reader_of(connection);
	struct loaded *l;
	size_t children;

	if (err)
		return err;
	l = get_connection(&again, in->ike, sa, in->why);
	if (!l)
		return CYG_NOTFOUND;
	sa_set_loaded(sa, l);
	lease_again(sa);
	rekey = get_until(&in->r, in->now);
	expire = get_until(&in->r, in->now);
	sa_enter(sa, SA_UP);
	timers_sa_resume(sa, rekey, expire);
	children = read_u16(&in->r);
	for (size_t i = 0; i < children && !err; i++)
		err = import_child(in, sa);
	if (!err && !read_done(&in->r))
		err = malformed(in);
	return err;
}

static enum cyg_err why_refused(struct import *in, enum cyg_err err)
{
	if (in->r.bad)
		return malformed(in);
	if (err == CYG_EXISTS)
		diag_set(in->why, "spi-in-use", NULL,
			 "an SA of these SPIs stands here already");
	return err;
}

enum cyg_err ike_import(struct ike *ike, struct view octets, nsec now, bool install,
			struct actions *out, struct diag *why)
{
	struct import in = {ike, now, install, reader_of(octets), why};
	const uint8_t *name_at;
	struct ike_sa *sa;
	enum cyg_err err;

	if (read_u32(&in.r) != EXPORT_MAGIC || read_u8(&in.r) != EXPORT_VERSION)
		return malformed(&in);
	name_at = in.r.at;
	get_bytes(&in.r);
	read_u8(&in.r);
	if (in.r.bad)
		return malformed(&in);
	ike->now = now;
	ike->out = out;
	sa = sa_new(ike, true);
	if (!sa)
		return CYG_NOMEM;
	err = import_sa(&in, sa, view_of(name_at, (size_t)(in.r.at - name_at)));
	if (err) {
		forget(sa);
		return why_refused(&in, err);
	}
	peer_join(sa);
	put_in_place(&in, sa);
	return CYG_OK;
}
