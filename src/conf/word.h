/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_WORD_H
#define CONF_WORD_H

#include "base/view.h"
#include "conf/file.h"
#include "conf/keyword.h"

#include <uthash.h>

/* A keyword as a file has it, and what it means, looked up once. Private to this room. */
struct word {
	struct keyword_meaning meaning[SECTION_KINDS];
	const char *near[SECTION_KINDS]; /* of a misspelt one: the nearest, or NULL */
	bool near_known[SECTION_KINDS];
	UT_hash_handle hh;
	char text[]; /* in lower case */
};

/* The file's copy of a keyword that stands in a section of the kind; NULL: no memory. */
const struct word *word_get(struct conf_file *f, enum section_kind kind, struct view text)
	__attribute__((warn_unused_result));

/* Free the file's keywords. */
void words_done(struct conf_file *f);

/* What the parameter's keyword means in such a section. */
static inline const struct keyword_meaning *param_meaning(const struct section *s,
							  const struct param *p)
{
	return &p->word->meaning[s->kind];
}

#endif
