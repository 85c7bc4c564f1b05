/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const schemes[] = {"http://", "https://", "ldap://", "ldaps://"};

/* What stands behind the scheme; NULL: it is none of ours. */
static const char *behind_scheme(const char *url)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return url + strlen(schemes[i]);
	return NULL;
}

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *url,
			   const char *sentence)
{
	diag_set(why, "bad-url", "RFC 3986 3", "%s", sentence);
	diag_wanted(why,
		    "http://HOST/..., https://HOST/..., ldap://HOST/... or ldaps://HOST/...");
	diag_got(why, "%.200s", url);
	return err;
}

enum cyg_err url_check(const char *url, struct diag *why)
{
	const char *host = behind_scheme(url);
	size_t len = strnlen(url, URL_MAX + 1), host_len;

	if (len > URL_MAX)
		return refuse(why, CYG_LIMIT, url, "the URL is too long");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f)
			return refuse(why, CYG_MALFORMED, url,
				      "the URL holds what no URL may hold");
	if (!host)
		return refuse(why, CYG_UNSUPPORTED, url, "such a URL is not fetched");
	host_len = strcspn(host, "/?#");
	if (!host_len || *host == ':')
		return refuse(why, CYG_MALFORMED, url, "the URL names no host");
	if (memchr(host, '@', host_len))
		return refuse(why, CYG_MALFORMED, url,
			      "the URL has a user's name in it, which is never sent");
	return CYG_OK;
}

bool url_is_ldap(const char *url)
{
	return !strncasecmp(url, "ldap", 4);
}

const char *url_host(const char *url, char *buf, size_t cap)
{
	const char *host = behind_scheme(url);

	snprintf(buf, cap, "%.*s", host ? (int)strcspn(host, "/?#") : 0, host ? host : "");
	return buf;
}
