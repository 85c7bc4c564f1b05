/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever text base is given: what it prints is printable, and what it parses prints the same. */
#include "base/addr.h"
#include "base/diag.h"
#include "base/duration.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void all_printable(const char *text)
{
	struct view v = view_str(text);

	while (v.len) {
		size_t len = text_printable(v);

		assert(len > 0 && len <= v.len);
		v = view_of(v.ptr + len, v.len - len);
	}
}

static void try_diag(const char *text)
{
	struct diag d;
	char line[256];

	diag_set(&d, "fuzz", "RFC 0", "%s", text);
	diag_wanted(&d, "%s%s", text, text);
	diag_got(&d, "'%s'", text);
	diag_hint(&d, "%s", text);
	diag_place(&d, text, 1, 2);
	all_printable(d.sentence);
	all_printable(d.wanted);
	all_printable(d.got);
	all_printable(d.hint);
	all_printable(d.file);
	diag_print(&d, line, sizeof(line));
	assert(strlen(line) < sizeof(line));
}

static void try_duration(const char *text)
{
	char printed[32];
	nsec span, again;

	if (duration_parse(text, &span) != CYG_OK)
		return;
	duration_print(span, printed);
	assert(duration_parse(printed, &again) == CYG_OK && again == span);
}

static void try_addresses(const char *text)
{
	char printed[2 * IP_TEXT_MAX];
	struct ip_prefix p, again, same;
	struct ip_range r;
	struct diag why;

	if (prefix_parse(text, &p, &why) != CYG_OK) {
		assert(diag_is_set(&why));
		return;
	}
	prefix_print(&p, printed);
	assert(prefix_parse(printed, &again, NULL) == CYG_OK && prefix_equal(&p, &again));
	r = prefix_range(&p);
	assert(range_is_prefix(&r, &same) && prefix_equal(&p, &same));
	assert(range_prefixes(&r, &same, 1) == 1 && prefix_equal(&p, &same));
}

static void try_decoders(const char *text, size_t size)
{
	uint8_t *out = malloc(size + 1);
	size_t len;
	uint64_t number;
	static const char *const words[] = {"left", "right", "authby", "keyexchange"};

	assert(out);
	if (hex_decode(text, out, size, &len)) {
		struct text back = {0};

		text_add_hex(&back, view_of(out, len));
		assert(back.bad || text_same(text_str(&back), text));
		text_done(&back);
	}
	if (base64_decode(text, out, size, &len))
		assert(len <= size);
	if (text_number(text, 5, 500, &number))
		assert(number >= 5 && number <= 500);
	text_nearest(text, words, 4);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct text escaped = {0};

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	text_add_escaped(&escaped, view_of(data, size));
	all_printable(text_str(&escaped));
	text_done(&escaped);
	try_diag(text);
	try_duration(text);
	try_addresses(text);
	try_decoders(text, size);
	free(text);
	return 0;
}
