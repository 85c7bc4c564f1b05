/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/input.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Grow by doubling, leaving no copy of a secret behind. */
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

static enum cyg_err read_all(int fd, const char *path, size_t octets_max, struct bytes *ret,
			     struct diag *why)
{
	struct bytes b = {0};
	size_t cap = 0;

	for (;;) {
		ssize_t n;

		if (b.len == cap) {
			cap = cap ? cap * 2 : 8192;
			if (!grow(&b, cap)) {
				bytes_wipe(&b);
				diag_set(why, "no-memory", NULL, "no memory to read %s", path);
				return CYG_NOMEM;
			}
		}
		n = read(fd, b.ptr + b.len, cap - b.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = errno;

			bytes_wipe(&b);
			return refuse_errno(path, error, why);
		}
		if (!n)
			break;
		b.len += (size_t)n;
		if (b.len > octets_max) {
			bytes_wipe(&b);
			diag_set(why, "file-size", NULL, "%s is larger than %zu octets", path,
				 octets_max);
			return CYG_LIMIT;
		}
	}
	*ret = b;
	return CYG_OK;
}

enum cyg_err input_read(struct input *in, bool secret, size_t octets_max, struct bytes *ret,
			struct problems *problems, struct diag *why)
{
	/* O_NONBLOCK: a pipe without a writer is not waited for at open. */
	int fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	enum cyg_err err;

	if (fd < 0)
		return refuse_errno(in->path, errno, why);
	if (fstat(fd, &st) < 0) {
		err = refuse_errno(in->path, errno, why);
		close(fd);
		return err;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	in->device = st.st_dev;
	in->inode = st.st_ino;
	err = check_owner(in->path, &st, secret, problems, why);
	if (!err)
		err = read_all(fd, in->path, octets_max, ret, why);
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

void input_include(const struct input *in, const char *pattern, unsigned depth_max,
		   unsigned line, struct problems *problems, input_each each, void *ctx)
{
	bool wild = strpbrk(pattern, "*?[{") != NULL;
	char *path;
	glob_t found = {0};

	if (in->depth + 1 > depth_max) {
		complain(problems, PROBLEM_ERROR, in, line, "include-depth",
			 "files include each other too deeply", pattern,
			 "look for a file that includes itself through others");
		return;
	}
	path = anchor(in->path, pattern);
	if (!path) {
		complain(problems, PROBLEM_ERROR, in, line, "no-memory", "no memory to include",
			 pattern, NULL);
		return;
	}
	if (glob(path, GLOB_BRACE | GLOB_ERR, NULL, &found) == 0) {
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
}
