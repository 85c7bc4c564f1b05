/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of policy groups: each is a place of its own, found by its network
 * and as the most specific one that has a peer's address. They are in no table
 * of peers, so that a long list makes no other look-up longer.
 */
#include "policy/db.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static uint64_t net_hash(const struct policy *p, const struct ip_prefix *net)
{
	uint8_t key[18] = {net->addr.family, net->bits};

	memcpy(key + 2, net->addr.octets, 16);
	return hash_view(&p->key, view_of(key, sizeof(key)));
}

static uint32_t *length_count(struct policy *p, const struct ip_prefix *net)
{
	return &p->net_lengths[net->addr.family == IP_V6][net->bits];
}

static struct group_net *of_node(struct map_node *n)
{
	return CONTAINER_OF(n, struct group_net, by_net);
}

static bool same_line(const struct group_line *a, const struct group_line *b)
{
	return prefix_equal(&a->net, &b->net) && a->proto == b->proto &&
	       a->local_port == b->local_port && a->remote_port == b->remote_port;
}

struct loaded *policy_group_find(const struct policy *p, const struct loaded *g,
				 const struct group_line *line)
{
	for (struct map_node *n = map_first(&p->nets, net_hash(p, &line->net)); n;
	     n = map_next(n)) {
		const struct group_net *net = of_node(n);

		if (net->place->l.group == g && same_line(&net->line, line))
			return &net->place->l;
	}
	return NULL;
}

const struct group_line *policy_group_line(const struct loaded *l)
{
	const struct group_net *net = place_of(l)->net;

	return net ? &net->line : NULL;
}

struct loaded *policy_group_next(const struct loaded *g, const struct loaded *after)
{
	struct list *all = &place_of(g)->nets;
	struct list *next = after ? place_of(after)->net->of_group.next : all->next;

	return next == all ? NULL : &CONTAINER_OF(next, struct group_net, of_group)->place->l;
}

void policy_group_keep(struct loaded *l, uint64_t round)
{
	place_of(l)->net->round = round;
}

bool policy_group_kept(const struct loaded *l, uint64_t round)
{
	return place_of(l)->net->round == round;
}

size_t policy_group_count(const struct loaded *g)
{
	return place_of(g)->nets_len;
}

bool policy_is_group_peer(const struct loaded *l)
{
	return l->template_of && l->template_of->group;
}

/* "private#10.0.0.0/8", "clear#10.0.0.0/8-(0--6--25)". */
static char *name_of(const struct loaded *g, const struct group_line *line)
{
	struct text t = {0};
	char net[IP_TEXT_MAX];

	text_add(&t, "%s#%s", g->connection->name, prefix_print(&line->net, net));
	if (line->proto)
		text_add(&t, "-(%u--%u--%u)", line->local_port, line->proto, line->remote_port);
	return text_take(&t);
}

/* An end that takes its address from the host takes one of the network's family. */
static struct connection *connection_of(const struct loaded *g, const struct group_line *line)
{
	char *name = name_of(g, line);
	struct connection *c = name ? connection_copy(g->connection, name) : NULL;

	free(name);
	if (c && !c->family && c->end[!connection_group_end(c)].host.kind != HOST_ADDR)
		c->family = line->net.addr.family;
	return c;
}

static void enter(struct policy *p, struct loaded *g, struct place *pl)
{
	struct group_net *net = pl->net;

	net->place = pl;
	list_init(&net->asks_dns);
	if (connection_asks_dns(pl->l.connection) && list_empty(&place_of(g)->nets))
		list_append(&p->asking, &net->asks_dns);
	list_append(&place_of(g)->nets, &net->of_group);
	place_of(g)->nets_len++;
	map_add(&p->nets, &net->by_net, net_hash(p, &net->line.net));
	++*length_count(p, &net->line.net);
}

enum cyg_err policy_group_add(struct policy *p, struct loaded *g, const struct group_line *line,
			      struct loaded **ret)
{
	struct group_net *net;
	struct connection *c;
	struct place *pl;

	if (policy_group_find(p, g, line))
		return CYG_EXISTS;
	net = calloc(1, sizeof(*net));
	c = net ? connection_of(g, line) : NULL;
	if (!c) {
		free(net);
		return CYG_NOMEM;
	}
	net->line = *line;
	if (place_add(p, c, net, &pl)) {
		connection_unref(c);
		free(net);
		return CYG_NOMEM;
	}
	pl->l.group = g;
	pl->l.is_group = false;
	enter(p, g, pl);
	*ret = &pl->l;
	return CYG_OK;
}

/* It stands no more for its group in the list of those that ask the DNS: the next one does. */
static void hand_on(struct policy *p, struct group_net *net)
{
	struct list *others = &place_of(net->place->l.group)->nets;

	if (!list_empty(&net->asks_dns) && !list_empty(others))
		list_append(&p->asking,
			    &CONTAINER_OF(others->next, struct group_net, of_group)->asks_dns);
	list_remove(&net->asks_dns);
}

void net_free(struct policy *p, struct group_net *net)
{
	if (!net)
		return;
	map_remove(&p->nets, &net->by_net);
	list_remove(&net->of_group);
	hand_on(p, net);
	place_of(net->place->l.group)->nets_len--;
	--*length_count(p, &net->line.net);
	free(net);
}

/* Whether a line of its own says something about all that `addr` sends and takes. */
static bool is_whole(const struct place *pl)
{
	return !pl->net->line.proto;
}

size_t nets_of_addr(const struct policy *p, const struct ip_addr *addr, struct place **out,
		    size_t cap)
{
	const uint32_t *lengths = p->net_lengths[addr->family == IP_V6];
	bool settled = false;
	size_t n = 0;

	for (unsigned bits = ip_bits(addr) + 1; bits-- > 0 && !settled;) {
		struct ip_prefix net = prefix_of(addr, bits);

		if (!lengths[bits])
			continue;
		for (struct map_node *at = map_first(&p->nets, net_hash(p, &net)); at;
		     at = map_next(at)) {
			struct place *pl = of_node(at)->place;

			if (!prefix_equal(&pl->net->line.net, &net))
				continue;
			settled |= is_whole(pl);
			if (n < cap)
				out[n++] = pl;
		}
	}
	return n;
}
