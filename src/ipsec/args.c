/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/args.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64

__attribute__((format(printf, 2, 3))) static int refuse(const struct arg_rules *r,
							const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "ipsec %s: ", r->command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nipsec %s: --help tells how it is used\n", r->command);
	return EXIT_USAGE;
}

static void print_options(const struct arg_rules *r)
{
	char word[64];

	printf("\noptions:\n");
	for (const struct arg_option *o = r->options; o && o->name; o++) {
		size_t used = 0;

		if (!o->doc)
			continue;
		buf_add(word, sizeof(word), &used, "--%s%s%s", o->name, o->value ? " " : "",
			o->value ? o->value : "");
		printf("  %-20s %s\n", word, o->doc);
	}
	printf("  --help\n");
}

static int help(const struct arg_rules *r)
{
	printf("usage: ipsec %s%s%s\n\n%s", r->command, *r->synopsis ? " " : "", r->synopsis,
	       r->doc);
	print_options(r);
	if (r->more)
		printf("\n%s", r->more);
	return 0;
}

/* The option that a word names whole, or begins with; *ret_matches counts those it may be. */
static const struct arg_option *find(const struct arg_rules *r, const char *name, size_t len,
				     size_t *ret_matches)
{
	const struct arg_option *found = NULL;

	*ret_matches = 0;
	for (const struct arg_option *o = r->options; o && o->name; o++) {
		if (strncmp(o->name, name, len) != 0)
			continue;
		if (strlen(o->name) == len) {
			*ret_matches = 1;
			return o;
		}
		if (!found || found->to != o->to)
			++*ret_matches;
		found = o;
	}
	return found;
}

static int refuse_option(const struct arg_rules *r, const char *name, size_t len,
			 size_t matches)
{
	const char *words[OPTIONS_MAX] = {"help"};
	char wrong[64];
	const char *near;
	size_t n = 1;

	for (const struct arg_option *o = r->options; o && o->name && n < OPTIONS_MAX; o++)
		words[n++] = o->name;
	snprintf(wrong, sizeof(wrong), "%.*s", (int)len, name);
	near = text_nearest(wrong, words, n);
	if (matches > 1)
		return refuse(r, "--%s may mean several options; write more of it", wrong);
	if (near)
		return refuse(r, "there is no option --%s; did you mean --%s?", wrong, near);
	return refuse(r, "there is no option --%s", wrong);
}

/* Its value is a path, which is never empty. */
static bool is_place(const struct arg_option *o)
{
	return !strcmp(o->value, "FILE") || !strcmp(o->value, "DIR") ||
	       !strcmp(o->value, "SOCKET");
}

static int keep(const struct arg_rules *r, const struct arg_option *o, const char *value)
{
	struct arg_values *all = o->to;

	if (!*value && is_place(o))
		return refuse(r, "the value of --%s is empty: %s", o->name, o->value);
	if (!o->many)
		*(const char **)o->to = value;
	else if (all->len == ARG_VALUES_MAX)
		return refuse(r, "--%s is given too often; %d times at most", o->name,
			      ARG_VALUES_MAX);
	else
		all->items[all->len++] = value;
	return ARGS_GO;
}

/* One option at argv[*at], which moves on past its value. ARGS_GO, or how it ended. */
static int take(const struct arg_rules *r, char **argv, int argc, int *at)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name), matches;
	const struct arg_option *o = find(r, name, len, &matches);

	if (len >= 2 && !strncmp("help", name, len) && matches == 0)
		return help(r);
	if (!o || matches != 1 || !len)
		return refuse_option(r, name, len, matches);
	if (!o->value) {
		if (equals)
			return refuse(r, "--%s takes no value", o->name);
		*(bool *)o->to = true;
		return ARGS_GO;
	}
	if (!equals && *at + 1 >= argc)
		return refuse(r, "a value is missing after --%s: %s", o->name, o->value);
	return keep(r, o, equals ? equals + 1 : argv[++*at]);
}

static int check_words(const struct arg_rules *r, const struct args *a)
{
	if (a->len > r->words_max)
		return refuse(r, "one word too many: %s", a->words[r->words_max]);
	if (a->len < r->words_min)
		return refuse(r, "%s is missing", r->operand);
	return ARGS_GO;
}

int args_read(const struct arg_rules *r, int argc, char **argv, struct args *ret)
{
	struct args a = {.words = argv + 1};
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		int status = ARGS_GO;

		if (!ended && !strcmp(argv[i], "--"))
			ended = true;
		else if (!ended && argv[i][0] == '-' && argv[i][1] == '-')
			status = take(r, argv, argc, &i);
		else if (!ended && argv[i][0] == '-' && argv[i][1])
			status = refuse(r, "there is no option %s", argv[i]);
		else
			a.words[a.len++] = argv[i];
		if (status != ARGS_GO)
			return status;
	}
	a.words[a.len] = NULL; /* at argv[argc] at the farthest, which is NULL */
	*ret = a;
	return check_words(r, &a);
}
