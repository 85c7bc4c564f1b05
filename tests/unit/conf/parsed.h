/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CONF_PARSED_H
#define TESTS_UNIT_CONF_PARSED_H

#include "conf/conf.h"
#include "tests/unit/support/test.h"

#include <string.h>

/* What was found wrong in the text that was parsed last. */
static struct problems problems;

/* A text as ipsec.conf; to be done with before the next one. */
static inline struct conf *parse(const char *text)
{
	struct conf *c = NULL;

	memset(&problems, 0, sizeof(problems));
	assert_int_equal(conf_parse(view_str(text), "/nowhere/ipsec.conf", &c, &problems),
			 CYG_OK);
	return c;
}

/* Free it, and its problems. */
static inline void done(struct conf *c)
{
	conf_free(c);
	problems_done(&problems);
}

#endif
