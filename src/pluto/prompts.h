/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PROMPTS_H
#define PLUTO_PROMPTS_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;

/*
 * Who had the secrets read again is asked for what opens those of %prompt that are not open: whack
 * and setup know the event. What a record had open stays so until an answer opens its file.
 */
void prompts_want(struct daemon *d, uint64_t cause);

/*
 * Opening the file with that answer takes long: have a thread look at it, after which the command goes
 * on (calls_settled) with prompts_answer. False: it need not wait for that.
 */
bool prompts_look(struct daemon *d, uint64_t cause, const char *file, uint64_t line,
		  const char *secret);

/*
 * What a person answered to the %prompt of a record of ipsec.secrets, by its place. Returns the
 * code of the command; what is wrong has been said. A token is asked (cards_open), and what comes
 * of that is told by calls_settled.
 */
unsigned prompts_answer(struct daemon *d, uint64_t cause, const char *file, uint64_t line,
			const char *secret);

#endif
