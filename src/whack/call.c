/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: two tables say which methods there are and which parameters each one
 * takes; parsing and encoding are loops over them. A new method is a row here,
 * a paragraph in docs/org.cygnet.pluto.varlink and a handler in pluto.
 */
#include "whack/protocol.h"

#include "base/secret.h"
#include "base/text.h"
#include "whack/authority.h"
#include "whack/json_in.h"
#include "whack/json_out.h"
#include "whack/manual.h"

#include <stdlib.h>
#include <string.h>

enum param {
	P_NAME,
	P_CONNECTION,
	P_AUTHORITY,
	P_CERTIFICATE,
	P_REPLACE,
	P_PAIRS,
	P_ASYNCHRONOUS,
	P_BRIEF,
	P_SHORT,
	P_IKE,
	P_DOWN,
	P_ENABLE,
	P_RESTART,
	P_SERIAL,
	P_ADDRESS,
	P_INTERFACE,
	P_WHAT,
	P_FILE,
	P_LINE,
	P_SECRET,
	P_PROBLEMS,
	P_KEYS,
	P_COUNT,
};

#define P(x) (1u << P_##x)

enum param_type {
	TYPE_STRING,
	TYPE_BOOL,
	TYPE_NUMBER,
	TYPE_CONNECTION,
	TYPE_AUTHORITY,
	TYPE_KEYS
};

static const struct param_row {
	const char *name;
	uint8_t type; /* enum param_type */
	size_t offset;
} params[P_COUNT] = {
	[P_NAME] = {"name", TYPE_STRING, offsetof(struct call, name)},
	[P_CONNECTION] = {"connection", TYPE_CONNECTION, offsetof(struct call, connection)},
	[P_AUTHORITY] = {"authority", TYPE_AUTHORITY, offsetof(struct call, authority)},
	[P_CERTIFICATE] = {"certificate", TYPE_STRING, offsetof(struct call, certificate)},
	[P_REPLACE] = {"replace", TYPE_BOOL, offsetof(struct call, replace)},
	[P_PAIRS] = {"pairs", TYPE_STRING, offsetof(struct call, pairs)},
	[P_ASYNCHRONOUS] = {"asynchronous", TYPE_BOOL, offsetof(struct call, asynchronous)},
	[P_BRIEF] = {"brief", TYPE_BOOL, offsetof(struct call, brief)},
	[P_SHORT] = {"short", TYPE_BOOL, offsetof(struct call, short_facts)},
	[P_IKE] = {"ike", TYPE_BOOL, offsetof(struct call, ike)},
	[P_DOWN] = {"down", TYPE_BOOL, offsetof(struct call, down)},
	[P_ENABLE] = {"enable", TYPE_BOOL, offsetof(struct call, enable)},
	[P_RESTART] = {"restart", TYPE_BOOL, offsetof(struct call, restart)},
	[P_SERIAL] = {"serial", TYPE_NUMBER, offsetof(struct call, serial)},
	[P_ADDRESS] = {"address", TYPE_STRING, offsetof(struct call, address)},
	[P_INTERFACE] = {"interface", TYPE_STRING, offsetof(struct call, interface)},
	[P_WHAT] = {"what", TYPE_STRING, offsetof(struct call, what)},
	[P_FILE] = {"file", TYPE_STRING, offsetof(struct call, file)},
	[P_LINE] = {"line", TYPE_NUMBER, offsetof(struct call, line)},
	[P_SECRET] = {"secret", TYPE_STRING, offsetof(struct call, secret)},
	[P_PROBLEMS] = {"problems", TYPE_BOOL, offsetof(struct call, problems)},
	[P_KEYS] = {"keys", TYPE_KEYS, offsetof(struct call, keys)},
};

static const struct method_row {
	const char *name;
	unsigned required, optional;
	bool more; /* answers only to calls with "more" */
} methods[CALL_KINDS] = {
	[CALL_ADD_CONNECTION] = {PROTOCOL_INTERFACE ".AddConnection", P(NAME) | P(CONNECTION),
				 P(REPLACE) | P(PAIRS)},
	[CALL_DELETE_CONNECTION] = {PROTOCOL_INTERFACE ".DeleteConnection", P(NAME), 0},
	[CALL_ADD_AUTHORITY] = {PROTOCOL_INTERFACE ".AddAuthority", P(NAME) | P(AUTHORITY),
				P(CERTIFICATE)},
	[CALL_DELETE_AUTHORITY] = {PROTOCOL_INTERFACE ".DeleteAuthority", P(NAME), 0},
	[CALL_UP] = {PROTOCOL_INTERFACE ".Up", P(NAME), P(ASYNCHRONOUS)},
	[CALL_KEY] = {PROTOCOL_INTERFACE ".Key", P(NAME) | P(KEYS), 0},
	[CALL_DOWN] = {PROTOCOL_INTERFACE ".Down", P(NAME), 0},
	[CALL_CLOSE] = {PROTOCOL_INTERFACE ".Close", P(NAME), P(IKE) | P(DOWN)},
	[CALL_ROUTE] = {PROTOCOL_INTERFACE ".Route", P(NAME), 0},
	[CALL_UNROUTE] = {PROTOCOL_INTERFACE ".Unroute", P(NAME), 0},
	[CALL_LISTEN] = {PROTOCOL_INTERFACE ".Listen", 0, 0},
	[CALL_UNLISTEN] = {PROTOCOL_INTERFACE ".Unlisten", 0, 0},
	[CALL_REREAD] = {PROTOCOL_INTERFACE ".Reread", P(WHAT), 0},
	[CALL_OPEN_SECRET] = {PROTOCOL_INTERFACE ".OpenSecret", P(FILE) | P(LINE) | P(SECRET),
			      0},
	[CALL_REKEY] = {PROTOCOL_INTERFACE ".Rekey", P(NAME), P(IKE)},
	[CALL_DELETE_STATE] = {PROTOCOL_INTERFACE ".DeleteState", P(SERIAL), 0},
	[CALL_CRASH] = {PROTOCOL_INTERFACE ".Crash", P(ADDRESS), 0},
	[CALL_STATUS] = {PROTOCOL_INTERFACE ".Status", 0,
			 P(NAME) | P(BRIEF) | P(SHORT) | P(WHAT), true},
	[CALL_TRAFFIC_STATUS] = {PROTOCOL_INTERFACE ".TrafficStatus", 0, P(NAME), true},
	[CALL_LIST] = {PROTOCOL_INTERFACE ".List", P(WHAT), P(PROBLEMS), true},
	[CALL_PURGE_OCSP] = {PROTOCOL_INTERFACE ".PurgeOcsp", 0, 0},
	[CALL_ACCOUNTING] = {PROTOCOL_INTERFACE ".Accounting", 0, P(ENABLE)},
	[CALL_DEBUG] = {PROTOCOL_INTERFACE ".Debug", 0, P(ENABLE)},
	[CALL_SHUTDOWN] = {PROTOCOL_INTERFACE ".Shutdown", 0, P(RESTART)},
	[CALL_GET_INFO] = {"org.varlink.service.GetInfo", 0, 0},
	[CALL_GET_INTERFACE] = {"org.varlink.service.GetInterfaceDescription", P(INTERFACE), 0},
};

const char *call_method(enum call_kind kind)
{
	return kind < CALL_KINDS ? methods[kind].name : NULL;
}

static void *field_of(struct call *c, const struct param_row *p)
{
	return (char *)c + p->offset;
}

static enum cyg_err refuse(struct call_error *e, const char *error, const char *parameter,
			   enum cyg_err err)
{
	size_t used = 0;

	e->error = error;
	e->parameter[0] = '\0';
	buf_add(e->parameter, sizeof(e->parameter), &used, "%s", parameter);
	return err;
}

static enum cyg_err wrong_type(struct call_error *e, const struct param_row *p,
			       const char *wanted)
{
	diag_set(&e->why, "invalid-parameter", NULL, "the parameter \"%s\" has the wrong type",
		 p->name);
	diag_wanted(&e->why, "%s", wanted);
	return refuse(e, ERROR_INVALID_PARAMETER, p->name, CYG_RANGE);
}

static enum cyg_err take_string(char **ret, const struct param_row *p, const json_t *v,
				struct call_error *e)
{
	/* A NUL inside would cut the name short behind the checks' back. */
	if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
		return wrong_type(e, p, "text");
	*ret = strdup(json_string_value(v));
	return *ret ? CYG_OK : refuse(e, ERROR_NO_MEMORY, "", CYG_NOMEM);
}

static enum cyg_err take_number(uint64_t *ret, const struct param_row *p, const json_t *v,
				struct call_error *e)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return wrong_type(e, p, "a number from 0");
	*ret = (uint64_t)json_integer_value(v);
	return CYG_OK;
}

static enum cyg_err take_keys(struct call *c, json_t *v, struct call_error *e)
{
	char parameter[64] = "";
	enum cyg_err err = manual_keys_from_json(v, &c->keys, parameter, &e->why);

	if (err == CYG_NOMEM)
		return refuse(e, ERROR_NO_MEMORY, "", err);
	return err ? refuse(e, ERROR_INVALID_PARAMETER, parameter, err) : CYG_OK;
}

static enum cyg_err take_param(struct call *c, const struct param_row *p, json_t *v,
			       struct call_error *e)
{
	switch (p->type) {
	case TYPE_STRING:
		return take_string(field_of(c, p), p, v, e);
	case TYPE_NUMBER:
		return take_number(field_of(c, p), p, v, e);
	case TYPE_BOOL:
		if (!json_is_boolean(v))
			return wrong_type(e, p, "true or false");
		*(bool *)field_of(c, p) = json_is_true(v);
		return CYG_OK;
	case TYPE_KEYS:
		return take_keys(c, v, e);
	default:
		return CYG_OK; /* what needs its name: take_described */
	}
}

static enum cyg_err take_connection(struct call *c, const json_t *v, struct call_error *e)
{
	char parameter[64] = "";
	enum cyg_err err;

	err = connection_from_json(c->name, v, &c->connection, parameter, &e->why);
	if (err == CYG_NOMEM)
		return refuse(e, ERROR_NO_MEMORY, "", err);
	return err ? refuse(e, ERROR_INVALID_CONNECTION, parameter, CYG_RANGE) : CYG_OK;
}

static enum cyg_err take_authority(struct call *c, const json_t *v, struct call_error *e)
{
	char parameter[64] = "";
	enum cyg_err err = authority_from_json(c->name, v, &c->authority, parameter, &e->why);

	if (err == CYG_NOMEM)
		return refuse(e, ERROR_NO_MEMORY, "", err);
	return err ? refuse(e, ERROR_INVALID_PARAMETER, parameter, err) : CYG_OK;
}

/* Descriptions, once the name is known that they carry. */
static enum cyg_err take_described(struct call *c, unsigned seen, const json_t *object,
				   struct call_error *e)
{
	if (seen & P(CONNECTION))
		return take_connection(c, json_object_get(object, params[P_CONNECTION].name),
				       e);
	if (seen & P(AUTHORITY))
		return take_authority(c, json_object_get(object, params[P_AUTHORITY].name), e);
	return CYG_OK;
}

static const struct param_row *param_find(const char *name, unsigned allowed, unsigned *ret_bit)
{
	for (unsigned i = 0; i < P_COUNT; i++)
		if ((allowed & (1u << i)) && strcmp(params[i].name, name) == 0) {
			*ret_bit = 1u << i;
			return &params[i];
		}
	return NULL;
}

static enum cyg_err unknown_param(struct call_error *e, const struct method_row *m,
				  const char *key)
{
	const char *words[P_COUNT];
	const char *near;
	size_t n = 0;

	for (unsigned i = 0; i < P_COUNT; i++)
		if ((m->required | m->optional) & (1u << i))
			words[n++] = params[i].name;
	diag_set(&e->why, "invalid-parameter", NULL, "%s has no parameter \"%s\"", m->name,
		 key);
	near = text_nearest(key, words, n);
	if (near)
		diag_hint(&e->why, "did you mean \"%s\"?", near);
	return refuse(e, ERROR_INVALID_PARAMETER, key, CYG_RANGE);
}

static enum cyg_err missing_param(struct call_error *e, const struct method_row *m,
				  unsigned missing)
{
	const char *name = params[__builtin_ctz(missing)].name;

	diag_set(&e->why, "invalid-parameter", NULL, "%s needs the parameter \"%s\"", m->name,
		 name);
	return refuse(e, ERROR_INVALID_PARAMETER, name, CYG_RANGE);
}

static enum cyg_err take_params(struct call *c, const struct method_row *m, json_t *object,
				struct call_error *e)
{
	unsigned seen = 0, bit;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		const struct param_row *p = param_find(key, m->required | m->optional, &bit);
		enum cyg_err err;

		if (!p)
			return unknown_param(e, m, key);
		if (json_is_null(value))
			continue; /* varlink: an optional parameter that is not there */
		err = take_param(c, p, value, e);
		if (err)
			return err;
		seen |= bit;
	}
	if (m->required & ~seen)
		return missing_param(e, m, m->required & ~seen);
	return take_described(c, seen, object, e);
}

static enum cyg_err find_method(const char *name, struct call *c, struct call_error *e)
{
	const char *dot = strrchr(name, '.');

	for (unsigned i = 0; i < CALL_KINDS; i++)
		if (strcmp(methods[i].name, name) == 0) {
			c->kind = (uint8_t)i;
			return CYG_OK;
		}
	for (unsigned i = 0; dot && i < CALL_KINDS; i++)
		if (strncmp(methods[i].name, name, (size_t)(dot - name) + 1) == 0)
			return refuse(e, ERROR_METHOD_NOT_FOUND, name, CYG_UNSUPPORTED);
	return refuse(e, ERROR_INTERFACE_NOT_FOUND, name, CYG_UNSUPPORTED);
}

static enum cyg_err parse_object(json_t *root, struct call *c, struct call_error *e)
{
	json_t *method = json_object_get(root, "method"),
	       *parameters = json_object_get(root, "parameters");
	enum cyg_err err;

	if (!json_is_string(method) || (parameters && !json_is_object(parameters)))
		return CYG_MALFORMED;
	c->more = json_is_true(json_object_get(root, "more"));
	c->oneway = json_is_true(json_object_get(root, "oneway"));
	err = find_method(json_string_value(method), c, e);
	if (err)
		return err;
	err = take_params(c, &methods[c->kind], parameters, e);
	if (!err && methods[c->kind].more && !c->more)
		return refuse(e, ERROR_EXPECTED_MORE, "", CYG_RANGE);
	return err;
}

/* The library's copy of what a person answered is zeroes from here on. */
static void wipe_answer(json_t *parameters)
{
	json_t *v = json_object_get(parameters, params[P_SECRET].name);

	if (json_is_string(v))
		secret_wipe((char *)json_string_value(v), json_string_length(v));
}

enum cyg_err call_parse(struct view message, struct call *ret, struct call_error *ret_error)
{
	struct call_error e = {0};
	struct call c = {0};
	enum cyg_err err;
	json_t *root;

	root = json_in(message);
	if (!json_is_object(root)) {
		json_decref(root);
		return CYG_MALFORMED;
	}
	err = parse_object(root, &c, &e);
	wipe_answer(json_object_get(root, "parameters"));
	json_decref(root);
	ret->oneway = c.oneway;
	if (err) {
		call_done(&c);
		if (e.error)
			*ret_error = e;
		return err;
	}
	*ret = c;
	return CYG_OK;
}

/* Parameters that have their empty value are left out: parsing gives the same. */
static void encode_param(struct json_out *o, const struct call *c, const struct param_row *p)
{
	void *field = field_of((struct call *)c, p);

	switch (p->type) {
	case TYPE_STRING:
		if (*(char **)field)
			json_out_text(o, p->name, *(char **)field);
		break;
	case TYPE_NUMBER:
		json_out_number(o, p->name, *(uint64_t *)field);
		break;
	case TYPE_BOOL:
		if (*(bool *)field)
			json_out_flag(o, p->name, true);
		break;
	case TYPE_KEYS:
		if (c->keys)
			manual_keys_write(o, p->name, c->keys);
		break;
	case TYPE_AUTHORITY:
		if (c->authority)
			authority_write(o, p->name, c->authority);
		break;
	default:
		if (c->connection)
			connection_write(o, p->name, c->connection);
	}
}

static void encode_params(struct json_out *o, const struct call *c)
{
	unsigned takes = methods[c->kind].required | methods[c->kind].optional;

	for (unsigned i = 0; i < P_COUNT; i++)
		if (takes & (1u << i))
			encode_param(o, c, &params[i]);
}

/* So much that a text with keys is never moved, which would leave copies of them. */
static struct text room_for_keys(const struct call *c)
{
	size_t cap = 2048 + 6 * (c->name ? strlen(c->name) : 0);
	char *ptr = malloc(cap);

	return ptr ? (struct text){.ptr = ptr, .cap = cap} : (struct text){.bad = true};
}

char *call_encode(const struct call *c)
{
	struct json_out o = {0};

	if (c->keys)
		o.text = room_for_keys(c);
	json_out_object(&o, NULL);
	json_out_text(&o, "method", methods[c->kind].name);
	json_out_object(&o, "parameters");
	encode_params(&o, c);
	json_out_object_end(&o);
	if (c->more)
		json_out_flag(&o, "more", true);
	if (c->oneway)
		json_out_flag(&o, "oneway", true);
	json_out_object_end(&o);
	return text_take(&o.text);
}

void call_done(struct call *c)
{
	free(c->name);
	free(c->pairs);
	free(c->address);
	free(c->interface);
	free(c->what);
	free(c->file);
	if (c->secret)
		secret_wipe(c->secret, strlen(c->secret));
	free(c->secret);
	free(c->authority);
	free(c->certificate);
	if (c->keys)
		manual_keys_wipe(c->keys);
	free(c->keys);
	connection_unref(c->connection);
	*c = (struct call){0};
}
