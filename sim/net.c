/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network: what is sent is lost, or arrives after a while, once or twice.
 * Its fate is drawn when it leaves; whether anybody is there shows when it
 * arrives.
 */
#include "sim/net.h"

#include "sim/machine.h"
#include "sim/nat.h"

#include <stdio.h>
#include <stdlib.h>

struct parcel {
	struct happening arrival;
	struct world *w;
	struct endpoint from, to;
	bool is_esp;
	struct bytes ike;
	struct esp esp;
};

void net_init(struct world *w)
{
	list_init(&w->net.nats);
	net_calm(w);
}

void net_done(struct world *w)
{
	LIST_EACH(n, &w->net.nats, struct nat, link)
		nat_free(n);
}

void net_calm(struct world *w)
{
	w->net.weather = (struct weather){.delay_min = 5 * NSEC_PER_MS,
					  .delay_max = 5 * NSEC_PER_MS};
	LIST_EACH(m, &w->machines, struct machine, link)
		m->deaf = m->mute = false;
}

const struct endpoint *parcel_from(const struct parcel *p)
{
	return &p->from;
}

const struct endpoint *parcel_to(const struct parcel *p)
{
	return &p->to;
}

struct view parcel_ike(const struct parcel *p)
{
	return view_bytes(&p->ike);
}

static void parcel_free(struct parcel *p)
{
	bytes_done(&p->ike);
	free(p);
}

static void drop(struct happening *m)
{
	parcel_free(CONTAINER_OF(m, struct parcel, arrival));
}

/* Whose is the address, behind this NAT (NULL: on the open network)? */
static struct machine *machine_at(const struct world *w, const struct nat *behind,
				  const struct ip_addr *a)
{
	LIST_EACH(m, &w->machines, struct machine, link)
		if (m->nat == behind && machine_has(m, a))
			return m;
	return NULL;
}

static void arrive(struct happening *happening)
{
	struct parcel *p = CONTAINER_OF(happening, struct parcel, arrival);
	struct world *w = p->w;
	struct nat *n = nat_at(w, &p->to.addr);
	struct endpoint to = p->to;
	struct machine *m = NULL;

	if (!n || nat_in(w, n, &to))
		m = machine_at(w, n, &to.addr);
	/* Raw ESP has no ports for a NAT to tell hosts apart by. */
	if (m && !m->down && !m->deaf && !(p->is_esp && !p->esp.encap && n)) {
		if (p->is_esp)
			machine_receive_esp(m, &to, &p->from, &p->esp);
		else
			machine_receive_ike(m, &to, &p->from, view_bytes(&p->ike));
	}
	parcel_free(p);
}

static void dispatch(struct world *w, const struct parcel *model, nsec delay)
{
	struct parcel *p = sim_alloc(sizeof(*p));

	*p = *model;
	p->w = w;
	p->ike = (struct bytes){0};
	if (model->ike.len && !bytes_copy(&p->ike, view_bytes(&model->ike)))
		exit(3);
	p->arrival = (struct happening){.happen = arrive, .drop = drop};
	world_at(w, &p->arrival, w->now + delay);
}

static nsec draw_delay(struct net *net)
{
	nsec low = net->weather.delay_min / NSEC_PER_MS,
	     high = net->weather.delay_max / NSEC_PER_MS;

	return dice_between(&net->dice, low, high < low ? low : high) * NSEC_PER_MS;
}

static const char *obstacle(struct world *w, const struct machine *from, const struct parcel *p)
{
	if (from && from->mute)
		return "does not leave the host";
	if (from && from->nat && p->is_esp && !p->esp.encap)
		return "does not pass the NAT: it is not in UDP";
	/*
	 * Drawn for every datagram, so that the weather does not shift what falls for
	 * the others.
	 */
	if (dice_percent(&w->net.dice, w->net.weather.loss))
		return "is lost";
	if (w->net.weather.longest && p->ike.len > w->net.weather.longest)
		return "is too long for the path";
	return NULL;
}

static struct fate send_parcel(struct world *w, const struct machine *from, struct parcel *p)
{
	struct net *net = &w->net;
	struct fate f = {.copies = 1};

	if (from && from->nat && !(p->is_esp && !p->esp.encap))
		nat_out(w, from->nat, &p->from);
	if (net->spy)
		net->spy(net->spy_ctx, p);
	net->sent++;
	f.lost = obstacle(w, from, p);
	f.copies += dice_percent(&net->dice, net->weather.twice);
	for (unsigned i = 0; i < f.copies; i++)
		f.delay[i] = draw_delay(net);
	for (unsigned i = 0; i < f.copies && !f.lost; i++)
		dispatch(w, p, f.delay[i]);
	net->lost += f.lost != NULL;
	return f;
}

struct fate net_send_ike(struct world *w, const struct machine *from,
			 const struct endpoint *source, const struct endpoint *to,
			 struct view data)
{
	struct parcel p = {.from = *source, .to = *to};

	p.ike = (struct bytes){(uint8_t *)data.ptr, data.len}; /* borrowed: dispatch copies */
	return send_parcel(w, from, &p);
}

struct fate net_send_esp(struct world *w, const struct machine *from,
			 const struct endpoint *source, const struct endpoint *to,
			 const struct esp *esp)
{
	struct parcel p = {.from = *source, .to = *to, .is_esp = true, .esp = *esp};

	return send_parcel(w, from, &p);
}

const char *fate_print(const struct fate *f, char buf[96])
{
	char first[32], second[32];

	if (f->lost)
		snprintf(buf, 96, "; it %s", f->lost);
	else if (f->copies > 1)
		snprintf(buf, 96, "; it arrives twice, after %s and %s",
			 moment_print(f->delay[0], first), moment_print(f->delay[1], second));
	else
		snprintf(buf, 96, "; it arrives after %s", moment_print(f->delay[0], first));
	return buf;
}

const char *net_name(const struct world *w, const struct ip_addr *a, char buf[IP_TEXT_MAX])
{
	const struct nat *n = nat_at(w, a);
	const struct machine *m = machine_at(w, NULL, a);

	if (!n && !m)
		return ip_print(a, buf);
	snprintf(buf, IP_TEXT_MAX, "%s", n ? n->name : m->name);
	return buf;
}
