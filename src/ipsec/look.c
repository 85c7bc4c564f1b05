/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/look.h"

#include "base/text.h"
#include "ipsec/args.h"
#include "net/net.h"
#include "whack/client.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define TABLES_HIDDEN 255 /* local: addresses of this host, which are shown as such */

/* ---- what pluto says ---- */

/* Lists grow, other members are set. */
static void merge(json_t *into, const json_t *parameters)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)parameters, key, value) {
		json_t *list = json_object_get(into, key);

		if (json_is_array(list) && json_is_array(value))
			json_array_extend(list, value);
		else
			json_object_set(into, key, value);
	}
}

/* All of Status as one object, a new reference; NULL, with *why, when it can't be had. */
static json_t *ask_status(const struct paths *p, struct diag *why)
{
	struct call call = {.kind = CALL_STATUS, .more = true};
	char *path = client_socket_path(p->rundir, NULL);
	json_t *whole = json_object();
	struct client *client = NULL;
	struct reply reply;
	bool more = true;
	enum cyg_err err;

	err = path && whole ? client_open(path, &client, why) : CYG_NOMEM;
	if (!err)
		err = client_send(client, &call, why);
	while (!err && more) {
		err = client_receive(client, &reply, why);
		if (err)
			break;
		more = reply.continues;
		merge(whole, reply.parameters);
		reply_done(&reply);
	}
	client_close(client);
	free(path);
	if (!err)
		return whole;
	json_decref(whole);
	return NULL;
}

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static long long num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* "office" or "office"[3] */
static void print_name(const json_t *o, const char *key)
{
	printf("  \"%s\"", str(o, key));
	if (num(o, "instance"))
		printf("[%lld]", num(o, "instance"));
}

static void print_policy(const json_t *c)
{
	print_name(c, "name");
	if (!*str(c, "local")) {
		puts(" not for this host");
		return;
	}
	printf(" %s -> %s: %s, %s\n", str(c, "ts_local"), str(c, "ts_remote"), str(c, "type"),
	       str(c, "routing"));
}

static void print_ike(const json_t *sa)
{
	print_name(sa, "connection");
	printf(" #%lld IKE %s...%s: %s, %s\n", num(sa, "serial"), str(sa, "local"),
	       str(sa, "remote"), str(sa, "suite"), str(sa, "story"));
}

static void print_child(const json_t *sa)
{
	print_name(sa, "connection");
	printf(" #%lld ESP %s -> %s: in %s, out %s, %s; %lld bytes in, %lld out\n",
	       num(sa, "serial"), str(sa, "ts_local"), str(sa, "ts_remote"), str(sa, "spi_in"),
	       str(sa, "spi_out"), str(sa, "suite"), num(sa, "in_octets"),
	       num(sa, "out_octets"));
}

static void print_list(const json_t *whole, const char *key, void (*print)(const json_t *))
{
	const json_t *list = json_object_get(whole, key);

	for (size_t i = 0; i < json_array_size(list); i++)
		print(json_array_get(list, i));
}

static bool show_pluto(const struct paths *p)
{
	char line[1024];
	struct diag why;
	json_t *whole;

	diag_clear(&why);
	whole = ask_status(p, &why);
	if (!whole) {
		printf("pluto: %s\n", diag_print(&why, line, sizeof(line)));
		return false;
	}
	puts("policies:");
	print_list(whole, "connections", print_policy);
	puts("SAs:");
	print_list(whole, "ike_sas", print_ike);
	print_list(whole, "children", print_child);
	json_decref(whole);
	return true;
}

/* ---- what the kernel says ---- */

static const char *kind_word(uint8_t kind)
{
	switch (kind) {
	case RTN_PROHIBIT:
		return "prohibit ";
	case RTN_BLACKHOLE:
		return "blackhole ";
	case RTN_UNREACHABLE:
		return "unreachable ";
	case RTN_THROW:
		return "throw ";
	default:
		return "";
	}
}

/* Those of this host's own addresses and of multicast are everybody's, and left out. */
static bool is_shown(const struct net_route *r)
{
	return r->table != TABLES_HIDDEN && r->kind != RTN_LOCAL && r->kind != RTN_BROADCAST &&
	       r->kind != RTN_MULTICAST && r->kind != RTN_ANYCAST;
}

static void print_route(void *ctx, const struct net_route *r)
{
	char text[IP_TEXT_MAX], name[IF_NAMESIZE];

	if (!is_shown(r))
		return;
	printf("  %s%s", kind_word(r->kind),
	       r->destination.bits                   ? prefix_print(&r->destination, text)
	       : r->destination.addr.family == IP_V6 ? "default (IPv6)"
						     : "default");
	if (ip_is_set(&r->nexthop))
		printf(" by %s", ip_print(&r->nexthop, text));
	if (r->ifindex && if_indextoname(r->ifindex, name))
		printf(" on %s", name);
	if (ip_is_set(&r->source))
		printf(" from %s", ip_print(&r->source, text));
	if (r->table != RT_TABLE_MAIN)
		printf(" table %u", r->table);
	if (r->metric)
		printf(" metric %u", r->metric);
	putchar('\n');
}

static void show_kernel(void)
{
	char text[IP_TEXT_MAX], line[1024];
	const struct host_view *h;
	struct diag why;
	struct net *n;

	if (net_open(&n, &why)) {
		printf("routes: %s\n", diag_print(&why, line, sizeof(line)));
		return;
	}
	h = net_view(n);
	puts("addresses:");
	for (size_t i = 0; i < h->addresses_len; i++)
		printf("  %s on %s\n", ip_print(&h->addresses[i].addr, text),
		       h->addresses[i].interface);
	puts("routes:");
	if (net_routes_each(n, IP_V4, 0, print_route, NULL, &why) ||
	    net_routes_each(n, IP_V6, 0, print_route, NULL, &why))
		printf("  %s\n", diag_print(&why, line, sizeof(line)));
	net_close(n);
}

int look_main(int argc, char **argv, const struct paths *paths)
{
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "",
		.doc = "Show policies, SAs, addresses and routes, one line each.\n",
	};
	char date[64] = "";
	struct utsname names;
	struct args a;
	time_t now = time(NULL);
	struct tm tm;
	int status = args_read(&rules, argc, argv, &a);
	bool well;

	if (status != ARGS_GO)
		return status;
	if (localtime_r(&now, &tm))
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Z %Y", &tm);
	printf("%s %s\n", uname(&names) ? "" : names.nodename, date);
	well = show_pluto(paths);
	show_kernel();
	return !well;
}
