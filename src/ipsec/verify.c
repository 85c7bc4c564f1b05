/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/verify.h"

#include "base/text.h"
#include "ipsec/args.h"
#include "ipsec/checkconf.h"
#include "ipsec/json_out.h"
#include "ipsec/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct verify_check verify_checks[] = {
	{"privilege", "privileges", verify_privilege},
	{"kernel", "kernel", verify_kernel},
	{"tun", "TUN device", verify_tun},
	{"xfrm", "kernel IPsec (XFRM)", verify_xfrm},
	{"modules", "modules", verify_modules},
	{"nftables", "packet filter (nf_tables)", verify_nftables},
	{"forwarding", "forwarding", verify_forwarding},
	{"rp_filter", "reverse path filter", verify_rp_filter},
	{"send_redirects", "redirects sent", verify_send_redirects},
	{"accept_redirects", "redirects accepted", verify_accept_redirects},
	{"disable_xfrm", "out past the kernel's IPsec", verify_disable_xfrm},
	{"disable_policy", "in past the kernel's IPsec", verify_disable_policy},
	{"port-500", "UDP port 500", verify_port_500},
	{"port-4500", "UDP port 4500", verify_port_4500},
	{"ipsec.conf", "ipsec.conf", verify_conf_file},
	{"ipsec.secrets", "ipsec.secrets", verify_secrets_file},
	{"private", "private keys", verify_private},
	{"rundir", "run folder", verify_rundir},
	{"log", "log", verify_log},
	{"clock", "clock", verify_clock},
	{"entropy", "random generator", verify_entropy},
	{"pluto", "pluto", verify_pluto},
	{"config", "configuration", verify_config},
	{0},
};

/* ---- what the checks are given ---- */

void verify_say(struct verify_result *r, enum verify_level level, const char *fmt, ...)
{
	va_list args;

	r->level = (uint8_t)level;
	va_start(args, fmt);
	vsnprintf(r->said, sizeof(r->said), fmt, args);
	va_end(args);
}

void verify_to_do(struct verify_result *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->to_do, sizeof(r->to_do), fmt, args);
	va_end(args);
}

bool verify_path(const struct verify_machine *m, char *buf, size_t cap, const char *path)
{
	int n = snprintf(buf, cap, "%s%s", m->root, path);

	return n >= 0 && (size_t)n < cap;
}

bool verify_line(const struct verify_machine *m, const char *path, char *buf, size_t cap)
{
	char whole[2048];
	bool well;
	FILE *in;

	if (!verify_path(m, whole, sizeof(whole), path))
		return false;
	in = fopen(whole, "re");
	if (!in)
		return false;
	well = fgets(buf, (int)cap, in) != NULL;
	fclose(in);
	if (well)
		buf[strcspn(buf, "\n")] = '\0';
	return well;
}

bool verify_number(const struct verify_machine *m, const char *path, long *ret)
{
	char line[64], *end;
	long value;

	if (!verify_line(m, path, line, sizeof(line)))
		return false;
	value = strtol(line, &end, 10);
	if (end == line)
		return false;
	*ret = value;
	return true;
}

bool verify_exists(const struct verify_machine *m, const char *path)
{
	char whole[2048];

	return verify_path(m, whole, sizeof(whole), path) && !access(whole, F_OK);
}

static void take_service(struct verify_machine *m, const struct paths *p)
{
	struct service s;

	service_find(p, &s);
	m->service = s.state;
	m->pid = (long)s.pid;
	service_done(&s);
}

static struct verify_machine this_machine(const struct paths *p)
{
	struct verify_machine m = {
		.root = "",
		.confs = p->confs,
		.rundir = p->rundir,
		.is_root = geteuid() == 0,
		.now = time(NULL),
		.open_tun = probe_tun,
		.netlink = probe_netlink,
		.esp_state = probe_esp_state,
		.nftables = probe_nftables,
		.random = probe_random,
	};

	take_service(&m, p);
	m.conf_read = checkconf_count(p, &m.errors, &m.warnings, &m.has_log);
	return m;
}

/* ---- the answer ---- */

static const char *const level_words[] = {
	[VERIFY_OK] = "ok",
	[VERIFY_NONE] = "n/a",
	[VERIFY_WARNING] = "warning",
	[VERIFY_FAILED] = "FAILED",
};
static const char *const level_names[] = {
	[VERIFY_OK] = "ok",
	[VERIFY_NONE] = "none",
	[VERIFY_WARNING] = "warning",
	[VERIFY_FAILED] = "failed",
};

static void print_result(const struct verify_check *c, const struct verify_result *r)
{
	if (*r->said)
		printf("%-28s %-8s %s\n", c->title, level_words[r->level], r->said);
	else
		printf("%-28s %s\n", c->title, level_words[r->level]);
	if (*r->to_do)
		printf("%-28s %-8s do: %s\n", "", "", r->to_do);
}

static json_t *result_json(const struct verify_check *c, const struct verify_result *r)
{
	return json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "check", c->name, "title", c->title,
			 "result", level_names[r->level], "said", *r->said ? r->said : NULL,
			 "to_do", *r->to_do ? r->to_do : NULL);
}

static bool is_asked(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->len; i++) {
		if (!strcmp(a->words[i], name))
			return true;
	}
	return !a->len;
}

/* A word that names no check. */
static bool refuse_words(const struct args *a)
{
	const char *names[64];
	size_t n = 0;

	for (const struct verify_check *c = verify_checks; c->name; c++)
		names[n++] = c->name;
	for (size_t i = 0; i < a->len; i++) {
		const char *near = text_nearest(a->words[i], names, n);

		if (near && !strcmp(near, a->words[i]))
			continue;
		fprintf(stderr, "ipsec verify: there is no check %s%s%s%s\n", a->words[i],
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		fprintf(stderr, "ipsec verify: --help tells how it is used\n");
		return true;
	}
	return false;
}

static int run(const struct verify_machine *m, const struct args *a, bool json)
{
	json_t *list = json ? json_array() : NULL;
	bool failed = false, bad = json && !list;

	for (const struct verify_check *c = verify_checks; c->name; c++) {
		struct verify_result r = {.level = VERIFY_OK};

		if (!is_asked(a, c->name))
			continue;
		c->run(m, &r);
		failed |= r.level == VERIFY_FAILED;
		if (json)
			bad |= json_array_append_new(list, result_json(c, &r)) != 0;
		else
			print_result(c, &r);
	}
	if (json)
		bad |= !json_out(json_pack("{s:b, s:o}", "ready", !failed, "checks", list));
	return failed || bad;
}

int verify_main(int argc, char **argv, const struct paths *paths)
{
	struct verify_machine m;
	bool json = false;
	const struct arg_option options[] = {
		{"json", NULL, &json, "print one JSON document"},
		{0},
	};
	struct text more = {0};
	struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] [CHECK ...]",
		.options = options,
		.words_max = (size_t)argc,
		.doc = "Tell whether this machine is ready: each line is ok, n/a, a warning or a\n"
		       "failure, with what to do about it. With words: these checks alone.\n",
	};
	struct args a;
	int status;

	text_add_str(&more, "checks:\n");
	for (const struct verify_check *c = verify_checks; c->name; c++)
		text_add(&more, "  %-18s %s\n", c->name, c->title);
	text_add_str(&more, "\nThe exit status is 0, 1 after a failure, 2 for a command line "
			    "that can't be\nunderstood.\n");
	rules.more = text_str(&more);
	status = args_read(&rules, argc, argv, &a);
	text_done(&more);
	if (status != ARGS_GO)
		return status;
	if (refuse_words(&a))
		return EXIT_USAGE;
	m = this_machine(paths);
	return run(&m, &a, json);
}
