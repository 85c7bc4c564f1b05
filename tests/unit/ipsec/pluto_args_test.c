/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/pluto_args.h"

#include "base/text.h"
#include "conf/conf.h"
#include "tests/unit/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct paths paths = {.execdir = "/usr/libexec/ipsec"};

/* What config setup is when it says nothing. */
static struct conf_setup nothing(void)
{
	return (struct conf_setup){
		.unique_ids = true,
		.half_open_cookie = SETUP_UNSET,
		.half_open_max = SETUP_UNSET,
		.keep_alive_seconds = SETUP_UNSET,
		.updown_seconds = SETUP_UNSET,
		.crl_interval = SETUP_UNSET,
		.crl_seconds = SETUP_UNSET,
		.radius_seconds = SETUP_UNSET,
		.radius_tries = SETUP_UNSET,
	};
}

/* All that it can say. */
static struct conf_setup everything(void)
{
	return (struct conf_setup){
		.plane = "esp",
		.listen = "192.0.2.1",
		.virtual_private = "%v4:10.0.0.0/8",
		.radius_servers = "192.0.2.9",
		.log_file = "/log",
		.secrets_file = "/secrets",
		.dns_root_key = "/root.key",
		.dns_anchors = "/anchors",
		.debug = "all",
		.helpers = 3,
		.keep_alive_seconds = 0,
		.crl_policy = "ifuri",
		.cache_crls = true,
		.crl_interval = 60,
		.crl_seconds = 8,
		.radius_seconds = 1,
		.radius_tries = 2,
		.half_open_cookie = 10,
		.half_open_max = 20,
		.updown_seconds = 30,
	};
}

static const char *line_of(const struct pluto_args *a)
{
	static char line[1024];
	size_t used = 0;

	line[0] = '\0';
	for (size_t i = 0; i < a->len; i++)
		buf_add(line, sizeof(line), &used, "%s%s", i ? " " : "", a->words[i]);
	assert_null(a->words[a->len]);
	return line;
}

static void settings_become_options(void **state)
{
	struct conf_setup s = nothing();
	struct pluto_args a;

	assert_true(pluto_args(&paths, &s, false, &a));
	assert_string_equal(line_of(&a), "/usr/libexec/ipsec/pluto");
	assert_true(pluto_args(&paths, &s, true, &a));
	assert_string_equal(line_of(&a), "/usr/libexec/ipsec/pluto --check");
	s.debug = "none";
	assert_true(pluto_args(&paths, &s, false, &a));
	assert_string_equal(line_of(&a), "/usr/libexec/ipsec/pluto");
	s = everything();
	assert_true(pluto_args(&paths, &s, true, &a));
	assert_string_equal(
		line_of(&a),
		"/usr/libexec/ipsec/pluto --plane esp --listen 192.0.2.1 --virtual-private "
		"%v4:10.0.0.0/8 --radius-servers 192.0.2.9 --logfile /log --secretsfile /secrets "
		"--dnssec-rootkey-file /root.key --dnssec-anchors /anchors --uniqueids no --debug "
		"--nhelpers 3 --keep-alive 0 --strictcrlpolicy ifuri --cachecrls yes "
		"--crlcheckinterval 60 --crl-timeout 8 --radius-timeout 1 --radius-tries 2 "
		"--half-open-cookie 10 --half-open-max 20 --updown-timeout 30 --check");
}

/* Whether its command line is there by now. */
static bool runs_shell(pid_t pid)
{
	char path[64], name[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	(void)!fread(name, 1, sizeof(name) - 1, f);
	fclose(f);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	return !strcmp(name, "/bin/sh");
}

/* A process with these words behind its own, which waits to be killed. */
static pid_t started_with(const struct pluto_args *a)
{
	char *words[80] = {(char *)"/bin/sh", (char *)"-c", (char *)"read x", NULL};
	int hold[2];
	pid_t pid;

	assert_int_equal(pipe(hold), 0);
	for (size_t i = 0; a && i < a->len; i++)
		words[3 + i] = a->words[i];
	words[3 + (a ? a->len : 0)] = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(hold[0], 0);
		execv(words[0], words);
		_exit(127);
	}
	while (!runs_shell(pid))
		usleep(1000);
	close(hold[0]);
	/* hold[1] stays open until this program ends. */
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_a_process_was_started_with_is_compared(void **state)
{
	struct conf_setup s = everything(), other = everything();
	struct pluto_args was, is;
	char names[256] = "", little[12] = "";
	pid_t pid;

	assert_true(pluto_args(&paths, &s, false, &was));
	pid = started_with(&was);
	assert_false(pluto_args_differ(&was, pid, names, sizeof(names)));
	assert_string_equal(names, "");
	/* --check is none of the settings. */
	assert_true(pluto_args(&paths, &s, true, &is));
	assert_false(pluto_args_differ(&is, pid, names, sizeof(names)));
	other.listen = "192.0.2.2";
	other.debug = NULL;
	other.updown_seconds = SETUP_UNSET;
	assert_true(pluto_args(&paths, &other, false, &is));
	assert_true(pluto_args_differ(&is, pid, names, sizeof(names)));
	assert_string_equal(names, "listen, debug, updown-timeout");
	assert_true(pluto_args_differ(&is, pid, little, sizeof(little)));
	assert_memory_equal(little, "listen", 6);
	assert_true(strlen(little) < sizeof(little));
	end(pid);
}

/* Each setting of everything() differs from none: the table of options has every one. */
static void every_option_is_compared(void **state)
{
	struct conf_setup s = everything(), none = nothing();
	struct pluto_args was, is;
	char names[512] = "";
	size_t commas = 0, options = 0;
	pid_t pid;

	assert_true(pluto_args(&paths, &none, false, &was));
	pid = started_with(&was);
	assert_true(pluto_args(&paths, &s, false, &is));
	assert_true(pluto_args_differ(&is, pid, names, sizeof(names)));
	for (const char *at = names; *at; at++)
		commas += *at == ',';
	for (size_t i = 0; i < is.len; i++)
		options += !strncmp(is.words[i], "--", 2);
	assert_int_equal(commas + 1, options);
	end(pid);
}

static void a_process_that_is_not_there_does_not_differ(void **state)
{
	struct conf_setup s = everything();
	struct pluto_args a;
	char names[64] = "";

	assert_true(pluto_args(&paths, &s, false, &a));
	assert_false(pluto_args_differ(&a, 0x7ffffff0, names, sizeof(names)));
	assert_string_equal(names, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_become_options),
		cmocka_unit_test(what_a_process_was_started_with_is_compared),
		cmocka_unit_test(every_option_is_compared),
		cmocka_unit_test(a_process_that_is_not_there_does_not_differ),
	};

	return RUN_TESTS("ipsec/pluto_args", tests);
}
