/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/ranbits.h"

#include "base/entropy.h"
#include "base/secret.h"
#include "base/text.h"
#include "ipsec/args.h"

#include <stdio.h>

#define BITS_MAX 65536
#define GROUP 4 /* octets between two underscores */

/* "0x01234567_89abcdef": written octet by octet, so that no copy stays behind. */
static void print_groups(const uint8_t *octets, size_t len, bool continuous)
{
	fputs("0x", stdout);
	for (size_t i = 0; i < len; i++)
		printf("%s%02x", !continuous && i && i % GROUP == 0 ? "_" : "", octets[i]);
	putchar('\n');
}

int ranbits_main(int argc, char **argv, const struct paths *paths)
{
	bool bytes = false, continuous = false, quick = false;
	const struct arg_option options[] = {
		{"bytes", NULL, &bytes, "N counts octets, not bits"},
		{"continuous", NULL, &continuous, "no underscores between groups"},
		{"quick", NULL, &quick, NULL}, /* the kernel's one generator is quick */
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] N",
		.options = options,
		.operand = "the number of bits",
		.words_min = 1,
		.words_max = 1,
		.doc = "Print N random bits, rounded up to whole octets, in hex.\n",
	};
	struct entropy source = entropy_system();
	uint8_t octets[BITS_MAX / 8];
	struct args a;
	uint64_t n;
	size_t len;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (!text_number(a.words[0], 1, bytes ? BITS_MAX / 8 : BITS_MAX, &n)) {
		fprintf(stderr, "ipsec ranbits: %s is no number from 1 to %d\n", a.words[0],
			bytes ? BITS_MAX / 8 : BITS_MAX);
		return EXIT_USAGE;
	}
	len = bytes ? (size_t)n : ((size_t)n + 7) / 8;
	if (!entropy_fill(&source, octets, len)) {
		fprintf(stderr, "ipsec ranbits: the kernel gives no random octets\n");
		return 1;
	}
	print_groups(octets, len, continuous);
	secret_wipe(octets, len);
	return 0;
}
