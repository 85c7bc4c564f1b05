/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every proposal that Libreswan's own suite reads, read here in its dialect:
 * the same meaning, or a difference that a row below names. Kinds that nobody
 * named are left out of the comparison: each program has defaults of its own.
 */
#include "base/text.h"
#include "conn/proposal_kind.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#define COMBINATIONS_MAX 4096

/* A difference: the first row of which all that is given fits the case. */
struct reason {
	const char *why;
	const char *mode;   /* in the options of the case */
	const char *input;  /* the whole string */
	const char *starts; /* its beginning */
	const char *output; /* in what they print */
	unsigned count;
};

/* clang-format off */
static struct reason reasons[] = {
	{"nothing is named: each program has defaults of its own",
	 .input = "ah"},
	{"an old name of sha2_256 is taken here",
	 .input = "esp=aes128-sha2_128"},
	{"additional key exchanges (RFC 9370) are not built here",
	 .input = "ike=aes;addke1=modp2048"},
	{"IKEv1 has no AEAD, no + and no sequence numbers; this is IKEv2",
	 .mode = "--ikev1", .output = "IKEv1"},
	{"IKEv1 has no PRF beside the integrity algorithm; this is IKEv2",
	 .mode = "--ikev1", .output = "sha1_96' is not recognized"},
	{"IKEv1 has no AH without a hash; this is IKEv2",
	 .mode = "--ikev1", .output = "AH proposal missing integ transform"},
	{"built here, and not there or not in FIPS mode",
	 .output = "is not supported"},
	{"none may be followed by the group, a PRF left out",
	 .input = "ike=aes_gcm-none-modp2048"},
	{"PFS for some proposals: each stands for itself here",
	 .output = "either all or no"},
};
/* clang-format on */

struct row {
	const char *mode, *input, *verdict, *output;
};

static bool fits(const char *wanted, const char *in)
{
	return !wanted || strstr(in, wanted);
}

static bool explained(const struct row *row)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		struct reason *r = &reasons[i];

		if (!fits(r->mode, row->mode) || !fits(r->output, row->output) ||
		    (r->input && strcmp(r->input, row->input)) ||
		    (r->starts && strncmp(r->starts, row->input, strlen(r->starts))))
			continue;
		r->count++;
		return true;
	}
	return false;
}

/* ---- meanings: which combinations of algorithms a list allows ---- */

struct combinations {
	uint64_t items[COMBINATIONS_MAX];
	size_t len;
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void combine(const struct proposal *p, unsigned left_out, unsigned kind, uint64_t made,
		    struct combinations *ret)
{
	const struct transform *t = NULL;
	uint64_t shifted = made << 16;

	if (kind == ALG_ESN) {
		assert_true(ret->len < COMBINATIONS_MAX);
		ret->items[ret->len++] = made;
		return;
	}
	if ((left_out & 1u << kind) || !proposal_next(p, kind, NULL)) {
		combine(p, left_out, kind + 1, shifted, ret);
		return;
	}
	while ((t = proposal_next(p, kind, t)))
		combine(p, left_out, kind + 1, shifted | (t->id + t->key_bits * 32u), ret);
}

static void all_of(const struct proposals *p, unsigned left_out, struct combinations *ret)
{
	size_t kept = 0;

	ret->len = 0;
	for (size_t i = 0; i < p->len; i++)
		combine(&p->items[i], left_out, ALG_ENCR, 0, ret);
	qsort(ret->items, ret->len, sizeof(ret->items[0]), by_value);
	for (size_t i = 0; i < ret->len; i++)
		if (!i || ret->items[i] != ret->items[kept - 1])
			ret->items[kept++] = ret->items[i];
	ret->len = kept;
}

/* Their list without warnings: "ipsec ... | A | B" becomes "A,B". */
static void without_remarks(const char *output, struct text *ret)
{
	char *copy = strdup(output), *save = NULL;

	assert_non_null(copy);
	text_clear(ret);
	for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
		part += strspn(part, " ");
		part[strcspn(part, " ;")] = '\0';
		if (strncmp(part, "ipsec", 5))
			text_add(ret, "%s%s", text_str(ret)[0] ? "," : "", part);
	}
	free(copy);
}

/* Without PFS a group of a child is read and has no effect. */
static bool ignores_ke(const struct row *row, enum protocol protocol)
{
	return protocol != PROTO_IKE && !strstr(row->mode, "--pfs");
}

static bool same_meaning(const struct proposals *ours, const uint16_t *defaulted,
			 enum protocol protocol, const struct row *row)
{
	static struct combinations a, b;
	const struct proposals *theirs;
	struct text text = {0};
	unsigned left_out = ignores_ke(row, protocol) ? 1u << ALG_KE : 0;
	bool same;

	without_remarks(row->output, &text);
	if (proposals_read(text_str(&text), protocol, DIALECT_ANY, &theirs, NULL, NULL)) {
		text_done(&text);
		return false;
	}
	for (size_t i = 0; i < ours->len; i++)
		left_out |= defaulted[i];
	all_of(ours, left_out, &a);
	all_of(theirs, left_out, &b);
	same = a.len == b.len && memcmp(a.items, b.items, a.len * sizeof(a.items[0])) == 0;
	proposals_unref(theirs);
	text_done(&text);
	return same;
}

/* ---- rows ---- */

struct tally {
	unsigned rows, accepted, refused, explained, unexplained;
};

static enum cyg_err read_input(const char *input, enum protocol *ret_protocol,
			       const struct proposals **ret, uint16_t *defaulted,
			       struct diag *why)
{
	const char *equals = strchr(input, '=');

	*ret_protocol = input[0] == 'i' ? PROTO_IKE : input[0] == 'a' ? PROTO_AH : PROTO_ESP;
	return proposals_read(equals ? equals + 1 : "", *ret_protocol, DIALECT_LIBRESWAN, ret,
			      defaulted, why);
}

static bool agrees(const struct row *row, struct tally *tally)
{
	bool success = strncmp(row->verdict, "SUCCESS", 7) == 0, same;
	uint16_t defaulted[PROPOSALS_MAX];
	const struct proposals *p;
	enum protocol protocol;
	struct diag why;
	enum cyg_err err = read_input(row->input, &protocol, &p, defaulted, &why);

	if (err) {
		tally->refused += !success;
		return !success;
	}
	same = success && same_meaning(p, defaulted, protocol, row);
	tally->accepted += same;
	proposals_unref(p);
	return same;
}

static void check_line(char *line, struct tally *tally)
{
	struct row row = {.mode = line};
	char *cell[3];

	for (size_t i = 0; i < 3; i++) {
		cell[i] = strchr(i ? cell[i - 1] : line, '\t');
		assert_non_null(cell[i]);
		*cell[i]++ = '\0';
	}
	cell[2][strcspn(cell[2], "\t")] = '\0';
	row.input = cell[0];
	row.verdict = cell[1];
	row.output = cell[2];
	tally->rows++;
	if (agrees(&row, tally))
		return;
	if (explained(&row)) {
		tally->explained++;
		return;
	}
	tally->unexplained++;
	print_message("# unexplained: %s %s -> %s %.200s\n", row.mode, row.input, row.verdict,
		      row.output);
}

static void libreswan_means_the_same(void **state)
{
	struct view all = test_corpus("algparse/libreswan-head.tsv");
	struct tally tally = {0};
	char *line = strchr((char *)all.ptr, '\n') + 1, *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		check_line(line, &tally);
	}
	print_message("# %u rows: %u mean the same, %u are refused by both, %u differ:\n",
		      tally.rows, tally.accepted, tally.refused, tally.explained);
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		print_message("# %5u  %s\n", reasons[i].count, reasons[i].why);
		assert_true(reasons[i].count > 0);
	}
	assert_int_equal(tally.unexplained, 0);
	assert_int_equal(tally.rows, 1208);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libreswan_means_the_same),
	};
	return RUN_TESTS("conn/proposal_corpus", tests);
}
