/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ends of a connection say together, and where this host is among them. */
#include "base/text.h"
#include "ipsec/check_orient.h"
#include "ipsec/check_private.h"

#include <string.h>

/* ---- this host is neither, or both ---- */

static void got_ends(struct diag *d, const struct connection *c)
{
	struct text t = {0};

	for (size_t i = 0; i < 2; i++) {
		text_add(&t, "%s%s=", i ? ", " : "", connection_side(i));
		host_print(&c->end[i].host, &t);
	}
	diag_got(d, "%s", text_str(&t));
	text_done(&t);
}

static void wanted_addresses(struct diag *d, const struct host_view *host)
{
	struct text t = {0};
	char addr[IP_TEXT_MAX];

	for (size_t i = 0; i < host->addresses_len; i++) {
		const struct ip_addr *a = &host->addresses[i].addr;

		if (!ip_is_loopback(a))
			text_add(&t, "%s%s", t.len ? ", " : "", ip_print(a, addr));
	}
	if (t.len)
		diag_wanted(d, "one of %s", text_str(&t));
	text_done(&t);
}

/* The end that is an address which this host lacks at the moment, and may have later; or 2. */
static int waiting_end(const struct connection *conn)
{
	int which = 0;

	while (which < 2 && conn->end[which].host.kind != HOST_DEFAULTROUTE &&
	       conn->end[which].host.kind != HOST_INTERFACE)
		which++;
	return which;
}

static void warn_waits(struct check *c, const struct connection *conn, int which)
{
	const struct host *h = &conn->end[which].host;
	struct diag d;

	if (h->kind == HOST_DEFAULTROUTE)
		diag_set(&d, "orient-none", NULL, "conn %s: this host has no default route",
			 conn->name);
	else
		diag_set(&d, "orient-none", NULL, "conn %s: %s has no address here", conn->name,
			 h->name);
	wanted_addresses(&d, c->host);
	got_ends(&d, conn);
	diag_hint(&d, "pluto waits until there is one; or write this host's address as %s=",
		  connection_side(which));
	check_warn(c, PROBLEM_WARNING, conn, "", which, &d);
}

void check_ends(struct check *c, const struct connection *conn, int local)
{
	int waiting = waiting_end(conn);
	struct diag d;

	if (local == CHECK_NEITHER && waiting < 2) {
		warn_waits(c, conn, waiting);
		return;
	}
	if (local == CHECK_NEITHER) {
		diag_set(&d, "orient-none", NULL,
			 "conn %s: neither end is an address of this host: it can't be used "
			 "here",
			 conn->name);
		wanted_addresses(&d, c->host);
		got_ends(&d, conn);
		diag_hint(&d, "correct left= or right=, or give this host the address");
	} else if (local == CHECK_BOTH) {
		diag_set(&d, "orient-both", NULL,
			 "conn %s: both ends are addresses of this host", conn->name);
		got_ends(&d, conn);
		diag_hint(&d, "one end has to be the peer");
	} else {
		return;
	}
	check_warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
}

/* ---- both ends alike ---- */

static const struct ip_prefix *subnet_of_both(const struct connection *conn)
{
	const struct end *a = &conn->end[0], *b = &conn->end[1];

	for (size_t i = 0; i < a->subnets_len; i++)
		for (size_t j = 0; j < b->subnets_len; j++)
			if (prefix_equal(&a->subnets[i], &b->subnets[j]) && a->subnets[i].bits)
				return &a->subnets[i];
	return NULL;
}

/* What was copied from one end to the other, and not changed there. */
void check_alike(struct check *c, const struct connection *conn)
{
	const struct end *a = &conn->end[0], *b = &conn->end[1];
	const struct ip_prefix *subnet = subnet_of_both(conn);
	char id[IDENT_TEXT_MAX], net[IP_TEXT_MAX];
	struct diag d;

	if (conn->type > CONN_TRANSPORT)
		return;
	if (a->id && b->id && a->id->type != ID_ANY && a->id->type != ID_NULL &&
	    ident_equal(a->id, b->id)) {
		diag_set(&d, "ends-alike", NULL, "conn %s: both ends have the identity %s",
			 conn->name, ident_print(a->id, id, sizeof(id)));
		diag_hint(&d, "leftid= and rightid= name two hosts: correct one of them");
		check_warn(c, PROBLEM_WARNING, conn, "id", 1, &d);
	}
	if (a->public_key && b->public_key && *a->public_key != '%' &&
	    !strcmp(a->public_key, b->public_key)) {
		diag_set(&d, "ends-alike", NULL, "conn %s: both ends have the same public key",
			 conn->name);
		diag_hint(&d, "each has one of its own: ipsec showhostkey --left on one, "
			      "--right on the other");
		check_warn(c, PROBLEM_WARNING, conn, "rsasigkey", 1, &d);
	}
	if (subnet) {
		diag_set(&d, "ends-alike", NULL,
			 "conn %s: %s is behind both ends: its packets never leave either "
			 "network",
			 conn->name, prefix_print(subnet, net));
		diag_hint(&d, "correct leftsubnet= or rightsubnet=; two networks with the same "
			      "addresses need to be translated first");
		check_warn(c, PROBLEM_WARNING, conn, "subnet", 1, &d);
	}
}
