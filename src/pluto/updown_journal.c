/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line for each call: its sign, the number of the place, and the connection
 * for the first one. Lines are only added; when few of many still mean
 * something, the file is written anew.
 */
#include "pluto/updown_journal.h"

#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#define LINES_SPARE 1000
#define FILE_OCTETS_MAX ((off_t)64 << 20) /* of an earlier run; a longer one is not ours */

struct standing {
	UT_hash_handle hh;
	uint32_t place;
	bool up;
	char name[];
};

struct journal {
	int folder, fd;
	struct standing *standing; /* uthash, by place */
	size_t lines;
};

static const char signs[] = {
	[UPDOWN_PREPARE] = '\0', [UPDOWN_ROUTE] = '+',   [UPDOWN_UP] = '^',
	[UPDOWN_DOWN] = 'v',     [UPDOWN_UNROUTE] = '-',
};

/* ---- what stands ---- */

static struct standing *find(const struct journal *j, uint32_t place)
{
	struct standing *s;

	HASH_FIND(hh, j->standing, &place, sizeof(place), s);
	return s;
}

static bool stand(struct journal *j, uint32_t place, const char *name)
{
	size_t size = strlen(name) + 1;
	struct standing *s = calloc(1, sizeof(*s) + size);

	if (!s)
		return false;
	s->place = place;
	memcpy(s->name, name, size);
	HASH_ADD(hh, j->standing, place, sizeof(s->place), s);
	if (s->hh.tbl)
		return true;
	free(s);
	return false;
}

static void fall(struct journal *j, struct standing *s)
{
	HASH_DEL(j->standing, s);
	free(s);
}

/* True when the call changed anything. */
static bool apply(struct journal *j, char sign, uint32_t place, const char *name)
{
	struct standing *s = find(j, place);

	if (sign == '+')
		return !s && stand(j, place, name);
	if (!s)
		return false;
	if (sign == '-')
		fall(j, s);
	else if (s->up == (sign == '^'))
		return false;
	else
		s->up = sign == '^';
	return true;
}

/* ---- the file ---- */

static bool add(struct journal *j, const char *line, size_t len)
{
	j->lines++;
	return write(j->fd, line, len) == (ssize_t)len;
}

static bool add_call(struct journal *j, char sign, uint32_t place, const char *name)
{
	struct text t = {0};
	bool ok;

	text_add(&t, "%c %" PRIu32 " %s\n", sign, place, sign == '+' ? name : "");
	ok = !t.bad && add(j, text_str(&t), t.len);
	text_done(&t);
	return ok;
}

/* A new file in place of the old one, so that one of both is there at any moment. */
static bool write_anew(struct journal *j)
{
	int old = j->fd;
	bool ok = true;
	size_t lines = j->lines;

	unlinkat(j->folder, JOURNAL_FILE ".new", 0);
	j->fd = openat(j->folder, JOURNAL_FILE ".new",
		       O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->fd < 0) {
		j->fd = old;
		return false;
	}
	j->lines = 0;
	for (struct standing *s = j->standing; s; s = s->hh.next) {
		ok &= add_call(j, '+', s->place, s->name);
		if (s->up)
			ok &= add_call(j, '^', s->place, s->name);
	}
	ok = ok && renameat(j->folder, JOURNAL_FILE ".new", j->folder, JOURNAL_FILE) == 0;
	/* A full disk: the old one goes on. */
	if (!ok) {
		close(j->fd);
		unlinkat(j->folder, JOURNAL_FILE ".new", 0);
		j->fd = old;
		j->lines = lines;
	} else if (old >= 0) {
		close(old);
	}
	return ok;
}

static void read_line(struct journal *j, char *line)
{
	char *rest;
	unsigned long place;

	if (!*line || !strchr("+^v-", *line) || line[1] != ' ')
		return;
	place = strtoul(line + 2, &rest, 10);
	if (rest != line + 2 && *rest == ' ' && place <= UINT32_MAX)
		apply(j, *line, (uint32_t)place, rest + 1);
}

/* What an earlier run left; what is no line of ours is skipped. */
static void read_file(struct journal *j)
{
	int fd = openat(j->folder, JOURNAL_FILE,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (ftello(f) < FILE_OCTETS_MAX && (len = getline(&line, &cap, f)) > 0) {
		if (line[len - 1] != '\n')
			break; /* it was killed while writing */
		line[len - 1] = '\0';
		read_line(j, line);
	}
	free(line);
	fclose(f);
}

/* ---- from outside ---- */

static void fall_all(struct journal *j)
{
	while (j->standing)
		fall(j, j->standing);
}

enum cyg_err journal_open(int folder, struct journal **ret,
			  void (*left)(void *ctx, const char *connection, bool up), void *ctx)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		return CYG_NOMEM;
	j->folder = folder;
	j->fd = -1;
	read_file(j);
	for (struct standing *s = j->standing; s; s = s->hh.next)
		left(ctx, s->name, s->up);
	fall_all(j);
	if (!write_anew(j)) {
		if (j->fd >= 0)
			close(j->fd);
		free(j);
		return CYG_IO;
	}
	*ret = j;
	return CYG_OK;
}

bool journal_note(struct journal *j, const struct updown *u)
{
	char sign = signs[u->verb];
	struct text name = {0};
	bool ok = true;

	if (!sign)
		return true;
	text_add_str(&name, u->connection->name);
	if (u->instance)
		text_add(&name, "[%" PRIu32 "]", u->instance);
	if (apply(j, sign, u->place, text_str(&name))) {
		ok = add_call(j, sign, u->place, text_str(&name));
		if (j->lines > LINES_SPARE + 4 * (size_t)HASH_COUNT(j->standing))
			ok = write_anew(j);
	}
	text_done(&name);
	return ok;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	unlinkat(j->folder, JOURNAL_FILE, 0);
	fall_all(j);
	close(j->fd);
	free(j);
}
