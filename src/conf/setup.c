/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setup.h"

#include "base/text.h"
#include "conf/conf_private.h"
#include "conf/word.h"
#include "conn/virtual.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum setting_kind {
	SETTING_STRING,
	SETTING_BOOL,
	SETTING_UNIQUE,
	SETTING_NUMBER,
	SETTING_SECONDS,
	SETTING_PLANE,
	SETTING_DIALECT,
	SETTING_VIRTUAL,
	SETTING_CRL_POLICY,
};

#define SETTING(member) offsetof(struct conf_setup, member)

/* clang-format off: the rows keep their shape */
const struct setting setup_rows[] = {
	{"plane", SETTING_PLANE, SETTING(plane), 0, "NAME",
	 "what moves packets: auto (xfrm where the kernel has it, else esp), xfrm (the kernel's IPsec), esp (in this process), "
	 "memory (nothing, for tests)"},
	{"protostack", SETTING_PLANE, SETTING(plane), 0, NULL, NULL},
	{"dialect", SETTING_DIALECT, SETTING(dialect), 0, "NAME",
	 "whose way of writing the file follows where they differ: openswan, libreswan, strongswan or any"},
	{"listen", SETTING_STRING, SETTING(listen), 0, "ADDRESSES",
	 "use these addresses of the host alone, separated by commas"},
	{"virtual-private", SETTING_VIRTUAL, SETTING(virtual_private), 0, "NETWORKS",
	 "what peers with subnet=vhost:%priv or vnet:%priv may claim: %v4:NETWORK, %v6:NETWORK, with ! what they may not"},
	{"virtual_private", SETTING_VIRTUAL, SETTING(virtual_private), 0, NULL, NULL},
	{"radius-servers", SETTING_STRING, SETTING(radius_servers), 0, "ADDRESSES",
	 "whom auth=eap-radius asks, in this order: ADDRESS or ADDRESS:PORT, separated by commas"},
	{"radius-timeout", SETTING_SECONDS, SETTING(radius_seconds), 60, "TIME",
	 "until a question to a RADIUS server is sent again, twice as long each time; 1s when not given"},
	{"radius-tries", SETTING_NUMBER, SETTING(radius_tries), 10, "NUMBER",
	 "how often a question is sent to a RADIUS server before the next one is asked; 3 when not given"},
	{"uniqueids", SETTING_UNIQUE, SETTING(unique_ids), 0, "WHEN",
	 "yes: a peer that comes again, from another address, replaces its older SAs; no: only when it says that it began anew; never"},
	{"secretsfile", SETTING_STRING, SETTING(secrets_file), 0, "FILE",
	 "read secrets from FILE and not from ipsec.secrets"},
	{"logfile", SETTING_STRING, SETTING(log_file), 0, "FILE",
	 "append the log to FILE; the system log when not given"},
	{"plutostderrlog", SETTING_STRING, SETTING(log_file), 0, NULL, NULL},
	{"dnssec-rootkey-file", SETTING_STRING, SETTING(dns_root_key), 0, "FILE",
	 "the key of the DNS root, for rsasigkey=%dnsondemand; the system's when not given"},
	{"dnssec-anchors", SETTING_STRING, SETTING(dns_anchors), 0, "FILE",
	 "keys of further zones of the DNS, for those that the root does not vouch for"},
	{"plutodebug", SETTING_STRING, SETTING(debug), 0, "WORDS",
	 "any word but none: log details too"},
	{"plutowait", SETTING_BOOL, SETTING(wait), 0, "YES",
	 "at the start, wait for each connection to come up before the next one"},
	{"oe", SETTING_BOOL, SETTING(oe), 0, "YES",
	 "make up the connections clear, clear-or-private, private-or-clear, private and block, where there are none of the name"},
	{"nhelpers", SETTING_NUMBER, SETTING(helpers), 256, "NUMBER",
	 "threads for key exchange, 256 at most; as many as processors when not given, or 0"},
	{"keep-alive", SETTING_SECONDS, SETTING(keep_alive_seconds), 3600, "TIME",
	 "between packets that keep a NAT's mapping alive"},
	{"keep_alive", SETTING_SECONDS, SETTING(keep_alive_seconds), 3600, NULL, NULL},
	{"updown-timeout", SETTING_SECONDS, SETTING(updown_seconds), 3600, "TIME",
	 "end an updown program that takes longer; 10s when not given, 0: never"},
	{"strictcrlpolicy", SETTING_CRL_POLICY, SETTING(crl_policy), 0, "WHEN",
	 "yes: refuse a peer unless it is known that its certificates were not revoked; ifuri: where a server or list is named; no"},
	{"cachecrls", SETTING_BOOL, SETTING(cache_crls), 0, "YES",
	 "keep revocation lists that were fetched in ipsec.d/crls"},
	{"crlcheckinterval", SETTING_SECONDS, SETTING(crl_interval), 2592000, "TIME",
	 "look so often which revocation lists and OCSP answers are due, and fetch them; 0, the default: when they are needed"},
	{"crl-timeout", SETTING_SECONDS, SETTING(crl_seconds), 3600, "TIME",
	 "that fetching a revocation list or an OCSP answer may take; 8s when not given"},
	{"crl-strict", SETTING_CRL_POLICY, SETTING(crl_policy), 0, NULL, NULL},
	{"crl_strict", SETTING_CRL_POLICY, SETTING(crl_policy), 0, NULL, NULL},
	{"curl-timeout", SETTING_SECONDS, SETTING(crl_seconds), 3600, NULL, NULL},
	{"ddos-ike-threshold", SETTING_NUMBER, SETTING(half_open_cookie), 1000000, "NUMBER",
	 "ask for cookies above so many half-open SAs"},
	{"max-halfopen-ike", SETTING_NUMBER, SETTING(half_open_max), 1000000, "NUMBER",
	 "answer no stranger above so many half-open SAs"},
};
/* clang-format on */

const size_t setup_rows_len = sizeof(setup_rows) / sizeof(setup_rows[0]);

#define SETTINGS_LEN (sizeof(setup_rows) / sizeof(setup_rows[0]))

const struct setting *setting_find(const char *keyword)
{
	for (size_t i = 0; i < SETTINGS_LEN; i++) {
		if (text_same(setup_rows[i].keyword, keyword))
			return &setup_rows[i];
	}
	return NULL;
}

static bool read_bool(const char *text, bool *ret)
{
	static const char *const yes[] = {"yes", "y", "true", "on", "1"},
				 *const no[] = {"no", "n", "false", "off", "0"};

	for (size_t i = 0; i < 5; i++) {
		if (text_same(text, yes[i]) || text_same(text, no[i])) {
			*ret = text_same(text, yes[i]);
			return true;
		}
	}
	return false;
}

/* Other systems name kernel stacks in protostack=; those mean "take what there is". */
static const char *plane_word(const char *keyword, const char *text)
{
	static const char *const planes[] = {"auto", "xfrm", "esp", "memory"};
	static const char *const stacks[] = {"xfrm", "netkey",  "klips", "mast",
					     "bsd",  "bsdkame", "native"};

	/* Files that say protostack= were written where the kernel has ESP, and may be read elsewhere. */
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		if (text_same(keyword, "protostack") && text_same(text, stacks[i]))
			return "auto";
	}
	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++) {
		if (text_same(text, planes[i]))
			return planes[i];
	}
	return NULL;
}

static bool read_seconds(const char *text, unsigned max, unsigned *ret)
{
	nsec span;

	if (duration_parse(text, &span) || span / NSEC_PER_SEC > max)
		return false;
	*ret = (unsigned)(span / NSEC_PER_SEC);
	return true;
}

static bool is_virtual_list(const char *text)
{
	struct virtual_net *list = NULL;
	bool is = virtual_list_read(text, &list, NULL) == CYG_OK;

	free(list);
	return is;
}

/* ---- values, by their kinds: each is stored at `at`; else what was wanted comes back ---- */

static const char *set_string(void *at, const struct setting *row, const char *value)
{
	*(const char **)at = value;
	return NULL;
}

static const char *set_bool(void *at, const struct setting *row, const char *value)
{
	bool yes;

	if (!read_bool(value, &yes))
		return "yes or no";
	*(bool *)at = yes;
	return NULL;
}

static const char *set_unique(void *at, const struct setting *row, const char *value)
{
	struct conf_setup *s = (struct conf_setup *)(void *)((char *)at - row->offset);
	bool yes = text_same(value, "replace"), never = text_same(value, "never");

	if (!yes && !never && !text_same(value, "keep") && !read_bool(value, &yes))
		return "yes (also written replace), no (keep) or never";
	s->unique_ids = yes;
	s->contact_ignored = never;
	return NULL;
}

static const char *set_number(void *at, const struct setting *row, const char *value)
{
	uint64_t number;

	if (text_same(value, "-1"))
		value = "0"; /* Libreswan's "as many as fit" */
	if (!text_number(value, 0, row->max, &number))
		return "a number";
	*(unsigned *)at = (unsigned)number;
	return NULL;
}

static const char *set_seconds(void *at, const struct setting *row, const char *value)
{
	unsigned seconds;

	if (!read_seconds(value, row->max, &seconds))
		return row->max > 3600 ? "a time such as 600s, 30 days at most"
				       : "a time such as 20s, an hour at most";
	*(unsigned *)at = seconds;
	return NULL;
}

static const char *set_plane(void *at, const struct setting *row, const char *value)
{
	const char *word = plane_word(row->keyword, value);

	if (!word)
		return "auto, xfrm, esp or memory";
	*(const char **)at = word;
	return NULL;
}

static const char *set_dialect(void *at, const struct setting *row, const char *value)
{
	return dialect_by_name(value, at) ? NULL : "openswan, libreswan, strongswan or any";
}

static const char *set_virtual(void *at, const struct setting *row, const char *value)
{
	if (!is_virtual_list(value))
		return "%v4:NETWORK and %v6:NETWORK, separated by commas";
	*(const char **)at = value;
	return NULL;
}

static const char *set_crl_policy(void *at, const struct setting *row, const char *value)
{
	bool yes;

	if (text_same(value, "ifuri"))
		*(const char **)at = "ifuri";
	else if (read_bool(value, &yes))
		*(const char **)at = yes ? "yes" : "no";
	else {
		/* What was to protect, and can't be read, is not left out for that. */
		*(const char **)at = "yes";
		return "yes, no or ifuri";
	}
	return NULL;
}

static const char *set(struct conf_setup *s, const struct setting *row, const char *value)
{
	static const char *(*const setters[])(void *at, const struct setting *row,
					      const char *value) = {
		[SETTING_STRING] = set_string,   [SETTING_BOOL] = set_bool,
		[SETTING_NUMBER] = set_number,   [SETTING_SECONDS] = set_seconds,
		[SETTING_PLANE] = set_plane,     [SETTING_DIALECT] = set_dialect,
		[SETTING_VIRTUAL] = set_virtual, [SETTING_CRL_POLICY] = set_crl_policy,
		[SETTING_UNIQUE] = set_unique,
	};

	return setters[row->kind]((char *)s + row->offset, row, value);
}

static void add(struct problems *problems, enum problem_level level, const struct section *s,
		const struct param *p, bool at_value, struct diag *d)
{
	struct place place = at_value ? value_place(s, p) : param_place(s, p);

	problems_add_at(problems, level, d, &place);
}

static void read_unbuilt(const struct section *s, const struct param *p,
			 const struct keyword_meaning *m, struct problems *problems)
{
	enum problem_level level;
	struct diag d;

	if (keyword_check(m->row, param_keyword(p), p->value, &d))
		add(problems, PROBLEM_ERROR, s, p, true, &d);
	else if (conf_word_unbuilt(m, "", p, &d, &level))
		add(problems, level, s, p, false, &d);
}

/* Topics that systems have logged; here each of them is "all". */
static const char *const debug_words[] = {
	"none",       "all",         "base",     "raw",          "crypt",  "crypt-low",
	"parsing",    "emitting",    "control",  "lifecycle",    "klips",  "kernel",
	"dns",        "oppo",        "oppoinfo", "pfkey",        "netkey", "xfrm",
	"whackwatch", "controlmore", "private",  "nattraversal", "natt",   "nat-t",
	"x509",       "dpd",         "tmi",      "cpu-usage",    "refcnt", "add-prefix",
};

#define DEBUG_WORDS_LEN (sizeof(debug_words) / sizeof(debug_words[0]))

static bool is_debug_word(const char *word)
{
	for (size_t i = 0; i < DEBUG_WORDS_LEN; i++)
		if (text_same(word, debug_words[i]))
			return true;
	return !strncasecmp(word, "impair-", 7);
}

/* A misspelt "none" would log everything without a word. */
static void check_debug(const struct section *s, const struct param *p,
			struct problems *problems)
{
	static const char between[] = " \t,";
	const char *at = p->value + strspn(p->value, between);

	for (; *at; at += strspn(at, between)) {
		size_t len = strcspn(at, between);
		char word[64];
		const char *near;
		struct diag d;

		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		at += len;
		if (is_debug_word(word))
			continue;
		near = text_nearest(word, debug_words, DEBUG_WORDS_LEN);
		diag_set(&d, "value", NULL,
			 "a word of plutodebug= is not known; it counts as all");
		diag_wanted(&d, "none or all");
		diag_got(&d, "%s", word);
		if (near)
			diag_hint(&d, "did you mean %s?", near);
		add(problems, PROBLEM_WARNING, s, p, true, &d);
	}
}

/* Where each value was said last; other spellings of a keyword share it. */
struct said {
	const struct param *of_row[SETTINGS_LEN];
};

static void note_said(const struct section *s, const struct param *p, const struct setting *row,
		      struct said *said, struct problems *problems)
{
	const struct param **last = NULL;
	struct diag d;

	for (size_t i = 0; i < SETTINGS_LEN && !last; i++)
		if (setup_rows[i].offset == row->offset)
			last = &said->of_row[i];
	if (*last && strcmp((*last)->value, p->value) != 0) {
		conf_twice(s, p, *last, TWICE_LAST, false, &d);
		add(problems, PROBLEM_WARNING, s, p, false, &d);
	}
	*last = p;
}

static void read_param(const struct section *s, const struct param *p, struct conf_setup *to,
		       struct said *said, struct problems *problems)
{
	const struct keyword_meaning *m = param_meaning(s, p);
	const struct setting *row;
	const char *wanted;
	struct diag d;

	if (!*p->value || m->is_note)
		return;
	if (!m->row) {
		conf_unknown_word(s, p, &d);
		add(problems, PROBLEM_ERROR, s, p, false, &d);
		return;
	}
	row = setting_find(m->row->name);
	if (!row) {
		read_unbuilt(s, p, m, problems);
		return;
	}
	wanted = set(to, row, p->value);
	if (!wanted && row->offset == offsetof(struct conf_setup, debug))
		check_debug(s, p, problems);
	if (!wanted) {
		note_said(s, p, row, said, problems);
		return;
	}
	diag_set(&d, "value", NULL, "the value of %s= can't be used", param_keyword(p));
	if (row->kind == SETTING_NUMBER)
		diag_wanted(&d, "a number up to %u", row->max);
	else
		diag_wanted(&d, "%s", wanted);
	diag_got(&d, "%s", p->value);
	if (row->kind == SETTING_CRL_POLICY)
		diag_hint(&d, "until it says one of them it counts as yes, the strictest");
	add(problems, PROBLEM_ERROR, s, p, true, &d);
}

void setup_read(const struct conf_file *f, struct conf_setup *ret, struct problems *problems)
{
	struct conf_setup s = {
		.unique_ids = true,
		.half_open_cookie = SETUP_UNSET,
		.half_open_max = SETUP_UNSET,
		.keep_alive_seconds = SETUP_UNSET,
		.updown_seconds = SETUP_UNSET,
		.crl_interval = SETUP_UNSET,
		.crl_seconds = SETUP_UNSET,
		.radius_seconds = SETUP_UNSET,
		.radius_tries = SETUP_UNSET,
	};
	struct said said = {{NULL}};

	for (size_t i = 0; i < f->len; i++) {
		const struct section *section = &f->sections[i];
		size_t before = problems ? problems->len : 0;

		for (size_t k = 0; section->kind == SECTION_SETUP && k < section->len; k++)
			read_param(section, section_param(f, section, k), &s, &said,
				   problems);
		problems_charge_advice(problems, before, i);
	}
	*ret = s;
}
