/* SPDX-License-Identifier: Apache-2.0 */
/* --print: what is in a file. One document; the lines of text are a view of it. */
#include "base/text.h"
#include "conn/dn.h"
#include "ipsec/args.h"
#include "ipsec/json_out.h"
#include "pki/files.h"
#include "pki/operations.h"
#include "trust/acert.h"
#include "trust/cert.h"
#include "trust/crl.h"
#include "trust/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void put_str(json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_string(text));
}

static void put_key(json_t *to, const struct key *k)
{
	char id[KEY_ID_TEXT];

	put_str(to, "key_type", key_kind_name(k->kind));
	json_object_set_new(to, "key_bits", json_integer(k->bits));
	put_str(to, "key_id", key_id_print(k, id));
}

static void put_name(json_t *to, const char *key, const X509_NAME *name)
{
	const unsigned char *der;
	char text[CERT_TEXT_MAX];
	size_t len;

	if (X509_NAME_get0_der(name, &der, &len) == 1 && !dn_check(view_of(der, len), NULL))
		put_str(to, key, dn_print(view_of(der, len), text, sizeof(text)));
	else
		put_str(to, key, "(no name)");
}

static void put_moment(json_t *to, const char *key, const ASN1_TIME *t)
{
	char text[40];
	struct tm tm;

	if (t && ASN1_TIME_to_tm(t, &tm) == 1)
		put_str(to, key, cert_print_time(timegm(&tm), text, sizeof(text)));
}

static void put_number(json_t *to, const char *key, const ASN1_INTEGER *n)
{
	char text[3 * 64] = "";
	size_t used = 0;

	if (n)
		buf_add_hex(text, sizeof(text), &used,
			    view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
	put_str(to, key, text);
}

/* ---- extensions ---- */

static void add_san(void *ctx, const char *name)
{
	json_array_append_new(ctx, json_string(name));
}

/* Every extension by its name, as libcrypto tells it. */
static void put_extensions(json_t *to, const STACK_OF(X509_EXTENSION) * all)
{
	json_t *list = json_array();

	for (int i = 0; i < sk_X509_EXTENSION_num(all); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(all, i);
		BIO *bio = BIO_new(BIO_s_mem());
		struct text t = {0};
		char name[80], *value;
		long len;

		OBJ_obj2txt(name, sizeof(name), X509_EXTENSION_get_object(e), 0);
		if (bio && X509V3_EXT_print(bio, e, X509V3_EXT_PARSE_UNKNOWN, 0) != 1)
			BIO_puts(bio, "(not known)");
		len = bio ? BIO_get_mem_data(bio, &value) : 0;
		for (long at = 0; at < len; at++)
			if (value[at] == '\n')
				value[at] = ' ';
		text_add(&t, "%s%s: ", name,
			 X509_EXTENSION_get_critical(e) ? " (critical)" : "");
		while (len && value[len - 1] == ' ')
			len--;
		text_add_escaped(&t, view_of(len ? value : "", (size_t)len));
		json_array_append_new(list, json_string(text_str(&t)));
		text_done(&t);
		BIO_free(bio);
	}
	ERR_clear_error();
	json_object_set_new(to, "extensions", list);
}

/* ---- kinds of objects; each NULL when it is none ---- */

static json_t *describe_cert(const struct cert *c)
{
	char text[CERT_TEXT_MAX], when[40];
	json_t *d = json_object(), *sans = json_array();

	put_str(d, "kind", "certificate");
	put_str(d, "subject", cert_print(c, text, sizeof(text)));
	put_str(d, "issuer", cert_print_issuer(c, text, sizeof(text)));
	put_str(d, "serial", cert_print_serial(c, text, sizeof(text)));
	put_str(d, "not_before", cert_print_time(c->not_before, when, sizeof(when)));
	put_str(d, "not_after", cert_print_time(c->not_after, when, sizeof(when)));
	cert_each_name(c, add_san, sans);
	json_object_set_new(d, "names", sans);
	json_object_set_new(d, "authority", json_boolean(cert_is_ca(c)));
	put_key(d, &c->key);
	put_extensions(d, X509_get0_extensions(c->x));
	return d;
}

static void describe_certs(const struct pki *p, struct view octets, json_t *to)
{
	struct cert_list list = {0};

	if (cert_read_file(p->crypto, octets, &list, NULL))
		return;
	for (size_t i = 0; i < list.len; i++)
		json_array_append_new(to, describe_cert(&list.items[i]));
	cert_list_done(&list);
}

static void describe_request(const struct pki *p, struct view octets, json_t *to)
{
	BIO *bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	const unsigned char *at = octets.ptr;
	X509_REQ *r = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	STACK_OF(X509_EXTENSION) * extensions;
	struct key key;
	json_t *d;

	BIO_free(bio);
	if (!r)
		r = d2i_X509_REQ(NULL, &at, (long)octets.len);
	if (!r)
		return;
	d = json_object();
	put_str(d, "kind", "request");
	put_name(d, "subject", X509_REQ_get_subject_name(r));
	if (!key_take(X509_REQ_get_pubkey(r), &key, NULL)) {
		put_key(d, &key);
		json_object_set_new(d, "signed_by_its_key",
				    json_boolean(X509_REQ_verify(r, key.pkey) == 1));
		key_done(&key);
	}
	extensions = X509_REQ_get_extensions(r);
	put_extensions(d, extensions);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(r);
	json_array_append_new(to, d);
}

/* RFC 5280 5.3.1; most entries say none. */
static void put_reason(json_t *one, const X509_REVOKED *r)
{
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);

	if (reason)
		put_str(one, "reason", crl_reason_name((int)ASN1_ENUMERATED_get(reason)));
	ASN1_ENUMERATED_free(reason);
}

static json_t *describe_revoked(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(crl);
	json_t *list = json_array();

	for (int i = 0; i < sk_X509_REVOKED_num(all); i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(all, i);
		json_t *one = json_object();

		put_number(one, "serial", X509_REVOKED_get0_serialNumber(r));
		put_moment(one, "since", X509_REVOKED_get0_revocationDate(r));
		put_reason(one, r);
		json_array_append_new(list, one);
	}
	return list;
}

static void describe_list(void *ctx, struct view der)
{
	const unsigned char *at = der.ptr;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
	ASN1_INTEGER *number, *base;
	json_t *d, *to = ctx;

	if (!crl)
		return;
	d = json_object();
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	put_str(d, "kind", "list of revoked certificates");
	put_name(d, "issuer", X509_CRL_get_issuer(crl));
	base = X509_CRL_get_ext_d2i(crl, NID_delta_crl, NULL, NULL);
	if (number)
		put_number(d, "number", number);
	if (base) /* RFC 5280 5.2.4: it says what has changed since that one */
		put_number(d, "delta_base", base);
	put_moment(d, "this_update", X509_CRL_get0_lastUpdate(crl));
	put_moment(d, "next_update", X509_CRL_get0_nextUpdate(crl));
	json_object_set_new(d, "revoked", describe_revoked(crl));
	put_extensions(d, X509_CRL_get0_extensions(crl));
	ASN1_INTEGER_free(number);
	ASN1_INTEGER_free(base);
	X509_CRL_free(crl);
	json_array_append_new(to, d);
}

static void describe_crls(const struct pki *p, struct view octets, json_t *to)
{
	if (crl_each(octets, describe_list, to, NULL))
		return; /* those before the broken one are shown, as of certificates */
}

static void describe_key(const struct pki *p, struct view octets, json_t *to)
{
	struct key key;
	json_t *d;
	enum cyg_err err = key_read_private(p->crypto, octets, (struct view){0}, &key, NULL);
	bool private = !err || err == CYG_PERM;

	if (!private && key_read_public(p->crypto, octets, &key, NULL))
		return;
	d = json_object();
	put_str(d, "kind",
		err == CYG_PERM ? "private key, encrypted"
		: private       ? "private key"
				: "public key");
	if (err != CYG_PERM) {
		put_key(d, &key);
		key_done(&key);
	}
	json_array_append_new(to, d);
}

static void add_group(void *ctx, const char *name)
{
	json_array_append_new(ctx, json_string(name));
}

static void describe_acert(const struct pki *p, struct view octets, json_t *to)
{
	json_t *d, *groups = json_array();
	char text[CERT_TEXT_MAX], when[40];
	struct acert a;

	if (acert_read(octets, &a, NULL)) {
		json_decref(groups);
		return;
	}
	d = json_object();
	put_str(d, "kind", "attribute certificate");
	if (*acert_print_holder(&a, text, sizeof(text)))
		put_str(d, "holder", text);
	if (*acert_print_holder_issuer(&a, text, sizeof(text)))
		put_str(d, "holder_issuer", text);
	if (*acert_print_holder_serial(&a, text, sizeof(text)))
		put_str(d, "holder_serial", text);
	put_str(d, "issuer", acert_print_issuer(&a, text, sizeof(text)));
	put_str(d, "serial", acert_print_serial(&a, text, sizeof(text)));
	put_str(d, "not_before", cert_print_time(a.not_before, when, sizeof(when)));
	put_str(d, "not_after", cert_print_time(a.not_after, when, sizeof(when)));
	acert_each_group(&a, add_group, groups);
	json_object_set_new(d, "groups", groups);
	acert_done(&a);
	json_array_append_new(to, d);
}

/* ---- text ---- */

static void show_line(const char *key, const char *value)
{
	char label[40];

	snprintf(label, sizeof(label), "%s%s", key, *key ? ":" : "");
	for (char *c = label; *c; c++)
		if (*c == '_')
			*c = ' ';
	printf("  %-18s %s\n", label, value);
}

static void show_value(const char *key, const json_t *v)
{
	char number[32];

	if (json_is_string(v)) {
		show_line(key, json_string_value(v));
	} else if (json_is_boolean(v)) {
		show_line(key, json_is_true(v) ? "yes" : "no");
	} else if (json_is_integer(v)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		show_line(key, number);
	} else {
		const json_t *serial = json_object_get(v, "serial"),
			     *since = json_object_get(v, "since");
		const char *reason = json_string_value(json_object_get(v, "reason"));
		char both[300];

		snprintf(both, sizeof(both), "%s since %s%s%s", json_string_value(serial),
			 since ? json_string_value(since) : "an unreadable time",
			 reason ? ", " : "", reason ? reason : "");
		show_line(key, both);
	}
}

static void show(const json_t *d)
{
	const char *key;
	json_t *v, *one;
	size_t i;

	printf("%s\n", json_string_value(json_object_get(d, "kind")));
	json_object_foreach((json_t *)d, key, v) {
		if (!strcmp(key, "kind"))
			continue;
		if (json_is_array(v))
			json_array_foreach(v, i, one)
				show_value(i ? "" : key, one);
		else
			show_value(key, v);
	}
}

static void (*const kinds[])(const struct pki *p, struct view octets, json_t *to) = {
	describe_certs, describe_request, describe_crls, describe_acert, describe_key,
};

static int print_file(const struct pki *p, const char *path, json_t *to)
{
	struct bytes octets;
	size_t before = json_array_size(to);

	if (!pki_read(p, path, &octets))
		return 1;
	for (size_t i = 0;
	     i < sizeof(kinds) / sizeof(kinds[0]) && json_array_size(to) == before; i++)
		kinds[i](p, view_bytes(&octets), to);
	ERR_clear_error();
	bytes_wipe(&octets);
	if (json_array_size(to) > before)
		return 0;
	return pki_complain(p,
			    "%s holds no certificate, request, list of revoked ones or key "
			    "that can be read",
			    path);
}

struct options {
	const char *in;
	bool json;
};

static int run(const struct pki *p, const void *options, const struct args *words)
{
	const struct options *o = options;
	json_t *all, *one;
	int failed = 0;
	size_t i;

	if (!o->in && !words->len) {
		pki_complain(p, "which file?");
		return EXIT_USAGE;
	}
	all = json_array();
	if (o->in)
		failed = print_file(p, o->in, all);
	for (i = 0; i < words->len; i++)
		failed |= print_file(p, words->words[i], all);
	if (o->json)
		return !json_out(all) || failed;
	json_array_foreach(all, i, one)
		show(one);
	json_decref(all);
	return failed;
}

static const struct arg_option rows[] = {{"in", "FILE", AT(options, in),
					  "another way to name a file"},
					 {"json", NULL, AT(options, json), "print it as JSON"},
					 {0}};
OPERATION(print, options, rows, run, .synopsis = "[--json] FILE ...", .operand = "a file",
	  .words_max = 64,
	  .doc = "Show what files hold: certificates, keys, requests, lists of revoked "
		 "certificates.\nOf a private key only its public part is shown.\n");
