/* SPDX-License-Identifier: Apache-2.0 */
/* News of certificates: what is wanted of the world, what came, and who goes on with it. */
#include "crypto/hash.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trust_set_rules(struct trust *t, const struct trust_rules *rules)
{
	t->revoke.rules = *rules;
}

/* ---- what is wanted ---- */

bool trust_looks_up(const struct trust *t)
{
	for (size_t i = 0; i < t->authorities.len; i++)
		if (t->authorities.items[i]->says->certuribase)
			return true;
	return false;
}

bool trust_next_want(struct trust *t, struct trust_want *ret)
{
	struct revoke *r = &t->revoke;
	struct source *s;

	if (list_empty(&r->wanted))
		return false;
	s = CONTAINER_OF(r->wanted.next, struct source, wanted);
	list_remove(&s->wanted);
	s->state = SOURCE_ASKED;
	*ret = (struct trust_want){
		.id = s->id,
		.kind = s->kind,
		.url = s->url,
		.post = view_bytes(&s->post),
		.content_type = s->kind == WANT_OCSP ? OCSP_QUESTION_TYPE : NULL,
		.octets_max = s->kind == WANT_CRL    ? CRL_OCTETS_MAX
			      : s->kind == WANT_OCSP ? OCSP_OCTETS_MAX
						     : CERT_OCTETS_MAX,
	};
	return true;
}

bool trust_next_unwanted(struct trust *t, uint64_t *ret_id)
{
	struct unwanted *u;

	if (list_empty(&t->revoke.unwanted))
		return false;
	u = CONTAINER_OF(t->revoke.unwanted.next, struct unwanted, link);
	list_remove(&u->link);
	*ret_id = u->id;
	free(u);
	return true;
}

bool trust_next_file(struct trust *t, char *name, size_t cap, struct bytes *ret)
{
	struct saved_file *f;

	if (list_empty(&t->revoke.files))
		return false;
	f = CONTAINER_OF(t->revoke.files.next, struct saved_file, link);
	list_remove(&f->link);
	snprintf(name, cap, "%s", f->name);
	*ret = f->octets;
	free(f);
	return true;
}

bool trust_next_untrusted(struct trust *t, uint64_t *ret_proof, struct diag *ret_why)
{
	struct broken *b;

	if (list_empty(&t->revoke.broken))
		return false;
	b = CONTAINER_OF(t->revoke.broken.next, struct broken, link);
	list_remove(&b->link);
	*ret_proof = b->proof;
	*ret_why = b->why;
	free(b);
	return true;
}

/* ---- jobs that wait ---- */

/* The peer is not valid after all. */
static void refuse_peer(struct trust_job *j, const struct diag *why)
{
	j->reply.answer.auth.valid = false;
	j->reply.why = *why;
}

/* It says itself where news of it are. Without memory it may. */
static bool names_a_place(const struct cert *c)
{
	struct news_places p;
	bool yes = !news_places_of(c, &p) || p.crl[0] || p.ocsp[0];

	news_places_done(&p);
	return yes;
}

/*
 * A certificate that the connection names, and that leads to no authority here, so that nobody can be
 * asked about it: strictcrlpolicy=yes wants that all the same, and =ifuri of one that names a place. A peer
 * must not get round it by keeping its intermediates to itself.
 */
static void refuse_unjudged(const struct trust *t, struct trust_job *j)
{
	uint8_t policy = t->revoke.rules.policy;
	char subject[160], issuer[CERT_TEXT_MAX];
	struct diag why;

	if (!j->named.x || (j->chain && j->chain->len) || !j->reply.answer.auth.valid ||
	    policy == CRL_POLICY_NO || cert_is_self_issued(&j->named) ||
	    (policy == CRL_POLICY_IF_URI && !names_a_place(&j->named)))
		return;
	diag_set(&why, "revocation-unknown", "RFC 5280 6.3",
		 "whether the certificate of %s was revoked can't be known, and "
		 "strictcrlpolicy=%s asks for it",
		 cert_print(&j->named, subject, sizeof(subject)),
		 policy == CRL_POLICY_YES ? "yes" : "ifuri");
	diag_wanted(&why, "a path to an authority of ipsec.d/cacerts, whose list tells");
	diag_got(&why, "issuer %s", cert_print_issuer(&j->named, issuer, sizeof(issuer)));
	diag_hint(&why, "put its certificate there, then ipsec auto --rereadcacerts");
	refuse_peer(j, &why);
}

void job_judge_silently(struct trust *t, struct trust_job *j, int64_t now)
{
	struct source *source;
	struct diag why;

	refuse_unjudged(t, j);
	if (j->chain && j->reply.answer.auth.valid &&
	    revoke_judge(&t->revoke, j->chain, now, JUDGE_SILENTLY, &source, &why) ==
		    STANDING_REFUSED)
		refuse_peer(j, &why);
}

/* In the order of the deadlines. */
static void age(struct trust *t, struct trust_job *j)
{
	struct list *at = t->waiting.prev;

	while (at != &t->waiting &&
	       CONTAINER_OF(at, struct trust_job, aging)->deadline > j->deadline)
		at = at->prev;
	list_prepend(at, &j->aging);
}

static void wait_for(struct trust *t, struct trust_job *j, struct source *s, uint32_t seconds,
		     int64_t now)
{
	list_append(&s->waiters, &j->waiting);
	if (j->deadline)
		return;
	j->deadline = now + seconds;
	age(t, j);
}

/* What trust is left with of a peer whose certificate can't be had. */
static void refuse_uncollected(struct trust_job *j, const char *url, const struct diag *why)
{
	diag_set(&j->reply.why, "certificate-not-fetched", "RFC 7296 3.6",
		 "the peer's certificate %.150s could not be fetched", url);
	diag_got(&j->reply.why, "%s%s%s", why ? why->sentence : "no answer in time",
		 why && why->got[0] ? ": " : "", why ? why->got : "");
	diag_hint(&j->reply.why,
		  "let the peer send it whole, or see certuribase= of the ca section");
	j->done = true;
}

/* True: all certificates are here, or one can't be had and the job is done. */
static bool collect(struct trust *t, struct trust_job *j, int64_t now)
{
	bool patient = !j->deadline || now < j->deadline;

	for (size_t i = 0; i < j->sent_len && !j->done; i++) {
		struct source *s;

		if (!j->sent_url[i] || j->sent[i].ptr)
			continue;
		s = source_get_cert(&t->revoke, j->sent_url[i], j->sent_hash[i]);
		if (s && s->post.len) {
			if (!bytes_copy(&j->sent[i], view_bytes(&s->post)))
				job_fail(j, CYG_NOMEM);
		} else if (s && patient && source_ask(&t->revoke, s, now)) {
			wait_for(t, j, s, t->revoke.rules.patience, now);
			return false;
		} else {
			refuse_uncollected(j, j->sent_url[i], s ? source_why(s) : NULL);
		}
	}
	j->collecting = false;
	j->deadline = 0; /* news of what is here now may take their own time */
	list_remove(&j->aging);
	return true;
}

bool trust_job_collects(struct trust *t, struct trust_job *j, int64_t now)
{
	return !j->done && j->collecting && !collect(t, j, now);
}

static void prove(struct trust *t, struct trust_job *j, struct source *waits, int64_t now)
{
	j->reply.answer.auth.proof = revoke_prove(&t->revoke, j->chain, now);
	if (waits)
		revoke_pursue(&t->revoke, j->reply.answer.auth.proof, waits);
}

/* Authorities may have gone since the path was found. */
static bool is_anchored(const struct trust *t, const struct trust_job *j, struct diag *why)
{
	return j->anchors == t->anchors ||
	       revoke_is_anchored(&t->revoke, j->chain, t->anchors, why);
}

/* So may what says that it is a member. */
static bool is_member(struct trust *t, const struct trust_job *j, int64_t now, struct diag *why)
{
	struct membership *m = j->chain->member;
	struct cert room[CHAIN_LEN_MAX];
	struct cert_list above = chain_authorities(j->chain, room);
	struct group_sources from;

	if (!m || (j->acerts == t->acerts && j->ca_groups && j->ca_groups == t->ca_groups) ||
	    !group_sources_of(t, &from))
		return true;
	return membership_holds(m, &from, &above, now, why);
}

/*
 * True: it is answered. Where the policy does not want news, a peer waits for them as long as their
 * server is known to be quick, so that one who was revoked is seldom let in; later ones end its tunnel.
 */
static bool judge(struct trust *t, struct trust_job *j, int64_t now)
{
	bool patient = !j->deadline || now < j->deadline;
	bool wanted = t->revoke.rules.policy != CRL_POLICY_NO;
	struct source *source = NULL;
	struct diag why;

	if (!is_anchored(t, j, &why) || !is_member(t, j, now, &why)) {
		refuse_peer(j, &why);
		return true;
	}
	switch (revoke_judge(&t->revoke, j->chain, now,
			     patient || !wanted ? JUDGE_PEER : JUDGE_SILENTLY, &source, &why)) {
	case STANDING_WAITS:
		if (!wanted && (!patient || server_is_slow(source->server, now))) {
			prove(t, j, source, now);
			return true;
		}
		wait_for(t, j, source, wanted ? t->revoke.rules.patience : GRACE_SECONDS, now);
		return false;
	case STANDING_REFUSED:
		refuse_peer(j, &why);
		return true;
	default:
		prove(t, j, NULL, now);
		return true;
	}
}

/* Look again; what is answered can be taken by the host. */
static void go_on(struct trust *t, struct trust_job *j, int64_t now)
{
	list_remove(&j->waiting);
	if (j->collecting ? !collect(t, j, now) : !judge(t, j, now))
		return;
	list_remove(&j->aging);
	list_append(&t->ready, &j->waiting);
}

/* Whoever waited finds out what there is to know now, or waits for another source. */
static void release(struct trust *t, struct waiters *w, int64_t now)
{
	while (!list_empty(&w->jobs))
		go_on(t, CONTAINER_OF(w->jobs.next, struct trust_job, waiting), now);
	while (!list_empty(&w->proofs))
		revoke_go_on(&t->revoke,
			     CONTAINER_OF(w->proofs.next, struct kept_proof, waiting), now);
}

static void fail_source(struct trust *t, struct source *s, enum cyg_err err,
			const struct diag *why, int64_t now)
{
	struct waiters w;

	waiters_init(&w);
	source_failed(&t->revoke, s, err, why, now, &w);
	release(t, &w, now);
}

static void settle_well(struct trust *t, struct source *s, int64_t now)
{
	struct waiters w;

	waiters_init(&w);
	source_succeeded(s, now, &w);
	release(t, &w, now);
}

struct trust_job *trust_next_ready(struct trust *t)
{
	struct trust_job *j;

	if (list_empty(&t->ready))
		return NULL;
	j = CONTAINER_OF(t->ready.next, struct trust_job, waiting);
	list_remove(&j->waiting);
	return j;
}

/* ---- what came ---- */

void reading_free(struct reading *r)
{
	if (!r)
		return;
	cert_done(&r->issuer);
	cert_list_done(&r->issuers);
	cert_list_done(&r->signers);
	bytes_done(&r->octets);
	free(r->file);
	crl_free(r->crl);
	ocsp_answer_done(&r->says);
	free(r);
}

void reading_work(struct crypto *crypto, struct reading *r, int64_t now)
{
	const struct cert *issuer = &r->issuer;

	if (r->file)
		kept_work_list(crypto, r);
	else if (r->kind == WANT_OCSP)
		r->err = ocsp_read(crypto, issuer, &r->serial, r->nonce, &r->signers,
				   view_bytes(&r->octets), now, &r->says, &r->why);
	else
		r->err = crl_read(crypto, &issuer, 1, view_bytes(&r->octets), &r->key, &r->crl,
				  &r->why);
}

bool copy_signers(const struct trust *t, struct cert_list *ret)
{
	for (size_t i = 0; i < t->ocspcerts.len; i++) {
		struct cert c = cert_copy(&t->ocspcerts.items[i]->cert);

		if (cert_list_add(ret, &c)) {
			cert_done(&c);
			cert_list_done(ret);
			return false;
		}
	}
	return true;
}

static struct reading *reading_new(const struct trust *t, const struct source *s,
				   struct bytes *take)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->source = s->id;
	r->kind = s->kind;
	r->issuer = cert_copy(&s->issuer);
	r->serial = s->serial;
	memcpy(r->nonce, s->nonce, sizeof(r->nonce));
	r->key = t->revoke.key;
	if (s->kind != WANT_OCSP || copy_signers(t, &r->signers)) {
		r->octets = *take;
		*take = (struct bytes){0};
		return r;
	}
	reading_free(r);
	return NULL;
}

struct trust_job *reading_job(struct trust *t, struct reading *take, int64_t now)
{
	struct trust_job *j = take ? calloc(1, sizeof(*j)) : NULL;

	if (!j) {
		reading_free(take);
		return NULL;
	}
	j->crypto = t->crypto;
	j->now = now;
	list_init(&j->waiting);
	list_init(&j->aging);
	j->reading = take;
	return j;
}

/* A certificate that was named by its hash is that one, or none. */
static void take_cert(struct trust *t, struct source *s, enum cyg_err err, struct bytes *take,
		      const struct diag *why, int64_t now)
{
	struct view octets = view_bytes(take);
	uint8_t hash[KEY_ID_LEN];
	struct diag other;

	if (!err && (hash_compute(t->crypto, HASH_SHA1, &octets, 1, hash) ||
		     memcmp(hash, s->hash, sizeof(hash)) || !take->len)) {
		diag_set(&other, "certificate-hash", "RFC 7296 3.6",
			 "what %.150s holds has another hash than the peer said", s->url);
		why = &other;
		err = CYG_MALFORMED;
	}
	if (err) {
		fail_source(t, s, err, why, now);
	} else {
		s->post = *take;
		*take = (struct bytes){0};
		settle_well(t, s, now);
	}
	bytes_done(take);
}

struct trust_job *trust_answer_want(struct trust *t, uint64_t id, enum cyg_err err,
				    struct bytes *take, const struct diag *why, int64_t now)
{
	struct source *s = source_by_id(&t->revoke, id);
	struct trust_job *j = NULL;
	struct diag short_of;

	if (s && s->kind == WANT_CERT) {
		take_cert(t, s, err, take, why, now);
		return NULL;
	}
	if (s && !err) {
		j = reading_job(t, reading_new(t, s, take), now);
		diag_set(&short_of, "no-memory", NULL, "memory is short");
		why = &short_of;
		err = CYG_NOMEM;
	}
	bytes_done(take);
	if (j)
		s->state = SOURCE_READING;
	else if (s)
		fail_source(t, s, err, why, now);
	return j;
}

/*
 * For the next run one is kept that holds for some time, one that says revoked, and whatever takes
 * that one's place.
 */
static enum cyg_err keep_answer(struct trust *t, struct reading *r, struct source *s,
				int64_t now)
{
	bool kept = r->says.next_update || r->says.status == OCSP_STATUS_REVOKED ||
		    revoke_was_told(&t->revoke, s);
	enum cyg_err err = revoke_put_answer(&t->revoke, s, &r->says, now);

	if (err)
		diag_set(&r->why, "no-memory", NULL, "memory is short");
	else if (kept && r->says.status != OCSP_STATUS_UNKNOWN)
		kept_save_answer(t, s, &r->octets);
	return err;
}

/* Put it where it is looked up. *why is set when that can't be. */
static enum cyg_err keep(struct trust *t, struct reading *r, struct source *s, int64_t now)
{
	struct crl *c = r->crl;

	if (r->err)
		return r->err;
	if (r->kind == WANT_OCSP &&
	    revoke_is_listed(&t->revoke, &s->issuer_id, &r->says.delegate)) {
		char number[2 * SERIAL_MAX + 1];

		diag_set(&r->why, "ocsp-signer-revoked", "RFC 6960 4.2.2.2.1",
			 "the certificate of who signed the OCSP server's answer was revoked");
		diag_got(&r->why, "number %s of the same authority",
			 serial_print(&r->says.delegate, number, sizeof(number)));
		return CYG_AUTH;
	}
	if (r->kind == WANT_OCSP)
		return keep_answer(t, r, s, now);
	r->crl = NULL;
	return revoke_put_list(&t->revoke, c, NULL, s->url, now, &r->why);
}

/* A server that does not know the certificate is as good as none. */
static void settle_source(struct trust *t, struct reading *r, struct source *s,
			  enum cyg_err err, int64_t now)
{
	if (!err && r->kind == WANT_OCSP && r->says.status == OCSP_STATUS_UNKNOWN) {
		diag_set(&r->why, "ocsp-unknown", "RFC 6960 2.2",
			 "the OCSP server %.150s does not know the certificate", s->url);
		err = CYG_NOTFOUND;
	}
	if (err) {
		diag_prefix(&r->why, "%.120s: ", s->url);
		fail_source(t, s, err, &r->why, now);
	} else {
		settle_well(t, s, now);
	}
}

static void settle_reading(struct trust *t, struct reading *r, int64_t now)
{
	struct source *s = source_by_id(&t->revoke, r->source);
	enum cyg_err err;

	if (!s)
		return;
	err = keep(t, r, s, now);
	settle_source(t, r, s, err, now);
	s = source_by_id(&t->revoke, r->source); /* it may have made room for another one */
	if (!err && (r->kind == WANT_CRL || r->says.status == OCSP_STATUS_REVOKED))
		revoke_look_again(&t->revoke, now);
	/* What was said of one certificate is kept beside; the question is over. */
	if (s && !err && r->kind == WANT_OCSP && s->state == SOURCE_QUIET && !s->why &&
	    list_empty(&s->waiters))
		source_free(&t->revoke, s);
}

static void prove_by_dns(struct trust *t, struct trust_job *j)
{
	uint64_t next = t->revoke.last_id + 1;

	j->reply.answer.auth.proof = dns_proofs_add(&t->dns_proofs, &t->revoke.key, j, next);
	if (j->reply.answer.auth.proof == next)
		t->revoke.last_id = next;
}

bool trust_job_settle(struct trust *t, struct trust_job *j, int64_t now)
{
	if (j->reading && j->reading->file) {
		kept_settle_list(t, j->reading, now);
		return true;
	}
	if (j->reading) {
		settle_reading(t, j->reading, now);
		return true;
	}
	refuse_unjudged(t, j);
	if (j->kind != ACT_AUTH_CHECK || !j->reply.answer.auth.valid)
		return true;
	if (!j->chain) {
		prove_by_dns(t, j);
		return true;
	}
	if (j->path.len && !j->is_familiar && j->anchors == t->anchors)
		familiar_add(&t->familiar, &t->revoke.key, &j->path_name, &j->path);
	kept_settle(t, j, now);
	return judge(t, j, now);
}

bool trust_job_signs_elsewhere(const struct trust_job *j)
{
	return j->kind == ACT_AUTH_MAKE && j->key.signer.sign;
}

bool trust_job_is_reading(const struct trust_job *j)
{
	return j->reading != NULL;
}

const char *trust_job_unreadable(const struct trust_job *j, const struct diag **ret_why)
{
	const struct reading *r = j->reading;

	if (!r || !r->file || !r->err)
		return NULL;
	*ret_why = &r->why;
	return r->file;
}

uint32_t trust_job_op(const struct trust_job *j)
{
	return j->reply.answer.op;
}

/* ---- as time passes ---- */

int64_t trust_deadline(const struct trust *t)
{
	int64_t at = revoke_deadline(&t->revoke);

	if (!list_empty(&t->waiting)) {
		const struct trust_job *j = CONTAINER_OF(t->waiting.next,
							 const struct trust_job, aging);

		at = j->deadline < at ? j->deadline : at;
	}
	return t->look_at && t->look_at < at ? t->look_at : at;
}

void trust_tick(struct trust *t, int64_t now)
{
	LIST_EACH(j, &t->waiting, struct trust_job, aging) {
		if (j->deadline > now)
			break;
		go_on(t, j, now);
	}
	if (t->look_at && t->look_at <= now) {
		folders_look(t, now);
		revoke_fetch_ahead(&t->revoke, now);
	}
	if (revoke_deadline(&t->revoke) <= now) {
		revoke_tick(&t->revoke, now);
		folders_look_at_members(t, false, now);
	}
}

void trust_purge_ocsp(struct trust *t, int64_t now)
{
	struct revoke *r = &t->revoke;
	struct waiters w;

	revoke_purge_answers(r);
	shelf_unref(t->answers);
	t->answers = NULL;
	waiters_init(&w);
	LIST_EACH(s, &r->sources, struct source, link) {
		if (s->kind != WANT_OCSP)
			continue;
		source_forget(r, s, &w);
		source_free(r, s);
	}
	/* A tunnel that is up can do without: it is looked at when there are other news. */
	while (!list_empty(&w.proofs))
		list_remove(w.proofs.next);
	release(t, &w, now);
}

void trust_retry_sources(struct trust *t)
{
	revoke_forget_failures(&t->revoke);
}
