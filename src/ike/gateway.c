/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/gateway.h"

#include "ike/core.h"
#include "ike/op.h"
#include "ike/tell.h"
#include "ike/up.h"

#include <stdlib.h>

struct gateway_wait {
	struct list ops;
	struct loaded *loaded; /* has this in its record */
};

bool gateway_is_asked(const struct loaded *l)
{
	return policy_is_group_peer(l) && ip_is_set(&l->client);
}

void gateway_forget(struct upward *up)
{
	struct gateway_wait *w = up->gateway;

	if (!w)
		return;
	op_abandon(&w->ops);
	free(w);
	up->gateway = NULL;
}

static uint16_t no_memory(struct ike *ike)
{
	ike->out->bad = true;
	return RC_INTERNALERR;
}

uint16_t gateway_ask(struct ike *ike, struct loaded *l)
{
	uint16_t code = up_hold(ike, l, 0);
	struct upward *up = code ? NULL : up_of(l);
	struct gateway_wait *w = up ? calloc(1, sizeof(*w)) : NULL;
	struct action *a = w ? actions_add(ike->out, ACT_GATEWAY) : NULL;

	if (code)
		return code;
	if (!a) {
		free(w);
		return no_memory(ike);
	}
	w->loaded = l;
	list_init(&w->ops);
	up->gateway = w;
	a->address = l->client;
	a->op = op_new(ike, OP_GATEWAY, w, &w->ops);
	if (a->op)
		return 0;
	gateway_forget(up);
	return no_memory(ike);
}

/* From now on the peer is the gateway, under the name that the connection gives it, or its address. */
static bool take_gateway(struct ike *ike, struct loaded *l, const struct ip_addr *gateway)
{
	const struct ident *id;

	if (ip_equal(gateway, &l->remote_addr))
		return true;
	if (l->template_of->remote_id)
		id = ident_ref(l->template_of->remote_id);
	else if (ident_from_addr(gateway, &id))
		return false;
	policy_set_gateway(ike->policy, l, gateway, id);
	ident_unref(id);
	return true;
}

static uint16_t refuse(struct ike *ike, struct loaded *l, const struct answer *a)
{
	struct about about = about_loaded(l, 0);
	char client[IP_TEXT_MAX];

	tell(ike, &about, REPORT_NOTICE, RC_OPPOFAILURE, "no-gateway", a->why,
	     "nobody may be asked for a tunnel to %s: %s", ip_print(&l->client, client),
	     a->why ? a->why->sentence : cyg_err_text(a->err));
	return RC_OPPOFAILURE;
}

void gateway_answered(struct ike *ike, struct gateway_wait *w, const struct answer *a)
{
	struct loaded *l = w->loaded;
	struct upward *up = l->core;
	uint16_t code;

	gateway_forget(up);
	if (a->err)
		code = refuse(ike, l, a);
	else if (!take_gateway(ike, l, &a->gateway))
		code = no_memory(ike);
	else
		code = up_begin(ike, l, 0);
	if (code)
		up_failed(ike, l, code);
}
