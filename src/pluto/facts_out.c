/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/facts_out.h"

#include "policy/policy.h"

#include <stdarg.h>
#include <stdio.h>

void put_text(struct json_out *o, const char *key, const char *value)
{
	if (value && *value)
		json_out_text(o, key, value);
}

void put_count(struct json_out *o, const char *key, uint64_t value)
{
	if (value)
		json_out_number(o, key, value);
}

void put_format(struct json_out *o, const char *key, const char *fmt, ...)
{
	char text[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_text(o, key, text);
}

void put_addr(struct json_out *o, const char *key, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	if (ip_is_set(a))
		put_text(o, key, ip_print(a, text));
}

void put_pair(struct json_out *o, const char *key, const struct ip_addr addr[2])
{
	char six[32];
	size_t used = 0;

	if (!addr)
		return;
	put_addr(o, key, &addr[0]);
	buf_add(six, sizeof(six), &used, "%s6", key);
	put_addr(o, six, &addr[1]);
}

void put_endpoint(struct json_out *o, const char *key, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT_MAX];

	put_text(o, key, endpoint_print(e, text));
}

void put_ident(struct json_out *o, const char *key, const struct ident *id)
{
	char text[512];

	if (id)
		put_text(o, key, ident_print(id, text, sizeof(text)));
}

void put_suite(struct json_out *o, const char *key, const struct chosen *c)
{
	char text[256];

	if (c->protocol)
		put_text(o, key, chosen_print(c, text, sizeof(text)));
}

void put_selectors(struct json_out *o, const char *key, const struct ts_set *s)
{
	char text[2048];

	if (s && s->len)
		put_text(o, key, ts_set_print(s, text, sizeof(text)));
}

void put_proposals(struct json_out *o, const char *key, const struct proposals *p)
{
	char text[2048];

	if (p)
		put_text(o, key, proposals_print(p, text, sizeof(text)));
}

void put_ago(struct json_out *o, const char *key, nsec at, nsec now)
{
	if (at && at != NSEC_NEVER && at <= now)
		json_out_number(o, key, (now - at) / NSEC_PER_SEC);
}

void put_in(struct json_out *o, const char *key, nsec at, nsec now)
{
	if (at && at != NSEC_NEVER)
		json_out_number(o, key, at > now ? (at - now) / NSEC_PER_SEC : 0);
}

void put_seconds(struct json_out *o, const char *key, nsec span)
{
	json_out_number(o, key, span / NSEC_PER_SEC);
}

void put_connection(struct json_out *o, const struct loaded *l)
{
	if (!l)
		return;
	put_text(o, "connection", l->connection->name);
	put_count(o, "instance", l->instance);
}
