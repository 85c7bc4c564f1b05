/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of words that are not built look like. */
#include "conf/keyword.h"

#include "base/addr.h"
#include "base/duration.h"
#include "base/text.h"
#include "conn/ident.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ITEM_MAX 256

/* Is `value` one of the words between commas? */
static bool among(const char *words, const char *value)
{
	size_t len = strlen(value);

	while (words && *words) {
		size_t n = strcspn(words, ",");

		if (n == len && !strncasecmp(words, value, n))
			return true;
		words += n + (words[n] == ',');
	}
	return false;
}

bool keyword_is_harmless(const struct keyword *k, const char *value)
{
	static const char *const no = "no,n,false,off,0", *const yes = "yes,y,true,on,1";

	return among(k->harmless, value) ||
	       (k->value == VALUE_BOOL && among(k->harmless, "no") && among(no, value)) ||
	       (k->value == VALUE_BOOL && among(k->harmless, "yes") && among(yes, value));
}

/* ---- one form each ---- */

static bool is_bool(const char *text)
{
	return among("yes,no,y,n,true,false,on,off,1,0", text);
}

static bool is_number(const char *text)
{
	uint64_t number;

	return text_number(*text == '-' ? text + 1 : text, 0, INT64_MAX, &number) ||
	       text_same(text, "%forever");
}

static bool is_time(const char *text)
{
	nsec span;

	return duration_parse(text, &span) == CYG_OK;
}

static bool is_octets(const char *text)
{
	static const char *const units[] = {"", "K", "M", "G", "T", "P", "E"};
	size_t len = strspn(text, "0123456789");

	for (size_t i = 0; len && i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i]);

		if (!strncasecmp(text + len, units[i], n) &&
		    among(",b,ib,bytes", text + len + n))
			return true;
	}
	return len && !text[len];
}

static bool is_address(const char *text)
{
	struct ip_addr addr;

	return ip_parse(text, &addr) == CYG_OK;
}

static bool is_network(const char *text)
{
	struct ip_prefix net;

	return prefix_parse(text, &net, NULL) == CYG_OK;
}

static bool is_dscp(const char *text)
{
	return strlen(text) == 6 && !text[strspn(text, "01")];
}

static bool is_id(const char *text)
{
	const struct ident *id;

	if (*text == '%')
		return true;
	if (ident_parse(text, &id, NULL) != CYG_OK)
		return false;
	ident_unref(id);
	return true;
}

/* Several of one form, with blanks or commas between them. */
static bool each(const struct keyword *k, const char *text, bool (*is)(const char *))
{
	size_t n, found = 0;
	char item[ITEM_MAX];

	for (text += strspn(text, ", \t"); *text; text += n + strspn(text + n, ", \t")) {
		n = strcspn(text, ", \t");
		if (n >= sizeof(item))
			return false;
		memcpy(item, text, n);
		item[n] = '\0';
		if (!is(item) && !among(k->words, item))
			return false;
		found++;
	}
	return found > 0;
}

static const struct {
	bool (*is)(const char *text); /* NULL: anything is */
	bool list;
	const char *wanted;
} forms[VALUE_KINDS] = {
	[VALUE_BOOL] = {is_bool, false, "yes or no"},
	[VALUE_NUMBER] = {is_number, false, "a number"},
	[VALUE_TIME] = {is_time, false, "a time, such as 30s or 8h"},
	[VALUE_OCTETS] = {is_octets, false, "a number of octets, such as 500000 or 10MiB"},
	[VALUE_ADDRESS] = {is_address, false, "an IP address"},
	[VALUE_NETWORK] = {is_network, false, "a network, such as 10.0.1.0/24"},
	[VALUE_ID] = {is_id, false, "an identity, such as @east.example"},
	[VALUE_DSCP] = {is_dscp, false, "six binary digits, such as 101110"},
};

/* What the value looks like, for people: "yes or no". Static, or `buf`. */
static const char *wanted_text(const struct keyword *k, char *buf, size_t cap)
{
	const char *form = forms[k->value].wanted;
	size_t used = 0;

	if (!k->words)
		return form ? form : "text";
	buf[0] = '\0';
	if (form)
		buf_add(buf, cap, &used, "%s, or ", form);
	for (const char *at = k->words; *at;) {
		size_t n = strcspn(at, ",");
		bool last = !at[n];

		buf_add(buf, cap, &used, "%.*s%s", (int)n, at,
			last                      ? ""
			: strchr(at + n + 1, ',') ? ", "
						  : " or ");
		at += n + !last;
	}
	return buf;
}

enum cyg_err keyword_check(const struct keyword *k, const char *written, const char *value,
			   struct diag *why)
{
	bool (*is)(const char *) = forms[k->value].is;
	char wanted[256];

	diag_clear(why);
	if (among(k->words, value))
		return CYG_OK;
	if (k->value != VALUE_WORD && !is)
		return CYG_OK;
	if (is && (forms[k->value].list ? each(k, value, is) : is(value)))
		return CYG_OK;
	diag_set(why, "bad-value", NULL, "%s=: the value is not one that it takes", written);
	diag_wanted(why, "%s", wanted_text(k, wanted, sizeof(wanted)));
	diag_got(why, "%.200s", value);
	return CYG_MALFORMED;
}
