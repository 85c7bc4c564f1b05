/* SPDX-License-Identifier: Apache-2.0 */
/* How a request becomes a job: what must be found is found first, and computed later. */
#include "trust/trust.h"

#include "trust/eap.h"
#include "trust/trust_private.h"

#include <stdlib.h>
#include <string.h>

void trust_reply_done(struct trust_reply *r)
{
	bytes_wipe(&r->data);
	bytes_done(&r->authorities);
	ident_unref(r->identity);
	r->identity = NULL;
	for (size_t i = 0; i < r->certs_len; i++)
		bytes_done(&r->der[i]);
	r->certs_len = 0;
}

void job_fail(struct trust_job *j, enum cyg_err err)
{
	j->reply.answer.err = err;
	j->done = true;
}

bool job_take_octets(struct trust_job *j, const struct auth_request *r)
{
	size_t len = r->message.len + r->nonce.len + r->maced_id.len;
	uint8_t *at = malloc(len + 1);

	if (!at) {
		job_fail(j, CYG_NOMEM);
		return false;
	}
	j->octets = (struct bytes){at, len};
	if (r->message.len)
		at = mempcpy(at, r->message.ptr, r->message.len);
	if (r->nonce.len)
		at = mempcpy(at, r->nonce.ptr, r->nonce.len);
	if (r->maced_id.len)
		memcpy(at, r->maced_id.ptr, r->maced_id.len);
	return true;
}

static void begin(struct trust *t, const struct action *request, int64_t now,
		  struct trust_job *j)
{
	*j = (struct trust_job){.crypto = t->crypto,
				.kind = request->kind,
				.now = now,
				.reply.answer.op = request->op};
	list_init(&j->waiting);
	list_init(&j->aging);
	switch (request->kind) {
	case ACT_AUTH_MAKE:
		make_begin(t, &request->auth, j);
		break;
	case ACT_AUTH_CHECK:
		check_begin(t, &request->auth, j);
		break;
	case ACT_PPK:
		ppk_begin(t, &request->ppk, j);
		break;
	case ACT_EAP:
		eap_begin(t, &request->eap, j);
		break;
	default:
		job_fail(j, CYG_UNSUPPORTED);
	}
}

struct trust_job *trust_begin(struct trust *t, const struct action *request, int64_t now)
{
	struct trust_job *j = malloc(sizeof(*j));

	if (j)
		begin(t, request, now, j);
	return j;
}

bool trust_job_is_done(const struct trust_job *j)
{
	return j->done;
}

/* It was not asked for its certificate, as one is named: that may be another one now. */
static void hint_named(const struct trust_job *j, struct diag *why)
{
	char subject[120], serial[80];

	diag_hint(
		why,
		"the peer has another certificate than %s names (%s, number %s), or signs with "
		"another key than its own: see which it has (there: ipsec auto --listcerts)",
		j->key_name, cert_print(&j->named, subject, sizeof(subject)),
		cert_print_serial(&j->named, serial, sizeof(serial)));
}

static void explain_mismatch(struct trust_job *j, size_t len)
{
	struct diag *why = &j->reply.why;
	char key[100];

	if (j->named.x && j->sent_len && j->sent_as[0] == CERT_X509 &&
	    explain_other_cert(j->crypto, &j->named, view_bytes(&j->sent[0]), j->key_name, why))
		return;
	diag_set(why, "auth-mismatch", "RFC 7296 2.15",
		 "the peer's signature is not made with the key it is known by");
	diag_wanted(why, "a signature with the private half of %s (%s)", j->key_name,
		    key_print(&j->key, key, sizeof(key)));
	diag_got(why, "a signature (%s) of %zu octets that does not fit it",
		 sig_name(j->scheme), len);
	if (j->named.x && !j->sent_len)
		hint_named(j, why);
	else if (j->by_cert || j->named.x)
		diag_hint(why, "the peer signs with another key than its certificate's: see to "
			       "its ipsec.secrets and ipsec.d/private");
	else
		diag_hint(why, "ipsec showhostkey --%s  prints the peer's present key there",
			  connection_side(j->end));
}

void trust_job_work(struct trust_job *j)
{
	struct answer *a = &j->reply.answer;

	if (j->done)
		return;
	j->done = true;
	if (j->reading) {
		reading_work(j->crypto, j->reading, j->now);
		return;
	}
	if (j->by_proof) {
		a->auth.valid = check_proven_work(j);
		a->auth.unfit = j->unfit;
		return;
	}
	if (j->by_dns) {
		a->auth.valid = check_dns_work(j);
		return;
	}
	if (j->eap) {
		eap_work(j);
		return;
	}
	if (j->by_eap)
		return; /* it is known already, but for news of certificates */
	if (j->by_cert && !check_cert_work(j))
		return;
	if (j->kind == ACT_AUTH_MAKE) {
		a->err = sig_make(j->crypto, j->scheme, &j->key, view_bytes(&j->octets),
				  &j->reply.data, &j->reply.why);
		a->auth.method = sig_method(j->scheme);
		if (a->err == CYG_CRYPTO && !diag_is_set(&j->reply.why))
			diag_set(&j->reply.why, "auth-not-computed", NULL,
				 "libcrypto did not sign (%s) with %s", sig_name(j->scheme),
				 j->key_name);
		return;
	}
	a->err = sig_check(j->crypto, j->scheme, &j->key, view_bytes(&j->octets),
			   view_bytes(&j->signature));
	a->auth.valid = !a->err && !j->unfit;
	a->auth.way = a->auth.valid ? sig_way(j->scheme) : 0;
	a->auth.unfit = !a->err && j->unfit;
	if (a->err == CYG_AUTH) {
		a->err = CYG_OK;
		explain_mismatch(j, j->signature.len);
	}
	if (a->auth.valid && j->named.x && !check_named_work(j)) {
		a->auth.valid = false;
		a->auth.way = 0;
		a->auth.unfit = j->unfit;
	}
}

/* The answer's views, once nothing moves any more. */
static void settle(struct trust_reply *r, const struct trust_job *j)
{
	if (j->eap) {
		r->answer.eap.packet = view_bytes(&r->data);
		r->answer.eap.authorities = view_bytes(&r->authorities);
		r->answer.eap.identity = r->identity;
	} else if (j->kind == ACT_PPK) {
		r->answer.ppk.id = view_bytes(&r->authorities);
		r->answer.ppk.keys = view_bytes(&r->data);
	} else if (j->kind == ACT_AUTH_MAKE) {
		r->answer.auth.data = view_bytes(&r->data);
		for (size_t i = 0; i < r->certs_len; i++)
			r->certs[i] = (struct auth_cert){r->encodings[i],
							 view_bytes(&r->der[i])};
		r->answer.auth.certs = r->certs;
		r->answer.auth.certs_len = r->certs_len;
		r->answer.auth.authorities = view_bytes(&r->authorities);
		r->answer.auth.by = r->by[0] ? r->by : NULL;
	} else if (j->kind == ACT_AUTH_CHECK) {
		r->answer.auth.holder = r->identity;
		r->answer.auth.by = r->by[0] ? r->by : NULL;
	}
	r->answer.why = diag_is_set(&r->why) ? &r->why : NULL;
}

const struct trust_reply *trust_job_reply(const struct trust_job *j)
{
	settle(&((struct trust_job *)j)->reply, j);
	return &j->reply;
}

static void job_done(struct trust_job *j)
{
	key_done(&j->key);
	cert_done(&j->named);
	cert_list_done(&j->issuers);
	bytes_done(&j->octets);
	bytes_done(&j->signature);
	bytes_done(&j->algorithm);
	sent_done(j);
	check_dns_done(j);
	path_anchors_unref(j->anchors);
	cert_list_done(&j->path);
	acert_set_unref(j->acerts);
	ca_groups_unref(j->ca_groups);
	membership_free(j->member);
	for (size_t i = 0; i < j->sent_acerts_len; i++)
		bytes_done(&j->sent_acerts[i]);
	stored_certs_done(&j->aacerts);
	shelf_unref(j->lists);
	shelf_unref(j->answers);
	cert_list_done(&j->signers);
	if (j->finds)
		shelf_finds_done(j->finds);
	free(j->finds);
	free(j->groups);
	ident_unref(j->remote);
	ident_unref(j->authority);
	cert_list_done(&j->siblings);
	chain_unref(j->chain);
	reading_free(j->reading);
	list_remove(&j->waiting);
	list_remove(&j->aging);
	eap_session_unref(j->eap);
}

void trust_job_free(struct trust_job *j)
{
	if (!j)
		return;
	job_done(j);
	trust_reply_done(&j->reply);
	free(j);
}

void trust_ask(struct trust *t, const struct action *request, int64_t now,
	       struct trust_reply *ret)
{
	struct trust_job j;

	begin(t, request, now, &j);
	j.done |= j.collecting; /* nobody fetches here: the peer stays unproved */
	trust_job_work(&j);
	job_judge_silently(t, &j, now);
	*ret = j.reply;
	settle(ret, &j);
	job_done(&j);
}
