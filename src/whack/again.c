/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/again.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OCTETS_MAX ((off_t)64 << 20) /* a longer one is not ours */

static void keep(struct again **all, const char *name)
{
	struct again *a = again_find(*all, name) ? NULL
						 : calloc(1, sizeof(*a) + strlen(name) + 1);

	if (!a)
		return;
	strcpy(a->name, name);
	HASH_ADD_STR(*all, name, a);
	if (!a->hh.tbl)
		free(a);
}

struct again *again_read(int folder)
{
	int fd = openat(folder, AGAIN_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	struct again *all = NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (ftello(f) < OCTETS_MAX && (len = getline(&line, &cap, f)) > 1 &&
	       line[len - 1] == '\n') {
		line[len - 1] = '\0';
		keep(&all, line);
	}
	free(line);
	fclose(f);
	return all;
}

struct again *again_find(struct again *all, const char *name)
{
	struct again *a;

	HASH_FIND_STR(all, name, a);
	return a;
}

void again_drop(struct again **all, struct again *one)
{
	HASH_DEL(*all, one);
	free(one);
}

void again_free(struct again *all)
{
	while (all)
		again_drop(&all, all);
}
