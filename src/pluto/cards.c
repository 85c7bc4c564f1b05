/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/cards.h"

#include "pluto/daemon.h"
#include "token/desk.h"
#include "trust/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a connection has named on a token. */
struct wanted {
	struct list link;
	uint8_t kind; /* TOKEN_CERTS or TOKEN_PUBLICS */
	char name[];
};

/* A command, and how many of its questions are open. */
struct wait {
	struct list link;
	uint64_t cause;
	unsigned open;
	bool opens;    /* private keys are among them */
	unsigned code; /* of the first failure */
};

/* ---- who waits ---- */

static struct wait *find_wait(const struct cards *c, uint64_t cause)
{
	LIST_EACH(w, &c->waits, struct wait, link)
		if (w->cause == cause)
			return w;
	return NULL;
}

bool cards_busy(const struct cards *c, uint64_t cause)
{
	return find_wait(c, cause);
}

static void settle(struct cards *c, struct wait *w)
{
	struct daemon *d = c->daemon;

	list_remove(&w->link);
	if (w->opens && trust_keys(d->trust))
		daemon_say(d, w->cause, REPORT_INFO, RC_LOG, "keys-read", NULL,
			   "%zu private keys can be used", trust_keys(d->trust));
	if (!d->stopping)
		calls_settled(&d->calls, w->cause, w->code);
	free(w);
}

static void on_impatient(uv_timer_t *timer)
{
	struct cards *c = timer->data;
	struct diag why;

	diag_set(&why, "token-silent", NULL, "a token does not answer");
	diag_wanted(&why, "an answer within %d seconds", CARDS_PATIENCE_MS / 1000);
	diag_hint(&why, "what it says later is taken all the same");
	LIST_EACH(w, &c->waits, struct wait, link) {
		w->code = RC_LOG_SERIOUS;
		daemon_say(c->daemon, w->cause, REPORT_WARNING, RC_LOG_SERIOUS, "key-problem",
			   &why, "%s", "");
		settle(c, w);
	}
}

/* ---- asking ---- */

static void on_desk(void *ctx)
{
	uv_async_send(&((struct cards *)ctx)->wake);
}

static bool have_desk(struct cards *c)
{
	char *refused = NULL;

	if (!c->desk && asprintf(&refused, "%s/" RUNDIR_REFUSED, c->daemon->rundir.path) > 0)
		c->desk = token_desk_new(refused, on_desk, c);
	free(refused);
	return c->desk;
}

static bool add_wait(struct cards *c, uint64_t cause, bool opens)
{
	struct wait *w = find_wait(c, cause);

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return false;
		w->cause = cause;
		w->code = RC_COMMENT;
		list_append(&c->waits, &w->link);
	}
	w->open++;
	w->opens |= opens;
	uv_timer_start(&c->patience, on_impatient, CARDS_PATIENCE_MS, 0);
	return true;
}

static struct token_task *ask(struct cards *c, enum token_question kind, const char *name,
			      struct view pin, uint64_t cause)
{
	struct token_task *t = token_task_new(kind, name, pin);
	struct diag why;

	if (t && have_desk(c) && add_wait(c, cause, kind == TOKEN_KEYS)) {
		t->cause = cause;
		t->generation = c->generation;
		return t;
	}
	token_task_free(t);
	diag_set(&why, "no-tokens", NULL, "tokens can't be asked: memory is short");
	daemon_say(c->daemon, cause, REPORT_WARNING, RC_LOG_SERIOUS, "key-problem", &why, "%s",
		   "");
	return NULL;
}

static void ask_record(struct cards *c, size_t at, struct view pin, uint64_t cause)
{
	const struct secret_record *r = secret_set_at(trust_secrets(c->daemon->trust), at);
	struct token_task *t = ask(c, TOKEN_KEYS, r->name, pin, cause);

	if (!t)
		return;
	t->record = at;
	token_desk_ask(c->desk, t);
}

/* The records that open something by themselves; `lost`: only those of which nothing is open. */
static void ask_records(struct cards *c, bool lost, uint64_t cause)
{
	const struct trust *trust = c->daemon->trust;
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(trust_secrets(trust), i)); i++)
		if (r->kind == SECRET_PIN && !r->prompt && !(lost && trust_has_key(trust, r)))
			ask_record(c, i, view_bytes(&r->value), cause);
}

void cards_read_secrets(struct cards *c, uint64_t cause)
{
	c->generation++;
	ask_records(c, false, cause);
}

void cards_open(struct cards *c, const struct secret_record *r, struct view pin, uint64_t cause)
{
	const struct secret_set *secrets = trust_secrets(c->daemon->trust);

	for (size_t i = 0; secret_set_at(secrets, i); i++)
		if (secret_set_at(secrets, i) == r)
			ask_record(c, i, pin, cause);
}

static void ask_named(struct cards *c, uint8_t kind, const char *name, uint64_t cause)
{
	struct token_task *t = ask(c, kind, name, (struct view){0}, cause);

	if (t)
		token_desk_ask(c->desk, t);
}

/* It is asked for again when tokens come or go. */
static void remember(struct cards *c, uint8_t kind, const char *name)
{
	size_t len = strlen(name) + 1;
	struct wanted *w;

	LIST_EACH(old, &c->wanted, struct wanted, link)
		if (old->kind == kind && !strcmp(old->name, name))
			return;
	w = malloc(sizeof(*w) + len);
	if (!w)
		return; /* it is asked for now, at least */
	w->kind = kind;
	memcpy(w->name, name, len);
	list_append(&c->wanted, &w->link);
}

static void want(struct cards *c, uint8_t kind, const char *name, uint64_t cause)
{
	if (!token_is_name(name))
		return;
	remember(c, kind, name);
	ask_named(c, kind, name, cause);
}

void cards_read_connection(struct cards *c, const struct connection *conn, uint64_t cause)
{
	for (int i = 0; i < 2; i++) {
		const char *at = conn->end[i].cert;
		char name[CONN_CERT_NAME_MAX];

		while (connection_next_cert(&at, name, sizeof(name)))
			want(c, TOKEN_CERTS, name, cause);
		want(c, TOKEN_PUBLICS, conn->end[i].public_key, cause);
	}
}

void cards_read_named(struct cards *c, uint64_t cause)
{
	LIST_EACH(w, &c->wanted, struct wanted, link)
		ask_named(c, w->kind, w->name, cause);
}

void cards_look(struct cards *c, uint64_t cause)
{
	ask_named(c, TOKEN_LIST, NULL, cause);
}

/* ---- private keys ---- */

static enum cyg_err sign(void *ctx, enum key_signing how, struct view input, struct bytes *ret,
			 struct diag *why)
{
	static const enum token_mechanism mechanisms[] = {
		[KEY_SIGN_PKCS1] = TOKEN_RSA_PKCS1,
		[KEY_SIGN_PSS] = TOKEN_RSA_PSS,
		[KEY_SIGN_ECDSA] = TOKEN_ECDSA,
		[KEY_SIGN_EDDSA] = TOKEN_EDDSA,
	};

	return token_sign(ctx, mechanisms[how], input, ret, why);
}

static void ref(void *ctx)
{
	token_key_ref(ctx);
}

static void unref(void *ctx)
{
	token_key_unref(ctx);
}

static bool is_gone(void *ctx)
{
	return token_key_is_gone(ctx);
}

/* ---- answers ---- */

static void complain(struct cards *c, const struct token_task *t, const struct diag *why)
{
	struct wait *w = find_wait(c, t->cause);

	if (w)
		w->code = RC_LOG_SERIOUS;
	/* A certificate may come yet; a private key was asked for. */
	daemon_say(c->daemon, t->cause, REPORT_WARNING,
		   t->kind == TOKEN_KEYS ? RC_LOG_SERIOUS : RC_LOG, "key-problem", why, "%s",
		   "");
}

static void take_keys(struct cards *c, struct token_task *t)
{
	struct trust *trust = c->daemon->trust;
	const struct secret_record *r;

	if (t->generation != c->generation)
		return; /* other secrets are in force by now, and were asked for, too */
	r = secret_set_at(trust_secrets(trust), t->record);
	/* Those of the secrets before: it has answered. A person who mistypes loses nothing. */
	if (!t->err || (!r->prompt && (t->err == CYG_PERM || t->err == CYG_NOTFOUND)))
		trust_drop_opened(trust, r);
	for (size_t i = 0; i < t->len; i++) {
		struct token_found *f = &t->found[i];
		struct key_signer signer = {sign, ref, unref, f->key};
		struct diag why;

		diag_clear(&why);
		if (!trust_add_signer(trust, r, view_bytes(&f->der), f->is_cert, &signer,
				      time(NULL), &why))
			continue;
		diag_place(&why, r->file, r->line, 1);
		complain(c, t, &why);
	}
	if (t->err) {
		diag_place(&t->why, r->file, r->line, 1);
		complain(c, t, &t->why);
	} else if (r->prompt) {
		daemon_say(c->daemon, t->cause, REPORT_INFO, RC_LOG, "key-opened", NULL,
			   "the private key %s can be used", r->name);
	}
}

static enum cyg_err put(struct cards *c, const struct token_task *t, struct view der,
			struct diag *why)
{
	if (t->kind == TOKEN_CERTS)
		return trust_put_cert(c->daemon->trust, t->name, der, time(NULL), why);
	return trust_put_public(c->daemon->trust, t->name, der, why);
}

/* The first one that can be read is the end's. */
static void take_named(struct cards *c, struct token_task *t)
{
	struct diag why = t->why;

	for (size_t i = 0; i < t->len; i++)
		if (!put(c, t, view_bytes(&t->found[i].der), &why))
			return;
	/* A token that nobody asked about just now may well be away. */
	if (t->cause || t->err != CYG_NOTFOUND)
		complain(c, t, &why);
}

static bool has_token(const struct token_items *items, const char *token)
{
	for (size_t i = 0; i < items->len; i++)
		if (!strcmp(items->items[i].token, token))
			return true;
	return false;
}

/* Each token of `these` that is not among `those`. */
static void tell_tokens(struct cards *c, const struct token_items *these,
			const struct token_items *those, const char *what)
{
	for (size_t i = 0; i < these->len; i++) {
		const char *token = these->items[i].token;
		bool told = i && !strcmp(these->items[i - 1].token, token);

		if (!told && !has_token(those, token))
			daemon_say(c->daemon, 0, REPORT_NOTICE, RC_LOG, "token-moved", NULL,
				   "the token %s %s", token, what);
	}
}

static void take_items(struct cards *c, struct token_task *t)
{
	struct token_items before = c->items;
	size_t gone;

	if (t->err)
		return;
	c->items = t->items;
	t->items = (struct token_items){0};
	if (t->kind == TOKEN_CHANGE) {
		tell_tokens(c, &before, &c->items, "was taken out");
		tell_tokens(c, &c->items, &before, "was put in");
		gone = trust_drop_signers(c->daemon->trust, is_gone);
		if (gone)
			daemon_say(c->daemon, 0, REPORT_WARNING, RC_LOG, "token-keys-gone",
				   NULL,
				   "%zu private keys of tokens are gone; tunnels that stand "
				   "are not touched",
				   gone);
		cards_read_named(c, 0);
		ask_records(c, true, 0);
	}
	token_items_done(&before);
}

static void take_answer(struct cards *c, struct token_task *t)
{
	struct wait *w;

	switch (t->kind) {
	case TOKEN_KEYS:
		take_keys(c, t);
		break;
	case TOKEN_CERTS:
	case TOKEN_PUBLICS:
		take_named(c, t);
		break;
	default:
		take_items(c, t);
		break;
	}
	w = t->kind == TOKEN_CHANGE ? NULL : find_wait(c, t->cause);
	if (w && !--w->open)
		settle(c, w);
	token_task_free(t);
}

static void on_wake(uv_async_t *wake)
{
	struct cards *c = wake->data;
	struct token_task *t;

	while (c->started && (t = token_desk_take(c->desk)))
		take_answer(c, t);
	if (list_empty(&c->waits))
		uv_timer_stop(&c->patience);
	else
		uv_timer_start(&c->patience, on_impatient, CARDS_PATIENCE_MS, 0);
}

/* ---- life ---- */

void cards_init(struct cards *c, struct daemon *d)
{
	*c = (struct cards){.daemon = d};
	list_init(&c->wanted);
	list_init(&c->waits);
	c->started = !uv_async_init(&d->loop, &c->wake, on_wake) &&
		     !uv_timer_init(&d->loop, &c->patience);
	c->wake.data = c->patience.data = c;
}

void cards_stop(struct cards *c)
{
	if (!c->started)
		return;
	c->started = false;
	if (c->desk)
		token_desk_stop(c->desk);
	LIST_EACH(w, &c->waits, struct wait, link) {
		list_remove(&w->link);
		free(w);
	}
	uv_close((uv_handle_t *)&c->wake, NULL);
	uv_close((uv_handle_t *)&c->patience, NULL);
}

void cards_done(struct cards *c)
{
	token_desk_free(c->desk);
	LIST_EACH(w, &c->wanted, struct wanted, link)
		free(w);
	token_items_done(&c->items);
	*c = (struct cards){0};
}

/* ---- listing ---- */

bool cards_list(const struct cards *c, int64_t now, uint64_t *at,
		const struct listing_sink *sink)
{
	while (*at < c->items.len) {
		const struct token_item *i = &c->items.items[(*at)++];
		struct listed_card told = {
			.seen = now,
			.slot = (int64_t)i->slot,
			.reader = i->reader[0] ? i->reader : NULL,
			.status = "present",
			.object = i->object,
			.label = i->object ? i->label : NULL,
			.key_id = i->object ? i->key_id : NULL,
			.pin = i->pin,
			.token = i->token,
		};

		if (!sink->take(sink->ctx, &told))
			return false;
	}
	return true;
}
