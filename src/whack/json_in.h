/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_JSON_IN_H
#define WHACK_JSON_IN_H

#include "base/view.h"

#include <jansson.h>

/*
 * One message as a tree (new reference), which must be an object or a list and the whole of the
 * message. NULL when it is no JSON, names a member of an object twice, or memory is short.
 *
 * Both ends of the control socket write without white space and mostly without escapes. That is
 * read here, several times faster than by the library; whatever else comes, right or wrong, is
 * left to the library from its beginning. So the library alone says what is wrong JSON, and this
 * reader accepts nothing that it would refuse or understand otherwise.
 */
json_t *json_in(struct view message);

#endif
