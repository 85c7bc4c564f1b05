/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/pluto_args.h"

#include "base/text.h"
#include "conf/conf.h"
#include "ipsec/conf_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_OCTETS 16384

static void arg(struct pluto_args *a, const char *option, const char *value)
{
	if (!value)
		return;
	a->words[a->len++] = (char *)option;
	a->words[a->len++] = (char *)value;
}

static void arg_flag(struct pluto_args *a, const char *option, bool given)
{
	if (given)
		a->words[a->len++] = (char *)option;
}

static void arg_number(struct pluto_args *a, const char *option, unsigned value)
{
	char *text = a->numbers[a->numbers_len];

	if (value == SETUP_UNSET)
		return;
	assert(a->numbers_len < sizeof(a->numbers) / sizeof(a->numbers[0]));
	snprintf(text, sizeof(a->numbers[0]), "%u", value);
	a->numbers_len++;
	arg(a, option, text);
}

static void fill_args(struct pluto_args *a, const char *program, const struct conf_setup *s)
{
	a->words[a->len++] = (char *)program;
	arg(a, "--plane", s->plane);
	arg(a, "--listen", s->listen);
	arg(a, "--virtual-private", s->virtual_private);
	arg(a, "--radius-servers", s->radius_servers);
	arg(a, "--logfile", s->log_file);
	arg(a, "--secretsfile", s->secrets_file);
	arg(a, "--dnssec-rootkey-file", s->dns_root_key);
	arg(a, "--dnssec-anchors", s->dns_anchors);
	arg(a, "--uniqueids", s->unique_ids ? NULL : conf_text_unique(s));
	arg_flag(a, "--debug", s->debug && *s->debug && strcmp(s->debug, "none"));
	arg_number(a, "--nhelpers", s->helpers ? s->helpers : SETUP_UNSET);
	arg_number(a, "--keep-alive", s->keep_alive_seconds);
	arg(a, "--strictcrlpolicy", s->crl_policy);
	arg(a, "--cachecrls", s->cache_crls ? "yes" : NULL);
	arg_number(a, "--crlcheckinterval", s->crl_interval);
	arg_number(a, "--crl-timeout", s->crl_seconds);
	arg_number(a, "--radius-timeout", s->radius_seconds);
	arg_number(a, "--radius-tries", s->radius_tries);
	arg_number(a, "--half-open-cookie", s->half_open_cookie);
	arg_number(a, "--half-open-max", s->half_open_max);
	arg_number(a, "--updown-timeout", s->updown_seconds);
	a->words[a->len] = NULL;
}

bool pluto_args(const struct paths *p, const struct conf_setup *s, bool check,
		struct pluto_args *ret)
{
	*ret = (struct pluto_args){0};
	if (!paths_join(ret->program, sizeof(ret->program), p->execdir, "pluto"))
		return false;
	fill_args(ret, ret->program, s);
	arg_flag(ret, "--check", check);
	ret->words[ret->len] = NULL;
	return true;
}

/* ---- what another one was started with ---- */

/* Every option of fill_args, and whether a value follows. */
static const struct {
	const char *name;
	bool value;
} options[] = {
	{"--plane", true},
	{"--listen", true},
	{"--virtual-private", true},
	{"--radius-servers", true},
	{"--logfile", true},
	{"--secretsfile", true},
	{"--dnssec-rootkey-file", true},
	{"--dnssec-anchors", true},
	{"--uniqueids", true},
	{"--debug", false},
	{"--nhelpers", true},
	{"--keep-alive", true},
	{"--strictcrlpolicy", true},
	{"--cachecrls", true},
	{"--crlcheckinterval", true},
	{"--crl-timeout", true},
	{"--radius-timeout", true},
	{"--radius-tries", true},
	{"--half-open-cookie", true},
	{"--half-open-max", true},
	{"--updown-timeout", true},
};

/* The value of an option ("" of a flag), NULL when it is not given. */
static const char *value_of(char *const *words, const char *name, bool value)
{
	for (; *words; words++)
		if (!strcmp(*words, name))
			return value ? words[1] : "";
	return NULL;
}

/* The words of a process, as many as fit, NULL at the end. False when they can't be read. */
static bool read_words(pid_t pid, char *line, size_t cap, char **words, size_t max)
{
	char path[64];
	size_t n, len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(line, 1, cap - 1, f);
	fclose(f);
	line[n] = '\0';
	for (size_t at = 0; at < n && len + 1 < max; at += strlen(line + at) + 1)
		words[len++] = line + at;
	words[len] = NULL;
	return len > 0;
}

bool pluto_args_differ(const struct pluto_args *a, pid_t pid, char *names, size_t cap)
{
	char line[LINE_MAX_OCTETS], *words[128];
	size_t used = 0;

	if (!read_words(pid, line, sizeof(line), words, sizeof(words) / sizeof(words[0])))
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *ours = value_of(a->words, options[i].name, options[i].value);
		const char *theirs = value_of(words, options[i].name, options[i].value);

		if (!ours != !theirs || (ours && theirs && strcmp(ours, theirs) != 0))
			buf_add(names, cap, &used, "%s%s", used ? ", " : "",
				options[i].name + 2);
	}
	return used > 0;
}
