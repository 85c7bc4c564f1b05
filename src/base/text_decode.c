/* SPDX-License-Identifier: Apache-2.0 */
/* Text to numbers and octets: hex, base64, decimal. */
#include "base/text.h"

#include <string.h>

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t cap, size_t *ret_len)
{
	size_t len = 0;

	for (; *text; text += 2) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || len == cap)
			return false;
		out[len++] = (uint8_t)(high << 4 | low);
	}
	*ret_len = len;
	return true;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What follows the last digit: `want` signs of padding and white space, nothing else. */
static bool padding_is(const char *text, size_t want)
{
	size_t seen = 0;

	for (; *text; text++) {
		if (is_space(*text))
			continue;
		if (*text != '=')
			return false;
		seen++;
	}
	return seen == want;
}

bool base64_decode(const char *text, uint8_t *out, size_t cap, size_t *ret_len)
{
	size_t len = 0, digits = 0;
	uint32_t group = 0;

	for (; *text && *text != '='; text++) {
		int value = base64_value(*text);

		if (is_space(*text))
			continue;
		if (value < 0)
			return false;
		group = group << 6 | (uint32_t)value;
		if (digits++ % 4 == 0)
			continue; /* six bits: no whole octet yet */
		if (len == cap)
			return false;
		/* 12, 18, 24 bits are there: the octet just completed ends 4, 2, 0 above the end. */
		out[len++] = (uint8_t)(group >> (6 - 2 * ((digits - 1) % 4)));
	}
	/* RFC 4648 3.5: bits that belong to no octet must be zero. */
	if (digits % 4 == 1 || (digits % 4 == 2 && group & 15) ||
	    (digits % 4 == 3 && group & 3))
		return false;
	if (!padding_is(text, (4 - digits % 4) % 4))
		return false;
	*ret_len = len;
	return true;
}

bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}
