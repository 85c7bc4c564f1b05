/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/showconf.h"

#include "conn/field.h"
#include "conn/report.h"
#include "ipsec/args.h"
#include "ipsec/conf_text.h"
#include "ipsec/json_out.h"
#include "ipsec/loader.h"
#include "whack/protocol.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_CONFIG = 3, EXIT_BADCONN = 30 };

#define WHO "ipsec showconf"
#define VALUE_WIDTH 44 /* columns before the origin, where a value leaves room */

struct run {
	const char *config;
	bool json, conf_text, named;
	struct conf *conf;
	json_t *list, *cas;
	int status;
};

static void fail(struct run *r, int status)
{
	if (!r->status)
		r->status = status;
}

/* ---- one value ---- */

/* One line of a connection: a field's value, and who says so. */
struct shown_value {
	struct text keyword, value;
	struct conf_origin origin;
	bool is_default;
	const char *derived; /* what it follows from, where no line says it; else NULL */
};

static void shown_value_done(struct shown_value *v)
{
	text_done(&v->keyword);
	text_done(&v->value);
}

/* uniqueids=no of config setup is for all connections. */
static bool overruled(const struct run *r, const struct field *f)
{
	return !conf_setup(r->conf)->unique_ids && strcmp(f->keyword, "uniqueids") == 0;
}

/* False for a field that has no value. */
static bool read_value(const struct run *r, const struct connection *c, const struct field *f,
		       int which, struct shown_value *ret)
{
	struct shown_value v = {0};
	bool follows = false;

	if (!conf_origin(r->conf, c->name, f, which, &v.origin))
		v.origin = (struct conf_origin){.from = CONF_FROM_NOWHERE};
	v.is_default = !field_get(c, which, f, &v.value);
	if (v.is_default &&
	    !(v.origin.from == CONF_FROM_NOWHERE ? field_unsaid(c, which, f, &v.value, &follows)
						 : field_default(f, &v.value))) {
		shown_value_done(&v);
		return false;
	}
	if (v.origin.from == CONF_FROM_NOWHERE && (follows || !v.is_default))
		v.derived = "derived";
	if (overruled(r, f)) {
		text_clear(&v.value);
		text_add_str(&v.value, "no");
		v.derived = "setup";
	}
	conf_text_keyword(f, which, &v.keyword);
	*ret = v;
	return true;
}

static const char *origin_words(const struct shown_value *v, char *buf, size_t cap)
{
	if (!v->derived)
		return conf_origin_print(&v->origin, buf, cap);
	return strcmp(v->derived, "setup") == 0 ? "config setup says so"
						: "follows from other values";
}

static void print_value(const struct shown_value *v)
{
	struct text line = {0};
	char origin[512];

	text_add(&line, "\t%s=", text_str(&v->keyword));
	conf_text_value(text_str(&v->value), &line);
	printf("%-*s # %s\n", VALUE_WIDTH, text_str(&line),
	       origin_words(v, origin, sizeof(origin)));
	text_done(&line);
}

static const char *from_word(const struct shown_value *v)
{
	static const char *const words[] = {
		[CONF_FROM_NOWHERE] = "built-in", [CONF_FROM_SECTION] = "section",
		[CONF_FROM_ALSO] = "also",        [CONF_FROM_PERCENT_DEFAULT] = "default",
		[CONF_FROM_DIALECT] = "dialect",
	};

	return v->derived ? v->derived : words[v->origin.from];
}

static json_t *value_json(const struct shown_value *v)
{
	const struct conf_origin *o = &v->origin;
	json_t *j = json_pack("{s:o, s:s}", "value", json_text(text_str(&v->value)), "from",
			      from_word(v));

	if (j && o->file) {
		json_object_set_new(j, "section", json_text(o->section));
		json_object_set_new(j, "keyword", json_text(o->keyword));
		json_object_set_new(j, "written", json_text(o->value));
		json_object_set_new(j, "file", json_text(o->file));
		json_object_set_new(j, "line", json_integer(o->line));
		json_object_set_new(j, "column", json_integer(o->column));
	}
	return j;
}

/* ---- one connection ---- */

typedef void (*take_value)(struct run *r, void *ctx, const struct shown_value *v);

static void each_value(struct run *r, const struct connection *c, take_value take, void *ctx)
{
	/* left's, right's, then those of the connection */
	for (int which = 0; which < 3; which++) {
		for (size_t i = 0; i < conn_fields_len; i++) {
			const struct field *f = &conn_fields[i];
			struct shown_value v;

			if (f->per_end != (which < 2) ||
			    !read_value(r, c, f, which < 2 ? which : 0, &v))
				continue;
			take(r, ctx, &v);
			shown_value_done(&v);
		}
	}
}

static void take_text(struct run *r, void *ctx, const struct shown_value *v)
{
	print_value(v);
}

static void take_json(struct run *r, void *ctx, const struct shown_value *v)
{
	json_object_set_new(ctx, text_str(&v->keyword), value_json(v));
}

static void show_json(struct run *r, const struct connection *c)
{
	json_t *values = json_object();

	each_value(r, c, take_json, values);
	json_array_append_new(r->list, json_pack("{s:o, s:o}", "name", json_text(c->name),
						 "values", values));
}

static void show_conf(const struct connection *c)
{
	struct text out = {0};

	conf_text_connection(c, &out);
	fputs(text_str(&out), stdout);
	text_done(&out);
}

static void show_text(struct run *r, const struct connection *c)
{
	struct text name = {0};

	conf_text_value(c->name, &name);
	printf("conn %s\n", text_str(&name));
	text_done(&name);
	each_value(r, c, take_text, NULL);
	putchar('\n');
}

static void show_one(struct run *r, const char *name)
{
	struct problems problems = {0};
	struct connection *c;
	struct diag why;
	enum cyg_err err = conf_connection(r->conf, name, &c, &problems, &why);

	if (err && !r->named && conf_is_part(r->conf, name, &problems)) {
		problems_done(&problems);
		return;
	}
	if (err && !problems.errors)
		problems_add(&problems, PROBLEM_ERROR, &why);
	loader_print_problems(WHO, &problems);
	problems_done(&problems);
	if (err) {
		fail(r, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : EXIT_BADCONN);
		return;
	}
	if (r->json)
		show_json(r, c);
	else if (r->conf_text)
		show_conf(c);
	else
		show_text(r, c);
	connection_unref(c);
}

/* ---- a ca section ---- */

typedef void (*take_ca_value)(void *ctx, const struct shown_value *v);

/* What a ca section says and, of auto=, what follows when it does not. */
static void each_ca_value(const struct conf_ca *ca, take_ca_value take, void *ctx)
{
	for (size_t i = 0; i <= AUTHORITY_FIELDS; i++) {
		const char *value = i == AUTHORITY_FIELDS
					    ? (ca->load ? "add" : "ignore")
					    : authority_text(&ca->says, &authority_fields[i]);
		struct shown_value v = {.origin = ca->from[i]};

		if (!value)
			continue;
		v.is_default = v.origin.from == CONF_FROM_NOWHERE;
		text_add_str(&v.keyword,
			     i == AUTHORITY_FIELDS ? "auto" : authority_fields[i].keyword);
		text_add_str(&v.value, value);
		take(ctx, &v);
		shown_value_done(&v);
	}
}

static void print_ca_value(void *ctx, const struct shown_value *v)
{
	print_value(v);
}

static void keep_ca_value(void *ctx, const struct shown_value *v)
{
	json_object_set_new(ctx, text_str(&v->keyword), value_json(v));
}

static void print_ca(const struct run *r, const struct conf_ca *ca)
{
	struct text out = {0};

	if (r->conf_text) {
		conf_text_ca(ca, &out);
		fputs(text_str(&out), stdout);
	} else {
		conf_text_value(ca->says.name, &out);
		printf("ca %s\n", text_str(&out));
		each_ca_value(ca, print_ca_value, NULL);
		putchar('\n');
	}
	text_done(&out);
}

static void show_ca(struct run *r, const char *name)
{
	struct problems problems = {0};
	struct conf_ca ca;
	struct diag why;
	enum cyg_err err = conf_ca(r->conf, name, &ca, &problems, &why);

	loader_print_problems(WHO, &problems);
	problems_done(&problems);
	if (err) {
		fail(r, EXIT_BADCONN);
	} else if (r->json) {
		json_t *values = json_object();

		each_ca_value(&ca, keep_ca_value, values);
		json_array_append_new(r->cas, json_pack("{s:o, s:o}", "name", json_text(name),
							"values", values));
	} else {
		print_ca(r, &ca);
	}
}

/* A name that is no connection's. */
static bool is_ca(const struct run *r, const char *name)
{
	const char *ca;
	struct conf_origin place;

	if (conf_conn_place(r->conf, name, &place))
		return false;
	for (size_t i = 0; (ca = conf_ca_name(r->conf, i)); i++)
		if (!strcmp(ca, name))
			return true;
	return false;
}

/* ---- the whole ---- */

static void show_setup(const struct run *r)
{
	struct text out = {0};

	conf_text_setup(conf_setup(r->conf), &out);
	fputs(text_str(&out), stdout);
	text_done(&out);
}

static void set_setting(void *ctx, const char *keyword, const char *value)
{
	json_object_set_new(ctx, keyword, json_text(value));
}

static bool end_json(struct run *r, bool whole)
{
	json_t *o = json_object();

	if (whole) {
		json_t *setup = json_object();

		conf_text_settings(conf_setup(r->conf), set_setting, setup);
		json_object_set_new(o, "setup", setup);
	}
	json_object_set_new(o, "connections", r->list);
	json_object_set_new(o, "cas", r->cas);
	return json_out(o);
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* What fits a shell pattern, as if all were shown; whether anything does. */
static bool show_fitting(struct run *r, const char *pattern)
{
	bool any = false;
	const char *name;

	r->named = false;
	for (size_t i = 0; (name = conf_ca_name(r->conf, i)); i++)
		if (!fnmatch(pattern, name, 0)) {
			show_ca(r, name);
			any = true;
		}
	for (size_t i = 0; (name = conf_conn_name(r->conf, i)); i++)
		if (!fnmatch(pattern, name, 0)) {
			show_one(r, name);
			any = true;
		}
	r->named = true;
	return any;
}

/* A section called like a pattern is that section. */
static bool is_section(const struct run *r, const char *name)
{
	struct conf_origin place;

	return is_ca(r, name) || conf_conn_place(r->conf, name, &place);
}

/* An alias shows all that have it. */
static void show_named(struct run *r, const struct args *a)
{
	const char **names = conf_resolve(r->conf, a->words);

	if (!names) {
		fprintf(stderr, "%s: out of memory\n", WHO);
		fail(r, EXIT_CONFIG);
		return;
	}
	for (size_t i = 0; names[i]; i++) {
		if (is_pattern(names[i]) && !is_section(r, names[i]) &&
		    show_fitting(r, names[i]))
			continue;
		if (is_ca(r, names[i]))
			show_ca(r, names[i]);
		else
			show_one(r, names[i]);
	}
	free(names);
}

static int show(struct run *r, const struct args *a)
{
	const char *name;

	r->list = r->json ? json_array() : NULL;
	r->cas = r->json ? json_array() : NULL;
	r->named = a->len != 0;
	if (!a->len && !r->json)
		show_setup(r);
	for (size_t i = 0; !a->len && (name = conf_ca_name(r->conf, i)); i++)
		show_ca(r, name);
	if (a->len)
		show_named(r, a);
	for (size_t i = 0; !a->len && (name = conf_conn_name(r->conf, i)); i++)
		show_one(r, name);
	if (r->json && !end_json(r, !a->len))
		fail(r, EXIT_CONFIG);
	return r->status;
}

static bool has_pattern(const struct args *a)
{
	for (size_t i = 0; i < a->len; i++)
		if (is_pattern(a->words[i]))
			return true;
	return false;
}

static int open_and_show(struct run *r, const struct paths *p, const struct args *a)
{
	struct problems problems = {0};
	char path[2048];
	const char *file = paths_conf_file(p, r->config, path, sizeof(path));
	enum cyg_err err;
	int status;

	if (!file)
		return EXIT_CONFIG;
	err = has_pattern(a) ? conf_read(file, &r->conf, &problems)
			     : conf_read_for(file, a->words, a->len, &r->conf, &problems);
	loader_print_problems(WHO, &problems);
	problems_done(&problems);
	if (err)
		return EXIT_CONFIG;
	status = show(r, a);
	conf_free(r->conf);
	return status;
}

int showconf_main(int argc, char **argv, const struct paths *paths)
{
	struct run r = {0};
	const struct arg_option options[] = {
		{"config", "FILE", &r.config, "read FILE, not ipsec.conf"},
		{"conf", NULL, &r.conf_text, "print ipsec.conf text that reads back equal"},
		{"json", NULL, &r.json, "print one JSON document"},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] [NAME ...]",
		.options = options,
		.words_max = (size_t)argc,
		.doc = "Show connections and ca sections (all of them, and config setup, without a\n"
		       "name) with every value resolved, and which line says it.\n",
		.more = "The exit status is 0; 2 for a command line that can't be understood; "
			"3 when the\nfile can't be read; 21 for a name that it does not have; "
			"30 for a connection that\nit describes wrongly. A name may be "
			"a shell pattern, such as 'branch-*'.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	return status == ARGS_GO ? open_and_show(&r, paths, &a) : status;
}
