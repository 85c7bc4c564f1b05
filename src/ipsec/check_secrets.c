/* SPDX-License-Identifier: Apache-2.0 */
/* What this end is to prove itself with: secrets and private keys of ipsec.secrets. */
#include "ipsec/check_files.h"
#include "ipsec/check_orient.h"
#include "ipsec/check_private.h"
#include "trust/secret.h"

static bool by_secret(const struct connection *conn, int which)
{
	return connection_auth(conn, which) == AUTH_SECRET && conn->type <= CONN_TRANSPORT;
}

/* What the table of secrets says, of this connection. */
static void warn_secret(struct check *c, const struct connection *conn, const struct diag *said)
{
	struct diag d = *said;

	diag_prefix(&d, "conn %s: ", conn->name);
	check_warn(c, PROBLEM_WARNING, conn, NULL, 0, &d);
}

void check_secret(struct check *c, const struct connection *conn, int local)
{
	const struct end *us = &conn->end[local], *them = &conn->end[!local];
	const struct ident *me, *peer;
	struct diag said;

	if (!by_secret(conn, local) && !by_secret(conn, !local))
		return;
	me = check_end_identity(us, check_end_addr(us, them, c->host));
	peer = check_end_identity(them, check_peer_addr(them));
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

/* What this end is to sign with, where its public key stands in the file itself. */
void check_private_key(struct check *c, const struct connection *conn, int local)
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
		 conn->name, connection_side(local));
	diag_hint(&d,
		  "\"ipsec newhostkey\" makes a key, \"ipsec showhostkey --%s\" prints the "
		  "line for ipsec.conf",
		  connection_side(local));
	check_warn(c, PROBLEM_WARNING, conn, "rsasigkey", local, &d);
}
