/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/revoke.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void revoke_init(struct revoke *r, struct crypto *crypto, const struct authorities *authorities)
{
	struct entropy e = crypto ? crypto_entropy(crypto) : entropy_system();

	*r = (struct revoke){.crypto = crypto,
			     .authorities = authorities,
			     .rules = {.patience = 20}};
	/* Without randomness look-ups are slower for whoever chooses his numbers, and right. */
	if (!hash_key_draw(&e, &r->key))
		r->key = (struct hash_key){{1, 2}};
	list_init(&r->sources);
	list_init(&r->wanted);
	list_init(&r->unwanted);
	list_init(&r->lists);
	list_init(&r->answers);
	list_init(&r->signers);
	list_init(&r->proofs);
	list_init(&r->broken);
	list_init(&r->files);
}

/* ---- what is kept ---- */

static void known_list_free(struct revoke *r, struct known_list *k)
{
	map_remove(&r->lists_by_issuer, &k->node);
	list_remove(&k->link);
	crl_free(k->crl);
	free(k->file);
	free(k->url);
	free(k);
}

static void answer_free(struct revoke *r, struct known_answer *a)
{
	map_remove(&r->answers_by_key, &a->node);
	list_remove(&a->link);
	r->answers_len--;
	cert_done(&a->issuer);
	ocsp_signer_drop(r, a->signer);
	free(a->url);
	free(a);
}

void revoke_done(struct revoke *r)
{
	LIST_EACH(s, &r->sources, struct source, link)
		source_free(r, s);
	LIST_EACH(k, &r->lists, struct known_list, link)
		known_list_free(r, k);
	LIST_EACH(a, &r->answers, struct known_answer, link)
		answer_free(r, a);
	LIST_EACH(f, &r->files, struct saved_file, link) {
		bytes_done(&f->octets);
		free(f);
	}
	LIST_EACH(u, &r->unwanted, struct unwanted, link)
		free(u);
	proofs_done(r);
	map_done(&r->by_key);
	map_done(&r->ids);
	map_done(&r->servers);
	map_done(&r->lists_by_issuer);
	map_done(&r->answers_by_key);
}

static uint64_t issuer_hash(const struct revoke *r, const struct issuer_id *id)
{
	return hash_view(&r->key, view_of(id, sizeof(*id)));
}

/* Of a certificate, for the maps. */
static uint64_t hash_of(const struct revoke *r, const struct issuer_id *id,
			const struct serial *serial)
{
	return issuer_hash(r, id) ^ hash_view(&r->key, view_of(serial, sizeof(*serial)));
}

/* ---- lists ---- */

static struct known_list *list_of(const struct map_node *n)
{
	return CONTAINER_OF(n, struct known_list, node);
}

static struct known_list *find_same(struct revoke *r, const struct crl *c)
{
	struct map_node *n = map_first(&r->lists_by_issuer, issuer_hash(r, &c->issuer_id));

	for (; n; n = map_next(n))
		if (issuer_id_equal(&list_of(n)->crl->issuer_id, &c->issuer_id) &&
		    crl_same_scope(list_of(n)->crl, c))
			return list_of(n);
	return NULL;
}

static enum cyg_err refuse_old(const struct crl *c, const struct known_list *there,
			       struct diag *why)
{
	char issuer[CERT_TEXT_MAX], old[40], new[40], number[2][80];

	diag_set(why, "crl-not-newer", "RFC 5280 6.3.3",
		 "the list of %.120s is not newer than the one that is there",
		 cert_print(&c->issuer, issuer, sizeof(issuer)));
	diag_wanted(why, "one made after %s, number %s",
		    cert_print_time(there->crl->this_update, old, sizeof(old)),
		    crl_print_number(there->crl->number, number[0], sizeof(number[0])));
	diag_got(why, "one made at %s, number %s",
		 cert_print_time(c->this_update, new, sizeof(new)),
		 crl_print_number(c->number, number[1], sizeof(number[1])));
	diag_hint(why,
		  "the newer one stays; to go back all the same, take the file away, ipsec "
		  "auto --rereadcrls, and put it there again");
	return CYG_EXISTS;
}

static struct known_list *known_list_new(const char *file, const char *url)
{
	struct known_list *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->file = file ? strdup(file) : NULL;
	k->url = url ? strdup(url) : NULL;
	if ((!file || k->file) && (!url || k->url))
		return k;
	free(k->file);
	free(k->url);
	free(k);
	return NULL;
}

/* The name is a hash, so that nothing that an issuer writes gets into it. */
static void save(struct revoke *r, const struct crl *c)
{
	struct view parts[3] = {view_of(&c->issuer_id, sizeof(c->issuer_id)), c->scope,
				view_str(c->base.len ? "delta" : "")};
	struct saved_file *f = calloc(1, sizeof(*f));
	uint8_t hash[32];
	size_t used = 0;

	if (!f || hash_compute(r->crypto, HASH_SHA2_256, parts, 3, hash) ||
	    !bytes_copy(&f->octets, view_bytes(&c->octets))) {
		free(f);
		return;
	}
	buf_add_hex(f->name, sizeof(f->name), &used, view_of(hash, 16));
	buf_add(f->name, sizeof(f->name), &used, "%s.crl", c->base.len ? "-delta" : "");
	list_append(&r->files, &f->link);
}

static bool is_overdue(const struct crl *c, int64_t now)
{
	return crl_until(c) < now - OCSP_SKEW || c->this_update > now + OCSP_SKEW;
}

/*
 * Whether the one that is there makes room. Time and number both go on, from a file, too: else an old
 * copy would let in again who was revoked since. A number may begin anew once the last list is overdue.
 */
static bool gives_way(const struct known_list *there, const struct crl *new, bool is_file,
		      int64_t now)
{
	int age = crl_compare_age(new, there->crl);

	if (crl_number_is_lower(new, there->crl) && !is_overdue(there->crl, now))
		return false;
	return age > 0 || (is_file && age == 0);
}

enum cyg_err revoke_put_list(struct revoke *r, struct crl *take, const char *file,
			     const char *url, int64_t now, struct diag *why)
{
	struct known_list *there = find_same(r, take), *k;

	if (there && !gives_way(there, take, file, now)) {
		enum cyg_err err = refuse_old(take, there, why);

		if (file)
			there->round = r->round; /* it stands for the file's */
		crl_free(take);
		return err;
	}
	k = known_list_new(file, url || !there ? url : there->url);
	if (!k) {
		crl_free(take);
		diag_set(why, "no-memory", NULL, "memory is short");
		return CYG_NOMEM;
	}
	k->crl = take;
	k->installed = now;
	k->round = r->round;
	if (there)
		known_list_free(r, there);
	r->lists_taken++;
	list_append(&r->lists, &k->link);
	map_add(&r->lists_by_issuer, &k->node, issuer_hash(r, &take->issuer_id));
	if (url && r->rules.cache)
		save(r, take);
	return CYG_OK;
}

void revoke_files_begin(struct revoke *r)
{
	r->round++;
}

void revoke_files_end(struct revoke *r)
{
	LIST_EACH(k, &r->lists, struct known_list, link)
		if (k->file && k->round != r->round)
			known_list_free(r, k);
}

const char *revoke_files_gone(const struct revoke *r, bool begun, size_t at)
{
	const char *last = NULL;

	LIST_EACH(k, &r->lists, struct known_list, link) {
		if (!k->file || (begun && k->round == r->round) ||
		    (last && !strcmp(last, k->file))) /* a file may have several */
			continue;
		if (!at--)
			return k->file;
		last = k->file;
	}
	return NULL;
}

void revoke_files_keep(struct revoke *r, const char *file)
{
	LIST_EACH(k, &r->lists, struct known_list, link)
		if (k->file && !strcmp(k->file, file))
			k->round = r->round;
}

/* ---- what they say ---- */

#define FAILURES_TOLD 4

/* What is known of one certificate, and of which time. */
struct news {
	bool revoked, good;
	int64_t revoked_at;
	int64_t list_until, /* of the newest list that is overdue; 0: none */
		list_from;  /* of one that is yet to hold; 0: none */
	int reason;
	bool by_server, has_uri, list_seen;
	struct source *waits;
	const struct diag *failed[FAILURES_TOLD]; /* in the order they were tried */
	size_t failed_len;
};

static void take_entry(struct news *n, const struct crl_entry *e)
{
	n->revoked = true;
	n->revoked_at = e->date;
	n->reason = e->reason;
}

/* The newest delta that may be added to a list; NULL. */
static const struct crl *delta_to(const struct revoke *r, const struct crl *list)
{
	struct map_node *n = map_first(&r->lists_by_issuer, issuer_hash(r, &list->issuer_id));

	for (; n; n = map_next(n))
		if (issuer_id_equal(&list_of(n)->crl->issuer_id, &list->issuer_id) &&
		    crl_delta_fits(list_of(n)->crl, list))
			return list_of(n)->crl;
	return NULL;
}

/* A list that was read from a file is refreshed from where its certificates say it is. */
static void note_place(const struct revoke *r, struct known_list *k, const struct chain_link *l)
{
	if (!k->url && r->rules.interval && l->crl[0])
		k->url = source_url(r, l->crl[0], &l->issuer);
}

/* What a list and its delta say. */
static void ask_list(const struct revoke *r, const struct crl *c, const struct chain_link *l,
		     int64_t now, struct news *n)
{
	const struct crl *delta = delta_to(r, c);
	bool current = !is_overdue(c, now) || (delta && !is_overdue(delta, now));
	struct crl_entry e;

	n->list_seen = true;
	if (delta && crl_find(delta, &l->serial, &e)) {
		if (e.reason != CRL_REASON_REMOVED)
			take_entry(n, &e);
		else if (current)
			n->good = true;
	} else if (crl_find(c, &l->serial, &e)) {
		take_entry(n, &e);
	} else if (current) {
		n->good = true;
	}
	if (!current && c->this_update > now)
		n->list_from = c->this_update;
	else if (!current && crl_until(c) > n->list_until)
		n->list_until = crl_until(c);
}

static void ask_lists(const struct revoke *r, const struct chain_link *l, int64_t now,
		      struct news *n)
{
	struct map_node *m = map_first(&r->lists_by_issuer, issuer_hash(r, &l->issuer_id));

	for (; m && !n->revoked; m = map_next(m)) {
		const struct crl *c = list_of(m)->crl;

		if (!issuer_id_equal(&c->issuer_id, &l->issuer_id) || c->base.len ||
		    !crl_covers(c, l))
			continue;
		note_place(r, list_of(m), l);
		ask_list(r, c, l, now, n);
	}
}

bool revoke_has_list(const struct revoke *r, const struct issuer_id *issuer)
{
	struct map_node *m = map_first(&r->lists_by_issuer, issuer_hash(r, issuer));

	for (; m; m = map_next(m))
		if (issuer_id_equal(&list_of(m)->crl->issuer_id, issuer) &&
		    !list_of(m)->crl->base.len)
			return true;
	return false;
}

bool revoke_is_listed(const struct revoke *r, const struct issuer_id *issuer,
		      const struct serial *serial)
{
	struct chain_link l = {.issuer_id = *issuer, .serial = *serial};
	struct map_node *m = map_first(&r->lists_by_issuer, issuer_hash(r, issuer));
	struct news n = {0};

	for (; m && serial->len && !n.revoked; m = map_next(m)) {
		const struct crl *c = list_of(m)->crl;

		if (issuer_id_equal(&c->issuer_id, issuer) && !c->base.len && crl_covers(c, &l))
			ask_list(r, c, &l, 0, &n);
	}
	return n.revoked;
}

static struct known_answer *find_answer(const struct revoke *r, const struct issuer_id *id,
					const struct serial *serial)
{
	struct map_node *n = map_first(&r->answers_by_key, hash_of(r, id, serial));

	for (; n; n = map_next(n)) {
		struct known_answer *a = CONTAINER_OF(n, struct known_answer, node);

		if (issuer_id_equal(&a->issuer_id, id) && serial_equal(&a->serial, serial))
			return a;
	}
	return NULL;
}

/* True: a server has said it, and it counts. */
static bool ask_answers(const struct revoke *r, const struct chain_link *l, int64_t now,
			enum judging how, struct news *n)
{
	const struct known_answer *a = find_answer(r, &l->issuer_id, &l->serial);
	int64_t until = a ? a->until : 0;

	if (a && a->once && how == JUDGE_PROOF)
		until += OCSP_AGE_MAX;
	if (!a || (a->says.status != OCSP_STATUS_REVOKED && until < now) ||
	    revoke_is_listed(r, &l->issuer_id, &a->says.delegate))
		return false;
	if (a->says.status == OCSP_STATUS_REVOKED) {
		n->by_server = true;
		n->revoked = true;
		n->revoked_at = a->says.revoked_at;
		n->reason = a->says.reason;
		return true;
	}
	n->good = a->says.status == OCSP_STATUS_GOOD;
	return n->good;
}

/* ---- whom to ask ---- */

/* A server's silence is told once, however many of its places there are. */
static void note_failure(struct news *n, const struct diag *why)
{
	for (size_t i = 0; i < n->failed_len; i++)
		if (n->failed[i] == why)
			return;
	if (why && n->failed_len < FAILURES_TOLD)
		n->failed[n->failed_len++] = why;
}

/* One place: true when it is to be waited for. */
static bool try_source(struct revoke *r, enum trust_want_kind kind, const char *url,
		       const struct chain_link *l, int64_t now, struct news *n)
{
	struct source *s = source_get(r, kind, url, l);

	n->has_uri = true;
	if (!s)
		return false;
	if (source_ask(r, s, now)) {
		n->waits = s;
		return true;
	}
	note_failure(n, source_why(s));
	return false;
}

static bool try_all(struct revoke *r, enum trust_want_kind kind, char *const *urls,
		    const struct chain_link *l, int64_t now, struct news *n)
{
	for (; *urls; urls++)
		if (try_source(r, kind, *urls, l, now, n))
			return true;
	return false;
}

static bool try_places(struct revoke *r, enum trust_want_kind kind, const struct chain_link *l,
		       int64_t now, struct news *n)
{
	const struct authority *says = NULL;

	while ((says = authorities_find(r->authorities, &l->issuer, says)))
		for (size_t i = 0; i < 2; i++) {
			const char *url = kind == WANT_OCSP ? says->ocspuri[i]
							    : says->crluri[i];

			if (url && try_source(r, kind, url, l, now, n))
				return true;
		}
	return try_all(r, kind, kind == WANT_OCSP ? l->ocsp : l->crl, l, now, n);
}

static bool names_places(const struct revoke *r, const struct chain_link *l)
{
	const struct authority *says = NULL;

	while ((says = authorities_find(r->authorities, &l->issuer, says)))
		if (says->ocspuri[0] || says->ocspuri[1] || says->crluri[0] || says->crluri[1])
			return true;
	return l->ocsp[0] || l->crl[0];
}

/* A list that tells where its delta is wants it, but goes without when it can't be had. */
static bool try_deltas(struct revoke *r, const struct chain_link *l, int64_t now,
		       struct news *n)
{
	struct map_node *m = map_first(&r->lists_by_issuer, issuer_hash(r, &l->issuer_id));

	for (; m; m = map_next(m)) {
		const struct crl *c = list_of(m)->crl, *delta;

		if (c->base.len || !issuer_id_equal(&c->issuer_id, &l->issuer_id) ||
		    !crl_covers(c, l) || !c->number.len)
			continue;
		delta = delta_to(r, c);
		if (delta && !is_overdue(delta, now))
			continue;
		if ((c->delta_url && try_source(r, WANT_CRL, c->delta_url, l, now, n)) ||
		    try_all(r, WANT_CRL, l->delta, l, now, n))
			return true;
	}
	return false;
}

/* All that is known of one certificate, or who is to be waited for. */
static void find_news(struct revoke *r, const struct chain_link *l, int64_t now,
		      enum judging how, struct news *n)
{
	bool patient = how != JUDGE_SILENTLY, listed_good;

	*n = (struct news){.reason = -1, .has_uri = names_places(r, l)};
	if (!l->serial.len)
		return;
	ask_lists(r, l, now, n); /* whatever a server says, who is listed is revoked */
	listed_good = n->good;
	n->good = false;
	if (n->revoked || ask_answers(r, l, now, how, n))
		return;
	if (patient && try_places(r, WANT_OCSP, l, now, n))
		return;
	n->good = listed_good;
	if (!patient)
		return;
	if (!n->good && try_places(r, WANT_CRL, l, now, n))
		return;
	if (try_deltas(r, l, now, n))
		n->good = false;
}

/* ---- verdicts ---- */

static void explain_revoked(const struct chain_link *l, const struct news *n, struct diag *why)
{
	char at[40], issuer[CERT_TEXT_MAX];

	diag_set(why, "certificate-revoked", "RFC 5280 6.3",
		 "the certificate of %.120s was revoked by its authority", l->subject);
	diag_wanted(why, "one that is in no list of %.200s and that no server calls revoked",
		    cert_print(&l->issuer, issuer, sizeof(issuer)));
	diag_got(why, "%s: revoked at %s (%s)",
		 n->by_server ? "an OCSP server's answer" : "a list",
		 cert_print_time(n->revoked_at, at, sizeof(at)),
		 n->reason < 0 ? "no reason given" : crl_reason_name(n->reason));
	diag_hint(why, "have a new one issued; ipsec auto %s  shows what is known",
		  n->by_server ? "--listocsp" : "--listcrls");
}

/* Each place that failed: the last one alone may be the least of it. */
static void tell_failures(const struct news *n, struct diag *why)
{
	char text[400];
	size_t used = 0;

	for (size_t i = 0; i < n->failed_len; i++) {
		const struct diag *d = n->failed[i];

		buf_add(text, sizeof(text), &used, "%s%.*s%s%s", i ? "; " : "",
			(int)(sizeof(text) / n->failed_len - 20), d->sentence,
			d->got[0] && n->failed_len == 1 ? ": " : "",
			n->failed_len == 1 ? d->got : "");
	}
	diag_got(why, "%s", text);
}

static void explain_unknown(const struct revoke *r, const struct chain_link *l,
			    const struct news *n, struct diag *why)
{
	char at[40], issuer[CERT_TEXT_MAX];

	diag_set(why, "revocation-unknown", "RFC 5280 6.3",
		 "whether the certificate of %.100s was revoked is not known, and "
		 "strictcrlpolicy=%s asks for it",
		 l->subject, r->rules.policy == CRL_POLICY_YES ? "yes" : "ifuri");
	diag_wanted(why, "a list of %.200s that is not overdue, or an OCSP server's answer",
		    cert_print(&l->issuer, issuer, sizeof(issuer)));
	if (n->failed_len)
		tell_failures(n, why);
	else if (n->list_from)
		diag_got(why, "a list that holds only from %s on: is this host's clock right?",
			 cert_print_time(n->list_from, at, sizeof(at)));
	else if (n->list_until)
		diag_got(why, "a list whose next one was due at %s",
			 cert_print_time(n->list_until, at, sizeof(at)));
	else
		diag_got(why, "%s",
			 n->has_uri ? "no answer in time" : "none, and no place to ask");
	if (n->has_uri)
		diag_hint(why, "ipsec auto --rereadcrls  lets it be asked again");
	else
		diag_hint(why,
			  "put the list into ipsec.d/crls, or say crluri= in a ca section");
}

static bool wants_news(const struct revoke *r, const struct news *n)
{
	return r->rules.policy == CRL_POLICY_YES ||
	       (r->rules.policy == CRL_POLICY_IF_URI && n->has_uri);
}

enum standing revoke_judge(struct revoke *r, const struct chain *c, int64_t now,
			   enum judging how, struct source **ret_source, struct diag *why)
{
	struct source *waits = NULL;

	for (size_t i = 0; i < c->len; i++) {
		const struct chain_link *l = &c->links[i];
		struct news n;

		find_news(r, l, now, how, &n);
		if (n.revoked) {
			explain_revoked(l, &n, why);
			return STANDING_REFUSED;
		}
		if (n.waits) {
			waits = waits ? waits : n.waits;
		} else if (!n.good && wants_news(r, &n)) {
			explain_unknown(r, l, &n, why);
			return STANDING_REFUSED;
		}
	}
	if (!waits)
		return STANDING_GOOD;
	*ret_source = waits;
	return STANDING_WAITS;
}

/* ---- servers' answers ---- */

/* A server that has forgotten the certificate does not say that it is good again. */
static bool unsays_nothing(const struct known_answer *there, const struct ocsp_answer *new)
{
	return there->says.status == OCSP_STATUS_REVOKED && new->status == OCSP_STATUS_UNKNOWN;
}

static enum cyg_err put_answer(struct revoke *r, const struct issuer_id *id,
			       const struct cert *issuer, const struct serial *serial,
			       const char *url, const struct ocsp_answer *says, int64_t now)
{
	struct known_answer *a = find_answer(r, id, serial);

	if (a && (a->says.this_update > says->this_update || unsays_nothing(a, says)))
		return CYG_OK; /* somebody may be replaying it: the newer one counts */
	if (a)
		answer_free(r, a);
	if (r->answers_len == ANSWERS_MAX)
		answer_free(r, CONTAINER_OF(r->answers.next, struct known_answer, link));
	a = calloc(1, sizeof(*a));
	if (!a)
		return CYG_NOMEM;
	a->url = strdup(url);
	if (!a->url) {
		free(a);
		return CYG_NOMEM;
	}
	a->issuer_id = *id;
	a->serial = *serial;
	a->issuer = cert_copy(issuer);
	a->says = *says;
	a->says.signer = (struct cert){0};
	a->signer = ocsp_signer_hold(r, &says->signer, url, now);
	a->once = !says->next_update;
	a->until = a->once ? now + ONCE_SECONDS : says->next_update;
	list_append(&r->answers, &a->link);
	r->answers_len++;
	map_add(&r->answers_by_key, &a->node, hash_of(r, id, serial));
	return CYG_OK;
}

enum cyg_err revoke_put_answer(struct revoke *r, const struct source *s,
			       const struct ocsp_answer *says, int64_t now)
{
	return put_answer(r, &s->issuer_id, &s->issuer, &s->serial, s->url, says, now);
}

bool revoke_was_told(const struct revoke *r, const struct source *s)
{
	const struct known_answer *a = find_answer(r, &s->issuer_id, &s->serial);

	return a && a->says.status == OCSP_STATUS_REVOKED;
}

enum cyg_err revoke_put_kept(struct revoke *r, const struct chain_link *l,
			     const struct ocsp_answer *says, int64_t now)
{
	return put_answer(r, &l->issuer_id, &l->issuer, &l->serial, "ipsec.d/crls", says, now);
}

static bool is_among(const struct stored_certs *certs, const uint8_t key[KEY_ID_LEN])
{
	for (size_t i = 0; i < certs->len; i++)
		if (!memcmp(certs->items[i]->cert.key.id, key, KEY_ID_LEN))
			return true;
	return false;
}

void revoke_keep_signers(struct revoke *r, const struct stored_certs *signers)
{
	LIST_EACH(a, &r->answers, struct known_answer, link)
		if (a->says.by_own && a->says.status != OCSP_STATUS_REVOKED &&
		    !is_among(signers, a->says.own_key))
			answer_free(r, a);
}

void revoke_purge_answers(struct revoke *r)
{
	LIST_EACH(a, &r->answers, struct known_answer, link)
		answer_free(r, a);
}

void revoke_forget_failures(struct revoke *r)
{
	LIST_EACH(s, &r->sources, struct source, link)
		s->retry_at = s->server->retry_at = 0;
}
