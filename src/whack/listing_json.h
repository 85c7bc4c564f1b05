/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_LISTING_JSON_H
#define WHACK_LISTING_JSON_H

#include "conn/listing.h"

struct json_out;

/* One record of a listing as an element of the list that is open. */
void listing_json(struct json_out *o, enum listing_kind kind, const void *record);

#endif
