/* SPDX-License-Identifier: Apache-2.0 */
/* Fields about addresses that one end gives the other: which, from where, and what goes with them. */
#include "conn/field_kind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_MAX 256
#define POOLS_MAX 16
#define NAMES_MAX 1024 /* octets of the names of pools */
#define SERVERS_MAX 8
#define BANNER_MAX 255
#define DOMAINS_MAX 255

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (text_same(*words, text))
			return true;
	return false;
}

/* The bits that a word asks for; 0 if it is none. */
static uint8_t asked_by(const char *text)
{
	static const char *const any[] = {"%config", "%cfg", "%modeconfig", "%modecfg", NULL};
	static const char *const v4[] = {"%config4", "%cfg4", "%modeconfig4", "%modecfg4",
					 NULL};
	static const char *const v6[] = {"%config6", "%cfg6", "%modeconfig6", "%modecfg6",
					 NULL};

	if (is_one_of(text, any))
		return ASK_AUTO;
	if (is_one_of(text, v4))
		return ASK_V4;
	return is_one_of(text, v6) ? ASK_V6 : 0;
}

/* ---- pools ---- */

/* "HOST/BITS": what of its network comes from that address on, without the last one, which is no host's. */
static bool read_rest(const char *word, struct ip_range *ret, struct diag *why)
{
	struct ip_prefix net, whole;
	struct ip_range range;
	char host[ITEM_MAX];
	const char *slash = strchr(word, '/');
	uint64_t bits;

	memcpy(host, word, (size_t)(slash - word));
	host[slash - word] = '\0';
	/* What is wrong has been told. */
	if (prefix_parse(host, &net, NULL) || !text_number(slash + 1, 1, net.bits - 2u, &bits))
		return false;
	whole = prefix_of(&net.addr, (unsigned)bits);
	range = prefix_range(&whole);
	range.first = net.addr;
	if (range.first.family == IP_V4)
		range.last.octets[3]--;
	if (ip_compare(&range.first, &range.last) > 0)
		return false;
	diag_clear(why);
	*ret = range;
	return true;
}

/* "FIRST-LAST", "NET/BITS", "HOST/BITS", or one address. */
static enum cyg_err read_pool(const struct field_kind *k, const char *word,
			      struct ip_range *ret, struct diag *why)
{
	const char *dash = strchr(word, '-');
	struct ip_range range;
	struct ip_prefix net;
	char first[ITEM_MAX];
	enum cyg_err err;

	if (!dash) {
		err = prefix_parse(word, &net, why);
		if (!err)
			*ret = prefix_range(&net);
		return err && strchr(word, '/') && read_rest(word, ret, why) ? CYG_OK : err;
	}
	memcpy(first, word, (size_t)(dash - word));
	first[dash - word] = '\0';
	if (ip_parse(first, &range.first) || ip_parse(dash + 1, &range.last) ||
	    range.first.family != range.last.family ||
	    ip_compare(&range.first, &range.last) > 0)
		return field_refuse(k, CYG_MALFORMED, word, why);
	*ret = range;
	return CYG_OK;
}

static enum cyg_err check_overlap(const struct ip_range *pools, size_t len, struct diag *why)
{
	char one[2 * IP_TEXT_MAX], two[2 * IP_TEXT_MAX];
	struct ip_range common;

	for (size_t i = 0; i + 1 < len; i++) {
		if (!range_intersect(&pools[i], &pools[len - 1], &common))
			continue;
		diag_set(why, "pools-overlap", NULL, "two ranges of addresses overlap");
		diag_wanted(why, "ranges without an address in common");
		diag_got(why, "%s and %s", range_print(&pools[i], one),
			 range_print(&pools[len - 1], two));
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

/* What is given away as a list: ranges, ended by one of IP_NONE, and the name of a pool. */
struct pools {
	struct ip_range ranges[POOLS_MAX + 1];
	size_t len;
	char names[NAMES_MAX]; /* without their %, by commas */
	size_t names_len;
};

static enum cyg_err add_pool(const struct field_kind *k, const char *word, struct pools *p,
			     struct diag *why)
{
	enum cyg_err err;

	if (*word == '%') {
		if (!word[1] || asked_by(word) || text_same(word, "%dhcp") ||
		    text_same(word, "%radius"))
			return field_refuse(k, CYG_UNSUPPORTED, word, why);
		if (p->names_len + strlen(word) >= sizeof(p->names))
			return field_refuse(k, CYG_LIMIT, word, why);
		buf_add(p->names, sizeof(p->names), &p->names_len, "%s%s",
			p->names_len ? "," : "", word + 1);
		return CYG_OK;
	}
	if (p->len == POOLS_MAX)
		return field_refuse(k, CYG_LIMIT, word, why);
	err = read_pool(k, word, &p->ranges[p->len], why);
	return err ? err : check_overlap(p->ranges, ++p->len, why);
}

static enum cyg_err read_pools(const struct field_kind *k, const char *text, struct pools *ret,
			       struct diag *why)
{
	char word[ITEM_MAX];
	enum cyg_err err = CYG_OK;

	*ret = (struct pools){0};
	while (!err && field_next_word(&text, "{}, \t", word, sizeof(word)))
		err = add_pool(k, word, ret, why);
	if (!err && !ret->len && !ret->names_len)
		return field_refuse(k, CYG_MALFORMED, text, why);
	return err;
}

static enum cyg_err keep_pools(struct end *e, const struct pools *p)
{
	size_t size = (p->len + 1) * sizeof(*e->pools);
	struct ip_range *ranges = p->len ? malloc(size) : NULL;
	char *name = p->names_len ? strdup(p->names) : NULL;

	if ((p->len && !ranges) || (p->names_len && !name)) {
		free(ranges);
		free(name);
		return CYG_NOMEM;
	}
	if (ranges)
		memcpy(ranges, p->ranges, size);
	free(e->pools);
	free(e->pool_name);
	e->pools = ranges;
	e->pool_name = name;
	return CYG_OK;
}

/* `at` is the member pools. */
static enum cyg_err set_pools(const struct field_kind *k, struct connection *c, void *at,
			      const char *text, struct diag *why)
{
	struct end *e = (void *)((char *)at - offsetof(struct end, pools));
	struct pools p;
	enum cyg_err err = read_pools(k, text, &p, why);

	return err ? err : keep_pools(e, &p);
}

static bool get_pools(const struct field_kind *k, const void *at, const void *unset,
		      struct text *out)
{
	const struct end *e = (const void *)((const char *)at - offsetof(struct end, pools));
	char text[2 * IP_TEXT_MAX];
	const char *between = "";

	for (const struct ip_range *r = e->pools; r && ip_is_set(&r->first); r++) {
		text_add(out, "%s%s", between, range_print(r, text));
		between = ",";
	}
	for (const char *name = e->pool_name; name && *name; between = ",") {
		size_t len = strcspn(name, ",");

		text_add(out, "%s%%%.*s", between, (int)len, name);
		name += len + (name[len] != '\0');
	}
	return e->pools || e->pool_name;
}

const struct field_kind field_pools = {
	set_pools,
	get_pools,
	.wanted = "up to 16 ranges of addresses such as 10.9.0.0/24 or 10.9.0.10-10.9.0.99, "
		  "separated by commas, and %CONNECTION for those of another connection",
};

/* ---- sourceip: an address, what asks for one, or (as strongSwan has it) a pool ---- */

static enum cyg_err set_asks(struct end *e, const char *text, const struct field_kind *k,
			     struct diag *why)
{
	char word[ITEM_MAX];
	uint8_t asks = 0;

	while (field_next_word(&text, ", \t", word, sizeof(word))) {
		if (!asked_by(word))
			return field_refuse(k, CYG_MALFORMED, word, why);
		asks |= asked_by(word);
	}
	e->asks = asks & ASK_AUTO && asks != ASK_AUTO ? ASK_V4 | ASK_V6 : asks;
	e->source_ip = e->more_source_ip = (struct ip_addr){0};
	return CYG_OK;
}

/* One address, or one of each family; false when it is another list. */
static bool read_sources(const char *text, struct ip_addr found[2])
{
	char word[ITEM_MAX];
	size_t n = 0;

	while (field_next_word(&text, ", \t", word, sizeof(word)))
		if (n == 2 || ip_parse(word, &found[n]) || ip_is_any(&found[n++]))
			return false;
	return n == 1 || (n == 2 && found[0].family != found[1].family);
}

/* `at` is the member source_ip. */
static enum cyg_err set_source(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	struct end *e = (void *)((char *)at - offsetof(struct end, source_ip));
	const char *first = text;
	char word[ITEM_MAX] = "";
	struct ip_addr found[2] = {{0}};
	struct pools p;
	enum cyg_err err;

	field_next_word(&first, ", \t", word, sizeof(word));
	if (asked_by(word))
		return set_asks(e, text, k, why);
	if (!read_sources(text, found)) {
		if (!strpbrk(text, "%/,-"))
			return field_refuse(k, CYG_MALFORMED, text, why);
		err = read_pools(k, text, &p, why);
		return err ? err : keep_pools(e, &p);
	}
	e->source_ip = found[0];
	e->more_source_ip = found[1];
	e->asks = 0;
	return CYG_OK;
}

static bool get_source(const struct field_kind *k, const void *at, const void *unset,
		       struct text *out)
{
	static const char *const words[] = {
		[ASK_V4] = "%config4",
		[ASK_V6] = "%config6",
		[ASK_V4 | ASK_V6] = "%config4,%config6",
		[ASK_AUTO] = "%config",
	};
	const struct end *e = (const void *)((const char *)at -
					     offsetof(struct end, source_ip));
	char text[IP_TEXT_MAX];

	if (ip_is_set(&e->source_ip))
		text_add_str(out, ip_print(&e->source_ip, text));
	else if (e->asks)
		text_add_str(out, words[e->asks]);
	if (ip_is_set(&e->more_source_ip))
		text_add(out, ",%s", ip_print(&e->more_source_ip, text));
	return ip_is_set(&e->source_ip) || e->asks;
}

const struct field_kind field_source = {
	set_source,
	get_source,
	.wanted =
		"an IP address (or one of each family), %config to be given one by the peer, or ranges of addresses "
		"to give it",
};

/* ---- servers ---- */

static enum cyg_err keep_servers(struct ip_addr **at, const struct ip_addr *found, size_t len)
{
	struct ip_addr *copy = NULL;

	if (len) {
		copy = calloc(len + 1, sizeof(*copy));
		if (!copy)
			return CYG_NOMEM;
		memcpy(copy, found, len * sizeof(*copy));
	}
	free(*at);
	*at = copy;
	return CYG_OK;
}

/* Add those of a list that are not there yet. */
static enum cyg_err read_servers(const struct field_kind *k, const char *text,
				 struct ip_addr found[SERVERS_MAX], size_t *len,
				 struct diag *why)
{
	char word[ITEM_MAX];
	bool any = false;

	while (field_next_word(&text, ", \t", word, sizeof(word))) {
		struct ip_addr addr;
		bool known = false;

		any = true;
		if (asked_by(word))
			continue; /* servers are asked for with the address */
		if (ip_parse(word, &addr) || ip_is_any(&addr))
			return field_refuse(k, CYG_MALFORMED, word, why);
		for (size_t i = 0; i < *len; i++)
			known |= ip_equal(&found[i], &addr);
		if (known)
			continue;
		if (*len == SERVERS_MAX)
			return field_refuse(k, CYG_LIMIT, word, why);
		found[(*len)++] = addr;
	}
	return any ? CYG_OK : field_refuse(k, CYG_MALFORMED, text, why);
}

static enum cyg_err set_servers(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	struct ip_addr found[SERVERS_MAX];
	size_t len = 0;
	enum cyg_err err = read_servers(k, text, found, &len, why);

	return err ? err : keep_servers(at, found, len);
}

/* Behind those that are there. */
static enum cyg_err add_servers(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	struct ip_addr found[SERVERS_MAX];
	size_t len = 0;
	enum cyg_err err;

	for (const struct ip_addr *a = *(struct ip_addr **)at; a && ip_is_set(a); a++)
		found[len++] = *a;
	err = read_servers(k, text, found, &len, why);
	return err ? err : keep_servers(at, found, len);
}

static bool get_servers(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	const struct ip_addr *a = *(struct ip_addr *const *)at;
	char text[IP_TEXT_MAX];

	for (const struct ip_addr *s = a; s && ip_is_set(s); s++)
		text_add(out, "%s%s", s == a ? "" : ",", ip_print(s, text));
	return a;
}

const struct field_kind field_servers = {
	set_servers,
	get_servers,
	.wanted = "up to 8 addresses of servers, separated by commas",
};

/* Another face of it, for a further server. */
const struct field_kind field_more_servers = {
	add_servers,
	NULL,
	.wanted = "the address of a server, 8 with those of the list",
};

/* ---- texts ---- */

static enum cyg_err keep_text(char **at, const char *text)
{
	char *copy = *text ? strdup(text) : NULL;

	if (*text && !copy)
		return CYG_NOMEM;
	free(*at);
	*at = copy;
	return CYG_OK;
}

static bool is_domain(const char *word)
{
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("-._", *word))
			return false;
	return true;
}

static enum cyg_err set_domains(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	char all[DOMAINS_MAX + 1] = "", word[ITEM_MAX];
	size_t used = 0;

	while (field_next_word(&text, "\", \t", word, sizeof(word))) {
		if (!is_domain(word))
			return field_refuse(k, CYG_MALFORMED, word, why);
		if (used + strlen(word) + 1 > DOMAINS_MAX)
			return field_refuse(k, CYG_LIMIT, word, why);
		buf_add(all, sizeof(all), &used, "%s%s", used ? "," : "", word);
	}
	return used ? keep_text(at, all) : field_refuse(k, CYG_MALFORMED, text, why);
}

static enum cyg_err set_banner(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return field_refuse(k, CYG_MALFORMED, text, why);
	if (strlen(text) > BANNER_MAX)
		return field_refuse(k, CYG_LIMIT, text, why);
	return keep_text(at, text);
}

static bool get_kept_text(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	const char *text = *(char *const *)at;

	if (text)
		text_add_str(out, text);
	return text;
}

const struct field_kind field_domains = {
	set_domains,
	get_kept_text,
	.wanted = "names of domains, separated by commas",
};

const struct field_kind field_banner = {
	set_banner,
	get_kept_text,
	.wanted = "up to 255 printable ASCII characters",
};
