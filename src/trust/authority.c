/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/authority.h"

#include "base/array.h"
#include "base/text.h"
#include "conn/dn.h"
#include "conn/group_names.h"
#include "trust/cert.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static void known_free(struct known_authority *k)
{
	if (k) {
		free(k->says);
		free((void *)k->groups);
		cert_list_done(&k->certs);
	}
	free(k);
}

static struct known_authority *known_new(const struct authority *says,
					 const struct cert_names *names, int64_t now)
{
	struct known_authority *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->says = authority_copy(says);
	k->installed = now;
	k->has_certificate = names != NULL;
	if (names)
		k->names = *names;
	if (k->says && says->groups)
		k->groups = group_names_split(says->groups);
	if (k->says && !says->groups == !k->groups)
		return k;
	known_free(k);
	return NULL;
}

/* Where a name stands, or where it would. */
static size_t place_of(const struct authorities *a, const char *name)
{
	size_t low = 0, high = a->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(a->items[mid]->says->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool make_room(struct authorities *a)
{
	struct known_authority **items = array_grow(a->items, a->len, &a->cap, sizeof(*items));

	if (!items)
		return false;
	a->items = items;
	return true;
}

enum cyg_err authorities_add(struct authorities *a, const struct authority *says,
			     const struct cert_names *names, struct cert_list *take,
			     int64_t now)
{
	size_t at = place_of(a, says->name);
	bool replaces = at < a->len && !strcmp(a->items[at]->says->name, says->name);
	struct known_authority *k;

	if (!replaces && !make_room(a))
		return CYG_NOMEM;
	k = known_new(says, names, now);
	if (!k)
		return CYG_NOMEM;
	if (take) {
		k->certs = *take;
		*take = (struct cert_list){0};
	}
	if (replaces) {
		known_free(a->items[at]);
	} else {
		memmove(a->items + at + 1, a->items + at, (a->len - at) * sizeof(*a->items));
		a->len++;
	}
	a->items[at] = k;
	return CYG_OK;
}

size_t authorities_delete(struct authorities *a, const char *pattern)
{
	size_t kept = 0, before = a->len;

	for (size_t i = 0; i < before; i++) {
		if (fnmatch(pattern, a->items[i]->says->name, 0))
			a->items[kept++] = a->items[i];
		else
			known_free(a->items[i]);
	}
	a->len = kept;
	return before - kept;
}

const struct authority *authorities_find(const struct authorities *a, const struct cert *issuer,
					 const struct authority *after)
{
	bool passed = !after;

	for (size_t i = 0; i < a->len; i++) {
		const struct known_authority *k = a->items[i];
		struct view subject = view_of(k->names.subject, k->names.subject_len);

		if (passed && k->has_certificate &&
		    !memcmp(k->names.key_id, issuer->key.id, CERT_ID_LEN) &&
		    view_equal(subject, cert_subject(issuer)))
			return k->says;
		passed |= k->says == after;
	}
	return NULL;
}

void authorities_done(struct authorities *a)
{
	for (size_t i = 0; i < a->len; i++)
		known_free(a->items[i]);
	free(a->items);
	*a = (struct authorities){0};
}

/* ---- listing ---- */

/* Storage of the texts of one record. */
struct told {
	struct listed_cainfo info;
	char authority[1024], key_id[2 * CERT_ID_LEN + 1], subject_key[2 * CERT_ID_MAX + 1];
	const char *crl[3], *ocsp[3];
};

static void put_hex(char *buf, size_t cap, const uint8_t *octets, size_t len)
{
	size_t used = 0;

	buf[0] = '\0';
	buf_add_hex(buf, cap, &used, view_of(octets, len));
}

/* Those that are said, ended by NULL. */
static listing_texts texts_of(const char *const from[2], const char *to[3])
{
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		if (from[i])
			to[n++] = from[i];
	to[n] = NULL;
	return to;
}

static void tell(const struct known_authority *k, struct told *t)
{
	const struct authority *says = k->says;
	const struct cert_names *n = &k->names;

	t->info = (struct listed_cainfo){
		.installed = k->installed,
		.name = says->name,
		.certificate = says->cacert,
		.crl_uris = texts_of(says->crluri, t->crl),
		.ocsp_uris = texts_of(says->ocspuri, t->ocsp),
		.ldap_host = says->ldaphost,
		.certificate_base = says->certuribase,
		.groups = k->groups,
	};
	if (!k->has_certificate) {
		t->info.error = "its certificate was not read";
		return;
	}
	t->info.authority = dn_print(view_of(n->subject, n->subject_len), t->authority,
				     sizeof(t->authority));
	put_hex(t->key_id, sizeof(t->key_id), n->key_id, sizeof(n->key_id));
	t->info.key_id = t->key_id;
	put_hex(t->subject_key, sizeof(t->subject_key), n->subject_key, n->subject_key_len);
	t->info.authority_key = t->subject_key;
}

bool authorities_list(const struct authorities *a, uint64_t *at,
		      const struct listing_sink *sink)
{
	struct told told;

	while (*at < a->len) {
		tell(a->items[(*at)++], &told);
		if (!sink->take(sink->ctx, &told.info))
			return false;
	}
	return true;
}
