/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/conf_text.h"

#include "conn/field.h"

#include <stdio.h>
#include <string.h>

static const char *const sides[] = {"left", "right"};

void conf_text_keyword(const struct field *f, int which, struct text *out)
{
	text_add(out, "%s%s", f->per_end ? sides[which] : "", f->keyword);
}

/* Within quotes a backslash before the closing one, or before one of its own, would be lost. */
static bool quotes_hold(const char *value)
{
	size_t len = strlen(value);

	return !strstr(value, "\\\"") && !(len && value[len - 1] == '\\');
}

void conf_text_value(const char *value, struct text *out)
{
	if (*value && !strpbrk(value, " \t\"'{}") && *value != '#') {
		text_add_str(out, value);
	} else if (!quotes_hold(value)) {
		text_add(out, "{%s}", value);
	} else {
		text_add_char(out, '"');
		for (; *value; value++)
			text_add(out, "%s%c", *value == '"' ? "\\" : "", *value);
		text_add_char(out, '"');
	}
}

static void add_field(const struct connection *c, const struct field *f, int which,
		      struct text *out)
{
	struct text value = {0};

	if (field_get(c, which, f, &value)) {
		text_add_char(out, '\t');
		conf_text_keyword(f, which, out);
		text_add_char(out, '=');
		conf_text_value(text_str(&value), out);
		text_add_char(out, '\n');
	}
	out->bad |= value.bad;
	text_done(&value);
}

void conf_text_connection(const struct connection *c, struct text *out)
{
	text_add_str(out, "conn ");
	conf_text_value(c->name, out);
	text_add_char(out, '\n');
	for (int which = 0; which < 2; which++) {
		for (size_t i = 0; i < conn_fields_len; i++) {
			if (conn_fields[i].per_end)
				add_field(c, &conn_fields[i], which, out);
		}
	}
	for (size_t i = 0; i < conn_fields_len; i++) {
		if (!conn_fields[i].per_end)
			add_field(c, &conn_fields[i], 0, out);
	}
	text_add_char(out, '\n');
}

static void add_line(const char *keyword, const char *value, struct text *out)
{
	text_add(out, "\t%s=", keyword);
	conf_text_value(value, out);
	text_add_char(out, '\n');
}

void conf_text_ca(const struct conf_ca *ca, struct text *out)
{
	text_add_str(out, "ca ");
	conf_text_value(ca->says.name, out);
	text_add_char(out, '\n');
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++) {
		const char *value = authority_text(&ca->says, &authority_fields[i]);

		if (value)
			add_line(authority_fields[i].keyword, value, out);
	}
	if (ca->load)
		add_line("auto", "add", out);
	text_add_char(out, '\n');
}

/* ---- config setup ---- */

static void each_number(conf_text_each each, void *ctx, const char *keyword, unsigned value)
{
	char text[16];

	if (value == SETUP_UNSET)
		return;
	snprintf(text, sizeof(text), "%u", value);
	each(ctx, keyword, text);
}

const char *conf_text_unique(const struct conf_setup *s)
{
	return s->contact_ignored ? "never" : s->unique_ids ? "yes" : "no";
}

void conf_text_settings(const struct conf_setup *s, conf_text_each each, void *ctx)
{
	const struct {
		const char *keyword, *value;
	} texts[] = {
		{"plane", s->plane},
		{"listen", s->listen},
		{"radius-servers", s->radius_servers},
		{"virtual-private", s->virtual_private},
		{"logfile", s->log_file},
		{"secretsfile", s->secrets_file},
		{"dnssec-rootkey-file", s->dns_root_key},
		{"dnssec-anchors", s->dns_anchors},
		{"plutodebug", s->debug},
		{"uniqueids", conf_text_unique(s)},
		{"plutowait", s->wait ? "yes" : "no"},
		{"strictcrlpolicy", s->crl_policy},
		{"cachecrls", s->cache_crls ? "yes" : NULL},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].value)
			each(ctx, texts[i].keyword, texts[i].value);
	}
	each_number(each, ctx, "nhelpers", s->helpers ? s->helpers : SETUP_UNSET);
	each_number(each, ctx, "keep-alive", s->keep_alive_seconds);
	each_number(each, ctx, "crlcheckinterval", s->crl_interval);
	each_number(each, ctx, "crl-timeout", s->crl_seconds);
	each_number(each, ctx, "radius-timeout", s->radius_seconds);
	each_number(each, ctx, "radius-tries", s->radius_tries);
	each_number(each, ctx, "ddos-ike-threshold", s->half_open_cookie);
	each_number(each, ctx, "max-halfopen-ike", s->half_open_max);
}

static void add_setting(void *ctx, const char *keyword, const char *value)
{
	add_line(keyword, value, ctx);
}

void conf_text_setup(const struct conf_setup *s, struct text *out)
{
	text_add_str(out, "config setup\n");
	conf_text_settings(s, add_setting, out);
	text_add_char(out, '\n');
}
