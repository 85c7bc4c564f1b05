/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any words as whack's command line, one in each line of the input. What is taken as a
 * connection is described again by the words that `ipsec auto --showonly` would print,
 * which are taken too and mean the same; what is refused says why.
 */
#include "auto/command.h"
#include "whack/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No file of the machine is read because an input names it. */
static bool names_a_file(const char *word)
{
	return !strncmp(word, "--optionsfrom", 13);
}

static int cut(char *text, char **words)
{
	int n = 0;

	words[n++] = (char *)"whack";
	for (char *word = strsep(&text, "\n"); word && n < WORDS_MAX;
	     word = strsep(&text, "\n"))
		if (!names_a_file(word))
			words[n++] = word;
	return n;
}

/* Described and read again it is the same. */
static void check_again(const struct connection *c)
{
	struct command_line line = {0};
	struct whack_options o;
	struct diag why;

	command_add(&line, "whack");
	command_describe(&line, c);
	assert(!line.bad);
	diag_clear(&why);
	assert(options_parse((int)line.len, line.words, &o, &why) == CYG_OK);
	assert(connection_equal(c, o.connection));
	options_done(&o);
	command_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *words[WORDS_MAX];
	struct whack_options o;
	struct diag why;
	int n;

	assert(text);
	n = cut(text, words);
	diag_clear(&why);
	if (options_parse(n, words, &o, &why))
		assert(diag_is_set(&why));
	else if (o.connection)
		check_again(o.connection);
	options_done(&o);
	free(text);
	return 0;
}
