/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/prompts.h"

#include "pluto/daemon.h"
#include "pluto/keyfiles.h"

#include <string.h>
#include <time.h>

void prompts_want(struct daemon *d, uint64_t cause)
{
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(trust_secrets(d->trust), i)); i++) {
		struct diag where;

		if ((r->kind != SECRET_KEYFILE && r->kind != SECRET_PIN) || !r->prompt ||
		    keyfiles_is_open(d->trust, d->ipsecd_path, r))
			continue;
		diag_set(&where, "secret-wanted", NULL, "it is asked for at a terminal");
		diag_place(&where, r->file, r->line, 1);
		diag_hint(&where, "ipsec auto --rereadsecrets");
		daemon_say(d, cause, REPORT_INFO, RC_LOG, "secret-wanted", &where,
			   "the private key %s waits for its %s", r->name,
			   r->kind == SECRET_PIN ? "PIN" : "passphrase");
	}
}

/* The record of that place that asks for a secret; NULL: none does. */
static const struct secret_record *find(const struct daemon *d, const char *file, uint64_t line)
{
	const struct secret_record *r;
	size_t i = 0;

	while ((r = secret_set_at(trust_secrets(d->trust), i++))) {
		struct diag where; /* a long path was told as far as it fits */

		diag_set(&where, "secret-wanted", NULL, "it is this one");
		diag_place(&where, r->file, r->line, 1);
		if ((r->kind == SECRET_KEYFILE || r->kind == SECRET_PIN) && r->prompt &&
		    r->line == line && !strcmp(where.file, file))
			break;
	}
	return r;
}

bool prompts_look(struct daemon *d, uint64_t cause, const char *file, uint64_t line,
		  const char *secret)
{
	const struct secret_record *r = find(d, file, line);

	return r && r->kind == SECRET_KEYFILE &&
	       early_open(&d->early, r, view_str(secret), cause);
}

unsigned prompts_answer(struct daemon *d, uint64_t cause, const char *file, uint64_t line,
			const char *secret)
{
	const struct secret_record *r = find(d, file, line);
	struct problems problems = {0};
	enum cyg_err err;

	if (!r) {
		daemon_say(d, cause, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-secret", NULL,
			   "no record of line %llu of %s asks for a passphrase",
			   (unsigned long long)line, file);
		return RC_UNKNOWN_NAME;
	}
	if (r->kind == SECRET_PIN) {
		cards_open(&d->cards, r, view_str(secret), cause);
		return RC_COMMENT;
	}
	err = keyfiles_open(d->trust, d->ipsecd_path, r, view_str(secret), time(NULL),
			    &problems);
	for (size_t at = 0; at < problems.len; at++) /* who answered sees what came of it */
		daemon_say(d, cause, REPORT_WARNING, err ? RC_LOG_SERIOUS : RC_LOG,
			   "key-problem", &problems.items[at].diag, "%s", "");
	problems_done(&problems);
	if (err)
		return RC_LOG_SERIOUS;
	daemon_say(d, cause, REPORT_INFO, RC_LOG, "key-opened", NULL,
		   "the private key %s can be used", r->name);
	return RC_COMMENT;
}
