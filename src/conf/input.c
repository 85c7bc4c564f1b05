/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/input.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum cyg_err refuse_errno(const char *path, int error, struct diag *why)
{
	diag_set(why, "file-unreadable", NULL, "cannot read %s: %s", path, strerror(error));
	if (error == EACCES || error == EPERM) {
		diag_hint(why, "run as root, or give yourself permission to read the file");
		return CYG_PERM;
	}
	if (error == ENOENT)
		diag_hint(why, "create the file, or name another one");
	return error == ENOMEM ? CYG_NOMEM : CYG_IO;
}

/*
 * Whoever may write a configuration may have the daemon do what they like. Of a configuration
 * that may be meant: somebody keeps it in order for root. Of secrets it is not.
 */
static enum cyg_err check_stranger(const char *path, const struct stat *st, bool secret,
				   struct problems *problems, struct diag *why)
{
	struct diag d;

	if (st->st_uid == 0 || st->st_uid == geteuid())
		return CYG_OK;
	diag_set(&d, "file-owner", NULL, "%s belongs to user %ld, who may write it", path,
		 (long)st->st_uid);
	diag_wanted(&d, "a file of root's, or of who reads it");
	diag_hint(&d, "chown root %s", path);
	if (!secret) {
		problems_add(problems, PROBLEM_WARNING, &d);
		return CYG_OK;
	}
	*why = d;
	return CYG_PERM;
}

static enum cyg_err check_owner(const char *path, const struct stat *st, bool secret,
				struct problems *problems, struct diag *why)
{
	if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode)) {
		diag_set(why, "file-kind", NULL, "%s is neither a file nor a pipe", path);
		return CYG_IO;
	}
	if (check_stranger(path, st, secret, problems, why))
		return CYG_PERM;
	if (S_ISFIFO(st->st_mode))
		return CYG_OK;
	if (st->st_mode & S_IWOTH) {
		diag_set(why, "file-writable", NULL, "everyone may write %s", path);
		diag_hint(why, "chmod o-w %s", path);
		return CYG_PERM;
	}
	if (secret && (st->st_mode & S_IWGRP)) {
		diag_set(why, "file-writable", NULL, "the group of %s may write it", path);
		diag_hint(why, "chmod go= %s", path);
		return CYG_PERM;
	}
	if (secret && (st->st_mode & S_IROTH)) {
		diag_set(why, "secrets-readable", NULL, "everyone may read %s", path);
		diag_hint(why, "chmod go= %s, and replace the secrets that were in it", path);
		return CYG_PERM;
	}
	if (secret && (st->st_mode & S_IRGRP)) {
		struct diag d;

		diag_set(&d, "secrets-readable", NULL, "the group of %s may read it", path);
		diag_hint(&d, "chmod go= %s", path);
		problems_add(problems, PROBLEM_WARNING, &d);
	}
	return CYG_OK;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until a pipe can be read; false when its writer takes too long. */
static bool wait_for_writer(int fd, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = until - now_ms();
	int n;

	do {
		n = poll(&p, 1, left > 0 ? (int)left : 0);
		left = until - now_ms();
	} while (n < 0 && errno == EINTR && left > 0);
	return n != 0;
}

static enum cyg_err refuse(const char *path, const char *code, enum cyg_err err,
			   const char *sentence, const char *hint, struct diag *why)
{
	diag_set(why, code, NULL, "%s %s", path, sentence);
	if (hint)
		diag_hint(why, "%s", hint);
	return err;
}

static enum cyg_err too_large(const char *path, size_t octets_max, struct diag *why)
{
	diag_set(why, "file-size", NULL, "%s is larger than %zu octets", path, octets_max);
	diag_hint(why, "is it the right file? include several smaller ones");
	return CYG_LIMIT;
}

/* Half of an old file and half of a new one would be neither. */
static enum cyg_err refuse_changed(const char *path, struct diag *why)
{
	return refuse(path, "file-changed", CYG_IO, "changed while it was read",
		      "try again; write files aside and rename them, so that each is whole",
		      why);
}

static struct input_version version_of(const struct stat *st)
{
	return (struct input_version){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.changed = st->st_mtim,
	};
}

static bool is_version(int fd, const struct input_version *v)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_dev == v->device && now.st_ino == v->inode &&
	       now.st_size == v->size && now.st_mtim.tv_sec == v->changed.tv_sec &&
	       now.st_mtim.tv_nsec == v->changed.tv_nsec;
}

static int open_file(const char *path)
{
	/* O_NONBLOCK: a pipe without a writer is not waited for at open. */
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static enum cyg_err check_opened(struct input *in, int fd, bool secret,
				 struct input_pieces *ret, struct problems *problems,
				 struct diag *why)
{
	struct stat st;
	enum cyg_err err;

	if (fstat(fd, &st) < 0)
		return refuse_errno(in->path, errno, why);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	in->device = st.st_dev;
	in->inode = st.st_ino;
	err = check_owner(in->path, &st, secret, problems, why);
	if (err)
		return err;
	ret->is_pipe = S_ISFIFO(st.st_mode);
	ret->version = version_of(&st);
	if (ret->is_pipe && in->parent)
		return refuse(in->path, "file-kind", CYG_IO,
			      "is a pipe, and only files are included, or read of a folder",
			      "keep pipes out of folders that are read as a whole", why);
	if (!ret->is_pipe && (uint64_t)st.st_size > ret->octets_max)
		return too_large(in->path, ret->octets_max, why);
	return CYG_OK;
}

enum cyg_err input_open(struct input *in, bool secret, size_t octets_max,
			struct input_pieces *ret, struct problems *problems, struct diag *why)
{
	struct input_pieces p = {.path = in->path, .octets_max = octets_max};
	enum cyg_err err;

	p.fd = open_file(in->path);
	if (p.fd < 0)
		return refuse_errno(in->path, errno, why);
	err = check_opened(in, p.fd, secret, &p, problems, why);
	if (err) {
		close(p.fd);
		return err;
	}
	p.pipe_until = p.is_pipe ? now_ms() + INPUT_PATIENCE_MS : 0;
	*ret = p;
	return CYG_OK;
}

enum cyg_err input_more(struct input_pieces *p, uint8_t *to, size_t room, size_t *ret_len,
			struct diag *why)
{
	ssize_t n;

	if (p->is_pipe && !wait_for_writer(p->fd, p->pipe_until))
		return refuse(p->path, "pipe-silent", CYG_IO,
			      "is a pipe into which nobody writes",
			      "write into it while it is read, or name a file", why);
	do {
		n = read(p->fd, to, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return refuse_errno(p->path, errno, why);
	p->octets += (size_t)n;
	if (p->octets > p->octets_max)
		return too_large(p->path, p->octets_max, why);
	if (n == 0 && !p->is_pipe &&
	    (p->octets != (uint64_t)p->version.size || !is_version(p->fd, &p->version)))
		return refuse_changed(p->path, why);
	*ret_len = (size_t)n;
	return CYG_OK;
}

void input_close(struct input_pieces *p)
{
	close(p->fd);
}

enum cyg_err input_again(const char *path, const struct input_version *version, size_t at,
			 uint8_t *to, size_t len, struct diag *why)
{
	int fd = open_file(path);
	bool same;

	if (fd < 0)
		return refuse_errno(path, errno, why);
	same = is_version(fd, version) && pread(fd, to, len, (off_t)at) == (ssize_t)len &&
	       is_version(fd, version);
	close(fd);
	return same ? CYG_OK : refuse_changed(path, why);
}

/* One more piece into *b, which grows. */
static enum cyg_err read_piece(struct input_pieces *p, struct bytes *b, size_t *cap,
			       size_t *ret_len, struct diag *why)
{
	enum cyg_err err;

	if (b->len == *cap) {
		size_t bigger = *cap         ? *cap * 2
				: p->is_pipe ? 8192
					     : (size_t)p->version.size + 1;

		if (!secret_regrow(&b->ptr, b->len, bigger))
			return refuse(p->path, "no-memory", CYG_NOMEM,
				      "is too large for this host's memory", NULL, why);
		*cap = bigger;
	}
	err = input_more(p, b->ptr + b->len, *cap - b->len, ret_len, why);
	if (!err)
		b->len += *ret_len;
	return err;
}

enum cyg_err input_rest(struct input_pieces *p, struct bytes *ret, struct diag *why)
{
	enum cyg_err err;
	struct bytes b = {0};
	size_t cap = 0, n = 1;

	do
		err = read_piece(p, &b, &cap, &n, why);
	while (!err && n);
	if (err)
		bytes_wipe(&b);
	else
		*ret = b;
	return err;
}

enum cyg_err input_read(struct input *in, bool secret, size_t octets_max, struct bytes *ret,
			struct problems *problems, struct diag *why)
{
	struct input_pieces p;
	enum cyg_err err = input_open(in, secret, octets_max, &p, problems, why);

	if (err)
		return err;
	err = input_rest(&p, ret, why);
	input_close(&p);
	return err;
}

bool input_goes_round(const struct input *in)
{
	for (const struct input *up = in->parent; up; up = up->parent) {
		if (up->inode == in->inode && up->device == in->device && up->inode)
			return true;
	}
	return false;
}

/* "DIR/pattern" for a relative pattern; the caller frees. */
static char *anchor(const char *from, const char *pattern)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash ? (size_t)(slash - from) + 1 : 0;
	size_t len = strlen(pattern);
	char *path;

	if (pattern[0] == '/')
		dir = 0;
	path = malloc(dir + len + 1);
	if (!path)
		return NULL;
	memcpy(path, from, dir);
	memcpy(path + dir, pattern, len + 1);
	return path;
}

static void complain(struct problems *problems, enum problem_level level,
		     const struct input *in, unsigned line, const char *code,
		     const char *sentence, const char *pattern, const char *hint)
{
	struct diag d;

	diag_set(&d, code, NULL, "%s: %s", sentence, pattern);
	diag_place(&d, in->path, line, 1);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add(problems, level, &d);
}

/* A pattern whose folder has gone (moved, unmounted) matches nothing, as one of an empty folder. */
static void tell_no_folder(const struct input *in, const char *path,
			   const struct input_rules *rules, unsigned line,
			   struct problems *problems)
{
	size_t wild = strcspn(path, "*?[{");
	char *folder;

	if (!path[wild])
		return;
	while (wild && path[wild - 1] != '/')
		wild--;
	folder = strndup(path, wild);
	if (wild > 1 && folder && access(folder, F_OK) && errno == ENOENT) {
		complain(problems, rules->missing, in, line, "include-folder",
			 "there is no folder to include from", folder,
			 "if it is meant so, remove the include line");
		if (rules->hollow)
			*rules->hollow = true;
	}
	free(folder);
}

bool input_include(const struct input *in, const char *pattern, const struct input_rules *rules,
		   unsigned line, struct problems *problems, input_each each, void *ctx)
{
	bool wild = strpbrk(pattern, "*?[{") != NULL;
	char *path;
	glob_t found = {0};
	bool well;
	int none;

	if (in->depth + 1 > rules->depth_max) {
		complain(problems, PROBLEM_ERROR, in, line, "include-depth",
			 "files include each other too deeply", pattern,
			 "look for a file that includes itself through others");
		return false;
	}
	path = anchor(in->path, pattern);
	if (!path) {
		complain(problems, PROBLEM_ERROR, in, line, "no-memory", "no memory to include",
			 pattern, NULL);
		return false;
	}
	tell_no_folder(in, path, rules, line, problems);
	errno = 0;
	none = glob(path, GLOB_BRACE | GLOB_ERR, NULL, &found);
	/* A folder that is not there has no files; one that can't be opened may have. */
	well = !none || (wild && (none == GLOB_NOMATCH || errno == ENOENT));
	if (!none) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct input child = {.parent = in,
					      .path = found.gl_pathv[i],
					      .depth = in->depth + 1};

			each(ctx, &child);
		}
	} else if (!wild) {
		complain(problems, rules->missing, in, line, "include-none",
			 "there is no file to include", path,
			 "relative names are looked up beside the file that includes them");
	}
	globfree(&found);
	free(path);
	return well;
}
