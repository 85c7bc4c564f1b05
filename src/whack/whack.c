/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/whack.h"

#include "buildinfo.h"
#include "whack/client.h"
#include "whack/exit.h"
#include "whack/options.h"
#include "whack/report_line.h"
#include "whack/status_text.h"

#include <stdlib.h>
#include <string.h>

/* One run: what was asked for, and what has come of it. */
struct run {
	struct whack_env *env;
	const struct whack_options *o;
	struct client *client;
	struct whack_exit exit;
	bool failed; /* whack's own failure, which no line of pluto's undoes */
};

/* ---- complaints ---- */

/* "whack error: LABEL text", or with the connection's name when there is no label. */
static void complain(struct whack_env *env, const struct whack_options *o,
		     const struct diag *why)
{
	struct text t = {0};
	char line[2048];

	if (o->label) {
		text_add_clean(&t, o->label);
		text_add_char(&t, ' ');
	} else if (o->name) {
		text_add_char(&t, '"');
		text_add_clean(&t, o->name);
		text_add_str(&t, "\" ");
	}
	fprintf(env->err, "whack error: %s%s\n", text_str(&t),
		diag_print(why, line, sizeof(line)));
	text_done(&t);
}

static void fail(struct run *r, enum cyg_err err, struct diag *why)
{
	char line[2048];

	if (!diag_is_set(why))
		diag_set(why, "whack", NULL, "%s", cyg_err_text(err));
	fprintf(r->env->err, "whack: %s\n", diag_print(why, line, sizeof(line)));
	r->failed = true;
}

/* pluto refused the call itself. */
static void fail_by_error(struct run *r, const struct reply *reply)
{
	struct diag why;

	if (diag_from_json(json_object_get(reply->parameters, "diag"), &why)) {
		const char *parameter = json_string_value(
			json_object_get(reply->parameters, "parameter"));

		diag_set(&why, "refused", NULL, "pluto refused the call: %s%s%s", reply->error,
			 parameter ? ", parameter " : "", parameter ? parameter : "");
	}
	complain(r->env, r->o, &why);
	r->failed = true;
}

/* ---- replies ---- */

/* Every report counts for the exit status; with --json they are shown later, all together. */
static void take_reports(struct run *r, const struct reply *reply, bool print)
{
	for (size_t i = 0; i < reply_reports(reply); i++) {
		struct text line = {0};
		struct report report;
		struct diag storage;

		if (reply_report(reply, i, &report, &storage))
			continue;
		whack_exit_line(&r->exit, report.code);
		if (!print || (report.code == RC_LOG && r->env->hide_log))
			continue;
		report_lines(&report, &line);
		fputs(text_str(&line), r->env->out);
		text_done(&line);
	}
	fflush(r->env->out);
}

/* How the replies to one call are shown. */
struct shown {
	struct status_text *status;
	bool traffic;
	json_t *merged; /* --json: all replies as one object */
};

/* Lists grow, other members are set. */
static void merge(json_t *into, const json_t *parameters)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)parameters, key, value) {
		json_t *list = json_object_get(into, key);

		if (json_is_array(list) && json_is_array(value))
			json_array_extend(list, value);
		else
			json_object_set(into, key, value);
	}
}

static enum cyg_err show(struct run *r, struct shown *s, const struct reply *reply)
{
	enum cyg_err err = CYG_OK;

	take_reports(r, reply, !s->merged);
	if (s->merged)
		merge(s->merged, reply->parameters);
	if (s->status)
		err = status_text_take(s->status, reply->parameters);
	if (s->traffic && !s->merged)
		traffic_text(r->env->out, reply->parameters);
	return err;
}

static void show_end(struct run *r, struct shown *s)
{
	if (s->merged) {
		json_dumpf(s->merged, r->env->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		fputc('\n', r->env->out);
		json_decref(s->merged);
	} else if (s->status) {
		status_text_end(s->status);
	}
	status_text_free(s->status);
	fflush(r->env->out);
}

/* Take replies until the last one. True: it came. */
static bool receive_all(struct run *r, const struct call *call, struct shown *s)
{
	struct reply reply;
	struct diag why;
	enum cyg_err err;
	bool more = true;
	unsigned code;

	while (more) {
		diag_clear(&why);
		err = client_receive(r->client, &reply, &why);
		if (err == CYG_NOTFOUND && call->kind == CALL_SHUTDOWN)
			return false; /* it is gone, as asked */
		if (!err && reply.error)
			fail_by_error(r, &reply);
		else if (!err)
			err = show(r, s, &reply);
		if (err) {
			fail(r, err, &why);
			return false;
		}
		if (reply_code(&reply, &code))
			whack_exit_line(&r->exit, code);
		more = reply.continues && !reply.error;
		reply_done(&reply);
	}
	return true;
}

/* One call from first to last. False: the connection to pluto can't be used any more. */
static bool perform(struct run *r, const struct call *call)
{
	struct shown s = {.traffic = call->kind == CALL_TRAFFIC_STATUS};
	enum cyg_err err;
	struct diag why;
	bool whole;

	diag_clear(&why);
	err = client_send(r->client, call, &why);
	if (err) {
		fail(r, err, &why);
		return false;
	}
	if (r->o->json)
		s.merged = json_object();
	else if (call->kind == CALL_STATUS)
		s.status = status_text_new(r->env->out);
	whole = receive_all(r, call, &s);
	show_end(r, &s);
	return whole;
}

/* ---- actions ---- */

static const uint8_t calls[ACTIONS] = {
	[ACTION_DELETE] = CALL_DELETE_CONNECTION,
	[ACTION_DELETE_STATE] = CALL_DELETE_STATE,
	[ACTION_CRASH] = CALL_CRASH,
	[ACTION_ADD] = CALL_ADD_CONNECTION,
	[ACTION_LISTEN] = CALL_LISTEN,
	[ACTION_REREAD_SECRETS] = CALL_REREAD_SECRETS,
	[ACTION_REREAD_ALL] = CALL_REREAD_SECRETS,
	[ACTION_ROUTE] = CALL_ROUTE,
	[ACTION_UNROUTE] = CALL_UNROUTE,
	[ACTION_INITIATE] = CALL_UP,
	[ACTION_TERMINATE] = CALL_DOWN,
	[ACTION_REKEY_IKE] = CALL_REKEY,
	[ACTION_REKEY_CHILD] = CALL_REKEY,
	[ACTION_STATUS] = CALL_STATUS,
	[ACTION_BRIEF_STATUS] = CALL_STATUS,
	[ACTION_TRAFFIC_STATUS] = CALL_TRAFFIC_STATUS,
	[ACTION_SHUTDOWN] = CALL_SHUTDOWN,
};

/* The call borrows everything from the options. */
static struct call call_of(const struct whack_options *o, enum whack_action action)
{
	return (struct call){
		.kind = calls[action],
		.more = true,
		.name = (char *)o->name,
		.connection = o->connection,
		.replace = o->actions & (1u << ACTION_DELETE),
		.asynchronous = o->asynchronous,
		.brief = action == ACTION_BRIEF_STATUS,
		.ike = action == ACTION_REKEY_IKE,
		.serial = o->delete_state,
		.address = (char *)o->crash,
	};
}

static bool wanted(const struct whack_options *o, enum whack_action action)
{
	uint32_t asked = o->actions & (1u << action);

	if (action == ACTION_DELETE) /* with a description it is a replacement: one step */
		return asked && !o->connection;
	return asked;
}

static void run_all(struct run *r)
{
	for (unsigned action = 0; action < ACTIONS; action++) {
		struct call call;

		if (!wanted(r->o, action))
			continue;
		call = call_of(r->o, action);
		if (!perform(r, &call))
			return;
	}
}

static char *socket_path(const struct whack_options *o, const struct whack_env *env)
{
	if (o->ctlsocket)
		return strdup(o->ctlsocket);
	return client_socket_path(o->rundir ? o->rundir : env->rundir, o->ctlbase);
}

static int talk(struct whack_env *env, const struct whack_options *o)
{
	struct run r = {.env = env, .o = o, .exit = {.asynchronous = o->asynchronous}};
	char *path = socket_path(o, env);
	enum cyg_err err;
	struct diag why;

	diag_clear(&why);
	err = path ? client_open(path, &r.client, &why) : CYG_NOMEM;
	if (err)
		fail(&r, err, &why);
	else
		run_all(&r);
	client_close(r.client);
	free(path);
	return r.failed ? 1 : whack_exit_status(&r.exit);
}

static int print_help(struct whack_env *env)
{
	struct text t = {0};

	options_help(&t);
	fputs(text_str(&t), env->out);
	text_done(&t);
	return 0;
}

int whack_main(int argc, char **argv, struct whack_env *env)
{
	struct whack_options o;
	struct diag why;
	int status;

	diag_clear(&why);
	if (options_parse(argc, argv, &o, &why)) {
		complain(env, &o, &why);
		status = 1;
	} else if (o.help) {
		status = print_help(env);
	} else if (o.version) {
		fprintf(env->out, "Cygnet whack %s\n", CYGNET_VERSION);
		status = 0;
	} else {
		status = talk(env, &o);
	}
	options_done(&o);
	return status;
}
