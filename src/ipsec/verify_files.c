/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the configuration's files, and of the daemon. */
#include "ipsec/verify.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Look at CONFS/NAME. 0, or an errno; `shown` is the path without the root. */
static int look_at(const struct verify_machine *m, const char *name, char *shown, size_t cap,
		   struct stat *ret)
{
	char path[2048];

	if (!paths_join(shown, cap, m->confs, name) ||
	    !verify_path(m, path, sizeof(path), shown))
		return ENAMETOOLONG;
	return stat(path, ret) ? errno : 0;
}

static void say_unreadable(struct verify_result *r, enum verify_level level, const char *path,
			   int error)
{
	if (error == EACCES) {
		verify_say(r, VERIFY_NONE, "only root can tell");
		return;
	}
	verify_say(r, level, "%s: %s", path, strerror(error));
}

/* Who owns a file may write it, whatever its mode says. */
static bool say_owner(struct verify_result *r, const char *path, const struct stat *st)
{
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return false;
	verify_say(r, VERIFY_FAILED, "%s belongs to user %ld, who may write it", path,
		   (long)st->st_uid);
	verify_to_do(r, "chown root %s", path);
	return true;
}

void verify_conf_file(const struct verify_machine *m, struct verify_result *r)
{
	char path[1024];
	struct stat st;
	int error = look_at(m, "ipsec.conf", path, sizeof(path), &st);

	if (error) {
		say_unreadable(r, VERIFY_FAILED, path, error);
		verify_to_do(r, "write it (ipsec.conf(5)), or name its folder by --confs");
	} else if (say_owner(r, path, &st)) {
		return;
	} else if (st.st_mode & S_IWOTH) {
		verify_say(r, VERIFY_FAILED, "everyone may write %s", path);
		verify_to_do(r, "chmod o-w %s", path);
	} else if (st.st_mode & S_IWGRP && st.st_gid != 0) {
		verify_say(r, VERIFY_WARNING, "the group %ld may write %s", (long)st.st_gid,
			   path);
		verify_to_do(r, "chmod g-w %s", path);
	}
}

void verify_secrets_file(const struct verify_machine *m, struct verify_result *r)
{
	char path[1024];
	struct stat st;
	int error = look_at(m, "ipsec.secrets", path, sizeof(path), &st);

	if (error) {
		say_unreadable(r, VERIFY_WARNING, path, error);
		if (error == ENOENT)
			verify_to_do(r, "write it when connections use secrets "
					"(ipsec.secrets(5))");
	} else if (say_owner(r, path, &st)) {
		return;
	} else if (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXO | S_IWGRP)) {
		verify_say(r, VERIFY_FAILED, "%s is open to others (mode %04o)", path,
			   (unsigned)st.st_mode & 07777);
		verify_to_do(r, "chmod 600 %s", path);
	} else if (S_ISREG(st.st_mode) && st.st_mode & S_IRWXG) {
		verify_say(r, VERIFY_WARNING, "the group may read %s", path);
		verify_to_do(r, "chmod 600 %s", path);
	}
}

/* The first file of the folder at `real` that others than its owner may read. */
static bool find_open_file(const char *real, char *name, size_t cap, mode_t *ret_mode)
{
	DIR *dir = opendir(real);
	struct dirent *entry;
	bool found = false;
	struct stat st;

	while (dir && !found && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) || !S_ISREG(st.st_mode) ||
		    !(st.st_mode & (S_IRWXG | S_IRWXO)))
			continue;
		found = true;
		*ret_mode = st.st_mode & 07777;
		snprintf(name, cap, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* pluto takes no key that others can read. */
static void verify_keys(const struct verify_machine *m, const char *path,
			struct verify_result *r)
{
	char real[2048], name[NAME_MAX + 1];
	mode_t mode;

	if (!verify_path(m, real, sizeof(real), path) ||
	    !find_open_file(real, name, sizeof(name), &mode))
		return;
	verify_say(r, VERIFY_WARNING, "%s/%s is open to others (mode %04o)", path, name,
		   (unsigned)mode);
	verify_to_do(r, "chmod 600 %s/%s; renew the key, if somebody may have read it", path,
		     name);
}

void verify_private(const struct verify_machine *m, struct verify_result *r)
{
	char path[1024];
	struct stat st;
	int error = look_at(m, "ipsec.d/private", path, sizeof(path), &st);

	if (error == ENOENT) {
		verify_say(r, VERIFY_NONE, "there is no %s; private keys would lie there",
			   path);
	} else if (error) {
		say_unreadable(r, VERIFY_WARNING, path, error);
	} else if (!S_ISDIR(st.st_mode)) {
		verify_say(r, VERIFY_FAILED, "%s is no folder", path);
	} else if (say_owner(r, path, &st)) {
		return;
	} else if (st.st_mode & (S_IRWXO | S_IRWXG)) {
		verify_say(r, st.st_mode & S_IRWXO ? VERIFY_FAILED : VERIFY_WARNING,
			   "%s is open to others (mode %04o)", path,
			   (unsigned)st.st_mode & 07777);
		verify_to_do(r, "chmod 700 %s", path);
	} else {
		verify_keys(m, path, r);
	}
}

void verify_rundir(const struct verify_machine *m, struct verify_result *r)
{
	char path[2048];
	struct stat st;

	if (!verify_path(m, path, sizeof(path), m->rundir))
		return;
	if (stat(path, &st)) {
		verify_say(r, VERIFY_NONE, "%s is made by the first start", m->rundir);
	} else if (!S_ISDIR(st.st_mode)) {
		verify_say(r, VERIFY_FAILED, "%s is no folder", m->rundir);
		verify_to_do(r, "remove it, or choose another one by --rundir");
	} else if (st.st_mode & S_IWOTH) {
		verify_say(r, VERIFY_FAILED, "everyone may write %s", m->rundir);
		verify_to_do(r, "chmod o-w %s", m->rundir);
	}
}

void verify_pluto(const struct verify_machine *m, struct verify_result *r)
{
	switch (m->service) {
	case SERVICE_RUNNING:
		verify_say(r, VERIFY_OK, "it runs (process %ld) and answers", m->pid);
		break;
	case SERVICE_DENIED:
		verify_say(r, VERIFY_NONE, "it runs (process %ld); only root may speak to it",
			   m->pid);
		break;
	case SERVICE_DEAF:
		verify_say(r, VERIFY_FAILED, "it runs (process %ld) and does not answer",
			   m->pid);
		verify_to_do(r, "wait if it has just been started; else ipsec setup restart");
		break;
	default:
		verify_say(r, VERIFY_WARNING, "it is not running");
		verify_to_do(r, "ipsec setup start");
	}
}

void verify_log(const struct verify_machine *m, struct verify_result *r)
{
	if (m->has_log) {
		verify_say(r, VERIFY_OK, "in the file of logfile=");
	} else if (verify_exists(m, "/dev/log")) {
		verify_say(r, VERIFY_OK, "to syslog, as authpriv (journalctl -t pluto)");
	} else {
		verify_say(r, VERIFY_WARNING,
			   "there is no syslog (/dev/log) and no logfile=: pluto's log is lost");
		verify_to_do(r, "write logfile=/var/log/pluto.log into config setup");
	}
}

void verify_config(const struct verify_machine *m, struct verify_result *r)
{
	if (!m->conf_read) {
		verify_say(r, VERIFY_FAILED, "ipsec.conf can't be read");
		verify_to_do(r, "ipsec checkconf");
	} else if (m->errors || m->warnings) {
		verify_say(r, m->errors ? VERIFY_FAILED : VERIFY_WARNING,
			   "%zu errors, %zu warnings", m->errors, m->warnings);
		verify_to_do(r, "ipsec checkconf  tells of each");
	}
}
