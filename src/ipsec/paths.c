/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/paths.h"

#include "buildinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool copy(char *to, size_t cap, const char *from)
{
	size_t len = strlen(from);

	while (len > 1 && from[len - 1] == '/')
		len--;
	if (len >= cap) {
		fprintf(stderr, "ipsec: the path %.60s... is too long\n", from);
		return false;
	}
	memcpy(to, from, len);
	to[len] = 0;
	return true;
}

bool paths_join(char *buf, size_t cap, const char *folder, const char *name)
{
	int n = snprintf(buf, cap, "%s/%s", folder, name);

	return n >= 0 && (size_t)n < cap;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The folder of the running program, for a build tree that was not installed. */
static bool beside_program(char *buf, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", buf, cap - 1);
	char pluto[2048];
	char *slash;

	if (n <= 0)
		return false;
	buf[n] = 0;
	slash = strrchr(buf, '/');
	if (!slash)
		return false;
	*slash = 0;
	return paths_join(pluto, sizeof(pluto), buf, "pluto") && is_program(pluto);
}

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

bool paths_find(struct paths *ret)
{
	struct paths p = {0};
	const char *execdir = from_environment("IPSEC_EXECDIR", NULL);

	if (!copy(p.confs, sizeof(p.confs), from_environment("IPSEC_CONFS", CYGNET_CONFDIR)) ||
	    !copy(p.rundir, sizeof(p.rundir), from_environment("IPSEC_RUNDIR", CYGNET_RUNDIR)))
		return false;
	if (execdir ? !copy(p.execdir, sizeof(p.execdir), execdir)
		    : !beside_program(p.execdir, sizeof(p.execdir))) {
		if (execdir || !copy(p.execdir, sizeof(p.execdir), CYGNET_LIBEXECDIR))
			return false;
	}
	*ret = p;
	return true;
}

const char *paths_conf_file(const struct paths *p, const char *named, char *buf, size_t cap)
{
	if (named || p->config)
		return named ? named : p->config;
	if (paths_join(buf, cap, p->confs, "ipsec.conf"))
		return buf;
	fprintf(stderr, "ipsec: the path %.60s... is too long\n", p->confs);
	return NULL;
}

bool paths_set_rundir(struct paths *p, const char *folder)
{
	if (!copy(p->rundir, sizeof(p->rundir), folder))
		return false;
	p->rundir_given = true;
	return true;
}

bool paths_export(const struct paths *p)
{
	return !setenv("IPSEC_CONFS", p->confs, 1) && !setenv("IPSEC_RUNDIR", p->rundir, 1);
}
