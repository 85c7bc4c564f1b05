/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: play scenarios of several protocol cores in one process.
 */
#include "sim/play.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"usage: sim [--scenario NAME] [--seed N | --seeds A..B] [--trace | --log]\n"
	"       sim --list | --suite GROUP | --golden FILE | --renew FILE | --bench SECONDS\n"
	"\n"
	"  --scenario NAME  play this one (default: handshake); --list names them\n"
	"  --seed N         play one seed (default: 1)\n"
	"  --seeds A..B     play many, say which failed\n"
	"  --trace          tell the story\n"
	"  --log            tell the story with every report of the cores\n"
	"  --break WORD     break something on purpose: key, remove, answer, clear, cache, chance\n"
	"  --suite GROUP    play a group's share of the test suite, results as TAP\n"
	"  --golden FILE    play what the first line of FILE says and compare the trace\n"
	"  --renew FILE     write the trace of such a file anew\n"
	"  --bench SECONDS  play handshakes for so long and count them\n";

struct options {
	const char *scenario, *suite, *golden, *renew;
	uint64_t first, last;
	enum trace_level level;
	enum sabotage sabotage;
	double bench;
	bool list;
};

/* ---- one and many ---- */

static const char *const sabotages[] = {
	[SABOTAGE_NONE] = "nothing",  [SABOTAGE_KEY] = "key",     [SABOTAGE_REMOVE] = "remove",
	[SABOTAGE_ANSWER] = "answer", [SABOTAGE_CLEAR] = "clear", [SABOTAGE_CACHE] = "cache",
	[SABOTAGE_CHANCE] = "chance",
};

static void print_replay(FILE *to, const char *before, const struct run *run)
{
	fprintf(to, "%sreplay: build/sim/sim --scenario %s --seed %" PRIu64 "%s%s --trace\n",
		before, run->scenario->name, run->seed, run->sabotage ? " --break " : "",
		run->sabotage ? sabotages[run->sabotage] : "");
}

static int play_one(struct lab *lab, const struct run *run)
{
	struct outcome o;

	play(lab, run, &o);
	if (run->level > TRACE_OFF)
		fputs(o.trace ? o.trace : "", stdout);
	free(o.trace);
	if (!o.failed)
		return 0;
	printf("%s, seed %" PRIu64 ": %s\n", run->scenario->name, run->seed, o.failure);
	print_replay(stdout, "", run);
	return 1;
}

/* A failing seed is played again with its trace, so that nobody has to. */
static int play_seed(struct lab *lab, struct run run)
{
	struct outcome o;

	if (run.level > TRACE_OFF)
		return play_one(lab, &run);
	play(lab, &run, &o);
	if (!o.failed)
		return 0;
	run.level = TRACE_STORY;
	return play_one(lab, &run);
}

static int play_many(struct lab *lab, const struct options *o, const struct scenario *s)
{
	struct run run = {.scenario = s, .level = o->level, .sabotage = o->sabotage};
	uint64_t failed = 0, n = o->last - o->first + 1;

	if (n == 1) {
		run.seed = o->first;
		return play_seed(lab, run);
	}
	for (run.seed = o->first; run.seed <= o->last; run.seed++) {
		struct outcome out;

		play(lab, &run, &out);
		free(out.trace);
		if (!out.failed)
			continue;
		failed++;
		printf("seed %" PRIu64 ": %s\n", run.seed, out.failure);
		print_replay(stdout, "  ", &run);
	}
	printf("%s: %" PRIu64 " seeds, %" PRIu64 " failed\n", s->name, n, failed);
	return failed != 0;
}

/* ---- the suite ---- */

#define SANITIZED_SHARE 8 /* one in so many seeds under the sanitizers */

static unsigned share(unsigned seeds)
{
	const char *sanitized = getenv("CYGNET_SANITIZED");

	if (!sanitized || strcmp(sanitized, "1") != 0)
		return seeds;
	return (seeds + SANITIZED_SHARE - 1) / SANITIZED_SHARE;
}

static void tap(unsigned *number, bool ok, const char *name, const char *what)
{
	printf("%sok %u - %s: %s\n", ok ? "" : "not ", ++*number, name, what);
	fflush(stdout);
}

/* The first seed that fails is told in full, further ones by their replay command. */
static void explain(struct lab *lab, struct run run, unsigned failed)
{
	struct outcome o;
	char *line, *at;

	run.level = TRACE_STORY;
	play(lab, &run, &o);
	printf("# %s, seed %" PRIu64 ": %s\n", run.scenario->name, run.seed, o.failure);
	print_replay(stdout, "# ", &run);
	for (at = o.trace; failed == 1 && at && (line = strsep(&at, "\n"));)
		printf("#   %s\n", line);
	free(o.trace);
}

static void suite_scenario(struct lab *lab, const struct scenario *s, unsigned *number,
			   struct outcome *sum)
{
	unsigned n = share(s->seeds), failed = 0;
	char text[32];
	struct run run = {.scenario = s};
	struct outcome o;

	for (run.seed = 1; run.seed <= n; run.seed++) {
		play(lab, &run, &o);
		sum->handshakes += o.handshakes;
		sum->datagrams += o.datagrams;
		sum->lost += o.lost;
		sum->virtual_time += o.virtual_time / NSEC_PER_SEC;
		if (o.failed)
			explain(lab, run, ++failed);
	}
	snprintf(text, sizeof(text), "%u seeds", n);
	tap(number, !failed, s->name, text);
}

/* Two runs of one seed, octet by octet. */
static void suite_twice(struct lab *lab, const struct scenario *s, unsigned *number)
{
	struct run run = {.scenario = s, .seed = 1, .level = TRACE_ALL};
	struct outcome a, b;

	play(lab, &run, &a);
	play(lab, &run, &b);
	tap(number, a.trace && b.trace && !strcmp(a.trace, b.trace), s->name,
	    "two runs of seed 1 are the same");
	free(a.trace);
	free(b.trace);
}

static int play_suite(struct lab *lab, const char *name)
{
	const struct scenario_group *group = NULL;
	unsigned number = 0, rows = 0;
	struct outcome sum = {0};

	for (size_t g = 0; g < scenario_groups_len; g++)
		if (!strcmp(scenario_groups[g].name, name))
			group = &scenario_groups[g];
	if (!group) {
		fprintf(stderr, "sim: no group %s\n", name);
		return 2;
	}
	for (const struct scenario *s = group->rows; s->name; s++)
		rows++;
	printf("1..%u\n", 2 * rows);
	for (const struct scenario *s = group->rows; s->name; s++) {
		suite_scenario(lab, s, &number, &sum);
		suite_twice(lab, s, &number);
	}
	printf("# %" PRIu64 " handshakes, %" PRIu64 " datagrams of which %" PRIu64
	       " were lost, %" PRIu64 " s of virtual time\n",
	       sum.handshakes, sum.datagrams, sum.lost, sum.virtual_time);
	return 0;
}

/* ---- golden traces ---- */

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &cap, 0, f) < 0) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

/* A golden trace: comment lines, the first of them its replay command, and the story. */
struct golden {
	char *text;
	size_t comment; /* octets of the comment lines */
	struct run run;
};

static size_t comment_len(const char *text)
{
	size_t at = 0;

	while (text[at] == '#') {
		at += strcspn(text + at, "\n");
		at += text[at] != 0;
	}
	return at;
}

static bool read_golden(const char *path, struct golden *g)
{
	char name[64];

	*g = (struct golden){.text = read_all(path), .run = {.level = TRACE_STORY}};
	if (g->text && sscanf(g->text, "# build/sim/sim --scenario %63s --seed %" SCNu64, name,
			      &g->run.seed) == 2)
		g->run.scenario = scenario_find(name);
	if (g->run.scenario) {
		g->comment = comment_len(g->text);
		return true;
	}
	fprintf(stderr, "sim: %s does not begin with its replay command\n", path);
	free(g->text);
	return false;
}

static void show_difference(const char *want, const char *got)
{
	unsigned line = 1;

	while (*want && *got) {
		size_t a = strcspn(want, "\n"), b = strcspn(got, "\n");

		if (a != b || memcmp(want, got, a))
			break;
		want += a + (want[a] != 0);
		got += b + (got[b] != 0);
		line++;
	}
	printf("# line %u of the story\n#   wanted: %.*s\n#   got:    %.*s\n", line,
	       (int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

static int play_golden(struct lab *lab, const char *path)
{
	struct golden g;
	struct outcome o;
	bool same;

	if (!read_golden(path, &g))
		return 2;
	play(lab, &g.run, &o);
	same = o.trace && !strcmp(g.text + g.comment, o.trace);
	printf("1..1\n%sok 1 - the story of %s, seed %" PRIu64 "\n", same ? "" : "not ",
	       g.run.scenario->name, g.run.seed);
	if (!same) {
		print_replay(stdout, "# ", &g.run);
		printf("# if it is right so: build/sim/sim --renew %s\n", path);
		show_difference(g.text + g.comment, o.trace ? o.trace : "");
	}
	free(o.trace);
	free(g.text);
	return 0;
}

static int renew_golden(struct lab *lab, const char *path)
{
	struct golden g;
	struct outcome o;
	FILE *f;
	int status = 1;

	if (!read_golden(path, &g))
		return 2;
	play(lab, &g.run, &o);
	f = fopen(path, "w");
	if (f) {
		fprintf(f, "%.*s%s", (int)g.comment, g.text, o.trace ? o.trace : "");
		status = fclose(f) != 0;
	}
	free(o.trace);
	free(g.text);
	return status;
}

/* ---- bench ---- */

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int bench(struct lab *lab, double seconds)
{
	static const char *const names[] = {"handshake", "handshake-loss"};

	for (size_t i = 0; i < 2; i++) {
		struct run run = {.scenario = scenario_find(names[i])};
		double begin = cpu_now(), spent;
		uint64_t handshakes = 0;
		struct outcome o;

		do {
			run.seed++;
			play(lab, &run, &o);
			handshakes += o.handshakes;
			spent = cpu_now() - begin;
		} while (spent < seconds / 2);
		printf("simulated handshakes, both ends, %2u %% loss  %10.0f /s\n",
		       run.scenario->weather.loss, (double)handshakes / spent);
	}
	return 0;
}

/* ---- options ---- */

static int list(void)
{
	for (size_t g = 0; g < scenario_groups_len; g++)
		for (const struct scenario *s = scenario_groups[g].rows; s->name; s++)
			printf("%-9s %-18s %s\n", scenario_groups[g].name, s->name, s->what);
	return 0;
}

static bool parse_seeds(const char *text, struct options *o)
{
	return sscanf(text, "%" SCNu64 "..%" SCNu64, &o->first, &o->last) == 2 &&
	       o->first <= o->last;
}

static bool parse_seed(const char *text, struct options *o)
{
	if (!text_number(text, 0, UINT64_MAX, &o->first))
		return false;
	o->last = o->first;
	return true;
}

static bool parse_break(const char *text, struct options *o)
{
	for (size_t i = 0; i < sizeof(sabotages) / sizeof(*sabotages); i++) {
		if (strcmp(sabotages[i], text) != 0)
			continue;
		o->sabotage = (enum sabotage)i;
		return true;
	}
	return false;
}

static bool parse_option(int c, struct options *o)
{
	switch (c) {
	case 's':
		o->scenario = optarg;
		return true;
	case 'n':
		return parse_seed(optarg, o);
	case 'N':
		return parse_seeds(optarg, o);
	case 't':
		o->level = TRACE_STORY;
		return true;
	case 'l':
		o->level = TRACE_ALL;
		return true;
	case 'b':
		return parse_break(optarg, o);
	case 'S':
		o->suite = optarg;
		return true;
	case 'g':
		o->golden = optarg;
		return true;
	case 'r':
		o->renew = optarg;
		return true;
	case 'B':
		o->bench = strtod(optarg, NULL);
		return o->bench > 0;
	case 'L':
		o->list = true;
		return true;
	default:
		return false;
	}
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"scenario", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'n'},
		{"seeds", required_argument, NULL, 'N'},
		{"trace", no_argument, NULL, 't'},
		{"log", no_argument, NULL, 'l'},
		{"break", required_argument, NULL, 'b'},
		{"suite", required_argument, NULL, 'S'},
		{"golden", required_argument, NULL, 'g'},
		{"renew", required_argument, NULL, 'r'},
		{"bench", required_argument, NULL, 'B'},
		{"list", no_argument, NULL, 'L'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!parse_option(c, o))
			return false;
	return optind == argc;
}

static int run(struct lab *lab, const struct options *o)
{
	const struct scenario *s = scenario_find(o->scenario);

	if (o->suite)
		return play_suite(lab, o->suite);
	if (o->golden)
		return play_golden(lab, o->golden);
	if (o->renew)
		return renew_golden(lab, o->renew);
	if (o->bench > 0)
		return bench(lab, o->bench);
	if (!s) {
		fprintf(stderr, "sim: no scenario %s; sim --list names them\n", o->scenario);
		return 2;
	}
	return play_many(lab, o, s);
}

int main(int argc, char **argv)
{
	struct options o = {.scenario = "handshake", .first = 1, .last = 1};
	struct lab lab;
	int status;

	if (!parse(argc, argv, &o)) {
		fputs(usage, stderr);
		return 2;
	}
	if (o.list)
		return list();
	if (!lab_init(&lab)) {
		fputs("sim: libcrypto cannot be used\n", stderr);
		return 3;
	}
	status = run(&lab, &o);
	lab_done(&lab);
	return status;
}
