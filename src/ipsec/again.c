/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct again *again_read(const struct paths *p)
{
	char path[2048], *line = NULL;
	struct again *all = NULL;
	size_t cap = 0;
	ssize_t len;
	FILE *f = paths_join(path, sizeof(path), p->rundir, "pluto.routed") ? fopen(path, "re")
									    : NULL;

	if (!f)
		return NULL;
	while ((len = getline(&line, &cap, f)) > 1)
		if (line[len - 1] == '\n') {
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

void again_free(struct again *all)
{
	struct again *a, *next;

	HASH_ITER(hh, all, a, next) {
		HASH_DEL(all, a);
		free(a);
	}
}
