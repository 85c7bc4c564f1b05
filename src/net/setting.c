/* SPDX-License-Identifier: Apache-2.0 */
#include "net/setting.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_on(const char *path)
{
	FILE *in = fopen(path, "re");
	long value = 0;
	bool read = in && fscanf(in, "%ld", &value) == 1;

	if (in)
		fclose(in);
	return read && value != 0;
}

/* A dot of an interface's name is a slash to sysctl(8). */
static void add_name(struct text *out, const char *family, const char *interface,
		     const char *setting)
{
	char name[256];

	snprintf(name, sizeof(name), "%s", interface);
	for (char *at = name; (at = strchr(at, '.')); at++)
		*at = '/';
	text_add(out, "%snet.%s.conf.%s.%s", out->len ? " " : "", family, name, setting);
}

static size_t list_family(const char *root, const char *family, const char *setting,
			  struct text *out)
{
	char folder[1024], path[2048];
	struct dirent **entries;
	size_t found = 0;
	int n;

	snprintf(folder, sizeof(folder), "%s/proc/sys/net/%s/conf", root, family);
	n = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		snprintf(path, sizeof(path), "%s/%s/%s", folder, name, setting);
		if (name[0] != '.' && strcmp(name, "lo") != 0 && is_on(path)) {
			add_name(out, family, name, setting);
			found++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

size_t net_settings_on(const char *root, const char *setting, struct text *out)
{
	return list_family(root, "ipv4", setting, out) +
	       list_family(root, "ipv6", setting, out);
}
