/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

#include "base/list.h"
#include "base/url_server.h"
#include "fetch/inner.h"
#include "fetch/ldif.h"
#include "fetch/url.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CONNECT_SECONDS 5
#define TURN_MS 1000 /* the longest sleep of the thread */

struct transfer {
	struct list link;
	uint64_t id;
	char *url, *content_type;
	char host[256], server[URL_SERVER_MAX];
	struct bytes post;
	size_t octets_max, cap;
	unsigned seconds, redirects;
	curl_off_t used_us; /* before the redirections that were followed */
	bool too_long, no_memory;
	bool inner; /* it has been where only this host or its networks reach (inner.h) */
	CURL *easy;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	struct fetched got;
};

struct fetcher {
	void (*wake)(void *ctx);
	void *ctx;
	CURLM *multi;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	struct list asked, done, drops;
	size_t waiting;
	bool stop;
	/* The thread's alone. */
	struct list running;
	size_t running_len;
};

/* One that is under way and not wanted any more. */
struct drop {
	struct list link;
	uint64_t id;
};

static void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	bytes_done(&t->post);
	bytes_done(&t->got.octets);
	free(t->url);
	free(t->content_type);
	free(t);
}

static void free_all(struct list *head)
{
	LIST_EACH(t, head, struct transfer, link) {
		list_remove(&t->link);
		transfer_free(t);
	}
}

/* ---- one transfer ---- */

static size_t on_octets(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct bytes *b = &t->got.octets;
	size_t len = size * n;

	if (len > t->octets_max - b->len) {
		t->too_long = true;
		return 0;
	}
	if (b->len + len > t->cap) {
		size_t cap = t->cap ? t->cap : 16384;
		uint8_t *bigger;

		while (cap < b->len + len)
			cap *= 2;
		bigger = realloc(b->ptr, cap);
		if (!bigger) {
			t->no_memory = true;
			return 0;
		}
		b->ptr = bigger;
		t->cap = cap;
	}
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	return len;
}

static bool set_post(struct transfer *t)
{
	char header[128];
	struct curl_slist *more;

	if (!t->post.len)
		return true;
	snprintf(header, sizeof(header), "Content-Type: %s", t->content_type);
	t->headers = curl_slist_append(NULL, header);
	more = t->headers ? curl_slist_append(t->headers, "Expect:") : NULL;
	if (!more)
		return false;
	t->headers = more;
	return !curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)t->post.len) &&
	       !curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->post.ptr) &&
	       !curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

/*
 * Against server-side request forgery: a server outside may redirect to a name, or answer for
 * one, whose address is inside, and so have us ask what it can't reach itself. Only what was
 * inside from the beginning may go on to addresses of inside.
 */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = ctx;
	bool inner = address_is_inner(&to->addr, to->addrlen);

	if (inner && t->redirects && !t->inner)
		return CURL_SOCKET_BAD;
	t->inner |= inner;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* What is left of its seconds. */
static bool set_bounds(struct transfer *t)
{
	long left = (long)t->seconds * 1000 - (long)(t->used_us / 1000);

	return left > 0 && !curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, left);
}

/* What libcurl would do by itself and is not wanted here is turned off one by one. */
static bool set_up(struct transfer *t)
{
	CURL *e = t->easy = curl_easy_init();

	return e && set_bounds(t) && !curl_easy_setopt(e, CURLOPT_URL, t->url) &&
	       !curl_easy_setopt(e, CURLOPT_PRIVATE, t) &&
	       !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) &&
	       !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https,ldap,ldaps") &&
	       !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) &&
	       !curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
	       !curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) &&
	       !curl_easy_setopt(e, CURLOPT_FAILONERROR, 1L) &&
	       !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) &&
	       !curl_easy_setopt(e, CURLOPT_PROXY, "") &&
	       !curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT,
				 (long)(t->seconds < CONNECT_SECONDS ? t->seconds
								     : CONNECT_SECONDS)) &&
	       !curl_easy_setopt(e, CURLOPT_USERAGENT, "cygnet") &&
	       !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_octets) &&
	       !curl_easy_setopt(e, CURLOPT_WRITEDATA, t) && set_post(t);
}

/* Whether it is the server that does not serve, rather than what was asked of it. */
static bool is_silent(const struct transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return !t->got.octets.len && !t->redirects;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_LDAP_CANNOT_BIND:
		return !t->redirects;
	default:
		return false;
	}
}

static enum cyg_err error_of(const struct transfer *t, CURLcode code)
{
	if (t->too_long)
		return CYG_LIMIT;
	if (t->no_memory || code == CURLE_OUT_OF_MEMORY)
		return CYG_NOMEM;
	if (code == CURLE_HTTP_RETURNED_ERROR || code == CURLE_REMOTE_FILE_NOT_FOUND)
		return CYG_NOTFOUND;
	return is_silent(t, code) ? CYG_IO : CYG_MALFORMED;
}

static void explain(struct transfer *t, CURLcode code)
{
	struct diag *why = &t->got.why;

	if (diag_is_set(why))
		return; /* a redirection */
	diag_set(why, "not-fetched", NULL, "%.180s could not be fetched", t->url);
	if (t->too_long)
		diag_got(why, "more than %zu octets", t->octets_max);
	else
		diag_got(why, "%s", t->error[0] ? t->error : curl_easy_strerror(code));
	diag_hint(why, "is the server %.150s up, and is there a way to it from this host?",
		  t->host);
}

/* A directory's answer is text around the value that was asked for. */
static void unwrap(struct transfer *t)
{
	struct bytes value = {0};
	enum cyg_err err;

	if (!url_is_ldap(t->url))
		return;
	err = ldif_first_binary(view_bytes(&t->got.octets), &value);
	bytes_done(&t->got.octets);
	t->got.octets = value;
	t->got.err = err;
	if (!err)
		return;
	diag_set(&t->got.why, "not-fetched", "RFC 4516 2",
		 "the directory's answer to %.180s holds no list or certificate", t->url);
	diag_wanted(&t->got.why, "one entry with the attribute that the URL names");
	diag_got(&t->got.why, "%s", cyg_err_text(err));
}

static void finish(struct fetcher *f, struct transfer *t, CURLcode code)
{
	t->got.err = code ? error_of(t, code) : CYG_OK;
	if (code)
		explain(t, code);
	else
		unwrap(t);
	if (t->got.err)
		bytes_done(&t->got.octets);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	pthread_mutex_lock(&f->lock);
	list_append(&f->done, &t->link);
	pthread_mutex_unlock(&f->lock);
	f->wake(f->ctx);
}

/* ---- the thread ---- */

static bool server_is_busy(struct fetcher *f, const char *server)
{
	size_t n = 0;

	LIST_EACH(t, &f->running, struct transfer, link)
		n += !strcmp(t->server, server);
	return n >= FETCH_PER_HOST;
}

/* The first that may begin; NULL. Lock held. */
static struct transfer *next_to_begin(struct fetcher *f)
{
	if (f->running_len == FETCH_AT_ONCE)
		return NULL;
	LIST_EACH(t, &f->asked, struct transfer, link) {
		if (server_is_busy(f, t->server))
			continue;
		list_remove(&t->link);
		f->waiting--;
		return t;
	}
	return NULL;
}

static void begin(struct fetcher *f, struct transfer *t)
{
	if (!set_up(t) || curl_multi_add_handle(f->multi, t->easy)) {
		finish(f, t, CURLE_OUT_OF_MEMORY);
		return;
	}
	list_append(&f->running, &t->link);
	f->running_len++;
}

static void redirect_refused(struct transfer *t, const char *wanted, const char *to)
{
	diag_set(&t->got.why, "not-fetched", NULL,
		 "%.180s could not be fetched: its server redirects", t->url);
	diag_wanted(&t->got.why, "%s", wanted);
	diag_got(&t->got.why, "a redirection to %.180s", to);
	diag_hint(&t->got.why, "if that is right, name that place itself (crluri=, ocspuri=)");
}

/* Whether a redirection may be followed: to the same server, and never with what was posted. */
static bool may_follow(struct transfer *t, const char *to)
{
	char host[sizeof(t->host)];
	const char *wanted = NULL;

	if (t->post.len)
		wanted = "an answer: what is posted goes to no other place";
	else if (t->redirects == FETCH_REDIRECTS)
		wanted = "no more redirections than three";
	else if (url_check(to, NULL) || url_is_ldap(to) ||
		 strcasecmp(url_host(to, host, sizeof(host)), t->host) != 0)
		wanted = "the octets, or a place at the same server";
	if (wanted)
		redirect_refused(t, wanted, to);
	return !wanted;
}

static bool is_redirect(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return !url_is_ldap(t->url) && status >= 300;
}

/* True: it goes on there. */
static bool follow(struct fetcher *f, struct transfer *t)
{
	curl_off_t us = 0;
	char *to = NULL;

	if (!is_redirect(t))
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
	if (!may_follow(t, to ? to : "nowhere"))
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &us);
	t->used_us += us;
	t->redirects++;
	t->got.octets.len = 0;
	return !curl_easy_setopt(t->easy, CURLOPT_URL, to) && set_bounds(t) &&
	       !curl_multi_add_handle(f->multi, t->easy);
}

static void reap(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left))) {
		CURLcode code = m->data.result;
		struct transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		curl_multi_remove_handle(f->multi, t->easy);
		if (!code && follow(f, t))
			continue;
		if (!code && is_redirect(t))
			code = CURLE_TOO_MANY_REDIRECTS;
		list_remove(&t->link);
		f->running_len--;
		finish(f, t, code);
	}
}

static void drop(struct fetcher *f, uint64_t id)
{
	LIST_EACH(t, &f->running, struct transfer, link) {
		if (t->id != id)
			continue;
		curl_multi_remove_handle(f->multi, t->easy);
		list_remove(&t->link);
		f->running_len--;
		transfer_free(t);
	}
}

static void drop_all(struct fetcher *f)
{
	struct drop *d;

	do {
		pthread_mutex_lock(&f->lock);
		d = list_empty(&f->drops) ? NULL
					  : CONTAINER_OF(f->drops.next, struct drop, link);
		if (d)
			list_remove(&d->link);
		pthread_mutex_unlock(&f->lock);
		if (d)
			drop(f, d->id);
		free(d);
	} while (d);
}

static void *work(void *arg)
{
	struct fetcher *f = arg;
	int running;

	for (;;) {
		struct transfer *t;
		bool stop;

		drop_all(f);
		do {
			pthread_mutex_lock(&f->lock);
			stop = f->stop;
			t = stop ? NULL : next_to_begin(f);
			pthread_mutex_unlock(&f->lock);
			if (t)
				begin(f, t);
		} while (t);
		if (stop)
			break;
		curl_multi_perform(f->multi, &running);
		reap(f);
		curl_multi_poll(f->multi, NULL, 0, TURN_MS, NULL);
	}
	LIST_EACH(t, &f->running, struct transfer, link)
		curl_multi_remove_handle(f->multi, t->easy);
	free_all(&f->running);
	return NULL;
}

/* Signals are for the threads of the program that it is part of. */
static bool start_thread(struct fetcher *f)
{
	sigset_t all, old;
	bool well;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	well = !pthread_create(&f->thread, NULL, work, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return well;
}

struct fetcher *fetcher_new(void (*wake)(void *ctx), void *ctx)
{
	struct fetcher *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->wake = wake;
	f->ctx = ctx;
	list_init(&f->asked);
	list_init(&f->done);
	list_init(&f->drops);
	list_init(&f->running);
	pthread_mutex_init(&f->lock, NULL);
	if (!curl_global_init(CURL_GLOBAL_DEFAULT)) {
		f->multi = curl_multi_init();
		if (f->multi && start_thread(f))
			return f;
		curl_multi_cleanup(f->multi);
		curl_global_cleanup();
	}
	pthread_mutex_destroy(&f->lock);
	free(f);
	return NULL;
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->multi);
	pthread_join(f->thread, NULL);
	free_all(&f->asked);
	free_all(&f->done);
	LIST_EACH(d, &f->drops, struct drop, link)
		free(d);
	curl_multi_cleanup(f->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* ---- the caller's side ---- */

static struct transfer *transfer_new(const struct fetch_ask *a)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->link);
	t->id = t->got.id = a->id;
	t->octets_max = a->octets_max;
	t->seconds = a->seconds ? a->seconds : 1;
	t->url = strdup(a->url);
	t->content_type = strdup(a->content_type ? a->content_type : "");
	url_host(a->url, t->host, sizeof(t->host));
	url_server(a->url, t->server, sizeof(t->server));
	if (t->url && t->content_type && bytes_copy(&t->post, a->post))
		return t;
	transfer_free(t);
	return NULL;
}

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *url)
{
	diag_set(why, "not-fetched", NULL, "%.180s is not fetched: %s", url,
		 err == CYG_LIMIT ? "too many fetches wait" : cyg_err_text(err));
	return err;
}

enum cyg_err fetcher_ask(struct fetcher *f, const struct fetch_ask *a, struct diag *why)
{
	enum cyg_err err = url_check(a->url, why);
	struct transfer *t;

	if (err)
		return err;
	t = transfer_new(a);
	if (!t)
		return refuse(why, CYG_NOMEM, a->url);
	pthread_mutex_lock(&f->lock);
	if (f->waiting < FETCH_WAITING) {
		list_append(&f->asked, &t->link);
		f->waiting++;
		t = NULL;
	}
	pthread_mutex_unlock(&f->lock);
	if (t) {
		transfer_free(t);
		return refuse(why, CYG_LIMIT, a->url);
	}
	curl_multi_wakeup(f->multi);
	return CYG_OK;
}

bool fetcher_take(struct fetcher *f, struct fetched *ret)
{
	struct transfer *t = NULL;

	pthread_mutex_lock(&f->lock);
	if (!list_empty(&f->done)) {
		t = CONTAINER_OF(f->done.next, struct transfer, link);
		list_remove(&t->link);
	}
	pthread_mutex_unlock(&f->lock);
	if (!t)
		return false;
	*ret = t->got;
	t->got.octets = (struct bytes){0};
	transfer_free(t);
	return true;
}

/* Take it out of a list, if it is there. Lock held. */
static struct transfer *take_of(struct list *from, uint64_t id)
{
	LIST_EACH(t, from, struct transfer, link) {
		if (t->id != id)
			continue;
		list_remove(&t->link);
		return t;
	}
	return NULL;
}

void fetcher_drop(struct fetcher *f, uint64_t id)
{
	struct transfer *t;
	struct drop *d = NULL;

	pthread_mutex_lock(&f->lock);
	t = take_of(&f->asked, id);
	f->waiting -= t != NULL;
	if (!t)
		t = take_of(&f->done, id);
	if (!t)
		d = calloc(1, sizeof(*d));
	if (d) {
		d->id = id;
		list_append(&f->drops, &d->link);
	}
	pthread_mutex_unlock(&f->lock);
	transfer_free(t);
	curl_multi_wakeup(f->multi);
}
