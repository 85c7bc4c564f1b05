/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_JSON_OUT_H
#define IPSEC_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Print a document on standard output, as all commands do with --json, and give up
 * the reference. False when it is NULL (memory was short) or can't be written.
 */
bool json_out(json_t *document);

#endif
