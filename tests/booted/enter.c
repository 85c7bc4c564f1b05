/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter NETNS [--root PID ROOT] COMMAND...: a command on a host of the lab, as `ip netns exec` has it
 * but for a /sys of its own; with --root among the mounts of a process, where ROOT is its root.
 * Linked whole, because starting processes is most of what a booted kernel does: it costs a fifth of
 * what `ip` takes.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void enter(const char *folder, const char *name, const char *rest, int kind)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s%s%s", folder, name, rest);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, kind))
		err(2, "%s", path);
}

int main(int argc, char **argv)
{
	char **command = argv + 2;

	if (argc < 3)
		errx(2, "wanted: a network namespace and a command");
	enter("/run/netns/", argv[1], "", CLONE_NEWNET);
	if (argc > 5 && !strcmp(argv[2], "--root")) {
		enter("/proc/", argv[3], "/ns/mnt", CLONE_NEWNS);
		if (chroot(argv[4]) || chdir("/"))
			err(2, "%s", argv[4]);
		command = argv + 5;
	}
	execvp(command[0], command);
	err(127, "%s", command[0]);
}
