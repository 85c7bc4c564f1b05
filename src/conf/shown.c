/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/shown.h"

#include "base/text.h"
#include "conf/keyword.h"
#include "conn/field.h"

#include <string.h>
#include <strings.h>

#define WORD_SHOWN_MAX 40 /* octets of a word that may be anything */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static size_t skip_blanks(struct view line, size_t at)
{
	while (at < line.len && is_blank(line.ptr[at]))
		at++;
	return at;
}

/* Where a word that begins at `at` ends: at a blank, at `=`, or at a quote. */
static size_t word_end(struct view line, size_t at)
{
	while (at < line.len && !is_blank(line.ptr[at]) && !strchr("=\"'", line.ptr[at]))
		at++;
	return at;
}

static bool begins_header(const char *word)
{
	return text_among("config conn ca include version", word);
}

/* A word of some section, whose value is no key. */
static bool is_trusted(const char *word)
{
	for (int kind = 0; kind < SECTION_KINDS; kind++) {
		struct keyword_meaning m = keyword_find((enum section_kind)kind, word);

		if (m.row || m.field)
			return !keyword_is_secret(word);
	}
	return false;
}

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One of the words that say what a record holds, and more behind it. */
static bool begins_record(struct view text, size_t at)
{
	char word[8] = "";
	size_t end = at;

	while (end < text.len && is_letter_or_digit(text.ptr[end]))
		end++;
	if (end == at || end - at >= sizeof(word) || end == text.len ||
	    !strchr(" \t\"'", text.ptr[end]))
		return false;
	for (size_t i = at; i < end; i++)
		word[i - at] = (char)(text.ptr[i] >= 'a' && text.ptr[i] <= 'z'
					      ? text.ptr[i] - 0x20
					      : text.ptr[i]);
	return text_among(
		"PSK RSA ECDSA EDDSA XAUTH EAP NTLM PIN PPK PPKS PKCS1 PKCS8 PKCS12 P12 "
		"RADIUS",
		word);
}

static bool is_method(const char *word, size_t len)
{
	const struct field *f = field_by_keyword("authby", false);
	char method[KEYWORD_TEXT_MAX];

	if (len >= sizeof(method))
		return false;
	memcpy(method, word, len);
	method[len] = '\0';
	for (const char *const *w = f ? f->words : NULL; w && *w; w++)
		if (text_same(*w, method))
			return true;
	return false;
}

static bool says_secret(const char *word, size_t len)
{
	return (len == 6 && !strncasecmp(word, "secret", len)) ||
	       (len == 3 && !strncasecmp(word, "psk", len));
}

/* Where what may be a secret begins in a value of authby=; the line's length: nowhere. */
static size_t secret_behind_method(struct view line, size_t at)
{
	bool secret = false;

	while (at < line.len) {
		const char *word = (const char *)line.ptr + at;
		size_t len = 0;

		while (at + len < line.len && !strchr("=|, \t\"'", word[len]))
			len++;
		if (secret && len && !is_method(word, len))
			return at;
		secret |= says_secret(word, len);
		at += len + 1;
	}
	return line.len;
}

static bool names_methods(const char *word)
{
	struct keyword_meaning m = keyword_find(SECTION_CONN, word);

	return m.field && text_among("authby auth", m.field->keyword);
}

/* Where a pkcs11: URI begins to tell a PIN; the line's length: nowhere. */
static size_t pin_in_name(struct view line)
{
	for (size_t at = 0; at + 4 < line.len; at++)
		if (!strncasecmp((const char *)line.ptr + at, "pin-", 4))
			return at;
	return line.len;
}

size_t shown_record_at(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == ':' &&
		    (i == 0 || is_blank(text.ptr[i - 1]) || text.ptr[i - 1] == '=') &&
		    begins_record(text, skip_blanks(text, i + 1)))
			return i;
	return text.len;
}

size_t shown_word_len(struct view text)
{
	size_t from = skip_blanks(text, 0), end = word_end(text, from);

	return end - from > WORD_SHOWN_MAX ? from + WORD_SHOWN_MAX : end;
}

size_t shown_len(struct view line)
{
	size_t from = skip_blanks(line, 0), end = word_end(line, from);
	size_t eq = skip_blanks(line, end);
	char word[KEYWORD_TEXT_MAX];

	if (from == line.len || line.ptr[from] == '#')
		return line.len;
	if (end - from < sizeof(word)) {
		memcpy(word, line.ptr + from, end - from);
		word[end - from] = '\0';
		if (from ? is_trusted(word) : begins_header(word)) {
			size_t record = shown_record_at(line);
			size_t secret = from && names_methods(word)
						? secret_behind_method(line, eq)
						: line.len;

			secret = record < secret ? record : secret;
			record = pin_in_name(line);
			return record < secret ? record : secret;
		}
	}
	return eq < line.len && line.ptr[eq] == '=' ? eq + 1 : shown_word_len(line);
}
