/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a responder's proofs by certificate cost in trust alone, as a multiple of the bare
 * arithmetic (one signature, two verifications): bench/proof_bench [COUNT [KIND]].
 */
#include "bench/clock.h"
#include "crypto/crypto.h"
#include "trust/sig.h"
#include "trust/trust.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT 200
#define OCTETS_MAX 512 /* of a signature */
#define NOW time(NULL)

static const struct kind {
	const char *name, *type, *detail;
	size_t bits;
} kinds[] = {
	{"P-256", "EC", "P-256", 0},
	{"Ed25519", "ED25519", NULL, 0},
	{"RSA-2048", "RSA", NULL, 2048},
	{"RSA-3072", "RSA", NULL, 3072},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void must(int well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "proof_bench: %s failed\n", what);
	exit(1);
}

static EVP_PKEY *make_key(const struct kind *k)
{
	if (k->bits)
		return EVP_RSA_gen((unsigned)k->bits);
	return EVP_PKEY_Q_keygen(NULL, NULL, k->type, k->detail);
}

/* ---- the bare arithmetic, with everything made ready as openssl speed has it ---- */

static EVP_PKEY_CTX *ready(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	must(ctx && init(ctx) == 1, "EVP_PKEY_CTX_new");
	return ctx;
}

static double bare_edwards(EVP_PKEY *key, int count)
{
	uint8_t hash[32] = {1}, sig[OCTETS_MAX];
	size_t len = sizeof(sig);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	double start = cpu_now(), took;

	for (int i = 0; i < count; i++) {
		len = sizeof(sig);
		EVP_DigestSignInit(sign, NULL, NULL, NULL, key);
		must(EVP_DigestSign(sign, sig, &len, hash, sizeof(hash)) == 1, "sign");
		EVP_DigestVerifyInit(verify, NULL, NULL, NULL, key);
		for (int n = 0; n < 2; n++)
			must(EVP_DigestVerify(verify, sig, len, hash, sizeof(hash)) == 1,
			     "verify");
	}
	took = cpu_now() - start;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return took / count;
}

static double bare(EVP_PKEY *key, int count)
{
	uint8_t hash[32] = {1}, sig[OCTETS_MAX];
	size_t len = sizeof(sig);
	EVP_PKEY_CTX *sign, *verify;
	double start, took;

	if (EVP_PKEY_is_a(key, "ED25519"))
		return bare_edwards(key, count);
	sign = ready(key, EVP_PKEY_sign_init);
	verify = ready(key, EVP_PKEY_verify_init);
	start = cpu_now();
	for (int i = 0; i < count; i++) {
		len = sizeof(sig);
		must(EVP_PKEY_sign(sign, sig, &len, hash, sizeof(hash)) == 1, "sign");
		for (int n = 0; n < 2; n++)
			must(EVP_PKEY_verify(verify, sig, len, hash, sizeof(hash)) == 1,
			     "verify");
	}
	took = cpu_now() - start;
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_CTX_free(verify);
	return took / count;
}

/* ---- certificates ---- */

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(e && X509_add_ext(x, e, -1) == 1, "X509_add_ext");
	X509_EXTENSION_free(e);
}

static struct view make_cert(int number, X509 **root, EVP_PKEY *own, EVP_PKEY *key)
{
	X509 *x = X509_new();
	const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
	unsigned char *der = NULL;
	char name[32];
	int len;

	snprintf(name, sizeof(name), "DNS:peer%d.example", number);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), number + 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (unsigned char *)(*root ? "peer" : "root"), -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(*root ? *root : x));
	X509_set_pubkey(x, own);
	extend(x, x, NID_basic_constraints, *root ? "critical,CA:FALSE" : "critical,CA:TRUE");
	extend(x, x, NID_subject_key_identifier, "hash");
	if (*root) {
		extend(x, *root, NID_authority_key_identifier, "keyid");
		extend(x, x, NID_subject_alt_name, name);
	}
	must(X509_sign(x, key, md) > 0, "X509_sign");
	len = i2d_X509(x, &der);
	if (!*root)
		*root = x;
	else
		X509_free(x);
	return view_of(der, (size_t)len);
}

/* ---- proofs ---- */

struct ends {
	struct trust *trust;
	struct connection *connection;
	struct view *certs; /* of the peers */
	struct bytes proof; /* all peers have one key */
	const struct ident *us;
	uint8_t method;
};

static struct auth_request request_of(const struct ends *e, int end)
{
	return (struct auth_request){
		.connection = e->connection,
		.end = (uint8_t)end,
		.prf = 5,
		.message = view_str("message"),
		.nonce = view_str("nonce"),
		.maced_id = view_str("maced id"),
		.hashes = SIG_HASH_SHA2_256 | SIG_HASH_IDENTITY,
	};
}

static void make_proof(struct ends *e, bool keep)
{
	struct action a = {.kind = ACT_AUTH_MAKE, .op = 1, .auth = request_of(e, 0)};
	struct trust_reply reply;

	a.auth.local = a.auth.remote = e->us;
	a.auth.asked_for_cert = true;
	trust_ask(e->trust, &a, NOW, &reply);
	must(!reply.answer.err, reply.why.sentence);
	if (keep) {
		must(bytes_copy(&e->proof, reply.answer.auth.data), "bytes_copy");
		e->method = reply.answer.auth.method;
	}
	trust_reply_done(&reply);
}

static void check_proof(struct ends *e, int number)
{
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 1, .auth = request_of(e, 0)};
	struct auth_cert sent = {CERT_X509, e->certs[number]};
	struct trust_job *j;
	char name[40];

	snprintf(name, sizeof(name), "@peer%d.example", number + 1);
	must(!ident_parse(name, &a.auth.remote, NULL), "ident_parse");
	a.auth.local = e->us;
	a.auth.method = e->method;
	a.auth.data = view_bytes(&e->proof);
	a.auth.certs = &sent;
	a.auth.certs_len = 1;
	j = trust_begin(e->trust, &a, NOW);
	must(j != NULL, "trust_begin");
	trust_job_work(j);
	must(trust_job_settle(e->trust, j, NOW) && trust_job_reply(j)->answer.auth.valid,
	     trust_job_reply(j)->why.sentence);
	trust_job_free(j);
	ident_unref(a.auth.remote);
}

/* One handshake with each peer. */
static double meet(struct ends *e, int count)
{
	double start = cpu_now();

	for (int i = 0; i < count; i++) {
		check_proof(e, i);
		make_proof(e, false);
	}
	return (cpu_now() - start) / count;
}

static void set_up(struct ends *e, EVP_PKEY *key, struct view own)
{
	struct secret_set *secrets = secret_set_new();
	struct secret_record record = {.kind = SECRET_KEYFILE,
				       .key = SECRET_KEY_PKCS8,
				       .line = 1};
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(key, &der);

	must(secrets && len > 0, "secret_set_new");
	record.name = strdup("key");
	must(!secret_set_add(secrets, &record, "secrets"), "secret_set_add");
	trust_set_secrets(e->trust, secrets, NOW);
	must(!trust_add_key(e->trust, secret_set_at(trust_secrets(e->trust), 0),
			    view_of(der, (size_t)len), (struct view){0}, NOW, NULL),
	     "trust_add_key");
	must(!trust_put_cert(e->trust, "own", own, NOW, NULL), "trust_put_cert");
	OPENSSL_free(der);
	e->connection = connection_new("bench");
	e->connection->auth = AUTH_PUBKEY;
	e->connection->end[0].cert = strdup("own");
	must(!ident_parse("@peer0.example", &e->us, NULL), "ident_parse");
}

static void measure_kind(struct crypto *crypto, const struct kind *k, int count)
{
	EVP_PKEY *ca = make_key(k), *key = make_key(k);
	struct ends e = {.trust = trust_new(crypto),
			 .certs = calloc((size_t)count, sizeof(struct view))};
	X509 *root = NULL;
	struct view root_der = make_cert(-1, &root, ca, ca), own = make_cert(0, &root, key, ca);
	double first, again, least;

	must(!trust_read_cacert(e.trust, "ca", root_der, NOW, NULL) &&
		     !trust_take_cacerts(e.trust),
	     "trust_read_cacert");
	for (int i = 0; i < count; i++)
		e.certs[i] = make_cert(i + 1, &root, key, ca);
	set_up(&e, key, own);
	make_proof(&e, true);
	least = bare(key, count);
	first = meet(&e, count);
	again = meet(&e, count);
	printf("%-10s bare %7.1f us; a peer's first time %7.1f us, %.2f times; again %7.1f us, %.2f times\n",
	       k->name, 1e6 * least, 1e6 * first, first / least, 1e6 * again, again / least);
	X509_free(root);
	for (int i = 0; i < count; i++)
		OPENSSL_free((void *)e.certs[i].ptr);
	free(e.certs);
	OPENSSL_free((void *)root_der.ptr);
	OPENSSL_free((void *)own.ptr);
	connection_unref(e.connection);
	ident_unref(e.us);
	bytes_done(&e.proof);
	trust_free(e.trust);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca);
}

int main(int argc, char **argv)
{
	int count = (int)count_argument(argc, argv, 1, COUNT, 1000000);
	struct crypto *crypto = crypto_new(NULL);

	for (size_t i = 0; i < KINDS; i++)
		if (argc < 3 || !strcmp(argv[2], kinds[i].name))
			measure_kind(crypto, &kinds[i], count);
	crypto_free(crypto);
	return 0;
}
