/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_JSON_OUT_H
#define IPSEC_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>

struct diag;

/*
 * Print a document on standard output, as all commands do with --json, and give up
 * the reference. False when it is NULL (memory was short) or can't be written.
 */
bool json_out(json_t *document);

/* Add a text, where there is one: "" and NULL are left out. */
void json_add_text(json_t *object, const char *key, const char *text);

/*
 * Why something was refused: code, sentence, wanted, got, hint, ref, and the column where one is known.
 * A new reference; NULL when memory is short.
 */
json_t *json_refusal(const struct diag *why);

#endif
