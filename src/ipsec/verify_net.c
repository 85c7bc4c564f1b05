/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the network's settings and of the ports. */
#include "ipsec/verify.h"

#include "base/text.h"
#include "net/setting.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_V4 "/proc/sys/net/ipv4/conf"

/* ---- settings of each interface ---- */

typedef bool (*is_bad)(long value);

static bool is_on(long value)
{
	return value != 0;
}

static bool is_strict(long value)
{
	return value == 1;
}

/* Names below a folder but "all", "default" and the loopback; sorted. Heap; NULL-ended. */
static char **list_interfaces(const struct verify_machine *m, const char *folder)
{
	char path[1024];
	struct dirent **entries;
	char **names;
	int n, kept = 0;

	if (!verify_path(m, path, sizeof(path), folder))
		return NULL;
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return NULL;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (names && name[0] != '.' && strcmp(name, "all") != 0 &&
		    strcmp(name, "default") != 0 && strcmp(name, "lo") != 0)
			names[kept++] = strdup(name);
		free(entries[i]);
	}
	free(entries);
	return names;
}

static void free_names(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

/* Interfaces whose setting is bad, blank separated, into *out. Returns how many. */
static size_t list_bad(const struct verify_machine *m, const char *setting, is_bad bad,
		       struct text *out)
{
	char **names = list_interfaces(m, CONF_V4);
	char path[512];
	size_t n = 0;
	long value;

	for (size_t i = 0; names && names[i]; i++) {
		snprintf(path, sizeof(path), CONF_V4 "/%s/%s", names[i], setting);
		if (!verify_number(m, path, &value) || !bad(value))
			continue;
		text_add(out, "%s%s", n++ ? " " : "", names[i]);
	}
	free_names(names);
	return n;
}

static bool all_is(const struct verify_machine *m, const char *setting, is_bad bad)
{
	char path[256];
	long value;

	snprintf(path, sizeof(path), CONF_V4 "/all/%s", setting);
	return verify_number(m, path, &value) && bad(value);
}

static void check_setting(const struct verify_machine *m, struct verify_result *r,
			  const char *setting, is_bad bad, const char *what)
{
	struct text names = {0};
	size_t n = list_bad(m, setting, bad, &names);
	bool all = all_is(m, setting, bad);

	if (n || all) {
		verify_say(r, VERIFY_WARNING, "%s: %s", n ? text_str(&names) : "all", what);
		verify_to_do(r, "sysctl -w net.ipv4.conf.all.%s=0; the same for %s", setting,
			     n ? "each of them" : "new interfaces (default)");
	}
	text_done(&names);
}

/* The kernel takes the larger one of all and the interface's own: 2 beside a 1 is loose. */
void verify_rp_filter(const struct verify_machine *m, struct verify_result *r)
{
	struct text names = {0};
	size_t n = list_bad(m, "rp_filter", is_strict, &names);
	long all = 0;

	verify_number(m, CONF_V4 "/all/rp_filter", &all);
	if (all == 1 || (n && all != 2)) {
		verify_say(r, VERIFY_WARNING,
			   "%s: strict checks of the way back may drop a peer's packets",
			   all == 1 ? "all" : text_str(&names));
		verify_to_do(r, "sysctl -w net.ipv4.conf.all.rp_filter=2");
	}
	text_done(&names);
}

void verify_send_redirects(const struct verify_machine *m, struct verify_result *r)
{
	check_setting(m, r, "send_redirects", is_on,
		      "hosts are told to go round this gateway, in clear");
}

void verify_accept_redirects(const struct verify_machine *m, struct verify_result *r)
{
	check_setting(m, r, "accept_redirects", is_on,
		      "strangers can turn routes away from a tunnel");
}

static void check_exempt(const struct verify_machine *m, struct verify_result *r,
			 const char *setting, const char *what)
{
	struct text names = {0};
	size_t n = net_settings_on(m->root, setting, &names);

	if (n) {
		verify_say(r, VERIFY_WARNING, "%s %s on: with plane=xfrm %s", text_str(&names),
			   n > 1 ? "are" : "is", what);
		verify_to_do(r, "for each of them: sysctl -w NAME=0, and take it out of "
				"/etc/sysctl.conf and /etc/sysctl.d");
	}
	text_done(&names);
}

void verify_disable_xfrm(const struct verify_machine *m, struct verify_result *r)
{
	check_exempt(m, r, NET_DISABLE_XFRM, "what leaves there goes in clear, tunnel or not");
}

void verify_disable_policy(const struct verify_machine *m, struct verify_result *r)
{
	check_exempt(m, r, NET_DISABLE_POLICY,
		     "clear text that should have come through a tunnel is let in there");
}

void verify_forwarding(const struct verify_machine *m, struct verify_result *r)
{
	char **names = list_interfaces(m, "/sys/class/net");
	long v4 = 0, v6 = 0;
	size_t n = 0;

	while (names && names[n])
		n++;
	free_names(names);
	verify_number(m, "/proc/sys/net/ipv4/ip_forward", &v4);
	verify_number(m, "/proc/sys/net/ipv6/conf/all/forwarding", &v6);
	if (v4) {
		verify_say(r, VERIFY_OK, "IPv4%s", v6 ? " and IPv6" : "");
	} else if (n < 2) {
		verify_say(r, VERIFY_NONE, "off; a host with one interface need not forward");
	} else {
		verify_say(r, VERIFY_WARNING,
			   "off: this host is no gateway for the networks behind it");
		verify_to_do(r,
			     "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	}
}

/* ---- ports ---- */

/*
 * The sockets of a port, from a table as /proc/net/udp: "N: ADDRESS:PORT ... INODE".
 * Their inodes go to `inodes`; returns how many there are.
 */
static size_t find_sockets(const struct verify_machine *m, const char *table, unsigned port,
			   unsigned long *inodes, size_t cap)
{
	char path[1024], line[512];
	size_t n = 0;
	FILE *in;

	if (!verify_path(m, path, sizeof(path), table))
		return 0;
	in = fopen(path, "re");
	if (!in)
		return 0;
	while (n < cap && fgets(line, sizeof(line), in)) {
		unsigned local;
		unsigned long inode;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*u %*u %lu",
			   &local, &inode) == 2 &&
		    local == port)
			inodes[n++] = inode;
	}
	fclose(in);
	return n;
}

static bool holds_one(const struct verify_machine *m, const char *pid,
		      const unsigned long *inodes, size_t n)
{
	char folder[1024], target[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(target, sizeof(target), "/proc/%.20s/fd", pid);
	if (!verify_path(m, folder, sizeof(folder), target))
		return false;
	dir = opendir(folder);
	while (dir && !found && (e = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		unsigned long inode;

		if (len <= 0)
			continue;
		target[len] = '\0';
		for (size_t i = 0; i < n && sscanf(target, "socket:[%lu]", &inode) == 1; i++)
			found |= inode == inodes[i];
	}
	if (dir)
		closedir(dir);
	return found;
}

/* The process that holds one of the sockets; 0 when it can't be told. */
static long find_holder(const struct verify_machine *m, const unsigned long *inodes, size_t n)
{
	char path[1024];
	struct dirent *e;
	long pid = 0;
	DIR *dir;

	if (!verify_path(m, path, sizeof(path), "/proc"))
		return 0;
	dir = opendir(path);
	while (dir && !pid && (e = readdir(dir))) {
		if (isdigit((unsigned char)e->d_name[0]) && holds_one(m, e->d_name, inodes, n))
			pid = strtol(e->d_name, NULL, 10);
	}
	if (dir)
		closedir(dir);
	return pid;
}

static void say_taken(const struct verify_machine *m, struct verify_result *r, long holder,
		      unsigned port)
{
	char path[64], name[64] = "another program";

	if (holder) {
		snprintf(path, sizeof(path), "/proc/%ld/comm", holder);
		verify_line(m, path, name, sizeof(name));
		verify_say(r, VERIFY_FAILED, "taken by %s (process %ld)", name, holder);
		verify_to_do(r, "stop it: two key daemons can't share the port");
	} else {
		verify_say(r, VERIFY_FAILED, "taken by %s", name);
		verify_to_do(r, "ss -lupn 'sport = :%u' tells whose it is; stop it", port);
	}
}

static void check_port(const struct verify_machine *m, struct verify_result *r, unsigned port)
{
	unsigned long inodes[64];
	char pid[24];
	size_t n = find_sockets(m, "/proc/net/udp", port, inodes, 32);

	n += find_sockets(m, "/proc/net/udp6", port, inodes + n, 32);
	snprintf(pid, sizeof(pid), "%ld", m->pid);
	if (!n && !m->pid) {
		verify_say(r, VERIFY_OK, "free");
	} else if (!n) {
		verify_say(r, VERIFY_WARNING, "pluto runs and does not listen there");
		verify_to_do(r, "ipsec listen");
	} else if (m->pid && holds_one(m, pid, inodes, n)) {
		verify_say(r, VERIFY_OK, "pluto's");
	} else if (m->pid && !m->is_root) {
		verify_say(r, VERIFY_NONE, "taken; only root can tell by whom");
	} else {
		say_taken(m, r, find_holder(m, inodes, n), port);
	}
}

void verify_port_500(const struct verify_machine *m, struct verify_result *r)
{
	check_port(m, r, 500);
}

void verify_port_4500(const struct verify_machine *m, struct verify_result *r)
{
	check_port(m, r, 4500);
}
