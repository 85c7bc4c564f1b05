/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/early.h"

#include "pluto/daemon.h"
#include "pluto/keyfiles.h"
#include "pluto/secrets.h"

#include <stdlib.h>
#include <string.h>

struct early_work {
	uv_work_t work;
	struct list link;
	struct early *owner; /* loop's thread */
	uint64_t cause;
	/* What the thread needs. */
	struct trust_early *found;
	struct keyfiles_early ask;
	char *secrets_path;
	unsigned what;
	char *name; /* of one key; NULL */
	uint8_t kind;
	struct bytes passphrase;
};

void early_init(struct early *e, struct daemon *d)
{
	e->daemon = d;
	list_init(&e->works);
}

static void work_free(struct early_work *w)
{
	if (!w)
		return;
	trust_early_free(w->found);
	free(w->secrets_path);
	free(w->ask.folder);
	free(w->name);
	bytes_wipe(&w->passphrase);
	free(w);
}

static struct early_work *work_new(struct early *e, unsigned what, uint64_t cause)
{
	struct early_work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->work.data = w;
	w->owner = e;
	w->what = what;
	w->cause = cause;
	w->found = trust_early_new(e->daemon->trust);
	w->secrets_path = strdup(e->daemon->secrets_path);
	w->ask.folder = strdup(e->daemon->ipsecd_path);
	w->ask.found = w->found;
	atomic_init(&w->ask.stop, false);
	if (w->found && w->secrets_path && w->ask.folder)
		return w;
	work_free(w);
	return NULL;
}

/* ---- in the thread ---- */

/* What is wrong with ipsec.secrets is told by the reading that follows. */
static void look_at_secrets(struct early_work *w)
{
	struct problems problems = {0};
	struct secret_set *set = NULL;
	const struct secret_record *r;
	struct secrets_text text;
	struct diag why;

	if (secrets_load(w->secrets_path, &set, &text, &problems, &why))
		set = NULL;
	for (size_t i = 0; set && (r = secret_set_at(set, i)) && !w->ask.stop; i++) {
		if (r->kind == SECRET_RSA)
			trust_early_numbers(w->found, r->rsa);
		else if (r->kind == SECRET_KEYFILE && !r->prompt)
			keyfiles_early_key(&w->ask, r->name, r->key, view_bytes(&r->value));
	}
	secret_set_free(set);
	problems_done(&problems);
}

static void look(uv_work_t *work)
{
	struct early_work *w = work->data;

	if (w->name)
		keyfiles_early_key(&w->ask, w->name, w->kind, view_bytes(&w->passphrase));
	if (w->what & EARLY_SECRETS)
		look_at_secrets(w);
	if (w->what & EARLY_ACERTS)
		keyfiles_early_acerts(&w->ask);
}

/* ---- in the loop's thread ---- */

static void on_looked(uv_work_t *work, int status)
{
	struct early_work *w = work->data;
	struct daemon *d = w->owner->daemon;

	list_remove(&w->link);
	if (!d->stopping) {
		trust_use_early(d->trust, w->found);
		calls_settled(&d->calls, w->cause, RC_COMMENT);
		trust_use_early(d->trust, NULL);
	}
	work_free(w);
}

static bool queue(struct early *e, struct early_work *w)
{
	if (uv_queue_work(&e->daemon->loop, &w->work, look, on_looked)) {
		work_free(w);
		return false;
	}
	list_append(&e->works, &w->link);
	return true;
}

bool early_begin(struct early *e, unsigned what, uint64_t cause)
{
	struct early_work *w = work_new(e, what, cause);

	return w && queue(e, w);
}

bool early_open(struct early *e, const struct secret_record *r, struct view passphrase,
		uint64_t cause)
{
	struct early_work *w = work_new(e, 0, cause);

	if (!w)
		return false;
	w->name = strdup(r->name);
	w->kind = r->key;
	if (w->name && bytes_copy(&w->passphrase, passphrase))
		return queue(e, w);
	work_free(w);
	return false;
}

void early_stop(struct early *e)
{
	LIST_EACH(w, &e->works, struct early_work, link)
		w->ask.stop = true;
	while (!list_empty(&e->works))
		uv_run(&e->daemon->loop, UV_RUN_ONCE);
}
