/* SPDX-License-Identifier: Apache-2.0 */
/* ipsec-newhostkey: a new key in a file of its own, and how to name it. */
#include "ipsec/args.h"
#include "ipsec/hostkey.h"
#include "ipsec/output.h"
#include "ipsec/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PASSWORD_MAX 255 /* octets */

struct options {
	const char *output, *pem, *bits, *type, *host, *password;
	bool quiet, verbose;
	const char *unused;
};

static int complain(const char *what, const char *path)
{
	fprintf(stderr, "ipsec newhostkey: %s %s: %s\n", what, path, strerror(errno));
	return 1;
}

/*
 * A file of mode 0600 that is new or empty; NULL after a complaint. What others could open
 * before its mode was set is refused.
 */
static FILE *open_output(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	FILE *out;

	if (fd < 0 || fstat(fd, &st)) {
		complain("can't write", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size) {
		fprintf(stderr, "ipsec newhostkey: %s %s: it is left as it is\n", path,
			S_ISREG(st.st_mode) ? "is not empty" : "is no file");
		fprintf(stderr, "ipsec newhostkey: name another file, or remove this one\n");
		close(fd);
		return NULL;
	}
	out = fchmod(fd, 0600) ? NULL : fdopen(fd, "w");
	if (!out) {
		complain("can't write", path);
		close(fd);
	}
	return out;
}

static bool write_record(EVP_PKEY *key, const char *host, FILE *out)
{
	struct rsa_numbers n;
	bool well;

	if (hostkey_numbers(key, &n))
		return false;
	fputs(": RSA\t{\n", out);
	well = hostkey_print_block(&n, host, out);
	/* A brace in column 1 would begin a record. */
	fputs("\t}\n# leave the blank before the brace\n", out);
	rsa_numbers_wipe(&n);
	return well && !ferror(out);
}

/* ---- which key ---- */

static EVP_PKEY *make_key(const struct options *o)
{
	bool ec = o->type && !strcmp(o->type, "ecdsa");
	uint64_t bits = ec ? 256 : HOSTKEY_BITS_DEFAULT;
	EVP_PKEY *key;

	if (o->bits && (!text_number(o->bits, 256, HOSTKEY_BITS_MAX, &bits) ||
			(!ec && (bits < HOSTKEY_BITS_MIN || bits % 8)))) {
		fprintf(stderr,
			"ipsec newhostkey: --bits %s can't be used; an RSA key has %d to "
			"%d, a multiple of 8, an ECDSA key 256, 384 or 521\n",
			o->bits, HOSTKEY_BITS_MIN, HOSTKEY_BITS_MAX);
		return NULL;
	}
	if (o->verbose)
		fprintf(stderr, "ipsec newhostkey: making a key of %u bits\n", (unsigned)bits);
	key = ec ? hostkey_make_ec((unsigned)bits) : hostkey_make_rsa((unsigned)bits);
	if (!key)
		fprintf(stderr, "ipsec newhostkey: no such key can be made\n");
	return key;
}

static bool check(const struct options *o)
{
	const char *wrong = NULL;

	if (!o->output == !o->pem)
		wrong = "one of --output FILE and --pem NAME says where the key goes";
	else if (o->type && strcmp(o->type, "rsa") != 0 && strcmp(o->type, "ecdsa") != 0)
		wrong = "--type is rsa or ecdsa";
	else if (o->password && (!*o->password || strlen(o->password) > PASSWORD_MAX))
		wrong = "--password has 1 to 255 characters";
	else if (o->output && o->type && !strcmp(o->type, "ecdsa"))
		wrong = "an ECDSA key can't be written into ipsec.secrets: use --pem NAME";
	if (wrong)
		fprintf(stderr,
			"ipsec newhostkey: %s\nipsec newhostkey: --help tells how it is "
			"used\n",
			wrong);
	return !wrong;
}

/* ---- where it goes ---- */

/* In PEM, encrypted where a password is given. */
static bool write_pem_key(const struct options *o, EVP_PKEY *key, FILE *out)
{
	const EVP_CIPHER *cipher = o->password ? EVP_aes_256_cbc() : NULL;
	int len = o->password ? (int)strlen(o->password) : 0;

	return PEM_write_PKCS8PrivateKey(out, key, cipher, o->password, len, NULL, NULL) == 1;
}

static int write_to(const struct options *o, EVP_PKEY *key, const char *path, const char *host)
{
	bool to_stdout = !strcmp(path, "-"), well;
	FILE *out = to_stdout ? stdout : open_output(path);

	if (!out)
		return 1;
	if (o->pem)
		well = write_pem_key(o, key, out);
	else
		well = write_record(key, host, out);
	if (to_stdout ? fflush(out) : fclose(out))
		well = false;
	return well ? 0 : complain("can't write", path);
}

static int write_pem(const struct options *o, EVP_PKEY *key, const struct paths *p)
{
	char path[2048], folder[1100];
	int status;

	if (strchr(o->pem, '/')) {
		snprintf(path, sizeof(path), "%s", o->pem);
	} else if (!paths_join(folder, sizeof(folder), p->confs, "ipsec.d/private") ||
		   !paths_join(path, sizeof(path), folder, o->pem)) {
		errno = ENAMETOOLONG;
		return complain("can't write", o->pem);
	}
	status = write_to(o, key, path, "");
	if (!status && !o->quiet)
		printf("# written to %s; name it in ipsec.secrets%s:\n: %s %s%s\n", path,
		       o->password ? ", with its password" : "",
		       EVP_PKEY_is_a(key, "RSA") ? "RSA" : "ECDSA", o->pem,
		       o->password ? " \"...\"" : "");
	return status;
}

static int run(const struct options *o, const struct paths *p)
{
	struct utsname names;
	EVP_PKEY *key;
	int status;

	if (!check(o))
		return EXIT_USAGE;
	if (o->output && o->password && !o->quiet)
		fprintf(stderr, "ipsec newhostkey: --password has no effect: a record of "
				"ipsec.secrets is not encrypted; --pem NAME is\n");
	key = make_key(o);
	if (!key)
		return EXIT_USAGE;
	if (o->pem)
		status = write_pem(o, key, p);
	else
		status = write_to(o, key, o->output,
				  o->host         ? o->host
				  : uname(&names) ? ""
						  : names.nodename);
	EVP_PKEY_free(key);
	return status;
}

static int newhostkey_main(int argc, char **argv)
{
	struct options o = {0};
	const struct arg_option options[] = {
		{"output", "FILE", &o.output,
		 "write a record for ipsec.secrets (- for standard output)"},
		{"pem", "NAME", &o.pem,
		 "write PEM into ipsec.d/private (a path with / as it is)"},
		{"bits", "N", &o.bits, "size: 3072 for RSA, 256 for ECDSA"},
		{"type", "WORD", &o.type, "rsa, ecdsa"},
		{"password", "TEXT", &o.password, "encrypt the PEM file with it"},
		{"hostname", "NAME", &o.host, "name the host in the comment"},
		{"quiet", NULL, &o.quiet, "say nothing when all is well"},
		{"verbose", NULL, &o.verbose, "tell what is being done"},
		/* Of other programs of this name: there is no key store here. */
		{"configdir", "DIR", &o.unused, NULL},
		{"nssdir", "DIR", &o.unused, NULL},
		{0},
	};
	const struct arg_rules rules = {
		.command = "newhostkey",
		.synopsis = "--output FILE | --pem NAME [option ...]",
		.options = options,
		.doc = "Make a key for this host in a new file that its owner alone can read.\n"
		       "A file that is not empty is left as it is. showhostkey prints the public "
		       "part.\n",
	};
	struct paths paths;
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	return paths_find(&paths) ? run(&o, &paths) : 1;
}

int main(int argc, char **argv)
{
	return output_end(newhostkey_main(argc, argv));
}
