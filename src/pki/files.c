/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/files.h"

#include "base/secret.h"
#include "base/text.h"
#include "conf/input.h"
#include "crypto/crypto.h"
#include "trust/cert.h"
#include "trust/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_OCTETS_MAX 67108864 /* a list of a million revoked certificates */
#define PASSPHRASE_MAX 1024

int pki_complain(const struct pki *p, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "ipsec %s: ", p->command);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

int pki_explain(const struct pki *p, const char *path, const struct diag *why)
{
	char line[2048];

	return pki_complain(p, "%s: %s", path,
			    diag_is_set(why) ? diag_print(why, line, sizeof(line))
					     : "memory is short");
}

/* ---- reading ---- */

static bool read_input(struct bytes *ret)
{
	size_t len = 0, got;
	uint8_t *all = malloc(FILE_OCTETS_MAX);

	if (!all)
		return false;
	while ((got = fread(all + len, 1, FILE_OCTETS_MAX - len, stdin)) > 0)
		len += got;
	*ret = (struct bytes){all, len};
	return !ferror(stdin);
}

bool pki_read(const struct pki *p, const char *path, struct bytes *ret)
{
	struct input in = {.path = path};
	struct diag why;

	if (!strcmp(path, "-")) {
		if (read_input(ret))
			return true;
		pki_complain(p, "standard input can't be read");
		return false;
	}
	diag_clear(&why);
	if (!input_read(&in, false, FILE_OCTETS_MAX, ret, NULL, &why))
		return true;
	pki_complain(p, "%s", why.sentence);
	return false;
}

bool pki_read_certs(const struct pki *p, const char *path, struct cert_list *ret)
{
	struct bytes octets;
	struct diag why;
	enum cyg_err err;

	if (!pki_read(p, path, &octets))
		return false;
	diag_clear(&why);
	err = cert_read_file(p->crypto, view_bytes(&octets), ret, &why);
	bytes_done(&octets);
	if (err)
		pki_explain(p, path, &why);
	return !err;
}

static enum cyg_err open_key(const struct pki *p, const char *path, struct view octets,
			     struct key *ret, struct diag *why)
{
	char phrase[PASSPHRASE_MAX], prompt[256];
	enum cyg_err err = key_read_private(p->crypto, octets, (struct view){0}, ret, why);

	if (err != CYG_PERM || !isatty(STDIN_FILENO))
		return err;
	snprintf(prompt, sizeof(prompt), "passphrase of %.200s: ", path);
	if (!EVP_read_pw_string(phrase, sizeof(phrase), prompt, 0))
		err = key_read_private(p->crypto, octets, view_str(phrase), ret, why);
	secret_wipe(phrase, sizeof(phrase));
	return err;
}

EVP_PKEY *pki_read_key(const struct pki *p, const char *path)
{
	struct bytes octets;
	struct key key = {0};
	struct diag why;
	enum cyg_err err;

	if (!pki_read(p, path, &octets))
		return NULL;
	diag_clear(&why);
	err = open_key(p, path, view_bytes(&octets), &key, &why);
	bytes_wipe(&octets);
	if (err)
		pki_explain(p, path, &why);
	return err ? NULL : key.pkey;
}

/* ---- writing ---- */

static bool fill(int fd, struct view v)
{
	while (v.len) {
		ssize_t n = write(fd, v.ptr, v.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		v = view_of(v.ptr + n, v.len - (size_t)n);
	}
	return true;
}

static bool write_fresh(const struct pki *p, const char *path, struct view octets, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	bool well;

	if (fd < 0 && errno == EEXIST) {
		pki_complain(p,
			     "%s is there already, and a private key is not written over: "
			     "name another file, or remove this one",
			     path);
		return false;
	}
	well = fd >= 0 && fill(fd, octets);
	if (fd >= 0 && close(fd))
		well = false;
	if (!well)
		pki_complain(p, "can't write %s: %s", path, strerror(errno));
	return well;
}

/* In any form: a private key, an encrypted one, or one with its certificates. */
static bool has_private_key(struct view octets)
{
	static const char pem[] = "PRIVATE KEY-----";
	const unsigned char *at = octets.ptr;
	EVP_PKEY *key;
	X509_SIG *locked;
	PKCS12 *bundle;
	bool has;

	if (memmem(octets.ptr, octets.len, pem, strlen(pem)))
		return true;
	key = d2i_AutoPrivateKey(NULL, &at, (long)octets.len);
	at = octets.ptr;
	locked = d2i_X509_SIG(NULL, &at, (long)octets.len);
	at = octets.ptr;
	bundle = d2i_PKCS12(NULL, &at, (long)octets.len);
	has = key || locked || bundle;
	EVP_PKEY_free(key);
	X509_SIG_free(locked);
	PKCS12_free(bundle);
	ERR_clear_error();
	return has;
}

/* What is there may go: no private key is lost by it. False after a complaint. */
static bool may_go(const struct pki *p, const char *path)
{
	struct bytes there;
	bool has;

	if (!pki_read(p, path, &there))
		return false;
	has = there.len && has_private_key(view_bytes(&there));
	bytes_wipe(&there);
	if (has)
		pki_complain(p,
			     "%s holds a private key, which is not written over: name another "
			     "file, or remove this one",
			     path);
	return !has;
}

/* A device, a pipe or the like stays what it is. */
static bool write_into(const struct pki *p, const char *path, struct view octets)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool well = fd >= 0 && fill(fd, octets);

	if (fd >= 0 && close(fd))
		well = false;
	if (!well)
		pki_complain(p, "can't write to %s: %s", path, strerror(errno));
	return well;
}

/* Beside it first, so that nobody reads half of it. */
static bool put_in_place(const struct pki *p, const char *path, struct view octets, mode_t mode)
{
	char *beside = NULL;
	bool well = asprintf(&beside, "%s.XXXXXX", path) > 0;
	int fd = well ? mkostemp(beside, O_CLOEXEC) : -1;

	well = fd >= 0 && fill(fd, octets) && !fchmod(fd, mode);
	if (fd >= 0 && close(fd))
		well = false;
	if (well)
		well = !rename(beside, path);
	if (!well) {
		pki_complain(p, "can't write %s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(beside);
	}
	free(beside);
	return well;
}

/* What a link leads to is replaced, and the link stays. */
static bool replace(const struct pki *p, const char *path, struct view octets, mode_t mode)
{
	struct stat st;
	char *behind;
	bool well;

	if (stat(path, &st))
		return put_in_place(p, path, octets, mode);
	if (!S_ISREG(st.st_mode))
		return write_into(p, path, octets);
	if (!may_go(p, path))
		return false;
	behind = realpath(path, NULL);
	well = put_in_place(p, behind ? behind : path, octets, mode);
	free(behind);
	return well;
}

bool pki_write(const struct pki *p, const char *path, struct view octets, mode_t mode)
{
	if (!path || !strcmp(path, "-")) {
		if (fwrite(octets.ptr, 1, octets.len, stdout) == octets.len && !fflush(stdout))
			return true;
		pki_complain(p, "can't write to standard output: %s", strerror(errno));
		return false;
	}
	return mode & 077 ? replace(p, path, octets, mode) : write_fresh(p, path, octets, mode);
}

bool pki_read_authority(const struct pki *p, const char *cert, const char *key,
			struct authority_files *ret)
{
	bool fits;

	*ret = (struct authority_files){.key = NULL};
	if (!pki_read_certs(p, cert, &ret->certs))
		return false;
	ret->key = pki_read_key(p, key);
	if (!ret->key)
		return false;
	fits = X509_check_private_key(ret->certs.items[0].x, ret->key) == 1;
	ERR_clear_error();
	if (!fits)
		pki_complain(p, "%s is not the private key of %s", key, cert);
	return fits;
}

void authority_files_done(struct authority_files *a)
{
	EVP_PKEY_free(a->key);
	cert_list_done(&a->certs);
	*a = (struct authority_files){.key = NULL};
}
