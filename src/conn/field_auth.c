/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that say how an end proves itself: the ways it may, and its public key. */
#include "conn/field_kind.h"

#include <string.h>
#include <strings.h>

#define NO_EAP "eap-tls, eap-mschapv2 and eap-radius are built"
#define ANY_EAP "the method is left open; write eap-tls, eap-mschapv2 or eap-radius"
#define NO_XAUTH "XAUTH belongs to IKEv1"
#define NO_SCHEMES "write the kind of signature as authby= spells it, such as rsa-sha2_256"

/* What is printed is put together from the first words that fit: the wide ones come first. */
static const struct field_word auth_words[] = {
	{"pubkey", AUTH_PUBKEY},
	{"rsasig", AUTH_RSA},
	{"ecdsa", AUTH_ECDSA},
	{"secret", AUTH_SECRET},
	{"never", AUTH_NEVER},
	{"null", AUTH_NULL},
	{"rsa-sha2_256", AUTH_RSA_SHA2_256},
	{"rsa-sha2_384", AUTH_RSA_SHA2_384},
	{"rsa-sha2_512", AUTH_RSA_SHA2_512},
	{"rsa-sha1", AUTH_RSA_SHA1},
	{"ecdsa-sha2_256", AUTH_ECDSA_SHA2_256},
	{"ecdsa-sha2_384", AUTH_ECDSA_SHA2_384},
	{"ecdsa-sha2_512", AUTH_ECDSA_SHA2_512},
	{"eddsa", AUTH_EDDSA},
	{"psk", AUTH_SECRET},
	{"rsa", AUTH_RSA},
	{"rsa-sha2", AUTH_RSA},
	{"ecdsasig", AUTH_ECDSA},
	{"ecdsa-sha2", AUTH_ECDSA},
	{"any", 0, "name the methods"},
	{"ecdsa-sha1", 0, "SHA-1 is being retired"},
	{"eap-tls", AUTH_EAP_TLS},
	{"eap-mschapv2", AUTH_EAP_MSCHAPV2},
	{"eap-radius", AUTH_EAP_RADIUS},
	{"eaponly", AUTH_EAP_ONLY},
	{"eap", 0, ANY_EAP},
	{"xauth", 0, NO_XAUTH},
	{"xauthpsk", 0, NO_XAUTH},
	{"xauthrsasig", 0, NO_XAUTH},
	{NULL},
};

/* strongSwan's methods with parameters. */
static const struct field_word auth_families[] = {
	{"eap-", 0, NO_EAP},        {"xauth-", 0, NO_XAUTH}, {"ike:", 0, NO_SCHEMES},
	{"pubkey-", 0, NO_SCHEMES}, {"rsa-", 0, NO_SCHEMES}, {"ecdsa-", 0, NO_SCHEMES},
	{"bliss-", 0, NO_SCHEMES},
};

static enum cyg_err find_method(const struct field_kind *k, const char *word, uint16_t *ret,
				struct diag *why)
{
	enum cyg_err err = field_find_word(k, word, ret, why);

	for (size_t i = 0; i < sizeof(auth_families) / sizeof(auth_families[0]); i++)
		if (err == CYG_MALFORMED && strncasecmp(word, auth_families[i].word,
							strlen(auth_families[i].word)) == 0)
			return field_refuse_word(k, word, auth_families[i].refused, why);
	return err;
}

/* Beside another way, null would let anyone in. */
static enum cyg_err nothing_and_more(const char *word, const char *text, struct diag *why)
{
	diag_set(why, "auth-conflict", NULL,
		 "%s means that the end does not prove itself at all", word);
	diag_wanted(why, "%s alone, or the ways that will do", word);
	diag_got(why, "%s", text);
	return CYG_CONFLICT;
}

/* Behind the word for a secret the secret itself may stand, by mistake. */
static void hide_word(struct diag *why)
{
	diag_got(why, "a word that is not shown, as it may be the secret itself");
	diag_hint(why, "the secret stands in ipsec.secrets: @east @west : PSK \"...\"");
}

/* One way or several, of which any will do. */
static enum cyg_err set_auth(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	const char *rest = text;
	uint16_t all = AUTH_UNSET, one;
	char word[64];
	enum cyg_err err;

	while (field_next_word(&rest, "|, \t", word, sizeof(word))) {
		err = find_method(k, word, &one, why);
		if (err == CYG_MALFORMED && all & AUTH_SECRET)
			hide_word(why);
		if (err)
			return err;
		all |= one;
	}
	if (all == AUTH_UNSET)
		return field_refuse(k, CYG_MALFORMED, text, why);
	if (all & AUTH_NEVER && all != AUTH_NEVER)
		return nothing_and_more("never", text, why);
	if (all & AUTH_NULL && all != AUTH_NULL)
		return nothing_and_more("null", text, why);
	*(uint16_t *)at = all;
	return CYG_OK;
}

static bool get_auth(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	unsigned left = *(const uint16_t *)at;
	bool first = true;

	if (left == *(const uint16_t *)unset || !left)
		return false;
	for (const struct field_word *w = k->words; w->word; w++) {
		if (!w->value || (w->value & left) != w->value)
			continue;
		text_add(out, "%s%s", first ? "" : ",", w->word);
		left &= ~(unsigned)w->value;
		first = false;
	}
	return true;
}

#define AUTH_WANTED                                                                              \
	"secret, pubkey, rsasig, ecdsa, eddsa, null, never, eap-tls, eap-mschapv2, eap-radius, " \
	"or a list of kinds of signature"

const struct field_kind field_auth = {
	set_auth,
	get_auth,
	auth_words,
	.wanted = AUTH_WANTED,
};

const struct field_kind field_authby = {
	set_auth,
	get_auth,
	auth_words,
	.wanted = AUTH_WANTED,
};

/* ---- leftrsasigkey= and its other names ---- */

#define KEY_TEXT_MAX 8192 /* characters: RSA of 16,384 bits in hexadecimal digits and more */
#define KEY_WANTED                                                                           \
	"0s and base64, 0x and hexadecimal digits, the name of a file with the key, %%cert " \
	"or %%none"

static enum cyg_err refuse_key(const char *text, const char *sentence, const char *hint,
			       struct diag *why)
{
	diag_set(why, "bad-public-key", NULL, "%s", sentence);
	diag_wanted(why, KEY_WANTED);
	diag_got(why, "%.60s%s", text, strlen(text) > 60 ? "..." : "");
	if (hint)
		diag_hint(why, "%s", hint);
	return CYG_MALFORMED;
}

/* Without a word of the text: the PIN is in it. */
static enum cyg_err refuse_pin(struct diag *why)
{
	diag_set(why, "pin-in-name", "RFC 7512 2.4",
		 "a pkcs11: URI with pin-value or pin-source is not taken: it would be shown");
	diag_wanted(why, "pkcs11:token=LABEL;object=NAME");
	diag_hint(why,
		  "write the PIN into ipsec.secrets:  : PIN pkcs11:token=LABEL \"the PIN\"");
	return CYG_MALFORMED;
}

static bool is_octets(const char *text)
{
	uint8_t octets[KEY_TEXT_MAX];
	size_t len;

	return text[1] == 's' || text[1] == 'S'
		       ? base64_decode(text + 2, octets, sizeof(octets), &len)
		       : hex_decode(text + 2, octets, sizeof(octets), &len);
}

/* A long word in base64's letters alone is a key whose 0s was forgotten. */
static bool is_bare_base64(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+/=";

	return *text != '/' && strlen(text) > 64 && !text[strspn(text, letters)];
}

static enum cyg_err check_key(const char *text, struct diag *why)
{
	static const char *const words[] = {"%cert", "%dns", "%dnsonload", "%dnsondemand"};

	if (connection_name_has_pin(text))
		return refuse_pin(why);
	if (strlen(text) >= KEY_TEXT_MAX)
		return refuse_key(text, "the public key is too long", NULL, why);
	if (text[0] == '%') {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (text_same(text, words[i]) || text_same(text, "%none"))
				return CYG_OK;
		return refuse_key(text, "there is no such word for a public key", NULL, why);
	}
	if (text[0] == '0' && text[1] && strchr("sSxX", text[1]))
		return is_octets(text)
			       ? CYG_OK
			       : refuse_key(text, "the public key can't be decoded",
					    "copy it whole, as ipsec showhostkey prints "
					    "it",
					    why);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return refuse_key(text, "a file's name has no control characters", NULL,
					  why);
	if (!strncasecmp(text, "ssh:", 4))
		return refuse_key(text, "keys of SSH are not read",
				  "ssh-keygen -e -m PKCS8 writes it as PEM", why);
	if (is_bare_base64(text))
		return refuse_key(text, "the public key lacks its prefix",
				  "write 0s in front of base64", why);
	return CYG_OK;
}

static enum cyg_err set_key(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why)
{
	const char *value = strncasecmp(text, "dns:", 4) ? text : text + 4;
	enum cyg_err err = check_key(value, why);

	if (err)
		return err;
	if (text_same(value, "%none") || text_same(value, "0x00"))
		value = "";
	return field_text.set(&field_text, c, at, value, why);
}

static bool get_key(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out)
{
	return field_text.get(&field_text, at, unset, out);
}

const struct field_kind field_public_key = {set_key, get_key, .wanted = "a public key"};

/* ---- leftcert= ---- */

static enum cyg_err set_cert(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	return connection_name_has_pin(text) ? refuse_pin(why)
					     : field_text.set(&field_text, c, at, text, why);
}

const struct field_kind field_cert = {set_cert, get_key, .wanted = "a certificate"};

/* ---- eap_identity= ---- */

/* RADIUS has room for 253 octets of a name (RFC 2865 5). */
#define EAP_NAME_MAX 253

static enum cyg_err set_eap_identity(const struct field_kind *k, struct connection *c, void *at,
				     const char *text, struct diag *why)
{
	if (text_same(text, "%identity"))
		text = "%any";
	if (strlen(text) > EAP_NAME_MAX)
		return field_refuse(k, CYG_RANGE, text, why);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return field_refuse(k, CYG_MALFORMED, text, why);
	return field_text.set(&field_text, c, at, text, why);
}

const struct field_kind field_eap_identity = {
	set_eap_identity,
	get_key,
	.wanted = "a name of at most 253 characters, or %any",
};

/* One identity: whose certificate is taken must be somebody's. */
static enum cyg_err set_aaa_identity(const struct field_kind *k, struct connection *c, void *at,
				     const char *text, struct diag *why)
{
	const struct ident *id = NULL;
	enum cyg_err err = *text ? ident_parse(text, &id, why) : CYG_OK;

	if (!err && id && (id->type == ID_ANY || id->type == ID_NULL || id->wildcards))
		err = field_refuse(k, CYG_MALFORMED, text, why);
	ident_unref(id);
	return err ? err : field_text.set(&field_text, c, at, text, why);
}

const struct field_kind field_aaa_identity = {
	set_aaa_identity,
	get_key,
	.wanted = "one identity, without patterns",
};

/* ---- leftca= ---- */

static enum cyg_err set_ca(const struct field_kind *k, struct connection *c, void *at,
			   const char *text, struct diag *why)
{
	const struct ident *dn = NULL;
	enum cyg_err err;

	if (!*text || text_same(text, "%any"))
		return field_text.set(&field_text, c, at, "", why);
	if (text_same(text, "%same"))
		return field_text.set(&field_text, c, at, "%same", why);
	err = ident_parse(text, &dn, why);
	if (!err && dn->type != ID_DER_ASN1_DN)
		err = field_refuse(k, CYG_MALFORMED, text, why);
	ident_unref(dn);
	return err ? err : field_text.set(&field_text, c, at, text, why);
}

const struct field_kind field_ca = {
	set_ca,
	get_key,
	.wanted = "the authority's distinguished name (\"C=CH, O=Example, CN=Root\"), %same or "
		  "%any",
};
