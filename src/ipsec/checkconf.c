/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/checkconf.h"

#include "conf/secrets.h"
#include "conn/handling.h"
#include "ipsec/args.h"
#include "ipsec/check.h"
#include "ipsec/json_out.h"
#include "ipsec/lookup.h"
#include "ipsec/probe.h"
#include "net/net.h"
#include "trust/secret.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_WARNINGS = 1, EXIT_ERRORS = 2 };

struct options {
	const char *config;
	bool json, strict, notes, no_names;
};

/* One run of the command. */
struct run {
	struct options o;
	const char *file;
	struct findings findings;
	struct check check;
	struct conf *conf;
	struct secret_set *secrets;
	struct net *net;
	struct lookup names;
};

/* ---- what is checked against ---- */

/* The secrets of a file as a set to look in; NULL when it can't be read. */
static struct secret_set *read_secrets(const char *file, struct problems *problems)
{
	struct secret_lines lines = {0};
	struct secret_set *set = NULL;
	bool well;

	if (secrets_read(file, &lines, problems))
		return NULL;
	set = secret_set_new();
	well = set != NULL;
	for (size_t i = 0; well && i < lines.len; i++)
		well = !secret_set_add(set, &lines.items[i], lines.items[i].file);
	secret_lines_done(&lines);
	if (well)
		return set;
	secret_set_free(set);
	return NULL;
}

/* A pipe gives its secrets once, and they are for pluto. */
static bool is_pipe(const char *file)
{
	struct stat st;

	return !stat(file, &st) && S_ISFIFO(st.st_mode);
}

static void say_pipe(struct run *r, const char *file)
{
	struct diag d;

	diag_set(&d, "secrets-pipe", NULL,
		 "%s is a pipe: its secrets are for pluto to read, and are not checked", file);
	diag_wanted(&d, "a file, or somebody who writes whenever pluto reads it");
	diag_hint(&d, "unless it is meant so, remove it and write a file");
	findings_add(&r->findings, PROBLEM_WARNING, &d);
}

static void take_secrets(struct run *r, const struct paths *p)
{
	const char *file = conf_setup(r->check.conf)->secrets_file;
	struct problems problems = {0};
	struct stat st;
	char path[2048];

	if (!file) {
		if (!paths_join(path, sizeof(path), p->confs, "ipsec.secrets"))
			return;
		file = path;
		/* Who needs no secret need not have the file. */
		if (stat(file, &st) && !conf_conn_name(r->check.conf, 0))
			return;
	}
	if (is_pipe(file)) {
		say_pipe(r, file);
		return;
	}
	r->secrets = read_secrets(file, &problems);
	r->check.secrets = r->secrets;
	findings_take(&r->findings, FOUND_SECRETS, &problems);
}

static void take_host(struct run *r)
{
	struct diag why;

	if (net_open(&r->net, &why)) {
		findings_add(&r->findings, PROBLEM_NOTE, &why);
		return;
	}
	r->check.host = net_view(r->net);
}

/* ---- config setup ---- */

static void tell(struct run *r, enum problem_level level, const char *keyword, struct diag *d)
{
	struct problems problems = {0};
	struct conf_origin origin;

	if (conf_setup_place(r->conf, keyword, &origin))
		problems_add_at(&problems, level, d, &origin.place);
	else
		problems_add(&problems, level, d);
	findings_take(&r->findings, FOUND_CONF, &problems);
}

static void warn(struct run *r, const char *keyword, struct diag *d)
{
	tell(r, PROBLEM_WARNING, keyword, d);
}

/* A folder in place of a file, which pluto could not write. */
static bool is_folder(struct run *r, const char *keyword, const char *file)
{
	struct stat st;
	struct diag d;

	if (!file || stat(file, &st) || !S_ISDIR(st.st_mode))
		return false;
	diag_set(&d, "setup-folder", NULL, "%s=%s is a folder: pluto can't start", keyword,
		 file);
	diag_wanted(&d, "a file to write to");
	diag_hint(&d, "name a file in it: %s%spluto.log", file,
		  file[strlen(file) - 1] == '/' ? "" : "/");
	tell(r, PROBLEM_ERROR, keyword, &d);
	return true;
}

static void check_folder(struct run *r, const char *keyword, const char *file)
{
	const char *slash = file && !is_folder(r, keyword, file) ? strrchr(file, '/') : NULL;
	char folder[1024];
	size_t len = slash ? (size_t)(slash - file) : 0;
	struct diag d;
	int number;

	if (!slash || len >= sizeof(folder))
		return;
	memcpy(folder, len ? file : "/", len ? len : 1);
	folder[len ? len : 1] = '\0';
	if (!access(folder, W_OK | X_OK))
		return;
	number = errno;
	diag_set(&d, "setup-file", NULL, "%s=%s can't be written", keyword, file);
	diag_hint(&d, "create the folder %s, or name another file", folder);
	/* Who may not write there may still start what may. */
	tell(r, number == ENOENT || number == ENOTDIR ? PROBLEM_ERROR : PROBLEM_WARNING, keyword,
	     &d);
}

/* ---- plane= ---- */

/* 0, or why this kernel does not have it; what may not be asked counts as there. */
static int probe_xfrm(void)
{
	int error = probe_netlink(NETLINK_XFRM);

	error = error ? error : probe_esp_state();
	return error == EPERM || error == EACCES ? 0 : error;
}

static int probe_device(void)
{
	int error = probe_tun("/dev/net/tun");

	return error == EPERM || error == EACCES ? 0 : error;
}

static const struct {
	const char *word, *lacks, *instead;
	int (*probe)(void);
} planes[] = {
	{"xfrm", "the kernel takes no ESP states",
	 "load its modules (esp4, esp6, xfrm_user), or write plane=esp or plane=auto",
	 probe_xfrm},
	{"esp", "/dev/net/tun can't be opened",
	 "load the module tun, or write plane=xfrm or plane=auto", probe_device},
};

/* Userspace ESP has tunnels of ESP alone. */
static const struct plane_reach userspace;

/* Whether packets will be carried by pluto itself. */
static bool is_userspace(const char *plane)
{
	return strcmp(plane, "esp") == 0 || (strcmp(plane, "auto") == 0 && probe_xfrm() != 0);
}

/* A plane that this kernel does not have; plane=auto, which takes what there is, has to find one. */
static void check_plane(struct run *r, const char *plane)
{
	size_t n = sizeof(planes) / sizeof(planes[0]), lacking = 0;
	struct diag d;
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		bool automatic = strcmp(plane, "auto") == 0;
		int one = automatic || strcmp(plane, planes[i].word) == 0 ? planes[i].probe()
									  : 0;

		error = one ? one : error;
		lacking += one != 0;
		if (!one || automatic)
			continue;
		diag_set(&d, "setup-plane", NULL, "plane=%s: %s here: %s", plane,
			 planes[i].lacks, strerror(one));
		diag_hint(&d, "%s", planes[i].instead);
		warn(r, "plane", &d);
	}
	if (strcmp(plane, "auto") != 0 || lacking < n)
		return;
	diag_set(&d, "setup-plane", NULL,
		 "plane=auto: %s, and %s: %s; nothing can move packets", planes[0].lacks,
		 planes[1].lacks, strerror(error));
	diag_hint(&d, "load the module tun, or those of the kernel's IPsec (esp4, esp6, "
		      "xfrm_user)");
	warn(r, "plane", &d);
}

static bool is_here(const struct host_view *host, const struct ip_addr *a)
{
	for (size_t i = 0; i < host->addresses_len; i++) {
		if (ip_equal(&host->addresses[i].addr, a))
			return true;
	}
	return false;
}

/* listen= names addresses of this host. */
static void check_listen(struct run *r, const char *listen)
{
	char *copy = listen ? strdup(listen) : NULL, *save = NULL;
	struct ip_addr a;
	struct diag d;

	for (char *w = copy ? strtok_r(copy, ", \t", &save) : NULL; w;
	     w = strtok_r(NULL, ", \t", &save)) {
		if (!ip_parse(w, &a) && is_here(r->check.host, &a))
			continue;
		diag_set(&d, "setup-listen", NULL, "listen=%s is no address of this host", w);
		diag_hint(&d, "correct it, or leave listen= out to use every address");
		warn(r, "listen", &d);
	}
	free(copy);
}

/* What runs is never replaced by it, and at boot it would be taken as it is. */
static void check_end(struct run *r)
{
	struct problems problems = {0};
	struct conf_origin at;
	struct diag d;

	if (!conf_unended(r->conf, &at))
		return;
	diag_set(&d, "unended", NULL,
		 "the last line does not end: the file may be half written, and reload and restart "
		 "refuse it");
	diag_wanted(&d, "a newline at the end of the file");
	diag_hint(&d, "see whether the file is whole, and end its last line");
	problems_add_at(&problems, PROBLEM_WARNING, &d, &at.place);
	findings_take(&r->findings, FOUND_CONF, &problems);
}

static void check_setup(struct run *r)
{
	const struct conf_setup *s = conf_setup(r->check.conf);
	const char *plane = s->plane ? s->plane : "auto";

	check_folder(r, "logfile", s->log_file);
	check_plane(r, plane);
	if (is_userspace(plane))
		r->check.plane = &userspace;
	if (r->check.host)
		check_listen(r, s->listen);
}

/* ---- the answer ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_text(struct run *r)
{
	const struct findings *f = &r->findings;
	size_t errors = f->count[PROBLEM_ERROR], warnings = f->count[PROBLEM_WARNING];
	size_t notes = f->count[PROBLEM_NOTE];

	findings_print(f, r->o.notes, stdout);
	printf("%s: %zu connection%s, %zu error%s, %zu warning%s", r->file, r->check.total,
	       plural(r->check.total), errors, plural(errors), warnings, plural(warnings));
	if (notes && !r->o.notes)
		printf(", %zu note%s (--notes shows them)", notes, plural(notes));
	if (r->names.len)
		printf(", %zu name%s looked up", r->names.len, plural(r->names.len));
	if (f->lost)
		printf("; %zu more could not be kept", f->lost);
	putchar('\n');
}

static bool print_json(struct run *r)
{
	const struct findings *f = &r->findings;
	json_t *o = json_pack("{s:s, s:{s:I, s:I}, s:I, s:I, s:I, s:I, s:o}", "file", r->file,
			      "connections", "total", (json_int_t)r->check.total, "usable",
			      (json_int_t)r->check.usable, "errors",
			      (json_int_t)f->count[PROBLEM_ERROR], "warnings",
			      (json_int_t)f->count[PROBLEM_WARNING], "notes",
			      (json_int_t)f->count[PROBLEM_NOTE], "names",
			      (json_int_t)r->names.len, "problems", findings_json(f));

	return json_out(o);
}

static int answer(struct run *r)
{
	const size_t *count = r->findings.count;

	findings_sort(&r->findings);
	if (!r->o.json)
		print_text(r);
	else if (!print_json(r))
		return EXIT_ERRORS;
	if (count[PROBLEM_ERROR])
		return EXIT_ERRORS;
	return count[PROBLEM_WARNING] && r->o.strict ? EXIT_WARNINGS : 0;
}

/* Read and check; what came of it lies in *r. CYG_NOTFOUND: a name was none. */
static enum cyg_err check_file(struct run *r, const struct paths *p, char *const *names)
{
	struct problems problems = {0};
	struct conf *conf;
	enum cyg_err err = conf_read(r->file, &conf, &problems);

	findings_take(&r->findings, FOUND_CONF, &problems);
	if (err)
		return err;
	r->check.conf = r->conf = conf;
	r->check.findings = &r->findings;
	r->check.confs = p->confs;
	r->check.execdir = p->execdir;
	take_host(r);
	take_secrets(r, p);
	check_end(r);
	check_setup(r);
	return check_run(&r->check, names);
}

static void run_done(struct run *r)
{
	secret_set_free(r->secrets);
	net_close(r->net);
	findings_done(&r->findings);
	lookup_done(&r->names);
	conf_free(r->conf);
}

bool checkconf_count(const struct paths *paths, size_t *ret_errors, size_t *ret_warnings,
		     bool *ret_logs)
{
	struct run r = {0};
	char file[2048];
	bool well;

	r.file = paths_conf_file(paths, r.o.config, file, sizeof(file));
	well = r.file && !check_file(&r, paths, NULL);
	*ret_errors = well ? r.findings.count[PROBLEM_ERROR] : 0;
	*ret_warnings = well ? r.findings.count[PROBLEM_WARNING] : 0;
	*ret_logs = well && conf_setup(r.conf)->log_file;
	run_done(&r);
	return well;
}

void checkconf_places(const struct paths *paths, FILE *out)
{
	struct run r = {0};
	char file[2048];

	r.file = paths_conf_file(paths, r.o.config, file, sizeof(file));
	if (r.file && check_file(&r, paths, NULL) != CYG_OK)
		fprintf(out, "%s can't be read\n", r.file);
	findings_sort(&r.findings);
	findings_print_places(&r.findings, out);
	fprintf(out, "%zu connections, %zu of them usable\n", r.check.total, r.check.usable);
	run_done(&r);
}

int checkconf_main(int argc, char **argv, const struct paths *paths)
{
	struct run r = {0};
	struct args a;
	char file[2048];
	const struct arg_option options[] = {
		{"config", "FILE", &r.o.config, "check FILE, not ipsec.conf"},
		{"json", NULL, &r.o.json, "print one JSON document"},
		{"notes", NULL, &r.o.notes, "show what has no effect here, too"},
		{"no-names", NULL, &r.o.no_names, "do not look up the names of ends"},
		{"strict", NULL, &r.o.strict, "let warnings make the exit status 1"},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] [NAME ...]",
		.options = options,
		.words_max = (size_t)argc,
		.doc = "Read ipsec.conf and ipsec.secrets, look whether all of it (or the\n"
		       "connections NAME) can work on this host, and tell everything wrong.\n",
		.more = "The exit status is 0; 1 when there are warnings, with --strict; 2 "
			"when there\nare errors.\n",
	};
	int status = args_read(&rules, argc, argv, &a);
	enum cyg_err err;

	if (status != ARGS_GO)
		return status;
	r.file = paths_conf_file(paths, r.o.config, file, sizeof(file));
	if (!r.file)
		return EXIT_ERRORS;
	if (!r.o.no_names)
		r.check.names = &r.names;
	err = check_file(&r, paths, a.len ? a.words : NULL);
	status = answer(&r);
	run_done(&r);
	return err && !status ? EXIT_ERRORS : status;
}
