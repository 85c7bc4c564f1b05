/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/abilities.h"

#include "base/text.h"
#include "buildinfo.h"
#include "conn/field.h"
#include "crypto/alg.h"
#include "ipsec/args.h"
#include "ipsec/json_out.h"
#include "ipsec/probe.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define WIDTH 96 /* columns of a line */

/* ---- algorithms ---- */

static const struct {
	enum alg_kind kind;
	const char *title, *key;
} kinds[] = {
	{ALG_ENCR, "encryption", "encryption"},
	{ALG_INTEG, "integrity", "integrity"},
	{ALG_PRF, "prf", "prf"},
	{ALG_KE, "key exchange", "key_exchange"},
};

#define KINDS_LEN (sizeof(kinds) / sizeof(kinds[0]))

/* Numbers that stand for "none of this kind" are no algorithms. */
static bool is_shown(const struct alg *a, unsigned use)
{
	return a->built & use && a->id && a->strength != ALG_REFUSED;
}

/* Words as a paragraph that hangs behind its title. */
struct paragraph {
	const char *title;
	size_t column;
};

static void put_word(struct paragraph *p, const char *word)
{
	size_t len = strlen(word);

	if (p->column && p->column + 1 + len > WIDTH) {
		putchar('\n');
		p->column = 0;
	}
	if (!p->column)
		p->column = (size_t)printf("%-20s", p->title ? p->title : "");
	p->title = NULL;
	p->column += (size_t)printf(" %s", word);
}

static void end_paragraph(struct paragraph *p)
{
	if (p->column)
		putchar('\n');
}

static void print_algorithms(unsigned use, const char *protocol)
{
	for (size_t i = 0; i < KINDS_LEN; i++) {
		char title[64], word[ALG_TEXT_MAX + 1];
		struct paragraph p = {.title = title};

		snprintf(title, sizeof(title), "%s %s", protocol, kinds[i].title);
		if (use == ALG_FOR_ESP && kinds[i].kind == ALG_PRF)
			continue; /* ESP has no PRF of its own */
		for (const struct alg *a = alg_next(kinds[i].kind, NULL); a;
		     a = alg_next(kinds[i].kind, a)) {
			if (!is_shown(a, use))
				continue;
			snprintf(word, sizeof(word), "%s%s", a->name,
				 a->strength == ALG_WEAK ? "*" : "");
			put_word(&p, word);
		}
		end_paragraph(&p);
	}
}

static json_t *alg_json(const struct alg *a)
{
	json_t *bits = json_array(), *names = json_array();

	for (size_t i = 0; i < ALG_BITS_MAX && a->bits[i]; i++)
		json_array_append_new(bits, json_integer(a->bits[i]));
	for (size_t i = 0; a->names && a->names[i]; i++)
		json_array_append_new(names, json_string(a->names[i]));
	return json_pack("{s:i, s:s, s:s*, s:o, s:o, s:b, s:b, s:b, s:s*}", "id", (int)a->id,
			 "name", a->name, "ref", a->ref, "bits", bits, "names", names, "ike",
			 (int)(a->built & ALG_FOR_IKE), "esp", !!(a->built & ALG_FOR_ESP),
			 "weak", a->strength == ALG_WEAK, "why", a->why);
}

static json_t *algorithms_json(void)
{
	json_t *whole = json_object();

	for (size_t i = 0; i < KINDS_LEN; i++) {
		json_t *list = json_array();

		for (const struct alg *a = alg_next(kinds[i].kind, NULL); a;
		     a = alg_next(kinds[i].kind, a)) {
			if (is_shown(a, ALG_FOR_IKE | ALG_FOR_ESP))
				json_array_append_new(list, alg_json(a));
		}
		json_object_set_new(whole, kinds[i].key, list);
	}
	return whole;
}

/* ---- words of connections ---- */

static const struct {
	const char *title, *keyword;
} words[] = {
	{"IKE", "keyexchange"}, {"authentication", "authby"}, {"connections", "type"},
	{"start", "auto"},      {"dead peers", "dpdaction"},
};

#define WORDS_LEN (sizeof(words) / sizeof(words[0]))

static const char *const *words_of(const char *keyword)
{
	const struct field *f = field_by_keyword(keyword, false);

	return f ? f->words : NULL;
}

static void print_words(void)
{
	for (size_t i = 0; i < WORDS_LEN; i++) {
		const char *const *w = words_of(words[i].keyword);
		struct paragraph p = {.title = words[i].title};

		for (; w && *w; w++)
			put_word(&p, *w);
		end_paragraph(&p);
	}
}

static json_t *words_json(void)
{
	json_t *whole = json_object();

	for (size_t i = 0; i < WORDS_LEN; i++) {
		const char *const *w = words_of(words[i].keyword);
		json_t *list = json_array();

		for (; w && *w; w++)
			json_array_append_new(list, json_string(*w));
		json_object_set_new(whole, words[i].keyword, list);
	}
	return whole;
}

/* ---- the kernel ---- */

static int ask_tun(void)
{
	return probe_tun("/dev/net/tun");
}

static int ask_xfrm(void)
{
	return probe_netlink(NETLINK_XFRM);
}

static const struct {
	const char *title, *key, *what;
	int (*ask)(void);
} probes[] = {
	{"TUN device", "tun", "carries packets to and from ESP in pluto", ask_tun},
	{"nf_tables", "nf_tables", "drops clear text where a tunnel should be", probe_nftables},
	{"XFRM", "xfrm", "speaks to the kernel's own IPsec; plane=esp does without", ask_xfrm},
	{"kernel ESP", "esp_state", "what plane=xfrm needs, and plane=auto takes first",
	 probe_esp_state},
	{"random generator", "random", "makes keys", probe_random},
};

#define PROBES_LEN (sizeof(probes) / sizeof(probes[0]))

static void print_kernel(void)
{
	for (size_t i = 0; i < PROBES_LEN; i++) {
		int error = probes[i].ask();

		if (error)
			printf("%-20s not there (%s); %s\n", probes[i].title, strerror(error),
			       probes[i].what);
		else
			printf("%-20s there; %s\n", probes[i].title, probes[i].what);
	}
}

static json_t *kernel_json(const struct utsname *u)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "system", u->sysname, "release", u->release,
			      "machine", u->machine);

	for (size_t i = 0; i < PROBES_LEN; i++)
		json_object_set_new(o, probes[i].key, json_boolean(!probes[i].ask()));
	return o;
}

/* ---- the answer ---- */

static void print_text(const struct utsname *u)
{
	printf("Cygnet %s on %s %s (%s)\n\n", CYGNET_VERSION, u->sysname, u->release,
	       u->machine);
	print_kernel();
	putchar('\n');
	print_words();
	putchar('\n');
	print_algorithms(ALG_FOR_IKE, "IKE");
	print_algorithms(ALG_FOR_ESP, "ESP");
	printf("\n* weak: used when a connection names it, never offered by itself\n");
}

static int print_json(const struct utsname *u)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o}", "version", CYGNET_VERSION, "kernel",
			      kernel_json(u), "words", words_json(), "algorithms",
			      algorithms_json());

	return json_out(o) ? 0 : 1;
}

int features_main(int argc, char **argv, const struct paths *paths)
{
	bool json = false;
	const struct arg_option options[] = {
		{"json", NULL, &json, "print one JSON document"},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...]",
		.options = options,
		.doc = "Show what this build and this kernel can do.\n",
	};
	struct utsname names;
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (uname(&names))
		return 1;
	if (json)
		return print_json(&names);
	print_text(&names);
	return 0;
}
