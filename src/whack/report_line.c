/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/report_line.h"

#include <inttypes.h>
#include <string.h>

void text_add_clean(struct text *out, const char *text)
{
	struct view rest = view_str(text);

	while (rest.len) {
		size_t clean = 0, len;

		while ((len = text_printable(view_of(rest.ptr + clean, rest.len - clean))))
			clean += len;
		text_add_view(out, view_of(rest.ptr, clean));
		if (clean < rest.len)
			text_add(out, "\\x%02x", rest.ptr[clean++]);
		rest = view_of(rest.ptr + clean, rest.len - clean);
	}
}

static void add_name(struct text *out, const struct report *r)
{
	if (r->connection) {
		text_add_char(out, '"');
		text_add_clean(out, r->connection);
		text_add_char(out, '"');
		if (r->instance)
			text_add(out, "[%" PRIu32 "]", r->instance);
	}
	if (r->serial)
		text_add(out, "%s#%" PRIu64, r->connection ? " " : "", r->serial);
	if (r->connection || r->serial)
		text_add_str(out, ": ");
}

/* Cut off what the report's text says already. */
static void cut_told(const char *text, char *part)
{
	if (text && strstr(text, part))
		part[0] = '\0';
}

/* What the diag knows beyond the report's text. */
static void add_diag(struct text *out, const struct report *r)
{
	char line[2048];
	struct diag d = *r->diag;

	cut_told(r->text, d.sentence);
	cut_told(r->text, d.wanted);
	cut_told(r->text, d.got);
	cut_told(r->text, d.hint);
	diag_print(&d, line, sizeof(line));
	if (r->text && *r->text && d.sentence[0])
		text_add_str(out, ": ");
	text_add_clean(out, line);
}

void report_line(const struct report *r, struct text *out)
{
	add_name(out, r);
	if (r->state) {
		text_add_str(out, "STATE_");
		text_add_clean(out, r->state);
		text_add_str(out, ": ");
	}
	if (r->text)
		text_add_clean(out, r->text);
	if (diag_is_set(r->diag))
		add_diag(out, r);
}

static void add_detail(struct text *out, const struct report *r, const char *label,
		       const char *what)
{
	if (!*what)
		return;
	text_add(out, "%03u     %-7s ", r->code, label);
	text_add_clean(out, what);
	text_add_char(out, '\n');
}

void report_lines(const struct report *r, struct text *out)
{
	struct report head = *r;
	struct diag d;

	text_add(out, "%03u ", r->code);
	if (!diag_is_set(r->diag)) {
		report_line(r, out);
		text_add_char(out, '\n');
		return;
	}
	d = *r->diag;
	d.wanted[0] = d.got[0] = d.hint[0] = '\0';
	head.diag = &d;
	report_line(&head, out);
	text_add_char(out, '\n');
	add_detail(out, r, "wanted:", r->diag->wanted);
	add_detail(out, r, "got:", r->diag->got);
	add_detail(out, r, "to do:", r->diag->hint);
}
