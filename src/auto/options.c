/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const struct operation auto_operations[] = {
	{"add", NULL, true, false, false, "load a connection; fails if its name is loaded"},
	{"replace", NULL, true, true, false, "load a connection in place of the one of its name, if any"},
	{"delete", "delete", true, false, false, "take a connection down and forget it"},
	{"up", "initiate", true, false, false, "bring a connection up and wait for the result"},
	{"down", "terminate", true, false, false, "take a connection down at both ends; it stays loaded and routed"},
	{"route", "route", true, false, false, "route a connection: its packets bring it up"},
	{"unroute", "unroute", true, false, false, "take the route of a connection away"},
	{"ready", "listen", false, false, false, "listen for peers; read addresses, secrets and groups again"},
	{"status", "status", false, false, true, "show what is loaded and what is up"},
	{"rereadsecrets", "rereadsecrets", false, false, false, "read ipsec.secrets again"},
	{0},
};

enum { OPT_CONFIG = 256, OPT_SHOW, OPT_SHOWONLY, OPT_ASYNCHRONOUS, OPT_VERBOSE, OPT_UTC, OPT_HELP, OPT_VERSION,
       OPT_OPERATION };

static const struct option settings[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"show", no_argument, NULL, OPT_SHOW},
	{"showonly", no_argument, NULL, OPT_SHOWONLY},
	{"asynchronous", no_argument, NULL, OPT_ASYNCHRONOUS},
	{"verbose", no_argument, NULL, OPT_VERBOSE},
	{"utc", no_argument, NULL, OPT_UTC},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
};

#define SETTINGS_LEN (sizeof(settings) / sizeof(settings[0]))
#define OPERATIONS_LEN (sizeof(auto_operations) / sizeof(auto_operations[0]) - 1)

static const struct operation *find(const char *word)
{
	for (const struct operation *o = auto_operations; o->word; o++) {
		if (!strcmp(o->word, word))
			return o;
	}
	return NULL;
}

static bool refuse(FILE *err, const char *what, const char *word)
{
	fprintf(err, "ipsec auto: %s%s%s\n", what, word ? " " : "", word ? word : "");
	fprintf(err, "ipsec auto: --help lists the operations and options\n");
	return false;
}

/* The table that getopt wants: the settings and then each operation. */
static void fill_table(struct option table[SETTINGS_LEN + OPERATIONS_LEN + 1])
{
	memcpy(table, settings, sizeof(settings));
	for (size_t i = 0; i < OPERATIONS_LEN; i++)
		table[SETTINGS_LEN + i] =
			(struct option){auto_operations[i].word, no_argument, NULL, (int)(OPT_OPERATION + i)};
	table[SETTINGS_LEN + OPERATIONS_LEN] = (struct option){0};
}

static bool take_operation(struct auto_options *o, size_t index, FILE *err)
{
	if (o->operation)
		return refuse(err, "two operations are given; the second is", auto_operations[index].word);
	o->operation = &auto_operations[index];
	return true;
}

static bool take_option(struct auto_options *o, int opt, char **argv, FILE *err)
{
	switch (opt) {
	case OPT_CONFIG:
		o->config = optarg;
		return true;
	case OPT_SHOW:
		o->show = true;
		return true;
	case OPT_SHOWONLY:
		o->showonly = true;
		return true;
	case OPT_ASYNCHRONOUS:
		o->asynchronous = true;
		return true;
	case OPT_VERBOSE:
		o->verbose = true;
		return true;
	case OPT_UTC:
		o->utc = true;
		return true;
	case OPT_HELP:
		o->help = true;
		return true;
	case OPT_VERSION:
		o->version = true;
		return true;
	case ':':
		return refuse(err, "an argument is missing after", argv[optind - 1]);
	case '?':
		return refuse(err, "there is no option (or it can mean several)", argv[optind - 1]);
	default:
		return take_operation(o, (size_t)(opt - OPT_OPERATION), err);
	}
}

/* `ipsec auto NAME up`, `ipsec auto ready`: the word order of old. */
static void take_old_order(struct auto_options *o, int argc, char **argv)
{
	const struct operation *last = argc > optind ? find(argv[argc - 1]) : NULL;
	size_t words = (size_t)(argc - optind);

	if (o->operation || !last || (last->named ? words != 2 : words != 1))
		return;
	o->operation = last;
	o->obsolete = true;
	o->names = argv + optind;
	o->names_len = words - 1;
}

bool auto_options_read(int argc, char **argv, struct auto_options *ret, FILE *err)
{
	struct option table[SETTINGS_LEN + OPERATIONS_LEN + 1];
	struct auto_options o = {0};
	int opt;

	fill_table(table);
	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
		if (!take_option(&o, opt, argv, err))
			return false;
	}
	o.names = argv + optind;
	o.names_len = (size_t)(argc - optind);
	take_old_order(&o, argc, argv);
	if (!o.help && !o.version && !o.operation)
		return refuse(err, "no operation is given, such as", "--up NAME");
	if (o.operation && !o.operation->named && o.names_len)
		return refuse(err, "this operation takes no name:", o.names[0]);
	if (o.operation && o.operation->named && !o.names_len && !o.help)
		return refuse(err, "the name of a connection is missing after --", o.operation->word);
	*ret = o;
	return true;
}

void auto_options_help(FILE *out)
{
	fprintf(out, "usage: ipsec auto [option ...] operation [NAME ...]\n\noperations:\n");
	for (const struct operation *o = auto_operations; o->word; o++)
		fprintf(out, "  --%-14s%-6s %s\n", o->word, o->named ? "NAME" : "", o->doc);
	fprintf(out,
		"\noptions:\n"
		"  --config FILE        read FILE, not ipsec.conf\n"
		"  --asynchronous       with --up: do not wait for the result\n"
		"  --verbose            show log lines (002) too\n"
		"  --show               show each command on standard error as it is run\n"
		"  --showonly           print the commands and run nothing\n"
		"  --utc                show times in UTC\n"
		"  --help, --version\n"
		"\nOptions may be shortened while they stay unique. NAME is a connection of\n"
		"ipsec.conf(5); several names are done in order. The exit status is 0 when all\n"
		"went well, 2 for a command line that can't be understood, else the number of\n"
		"the line that tells why (ipsec_auto(8) lists them).\n");
}
