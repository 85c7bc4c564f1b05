/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/terminal.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Signals that would end the process with the echo still off. */
static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static void say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n; /* who can't see the question can answer it all the same */
}

/* One line without its end, octet by octet: nothing of it stays in a buffer. */
static bool read_line(int fd, char *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, buf + len, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (buf[len] == '\n') {
			buf[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

bool terminal_ask(const char *prompt, char *buf, size_t cap)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios before, quiet;
	sigset_t block, old;
	bool well;

	if (fd < 0 || tcgetattr(fd, &before)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&block, held[i]);
	sigprocmask(SIG_BLOCK, &block, &old);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ICANON;
	well = !tcsetattr(fd, TCSAFLUSH, &quiet);
	if (well) {
		say(fd, prompt);
		well = read_line(fd, buf, cap);
		tcsetattr(fd, TCSAFLUSH, &before);
		say(fd, "\n");
	}
	if (!well)
		secret_wipe(buf, cap);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fd);
	return well;
}
