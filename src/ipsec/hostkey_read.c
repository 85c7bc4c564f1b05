/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/hostkey_read.h"

#include "base/secret.h"
#include "conf/secrets.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

static bool copy_public(const struct rsa_numbers *from, struct rsa_numbers *to)
{
	for (size_t i = RSA_MODULUS; i <= RSA_PUBLIC_EXPONENT; i++) {
		if (!bytes_copy(&to->number[i], view_bytes(&from->number[i])))
			return false;
	}
	return true;
}

/* A public key of libcrypto's from modulus and exponent; NULL when it refuses. */
static EVP_PKEY *key_of(const struct rsa_numbers *n)
{
	const struct bytes *m = &n->number[RSA_MODULUS], *e = &n->number[RSA_PUBLIC_EXPONENT];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = BN_bin2bn(m->ptr, (int)m->len, NULL);
	BIGNUM *exponent = BN_bin2bn(e->ptr, (int)e->len, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx && build && modulus && exponent &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	BN_free(exponent);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* The public half of a private key, as a key of its own. */
static EVP_PKEY *public_half(EVP_PKEY *private)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(private, &der);
	const unsigned char *at = der;
	EVP_PKEY *key = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;

	OPENSSL_free(der);
	return key;
}

static char *to_base64(const unsigned char *octets, size_t len)
{
	char *text = malloc(4 * ((len + 2) / 3) + 1);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, octets, (int)len);
	return text;
}

/* x and y, one behind the other: the point without the octet that says so. */
static char *ec_point(const EVP_PKEY *key)
{
	unsigned char point[1 + 2 * 66];
	size_t len;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					    &len) != 1 ||
	    len < 3 || point[0] != POINT_CONVERSION_UNCOMPRESSED)
		return NULL;
	return to_base64(point + 1, len - 1);
}

static char *raw_key(const EVP_PKEY *key)
{
	unsigned char raw[64];
	size_t len = sizeof(raw);

	return EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 ? to_base64(raw, len) : NULL;
}

/* How a key that is none of RSA is passed on. False when it can't be. */
static bool take_other(const EVP_PKEY *key, struct shown_key *k)
{
	bool ec = EVP_PKEY_is_a(key, "EC");
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	k->algorithm = ec ? IPSECKEY_ECDSA : IPSECKEY_EDDSA;
	k->spki = len > 0 ? to_base64(der, (size_t)len) : NULL;
	k->dns = ec ? ec_point(key) : raw_key(key);
	OPENSSL_free(der);
	return k->spki && k->dns;
}

static void shown_key_done(struct shown_key *k)
{
	EVP_PKEY_free(k->key);
	rsa_numbers_wipe(&k->numbers);
	free(k->base64);
	free(k->spki);
	free(k->dns);
	free(k->ids);
	free(k->file);
}

void shown_keys_done(struct shown_keys *k)
{
	for (size_t i = 0; i < k->len; i++)
		shown_key_done(&k->items[i]);
	free(k->items);
	memset(k, 0, sizeof(*k));
}

/* ---- reading ---- */

struct reading {
	struct shown_keys *keys;
	struct problems *problems;
	const char *private;
};

static void complain(struct reading *r, const char *file, unsigned line, const char *hint,
		     const char *sentence)
{
	struct diag d;

	diag_set(&d, "host-key", NULL, "%s", sentence);
	if (line)
		diag_place(&d, file, line, 1);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add(r->problems, PROBLEM_ERROR, &d);
}

static char *print_ids(const struct secret_record *rec)
{
	char id[IDENT_TEXT_MAX];
	struct text t = {0};

	for (size_t i = 0; i < rec->indices_len; i++)
		text_add(&t, "%s%s", i ? " " : "",
			 ident_print(rec->indices[i], id, sizeof(id)));
	if (!rec->indices_len)
		text_add_str(&t, "%any");
	return text_take(&t);
}

/* Moves *k. */
static bool keep(struct reading *r, struct shown_key *k)
{
	struct shown_key *bigger = reallocarray(r->keys->items, r->keys->len + 1,
						sizeof(*bigger));

	if (!bigger)
		return false;
	r->keys->items = bigger;
	bigger[r->keys->len++] = *k;
	return true;
}

/* The numbers of an RSA key, from libcrypto's; another key has none. */
static bool take_numbers(const EVP_PKEY *private, struct rsa_numbers *ret)
{
	struct rsa_numbers all;
	enum cyg_err err = hostkey_numbers(private, &all);
	bool well;

	if (err)
		return err == CYG_UNSUPPORTED;
	well = copy_public(&all, ret);
	rsa_numbers_wipe(&all);
	return well;
}

static bool add_key(struct reading *r, EVP_PKEY *private, const struct rsa_numbers *written,
		    const struct secret_record *rec)
{
	struct shown_key k = {.line = rec->line, .algorithm = IPSECKEY_RSA};
	bool well = written ? copy_public(written, &k.numbers)
			    : take_numbers(private, &k.numbers);

	if (well) {
		k.key = written ? key_of(&k.numbers) : public_half(private);
		k.ids = print_ids(rec);
		k.file = strdup(rec->file ? rec->file : "");
		k.base64 = k.numbers.number[RSA_MODULUS].len ? hostkey_base64(&k.numbers)
							     : NULL;
	}
	if (well && k.key && !k.base64)
		well = take_other(k.key, &k);
	if (well && k.key && k.ids && k.file &&
	    (k.base64 || !k.numbers.number[RSA_MODULUS].len) && keep(r, &k))
		return true;
	shown_key_done(&k);
	complain(r, rec->file, rec->line, NULL, "this key can't be used");
	return false;
}

/* The passphrase of an encrypted file, if ipsec.secrets has it. */
static int give_passphrase(char *buf, int size, int writing, void *ctx)
{
	const struct bytes *value = ctx;

	if (!value->len || value->len > (size_t)size)
		return 0;
	memcpy(buf, value->ptr, value->len);
	return (int)value->len;
}

/* The key of a PKCS #12 file. */
static EVP_PKEY *load_bundle(const char *path, const struct bytes *passphrase)
{
	FILE *in = fopen(path, "re");
	PKCS12 *p12 = in ? d2i_PKCS12_fp(in, NULL) : NULL;
	char phrase[1024] = "";
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;

	if (passphrase->len && passphrase->len < sizeof(phrase))
		memcpy(phrase, passphrase->ptr, passphrase->len);
	if (p12 && PKCS12_parse(p12, *phrase ? phrase : NULL, &key, &cert, NULL) != 1)
		key = NULL;
	if (!key && in)
		errno = 0;
	secret_wipe(phrase, sizeof(phrase));
	X509_free(cert);
	PKCS12_free(p12);
	if (in)
		fclose(in);
	return key;
}

static EVP_PKEY *load_key(const char *path, const struct bytes *passphrase)
{
	FILE *in = fopen(path, "re");
	EVP_PKEY *key;

	if (!in)
		return NULL;
	key = PEM_read_PrivateKey(in, NULL, give_passphrase, (void *)passphrase);
	if (!key) {
		rewind(in);
		key = d2i_PrivateKey_fp(in, NULL);
	}
	if (!key)
		errno = 0;
	fclose(in);
	return key;
}

static void add_file(struct reading *r, const struct secret_record *rec)
{
	char path[2048], sentence[256];
	EVP_PKEY *key;

	snprintf(path, sizeof(path), "%s%s%s", *rec->name == '/' ? "" : r->private,
		 *rec->name == '/' ? "" : "/", rec->name);
	errno = 0;
	key = rec->key == SECRET_KEY_PKCS12 ? load_bundle(path, &rec->value)
					    : load_key(path, &rec->value);
	if (key) {
		add_key(r, key, NULL, rec);
		EVP_PKEY_free(key);
		return;
	}
	snprintf(sentence, sizeof(sentence), "the key of %.120s can't be read: %s", path,
		 errno ? strerror(errno)
		       : "it is no private key, or its passphrase is another");
	complain(r, rec->file, rec->line,
		 rec->prompt ? "give its passphrase in ipsec.secrets" : NULL, sentence);
}

static bool is_pem(const char *path)
{
	static const char begin[] = "-----BEGIN ";
	char head[sizeof(begin)] = "";
	FILE *in = fopen(path, "re");

	if (!in)
		return false;
	if (!fgets(head, sizeof(head), in))
		head[0] = '\0';
	fclose(in);
	return !strcmp(head, begin);
}

static enum cyg_err read_pem(struct reading *r, const char *path)
{
	struct secret_record rec = {.file = path, .line = 1};
	EVP_PKEY *key = load_key(path, &rec.value);

	if (!key) {
		complain(r, path, 1, "name it in ipsec.secrets with its passphrase",
			 "this is no private key, or it needs a passphrase");
		return CYG_MALFORMED;
	}
	add_key(r, key, NULL, &rec);
	EVP_PKEY_free(key);
	return CYG_OK;
}

static enum cyg_err read_secrets(struct reading *r, const char *path)
{
	struct secret_lines lines = {0};
	enum cyg_err err = secrets_read(path, &lines, r->problems);

	if (err)
		return err;
	for (size_t i = 0; i < lines.len; i++) {
		if (lines.items[i].kind == SECRET_RSA)
			add_key(r, NULL, lines.items[i].rsa, &lines.items[i]);
		else if (lines.items[i].kind == SECRET_KEYFILE)
			add_file(r, &lines.items[i]);
	}
	secret_lines_done(&lines);
	return CYG_OK;
}

enum cyg_err shown_keys_read(const char *path, const char *private, struct shown_keys *ret,
			     struct problems *problems)
{
	struct shown_keys keys = {0};
	struct reading r = {&keys, problems, private};
	enum cyg_err err = is_pem(path) ? read_pem(&r, path) : read_secrets(&r, path);

	if (err) {
		shown_keys_done(&keys);
		return err;
	}
	*ret = keys;
	return CYG_OK;
}

/* ---- a private key, whole ---- */

#define KEY_TEXT_MAX (1u << 20) /* octets of a file that is one key's */

/* The file as text, between braces of a record where it has none; wipe it. */
static bool read_record(const char *path, struct text *ret)
{
	char line[4096];
	FILE *in = fopen(path, "re");
	bool braces = false;
	struct text t = {0};

	if (!in)
		return false;
	while (fgets(line, sizeof(line), in) && t.len < KEY_TEXT_MAX) {
		braces |= strchr(line, '{') != NULL;
		text_add_str(&t, line);
	}
	secret_wipe(line, sizeof(line));
	fclose(in);
	if (!braces)
		text_add_str(ret, ": RSA {\n");
	text_add_str(ret, text_str(&t));
	if (!braces)
		text_add_str(ret, "\t}\n");
	secret_wipe(t.ptr, t.len);
	text_done(&t);
	return !ret->bad;
}

static bool copy_numbers(const struct rsa_numbers *from, struct rsa_numbers *ret)
{
	struct rsa_numbers n = {0};

	for (size_t i = 0; i < RSA_NUMBERS; i++) {
		if (!bytes_copy(&n.number[i], view_bytes(&from->number[i]))) {
			rsa_numbers_wipe(&n);
			return false;
		}
	}
	*ret = n;
	return true;
}

static enum cyg_err first_rsa(const struct secret_lines *lines, struct rsa_numbers *ret)
{
	for (size_t i = 0; i < lines->len; i++)
		if (lines->items[i].kind == SECRET_RSA)
			return copy_numbers(lines->items[i].rsa, ret) ? CYG_OK : CYG_NOMEM;
	return CYG_NOTFOUND;
}

static enum cyg_err read_rsa_pem(const char *path, struct rsa_numbers *ret)
{
	const struct bytes none = {0};
	EVP_PKEY *key = load_key(path, &none);
	enum cyg_err err = key ? hostkey_numbers(key, ret) : CYG_NOTFOUND;

	EVP_PKEY_free(key);
	return err == CYG_UNSUPPORTED ? CYG_NOTFOUND : err;
}

enum cyg_err hostkey_read_rsa(const char *path, struct rsa_numbers *ret,
			      struct problems *problems)
{
	struct secret_lines lines = {0};
	struct text record = {0};
	enum cyg_err err = CYG_IO;

	if (is_pem(path))
		return read_rsa_pem(path, ret);
	if (read_record(path, &record))
		err = secrets_parse(view_of(record.ptr, record.len), path, &lines, problems);
	if (!err)
		err = first_rsa(&lines, ret);
	secret_lines_done(&lines);
	secret_wipe(record.ptr, record.len);
	text_done(&record);
	return err;
}
