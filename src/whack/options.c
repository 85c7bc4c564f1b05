/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/options.h"

#include "conf/keyword.h"
#include "conn/field.h"
#include "whack/protocol.h"
#include "whack/words.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS_FROM_DEPTH 8
#define HELP_COLUMN 28 /* where --help's sentences begin */

/* ---- the tables of options that describe nothing ---- */

#define BIT(action) (UINT64_C(1) << (action))

enum odd_type { ODD_FLAG, ODD_TEXT, ODD_PLACE, ODD_FILE, ODD_TO, ODD_DEBUG };

static const struct odd_row {
	const char *name;
	uint8_t type; /* enum odd_type */
	size_t offset;
	const char *argument, *doc;
} odd[] = {
#define AT(field) offsetof(struct whack_options, field)
	{"help", ODD_FLAG, AT(help), NULL, "print this text"},
	{"version", ODD_FLAG, AT(version), NULL, "print the version"},
	{"name", ODD_TEXT, AT(name), "NAME", "the connection to act on"},
	{"pairs", ODD_TEXT, AT(pairs), "PAIRS",
	 "with --delete and a description: forget other pairs of its networks"},
	{"to", ODD_TO, 0, NULL, "ends the left end; options of the right end follow"},
	{"asynchronous", ODD_FLAG, AT(asynchronous), NULL, "do not wait for --initiate"},
	{"async", ODD_FLAG, AT(asynchronous), NULL, "the same"},
	{"bg", ODD_FLAG, AT(asynchronous), NULL, "the same"},
	{"json", ODD_FLAG, AT(json), NULL, "print what pluto answers as JSON"},
	{"brief", ODD_FLAG, AT(brief), NULL,
	 "with --status: a line for each connection and SA"},
	{"utc", ODD_FLAG, AT(utc), NULL, "print moments in UTC"},
	{"debug", ODD_DEBUG, 0, "all|none", "the same as --debug-all or --debug-none"},
	{"label", ODD_TEXT, AT(label), "TEXT", "put TEXT in front of complaints"},
	{"optionsfrom", ODD_FILE, 0, "FILE", "put the words of FILE here"},
	{"rundir", ODD_PLACE, AT(rundir), "DIR", "the folder of pluto.ctl"},
	{"ctlbase", ODD_PLACE, AT(ctlbase), "BASE", "pluto's control socket is BASE.ctl"},
	{"ctlsocket", ODD_PLACE, AT(ctlsocket), "SOCKET", "pluto's control socket"},
#undef AT
};

#define ODD (sizeof(odd) / sizeof(odd[0]))

/* ---- parsing ---- */

/* A field's text, kept until all are known. */
struct setting {
	const struct field *field;
	int which;
	char *text;
	const char *option; /* as it was written */
	bool join;
};

struct parse {
	struct whack_options *o;
	struct diag *why;
	int which;      /* the end being described */
	bool described; /* something of a connection was said */
	bool authority; /* something of a ca section was said */
	unsigned depth; /* of --optionsfrom */
	struct setting *settings;
	size_t len;
	uint32_t seen; /* rows of `odd` */
};

/* The words still to come, and the value glued to the present option by "=". */
struct cursor {
	char **words;
	size_t len, at;
	const char *glued;
};

static enum cyg_err take_words(struct parse *p, char **words, size_t len);

/* The value of the present option: glued, or the next word. NULL: there is none. */
static const char *value_of(struct cursor *c)
{
	if (c->glued)
		return c->glued;
	return c->at < c->len ? c->words[c->at++] : NULL;
}

static enum cyg_err needs_value(struct parse *p, const char *option)
{
	diag_set(p->why, "usage", NULL, "--%s needs a value", option);
	return CYG_RANGE;
}

static enum cyg_err takes_none(struct parse *p, const char *option)
{
	diag_set(p->why, "usage", NULL, "--%s takes no value", option);
	return CYG_RANGE;
}

static enum cyg_err repeated(struct parse *p, const char *option, const char *before)
{
	if (strcmp(option, before) == 0)
		diag_set(p->why, "usage", NULL, "--%s is given twice", option);
	else
		diag_set(p->why, "usage", NULL, "--%s does not go with --%s", option, before);
	return CYG_RANGE;
}

static struct setting *setting_find(struct parse *p, const struct field *f, int which)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->settings[i].field == f && p->settings[i].which == which)
			return &p->settings[i];
	return NULL;
}

static enum cyg_err join(struct parse *p, struct setting *s, const char *value,
			 const char *option)
{
	struct text t = {0};

	if (!s->join || strcmp(s->option, option) == 0)
		return repeated(p, option, s->option);
	text_add(&t, "%s|%s", s->text, value);
	free(s->text);
	s->text = text_take(&t);
	return s->text ? CYG_OK : CYG_NOMEM;
}

static enum cyg_err add_setting(struct parse *p, const struct field *f, const char *value,
				const char *option, bool joins)
{
	int which = f->per_end ? p->which : 0;
	struct setting *old = setting_find(p, f, which), *grown;

	if (old && !joins)
		return repeated(p, option, old->option);
	if (old)
		return join(p, old, value, option);
	grown = reallocarray(p->settings, p->len + 1, sizeof(*grown));
	if (!grown)
		return CYG_NOMEM;
	p->settings = grown;
	grown[p->len] = (struct setting){f, which, strdup(value), option, joins};
	if (!grown[p->len].text)
		return CYG_NOMEM;
	p->len++;
	p->described = true;
	return CYG_OK;
}

/* The next word, unless it is an option. */
static const char *next_word(const struct cursor *c)
{
	const char *word = c->at < c->len ? c->words[c->at] : NULL;

	return word && strncmp(word, "--", 2) ? word : NULL;
}

/*
 * A field that can stand alone or be "yes" needs no value, and takes the next word only if it is
 * one of its values.
 */
static const char *field_value(const struct field *f, struct cursor *c)
{
	bool yes = false;

	if (c->glued || !f->words)
		return value_of(c);
	for (const char *const *w = f->words; *w; w++) {
		if (c->at < c->len && strcmp(*w, c->words[c->at]) == 0)
			return c->words[c->at++];
		yes |= strcmp(*w, "yes") == 0;
	}
	if (f->alone || yes)
		return f->alone ? f->alone : "yes";
	return next_word(c) ? value_of(c) : NULL;
}

static enum cyg_err take_field(struct parse *p, const struct field *f, struct cursor *c)
{
	const char *value = field_value(f, c);

	if (!value)
		return needs_value(p, f->option);
	return add_setting(p, f, value, f->option, false);
}

static enum cyg_err take_flag(struct parse *p, const struct whack_flag *flag, struct cursor *c)
{
	const struct field *f;

	if (c->glued)
		return takes_none(p, flag->name);
	p->described = true;
	if (!flag->keyword)
		return CYG_OK;
	f = field_by_keyword(flag->keyword, false);
	if (!f) {
		diag_set(p->why, "usage", NULL, "--%s is not built", flag->name);
		return CYG_UNSUPPORTED;
	}
	return add_setting(p, f, flag->value, flag->name, flag->join);
}

static enum cyg_err take_authority(struct parse *p, const struct authority_field *f,
				   struct cursor *c)
{
	const char **at = authority_member(&p->o->authority, f);
	const char *value = value_of(c);

	if (!value)
		return needs_value(p, f->option);
	if (*at)
		return repeated(p, f->option, f->option);
	*at = value;
	p->authority = true;
	return CYG_OK;
}

static enum cyg_err take_serial(struct parse *p, const char *value)
{
	if (text_number(value, 1, INT64_MAX, &p->o->delete_state))
		return CYG_OK;
	diag_set(p->why, "usage", NULL, "--deletestate wants the number of an SA");
	diag_got(p->why, "%s", value);
	return CYG_RANGE;
}

static enum cyg_err take_action(struct parse *p, enum whack_action action, struct cursor *c)
{
	const struct whack_action_row *row = &whack_actions[action];
	const char *value = row->argument ? value_of(c) : NULL;

	if (p->o->actions & BIT(action))
		return repeated(p, row->name, row->name);
	if (row->argument && !value)
		return needs_value(p, row->name);
	if (!row->argument && c->glued)
		return takes_none(p, row->name);
	p->o->actions |= BIT(action);
	if (action == ACTION_CRASH)
		p->o->crash = value;
	return action == ACTION_DELETE_STATE ? take_serial(p, value) : CYG_OK;
}

static enum cyg_err take_file(struct parse *p, const char *path)
{
	struct whack_words *w;
	enum cyg_err err;

	if (p->depth == OPTIONS_FROM_DEPTH) {
		diag_set(p->why, "usage", NULL, "--optionsfrom is nested too deep at %s", path);
		return CYG_LIMIT;
	}
	err = words_read(path, &w, p->why);
	if (err)
		return err;
	w->next = p->o->words;
	p->o->words = w;
	p->depth++;
	err = take_words(p, w->items, w->len);
	p->depth--;
	return err;
}

/* Others name topics here: the two that mean all of them do the same. */
static enum cyg_err take_debug(struct parse *p, const char *value)
{
	bool all = strcmp(value, "all") == 0;

	if (!all && strcmp(value, "none") != 0) {
		diag_set(p->why, "usage", NULL,
			 "--debug %s can't be used: what is logged has no "
			 "topics",
			 value);
		diag_hint(p->why, "write --debug all or --debug none");
		return CYG_UNSUPPORTED;
	}
	p->o->actions |= BIT(all ? ACTION_DEBUG_ALL : ACTION_DEBUG_NONE);
	return CYG_OK;
}

static enum cyg_err take_odd(struct parse *p, const struct odd_row *row, struct cursor *c)
{
	void *at = (char *)p->o + row->offset;
	bool valued = row->argument != NULL;
	const char *value = valued ? value_of(c) : NULL;
	uint32_t bit = 1u << (row - odd);

	if (valued && (!value || (row->type == ODD_PLACE && !*value)))
		return needs_value(p, row->name);
	if (!valued && c->glued)
		return takes_none(p, row->name);
	if (row->type == ODD_FILE)
		return take_file(p, value);
	if (row->type == ODD_DEBUG)
		return take_debug(p, value);
	if (p->seen & bit)
		return repeated(p, row->name, row->name);
	p->seen |= bit;
	switch (row->type) {
	case ODD_TEXT:
	case ODD_PLACE:
		*(const char **)at = value;
		break;
	case ODD_TO:
		p->which = 1;
		p->described = true;
		break;
	default:
		*(bool *)at = true;
	}
	return CYG_OK;
}

/* A word that can be "yes" needs no value. */
static const char *keyword_value(const struct keyword *k, struct cursor *c)
{
	bool any = k->value == VALUE_TEXT && !k->words;

	if (c->glued || next_word(c))
		return value_of(c);
	return any || keyword_check(k, "", "yes", NULL) ? NULL : "yes";
}

/* A word of ipsec.conf that is not built: what becomes of it there becomes of it here. */
static enum cyg_err take_keyword(struct parse *p, const struct keyword *k, const char *option,
				 struct cursor *c)
{
	const char *value = keyword_value(k, c);
	bool harmless = value && keyword_is_harmless(k, value);
	enum cyg_err err;

	if (k->fate == KEYWORD_REFUSED && !harmless) {
		diag_set(p->why, "usage", NULL, "--%s can't be used: %s", option, k->note);
		return CYG_UNSUPPORTED;
	}
	if (!value)
		return needs_value(p, option);
	err = keyword_check(k, option, value, p->why);
	if (err)
		return err;
	p->described = true;
	if (!harmless)
		text_add(&p->o->notes, "%s: --%s has no effect: %s\n",
			 k->fate == KEYWORD_OBSOLETE ? "warning" : "note", option, k->note);
	return CYG_OK;
}

static const struct odd_row *odd_find(const char *name)
{
	for (size_t i = 0; i < ODD; i++)
		if (strcmp(odd[i].name, name) == 0)
			return &odd[i];
	return NULL;
}

static const struct whack_flag *flag_find(const char *name)
{
	for (size_t i = 0; i < whack_flags_len; i++)
		if (strcmp(whack_flags[i].name, name) == 0)
			return &whack_flags[i];
	return NULL;
}

/* The option nearest to a misspelt one, of all tables; NULL when none is near. */
static const char *nearest_option(const char *name)
{
	size_t n = 0,
	       cap = ODD + ACTIONS + whack_flags_len + conn_fields_len + AUTHORITY_FIELDS;
	const char **names = calloc(cap, sizeof(*names));
	const char *near;

	if (!names)
		return NULL;
	for (size_t i = 0; i < ODD; i++)
		names[n++] = odd[i].name;
	for (size_t i = 0; i < ACTIONS; i++)
		if (whack_actions[i].name)
			names[n++] = whack_actions[i].name;
	for (size_t i = 0; i < whack_flags_len; i++)
		names[n++] = whack_flags[i].name;
	for (size_t i = 0; i < conn_fields_len; i++)
		if (conn_fields[i].option)
			names[n++] = conn_fields[i].option;
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		names[n++] = authority_fields[i].option;
	near = text_nearest(name, names, n);
	free(names);
	return near;
}

static enum cyg_err unknown(struct parse *p, const char *name)
{
	const char *why = whack_unbuilt(name);
	const char *near = why ? NULL : nearest_option(name);

	diag_set(p->why, "usage", NULL, why ? "--%s can't be used: %s" : "unknown option --%s",
		 name, why);
	if (near)
		diag_hint(p->why, "did you mean --%s?", near);
	return why ? CYG_UNSUPPORTED : CYG_RANGE;
}

static enum cyg_err take_named(struct parse *p, const char *name, struct cursor *c)
{
	const struct odd_row *o = odd_find(name);
	enum whack_action action = whack_action_find(name);
	const struct whack_flag *flag = flag_find(name);
	const struct field *f = field_by_option(name);
	const struct authority_field *a = authority_by_option(name);
	const struct keyword *k = whack_keyword(name);

	if (a)
		return take_authority(p, a, c);
	if (o)
		return take_odd(p, o, c);
	if (action != ACTIONS)
		return take_action(p, action, c);
	if (flag)
		return take_flag(p, flag, c);
	if (f)
		return take_field(p, f, c);
	return k ? take_keyword(p, k, name, c) : unknown(p, name);
}

static enum cyg_err take_word(struct parse *p, const char *word, struct cursor *c)
{
	const char *equals = strchr(word, '=');
	char name[64];
	size_t used = 0;

	if (strncmp(word, "--", 2) != 0 || !word[2]) {
		diag_set(p->why, "usage", NULL, "unexpected word \"%s\"", word);
		return CYG_RANGE;
	}
	c->glued = equals ? equals + 1 : NULL;
	buf_add(name, sizeof(name), &used, "%.*s", equals ? (int)(equals - word - 2) : 64,
		word + 2);
	return take_named(p, name, c);
}

static enum cyg_err take_words(struct parse *p, char **words, size_t len)
{
	struct cursor c = {.words = words, .len = len};
	enum cyg_err err;

	while (c.at < c.len) {
		err = take_word(p, c.words[c.at++], &c);
		if (err)
			return err;
	}
	return CYG_OK;
}

/* ---- when all words are read ---- */

/* How ends prove themselves has to be said, where they do. */
static void settle_auth(struct connection *c, unsigned otherwise)
{
	if (c->auth == AUTH_UNSET &&
	    (!connection_negotiates(c) || (c->end[0].auth && c->end[1].auth)))
		c->auth = otherwise;
}

/* In the order of the words, but those last whose meaning depends on others. */
static enum cyg_err set_fields(struct parse *p, struct connection *c)
{
	enum cyg_err err = CYG_OK;

	for (int late = 0; late < 2; late++) {
		for (size_t i = 0; i < p->len && !err; i++) {
			const struct setting *s = &p->settings[i];

			if ((s->field->adds || s->field->late) == late)
				err = field_set(c, s->which, s->field, s->text, p->why);
		}
	}
	return err;
}

static enum cyg_err describe(struct parse *p)
{
	struct connection *c = connection_new(p->o->name);
	unsigned otherwise;
	enum cyg_err err;

	if (!c)
		return CYG_NOMEM;
	p->o->connection = c; /* options_done frees it, whatever happens */
	otherwise = c->auth;
	c->auth = AUTH_UNSET;
	err = set_fields(p, c);
	if (err)
		return err;
	settle_auth(c, otherwise);
	p->o->actions |= BIT(ACTION_ADD);
	return connection_check(c, p->why);
}

/* The first action asked for that takes a name in this way, or NULL. */
static const char *asked_with(const struct parse *p, enum whack_naming naming)
{
	for (unsigned i = 0; i < ACTIONS; i++)
		if (whack_actions[i].naming == naming && (p->o->actions & BIT(i)))
			return whack_actions[i].name;
	return NULL;
}

/* What is wanted and not there, or there and not wanted. */
static enum cyg_err check_name(struct parse *p)
{
	const char *needy = p->described   ? "a description"
			    : p->authority ? "a description of an authority"
					   : asked_with(p, NAME_MUST);

	if (needy && !p->o->name) {
		diag_set(p->why, "usage", NULL, "%s%s needs --name",
			 p->described || p->authority ? "" : "--", needy);
		return CYG_RANGE;
	}
	if (p->o->name && !*p->o->name) {
		diag_set(p->why, "usage", NULL,
			 "--name is empty: no connection has such a name");
		return CYG_RANGE;
	}
	if (p->o->name && !needy && !asked_with(p, NAME_MAY)) {
		diag_set(p->why, "usage", NULL, "--name goes with nothing that was asked for");
		return CYG_RANGE;
	}
	return CYG_OK;
}

/* Whether something is asked for that is such a call. */
static bool asks_for(const struct parse *p, enum call_kind kind)
{
	for (unsigned i = 0; i < ACTIONS; i++)
		if ((p->o->actions & BIT(i)) && whack_actions[i].call == kind)
			return true;
	return false;
}

/* Options about the output and the waiting of actions that were not asked for. */
static enum cyg_err check_settings(struct parse *p)
{
	if (p->o->brief && !asks_for(p, CALL_STATUS)) {
		diag_set(p->why, "usage", NULL, "--brief goes with --status alone");
		return CYG_RANGE;
	}
	if (p->o->pairs && !(p->described && p->o->actions & BIT(ACTION_DELETE))) {
		diag_set(p->why, "usage", NULL, "--pairs goes with --delete and a description");
		return CYG_RANGE;
	}
	if (p->o->utc && !asks_for(p, CALL_STATUS) && !asks_for(p, CALL_TRAFFIC_STATUS) &&
	    !asks_for(p, CALL_LIST))
		text_add_str(&p->o->notes,
			     "note: --utc has no effect: no times are asked for\n");
	if (p->o->asynchronous && !asks_for(p, CALL_UP))
		text_add_str(&p->o->notes, "note: --asynchronous has no effect: --initiate "
					   "alone waits for a result\n");
	return CYG_OK;
}

static enum cyg_err check(struct parse *p)
{
	enum cyg_err err;

	if (!p->o->actions && !p->described && !p->authority) {
		diag_set(p->why, "usage", NULL, "there is nothing to do");
		diag_hint(p->why, "see \"ipsec whack --help\"");
		return CYG_RANGE;
	}
	err = check_name(p);
	if (!err)
		err = check_settings(p);
	if (err)
		return err;
	if (p->described && p->authority) {
		diag_set(p->why, "usage", NULL,
			 "a connection and an authority can't be described in one command");
		return CYG_RANGE;
	}
	if (p->described && p->which == 0) {
		diag_set(p->why, "usage", NULL,
			 "a description needs --to between its two ends");
		return CYG_RANGE;
	}
	if (p->authority) {
		p->o->authority.name = p->o->name;
		p->o->actions |= BIT(ACTION_ADD_CA);
	}
	return p->described ? describe(p) : CYG_OK;
}

static void settings_done(struct parse *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->settings[i].text);
	free(p->settings);
}

enum cyg_err options_parse(int argc, char **argv, struct whack_options *ret, struct diag *why)
{
	struct parse p = {.o = ret, .why = why};
	enum cyg_err err;

	*ret = (struct whack_options){0};
	err = take_words(&p, argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
	if (!err && !ret->help && !ret->version)
		err = check(&p);
	settings_done(&p);
	return err;
}

void options_done(struct whack_options *o)
{
	connection_unref(o->connection);
	words_free(o->words);
	text_done(&o->notes);
	*o = (struct whack_options){0};
}

/* ---- help ---- */

bool options_doc(size_t i, struct whack_option_doc *ret)
{
	if (i < ACTIONS) {
		const struct whack_action_row *a = &whack_actions[i];

		*ret = (struct whack_option_doc){a->name, a->alias, a->argument, a->doc, true};
	} else if (i < ACTIONS + ODD) {
		const struct odd_row *o = &odd[i - ACTIONS];

		*ret = (struct whack_option_doc){o->name, NULL, o->argument, o->doc, false};
	}
	return i < ACTIONS + ODD;
}

static void help_row(struct text *out, const char *name, const char *argument, const char *doc)
{
	struct text head = {0};

	text_add(&head, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
	if (head.len > HELP_COLUMN) /* too long to stand beside its sentence */
		text_add(out, "  %s\n  %-*s %s\n", text_str(&head), HELP_COLUMN, "",
			 doc ? doc : "");
	else
		text_add(out, "  %-*s %s\n", HELP_COLUMN, text_str(&head), doc ? doc : "");
	text_done(&head);
}

static void help_fields(struct text *out, bool per_end)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		struct text values = {0};

		if (f->per_end != per_end || !f->option)
			continue;
		for (const char *const *w = f->words; w && *w; w++)
			text_add(&values, "%s%s", values.len ? "|" : "", *w);
		help_row(out, f->option, values.len ? text_str(&values) : f->value, f->doc);
		text_done(&values);
	}
}

static void help_others(struct text *out, bool of_actions)
{
	struct whack_option_doc d;

	for (size_t i = 0; options_doc(i, &d); i++)
		if (d.name && d.action == of_actions)
			help_row(out, d.name, d.argument, d.doc);
}

void options_help(struct text *out)
{
	text_add_str(
		out,
		"Usage: ipsec whack [OPTION...]\n"
		"Tells pluto what to do. A connection is described by\n"
		"  --name NAME (options of the left end) --to (options of the right end)\n"
		"and options of the connection; several actions are done in the order below.\n"
		"\nActions:\n");
	help_others(out, true);
	text_add_str(out, "\nAn end:\n");
	help_fields(out, true);
	text_add_str(out, "\nA connection:\n");
	for (size_t i = 0; i < whack_flags_len; i++)
		help_row(out, whack_flags[i].name, NULL, whack_flags[i].doc);
	help_fields(out, false);
	text_add_str(out, "\nA certification authority (ca section):\n");
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		help_row(out, authority_fields[i].option, authority_fields[i].value,
			 authority_fields[i].doc);
	text_add_str(out, "\nOther options:\n");
	help_others(out, false);
	text_add_str(
		out,
		"\nThe exit status is the number of the last of pluto's lines, but that 000 and\n"
		"002 don't count and 004 (done) is 0; 1 when pluto is not running.\n");
}
