/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables TEMPLATE: print a man page, the lines "@NAME@" of its template replaced
 * by tables that are made from the program's own. What they say can't drift
 * from what is read.
 */
#include "conf/keyword.h"
#include "conf/setup.h"
#include "conn/field.h"
#include "conn/listing.h"
#include "conn/proposal_kind.h"
#include "pluto/settings.h"
#include "pluto/updown_env.h"
#include "whack/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pieces of mdoc ---- */

/* Text that can't be taken for a macro; backslashes printed. */
static void put_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
	}
}

/* "the end's identity" -> "The end's identity.\n" */
static void put_sentence(const char *doc)
{
	if (*doc == '.' || *doc == '\'')
		fputs("\\&", stdout);
	putchar(toupper((unsigned char)*doc));
	put_text(doc + 1);
	fputs(".\n", stdout);
}

/* The name of an argument, as pages write it: in small letters. */
static void put_argument(const char *name)
{
	fputs("Ar ", stdout);
	for (; *name; name++)
		putchar(tolower((unsigned char)*name));
}

static void put_word(const char *word, bool last)
{
	printf(".Cm %s%s\n", word, last ? " ." : " ,");
}

/* ---- connections ---- */

static void put_values(const struct field *f)
{
	if (!f->words)
		return;
	puts(f->words[1] ? "One of" : "Only");
	for (const char *const *w = f->words; *w; w++)
		put_word(*w, !w[1]);
}

/* Nought is a default worth telling where it has a meaning of its own. */
static void put_default(const struct field *f)
{
	struct text t = {0};
	bool nought;

	if (field_default(f, &t)) {
		nought = !strcmp(text_str(&t), "0") || !strcmp(text_str(&t), "0s");
		if (!nought || strstr(f->doc, "0:"))
			printf("Default\n.Cm %s .\n", text_str(&t));
	}
	text_done(&t);
}

static void put_field_text(const struct field *f)
{
	put_sentence(f->doc);
	if (f->inert) {
		printf("It has no effect: ");
		put_text(f->inert);
		puts(".");
	}
	put_values(f);
	put_default(f);
}

static void put_keyword_head(const struct field *f)
{
	printf(".It Cm %s%s Ns = Ns ", f->per_end ? "left" : "", f->keyword);
	put_argument(f->words ? "word" : f->value);
	putchar('\n');
}

static void put_aliases(const struct field *f)
{
	if (!f->aliases[0])
		return;
	puts("Also written");
	for (size_t i = 0; i < sizeof(f->aliases) / sizeof(f->aliases[0]) && f->aliases[i];
	     i++) {
		bool last = i + 1 == sizeof(f->aliases) / sizeof(f->aliases[0]) ||
			    !f->aliases[i + 1];

		printf(".Cm %s%s Ns =%s\n", f->per_end ? "left" : "", f->aliases[i],
		       last ? " ." : " ,");
	}
}

static void put_keywords(bool per_end)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		if (f->per_end != per_end)
			continue;
		put_keyword_head(f);
		put_field_text(f);
		put_aliases(f);
	}
	puts(".El");
}

static void keywords_of_ends(void)
{
	put_keywords(true);
}

static void keywords_of_connections(void)
{
	put_keywords(false);
}

/* ---- algorithms ---- */

static void put_algorithm(const struct alg *a)
{
	char word[ALG_TEXT_MAX];

	for (size_t i = ALG_BITS_MAX; i-- > 0;)
		if (a->bits[i])
			printf(".Li %s\n",
			       transform_word(&(struct transform){a->kind, a->id, a->bits[i]},
					      word));
	if (!a->bits[0])
		printf(".Li %s\n",
		       transform_word(&(struct transform){a->kind, a->id, 0}, word));
	if (a->strength == ALG_WEAK)
		puts("(weak)");
}

static void algorithms(void)
{
	static const struct {
		uint8_t kind;
		const char *name;
	} kinds[] = {{ALG_ENCR, "ciphers"},
		     {ALG_INTEG, "integrity"},
		     {ALG_PRF, "IKE's hashes"},
		     {ALG_KE, "groups"}};

	puts(".Bl -tag -width Ds -compact");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		printf(".It %s\n", kinds[i].name);
		for (const struct alg *a = alg_next(kinds[i].kind, NULL); a;
		     a = alg_next(kinds[i].kind, a))
			if (a->id &&
			    (!alg_refusal(a, ALG_FOR_IKE) || !alg_refusal(a, ALG_FOR_ESP)))
				put_algorithm(a);
	}
	puts(".El");
}

/* ---- whack ---- */

static void put_option_head(const struct field *f)
{
	printf(".It Fl -%s", f->option);
	if (f->words) {
		printf(" Ns = Ns ");
		put_argument("word");
	} else {
		putchar(' ');
		put_argument(f->value);
	}
	putchar('\n');
}

static void put_options(bool per_end)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		if (f->per_end != per_end || !f->option)
			continue;
		put_option_head(f);
		put_field_text(f);
		printf("In\n.Xr ipsec.conf 5 :\n.Cm %s%s Ns = .\n", per_end ? "left" : "",
		       f->keyword);
	}
	puts(".El");
}

static void options_of_ends(void)
{
	put_options(true);
}

static void options_of_connections(void)
{
	put_options(false);
}

static void flags_of_connections(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < whack_flags_len; i++) {
		const struct whack_flag *f = &whack_flags[i];

		printf(".It Fl -%s\n", f->name);
		put_sentence(f->doc);
		if (f->keyword)
			printf("In\n.Xr ipsec.conf 5 :\n.Cm %s Ns = Ns Cm %s .\n", f->keyword,
			       f->value);
	}
	puts(".El");
}

static void put_option(const char *name, const char *alias, const char *argument,
		       const char *doc)
{
	printf(".It Fl -%s", name);
	if (alias)
		printf(" , -%s", alias);
	if (argument) {
		putchar(' ');
		put_argument(argument);
	}
	putchar('\n');
	put_sentence(doc);
}

static void put_others(bool actions)
{
	struct whack_option_doc d;

	puts(".Bl -tag -width Ds");
	for (size_t i = 0; options_doc(i, &d); i++)
		if (d.name && d.action == actions)
			put_option(d.name, d.alias, d.argument, d.doc);
	puts(".El");
}

static void actions(void)
{
	put_others(true);
}

static void options_of_authorities(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		put_option(authority_fields[i].option, NULL, authority_fields[i].value,
			   authority_fields[i].doc);
	puts(".El");
}

static void other_options(void)
{
	put_others(false);
}

/* "a b c" as the head of an item. */
static void put_flags(const char *options)
{
	fputs(".It", stdout);
	while (*options) {
		size_t n = strcspn(options, " ");

		printf(" Fl -%.*s", (int)n, options);
		options += n;
		options += strspn(options, " ");
		fputs(*options ? " ," : "\n", stdout);
	}
}

static void options_of_others(void)
{
	const char *options, *why;

	puts(".Bl -tag -width Ds");
	for (size_t i = 0; whack_unbuilt_doc(i, &options, &why); i++) {
		put_flags(options);
		put_sentence(why);
	}
	puts(".El");
}

/* ---- listings ---- */

static bool is_shown_before(const struct listing *l)
{
	for (const struct listing *k = listings; k < l; k++)
		if (k->fields == l->fields)
			return true;
	return false;
}

static void put_kinds_of(const struct listing_field *fields)
{
	fputs(".Ss Members of", stdout);
	for (unsigned i = 0, n = 0; i < LISTINGS; i++)
		if (listings[i].fields == fields)
			printf("%s %s", n++ ? "," : "", listings[i].what);
	putchar('\n');
}

static void records_of_listings(void)
{
	for (unsigned i = 0; i < LISTINGS; i++) {
		const struct listing *l = &listings[i];

		if (is_shown_before(l))
			continue;
		put_kinds_of(l->fields);
		puts(".Bl -tag -width Ds -compact");
		for (size_t k = 0; k < l->fields_len; k++) {
			printf(".It Va %s\n", l->fields[k].key);
			put_sentence(l->fields[k].doc);
		}
		puts(".El");
	}
}

/* ---- the daemon ---- */

static void options_of_pluto(void)
{
	const char *name, *argument, *doc;

	puts(".Bl -tag -width Ds");
	for (size_t i = 0; settings_doc(i, &name, &argument, &doc); i++)
		put_option(name, NULL, argument, doc);
	puts(".El");
}

static void variables_of_updown(void)
{
	const char *name, *doc;

	puts(".Bl -tag -width Ds");
	for (size_t i = 0; updown_env_doc(i, &name, &doc); i++) {
		printf(".It Ev %s\n", name);
		put_sentence(doc);
	}
	puts(".El");
}

static void settings(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < setup_rows_len; i++) {
		const struct setting *s = &setup_rows[i];

		if (!s->doc) {
			printf("Also written\n.Cm %s Ns = .\n", s->keyword);
			continue;
		}
		printf(".It Cm %s Ns = Ns ", s->keyword);
		put_argument(s->value);
		putchar('\n');
		put_sentence(s->doc);
	}
	puts(".El");
}

/* ---- words that are not built ---- */

static bool is_told(const struct keyword *k, uint8_t section)
{
	return k->section == section && k->fate != KEYWORD_BUILT;
}

static bool is_told_before(const struct keyword *rows, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_told(&rows[k], rows[i].section) && rows[k].fate == rows[i].fate &&
		    !strcmp(rows[k].note, rows[i].note))
			return true;
	return false;
}

/* Rows with one fate and one note share an item. */
static void put_unbuilt(const struct keyword *rows, size_t len, uint8_t section, uint8_t fate)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < len; i++) {
		if (!is_told(&rows[i], section) || rows[i].fate != fate ||
		    is_told_before(rows, i))
			continue;
		printf(".It Xo\n");
		for (size_t k = i; k < len; k++)
			if (is_told(&rows[k], section) && rows[k].fate == fate &&
			    !strcmp(rows[k].note, rows[i].note))
				printf(".Cm %s%s\n", rows[k].per_end ? "left" : "",
				       rows[k].name);
		puts(".Xc");
		put_sentence(rows[i].note);
	}
	puts(".El");
}

static void inert_keywords(void)
{
	put_unbuilt(keyword_conn_rows, keyword_conn_len, SECTION_CONN, KEYWORD_INERT);
}

static void obsolete_keywords(void)
{
	put_unbuilt(keyword_conn_rows, keyword_conn_len, SECTION_CONN, KEYWORD_OBSOLETE);
}

static void refused_keywords(void)
{
	put_unbuilt(keyword_conn_rows, keyword_conn_len, SECTION_CONN, KEYWORD_REFUSED);
}

static void inert_settings(void)
{
	put_unbuilt(keyword_other_rows, keyword_other_len, SECTION_SETUP, KEYWORD_INERT);
}

static void obsolete_settings(void)
{
	put_unbuilt(keyword_other_rows, keyword_other_len, SECTION_SETUP, KEYWORD_OBSOLETE);
}

/* ---- templates ---- */

static const struct table {
	const char *name;
	void (*put)(void);
} tables[] = {
	{"keywords-of-ends", keywords_of_ends},
	{"keywords-of-connections", keywords_of_connections},
	{"algorithms", algorithms},
	{"settings", settings},
	{"inert-keywords", inert_keywords},
	{"obsolete-keywords", obsolete_keywords},
	{"refused-keywords", refused_keywords},
	{"inert-settings", inert_settings},
	{"obsolete-settings", obsolete_settings},
	{"actions", actions},
	{"options-of-ends", options_of_ends},
	{"flags-of-connections", flags_of_connections},
	{"options-of-connections", options_of_connections},
	{"options-of-authorities", options_of_authorities},
	{"other-options", other_options},
	{"options-of-others", options_of_others},
	{"records-of-listings", records_of_listings},
	{"options-of-pluto", options_of_pluto},
	{"variables-of-updown", variables_of_updown},
};

static bool put_table(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strlen(tables[i].name) == len && !strncmp(tables[i].name, name, len)) {
			tables[i].put();
			return true;
		}
	}
	return false;
}

static int fill(FILE *template, const char *path)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int status = 0;

	while ((n = getline(&line, &cap, template)) > 0) {
		if (n < 3 || line[0] != '@' || line[n - 2] != '@') {
			fputs(line, stdout);
		} else if (!put_table(line + 1, (size_t)n - 3)) {
			fprintf(stderr, "tables: %s names a table that there is not: %s", path,
				line);
			status = 1;
		}
	}
	free(line);
	return status;
}

int main(int argc, char **argv)
{
	FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
	int status;

	if (!template) {
		fprintf(stderr, "usage: tables TEMPLATE\n");
		return 2;
	}
	status = fill(template, argv[1]);
	fclose(template);
	return status || fflush(stdout) ? 1 : 0;
}
