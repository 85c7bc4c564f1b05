/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/keyfiles.h"

#include "conf/input.h"
#include "token/token.h"
#include "trust/crl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 67108864 /* octets: a list of a million revoked certificates */

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
	/* Not to be waited for, as one that somebody names may be: all that pluto does would wait. */
	static const struct input folder;
	struct input in = {.parent = &folder, .path = path};

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

enum cyg_err keyfiles_open(struct trust *t, const char *folder, const struct secret_record *r,
			   struct view passphrase, int64_t now, struct problems *problems)
{
	char *path = path_of(folder, "private", r->name);
	struct bytes octets = {0};
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = read_file(path, true, &octets, problems, &why);
	if (!err) {
		err = trust_add_key(t, r, view_bytes(&octets), passphrase, now, &why);
		if (err)
			name_file(&why, "the private key of", path);
		else if (diag_is_set(&why))
			diag_prefix(&why, "%.200s: ", path);
	}
	if (err || diag_is_set(&why)) {
		diag_place(&why, r->file, r->line, 1);
		problems_add(problems, err ? PROBLEM_ERROR : PROBLEM_WARNING, &why);
	}
	bytes_wipe(&octets);
	free(path);
	return err;
}

void keyfiles_early_key(struct keyfiles_early *e, const char *name, uint8_t kind,
			struct view passphrase)
{
	char *path = path_of(e->folder, "private", name);
	struct problems problems = {0};
	struct bytes octets = {0};
	struct diag why;

	if (!read_file(path, true, &octets, &problems, &why))
		trust_early_private(e->found, kind, view_bytes(&octets), passphrase);
	problems_done(&problems);
	bytes_wipe(&octets);
	free(path);
}

bool keyfiles_is_open(const struct trust *t, const char *folder, const struct secret_record *r)
{
	struct problems problems = {0};
	struct bytes octets = {0};
	struct diag why;
	char *path;
	bool open;

	if (r->kind != SECRET_KEYFILE || !trust_has_key(t, r))
		return trust_has_key(t, r);
	path = path_of(folder, "private", r->name);
	open = !read_file(path, true, &octets, &problems, &why) &&
	       trust_has_key_of(t, r, view_bytes(&octets));
	problems_done(&problems);
	bytes_wipe(&octets);
	free(path);
	return open;
}

void keyfiles_private(struct trust *t, const char *folder, int64_t now,
		      struct problems *problems)
{
	const struct secret_set *secrets = trust_secrets(t);
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(secrets, i)); i++) {
		if (r->kind != SECRET_KEYFILE || r->prompt)
			continue;
		if (keyfiles_open(t, folder, r, (struct view){0}, now, problems))
			continue; /* the others may do */
	}
}

/* A record of ipsec.secrets names such a bundle, which holds the certificate. */
static bool is_bundle(const struct trust *t, const char *name)
{
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(trust_secrets(t), i)); i++)
		if (r->kind == SECRET_KEYFILE && r->key == SECRET_KEY_PKCS12 &&
		    !strcmp(r->name, name))
			return true;
	return false;
}

/* A file: neither the key itself nor a word, and not on a token. */
static bool is_file(const char *key)
{
	return key && *key != '%' && !token_is_name(key) &&
	       !(key[0] == '0' &&
		 (key[1] == 's' || key[1] == 'S' || key[1] == 'x' || key[1] == 'X'));
}

/* What an end names in certs/: its certificate, or its public key. */
static void read_named(struct trust *t, const char *folder, const char *name, bool is_cert,
		       int64_t now, struct problems *problems)
{
	char *path = path_of(folder, "certs", name);
	struct bytes octets = {0};
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = read_file(path, false, &octets, problems, &why);
	if (!err) {
		err = is_cert ? trust_put_cert(t, name, view_bytes(&octets), now, &why)
			      : trust_put_public(t, name, view_bytes(&octets), &why);
		if (err || diag_is_set(&why))
			name_file(&why, is_cert ? "the certificate of" : "the public key of",
				  path);
	}
	if (err || diag_is_set(&why))
		problems_add(problems, PROBLEM_WARNING, &why);
	bytes_done(&octets);
	free(path);
}

/* The name leads out of the folder, by whole path or by its parent. */
static bool leads_out(const char *name)
{
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, "..", 2) && (!at[2] || at[2] == '/'))
			return true;
	}
	return *name == '/';
}

/* False, and told: it is not opened for who asks. */
static bool may_open(const char *name, bool anywhere, struct problems *problems)
{
	struct diag why;

	if (anywhere || !leads_out(name))
		return true;
	diag_set(&why, "file-outside", NULL,
		 "%s is not opened for who is not root: it lies outside of ipsec.d", name);
	diag_hint(&why, "put it into ipsec.d/certs, or let root load the connection");
	problems_add(problems, PROBLEM_WARNING, &why);
	return false;
}

void keyfiles_connection(struct trust *t, const char *folder, bool anywhere,
			 struct connection *c, int64_t now, struct problems *problems)
{
	for (int i = 0; i < 2; i++) {
		const char *at = c->end[i].cert;
		char name[CONN_CERT_NAME_MAX];
		struct end *e = &c->end[i];

		while (connection_next_cert(&at, name, sizeof(name)))
			if (!token_is_name(name) && !is_bundle(t, name) &&
			    may_open(name, anywhere, problems))
				read_named(t, folder, name, true, now, problems);
		if (!e->cert && is_file(e->public_key) &&
		    may_open(e->public_key, anywhere, problems))
			read_named(t, folder, e->public_key, false, now, problems);
		if (e->cert && !e->id)
			e->id = trust_cert_identity(t, e->cert);
	}
}

/* ---- whole folders ---- */

static int is_shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Some file systems do not say it with the name (DT_UNKNOWN), and a link may lead to a folder. */
static bool is_folder(const char *path, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN && d->d_type != DT_LNK)
		return d->d_type == DT_DIR;
	return path && !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Tell `each` of what a file holds; what can't be read is told, and `lost` hears of it. */
static void read_one(const char *path, const char *name, struct problems *problems,
		     void (*each)(void *ctx, const char *name, struct view octets),
		     void (*lost)(void *ctx, const char *name), void *ctx)
{
	struct bytes octets = {0};
	struct diag why;

	diag_clear(&why);
	if (!read_file(path, false, &octets, problems, &why)) {
		each(ctx, name, view_bytes(&octets));
	} else {
		problems_add(problems, PROBLEM_ERROR, &why);
		if (lost)
			lost(ctx, name);
	}
	bytes_done(&octets);
}

/*
 * Read each file of a folder, in the order of their names. `lost`, if any, hears of each that can't
 * be read. CYG_NOTFOUND: there is no such folder; CYG_IO: it can't be read.
 */
static enum cyg_err each_file(const char *folder, const char *place, struct problems *problems,
			      void (*each)(void *ctx, const char *name, struct view octets),
			      void (*lost)(void *ctx, const char *name), void *ctx)
{
	char *path = path_of(folder, place, ".");
	struct dirent **entries = NULL;
	int n = path ? scandir(path, &entries, is_shown, alphasort) : -1;
	bool absent = n < 0 && path && errno == ENOENT;

	for (int i = 0; i < n; i++) {
		char *file = path_of(folder, place, entries[i]->d_name);

		if (!is_folder(file, entries[i]))
			read_one(file, entries[i]->d_name, problems, each, lost, ctx);
		free(file);
		free(entries[i]);
	}
	free(entries);
	free(path);
	return absent ? CYG_NOTFOUND : n < 0 ? CYG_IO : CYG_OK;
}

struct reading {
	struct trust *trust;
	int64_t now;
	struct problems *problems;
	const char *folder;
	void (*aside)(void *ctx,
		      struct trust_job *job); /* of long lists; NULL: they are read here */
	void *ctx;
};

/* A folder as trust knows it. */
struct folder {
	enum trust_folder folder;
	const char *place, *what; /* of its files */
	void (*each)(void *ctx, const char *name, struct view octets);
	void (*lost)(void *ctx, const char *name);
};

/* What was in force and has gone is told: it is revoked, or trusted, no more. */
static void tell_gone(struct reading *r, const struct folder *f)
{
	const char *name;
	size_t at = 0;

	while ((name = trust_gone_file(r->trust, f->folder, &at))) {
		char *path = path_of(r->folder, f->place, name);
		struct diag why;

		diag_set(&why, KEYFILES_GONE, NULL, "%s/%s/%s is gone: %s no more", r->folder,
			 f->place, name, f->what);
		if (!path || access(path, F_OK)) /* why it holds nothing any more was told */
			problems_add(r->problems, PROBLEM_WARNING, &why);
		free(path);
	}
}

/* A folder that was there and has gone is no empty one: what is in force stays. */
static enum cyg_err read_folder(struct reading *r, const struct folder *f)
{
	enum cyg_err err = each_file(r->folder, f->place, r->problems, f->each, f->lost, r);
	size_t at = 0;

	if (err == CYG_NOTFOUND && !trust_gone_file(r->trust, f->folder, &at))
		err = CYG_OK;
	if (!err)
		tell_gone(r, f);
	return err;
}

static void keep_file(struct reading *r, enum trust_folder folder, const char *name)
{
	struct diag why;

	if (!trust_keep_file(r->trust, folder, name))
		return;
	diag_set(&why, "no-memory", NULL, "%.200s: memory is short", name);
	problems_add(r->problems, PROBLEM_ERROR, &why);
}

static void lost_cacert(void *ctx, const char *name)
{
	keep_file(ctx, TRUST_CACERTS, name);
}

static void lost_aacert(void *ctx, const char *name)
{
	keep_file(ctx, TRUST_AACERTS, name);
}

static void lost_acert(void *ctx, const char *name)
{
	keep_file(ctx, TRUST_ACERTS, name);
}

static void lost_ocspcert(void *ctx, const char *name)
{
	keep_file(ctx, TRUST_OCSPCERTS, name);
}

static void each_cert(void *ctx, const char *name, struct view octets)
{
	struct reading *r = ctx;

	/* Whoever names a file that holds no certificate is told so then. */
	if (trust_read_cert(r->trust, name, octets, r->now, NULL))
		return;
}

/* Those that connections name elsewhere are read again, too: one that has gone is none any more. */
static void reread_named(struct reading *r)
{
	const char *name;

	for (size_t i = 0; (name = trust_cert_file(r->trust, i)); i++) {
		char *path = strchr(name, '/') ? path_of(r->folder, "certs", name) : NULL;
		struct bytes octets = {0};

		if (token_is_name(name)) {
			struct diag why;

			diag_set(&why, "no-memory", NULL, "%.200s: memory is short", name);
			if (trust_keep_cert(r->trust, name, r->now))
				problems_add(r->problems, PROBLEM_WARNING, &why);
			free(path);
			continue;
		}

		if (path && !read_file(path, false, &octets, r->problems, NULL))
			each_cert(r, name, view_bytes(&octets));
		bytes_done(&octets);
		free(path);
	}
}

/* Something in force was read of certs/, and not of a token, a bundle or another folder. */
static bool has_of_folder(const struct trust *t)
{
	const char *name;

	for (size_t i = 0; (name = trust_cert_file(t, i)); i++)
		if (!strchr(name, '/') && !token_is_name(name) && !is_bundle(t, name))
			return true;
	return false;
}

void keyfiles_certs(struct trust *t, const char *folder, int64_t now, struct problems *problems)
{
	struct reading r = {.trust = t, .now = now, .problems = problems, .folder = folder};
	enum cyg_err err;

	trust_begin_certs(t);
	err = each_file(folder, "certs", problems, each_cert, NULL, &r);
	if (err == CYG_IO || (err && has_of_folder(t))) {
		struct diag why;

		diag_set(&why, "certs-unread", NULL,
			 "%s/certs: %s; the certificates in force stay", folder,
			 cyg_err_text(err));
		problems_add(problems, PROBLEM_ERROR, &why);
		return;
	}
	reread_named(&r);
	trust_take_certs(t);
}

static void name_refused(struct reading *r, const char *place, const char *what,
			 const char *name, struct diag *why)
{
	char *path = path_of(r->folder, place, name);

	name_file(why, what, path ? path : name);
	problems_add(r->problems, PROBLEM_ERROR, why);
	free(path);
}

static void each_cacert(void *ctx, const char *name, struct view octets)
{
	struct reading *r = ctx;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = trust_read_cacert(r->trust, name, octets, r->now, &why);
	if (err || diag_is_set(&why))
		name_refused(r, "cacerts", "the authority of", name, &why);
	if (err)
		lost_cacert(r, name);
}

static void lost_crl(void *ctx, const char *name)
{
	struct reading *r = ctx;

	trust_keep_crl(r->trust, name);
}

/* An answer that was kept of a server. One of no more use goes: nobody else put it there. */
static void read_answer(struct reading *r, const char *name, struct view octets)
{
	char *path = path_of(r->folder, "crls", name);

	if (trust_read_answer(r->trust, name, octets, r->now) == CYG_RANGE && path)
		unlink(path);
	free(path);
}

static int is_answer(const struct dirent *e)
{
	return trust_is_kept_answer(e->d_name);
}

void keyfiles_purge_answers(const char *folder)
{
	char *path = path_of(folder, "crls", ".");
	struct dirent **entries = NULL;
	int n = path ? scandir(path, &entries, is_answer, NULL) : -1;

	for (int i = 0; i < n; i++) {
		char *file = path_of(folder, "crls", entries[i]->d_name);

		if (file)
			unlink(file);
		free(file);
		free(entries[i]);
	}
	free(entries);
	free(path);
}

struct reading_list {
	struct reading *r;
	const char *name; /* of the file */
};

static void each_list(void *ctx, struct view octets)
{
	const struct reading_list *l = ctx;
	struct reading *r = l->r;
	const char *name = l->name;
	struct trust_job *job;
	struct diag why;

	diag_clear(&why);
	job = r->aside ? trust_begin_crl(r->trust, name, octets, r->now) : NULL;
	if (job) {
		r->aside(r->ctx, job);
		return;
	}
	switch (trust_read_crl(r->trust, name, octets, r->now, &why)) {
	case CYG_OK:
	case CYG_EXISTS: /* no fault: fetched ones and their files lie side by side */
		break;
	case CYG_NOTFOUND:
		diag_prefix(&why, "%s/crls/%s waits: ", r->folder, name);
		problems_add(r->problems, PROBLEM_NOTE, &why);
		break;
	default:
		name_refused(r, "crls", "the list of", name, &why);
		lost_crl(r, name);
		break;
	}
}

static void each_crl(void *ctx, const char *name, struct view octets)
{
	struct reading_list l = {ctx, name};
	struct diag why;

	if (trust_is_kept_answer(name)) {
		read_answer(ctx, name, octets);
		return;
	}
	diag_set(&why, "no-memory", NULL, "memory is short");
	if (!crl_each(octets, each_list, &l, &why))
		return;
	name_refused(ctx, "crls", "a list of", name, &why);
	lost_crl(ctx, name);
}

enum cyg_err keyfiles_cacerts(struct trust *t, const char *folder, int64_t now,
			      struct problems *problems)
{
	struct reading r = {.trust = t, .now = now, .problems = problems, .folder = folder};
	static const struct folder cacerts = {TRUST_CACERTS, "cacerts",
					      "its authority is trusted", each_cacert,
					      lost_cacert};
	enum cyg_err err = read_folder(&r, &cacerts);

	return err ? err : trust_take_cacerts(t);
}

static void each_aacert(void *ctx, const char *name, struct view octets)
{
	struct reading *r = ctx;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = trust_read_aacert(r->trust, name, octets, r->now, &why);
	if (err || diag_is_set(&why))
		name_refused(r, "aacerts", "the attribute authority of", name, &why);
	if (err)
		lost_aacert(r, name);
}

static void each_acert(void *ctx, const char *name, struct view octets)
{
	struct reading *r = ctx;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = trust_read_acert(r->trust, name, octets, r->now, &why);
	if (!err && !diag_is_set(&why))
		return;
	name_refused(r, "acerts", "the attribute certificate of", name, &why);
	if (err && err != CYG_AUTH) /* it is whole, and nobody who is believed made it */
		lost_acert(r, name);
}

enum cyg_err keyfiles_aacerts(struct trust *t, const char *folder, int64_t now,
			      struct problems *problems)
{
	struct reading r = {.trust = t, .now = now, .problems = problems, .folder = folder};
	static const struct folder aacerts = {TRUST_AACERTS, "aacerts",
					      "its attribute authority is trusted", each_aacert,
					      lost_aacert};
	enum cyg_err err = read_folder(&r, &aacerts);

	if (!err)
		trust_take_aacerts(t);
	return err;
}

static void early_authority(void *ctx, const char *name, struct view octets)
{
	struct keyfiles_early *e = ctx;

	if (!e->stop)
		trust_early_authority(e->found, name, octets);
}

static void early_acert(void *ctx, const char *name, struct view octets)
{
	struct keyfiles_early *e = ctx;

	if (!e->stop)
		trust_early_acert(e->found, octets);
}

void keyfiles_early_acerts(struct keyfiles_early *e)
{
	struct problems problems = {0};

	enum cyg_err err = each_file(e->folder, "aacerts", &problems, early_authority, NULL, e);

	/* Those that are in force may have made some, whatever became of their folder. */
	if (!err || err == CYG_NOTFOUND || err == CYG_IO)
		err = each_file(e->folder, "acerts", &problems, early_acert, NULL, e);
	problems_done(&problems);
	if (err)
		return; /* reading them tells it */
}

enum cyg_err keyfiles_acerts(struct trust *t, const char *folder, int64_t now,
			     struct problems *problems)
{
	struct reading r = {t, now, problems, folder};
	static const struct folder acerts = {TRUST_ACERTS, "acerts", "its groups count",
					     each_acert, lost_acert};
	enum cyg_err err = read_folder(&r, &acerts);

	if (!err)
		trust_take_acerts(t, now);
	return err;
}

enum cyg_err keyfiles_crls(struct trust *t, const char *folder, int64_t now,
			   void (*aside)(void *ctx, struct trust_job *job), void *ctx,
			   struct problems *problems)
{
	struct reading r = {t, now, problems, folder, aside, ctx};
	static const struct folder crls = {TRUST_CRLS, "crls", "whom it revoked is refused",
					   each_crl, lost_crl};
	enum cyg_err err = read_folder(&r, &crls);

	if (err)
		return err;
	trust_take_crls(t, now);
	return CYG_OK;
}

static void each_ocspcert(void *ctx, const char *name, struct view octets)
{
	struct reading *r = ctx;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = trust_read_ocspcert(r->trust, name, octets, r->now, &why);
	if (err || diag_is_set(&why))
		name_refused(r, "ocspcerts", "the signer's certificate of", name, &why);
	if (err)
		lost_ocspcert(r, name);
}

enum cyg_err keyfiles_ocspcerts(struct trust *t, const char *folder, int64_t now,
				struct problems *problems)
{
	struct reading r = {.trust = t, .now = now, .problems = problems, .folder = folder};
	static const struct folder signers = {TRUST_OCSPCERTS, "ocspcerts",
					      "its signer is believed", each_ocspcert,
					      lost_ocspcert};
	enum cyg_err err = read_folder(&r, &signers);

	if (err)
		return err;
	trust_take_ocspcerts(t);
	return CYG_OK;
}
