/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy groups' files, token by token. A token with a dot, a colon or a slash
 * is a network; one without, behind a network, is a protocol, which two ports
 * follow.
 */
#include "conf/groups.h"

#include "base/array.h"
#include "base/text.h"
#include "conf/input.h"
#include "conf/problem.h"
#include "conn/ip_proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TOKEN_MAX 80

/* A cursor over the text of one file. */
struct scan {
	struct group_lines lines;
	struct problems *problems;
	const char *name;
	const char *at, *end, *line_start;
	unsigned line;
	size_t faults;
	bool after_net; /* a protocol may follow */
	enum cyg_err err;
};

struct token {
	char text[TOKEN_MAX];
	size_t len; /* as in the file; the text may be cut */
	unsigned column;
};

static void complain(struct scan *s, unsigned column, const struct diag *why)
{
	struct diag d = *why;

	diag_place(&d, s->name, s->line, column);
	problems_add(s->problems, PROBLEM_ERROR, &d);
	s->faults++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next token of this line; false at its end. */
static bool next_on_line(struct scan *s, struct token *ret)
{
	const char *from;

	while (s->at < s->end && is_blank(*s->at))
		s->at++;
	if (s->at == s->end || *s->at == '\n' || *s->at == '#')
		return false;
	from = s->at;
	while (s->at < s->end && !is_blank(*s->at) && *s->at != '\n' && *s->at != '#')
		s->at++;
	ret->len = (size_t)(s->at - from);
	ret->column = (unsigned)(from - s->line_start) + 1;
	memcpy(ret->text, from, ret->len < TOKEN_MAX ? ret->len : TOKEN_MAX - 1);
	ret->text[ret->len < TOKEN_MAX ? ret->len : TOKEN_MAX - 1] = '\0';
	return true;
}

static bool next_line(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
	if (s->at == s->end)
		return false;
	s->at++;
	s->line_start = s->at;
	s->line++;
	s->after_net = false;
	return true;
}

static struct group_line *append(struct scan *s)
{
	struct group_lines *g = &s->lines;
	struct group_line *bigger;

	if (g->len == GROUP_LINES_MAX) {
		s->err = CYG_LIMIT;
		return NULL;
	}
	bigger = array_grow(g->items, g->len, &g->cap, sizeof(*bigger));
	if (!bigger) {
		s->err = CYG_NOMEM;
		return NULL;
	}
	g->items = bigger;
	g->items[g->len] = (struct group_line){.line = s->line};
	return &g->items[g->len++];
}

static bool is_whole(const struct token *t)
{
	return t->len < TOKEN_MAX && strlen(t->text) == t->len;
}

static void take_net(struct scan *s, const struct token *t)
{
	struct ip_prefix net;
	struct group_line *l;
	struct diag why;

	diag_clear(&why);
	s->after_net = false;
	if (!is_whole(t) || prefix_parse(t->text, &net, &why)) {
		if (!is_whole(t))
			diag_set(&why, "group-net", NULL, "this is no network");
		diag_wanted(&why,
			    "a network such as 192.0.2.0/24 or 2001:db8::/32, or an address");
		diag_got(&why, "%s", t->text);
		complain(s, t->column, &why);
		return;
	}
	l = append(s);
	if (!l)
		return;
	l->net = net;
	s->after_net = true;
}

static bool read_proto(const struct token *t, uint8_t *ret)
{
	uint64_t number;

	if (!is_whole(t))
		return false;
	if (text_number(t->text, 0, UINT8_MAX, &number)) {
		*ret = (uint8_t)number;
		return true;
	}
	return ip_proto_by_name(t->text, ret);
}

static bool read_port(const struct token *t, uint16_t *ret)
{
	uint64_t number;

	if (!is_whole(t))
		return false;
	if (text_number(t->text, 0, UINT16_MAX, &number)) {
		*ret = (uint16_t)number;
		return true;
	}
	return ip_service_by_name(t->text, ret);
}

static void refuse_word(struct scan *s, const struct token *t)
{
	const char *near = is_whole(t) ? ip_proto_nearest(t->text) : NULL;
	struct diag why;

	diag_set(&why, "group-word", NULL,
		 s->after_net ? "this is neither a network nor a protocol"
			      : "a line begins with a network");
	diag_wanted(&why, s->after_net ? "a network, or PROTOCOL SOURCEPORT DESTINATIONPORT"
				       : "a network or address");
	diag_got(&why, "%s", t->text);
	if (near && s->after_net)
		diag_hint(&why, "did you mean %s?", near);
	complain(s, t->column, &why);
}

/* "tcp 0 25" behind a network. */
static void take_proto(struct scan *s, const struct token *t)
{
	static const char *const what[] = {"source port", "destination port"};
	uint16_t ports[2];
	struct token port;
	uint8_t proto;
	struct diag why;

	if (!s->after_net || !read_proto(t, &proto)) {
		refuse_word(s, t);
		return;
	}
	s->after_net = false;
	for (int i = 0; i < 2; i++) {
		bool there = next_on_line(s, &port);

		if (there && read_port(&port, &ports[i]) && (proto || !ports[i]))
			continue;
		diag_set(&why, "group-port", NULL, "behind a protocol stand two ports");
		diag_wanted(&why, "%s",
			    proto ? "SOURCEPORT DESTINATIONPORT, 0 for any"
				  : "0 0, as no protocol is named");
		diag_got(&why, "%s%s", there ? port.text : "no ", there ? "" : what[i]);
		complain(s, there ? port.column : t->column, &why);
		return;
	}
	s->lines.items[s->lines.len - 1].proto = proto;
	s->lines.items[s->lines.len - 1].local_port = ports[0];
	s->lines.items[s->lines.len - 1].remote_port = ports[1];
}

static void take_line(struct scan *s)
{
	size_t faults = s->faults;
	struct token t;

	/* One fault a line: what stands behind it is guesswork. */
	while (!s->err && s->faults == faults && next_on_line(s, &t)) {
		if (strpbrk(t.text, ".:/"))
			take_net(s, &t);
		else
			take_proto(s, &t);
	}
}

static void tell_end(struct scan *s)
{
	struct diag why;

	if (s->err == CYG_LIMIT)
		diag_set(&why, "group-size", NULL, "%s has more than %u networks", s->name,
			 GROUP_LINES_MAX);
	else
		diag_set(&why, "no-memory", NULL, "no memory to read %s", s->name);
	problems_add(s->problems, PROBLEM_ERROR, &why);
}

/* Before the next line is looked at: was this one, which is the last, cut off? */
static bool is_cut(const struct scan *s, size_t lines_before)
{
	const char *newline = memchr(s->line_start, '\n', (size_t)(s->end - s->line_start));

	return !newline && s->lines.len > lines_before &&
	       !memchr(s->line_start, '#', (size_t)(s->end - s->line_start));
}

static void tell_cut(struct scan *s)
{
	struct diag why;

	diag_set(&why, "group-unended", NULL, HALF_WRITTEN);
	diag_hint(&why, HALF_WRITTEN_CURE);
	diag_place(&why, s->name, s->line, 1);
	problems_add(s->problems, PROBLEM_WARNING, &why);
}

static bool is_blank_text(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\n' && !is_blank((char)text.ptr[i]))
			return false;
	return true;
}

enum cyg_err groups_parse(struct view file, const char *name, struct group_lines *ret,
			  struct problems *problems)
{
	const struct view text = input_text(file);
	const char *at = text.len ? (const char *)text.ptr : "";
	struct scan s = {.problems = problems, .name = name, .line = 1};
	size_t before;

	s.at = s.line_start = at;
	s.end = at + text.len;
	do {
		before = s.lines.len;
		take_line(&s);
	} while (!s.err && next_line(&s));
	if (s.err)
		tell_end(&s);
	else if (s.faults)
		s.err = CYG_MALFORMED;
	if (s.err)
		group_lines_done(&s.lines);
	else
		*ret = s.lines;
	if (s.err)
		return s.err;
	ret->blank = is_blank_text(text);
	ret->unended = is_cut(&s, before);
	if (ret->unended)
		tell_cut(&s);
	return CYG_OK;
}

enum cyg_err groups_read(const char *path, struct group_lines *ret, struct problems *problems)
{
	struct input in = {.path = path};
	struct bytes text = {0};
	struct stat st;
	struct diag why;
	enum cyg_err err;

	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return CYG_NOTFOUND;
	diag_clear(&why);
	err = input_read(&in, false, GROUP_OCTETS_MAX, &text, problems, &why);
	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	err = groups_parse(view_bytes(&text), path, ret, problems);
	bytes_done(&text);
	return err;
}

void group_lines_done(struct group_lines *g)
{
	free(g->items);
	*g = (struct group_lines){0};
}
