/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/whack.h"

#include "base/secret.h"
#include "buildinfo.h"
#include "whack/authority.h"
#include "whack/client.h"
#include "whack/exit.h"
#include "whack/listing_text.h"
#include "whack/options.h"
#include "whack/prompt.h"
#include "whack/report_line.h"
#include "whack/splice.h"
#include "whack/status_text.h"
#include "whack/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One run: what was asked for, and what has come of it. */
struct run {
	struct whack_env *env;
	const struct whack_options *o;
	struct client *client;
	struct whack_exit exit;
	bool failed;            /* whack's own failure, which no line of pluto's undoes */
	struct prompts prompts; /* what is to be asked for when the call has ended */
	const char *path;       /* of the socket */
	bool gives_up; /* the call that is under way does nothing: it need not be waited for */
	bool told_deaf;
};

#define PATIENCE_MS \
	4000 /* of silence, until it is looked for a quarter of that whether anybody is there */
#define GIVE_UP_AFTER 4 /* times of it, for a call that only asks what there is */

/* ---- complaints ---- */

/* "LABEL ", or the connection's name when there is no label. */
static void add_label(const struct whack_options *o, struct text *t)
{
	if (o->label) {
		text_add_clean(t, o->label);
		text_add_char(t, ' ');
	} else if (o->name && *o->name) {
		text_add_char(t, '"');
		text_add_clean(t, o->name);
		text_add_str(t, "\" ");
	}
}

/* "whack error: LABEL text" */
static void complain(struct whack_env *env, const struct whack_options *o,
		     const struct diag *why)
{
	struct text t = {0};
	char line[2048];

	add_label(o, &t);
	fprintf(env->err, "whack error: %s%s\n", text_str(&t),
		diag_print(why, line, sizeof(line)));
	text_done(&t);
}

/* Of options without effect: "whack note: LABEL text" */
static void say_notes(struct whack_env *env, const struct whack_options *o)
{
	struct text label = {0};

	add_label(o, &label);
	for (const char *at = text_str(&o->notes); *at; at += strcspn(at, "\n") + 1) {
		int level = (int)strcspn(at, ":");

		fprintf(env->err, "whack %.*s: %s%.*s\n", level, at, text_str(&label),
			(int)strcspn(at, "\n") - level - 2, at + level + 2);
	}
	text_done(&label);
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
		r->failed |= !prompts_note(&r->prompts, &report);
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
	const struct call *call;
	bool json;
	struct splice splice; /* --json: all replies as one object */
	struct status_text *status;
	struct listing_text listing;
};

/* --brief makes a listing of Status shorter. */
static enum status_view view_of_action(const struct whack_options *o, enum whack_action action)
{
	enum status_view view = whack_actions[action].view;

	if (o->brief && view == STATUS_VIEW_WHOLE)
		return STATUS_VIEW_BRIEF;
	return o->brief && view == STATUS_VIEW_CONNECTIONS ? STATUS_VIEW_BRIEF_CONNECTIONS
							   : view;
}

static enum cyg_err show_begin(struct run *r, const struct call *call, enum whack_action action,
			       struct shown *ret)
{
	FILE *out = r->env->out;
	struct shown s = {
		.call = call,
		.json = r->o->json,
		.splice = {.out = out},
		.listing = {.out = out, .utc = r->o->utc, .now = time(NULL), .last = LISTINGS},
	};

	if (call->kind == CALL_STATUS && !s.json) {
		s.status = status_text_new(out, view_of_action(r->o, action));
		if (!s.status)
			return CYG_NOMEM;
	}
	*ret = s;
	return CYG_OK;
}

/* As text. */
static enum cyg_err show(struct run *r, struct shown *s, const struct reply *reply)
{
	switch (s->call->kind) {
	case CALL_STATUS:
		return status_text_take(s->status, reply->parameters);
	case CALL_TRAFFIC_STATUS:
		traffic_text(r->env->out, reply->parameters);
		return CYG_OK;
	case CALL_LIST:
		listing_text_take(&s->listing, reply->parameters);
		return CYG_OK;
	default:
		return CYG_OK;
	}
}

static void show_end(struct run *r, struct shown *s)
{
	if (s->json)
		splice_end(&s->splice);
	else if (s->status)
		status_text_end(s->status);
	status_text_free(s->status);
	fflush(r->env->out);
}

/* ---- one call ---- */

/* One reply, parsed. True while more follow. */
static enum cyg_err take_parsed(struct run *r, struct shown *s, struct view message, bool *more,
				struct diag *why)
{
	enum cyg_err err = CYG_OK;
	struct reply reply;
	unsigned code;

	if (reply_parse(message, &reply))
		return client_garbled(why);
	*more = reply.continues && !reply.error;
	take_reports(r, &reply, !s->json);
	if (reply.error)
		fail_by_error(r, &reply);
	else if (!s->json)
		err = show(r, s, &reply);
	if (reply_code(&reply, &code))
		whack_exit_end(&r->exit, code);
	reply_done(&reply);
	return err;
}

/* With --json, records are passed on unparsed: they may be very many. */
static enum cyg_err take_message(struct run *r, struct shown *s, struct view message,
				 bool *more, struct diag *why)
{
	struct splice_reply look;

	if (!s->json)
		return take_parsed(r, s, message, more, why);
	if (splice_look(message, &look) || splice_take(&s->splice, look.parameters))
		return client_garbled(why);
	*more = look.continues;
	return look.remark ? take_parsed(r, s, message, more, why) : CYG_OK;
}

/* Take replies until the last one. True: it came. */
static bool receive_all(struct run *r, struct shown *s)
{
	struct view message;
	struct diag why;
	bool more = true;

	while (more) {
		enum cyg_err err;

		diag_clear(&why);
		err = client_receive_message(r->client, &message, &why);
		if (err == CYG_NOTFOUND && s->call->kind == CALL_SHUTDOWN)
			return false; /* it is gone, as asked */
		if (!err)
			err = take_message(r, s, message, &more, &why);
		if (err) {
			fail(r, err, &why);
			return false;
		}
	}
	return true;
}

static unsigned patience_of(const struct whack_env *env)
{
	return env->patience_ms ? env->patience_ms : PATIENCE_MS;
}

/* Calls may last, and pluto be silent meanwhile; one that hangs answers nobody. */
static bool on_silence(void *ctx, unsigned waited_ms, struct diag *why)
{
	struct run *r = ctx;
	unsigned patience = patience_of(r->env), look_ms = patience / 4;
	unsigned silent_s = waited_ms / patience * (patience + look_ms) / 1000;

	if (!client_is_deaf(r->client, look_ms))
		return true;
	if (r->gives_up && waited_ms >= GIVE_UP_AFTER * patience) {
		diag_set(why, "pluto-deaf", NULL, "pluto has not answered for %u s: it hangs",
			 silent_s);
		diag_hint(why, "\"ipsec setup restart\" ends it");
		return false;
	}
	if (!r->told_deaf)
		fprintf(r->env->err,
			"whack: pluto has not answered for %u s: it hangs, or is very busy; %s\n",
			silent_s,
			r->gives_up ? "a while longer is waited" : "waiting until it does");
	r->told_deaf = true;
	return true;
}

static bool only_asks(const struct call *call)
{
	return call->kind == CALL_STATUS || call->kind == CALL_TRAFFIC_STATUS ||
	       call->kind == CALL_LIST;
}

/* One call from first to last. False: the connection to pluto can't be used any more. */
static bool perform(struct run *r, const struct call *call, enum whack_action action)
{
	struct shown s;
	enum cyg_err err;
	struct diag why;
	bool whole;

	diag_clear(&why);
	r->gives_up = only_asks(call);
	err = show_begin(r, call, action, &s);
	if (!err) {
		err = client_send(r->client, call, &why);
		if (err)
			status_text_free(s.status);
	}
	if (err) {
		fail(r, err, &why);
		return false;
	}
	whole = receive_all(r, &s);
	show_end(r, &s);
	return whole;
}

/* ---- actions ---- */

/* Who asks for connections by name wants to see these, and nothing of the daemon. */
static const char *what_of(const struct whack_options *o, enum whack_action action)
{
	return action == ACTION_STATUS && o->name ? "connections" : whack_actions[action].what;
}

/* What is called like no pair of networks has none: those of its name go with a replacement. */
static const char *pairs_of(const struct whack_options *o)
{
	if (o->pairs || !o->connection)
		return o->pairs;
	return connection_pair_of(o->connection->name) ? NULL : "";
}

/* The call borrows everything from the options. */
static struct call call_of(const struct whack_options *o, enum whack_action action)
{
	const struct whack_action_row *row = &whack_actions[action];
	enum status_view view = view_of_action(o, action);

	return (struct call){
		.kind = row->call,
		.more = true,
		.name = row->naming || action == ACTION_ADD || action == ACTION_ADD_CA
				? (char *)o->name
				: NULL,
		.connection = o->connection,
		.authority = action == ACTION_ADD_CA ? (struct authority *)&o->authority : NULL,
		.replace = o->actions & (UINT64_C(1) << ACTION_DELETE),
		.pairs = action == ACTION_ADD ? (char *)pairs_of(o) : NULL,
		.asynchronous = o->asynchronous,
		.short_facts = row->call == CALL_STATUS && !o->json &&
			       (view == STATUS_VIEW_BRIEF ||
				view == STATUS_VIEW_BRIEF_CONNECTIONS),
		.enable = action == ACTION_DEBUG_ALL,
		.ike = action == ACTION_REKEY_IKE || action == ACTION_DELETE_IKE ||
		       action == ACTION_DOWN_IKE,
		.down = action == ACTION_DOWN_IKE || action == ACTION_DOWN_CHILD,
		.serial = o->delete_state,
		.address = (char *)o->crash,
		.what = (char *)what_of(o, action),
		.problems = action == ACTION_CHECK_PUBKEYS,
	};
}

static bool wanted(const struct whack_options *o, enum whack_action action)
{
	bool asked = o->actions & (UINT64_C(1) << action);

	if (action == ACTION_DELETE) /* with a description it is a replacement: one step */
		return asked && !o->connection;
	return asked;
}

/* The certificate goes with its authority. One that can't be read is told of, and left out. */
static void add_certificate(struct run *r, struct call *call)
{
	struct diag why;

	diag_clear(&why);
	if (call->authority->cacert &&
	    authority_read(call->authority->cacert, &call->certificate, &why)) {
		complain(r->env, r->o, &why);
		whack_exit_line(&r->exit, RC_LOG_SERIOUS);
	}
}

/* Ask for what was wanted. False: the connection to pluto can't be used any more. */
static bool answer_prompts(struct run *r)
{
	char answer[PROMPT_ANSWER_MAX];
	bool well = true;

	for (size_t i = 0; well && i < r->prompts.len; i++) {
		struct prompt *p = &r->prompts.items[i];
		struct call call = {.kind = CALL_OPEN_SECRET,
				    .more = true,
				    .file = p->file,
				    .line = p->line,
				    .secret = answer};

		if (!terminal_ask(p->text, answer, sizeof(answer))) {
			fprintf(r->env->err,
				"whack: %s:%u: nobody answered for the %%prompt; what was "
				"unlocked before stays so; run ipsec auto --rereadsecrets at a "
				"terminal\n",
				p->file, p->line);
			whack_exit_line(&r->exit, RC_LOG_SERIOUS);
			break;
		}
		well = perform(r, &call, ACTION_REREAD_SECRETS);
		secret_wipe(answer, sizeof(answer));
	}
	prompts_done(&r->prompts);
	return well;
}

static void run_all(struct run *r)
{
	for (unsigned action = 0; action < ACTIONS; action++) {
		struct call call;
		bool well;

		if (!wanted(r->o, action))
			continue;
		call = call_of(r->o, action);
		if (call.authority)
			add_certificate(r, &call);
		well = perform(r, &call, action);
		free(call.certificate);
		if (!well || !answer_prompts(r))
			return;
	}
}

static char *socket_path(const struct whack_options *o, const struct whack_env *env)
{
	if (o->ctlsocket)
		return strdup(o->ctlsocket);
	return client_socket_path(o->rundir ? o->rundir : env->rundir, o->ctlbase);
}

/* With `call` that one, else what the options ask for. */
static int talk(struct whack_env *env, const struct whack_options *o, const struct call *call)
{
	struct run r = {.env = env, .o = o, .exit = {.asynchronous = o->asynchronous}};
	char *path = socket_path(o, env);
	enum cyg_err err;
	struct diag why;

	diag_clear(&why);
	err = path ? client_open(path, &r.client, &why) : CYG_NOMEM;
	r.path = path;
	if (!err)
		client_set_patience(r.client, &(struct client_patience){on_silence, &r,
									patience_of(env)});
	if (err)
		fail(&r, err, &why);
	else if (call)
		perform(&r, call, ACTION_INITIATE);
	else
		run_all(&r);
	client_close(r.client);
	prompts_done(&r.prompts);
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
		say_notes(env, &o);
		status = talk(env, &o, NULL);
	}
	options_done(&o);
	return status;
}

int whack_call(const struct call *call, const char *ctlsocket, struct whack_env *env)
{
	struct whack_options o = {.ctlsocket = (char *)ctlsocket};

	return talk(env, &o, call);
}
