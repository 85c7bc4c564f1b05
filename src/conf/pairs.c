/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first and the last index of an end's networks. */
static size_t first_of(const struct end *e)
{
	return e->subnets_listed && e->subnets_listed == e->subnets_len ? 1 : 0;
}

static size_t last_of(const struct end *e)
{
	return e->subnets_listed;
}

static enum cyg_err name_pair(struct connection *c, size_t i, size_t j)
{
	size_t cap = strlen(c->name) + 16;
	char *name = malloc(cap);

	if (!name)
		return CYG_NOMEM;
	snprintf(name, cap, "%s/%zux%zu", c->name, i, j);
	c->aliases[c->aliases_len++] = name;
	return CYG_OK;
}

enum cyg_err pairs_name(struct connection *c)
{
	const struct end *l = &c->end[0], *r = &c->end[1];
	size_t pairs = (last_of(l) + 1 - first_of(l)) * (last_of(r) + 1 - first_of(r));
	enum cyg_err err = CYG_OK;
	char **bigger;

	if ((!l->subnets_listed && !r->subnets_listed) || pairs > PAIRS_MAX)
		return CYG_OK;
	bigger = reallocarray(c->aliases, c->aliases_len + pairs, sizeof(*bigger));
	if (!bigger)
		return CYG_NOMEM;
	c->aliases = bigger;
	for (size_t i = first_of(l); !err && i <= last_of(l); i++)
		for (size_t j = first_of(r); !err && j <= last_of(r); j++)
			err = name_pair(c, i, j);
	return err;
}

bool pairs_split(const char *name, char *ret, size_t cap)
{
	const char *slash = strrchr(name, '/'), *at;
	size_t n;

	if (!slash || (size_t)(slash - name) >= cap)
		return false;
	at = slash + 1;
	n = strspn(at, "0123456789");
	if (!n || at[n] != 'x')
		return false;
	at += n + 1;
	n = strspn(at, "0123456789");
	if (!n || at[n])
		return false;
	memcpy(ret, name, (size_t)(slash - name));
	ret[slash - name] = '\0';
	return true;
}
