/* SPDX-License-Identifier: Apache-2.0 */
#include "net/info.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096 /* octets; a few lines */
#define MARK \
	"# by pluto, from the kernel's routes; what somebody else writes here, pluto reads\n"

/* ---- written ---- */

/*
 * Values are addresses and interface names; quoting keeps a strange name from being more than a
 * value.
 */
static void add(struct text *out, const char *key, const char *value)
{
	text_add(out, "%s='", key);
	for (; *value; value++)
		text_add_str(out, *value == '\'' ? "'\\''" : (char[]){*value, '\0'});
	text_add_str(out, "'\n");
}

static void add_addr(struct text *out, const char *key, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	add(out, key, ip_is_set(a) ? ip_print(a, text) : "");
}

void info_text(const struct host_view *h, struct text *out)
{
	text_add_str(out, MARK);
	add(out, "defaultroutephys", h->default_v4.interface);
	add(out, "defaultroutevirt", "none");
	add_addr(out, "defaultrouteaddr", &h->default_v4.addr);
	add_addr(out, "defaultroutenexthop", &h->default_v4.nexthop);
	add(out, "defaultroute6phys", h->default_v6.interface);
	add_addr(out, "defaultroute6addr", &h->default_v6.addr);
	add_addr(out, "defaultroute6nexthop", &h->default_v6.nexthop);
}

/* ---- read ---- */

/* The value of an assignment, without its quotes and what follows at a blank; changes `text`. */
static const char *value_of(char *text)
{
	bool quoted = *text == '\'' || *text == '"';
	char end[] = {quoted ? *text : ' ', '\0'};

	text += quoted;
	text[strcspn(text, quoted ? end : " \t;#")] = '\0';
	return text;
}

static bool take_addr(const char *value, uint8_t family, struct ip_addr *ret)
{
	struct ip_addr a;

	if (!*value) {
		*ret = (struct ip_addr){0};
		return true;
	}
	if (ip_parse(value, &a) || a.family != family)
		return false;
	*ret = a;
	return true;
}

/* One assignment; false: a value that is none. Names that mean nothing here are passed over. */
static bool take_value(struct info *i, const char *key, const char *value)
{
	static const char word[] = "defaultroute";
	bool v6 = false;
	struct host_default *d;

	if (strncmp(key, word, sizeof(word) - 1) != 0)
		return true;
	key += sizeof(word) - 1;
	if (*key == '6') {
		v6 = true;
		key++;
	}
	d = v6 ? &i->v6 : &i->v4;
	if (!strcmp(key, "addr"))
		return take_addr(value, v6 ? IP_V6 : IP_V4, &d->addr);
	if (!strcmp(key, "nexthop"))
		return take_addr(value, v6 ? IP_V6 : IP_V4, &d->nexthop);
	if (strcmp(key, "phys") != 0)
		return true;
	if (strlen(value) >= sizeof(d->interface))
		return false;
	strcpy(d->interface, value);
	return true;
}

static enum cyg_err take_lines(char *text, const char *path, struct info *ret, struct diag *why)
{
	unsigned number = 0;
	char *next;

	for (char *line = text; line; line = next) {
		char *key = line + strspn(line, " \t"), *equals;
		const char *value;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		equals = strchr(key, '=');
		if (*key == '#' || !equals)
			continue;
		*equals = '\0';
		value = value_of(equals + 1);
		if (take_value(ret, key, value))
			continue;
		diag_set(why, "info-value", NULL, "%s= has a value that does not count", key);
		diag_place(why, path, number, 1);
		diag_wanted(why, "%s",
			    strstr(key, "phys") ? "the name of an interface"
			    : strchr(key, '6')  ? "an IPv6 address"
						: "an IPv4 address");
		diag_got(why, "%s", value);
		diag_hint(why, "mend it, or remove the file; then \"ipsec auto --ready\"");
		return CYG_MALFORMED;
	}
	return ip_is_set(&ret->v4.addr) || ip_is_set(&ret->v6.addr) ? CYG_OK : CYG_NOTFOUND;
}

/* Who decides what %defaultroute is decides from where, and to where, this host speaks. */
static enum cyg_err check_owner(int fd, const char *path, struct diag *why)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return CYG_NOTFOUND;
	if ((!st.st_uid || st.st_uid == geteuid()) && !(st.st_mode & S_IWOTH))
		return CYG_OK;
	diag_set(why, "info-owner", NULL, "%s does not count: others may write it", path);
	diag_hint(why, "chown root and chmod 0644, or remove it");
	return CYG_PERM;
}

static enum cyg_err read_all(int fd, const char *path, struct info *ret, struct diag *why)
{
	char text[FILE_MAX + 1];
	ssize_t len = read(fd, text, FILE_MAX);

	if (len < 0) {
		diag_set(why, "info-read", NULL, "can't read %s (%s)", path, strerror(errno));
		return CYG_IO;
	}
	text[len] = '\0';
	if (!strncmp(text, MARK, sizeof(MARK) - 1))
		return CYG_NOTFOUND;
	return take_lines(text, path, ret, why);
}

enum cyg_err info_read(int folder_fd, const char *folder, struct info *ret, struct diag *why)
{
	int fd = openat(folder_fd, INFO_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct info i = {0};
	char path[128];
	size_t used = 0;
	enum cyg_err err;

	if (fd < 0)
		return CYG_NOTFOUND;
	buf_add(path, sizeof(path), &used, "%s/%s", folder, INFO_NAME);
	err = read_all(fd, path, &i, why);
	/* Whose it is matters only if it says something. */
	if (!err)
		err = check_owner(fd, path, why);
	close(fd);
	if (!err)
		*ret = i;
	return err;
}

/* ---- in force ---- */

static const struct host_address *own_address(const struct host_view *v,
					      const struct ip_addr *a)
{
	for (size_t i = 0; i < v->addresses_len; i++)
		if (ip_equal(&v->addresses[i].addr, a))
			return &v->addresses[i];
	return NULL;
}

static bool fill(const struct host_default *from, const struct host_view *v,
		 struct host_default *to, struct diag *why)
{
	const struct host_address *own;
	char text[IP_TEXT_MAX];

	if (!ip_is_set(&from->addr) || ip_is_set(&to->addr))
		return false;
	own = own_address(v, &from->addr);
	if (!own) {
		diag_set(
			why, "info-address", NULL,
			INFO_NAME
			" does not count: its address is none of this host's, or listen= leaves it out");
		diag_got(why, "%s", ip_print(&from->addr, text));
		diag_hint(why, "mend it, or remove the file; then \"ipsec auto --ready\"");
		return false;
	}
	*to = *from;
	if (!*to->interface)
		memcpy(to->interface, own->interface, sizeof(to->interface));
	return true;
}

bool info_fill(const struct info *i, struct host_view *v, struct diag *why)
{
	bool v4, v6;

	diag_clear(why);
	v4 = fill(&i->v4, v, &v->default_v4, why);
	v6 = fill(&i->v6, v, &v->default_v6, why);
	return v4 || v6;
}
