/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/algparse.h"

#include "base/text.h"
#include "conn/proposal_dialect.h"
#include "crypto/alg.h"
#include "ipsec/args.h"
#include "ipsec/json_out.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A reading is one string in one dialect for one protocol. The text prints the
 * reading of DIALECT_ANY, which is how configuration files are read, and below
 * it what the others make of the same string where that differs.
 */

#define PRINTED_MAX 32768

enum { EXIT_FINE = 0, EXIT_WEAK = 1, EXIT_REFUSED = 2 };

struct options {
	const char *dialect;
	bool ike, esp, ah, json, rules;
	uint8_t only; /* of dialect=, or DIALECT_ANY for all */
};

struct reading {
	enum cyg_err err;
	const struct proposals *p; /* when read */
	uint16_t defaulted[PROPOSALS_MAX];
	struct diag why; /* refused, or weak, or empty */
	char printed[PRINTED_MAX];
};

/* The words in front of "=" that say what a string is for. */
static const struct {
	const char *word;
	enum protocol protocol;
} keywords[] = {{"ike", PROTO_IKE},
		{"esp", PROTO_ESP},
		{"phase2alg", PROTO_ESP},
		{"ah", PROTO_AH}};

static const char *protocol_word(enum protocol protocol)
{
	return protocol == PROTO_IKE ? "ike" : protocol == PROTO_ESP ? "esp" : "ah";
}

/* A keyword at the start of `text`: its protocol and what follows "=", or PROTO_NONE. */
static enum protocol cut_keyword(const char **text)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		size_t len = strlen(keywords[i].word);

		if (strncmp(*text, keywords[i].word, len) != 0 || (*text)[len] != '=')
			continue;
		*text += len + 1;
		return keywords[i].protocol;
	}
	return PROTO_NONE;
}

static void read_as(struct reading *r, const char *text, enum protocol protocol,
		    enum dialect dialect)
{
	r->p = NULL;
	r->printed[0] = '\0';
	r->err = proposals_read(text, protocol, dialect, &r->p, r->defaulted, &r->why);
	if (!r->err)
		proposals_print(r->p, r->printed, sizeof(r->printed));
}

static int status_of(const struct reading *r)
{
	return r->err ? EXIT_REFUSED : diag_is_set(&r->why) ? EXIT_WEAK : EXIT_FINE;
}

/* ---- each algorithm of a reading once ---- */

typedef void each_alg(const struct alg *a, void *ctx);

static void each_weak(const struct proposals *p, each_alg *each, void *ctx)
{
	for (unsigned kind = ALG_ENCR; kind <= ALG_KE; kind++)
		for (const struct alg *a = NULL; (a = alg_next(kind, a));) {
			bool named = false;

			for (size_t i = 0; i < p->len; i++)
				for (size_t j = 0; j < p->items[i].len; j++)
					named |= p->items[i].transforms[j].kind == kind &&
						 p->items[i].transforms[j].id == a->id;
			if (named && a->strength != ALG_STRONG)
				each(a, ctx);
		}
}

/* Kinds that some proposal left to the defaults, as "PRF, KE"; "" for none. */
static void list_defaulted(const struct reading *r, char *buf, size_t cap)
{
	unsigned kinds = 0;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < r->p->len; i++)
		kinds |= r->defaulted[i];
	for (unsigned kind = ALG_ENCR; kind <= ALG_KE; kind++)
		if (kinds & 1u << kind)
			buf_add(buf, cap, &used, "%s%s", used ? ", " : "", alg_kind_name(kind));
}

/* ---- text ---- */

static void print_weak(const struct alg *a, void *ctx)
{
	printf("    weak: %s: %s [%s]\n", a->name, a->why, a->ref);
}

static void print_proposals(const struct reading *r)
{
	char line[4096];

	for (size_t i = 0; i < r->p->len; i++)
		printf("    %s\n", proposal_print(&r->p->items[i], line, sizeof(line)));
}

static void print_refusal(const struct diag *why, const char *indent)
{
	printf("%srefused: %s", indent, why->sentence);
	if (why->got[0])
		printf(": \"%s\"", why->got);
	if (why->column)
		printf(", column %u", why->column);
	if (why->hint[0])
		printf("; %s", why->hint);
	printf("%s%s%s\n", why->ref ? " [" : "", why->ref ? why->ref : "", why->ref ? "]" : "");
	if (why->wanted[0])
		printf("%swanted: %s\n", indent, why->wanted);
}

static void print_reading(const struct reading *r, enum protocol protocol)
{
	char kinds[128];

	if (r->err) {
		print_refusal(&r->why, "    ");
		return;
	}
	print_proposals(r);
	list_defaulted(r, kinds, sizeof(kinds));
	if (kinds[0])
		printf("    not named, so all defaults: %s\n", kinds);
	each_weak(r->p, print_weak, NULL);
	if (protocol == PROTO_AH)
		printf("    AH is read, and not built: use esp=\n");
}

/* What the other dialects make of it, where that is something else. */
static void print_others(const struct reading *any, const char *text, enum protocol protocol)
{
	static struct reading r;

	for (enum dialect d = DIALECT_OPENSWAN; d < DIALECTS; d++) {
		read_as(&r, text, protocol, d);
		if (r.err == any->err && !strcmp(r.printed, any->printed))
			printf("  %s: the same\n", dialect_name(d));
		else {
			printf("  %s:\n", dialect_name(d));
			if (r.err)
				print_refusal(&r.why, "    ");
			else
				print_proposals(&r);
		}
		proposals_unref(r.p);
	}
}

static int print_string(const struct options *o, const char *text, enum protocol protocol)
{
	static struct reading r;
	int status;

	read_as(&r, text, protocol, o->only);
	status = status_of(&r);
	printf("%s=%s\n", protocol_word(protocol), text);
	print_reading(&r, protocol);
	if (o->only == DIALECT_ANY)
		print_others(&r, text, protocol);
	proposals_unref(r.p);
	return status;
}

/* ---- JSON ---- */

static void add_weak(const struct alg *a, void *ctx)
{
	json_array_append_new(ctx,
			      json_pack("{s:s, s:s, s:s, s:s}", "type", alg_kind_name(a->kind),
					"name", a->name, "why", a->why, "ref", a->ref));
}

static json_t *transform_json(const struct transform *t)
{
	const struct alg *a = alg_by_id(t->kind, t->id);
	json_t *o = json_pack("{s:s, s:s, s:i}", "type", alg_kind_name(t->kind), "name",
			      a ? a->name : "?", "id", t->id);

	if (t->key_bits)
		json_object_set_new(o, "bits", json_integer(t->key_bits));
	return o;
}

static json_t *proposal_json(const struct proposal *p, unsigned defaulted)
{
	json_t *transforms = json_array(), *kinds = json_array();
	char line[4096];

	for (size_t i = 0; i < p->len; i++)
		json_array_append_new(transforms, transform_json(&p->transforms[i]));
	for (unsigned kind = ALG_ENCR; kind <= ALG_ESN; kind++)
		if (defaulted & 1u << kind)
			json_array_append_new(kinds, json_string(alg_kind_name(kind)));
	return json_pack("{s:s, s:o, s:o}", "text", proposal_print(p, line, sizeof(line)),
			 "transforms", transforms, "defaulted", kinds);
}

static json_t *reading_json(const struct reading *r, enum dialect dialect)
{
	json_t *proposals = json_array(), *weak = json_array();

	if (r->err) {
		json_decref(proposals);
		json_decref(weak);
		return json_pack("{s:s, s:b, s:o}", "dialect", dialect_name(dialect),
				 "accepted", 0, "refusal", json_refusal(&r->why));
	}
	for (size_t i = 0; i < r->p->len; i++)
		json_array_append_new(proposals,
				      proposal_json(&r->p->items[i], r->defaulted[i]));
	each_weak(r->p, add_weak, weak);
	return json_pack("{s:s, s:b, s:o, s:o}", "dialect", dialect_name(dialect), "accepted",
			 1, "proposals", proposals, "weak", weak);
}

static int json_string_of(const struct options *o, const char *text, enum protocol protocol,
			  json_t *into)
{
	static struct reading r;
	json_t *readings = json_array();
	int status = EXIT_FINE;

	for (enum dialect d = o->only; d < DIALECTS; d++) {
		read_as(&r, text, protocol, d);
		if (d == o->only)
			status = status_of(&r);
		json_array_append_new(readings, reading_json(&r, d));
		proposals_unref(r.p);
		if (o->only != DIALECT_ANY)
			break;
	}
	json_array_append_new(into, json_pack("{s:s, s:s, s:b, s:o}", "protocol",
					      protocol_word(protocol), "string", text, "built",
					      protocol != PROTO_AH, "readings", readings));
	return status;
}

/* ---- the rules ---- */

static void print_rules(void)
{
	for (size_t i = 0; i < PROPOSAL_RULES; i++) {
		const struct proposal_rule *r = &proposal_rules[i];

		printf("%s  (%s)\n", r->example, r->what);
		for (enum dialect d = DIALECT_ANY; d < DIALECTS; d++)
			printf("  %-11s %s\n", dialect_name(d),
			       r->means[d] ? r->means[d] : "refused");
	}
}

/* ---- command ---- */

static int worse(int a, int b)
{
	return a > b ? a : b;
}

/* One string as each protocol asked for; without any, as IKE's and as ESP's. */
static int take_string(const struct options *o, const char *text, json_t *into)
{
	enum protocol named = cut_keyword(&text);
	bool none = !o->ike && !o->esp && !o->ah;
	const bool wanted[] = {
		[PROTO_IKE] = named == PROTO_NONE ? o->ike || none : named == PROTO_IKE,
		[PROTO_AH] = named == PROTO_NONE ? o->ah : named == PROTO_AH,
		[PROTO_ESP] = named == PROTO_NONE ? o->esp || none : named == PROTO_ESP,
	};
	static const enum protocol order[] = {PROTO_IKE, PROTO_ESP, PROTO_AH};
	int status = EXIT_FINE;

	for (size_t i = 0; i < 3; i++)
		if (wanted[order[i]])
			status = worse(status, into ? json_string_of(o, text, order[i], into)
						    : print_string(o, text, order[i]));
	return status;
}

static int take_all(const struct options *o, const struct args *args)
{
	json_t *into = o->json ? json_array() : NULL;
	int status = EXIT_FINE;

	if (o->json && !into)
		return EXIT_REFUSED;
	for (size_t i = 0; i < args->len; i++)
		status = worse(status, take_string(o, args->words[i], into));
	if (!into)
		return status;
	return json_out(into) ? status : EXIT_REFUSED;
}

static int check_words(const struct options *o, const struct args *args)
{
	if (o->rules ? args->len > 0 : args->len == 0) {
		fprintf(stderr, "ipsec algparse: %s; ipsec algparse --help tells more\n",
			o->rules ? "--rules takes no proposal" : "a proposal is missing");
		return EXIT_REFUSED;
	}
	return ARGS_GO;
}

int algparse_main(int argc, char **argv, const struct paths *p)
{
	struct options o = {.only = DIALECT_ANY};
	const struct arg_option options[] = {
		{"dialect", "NAME", &o.dialect,
		 "read as openswan, libreswan or strongswan; else as all of them"},
		{"ike", NULL, &o.ike, "each string is of ike="},
		{"esp", NULL, &o.esp, "each string is of esp= (phase2alg=)"},
		{"ah", NULL, &o.ah, "each string is of ah="},
		{"json", NULL, &o.json, "print one JSON document"},
		{"rules", NULL, &o.rules, "print in which ways the dialects differ"},
		{0},
	};
	const struct arg_rules rules = {
		.command = "algparse",
		.synopsis = "[option ...] string ...",
		.options = options,
		.operand = "a proposal",
		.words_max = (size_t)-1,
		.doc = "Tells what proposals of ike=, esp= and ah= mean, in each dialect, and which "
		       "of\ntheir algorithms are weak. A string may begin with ike=, esp=, "
		       "phase2alg= or ah=.\n",
	};
	struct args args;
	int status = args_read(&rules, argc, argv, &args);

	if (status == ARGS_GO)
		status = check_words(&o, &args);
	if (status != ARGS_GO)
		return status;
	if (o.dialect && !dialect_by_name(o.dialect, &o.only)) {
		fprintf(stderr,
			"ipsec algparse: there is no dialect %s; it is any, openswan, libreswan "
			"or strongswan\n",
			o.dialect);
		return EXIT_REFUSED;
	}
	if (!o.rules)
		return take_all(&o, &args);
	print_rules();
	return EXIT_FINE;
}
