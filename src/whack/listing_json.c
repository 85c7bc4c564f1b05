/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/listing_json.h"

#include "whack/json_out.h"

static void add_texts(struct json_out *o, const char *key, listing_texts texts)
{
	if (!texts || !*texts)
		return;
	json_out_list(o, key);
	for (; *texts; texts++)
		json_out_text(o, NULL, *texts);
	json_out_list_end(o);
}

static void add_number(struct json_out *o, const char *key, uint64_t value)
{
	if (value)
		json_out_number(o, key, value);
}

static void add_field(struct json_out *o, const struct listing_field *f, const void *at)
{
	const char *text;

	switch (f->type) {
	case LISTING_TEXT:
		text = *(const char *const *)at;
		if (text && *text)
			json_out_text(o, f->key, text);
		break;
	case LISTING_TEXTS:
		add_texts(o, f->key, *(const listing_texts *)at);
		break;
	case LISTING_FLAG:
		if (*(const bool *)at)
			json_out_flag(o, f->key, true);
		break;
	case LISTING_NUMBER:
		add_number(o, f->key, *(const uint64_t *)at);
		break;
	case LISTING_INDEX:
		if (*(const int64_t *)at >= 0)
			json_out_number(o, f->key, (uint64_t) * (const int64_t *)at);
		break;
	default: /* moments lie behind 1970 */
		add_number(o, f->key, (uint64_t) * (const int64_t *)at);
	}
}

void listing_json(struct json_out *o, enum listing_kind kind, const void *record)
{
	const struct listing *l = &listings[kind];

	json_out_object(o, NULL);
	for (size_t i = 0; i < l->fields_len; i++)
		add_field(o, &l->fields[i], (const char *)record + l->fields[i].offset);
	json_out_object_end(o);
}
