/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/secrets.h"

#include "conf/secrets.h"

static const uint8_t kinds[] = {
	[SECRET_LINE_PSK] = SECRET_PSK, [SECRET_LINE_XAUTH] = SECRET_XAUTH,
	[SECRET_LINE_PPK] = SECRET_PPK, [SECRET_LINE_KEYFILE] = SECRET_KEYFILE,
	[SECRET_LINE_PIN] = SECRET_PIN,
};

/* Indices and value move from the line into the set. */
static enum cyg_err move_line(struct secret_set *set, struct secret_line *l)
{
	struct secret s = {
		.kind = kinds[l->kind],
		.indices = l->indices,
		.indices_len = l->indices_len,
		.value = l->value,
		.line = l->line,
	};
	enum cyg_err err = secret_set_add(set, &s, l->file);

	if (err)
		return err;
	l->indices = NULL;
	l->indices_len = 0;
	l->value = (struct bytes){0};
	return CYG_OK;
}

static enum cyg_err move_lines(struct secret_set *set, struct secret_lines *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		enum cyg_err err = move_line(set, &lines->items[i]);

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

enum cyg_err secrets_load(const char *path, struct secret_set **ret, struct problems *problems,
			  struct diag *why)
{
	struct secret_lines lines = {0};
	struct secret_set *set;
	enum cyg_err err;

	err = secrets_read(path, &lines, problems);
	if (err)
		return unreadable(path, err, problems, why);
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
	return CYG_OK;
}
