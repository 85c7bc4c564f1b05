/* SPDX-License-Identifier: Apache-2.0 */
/* ipsec-pki: the first word is what is done; each has options of its own. */
#include "base/text.h"
#include "buildinfo.h"
#include "crypto/crypto.h"
#include "ipsec/output.h"
#include "pki/files.h"
#include "pki/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *word;
	const struct operation *operation;
	const char *doc;
} rows[] = {
	{"gen", &gen_operation, "make a private key"},
	{"self", &self_operation, "make a certificate that its own key signs: an authority's"},
	{"req", &req_operation, "make a request for a certificate"},
	{"issue", &issue_operation,
	 "issue a certificate, with a key and all that a host wants"},
	{"signcrl", &signcrl_operation, "sign a list of revoked certificates"},
	{"signac", &signac_operation,
	 "sign an attribute certificate: who belongs to which groups"},
	{"acert", &signac_operation, "the same"},
	{"print", &print_operation, "show what a certificate, key, request or list says"},
	{"verify", &verify_operation,
	 "tell whether pluto would believe a certificate, and why not"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int help(void)
{
	printf("usage: ipsec pki --OPERATION [option ...]\n\n"
	       "Keys, certificates and lists of revoked ones, for who has no authority yet.\n\n"
	       "operations:\n");
	for (size_t i = 0; i < ROWS; i++)
		printf("  --%-12s %s\n", rows[i].word, rows[i].doc);
	printf("  --version      print the version\n  --help\n\n"
	       "ipsec pki --OPERATION --help tells of each.\n");
	return 0;
}

static int complain(const char *word)
{
	const char *words[ROWS], *near;

	for (size_t i = 0; i < ROWS; i++)
		words[i] = rows[i].word;
	near = text_nearest(word + strspn(word, "-"), words, ROWS);
	fprintf(stderr, "ipsec pki: there is no operation %s", word);
	if (near)
		fprintf(stderr, "; did you mean --%s?", near);
	fprintf(stderr, "\nipsec pki: --help tells how it is used\n");
	return EXIT_USAGE;
}

static int do_it(const struct operation *o, struct pki *p, const void *options,
		 const struct args *words)
{
	int status;

	p->crypto = crypto_new(NULL);
	if (!p->crypto)
		return pki_complain(p, "libcrypto can't be used");
	status = o->run(p, options, words);
	crypto_free(p->crypto);
	return status;
}

/* Its command line, argv[0] being its word. */
static int begin(const struct operation *o, int argc, char **argv)
{
	struct arg_option options[OPERATION_OPTIONS_MAX] = {0};
	char command[32], *values = calloc(1, o->options_size);
	struct arg_rules rules = o->rules;
	struct pki p = {.command = command};
	struct args words;
	int status;

	snprintf(command, sizeof(command), "pki --%s", o->word);
	if (!values)
		return pki_complain(&p, "memory is short");
	for (size_t i = 0; rules.options[i].name; i++) {
		options[i] = rules.options[i];
		options[i].to = values + (size_t)rules.options[i].to;
	}
	rules.command = command;
	rules.options = options;
	status = args_read(&rules, argc, argv, &words);
	if (status == ARGS_GO)
		status = do_it(o, &p, values, &words);
	free(values);
	return status;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";

	if (!strcmp(word, "--help"))
		return help();
	if (!strcmp(word, "--version")) {
		printf("ipsec pki %s\n", CYGNET_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(word + (strncmp(word, "--", 2) ? 0 : 2), rows[i].word))
			return begin(rows[i].operation, argc - 1, argv + 1);
	return complain(word);
}

int main(int argc, char **argv)
{
	return output_end(run(argc, argv));
}
