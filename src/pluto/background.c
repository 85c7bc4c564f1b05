/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The parent's part: wait for one octet of status. */
static _Noreturn void wait_for_child(int fd)
{
	unsigned char status = 1;
	ssize_t n;

	do
		n = read(fd, &status, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : 1);
}

static void to_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}

enum cyg_err background_start(int *ret_fd)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return CYG_IO;
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return CYG_IO;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0]);
	}
	close(fds[0]);
	setsid();
	if (chdir("/"))
		_exit(1);
	to_null(STDIN_FILENO);
	to_null(STDOUT_FILENO);
	*ret_fd = fds[1];
	return CYG_OK;
}

void background_ready(int fd, int status, bool keep_stderr)
{
	unsigned char octet = (unsigned char)status;

	if (fd < 0)
		return;
	if (!keep_stderr)
		to_null(STDERR_FILENO);
	while (write(fd, &octet, 1) < 0 && errno == EINTR)
		;
	close(fd);
}
