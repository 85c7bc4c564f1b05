/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/barf.h"

#include "base/text.h"
#include "buildinfo.h"
#include "conf/conf.h"
#include "ipsec/abilities.h"
#include "ipsec/args.h"
#include "ipsec/censor.h"
#include "ipsec/checkconf.h"
#include "ipsec/look.h"
#include "ipsec/short.h"
#include "ipsec/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINES_DEFAULT 100
#define TAIL_OCTETS_MAX (1 << 20) /* of a log that are looked at */

struct run {
	const struct paths *paths;
	bool brief;
	uint64_t lines;
	struct secret_lines secrets;
};

static void title(const char *text)
{
	printf("\n= %s\n\n", text);
	fflush(stdout);
}

/* Another command of this program, with one word or none behind it. */
static void command(const struct run *r, int (*run)(int, char **, const struct paths *),
		    const char *name, const char *word)
{
	char *argv[] = {(char *)name, (char *)word, NULL};

	run(word ? 2 : 1, argv, r->paths);
	fflush(stdout);
}

static void show_file(const char *path)
{
	char line[512];
	FILE *in = fopen(path, "re");

	if (!in)
		return;
	while (fgets(line, sizeof(line), in))
		fputs(line, stdout);
	fclose(in);
}

static void show_version(void)
{
	time_t now = time(NULL);
	struct utsname u;
	char date[64];
	struct tm tm;

	printf("Cygnet %s\n", CYGNET_VERSION);
	if (!uname(&u))
		printf("%s %s %s %s\n", u.nodename, u.sysname, u.release, u.machine);
	if (gmtime_r(&now, &tm) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm))
		printf("%s\n", date);
	show_file("/etc/os-release");
}

/* ---- configuration ---- */

static void show_conf(const struct run *r)
{
	char path[2048];

	if (paths_join(path, sizeof(path), r->paths->confs, "ipsec.conf") &&
	    !censor_conf(path, stdout))
		printf("%s can't be read\n", path);
}

/* A pipe gives its secrets once, and they are for pluto. */
static void read_secrets(struct run *r, const struct conf_setup *setup)
{
	const char *file = setup->secrets_file;
	struct problems problems = {0};
	struct stat st;
	char path[2048];

	if (!file && paths_join(path, sizeof(path), r->paths->confs, "ipsec.secrets"))
		file = path;
	if (!file || stat(file, &st) || !S_ISREG(st.st_mode) ||
	    secrets_read(file, &r->secrets, &problems))
		printf("%s can't be read\n", file ? file : "ipsec.secrets");
	problems_done(&problems);
}

/* ---- the log ---- */

/* The last lines of an open file, the first one whole. Heap; NULL when there are none. */
static char *read_tail(FILE *in, uint64_t lines)
{
	long size = fseek(in, 0, SEEK_END) ? -1 : ftell(in);
	long from = size > TAIL_OCTETS_MAX ? size - TAIL_OCTETS_MAX : 0;
	char *text = size > 0 ? malloc((size_t)(size - from) + 1) : NULL;
	char *at;
	size_t len;

	if (!text || fseek(in, from, SEEK_SET)) {
		free(text);
		return NULL;
	}
	len = fread(text, 1, (size_t)(size - from), in);
	text[len] = '\0';
	for (at = text + len; at > text && lines; at--) {
		if (at[-1] == '\n' && at < text + len && !--lines)
			break;
	}
	memmove(text, at, (size_t)(text + len - at) + 1);
	return text;
}

static void show_log(const struct run *r, const char *file)
{
	char *text, *save = NULL;
	FILE *in;

	if (!file) {
		printf("pluto writes to the system log:  journalctl -t pluto\n");
		return;
	}
	in = fopen(file, "re");
	if (!in) {
		printf("%s: %s\n", file, strerror(errno));
		return;
	}
	text = read_tail(in, r->lines);
	fclose(in);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		censor_line(&r->secrets, line, stdout);
	free(text);
}

/* ---- the whole ---- */

static void show_with_conf(struct run *r, const struct conf *conf)
{
	title("ipsec.conf, understood; values of unknown words and keys removed");
	show_conf(r);
	title("ipsec.secrets: what there is");
	read_secrets(r, conf_setup(conf));
	censor_secrets(&r->secrets, stdout);
	title("ipsec checkconf");
	checkconf_places(r->paths, stdout);
	if (r->brief)
		return;
	title("the end of pluto's log");
	show_log(r, conf_setup(conf)->log_file);
}

static void show(struct run *r)
{
	struct problems problems = {0};
	struct conf *conf = NULL;
	char path[2048];

	title("versions");
	show_version();
	title("ipsec verify");
	command(r, verify_main, "verify", NULL);
	if (!paths_join(path, sizeof(path), r->paths->confs, "ipsec.conf") ||
	    conf_read(path, &conf, &problems)) {
		title("ipsec.conf");
		printf("%s can't be read\n", path);
	} else {
		show_with_conf(r, conf);
		conf_free(conf);
	}
	problems_done(&problems);
	title("ipsec status");
	command(r, run_whack, "whack", "--status");
	title("ipsec trafficstatus");
	command(r, run_whack, "whack", "--trafficstatus");
	title("ipsec look");
	command(r, look_main, "look", NULL);
	if (!r->brief) {
		title("ipsec features");
		command(r, features_main, "features", NULL);
	}
	secret_lines_done(&r->secrets);
}

int barf_main(int argc, char **argv, const struct paths *paths)
{
	struct run r = {.paths = paths, .lines = LINES_DEFAULT};
	const char *lines = NULL;
	const struct arg_option options[] = {
		{"short", NULL, &r.brief, "leave out the log and the list of features"},
		{"maxlines", "N", &lines, "how many lines of the log (100)"},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...]",
		.options = options,
		.doc = "Print all that somebody who helps from afar wants to see: versions, "
		       "verify,\nthe configuration with secrets removed, status, routes, the end "
		       "of the log.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a), err;

	if (status != ARGS_GO)
		return status;
	if (lines && !text_number(lines, 1, 1000000, &r.lines)) {
		fprintf(stderr, "ipsec barf: --maxlines %s is no number of lines\n", lines);
		return EXIT_USAGE;
	}
	/* What the commands complain of belongs into the text, where it happened. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (err < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		return 1;
	show(&r);
	/* But that the text could not be written does not. */
	return dup2(err, STDERR_FILENO) < 0;
}
