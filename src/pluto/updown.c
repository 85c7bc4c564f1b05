/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order is one action: the program is called once for each pair of its
 * selectors. Orders of one place stand in its lane; the first one of each lane
 * may run. A run is one process with its pipe and its timer; it outlives its
 * order until libuv has let go of all three.
 */
#include "pluto/updown.h"

#include "base/list.h"
#include "base/text.h"
#include "conn/argv.h"
#include "pluto/updown_env.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#define LINE_MAX_OCTETS 400

/* Of a name, as the next version of a connection waits for what undoes the one before. */
struct lane {
	UT_hash_handle hh;
	struct list orders, ready;
	bool busy;
	char name[];
};

struct run;

struct order {
	struct list of_lane;
	struct updown_runner *runner;
	struct lane *lane;
	struct run *run; /* NULL: none at the moment */
	uint32_t op;
	uint64_t cause;
	struct updown facts; /* with references of its own */
	struct ts_set local, remote;
	struct plane_counters in, out;
	bool counted;
	uint64_t added_at;
	size_t pair; /* the next one */
	bool failed;
	struct diag why; /* of the first failure */
};

struct run {
	struct order *order; /* NULL: over */
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t timer;
	unsigned handles;
	const char *verb; /* static */
	enum { RUN_GOES, RUN_ASKED_TO_END, RUN_KILLED, RUN_DRAINS } state;
	bool has_process, exited, ended, timed_out;
	int64_t status;
	int signal;
	unsigned lines;
	size_t line_len;
	char line[LINE_MAX_OCTETS],
		last[LINE_MAX_OCTETS]; /* what is being read; the last whole one */
	char in[4096];
};

struct updown_runner {
	uv_loop_t *loop;
	struct updown_host host;
	struct lane *lanes; /* uthash, by place */
	struct list ready;  /* lanes whose first order may run */
	unsigned running;
	size_t orders;
	bool pumping, stopped;
};

static void pump(struct updown_runner *r);

/* ---- telling ---- */

static void say(struct order *o, enum report_level level, unsigned code, const char *event,
		const struct diag *why, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

static void say(struct order *o, enum report_level level, unsigned code, const char *event,
		const struct diag *why, const char *fmt, ...)
{
	struct updown_runner *r = o->runner;
	char text[LINE_MAX_OCTETS + 100];
	struct report report = {
		.level = (uint8_t)level,
		.code = (uint16_t)code,
		.event = event,
		.connection = o->facts.connection->name,
		.instance = o->facts.instance,
		.cause = o->cause,
		.text = text,
		.diag = why,
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->host.report(r->host.ctx, &report);
}

static const char *command_of(const struct order *o)
{
	return o->facts.connection->end[o->facts.local_end].updown;
}

static const char *verb_of(const struct order *o)
{
	return updown_verb_name(&(struct updown_call){.facts = &o->facts});
}

/* ---- orders ---- */

static void order_free(struct order *o)
{
	connection_unref(o->facts.connection);
	ident_unref(o->facts.local_id);
	ident_unref(o->facts.remote_id);
	ts_set_done(&o->local);
	ts_set_done(&o->remote);
	free(o);
}

static uint64_t seconds_since_1970(nsec moment)
{
	nsec now = uv_hrtime();

	if (!moment || moment == NSEC_NEVER || moment > now)
		return 0;
	return (uint64_t)time(NULL) - (now - moment) / NSEC_PER_SEC;
}

static struct order *order_new(struct updown_runner *r, const struct action *a)
{
	const struct updown *u = a->updown;
	struct order *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->runner = r;
	o->op = a->op;
	o->cause = a->cause;
	o->facts = *u;
	o->facts.connection = connection_ref(u->connection);
	o->facts.local_id = ident_ref(u->local_id);
	o->facts.remote_id = ident_ref(u->remote_id);
	o->added_at = seconds_since_1970(u->established_at);
	list_init(&o->of_lane);
	if (ts_set_copy(&o->local, u->ts_local) || ts_set_copy(&o->remote, u->ts_remote)) {
		order_free(o);
		return NULL;
	}
	return o;
}

static struct lane *lane_called(struct updown_runner *r, const char *name)
{
	struct lane *l;

	HASH_FIND_STR(r->lanes, name, l);
	if (l)
		return l;
	l = calloc(1, sizeof(*l) + strlen(name) + 1);
	if (!l)
		return NULL;
	strcpy(l->name, name);
	list_init(&l->orders);
	list_init(&l->ready);
	HASH_ADD_STR(r->lanes, name, l);
	if (l->hh.tbl)
		return l;
	free(l);
	return NULL;
}

/* Each instance of a template goes its own way. */
static struct lane *lane_of(struct updown_runner *r, const struct updown *u)
{
	struct lane *found = NULL;
	struct text name = {0};

	text_add_str(&name, u->connection->name);
	if (u->instance)
		text_add(&name, "[%u]", u->instance);
	if (!name.bad)
		found = lane_called(r, text_str(&name));
	text_done(&name);
	return found;
}

/* Its first order may run, or it has none left. */
static void lane_settle(struct updown_runner *r, struct lane *l)
{
	if (list_empty(&l->orders)) {
		list_remove(&l->ready);
		HASH_DEL(r->lanes, l);
		free(l);
	} else if (!l->busy && list_empty(&l->ready)) {
		list_append(&r->ready, &l->ready);
	}
}

static void take_out(struct order *o)
{
	struct updown_runner *r = o->runner;
	struct lane *l = o->lane;

	list_remove(&o->of_lane);
	r->orders--;
	l->busy = false;
	lane_settle(r, l);
}

static bool undoes(const struct order *o)
{
	return o->facts.verb == UPDOWN_DOWN || o->facts.verb == UPDOWN_UNROUTE;
}

static void note(const struct order *o)
{
	const struct updown_host *h = &o->runner->host;

	if (h->note)
		h->note(h->ctx, &o->facts);
}

/* Nothing here may be touched after the answer: it may bring new orders. */
static void order_done(struct order *o)
{
	struct updown_runner *r = o->runner;
	struct answer a = {
		.op = o->op,
		.err = o->failed ? CYG_IO : CYG_OK,
		.why = o->failed ? &o->why : NULL,
	};

	if (undoes(o))
		note(o);
	r->running--;
	take_out(o);
	if (o->failed && !o->op)
		say(o, REPORT_ERROR, RC_LOG_SERIOUS, "updown-failed", &o->why,
		    "its updown program failed at %s", verb_of(o));
	if (o->op)
		r->host.answer(r->host.ctx, &a);
	order_free(o);
	if (r->stopped || r->pumping)
		return;
	pump(r);
	if (!r->orders && r->host.idle)
		r->host.idle(r->host.ctx);
}

/* ---- a run's end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct run *run = handle->data;

	if (!--run->handles)
		free(run);
}

static void run_close(struct run *run)
{
	run->order = NULL;
	if (run->has_process)
		uv_close((uv_handle_t *)&run->process, on_closed);
	uv_close((uv_handle_t *)&run->out, on_closed);
	uv_close((uv_handle_t *)&run->timer, on_closed);
}

static void kill_all(const struct run *run, int signal)
{
	if (run->process.pid > 0)
		kill(-run->process.pid, signal);
}

static void explain(const struct run *run, struct diag *why)
{
	const char *command = command_of(run->order);

	if (run->timed_out)
		diag_set(why, "updown", NULL, "\"%.120s\" took more than %u ms at %s", command,
			 run->order->runner->host.limit_ms, run->verb);
	else if (run->signal)
		diag_set(why, "updown", NULL, "\"%.120s\" was ended by signal %d (%s) at %s",
			 command, run->signal, strsignal(run->signal), run->verb);
	else
		diag_set(why, "updown", NULL, "\"%.120s\" ended with status %d at %s", command,
			 (int)run->status, run->verb);
	if (run->last[0])
		diag_got(why, "its last words: %s", run->last);
	if (run->timed_out)
		diag_hint(why, "let it go on in the background, or set updown-timeout= in "
			       "config setup");
}

static void fail(struct order *o, const struct diag *why)
{
	if (!o->failed)
		o->why = *why;
	o->failed = true;
}

static void proceed(struct order *o);

static void run_over(struct run *run)
{
	struct order *o = run->order;
	struct diag why;

	if (!o)
		return;
	if (run->timed_out)
		kill_all(run, SIGKILL); /* also what it left in the background */
	if (run->status || run->signal || run->timed_out) {
		explain(run, &why);
		fail(o, &why);
	}
	o->run = NULL;
	run_close(run);
	proceed(o);
}

/* ---- output ---- */

static void line_done(struct run *run)
{
	struct text t = {0};

	if (!run->line_len)
		return;
	text_add_escaped(&t, view_of(run->line, run->line_len));
	memset(run->last, 0, sizeof(run->last));
	memcpy(run->last, run->line, run->line_len);
	run->line_len = 0;
	run->lines++;
	if (run->lines <= UPDOWN_LINES_MAX)
		say(run->order, REPORT_INFO, RC_LOG, "updown-output", NULL, "%s: %s", run->verb,
		    text_str(&t));
	else if (run->lines == UPDOWN_LINES_MAX + 1)
		say(run->order, REPORT_WARNING, RC_LOG, "updown-output", NULL,
		    "%s: the program says more than %d lines, which are not logged", run->verb,
		    UPDOWN_LINES_MAX);
	text_done(&t);
}

/* What is longer than a line may be is cut. */
static void take_output(struct run *run, const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i] == '\n')
			line_done(run);
		else if (run->line_len < sizeof(run->line) - 1)
			run->line[run->line_len++] = octets[i];
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct run *run = handle->data;

	(void)suggested;
	*ret = uv_buf_init(run->in, sizeof(run->in));
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct run *run = stream->data;

	if (!run->order || len == 0)
		return;
	if (len > 0) {
		take_output(run, buf->base, (size_t)len);
		return;
	}
	line_done(run);
	uv_read_stop(stream);
	run->ended = true;
	if (run->exited)
		run_over(run);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer)
{
	struct run *run = timer->data;

	switch (run->state) {
	case RUN_GOES:
		run->timed_out = true;
		run->state = RUN_ASKED_TO_END;
		say(run->order, REPORT_WARNING, RC_LOG, "updown-timeout", NULL,
		    "%s: the program takes more than %u ms: it is asked to end", run->verb,
		    run->order->runner->host.limit_ms);
		kill_all(run, SIGTERM);
		uv_timer_start(timer, on_timer, UPDOWN_TERM_MS, 0);
		return;
	case RUN_ASKED_TO_END:
		run->state = RUN_KILLED;
		say(run->order, REPORT_WARNING, RC_LOG, "updown-timeout", NULL,
		    "%s: the program does not end: it is killed", run->verb);
		kill_all(run, SIGKILL);
		uv_timer_start(timer, on_timer, UPDOWN_TERM_MS, 0);
		return;
	default:
		/* It drained, or cannot even be killed. */
		line_done(run);
		run_over(run);
	}
}

static void on_exited(uv_process_t *process, int64_t status, int signal)
{
	struct run *run = process->data;

	if (!run->order)
		return;
	run->exited = true;
	run->status = status;
	run->signal = signal;
	if (run->ended) {
		run_over(run);
		return;
	}
	/* What it wrote last may still be in the pipe; a child of it may keep that open. */
	run->state = RUN_DRAINS;
	uv_timer_start(&run->timer, on_timer, UPDOWN_DRAIN_MS, 0);
}

/* ---- starting ---- */

static struct run *run_new(struct order *o)
{
	struct updown_runner *r = o->runner;
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->order = o;
	run->handles = 2;
	uv_timer_init(r->loop, &run->timer);
	uv_pipe_init(r->loop, &run->out, 0);
	run->process.data = run->out.data = run->timer.data = run;
	return run;
}

/*
 * What libraries opened without a thought of programs that are run later (libcurl's and
 * libunbound's sockets) is not handed on. Kernels before 5.11 can't, and hand it on.
 */
static void keep_to_ourselves(void)
{
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* In the pipe's write end as both outputs; nothing to read. */
static int start_process(struct run *run, char **argv, char **env, int output)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = output},
		{.flags = UV_INHERIT_FD, .data.fd = output},
	};
	uv_process_options_t options = {
		.exit_cb = on_exited,
		.file = argv[0],
		.args = argv,
		.env = env,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, /* a group of its own, to be ended as one */
		.stdio_count = 3,
		.stdio = stdio,
	};

	keep_to_ourselves();
	/* Also a process that did not come to be has a handle, to be closed. */
	run->has_process = true;
	run->handles++;
	return uv_spawn(run->order->runner->loop, &run->process, &options);
}

static int start_run(struct run *run, char **argv, char **env)
{
	int fds[2], err = uv_pipe(fds, UV_NONBLOCK_PIPE, 0);

	if (err)
		return err;
	err = start_process(run, argv, env, fds[1]);
	close(fds[1]);
	if (uv_pipe_open(&run->out, fds[0]))
		close(fds[0]);
	if (err)
		return err;
	uv_read_start((uv_stream_t *)&run->out, on_alloc, on_output);
	if (run->order->runner->host.limit_ms)
		uv_timer_start(&run->timer, on_timer, run->order->runner->host.limit_ms, 0);
	return 0;
}

static const char *interface_of(const struct host_view *h, const struct ip_addr *a)
{
	for (size_t i = 0; i < h->addresses_len; i++)
		if (ip_equal(&h->addresses[i].addr, a))
			return h->addresses[i].interface;
	return NULL;
}

static struct updown_call call_of(const struct order *o, const struct ts *local,
				  const struct ts *remote)
{
	const struct updown_host *h = &o->runner->host;
	bool v6 = o->facts.local.family == IP_V6;

	return (struct updown_call){
		.facts = &o->facts,
		.local = local,
		.remote = remote,
		.interface = interface_of(h->view, &o->facts.local),
		.tunnel = h->tunnel,
		.stack = h->stack,
		.gateway = v6 ? h->view->default_v6.nexthop : h->view->default_v4.nexthop,
		.in = o->counted ? &o->in : NULL,
		.out = o->counted ? &o->out : NULL,
		.added_at = o->added_at,
	};
}

static void explain_start(const struct order *o, int err, struct diag *why)
{
	diag_set(why, "updown", NULL, "\"%.120s\" can't be run (%s)", command_of(o),
		 uv_strerror(err));
	if (err == UV_ENOENT)
		diag_hint(why, "give the program's whole path, and see that it is there");
	else if (err == UV_EACCES)
		diag_hint(why, "make it executable: chmod +x");
}

/* Begin a run for a pair; false, and the order has failed, when it can't be. */
static bool start(struct order *o, const struct updown_call *call)
{
	struct run *run = run_new(o);
	char **env = updown_env(call), **argv = NULL;
	int err = UV_ENOMEM;
	struct diag why;

	diag_clear(&why);
	if (argv_split(command_of(o), &argv, &why))
		argv = NULL;
	if (run)
		run->verb = updown_verb_name(call);
	if (run && env && argv)
		err = start_run(run, argv, env);
	free(env);
	free(argv);
	if (!err) {
		o->run = run;
		return true;
	}
	if (!diag_is_set(&why))
		explain_start(o, err, &why);
	fail(o, &why);
	if (run)
		run_close(run);
	return false;
}

/* The next pair of one family; false when there is none left. */
static bool next_pair(struct order *o, const struct ts **ret_local,
		      const struct ts **ret_remote)
{
	while (o->pair < o->local.len * o->remote.len) {
		const struct ts *l = &o->local.items[o->pair / o->remote.len];
		const struct ts *r = &o->remote.items[o->pair % o->remote.len];

		o->pair++;
		if (l->range.first.family == r->range.first.family) {
			*ret_local = l;
			*ret_remote = r;
			return true;
		}
	}
	return false;
}

static bool ends_at_failure(const struct order *o)
{
	return o->facts.verb == UPDOWN_PREPARE || o->facts.verb == UPDOWN_ROUTE;
}

static void proceed(struct order *o)
{
	const struct ts *local, *remote;

	while (!(o->failed && ends_at_failure(o)) && next_pair(o, &local, &remote)) {
		struct updown_call call = call_of(o, local, remote);

		if (start(o, &call))
			return;
	}
	order_done(o);
}

static void pump(struct updown_runner *r)
{
	r->pumping = true;
	while (r->running < UPDOWN_RUNNING_MAX && !list_empty(&r->ready)) {
		struct lane *l = CONTAINER_OF(r->ready.next, struct lane, ready);
		struct order *o = CONTAINER_OF(l->orders.next, struct order, of_lane);

		list_remove(&l->ready);
		l->busy = true;
		r->running++;
		if (!undoes(o))
			note(o);
		proceed(o);
	}
	r->pumping = false;
}

/* ---- from outside ---- */

struct updown_runner *updown_new(uv_loop_t *loop, const struct updown_host *host)
{
	struct updown_runner *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->host = *host;
	list_init(&r->ready);
	return r;
}

enum cyg_err updown_run(struct updown_runner *r, const struct action *a,
			const struct plane_counters *in, const struct plane_counters *out)
{
	struct order *o = order_new(r, a);
	struct lane *l = o ? lane_of(r, a->updown) : NULL;

	if (!l) {
		if (o)
			order_free(o);
		return CYG_NOMEM;
	}
	o->lane = l;
	o->counted = in && out;
	if (o->counted) {
		o->in = *in;
		o->out = *out;
	}
	list_append(&l->orders, &o->of_lane);
	r->orders++;
	lane_settle(r, l);
	if (!r->pumping)
		pump(r);
	return CYG_OK;
}

bool updown_is_idle(const struct updown_runner *r)
{
	return !r->orders;
}

void updown_stop(struct updown_runner *r)
{
	struct lane *l;

	if (!r)
		return;
	r->stopped = true;
	while ((l = r->lanes)) {
		struct order *o = CONTAINER_OF(l->orders.next, struct order, of_lane);
		struct run *run = o->run;

		say(o, REPORT_ERROR, RC_LOG_SERIOUS, "updown-not-run", NULL,
		    run ? "its updown program is killed at %s: pluto ends"
			: "its updown program was not run for %s: pluto ends",
		    verb_of(o));
		if (run) {
			kill_all(run, SIGKILL);
			run_close(run);
		}
		take_out(o);
		order_free(o);
	}
}

void updown_free(struct updown_runner *r)
{
	free(r);
}
