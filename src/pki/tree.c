/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tree.h"

#include "pki/put.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	mode_t mode;
} folders[] = {
	{"", 0755},
	{"/ipsec.d", 0755},
	{"/ipsec.d/cacerts", 0755},
	{"/ipsec.d/certs", 0755},
	{"/ipsec.d/private", 0700},
};

#define NAME_LEN_MAX 200 /* a file's, with its ending, and a record's of it */

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool make_folders(const struct pki *p, const char *folder)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[2048];

		snprintf(path, sizeof(path), "%s%s", folder, folders[i].name);
		if (mkdir(path, folders[i].mode) && errno != EEXIST) {
			pki_complain(p, "can't make the folder %s: %s", path, strerror(errno));
			return false;
		}
	}
	return true;
}

/* Certificates one behind the other, as PEM. */
static bool put_pem(const struct pki *p, const char *path, X509 *first,
		    const struct cert_list *more, bool anchors)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool well = bio && (!first || PEM_write_bio_X509(bio, first) == 1);
	size_t n = 0;
	char *text;
	long len;

	for (size_t i = 0; well && i < more->len; i++) {
		if (cert_is_self_issued(&more->items[i]) != anchors)
			continue;
		well = PEM_write_bio_X509(bio, more->items[i].x) == 1;
		n++;
	}
	if (well && anchors && !n) /* the root is not there: who issued it is believed */
		well = PEM_write_bio_X509(bio, more->items[0].x) == 1;
	len = well ? BIO_get_mem_data(bio, &text) : 0;
	well = well && pki_write(p, path, view_of(text, (size_t)len), 0644);
	BIO_free(bio);
	return well;
}

/* "FOLDER/ipsec.d/PLACENAME", with the ending .pem if it has none like it. */
static bool path_in(char path[2048], const char *folder, const char *place, const char *name,
		    const char *ending)
{
	int n = snprintf(path, 2048, "%s/ipsec.d/%s%s%s", folder, place, name, ending);

	return n > 0 && n < 2048;
}

/* A certificate is renewed for the key that is there already. */
static bool is_there(const struct pki *p, const char *path, const char *key_file, EVP_PKEY *key)
{
	EVP_PKEY *there = key_file && !access(path, F_OK) ? pki_read_key(p, path) : NULL;
	bool same = there && EVP_PKEY_eq(there, key) == 1;

	EVP_PKEY_free(there);
	return same;
}

static bool write_key(const struct pki *p, const char *folder, const char *name,
		      const char *key_file, EVP_PKEY *key)
{
	char path[2048], record[256];
	int n = snprintf(record, sizeof(record), ": PKCS8 \"%s.pem\"\n", name);
	bool renewed;

	if (n <= 0 || n >= (int)sizeof(record) ||
	    !path_in(path, folder, "private/", name, ".pem"))
		return false;
	renewed = is_there(p, path, key_file, key);
	if (!renewed && !put_key(p, &(struct output){path, NULL}, key))
		return false;
	if (!path_in(path, folder, "", name, ".secrets"))
		return false;
	/* Its record may have a passphrase by now. */
	return (renewed && !access(path, F_OK)) ||
	       pki_write(p, path, view_of(record, (size_t)n), 0600);
}

bool tree_write(const struct pki *p, const char *folder, const char *key_file, EVP_PKEY *key,
		X509 *x, const struct cert_list *cas, const char *cacert)
{
	char plain[1024], path[2048];
	const char *name;
	size_t len;

	snprintf(plain, sizeof(plain), "%s", folder);
	len = strlen(plain);
	while (len > 1 && plain[len - 1] == '/')
		plain[--len] = '\0';
	name = last_name(plain);
	if (!*name || strspn(name, ".") == strlen(name) || strpbrk(name, "\" \\") ||
	    strlen(name) > NAME_LEN_MAX || strlen(folder) >= sizeof(plain)) {
		pki_complain(p, "--host %s is no folder to name files by", folder);
		return false;
	}
	return make_folders(p, plain) && (!key || write_key(p, plain, name, key_file, key)) &&
	       path_in(path, plain, "certs/", name, ".pem") &&
	       put_pem(p, path, x, cas, false) &&
	       path_in(path, plain, "cacerts/", last_name(cacert), "") &&
	       put_pem(p, path, NULL, cas, true);
}
