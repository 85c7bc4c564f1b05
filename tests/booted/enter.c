/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter NETNS COMMAND...: a command on a host of the lab, as `ip netns exec` has it but for a /sys of
 * its own. Linked whole, because starting processes is most of what a booted kernel does: it costs
 * a fifth of what `ip` takes.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[256];
	int fd;

	if (argc < 3)
		errx(2, "wanted: a network namespace and a command");
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}
