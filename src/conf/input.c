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

/* Whoever may write a configuration may have the daemon do what they like. */
static enum cyg_err check_owner(const char *path, const struct stat *st, bool secret,
				struct problems *problems, struct diag *why)
{
	if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode)) {
		diag_set(why, "file-kind", NULL, "%s is neither a file nor a pipe", path);
		return CYG_IO;
	}
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

/* Grow, leaving no copy of a secret behind. */
static bool grow(struct bytes *b, size_t cap)
{
	uint8_t *bigger = malloc(cap);

	if (!bigger)
		return false;
	if (b->len)
		memcpy(bigger, b->ptr, b->len);
	secret_wipe(b->ptr, b->len);
	free(b->ptr);
	b->ptr = bigger;
	return true;
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

/* One more piece; *ret_end once there is no more. */
static enum cyg_err read_piece(int fd, const char *path, struct bytes *b, size_t cap,
			       int64_t pipe_until, bool *ret_end, struct diag *why)
{
	ssize_t n;

	if (pipe_until && !wait_for_writer(fd, pipe_until))
		return refuse(path, "pipe-silent", CYG_IO, "is a pipe into which nobody writes",
			      "write into it while it is read, or name a file", why);
	do {
		n = read(fd, b->ptr + b->len, cap - b->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return refuse_errno(path, errno, why);
	b->len += (size_t)n;
	*ret_end = n == 0;
	return CYG_OK;
}

static enum cyg_err too_large(const char *path, size_t octets_max, struct diag *why)
{
	diag_set(why, "file-size", NULL, "%s is larger than %zu octets", path, octets_max);
	diag_hint(why, "is it the right file? include several smaller ones");
	return CYG_LIMIT;
}

/* Up to one octet more than `octets_max`. */
static enum cyg_err read_all(int fd, const char *path, const struct stat *st, size_t octets_max,
			     struct bytes *ret, struct diag *why)
{
	int64_t until = S_ISFIFO(st->st_mode) ? now_ms() + INPUT_PATIENCE_MS : 0;
	size_t first = S_ISREG(st->st_mode) ? (size_t)st->st_size + 1 : 8192, cap = 0;
	enum cyg_err err = CYG_OK;
	struct bytes b = {0};
	bool end = false;

	if (first > octets_max + 1)
		return too_large(path, octets_max, why);
	while (!err && !end && b.len <= octets_max) {
		if (b.len == cap) {
			cap = cap ? cap * 2 : first;
			if (!grow(&b, cap)) {
				err = refuse(path, "no-memory", CYG_NOMEM,
					     "is too large for this host's memory", NULL, why);
				break;
			}
		}
		err = read_piece(fd, path, &b, cap, until, &end, why);
	}
	if (!err && b.len > octets_max)
		err = too_large(path, octets_max, why);
	if (err)
		bytes_wipe(&b);
	else
		*ret = b;
	return err;
}

/* Half of an old file and half of a new one would be neither. */
static enum cyg_err check_unchanged(int fd, const char *path, const struct stat *before,
				    size_t len, struct diag *why)
{
	struct stat now;

	if (!S_ISREG(before->st_mode))
		return CYG_OK;
	if (fstat(fd, &now) == 0 && (uint64_t)now.st_size == len &&
	    now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return CYG_OK;
	return refuse(path, "file-changed", CYG_IO, "changed while it was read",
		      "try again; write files aside and rename them, so that each is whole",
		      why);
}

static enum cyg_err read_open(struct input *in, int fd, bool secret, size_t octets_max,
			      struct bytes *ret, struct problems *problems, struct diag *why)
{
	struct bytes read = {0};
	struct stat st;
	enum cyg_err err;

	if (fstat(fd, &st) < 0)
		return refuse_errno(in->path, errno, why);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	in->device = st.st_dev;
	in->inode = st.st_ino;
	err = check_owner(in->path, &st, secret, problems, why);
	if (!err && in->parent && S_ISFIFO(st.st_mode))
		err = refuse(in->path, "file-kind", CYG_IO, "is a pipe, and files are included",
			     "keep pipes out of folders that are included", why);
	if (!err)
		err = read_all(fd, in->path, &st, octets_max, &read, why);
	if (!err)
		err = check_unchanged(fd, in->path, &st, read.len, why);
	if (err)
		bytes_wipe(&read);
	else
		*ret = read;
	return err;
}

enum cyg_err input_read(struct input *in, bool secret, size_t octets_max, struct bytes *ret,
			struct problems *problems, struct diag *why)
{
	/* O_NONBLOCK: a pipe without a writer is not waited for at open. */
	int fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum cyg_err err;

	if (fd < 0)
		return refuse_errno(in->path, errno, why);
	err = read_open(in, fd, secret, octets_max, ret, problems, why);
	close(fd);
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

bool input_include(const struct input *in, const char *pattern, unsigned depth_max,
		   unsigned line, struct problems *problems, input_each each, void *ctx)
{
	bool wild = strpbrk(pattern, "*?[{") != NULL;
	char *path;
	glob_t found = {0};
	bool well;
	int none;

	if (in->depth + 1 > depth_max) {
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
		complain(problems, PROBLEM_WARNING, in, line, "include-none",
			 "there is no file to include", path,
			 "relative names are looked up beside the file that includes them");
	}
	globfree(&found);
	free(path);
	return well;
}
