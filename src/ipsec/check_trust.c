/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and authorities that connections and ca sections name. */
#include "conf/ca.h"
#include "ipsec/check_certs.h"
#include "ipsec/check_files.h"
#include "ipsec/check_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What certificates hold; NULL: memory is short, or nobody can tell. */
static struct cert_facts *facts(struct check *c)
{
	if (!c->certs && c->execdir)
		c->certs = cert_facts_new(c->execdir);
	return c->certs;
}

/* ---- connections ---- */

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
	check_warn(at->check, PROBLEM_WARNING, at->conn, at->keyword, at->which, d);
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

void check_proof(struct check *c, const struct connection *conn, int local)
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

void check_authority(struct check *c, const struct connection *conn, int which)
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
void check_certs(struct check *c, const struct connection *conn, int local)
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
				 connection_side(which), found.sentence);
			diag_hint(&d, "put the certificate into ipsec.d/certs, or name it by "
				      "its whole path");
			check_warn(c, PROBLEM_WARNING, conn, "cert", which, &d);
		}
	}
}

/* ---- ca sections ---- */

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

void check_authorities(struct check *c)
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
