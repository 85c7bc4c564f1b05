/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_STATUS_PRIVATE_H
#define WHACK_STATUS_PRIVATE_H

#include "base/text.h"
#include "whack/status_text.h"

#include <uthash.h>

/* What the parts of status_text.c share; nobody else includes it. */

/* What the SAs say about a connection, which they come before. */
struct newest {
	UT_hash_handle hh;
	json_int_t ike, child;
	json_t *ike_suite, *child_suite; /* borrowed from the lists below */
	char name[];                     /* "NAME" or "NAME[instance]" */
};

struct status_text {
	FILE *out;
	enum status_view view;
	json_t *ike_sas, *children;
	struct newest *newest;
	struct text pending; /* lines about connections that wait for an IKE SA */
};

static inline bool is_brief(const struct status_text *s)
{
	return s->view == STATUS_VIEW_BRIEF || s->view == STATUS_VIEW_BRIEF_CONNECTIONS;
}

/* ---- small readers of JSON: what is not there is "", 0 or false ---- */

static inline const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static inline const char *str_or(const json_t *o, const char *key, const char *fallback)
{
	const char *s = str(o, key);

	return *s ? s : fallback;
}

static inline long long num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static inline bool is_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static inline const char *yes_no(const json_t *o, const char *key)
{
	return is_true(o, key) ? "yes" : "no";
}

static inline bool has(const json_t *o, const char *key)
{
	return json_object_get(o, key) != NULL;
}

/* "name" or "name"[3], as lines begin. */
static inline void quoted_name(const json_t *o, const char *key, struct text *out)
{
	text_add(out, "\"%s\"", str(o, key));
	if (num(o, "instance"))
		text_add(out, "[%lld]", num(o, "instance"));
}

/* NAME or NAME[3]. */
static inline void plain_name(const json_t *o, const char *key, struct text *out)
{
	text_add_str(out, str(o, key));
	if (num(o, "instance"))
		text_add(out, "[%lld]", num(o, "instance"));
}

static inline void joined(const json_t *list, const char *separator, struct text *out)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		text_add(out, "%s%s", i ? separator : "",
			 json_string_value(json_array_get(list, i)));
}

/* What was heard of SAs of a connection by this name ("NAME" or "NAME[instance]"); never NULL. */
const struct newest *status_newest_of(const struct status_text *s, const char *name);

/* status_daemon.c: the daemon's members as the view wants them, and the algorithms that it knows. */
void status_print_daemon(FILE *out, enum status_view view, const json_t *daemon);
/* The members of an object, and of those in it, as PREFIXname=value. */
void status_print_global(FILE *out, const char *prefix, const json_t *object);
/* The algorithms that pluto knows, a line each. */
void status_print_algorithms(FILE *out, const json_t *list);
/* Packets that the plane dropped by kind, and how many wait for an SA; nothing when there are none. */
void status_print_losses(FILE *out, const json_t *drops, long long waiting);
/* The counts of `drops`, behind `before`; false: there are none. */
bool status_add_drops(const json_t *drops, const char *before, struct text *out);

/* status_connection.c: the lines of one connection; what it waits for is kept in s->pending. */
void status_print_connection(struct status_text *s, const json_t *connection);

/* status_sas.c: the line of an IKE SA, and of a child. */
void status_print_ike(const struct status_text *s, const json_t *sa);
void status_print_child(const struct status_text *s, const json_t *sa);

#endif
