/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/keypool.h"

#include "pluto/workers.h"

void keypool_init(struct keypool *k, struct workers *workers)
{
	*k = (struct keypool){.workers = workers};
	for (size_t i = 0; i < KEYPOOL_METHODS; i++)
		list_init(&k->rows[i].ready);
}

static void row_clear(struct keypool_row *r)
{
	LIST_EACH(j, &r->ready, struct job, link) {
		list_remove(&j->link);
		job_free(j);
	}
	*r = (struct keypool_row){0};
	list_init(&r->ready);
}

void keypool_done(struct keypool *k)
{
	for (size_t i = 0; i < KEYPOOL_METHODS; i++)
		row_clear(&k->rows[i]);
}

static struct keypool_row *row_find(struct keypool *k, const struct alg *method)
{
	for (size_t i = 0; i < KEYPOOL_METHODS; i++)
		if (k->rows[i].method == method)
			return &k->rows[i];
	return NULL;
}

/* An unused row, else that of the method that was not asked for the longest. */
static struct keypool_row *row_new(struct keypool *k, const struct alg *method)
{
	struct keypool_row *r = &k->rows[0];

	for (size_t i = 1; i < KEYPOOL_METHODS; i++)
		if (k->rows[i].used_at < r->used_at)
			r = &k->rows[i];
	row_clear(r);
	r->method = method;
	r->depth = KEYPOOL_DEPTH_MIN;
	return r;
}

static void refill(struct keypool *k, struct keypool_row *r)
{
	while (r->len + r->ordered < r->depth) {
		struct job *j = job_new(JOB_PAIR, r->method, (struct view){0});

		if (!j)
			return;
		r->ordered++;
		workers_submit(k->workers, j);
	}
}

bool keypool_take(struct keypool *k, const struct alg *method, struct ke **ret_key,
		  struct bytes *ret_public)
{
	struct keypool_row *r = row_find(k, method);
	struct job *j = NULL;

	if (!r)
		r = row_new(k, method);
	r->used_at = ++k->clock;
	if (r->len) {
		j = CONTAINER_OF(r->ready.next, struct job, link);
		list_remove(&j->link);
		r->len--;
		*ret_key = j->key;
		*ret_public = j->public;
		j->key = NULL;
		j->public = (struct bytes){0};
		job_free(j);
	} else if (r->depth < KEYPOOL_DEPTH_MAX) {
		r->depth *= 2;
	}
	refill(k, r);
	return j != NULL;
}

void keypool_put(struct keypool *k, struct job *j)
{
	struct keypool_row *r = row_find(k, j->method);

	if (r && r->ordered)
		r->ordered--;
	if (!r || j->err || r->len >= KEYPOOL_DEPTH_MAX) {
		job_free(j);
		return;
	}
	list_append(&r->ready, &j->link);
	r->len++;
}
