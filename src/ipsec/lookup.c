/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getaddrinfo has no time limit of its own, and a thread in it can't be ended. So a child
 * process with some threads does the look-ups and writes each answer to a pipe, whole;
 * when the time is over it is killed with all that still waits.
 */
#include "ipsec/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 16

bool lookup_add(struct lookup *l, const char *name)
{
	struct lookup_name *n;
	size_t len = strlen(name) + 1;

	HASH_FIND_STR(l->names, name, n);
	if (n)
		return true;
	n = calloc(1, sizeof(*n) + len);
	if (!n)
		return false;
	memcpy(n->name, name, len);
	HASH_ADD_STR(l->names, name, n);
	if (!n->hh.tbl) { /* uthash had no memory */
		free(n);
		return false;
	}
	l->len++;
	return true;
}

const struct lookup_name *lookup_find(const struct lookup *l, const char *name)
{
	struct lookup_name *n;

	HASH_FIND_STR(l->names, name, n);
	return n;
}

void lookup_done(struct lookup *l)
{
	struct lookup_name *n, *next;

	HASH_ITER(hh, l->names, n, next) {
		HASH_DEL(l->names, n);
		free(n);
	}
	l->len = 0;
}

/* ---- the child ---- */

/* One answer; shorter than what a pipe takes as a whole. */
struct answer {
	uint32_t index;
	int32_t error;
	uint32_t len;
	struct ip_addr addrs[LOOKUP_ADDRS_MAX];
};

/* What its threads share. */
struct work {
	struct lookup_name *const *names;
	size_t len;
	int fd;
	pthread_mutex_t lock; /* over next */
	size_t next;
};

static void resolve(const struct lookup_name *n, struct answer *a)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;

	a->error = getaddrinfo(n->name, NULL, &hints, &list);
	for (struct addrinfo *at = list; at && a->len < LOOKUP_ADDRS_MAX; at = at->ai_next) {
		a->addrs[a->len] = endpoint_from_sockaddr(at->ai_addr).addr;
		a->len += ip_is_set(&a->addrs[a->len]);
	}
	if (list)
		freeaddrinfo(list);
}

static size_t take_next(struct work *w)
{
	size_t next;

	pthread_mutex_lock(&w->lock);
	next = w->next++;
	pthread_mutex_unlock(&w->lock);
	return next;
}

static void *work(void *ctx)
{
	struct work *w = ctx;
	size_t i;

	while ((i = take_next(w)) < w->len) {
		struct answer a = {.index = (uint32_t)i};

		resolve(w->names[i], &a);
		if (write(w->fd, &a, sizeof(a)) != (ssize_t)sizeof(a))
			break;
	}
	return NULL;
}

static void child_main(struct lookup_name *const *names, size_t len, int fd)
{
	struct work w = {.names = names,
			 .len = len,
			 .fd = fd,
			 .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[AT_ONCE];
	size_t n = 0;

	while (n < AT_ONCE && n < len && !pthread_create(&threads[n], NULL, work, &w))
		n++;
	if (!n)
		work(&w);
	while (n)
		pthread_join(threads[--n], NULL);
}

/* ---- the parent ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void take_answer(struct lookup_name *const *names, size_t len, const struct answer *a)
{
	struct lookup_name *n;

	if (a->index >= len || a->len > LOOKUP_ADDRS_MAX)
		return;
	n = names[a->index];
	n->answered = true;
	n->error = a->error;
	n->len = a->len;
	memcpy(n->addrs, a->addrs, sizeof(n->addrs));
}

/* Until the child has ended, or the time has. */
static void take_answers(struct lookup_name *const *names, size_t len, int fd, int64_t until)
{
	struct pollfd poll_in = {.fd = fd, .events = POLLIN};
	struct answer a;

	for (int64_t left; (left = until - now_ms()) > 0;) {
		int got = poll(&poll_in, 1, (int)left);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || read(fd, &a, sizeof(a)) != (ssize_t)sizeof(a))
			return;
		take_answer(names, len, &a);
	}
}

static void run_child(struct lookup_name *const *names, size_t len, unsigned milliseconds)
{
	int64_t until = now_ms() + milliseconds;
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return;
	pid = fork();
	if (!pid) {
		close(ends[0]);
		child_main(names, len, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (pid > 0)
		take_answers(names, len, ends[0], until);
	close(ends[0]);
	if (pid < 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

void lookup_run(struct lookup *l, unsigned milliseconds)
{
	struct lookup_name **names, *n, *next;
	size_t len = 0;

	if (!l->len)
		return;
	names = calloc(l->len, sizeof(struct lookup_name *));
	if (!names)
		return;
	HASH_ITER(hh, l->names, n, next)
		names[len++] = n;
	run_child(names, len, milliseconds);
	free(names);
}
