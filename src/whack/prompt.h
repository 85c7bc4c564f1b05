/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_PROMPT_H
#define WHACK_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;

/* A record of ipsec.secrets that says %prompt, as pluto tells that it waits. */
struct prompt {
	char file[128]; /* as of a diag */
	uint32_t line;
	char text[256]; /* the question */
};

/* {0} is empty. */
struct prompts {
	struct prompt *items;
	size_t len;
};

#define PROMPT_ANSWER_MAX 1024

/* Keep what a report says, if it is of such a record. False: memory is short. */
bool prompts_note(struct prompts *p, const struct report *report);
void prompts_done(struct prompts *p);

#endif
