/* SPDX-License-Identifier: Apache-2.0 */
/* ipsec-showhostkey: the public keys of this host, as others want them. */
#include "buildinfo.h"
#include "ipsec/args.h"
#include "ipsec/hostkey_read.h"
#include "ipsec/output.h"
#include "ipsec/paths.h"

#include <arpa/inet.h>

#include <errno.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define EXIT_NO_KEY 20
#define PATH_ROOM 2048
#define TXT_PIECE 255 /* octets of one string of a TXT record */

struct options {
	const char *file, *root, *id, *rsaid, *keynum, *precedence, *gateway, *txt;
	bool left, right, ipseckey, key, dhclient, list, dump, pem, verbose, version;
};

static void key_id(const struct shown_key *k, char buf[HOSTKEY_ID_LEN + 1])
{
	snprintf(buf, HOSTKEY_ID_LEN + 1, "%s", k->base64 ? k->base64 : k->dns);
}

static const char *host_name(struct utsname *names)
{
	return uname(names) ? "localhost" : names->nodename;
}

/* ---- how a key is shown ---- */

static bool show_side(const struct options *o, const struct shown_key *k, const char *side)
{
	char id[HOSTKEY_ID_LEN + 1];

	key_id(k, id);
	if (k->base64)
		printf("\t# rsakey %s\n\t%srsasigkey=0s%s\n", id, side, k->base64);
	else
		printf("\t# %s key %s\n\t%spubkey=0s%s\n", EVP_PKEY_get0_type_name(k->key), id,
		       side, k->spki);
	return true;
}

/* RFC 4025 2: precedence, gateway type, algorithm, gateway, key. */
static bool show_ipseckey(const struct options *o, const struct shown_key *k)
{
	const char *gateway = o->gateway ? o->gateway : ".";
	unsigned char address[16];
	struct utsname names;
	int type = !o->gateway                                  ? 0
		   : inet_pton(AF_INET, gateway, address) == 1  ? 1
		   : inet_pton(AF_INET6, gateway, address) == 1 ? 2
								: 3;

	printf("%s.    IN    IPSECKEY  %s %d %d %s %s\n", host_name(&names),
	       o->precedence ? o->precedence : "10", type, k->algorithm, gateway,
	       k->base64 ? k->base64 : k->dns);
	return true;
}

/* RFC 3445: flags, protocol 4 (IPsec), algorithm 1 (the RSA keys of old). */
static bool show_key(const struct options *o, const struct shown_key *k)
{
	struct utsname names;

	if (!k->base64)
		return false;
	printf("%s.    IN    KEY    0x4200 4 1 %s\n", host_name(&names), k->base64);
	return true;
}

/* RFC 4322 2.1: a TXT record, cut into strings of what fits. */
static bool show_txt(const struct options *o, const struct shown_key *k)
{
	struct text t = {0};

	if (!k->base64)
		return false;
	text_add(&t, "X-IPsec-Server(%s)=%s %s", o->precedence ? o->precedence : "10", o->txt,
		 k->base64);
	fputs("\tIN\tTXT\t", stdout);
	for (size_t at = 0; at < t.len; at += TXT_PIECE)
		printf("%s\"%.*s\"", at ? " " : "", TXT_PIECE, text_str(&t) + at);
	putchar('\n');
	text_done(&t);
	return !t.bad;
}

/* What a DHCP client sends, so that the server can put the key into the DNS. */
static bool show_dhclient(const struct options *o, const struct shown_key *k)
{
	if (!k->base64)
		return false;
	printf("# dhclient.conf: the server learns this host's public key by it\n"
	       "option oe-key code 159 = string;\n"
	       "option oe-gateway code 160 = ip-address;\n"
	       "send oe-key \"%s\";\n",
	       k->base64);
	if (o->gateway)
		printf("send oe-gateway %s;\n", o->gateway);
	return true;
}

static void show_listed(const struct shown_key *k, size_t number)
{
	char id[HOSTKEY_ID_LEN + 1];

	key_id(k, id);
	printf("< %zu> %s %u bits keyid: %s id: %s (%s:%u)\n", number,
	       k->base64 ? "RSA" : EVP_PKEY_get0_type_name(k->key),
	       (unsigned)EVP_PKEY_get_bits(k->key), id, k->ids, k->file, k->line);
}

static void show_number(const char *word, const struct bytes *b)
{
	printf("\t%s: 0x", word);
	for (size_t i = 0; i < b->len; i++)
		printf("%02x", b->ptr[i]);
	putchar('\n');
}

static void show_dumped(const struct shown_key *k, size_t number)
{
	show_listed(k, number);
	if (!k->base64)
		return;
	show_number("Modulus", &k->numbers.number[RSA_MODULUS]);
	show_number("PublicExponent", &k->numbers.number[RSA_PUBLIC_EXPONENT]);
	printf("\t#pubkey=0s%s\n", k->base64);
}

static bool show_one(const struct options *o, const struct shown_key *k)
{
	if (o->left)
		return show_side(o, k, "left");
	if (o->right)
		return show_side(o, k, "right");
	if (o->ipseckey)
		return show_ipseckey(o, k);
	if (o->key)
		return show_key(o, k);
	if (o->txt)
		return show_txt(o, k);
	if (o->dhclient)
		return show_dhclient(o, k);
	return PEM_write_PUBKEY(stdout, k->key) == 1;
}

/* ---- which key ---- */

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len) {
		if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	}
	return false;
}

static bool fits(const struct options *o, const struct shown_key *k, size_t number)
{
	uint64_t wanted;

	if (o->id && !has_word(k->ids, o->id))
		return false;
	if (o->rsaid && strncmp(k->base64 ? k->base64 : k->dns, o->rsaid, HOSTKEY_ID_LEN) != 0)
		return false;
	return !o->keynum ||
	       (text_number(o->keynum, 1, UINT32_MAX, &wanted) && wanted == number);
}

/* One key for each of the forms that name one; all that fit for lists. */
static int show(const struct options *o, const struct shown_keys *keys)
{
	size_t shown = 0;

	for (size_t i = 0; i < keys->len; i++) {
		const struct shown_key *k = &keys->items[i];

		if (!fits(o, k, i + 1))
			continue;
		if (o->list)
			show_listed(k, i + 1);
		else if (o->dump)
			show_dumped(k, i + 1);
		else if (!show_one(o, k))
			continue;
		shown++;
		if (!o->list && !o->dump)
			break;
	}
	if (shown)
		return 0;
	fprintf(stderr, "ipsec showhostkey: there is no such key in %s%s\n", o->file,
		keys->len ? "; --list shows what there is" : "");
	return EXIT_NO_KEY;
}

static bool choose_form(const struct options *o)
{
	int forms = o->left + o->right + o->ipseckey + o->key + o->list + o->dump + o->pem +
		    o->dhclient + (o->txt != NULL);

	if (forms == 1)
		return true;
	fprintf(stderr,
		"ipsec showhostkey: say one of --left, --right, --ipseckey, --list, --dump, "
		"--pem, --key, --txt, --dhclient\nipsec showhostkey: --help tells how it is used\n");
	return false;
}

/* Where secrets and private keys lie, below a root that may be another one's. */
static bool find_files(const struct paths *p, const char *root, char file[PATH_ROOM],
		       char private[PATH_ROOM])
{
	char confs[PATH_ROOM];
	int n = snprintf(confs, sizeof(confs), "%s%s", root ? root : "", p->confs);

	if (n > 0 && (size_t)n < sizeof(confs) &&
	    paths_join(file, PATH_ROOM, confs, "ipsec.secrets") &&
	    paths_join(private, PATH_ROOM, confs, "ipsec.d/private"))
		return true;
	fprintf(stderr, "ipsec showhostkey: a path is too long\n");
	return false;
}

static int run(struct options *o, const struct paths *p)
{
	char file[PATH_ROOM], private[PATH_ROOM], line[2048];
	struct problems problems = {0};
	struct shown_keys keys;
	enum cyg_err err;
	int status = 1;

	if (!choose_form(o))
		return EXIT_USAGE;
	if (o->file && o->root) {
		fprintf(stderr,
			"ipsec showhostkey: --file and --secretroot don't go together\n");
		return EXIT_USAGE;
	}
	if (!find_files(p, o->root, file, private))
		return 1;
	if (!o->file)
		o->file = file;
	err = shown_keys_read(o->file, private, &keys, &problems);
	for (size_t i = 0; i < problems.len; i++) {
		if (problems.items[i].level == PROBLEM_ERROR || o->verbose)
			fprintf(stderr, "ipsec showhostkey: %s\n",
				diag_print(&problems.items[i].diag, line, sizeof(line)));
	}
	problems_done(&problems);
	if (!err) {
		status = show(o, &keys);
		shown_keys_done(&keys);
	}
	return status;
}

static int showhostkey_main(int argc, char **argv)
{
	struct options o = {0};
	const struct arg_option options[] = {
		{"left", NULL, &o.left, "print leftrsasigkey= or leftpubkey= for ipsec.conf"},
		{"right", NULL, &o.right, "print rightrsasigkey= or rightpubkey="},
		{"ipseckey", NULL, &o.ipseckey, "print a DNS record of type IPSECKEY"},
		{"precedence", "N", &o.precedence, "its precedence (10)"},
		{"gateway", "ADDRESS", &o.gateway, "its gateway (none)"},
		{"list", NULL, &o.list, "list the keys there are"},
		{"dump", NULL, &o.dump, "list them with the public numbers"},
		{"pem", NULL, &o.pem, "print the public key as PEM"},
		{"key", NULL, &o.key, "print a DNS record of type KEY"},
		{"txt", "GATEWAY", &o.txt, "print a DNS record of type TXT"},
		{"dhclient", NULL, &o.dhclient, "print it for the configuration of dhclient"},
		{"secretroot", "DIR", &o.root,
		 "read the ipsec.secrets of the system below DIR"},
		{"file", "FILE", &o.file, "read FILE, not ipsec.secrets; it may be PEM"},
		{"id", "ID", &o.id, "the key of an identity"},
		{"rsaid", "KEYID", &o.rsaid, "the key of that id"},
		{"keyid", "KEYID", &o.rsaid, NULL},
		{"keynum", "N", &o.keynum, "the N-th key of the list"},
		{"verbose", NULL, &o.verbose, "tell of warnings too"},
		{"version", NULL, &o.version, "print the version"},
		{0},
	};
	const struct arg_rules rules = {
		.command = "showhostkey",
		.synopsis = "--left | --right | --ipseckey | --list | ... [option ...]",
		.options = options,
		.doc = "Print the public part of a key in ipsec.secrets, or in a file that it "
		       "names.\nWithout --id, --rsaid or --keynum it is the first one.\n",
	};
	struct paths paths;
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (o.version) {
		printf("ipsec showhostkey %s\n", CYGNET_VERSION);
		return 0;
	}
	return paths_find(&paths) ? run(&o, &paths) : 1;
}

int main(int argc, char **argv)
{
	return output_end(showhostkey_main(argc, argv));
}
