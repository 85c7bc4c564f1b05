/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pgp_store.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static void stored_free(struct stored_pgp *p)
{
	if (!p)
		return;
	key_done(&p->cert.key);
	free(p->file);
	free(p);
}

void stored_pgps_done(struct stored_pgps *s)
{
	for (size_t i = 0; i < s->len; i++)
		stored_free(s->items[i]);
	free(s->items);
	*s = (struct stored_pgps){0};
}

static size_t place_of(const struct stored_pgps *s, const char *file)
{
	size_t i = 0;

	while (i < s->len && strcmp(s->items[i]->file, file) != 0)
		i++;
	return i;
}

const struct stored_pgp *stored_pgps_find(const struct stored_pgps *s, const char *file)
{
	size_t i = place_of(s, file);

	return i < s->len ? s->items[i] : NULL;
}

static bool make_room(struct stored_pgps *s)
{
	struct stored_pgp **bigger = array_grow(s->items, s->len, &s->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	s->items = bigger;
	return true;
}

enum cyg_err stored_pgps_put(struct stored_pgps *s, const char *file, struct pgp_cert *take,
			     int64_t now)
{
	struct stored_pgp *p = calloc(1, sizeof(*p));
	size_t i = place_of(s, file);

	if (p)
		p->file = strdup(file);
	if (!p || !p->file || !make_room(s)) {
		if (p)
			free(p->file);
		free(p);
		return CYG_NOMEM;
	}
	p->cert = *take;
	p->installed = now;
	take->key = (struct key){0};
	if (i < s->len)
		stored_free(s->items[i]);
	else
		s->len++;
	s->items[i] = p;
	return CYG_OK;
}
