/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/sad.h"

#include "base/secret.h"
#include "plane/xfrm/moved.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

struct spi_key {
	uint32_t dir, spi;
};

/* The states of one direction and SPI: two peers may have chosen the same. */
struct spi_row {
	struct spi_key key;
	struct xfrm_sa *first;
	UT_hash_handle hh;
};

struct xfrm_sad {
	struct netlink *nl;
	struct xfrm_kernel kernel;
	struct spi_row *rows;
	uint32_t numbers; /* of states so far */
	size_t count[2];
};

struct xfrm_sad *xfrm_sad_new(struct netlink *nl, const struct xfrm_kernel *kernel)
{
	struct xfrm_sad *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->nl = nl;
	s->kernel = *kernel;
	return s;
}

static const struct ip_addr *destination_of(const struct xfrm_sa *sa)
{
	return sa->dir == SA_OUT ? &sa->remote.addr : &sa->local.addr;
}

static struct spi_row *row_of(const struct xfrm_sad *s, uint8_t dir, uint32_t spi)
{
	struct spi_key key = {dir, spi};
	struct spi_row *row;

	HASH_FIND(hh, s->rows, &key, sizeof(key), row);
	return row;
}

/* The IPComp state of an SA that has one, as if it were an SA of its own. */
static struct xfrm_sa ipcomp_of(const struct xfrm_sa *sa)
{
	struct xfrm_sa c = *sa;

	c.protocol = PROTO_IPCOMP;
	c.spi = sa->cpi;
	c.cpi = 0;
	c.encap = false;
	return c;
}

static struct xfrm_state_id id_of(const struct xfrm_sa *sa)
{
	return (struct xfrm_state_id){destination_of(sa), sa->spi, sa->protocol, sa->mark};
}

/* Tell the kernel to forget a state; that it has done so already is fine. */
static enum cyg_err remove_state(struct xfrm_sad *s, const struct xfrm_sa *sa)
{
	struct netlink_request storage;
	struct xfrm_state_id id = id_of(sa);
	struct nlmsghdr *m = message_sa_id(&storage, XFRM_MSG_DELSA, &id);
	enum cyg_err err = netlink_ask(s->nl, m, "remove an SA", NULL);

	return err == CYG_NOTFOUND ? CYG_OK : err;
}

/* The state and what stands beside it. */
static enum cyg_err remove_states(struct xfrm_sad *s, const struct xfrm_sa *sa)
{
	enum cyg_err err = remove_state(s, sa), other = CYG_OK;
	struct xfrm_sa comp;

	if (sa->cpi) {
		comp = ipcomp_of(sa);
		other = remove_state(s, &comp);
	}
	return err ? err : other;
}

/* Ask for it together with others; one by one where memory is short. */
static void remove_among(struct xfrm_sad *s, struct netlink_batch *batch,
			 const struct xfrm_sa *sa)
{
	struct xfrm_state_id id = id_of(sa);
	struct netlink_request storage;

	if (!batch->octets) {
		(void)remove_states(s, sa);
		return;
	}
	netlink_batch_add(batch, message_sa_id(&storage, XFRM_MSG_DELSA, &id));
	if (!sa->cpi)
		return;
	id.spi = sa->cpi;
	id.protocol = PROTO_IPCOMP;
	netlink_batch_add(batch, message_sa_id(&storage, XFRM_MSG_DELSA, &id));
}

void xfrm_sad_free(struct xfrm_sad *s)
{
	struct spi_row *row, *next;
	struct netlink_batch batch;
	enum cyg_err unused;

	if (!s)
		return;
	unused = netlink_batch_begin(&batch, s->nl, "remove an SA");
	(void)unused;
	HASH_ITER(hh, s->rows, row, next) {
		while (row->first) {
			struct xfrm_sa *sa = row->first;

			row->first = sa->same;
			remove_among(s, &batch, sa);
			free(sa);
		}
		HASH_DEL(s->rows, row);
		free(row);
	}
	netlink_batch_end(&batch);
	free(s);
}

/* ---- adding ---- */

/* The row of a new SA, made when it is the first; NULL when memory is short. */
static struct spi_row *make_row(struct xfrm_sad *s, uint8_t dir, uint32_t spi)
{
	struct spi_row *row = row_of(s, dir, spi);

	if (row)
		return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->key = (struct spi_key){dir, spi};
	HASH_ADD(hh, s->rows, key, sizeof(row->key), row);
	if (!row->hh.tbl) {
		free(row);
		return NULL;
	}
	return row;
}

static void drop_row(struct xfrm_sad *s, struct spi_row *row)
{
	if (row->first)
		return;
	HASH_DEL(s->rows, row);
	free(row);
}

static enum cyg_err add_ipcomp(struct xfrm_sad *s, const struct plane_sa *sa, struct diag *why)
{
	struct netlink_request storage;

	if (!sa->cpi)
		return CYG_OK;
	return netlink_ask(s->nl, message_new_ipcomp(&storage, sa, s->numbers++, &s->kernel),
			   "add an IPComp state", why);
}

static void remove_ipcomp(struct xfrm_sad *s, const struct plane_sa *sa)
{
	struct xfrm_sa kept = {.dir = sa->dir,
			       .cpi = sa->cpi,
			       .mark = sa->scope.mark,
			       .local = sa->local,
			       .remote = sa->remote};
	struct xfrm_sa comp = ipcomp_of(&kept);

	if (sa->cpi)
		(void)remove_state(s, &comp);
}

static enum cyg_err add_state(struct xfrm_sad *s, const struct plane_sa *sa, struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m;
	enum cyg_err err = message_new_sa(&storage, sa, s->numbers++, &s->kernel, &m, why);

	if (!err)
		err = netlink_ask(s->nl, m, "add an SA", why);
	secret_wipe(&storage, sizeof(storage));
	return err;
}

/* Both or none. */
static enum cyg_err add_states(struct xfrm_sad *s, const struct plane_sa *sa, struct diag *why)
{
	enum cyg_err err = add_ipcomp(s, sa, why);

	if (err)
		return err;
	err = add_state(s, sa, why);
	if (err)
		remove_ipcomp(s, sa);
	return err;
}

enum cyg_err xfrm_sad_add(struct xfrm_sad *s, const struct plane_sa *sa, struct diag *why)
{
	struct xfrm_sa *kept = calloc(1, sizeof(*kept));
	struct spi_row *row = kept ? make_row(s, sa->dir, sa->spi) : NULL;
	enum cyg_err err = row ? add_states(s, sa, why) : CYG_NOMEM;

	if (err) {
		free(kept);
		if (row)
			drop_row(s, row);
		return err;
	}
	*kept = (struct xfrm_sa){
		.dir = sa->dir,
		.protocol = sa->protocol,
		.encap = sa->encap,
		.cpi = sa->cpi,
		.spi = sa->spi,
		.reqid = sa->reqid,
		.mark = sa->scope.mark,
		.local = sa->local,
		.remote = sa->remote,
		.same = row->first,
	};
	row->first = kept;
	s->count[sa->dir == SA_OUT]++;
	return CYG_OK;
}

/* ---- finding ---- */

/* The place that points at the SA of `ref`; it points at NULL when there is none. */
static struct xfrm_sa **place_of(struct spi_row *row, const struct sa_ref *ref)
{
	struct xfrm_sa **at = &row->first;

	/* One alone is meant, whatever its addresses have become, but for another's number. */
	if (*at && !(*at)->same && (!ref->reqid || (*at)->reqid == ref->reqid))
		return at;
	while (*at && (ref->reqid ? (*at)->reqid != ref->reqid
				  : !ip_equal(&(*at)->remote.addr, &ref->remote.addr)))
		at = &(*at)->same;
	return at;
}

static struct xfrm_sa *find_ref(const struct xfrm_sad *s, const struct sa_ref *ref)
{
	struct spi_row *row = row_of(s, ref->dir, ref->spi);

	return row ? *place_of(row, ref) : NULL;
}

const struct xfrm_sa *xfrm_sad_find(const struct xfrm_sad *s, const struct xfrm_id *id,
				    uint16_t family, const struct packet_mark *mark)
{
	struct ip_addr destination = xfrm_ip(&id->daddr, family);

	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		const struct spi_row *row = row_of(s, dir, ntohl(id->spi));

		for (const struct xfrm_sa *sa = row ? row->first : NULL; sa; sa = sa->same)
			if (xfrm_proto(sa->protocol) == id->proto &&
			    ip_equal(destination_of(sa), &destination) &&
			    (!mark || mark_equal(&sa->mark, mark)))
				return sa;
	}
	return NULL;
}

enum cyg_err xfrm_sad_remove(struct xfrm_sad *s, const struct sa_ref *ref)
{
	struct spi_row *row = row_of(s, ref->dir, ref->spi);
	struct xfrm_sa **at = row ? place_of(row, ref) : NULL, *sa = at ? *at : NULL;
	enum cyg_err err;

	if (!sa)
		return CYG_NOTFOUND;
	err = remove_states(s, sa);
	*at = sa->same;
	s->count[sa->dir == SA_OUT]--;
	free(sa);
	drop_row(s, row);
	return err;
}

/* ---- what the kernel knows of one ---- */

/* A state as the kernel tells it, whole: its keys are in it. */
struct state_copy {
	size_t len;
	_Alignas(uint64_t) uint8_t octets[STATE_MAX];
};

static int copy_state(const struct nlmsghdr *m, void *ctx)
{
	struct state_copy *c = ctx;

	if (m->nlmsg_type != XFRM_MSG_NEWSA || m->nlmsg_len > sizeof(c->octets) ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct xfrm_usersa_info))
		return MNL_CB_OK;
	memcpy(c->octets, m, m->nlmsg_len);
	c->len = m->nlmsg_len;
	return MNL_CB_OK;
}

static enum cyg_err read_state(struct xfrm_sad *s, const struct xfrm_sa *sa,
			       struct state_copy *ret, struct diag *why)
{
	struct netlink_request storage;
	struct xfrm_state_id id = id_of(sa);
	struct nlmsghdr *m = message_sa_id(&storage, XFRM_MSG_GETSA, &id);
	enum cyg_err err;

	ret->len = 0;
	err = netlink_ask_for(s->nl, m, copy_state, ret, "read an SA", why);
	return err ? err : ret->len ? CYG_OK : CYG_MALFORMED;
}

static nsec monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec)t.tv_sec * NSEC_PER_SEC + (nsec)t.tv_nsec;
}

/* The kernel tells the second of the wall clock in which it was last used. */
static nsec last_used(const struct nlattr *a)
{
	uint64_t used, now = (uint64_t)time(NULL);
	nsec ago;

	if (!a || mnl_attr_get_payload_len(a) < sizeof(used))
		return 0;
	memcpy(&used, mnl_attr_get_payload(a), sizeof(used));
	if (!used)
		return 0;
	ago = used < now ? (now - used) * NSEC_PER_SEC : 0;
	return ago < monotonic() ? monotonic() - ago : 1;
}

enum cyg_err xfrm_sad_query(struct xfrm_sad *s, const struct sa_ref *ref,
			    struct plane_counters *ret)
{
	const struct xfrm_sa *sa = find_ref(s, ref);
	const struct nlattr *at[XFRMA_LASTUSED + 1];
	const struct xfrm_usersa_info *info;
	struct state_copy c;
	enum cyg_err err = sa ? read_state(s, sa, &c, NULL) : CYG_NOTFOUND;

	if (err)
		return err;
	info = mnl_nlmsg_get_payload((struct nlmsghdr *)c.octets);
	netlink_attrs((struct nlmsghdr *)c.octets, sizeof(*info), at, XFRMA_LASTUSED);
	*ret = (struct plane_counters){
		.bytes = info->curlft.bytes,
		.packets = info->curlft.packets,
		.replayed = (uint64_t)info->stats.replay + info->stats.replay_window,
		.bad_auth = info->stats.integrity_failed,
		.last_used = last_used(at[XFRMA_LASTUSED]),
	};
	secret_wipe(&c, sizeof(c));
	return CYG_OK;
}

bool xfrm_sad_is_offloaded(struct xfrm_sad *s, const struct sa_ref *ref)
{
	const struct xfrm_sa *sa = find_ref(s, ref);
	const struct nlattr *at[XFRMA_OFFLOAD_DEV + 1];
	struct state_copy c;

	if (!sa || read_state(s, sa, &c, NULL))
		return false;
	netlink_attrs((struct nlmsghdr *)c.octets, sizeof(struct xfrm_usersa_info), at,
		      XFRMA_OFFLOAD_DEV);
	secret_wipe(&c, sizeof(c));
	return at[XFRMA_OFFLOAD_DEV];
}

/* ---- moving ---- */

static bool has_same_addresses(const struct xfrm_sa *a, const struct xfrm_sa *b)
{
	return ip_equal(&a->local.addr, &b->local.addr) &&
	       ip_equal(&a->remote.addr, &b->remote.addr);
}

/* A copy of a state, for where it is to be. */
static struct nlmsghdr *moved(struct moved_storage *storage, uint16_t type, uint16_t flags,
			      const struct state_copy *c, const struct xfrm_sa *to)
{
	const struct sa_ref ref = {.dir = to->dir,
				   .local = to->local,
				   .remote = to->remote,
				   .encap = to->encap};

	return message_moved(storage, type, flags, (const struct nlmsghdr *)c->octets, &ref);
}

/* One that the kernel has expired just now is gone already. */
static void hear_replaced(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	if (at || err != CYG_NOTFOUND)
		netlink_keep_first(ctx, at, err, why);
}

/*
 * Addresses name a state: one goes and the other comes, in one datagram, so that the kernel does
 * without one for no longer than it takes to set it up.
 */
static enum cyg_err replace_state(struct xfrm_sad *s, const struct xfrm_sa *from,
				  const struct state_copy *c, const struct xfrm_sa *to,
				  struct diag *why)
{
	struct netlink_first first = {.why = why};
	struct xfrm_state_id id = id_of(from);
	struct netlink_request old;
	struct moved_storage now;
	struct netlink_batch batch;
	enum cyg_err err = netlink_batch_begin(&batch, s->nl, "move an SA");

	if (err)
		return err;
	batch.answer = hear_replaced;
	batch.ctx = &first;
	netlink_batch_add(&batch, message_sa_id(&old, XFRM_MSG_DELSA, &id));
	netlink_batch_add(&batch,
			  moved(&now, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, c, to));
	netlink_batch_end(&batch);
	secret_wipe(&now, sizeof(now));
	return first.err;
}

/*
 * RFC 7296 2.23: where a NAT gave the peer another port the kernel changes its state, and no packet
 * meets none.
 */
static enum cyg_err change_ports(struct xfrm_sad *s, const struct state_copy *c,
				 const struct xfrm_sa *to, struct diag *why)
{
	struct moved_storage now;
	enum cyg_err err = netlink_ask(s->nl, moved(&now, XFRM_MSG_UPDSA, 0, c, to),
				       "change the ports of an SA", why);

	secret_wipe(&now, sizeof(now));
	return err;
}

static enum cyg_err move_state(struct xfrm_sad *s, const struct xfrm_sa *from,
			       const struct xfrm_sa *to, struct diag *why)
{
	bool stays = has_same_addresses(from, to) && from->encap == to->encap;
	struct state_copy c;
	enum cyg_err err;

	if (stays && !to->encap)
		return CYG_OK;
	err = read_state(s, from, &c, why);
	if (err)
		return err;
	err = stays ? change_ports(s, &c, to, why) : replace_state(s, from, &c, to, why);
	secret_wipe(&c, sizeof(c));
	return err;
}

enum cyg_err xfrm_sad_move(struct xfrm_sad *s, const struct sa_ref *ref, struct diag *why)
{
	struct xfrm_sa *sa = find_ref(s, ref);
	struct xfrm_sa to, comp, comp_to;
	enum cyg_err err = CYG_OK;

	if (!sa)
		return CYG_NOTFOUND;
	to = *sa;
	to.local = ref->local;
	to.remote = ref->remote;
	to.encap = ref->encap;
	if (sa->cpi) {
		comp = ipcomp_of(sa);
		comp_to = ipcomp_of(&to);
		err = move_state(s, &comp, &comp_to, why);
	}
	if (!err)
		err = move_state(s, sa, &to, why);
	if (!err)
		*sa = to;
	return err;
}

void xfrm_sad_mark(struct xfrm_sad *s, const struct xfrm_sa *sa)
{
	((struct xfrm_sa *)sa)->marked = true; /* it is ours, and s is not const */
}

void xfrm_sad_unmark(struct xfrm_sad *s)
{
	for (struct spi_row *row = s->rows; row; row = row->hh.next)
		for (struct xfrm_sa *sa = row->first; sa; sa = sa->same)
			sa->marked = false;
}

bool xfrm_sad_each_unmarked(const struct xfrm_sad *s,
			    bool (*each)(void *ctx, const struct xfrm_sa *sa), void *ctx)
{
	bool more = true;

	for (const struct spi_row *row = s->rows; row; row = row->hh.next)
		for (const struct xfrm_sa *sa = row->first; sa && more; sa = sa->same)
			more = sa->marked || each(ctx, sa);
	return more;
}

size_t xfrm_sad_count(const struct xfrm_sad *s, uint8_t dir)
{
	return s->count[dir == SA_OUT];
}

size_t xfrm_sad_memory(const struct xfrm_sad *s)
{
	return HASH_COUNT(s->rows) * sizeof(struct spi_row) +
	       (s->count[0] + s->count[1]) * sizeof(struct xfrm_sa) +
	       HASH_OVERHEAD(hh, s->rows);
}
