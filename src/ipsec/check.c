/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check.h"

#include "base/array.h"
#include "base/text.h"
#include "conf/ca.h"
#include "conf/groups.h"
#include "conn/argv.h"
#include "conn/field.h"
#include "conn/handling.h"
#include "ipsec/check_certs.h"
#include "ipsec/check_clash.h"
#include "ipsec/check_files.h"
#include "ipsec/check_overlap.h"
#include "ipsec/lookup.h"
#include "ipsec/updown.h"
#include "trust/secret.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOKUP_MS 5000 /* for all names together */

static const char *const side_names[] = {"left", "right"};

/* ---- which end is this host ---- */

enum here { HERE_NO, HERE_YES, HERE_MAYBE };

static enum here addr_here(const struct host_view *host, const struct ip_addr *a)
{
	for (size_t i = 0; i < host->addresses_len; i++) {
		if (ip_equal(&host->addresses[i].addr, a))
			return HERE_YES;
	}
	return HERE_NO;
}

static const struct ip_addr *interface_addr(const struct host_view *host, const char *name)
{
	for (size_t i = 0; i < host->addresses_len; i++) {
		if (!strcmp(host->addresses[i].interface, name))
			return &host->addresses[i].addr;
	}
	return NULL;
}

static bool has_default(const struct host_view *host)
{
	return ip_is_set(&host->default_v4.addr) || ip_is_set(&host->default_v6.addr);
}

static enum here name_here(const struct host_view *host, const struct lookup *names,
			   const char *name)
{
	const struct lookup_name *n = names ? lookup_find(names, name) : NULL;

	if (!n || !n->answered || !n->len)
		return HERE_MAYBE;
	for (size_t i = 0; i < n->len; i++)
		if (addr_here(host, &n->addrs[i]) == HERE_YES)
			return HERE_YES;
	return HERE_NO;
}

/* The address of this host that a range has; the default route's, else the first. NULL: none. */
static const struct ip_addr *own_in_range(const struct host_view *host,
					  const struct ip_range *r)
{
	const struct ip_addr *usual[] = {&host->default_v4.addr, &host->default_v6.addr};

	for (size_t i = 0; i < 2; i++)
		if (range_has(r, usual[i]))
			return usual[i];
	for (size_t i = 0; i < host->addresses_len; i++) {
		const struct ip_addr *a = &host->addresses[i].addr;

		if (range_has(r, a) && !ip_is_loopback(a))
			return a;
	}
	return NULL;
}

/*
 * How closely a list fits this host, as pluto has it: more for an address than for a network.
 * *ret: by which address; *ret_maybe: it also has names that are not known.
 */
static unsigned list_fit(const struct host *h, const struct host_view *host,
			 const struct lookup *names, const struct ip_addr **ret,
			 bool *ret_maybe)
{
	unsigned best = 0;
	const char *name;

	*ret = NULL;
	*ret_maybe = false;
	if (h->kind == HOST_ADDR && addr_here(host, &h->addr) == HERE_YES) {
		*ret = &h->addr;
		return HOST_CLOSENESS_MAX;
	}
	for (size_t i = 0; (name = host_name(h, i)); i++) {
		enum here here = name_here(host, names, name);

		if (here == HERE_YES)
			return HOST_CLOSENESS_MAX;
		*ret_maybe |= here == HERE_MAYBE;
	}
	for (size_t i = 0; h->others && i < h->others->len; i++) {
		const struct host_other *o = &h->others->items[i];
		const struct ip_addr *own = NULL;

		if (!o->name && !host_is_whole(&o->range))
			own = own_in_range(host, &o->range);
		if (!own || host_closeness(&o->range) <= best)
			continue;
		best = host_closeness(&o->range);
		*ret = own;
	}
	return best;
}

static enum here end_here(const struct end *e, const struct host_view *host,
			  const struct lookup *names)
{
	switch (e->host.kind) {
	case HOST_ADDR:
		return addr_here(host, &e->host.addr);
	case HOST_DEFAULTROUTE:
		return has_default(host) ? HERE_YES : HERE_NO;
	case HOST_INTERFACE:
		return interface_addr(host, e->host.name) ? HERE_YES : HERE_NO;
	case HOST_NAME:
		return name_here(host, names, e->host.name);
	default:
		return HERE_NO;
	}
}

int check_orient(const struct connection *c, const struct host_view *host,
		 const struct lookup *names)
{
	enum here here[2];
	unsigned fit[2];

	for (int i = 0; i < 2; i++) {
		const struct ip_addr *own;
		bool maybe = false;

		here[i] = c->end[i].host.others ? HERE_NO : end_here(&c->end[i], host, names);
		fit[i] = here[i] == HERE_YES ? HOST_CLOSENESS_MAX : 0;
		if (c->end[i].host.others)
			fit[i] = list_fit(&c->end[i].host, host, names, &own, &maybe);
		if (maybe)
			here[i] = HERE_MAYBE;
		if (fit[i])
			here[i] = HERE_YES;
	}
	if (fit[0] != fit[1])
		return fit[1] > fit[0];
	if (here[0] == HERE_YES || here[1] == HERE_YES)
		return here[0] == here[1] ? CHECK_BOTH : here[1] == HERE_YES;
	return here[0] == HERE_MAYBE || here[1] == HERE_MAYBE ? CHECK_UNKNOWN : CHECK_NEITHER;
}

/* The address that an end has here, as far as it can be told; NULL: not. */
static const struct ip_addr *end_addr(const struct end *e, const struct end *other,
				      const struct host_view *host)
{
	bool v6 = host_family(&other->host) == IP_V6;

	const struct ip_addr *own;
	bool maybe;

	if (e->host.others)
		return list_fit(&e->host, host, NULL, &own, &maybe) ? own : NULL;
	switch (e->host.kind) {
	case HOST_ADDR:
		return &e->host.addr;
	case HOST_DEFAULTROUTE:
		if (v6 || !ip_is_set(&host->default_v4.addr))
			return &host->default_v6.addr;
		return &host->default_v4.addr;
	case HOST_INTERFACE:
		return interface_addr(host, e->host.name);
	default:
		return NULL;
	}
}

static void got_ends(struct diag *d, const struct connection *c)
{
	struct text t = {0};

	for (size_t i = 0; i < 2; i++) {
		text_add(&t, "%s%s=", i ? ", " : "", side_names[i]);
		host_print(&c->end[i].host, &t);
	}
	diag_got(d, "%s", text_str(&t));
	text_done(&t);
}

static void wanted_addresses(struct diag *d, const struct host_view *host)
{
	struct text t = {0};
	char addr[IP_TEXT_MAX];

	for (size_t i = 0; i < host->addresses_len; i++) {
		const struct ip_addr *a = &host->addresses[i].addr;

		if (!ip_is_loopback(a))
			text_add(&t, "%s%s", t.len ? ", " : "", ip_print(a, addr));
	}
	if (t.len)
		diag_wanted(d, "one of %s", text_str(&t));
	text_done(&t);
}

/* Where a keyword of the connection stands, else where its section begins. */
static bool find_place(const struct check *c, const char *name, const struct field *f,
		       int which, struct conf_origin *ret)
{
	if (f && conf_origin(c->conf, name, f, which, ret) && ret->place.source)
		return true;
	return conf_conn_place(c->conf, name, ret) && ret->place.source;
}

/* `f` is of the connection or of its end `which`; NULL: the whole connection is meant. */
static void warn_at(struct check *c, enum problem_level level, const struct connection *conn,
		    const struct field *f, int which, struct diag *d)
{
	struct problems problems = {0};
	struct conf_origin origin;

	if (find_place(c, conn->name, f, which, &origin))
		problems_add_at(&problems, level, d, &origin.place);
	else
		problems_add(&problems, level, d);
	findings_take(c->findings, FOUND_CONF, &problems);
}

/* `end_keyword` is one of the end `which`; NULL: the whole connection is meant. */
static void warn(struct check *c, enum problem_level level, const struct connection *conn,
		 const char *end_keyword, int which, struct diag *d)
{
	warn_at(c, level, conn, end_keyword ? field_by_keyword(end_keyword, true) : NULL, which,
		d);
}

/* The end that is an address which this host lacks at the moment, and may have later; or 2. */
static int waiting_end(const struct connection *conn)
{
	int which = 0;

	while (which < 2 && conn->end[which].host.kind != HOST_DEFAULTROUTE &&
	       conn->end[which].host.kind != HOST_INTERFACE)
		which++;
	return which;
}

static void warn_waits(struct check *c, const struct connection *conn, int which)
{
	const struct host *h = &conn->end[which].host;
	struct diag d;

	if (h->kind == HOST_DEFAULTROUTE)
		diag_set(&d, "orient-none", NULL, "conn %s: this host has no default route",
			 conn->name);
	else
		diag_set(&d, "orient-none", NULL, "conn %s: %s has no address here", conn->name,
			 h->name);
	wanted_addresses(&d, c->host);
	got_ends(&d, conn);
	diag_hint(&d, "pluto waits until there is one; or write this host's address as %s=",
		  side_names[which]);
	warn(c, PROBLEM_WARNING, conn, "", which, &d);
}

static void check_ends(struct check *c, const struct connection *conn, int local)
{
	int waiting = waiting_end(conn);
	struct diag d;

	if (local == CHECK_NEITHER && waiting < 2) {
		warn_waits(c, conn, waiting);
		return;
	}
	if (local == CHECK_NEITHER) {
		diag_set(&d, "orient-none", NULL,
			 "conn %s: neither end is an address of this host: it can't be used "
			 "here",
			 conn->name);
		wanted_addresses(&d, c->host);
		got_ends(&d, conn);
		diag_hint(&d, "correct left= or right=, or give this host the address");
	} else if (local == CHECK_BOTH) {
		diag_set(&d, "orient-both", NULL,
			 "conn %s: both ends are addresses of this host", conn->name);
		got_ends(&d, conn);
		diag_hint(&d, "one end has to be the peer");
	} else {
		return;
	}
	warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
}

/* ---- secrets ---- */

/* The identity of an end: as described, else its address. An own reference; NULL: not known. */
static const struct ident *identity(const struct end *e, const struct ip_addr *addr)
{
	const struct ident *id = NULL;

	if (e->id)
		return ident_ref(e->id);
	if (addr && ip_is_set(addr) && !ident_from_addr(addr, &id))
		return id;
	if ((e->host.kind == HOST_ANY || e->host.others) && !ident_parse("%any", &id, NULL))
		return id;
	return NULL;
}

/* The one address that the peer has; NULL: not known, or several. */
static const struct ip_addr *peer_addr(const struct end *them)
{
	return them->host.kind == HOST_ADDR && !them->host.others ? &them->host.addr : NULL;
}

static bool by_secret(const struct connection *conn, int which)
{
	return connection_auth(conn, which) == AUTH_SECRET && conn->type <= CONN_TRANSPORT;
}

/* What the table of secrets says, of this connection. */
static void warn_secret(struct check *c, const struct connection *conn,
			const struct diag *said)
{
	struct diag d = *said;

	diag_prefix(&d, "conn %s: ", conn->name);
	warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
}

/* ---- private keys ---- */

/* What this end is to sign with, where its public key stands in the file itself. */
static void check_private(struct check *c, const struct connection *conn, int local)
{
	const struct end *us = &conn->end[local];
	const char *text = us->public_key;
	struct diag d;

	if (!text || us->cert || text[0] != '0' || conn->type > CONN_TRANSPORT ||
	    !(connection_auth(conn, local) & AUTH_SIGNATURES) ||
	    check_has_private(c->secrets, text))
		return;
	diag_set(&d, "no-private-key", NULL,
		 "conn %s: ipsec.secrets has no private key for %srsasigkey=, so this host "
		 "can't prove itself",
		 conn->name, side_names[local]);
	diag_hint(&d,
		  "\"ipsec newhostkey\" makes a key, \"ipsec showhostkey --%s\" prints the "
		  "line for ipsec.conf",
		  side_names[local]);
	warn(c, PROBLEM_WARNING, conn, "rsasigkey", local, &d);
}

static void check_secret(struct check *c, const struct connection *conn, int local)
{
	const struct end *us = &conn->end[local], *them = &conn->end[!local];
	const struct ident *me, *peer;
	struct diag said;

	if (!by_secret(conn, local) && !by_secret(conn, !local))
		return;
	me = identity(us, end_addr(us, them, c->host));
	peer = identity(them, peer_addr(them));
	diag_clear(&said);
	if (me && peer) {
		/* There is none, or another one fits as well. */
		secret_find(c->secrets, SECRET_PSK, me, peer, &said);
		if (diag_is_set(&said))
			warn_secret(c, conn, &said);
	}
	ident_unref(me);
	ident_unref(peer);
}

/* ---- both ends alike ---- */

static const struct ip_prefix *subnet_of_both(const struct connection *conn)
{
	const struct end *a = &conn->end[0], *b = &conn->end[1];

	for (size_t i = 0; i < a->subnets_len; i++)
		for (size_t j = 0; j < b->subnets_len; j++)
			if (prefix_equal(&a->subnets[i], &b->subnets[j]) && a->subnets[i].bits)
				return &a->subnets[i];
	return NULL;
}

/* What was copied from one end to the other, and not changed there. */
static void check_alike(struct check *c, const struct connection *conn)
{
	const struct end *a = &conn->end[0], *b = &conn->end[1];
	const struct ip_prefix *subnet = subnet_of_both(conn);
	char id[IDENT_TEXT_MAX], net[IP_TEXT_MAX];
	struct diag d;

	if (conn->type > CONN_TRANSPORT)
		return;
	if (a->id && b->id && a->id->type != ID_ANY && a->id->type != ID_NULL &&
	    ident_equal(a->id, b->id)) {
		diag_set(&d, "ends-alike", NULL, "conn %s: both ends have the identity %s",
			 conn->name, ident_print(a->id, id, sizeof(id)));
		diag_hint(&d, "leftid= and rightid= name two hosts: correct one of them");
		warn(c, PROBLEM_WARNING, conn, "id", 1, &d);
	}
	if (a->public_key && b->public_key && *a->public_key != '%' &&
	    !strcmp(a->public_key, b->public_key)) {
		diag_set(&d, "ends-alike", NULL, "conn %s: both ends have the same public key",
			 conn->name);
		diag_hint(&d, "each has one of its own: ipsec showhostkey --left on one, "
			      "--right on the other");
		warn(c, PROBLEM_WARNING, conn, "rsasigkey", 1, &d);
	}
	if (subnet) {
		diag_set(&d, "ends-alike", NULL,
			 "conn %s: %s is behind both ends: its packets never leave either "
			 "network",
			 conn->name, prefix_print(subnet, net));
		diag_hint(&d, "correct leftsubnet= or rightsubnet=; two networks with the same "
			      "addresses need to be translated first");
		warn(c, PROBLEM_WARNING, conn, "subnet", 1, &d);
	}
}

/* Where a fault of a certificate is to be told. */
struct cert_place {
	struct check *check;
	const struct connection *conn;
	const char *keyword; /* of the end */
	int which;
};

static void tell_cert(void *ctx, struct diag *d)
{
	const struct cert_place *at = ctx;

	diag_prefix(d, "conn %s: ", at->conn->name);
	warn(at->check, PROBLEM_WARNING, at->conn, at->keyword, at->which, d);
}

/* What certificates hold; NULL: memory is short, or nobody can tell. */
static struct cert_facts *facts(struct check *c)
{
	if (!c->certs && c->execdir)
		c->certs = cert_facts_new(c->execdir);
	return c->certs;
}

static void check_inside(struct check *c, const struct connection *conn, int which, int local,
			 const char *name)
{
	struct cert_place place = {c, conn, "cert", which};
	struct cert_fault to = {tell_cert, &place};
	char path[2048];
	struct cert_use u = {conn,     which,      which == local, path,
			     c->confs, c->secrets, time(NULL)};

	if (facts(c) && check_cert_path(c->secrets, c->confs, name, path, sizeof(path)))
		check_cert_facts(c->certs, &u, &to);
}

static void check_proof(struct check *c, const struct connection *conn, int local)
{
	struct cert_place place = {c, conn, "id", !local};
	struct cert_fault to = {tell_cert, &place};

	check_peer_proof(conn, local, &to);
	check_peer_groups(c, conn, !local, &to);
}

/* Those of the folder, and of ca sections. */
static void learn_authorities(struct check *c)
{
	struct dirent **list = NULL;
	char path[2048];
	const char *name;
	int n;

	c->authorities_known = true;
	n = snprintf(path, sizeof(path), "%s/ipsec.d/cacerts", c->confs);
	n = n < 0 || (size_t)n >= sizeof(path) ? -1 : scandir(path, &list, NULL, NULL);
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' &&
		    conf_ca_file(&(struct authority){.cacert = list[i]->d_name}, c->confs, path,
				 sizeof(path)))
			cert_facts_authority(c->certs, path);
		free(list[i]);
	}
	free(list);
	for (size_t i = 0; (name = conf_ca_name(c->conf, i)); i++) {
		struct problems problems = {0};
		struct conf_ca ca;
		struct diag why;

		if (!conf_ca(c->conf, name, &ca, &problems, &why) && ca.load &&
		    ca.says.cacert && conf_ca_file(&ca.says, c->confs, path, sizeof(path)))
			cert_facts_authority(c->certs, path);
		problems_done(&problems);
	}
}

static void check_authority(struct check *c, const struct connection *conn, int which)
{
	struct cert_place place = {c, conn, "ca", which};
	struct cert_fault to = {tell_cert, &place};
	const char *ca = conn->end[which].ca;

	if (!ca || *ca == '%' || !facts(c))
		return;
	if (!c->authorities_known)
		learn_authorities(c);
	check_authority_named(c->certs, conn, which, &to);
}

/* The peer's, too: pluto reads both, and believes the peer by it. */
static void check_certs(struct check *c, const struct connection *conn, int local)
{
	for (int which = 0; which < 2; which++) {
		const char *at = conn->end[which].cert;
		char name[CONN_CERT_NAME_MAX];

		while (connection_next_cert(&at, name, sizeof(name))) {
			struct diag found, d;

			diag_clear(&found);
			if (check_cert_file(c->secrets, c->confs, name, &found)) {
				check_inside(c, conn, which, local, name);
				continue;
			}
			diag_set(&d, "cert-file", NULL, "conn %s: %scert=: %s", conn->name,
				 side_names[which], found.sentence);
			diag_hint(&d, "put the certificate into ipsec.d/certs, or name it by "
				      "its whole path");
			warn(c, PROBLEM_WARNING, conn, "cert", which, &d);
		}
	}
}

/* ---- programs ---- */

/* Whoever may change it runs what he likes with pluto's rights. */
static bool is_others(const char *program)
{
	struct stat st;

	return program[0] == '/' && !stat(program, &st) &&
	       (st.st_mode & (S_IWGRP | S_IWOTH) || (st.st_uid && st.st_uid != geteuid()));
}

/* A program that is named by its path must be there, and what ipsec is to run has to be its. */
static void check_updown(struct check *c, const struct connection *conn, int which)
{
	const char *command = conn->end[which].updown;
	struct diag d;
	char **words;

	if (!argv_is_command(command) || argv_split(command, &words, NULL))
		return;
	if (words[0][0] == '/' && access(words[0], X_OK)) {
		diag_set(&d, "updown-program", NULL, "conn %s: %supdown=%s can't be run",
			 conn->name, side_names[which], words[0]);
		diag_hint(&d, "create it, and make it executable (chmod +x)");
		warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
	} else if (is_others(words[0])) {
		diag_set(
			&d, "updown-program", NULL,
			"conn %s: %supdown=%s can be changed by others, and is run with pluto's "
			"rights",
			conn->name, side_names[which], words[0]);
		diag_hint(&d, "chown root %s; chmod go-w %s", words[0], words[0]);
		warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
	} else if (!updown_can_run(words, c->execdir)) {
		diag_set(&d, "updown-program", NULL,
			 "conn %s: %supdown=%s: ipsec has no such updown program", conn->name,
			 side_names[which], command);
		diag_wanted(&d, "ipsec _updown, which does nothing, or a program's path");
		diag_hint(&d, "leave %supdown= out: pluto routes by itself", side_names[which]);
		warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
	}
	free(words);
}

/* ---- the plane ---- */

static void check_plane(struct check *c, const struct connection *conn)
{
	struct diag d;
	size_t at = 0;

	while (c->plane && connection_unhandled(conn, c->plane, &at, &d)) {
		diag_prefix(&d, "conn %s: ", conn->name);
		warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
	}
}

/* ---- what auto= asks for ---- */

/* Why `ipsec auto --up` would be refused whatever the peer does, and what to write. NULL: not so. */
static const char *never_begins(const struct connection *conn, int local, const char **ret_cure)
{
	const struct end *them = &conn->end[!local];

	*ret_cure = "write auto=add: the peer begins";
	if (conn->type > CONN_TRANSPORT) {
		*ret_cure = "write auto=route, which puts it in force";
		return "there is nothing to negotiate";
	}
	if (them->host.kind == HOST_ANY)
		return "where the peer is is not said";
	if (them->host.kind == HOST_NETS) {
		*ret_cure =
			"write the peer's address before the networks, or auto=add: the peer "
			"begins";
		return "no one host is named to begin with";
	}
	if (!connection_is_template(conn, local) || !them->id)
		return NULL;
	*ret_cure = "write the peer's whole identity, or the authority of its certificate as "
		    "leftca= or rightca=, or %fromcert with its certificate in leftcert= or "
		    "rightcert=; or auto=add: the peer begins";
	if (them->id->wildcards)
		return "the peer's identity has wildcards, and whom to expect is not said";
	if (them->id->type == ID_ANY)
		return "whom to expect there is not said (its id is %any, or %fromcert without a "
		       "certificate)";
	return NULL;
}

static void check_start(struct check *c, const struct connection *conn, int local)
{
	const char *cure, *reason = never_begins(conn, local, &cure);
	struct diag d;

	if (conn->start != START_UP || !reason)
		return;
	diag_set(&d, "start-never", NULL, "conn %s: auto=start can't be followed: %s",
		 conn->name, reason);
	diag_hint(&d, "%s", cure);
	warn_at(c, PROBLEM_WARNING, conn, field_by_keyword("auto", false), 0, &d);
}

/* ---- policy groups ---- */

/* The networks that a group stands for lie in a file of the connection's name. */
static void check_group(struct check *c, const struct connection *conn, int which)
{
	struct problems problems = {0};
	struct group_lines lines = {0};
	char path[2048];
	struct diag d;
	int n = snprintf(path, sizeof(path), "%s/ipsec.d/policies/%s", c->confs, conn->name);

	if (!strcmp(conn->end[which].host.name, "%opportunistic") || n < 0 ||
	    (size_t)n >= sizeof(path))
		return;
	if (groups_read(path, &lines, &problems) == CYG_NOTFOUND) {
		problems_done(&problems);
		diag_set(&d, "group-file", NULL,
			 "conn %s: there is no %s: it stands for no network", conn->name, path);
		diag_hint(&d, "write the file, one network on a line");
		warn(c, conf_is_made_up(c->conf, conn->name) ? PROBLEM_NOTE : PROBLEM_WARNING,
		     conn, "", which, &d);
	}
	findings_take(c->findings, FOUND_CONF, &problems);
	group_lines_done(&lines);
}

/* ---- all of them ---- */

/* What connections claim, to be compared when all are known. */
struct claimed {
	struct overlap overlap;
	struct clash clash;
};

static void claim(struct check *c, const struct connection *conn, int local,
		  struct claimed *claimed)
{
	const struct end *us = &conn->end[local], *them = &conn->end[!local];
	struct clash_facts f = {.local = local,
				.me = NULL,
				.unique_ids = conf_setup(c->conf)->unique_ids};

	if (!c->named && !conf_is_meant(c->conf, conn->name))
		return;
	f.addr[local] = end_addr(us, them, c->host);
	f.addr[!local] = peer_addr(them);
	f.me = identity(us, f.addr[local]);
	overlap_add(&claimed->overlap, conn, local);
	clash_add(&claimed->clash, conn, &f);
	ident_unref(f.me);
}

static void check_described(struct check *c, const struct connection *conn,
			    struct claimed *claimed)
{
	int local = c->host ? check_orient(conn, c->host, c->names) : CHECK_UNKNOWN;

	if (c->host)
		check_ends(c, conn, local);
	if (c->confs && connection_group_end(conn) >= 0)
		check_group(c, conn, connection_group_end(conn));
	if (local < 0)
		return;
	if (c->secrets) {
		check_secret(c, conn, local);
		check_private(c, conn, local);
	}
	check_alike(c, conn);
	if (c->confs)
		check_certs(c, conn, local);
	if (c->confs)
		check_authority(c, conn, !local);
	check_proof(c, conn, local);
	check_updown(c, conn, local);
	check_plane(c, conn);
	if (connection_group_end(conn) < 0)
		check_start(c, conn, local);
	claim(c, conn, local, claimed);
}

static bool has_name(const struct connection *conn)
{
	return host_has_name(&conn->end[0].host) || host_has_name(&conn->end[1].host);
}

/* Check it when its names have been looked up. False: memory is short. */
static bool put_off(struct check *c, const struct connection *conn)
{
	const struct connection **late;
	const char *name;

	for (int which = 0; which < 2; which++)
		for (size_t i = 0; (name = host_name(&conn->end[which].host, i)); i++)
			if (!lookup_add(c->names, name))
				return false;
	late = array_grow(c->late, c->late_len, &c->late_cap, sizeof(*late));
	if (!late)
		return false;
	c->late = late;
	c->late[c->late_len++] = connection_ref(conn);
	return true;
}

/* It may be a part that nobody needs yet, and it may be a connection whose end was forgotten. */
static void note_unused(struct check *c, const char *name)
{
	struct problems problems = {0};
	struct conf_origin at;
	struct diag d;

	diag_set(
		&d, "part-unused", NULL,
		"conn %s lacks left= or right=, and no other connection takes it in by also=: it is "
		"not loaded",
		name);
	diag_hint(
		&d,
		"if it is a connection, give it both ends (left=%%defaultroute is this host)");
	if (conf_conn_place(c->conf, name, &at))
		problems_add_at(&problems, PROBLEM_NOTE, &d, &at.place);
	else
		problems_add(&problems, PROBLEM_NOTE, &d);
	findings_take(c->findings, FOUND_CONF, &problems);
}

static enum cyg_err check_one(struct check *c, const char *name, struct claimed *claimed)
{
	struct problems problems = {0};
	struct connection *conn;
	struct diag why;
	enum cyg_err err = conf_connection(c->conf, name, &conn, &problems, &why);

	if (err && !c->named && conf_is_part(c->conf, name, &problems)) {
		if (!conf_is_taken_in(c->conf, name))
			note_unused(c, name);
		problems_done(&problems);
		return CYG_OK;
	}
	if (err && !problems.errors)
		findings_add(c->findings, PROBLEM_ERROR, &why);
	findings_take(c->findings, FOUND_CONF, &problems);
	c->total++;
	if (err)
		return err;
	c->usable++;
	if (!c->names || !has_name(conn) || !put_off(c, conn))
		check_described(c, conn, claimed);
	connection_unref(conn);
	return CYG_OK;
}

/* ---- names ---- */

/* What a look-up said of an end. */
static void tell_name(struct check *c, const struct connection *conn, int which,
		      const struct lookup_name *n)
{
	struct text addrs = {0};
	char addr[IP_TEXT_MAX];
	struct diag d;

	for (size_t i = 0; i < n->len; i++)
		text_add(&addrs, "%s%s", i ? ", " : "", ip_print(&n->addrs[i], addr));
	if (n->len) {
		diag_set(&d, "name-found", NULL, "conn %s: %s=%s is %s now", conn->name,
			 side_names[which], n->name, text_str(&addrs));
	} else {
		diag_set(&d, "name-lookup", NULL, "conn %s: %s=%s has no address now (%s)",
			 conn->name, side_names[which], n->name,
			 !n->answered ? "no answer in time"
				      : gai_strerror(n->error ? n->error : EAI_NONAME));
		diag_hint(&d, "check the name, and this host's DNS; pluto looks it up again "
			      "and again, and --no-names leaves this out");
	}
	warn(c, n->len ? PROBLEM_NOTE : PROBLEM_WARNING, conn, "", which, &d);
	text_done(&addrs);
}

/* The connections that waited, once their names have been looked up. */
static void check_late(struct check *c, struct claimed *claimed)
{
	if (c->names)
		lookup_run(c->names, LOOKUP_MS);
	for (size_t i = 0; i < c->late_len; i++) {
		const struct connection *conn = c->late[i];

		for (int which = 0; which < 2; which++) {
			const char *name;

			for (size_t k = 0; (name = host_name(&conn->end[which].host, k)); k++) {
				const struct lookup_name *n = lookup_find(c->names, name);

				if (n)
					tell_name(c, conn, which, n);
			}
		}
		check_described(c, conn, claimed);
		connection_unref(conn);
	}
	free(c->late);
	c->late = NULL;
	c->late_len = c->late_cap = 0;
}

/* ---- authorities ---- */

struct ca_place {
	struct check *check;
	const struct conf_ca *ca;
};

static void tell_ca(void *ctx, struct diag *d)
{
	const struct ca_place *at = ctx;

	diag_prefix(d, "ca %s: ", at->ca->says.name);
	diag_place(d, at->ca->file, at->ca->line, 1);
	findings_add(at->check->findings, PROBLEM_WARNING, d);
}

static void check_uris(struct check *c, const struct conf_ca *ca)
{
	const char *const uris[] = {ca->says.crluri[0], ca->says.crluri[1], ca->says.ocspuri[0],
				    ca->says.ocspuri[1]};
	struct ca_place place = {c, ca};
	struct diag d;

	for (size_t i = 0; ca->load && i < sizeof(uris) / sizeof(uris[0]); i++)
		if (uris[i] && !check_news_uri(uris[i], &d))
			tell_ca(&place, &d);
}

/* A certificate without a slash is looked up in ipsec.d/cacerts. */
static void check_cacert(struct check *c, const struct conf_ca *ca)
{
	char path[2048];
	struct diag d;

	if (!ca->load || !ca->says.cacert || !c->confs)
		return;
	errno = ENAMETOOLONG;
	if (conf_ca_file(&ca->says, c->confs, path, sizeof(path)) && !access(path, R_OK)) {
		if (facts(c))
			check_cacert_facts(c->certs, path,
					   &(struct cert_fault){tell_ca,
								&(struct ca_place){c, ca}});
		return;
	}
	diag_set(&d, "ca-file", NULL, "ca %s: cacert=%s can't be read: %s", ca->says.name,
		 ca->says.cacert, strerror(errno));
	diag_place(&d, ca->file, ca->line, 1);
	diag_hint(&d, "put the certificate into ipsec.d/cacerts, or name it by its whole path");
	findings_add(c->findings, PROBLEM_WARNING, &d);
}

static void check_authorities(struct check *c)
{
	const char *name;

	for (size_t i = 0; (name = conf_ca_name(c->conf, i)); i++) {
		struct problems problems = {0};
		struct conf_ca ca;
		struct diag why;
		enum cyg_err err = conf_ca(c->conf, name, &ca, &problems, &why);

		if (err && !problems.errors)
			findings_add(c->findings, PROBLEM_ERROR, &why);
		findings_take(c->findings, FOUND_CONF, &problems);
		if (!err) {
			check_cacert(c, &ca);
			check_uris(c, &ca);
		}
	}
}

/* ---- what two connections claim ---- */

/* Where the other one says the same: both places are to be looked at. */
static void got_other(const struct check *c, const struct connection *other,
		      const char *end_keyword, struct diag *d)
{
	const struct field *f = field_by_keyword(end_keyword, true);
	int local = c->host ? check_orient(other, c->host, c->names) : CHECK_UNKNOWN;
	struct conf_origin o;

	if (local < 0 || !find_place(c, other->name, f, !local, &o))
		return;
	if (o.keyword)
		diag_got(d, "conn %s, %s:%u: %s=%.200s", other->name, o.file, o.line, o.keyword,
			 o.value);
	else
		diag_got(d, "conn %s, %s:%u", other->name, o.file, o.line);
}

static void tell_overlap(void *ctx, enum problem_level level, const struct connection *conn,
			 const struct connection *other, int which, struct diag *d)
{
	got_other(ctx, other, "subnet", d);
	warn(ctx, level, conn, "subnet", which, d);
}

static void tell_clash(void *ctx, const struct connection *conn, const struct connection *other,
		       const char *keyword, int which, struct diag *d)
{
	got_other(ctx, other, keyword, d);
	warn(ctx, PROBLEM_WARNING, conn, keyword, which, d);
}

enum cyg_err check_run(struct check *c, char *const *names)
{
	const char **wanted = names ? conf_resolve(c->conf, names) : NULL;
	struct problems shadowed = {0};
	struct claimed claimed = {0};
	bool missing = false;
	const char *name;

	if (names && !wanted)
		return CYG_NOMEM;
	c->named = names != NULL;
	if (!names) {
		conf_check_shadowed(c->conf, &shadowed);
		findings_take(c->findings, FOUND_CONF, &shadowed);
		check_authorities(c);
	}
	if (!names && c->secrets && c->confs)
		check_key_files(c->secrets, c->confs, c->findings);
	for (size_t i = 0; (name = names ? wanted[i] : conf_conn_name(c->conf, i)); i++)
		missing |= check_one(c, name, &claimed) == CYG_NOTFOUND;
	check_late(c, &claimed);
	overlap_find(&claimed.overlap, tell_overlap, c);
	clash_find(&claimed.clash, tell_clash, c);
	c->findings->lost += claimed.overlap.lost + claimed.clash.lost;
	overlap_done(&claimed.overlap);
	clash_done(&claimed.clash);
	cert_facts_free(c->certs);
	c->certs = NULL;
	free(wanted);
	return missing ? CYG_NOTFOUND : CYG_OK;
}
