/* SPDX-License-Identifier: Apache-2.0 */
/* ipsec-rsasigkey: a new RSA key on standard output, as ipsec.secrets writes it. */
#include "ipsec/args.h"
#include "ipsec/hostkey_read.h"
#include "ipsec/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static bool read_bits(const char *text, unsigned *ret)
{
	uint64_t bits;

	if (!text_number(text, HOSTKEY_BITS_MIN, HOSTKEY_BITS_MAX, &bits) || bits % 8) {
		fprintf(stderr,
			"ipsec rsasigkey: a key of %s bits can't be made; it has %d to %d, a "
			"multiple of 8\n",
			text, HOSTKEY_BITS_MIN, HOSTKEY_BITS_MAX);
		return false;
	}
	*ret = (unsigned)bits;
	return true;
}

static int make(unsigned bits, const char *host, bool verbose)
{
	struct rsa_numbers n;
	EVP_PKEY *key;
	bool well = false;

	if (verbose)
		fprintf(stderr, "ipsec rsasigkey: looking for two primes of %u bits\n",
			bits / 2);
	key = hostkey_make_rsa(bits);
	if (key && !hostkey_numbers(key, &n)) {
		well = hostkey_print_block(&n, host, stdout) && !fflush(stdout);
		rsa_numbers_wipe(&n);
	}
	EVP_PKEY_free(key);
	if (!well)
		fprintf(stderr, "ipsec rsasigkey: the key could not be made or written\n");
	return !well;
}

/* ---- a key that there is ---- */

static int complain_key(const char *file, const char *why)
{
	fprintf(stderr, "ipsec rsasigkey: --oldkey %s: %s\n", file, why);
	return 1;
}

/* The one RSA key of `file`, printed anew with what older programs left out. */
static int print_again(const char *file, const char *host)
{
	struct problems problems = {0};
	struct rsa_numbers n;
	int status = 1;

	if (hostkey_read_rsa(file, &n, &problems)) {
		complain_key(file, problems.len ? problems.items[0].diag.sentence
						: "there is no RSA key to be read in it");
	} else {
		if (hostkey_print_block(&n, host, stdout) && !fflush(stdout))
			status = 0;
		else
			complain_key(file, "it could not be written");
		rsa_numbers_wipe(&n);
	}
	problems_done(&problems);
	return status;
}

static int rsasigkey_main(int argc, char **argv)
{
	bool verbose = false, no_opt = false;
	const char *host = NULL, *old = NULL, *unused = NULL;
	const struct arg_option options[] = {
		{"hostname", "NAME", &host, "name the host in the comment"},
		{"oldkey", "FILE", &old, "print the key of FILE again, and make none"},
		{"verbose", NULL, &verbose, "tell what is being done"},
		/* Of other programs of this name: there is one source of randomness, and no store. */
		{"random", "DEVICE", &unused, NULL},
		{"configdir", "DIR", &unused, NULL},
		{"password", "TEXT", &unused, NULL},
		{"rounds", "N", &unused, NULL},
		{"seeddev", "DEVICE", &unused, NULL},
		{"seedbits", "N", &unused, NULL},
		{"noopt", NULL, &no_opt, NULL},
		{0},
	};
	const struct arg_rules rules = {
		.command = "rsasigkey",
		.synopsis = "[option ...] [BITS]",
		.options = options,
		.words_max = 1,
		.doc = "Make an RSA key of BITS (3072) and print what ipsec.secrets has between\n"
		       "\"RSA {\" and \"}\". It holds the private key: keep it from others.\n",
	};
	unsigned bits = HOSTKEY_BITS_DEFAULT;
	struct utsname names;
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (a.len && old) {
		fprintf(stderr, "ipsec rsasigkey: with --oldkey no BITS are given: the key has "
				"its size\n");
		return EXIT_USAGE;
	}
	if (a.len && !read_bits(a.words[0], &bits))
		return EXIT_USAGE;
	if (!host)
		host = uname(&names) ? "" : names.nodename;
	return old ? print_again(old, host) : make(bits, host, verbose);
}

int main(int argc, char **argv)
{
	return output_end(rsasigkey_main(argc, argv));
}
