/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/net/namespace.h"

#include "tests/unit/support/test.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define OUTPUT_MAX 8192

struct net *namespace_enter(void)
{
	struct net *n = NULL;
	struct diag why = {0};

	if (unshare(CLONE_NEWNET) != 0)
		test_skip("no network namespace of our own: %s", strerror(errno));
	if (net_open(&n, &why) != CYG_OK)
		fail_msg("net_open: %s", why.got);
	return n;
}

/* Run a command line and read what it says; its wait status is returned. */
static int __attribute__((format(printf, 1, 0)))
run(const char *fmt, va_list args, char out[OUTPUT_MAX])
{
	char line[512] = "ip ";
	FILE *pipe;
	size_t len;

	vsnprintf(line + 3, sizeof(line) - 3, fmt, args);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	len = fread(out, 1, OUTPUT_MAX - 1, pipe);
	out[len] = '\0';
	return pclose(pipe);
}

void namespace_ip(const char *fmt, ...)
{
	char out[OUTPUT_MAX];
	va_list args;
	int status;

	va_start(args, fmt);
	status = run(fmt, args, out);
	va_end(args);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("ip %s: status %d", fmt, status);
}

const char *namespace_show(const char *fmt, ...)
{
	static char out[OUTPUT_MAX];
	char *to = out;
	va_list args;

	va_start(args, fmt);
	(void)run(fmt, args, out);
	va_end(args);
	for (const char *from = out; *from; from++) {
		char c = isspace((unsigned char)*from) ? ' ' : *from;

		if (c != ' ' || (to != out && to[-1] != ' '))
			*to++ = c;
	}
	while (to != out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

struct net *namespace_with_link(void)
{
	struct net *n = namespace_enter();

	namespace_ip("link add up0 type veth peer name far0");
	namespace_ip("link set far0 up");
	namespace_ip("link set up0 addrgenmode none up");
	namespace_ip("addr add 192.0.2.1/24 dev up0");
	namespace_ip("addr add 2001:db8::1/64 dev up0 nodad");
	return n;
}
