/* SPDX-License-Identifier: Apache-2.0 */
#include "token/name.h"

#include "base/text.h"
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#define CARD "%smartcard"

bool token_is_name(const char *text)
{
	return text && (!strncmp(text, CARD, strlen(CARD)) || !strncmp(text, "pkcs11:", 7));
}

static enum cyg_err refuse(const char *text, struct diag *why, const char *sentence)
{
	diag_set(why, "token-name", "RFC 7512 2.3", "%s", sentence);
	diag_wanted(why, "%s", "pkcs11:token=LABEL;object=NAME or " CARD "[#SLOT][:ID in hex]");
	diag_got(why, "%.200s", text);
	return CYG_MALFORMED;
}

static enum cyg_err parse_uri(const char *text, struct token_name *n, struct diag *why)
{
	bool well, pin;

	n->uri = p11_kit_uri_new();
	if (!n->uri)
		return CYG_NOMEM;
	well = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, n->uri) == P11_KIT_URI_OK;
	pin = p11_kit_uri_get_pin_value(n->uri) || p11_kit_uri_get_pin_source(n->uri);
	if (well && !pin && !p11_kit_uri_any_unrecognized(n->uri))
		return CYG_OK;
	p11_kit_uri_free(n->uri);
	n->uri = NULL;
	if (pin)
		return refuse("one with a PIN in it", why,
			      "a pkcs11: URI holds no pin-value or pin-source: the PIN belongs "
			      "to ipsec.secrets");
	return refuse(text, why, "the pkcs11: URI can't be read");
}

/* "@MODULE", as p11-kit calls it, or its file. False: it has no name, or a long one. */
static bool parse_module(const char *text, size_t len, struct token_name *n)
{
	if (!len || len >= sizeof(n->module))
		return false;
	memcpy(n->module, text, len);
	n->module[len] = '\0';
	return true;
}

/* "[#]N[@MODULE]". False: it is none. */
static bool parse_slot(const char *text, size_t len, struct token_name *n)
{
	const char *module = memchr(text, '@', len);
	char number[12];
	uint64_t slot;

	if (module && !parse_module(module + 1, len - (size_t)(module + 1 - text), n))
		return false;
	len = module ? (size_t)(module - text) : len;
	if (len && *text == '#') {
		text++;
		len--;
	}
	if (!len || len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	number[len] = '\0';
	if (!text_number(number, 0, 1000, &slot))
		return false;
	n->slot = (unsigned)slot;
	return true;
}

static bool parse_card(const char *at, struct token_name *n)
{
	size_t len = strcspn(at, ":");

	if (len && !parse_slot(at, len, n))
		return false;
	at += len;
	return !*at || (hex_decode(at + 1, n->id, sizeof(n->id), &n->id_len) && n->id_len);
}

enum cyg_err token_name_parse(const char *text, struct token_name *ret, struct diag *why)
{
	struct token_name n = {.slot = TOKEN_SLOT_ANY};
	enum cyg_err err = CYG_OK;

	if (!token_is_name(text))
		err = refuse(text, why, "that names no token");
	else if (*text == 'p')
		err = parse_uri(text, &n, why);
	else if (!parse_card(text + strlen(CARD), &n))
		err = refuse(text, why, "the smartcard's name can't be read");
	if (!err)
		*ret = n;
	return err;
}

void token_name_done(struct token_name *n)
{
	p11_kit_uri_free(n->uri);
	*n = (struct token_name){0};
}
