/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/json_out.h"

#include "base/diag.h"

#include <stdio.h>

bool json_out(json_t *document)
{
	int status = document ? json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII)
			      : -1;

	json_decref(document);
	putchar('\n');
	return !status && !fflush(stdout);
}

void json_add_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, json_string(text));
}

json_t *json_refusal(const struct diag *why)
{
	json_t *o = json_object();

	json_add_text(o, "code", why->code);
	json_add_text(o, "sentence", why->sentence);
	json_add_text(o, "wanted", why->wanted);
	json_add_text(o, "got", why->got);
	json_add_text(o, "hint", why->hint);
	json_add_text(o, "ref", why->ref);
	if (why->column)
		json_object_set_new(o, "column", json_integer(why->column));
	return o;
}
