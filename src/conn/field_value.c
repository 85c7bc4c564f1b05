/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that are a word, a number or a span of time. */
#include "conn/field_kind.h"

#include "conn/argv.h"
#include "conn/group_names.h"
#include "conn/sa.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum cyg_err field_refuse(const struct field_kind *k, enum cyg_err err, const char *text,
			  struct diag *why)
{
	const char *words[64], *nearest = NULL;
	size_t n = 0;

	for (const struct field_word *w = k->words; w && w->word && n < 64; w++)
		if (!w->refused)
			words[n++] = w->word;
	nearest = text_nearest(text, words, n);
	diag_set(why, "bad-value", NULL, "the value is not one that can be used");
	diag_wanted(why, "%s", k->wanted);
	diag_got(why, "%.200s", *text ? text : "nothing");
	if (nearest)
		diag_hint(why, "did you mean %s?", nearest);
	return err;
}

bool field_next_word(const char **at, const char *separators, char *word, size_t cap)
{
	size_t len;

	*at += strspn(*at, separators);
	len = strcspn(*at, separators);
	if (!len)
		return false;
	if (len >= cap)
		len = cap - 1;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += strcspn(*at, separators);
	return true;
}

/* ---- words ---- */

enum cyg_err field_refuse_word(const struct field_kind *k, const char *text, const char *reason,
			       struct diag *why)
{
	diag_set(why, "value-refused", NULL, "%s cannot be followed: %s", text, reason);
	diag_wanted(why, "%s", k->wanted);
	diag_got(why, "%s", text);
	return CYG_UNSUPPORTED;
}

enum cyg_err field_find_word(const struct field_kind *k, const char *text, uint16_t *ret,
			     struct diag *why)
{
	for (const struct field_word *w = k->words; w->word; w++) {
		if (!text_same(w->word, text))
			continue;
		if (!w->refused) {
			*ret = w->value;
			return CYG_OK;
		}
		return field_refuse_word(k, text, w->refused, why);
	}
	return field_refuse(k, CYG_MALFORMED, text, why);
}

static enum cyg_err set_word(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	uint16_t value;
	enum cyg_err err = field_find_word(k, text, &value, why);

	if (!err)
		*(uint8_t *)at = (uint8_t)value;
	return err;
}

/* For rows that hold no value of their own: a word that is not refused is all that is asked. */
static enum cyg_err check_word(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	uint16_t value;

	return field_find_word(k, text, &value, why);
}

static bool get_word(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	uint8_t value = *(const uint8_t *)at;

	if (value == *(const uint8_t *)unset)
		return false;
	for (const struct field_word *w = k->words; w->word; w++)
		if (w->value == value && !w->refused) {
			text_add_str(out, w->word);
			return true;
		}
	return false;
}

#define NO_V1 "this build speaks IKEv2 alone"

/* clang-format off */
#define WORDS(...) ((const struct field_word[]){__VA_ARGS__, {NULL, 0, NULL}})
#define YES_WORDS(value)                                                                           \
	{"yes", value}, {"y", value}, {"true", value}, {"on", value}, {"1", value}
#define NO_WORDS(value)                                                                            \
	{"no", value}, {"n", value}, {"false", value}, {"off", value}, {"0", value}
/* clang-format on */

static const struct field_kind words_yes_no = {
	.words = WORDS(YES_WORDS(1), NO_WORDS(0)),
	.wanted = "yes or no",
};

static enum cyg_err set_bool(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	uint16_t yes;
	enum cyg_err err = field_find_word(&words_yes_no, text, &yes, why);

	if (!err)
		*(bool *)at = yes;
	return err;
}

static bool get_bool(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	bool yes = *(const bool *)at;

	if (yes == *(const bool *)unset)
		return false;
	text_add_str(out, yes ? "yes" : "no");
	return true;
}

const struct field_kind field_bool = {set_bool, get_bool};

const struct field_kind field_type = {
	set_word,
	get_word,
	WORDS({"tunnel", CONN_TUNNEL}, {"transport", CONN_TRANSPORT}, {"beet", CONN_BEET},
	      {"passthrough", CONN_PASS}, {"pass", CONN_PASS}, {"drop", CONN_DROP},
	      {"reject", CONN_REJECT}, {"udp", 0, "it was for manual keying"},
	      {"udpencap", 0, "it was for manual keying"},
	      {"transport_proxy", 0, "this build has no proxied transport mode"}),
	.wanted = "tunnel, transport, beet, passthrough, drop or reject",
};

const struct field_kind field_start = {
	set_word,
	get_word,
	WORDS({"ignore", START_IGNORE}, {"add", START_ADD}, {"route", START_ROUTE},
	      {"ondemand", START_ROUTE}, {"start", START_UP}, {"up", START_UP},
	      {"keep", START_KEEP},
	      {"manual", 0, "write manual=yes instead; ipsec manual --up brings it up"}),
	.wanted = "ignore, add, route (or ondemand), start (or up) or keep",
};

const struct field_kind field_dead = {
	set_word,
	get_word,
	WORDS({"hold", DEAD_HOLD}, {"clear", DEAD_CLEAR}, {"restart", DEAD_RESTART},
	      {"restart_by_peer", DEAD_RESTART}, {"trap", DEAD_HOLD}, {"none", DEAD_NONE}),
	.wanted = "hold, clear, restart or none",
};

const struct field_kind field_failure = {
	set_word,
	get_word,
	WORDS({"none", SHUNT_NONE}, {"passthrough", SHUNT_PASS}, {"pass", SHUNT_PASS},
	      {"drop", SHUNT_DROP}, {"hold", SHUNT_DROP}, {"reject", SHUNT_REJECT}),
	.wanted = "none, passthrough, drop or reject",
};

const struct field_kind field_negotiation = {
	set_word,
	get_word,
	WORDS({"hold", SHUNT_HOLD}, {"passthrough", SHUNT_PASS}, {"pass", SHUNT_PASS},
	      {"drop", SHUNT_DROP}, {"reject", SHUNT_REJECT}),
	.wanted = "hold, drop or passthrough",
};

const struct field_kind field_encapsulation = {
	set_word,
	get_word,
	WORDS({"auto", TRI_YES}, YES_WORDS(TRI_FORCE), NO_WORDS(TRI_NO)),
	.wanted = "auto (when there is NAT), yes (always) or no (never)",
};

const struct field_kind field_fragmentation = {
	set_word,
	get_word,
	WORDS(YES_WORDS(FRAGMENT_YES), NO_WORDS(FRAGMENT_NO), {"never", FRAGMENT_NO},
	      {"accept", FRAGMENT_ACCEPT}, {"force", FRAGMENT_FORCE},
	      {"insist", FRAGMENT_FORCE}),
	.wanted = "yes, no, accept or force",
};

/* Another face of encapsulation=. */
const struct field_kind field_force_encaps = {
	set_word,
	NULL,
	WORDS(YES_WORDS(TRI_FORCE), NO_WORDS(TRI_YES)),
	.wanted = "yes or no",
};

const struct field_kind field_ppk = {
	set_word,
	get_word,
	WORDS(YES_WORDS(PPK_YES), NO_WORDS(PPK_NO), {"never", PPK_NO}, {"permit", PPK_YES},
	      {"propose", PPK_YES}, {"insist", PPK_INSIST}, {"always", PPK_INSIST}),
	.wanted = "no, yes or insist",
};

const struct field_kind field_send_cert = {
	set_word,
	get_word,
	WORDS({"always", SEND_CERT_ALWAYS}, {"alwayssend", SEND_CERT_ALWAYS},
	      {"forced", SEND_CERT_ALWAYS}, {"yes", SEND_CERT_ALWAYS},
	      {"ifasked", SEND_CERT_ASKED}, {"sendifasked", SEND_CERT_ASKED},
	      {"never", SEND_CERT_NEVER}, {"no", SEND_CERT_NEVER},
	      {"forcedtype", 0, "it belongs to another kind of certificate"}),
	.wanted = "always, ifasked or never",
};

#define FAMILY_WORDS                                                                           \
	WORDS({"ipv4", IP_V4}, {"v4", IP_V4}, {"inet", IP_V4}, {"ipv6", IP_V6}, {"v6", IP_V6}, \
	      {"inet6", IP_V6})

const struct field_kind field_family = {
	set_word,
	get_word,
	FAMILY_WORDS,
	.wanted = "ipv4 or ipv6",
};

/* The family inside follows from the networks. */
const struct field_kind field_client_family = {
	check_word,
	NULL,
	FAMILY_WORDS,
	.wanted = "ipv4 or ipv6",
};

/* Who negotiates nothing speaks no version; the type is known by now. */
static enum cyg_err check_version(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	enum cyg_err err = check_word(k, c, at, text, why);

	if (err != CYG_UNSUPPORTED || c->type == CONN_TUNNEL || c->type == CONN_TRANSPORT)
		return err;
	diag_clear(why);
	return CYG_OK;
}

const struct field_kind field_keyexchange = {
	check_version,
	NULL,
	WORDS({"ike", 0}, {"ikev2", 0}, {"rfc7296", 0}, {"ikev1", 0, NO_V1},
	      {"isakmp", 0, NO_V1}, {"oakley", 0, NO_V1}),
	.wanted = "ikev2 (or ike)",
};

const struct field_kind field_ikev2 = {
	check_version,
	NULL,
	WORDS({"insist", 0}, {"always", 0}, YES_WORDS(0), {"propose", 0}, {"permit", 0},
	      {"never", 0, NO_V1}, {"no", 0, NO_V1}, {"n", 0, NO_V1}, {"false", 0, NO_V1},
	      {"off", 0, NO_V1}, {"0", 0, NO_V1}),
	.wanted = "insist, yes, propose or permit",
};

const struct field_kind field_ikev1 = {
	check_version,
	NULL,
	WORDS(YES_WORDS(0), NO_WORDS(0), {"permit", 0}, {"never", 0}, {"propose", 0, NO_V1},
	      {"insist", 0, NO_V1}, {"always", 0, NO_V1}),
	.wanted = "no",
};

const struct field_kind field_phase2 = {
	set_word,
	get_word,
	WORDS({"esp", PROTO_ESP}, {"ah", PROTO_AH},
	      {"ah+esp", 0, "this build does not put one around the other"}),
	.wanted = "esp or ah",
};

const struct field_kind field_offload = {
	set_word,
	get_word,
	WORDS({"crypto", OFFLOAD_YES}, YES_WORDS(OFFLOAD_YES), NO_WORDS(OFFLOAD_NO),
	      {"auto", OFFLOAD_AUTO}, {"packet", OFFLOAD_PACKETS}),
	.wanted = "no, auto, crypto (or yes) or packet",
};

/* ---- esn= is two members: may we use it, may we do without ---- */

enum esn_word { ESN_EITHER, ESN_ONLY, ESN_NEVER };

static enum cyg_err set_esn(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	uint16_t word;
	enum cyg_err err = field_find_word(k, text, &word, why);

	if (err)
		return err;
	c->esn = word != ESN_NEVER;
	c->esn_off = word != ESN_ONLY;
	return CYG_OK;
}

/* `at` is the member esn. */
static bool get_esn(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	const struct connection *c = (const void *)((const char *)at -
						    offsetof(struct connection, esn));

	if (c->esn && c->esn_off)
		return false;
	text_add_str(out, c->esn ? "yes" : "no");
	return true;
}

const struct field_kind field_esn = {
	set_esn,
	get_esn,
	WORDS(YES_WORDS(ESN_ONLY), NO_WORDS(ESN_NEVER), {"either", ESN_EITHER}),
	.wanted = "yes, no or either",
};

/* ---- numbers ---- */

static enum cyg_err read_number(const struct field_kind *k, const char *text, uint64_t *ret,
				struct diag *why)
{
	return text_number(text, k->min, k->max, ret) ? CYG_OK
						      : field_refuse(k, CYG_RANGE, text, why);
}

static enum cyg_err set_u16(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	uint64_t value;
	enum cyg_err err = read_number(k, text, &value, why);

	if (!err)
		*(uint16_t *)at = (uint16_t)value;
	return err;
}

static bool get_u16(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	if (*(const uint16_t *)at == *(const uint16_t *)unset)
		return false;
	text_add(out, "%u", *(const uint16_t *)at);
	return true;
}

static enum cyg_err set_u32(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	uint64_t value;
	enum cyg_err err = read_number(k, text, &value, why);

	if (!err)
		*(uint32_t *)at = (uint32_t)value;
	return err;
}

static bool get_u32(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	if (*(const uint32_t *)at == *(const uint32_t *)unset)
		return false;
	text_add(out, "%u", *(const uint32_t *)at);
	return true;
}

static bool get_u64(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	if (*(const uint64_t *)at == *(const uint64_t *)unset)
		return false;
	text_add(out, "%llu", (unsigned long long)*(const uint64_t *)at);
	return true;
}

const struct field_kind field_port = {set_u16, get_u16, NULL,
				      1,       65535,   "a port from 1 to 65535"};
const struct field_kind field_rsa_bits = {set_u16, get_u16,
					  NULL,    1024,
					  16384,   "a number of bits from 1024 to 16384"};
const struct field_kind field_mtu = {set_u32, get_u32, NULL,
				     576,     65535,   "a number of octets from 576 to 65535"};
/* Under 256 octets headers would be most of it. */
const struct field_kind field_fragment_size = {set_u32, get_u32,
					       NULL,    256,
					       65535,   "a number of octets from 256 to 65535"};
const struct field_kind field_metric = {set_u32, get_u32, NULL, 0, UINT32_MAX, "a number"};
const struct field_kind field_reqid = {
	set_u32, get_u32, NULL, 1, 16383, "a number from 1 to 16383 (pluto counts from 16384)"};

/* Libreswan's and strongSwan's -1 is the default. */
static enum cyg_err set_replay(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	if (strcmp(text, "-1") == 0) {
		*(uint32_t *)at = connection_defaults.replay_window;
		return CYG_OK;
	}
	return set_u32(k, c, at, text, why);
}

const struct field_kind field_replay = {
	set_replay, get_u32, NULL, 0, 65536, "a number of packets up to 65536 (0: no check)"};

static enum cyg_err set_clones(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	bool yes = text_same(text, "yes");

	if (!yes && !text_same(text, "no"))
		return set_u32(k, c, at, text, why);
	*(uint32_t *)at = yes ? CLONES_MAX : 0;
	return CYG_OK;
}

static bool get_clones(const struct field_kind *k, const void *at, const void *unset,
		       struct text *out)
{
	if (*(const uint32_t *)at != CLONES_MAX)
		return get_u32(k, at, unset, out);
	text_add_str(out, "yes");
	return true;
}

const struct field_kind field_clones = {
	set_clones, get_clones, NULL,
	0,          CLONES_MAX, "yes, no or a number of IPsec SAs up to 256"};

static enum cyg_err set_tfc(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	if (text_same(text, "%mtu")) {
		*(uint32_t *)at = TFC_MTU;
		return CYG_OK;
	}
	return set_u32(k, c, at, text, why);
}

static bool get_tfc(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	if (*(const uint32_t *)at != TFC_MTU)
		return get_u32(k, at, unset, out);
	text_add_str(out, "%mtu");
	return true;
}

const struct field_kind field_tfc = {
	set_tfc, get_tfc, NULL, 0, 65535, "a number of octets up to 65535 (0: none), or %mtu"};

static enum cyg_err set_tries(const struct field_kind *k, struct connection *c, void *at,
			      const char *text, struct diag *why)
{
	return set_u32(k, c, at, text_same(text, "%forever") ? "0" : text, why);
}

const struct field_kind field_tries = {set_tries, get_u32,    NULL,
				       0,         UINT32_MAX, "a number, or %forever"};

/* "100%", and whack's bare number. */
static enum cyg_err set_percent(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	size_t len = strlen(text);
	char digits[16];

	if (len && text[len - 1] == '%')
		len--;
	if (len >= sizeof(digits))
		return field_refuse(k, CYG_RANGE, text, why);
	memcpy(digits, text, len);
	digits[len] = '\0';
	return text_number(digits, k->min, k->max, &(uint64_t){0})
		       ? set_u32(k, c, at, digits, why)
		       : field_refuse(k, CYG_RANGE, text, why);
}

static bool get_percent(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	if (!get_u32(k, at, unset, out))
		return false;
	text_add_char(out, '%');
	return true;
}

const struct field_kind field_percent = {
	set_percent, get_percent, NULL, 0, 10000, "a percentage up to 10000%, such as 100%"};

/* ---- octets and packets: 500, 10K, 10KB, 10KiB, ... as powers of 1024 ---- */

static enum cyg_err set_octets(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	static const char units[] = "KMGTPE";
	size_t len = strspn(text, "0123456789");
	const char *unit = text + len, *place;
	char digits[24];
	uint64_t value;
	unsigned shift = 0;

	if (*unit) {
		place = strchr(units, *unit >= 'a' ? *unit - 'a' + 'A' : *unit);
		if (!place ||
		    (unit[1] && !text_same(unit + 1, "b") && !text_same(unit + 1, "ib")))
			return field_refuse(k, CYG_MALFORMED, text, why);
		shift = 10 * (unsigned)(place - units + 1);
	}
	if (len >= sizeof(digits))
		return field_refuse(k, CYG_RANGE, text, why);
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!text_number(digits, 0, k->max >> shift, &value))
		return field_refuse(k, CYG_RANGE, text, why);
	*(uint64_t *)at = value << shift;
	return CYG_OK;
}

const struct field_kind field_u64_octets = {
	set_octets, get_u64, NULL, 0, INT64_MAX, "a number of octets, such as 500000 or 10GiB"};

const struct field_kind field_u64_packets = {
	set_octets, get_u64, NULL, 0, INT64_MAX, "a number of packets, such as 500000 or 10M"};

/* ---- spans of time ---- */

static enum cyg_err set_span(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	nsec span;
	enum cyg_err err = duration_parse(text, &span);

	if (err)
		return field_refuse(k, err, text, why);
	if (span < k->min || span > k->max)
		return field_refuse(k, CYG_RANGE, text, why);
	*(nsec *)at = span;
	return CYG_OK;
}

static bool get_span(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	char span[32];

	if (*(const nsec *)at == *(const nsec *)unset)
		return false;
	text_add_str(out, duration_print(*(const nsec *)at, span));
	return true;
}

#define SECONDS(n) ((n)*NSEC_PER_SEC)
#define DAY SECONDS(86400)

const struct field_kind field_life = {set_span, get_span,
				      NULL,     SECONDS(1),
				      DAY,      "a time from 1s to 24h, such as 8h or 3600"};
const struct field_kind field_delay = {set_span, get_span,
				       NULL,     0,
				       DAY,      "a time up to 24h, such as 30s or 9m"};

/* The margin before expiry; `at` is the member rekey_margin. */
static enum cyg_err set_margin(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	enum cyg_err err = set_span(k, c, at, text, why);

	c->margin_chosen |= !err;
	return err;
}

static bool get_margin(const struct field_kind *k, const void *at, const void *unset,
		       struct text *out)
{
	const struct connection *c = (const void *)((const char *)at -
						    offsetof(struct connection, rekey_margin));
	char span[32];

	if (!c->margin_chosen)
		return get_span(k, at, unset, out);
	text_add_str(out, duration_print(c->rekey_margin, span));
	return true;
}

const struct field_kind field_margin = {set_margin, get_margin,
					NULL,       0,
					DAY,        "a time up to 24h, such as 30s or 9m"};

/* A bare number counts milliseconds, as Libreswan's does. */
static enum cyg_err set_wait(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	char copy[32];

	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > sizeof(copy) - 3)
		return set_span(k, c, at, text, why);
	strcpy(copy, text);
	return set_span(k, c, at, strcat(copy, "ms"), why);
}

const struct field_kind field_retransmit = {
	set_wait,        get_span,     NULL,
	1 * NSEC_PER_MS, SECONDS(600), "a time from 1ms to 10m, such as 500ms or 30s"};
const struct field_kind field_give_up = {
	set_span,        get_span,     NULL,
	1 * NSEC_PER_MS, SECONDS(600), "a time from 1ms to 10m, such as 500ms or 30s"};

/* ---- text ---- */

static enum cyg_err set_text(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	char *copy = NULL;

	if (*text && !text_same(text, "%disabled")) {
		copy = strdup(text);
		if (!copy)
			return CYG_NOMEM;
	}
	free(*(char **)at);
	*(char **)at = copy;
	return CYG_OK;
}

static bool get_text(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	const char *text = *(char *const *)at;

	if (!text)
		return false;
	text_add_str(out, text);
	return true;
}

const struct field_kind field_text = {set_text, get_text};

/* ---- names of groups ---- */

static enum cyg_err set_groups(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	enum cyg_err err = *text ? group_names_check(text, why) : CYG_OK;

	return err ? err : set_text(k, c, at, text, why);
}

const struct field_kind field_groups = {set_groups, get_text};

/* ---- the command of updown= ---- */

static enum cyg_err set_updown(const struct field_kind *k, struct connection *c, void *at,
			       const char *text, struct diag *why)
{
	enum cyg_err err = CYG_OK;
	char **words;

	if (argv_is_said(text)) {
		err = argv_split(text, &words, why);
		if (!err)
			free(words);
	}
	return err ? err : set_text(k, c, at, text, why);
}

const struct field_kind field_updown = {set_updown, get_text};
