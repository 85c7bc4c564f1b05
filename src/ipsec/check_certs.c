/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/check_certs.h"

#include "base/text.h"
#include "conn/ident.h"
#include "trust/secret.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cert_facts {
	const char *execdir;
	json_t *by_path;     /* what was told of each file; null: nothing */
	json_t *authorities; /* lists of them; some may be missing when `unsure` */
	bool unsure;
};

void cert_facts_free(struct cert_facts *f)
{
	if (!f)
		return;
	json_decref(f->by_path);
	json_decref(f->authorities);
	free(f);
}

struct cert_facts *cert_facts_new(const char *execdir)
{
	struct cert_facts *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->execdir = execdir;
	f->by_path = json_object();
	f->authorities = json_array();
	if (f->by_path && f->authorities)
		return f;
	cert_facts_free(f);
	return NULL;
}

/* ---- asking ---- */

/* In the child: nothing is asked at a terminal, and complaints are nobody's. */
static void become(const char *program, const char *path, int out)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 2) < 0 || dup2(out, 1) < 0)
		_exit(127);
	setsid(); /* no terminal, either */
	execl(program, program, "--print", "--json", "--in", path, (char *)NULL);
	_exit(127);
}

/* What it prints; NULL: it could not be run, or printed no JSON. */
static json_t *ask(const char *execdir, const char *path)
{
	char program[2048];
	json_t *told = NULL;
	int n = snprintf(program, sizeof(program), "%s/ipsec-pki", execdir), ends[2];
	FILE *in;
	pid_t pid;

	if (n < 0 || (size_t)n >= sizeof(program) || pipe2(ends, O_CLOEXEC))
		return NULL;
	pid = fork();
	if (!pid)
		become(program, path, ends[1]);
	close(ends[1]);
	in = pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (in) {
		told = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL);
		fclose(in);
	} else {
		close(ends[0]);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return told;
}

/* All that a file holds; NULL: not known. */
static json_t *all_of(struct cert_facts *f, const char *path)
{
	json_t *known = json_object_get(f->by_path, path), *told;

	if (!known && f->execdir && json_object_size(f->by_path) < CERTS_ASKED_MAX) {
		told = ask(f->execdir, path);
		json_object_set_new(f->by_path, path, told ? told : json_null());
		known = json_object_get(f->by_path, path);
	}
	return json_is_array(known) ? known : NULL;
}

/* The first thing in a file; NULL: not known. Where there is none it has no members. */
static const json_t *facts_of(struct cert_facts *f, const char *path)
{
	const json_t *all = all_of(f, path);

	if (!all)
		return NULL;
	return json_array_size(all) ? json_array_get(all, 0) : json_true();
}

static const char *str(const json_t *facts, const char *key)
{
	const char *s = json_string_value(json_object_get(facts, key));

	return s ? s : "";
}

static bool is_cert(const json_t *facts)
{
	return !strcmp(str(facts, "kind"), "certificate");
}

static bool is_authority(const json_t *facts)
{
	return json_is_true(json_object_get(facts, "authority"));
}

/* ---- what is told ---- */

/* What pluto reads as an OpenPGP certificate: armor, or a packet's first octet. */
static bool is_openpgp(const char *path)
{
	static const char armor[] = "-----BEGIN PGP";
	char start[sizeof(armor) - 1] = "";
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(start, 1, sizeof(start), in) : 0;

	if (in)
		fclose(in);
	return len && (start[0] & 0x80 || !memcmp(start, armor, sizeof(start)));
}

static void tell_no_cert(const json_t *facts, const char *path, const struct cert_fault *to)
{
	struct diag d;

	diag_set(&d, "cert-none", NULL, "%.180s holds no certificate", path);
	diag_wanted(&d, "a certificate in PEM or DER");
	diag_got(&d, "%s", *str(facts, "kind") ? str(facts, "kind") : "nothing that is known");
	diag_hint(&d, "ipsec pki --print  shows what a file holds");
	to->tell(to->ctx, &d);
}

static bool moment_of(const char *text, int64_t *ret)
{
	struct tm tm = {0};

	if (!strptime(text, "%Y-%m-%d %H:%M:%S", &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

static void check_time(const json_t *facts, const struct cert_use *u,
		       const struct cert_fault *to)
{
	int64_t from, until;
	struct diag d;
	bool early;

	if (!moment_of(str(facts, "not_before"), &from) ||
	    !moment_of(str(facts, "not_after"), &until))
		return;
	early = from > u->now;
	if (!early && until >= u->now)
		return;
	diag_set(&d, "cert-time", "RFC 5280 4.1.2.5", "the certificate of %.160s %s",
		 str(facts, "subject"), early ? "is not valid yet" : "has expired");
	diag_wanted(&d, "one that is valid now");
	diag_got(&d, "valid from %s until %s", str(facts, "not_before"),
		 str(facts, "not_after"));
	diag_hint(&d, "have it issued anew, or set this host's clock");
	to->tell(to->ctx, &d);
}

static bool is_named(const struct ident *id, const char *name)
{
	const struct ident *other;
	bool same;

	if (ident_parse(name, &other, NULL))
		return false;
	same = ident_equal(id, other);
	ident_unref(other);
	return same;
}

static void check_identity(const json_t *facts, const struct cert_use *u,
			   const struct cert_fault *to)
{
	const struct ident *id = u->conn->end[u->end].id;
	const json_t *names = json_object_get(facts, "names");
	char wanted[IDENT_TEXT_MAX], got[400];
	size_t used = 0;
	struct diag d;

	if (!id || id->type == ID_ANY || id->wildcards || is_named(id, str(facts, "subject")))
		return;
	got[0] = '\0';
	buf_add(got, sizeof(got), &used, "%s", str(facts, "subject"));
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name && is_named(id, name))
			return;
		buf_add(got, sizeof(got), &used, ", %s", name ? name : "");
	}
	diag_set(&d, "cert-identity", "RFC 4945 3.1",
		 "the certificate does not carry %sid=, so that peers will refuse it",
		 connection_side(u->end));
	diag_wanted(&d, "%s", ident_print(id, wanted, sizeof(wanted)));
	diag_got(&d, "%s", got);
	diag_hint(&d, "let %sid= be one of these, or have it put into the certificate",
		  connection_side(u->end));
	to->tell(to->ctx, &d);
}

/* ---- its private key ---- */

/* Whether a record may be the key: what can't be looked into (a token, a passphrase) may be. */
static bool may_have(struct cert_facts *f, const struct cert_use *u,
		     const struct secret_record *r, const char *key_id)
{
	const json_t *facts;
	char path[2048];
	int n;

	if (r->kind == SECRET_PIN || r->kind == SECRET_RSA)
		return true;
	if (r->kind != SECRET_KEYFILE)
		return false;
	n = *r->name == '/'
		    ? snprintf(path, sizeof(path), "%s", r->name)
		    : snprintf(path, sizeof(path), "%s/ipsec.d/private/%s", u->confs, r->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return true;
	facts = facts_of(f, path);
	return !facts || !*str(facts, "key_id") || !strcmp(str(facts, "key_id"), key_id);
}

static void check_key(struct cert_facts *f, const json_t *facts, const struct cert_use *u,
		      const struct cert_fault *to)
{
	const struct secret_record *r;
	struct diag d;

	if (!u->is_us || !u->secrets || !(connection_auth(u->conn, u->end) & AUTH_SIGNATURES))
		return;
	for (size_t i = 0; (r = secret_set_at(u->secrets, i)); i++)
		if (may_have(f, u, r, str(facts, "key_id")))
			return;
	diag_set(&d, "cert-no-key", NULL,
		 "ipsec.secrets has no private key to the certificate of %.160s",
		 str(facts, "subject"));
	diag_wanted(&d, "the key of id %s", str(facts, "key_id"));
	diag_hint(&d, "put it into ipsec.d/private/NAME, and write  : PKCS8 NAME  into "
		      "ipsec.secrets");
	to->tell(to->ctx, &d);
}

void check_cert_facts(struct cert_facts *f, const struct cert_use *u,
		      const struct cert_fault *to)
{
	const json_t *facts = facts_of(f, u->path);
	struct diag d;

	if (!facts)
		return;
	if (!is_cert(facts)) {
		if (!is_openpgp(u->path))
			tell_no_cert(facts, u->path, to);
		return;
	}
	if (is_authority(facts)) {
		diag_set(&d, "cert-authority", "RFC 4945 5.1",
			 "the certificate of %.160s is an authority's, and no end's",
			 str(facts, "subject"));
		diag_hint(&d, "issue one for this end with it: ipsec pki --issue");
		to->tell(to->ctx, &d);
	}
	check_time(facts, u, to);
	check_identity(facts, u, to);
	check_key(f, facts, u, to);
}

void check_cacert_facts(struct cert_facts *f, const char *path, const struct cert_fault *to)
{
	const json_t *facts = facts_of(f, path);
	struct diag d;

	if (!facts)
		return;
	if (!is_cert(facts)) {
		tell_no_cert(facts, path, to);
		return;
	}
	if (is_authority(facts))
		return;
	diag_set(&d, "ca-no-authority", "RFC 5280 4.2.1.9",
		 "the certificate of %.160s is no authority's: nothing is believed by it",
		 str(facts, "subject"));
	diag_got(&d, "%s", path);
	diag_hint(&d, "name the certificate of who issued it");
	to->tell(to->ctx, &d);
}

/* ---- authorities ---- */

void cert_facts_authority(struct cert_facts *f, const char *path)
{
	json_t *all = all_of(f, path);

	f->unsure |= !all || json_array_append(f->authorities, all);
}

static bool has_subject(const json_t *all, const struct ident *wanted)
{
	for (size_t i = 0; i < json_array_size(all); i++) {
		const struct ident *subject;
		bool same;

		if (ident_parse(str(json_array_get(all, i), "subject"), &subject, NULL))
			continue;
		same = ident_match(wanted, subject);
		ident_unref(subject);
		if (same)
			return true;
	}
	return false;
}

void check_authority_named(const struct cert_facts *f, const struct connection *conn, int end,
			   const struct cert_fault *to)
{
	const char *ca = conn->end[end].ca;
	const struct ident *wanted;
	bool found = f->unsure;
	struct diag d;

	if (!ca || *ca == '%' || ident_parse(ca, &wanted, NULL))
		return;
	for (size_t i = 0; !found && i < json_array_size(f->authorities); i++)
		found = has_subject(json_array_get(f->authorities, i), wanted);
	ident_unref(wanted);
	if (found)
		return;
	diag_set(&d, "ca-unknown", NULL,
		 "no authority here is the one of %sca=", connection_side(end));
	diag_wanted(&d, "%.300s", ca);
	diag_got(&d, "%zu files of authorities, none of which has it",
		 json_array_size(f->authorities));
	diag_hint(&d, "put its certificate into ipsec.d/cacerts");
	to->tell(to->ctx, &d);
}

/* ---- without a certificate ---- */

bool check_news_uri(const char *uri, struct diag *why)
{
	static const char *const schemes[] = {"http://", "https://", "ldap://", "ldaps://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncasecmp(uri, schemes[i], strlen(schemes[i])))
			return true;
	diag_set(why, "uri-scheme", NULL, "nothing is fetched from %.180s", uri);
	diag_wanted(why, "http://, https://, ldap:// or ldaps://");
	diag_hint(why, "put a list that lies in a file into ipsec.d/crls");
	return false;
}

/* It is we who call, and anybody with a certificate of any authority here may answer. */
static bool takes_anybody(const struct connection *conn, int local)
{
	const struct end *them = &conn->end[!local];

	return conn->start == START_UP && them->host.kind != HOST_ANY &&
	       them->host.kind != HOST_NETS && them->id && them->id->type == ID_ANY &&
	       !them->cert && !them->public_key && !them->ca &&
	       connection_auth(conn, !local) & AUTH_SIGNATURES;
}

void check_peer_proof(const struct connection *conn, int local, const struct cert_fault *to)
{
	unsigned ways = connection_auth(conn, !local);
	const char *side = connection_side(!local);
	struct diag d;

	if (takes_anybody(conn, local)) {
		diag_set(&d, "peer-anybody", "RFC 7296 2.15",
			 "%sid=%%any of a peer that we call lets anybody answer who has a "
			 "certificate of an authority here",
			 side);
		diag_hint(&d, "name the peer with %sid=, or its authority with %sca=", side,
			  side);
		to->tell(to->ctx, &d);
	}
	if (conn->end[!local].groups && ways && !(ways & (AUTH_SIGNATURES | AUTH_EAP))) {
		diag_set(&d, "groups-without-certificate", "RFC 5755 5",
			 "%sgroups= takes members of groups alone, and who proves himself "
			 "without a certificate is in none: it can't come up",
			 side);
		diag_wanted(&d, "authby=pubkey, or EAP by RADIUS");
		diag_hint(&d, "leave %sgroups= away, or let the peer prove itself so", side);
		to->tell(to->ctx, &d);
	}
}
