/* SPDX-License-Identifier: Apache-2.0 */
/* What trust knows, for listings: names and places, never a secret. */
#include "trust/authority.h"
#include "trust/trust.h"

#define IDS_MAX 8 /* identities of one record that are told */

/* The record as it is told, and the storage of its texts. */
struct told {
	struct listed_psk psk;
	char ids[IDS_MAX][IDENT_TEXT_MAX];
	const char *list[IDS_MAX + 1];
};

static void tell_secret(const struct secret_record *r, struct told *t)
{
	size_t n = r->indices_len < IDS_MAX ? r->indices_len : IDS_MAX;

	for (size_t i = 0; i < n; i++)
		t->list[i] = ident_print(r->indices[i], t->ids[i], sizeof(t->ids[i]));
	t->list[n] = NULL;
	t->psk = (struct listed_psk){
		.file = r->file,
		.line = r->line,
		.kind = secret_record_word(r),
		.ids = t->list,
		.more = r->indices_len - n,
	};
}

static bool list_secrets(const struct secret_set *set, uint64_t *at,
			 const struct listing_sink *sink)
{
	const struct secret_record *r;
	struct told told;

	while ((r = secret_set_at(set, *at))) {
		++*at;
		tell_secret(r, &told);
		if (!sink->take(sink->ctx, &told.psk))
			return false;
	}
	return true;
}

bool trust_list(const struct trust *t, enum listing_kind kind, uint64_t *at,
		const struct listing_sink *sink)
{
	switch (kind) {
	case LISTING_PSKS:
		return list_secrets(trust_secrets(t), at, sink);
	case LISTING_CAINFOS:
		return authorities_list(trust_authorities(t), at, sink);
	default:
		return true;
	}
}
