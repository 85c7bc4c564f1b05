/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_URL_SERVER_H
#define BASE_URL_SERVER_H

#include <stddef.h>

#define URL_SERVER_MAX 300 /* octets of the longest text of url_server */

/*
 * The server of a URL as one text, "http://host:80": scheme and host in lower case, and the port that the
 * scheme means where none is written, so that all ways to write one server are equal. Of what is no URL,
 * its beginning. Returns buf; what is longer is cut.
 */
char *url_server(const char *url, char *buf, size_t cap);

#endif
