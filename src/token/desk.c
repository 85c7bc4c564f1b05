/* SPDX-License-Identifier: Apache-2.0 */
#include "token/desk.h"

#include "token/token_private.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define END_SECONDS 2 /* that a token has to let go */

struct token_desk {
	void (*wake)(void *ctx);
	void *ctx;
	char *refused;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t more;
	struct list asked, done;
	bool stop, end;        /* ask nothing more; and end */
	struct tokens *tokens; /* set by the thread, once */
};

/* ---- a task ---- */

struct token_task *token_task_new(enum token_question kind, const char *name, struct view pin)
{
	struct token_task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->link);
	t->kind = (uint8_t)kind;
	t->name = name ? strdup(name) : NULL;
	if ((t->name || !name) && (!pin.len || bytes_copy(&t->pin, pin)))
		return t;
	token_task_free(t);
	return NULL;
}

void token_task_free(struct token_task *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->len; i++) {
		bytes_done(&t->found[i].der);
		token_key_unref(t->found[i].key);
	}
	free(t->found);
	token_items_done(&t->items);
	bytes_wipe(&t->pin);
	free(t->name);
	free(t);
}

/* What is found is left out when memory is short: the asker is told that there is none. */
static void add_found(struct token_task *t, struct view der, bool is_cert, struct token_key *k)
{
	struct token_found *bigger = reallocarray(t->found, t->len + 1, sizeof(*bigger));
	struct bytes copy;

	if (bigger)
		t->found = bigger;
	if (!bigger || !bytes_copy(&copy, der)) {
		t->err = CYG_NOMEM;
		return;
	}
	t->found[t->len++] = (struct token_found){copy, is_cert, k ? token_key_ref(k) : NULL};
}

static void on_cert(void *ctx, struct view der)
{
	add_found(ctx, der, true, NULL);
}

static void on_public(void *ctx, struct view der)
{
	add_found(ctx, der, false, NULL);
}

static void on_key(void *ctx, struct view half, bool is_cert, struct token_key *k)
{
	add_found(ctx, half, is_cert, k);
}

static void answer(struct token_task *t, struct tokens *tokens)
{
	enum cyg_err err = CYG_OK;

	switch (t->kind) {
	case TOKEN_CERTS:
		err = tokens_certs(tokens, t->name, on_cert, t, &t->why);
		break;
	case TOKEN_PUBLICS:
		err = tokens_publics(tokens, t->name, on_public, t, &t->why);
		break;
	case TOKEN_KEYS:
		err = tokens_keys(tokens, t->name, view_bytes(&t->pin), on_key, t, &t->why);
		bytes_wipe(&t->pin);
		break;
	default:
		err = tokens_list(tokens, &t->items);
		break;
	}
	if (!t->err)
		t->err = err;
	if (t->err == CYG_NOMEM && !diag_is_set(&t->why))
		diag_set(&t->why, "no-memory", NULL, "memory is short");
}

/* ---- the thread ---- */

static void give(struct token_desk *d, struct token_task *t)
{
	bool stopped;

	pthread_mutex_lock(&d->lock);
	stopped = d->stop;
	if (!stopped) {
		list_append(&d->done, &t->link);
		d->wake(d->ctx);
	}
	pthread_mutex_unlock(&d->lock);
	if (stopped)
		token_task_free(t);
}

static bool have_tokens(struct token_desk *d, struct diag *why)
{
	struct tokens *t = d->tokens ? d->tokens : tokens_open(d->refused, why);

	pthread_mutex_lock(&d->lock);
	d->tokens = t;
	if (t && d->stop)
		tokens_stop(t);
	pthread_mutex_unlock(&d->lock);
	return t;
}

/* Nobody has asked: are they all still there? */
static void look(struct token_desk *d)
{
	struct token_task *t;

	if (!d->tokens)
		return;
	tokens_tidy(d->tokens);
	if (!tokens_changed(d->tokens))
		return;
	t = token_task_new(TOKEN_CHANGE, NULL, (struct view){0});
	if (!t)
		return;
	answer(t, d->tokens);
	give(d, t);
}

static void work_on(struct token_desk *d, struct token_task *t)
{
	bool first = !d->tokens;

	if (!have_tokens(d, &t->why)) {
		t->err = CYG_IO;
		bytes_wipe(&t->pin);
		give(d, t);
		return;
	}
	if (first) /* what is there now is no change */
		tokens_changed(d->tokens);
	answer(t, d->tokens);
	give(d, t);
}

/* The next question; NULL: there was none for a while, or it is time to end. Lock held. */
static struct token_task *next(struct token_desk *d)
{
	struct timespec until = token_after_ms(TOKEN_LOOK_MS);

	while (list_empty(&d->asked) && !d->end) {
		/* Without modules there is nothing to look at. */
		if (!d->tokens)
			pthread_cond_wait(&d->more, &d->lock);
		else if (pthread_cond_timedwait(&d->more, &d->lock, &until))
			break;
	}
	if (d->end || list_empty(&d->asked))
		return NULL;
	return CONTAINER_OF(d->asked.next, struct token_task, link);
}

static void *work(void *arg)
{
	struct token_desk *d = arg;

	pthread_mutex_lock(&d->lock);
	while (!d->end) {
		struct token_task *t = next(d);

		if (t)
			list_remove(&t->link);
		if (d->end && !t)
			break;
		pthread_mutex_unlock(&d->lock);
		if (t)
			work_on(d, t);
		else
			look(d);
		pthread_mutex_lock(&d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	tokens_close(d->tokens);
	return NULL;
}

static bool start(struct token_desk *d)
{
	sigset_t all, old;
	bool well;

	pthread_mutex_init(&d->lock, NULL);
	token_cond_init(&d->more);
	sigfillset(&all); /* signals are the loop's business alone */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	well = !pthread_create(&d->thread, NULL, work, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return well;
}

static void desk_free(struct token_desk *d)
{
	LIST_EACH(t, &d->asked, struct token_task, link)
		token_task_free(t);
	LIST_EACH(t, &d->done, struct token_task, link)
		token_task_free(t);
	pthread_cond_destroy(&d->more);
	pthread_mutex_destroy(&d->lock);
	free(d->refused);
	free(d);
}

struct token_desk *token_desk_new(const char *refused, void (*wake)(void *ctx), void *ctx)
{
	struct token_desk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->refused = refused ? strdup(refused) : NULL;
	if (refused && !d->refused) {
		free(d);
		return NULL;
	}
	d->wake = wake;
	d->ctx = ctx;
	list_init(&d->asked);
	list_init(&d->done);
	if (start(d))
		return d;
	desk_free(d);
	return NULL;
}

void token_desk_ask(struct token_desk *d, struct token_task *task)
{
	pthread_mutex_lock(&d->lock);
	list_append(&d->asked, &task->link);
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
}

struct token_task *token_desk_take(struct token_desk *d)
{
	struct token_task *t = NULL;

	pthread_mutex_lock(&d->lock);
	if (!list_empty(&d->done)) {
		t = CONTAINER_OF(d->done.next, struct token_task, link);
		list_remove(&t->link);
	}
	pthread_mutex_unlock(&d->lock);
	return t;
}

void token_desk_stop(struct token_desk *d)
{
	struct list dropped;

	list_init(&dropped);
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	if (d->tokens)
		tokens_stop(d->tokens);
	LIST_EACH(t, &d->asked, struct token_task, link) {
		list_remove(&t->link);
		list_append(&dropped, &t->link);
	}
	LIST_EACH(t, &d->done, struct token_task, link) {
		list_remove(&t->link);
		list_append(&dropped, &t->link);
	}
	pthread_mutex_unlock(&d->lock);
	LIST_EACH(t, &dropped, struct token_task, link)
		token_task_free(t);
}

void token_desk_free(struct token_desk *d)
{
	struct timespec until;

	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = d->end = true;
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_SECONDS;
	if (pthread_timedjoin_np(d->thread, NULL, &until))
		pthread_detach(d->thread); /* it is in a module that does not return */
	else
		desk_free(d);
}
