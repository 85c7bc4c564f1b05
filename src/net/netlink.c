/* SPDX-License-Identifier: Apache-2.0 */
/* Asking netlink: one request, one answer; or one request and a table. */
#include "net/netlink.h"

#include "base/secret.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX 65536
#define DUMP_TRIES 8
#define OVERRUNS_MAX 8 /* of one socket for one request */

enum cyg_err netlink_error(int number)
{
	switch (number) {
	case 0:
		return CYG_OK;
	case EEXIST:
		return CYG_EXISTS;
	case ENOENT:
	case ESRCH:
	case ENODEV:
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case EHOSTUNREACH:
		return CYG_NOTFOUND;
	case EPERM:
	case EACCES:
		return CYG_PERM;
	case ENOMEM:
	case ENOBUFS:
		return CYG_NOMEM;
	case EOPNOTSUPP:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return CYG_UNSUPPORTED;
	default:
		return CYG_IO;
	}
}

uint8_t netlink_family(enum ip_family family)
{
	if (family == IP_V4)
		return AF_INET;
	return family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

static enum cyg_err refuse(struct diag *why, int number, const char *what,
			   const char *kernel_says)
{
	diag_set(why, "netlink-refused", NULL, "the kernel refused to %s", what);
	if (kernel_says)
		diag_got(why, "%s: %s", strerror(number), kernel_says);
	else
		diag_got(why, "%s", strerror(number));
	if (number == EPERM)
		diag_hint(why, "run it as root, or with CAP_NET_ADMIN");
	return netlink_error(number);
}

enum cyg_err netlink_open(struct netlink *r, int protocol, unsigned groups, struct diag *why)
{
	int yes = 1;

	r->sequence = 0;
	r->protocol = protocol;
	r->nl = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!r->nl)
		return refuse(why, errno, "open a netlink socket", NULL);
	if (mnl_socket_bind(r->nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		int number = errno;

		netlink_close(r);
		return refuse(why, number, "bind a netlink socket", NULL);
	}
	/* Older kernels lack these two, and we can do without them. */
	(void)mnl_socket_setsockopt(r->nl, NETLINK_EXT_ACK, &yes, sizeof(yes));
	(void)mnl_socket_setsockopt(r->nl, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes));
	return CYG_OK;
}

void netlink_close(struct netlink *r)
{
	if (r->nl)
		mnl_socket_close(r->nl);
	r->nl = NULL;
}

uint32_t netlink_port(const struct netlink *r)
{
	return r->nl ? mnl_socket_get_portid(r->nl) : 0;
}

void netlink_put_ip(struct nlmsghdr *m, uint16_t type, const struct ip_addr *a)
{
	struct view v = ip_view(a);

	if (v.len)
		mnl_attr_put(m, type, v.len, v.ptr);
}

struct nlmsghdr *netlink_begin(struct netlink_request *storage, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(storage->octets);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	return m;
}

/* The kernel's own words in an answer (NLMSGERR_ATTR_MSG), or NULL. */
static const char *words_of(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t skip = sizeof(*e);
	struct nlattr *a;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (skip > mnl_nlmsg_get_payload_len(m))
		return NULL;
	mnl_attr_for_each(a, m, skip)
	{
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	}
	return NULL;
}

bool netlink_fits(const struct nlmsghdr *m, int len)
{
	return mnl_nlmsg_ok(m, len) && m->nlmsg_len <= (unsigned)len;
}

static enum cyg_err send_request(struct netlink *r, struct nlmsghdr *m, const char *what,
				 struct diag *why)
{
	m->nlmsg_seq = ++r->sequence;
	m->nlmsg_pid = netlink_port(r); /* xfrm's notices name what was written here */
	if (mnl_socket_sendto(r->nl, m, m->nlmsg_len) < 0)
		return refuse(why, errno, what, NULL);
	return CYG_OK;
}

struct asking {
	const char *what;
	struct diag *why;
	mnl_cb_t each; /* may be NULL */
	void *ctx;
};

/* The answer in one datagram; CYG_AGAIN when it was for an earlier request, or is to come. */
static enum cyg_err read_answer(struct netlink *r, const char *octets, int len,
				const struct asking *q)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
	const struct nlmsgerr *e;

	if (!netlink_fits(m, len) || m->nlmsg_seq != r->sequence)
		return CYG_AGAIN;
	if (m->nlmsg_type != NLMSG_ERROR) {
		if (q->each)
			(void)q->each(m, q->ctx);
		return CYG_AGAIN;
	}
	if (mnl_nlmsg_get_payload_len(m) < sizeof(*e))
		return refuse(q->why, EBADMSG, q->what, NULL);
	e = mnl_nlmsg_get_payload(m);
	return e->error ? refuse(q->why, -e->error, q->what, words_of(m)) : CYG_OK;
}

/* Wait, and read one answer after the other. *lost: one may have been dropped. */
static enum cyg_err await_answer(struct netlink *r, const struct asking *q, bool *lost)
{
	_Alignas(struct nlmsghdr) char octets[8192];
	enum cyg_err err = CYG_AGAIN;

	*lost = false;
	while (err == CYG_AGAIN && !*lost) {
		ssize_t len = mnl_socket_recvfrom(r->nl, octets, sizeof(octets));

		if (len >= 0)
			err = read_answer(r, octets, (int)len, q);
		else if (errno == ENOBUFS)
			*lost = true;
		else if (errno != EINTR)
			err = refuse(q->why, errno, q->what, NULL);
	}
	if (q->each) /* it may have been a key */
		secret_wipe(octets, sizeof(octets));
	return err;
}

/* What is there after an overrun: the answer may be among it, and else room is made for the next. */
static enum cyg_err read_rest(struct netlink *r, const struct asking *q)
{
	_Alignas(struct nlmsghdr) char octets[8192];
	enum cyg_err err = CYG_AGAIN;
	ssize_t len = 0;

	while (err == CYG_AGAIN && (len >= 0 || errno == EINTR || errno == ENOBUFS)) {
		len = recv(mnl_socket_get_fd(r->nl), octets, sizeof(octets), MSG_DONTWAIT);
		if (len >= 0)
			err = read_answer(r, octets, (int)len, q);
	}
	if (q->each)
		secret_wipe(octets, sizeof(octets));
	return err;
}

static bool is_removal(const struct netlink *r, const struct nlmsghdr *m)
{
	if (r->protocol == NETLINK_XFRM)
		return m->nlmsg_type == XFRM_MSG_DELSA || m->nlmsg_type == XFRM_MSG_DELPOLICY;
	return r->protocol == NETLINK_ROUTE &&
	       (m->nlmsg_type == RTM_DELROUTE || m->nlmsg_type == RTM_DELRULE ||
		m->nlmsg_type == RTM_DELADDR || m->nlmsg_type == RTM_DELLINK);
}

/* What the second of two equal requests comes to where the first one was done. An SPI is nobody else's. */
static bool shows_done(const struct netlink *r, const struct nlmsghdr *m, enum cyg_err err)
{
	if (err == CYG_EXISTS)
		return r->protocol == NETLINK_XFRM && m->nlmsg_type == XFRM_MSG_NEWSA;
	return err == CYG_NOTFOUND && is_removal(r, m);
}

/* `again`: it was sent before, and may have been done. */
static enum cyg_err ask(struct netlink *r, struct nlmsghdr *m, const struct asking *q,
			bool again)
{
	enum cyg_err err = CYG_AGAIN;
	bool lost;

	m->nlmsg_flags |= NLM_F_ACK;
	for (int tries = 0; err == CYG_AGAIN && tries < OVERRUNS_MAX; tries++) {
		again |= tries > 0;
		err = send_request(r, m, q->what, q->why);
		if (err)
			return err;
		err = await_answer(r, q, &lost);
		if (lost)
			err = read_rest(r, q);
	}
	if (err == CYG_AGAIN)
		return refuse(q->why, ENOBUFS, q->what, NULL);
	if (!again || !shows_done(r, m, err))
		return err;
	diag_clear(q->why);
	return CYG_OK;
}

enum cyg_err netlink_ask_for(struct netlink *r, struct nlmsghdr *m, mnl_cb_t each, void *ctx,
			     const char *what, struct diag *why)
{
	const struct asking q = {what, why, each, ctx};

	return ask(r, m, &q, false);
}

enum cyg_err netlink_ask(struct netlink *r, struct nlmsghdr *m, const char *what,
			 struct diag *why)
{
	return netlink_ask_for(r, m, NULL, NULL, what, why);
}

/* ---- many at once ---- */

enum cyg_err netlink_batch_begin(struct netlink_batch *b, struct netlink *to, const char *what)
{
	*b = (struct netlink_batch){.to = to, .what = what};
	b->octets = malloc(NETLINK_BATCH_OCTETS);
	return b->octets ? CYG_OK : CYG_NOMEM;
}

static void tell(struct netlink_batch *b, enum cyg_err err, const struct diag *why)
{
	size_t at = b->done++;

	b->waiting--;
	b->first++;
	if (b->answer)
		b->answer(b->ctx, at, err, err ? why : NULL);
}

/* All that still waits came to this. */
static void tell_rest(struct netlink_batch *b, int number)
{
	struct diag why;
	enum cyg_err err = refuse(&why, number, b->what, NULL);

	while (b->waiting)
		tell(b, err, &why);
}

/* Answers come in the order of the requests: where one is missing it was dropped. */
static void take_answer(struct netlink_batch *b, const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	enum cyg_err err;
	struct diag why;

	if (m->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(m) < sizeof(*e) ||
	    m->nlmsg_seq - b->first >= b->waiting)
		return;
	if (m->nlmsg_seq != b->first) {
		b->lost = true;
		return;
	}
	err = e->error ? refuse(&why, -e->error, b->what, words_of(m)) : CYG_OK;
	tell(b, err, &why);
}

/* Those that still wait, one by one: their answers then fit, whatever else comes. */
static void ask_rest_again(struct netlink_batch *b)
{
	uint32_t first = b->first;

	for (size_t at = 0; at < b->len;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(b->octets + at);
		struct diag why;
		const struct asking q = {.what = b->what, .why = &why};
		enum cyg_err err;

		at += MNL_ALIGN(m->nlmsg_len);
		if (m->nlmsg_seq - first >= NETLINK_BATCH_MOST)
			continue;
		diag_clear(&why);
		err = ask(b->to, m, &q, true);
		tell(b, err, &why);
	}
	b->lost = false;
}

static void read_answers(struct netlink_batch *b)
{
	_Alignas(struct nlmsghdr) char octets[8192];

	while (b->waiting && !b->lost) {
		ssize_t got = mnl_socket_recvfrom(b->to->nl, octets, sizeof(octets));
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS)
			b->lost = true;
		else if (got < 0)
			tell_rest(b, errno);
		for (; got > 0 && netlink_fits(m, len); m = mnl_nlmsg_next(m, &len))
			take_answer(b, m);
	}
}

void netlink_batch_flush(struct netlink_batch *b)
{
	if (b->waiting && mnl_socket_sendto(b->to->nl, b->octets, b->len) < 0)
		tell_rest(b, errno);
	read_answers(b);
	if (b->lost)
		ask_rest_again(b);
	secret_wipe(b->octets, b->len); /* there may be keys */
	b->len = 0;
}

void netlink_batch_add(struct netlink_batch *b, struct nlmsghdr *m)
{
	size_t need = MNL_ALIGN(m->nlmsg_len);

	if (b->len + need > NETLINK_BATCH_OCTETS || b->waiting == NETLINK_BATCH_MOST)
		netlink_batch_flush(b);
	m->nlmsg_flags |= NLM_F_ACK;
	m->nlmsg_seq = ++b->to->sequence;
	m->nlmsg_pid = netlink_port(b->to);
	if (!b->waiting++)
		b->first = m->nlmsg_seq;
	memset(b->octets + b->len, 0, need);
	memcpy(b->octets + b->len, m, m->nlmsg_len);
	b->len += need;
}

void netlink_batch_end(struct netlink_batch *b)
{
	if (b->octets)
		netlink_batch_flush(b);
	free(b->octets);
	b->octets = NULL;
}

void netlink_keep_first(void *first, size_t at, enum cyg_err err, const struct diag *why)
{
	struct netlink_first *f = first;

	if (!err || f->err)
		return;
	f->err = err;
	if (f->why)
		*f->why = *why;
}

/* ---- tables ---- */

struct table_reading {
	const struct netlink_dump *dump;
	uint32_t sequence;
	bool changed; /* the table changed while it was listed */
	bool done;
	int number; /* the errno value that ended it */
};

static void read_message(struct table_reading *t, const struct nlmsghdr *m)
{
	if (m->nlmsg_seq != t->sequence)
		return; /* of an earlier request */
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		t->changed = true;
	if (m->nlmsg_type == NLMSG_DONE) {
		t->done = true;
	} else if (m->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

		t->done = true;
		t->number = mnl_nlmsg_get_payload_len(m) < sizeof(*e) ? EBADMSG : -e->error;
	} else if (t->dump->each(m, t->dump->ctx) < 0) {
		t->number = ENOMEM; /* the rest is still read, or the next request would fail */
	}
}

/* Read one table to its end. Returns 0 or an errno value; EINTR: it changed while we read. */
static int read_table(struct netlink *r, const struct netlink_dump *d, char *octets)
{
	struct table_reading t = {.dump = d, .sequence = r->sequence};
	int overruns = 0;

	while (!t.done) {
		ssize_t got = mnl_socket_recvfrom(r->nl, octets, ANSWER_MAX);
		const struct nlmsghdr *m = (const struct nlmsghdr *)octets;
		int len = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		/* Some of it may be missing; the kernel goes on with the rest. */
		if (got < 0 && errno == ENOBUFS && ++overruns < OVERRUNS_MAX) {
			t.changed = true;
			continue;
		}
		if (got < 0)
			return errno;
		for (; netlink_fits(m, len) && !t.done; m = mnl_nlmsg_next(m, &len))
			read_message(&t, m);
	}
	return t.number ? t.number : t.changed ? EINTR : 0;
}

enum cyg_err netlink_ask_all(struct netlink *r, struct nlmsghdr *m,
			     const struct netlink_dump *d, struct diag *why)
{
	static const char what[] = "list a table";
	char *octets = malloc(ANSWER_MAX);
	enum cyg_err err = CYG_OK;
	int number = EINTR;

	if (!octets)
		return CYG_NOMEM;
	for (int tries = 0; tries < DUMP_TRIES && number == EINTR; tries++) {
		if (d->restart)
			d->restart(d->ctx);
		m->nlmsg_flags |= NLM_F_DUMP;
		err = send_request(r, m, what, why);
		if (err)
			break;
		number = read_table(r, d, octets);
	}
	free(octets);
	if (!err && number)
		err = refuse(why, number, what, NULL);
	return err;
}

bool netlink_record(const struct nlmsghdr *m, void *ret, size_t len)
{
	if (mnl_nlmsg_get_payload_len(m) < len)
		return false;
	memcpy(ret, mnl_nlmsg_get_payload(m), len);
	return true;
}

struct wanted {
	const struct nlattr **out;
	uint16_t max;
};

static int keep_attr(const struct nlattr *a, void *ctx)
{
	struct wanted *w = ctx;

	if (mnl_attr_get_type(a) <= w->max)
		w->out[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

void netlink_attrs(const struct nlmsghdr *m, size_t header_len, const struct nlattr **out,
		   uint16_t max)
{
	struct wanted w = {out, max};

	memset(out, 0, (max + 1u) * sizeof(*out));
	(void)mnl_attr_parse(m, (unsigned)header_len, keep_attr, &w);
}

struct ip_addr netlink_ip(const struct nlattr *a)
{
	if (!a)
		return (struct ip_addr){0};
	return ip_from_view(view_of(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)));
}

uint32_t netlink_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? mnl_attr_get_u32(a) : 0;
}

uint8_t netlink_u8(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) ? mnl_attr_get_u8(a) : 0;
}
