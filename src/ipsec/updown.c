/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/updown.h"

#include "conn/argv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int updown_command(int argc, char **argv, const struct paths *p)
{
	(void)p;
	if (argc > 1 && !strcmp(argv[1], "--help"))
		puts("usage: ipsec _updown\nDoes nothing: pluto routes by itself. See ipsec_updown(8).");
	return 0;
}

bool updown_can_run(char *const *words, const char *execdir)
{
	const char *slash = strrchr(words[0], '/'), *word = words[1];
	char name[64], path[2048];

	if (strcmp(slash ? slash + 1 : words[0], "ipsec") != 0)
		return true;
	if (!word)
		return false;
	if (argv_is_default(word) || !execdir)
		return true;
	if ((size_t)snprintf(name, sizeof(name), "ipsec-%s", word) >= sizeof(name) ||
	    strchr(word, '/'))
		return false;
	return paths_join(path, sizeof(path), execdir, name) && !access(path, X_OK);
}
