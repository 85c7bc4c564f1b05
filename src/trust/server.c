/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of news: which of them are silent, so that nobody waits for one that has kept others waiting. */
#include "base/url_server.h"
#include "trust/revoke.h"

#include <stdlib.h>
#include <string.h>

struct server *server_get(struct revoke *r, const char *url)
{
	char name[URL_SERVER_MAX];
	uint64_t key = hash_view(&r->key, view_str(url_server(url, name, sizeof(name))));
	struct server *s;

	for (struct map_node *n = map_first(&r->servers, key); n; n = map_next(n)) {
		s = CONTAINER_OF(n, struct server, node);
		if (!strcmp(s->name, name))
			return s;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->name = strdup(name);
	if (!s->name) {
		free(s);
		return NULL;
	}
	list_init(&s->sources);
	map_add(&r->servers, &s->node, key);
	return s;
}

void server_release(struct revoke *r, struct server *s)
{
	if (!list_empty(&s->sources))
		return;
	map_remove(&r->servers, &s->node);
	free(s->why);
	free(s->name);
	free(s);
}

int64_t retry_after(unsigned trials)
{
	int64_t wait = RETRY_SECONDS;

	for (unsigned i = 0; i < trials && wait < RETRY_SECONDS_MAX; i++)
		wait *= 2;
	return wait < RETRY_SECONDS_MAX ? wait : RETRY_SECONDS_MAX;
}

void server_asked(struct server *s, int64_t now)
{
	if (!s->silent_since)
		s->silent_since = now;
}

void server_heard(struct server *s, int64_t now)
{
	s->heard_at = now;
	s->silent_since = s->retry_at = 0;
	s->trials = 0;
	free(s->why);
	s->why = NULL;
}

void server_failed(struct server *s, const struct diag *why, int64_t now)
{
	s->silent_since = 0;
	s->retry_at = now + retry_after(s->trials++);
	if (!s->why)
		s->why = malloc(sizeof(*s->why));
	if (!s->why)
		return;
	diag_set(s->why, "server-silent", NULL, "the server %.200s does not answer", s->name);
	diag_got(s->why, "%s", why->got);
	diag_hint(s->why, "%s", why->hint);
}

bool server_is_slow(const struct server *s, int64_t now)
{
	return s->trials || (s->silent_since && now - s->silent_since > GRACE_SECONDS);
}
