/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/options.h"

#include "base/text.h"
#include "whack/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The rows keep their shape. */
/* clang-format off */
#define LISTS .lists = true

const struct operation auto_operations[] = {
	{"add", NULL, NAMED_MUST, .doc = "load a connection; fails if its name is loaded"},
	{"replace", NULL, NAMED_MUST, .replace = true, .doc = "load a connection in place of the one of its name, if any"},
	{"delete", "delete", NAMED_MUST, .doc = "take a connection down and forget it"},
	{"up", "initiate", NAMED_MUST, .doc = "bring a connection up and wait for the result"},
	{"down", "terminate", NAMED_MUST, .doc = "take a connection down at both ends; it stays loaded and routed"},
	{"route", "route", NAMED_MUST, .doc = "route a connection: its packets bring it up"},
	{"unroute", "unroute", NAMED_MUST, .doc = "take the route of a connection away"},
	{"ready", "listen", .cas = CAS_LOAD, .doc = "listen for peers; read addresses, secrets and groups again"},
	{"status", "status", NAMED_MAY, LISTS, .doc = "show what is loaded and what is up"},
	{"rereadsecrets", "rereadsecrets", .doc = "read ipsec.secrets again"},
	{"rereadgroups", "rereadgroups", .doc = "read the files of policy groups again"},
	{"rereadcacerts", "rereadcacerts", .cas = CAS_RENEW, .doc = "read ca sections and certificates of authorities again"},
	{"rereadaacerts", "rereadaacerts", .doc = "read certificates of attribute authorities again"},
	{"rereadocspcerts", "rereadocspcerts", .doc = "read certificates of OCSP signers again"},
	{"rereadacerts", "rereadacerts", .doc = "read attribute certificates again"},
	{"rereadcrls", "rereadcrls", .doc = "read revocation lists again"},
	{"rereadall", "rereadall", .cas = CAS_RENEW, .doc = "read secrets, ca sections, certificates and revocation lists again"},
	{"listpubkeys", "listpubkeys", LISTS, .doc = "list public keys"},
	{"listcerts", "listcerts", LISTS, .doc = "list certificates of ends"},
	{"listcacerts", "listcacerts", LISTS, .doc = "list certificates of authorities"},
	{"listaacerts", "listaacerts", LISTS, .doc = "list certificates of attribute authorities"},
	{"listocspcerts", "listocspcerts", LISTS, .doc = "list certificates of OCSP signers"},
	{"listacerts", "listacerts", LISTS, .doc = "list attribute certificates"},
	{"listgroups", "listgroups", LISTS, .doc = "list policy groups, and groups of attribute certificates"},
	{"listcainfos", "listcainfos", LISTS, .doc = "list what ca sections say"},
	{"listcrls", "listcrls", LISTS, .doc = "list certificate revocation lists"},
	{"listocsp", "listocsp", LISTS, .doc = "list what OCSP servers said"},
	{"listcards", "listcards", LISTS, .doc = "list smartcards and tokens"},
	{"listall", "listall", LISTS, .doc = "all of these lists, and listpsks"},
	{"checkpubkeys", "checkpubkeys", LISTS, .doc = "list public keys that expire or have expired"},
	{"listpsks", "listpsks", LISTS, .doc = "list the records of ipsec.secrets, never a secret"},
	{"purgeocsp", "purgeocsp", .doc = "forget what OCSP servers said"},
	{"listgropus", "listgroups", LISTS}, /* as the page of old misprints it */
	{0},
};
/* clang-format on */

enum {
	OPT_CONFIG = 256,
	OPT_CTLSOCKET,
	OPT_SHOW,
	OPT_SHOWONLY,
	OPT_ASYNCHRONOUS,
	OPT_VERBOSE,
	OPT_UTC,
	OPT_JSON,
	OPT_BRIEF,
	OPT_HELP,
	OPT_VERSION,
	OPT_OPERATION
};

static const struct option settings[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"ctlsocket", required_argument, NULL, OPT_CTLSOCKET},
	{"show", no_argument, NULL, OPT_SHOW},
	{"showonly", no_argument, NULL, OPT_SHOWONLY},
	{"asynchronous", no_argument, NULL, OPT_ASYNCHRONOUS},
	{"verbose", no_argument, NULL, OPT_VERBOSE},
	{"utc", no_argument, NULL, OPT_UTC},
	{"json", no_argument, NULL, OPT_JSON},
	{"brief", no_argument, NULL, OPT_BRIEF},
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

/* "ipsec auto: ...", and where to read on. */
__attribute__((format(printf, 2, 3))) static bool refuse(FILE *err, const char *fmt, ...)
{
	va_list args;

	fputs("ipsec auto: ", err);
	va_start(args, fmt);
	vfprintf(err, fmt, args);
	va_end(args);
	fputs("\nipsec auto: --help lists the operations and options\n", err);
	return false;
}

/* The first operation that does the same: another spelling makes no abbreviation ambiguous. */
static size_t same_operation(size_t index)
{
	const char *whack = auto_operations[index].whack;

	for (size_t i = 0; whack && i < index; i++)
		if (auto_operations[i].whack && !strcmp(auto_operations[i].whack, whack))
			return i;
	return index;
}

/* The table that getopt wants: the settings and then each operation. */
static void fill_table(struct option table[SETTINGS_LEN + OPERATIONS_LEN + 1])
{
	memcpy(table, settings, sizeof(settings));
	for (size_t i = 0; i < OPERATIONS_LEN; i++)
		table[SETTINGS_LEN + i] =
			(struct option){auto_operations[i].word, no_argument, NULL,
					(int)(OPT_OPERATION + same_operation(i))};
	table[SETTINGS_LEN + OPERATIONS_LEN] = (struct option){0};
}

static bool take_operation(struct auto_options *o, size_t index, FILE *err)
{
	if (o->operation)
		return refuse(err, "two operations are given; the second is --%s",
			      auto_operations[index].word);
	o->operation = &auto_operations[index];
	return true;
}

/* ---- options that are none ---- */

/* The i-th word that may stand behind "--"; NULL behind the last one. */
static const char *option_word(size_t i)
{
	if (i < OPERATIONS_LEN)
		return auto_operations[i].word;
	return i < OPERATIONS_LEN + SETTINGS_LEN ? settings[i - OPERATIONS_LEN].name : NULL;
}

static const char *nearest_option(const char *name)
{
	const char *words[OPERATIONS_LEN + SETTINGS_LEN];

	for (size_t i = 0; i < OPERATIONS_LEN + SETTINGS_LEN; i++)
		words[i] = option_word(i);
	return text_nearest(name, words, OPERATIONS_LEN + SETTINGS_LEN);
}

/* Says which ones: "--replace, --ready". Returns how many begin with `name`. */
static size_t list_matches(const char *name, char *buf, size_t cap)
{
	size_t used = 0, n = 0;

	buf[0] = 0;
	for (size_t i = 0; option_word(i); i++) {
		if (i < OPERATIONS_LEN && same_operation(i) != i)
			continue; /* another spelling, which nobody should learn */
		if (!strncmp(option_word(i), name, strlen(name)))
			buf_add(buf, cap, &used, "%s--%s", n++ ? ", " : "", option_word(i));
	}
	return n;
}

/* Operations that other systems have: what does the same. */
static const struct {
	const char *name, *here;
} elsewhere[] = {
	{"start", "ipsec start NAME loads a connection and brings it up"},
	{"ondemand", "ipsec ondemand NAME loads a connection and routes it"},
	{"initiate", "--up does it"},
	{"terminate", "--down does it"},
	{"listen", "--ready does it"},
	{"rereadcerts", "--rereadcacerts does it"},
	{"fetchcrls", "--rereadcrls does it"},
	{"showstates", "ipsec showstates does it"},
	{"statestatus", "ipsec showstates does it"},
	{"trafficstatus", "ipsec trafficstatus does it"},
	{"briefstatus", "ipsec briefstatus does it"},
	{"globalstatus", "ipsec globalstatus does it"},
	{"shuntstatus", "ipsec shuntstatus does it"},
	{"fipsstatus", "ipsec fipsstatus does it"},
	{"checkconfig", "ipsec checkconf does it"},
	{"rotatecert", "put the new certificate into ipsec.d/certs, then --replace NAME"},
	{"type", "a name is looked for among connections, then among ca sections"},
	{"noinclude", "write --config FILE with a file that includes none"},
};

static const char *find_elsewhere(const char *name)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (!strcmp(elsewhere[i].name, name))
			return elsewhere[i].here;
	return NULL;
}

/* A long option that getopt does not take: short for several, not built, or misspelt. */
static bool refuse_long(const char *name, FILE *err)
{
	const char *unbuilt = whack_unbuilt(name);
	const char *here = find_elsewhere(name);
	const char *near = nearest_option(name);
	char matches[512];

	if (list_matches(name, matches, sizeof(matches)) > 1)
		return refuse(err, "--%s may mean each of %s", name, matches);
	if (here)
		return refuse(err, "there is no option --%s: %s", name, here);
	if (unbuilt)
		return refuse(err, "--%s can't be used: %s", name, unbuilt);
	if (near)
		return refuse(err, "there is no option --%s; did you mean --%s?", name, near);
	return refuse(err, "there is no option --%s", name);
}

static bool refuse_option(char **argv, FILE *err)
{
	if (optopt >= OPT_CONFIG)
		return refuse(err, "no value is taken by %s", argv[optind - 1]);
	if (optopt)
		return refuse(err, "there is no option -%c", optopt);
	return refuse_long(argv[optind - 1] + 2, err);
}

/* The member that a setting without a value is kept in; NULL: it is none. */
static bool *flag_of(struct auto_options *o, int opt)
{
	switch (opt) {
	case OPT_SHOW:
		return &o->show;
	case OPT_SHOWONLY:
		return &o->showonly;
	case OPT_ASYNCHRONOUS:
		return &o->asynchronous;
	case OPT_VERBOSE:
		return &o->verbose;
	case OPT_UTC:
		return &o->utc;
	case OPT_JSON:
		return &o->json;
	case OPT_BRIEF:
		return &o->brief;
	case OPT_HELP:
		return &o->help;
	case OPT_VERSION:
		return &o->version;
	default:
		return NULL;
	}
}

static bool take_option(struct auto_options *o, int opt, char **argv, FILE *err)
{
	bool *flag = flag_of(o, opt);

	if (flag) {
		*flag = true;
		return true;
	}
	switch (opt) {
	case OPT_CONFIG:
		o->config = optarg;
		return *optarg || refuse(err, "the value of --config is empty: name a file");
	case OPT_CTLSOCKET:
		o->ctlsocket = optarg;
		return *optarg ||
		       refuse(err, "the value of --ctlsocket is empty: name a socket");
	case ':':
		return refuse(err, "a value is missing after %s", argv[optind - 1]);
	case '?':
		return refuse_option(argv, err);
	default:
		return take_operation(o, (size_t)(opt - OPT_OPERATION), err);
	}
}

/* `ipsec auto NAME up`, `ipsec auto ready`: the word order of old. */
static void take_old_order(struct auto_options *o, int argc, char **argv)
{
	const struct operation *last = argc > optind ? find(argv[argc - 1]) : NULL;
	size_t words = (size_t)(argc - optind);

	if (o->operation || !last || (last->naming == NAMED_MUST ? words != 2 : words != 1))
		return;
	o->operation = last;
	o->obsolete = true;
	o->names = argv + optind;
	o->names_len = words - 1;
}

static bool is_named_empty(const struct auto_options *o)
{
	for (size_t i = 0; i < o->names_len; i++)
		if (!*o->names[i])
			return true;
	return false;
}

static bool check_names(const struct auto_options *o, char **argv, FILE *err)
{
	bool ended = o->names_len && o->names > argv && !strcmp(o->names[-1], "--");

	if (!o->operation)
		return refuse(err, "no operation is given, such as --up NAME");
	if (o->operation->naming == NAMED_NOT && o->names_len)
		return refuse(err, "this operation takes no name: %s", o->names[0]);
	if (o->operation->naming == NAMED_MUST && !o->names_len)
		return refuse(err, "the name of a connection is missing after --%s",
			      o->operation->word);
	if (is_named_empty(o))
		return refuse(err,
			      "the name after --%s is empty: no connection has such a name",
			      o->operation->word);
	for (size_t i = 0; i < o->names_len && !ended; i++) {
		if (o->names[i][0] == '-')
			return refuse(err, "options stand before the names: %s", o->names[i]);
	}
	return true;
}

/* An option that scripts of others pass along, and that changes nothing here. */
static void note_idle(const struct auto_options *o, const char *option, const char *why,
		      FILE *err)
{
	fprintf(err, "ipsec auto: note: --%s changes nothing with --%s: %s\n", option,
		o->operation->word, why);
}

/*
 * What an operation has nothing of. --json and --brief, which are read by programs that would
 * wait for such output in vain, are refused; ipsec_auto(8) allows --utc beside all operations that
 * take no connection, and speaks of --asynchronous as of --up alone.
 */
static bool check_settings(const struct auto_options *o, FILE *err)
{
	const char *word = o->operation->word;

	if (o->json && !o->operation->lists)
		return refuse(err,
			      "--json goes with --status and the lists, not with --%s; "
			      "ipsec whack --json prints the answer to any command",
			      word);
	if (o->json && o->names_len > 1)
		return refuse(err, "--json prints one document: name one connection, or a "
				   "pattern that all fit, such as 'branch-*'");
	if (o->brief && strcmp(word, "status") != 0)
		return refuse(err, "--brief goes with --status, not with --%s", word);
	if (o->utc && o->operation->naming == NAMED_MUST)
		note_idle(o, "utc", "it shows no times", err);
	if (o->asynchronous && strcmp(word, "up") != 0)
		note_idle(o, "asynchronous", "--up alone waits for a result", err);
	return true;
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
	if (!o.help && !o.version && (!check_names(&o, argv, err) || !check_settings(&o, err)))
		return false;
	*ret = o;
	return true;
}

void auto_options_help(FILE *out)
{
	static const char *const names[] = {
		[NAMED_NOT] = "",
		[NAMED_MAY] = "[NAME]",
		[NAMED_MUST] = "NAME",
	};

	fprintf(out, "usage: ipsec auto [option ...] operation [NAME ...]\n\noperations:\n");
	for (const struct operation *o = auto_operations; o->word; o++)
		if (o->doc)
			fprintf(out, "  --%-15s %-6s %s\n", o->word, names[o->naming], o->doc);
	fprintf(out,
		"\noptions:\n"
		"  --config FILE        read FILE, not ipsec.conf\n"
		"  --ctlsocket SOCKET   speak to pluto at SOCKET, not in its run folder\n"
		"  --asynchronous       with --up: do not wait for the result\n"
		"  --brief              with --status: a line for each connection and SA\n"
		"  --json               print what is listed as JSON\n"
		"  --utc                show times in UTC\n"
		"  --verbose            show log lines (002) too\n"
		"  --show               show each command on standard error as it is run\n"
		"  --showonly           print the commands and run nothing\n"
		"  --help, --version\n"
		"\nOptions may be shortened while they stay unique. NAME is a connection, an alias\n"
		"of some, or a shell pattern such as 'branch-*'; --add and --replace look for it in\n"
		"ipsec.conf(5), all others among what is loaded. Several names are done in order.\n"
		"The exit status is 0 when all went well, 2 for a command line that can't be\n"
		"understood, else the number of the line that tells why (ipsec_auto(8) lists them).\n");
}
