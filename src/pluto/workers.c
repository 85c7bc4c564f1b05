/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/workers.h"

#include "crypto/ke.h"
#include "trust/trust.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 256

/* What waits for some of the threads; `spare`: until nothing else does. */
struct lane {
	struct workers *workers;
	pthread_cond_t more;
	struct list todo, spare;
};

struct workers {
	struct crypto *crypto;
	void (*done_fn)(void *ctx, struct job *j);
	void *ctx;
	uv_async_t wake;

	pthread_mutex_t lock; /* of all below */
	struct lane pool, aside;
	struct list done;
	bool stop;

	unsigned count;
	pthread_t threads[WORKERS_MAX];
	pthread_t aside_thread;
	bool has_aside; /* loop's thread */
};

struct job *job_new(enum job_kind kind, const struct alg *method, struct view peer_public)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	if (!bytes_copy(&j->peer_public, peer_public)) {
		free(j);
		return NULL;
	}
	list_init(&j->link);
	j->kind = (uint8_t)kind;
	j->method = method;
	return j;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	ke_free(j->key);
	trust_job_free(j->trust);
	bytes_done(&j->peer_public);
	bytes_done(&j->public);
	bytes_wipe(&j->secret);
	free(j);
}

static nsec thread_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (nsec)ts.tv_sec * NSEC_PER_SEC + (nsec)ts.tv_nsec;
}

static void job_run(struct job *j, struct crypto *crypto)
{
	nsec start = thread_cpu();

	switch (j->kind) {
	case JOB_PAIR:
	case JOB_START:
		j->err = ke_start(crypto, j->method, &j->key, &j->public);
		break;
	case JOB_RESPOND:
		j->err = ke_respond(crypto, j->method, view_bytes(&j->peer_public), &j->public,
				    &j->secret);
		break;
	case JOB_RESPOND_WITH:
		j->err = ke_respond_with(j->key, view_bytes(&j->peer_public), &j->secret);
		break;
	case JOB_FINISH:
		j->err = ke_finish(j->key, view_bytes(&j->peer_public), &j->secret);
		break;
	case JOB_TRUST:
		trust_job_work(j->trust);
		break;
	}
	if (j->kind == JOB_RESPOND_WITH || j->kind == JOB_FINISH) {
		ke_free(j->key); /* freed here, so that the loop need not */
		j->key = NULL;
	}
	j->cpu = thread_cpu() - start;
}

/* The next job to do, asleep until there is one; NULL when it is time to end. Lock held. */
static struct job *take(struct lane *l)
{
	for (;;) {
		struct list *from = list_empty(&l->todo) ? &l->spare : &l->todo;

		if (l->workers->stop)
			return NULL;
		if (!list_empty(from)) {
			struct job *j = CONTAINER_OF(from->next, struct job, link);

			list_remove(&j->link);
			return j;
		}
		pthread_cond_wait(&l->more, &l->workers->lock);
	}
}

static void *work(void *arg)
{
	struct lane *l = arg;
	struct workers *w = l->workers;
	struct job *j;

	pthread_mutex_lock(&w->lock);
	while ((j = take(l))) {
		bool first;

		pthread_mutex_unlock(&w->lock);
		job_run(j, w->crypto);
		pthread_mutex_lock(&w->lock);
		first = list_empty(&w->done);
		list_append(&w->done, &j->link);
		if (first)
			uv_async_send(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void on_wake(uv_async_t *wake)
{
	struct workers *w = wake->data;
	struct list batch;

	list_init(&batch);
	pthread_mutex_lock(&w->lock);
	LIST_EACH(j, &w->done, struct job, link) {
		list_remove(&j->link);
		list_append(&batch, &j->link);
	}
	pthread_mutex_unlock(&w->lock);
	LIST_EACH(j, &batch, struct job, link) {
		list_remove(&j->link);
		w->done_fn(w->ctx, j);
	}
}

/* Signals are the loop's business alone. */
static bool start_thread(struct lane *l, pthread_t *ret)
{
	sigset_t all, old;
	bool well;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	well = !pthread_create(ret, NULL, work, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return well;
}

static bool start_threads(struct workers *w, unsigned count)
{
	while (w->count < count && start_thread(&w->pool, &w->threads[w->count]))
		w->count++;
	return w->count > 0;
}

static void lane_init(struct lane *l, struct workers *w)
{
	l->workers = w;
	pthread_cond_init(&l->more, NULL);
	list_init(&l->todo);
	list_init(&l->spare);
}

struct workers *workers_new(uv_loop_t *loop, unsigned count, struct crypto *crypto,
			    void (*done)(void *ctx, struct job *j), void *ctx)
{
	struct workers *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (uv_async_init(loop, &w->wake, on_wake)) {
		free(w);
		return NULL;
	}
	w->wake.data = w;
	w->crypto = crypto;
	w->done_fn = done;
	w->ctx = ctx;
	pthread_mutex_init(&w->lock, NULL);
	lane_init(&w->pool, w);
	lane_init(&w->aside, w);
	list_init(&w->done);
	if (!count)
		count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (start_threads(w, count > WORKERS_MAX ? WORKERS_MAX : count))
		return w;
	workers_stop(w);
	uv_run(loop, UV_RUN_NOWAIT);
	workers_free(w);
	return NULL;
}

/* Where it may wait without anything else waiting for it. */
static struct lane *lane_of(struct workers *w, const struct job *j)
{
	if (j->kind != JOB_TRUST || !trust_job_signs_elsewhere(j->trust))
		return &w->pool;
	if (!w->has_aside)
		w->has_aside = start_thread(&w->aside, &w->aside_thread);
	return w->has_aside ? &w->aside : &w->pool;
}

void workers_submit(struct workers *w, struct job *j)
{
	struct lane *l = lane_of(w, j);

	pthread_mutex_lock(&w->lock);
	list_append(j->kind == JOB_PAIR ? &l->spare : &l->todo, &j->link);
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&w->lock);
}

unsigned workers_count(const struct workers *w)
{
	return w->count;
}

static void free_list(struct list *head)
{
	LIST_EACH(j, head, struct job, link) {
		list_remove(&j->link);
		job_free(j);
	}
}

void workers_stop(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->pool.more);
	pthread_cond_broadcast(&w->aside.more);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->threads[i], NULL);
	if (w->has_aside)
		pthread_join(w->aside_thread, NULL);
	w->count = 0;
	w->has_aside = false;
	free_list(&w->pool.todo);
	free_list(&w->pool.spare);
	free_list(&w->aside.todo);
	free_list(&w->done);
	uv_close((uv_handle_t *)&w->wake, NULL);
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->pool.more);
	pthread_cond_destroy(&w->aside.more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
