/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/protocol.h"

#include "whack/json_in.h"

#include <string.h>

enum cyg_err reply_parse(struct view message, struct reply *ret)
{
	json_t *root, *error, *parameters;

	root = json_in(message);
	error = json_object_get(root, "error");
	parameters = json_object_get(root, "parameters");
	if (!json_is_object(root) || (error && !json_is_string(error)) ||
	    (parameters && !json_is_object(parameters))) {
		json_decref(root);
		return CYG_MALFORMED;
	}
	parameters = parameters ? json_incref(parameters) : json_object();
	if (!parameters) {
		json_decref(root);
		return CYG_NOMEM;
	}
	*ret = (struct reply){
		.continues = json_is_true(json_object_get(root, "continues")),
		.error = json_string_value(error),
		.parameters = parameters,
		.root = root,
	};
	return CYG_OK;
}

char *reply_encode(const struct reply *r)
{
	json_t *root = json_object();
	char *text = NULL;
	bool ok = root != NULL;

	if (ok && r->error)
		ok = json_object_set_new(root, "error", json_string(r->error)) == 0;
	if (ok && r->parameters)
		ok = json_object_set(root, "parameters", r->parameters) == 0;
	if (ok && r->continues)
		ok = json_object_set_new(root, "continues", json_true()) == 0;
	if (ok)
		text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

void reply_write(struct text *out, const struct text *parameters, bool continues)
{
	if (parameters->bad)
		out->bad = true;
	text_add_str(out, "{\"parameters\":");
	text_add_view(out, view_of((const uint8_t *)parameters->ptr, parameters->len));
	text_add_str(out, continues ? ",\"continues\":true}" : "}");
}

void reply_done(struct reply *r)
{
	json_decref(r->parameters);
	json_decref(r->root);
	*r = (struct reply){0};
}

bool reply_code(const struct reply *r, unsigned *ret)
{
	json_t *code = json_object_get(r->parameters, "code");

	if (!json_is_integer(code) || json_integer_value(code) < 0 ||
	    json_integer_value(code) > UINT16_MAX)
		return false;
	*ret = (unsigned)json_integer_value(code);
	return true;
}

size_t reply_reports(const struct reply *r)
{
	return json_array_size(json_object_get(r->parameters, "reports"));
}

enum cyg_err reply_report(const struct reply *r, size_t i, struct report *ret,
			  struct diag *storage)
{
	return report_from_json(json_array_get(json_object_get(r->parameters, "reports"), i),
				ret, storage);
}

json_t *call_error_json(const struct call_error *e)
{
	bool method = !strcmp(e->error, ERROR_METHOD_NOT_FOUND);
	bool interface = !strcmp(e->error, ERROR_INTERFACE_NOT_FOUND);
	json_t *object = json_object();
	bool ok = object != NULL;

	if (ok && e->parameter[0])
		ok = json_object_set_new(object,
					 method      ? "method"
					 : interface ? "interface"
						     : "parameter",
					 json_text(e->parameter)) == 0;
	if (ok && diag_is_set(&e->why))
		ok = json_object_set_new(object, "diag", diag_json(&e->why)) == 0;
	if (!ok) {
		json_decref(object);
		return NULL;
	}
	return object;
}
