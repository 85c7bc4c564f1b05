/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/radius.h"

#include "base/text.h"
#include "trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 1812
#define MILLISECONDS UINT64_C(1000) /* of a second */
#define SILENT_TIME 60000           /* milliseconds that a silent server comes last */
#define DATAGRAM_MAX 4096

/* On the heap by itself: the one of a server may still be closing when the next one is asked. */
struct line {
	uv_udp_t socket;
	struct ask *ask;
};

struct ask {
	struct list link;
	struct radius_client *client;
	struct trust_job *job;
	struct line *line; /* to the present server; NULL: none */
	uv_timer_t timer;
	unsigned handles; /* open, or about to close */
	bool ended;
	unsigned tried; /* servers, as bits */
	size_t server;
	unsigned tries;
	struct bytes datagram;
	char room[DATAGRAM_MAX];
};

void radius_init(struct radius_client *c)
{
	list_init(&c->asks);
}

/* ---- servers ---- */

static bool read_server(const char *word, struct endpoint *ret)
{
	char addr[80];
	const char *port = NULL, *end = word + strlen(word);
	uint64_t number = PORT;

	if (*word == '[') {
		end = strchr(word, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		port = end[1] ? end + 2 : NULL;
		word++;
	} else if (strchr(word, ':') && strchr(word, ':') == strrchr(word, ':')) {
		end = strchr(word, ':');
		port = end + 1;
	}
	if ((size_t)(end - word) >= sizeof(addr) ||
	    (port && !text_number(port, 1, UINT16_MAX, &number)))
		return false;
	memcpy(addr, word, (size_t)(end - word));
	addr[end - word] = '\0';
	ret->port = (uint16_t)number;
	return !ip_parse(addr, &ret->addr);
}

enum cyg_err radius_set_servers(struct radius_client *c, const char *text, struct diag *why)
{
	char word[96];

	c->len = 0;
	while (text && *(text += strspn(text, ", \t"))) {
		size_t len = strcspn(text, ", \t");

		if (c->len == RADIUS_SERVERS_MAX) {
			diag_set(why, "radius-servers", NULL, "more than %u RADIUS servers",
				 RADIUS_SERVERS_MAX);
			return CYG_LIMIT;
		}
		snprintf(word, sizeof(word), "%.*s", (int)(len < 95 ? len : 95), text);
		if (!read_server(word, &c->servers[c->len].at)) {
			diag_set(why, "radius-servers", NULL,
				 "a RADIUS server is no address with or without a port");
			diag_wanted(why, "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT");
			diag_got(why, "%s", word);
			return CYG_MALFORMED;
		}
		c->servers[c->len++].silent_until = 0;
		text += len;
	}
	return CYG_OK;
}

/* ---- one question ---- */

static void let_go(struct ask *a)
{
	if (--a->handles)
		return;
	bytes_wipe(&a->datagram);
	free(a);
}

static void on_timer_closed(uv_handle_t *handle)
{
	let_go(handle->data);
}

static void on_line_closed(uv_handle_t *handle)
{
	struct line *l = handle->data;

	let_go(l->ask);
	free(l);
}

static void close_line(struct ask *a)
{
	if (a->line)
		uv_close((uv_handle_t *)&a->line->socket, on_line_closed);
	a->line = NULL;
}

/* The question is over, whatever came of it. */
static struct trust_job *end(struct ask *a)
{
	struct trust_job *j = a->job;

	a->job = NULL;
	a->ended = true;
	list_remove(&a->link);
	a->client->asks_len--;
	close_line(a);
	uv_close((uv_handle_t *)&a->timer, on_timer_closed);
	return j;
}

static void give_up(struct ask *a, const struct diag *why)
{
	struct radius_client *c = a->client;
	struct trust_job *j = end(a);

	trust_radius_failed(j, why);
	c->done(c->ctx, j);
}

static void go_on(struct ask *a, struct diag *why);

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct ask *a = ((struct line *)handle->data)->ask;

	(void)suggested;
	*buf = uv_buf_init(a->room, sizeof(a->room));
}

static void on_datagram(uv_udp_t *socket, ssize_t len, const uv_buf_t *buf,
			const struct sockaddr *from, unsigned flags)
{
	struct line *l = socket->data;
	struct ask *a = l->ask;
	struct radius_client *c = a->client;
	struct trust_job *j;

	(void)from;
	if (a->ended || l != a->line || len <= 0 || flags & UV_UDP_PARTIAL ||
	    !trust_radius_answer(c->trust, a->job, view_of(buf->base, (size_t)len)))
		return;
	c->servers[a->server].silent_until = 0;
	j = end(a);
	c->done(c->ctx, j);
}

static void send_question(struct ask *a)
{
	uv_buf_t buf = uv_buf_init((char *)a->datagram.ptr, (unsigned)a->datagram.len);

	/* What does not leave is sent again. */
	uv_udp_try_send(&a->line->socket, &buf, 1, NULL);
}

static void explain_silence(const struct ask *a, struct diag *why)
{
	char at[ENDPOINT_TEXT_MAX];

	diag_set(why, "radius-silent", "RFC 2865 2.4",
		 "the RADIUS server %s gives no answer that is made with our secret",
		 endpoint_print(&a->client->servers[a->server].at, at));
	diag_wanted(why, "an answer to %u datagrams", a->client->tries);
	diag_hint(why, "see that it runs, knows this host as a client, has the same secret as "
		       "ipsec.secrets, and sends Message-Authenticator");
}

static void on_timer(uv_timer_t *timer)
{
	struct ask *a = timer->data;
	struct radius_client *c = a->client;
	struct diag why;

	if (++a->tries < c->tries) {
		send_question(a);
		uv_timer_start(timer, on_timer, c->seconds * MILLISECONDS << a->tries, 0);
		return;
	}
	c->servers[a->server].silent_until = uv_now(c->loop) + SILENT_TIME;
	explain_silence(a, &why);
	c->complain(c->ctx, &why);
	go_on(a, &why);
}

/* The next server: one that answers before one that did not; the bound one alone, if any. */
static bool choose(struct ask *a)
{
	struct radius_client *c = a->client;
	const struct ip_addr *bound = trust_radius_server(a->job);

	for (int silent = 0; silent < 2; silent++)
		for (size_t i = 0; i < c->len; i++) {
			struct radius_server *s = &c->servers[i];

			if (a->tried >> i & 1 || (bound && !ip_equal(bound, &s->at.addr)) ||
			    (!silent && s->silent_until > uv_now(c->loop)))
				continue;
			a->server = i;
			a->tried |= 1u << i;
			return true;
		}
	return false;
}

static bool open_line(struct ask *a)
{
	struct line *l = calloc(1, sizeof(*l));
	struct sockaddr_storage to;

	close_line(a);
	if (!l || uv_udp_init(a->client->loop, &l->socket)) {
		free(l);
		return false;
	}
	l->ask = a;
	l->socket.data = l;
	a->line = l;
	a->handles++;
	endpoint_to_sockaddr(&a->client->servers[a->server].at, &to);
	return !uv_udp_connect(&l->socket, (struct sockaddr *)&to) &&
	       !uv_udp_recv_start(&l->socket, on_room, on_datagram);
}

/* Ask the next server; without one it is over, `why` being the reason of the last one. */
static void go_on(struct ask *a, struct diag *why)
{
	struct radius_client *c = a->client;

	while (choose(a)) {
		bytes_wipe(&a->datagram);
		if (trust_radius_request(c->trust, a->job, &c->servers[a->server].at.addr,
					 &a->datagram, why)) {
			if (diag_is_set(why))
				c->complain(c->ctx, why);
			continue;
		}
		if (!open_line(a))
			continue;
		a->tries = 0;
		send_question(a);
		uv_timer_start(&a->timer, on_timer, c->seconds * MILLISECONDS, 0);
		return;
	}
	give_up(a, why);
}

void radius_ask(struct radius_client *c, struct trust_job *j)
{
	struct ask *a = c->closed || c->asks_len >= RADIUS_ASKS_MAX ? NULL
								    : calloc(1, sizeof(*a));
	struct diag why;

	diag_set(&why, "radius-none", NULL,
		 c->len ? "too many questions to RADIUS servers are under way"
			: "there is no RADIUS server to ask");
	diag_hint(&why, "%s",
		  c->len ? "see whether the servers keep up"
			 : "name them: radius-servers= of config setup");
	if (!a || !c->len || uv_timer_init(c->loop, &a->timer)) {
		free(a);
		trust_radius_failed(j, &why);
		c->done(c->ctx, j);
		return;
	}
	a->client = c;
	a->job = j;
	a->timer.data = a;
	a->handles = 1;
	list_append(&c->asks, &a->link);
	c->asks_len++;
	go_on(a, &why);
}

void radius_stop(struct radius_client *c)
{
	c->closed = true;
	LIST_EACH(a, &c->asks, struct ask, link)
		trust_job_free(end(a));
}
