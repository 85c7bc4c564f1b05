/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/nameservers.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 1000

/* "nameserver ADDRESS", with blanks, and perhaps %interface behind the address. */
static bool is_line_of(char *line, const struct ip_addr *addr)
{
	char *rest = line, *word = strsep(&rest, " \t\n");
	struct ip_addr server;

	if (strcmp(word, "nameserver") != 0 || !rest)
		return false;
	word = rest + strspn(rest, " \t");
	word[strcspn(word, " \t\r\n%")] = 0;
	return !ip_parse(word, &server) && ip_equal(&server, addr);
}

bool nameservers_has(const char *file, const struct ip_addr *addr)
{
	FILE *f = fopen(file, "re");
	bool found = false;
	char line[256];

	for (int i = 0; f && !found && i < LINES_MAX && fgets(line, sizeof(line), f); i++)
		found = is_line_of(line, addr);
	if (f)
		fclose(f);
	return found;
}
