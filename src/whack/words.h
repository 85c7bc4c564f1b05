/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_WORDS_H
#define WHACK_WORDS_H

#include "base/diag.h"
#include "base/err.h"

/* The words of an --optionsfrom file, in one piece of memory. */
struct whack_words {
	struct whack_words *next; /* of another file */
	size_t len;
	char **items;
	char text[];
};

#define WORDS_FILE_MAX (1u << 20)

/*
 * Read and cut a file into words: separated by white space, "double" or
 * 'single' quotes keep it in, # begins a comment at the start of a word. The
 * caller frees the result with words_free. CYG_IO, CYG_MALFORMED, CYG_LIMIT, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err words_read(const char *path, struct whack_words **ret,
				   struct diag *why);
/* Cut words->text (NUL-terminated) in place. For words_read and tests. */
MUST_CHECK enum cyg_err words_cut(struct whack_words *w, const char *path, struct diag *why);
/* All of a chain. */
void words_free(struct whack_words *w);

#endif
