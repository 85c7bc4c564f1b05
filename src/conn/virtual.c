/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/virtual.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 64
#define WORD_MAX 128

bool virtual_is_meant(const char *text)
{
	return strncmp(text, "vhost:", 6) == 0 || strncmp(text, "vnet:", 5) == 0;
}

static enum cyg_err refuse(enum cyg_err err, const char *word, const char *wanted,
			   struct diag *why)
{
	diag_set(why, "virtual-net", NULL, "this is no part of a list of virtual networks");
	diag_wanted(why, "%s", wanted);
	diag_got(why, "%.100s", *word ? word : "nothing");
	return err;
}

/* ---- reading ---- */

/* "%v4:10.0.0.0/8", "%v6:!fd00::/8"; false when it is of another form. */
static bool read_net(const char *word, struct virtual_net *ret, enum cyg_err *ret_err,
		     struct diag *why)
{
	uint8_t family = strncmp(word, "%v4:", 4) == 0   ? IP_V4
			 : strncmp(word, "%v6:", 4) == 0 ? IP_V6
							 : IP_NONE;
	struct virtual_net n = {.except = family && word[4] == '!'};

	if (!family)
		return false;
	*ret_err = prefix_parse(word + 4 + n.except, &n.net, why);
	if (!*ret_err && n.net.addr.family != family)
		*ret_err =
			refuse(CYG_MALFORMED, word,
			       "an IPv4 network behind %v4:, or an IPv6 one behind %v6:", why);
	if (!*ret_err)
		*ret = n;
	return true;
}

/* What a list holds beside networks. */
static bool read_word(const char *word, struct virtual_nets *v)
{
	const struct {
		const char *word;
		bool *at;
	} words[] = {{"%no", &v->own}, {"%priv", &v->priv}, {"%all", &v->all}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_same(words[i].word, word)) {
			*words[i].at = true;
			return true;
		}
	return false;
}

/* The next item between commas; false behind the last. */
static bool next_item(const char **at, char word[WORD_MAX])
{
	size_t len;

	*at += strspn(*at, ", \t");
	len = strcspn(*at, ", \t");
	if (!len)
		return false;
	memcpy(word, *at, len < WORD_MAX ? len : WORD_MAX - 1);
	word[len < WORD_MAX ? len : WORD_MAX - 1] = '\0';
	*at += len;
	return true;
}

/* `v` NULL: networks alone. */
static enum cyg_err read_items(const char *text, struct virtual_nets *v,
			       struct virtual_net **ret, struct diag *why)
{
	struct virtual_net found[ITEMS_MAX];
	const char *wanted =
		v ? "%no, %priv, %all, %v4:NETWORK or %v6:NETWORK, separated by commas"
		  : "%v4:NETWORK and %v6:NETWORK, separated by commas; ! before one "
		    "that is excepted";
	char word[WORD_MAX];
	size_t n = 0;
	bool any = false;

	while (next_item(&text, word)) {
		enum cyg_err err = CYG_OK;

		any = true;
		if (n == ITEMS_MAX)
			return refuse(CYG_LIMIT, word, "at most 64 networks", why);
		if (text_same(word, "%dhcp") || text_same(word, "%ike"))
			return refuse(CYG_UNSUPPORTED, word, wanted, why);
		if (v && read_word(word, v))
			continue;
		if (!read_net(word, &found[n], &err, why))
			return refuse(CYG_MALFORMED, word, wanted, why);
		if (err)
			return err;
		n++;
	}
	if (!any)
		return refuse(CYG_MALFORMED, "", wanted, why);
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return CYG_NOMEM;
	memcpy(*ret, found, n * sizeof(*found));
	return CYG_OK;
}

enum cyg_err virtual_read(const char *text, struct virtual_nets **ret, struct diag *why)
{
	struct virtual_nets v = {.net = strncmp(text, "vnet:", 5) == 0};
	enum cyg_err err = read_items(strchr(text, ':') + 1, &v, &v.list, why);

	if (err)
		return err;
	*ret = malloc(sizeof(**ret));
	if (!*ret) {
		free(v.list);
		return CYG_NOMEM;
	}
	**ret = v;
	return CYG_OK;
}

enum cyg_err virtual_list_read(const char *text, struct virtual_net **ret, struct diag *why)
{
	return read_items(text, NULL, ret, why);
}

/* ---- values ---- */

static size_t count(const struct virtual_net *list)
{
	size_t n = 0;

	while (ip_is_set(&list[n].net.addr))
		n++;
	return n;
}

void virtual_print(const struct virtual_nets *v, struct text *out)
{
	const char *between = "";
	char net[IP_TEXT_MAX];

	text_add_str(out, v->net ? "vnet:" : "vhost:");
	if (v->own) {
		text_add_str(out, "%no");
		between = ",";
	}
	if (v->priv) {
		text_add(out, "%s%%priv", between);
		between = ",";
	}
	if (v->all) {
		text_add(out, "%s%%all", between);
		between = ",";
	}
	for (const struct virtual_net *n = v->list; ip_is_set(&n->net.addr); n++) {
		text_add(out, "%s%%v%d:%s%s", between, n->net.addr.family == IP_V6 ? 6 : 4,
			 n->except ? "!" : "", prefix_print(&n->net, net));
		between = ",";
	}
}

void virtual_free(struct virtual_nets *v)
{
	if (v)
		free(v->list);
	free(v);
}

struct virtual_nets *virtual_copy(const struct virtual_nets *v)
{
	struct virtual_nets *copy = v ? malloc(sizeof(*copy)) : NULL;
	size_t size = v ? (count(v->list) + 1) * sizeof(*v->list) : 0;

	if (!copy)
		return NULL;
	*copy = *v;
	copy->list = malloc(size);
	if (!copy->list) {
		free(copy);
		return NULL;
	}
	memcpy(copy->list, v->list, size);
	return copy;
}

bool virtual_equal(const struct virtual_nets *a, const struct virtual_nets *b)
{
	size_t n = a && b ? count(a->list) : 0;

	if (!a || !b)
		return a == b;
	if (a->net != b->net || a->own != b->own || a->priv != b->priv || a->all != b->all ||
	    n != count(b->list))
		return false;
	for (size_t i = 0; i < n; i++)
		if (a->list[i].except != b->list[i].except ||
		    !prefix_equal(&a->list[i].net, &b->list[i].net))
			return false;
	return true;
}

/* ---- what is allowed ---- */

/* Some network that is not excepted has all of it. */
static bool holds(const struct virtual_net *list, const struct ip_range *range)
{
	for (; list && ip_is_set(&list->net.addr); list++) {
		struct ip_range net = prefix_range(&list->net);

		if (!list->except && range_contains(&net, range))
			return true;
	}
	return false;
}

static bool excepts(const struct virtual_net *list, const struct ip_range *range)
{
	for (; list && ip_is_set(&list->net.addr); list++) {
		struct ip_range net = prefix_range(&list->net), common;

		if (list->except && range_intersect(&net, range, &common))
			return true;
	}
	return false;
}

bool virtual_allows(const struct virtual_nets *v, const struct virtual_net *private,
		    const struct ip_addr *peer, const struct ip_range *range)
{
	bool one = ip_equal(&range->first, &range->last);

	if (v->own && one && ip_equal(&range->first, peer))
		return true;
	if ((!v->net && !one) || excepts(v->list, range))
		return false;
	if (v->all || holds(v->list, range))
		return true;
	return v->priv && holds(private, range) && !excepts(private, range);
}
