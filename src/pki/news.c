/* SPDX-License-Identifier: Apache-2.0 */
/* --fetch: what trust wants to know of the world is fetched, and the verdict asked for again. */
#include "pki/news.h"

#include "fetch/fetch.h"
#include "trust/trust.h"

#include <semaphore.h>
#include <time.h>

struct news {
	const struct pki *pki;
	struct trust *trust;
	struct fetcher *fetcher;
	sem_t came;
	struct timespec until;
	int64_t now; /* that it is taken to be */
};

static void wake(void *ctx)
{
	sem_post(ctx);
}

static void give(struct news *n, struct fetched *f)
{
	struct trust_job *j;
	uint64_t id;

	if (f->err)
		pki_explain(n->pki, "--fetch", &f->why);
	j = trust_answer_want(n->trust, f->id, f->err, &f->octets, &f->why, n->now);
	if (j) {
		trust_job_work(j);
		(void)trust_job_settle(n->trust, j, n->now);
	}
	trust_job_free(j);
	while (trust_next_unwanted(n->trust, &id))
		fetcher_drop(n->fetcher, id);
}

static void ask_all(struct news *n)
{
	struct trust_want w;

	while (trust_next_want(n->trust, &w)) {
		struct fetch_ask a = {
			.id = w.id,
			.url = w.url,
			.post = w.post,
			.content_type = w.content_type,
			.octets_max = w.octets_max,
			.seconds = NEWS_SECONDS,
		};
		struct fetched failed = {.id = w.id};

		diag_clear(&failed.why);
		failed.err = fetcher_ask(n->fetcher, &a, &failed.why);
		if (failed.err) {
			give(n, &failed);
			sem_post(&n->came);
		}
	}
}

/* False: the time is over. */
static bool wait_for_some(struct news *n)
{
	struct fetched f;

	if (sem_timedwait(&n->came, &n->until))
		return false;
	while (fetcher_take(n->fetcher, &f))
		give(n, &f);
	return true;
}

enum cyg_err news_believe(const struct pki *p, struct trust *t, struct trust_question *q,
			  struct diag *why)
{
	struct news n = {.pki = p, .trust = t, .now = q->now};
	enum cyg_err err = CYG_NOMEM;

	sem_init(&n.came, 0, 0);
	clock_gettime(CLOCK_REALTIME, &n.until);
	n.until.tv_sec += 2 * NEWS_SECONDS;
	n.fetcher = fetcher_new(wake, &n.came);
	q->asks = true;
	while (n.fetcher && (err = trust_believe(t, q, why)) == CYG_AGAIN) {
		ask_all(&n);
		if (!wait_for_some(&n))
			break;
	}
	fetcher_free(n.fetcher);
	sem_destroy(&n.came);
	q->asks = false;
	return err == CYG_AGAIN ? trust_believe(t, q, why) : err;
}
