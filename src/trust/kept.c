/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and answers that files hold. One of an authority that is known is checked and in force at
 * once; the others wait on a shelf until a peer's path shows who made them.
 */
#include "trust/trust_private.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

static void begin_crls(struct trust *t)
{
	if (!t->reading_crls)
		revoke_files_begin(&t->revoke);
	t->reading_crls = true;
}

/* The authorities in force, and those whose lists are known already; heap. */
static const struct cert **list_issuers(const struct trust *t, size_t *ret_len)
{
	const struct cert **all;
	size_t n = t->cacerts.len;

	LIST_EACH(k, &t->revoke.lists, struct known_list, link)
		n++;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return NULL;
	n = 0;
	for (size_t i = 0; i < t->cacerts.len; i++)
		all[n++] = &t->cacerts.items[i]->cert;
	LIST_EACH(k, &t->revoke.lists, struct known_list, link)
		all[n++] = &k->crl->issuer;
	*ret_len = n;
	return all;
}

/* Nobody who is known has that name: a peer may bring him along. */
static enum cyg_err put_aside(struct trust *t, const char *name, struct view octets,
			      struct diag *why)
{
	struct bytes issuer = {0};
	enum cyg_err err;

	if (!t->reading_lists)
		t->reading_lists = shelf_new();
	err = t->reading_lists ? crl_issuer_name(octets, &issuer) : CYG_NOMEM;
	if (!err)
		err = shelf_put_list(t->reading_lists, name, octets, view_bytes(&issuer));
	bytes_done(&issuer);
	if (err)
		return err;
	trust_keep_crl(t, name);
	diag_hint(why, "it counts when a peer's certificate leads to who made it, or with his "
		       "certificate in ipsec.d/cacerts");
	return CYG_NOTFOUND;
}

enum cyg_err trust_read_crl(struct trust *t, const char *name, struct view octets, int64_t now,
			    struct diag *why)
{
	size_t len = 0;
	const struct cert **issuers = list_issuers(t, &len);
	enum cyg_err err = CYG_NOMEM;
	struct crl *c;

	begin_crls(t);
	if (issuers)
		err = crl_read(t->crypto, issuers, len, octets, &t->revoke.key, &c, why);
	free(issuers);
	if (!err)
		return revoke_put_list(&t->revoke, c, name, NULL, now, why);
	if (err == CYG_NOTFOUND)
		return put_aside(t, name, octets, why);
	return err == CYG_AUTH ? CYG_MALFORMED : err;
}

/* Those of the authorities that are known who have that name. */
static bool copy_namesakes(const struct trust *t, struct view name, struct cert_list *ret)
{
	size_t len = 0;
	const struct cert **all = list_issuers(t, &len);
	bool well = all;

	for (size_t i = 0; well && i < len; i++) {
		struct cert c;

		if (!view_equal(cert_subject(all[i]), name))
			continue;
		c = cert_copy(all[i]);
		well = !cert_list_add(ret, &c);
		if (!well)
			cert_done(&c);
	}
	free(all);
	return well && ret->len;
}

static struct reading *list_reading(const struct trust *t, const char *name, struct view octets)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct bytes issuer = {0};
	bool well = r && !crl_issuer_name(octets, &issuer) &&
		    copy_namesakes(t, view_bytes(&issuer), &r->issuers) &&
		    bytes_copy(&r->octets, octets);

	bytes_done(&issuer);
	if (well) {
		r->kind = WANT_CRL;
		r->key = t->revoke.key;
		r->file = strdup(name);
		well = r->file;
	}
	if (well)
		return r;
	reading_free(r);
	return NULL;
}

struct trust_job *trust_begin_crl(struct trust *t, const char *name, struct view octets,
				  int64_t now)
{
	struct trust_job *j;

	if (octets.len < CRL_ASIDE_OCTETS)
		return NULL;
	j = reading_job(t, list_reading(t, name, octets), now);
	if (j)
		trust_keep_crl(t, name);
	return j;
}

void kept_work_list(struct crypto *crypto, struct reading *r)
{
	const struct cert **issuers = calloc(r->issuers.len, sizeof(*issuers));

	diag_set(&r->why, "no-memory", NULL, "memory is short");
	r->err = CYG_NOMEM;
	for (size_t i = 0; issuers && i < r->issuers.len; i++)
		issuers[i] = &r->issuers.items[i];
	if (issuers)
		r->err = crl_read(crypto, issuers, r->issuers.len, view_bytes(&r->octets),
				  &r->key, &r->crl, &r->why);
	free(issuers);
}

void kept_settle_list(struct trust *t, struct reading *r, int64_t now)
{
	struct crl *c = r->crl;

	if (r->err)
		return;
	r->crl = NULL;
	r->err = revoke_put_list(&t->revoke, c, r->file, NULL, now, &r->why);
	if (r->err == CYG_EXISTS)
		r->err = CYG_OK; /* no fault: fetched ones and their files lie side by side */
	revoke_look_again(&t->revoke, now);
}

void trust_keep_crl(struct trust *t, const char *name)
{
	begin_crls(t);
	revoke_files_keep(&t->revoke, name);
}

static void put_finds(struct trust *t, const struct chain *c, struct shelf_finds *finds,
		      int64_t now)
{
	for (size_t i = 0; i < finds->len; i++) {
		struct shelf_found *f = &finds->items[i];
		const struct chain_link *l = &c->links[f->link];
		struct diag why;
		enum cyg_err err;

		if (f->crl) {
			err = revoke_put_list(&t->revoke, f->crl, shelf_file(f), NULL, now,
					      &why);
			f->crl = NULL;
		} else {
			err = revoke_put_kept(&t->revoke, l, &f->says, now);
			ocsp_answer_done(&f->says);
		}
		/* One that there is a newer one of has had its turn, too. */
		if (err != CYG_NOMEM)
			shelf_taken(f);
	}
	finds->len = 0;
}

/* Peers whose tunnels are up have shown their authorities already. */
static void ask_proofs(struct trust *t, int64_t now)
{
	static const struct cert_list none;
	struct shelf_finds finds = {.len = 0};

	if (!t->lists)
		return;
	LIST_EACH(p, &t->revoke.proofs, struct kept_proof, link) {
		shelf_find(t->lists, t->crypto, p->chain, &t->revoke.key, &none, now, &finds);
		put_finds(t, p->chain, &finds, now);
	}
}

void trust_take_crls(struct trust *t, int64_t now)
{
	begin_crls(t);
	t->reading_crls = false;
	t->answers_read = true;
	revoke_files_end(&t->revoke);
	shelf_unref(t->lists);
	t->lists = t->reading_lists;
	t->reading_lists = NULL;
	ask_proofs(t, now);
	revoke_look_again(&t->revoke, now);
}

/* ---- answers ---- */

static const char ending[] = ".ocsp";

bool trust_is_kept_answer(const char *name)
{
	return strspn(name, "0123456789abcdef") == 2 * SHELF_NAME_LEN &&
	       !strcmp(name + 2 * SHELF_NAME_LEN, ending);
}

enum cyg_err trust_read_answer(struct trust *t, const char *name, struct view octets,
			       int64_t now)
{
	char hex[2 * SHELF_NAME_LEN + 1];
	struct shelf_name as;
	size_t len;

	if (t->answers_read)
		return CYG_OK; /* those of this run are known */
	memcpy(hex, name, sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = '\0';
	if (octets.len > OCSP_OCTETS_MAX ||
	    !hex_decode(hex, as.octets, sizeof(as.octets), &len) || ocsp_is_over(octets, now))
		return CYG_RANGE;
	if (!t->answers)
		t->answers = shelf_new();
	return t->answers ? shelf_put_answer(t->answers, name, &as, octets) : CYG_NOMEM;
}

/* True: it is about one of them, and counts. *why: why not. */
static bool take_answer(struct trust *t, const struct trust_question *q, struct view octets,
			const struct chain *c, const struct cert_list *signers,
			struct diag *why)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct chain_link *l = &c->links[i];
		struct ocsp_answer says = {0};
		enum cyg_err err = ocsp_read(t->crypto, &l->issuer, &l->serial, NULL, signers,
					     octets, q->now, &says, why);

		if (!err)
			err = revoke_put_kept(&t->revoke, l, &says, q->now);
		ocsp_answer_done(&says);
		if (err != CYG_NOTFOUND)
			return !err;
	}
	return false;
}

void kept_take_answers(struct trust *t, const struct trust_question *q, const struct chain *c)
{
	struct cert_list signers = {0};

	if (!q->answers_len || !copy_signers(t, &signers))
		return;
	for (size_t i = 0; i < q->answers_len; i++) {
		struct diag why;

		diag_clear(&why);
		if (!take_answer(t, q, q->answers[i], c, &signers, &why) && q->passed_over)
			q->passed_over(q->ctx, i, &why);
	}
	cert_list_done(&signers);
}

void kept_save_answer(struct trust *t, const struct source *s, const struct bytes *octets)
{
	struct shelf_name as;
	struct saved_file *f;
	size_t used = 0;

	if (!t->revoke.rules.cache || shelf_name_of(t->crypto, &s->issuer_id, &s->serial, &as))
		return;
	f = calloc(1, sizeof(*f));
	if (!f || !bytes_copy(&f->octets, view_bytes(octets))) {
		free(f);
		return;
	}
	buf_add_hex(f->name, sizeof(f->name), &used, view_of(as.octets, SHELF_NAME_LEN));
	buf_add(f->name, sizeof(f->name), &used, "%s", ending);
	list_append(&t->revoke.files, &f->link);
}

/* ---- jobs ---- */

enum cyg_err kept_begin(struct trust *t, struct trust_job *j)
{
	j->lists = shelf_ref(t->lists);
	j->answers = shelf_ref(t->answers);
	j->list_key = t->revoke.key;
	return !t->answers || copy_signers(t, &j->signers) ? CYG_OK : CYG_NOMEM;
}

void kept_work(struct trust_job *j)
{
	if (!j->chain || (!j->lists && !j->answers))
		return;
	j->finds = calloc(1, sizeof(*j->finds));
	if (!j->finds)
		return; /* what is found is a help, and no more */
	shelf_find(j->lists, j->crypto, j->chain, &j->list_key, &j->signers, j->now, j->finds);
	shelf_find(j->answers, j->crypto, j->chain, &j->list_key, &j->signers, j->now,
		   j->finds);
}

void kept_settle(struct trust *t, struct trust_job *j, int64_t now)
{
	if (j->finds)
		put_finds(t, j->chain, j->finds, now);
}
