/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_REREAD_H
#define PLUTO_REREAD_H

#include "conf/problem.h"

#include <stdint.h>

struct connection;
struct daemon;

/*
 * What the daemon reads of files: secrets and ipsec.d, when it begins to listen and whenever
 * somebody asks for it, and what a connection names. Files with faults take nothing away: what
 * they would have replaced stays in force. A command that reads is answered with a reply code.
 */

/* Read ipsec.secrets. The result as reply code; what is wrong is reported. */
unsigned reread_secrets(struct daemon *d, uint64_t cause);
/* Whether reread_tokens reads ipsec.secrets first: a certificate may lie in a bundle that it opens. */
bool reread_wants_secrets(const struct daemon *d, const struct connection *c);
/* Ask tokens for what a connection, which is to be loaded, names on them. Before reread_keys. */
void reread_tokens(struct daemon *d, uint64_t cause, const struct connection *c);
/*
 * Hand trust the keys in files that a connection, which is to be loaded, names. `anywhere`: also
 * files outside of ipsec.d.
 */
void reread_keys(struct daemon *d, uint64_t cause, bool anywhere, struct connection *c);
/* The core asks peers for certificates of the authorities in force. */
void reread_ask_for_authorities(struct daemon *d);
/* Read the certificates of ends and authorities. As reread_secrets. */
unsigned reread_certs(struct daemon *d, uint64_t cause);
/* Read attribute certificates, behind the certificates of who makes them. As reread_secrets. */
unsigned reread_aacerts(struct daemon *d, uint64_t cause);
/* Read attribute certificates alone. As reread_secrets. */
unsigned reread_acerts(struct daemon *d, uint64_t cause);
/*
 * Read the lists of revoked certificates; servers that failed may be asked again. As
 * reread_secrets.
 */
unsigned reread_crls(struct daemon *d, uint64_t cause);
/* Tell of certificates of our own that lists say were revoked. */
void reread_tell_revoked(struct daemon *d);
/* The same before peers are answered: long lists, too, are in force when it returns. */
void reread_first_crls(struct daemon *d, uint64_t cause);
/* Read the certificates of OCSP signers. As reread_secrets. */
unsigned reread_ocspcerts(struct daemon *d, uint64_t cause);

/* What was found in files, to the log and to who asked. `event` as in struct report. */
void reread_tell(struct daemon *d, uint64_t cause, const char *event,
		 const struct problems *problems);

#endif
