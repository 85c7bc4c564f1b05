/* SPDX-License-Identifier: Apache-2.0 */
/* The `ipsec` command: finds its folders, and hands over to a subcommand in itself. */
#include "auto/auto.h"
#include "buildinfo.h"
#include "ipsec/paths.h"
#include "ipsec/setup.h"
#include "whack/whack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct subcommand {
	const char *word;
	int (*run)(int argc, char **argv, const struct paths *p);
	const char *doc;
};

static int run_whack(void *ctx, char **argv, int argc, int verbose)
{
	const struct paths *p = ctx;
	struct whack_env env = {.rundir = p->rundir,
				.out = stdout,
				.err = stderr,
				.hide_log = !verbose};

	return whack_main(argc, argv, &env);
}

static int auto_command(int argc, char **argv, const struct paths *p)
{
	struct auto_env env = {
		.confs = p->confs,
		.rundir = p->rundir_given ? p->rundir : NULL,
		.out = stdout,
		.err = stderr,
		.whack = run_whack,
		.ctx = (void *)p,
	};

	return auto_main(argc, argv, &env);
}

static int whack_command(int argc, char **argv, const struct paths *p)
{
	return run_whack((void *)p, argv, argc, 1);
}

/* `ipsec start` is `ipsec setup start`. */
static int service_command(int argc, char **argv, const struct paths *p)
{
	char *words[] = {(char *)"setup", argv[0], argc > 1 ? argv[1] : NULL, NULL};

	return setup_main(argc + 1 > 3 ? 3 : argc + 1, words, p);
}

static int pluto_command(int argc, char **argv, const struct paths *p)
{
	char program[2048];

	if (!paths_join(program, sizeof(program), p->execdir, "pluto"))
		return 1;
	execv(program, argv);
	perror(program);
	return 1;
}

static const struct subcommand subcommands[] = {
	{"auto", auto_command, "load connections, bring them up and down, show them"},
	{"setup", setup_main, "start, stop and show the service"},
	{"start", service_command, "same as setup start"},
	{"stop", service_command, "same as setup stop"},
	{"restart", service_command, "same as setup restart"},
	{"status", service_command, "same as setup status"},
	{"whack", whack_command, "speak to pluto option by option"},
	{"pluto", pluto_command, "the keying daemon itself"},
	{0},
};

static void help(FILE *out)
{
	fprintf(out,
		"usage: ipsec [--confs DIR] [--rundir DIR] command [argument ...]\n\ncommands:\n");
	for (const struct subcommand *s = subcommands; s->word; s++)
		fprintf(out, "  %-10s %s\n", s->word, s->doc);
	fprintf(out,
		"\nipsec COMMAND --help tells of each.\n\n"
		"  --confs DIR    the folder of ipsec.conf and ipsec.secrets (IPSEC_CONFS; /etc)\n"
		"  --rundir DIR   the folder of pluto.ctl (IPSEC_RUNDIR; /run/pluto)\n"
		"  --version      the version of this program\n"
		"  --directory    the folder of pluto\n"
		"  --confdir      the folder of ipsec.conf\n"
		"  --help\n");
}

/*
 * An option before the command. Returns how many words it took; 0: not one;
 * -1: done, and *ret_status says how.
 */
static int take_option(int argc, char **argv, struct paths *p, int *ret_status)
{
	char *to = !strcmp(argv[0], "--confs")    ? p->confs
		   : !strcmp(argv[0], "--rundir") ? p->rundir
						  : NULL;

	*ret_status = 0;
	if (to && argc > 1 && strlen(argv[1]) < sizeof(p->confs)) {
		memcpy(to, argv[1], strlen(argv[1]) + 1);
		p->rundir_given |= to == p->rundir;
		return 2;
	}
	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "help"))
		help(stdout);
	else if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "version"))
		printf("Cygnet %s\n", CYGNET_VERSION);
	else if (!strcmp(argv[0], "--versioncode"))
		printf("%s\n", CYGNET_VERSION);
	else if (!strcmp(argv[0], "--directory"))
		printf("%s\n", p->execdir);
	else if (!strcmp(argv[0], "--confdir"))
		printf("%s\n", p->confs);
	else if (argv[0][0] != '-')
		return 0;
	else {
		fprintf(stderr, "ipsec: %s %s; ipsec --help lists what there is\n",
			to ? "a folder is missing (or too long) after" : "there is no option",
			argv[0]);
		*ret_status = 1;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct paths paths;
	int status = 0;

	if (!paths_find(&paths))
		return 1;
	if (argc < 2) {
		help(stdout);
		return 0;
	}
	argc--;
	argv++;
	while (argc) {
		int n = take_option(argc, argv, &paths, &status);

		if (n < 0)
			return status;
		if (!n)
			break;
		argc -= n;
		argv += n;
	}
	if (!argc || !paths_export(&paths)) {
		help(stderr);
		return 1;
	}
	for (const struct subcommand *s = subcommands; s->word; s++) {
		if (!strcmp(s->word, argv[0]))
			return s->run(argc, argv, &paths);
	}
	fprintf(stderr, "ipsec: there is no command %s; ipsec --help lists what there is\n",
		argv[0]);
	return 1;
}
