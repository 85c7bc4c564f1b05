/* SPDX-License-Identifier: Apache-2.0 */
/* left= and right=: one host, a word for one, or a list of addresses, names, ranges and networks. */
#include "conn/field_kind.h"

#include "conn/dialect.h"

#include <stdlib.h>
#include <string.h>

#define INTERFACE_MAX 15
#define DNS_PREFIX "%dns/" /* before a name, as Openswan has it */
#define NAME_MAX_LEN 253   /* of a DNS name as text */

static const struct {
	const char *word;
	uint8_t kind;     /* enum host_kind; HOST_UNSET: refused */
	const char *kept; /* the word kept as its name */
} host_words[] = {
	{"%any", HOST_ANY, NULL},
	{"%any4", HOST_ANY, NULL},
	{"%any6", HOST_ANY, NULL},
	{"%defaultroute", HOST_DEFAULTROUTE, NULL},
	{"%group", HOST_GROUP, "%group"},
	{"%opportunistic", HOST_GROUP, "%opportunistic"},
	{"%oppo", HOST_GROUP, "%opportunistic"},
	{"%opportunisticgroup", HOST_GROUP, "%opportunisticgroup"},
	{"%oppogroup", HOST_GROUP, "%opportunisticgroup"},
	{"%hostname", HOST_NAME,
	 HOST_OF_ID}, /* connection_check puts the id's name in its place */
	{"%dns", HOST_NAME, HOST_OF_ID},
	{"%unset", HOST_UNSET, NULL},
	{"%address", HOST_UNSET, NULL},
};

#define HOST_WORDS (sizeof(host_words) / sizeof(host_words[0]))

static void take_host(struct host *h, const struct host *made)
{
	host_done(h);
	*h = *made;
}

static enum cyg_err keep_host(struct host *h, uint8_t kind, const struct ip_addr *addr,
			      const char *name)
{
	struct host made = {.kind = kind};

	if (addr)
		made.addr = *addr;
	if (name) {
		made.name = strdup(name);
		if (!made.name)
			return CYG_NOMEM;
	}
	take_host(h, &made);
	return CYG_OK;
}

/* Nearly one of the words, so that it is hardly meant as an interface or a peer's name? */
static const char *meant_word(const char *text)
{
	const char *words[HOST_WORDS];

	for (size_t i = 0; i < HOST_WORDS; i++)
		words[i] = host_words[i].word;
	return text_nearest(text, words, HOST_WORDS);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A DNS name: not all digits and dots, which is an address gone wrong. */
static bool is_host_name(const char *text)
{
	bool letters = false;

	if (!is_alnum(*text) || strlen(text) > NAME_MAX_LEN || strstr(text, ".."))
		return false;
	for (; *text; text++) {
		if (!is_alnum(*text) && *text != '.' && *text != '-' && *text != '_')
			return false;
		letters |= is_alnum(*text) && (*text < '0' || *text > '9');
	}
	return letters;
}

/* It ends as names of domains do; VLANs, as eth0.100, have digits behind their dot. */
static bool has_domain(const char *text)
{
	const char *dot = strrchr(text, '.');
	size_t letters = 0;

	while (dot && is_alnum(dot[1 + letters]) && !(dot[1 + letters] <= '9'))
		letters++;
	return letters >= 2 && !dot[1 + letters];
}

/* ---- entries of a list ---- */

/* One entry of a list, and the list that it is of. */
struct entry {
	const struct field_kind *kind;
	char *word;
	bool alone; /* it is the whole value */
};

static enum cyg_err refuse_entry(const struct entry *e, enum cyg_err err, struct diag *why,
				 const char *hint)
{
	field_refuse(e->kind, err, e->word, why);
	diag_hint(why, "%s", hint);
	return err;
}

/* "A-B" of two addresses. CYG_NOTFOUND: it is something else. */
static enum cyg_err read_range(const struct entry *e, struct ip_range *ret, struct diag *why)
{
	const char *dash = strchr(e->word, '-');
	char first[IP_TEXT_MAX];
	struct ip_range r;

	if (!dash || (size_t)(dash - e->word) >= sizeof(first))
		return CYG_NOTFOUND;
	memcpy(first, e->word, (size_t)(dash - e->word));
	first[dash - e->word] = '\0';
	if (ip_parse(first, &r.first) || ip_parse(dash + 1, &r.last))
		return CYG_NOTFOUND;
	if (r.first.family != r.last.family)
		return refuse_entry(e, CYG_RANGE, why,
				    "a range is of IPv4 addresses or of IPv6 addresses: write "
				    "one for each, with a comma between them");
	if (ip_compare(&r.first, &r.last) > 0)
		return refuse_entry(e, CYG_RANGE, why,
				    "the first address of a range is the lower one: exchange "
				    "the two");
	*ret = r;
	return CYG_OK;
}

static enum cyg_err read_net(const struct entry *e, struct ip_range *ret, struct diag *why)
{
	const char *slash = strchr(e->word, '/');
	char addr[IP_TEXT_MAX];
	struct ip_prefix net;
	enum cyg_err err;

	if (!slash || (size_t)(slash - e->word) >= sizeof(addr))
		return CYG_NOTFOUND;
	memcpy(addr, e->word, (size_t)(slash - e->word));
	addr[slash - e->word] = '\0';
	if (ip_parse(addr, &net.addr))
		return CYG_NOTFOUND;
	err = prefix_parse(e->word, &net, why);
	if (!err)
		*ret = prefix_range(&net);
	return err;
}

/* A word with % has its meaning alone. */
static enum cyg_err refuse_word(const struct entry *e, struct diag *why)
{
	return refuse_entry(
		e, CYG_MALFORMED, why,
		meant_word(e->word) || is_host_name(e->word + 1)
			? "a word with % stands alone: a list is of addresses, names, "
			  "ranges and networks, and % before the first one, an address "
			  "or a name, adds every other address"
			: "% stands before an address or a name");
}

/* `into->name` borrows the word. */
static enum cyg_err read_entry(const struct entry *e, struct host_other *into, struct diag *why)
{
	struct ip_addr addr;
	enum cyg_err err;

	*into = (struct host_other){0};
	if (!*e->word && !e->alone)
		return refuse_entry(e, CYG_MALFORMED, why,
				    "a list has an entry between any two commas: one is empty");
	if (*e->word == '%')
		return refuse_word(e, why);
	if (ip_parse(e->word, &addr) == CYG_OK) {
		if (ip_is_any(&addr))
			return refuse_entry(
				e, CYG_MALFORMED, why,
				"this address stands for any and does so alone: write "
				"% before the first entry to add every other address");
		into->range = (struct ip_range){addr, addr};
		return CYG_OK;
	}
	if (is_host_name(e->word)) {
		into->name = e->word;
		return CYG_OK;
	}
	err = read_net(e, &into->range, why);
	if (err == CYG_NOTFOUND)
		err = read_range(e, &into->range, why);
	if (err == CYG_NOTFOUND)
		return field_refuse(e->kind, CYG_MALFORMED, e->word, why);
	return err;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut the next entry out of *at, which moves behind its comma, or becomes NULL. */
static char *cut_entry(char **at)
{
	char *word = *at, *comma = strchr(word, ','), *end;

	*at = comma ? comma + 1 : NULL;
	end = comma ? comma : word + strlen(word);
	while (is_blank(*word))
		word++;
	while (end > word && is_blank(end[-1]))
		end--;
	*end = '\0';
	return word;
}

/*
 * Whether what stands behind a % is a peer that may be anywhere: an address, or a name that
 * can't be an interface; where there are no interfaces, any name.
 */
static bool is_peer_anywhere(const struct connection *c, const char *rest)
{
	struct ip_addr addr;

	return !ip_parse(rest, &addr) || (has_domain(rest) && is_host_name(rest)) ||
	       (c->dialect == DIALECT_STRONGSWAN && is_host_name(rest));
}

/* `text` is cut up; a % before it adds every other address. */
static enum cyg_err read_list(const struct field_kind *k, const struct connection *c,
			      struct host *h, char *text, struct diag *why)
{
	bool alone = !strchr(text, ','), and_any = *text == '%';
	struct host_other entries[HOST_LIST_MAX];
	struct host made;
	size_t n = 0;

	while (text) {
		struct entry e = {k, cut_entry(&text), alone};
		enum cyg_err err;

		if (n == HOST_LIST_MAX) {
			field_refuse(k, CYG_LIMIT, e.word, why);
			diag_hint(why,
				  "a list has up to %d entries: take networks or ranges "
				  "together, or several connections",
				  HOST_LIST_MAX);
			return CYG_LIMIT;
		}
		if (n == 0 && and_any && is_peer_anywhere(c, e.word + 1))
			e.word++;
		err = read_entry(&e, &entries[n], why);
		if (err)
			return err;
		n++;
	}
	if (host_of_list(entries, n, and_any, &made))
		return CYG_NOMEM;
	take_host(h, &made);
	return CYG_OK;
}

static enum cyg_err set_list(const struct field_kind *k, const struct connection *c,
			     struct host *h, const char *text, struct diag *why)
{
	char *copy = strdup(text);
	enum cyg_err err = copy ? read_list(k, c, h, copy, why) : CYG_NOMEM;

	free(copy);
	return err;
}

/* ---- words with % ---- */

static enum cyg_err refuse_unsupported(const char *text, struct diag *why)
{
	diag_set(why, "value-refused", NULL, "this way of naming a host is not supported");
	diag_got(why, "%.200s", text);
	diag_hint(why, "write the host's name or address");
	return CYG_UNSUPPORTED;
}

/*
 * Openswan's NAME/ADDRESS: a name, and the address that serves until it has one.
 * CYG_NOTFOUND: it is something else.
 */
static enum cyg_err set_name_and_address(struct host *h, const char *text)
{
	const char *slash = strchr(text, '/');
	struct ip_addr addr;
	enum cyg_err err;
	char *name;

	if (!slash || ip_parse(slash + 1, &addr) || ip_is_any(&addr))
		return CYG_NOTFOUND;
	name = strndup(text, (size_t)(slash - text));
	if (!name)
		return CYG_NOMEM;
	err = is_host_name(name) ? keep_host(h, HOST_NAME, &addr, name) : CYG_NOTFOUND;
	free(name);
	return err;
}

/* Behind "%dns/". */
static enum cyg_err set_dns_name(const struct field_kind *k, struct host *h, const char *text,
				 const char *name, struct diag *why)
{
	enum cyg_err err;

	if (is_host_name(name))
		return keep_host(h, HOST_NAME, NULL, name);
	err = set_name_and_address(h, name);
	return err == CYG_NOTFOUND ? field_refuse(k, CYG_MALFORMED, text, why) : err;
}

static enum cyg_err set_special_host(const struct field_kind *k, struct connection *c,
				     struct host *h, const char *text, struct diag *why)
{
	const char *meant;

	for (size_t i = 0; i < HOST_WORDS; i++) {
		if (!text_same(host_words[i].word, text))
			continue;
		if (host_words[i].kind == HOST_UNSET)
			return refuse_unsupported(text, why);
		return keep_host(h, host_words[i].kind, NULL, host_words[i].kept);
	}
	if (!strncasecmp(text, DNS_PREFIX, sizeof(DNS_PREFIX) - 1))
		return set_dns_name(k, h, text, text + sizeof(DNS_PREFIX) - 1, why);
	meant = meant_word(text);
	if (strchr(text, ',') || (!meant && is_peer_anywhere(c, text + 1)))
		return set_list(k, c, h, text, why);
	if (!meant && text[1] && strlen(text + 1) <= INTERFACE_MAX &&
	    !strpbrk(text + 1, " /%,") && !has_domain(text + 1))
		return keep_host(h, HOST_INTERFACE, NULL, text + 1);
	field_refuse(k, CYG_MALFORMED, text, why);
	if (meant)
		diag_hint(why, "did you mean %s?", meant);
	return CYG_MALFORMED;
}

static enum cyg_err set_host(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	struct ip_addr addr;
	enum cyg_err err;

	if (*text == '%')
		return set_special_host(k, c, at, text, why);
	if (ip_parse(text, &addr) == CYG_OK)
		return ip_is_any(&addr) ? keep_host(at, HOST_ANY, NULL, NULL)
					: keep_host(at, HOST_ADDR, &addr, NULL);
	if (is_host_name(text))
		return keep_host(at, HOST_NAME, NULL, text);
	err = set_name_and_address(at, text);
	return err == CYG_NOTFOUND ? set_list(k, c, at, text, why) : err;
}

static bool get_host(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	return host_print(at, out);
}

const struct field_kind field_host = {
	set_host,
	get_host,
	.wanted = "an address, a DNS name, a network, a range, several of them with commas "
		  "between, %any, %defaultroute or %INTERFACE",
};

/* ---- leftallowany=, rightallowany=: another face of the host ---- */

static enum cyg_err set_allow_any(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	bool yes = false;
	enum cyg_err err = field_bool.set(&field_bool, c, &yes, text, why);

	return err || !yes ? err : host_allow_any(at);
}

const struct field_kind field_allow_any = {set_allow_any, NULL};
