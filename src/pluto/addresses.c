/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/addresses.h"

#include "base/array.h"
#include "base/text.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 65536 /* octets that are read of what an earlier run wrote */

static enum cyg_err change(struct addresses *a, const struct ip_addr *addr, bool add,
			   struct diag *why)
{
	struct ip_prefix p = prefix_of(addr, ip_bits(addr));
	uint32_t loopback = if_nametoindex("lo");

	if (loopback)
		return net_address_set(a->net, loopback, &p, add, why);
	diag_set(why, "no-loopback", NULL, "there is no loopback interface lo");
	return CYG_IO;
}

static void tell(const struct addresses *a, enum report_level level, const struct diag *why)
{
	if (a->log)
		log_diag(a->log, level, why);
}

/* ---- the file ---- */

static void note(struct addresses *a)
{
	struct text t = {0};
	char line[IP_TEXT_MAX];
	struct diag why;

	for (size_t i = 0; i < a->len; i++)
		text_add(&t, "%s\n", ip_print(&a->own[i], line));
	diag_clear(&why);
	if (rundir_write(a->rundir, RUNDIR_ADDRESSES, text_str(&t), &why))
		tell(a, REPORT_WARNING, &why);
	text_done(&t);
}

static unsigned remove_line(struct addresses *a, const char *line)
{
	struct ip_addr addr;

	return ip_parse(line, &addr) == CYG_OK && change(a, &addr, false, NULL) == CYG_OK;
}

unsigned addresses_start(struct addresses *a, struct net *net, struct rundir *rundir,
			 struct log *log)
{
	int fd = openat(rundir->fd, RUNDIR_ADDRESSES,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(FILE_MAX), *at, *rest;
	unsigned found = 0;
	ssize_t n;

	*a = (struct addresses){.net = net, .rundir = rundir, .log = log};
	n = text ? read(fd, text, FILE_MAX - 1) : 0;
	if (fd >= 0)
		close(fd);
	if (text)
		text[n > 0 ? n : 0] = '\0';
	for (at = text ? strtok_r(text, "\n", &rest) : NULL; at;
	     at = strtok_r(NULL, "\n", &rest))
		found += remove_line(a, at);
	free(text);
	return found;
}

/* ---- coming and going ---- */

static bool remember(struct addresses *a, const struct ip_addr *addr)
{
	struct ip_addr *more = array_grow(a->own, a->len, &a->cap, sizeof(*more));

	if (!more)
		return false;
	a->own = more;
	a->own[a->len++] = *addr;
	return true;
}

void addresses_set(struct addresses *a, const struct ip_addr *addr)
{
	enum cyg_err err = CYG_NOMEM;
	struct diag why;

	diag_set(&why, "no-memory", NULL, "memory is short: an address was not added");
	if (remember(a, addr)) {
		note(a); /* before it is there: whenever we are killed, the next start finds it */
		diag_clear(&why);
		err = change(a, addr, true, &why);
		if (!err)
			return;
		a->len--;
		note(a);
	}
	if (err != CYG_EXISTS)
		tell(a, REPORT_ERROR, &why);
}

void addresses_remove(struct addresses *a, const struct ip_addr *addr)
{
	enum cyg_err err;
	struct diag why;

	for (size_t i = 0; i < a->len; i++) {
		if (!ip_equal(&a->own[i], addr))
			continue;
		diag_clear(&why);
		a->own[i] = a->own[--a->len];
		err = change(a, addr, false, &why);
		if (err && err != CYG_NOTFOUND)
			tell(a, REPORT_WARNING, &why);
		note(a);
		return;
	}
}

void addresses_stop(struct addresses *a)
{
	while (a->len) {
		struct ip_addr last = a->own[a->len - 1];

		addresses_remove(a, &last);
	}
	free(a->own);
	*a = (struct addresses){0};
}
