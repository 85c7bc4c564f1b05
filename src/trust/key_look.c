/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key_look.h"

#include "base/der.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/pbe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define DASHES "-----"
#define PRIVATE "PRIVATE KEY"
#define LABEL_MAX 64

/* `what` follows the sentence. */
static enum cyg_err refuse(struct diag *why, const char *sentence, const char *what)
{
	diag_set(why, "no-private-key", NULL, "%s%s", sentence, what);
	diag_wanted(why, "PEM or DER of PKCS #1, PKCS #8 or SEC 1");
	return CYG_MALFORMED;
}

/* ---- DER ---- */

/* RFC 5958 3: what is encrypted begins with its algorithm, what is not with a version. */
static enum cyg_err look_at_der(struct view der, bool *ret_locked, struct diag *why)
{
	struct reader file = reader_of(der), key = der_enter(&file, DER_SEQUENCE), algorithm;
	uint8_t first = der_peek(&key), second;

	algorithm = der_next(&key);
	second = der_peek(&key);
	if (file.bad)
		return refuse(why, "the private key breaks off", "");
	if (first != DER_INTEGER && (first != DER_SEQUENCE || second != DER_OCTET_STRING))
		return refuse(why, "it is no private key, but DER of something else", "");
	*ret_locked = first == DER_SEQUENCE;
	return *ret_locked ? pbe_check(algorithm, why) : CYG_OK;
}

/* ---- PEM ---- */

/* The label of the BEGIN line at `at`; "" when it has none that could be one. */
static void take_label(const uint8_t *at, const uint8_t *end, char label[LABEL_MAX])
{
	const uint8_t *from = at + strlen(BEGIN);
	const uint8_t *to = memmem(from, (size_t)(end - from), DASHES, strlen(DASHES));
	size_t len = to ? (size_t)(to - from) : 0;

	for (size_t i = 0; i < len && len < LABEL_MAX; i++)
		if (from[i] < ' ' || from[i] > '~')
			len = 0;
	if (len >= LABEL_MAX)
		len = 0;
	memcpy(label, from, len);
	label[len] = '\0';
}

static bool is_private(const char *label)
{
	size_t len = strlen(label), tail = strlen(PRIVATE);

	return len >= tail && !strcmp(label + len - tail, PRIVATE);
}

/* The first private key's BEGIN line, with its label; else NULL, and the label of what is there. */
static const uint8_t *find_private(struct view octets, char label[LABEL_MAX])
{
	const uint8_t *at = octets.ptr, *end = at + octets.len;
	char first[LABEL_MAX] = "";

	while ((at = memmem(at, (size_t)(end - at), BEGIN, strlen(BEGIN)))) {
		take_label(at, end, label);
		if (is_private(label))
			return at;
		if (!*first)
			memcpy(first, label, LABEL_MAX);
		at += strlen(BEGIN);
	}
	memcpy(label, first, LABEL_MAX);
	return NULL;
}

static enum cyg_err look_at_base64(const char *text, bool *ret_locked, struct diag *why)
{
	size_t cap = strlen(text) + 1, len;
	uint8_t *der = malloc(cap);
	enum cyg_err err;

	if (!der)
		return CYG_NOMEM;
	err = base64_decode(text, der, cap, &len)
		      ? look_at_der(view_of(der, len), ret_locked, why)
		      : refuse(why, "the private key's base64 is damaged", "");
	secret_wipe(der, cap);
	free(der);
	return err;
}

/* What stands between the BEGIN line, which ends before `from`, and the END line of its label. */
static enum cyg_err look_at_body(const uint8_t *from, const uint8_t *end, const char *label,
				 bool *ret_locked, struct diag *why)
{
	char last[LABEL_MAX + 32];
	int n = snprintf(last, sizeof(last), "-----END %s-----", label);
	const uint8_t *to = memmem(from, (size_t)(end - from), last, (size_t)n);
	enum cyg_err err = CYG_OK;
	char *text;

	if (!to)
		return refuse(why, "the private key breaks off: there is no line ", last);
	text = strndup((const char *)from, (size_t)(to - from));
	if (!text)
		return CYG_NOMEM;
	/* RFC 1421 4.6.1.1: headers tell how the older form is encrypted. */
	*ret_locked = strstr(text, "ENCRYPTED") != NULL;
	if (strchr(text, ':') && !strcmp(label, "ENCRYPTED PRIVATE KEY"))
		err = refuse(why, "the private key has headers, which PKCS #8 has not", "");
	else if (!*ret_locked && !strchr(text, ':'))
		err = look_at_base64(text, ret_locked, why);
	secret_wipe(text, strlen(text));
	free(text);
	return err;
}

static enum cyg_err look_at_pem(struct view octets, struct key_look *ret, struct diag *why)
{
	const uint8_t *end = octets.ptr + octets.len;
	char label[LABEL_MAX];
	const uint8_t *at = find_private(octets, label);
	enum cyg_err err;

	if (!at)
		return refuse(why, "there is no private key in it, but ",
			      *label ? label : "PEM without a label");
	if (!strncmp(label, "OPENSSH", 7)) {
		err = refuse(why, "it is a private key in a form of OpenSSH's own", "");
		diag_hint(why, "ssh-keygen -p -m PKCS8 -f FILE  writes it anew");
		return err;
	}
	err = look_at_body(at + strlen(BEGIN) + strlen(label) + strlen(DASHES), end, label,
			   &ret->locked, why);
	ret->key = view_of(at, (size_t)(end - at));
	return err;
}

enum cyg_err key_look(struct view octets, struct key_look *ret, struct diag *why)
{
	struct key_look look = {.key = octets};
	enum cyg_err err;

	if (!octets.len)
		return refuse(why, "it is empty", "");
	if (memmem(octets.ptr, octets.len, BEGIN, strlen(BEGIN)))
		err = look_at_pem(octets, &look, why);
	else if (*octets.ptr == DER_SEQUENCE)
		err = look_at_der(octets, &look.locked, why);
	else
		err = refuse(why, "it is no private key", "");
	if (!err)
		*ret = look;
	return err;
}
