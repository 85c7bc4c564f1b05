/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/status_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the SAs say about their connections ---- */

const struct newest *status_newest_of(const struct status_text *s, const char *name)
{
	static const struct newest none = {0};
	struct newest *n;

	HASH_FIND_STR(s->newest, name, n);
	return n ? n : &none;
}

static struct newest *newest_make(struct status_text *s, const json_t *sa)
{
	struct text name = {0};
	struct newest *n = NULL;

	plain_name(sa, "connection", &name);
	if (name.bad)
		return NULL;
	HASH_FIND_STR(s->newest, text_str(&name), n);
	if (!n) {
		n = calloc(1, sizeof(*n) + name.len + 1);
		if (n) {
			memcpy(n->name, text_str(&name), name.len);
			HASH_ADD_STR(s->newest, name, n);
		}
	}
	text_done(&name);
	return n;
}

static enum cyg_err keep(struct status_text *s, json_t *to, const json_t *list, bool child)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *sa = json_array_get(list, i);
		struct newest *n;

		if (json_array_append(to, sa))
			return CYG_NOMEM;
		if (!has(sa, "connection"))
			continue;
		n = newest_make(s, sa);
		if (!n)
			return CYG_NOMEM;
		if (num(sa, "serial") <= (child ? n->child : n->ike))
			continue;
		*(child ? &n->child : &n->ike) = num(sa, "serial");
		*(child ? &n->child_suite : &n->ike_suite) = json_object_get(sa, "suite");
	}
	return CYG_OK;
}

/* ---- the whole ---- */

struct status_text *status_text_new(FILE *out, enum status_view view)
{
	struct status_text *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->out = out;
	s->view = view;
	s->ike_sas = json_array();
	s->children = json_array();
	if (s->ike_sas && s->children)
		return s;
	status_text_free(s);
	return NULL;
}

enum cyg_err status_text_take(struct status_text *s, const json_t *parameters)
{
	const json_t *list;
	enum cyg_err err;

	if (s->view == STATUS_VIEW_GLOBAL)
		status_print_global(s->out, "", json_object_get(parameters, "global"));
	if (has(parameters, "daemon"))
		status_print_daemon(s->out, s->view, json_object_get(parameters, "daemon"));
	if (s->view == STATUS_VIEW_WHOLE)
		status_print_algorithms(s->out, json_object_get(parameters, "algorithms"));
	err = keep(s, s->ike_sas, json_object_get(parameters, "ike_sas"), false);
	if (!err)
		err = keep(s, s->children, json_object_get(parameters, "children"), true);
	list = json_object_get(parameters, "connections");
	for (size_t i = 0; i < json_array_size(list); i++)
		status_print_connection(s, json_array_get(list, i));
	return err;
}

void status_text_end(struct status_text *s)
{
	if (s->view == STATUS_VIEW_CONNECTIONS || s->view == STATUS_VIEW_BRIEF_CONNECTIONS)
		return;
	if (json_array_size(s->ike_sas))
		fputs("000 \n", s->out);
	for (size_t i = 0; i < json_array_size(s->ike_sas); i++)
		status_print_ike(s, json_array_get(s->ike_sas, i));
	for (size_t i = 0; i < json_array_size(s->children); i++)
		status_print_child(s, json_array_get(s->children, i));
	fputs(text_str(&s->pending), s->out);
}

void status_text_free(struct status_text *s)
{
	struct newest *n, *tmp;

	if (!s)
		return;
	HASH_ITER(hh, s->newest, n, tmp) {
		HASH_DEL(s->newest, n);
		free(n);
	}
	json_decref(s->ike_sas);
	json_decref(s->children);
	text_done(&s->pending);
	free(s);
}
