/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the colon of a record: one reader for each kind of secret. */
#include "conf/secrets_scan.h"
#include "conn/connection.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PSK_WEAK 8          /* a shared key under this many octets gets a warning */
#define NT_HASH_LEN 16      /* octets */
#define RSA_NUMBER_MAX 2048 /* octets: a modulus of 16,384 bits */
#define GOOD_SECRET "openssl rand -base64 32  makes a good one"
#define TEXT_FORMS \
	"write it in quotes on one line, or as 0x... (hex), 0s... (base64), 0t... (text)"

static bool refuse(struct secrets_scan *s, unsigned line, const char *hint,
		   const char *sentence)
{
	secrets_complain(s->p, PROBLEM_ERROR, line, hint, sentence);
	return false;
}

static bool refuse_token(struct secrets_scan *s, const struct token *t, const char *hint,
			 const char *sentence)
{
	secrets_complain_at(s->p, PROBLEM_ERROR, t, hint, sentence);
	return false;
}

static bool short_of_memory(struct secrets_scan *s)
{
	s->p->err = CYG_NOMEM;
	return false;
}

/* The octets of a token; what can't be read is refused in these words. */
static bool decode(struct secrets_scan *s, const struct token *t, struct bytes *ret,
		   const char *hint, const char *sentence)
{
	enum cyg_err err;

	/* Nobody types one: the file is damaged, or another tool would read less of it. */
	if (t->kind == TOKEN_QUOTED && memchr(t->ptr, 0, t->len))
		return refuse_token(s, t, "write it as 0x and hexadecimal digits if it is meant",
				    "an octet of value 0 is in the quotes");
	err = token_decode(t, ret);
	if (err == CYG_NOMEM)
		return short_of_memory(s);
	return !err || refuse_token(s, t, hint, sentence);
}

/* The secret itself, quoted or as 0x, 0s, 0t. */
static bool read_value(struct secrets_scan *s, struct secret_record *r)
{
	struct token t = secrets_token(s, true);

	return decode(s, &t, &r->value, TEXT_FORMS, "the secret itself can't be read");
}

static bool read_psk(struct secrets_scan *s, struct secret_record *r)
{
	if (!read_value(s, r))
		return false;
	if (!r->value.len)
		return refuse(s, r->line, GOOD_SECRET, "the secret is empty");
	if (r->value.len < PSK_WEAK)
		secrets_complain(s->p, PROBLEM_WARNING, r->line, GOOD_SECRET,
				 "this pre-shared key is short enough to be guessed");
	return true;
}

static bool read_password(struct secrets_scan *s, struct secret_record *r)
{
	if (!read_value(s, r))
		return false;
	return r->value.len || refuse(s, r->line, NULL, "the password is empty");
}

static bool read_nt_hash(struct secrets_scan *s, struct secret_record *r)
{
	if (!read_value(s, r))
		return false;
	return r->value.len == NT_HASH_LEN ||
	       refuse(s, r->line,
		      "write the hash as 0x and 32 hexadecimal digits, or the password as EAP",
		      "an NT hash has 16 octets");
}

/* A file, a card or an id: a word or quoted text. */
static bool read_name(struct secrets_scan *s, struct secret_record *r, const char *missing)
{
	struct token t = secrets_token(s, false);

	if ((t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED) || !t.len ||
	    memchr(t.ptr, 0, t.len))
		return refuse_token(s, &t, NULL, missing);
	r->name = token_text(&t);
	return r->name || short_of_memory(s);
}

static bool read_ppk(struct secrets_scan *s, struct secret_record *r)
{
	if (!read_name(s, r, "the id of the post-quantum key is missing: PPKS \"id\" SECRET"))
		return false;
	if (!read_value(s, r))
		return false;
	return r->value.len || refuse(s, r->line, GOOD_SECRET, "the secret is empty");
}

/* ---- keys in files and on cards ---- */

/* Nothing, %prompt, or the words that open what was named. */
static bool read_opener(struct secrets_scan *s, struct secret_record *r, bool bare_digits)
{
	struct token t = secrets_token(s, true);
	size_t digits = 0;

	if (t.kind == TOKEN_END)
		return true;
	if (token_is(&t, "%prompt")) {
		r->prompt = true;
		return true;
	}
	while (t.kind == TOKEN_WORD && digits < t.len && isdigit((unsigned char)t.ptr[digits]))
		digits++;
	if (bare_digits && digits && digits == t.len)
		t.kind = TOKEN_QUOTED;
	return decode(s, &t, &r->value, TEXT_FORMS ", or %prompt",
		      bare_digits ? "the PIN can't be read" : "the passphrase can't be read");
}

static bool read_key_file(struct secrets_scan *s, struct secret_record *r)
{
	return read_name(s, r, "the name of the key's file is missing") &&
	       read_opener(s, r, false);
}

static bool read_pin(struct secrets_scan *s, struct secret_record *r)
{
	unsigned line;

	if (!read_name(s, r, "the card is missing: PIN %smartcard:ID \"the PIN\""))
		return false;
	if (strncmp(r->name, "%smartcard", 10) && strncmp(r->name, "pkcs11:", 7))
		return refuse(s, r->line,
			      "write  PIN %smartcard:ID \"the PIN\"  or a pkcs11: URI",
			      "a PIN is for a %smartcard or a pkcs11: URI");
	if (connection_name_has_pin(r->name))
		return refuse(s, r->line,
			      "take it out of the URI, and write it behind it in quotes",
			      "a PIN in a pkcs11: URI (pin-value, pin-source) is not taken: "
			      "names are shown");
	line = s->line;
	if (!read_opener(s, r, true))
		return false;
	return r->prompt || r->value.len ||
	       refuse(s, line, "write it in quotes, or %prompt", "the PIN is missing");
}

/* ---- an RSA key written out ---- */

static const char *const rsa_names[RSA_NUMBERS] = {
	[RSA_MODULUS] = "Modulus",
	[RSA_PUBLIC_EXPONENT] = "PublicExponent",
	[RSA_PRIVATE_EXPONENT] = "PrivateExponent",
	[RSA_PRIME1] = "Prime1",
	[RSA_PRIME2] = "Prime2",
	[RSA_EXPONENT1] = "Exponent1",
	[RSA_EXPONENT2] = "Exponent2",
	[RSA_COEFFICIENT] = "Coefficient",
};

/* The word before a number; its colon is passed over. */
static struct token rsa_name(struct secrets_scan *s)
{
	struct token t = secrets_token(s, false);
	struct secrets_scan before = *s;

	if (t.kind == TOKEN_WORD && !token_is(&t, "}") &&
	    secrets_token(s, false).kind != TOKEN_COLON)
		*s = before;
	return t;
}

static bool rsa_number(struct secrets_scan *s, struct bytes *ret)
{
	struct token t = secrets_token(s, false);

	if (!decode(s, &t, ret, "write 0x and hexadecimal digits",
		    "a number of the RSA key can't be read"))
		return false;
	return ret->len <= RSA_NUMBER_MAX ||
	       refuse_token(s, &t, NULL, "a number of the RSA key is too long");
}

/* What stands where the name of number `i` should be. */
static bool refuse_rsa_name(struct secrets_scan *s, const struct token *t, size_t i)
{
	char sentence[96] = "the RSA key lacks ";

	if (token_is(t, "CKAIDNSS"))
		return refuse_token(
			s, t, "export it with pk12util, and name the file in a P12 record",
			"the private half of this RSA key lies in an NSS database, which "
			"is not read");
	strcat(sentence, rsa_names[i]);
	return refuse_token(
		s, t,
		"its numbers stand in the order Modulus PublicExponent PrivateExponent "
		"Prime1 Prime2 Exponent1 Exponent2 Coefficient, the } indented",
		sentence);
}

static bool read_rsa_block(struct secrets_scan *s, struct secret_record *r)
{
	struct bytes unused = {0};
	struct token t;

	r->kind = SECRET_RSA;
	r->rsa = calloc(1, sizeof(*r->rsa));
	if (!r->rsa)
		return short_of_memory(s);
	for (size_t i = 0; i < RSA_NUMBERS; i++) {
		t = rsa_name(s);
		if (!token_is(&t, rsa_names[i]))
			return refuse_rsa_name(s, &t, i);
		if (!rsa_number(s, &r->rsa->number[i]))
			return false;
	}
	t = rsa_name(s);
	if (token_is(&t, "CKAIDNSS")) {
		if (!rsa_number(s, &unused))
			return false;
		bytes_done(&unused);
		t = rsa_name(s);
	}
	return token_is(&t, "}") ||
	       refuse_token(s, &t, "a line that goes on with a record begins with white space",
			    "the } of the RSA key is missing");
}

static bool read_rsa(struct secrets_scan *s, struct secret_record *r)
{
	struct secrets_scan before = *s;
	struct token t = secrets_token(s, false);

	if (token_is(&t, "{"))
		return read_rsa_block(s, r);
	*s = before;
	return read_key_file(s, r);
}

/* ---- the kinds ---- */

static const struct kind {
	const char *word;
	uint8_t kind, key;
	bool (*read)(struct secrets_scan *s, struct secret_record *r); /* NULL: left out */
	const char *why;
} kinds[] = {
	{"PSK", SECRET_PSK, 0, read_psk, NULL},
	{"XAUTH", SECRET_XAUTH, 0, read_password, NULL},
	{"EAP", SECRET_EAP, 0, read_password, NULL},
	{"RADIUS", SECRET_RADIUS, 0, read_password, NULL},
	{"NTLM", SECRET_NTLM, 0, read_nt_hash, NULL},
	{"PPKS", SECRET_PPK, 0, read_ppk, NULL},
	{"PPK", SECRET_PPK, 0, read_ppk, NULL},
	{"PPKF", SECRET_PPK, 0, NULL, "write the key itself: PPKS \"id\" SECRET"},
	{"RSA", SECRET_KEYFILE, SECRET_KEY_RSA, read_rsa, NULL},
	{"ECDSA", SECRET_KEYFILE, SECRET_KEY_ECDSA, read_key_file, NULL},
	{"PKCS8", SECRET_KEYFILE, SECRET_KEY_PKCS8, read_key_file, NULL},
	{"P12", SECRET_KEYFILE, SECRET_KEY_PKCS12, read_key_file, NULL},
	{"BLISS", SECRET_KEYFILE, 0, NULL, "no library has BLISS; use another key"},
	{"PIN", SECRET_PIN, 0, read_pin, NULL},
};

#define KINDS_LEN (sizeof(kinds) / sizeof(kinds[0]))

static bool is_used(const struct secret_record *r)
{
	return r->kind == SECRET_PSK || r->kind == SECRET_RSA || r->kind == SECRET_KEYFILE ||
	       r->kind == SECRET_PIN || r->kind == SECRET_PPK || r->kind == SECRET_EAP ||
	       r->kind == SECRET_NTLM || r->kind == SECRET_RADIUS;
}

/* Kinds that are read and kept, and that no method of authentication uses yet. */
static void note_unused(struct secrets_scan *s, const struct secret_record *r)
{
	struct diag d;

	diag_set(&d, "secrets-kind", NULL, "a secret of kind %s is read, and not used",
		 secret_record_word(r));
	diag_place(&d, s->p->input->path, r->line, 1);
	diag_hint(
		&d,
		"this version authenticates by pre-shared keys, private keys and passwords of EAP");
	problems_add(s->p->problems, PROBLEM_NOTE, &d);
}

static bool read_kind(struct secrets_scan *s, const struct kind *k, struct secret_record *r)
{
	struct token t;

	if (!k->read) {
		secrets_complain(s->p, PROBLEM_WARNING, r->line, k->why,
				 "a secret of this kind is left out");
		return false;
	}
	r->kind = k->kind;
	r->key = k->key;
	if (!k->read(s, r))
		return false;
	t = secrets_token(s, false);
	if (t.kind != TOKEN_END)
		/* its column would tell how long the secret is */
		return refuse(s, t.line,
			      "indent continuation lines, and begin each record in column 1",
			      "something follows the secret");
	if (!is_used(r))
		note_unused(s, r);
	return true;
}

bool secrets_read_data(struct secrets_scan *s, struct secret_record *r)
{
	struct secrets_scan before = *s;
	struct token t = secrets_token(s, true);

	if (t.kind == TOKEN_QUOTED) { /* Openswan: no kind means PSK */
		*s = before;
		return read_kind(s, &kinds[0], r);
	}
	for (size_t i = 0; i < KINDS_LEN; i++)
		if (token_is(&t, kinds[i].word))
			return read_kind(s, &kinds[i], r);
	return refuse_token(s, &t, "write  : PSK \"the secret\"",
			    "behind the colon stands no kind of secret");
}
