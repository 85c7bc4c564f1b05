/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/settings.h"

#include "whack/client.h"

#include <stdlib.h>
#include <string.h>

enum option_type { OPT_FLAG, OPT_TEXT, OPT_NUMBER, OPT_YESNO };

static const struct option_row {
	const char *name;
	uint8_t type; /* enum option_type */
	size_t offset;
	const char *argument; /* its name in --help */
	const char *doc;
	uint64_t max; /* of a number */
} options[] = {
#define AT(field) offsetof(struct settings, field)
	{"help", OPT_FLAG, AT(help), NULL, "print this text"},
	{"version", OPT_FLAG, AT(version), NULL, "print the version"},
	{"cleanup", OPT_FLAG, AT(cleanup), NULL,
	 "remove what a killed pluto left behind, and end"},
	{"check", OPT_FLAG, AT(check), NULL,
	 "tell whether a pluto with these options could start, and end"},
	{"nofork", OPT_FLAG, AT(foreground), NULL, "stay in the foreground, logging to stderr"},
	{"stderrlog", OPT_FLAG, AT(log_stderr), NULL, "log to stderr"},
	{"logfile", OPT_TEXT, AT(log_file), "FILE", "append the log to FILE"},
	{"debug", OPT_FLAG, AT(debug), NULL, "log details too"},
	{"rundir", OPT_TEXT, AT(rundir), "DIR",
	 "where pluto.ctl and pluto.pid are (" RUNDIR_DEFAULT ")"},
	{"confs", OPT_TEXT, AT(confs), "DIR", "where ipsec.secrets and ipsec.d are (/etc)"},
	{"secretsfile", OPT_TEXT, AT(secrets), "FILE",
	 "instead of ipsec.secrets in that folder"},
	{"listen", OPT_TEXT, AT(listen), "ADDR,...", "use these local addresses only"},
	{"virtual-private", OPT_TEXT, AT(virtual_private), "NETWORKS",
	 "what peers of vhost:%priv may claim, as %v4:10.0.0.0/8,%v4:!10.1.0.0/16"},
	{"radius-servers", OPT_TEXT, AT(radius_servers), "ADDR[:PORT],...",
	 "whom auth=eap-radius asks, in this order"},
	{"radius-timeout", OPT_NUMBER, AT(radius_seconds), "SECONDS",
	 "until a question to a RADIUS server is sent again (1); it doubles", 60},
	{"radius-tries", OPT_NUMBER, AT(radius_tries), "N",
	 "how often a RADIUS server is asked before the next one is (3)", 10},
	{"plane", OPT_TEXT, AT(plane), "NAME", "what moves packets: auto, xfrm, esp, memory"},
	{"instance", OPT_NUMBER, AT(instance), "N",
	 "number of this daemon in its network namespace (one that is free)",
	 SETTINGS_INSTANCE_MAX},
	{"group", OPT_TEXT, AT(group), "GROUP", "let members of GROUP use the control socket"},
	{"nhelpers", OPT_NUMBER, AT(workers), "N",
	 "threads for key exchange (as many as cores)", 256},
	{"uniqueids", OPT_TEXT, AT(unique_ids), "yes|no|never",
	 "a new SA of the same identities replaces old ones; never: not even if its peer began anew"},
	{"keep-alive", OPT_NUMBER, AT(keep_alive_seconds), "SECONDS",
	 "between NAT keep-alives; 0: none", 3600},
	{"updown-timeout", OPT_NUMBER, AT(updown_seconds), "SECONDS",
	 "end an updown program that takes longer (10); 0: never", 3600},
	{"strictcrlpolicy", OPT_TEXT, AT(crl_policy), "no|ifuri|yes",
	 "refuse certificates of which it is not known whether they were revoked (no)"},
	{"cachecrls", OPT_YESNO, AT(cache_crls), "yes|no",
	 "keep fetched revocation lists in ipsec.d/crls (no)"},
	{"crlcheckinterval", OPT_NUMBER, AT(crl_interval), "SECONDS",
	 "between looks at which lists are due (0: none)", 2592000},
	{"crl-timeout", OPT_NUMBER, AT(fetch_seconds), "SECONDS",
	 "that fetching a list or an answer may take (8)", 3600},
	{"dnssec-rootkey-file", OPT_TEXT, AT(dns_root_key), "FILE",
	 "the root's key, by which keys in the DNS are proven (/usr/share/dns/root.key)"},
	{"dnssec-anchors", OPT_TEXT, AT(dns_anchors), "FILE",
	 "keys of further zones, for those that the root does not vouch for"},
	{"half-open-cookie", OPT_NUMBER, AT(half_open_cookie), "N",
	 "demand cookies above N half-open SAs", 1000000},
	{"half-open-max", OPT_NUMBER, AT(half_open_max), "N",
	 "refuse more than N half-open SAs", 1000000},
#undef AT
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct option_row *option_find(const char *word, size_t len)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strlen(options[i].name) == len && strncmp(options[i].name, word, len) == 0)
			return &options[i];
	return NULL;
}

static enum cyg_err unknown(const char *word, struct diag *why)
{
	const char *names[OPTIONS];
	const char *near;

	for (size_t i = 0; i < OPTIONS; i++)
		names[i] = options[i].name;
	diag_set(why, "usage", NULL, "unknown option \"%s\"", word);
	near = strncmp(word, "--", 2) ? NULL : text_nearest(word + 2, names, OPTIONS);
	if (near)
		diag_hint(why, "did you mean --%s?", near);
	return CYG_RANGE;
}

static enum cyg_err set_number(uint32_t *at, const struct option_row *o, const char *value,
			       struct diag *why)
{
	uint64_t n;

	if (!text_number(value, 0, o->max, &n)) {
		diag_set(why, "usage", NULL, "--%s wants a number up to %llu", o->name,
			 (unsigned long long)o->max);
		diag_got(why, "%s", value);
		return CYG_RANGE;
	}
	*at = (uint32_t)n;
	return CYG_OK;
}

static enum cyg_err set_yesno(bool *at, const struct option_row *o, const char *value,
			      struct diag *why)
{
	if (strcmp(value, "yes") && strcmp(value, "no")) {
		diag_set(why, "usage", NULL, "--%s wants yes or no", o->name);
		diag_got(why, "%s", value);
		return CYG_RANGE;
	}
	*at = value[0] == 'y';
	return CYG_OK;
}

static enum cyg_err set_option(struct settings *s, const struct option_row *o,
			       const char *value, struct diag *why)
{
	void *at = (char *)s + o->offset;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)at = true;
		return CYG_OK;
	case OPT_TEXT:
		*(const char **)at = value;
		return CYG_OK;
	case OPT_NUMBER:
		return set_number(at, o, value, why);
	default:
		return set_yesno(at, o, value, why);
	}
}

/* One option at argv[*i], in the form "--name value" or "--name=value". */
static enum cyg_err take_option(struct settings *s, int argc, char **argv, int *i,
				struct diag *why)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	const struct option_row *o = NULL;
	const char *value = NULL;

	if (strncmp(word, "--", 2) == 0)
		o = option_find(word + 2,
				equals ? (size_t)(equals - word - 2) : strlen(word + 2));
	if (!o)
		return unknown(word, why);
	if (equals)
		value = equals + 1;
	else if (o->type != OPT_FLAG && *i + 1 < argc)
		value = argv[++*i];
	if ((o->type == OPT_FLAG) != !value) {
		diag_set(why, "usage", NULL, "--%s %s", o->name,
			 value ? "takes no value" : "needs a value");
		return CYG_RANGE;
	}
	return set_option(s, o, value, why);
}

static const char *from_env(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

static enum cyg_err check(const struct settings *s, struct diag *why)
{
	static const char *const planes[] = {"auto", "xfrm", "esp", "memory"};

	if (!text_among("no ifuri yes", s->crl_policy)) {
		diag_set(why, "usage", NULL, "--strictcrlpolicy wants no, ifuri or yes");
		diag_got(why, "%s", s->crl_policy);
		return CYG_RANGE;
	}
	if (!text_among("yes no never", s->unique_ids)) {
		diag_set(why, "usage", NULL, "--uniqueids wants yes, no or never");
		diag_got(why, "%s", s->unique_ids);
		return CYG_RANGE;
	}
	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++)
		if (strcmp(s->plane, planes[i]) == 0)
			return CYG_OK;
	diag_set(why, "usage", NULL, "there is no plane \"%s\"", s->plane);
	diag_wanted(why, "auto, xfrm, esp or memory");
	return CYG_RANGE;
}

enum cyg_err settings_parse(int argc, char **argv, struct settings *ret, struct diag *why)
{
	struct settings s = {
		.unique_ids = "yes",
		.rundir = from_env("IPSEC_RUNDIR", RUNDIR_DEFAULT),
		.confs = from_env("IPSEC_CONFS", "/etc"),
		.plane = "auto",
		.instance = SETTINGS_INSTANCE_ANY,
		.half_open_cookie = UINT32_MAX,
		.radius_seconds = 1,
		.radius_tries = 3,
		.half_open_max = UINT32_MAX,
		.crl_policy = "no",
		.fetch_seconds = 8,
		.keep_alive_seconds = UINT32_MAX,
		.updown_seconds = 10,
	};
	enum cyg_err err;

	for (int i = 1; i < argc; i++) {
		err = take_option(&s, argc, argv, &i, why);
		if (err)
			return err;
	}
	err = check(&s, why);
	if (err)
		return err;
	if (s.foreground && !s.log_file)
		s.log_stderr = true;
	*ret = s;
	return CYG_OK;
}

void settings_help(struct text *out)
{
	text_add_str(
		out,
		"Usage: ipsec pluto [OPTION...]\n"
		"Runs the IKE daemon. \"ipsec setup start\" runs it with what ipsec.conf says.\n\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		struct text head = {0};

		text_add(&head, "--%s%s%s", options[i].name, options[i].argument ? " " : "",
			 options[i].argument ? options[i].argument : "");
		text_add(out, "  %-24s %s\n", text_str(&head), options[i].doc);
		text_done(&head);
	}
}

bool settings_doc(size_t i, const char **ret_name, const char **ret_argument,
		  const char **ret_doc)
{
	if (i >= OPTIONS)
		return false;
	*ret_name = options[i].name;
	*ret_argument = options[i].argument;
	*ret_doc = options[i].doc;
	return true;
}
