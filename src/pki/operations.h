/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_OPERATIONS_H
#define PKI_OPERATIONS_H

#include "ipsec/args.h"

#include <stddef.h>

struct pki;

/* Where an option of an operation goes: a member of the operation's own struct. */
#define AT(type, member) ((void *)offsetof(struct type, member))
#define OPERATION_OPTIONS_MAX 32

/* What is done by one word of `ipsec pki`, as a row of main.c. */
struct operation {
	const char *word;
	struct arg_rules
		rules; /* its options' `to` is AT a member; `command` is made of the word */
	size_t options_size; /* of the struct, which begins as zeroes */
	/* Do it; the options as they were read. The exit status; EXIT_USAGE after a complaint about them. */
	int (*run)(const struct pki *p, const void *options, const struct args *words);
};

/* One, by its word: the struct of its options, their rows, its function, and the rest of its rules. */
#define OPERATION(name, S, rows, function, ...)            \
	const struct operation name##_operation = {        \
		.word = #name,                             \
		.rules = {.options = (rows), __VA_ARGS__}, \
		.options_size = sizeof(struct S),          \
		.run = (function),                         \
	}

extern const struct operation gen_operation, self_operation, req_operation, issue_operation,
	signcrl_operation, signac_operation, print_operation, verify_operation;

#define EXIT_REFUSED 1 /* --verify: not believed */
#define EXIT_UNABLE 3  /* --verify: there is no verdict, because a file can't be read */

#endif
