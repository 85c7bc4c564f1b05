/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the DNS for peers: their keys, also ahead of time, and who speaks for an address. */
#include "base/hash.h"
#include "crypto/crypto.h"
#include "pluto/engine_private.h"
#include "pluto/nameservers.h"
#include "policy/policy.h"
#include "trust/ipseckey.h"

#include <stdlib.h>
#include <string.h>

#define DNS_SWEEP_TIME (10 * NSEC_PER_SEC) /* between walks over all IKE SAs */

bool engine_wants_dns(const struct trust_job *t)
{
	const struct ident *id;

	return trust_job_dns_name(t, &id) != NULL;
}

/* Who waits for an answer of the DNS: a job, or the core. */
struct dns_question {
	struct trust_job *trust; /* NULL: the core */
	uint32_t op;
	struct ip_addr client; /* the core wants to know who speaks for it */
};

static bool ask_name(struct engine *e, const char *name, const struct ident *id,
		     const struct dns_question *q)
{
	struct dns_question *copy = malloc(sizeof(*copy));

	if (!copy)
		return false;
	*copy = *q;
	if (dnskeys_ask(e->dnskeys, name, id, copy))
		return true;
	free(copy);
	return false;
}

bool engine_ask_dns(struct engine *e, struct trust_job *t)
{
	struct dns_question q = {.trust = t};
	const struct ident *id;
	const char *name = trust_job_dns_name(t, &id);

	return ask_name(e, name, id, &q);
}

/* Who is asked for names, or is no single host, has no peer. False: *why. */
static bool may_have_gateway(const struct ip_addr *addr, struct diag *why)
{
	char text[IP_TEXT_MAX];

	if (ip_is_multicast(addr)) {
		diag_set(why, "multicast", NULL, "%s is no single host", ip_print(addr, text));
		return false;
	}
	if (!nameservers_has(NAMESERVERS_FILE, addr))
		return true;
	diag_set(why, "name-server", NULL,
		 "%s is a name server of this host, which can't be asked for itself",
		 ip_print(addr, text));
	diag_hint(why, "put it into the group clear (ipsec.d/policies/clear)");
	return false;
}

void engine_perform_gateway(struct engine *e, const struct action *a)
{
	struct dns_question q = {.op = a->op, .client = a->address};
	const struct ident *id = NULL;
	char name[DNS_NAME_MAX];
	struct diag why;

	if (!may_have_gateway(&a->address, &why)) {
		engine_answer_error(e, a->op, CYG_NOTFOUND, &why);
		return;
	}
	if (ident_from_addr(&a->address, &id) || !ipseckey_name(id, name) ||
	    !ask_name(e, name, id, &q))
		engine_answer_error(e, a->op, CYG_NOMEM, NULL);
	ident_unref(id);
}

static void answer_gateway(struct engine *e, const struct dns_question *q,
			   const struct dns_answer *a)
{
	struct event ev = {.kind = EV_ANSWER, .answer.op = q->op};
	char name[DNS_NAME_MAX];
	const struct ident *id;
	struct diag why;

	diag_clear(&why);
	if (a->verdict == DNS_PROVEN) {
		ev.answer.err = dns_gateway(a, &q->client, &ev.answer.gateway, &why);
	} else {
		ev.answer.err = CYG_NOTFOUND;
		if (!ident_from_addr(&q->client, &id)) {
			ipseckey_name(id, name);
			dns_verdict_explain(a->verdict, a->text, name, &why);
			ident_unref(id);
		}
	}
	ev.answer.why = diag_is_set(&why) ? &why : NULL;
	engine_event(e, &ev);
}

/* What the DNS says of a peer's key; the rest is for a worker. */
static void on_dns(void *ctx, void *what, const struct dns_answer *a)
{
	struct engine *e = ctx;
	struct dns_question *q = what;
	struct trust_job *t = q->trust;

	if (!t)
		answer_gateway(e, q, a);
	free(q);
	if (!t)
		return;
	trust_job_take_dns(t, a);
	if (trust_job_is_done(t)) {
		engine_answer(e, t);
	} else if (engine_wants_dns(t)) {
		if (!engine_ask_dns(e,
				    t)) /* memory is short: it is answered as not looked up */
			engine_answer(e, t);
	} else if (!engine_submit_trust(e, t)) {
		trust_job_work(t); /* without memory for a worker's job it is done here */
		engine_answer(e, t);
	}
}

static void drop_dns(void *ctx, void *what)
{
	struct dns_question *q = what;

	trust_job_free(q->trust);
	free(q);
}

/* ---- keys ahead of time ---- */

void engine_perform_key_ahead(struct engine *e, const struct action *a)
{
	char name[DNS_NAME_MAX], id[IDENT_TEXT_MAX];
	struct diag why;

	if (!ipseckey_name(a->key_ahead.id, name)) {
		diag_set(&why, "no-dns-name", "RFC 4025 1.2",
			 "the DNS can't have a key of the %s end, which is no host's name or "
			 "address",
			 connection_side(a->key_ahead.end));
		diag_got(&why, "%s", ident_print(a->key_ahead.id, id, sizeof(id)));
		engine_answer_error(e, a->op, CYG_NOTFOUND, &why);
	} else if (!dnskeys_want(e->dnskeys, name, a->key_ahead.id, a->key_ahead.connection,
				 a->key_ahead.end, a->op)) {
		engine_answer_error(e, a->op, CYG_NOMEM, NULL);
	}
}

static void on_key_fetched(void *ctx, uint32_t op, enum cyg_err err, const struct diag *why)
{
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = op, .err = err, .why = why}};

	engine_event(ctx, &ev);
}

/* Those that no IKE SA stands by are forgotten: one walk over all serves for many names. */
static void sweep_dns_proofs(struct engine *e)
{
	struct ike_sa_info sa;

	if (uv_hrtime() - e->dns_swept < DNS_SWEEP_TIME)
		return;
	e->dns_swept = uv_hrtime();
	for (uint64_t at = 0; ike_sa_next(e->ike, at, &sa); at = sa.serial) {
		trust_mark_dns(e->trust, sa.proofs[0]);
		trust_mark_dns(e->trust, sa.proofs[1]);
	}
	trust_sweep_dns(e->trust);
}

static bool is_key_watched(void *ctx, const char *name)
{
	struct engine *e = ctx;

	sweep_dns_proofs(e);
	return trust_is_by_dns(e->trust, name);
}

static void on_key_news(void *ctx, const char *name, const struct dns_answer *a)
{
	struct engine *e = ctx;

	trust_dns_news(e->trust, name, a);
	e->host.news(e->host.ctx);
}

/* Whether a connection is still loaded whose end has the key of this name. */
static bool is_key_wanted(void *ctx, const char *connection, int end, const char *name)
{
	struct engine *e = ctx;
	const struct loaded *l = policy_find(ike_policy(e->ike), connection);
	const struct ident *id = l ? policy_end_identity(l, end) : NULL;
	char own[DNS_NAME_MAX];

	return id && connection_key_ahead(l->connection, end) && ipseckey_name(id, own) &&
	       !strcmp(own, name);
}

static void on_key_told(void *ctx, const char *connection, bool good, const struct diag *why)
{
	struct engine *e = ctx;
	struct report r = {.level = good ? REPORT_INFO : REPORT_WARNING,
			   .code = RC_LOG,
			   .event = "dns-key",
			   .connection = connection,
			   .diag = why,
			   .text = why->sentence};

	e->host.report(e->host.ctx, &r, NULL);
}

enum cyg_err engine_start_dns(struct engine *e, struct crypto *crypto)
{
	struct entropy entropy = crypto_entropy(crypto);
	struct dnskeys_host host = {
		.ctx = e,
		.answer = on_dns,
		.drop = drop_dns,
		.fetched = on_key_fetched,
		.wanted = is_key_wanted,
		.watched = is_key_watched,
		.news = on_key_news,
		.told = on_key_told,
	};
	struct hash_key key;

	if (!hash_key_draw(&entropy, &key))
		return CYG_CRYPTO;
	e->dnskeys = dnskeys_new(e->loop, &e->dns, &key, &host);
	return e->dnskeys ? CYG_OK : CYG_NOMEM;
}

void engine_watch_dns(struct engine *e, const struct trust_job *t)
{
	const struct ident *id;
	const char *name;

	for (int i = 0; (name = trust_job_dns_proven(t, i, &id)); i++)
		dnskeys_watch(e->dnskeys, name, id);
}
