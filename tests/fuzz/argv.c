/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of leftupdown=: what is refused says why; what is taken is as many words as it may
 * be, which quoted and joined are the same words again.
 */
#include "conn/argv.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quote(struct text *t, const char *word)
{
	text_add_str(t, " '");
	for (; *word; word++) {
		if (*word == '\'')
			text_add_str(t, "'\\''");
		else
			text_add_char(t, *word);
	}
	text_add_char(t, '\'');
}

static void same_again(char **words)
{
	struct text t = {0};
	char **again;
	size_t i = 0;

	for (char **w = words; *w; w++)
		quote(&t, *w);
	assert(argv_split(text_str(&t), &again, NULL) == CYG_OK);
	for (; words[i]; i++)
		assert(again[i] && strcmp(words[i], again[i]) == 0);
	assert(!again[i] && i > 0 && i <= ARGV_WORDS_MAX);
	text_done(&t);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *command = calloc(1, size + 1);
	struct diag why;
	char **words;

	assert(command);
	memcpy(command, data, size);
	diag_clear(&why);
	if (argv_split(command, &words, &why) == CYG_OK) {
		same_again(words);
		free(words);
	} else {
		assert(diag_is_set(&why) && why.sentence[0]);
	}
	free(command);
	return 0;
}
