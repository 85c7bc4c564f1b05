/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include "base/diag.h"
#include "base/err.h"

#define URL_MAX 2048 /* octets of a URL that is taken */

/*
 * Whether a URL may be fetched: http, https, ldap or ldaps (letter case does not matter) with a
 * host, at most URL_MAX octets, none of them a space or unprintable, and no user's name or
 * password. CYG_UNSUPPORTED (another scheme), CYG_MALFORMED, CYG_LIMIT with *why.
 */
MUST_CHECK enum cyg_err url_check(const char *url, struct diag *why);

/* Whether it names a directory (RFC 4516). */
bool url_is_ldap(const char *url);

/* Its host and port as written, "host:389"; returns buf. For people; base/url_server.h is to count by. */
const char *url_host(const char *url, char *buf, size_t cap);

#endif
