/* SPDX-License-Identifier: Apache-2.0 */
/* ipsec-pki: the first word is what is done; each has options of its own. */
#include "base/text.h"
#include "buildinfo.h"
#include "crypto/crypto.h"
#include "ipsec/args.h"
#include "ipsec/output.h"
#include "pki/operations.h"

#include <stdio.h>
#include <string.h>

static const struct operation {
	const char *word;
	int (*run)(struct crypto *crypto, int argc, char **argv);
	const char *doc;
} operations[] = {
	{"gen", gen_main, "make a private key"},
	{"self", self_main, "make a certificate that its own key signs: an authority's"},
	{"req", req_main, "make a request for a certificate"},
	{"issue", issue_main, "issue a certificate, with a key and all that a host wants"},
	{"signcrl", signcrl_main, "sign a list of revoked certificates"},
	{"signac", signac_main, "sign an attribute certificate: who belongs to which groups"},
	{"acert", signac_main, "the same"},
	{"print", print_main, "show what a certificate, key, request or list says"},
	{"verify", verify_main, "tell whether pluto would believe a certificate, and why not"},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static int help(void)
{
	printf("usage: ipsec pki --OPERATION [option ...]\n\n"
	       "Keys, certificates and lists of revoked ones, for who has no authority yet.\n\n"
	       "operations:\n");
	for (size_t i = 0; i < OPERATIONS; i++)
		printf("  --%-12s %s\n", operations[i].word, operations[i].doc);
	printf("  --version      print the version\n  --help\n\n"
	       "ipsec pki --OPERATION --help tells of each.\n");
	return 0;
}

static int complain(const char *word)
{
	const char *words[OPERATIONS], *near;

	for (size_t i = 0; i < OPERATIONS; i++)
		words[i] = operations[i].word;
	near = text_nearest(word + strspn(word, "-"), words, OPERATIONS);
	fprintf(stderr, "ipsec pki: there is no operation %s", word);
	if (near)
		fprintf(stderr, "; did you mean --%s?", near);
	fprintf(stderr, "\nipsec pki: --help tells how it is used\n");
	return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";
	struct crypto *crypto;
	int status;

	if (!strcmp(word, "--help"))
		return help();
	if (!strcmp(word, "--version")) {
		printf("ipsec pki %s\n", CYGNET_VERSION);
		return 0;
	}
	for (size_t i = 0; i < OPERATIONS; i++) {
		if (strcmp(word + (strncmp(word, "--", 2) ? 0 : 2), operations[i].word) != 0)
			continue;
		crypto = crypto_new(NULL);
		if (!crypto) {
			fprintf(stderr, "ipsec pki: libcrypto can't be used\n");
			return 1;
		}
		status = operations[i].run(crypto, argc - 1, argv + 1);
		crypto_free(crypto);
		return status;
	}
	return complain(word);
}

int main(int argc, char **argv)
{
	return output_end(run(argc, argv));
}
