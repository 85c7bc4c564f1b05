/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_JSON_OUT_H
#define WHACK_JSON_OUT_H

#include "base/text.h"

/*
 * A writer of JSON for long listings: what is added is written at once, so that a
 * record costs no tree. The caller opens and closes in order; the writer sets the
 * commas and escapes the text. {0} is empty; memory that runs out shows in text.bad.
 */
struct json_out {
	struct text text;
	bool comma; /* something stands in front of the next member */
};

/* Begin an object or a list: as a member called `key`, or, NULL, as an element or the whole. */
void json_out_object(struct json_out *o, const char *key);
void json_out_list(struct json_out *o, const char *key);
/* End the innermost object or list. */
void json_out_object_end(struct json_out *o);
void json_out_list_end(struct json_out *o);

/* A member, or with a NULL key an element. Octets that are no valid text are written as \xNN. */
void json_out_text(struct json_out *o, const char *key, const char *value);
void json_out_number(struct json_out *o, const char *key, uint64_t value);
void json_out_flag(struct json_out *o, const char *key, bool value);
/* The same of JSON that is written already. */
void json_out_raw(struct json_out *o, const char *key, const char *json);

/* Empty it, keeping the storage; free it. */
void json_out_clear(struct json_out *o);
void json_out_done(struct json_out *o);

#endif
