/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/secrets.h"

#include "conf/secrets.h"

static enum cyg_err move_lines(struct secret_set *set, struct secret_lines *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		enum cyg_err err = secret_set_add(set, &lines->items[i], lines->items[i].file);

		if (err)
			return err;
	}
	return CYG_OK;
}

static enum cyg_err unreadable(const char *path, enum cyg_err err,
			       const struct problems *problems, struct diag *why)
{
	if (problems->len) /* the reader has said why */
		*why = problems->items[problems->len - 1].diag;
	else
		diag_set(why, "secrets-file", NULL, "can't read %s: %s", path,
			 cyg_err_text(err));
	return err;
}

enum cyg_err secrets_load(const char *path, struct secret_set **ret,
			  struct secrets_text *ret_text, struct problems *problems,
			  struct diag *why)
{
	struct secret_lines lines = {0};
	struct secrets_text text;
	struct secret_set *set;
	enum cyg_err err;

	err = secrets_read(path, &lines, problems);
	if (err)
		return unreadable(path, err, problems, why);
	text = (struct secrets_text){lines.sum, lines.unended};
	set = secret_set_new();
	err = set ? move_lines(set, &lines) : CYG_NOMEM;
	secret_lines_done(&lines);
	if (err) {
		secret_set_free(set);
		diag_set(why, "no-memory", NULL, "can't keep the secrets of %s: %s", path,
			 cyg_err_text(err));
		return err;
	}
	*ret = set;
	*ret_text = text;
	return CYG_OK;
}
