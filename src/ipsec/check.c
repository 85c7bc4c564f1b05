/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check.h"

#include "base/array.h"
#include "base/text.h"
#include "conf/groups.h"
#include "conn/argv.h"
#include "conn/field.h"
#include "conn/handling.h"
#include "ipsec/check_certs.h"
#include "ipsec/check_clash.h"
#include "ipsec/check_files.h"
#include "ipsec/check_orient.h"
#include "ipsec/check_overlap.h"
#include "ipsec/check_private.h"
#include "ipsec/lookup.h"
#include "ipsec/updown.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOKUP_MS 5000 /* for all names together */

/*
 * Where a keyword of the connection (`f` of its end `which`; NULL: none) stands, else where its section
 * begins. False: neither is known.
 */
static bool find_place(const struct check *c, const char *name, const struct field *f,
		       int which, struct conf_origin *ret)
{
	if (f && conf_origin(c->conf, name, f, which, ret) && ret->place.source)
		return true;
	return conf_conn_place(c->conf, name, ret) && ret->place.source;
}

/* Tell it at the place of a field of the connection or of its end; NULL: of the whole connection. */
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

void check_warn(struct check *c, enum problem_level level, const struct connection *conn,
		const char *end_keyword, int which, struct diag *d)
{
	warn_at(c, level, conn, end_keyword ? field_by_keyword(end_keyword, true) : NULL, which,
		d);
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
			 conn->name, connection_side(which), words[0]);
		diag_hint(&d, "create it, and make it executable (chmod +x)");
		check_warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
	} else if (is_others(words[0])) {
		diag_set(
			&d, "updown-program", NULL,
			"conn %s: %supdown=%s can be changed by others, and is run with pluto's "
			"rights",
			conn->name, connection_side(which), words[0]);
		diag_hint(&d, "chown root %s; chmod go-w %s", words[0], words[0]);
		check_warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
	} else if (!updown_can_run(words, c->execdir)) {
		diag_set(&d, "updown-program", NULL,
			 "conn %s: %supdown=%s: ipsec has no such updown program", conn->name,
			 connection_side(which), command);
		diag_wanted(&d, "ipsec _updown, which does nothing, or a program's path");
		diag_hint(&d, "leave %supdown= out: pluto routes by itself",
			  connection_side(which));
		check_warn(c, PROBLEM_WARNING, conn, "updown", which, &d);
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
		check_warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
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
		check_warn(c,
			   conf_is_made_up(c->conf, conn->name) ? PROBLEM_NOTE
								: PROBLEM_WARNING,
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
	f.addr[local] = check_end_addr(us, them, c->host);
	f.addr[!local] = check_peer_addr(them);
	f.me = check_end_identity(us, f.addr[local]);
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
		check_private_key(c, conn, local);
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
			 connection_side(which), n->name, text_str(&addrs));
	} else {
		diag_set(&d, "name-lookup", NULL, "conn %s: %s=%s has no address now (%s)",
			 conn->name, connection_side(which), n->name,
			 !n->answered ? "no answer in time"
				      : gai_strerror(n->error ? n->error : EAI_NONAME));
		diag_hint(&d, "check the name, and this host's DNS; pluto looks it up again "
			      "and again, and --no-names leaves this out");
	}
	check_warn(c, n->len ? PROBLEM_NOTE : PROBLEM_WARNING, conn, "", which, &d);
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
	check_warn(ctx, level, conn, "subnet", which, d);
}

static void tell_clash(void *ctx, const struct connection *conn, const struct connection *other,
		       const char *keyword, int which, struct diag *d)
{
	got_other(ctx, other, keyword, d);
	check_warn(ctx, PROBLEM_WARNING, conn, keyword, which, d);
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
