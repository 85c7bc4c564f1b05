/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/terminal.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/*
 * Signals that would end or stop the process with the echo still off: while a question stands they
 * are read like the answer, and act once the terminal is as it was.
 */
static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

struct terminal {
	int fd;
	int signals; /* a signalfd of `held` */
	struct termios before;
	sigset_t old; /* the mask to go back to */
};

static void say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n; /* who can't see the question can answer it all the same */
}

/* Wait for an octet of a line. False: a signal came before it, and is in *signal; or none can come. */
static bool wait_octet(const struct terminal *t, int *signal)
{
	struct pollfd on[] = {{.fd = t->signals, .events = POLLIN},
			      {.fd = t->fd, .events = POLLIN}};
	struct signalfd_siginfo info;
	int n;

	do
		n = poll(on, 2, -1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	if (!on[0].revents)
		return true;
	if (read(t->signals, &info, sizeof(info)) == sizeof(info))
		*signal = (int)info.ssi_signo;
	return false;
}

/* One line without its end, octet by octet: nothing of it stays in a buffer. */
static bool read_line(const struct terminal *t, char *buf, size_t cap, int *signal)
{
	size_t len = 0;

	while (len < cap && wait_octet(t, signal)) {
		ssize_t n = read(t->fd, buf + len, 1);

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

static void terminal_close(struct terminal *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->signals >= 0)
		close(t->signals);
	sigprocmask(SIG_SETMASK, &t->old, NULL);
}

/* The signals are held from here on. */
static bool terminal_open(struct terminal *t)
{
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&block, held[i]);
	sigprocmask(SIG_BLOCK, &block, &t->old);
	t->signals = signalfd(-1, &block, SFD_CLOEXEC);
	t->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->signals >= 0 && t->fd >= 0 && !tcgetattr(t->fd, &t->before))
		return true;
	terminal_close(t);
	return false;
}

static bool ask_once(struct terminal *t, const char *prompt, char *buf, size_t cap, int *signal)
{
	struct termios quiet = t->before;
	bool well;

	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ICANON;
	if (tcsetattr(t->fd, TCSAFLUSH, &quiet))
		return false;
	say(t->fd, prompt);
	well = read_line(t, buf, cap, signal);
	if (!well)
		secret_wipe(buf, cap);
	tcsetattr(t->fd, TCSAFLUSH, &t->before);
	say(t->fd, "\n");
	return well;
}

bool terminal_ask(const char *prompt, char *buf, size_t cap)
{
	struct terminal t;
	bool well;
	int signal;

	do {
		signal = 0;
		if (!terminal_open(&t))
			return false;
		well = ask_once(&t, prompt, buf, cap, &signal);
		if (signal)
			raise(signal); /* it acts when the mask goes back */
		terminal_close(&t);
	} while (signal == SIGTSTP); /* the process goes on, and the question stands again */
	return well;
}
