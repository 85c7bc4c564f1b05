/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/shown.h"

#include "base/text.h"
#include "conf/keyword.h"

#include <string.h>

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
		if (from ? is_trusted(word) : begins_header(word))
			return shown_record_at(line);
	}
	return eq < line.len && line.ptr[eq] == '=' ? eq + 1 : shown_word_len(line);
}
