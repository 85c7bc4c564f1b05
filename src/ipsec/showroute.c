/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/showroute.h"

#include "ipsec/args.h"
#include "ipsec/json_out.h"
#include "net/info.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One answer: what a packet to `to` is sent with. */
struct way {
	const char *to; /* an address; NULL: %defaultroute */
	struct ip_addr source, nexthop;
	char interface[IF_NAMESIZE];
};

static void print_way(const struct way *w)
{
	char source[IP_TEXT_MAX], nexthop[IP_TEXT_MAX];

	printf("%s: from %s", w->to ? w->to : "%defaultroute", ip_print(&w->source, source));
	if (ip_is_set(&w->nexthop))
		printf(" by %s", ip_print(&w->nexthop, nexthop));
	printf(" on %s\n", w->interface);
}

static json_t *way_json(const struct way *w)
{
	char source[IP_TEXT_MAX], nexthop[IP_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s*, s:s}", "to", w->to ? w->to : "%defaultroute",
			 "source", ip_print(&w->source, source), "nexthop",
			 ip_is_set(&w->nexthop) ? ip_print(&w->nexthop, nexthop) : NULL,
			 "interface", w->interface);
}

static bool tell(const struct way *w, json_t *list)
{
	if (list)
		return json_array_append_new(list, way_json(w)) == 0;
	print_way(w);
	return true;
}

static bool tell_default(const struct ip_addr *source, const struct ip_addr *nexthop,
			 const char *interface, json_t *list)
{
	struct way w = {.source = *source, .nexthop = *nexthop};

	snprintf(w.interface, sizeof(w.interface), "%s", interface);
	return !ip_is_set(source) || tell(&w, list);
}

static void say(const char *command, const struct diag *why)
{
	char line[1024];

	fprintf(stderr, "ipsec %s: %s\n", command, diag_print(why, line, sizeof(line)));
}

/* The kernel's, and what somebody wrote into ipsec.info where it has none: as pluto sees it. */
static struct host_view defaults_of(const struct net *n, const char *rundir)
{
	int fd = open(rundir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct host_view h = *net_view(n);
	struct info info;
	struct diag why;

	diag_clear(&why);
	if (fd >= 0 && !info_read(fd, rundir, &info, &why))
		(void)info_fill(&info, &h, &why);
	if (diag_is_set(&why))
		say("showroute", &why);
	if (fd >= 0)
		close(fd);
	return h;
}

static int show_defaults(const struct net *n, const char *rundir, json_t *list)
{
	const struct host_view all = defaults_of(n, rundir), *h = &all;

	if (!ip_is_set(&h->default_v4.addr) && !ip_is_set(&h->default_v6.addr)) {
		fprintf(stderr, "ipsec showroute: this host has no default route\n");
		return 1;
	}
	return !tell_default(&h->default_v4.addr, &h->default_v4.nexthop,
			     h->default_v4.interface, list) ||
	       !tell_default(&h->default_v6.addr, &h->default_v6.nexthop,
			     h->default_v6.interface, list);
}

static int refuse(const struct diag *why)
{
	say("showroute", why);
	return 1;
}

static int show_one(struct net *n, const char *word, json_t *list)
{
	struct way w = {.to = word};
	struct net_route route;
	struct ip_addr to;
	struct diag why;

	if (ip_parse(word, &to)) {
		fprintf(stderr, "ipsec showroute: %s is no IP address\n", word);
		return EXIT_USAGE;
	}
	if (net_route_to(n, &to, &route, &why))
		return refuse(&why);
	if (route.kind != RTN_UNICAST && route.kind != RTN_LOCAL) {
		fprintf(stderr, "ipsec showroute: %s is not reached: its route forbids it\n",
			word);
		return 1;
	}
	w.source = route.source;
	w.nexthop = route.nexthop;
	if (!if_indextoname(route.ifindex, w.interface))
		snprintf(w.interface, sizeof(w.interface), "%u", route.ifindex);
	return !tell(&w, list);
}

static int show(struct net *n, const struct args *a, const char *rundir, json_t *list)
{
	int status = a->len ? 0 : show_defaults(n, rundir, list);

	for (size_t i = 0; i < a->len; i++) {
		int one = show_one(n, a->words[i], list);

		status = status ? status : one;
	}
	return status;
}

int showroute_main(int argc, char **argv, const struct paths *paths)
{
	bool json = false;
	const struct arg_option options[] = {
		{"json", NULL, &json, "print one JSON document"},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] [ADDRESS ...]",
		.options = options,
		.words_max = (size_t)argc,
		.doc = "Show what %defaultroute stands for on this host, or with which source,\n"
		       "next hop and interface it reaches an address.\n",
	};
	struct args a;
	struct diag why;
	json_t *list;
	struct net *n;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (net_open(&n, &why))
		return refuse(&why);
	list = json ? json_array() : NULL;
	status = show(n, &a, paths->rundir, list);
	net_close(n);
	if (json && !json_out(list))
		return 1;
	return status;
}

/* A file that pluto did not write is not what is in force: that "ipsec showroute" says. */
static void remark(const char *rundir)
{
	int fd = open(rundir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cyg_err err = CYG_NOTFOUND;
	struct info info;
	struct diag why;

	diag_clear(&why);
	if (fd >= 0)
		err = info_read(fd, rundir, &info, &why);
	if (diag_is_set(&why))
		say("showdefaults", &why);
	else if (err == CYG_OK)
		fprintf(stderr,
			"ipsec showdefaults: pluto did not write this: it counts where the kernel "
			"has no default route; \"ipsec showroute\" tells what is in force\n");
	if (fd >= 0)
		close(fd);
}

int showdefaults_main(int argc, char **argv, const struct paths *paths)
{
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "",
		.doc = "Show what pluto found of the default route (RUNDIR/ipsec.info).\n",
	};
	char path[2048], line[512];
	struct args a;
	FILE *in;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (!paths_join(path, sizeof(path), paths->rundir, INFO_NAME))
		return 1;
	in = fopen(path, "re");
	if (!in) {
		fprintf(stderr,
			"ipsec showdefaults: %s: %s; pluto writes it: \"ipsec setup start\"; "
			"\"ipsec showroute\" asks the kernel\n",
			path, strerror(errno));
		return 1;
	}
	while (fgets(line, sizeof(line), in))
		fputs(line, stdout);
	fclose(in);
	remark(paths->rundir);
	return 0;
}
