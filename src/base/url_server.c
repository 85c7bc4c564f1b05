/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url_server.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *scheme, *port;
} ports[] = {{"http://", "80"}, {"https://", "443"}, {"ldap://", "389"}, {"ldaps://", "636"}};

/* The port that a URL's scheme means; "" when it is not known. */
static const char *port_of(const char *url)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (!strncasecmp(url, ports[i].scheme, strlen(ports[i].scheme)))
			return ports[i].port;
	return "";
}

char *url_server(const char *url, char *buf, size_t cap)
{
	const char *scheme_end = strstr(url, "://"), *host = scheme_end ? scheme_end + 3 : url;
	size_t len = strcspn(host, "/?#");
	const char *behind = memrchr(host, ']', len), *colon; /* of an IPv6 address */
	const char *port = port_of(url);

	behind = behind ? behind : host;
	colon = memchr(behind, ':', len - (size_t)(behind - host));
	if (colon && colon + 1 == host + len)
		len--; /* "host:" names no port (RFC 3986 3.2.3) */
	else if (colon)
		port = "";
	snprintf(buf, cap, "%.*s%s%s", (int)(host + len - url), url, *port ? ":" : "", port);
	for (char *at = buf; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return buf;
}
