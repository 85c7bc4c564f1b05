/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in: a PIN that a token refused is not tried on it again, and none that could lock it. */
#include "token/token_private.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>

const char *token_padded(const CK_UTF8CHAR *text, size_t len, char *buf, size_t cap)
{
	while (len && text[len - 1] == ' ')
		len--;
	snprintf(buf, cap, "%.*s", (int)len, (const char *)text);
	return buf;
}

enum cyg_err token_refuse(const struct token_place *p, const char *got, const char *hint,
			  enum cyg_err err, struct diag *why)
{
	char label[40];

	diag_set(why, "token-pin", NULL, "the token %s can't be logged in to",
		 token_padded(p->info.label, sizeof(p->info.label), label, sizeof(label)));
	diag_got(why, "%s", got);
	diag_hint(why, "%s", hint);
	return err;
}

static const char mend[] =
	"with the right PIN in ipsec.secrets (or at its %prompt) run  ipsec auto "
	"--rereadsecrets";

static enum cyg_err refuse_again(const struct tokens *t, const struct token_place *p,
				 struct diag *why)
{
	char hint[400];

	snprintf(hint, sizeof(hint), "%s%s%.200s%s", mend,
		 t->refused.path ? "; should this one be right by now, remove " : "",
		 t->refused.path ? t->refused.path : "",
		 t->refused.path ? " and start pluto anew" : "");
	return token_refuse(p, "a PIN that it has refused before: it is not tried again", hint,
			    CYG_PERM, why);
}

enum cyg_err token_log_in(struct tokens *t, const struct token_place *p, CK_SESSION_HANDLE s,
			  struct view pin, struct diag *why)
{
	static const char own_tool[] = "log in with the token's own tool";
	CK_RV rv;

	if (token_refusals_has(&t->refused, &p->info, pin))
		return refuse_again(t, p, why);
	if (p->info.flags & CKF_USER_PIN_LOCKED)
		return token_refuse(p, "its PIN is locked", own_tool, CYG_PERM, why);
	if (p->info.flags & CKF_USER_PIN_FINAL_TRY)
		return token_refuse(p, "one more wrong PIN would lock it: none is tried",
				    own_tool, CYG_PERM, why);
	rv = p->module->C_Login(s, CKU_USER, (CK_UTF8CHAR_PTR)pin.ptr, pin.len);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return CYG_OK;
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
	    rv == CKR_PIN_LOCKED) {
		token_refusals_add(&t->refused, &p->info, pin);
		return token_refuse(p,
				    rv == CKR_PIN_LOCKED ? "its PIN is locked" : "a wrong PIN",
				    rv == CKR_PIN_LOCKED ? own_tool : mend, CYG_PERM, why);
	}
	return token_refuse(p, p11_kit_strerror(rv), "is the token there?", CYG_IO, why);
}
