/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/store.h"

#include <stdlib.h>
#include <string.h>

static void stored_done(struct stored_cert *c)
{
	cert_done(&c->cert);
	free(c->file);
}

void stored_certs_done(struct stored_certs *s)
{
	for (size_t i = 0; i < s->len; i++)
		stored_done(&s->items[i]);
	free(s->items);
	*s = (struct stored_certs){0};
}

void stored_certs_forget(struct stored_certs *s, const char *file)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->len; i++) {
		if (strcmp(s->items[i].file, file))
			s->items[kept++] = s->items[i];
		else
			stored_done(&s->items[i]);
	}
	s->len = kept;
}

static bool make_room(struct stored_certs *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 8;
	struct stored_cert *bigger;

	while (cap < s->len + more)
		cap *= 2;
	if (cap == s->cap)
		return true;
	bigger = reallocarray(s->items, cap, sizeof(*bigger));
	if (!bigger)
		return false;
	s->items = bigger;
	s->cap = cap;
	return true;
}

static bool name_all(char **names, size_t len, const char *file)
{
	for (size_t i = 0; i < len; i++) {
		names[i] = strdup(file);
		if (names[i])
			continue;
		while (i)
			free(names[--i]);
		return false;
	}
	return true;
}

enum cyg_err stored_certs_put(struct stored_certs *s, const char *file, struct cert_list *take,
			      int64_t now)
{
	char *names[CERTS_IN_FILE_MAX];

	if (take->len > CERTS_IN_FILE_MAX || !make_room(s, take->len) ||
	    !name_all(names, take->len, file))
		return CYG_NOMEM;
	stored_certs_forget(s, file);
	for (size_t i = 0; i < take->len; i++)
		s->items[s->len++] = (struct stored_cert){take->items[i], names[i], now, !i};
	free(take->items);
	*take = (struct cert_list){0};
	return CYG_OK;
}

const struct stored_cert *stored_certs_find(const struct stored_certs *s, const char *file)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->items[i].first && !strcmp(s->items[i].file, file))
			return &s->items[i];
	return NULL;
}

const struct cert *stored_certs_issuer(const struct stored_certs *s, const struct cert *c)
{
	for (size_t i = 0; i < s->len; i++)
		if (cert_is_ca(&s->items[i].cert) && cert_is_issued_by(c, &s->items[i].cert))
			return &s->items[i].cert;
	return NULL;
}
