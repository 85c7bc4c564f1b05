/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that name identities, networks, protocols, proposals and connections. */
#include "conn/field_kind.h"

#include "conn/ip_proto.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 256

static enum cyg_err unsupported(const char *text, struct diag *why, const char *sentence,
				const char *hint)
{
	diag_set(why, "value-refused", NULL, "%s", sentence);
	diag_got(why, "%.200s", text);
	diag_hint(why, "%s", hint);
	return CYG_UNSUPPORTED;
}

/* ---- id ---- */

static enum cyg_err set_id(const struct field_kind *k, struct connection *c, void *at,
			   const char *text, struct diag *why)
{
	struct end *e = (void *)((char *)at - offsetof(struct end, id));
	bool of_cert = text_same(text, "%fromcert");
	const struct ident *id = NULL;
	enum cyg_err err = CYG_OK;

	if (!of_cert && !text_same(text, "%none")) /* the end's address */
		err = ident_parse(text, &id, why);
	if (err)
		return err;
	ident_unref(e->id);
	e->id = id;
	e->id_of_cert = of_cert;
	return CYG_OK;
}

static bool get_id(const struct field_kind *k, const void *at, const void *unset,
		   struct text *out)
{
	const struct end *e = (const void *)((const char *)at - offsetof(struct end, id));
	char *buf;

	if (e->id_of_cert)
		return text_add_str(out, "%fromcert"), true;
	if (!e->id)
		return false;
	buf = malloc(IDENT_PRINTED_MAX);
	if (!buf) {
		out->bad = true;
		return true;
	}
	text_add_str(out, ident_print(e->id, buf, IDENT_PRINTED_MAX));
	free(buf);
	return true;
}

const struct field_kind field_id = {set_id, get_id};

/* ---- subnet, subnets: one or several networks ---- */

/* Openswan's short forms: "10/8" is 10.0.0.0/8. */
static void write_out(const char *text, char *out, size_t cap)
{
	const char *slash = strchr(text, '/');
	size_t used = 0, dots = 0;

	out[0] = '\0';
	if (!slash || strspn(text, "0123456789.") != (size_t)(slash - text)) {
		buf_add(out, cap, &used, "%s", text);
		return;
	}
	for (const char *p = text; p < slash; p++)
		dots += *p == '.';
	buf_add(out, cap, &used, "%.*s", (int)(slash - text), text);
	for (; dots < 3; dots++)
		buf_add(out, cap, &used, ".0");
	buf_add(out, cap, &used, "%s", slash);
}

static enum cyg_err read_subnet(const char *text, struct ip_prefix *ret, struct diag *why)
{
	char whole[WORD_MAX];

	if (virtual_is_meant(text))
		return unsupported(text, why, "virtual networks stand alone",
				   "write the networks with %v4: behind vhost: or vnet:");
	if (strchr(text, '[') || strchr(text, '/') != strrchr(text, '/'))
		return unsupported(text, why, "a network takes no protocol here",
				   "say it with protoport=");
	if (text_same(text, "%default"))
		text = "0.0.0.0/0";
	write_out(text, whole, sizeof(whole));
	return prefix_parse(whole, ret, why);
}

/* The networks of a list; *ret_len of at most TS_SET_MAX. *ret_dynamic: %dynamic is among them; NULL: it may not be. */
static enum cyg_err read_subnets(const struct field_kind *k, const char *text,
				 struct ip_prefix *ret, size_t *ret_len, bool *ret_dynamic,
				 struct diag *why)
{
	char word[WORD_MAX];
	size_t n = 0;
	enum cyg_err err;

	while (field_next_word(&text, "{}, \t", word, sizeof(word))) {
		if (ret_dynamic && text_same(word, "%dynamic")) {
			*ret_dynamic = true;
			continue;
		}
		if (n == TS_SET_MAX)
			return field_refuse(k, CYG_LIMIT, word, why);
		err = read_subnet(word, &ret[n++], why);
		if (err)
			return err;
	}
	if (!n)
		return field_refuse(k, CYG_MALFORMED, text, why);
	*ret_len = n;
	return CYG_OK;
}

static enum cyg_err keep_subnets(struct end *end, const struct ip_prefix *found, size_t len,
				 size_t listed)
{
	struct ip_prefix *copy = NULL;

	if (len) {
		copy = malloc(len * sizeof(*copy));
		if (!copy)
			return CYG_NOMEM;
		memcpy(copy, found, len * sizeof(*copy));
	}
	virtual_free(end->virtual);
	end->virtual = NULL;
	free(end->subnets);
	end->subnets = copy;
	end->subnets_len = len;
	end->subnets_listed = listed;
	return CYG_OK;
}

static enum cyg_err set_subnets(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	struct end *end = (void *)((char *)at - offsetof(struct end, subnets));
	struct ip_prefix found[TS_SET_MAX];
	struct virtual_nets *virtual = NULL;
	bool dynamic = false;
	size_t n = 0;
	enum cyg_err err = CYG_OK;

	if (virtual_is_meant(text)) {
		err = virtual_read(text, &virtual, why);
		if (!err)
			err = keep_subnets(end, NULL, 0, 0); /* nothing to allocate */
		if (!err)
			end->virtual = virtual;
		return err;
	}
	if (!text_same(text, "%dynamic")) /* the end's own address */
		err = read_subnets(k, text, found, &n, &dynamic, why);
	if (!err)
		err = keep_subnets(end, found, n, 0);
	if (!err)
		end->dynamic = dynamic;
	return err;
}

/* Behind those that are there. */
static enum cyg_err add_subnets(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	struct end *end = (void *)((char *)at - offsetof(struct end, subnets));
	size_t listed = end->subnets_listed, n;
	size_t own = listed < end->subnets_len ? end->subnets_len - listed : 0;
	struct ip_prefix all[2 * TS_SET_MAX];
	enum cyg_err err = read_subnets(k, text, all + own, &n, NULL, why);

	if (err)
		return err;
	if (end->virtual)
		return unsupported(text, why, "virtual networks stand alone",
				   "write the networks with %v4: behind vhost: or vnet:");
	if (own + n > TS_SET_MAX)
		return field_refuse(k, CYG_LIMIT, text, why);
	if (own)
		memcpy(all, end->subnets, own * sizeof(*all));
	return keep_subnets(end, all, own + n, n);
}

static bool get_subnets(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	const struct end *end = (const void *)((const char *)at -
					       offsetof(struct end, subnets));
	char text[IP_TEXT_MAX];

	if (end->virtual)
		virtual_print(end->virtual, out);
	if (end->dynamic)
		text_add_str(out, "%dynamic,");
	for (size_t i = 0; i < end->subnets_len; i++)
		text_add(out, "%s%s", i ? "," : "", prefix_print(&end->subnets[i], text));
	return end->virtual || end->subnets_len > 0;
}

const struct field_kind field_subnets = {
	set_subnets,
	get_subnets,
	.wanted =
		"up to 64 networks such as 10.0.1.0/24, separated by commas, and %dynamic for "
		"the end's own address",
};

/* Another face of subnet=. */
const struct field_kind field_more_subnets = {
	add_subnets,
	NULL,
	.wanted =
		"up to 64 networks such as {10.0.1.0/24 10.0.2.0/24}, those of subnet= included",
};

/* ---- nexthop ---- */

/* `at` is the member nexthop. */
static enum cyg_err set_nexthop(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	struct end *end = (void *)((char *)at - offsetof(struct end, nexthop));
	struct ip_addr addr = {.family = IP_NONE};
	uint8_t kind = NEXTHOP_ADDR;

	if (text_same(text, "%direct"))
		kind = NEXTHOP_DIRECT;
	else if (text_same(text, "%defaultroute"))
		kind = NEXTHOP_DEFAULTROUTE;
	else if (ip_parse(text, &addr) != CYG_OK || ip_is_any(&addr))
		return field_refuse(k, CYG_MALFORMED, text, why);
	end->nexthop_kind = kind;
	end->nexthop = addr;
	return CYG_OK;
}

static bool get_nexthop(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	const struct end *end = (const void *)((const char *)at -
					       offsetof(struct end, nexthop));
	char text[IP_TEXT_MAX];

	switch (end->nexthop_kind) {
	case NEXTHOP_DIRECT:
		text_add_str(out, "%direct");
		return true;
	case NEXTHOP_DEFAULTROUTE:
		text_add_str(out, "%defaultroute");
		return true;
	case NEXTHOP_ADDR:
		text_add_str(out, ip_print(&end->nexthop, text));
		return true;
	default:
		return false;
	}
}

const struct field_kind field_nexthop = {
	set_nexthop,
	get_nexthop,
	.wanted = "an address, %direct or %defaultroute",
};

/* ---- protoport: PROTO[/PORT] ---- */

static enum cyg_err read_port(const struct field_kind *k, const char *port, const char *text,
			      uint16_t *ret, struct diag *why)
{
	const char *nearest;
	uint64_t number;

	if (text_same(port, "%any") || text_same(port, "any")) {
		*ret = 0;
		return CYG_OK;
	}
	if (text_number(port, 0, 65535, &number)) {
		*ret = (uint16_t)number;
		return CYG_OK;
	}
	if (ip_service_by_name(port, ret))
		return CYG_OK;
	if (strchr(port, '-') || text_same(port, "%opaque"))
		return unsupported(text, why, "port ranges are not supported here",
				   "name one port, or none for all");
	if (isdigit((unsigned char)port[0]))
		return field_refuse(k, CYG_MALFORMED, text, why);
	diag_set(why, "service-unknown", NULL, "there is no service %s here", port);
	diag_wanted(why, "%s", k->wanted);
	diag_got(why, "%s", text);
	nearest = ip_service_nearest(port);
	if (nearest)
		diag_hint(why, "did you mean %s?", nearest);
	else
		diag_hint(why, "write the port's number");
	return CYG_MALFORMED;
}

static enum cyg_err unknown_protocol(const struct field_kind *k, const char *proto,
				     const char *text, struct diag *why)
{
	const char *nearest = ip_proto_nearest(proto);

	if (!isalpha((unsigned char)proto[0]))
		return field_refuse(k, CYG_MALFORMED, text, why);
	diag_set(why, "protocol-unknown", NULL, "there is no protocol %s here", proto);
	diag_wanted(why, "%s", k->wanted);
	diag_got(why, "%s", text);
	if (nearest)
		diag_hint(why, "did you mean %s?", nearest);
	else
		diag_hint(why, "write the protocol's number");
	return CYG_MALFORMED;
}

/* `at` is the member proto. */
static enum cyg_err set_protoport(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	struct end *end = (void *)((char *)at - offsetof(struct end, proto));
	const char *rest = text;
	char proto[WORD_MAX] = "";
	uint16_t port = 0;
	uint64_t number;
	uint8_t found;
	enum cyg_err err;

	field_next_word(&rest, "/", proto, sizeof(proto));
	if (text_number(proto, 0, 255, &number)) {
		found = (uint8_t)number;
	} else if (text_same(proto, "%any") || text_same(proto, "any")) {
		found = 0;
	} else if (!ip_proto_by_name(proto, &found)) {
		return unknown_protocol(k, proto, text, why);
	}
	err = *rest && rest[1] ? read_port(k, rest + 1, text, &port, why) : CYG_OK;
	if (err)
		return err;
	if (port && !found)
		return field_refuse(k, CYG_CONFLICT, text, why);
	end->proto = found;
	end->port = port;
	return CYG_OK;
}

static bool get_protoport(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	const struct end *end = (const void *)((const char *)at - offsetof(struct end, proto));
	const char *name = ip_proto_name(end->proto);

	if (!end->proto && !end->port)
		return false;
	if (name)
		text_add_str(out, name);
	else
		text_add(out, "%u", end->proto);
	if (end->port)
		text_add(out, "/%u", end->port);
	return true;
}

const struct field_kind field_protoport = {
	set_protoport,
	get_protoport,
	.wanted = "PROTOCOL or PROTOCOL/PORT, such as tcp/80 or 17/1701",
};

/* ---- proposals ---- */

static enum cyg_err set_proposals(const struct connection *c, void *at, enum protocol protocol,
				  const char *text, struct diag *why)
{
	const struct proposals *p;
	enum cyg_err err = proposals_read(text, protocol, c->dialect, &p, NULL, why);

	if (err)
		return err;
	proposals_unref(*(const struct proposals **)at);
	*(const struct proposals **)at = p;
	return CYG_OK;
}

static enum cyg_err set_ike(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	return set_proposals(c, at, PROTO_IKE, text, why);
}

static enum cyg_err set_esp(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	return set_proposals(c, at, c->protects, text, why);
}

/* ah= says phase2=ah, too. */
static enum cyg_err set_ah(const struct field_kind *k, struct connection *c, void *at,
			   const char *text, struct diag *why)
{
	enum cyg_err err = set_proposals(c, at, PROTO_AH, text, why);

	if (!err)
		c->protects = PROTO_AH;
	return err;
}

static bool get_proposals(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	const struct proposals *p = *(const struct proposals *const *)at;
	char line[2048];

	if (!p)
		return false;
	for (size_t i = 0; i < p->len; i++)
		text_add(out, "%s%s", i ? "," : "",
			 proposal_print(&p->items[i], line, sizeof(line)));
	return true;
}

const struct field_kind field_ike = {set_ike, get_proposals};

static bool is_ah(const void *at)
{
	const struct proposals *p = *(const struct proposals *const *)at;

	return p && p->items[0].protocol == PROTO_AH;
}

static bool get_esp(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	return !is_ah(at) && get_proposals(k, at, unset, out);
}

static bool get_ah(const struct field_kind *k, const void *at, const void *unset,
		   struct text *out)
{
	return is_ah(at) && get_proposals(k, at, unset, out);
}

const struct field_kind field_esp = {set_esp, get_esp};
const struct field_kind field_ah = {set_ah, get_ah};

/* ---- connalias: names; `at` is the member aliases ---- */

static void free_names(char **names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(names[i]);
	free(names);
}

static enum cyg_err set_aliases(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	char word[WORD_MAX], **names = NULL, **more;
	size_t n = 0;

	while (field_next_word(&text, ", \t", word, sizeof(word))) {
		if (connection_name_check(word, why)) {
			free_names(names, n);
			return CYG_MALFORMED;
		}
		more = reallocarray(names, n + 1, sizeof(*names));
		if (more)
			names = more;
		if (!more || !(names[n] = strdup(word))) {
			free_names(names, n);
			return CYG_NOMEM;
		}
		n++;
	}
	free_names(c->aliases, c->aliases_len);
	c->aliases = names;
	c->aliases_len = n;
	return CYG_OK;
}

static bool get_aliases(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	const struct connection *c = (const void *)((const char *)at -
						    offsetof(struct connection, aliases));

	for (size_t i = 0; i < c->aliases_len; i++)
		text_add(out, "%s%s", i ? " " : "", c->aliases[i]);
	return c->aliases_len > 0;
}

const struct field_kind field_aliases = {set_aliases, get_aliases};
