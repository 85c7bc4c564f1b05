/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `ipsec` command: finds its folders, and hands over to a subcommand in
 * itself, to a program of the libexec folder, or to `ipsec auto` and `ipsec
 * whack` by a short spelling (short.c).
 */
#include "auto/options.h"
#include "base/text.h"
#include "buildinfo.h"
#include "conn/argv.h"
#include "ipsec/abilities.h"
#include "ipsec/addconn.h"
#include "ipsec/algparse.h"
#include "ipsec/args.h"
#include "ipsec/barf.h"
#include "ipsec/checkconf.h"
#include "ipsec/look.h"
#include "ipsec/manual.h"
#include "ipsec/output.h"
#include "ipsec/paths.h"
#include "ipsec/ranbits.h"
#include "ipsec/replaced.h"
#include "ipsec/setup.h"
#include "ipsec/short.h"
#include "ipsec/showconf.h"
#include "ipsec/showroute.h"
#include "ipsec/updown.h"
#include "ipsec/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*command_run)(int argc, char **argv, const struct paths *p);

struct subcommand {
	const char *word;
	command_run run;
	const char *doc;
};

/* `ipsec stop` is `ipsec setup stop`. */
static int service_command(int argc, char **argv, const struct paths *p)
{
	char *words[6] = {(char *)"setup"};
	int n = 1;

	/* What is behind the one word that is too many need not be known. */
	for (int i = 0; i < argc && n < 5; i++)
		words[n++] = argv[i];
	return setup_main(n, words, p);
}

/* `ipsec start` is the service's, `ipsec start NAME` a connection's. */
static int start_command(int argc, char **argv, const struct paths *p)
{
	return argc > 1 ? short_main(argc, argv, p) : service_command(argc, argv, p);
}

/* Become a program of the libexec folder; returns only when that fails, with errno. */
static void become(const struct paths *p, const char *name, char **argv)
{
	char program[2048];

	if (paths_join(program, sizeof(program), p->execdir, name))
		execv(program, argv);
	else
		errno = ENAMETOOLONG;
}

static int pluto_command(int argc, char **argv, const struct paths *p)
{
	become(p, "pluto", argv);
	fprintf(stderr, "ipsec: can't run %s/pluto: %s\n", p->execdir, strerror(errno));
	return 1;
}

/* What is a program of its own, because it needs libraries that this one starts without. */
static int program_command(int argc, char **argv, const struct paths *p)
{
	char name[64];

	snprintf(name, sizeof(name), "ipsec-%s", argv[0]);
	become(p, name, argv);
	fprintf(stderr, "ipsec: can't run %s/%s: %s\n", p->execdir, name, strerror(errno));
	return 1;
}

static const struct subcommand subcommands[] = {
	{"auto", run_auto, "load connections, bring them up and down, show them"},
	{"manual", manual_main, "bring tunnels up and down whose keys people chose"},
	{"setup", setup_main, "start, stop and show the service"},
	{"start", start_command, "same as setup start; with a name: load and bring up"},
	{"stop", service_command, "same as setup stop"},
	{"restart", service_command, "same as setup restart"},
	{"reload", service_command, "same as setup reload"},
	{"checkconf", checkconf_main,
	 "check ipsec.conf and ipsec.secrets, and tell all faults"},
	{"showconf", showconf_main, "show connections resolved, and which line says what"},
	{"addconn", addconn_main,
	 "load connections by name or all together; lists for scripts"},
	{"algparse", algparse_main, "tell what a proposal means, and what of it is weak"},
	{"verify", verify_main, "tell whether this machine is ready"},
	{"look", look_main, "show policies, SAs, addresses and routes, one line each"},
	{"barf", barf_main, "print what somebody who helps wants to see, secrets removed"},
	{"features", features_main, "show what this build and this kernel can do"},
	{"showroute", showroute_main, "show how this host reaches an address"},
	{"showdefaults", showdefaults_main, "show what pluto found of the default route"},
	{"ranbits", ranbits_main, "print random bits"},
	{"newhostkey", program_command, "make a key for this host"},
	{"showhostkey", program_command, "print this host's public key as others want it"},
	{"pki", program_command, "keys, certificates and lists of revoked ones"},
	{"rsasigkey", program_command, "make an RSA key and print it"},
	{"whack", run_whack, "speak to pluto option by option"},
	{"pluto", pluto_command, "the keying daemon itself"},
	{"_updown", updown_command, "does nothing, for files that name it in leftupdown="},
	{0},
};

/* What the options of the front command print. A word alone means the same. */
static const struct item {
	const char *word, *text; /* NULL: the folder at `folder` of struct paths */
	size_t folder;
	const char *doc;
} items[] = {
	{"version", "Cygnet " CYGNET_VERSION, 0, "print the version of this program"},
	{"versioncode", CYGNET_VERSION, 0, "print the version alone"},
	{"directory", NULL, offsetof(struct paths, execdir), "print the folder of pluto"},
	{"confdir", NULL, offsetof(struct paths, confs), "print the folder of ipsec.conf"},
	{"piddir", NULL, offsetof(struct paths, rundir),
	 "print the folder of pluto.ctl and pluto.pid"},
	{"copyright",
	 "Cygnet is free software under the Apache License, version 2.0;\n"
	 "there is no warranty. https://www.apache.org/licenses/LICENSE-2.0",
	 0, "print who may do what with this program"},
	{0},
};

/* ---- help ---- */

static void help_short(FILE *out)
{
	fprintf(out, "\nshort for operations of auto and whack:\n");
	for (const struct short_word *s = short_words; s->word; s++) {
		if (strcmp(s->word, "start") != 0)
			fprintf(out, "  %-14s %s\n", s->word, s->doc);
		if (s->alias)
			fprintf(out, "  %-14s same as %s\n", s->alias, s->word);
	}
}

static void help(FILE *out)
{
	fprintf(out,
		"usage: ipsec [--confs DIR] [--rundir DIR] command [argument ...]\n\ncommands:\n");
	for (const struct subcommand *s = subcommands; s->word; s++)
		fprintf(out, "  %-14s %s\n", s->word, s->doc);
	help_short(out);
	fprintf(out, "\nof this program:\n");
	for (const struct item *i = items; i->word; i++)
		fprintf(out, "  %-14s same as --%s\n", i->word, i->word);
	fprintf(out,
		"\nipsec COMMAND --help tells of each.\n\n"
		"  --confs DIR    the folder of ipsec.conf and ipsec.secrets (IPSEC_CONFS; /etc)\n"
		"  --rundir DIR   the folder of pluto.ctl (IPSEC_RUNDIR; /run/pluto)\n"
		"  --help\n");
	for (const struct item *i = items; i->word; i++)
		fprintf(out, "  --%-12s %s\n", i->word, i->doc);
}

static const struct item *find_item(const char *word)
{
	for (const struct item *i = items; i->word; i++)
		if (!strcmp(i->word, word))
			return i;
	return NULL;
}

static int print_item(const struct item *item, int argc, char **argv, const struct paths *p)
{
	char doc[80];
	const struct arg_rules rules = {.command = item->word, .synopsis = "", .doc = doc};
	struct args a;
	int status;

	snprintf(doc, sizeof(doc), "%c%s.\n", *item->doc - 'a' + 'A', item->doc + 1);
	status = args_read(&rules, argc, argv, &a);
	if (status != ARGS_GO)
		return status;
	printf("%s\n", item->text ? item->text : (const char *)p + item->folder);
	return 0;
}

/* ---- finding the command ---- */

/* Every word that may stand first; returns how many. */
static size_t list_words(const char **words, size_t cap)
{
	size_t n = 0;

	for (const struct subcommand *s = subcommands; s->word && n < cap; s++)
		words[n++] = s->word;
	for (const struct short_word *s = short_words; s->word && n < cap; s++)
		words[n++] = s->word;
	for (const struct operation *o = auto_operations; o->word && n < cap; o++)
		words[n++] = o->word;
	return n;
}

static int complain(const char *kind, const char *word)
{
	size_t dashes = strspn(word, "-");
	const char *words[128] = {"help", "version", "confs", "rundir", "directory", "confdir"};
	const char *near = text_nearest(word + dashes, words,
					6 + list_words(words + 6, 128 - 6));

	const char *replaced = dashes ? NULL : replaced_find(word);

	fprintf(stderr, "ipsec: there is no %s %s; ", kind, word);
	if (replaced) {
		fprintf(stderr, "%s\n", replaced);
		return 1;
	}
	if (near)
		fprintf(stderr, "did you mean %s%s?\n", dashes ? "--" : "", near);
	else
		fprintf(stderr, "ipsec --help lists what there is\n");
	return 1;
}

static bool is_operation(const char *word)
{
	for (const struct operation *o = auto_operations; o->word; o++) {
		if (!strcmp(o->word, word))
			return true;
	}
	return false;
}

/* `ipsec listcerts ...` is `ipsec auto --listcerts ...`. */
static int operation_main(int argc, char **argv, const struct paths *p)
{
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	char operation[64];
	int status;

	if (!words)
		return 1;
	snprintf(operation, sizeof(operation), "--%s", argv[0]);
	words[0] = (char *)"auto";
	words[1] = operation;
	for (int i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	status = run_auto(argc + 1, words, p);
	free(words);
	return status;
}

static command_run find_command(const char *word)
{
	for (const struct subcommand *s = subcommands; s->word; s++) {
		if (!strcmp(s->word, word))
			return s->run;
	}
	if (argv_is_default(word))
		return updown_command;
	if (short_find(word))
		return short_main;
	return is_operation(word) ? operation_main : NULL;
}

/* "ipsec-WORD" in the libexec folder, if the word could be part of a program's name. */
static void try_program(char **argv, const struct paths *p)
{
	char name[64];

	errno = ENOENT;
	if (strspn(argv[0], "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(argv[0]) ||
	    strlen(argv[0]) > sizeof(name) - sizeof("ipsec-"))
		return;
	snprintf(name, sizeof(name), "ipsec-%s", argv[0]);
	become(p, name, argv);
}

static int dispatch(int argc, char **argv, const struct paths *p)
{
	const char *word = argv[0];
	bool dashed = word[0] == '-' && word[1] == '-';
	const struct item *item;
	command_run run;

	if (dashed)
		word += 2;
	if (!strcmp(word, "help")) {
		help(stdout);
		return 0;
	}
	item = find_item(word);
	if (item)
		return print_item(item, argc, argv, p);
	run = find_command(word);
	if (run) {
		argv[0] += dashed ? 2 : 0;
		return run(argc, argv, p);
	}
	if (word[0] == '-' || dashed)
		return complain("option", argv[0]);
	try_program(argv, p);
	if (errno != ENOENT && errno != ENOTDIR) {
		fprintf(stderr, "ipsec: can't run ipsec-%s of %s: %s\n", word, p->execdir,
			strerror(errno));
		return 1;
	}
	return complain("command", argv[0]);
}

/*
 * --confs DIR and --rundir DIR, before the command. How many words they took; -1 after a
 * complaint.
 */
static int take_folders(int argc, char **argv, struct paths *p)
{
	int taken = 0;

	for (; taken < argc; taken += 2) {
		char *to = !strcmp(argv[taken], "--confs")    ? p->confs
			   : !strcmp(argv[taken], "--rundir") ? p->rundir
							      : NULL;

		if (!to)
			break;
		if (taken + 1 >= argc || !*argv[taken + 1] ||
		    strlen(argv[taken + 1]) >= sizeof(p->confs)) {
			fprintf(stderr,
				"ipsec: a folder is missing (or too long) after %s; "
				"ipsec --help lists what there is\n",
				argv[taken]);
			return -1;
		}
		memcpy(to, argv[taken + 1], strlen(argv[taken + 1]) + 1);
		p->rundir_given |= to == p->rundir;
	}
	return taken;
}

int main(int argc, char **argv)
{
	struct paths paths;
	int taken;

	if (!paths_find(&paths))
		return 1;
	if (argc < 2) {
		help(stdout);
		return output_end(0);
	}
	taken = take_folders(argc - 1, argv + 1, &paths);
	if (taken < 0)
		return 1;
	if (taken == argc - 1 || !paths_export(&paths)) {
		help(stderr);
		return 1;
	}
	return output_end(dispatch(argc - 1 - taken, argv + 1 + taken, &paths));
}
