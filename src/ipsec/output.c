/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int output_end(int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "ipsec: can't write the output%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return EXIT_OUTPUT;
}
