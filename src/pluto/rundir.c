/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/rundir.h"

#include "base/text.h"
#include "net/info.h"
#include "whack/again.h"
#include "whack/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024 /* callers in a hurry; the kernel may allow fewer */

static enum cyg_err fault(struct diag *why, const char *what, const char *path, int error)
{
	diag_set(why, "rundir", NULL, "can't %s %s (%s)", what, path, strerror(error));
	return error == EACCES || error == EPERM ? CYG_PERM : CYG_IO;
}

static enum cyg_err check_owner(const struct rundir *r, struct diag *why)
{
	struct stat st;

	if (fstat(r->fd, &st))
		return fault(why, "look at", r->path, errno);
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return CYG_OK;
	diag_set(why, "rundir", NULL, "others could write in %s", r->path);
	diag_wanted(why, "owner %u, mode 0755", (unsigned)geteuid());
	diag_got(why, "owner %u, mode 0%o", (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	diag_hint(why, "chown and chmod it, or name another folder with --rundir");
	return CYG_PERM;
}

enum cyg_err rundir_open(const char *path, struct rundir *ret, struct diag *why)
{
	struct rundir r = {.path = strdup(path), .fd = -1, .pid_fd = -1};
	enum cyg_err err;

	if (!r.path)
		return CYG_NOMEM;
	if (mkdir(path, 0755) && errno != EEXIST) {
		err = fault(why, "make the folder", path, errno);
		goto fail;
	}
	r.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r.fd < 0) {
		err = fault(why, "open the folder", path, errno);
		goto fail;
	}
	err = check_owner(&r, why);
	if (err)
		goto fail;
	*ret = r;
	return CYG_OK;
fail:
	if (r.fd >= 0)
		close(r.fd);
	free(r.path);
	return err;
}

static enum cyg_err say_running(int fd, const struct rundir *r, struct diag *why)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	diag_set(why, "already-running", NULL,
		 "another pluto is running here (process %s has locked %s/%s)",
		 pid[0] ? pid : "?", r->path, RUNDIR_PID);
	diag_hint(why, "stop it with \"ipsec setup stop\", or use another --rundir");
	return CYG_EXISTS;
}

enum cyg_err rundir_lock(struct rundir *r, struct diag *why)
{
	int fd = openat(r->fd, RUNDIR_PID, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	enum cyg_err err;

	if (fd < 0)
		return fault(why, "open " RUNDIR_PID " in", r->path, errno);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		r->pid_fd = fd;
		return CYG_OK;
	}
	err = errno == EWOULDBLOCK ? say_running(fd, r, why)
				   : fault(why, "lock " RUNDIR_PID " in", r->path, errno);
	close(fd);
	return err;
}

enum cyg_err rundir_write_pid(struct rundir *r, struct diag *why)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(r->pid_fd, 0) || pwrite(r->pid_fd, text, (size_t)len, 0) != len)
		return fault(why, "write " RUNDIR_PID " in", r->path, errno);
	return CYG_OK;
}

/*
 * What stood there may only be an earlier daemon's socket: anything else is not ours to remove.
 */
static enum cyg_err remove_stale(const struct rundir *r, struct diag *why)
{
	struct stat st;

	if (fstatat(r->fd, SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return CYG_OK;
		return fault(why, "look at " SOCKET_NAME " in", r->path, errno);
	}
	if (!S_ISSOCK(st.st_mode)) {
		diag_set(why, "rundir", NULL, "%s/" SOCKET_NAME " is there and is no socket",
			 r->path);
		diag_hint(why, "find out who made it, and remove it");
		return CYG_EXISTS;
	}
	if (unlinkat(r->fd, SOCKET_NAME, 0))
		return fault(why, "remove " SOCKET_NAME " in", r->path, errno);
	return CYG_OK;
}

/*
 * Bind inside the folder that is open, whatever its path means by now and however long it is.
 */
static int bind_inside(const struct rundir *r, int fd)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	mode_t mask;
	int failed;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, r->fd);
	mask = umask(0177);
	failed = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	return failed;
}

static int open_group(const struct rundir *r, gid_t group)
{
	if (group == (gid_t)-1)
		return 0;
	if (fchownat(r->fd, SOCKET_NAME, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW))
		return -1;
	return fchmodat(r->fd, SOCKET_NAME, 0660, 0);
}

enum cyg_err rundir_listen(struct rundir *r, gid_t group, int *ret_fd, struct diag *why)
{
	enum cyg_err err = remove_stale(r, why);
	int fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault(why, "make a socket for", r->path, errno);
	if (bind_inside(r, fd) || open_group(r, group) || listen(fd, BACKLOG)) {
		err = fault(why, "listen at " SOCKET_NAME " in", r->path, errno);
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return CYG_OK;
}

/* In one go or not at all; errno says why not. */
static bool write_all(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);

	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	return n == (ssize_t)len;
}

static enum cyg_err unwritten(const struct rundir *r, const char *name, int error,
			      struct diag *why)
{
	diag_set(why, "rundir", NULL, "can't write %s/%s (%s)", r->path, name, strerror(error));
	if (error == ENOSPC || error == EDQUOT)
		diag_hint(why, "make room there, then: ipsec auto --ready");
	return error == EACCES || error == EPERM ? CYG_PERM : CYG_IO;
}

enum cyg_err rundir_write(struct rundir *r, const char *name, const char *text,
			  struct diag *why)
{
	char fresh[64];
	size_t used = 0;
	bool ok;
	int fd, error;

	buf_add(fresh, sizeof(fresh), &used, "%s.new", name);
	unlinkat(r->fd, fresh, 0);
	fd = openat(r->fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return unwritten(r, name, errno, why);
	ok = write_all(fd, text);
	ok = close(fd) == 0 && ok;
	if (ok && renameat(r->fd, fresh, r->fd, name) == 0)
		return CYG_OK;
	error = errno;
	unlinkat(r->fd, fresh, 0);
	return unwritten(r, name, error, why);
}

void rundir_remove(struct rundir *r, const char *name)
{
	unlinkat(r->fd, name, 0);
}

void rundir_close(struct rundir *r, bool left)
{
	struct info by_hand;

	if (r->fd < 0)
		return;
	if (r->pid_fd >= 0) {
		unlinkat(r->fd, SOCKET_NAME, 0);
		if (info_read(r->fd, r->path, &by_hand, NULL) == CYG_NOTFOUND)
			unlinkat(r->fd, INFO_NAME, 0);
		if (!left) {
			unlinkat(r->fd, RUNDIR_PLANE, 0);
			unlinkat(r->fd, AGAIN_FILE, 0);
			unlinkat(r->fd, RUNDIR_ADDRESSES, 0);
		}
		unlinkat(r->fd, RUNDIR_PID, 0);
	}
	rundir_abandon(r);
}

void rundir_abandon(struct rundir *r)
{
	if (r->fd < 0)
		return;
	if (r->pid_fd >= 0)
		close(r->pid_fd);
	close(r->fd);
	free(r->path);
	*r = (struct rundir){.fd = -1, .pid_fd = -1};
}
