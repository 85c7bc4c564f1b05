/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only a line that begins in column 1 can begin or end a section, so the text is
 * searched for those, sixteen octets beside each other: a line end with something else
 * than a blank behind it. A line end behind a backslash is looked at, too: it may
 * join lines, and what is joined begins nothing.
 */
#include "conf/sieve.h"

#include "base/array.h"
#include "base/secret.h"
#include "conf/join.h"
#include "conf/parse.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW (256u << 10)

/* ---- line ends that matter ---- */

#define LANES 16
#define ONES UINT64_C(0x0101010101010101)

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes load(const uint8_t *at)
{
	lanes v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* May a new section begin behind a line end, or a line go on? */
static bool matters(uint8_t before, uint8_t behind)
{
	return (behind != ' ' && behind != '\t' && behind != '\n') || before == '\\' ||
	       before == '\r';
}

/* Of sixteen octets, which are line ends, and which of those matter; one stands before and one behind. */
static lanes look(const uint8_t *at, lanes *ret_ends)
{
	lanes before = load(at - 1), is_end = load(at) == '\n', behind = load(at + 1);
	lanes plain = (behind == ' ') | (behind == '\t') | (behind == '\n');

	*ret_ends = is_end;
	return is_end & (~plain | (before == '\\') | (before == '\r'));
}

/* How many lanes of a half are set, up to 255 times: each is all ones. */
static uint32_t count(uint64_t half)
{
	return (uint32_t)(((half & ONES) * ONES) >> 56);
}

/* The two halves, the octet that comes first in the lowest bits. */
static void halves(lanes v, uint64_t ret[2])
{
	memcpy(ret, &v, sizeof(v));
	ret[0] = le64toh(ret[0]);
	ret[1] = le64toh(ret[1]);
}

/* The index of the first line end that matters among sixteen octets, or -1. *lines grows as of next_end. */
static int find_in_lanes(const uint8_t *at, uint32_t *lines)
{
	uint64_t stops[2], ends[2];
	lanes is_end, stop = look(at, &is_end);
	int bit;

	halves(stop, stops);
	halves(is_end, ends);
	if (!(stops[0] | stops[1])) {
		*lines += count(ends[0]) + count(ends[1]);
		return -1;
	}
	if (stops[0]) {
		bit = __builtin_ctzll(stops[0]);
		*lines += count(ends[0] & ((UINT64_C(1) << bit) - 1));
		return bit / 8;
	}
	bit = __builtin_ctzll(stops[1]);
	*lines += count(ends[0]) + count(ends[1] & ((UINT64_C(1) << bit) - 1));
	return 8 + bit / 8;
}

#define BLOCK (4 * LANES)
#define SUMS_MAX 63 /* blocks whose line ends a lane can count */

/* The sum of all lanes, each of which has counted one octet in sixteen. */
static uint32_t add_up(lanes sums)
{
	uint32_t sum = 0;

	for (int i = 0; i < LANES; i++)
		sum += sums[i];
	return sum;
}

/* Past blocks in which no line end matters. *lines grows by their line ends. */
static const uint8_t *skip_blocks(const uint8_t *at, const uint8_t *end, uint32_t *lines)
{
	lanes sums = {0};
	unsigned summed = 0;

	for (; end - at > BLOCK; at += BLOCK) {
		lanes ends[4], stop = look(at, &ends[0]);
		uint64_t stops[2];

		for (int i = 1; i < 4; i++)
			stop |= look(at + i * LANES, &ends[i]);
		memcpy(stops, &stop, sizeof(stop));
		if (stops[0] | stops[1])
			break;
		sums -= ends[0] + ends[1] + ends[2] + ends[3];
		if (++summed < SUMS_MAX)
			continue;
		*lines += add_up(sums);
		sums = (lanes){0};
		summed = 0;
	}
	*lines += add_up(sums);
	return at;
}

/*
 * From a line's start, the first line end that matters and has an octet behind
 * it; NULL: none. *lines grows by the line ends before it, or by all.
 */
static const uint8_t *next_end(const uint8_t *at, const uint8_t *end, uint32_t *lines)
{
	uint8_t before =
		'\n'; /* of the first octet: what stands there may be no octet at all */

	for (bool first = true; at < end; at++, first = false) {
		int found = -1;

		if (!first) {
			at = skip_blocks(at, end, lines);
			while (end - at > LANES && (found = find_in_lanes(at, lines)) < 0)
				at += LANES;
			before = at[-1];
		}
		if (found >= 0)
			return at + found;
		if (*at != '\n')
			continue;
		if (at + 1 < end && matters(before, at[1]))
			return at;
		++*lines;
	}
	return NULL;
}

/* ---- what is kept, and what is left out ---- */

uint32_t sieve_hash(struct view name)
{
	uint64_t h = name.len, word;

	for (size_t i = 0; i < name.len; i += sizeof(word)) {
		size_t n = name.len - i;

		word = 0;
		if (n >= sizeof(word))
			memcpy(&word, name.ptr + i, sizeof(word));
		else
			for (const uint8_t *at = name.ptr + i; n; n--)
				word = word << 8 | *at++;
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (uint32_t)h ? (uint32_t)h : 1;
}

static bool begin_stretch(struct sieved *s, size_t at, uint32_t line)
{
	struct stretch *more = array_grow(s->stretches, s->len, &s->cap, sizeof(*more));

	if (!more)
		return false;
	s->stretches = more;
	s->stretches[s->len++] = (struct stretch){.at = at, .line = line};
	return true;
}

static bool add_left(struct sieved *s, uint32_t hash, size_t at, uint32_t line)
{
	struct left_out *more = array_grow(s->left, s->left_len, &s->left_cap, sizeof(*more));

	if (!more)
		return false;
	s->left = more;
	s->left[s->left_len++] =
		(struct left_out){.hash = hash, .at = (uint32_t)at, .line = line};
	return true;
}

/* Room for `more` octets behind the text. */
static bool make_room(struct sieved *s, size_t more)
{
	size_t cap = s->text.len + more;

	if (cap <= s->text_cap)
		return true;
	cap = cap < 2 * s->text_cap ? 2 * s->text_cap : cap;
	if (!secret_regrow(&s->text.ptr, s->text.len, cap))
		return false;
	s->text_cap = cap;
	return true;
}

static bool add_text(struct sieved *s, struct view more)
{
	if (!make_room(s, more.len))
		return false;
	if (more.len)
		memcpy(s->text.ptr + s->text.len, more.ptr, more.len);
	s->text.len += more.len;
	return true;
}

/* Keep what stands before `at` of the window, as far as it is not yet kept. */
static void keep(struct sieve *s, struct view window, const uint8_t *at)
{
	struct stretch *last = &s->out->stretches[s->out->len - 1];
	size_t skipped = s->from - s->base, upto = (size_t)(at - window.ptr);

	last->len += upto - skipped;
	if (!s->out->whole)
		s->bad |= !add_text(s->out, view_of(window.ptr + skipped, upto - skipped));
	s->from = s->base + upto;
}

static bool is_asked(const struct asked *asked, struct view name)
{
	for (size_t i = 0; i < asked->len; i++) {
		const struct view *n = &asked->names[i];

		/* Numbered names differ in the end, if at all. */
		if (n->len == name.len && n->ptr[n->len - 1] == name.ptr[name.len - 1] &&
		    view_equal(*n, name))
			return true;
	}
	return false;
}

enum header { HEADER_KEPT, HEADER_LEFT, HEADER_CUT };

/*
 * Does a header of the plain kind begin here, of a section that nobody asks for?
 * Any other is kept. HEADER_CUT: the text ends before that can be told.
 */
static enum header header_at(const struct sieve *s, const uint8_t *at, const uint8_t *end,
			     uint32_t *ret_hash)
{
	const uint8_t *name;

	*ret_hash = 0;
	if (end - at < 6)
		return HEADER_CUT;
	if (at[0] == 'c' && at[1] == 'a' && is_blank(at[2]))
		return s->asked->cas ? HEADER_KEPT : HEADER_LEFT;
	if (memcmp(at, "conn", 4) || !is_blank(at[4]))
		return HEADER_KEPT;
	for (at += 5; at < end && is_blank(*at);)
		at++;
	for (name = at; at<end && * at> ' ';)
		at++;
	if (at == end)
		return HEADER_CUT;
	if (at == name || *name == '"' || *name == '%' ||
	    is_asked(s->asked, view_of(name, (size_t)(at - name))))
		return HEADER_KEPT;
	*ret_hash = sieve_hash(view_of(name, (size_t)(at - name)));
	return HEADER_LEFT;
}

/* Does a line that begins in column 1 end the section? As parse_line would have it. */
static bool ends_section(struct view line)
{
	struct parse p = {.line = line};

	parse_trim(&p);
	if (at_line_end(&p, p.line.ptr))
		return false;
	return parse_is_header(&p) || !memchr(p.line.ptr, '=', p.line.len) ||
	       parse_control_octet(&p) < line_end(&p);
}

static void leave(struct sieve *s, struct view window, const uint8_t *at, uint32_t hash)
{
	if (!s->leaving)
		keep(s, window, at);
	s->leaving = true;
	s->bad |= !add_left(s->out, hash, s->base + (size_t)(at - window.ptr), s->line);
}

static void keep_again(struct sieve *s, size_t at)
{
	s->leaving = false;
	s->from = at;
	s->bad |= !add_left(s->out, 0, at, s->line) ||
		  !begin_stretch(s->out, s->out->whole ? at : s->out->text.len, s->line);
}

/* A line that begins in column 1, and was not yet looked at. False: the window ends too early. */
static bool look_at(struct sieve *s, struct view window, const uint8_t *at, bool last)
{
	const uint8_t *end = window.ptr + window.len, *nl;
	uint32_t hash;
	enum header header = header_at(s, at, end, &hash);

	if (header == HEADER_LEFT) {
		leave(s, window, at, hash);
		return true;
	}
	nl = memchr(at, '\n', (size_t)(end - at));
	if ((!nl || header == HEADER_CUT) && !last)
		return false;
	if (s->leaving && ends_section(view_of(at, (size_t)((nl ? nl : end) - at))))
		keep_again(s, s->base + (size_t)(at - window.ptr));
	return true;
}

/* ---- windows ---- */

static const uint8_t *line_start(const uint8_t *begin, const uint8_t *at)
{
	const uint8_t *nl = memrchr(begin, '\n', (size_t)(at - begin));

	return nl ? nl + 1 : begin;
}

/*
 * The end of a line that goes on behind its line end `nl`, `at` being the start of
 * this line or one before; `nl`: it does not. NULL: the text's.
 */
static const uint8_t *joined_end(struct sieve *s, const uint8_t *at, const uint8_t *nl,
				 const uint8_t *end, bool last)
{
	const uint8_t *start = line_start(at, nl);
	bool cr = nl > start && nl[-1] == '\r';
	const uint8_t *slash = nl - cr - 1;
	struct view line = view_of(start, (size_t)(nl - start));

	if (slash < start || *slash != '\\' || !memchr(start, '"', line.len))
		return nl;
	if (last)
		return join_lines(&line, nl, end);
	s->needs_all = true;
	return nl;
}

/*
 * Where the next window begins: with the last line of this one, even if its end
 * is here, because what is behind that is not.
 */
static const uint8_t *begin_again(struct sieve *s, const uint8_t *at, const uint8_t *end)
{
	if (end[-1] == '\n') {
		end--;
		s->line--;
	}
	return line_start(at, end);
}

/*
 * From a line's start to that of the next line that begins in column 1. NULL:
 * there is none; then *ret_done is where the next window begins.
 */
static const uint8_t *next_line(struct sieve *s, const uint8_t *at, const uint8_t *end,
				bool last, const uint8_t **ret_done)
{
	const uint8_t *nl;

	while ((nl = next_end(at, end, &s->line))) {
		bool may_join = nl > at && (nl[-1] == '\\' || nl[-1] == '\r');
		const uint8_t *joined = may_join ? joined_end(s, at, nl, end, last) : nl;

		*ret_done = s->needs_all ? line_start(at, nl) : end;
		if (s->needs_all || !joined)
			return NULL;
		for (; nl < joined; nl++)
			s->line += *nl == '\n';
		s->line++;
		at = nl + 1;
		if (at == end)
			return NULL;
		if (matters('\n', *at))
			return at;
	}
	*ret_done = last ? end : begin_again(s, at, end);
	return NULL;
}

size_t sieve_window(struct sieve *s, struct view window, bool last)
{
	const uint8_t *at = window.ptr, *end = at + window.len, *done = at;

	s->needs_all = false;
	if (!s->base && window.len >= 3 && !memcmp(at, BYTE_ORDER_MARK, 3))
		at += 3;
	while (at && at < end && !s->bad) {
		size_t offset = s->base + (size_t)(at - window.ptr) + 1;

		done = at;
		if (matters('\n', *at) && s->looked_at != offset &&
		    !look_at(s, window, at, last))
			break;
		s->looked_at = offset;
		at = s->bad ? NULL : next_line(s, at, end, last, &done);
	}
	if (!s->leaving && !s->bad)
		keep(s, window, done);
	s->base += (size_t)(done - window.ptr);
	return (size_t)(done - window.ptr);
}

/* ---- whole files ---- */

void sieve_begin(struct sieve *s, const struct asked *asked, struct sieved *out)
{
	*s = (struct sieve){.out = out, .asked = asked, .line = 1};
	s->bad = !begin_stretch(out, 0, 1);
}

enum cyg_err sieve_end(struct sieve *s)
{
	if (s->leaving)
		s->bad |= !add_left(s->out, 0, s->base, s->line);
	return s->bad ? CYG_NOMEM : CYG_OK;
}

/* Window by window, through a buffer that grows where a line is longer. */
static enum cyg_err sieve_pieces(struct input_pieces *p, struct sieve *s, struct diag *why)
{
	size_t all = (size_t)p->version.size + 1, cap = all < WINDOW ? all : WINDOW, len = 0;
	uint8_t *buf = malloc(cap);
	enum cyg_err err = buf ? CYG_OK : CYG_NOMEM;

	for (size_t n = 1; !err && n && !s->bad;) {
		size_t used;

		err = input_more(p, buf + len, cap - len, &n, why);
		if (err)
			break;
		len += n;
		used = s->needs_all && n ? 0 : sieve_window(s, view_of(buf, len), !n);
		len -= used;
		memmove(buf, buf + used, len);
		if (len < cap && !s->needs_all)
			continue;
		/* Behind what is left stands what was there before. */
		if (secret_regrow(&buf, cap, s->needs_all ? all : cap * 2))
			cap = s->needs_all ? all : cap * 2;
		else
			err = CYG_NOMEM;
	}
	if (buf)
		secret_wipe(buf, cap);
	free(buf);
	return err ? err : sieve_end(s);
}

enum cyg_err sieve_file(struct input *in, const struct asked *asked, size_t octets_max,
			struct sieved *ret, struct problems *problems, struct diag *why)
{
	struct sieved out = {0};
	struct input_pieces p;
	struct sieve s;
	enum cyg_err err = input_open(in, false, octets_max, &p, problems, why);

	if (err)
		return err;
	out.version = p.version;
	out.whole = p.is_pipe || !asked;
	if (out.whole) {
		err = input_rest(&p, &out.text, why);
	} else {
		sieve_begin(&s, asked, &out);
		err = sieve_pieces(&p, &s, why);
	}
	input_close(&p);
	if (err)
		sieved_done(&out);
	else
		*ret = out;
	return err;
}

enum cyg_err sieve_text(struct bytes *text, const struct asked *asked, struct sieved *ret)
{
	struct sieved out = {.text = *text, .whole = true};
	struct sieve s = {0};
	enum cyg_err err = CYG_OK;

	*text = (struct bytes){0};
	if (asked && out.text.len) {
		sieve_begin(&s, asked, &out);
		sieve_window(&s, view_bytes(&out.text), true);
		err = sieve_end(&s);
	}
	if (err)
		sieved_done(&out);
	else
		*ret = out;
	return err;
}

enum cyg_err sieve_take(struct sieved *s, const char *path, const struct left_out *one,
			struct diag *why)
{
	size_t len = one[1].at - one->at, at = s->whole ? one->at : s->text.len;
	enum cyg_err err = CYG_OK;

	if (!s->whole) {
		if (!make_room(s, len))
			return CYG_NOMEM;
		err = input_again(path, &s->version, one->at, s->text.ptr + at, len, why);
	}
	if (err)
		return err;
	if (!begin_stretch(s, at, one->line))
		return CYG_NOMEM;
	s->stretches[s->len - 1].len = len;
	if (!s->whole)
		s->text.len += len;
	return CYG_OK;
}

void sieved_done(struct sieved *s)
{
	bytes_wipe(&s->text); /* keys of manual= connections stand in it */
	free(s->stretches);
	free(s->left);
	*s = (struct sieved){0};
}
