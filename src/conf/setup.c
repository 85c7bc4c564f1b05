/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setup.h"

#include "base/text.h"
#include "conf/known.h"
#include "conn/field.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum setting_kind {
	SETTING_STRING,
	SETTING_BOOL,
	SETTING_NUMBER,
	SETTING_SECONDS,
	SETTING_PLANE
};

#define SETTING(member) offsetof(struct conf_setup, member)

/* clang-format off: the rows keep their shape */
const struct setting setup_rows[] = {
	{"plane", SETTING_PLANE, SETTING(plane), 0, "NAME",
	 "what moves packets: auto (what there is), esp (in this process), memory (none, for tests)"},
	{"protostack", SETTING_PLANE, SETTING(plane), 0, NULL, NULL},
	{"listen", SETTING_STRING, SETTING(listen), 0, "ADDRESSES",
	 "use these addresses of the host alone, separated by commas"},
	{"uniqueids", SETTING_BOOL, SETTING(unique_ids), 0, "YES",
	 "a peer that comes again replaces its older SAs"},
	{"secretsfile", SETTING_STRING, SETTING(secrets_file), 0, "FILE",
	 "read secrets from FILE and not from ipsec.secrets"},
	{"logfile", SETTING_STRING, SETTING(log_file), 0, "FILE",
	 "append the log to FILE; the system log when not given"},
	{"plutostderrlog", SETTING_STRING, SETTING(log_file), 0, NULL, NULL},
	{"plutodebug", SETTING_STRING, SETTING(debug), 0, "WORDS",
	 "any word but none: log details too"},
	{"plutowait", SETTING_BOOL, SETTING(wait), 0, "YES",
	 "at the start, wait for each connection to come up before the next one"},
	{"nhelpers", SETTING_NUMBER, SETTING(helpers), 256, "NUMBER",
	 "threads for key exchange; as many as processors when not given"},
	{"keep-alive", SETTING_SECONDS, SETTING(keep_alive_seconds), 3600, "TIME",
	 "between packets that keep a NAT's mapping alive"},
	{"keep_alive", SETTING_SECONDS, SETTING(keep_alive_seconds), 3600, NULL, NULL},
	{"ddos-ike-threshold", SETTING_NUMBER, SETTING(half_open_cookie), 1000000, "NUMBER",
	 "ask for cookies above so many half-open SAs"},
	{"max-halfopen-ike", SETTING_NUMBER, SETTING(half_open_max), 1000000, "NUMBER",
	 "answer no stranger above so many half-open SAs"},
};
/* clang-format on */

const size_t setup_rows_len = sizeof(setup_rows) / sizeof(setup_rows[0]);

#define SETTINGS_LEN (sizeof(setup_rows) / sizeof(setup_rows[0]))

static const struct setting *find(const char *keyword)
{
	for (size_t i = 0; i < SETTINGS_LEN; i++) {
		if (text_same(setup_rows[i].keyword, keyword))
			return &setup_rows[i];
	}
	return NULL;
}

bool setup_has(const char *keyword)
{
	return find(keyword) || known_setup(keyword);
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
	static const char *const planes[] = {"auto", "esp", "memory"};
	static const char *const stacks[] = {"xfrm", "netkey",  "klips", "mast",
					     "bsd",  "bsdkame", "native"};

	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++) {
		if (text_same(text, planes[i]))
			return planes[i];
	}
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		if (text_same(keyword, "protostack") && text_same(text, stacks[i]))
			return "auto";
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

static const char *set(struct conf_setup *s, const struct setting *row, const char *value)
{
	void *at = (char *)s + row->offset;
	uint64_t number;
	unsigned seconds;
	bool yes;

	switch (row->kind) {
	case SETTING_STRING:
		*(const char **)at = value;
		return NULL;
	case SETTING_BOOL:
		if (text_same(row->keyword, "uniqueids") &&
		    (text_same(value, "replace") || text_same(value, "keep")))
			value = text_same(value, "replace") ? "yes" : "no";
		if (!read_bool(value, &yes))
			return "yes or no";
		*(bool *)at = yes;
		return NULL;
	case SETTING_NUMBER:
		if (text_same(value, "-1"))
			value = "0"; /* Libreswan's "as many as fit" */
		if (!text_number(value, 0, row->max, &number))
			return "a number that is not too large";
		*(unsigned *)at = (unsigned)number;
		return NULL;
	case SETTING_SECONDS:
		if (!read_seconds(value, row->max, &seconds))
			return "a time such as 20s, an hour at most";
		*(unsigned *)at = seconds;
		return NULL;
	default:
		if (!plane_word(row->keyword, value))
			return "auto, esp or memory";
		*(const char **)at = plane_word(row->keyword, value);
		return NULL;
	}
}

/* The nearest word that config setup takes. */
static const char *nearest(const char *keyword)
{
	const char *words[SETTINGS_LEN + 200];
	size_t n = 0;

	for (size_t i = 0; i < SETTINGS_LEN; i++)
		words[n++] = setup_rows[i].keyword;
	for (size_t i = 0; i < known_setup_len && n < sizeof(words) / sizeof(words[0]); i++)
		words[n++] = known_setup_rows[i].keyword;
	return text_nearest(keyword, words, n);
}

static bool is_conn_word(const char *keyword)
{
	if (!strncmp(keyword, "left", 4) && field_by_keyword(keyword + 4, true))
		return true;
	if (!strncmp(keyword, "right", 5) && field_by_keyword(keyword + 5, true))
		return true;
	return field_by_keyword(keyword, false) != NULL;
}

static void complain_unknown(const struct param *p, struct problems *problems)
{
	const char *near = nearest(p->keyword);
	struct diag d;

	diag_set(&d, "keyword-unknown", NULL, "config setup has no keyword %s=", p->keyword);
	diag_place(&d, p->place.file, p->place.line, p->place.column);
	if (is_conn_word(p->keyword))
		diag_hint(&d, "%s= belongs in a conn section", p->keyword);
	else if (near)
		diag_hint(&d, "did you mean %s= ?", near);
	problems_add(problems, PROBLEM_ERROR, &d);
}

static void note_known(const struct known *k, const struct param *p, struct problems *problems)
{
	struct diag d;

	diag_set(&d, k->effect == KNOWN_OBSOLETE ? "keyword-obsolete" : "keyword-inert", NULL,
		 "%s= has no effect: %s", p->keyword, k->note);
	diag_place(&d, p->place.file, p->place.line, p->place.column);
	problems_add(problems, k->effect == KNOWN_OBSOLETE ? PROBLEM_WARNING : PROBLEM_NOTE,
		     &d);
}

static void read_param(const struct param *p, struct conf_setup *s, struct problems *problems)
{
	const struct setting *row = find(p->keyword);
	const struct known *k = row ? NULL : known_setup(p->keyword);
	const char *wanted;
	struct diag d;

	if (!*p->value ||
	    (p->keyword[0] == 'x' && (p->keyword[1] == '-' || p->keyword[1] == '_')))
		return;
	if (k) {
		note_known(k, p, problems);
		return;
	}
	if (!row) {
		complain_unknown(p, problems);
		return;
	}
	wanted = set(s, row, p->value);
	if (!wanted)
		return;
	diag_set(&d, "value", NULL, "the value of %s= can't be used", p->keyword);
	diag_wanted(&d, "%s", wanted);
	diag_got(&d, "%s", p->value);
	diag_place(&d, p->value_place.file, p->value_place.line, p->value_place.column);
	problems_add(problems, PROBLEM_ERROR, &d);
}

void setup_read(const struct conf_file *f, struct conf_setup *ret, struct problems *problems)
{
	struct conf_setup s = {
		.unique_ids = true,
		.half_open_cookie = SETUP_UNSET,
		.half_open_max = SETUP_UNSET,
		.keep_alive_seconds = SETUP_UNSET,
	};

	for (size_t i = 0; i < f->len; i++) {
		const struct section *section = &f->sections[i];

		for (size_t k = 0; section->kind == SECTION_SETUP && k < section->len; k++)
			read_param(&section->params[k], &s, problems);
	}
	*ret = s;
}
