/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/censor.h"

#include "base/text.h"
#include "conf/file.h"
#include "conf/keyword.h"
#include "whack/report_line.h"

#include <string.h>

#define KEY_ID_LEN 9     /* characters by which a public key is known */
#define SECRET_LEN_MIN 4 /* shorter ones would hide every line */

static const char removed[] = "[removed]";

/* ---- ipsec.conf ---- */

/* Keywords whose value is a public key, of an end. */
static bool is_public_key(const char *name)
{
	static const char *const names[] = {"rsasigkey", "rsasigkey2", "rsakey",  "sigkey",
					    "pubkey",    "ecdsakey",   "eddsakey"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_same(name, names[i]))
			return true;
	}
	return false;
}

/* Keywords whose value is secret: keys that people chose. */
static bool is_secret(const char *name)
{
	return text_same(name, "espenckey") || text_same(name, "espauthkey") ||
	       text_same(name, "ahkey");
}

/* Words that are followed, or have no effect, say nothing secret; no others are trusted. */
static bool is_harmless(const struct keyword_meaning *m, const char *value)
{
	if (m->is_note || (!m->row && !m->field) ||
	    keyword_is_secret(m->row ? m->row->name : m->field->keyword))
		return false;
	if (keyword_fate(m) != KEYWORD_REFUSED)
		return true;
	return m->row && keyword_is_harmless(m->row, value);
}

static void print_key(const char *value, FILE *out)
{
	const char *at = value;

	if (*value == '%') {
		fputs(value, out);
		return;
	}
	if (at[0] == '0' && (at[1] == 's' || at[1] == 'x'))
		at += 2;
	fprintf(out, "[key %.*s]", KEY_ID_LEN, at);
}

static void print_param(const struct section *s, const struct param *p, FILE *out)
{
	const char *keyword = param_keyword(p);
	struct keyword_meaning m = keyword_find(s->kind, keyword);
	uint8_t which;

	fprintf(out, "\t%s=", keyword);
	if (s->kind == SECTION_CONN && is_secret(keyword_cut_side(keyword, &which)))
		fputs(removed, out);
	else if (s->kind == SECTION_CONN && is_public_key(keyword_cut_side(keyword, &which)))
		print_key(p->value, out);
	else
		fputs(is_harmless(&m, p->value) ? p->value : removed, out);
	fputc('\n', out);
}

static void print_section(const struct conf_file *f, const struct section *s, FILE *out)
{
	static const char *const words[SECTION_KINDS] = {[SECTION_SETUP] = "config setup",
							 [SECTION_CONN] = "conn ",
							 [SECTION_CA] = "ca "};

	fprintf(out, "# %s:%u%s\n%s%s\n", s->place.source->path, s->place.line,
		s->broken ? ": a line of it can't be read" : "", words[s->kind], s->name);
	for (size_t i = 0; i < s->len; i++)
		print_param(s, section_param(f, s, i), out);
	fputc('\n', out);
}

bool censor_conf(const char *path, FILE *out)
{
	struct conf_file file;

	if (conf_file_read(path, &file, NULL))
		return false;
	for (size_t i = 0; i < file.len; i++)
		print_section(&file, &file.sections[i], out);
	conf_file_done(&file);
	return true;
}

/* ---- ipsec.secrets ---- */

void censor_secrets(const struct secret_lines *secrets, FILE *out)
{
	char id[IDENT_TEXT_MAX];

	for (size_t i = 0; i < secrets->len; i++) {
		const struct secret_record *r = &secrets->items[i];

		fprintf(out, "%s:%u: ", r->file, r->line);
		for (size_t k = 0; k < r->indices_len; k++)
			fprintf(out, "%s ", ident_print(r->indices[k], id, sizeof(id)));
		fprintf(out, ": %s %s\n", secret_record_word(r),
			r->kind == SECRET_KEYFILE ? r->name : removed);
	}
}

static bool holds(const char *line, const struct bytes *value)
{
	return value->len >= SECRET_LEN_MIN &&
	       memmem(line, strlen(line), value->ptr, value->len) != NULL;
}

void censor_line(const struct secret_lines *secrets, const char *line, FILE *out)
{
	struct text clean = {0};
	bool found = false;

	for (size_t i = 0; i < secrets->len && !found; i++)
		found = holds(line, &secrets->items[i].value);
	if (found) {
		fputs("[a line that holds a secret is left out]\n", out);
		return;
	}
	text_add_clean(&clean, line);
	fprintf(out, "%s\n", text_str(&clean));
	text_done(&clean);
}
