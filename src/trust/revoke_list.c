/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of revoked certificates, for listings. */
#include "trust/revoke.h"

#include <stdio.h>

/* Hexadecimal digits of the key of an issuer, and its certificate's number. */
struct told_issuer {
	char name[CERT_TEXT_MAX], key[KEY_ID_TEXT], serial[80];
};

static void tell_issuer(const struct cert *issuer, struct told_issuer *t)
{
	cert_print(issuer, t->name, sizeof(t->name));
	key_id_print(&issuer->key, t->key);
	cert_print_serial(issuer, t->serial, sizeof(t->serial));
}

static bool tell_list(const struct known_list *k, const struct listing_sink *sink)
{
	const char *uris[CRL_POINTS_MAX + 2] = {k->url};
	struct told_issuer issuer;
	char number[80], base[80];
	struct listed_crl told = {
		.installed = k->installed,
		.this_update = k->crl->this_update,
		.next_update = crl_until(k->crl),
		.revoked = k->crl->revoked,
		.issuer = issuer.name,
		.serial = crl_print_number(k->crl->number, number, sizeof(number)),
		.base = k->crl->base.len ? crl_print_number(k->crl->base, base, sizeof(base))
					 : NULL,
		.uris = uris,
		.authority_key = issuer.key,
		.authority_serial = issuer.serial,
	};

	tell_issuer(&k->crl->issuer, &issuer);
	return sink->take(sink->ctx, &told);
}

static bool is_pending(const struct source *s, enum trust_want_kind kind)
{
	return s->kind == kind && (s->state != SOURCE_QUIET || (s->asked_at && source_why(s)));
}

static bool tell_fetch(const struct source *s, const struct listing_sink *sink)
{
	const char *uris[2] = {s->url};
	struct told_issuer issuer;
	struct listed_crl told = {
		.issuer = issuer.name,
		.uris = uris,
		.requested = s->asked_at,
		.trials = s->trials + (s->state != SOURCE_QUIET),
	};

	tell_issuer(&s->issuer, &issuer);
	return sink->take(sink->ctx, &told);
}

static bool tell_answer(const struct known_answer *a, const struct listing_sink *sink)
{
	struct told_issuer issuer;
	char serial[2 * SERIAL_MAX + 1];
	struct listed_ocsp told = {
		.issuer = issuer.name,
		.uri = a->url,
		.authority_key = issuer.key,
		.authority_serial = issuer.serial,
		.this_update = a->says.this_update,
		.until = a->until,
		.serial = serial_print(&a->serial, serial, sizeof(serial)),
		.status = ocsp_status_name(a->says.status),
	};

	tell_issuer(&a->issuer, &issuer);
	return sink->take(sink->ctx, &told);
}

static bool tell_question(const struct source *s, const struct listing_sink *sink)
{
	struct told_issuer issuer;
	char serial[2 * SERIAL_MAX + 1];
	struct listed_ocsp told = {
		.issuer = issuer.name,
		.uri = s->url,
		.serial = serial_print(&s->serial, serial, sizeof(serial)),
		.requested = s->asked_at,
		.trials = s->trials + (s->state != SOURCE_QUIET),
	};

	tell_issuer(&s->issuer, &issuer);
	return sink->take(sink->ctx, &told);
}

static bool list_lists(const struct revoke *r, uint64_t *n, uint64_t *at,
		       const struct listing_sink *sink)
{
	LIST_EACH(k, &r->lists, struct known_list, link) {
		if ((*n)++ < *at)
			continue;
		++*at;
		if (!tell_list(k, sink))
			return false;
	}
	return true;
}

static bool list_answers(const struct revoke *r, uint64_t *n, uint64_t *at,
			 const struct listing_sink *sink)
{
	LIST_EACH(a, &r->answers, struct known_answer, link) {
		if ((*n)++ < *at)
			continue;
		++*at;
		if (!tell_answer(a, sink))
			return false;
	}
	return true;
}

bool revoke_list(const struct revoke *r, enum listing_kind kind, uint64_t *at,
		 const struct listing_sink *sink)
{
	enum trust_want_kind want = kind == LISTING_CRLS ? WANT_CRL : WANT_OCSP;
	uint64_t n = 0;

	if (kind == LISTING_CRLS && !list_lists(r, &n, at, sink))
		return false;
	if (kind == LISTING_OCSP && !list_answers(r, &n, at, sink))
		return false;
	LIST_EACH(s, &r->sources, struct source, link) {
		bool goes_on;

		if (!is_pending(s, want) || n++ < *at)
			continue;
		++*at;
		goes_on = want == WANT_CRL ? tell_fetch(s, sink) : tell_question(s, sink);
		if (!goes_on)
			return false;
	}
	return true;
}
