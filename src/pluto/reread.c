/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/reread.h"

#include "pluto/daemon.h"
#include "pluto/keyfiles.h"
#include "pluto/prompts.h"
#include "pluto/secrets.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void reread_tell(struct daemon *d, uint64_t cause, const char *event,
		 const struct problems *problems)
{
	/* A warning is no fault, but who did not mean it must see it. */
	static const uint16_t codes[] = {[PROBLEM_NOTE] = RC_LOG,
					 [PROBLEM_WARNING] = RC_COMMENT,
					 [PROBLEM_ERROR] = RC_LOG_SERIOUS};

	for (size_t i = 0; i < problems->len; i++) {
		const struct problem *p = &problems->items[i];
		bool gone = p->diag.code && !strcmp(p->diag.code, KEYFILES_GONE);

		daemon_say(d, cause, p->level == PROBLEM_NOTE ? REPORT_INFO : REPORT_WARNING,
			   codes[p->level], gone ? KEYFILES_GONE : event, &p->diag, "%s", "");
	}
}

/* A file with faults replaces nothing, but is better than no secrets at all. */
static bool is_worse(const struct daemon *d, const struct problems *problems)
{
	return problems->errors && d->secrets_len;
}

/* Nor does what may be half a file; what is in force already is no other than before. */
static bool is_half(const struct daemon *d, const struct secrets_text *text)
{
	return text->unended && d->secrets_len && text->sum != d->secrets_sum;
}

static void keep_secrets(struct daemon *d, uint64_t cause, const struct diag *why)
{
	daemon_say(d, cause, REPORT_ERROR, RC_LOG_SERIOUS, "secrets-unread", why,
		   "the secrets in force stay");
}

/* Those whose keys can't all be read replace nothing, either. */
static unsigned take_secrets(struct daemon *d, uint64_t cause, struct secret_set *set)
{
	struct problems problems = {0};
	int64_t now = time(NULL);
	bool worse, bad;

	trust_try_secrets(d->trust, set, now);
	keyfiles_private(d->trust, d->ipsecd_path, now, &problems);
	worse = is_worse(d, &problems);
	bad = problems.errors;
	trust_settle_secrets(d->trust, !worse);
	if (!worse)
		cards_read_secrets(&d->cards, cause);
	reread_tell(d, cause, "key-file-problem", &problems);
	problems_done(&problems);
	if (worse) {
		keep_secrets(d, cause, NULL);
		return RC_LOG_SERIOUS;
	}
	d->secrets_len = secret_set_len(set);
	daemon_say(d, cause, REPORT_INFO, RC_LOG, "secrets-read", NULL,
		   "read %zu secrets from %s", d->secrets_len, d->secrets_path);
	if (trust_keys(d->trust) && !cards_busy(&d->cards, cause))
		daemon_say(d, cause, REPORT_INFO, RC_LOG, "keys-read", NULL,
			   "%zu private keys can be used", trust_keys(d->trust));
	prompts_want(d, cause);
	return bad ? RC_LOG_SERIOUS : RC_COMMENT;
}

void reread_ask_for_authorities(struct daemon *d)
{
	struct event ev = {.kind = EV_AUTHORITIES};
	struct bytes hashes;

	if (trust_authority_hashes(d->trust, &hashes))
		return; /* peers are asked for the old ones, and send what they have */
	ev.authorities.hashes = view_bytes(&hashes);
	ev.authorities.by_url = trust_looks_up(d->trust);
	engine_event(&d->engine, &ev);
	bytes_done(&hashes);
}

/* How a reading ended: what can't be used was told as serious, and is. */
static unsigned code_of(const struct problems *problems, enum cyg_err err)
{
	return err || problems->errors ? RC_LOG_SERIOUS : RC_COMMENT;
}

/* Visible without --verbose: who reads it can still do something about it. */
static void tell_unfit(struct daemon *d, uint64_t cause, const struct diag *why)
{
	daemon_say(d, cause, REPORT_WARNING, RC_COMMENT, why->code, why, "%s", "");
}

void reread_tell_revoked(struct daemon *d)
{
	struct diag why;

	for (size_t at = 0; trust_next_revoked(d->trust, &at, time(NULL), &why);)
		tell_unfit(d, 0, &why);
}

unsigned reread_certs(struct daemon *d, uint64_t cause)
{
	struct problems problems = {0};
	enum cyg_err err;
	struct diag why;
	unsigned code;

	keyfiles_certs(d->trust, d->ipsecd_path, time(NULL), &problems);
	err = keyfiles_cacerts(d->trust, d->ipsecd_path, time(NULL), &problems);
	cards_read_named(&d->cards, cause);
	code = code_of(&problems, err);
	reread_tell(d, cause, "certificate-problem", &problems);
	problems_done(&problems);
	if (err) {
		daemon_say(d, cause, REPORT_ERROR, RC_LOG_SERIOUS, "cacerts-unread", NULL,
			   "%s/cacerts: %s; the authorities in force stay", d->ipsecd_path,
			   cyg_err_text(err));
		return code;
	}
	for (size_t at = 0; trust_next_expiring(d->trust, &at, time(NULL), &why);)
		tell_unfit(d, cause, &why);
	reread_ask_for_authorities(d);
	news_pump(&d->news); /* who stood by an authority that has gone */
	if (trust_cacerts(d->trust))
		daemon_say(d, cause, REPORT_INFO, RC_LOG, "cacerts-read", NULL,
			   "%zu certificates of authorities are trusted",
			   trust_cacerts(d->trust));
	return code;
}

/* Attribute certificates, after their authorities when these are read again, too. */
static unsigned read_acerts(struct daemon *d, uint64_t cause, bool authorities)
{
	struct problems problems = {0};
	const char *place = "aacerts";
	enum cyg_err err = CYG_OK;
	unsigned code;

	if (authorities)
		err = keyfiles_aacerts(d->trust, d->ipsecd_path, time(NULL), &problems);
	if (!err) {
		place = "acerts";
		err = keyfiles_acerts(d->trust, d->ipsecd_path, time(NULL), &problems);
	}
	code = code_of(&problems, err);
	reread_tell(d, cause, "acert-problem", &problems);
	problems_done(&problems);
	if (err)
		daemon_say(d, cause, REPORT_ERROR, RC_LOG_SERIOUS, "acerts-unread", NULL,
			   "%s/%s: %s; what is in force stays", d->ipsecd_path, place,
			   cyg_err_text(err));
	news_pump(&d->news); /* who is no member of a group any more */
	return code;
}

unsigned reread_aacerts(struct daemon *d, uint64_t cause)
{
	return read_acerts(d, cause, true);
}

unsigned reread_acerts(struct daemon *d, uint64_t cause)
{
	return read_acerts(d, cause, false);
}

/* Long lists are checked by a worker: the loop has peers to serve. */
static void read_aside(void *ctx, struct trust_job *job)
{
	struct daemon *d = ctx;

	engine_read_news(&d->engine, job);
}

static unsigned read_crls(struct daemon *d, uint64_t cause, bool at_start)
{
	struct problems problems = {0};
	enum cyg_err err = keyfiles_crls(d->trust, d->ipsecd_path, time(NULL),
					 at_start ? NULL : read_aside, d, &problems);
	unsigned code = code_of(&problems, err);

	trust_retry_sources(d->trust);
	news_pump(&d->news);
	reread_tell(d, cause, "crl-problem", &problems);
	problems_done(&problems);
	if (err)
		daemon_say(d, cause, REPORT_ERROR, RC_LOG_SERIOUS, "crls-unread", NULL,
			   "%s/crls: %s; the lists in force stay", d->ipsecd_path,
			   cyg_err_text(err));
	return code;
}

unsigned reread_crls(struct daemon *d, uint64_t cause)
{
	return read_crls(d, cause, false);
}

void reread_first_crls(struct daemon *d, uint64_t cause)
{
	read_crls(d, cause, true);
}

unsigned reread_ocspcerts(struct daemon *d, uint64_t cause)
{
	struct problems problems = {0};
	enum cyg_err err = keyfiles_ocspcerts(d->trust, d->ipsecd_path, time(NULL), &problems);
	unsigned code = code_of(&problems, err);

	trust_retry_sources(d->trust); /* whose answers may be believed now */
	news_pump(&d->news);
	reread_tell(d, cause, "certificate-problem", &problems);
	problems_done(&problems);
	if (err)
		daemon_say(d, cause, REPORT_ERROR, RC_LOG_SERIOUS, "ocspcerts-unread", NULL,
			   "%s/ocspcerts: %s; those in force stay", d->ipsecd_path,
			   cyg_err_text(err));
	return code;
}

bool reread_wants_secrets(const struct daemon *d, const struct connection *c)
{
	return !d->secrets_known && (c->end[0].cert || c->end[1].cert);
}

void reread_tokens(struct daemon *d, uint64_t cause, const struct connection *c)
{
	if (reread_wants_secrets(d, c))
		reread_secrets(d, cause);
	cards_read_connection(&d->cards, c, cause);
}

/* Of a connection that is loaded all the same: what it names and does not get. */
static void tell_lacks(struct daemon *d, uint64_t cause, const char *name,
		       const struct problems *problems)
{
	char text[sizeof(problems->items->diag.sentence) + 64];

	for (size_t i = 0; i < problems->len; i++) {
		const struct diag *why = &problems->items[i].diag;
		struct report r = {.level = REPORT_WARNING,
				   .code = RC_COMMENT,
				   .event = REPORT_LACKS_FILE,
				   .cause = cause,
				   .connection = name,
				   .text = text,
				   .diag = why};

		snprintf(text, sizeof(text), "it goes without what it names: %s",
			 why->sentence);
		daemon_report(d, &r, NULL);
	}
}

void reread_keys(struct daemon *d, uint64_t cause, bool anywhere, struct connection *c)
{
	struct problems problems = {0};
	struct diag why;

	keyfiles_connection(d->trust, d->ipsecd_path, anywhere, c, time(NULL), &problems);
	tell_lacks(d, cause, c->name, &problems);
	problems_done(&problems);
	for (int i = 0; i < 2; i++)
		if (trust_cert_revoked(d->trust, c->end[i].cert, time(NULL), &why) ||
		    trust_cert_expires(d->trust, c->end[i].cert, time(NULL), &why))
			tell_unfit(d, cause, &why);
}

/* Half written, or its includes gone: it is not believed that all secrets are to go. */
static void explain_empty(const struct daemon *d, struct diag *why)
{
	diag_set(why, "secrets-empty", NULL, "%s has no secret at all", d->secrets_path);
	diag_wanted(why, "one at least, as %zu are in force", d->secrets_len);
	diag_got(why, "none");
	diag_hint(why, "if it is meant so: ipsec setup stop, then start");
}

unsigned reread_secrets(struct daemon *d, uint64_t cause)
{
	struct problems problems = {0};
	struct secret_set *set = NULL;
	unsigned code = RC_COMMENT;
	struct secrets_text text;
	struct diag why;

	diag_clear(&why);
	d->secrets_known = true;
	if (secrets_load(d->secrets_path, &set, &text, &problems, &why)) {
		keep_secrets(d, cause, &why);
		code = RC_LOG_SERIOUS;
	} else {
		reread_tell(d, cause, "secrets-problem", &problems);
		if (is_worse(d, &problems)) {
			secret_set_free(set);
			keep_secrets(d, cause, NULL);
		} else if (is_half(d, &text)) {
			secret_set_free(set);
			keep_secrets(d, cause, NULL);
			code = RC_LOG_SERIOUS;
		} else if (d->secrets_len && !secret_set_len(set)) {
			secret_set_free(set);
			explain_empty(d, &why);
			keep_secrets(d, cause, &why);
			code = RC_LOG_SERIOUS;
		} else {
			code = take_secrets(d, cause, set);
			d->secrets_sum = text.sum;
		}
		if (problems.errors)
			code = RC_LOG_SERIOUS;
	}
	problems_done(&problems);
	return code;
}
