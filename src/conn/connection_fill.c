/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from other fields of a connection. */
#include "conn/connection_fill.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((n)*NSEC_PER_SEC)
#define DPD_DELAY_ALONE SECONDS(30)    /* when only a timeout is given */
#define DPD_TIMEOUT_ALONE SECONDS(120) /* when only a delay is given */

/* leftsourceip= alone is the network behind the end. */
static enum cyg_err fill_subnet(struct end *e)
{
	const struct ip_addr *sources[] = {&e->source_ip, &e->more_source_ip};

	if (!ip_is_set(&e->source_ip) || e->subnets_len)
		return CYG_OK;
	e->subnets = calloc(2, sizeof(*e->subnets));
	if (!e->subnets)
		return CYG_NOMEM;
	for (int i = 0; i < 2 && ip_is_set(sources[i]); i++)
		e->subnets[e->subnets_len++] = prefix_of(sources[i], ip_bits(sources[i]));
	return CYG_OK;
}

/* left=%hostname: by the name that its id is. */
static enum cyg_err fill_host(struct end *e)
{
	char *name;

	if (e->host.kind != HOST_NAME || strcmp(e->host.name, HOST_OF_ID) != 0 || !e->id ||
	    e->id->type != ID_FQDN || e->id->wildcards)
		return CYG_OK;
	name = strndup((const char *)e->id->data, e->id->len);
	if (!name)
		return CYG_NOMEM;
	free(e->host.name);
	e->host.name = name;
	return CYG_OK;
}

static enum cyg_err fill_end(struct end *e, const struct end *other)
{
	if (fill_host(e))
		return CYG_NOMEM;
	if (e->host.kind == HOST_DEFAULTROUTE && e->nexthop_kind == NEXTHOP_UNSET)
		e->nexthop_kind = NEXTHOP_DEFAULTROUTE;
	if (!e->proto && !e->port)
		e->proto = other->proto;
	return fill_subnet(e);
}

static void fill_dpd(struct connection *c)
{
	if (c->dpd_action == DEAD_NONE) {
		c->dpd_action = DEAD_HOLD;
		c->dpd_delay = c->dpd_timeout = 0;
	}
	if (c->dpd_delay && !c->dpd_timeout)
		c->dpd_timeout = c->dpd_delay < DPD_TIMEOUT_ALONE ? DPD_TIMEOUT_ALONE
								  : 4 * c->dpd_delay;
	if (c->dpd_timeout && !c->dpd_delay)
		c->dpd_delay = c->dpd_timeout > DPD_DELAY_ALONE ? DPD_DELAY_ALONE
								: c->dpd_timeout / 4;
}

nsec connection_shorter_life(const struct connection *c)
{
	return c->ike_lifetime < c->child_lifetime ? c->ike_lifetime : c->child_lifetime;
}

nsec connection_widest_margin(const struct connection *c)
{
	return c->rekey_margin / 100 * (100 + c->rekey_fuzz_percent);
}

/* A margin that nobody chose gives way to a short life. */
static void fill_margin(struct connection *c)
{
	if (!c->rekey || c->margin_chosen)
		return;
	while (c->rekey_margin > NSEC_PER_SEC &&
	       connection_widest_margin(c) >= connection_shorter_life(c))
		c->rekey_margin /= 2;
}

/* Who proves nothing is nobody. */
static enum cyg_err fill_nobody(struct connection *c)
{
	enum cyg_err err = CYG_OK;

	for (int i = 0; !err && i < 2; i++)
		if (connection_auth(c, i) == AUTH_NULL && !c->end[i].id)
			err = ident_parse("%null", &c->end[i].id, NULL);
	return err;
}

/*
 * What its certificate says, when there is one: the subject. Of a certificate that the end
 * will show anything may be said that is in it.
 */
static enum cyg_err fill_id_of_cert(struct end *e)
{
	if (!e->id_of_cert)
		return CYG_OK;
	ident_unref(e->id);
	e->id = NULL;
	return e->cert ? CYG_OK : ident_parse("%any", &e->id, NULL);
}

enum cyg_err connection_fill(struct connection *c)
{
	enum cyg_err err = fill_id_of_cert(&c->end[0]);

	if (!err)
		err = fill_id_of_cert(&c->end[1]);
	if (!err)
		err = fill_end(&c->end[0], &c->end[1]);
	if (!err)
		err = fill_nobody(c);
	if (!err)
		err = fill_end(&c->end[1], &c->end[0]);
	fill_dpd(c);
	fill_margin(c);
	return err;
}
