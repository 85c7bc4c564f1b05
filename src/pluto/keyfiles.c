/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/keyfiles.h"

#include "conf/input.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX 1048576 /* octets of a key, or of a container of keys and certificates */

/* "FOLDER/PLACE/NAME", or NAME that is absolute; heap; NULL when memory is short. */
static char *path_of(const char *folder, const char *place, const char *name)
{
	char *path;
	int n = *name == '/' ? asprintf(&path, "%s", name)
			     : asprintf(&path, "%s/%s/%s", folder, place, name);

	return n < 0 ? NULL : path;
}

static enum cyg_err read_file(const char *path, bool secret, struct bytes *ret,
			      struct problems *problems, struct diag *why)
{
	struct input in = {.path = path};

	if (path)
		return input_read(&in, secret, FILE_MAX, ret, problems, why);
	diag_set(why, "no-memory", NULL, "memory is short");
	return CYG_NOMEM;
}

/* What trust says of a file's content, with the file's name. */
static void name_file(struct diag *why, const char *what, const char *path)
{
	struct diag was = *why;

	diag_set(why, was.code ? was.code : "bad-key", was.ref, "%s %s can't be used: %s", what,
		 path, was.code ? was.sentence : "memory is short");
	diag_wanted(why, "%s", was.wanted);
	diag_got(why, "%s", was.got);
	diag_hint(why, "%s", was.hint);
}

static void read_private(struct trust *t, const char *folder, const struct secret_record *r,
			 int64_t now, struct problems *problems)
{
	char *path = path_of(folder, "private", r->name);
	struct bytes octets = {0};
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = read_file(path, true, &octets, problems, &why);
	if (!err) {
		err = trust_add_key(t, r, view_bytes(&octets), now, &why);
		if (err)
			name_file(&why, "the private key of", path);
	}
	if (err) {
		diag_place(&why, r->file, r->line, 1);
		problems_add(problems, PROBLEM_WARNING, &why);
	}
	bytes_wipe(&octets);
	free(path);
}

void keyfiles_private(struct trust *t, const char *folder, int64_t now,
		      struct problems *problems)
{
	const struct secret_set *secrets = trust_secrets(t);
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(secrets, i)); i++)
		if (r->kind == SECRET_KEYFILE && r->key != SECRET_KEY_PKCS12)
			read_private(t, folder, r, now, problems);
}

/* A file: neither the key itself nor a word. */
static bool is_file(const char *key)
{
	return key && *key != '%' &&
	       !(key[0] == '0' &&
		 (key[1] == 's' || key[1] == 'S' || key[1] == 'x' || key[1] == 'X'));
}

static void read_public(struct trust *t, const char *folder, const char *name,
			struct problems *problems)
{
	char *path = path_of(folder, "certs", name);
	struct bytes octets = {0};
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = read_file(path, false, &octets, problems, &why);
	if (!err) {
		err = trust_put_public(t, name, view_bytes(&octets), &why);
		if (err)
			name_file(&why, "the public key of", path);
	}
	if (err)
		problems_add(problems, PROBLEM_WARNING, &why);
	bytes_done(&octets);
	free(path);
}

void keyfiles_connection(struct trust *t, const char *folder, const struct connection *c,
			 struct problems *problems)
{
	for (int i = 0; i < 2; i++)
		if (is_file(c->end[i].public_key))
			read_public(t, folder, c->end[i].public_key, problems);
}
