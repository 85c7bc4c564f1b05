/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CONF_PRIVATE_H
#define CONF_CONF_PRIVATE_H

#include "conf/conf.h"
#include "conf/dialect.h"
#include "conf/keyword.h"

#include <uthash.h>

/* What a conf is made of. Private to this room. */
struct named {
	const char *name; /* borrowed from the section or the value */
	uint32_t index;   /* of the section; from the count of sections on: of a pair */
	bool in_pairs;    /* its pairs are connections in its place */
	struct named *next,
		*last; /* of an alias: the further sections; of the first one: the last */
	UT_hash_handle hh;
};

/* The sections of one kind that have names. */
struct naming {
	struct named *by_name; /* %default left out */
	uint32_t *order;       /* indices in file order, twins left out */
	size_t len;
	uint32_t *defaults; /* %default sections */
	size_t defaults_len;
};

/* Proposals as last read: what %default says is read once, and shared. */
struct read_proposals {
	const struct param *from;
	const struct proposals *proposals;
};

/* One connection of those that a section with subnets= describes (pairs.h). */
struct pair {
	const char *name; /* in the file's chunks */
	uint32_t section;
	uint16_t left, right; /* which network: from 1 of subnets=, 0 of subnet= */
};

struct conf {
	struct conf_file file;
	struct conf_setup setup;
	const struct dialect_rules *rules;
	struct naming conns, cas;
	struct pair *pairs;
	size_t pairs_len, pairs_cap;
	size_t made_up_from;   /* sections from here on are those of oe.h; file.len: none are */
	uint32_t *oe_defaults; /* %oedefault sections, the weakest one first */
	size_t oe_defaults_len;
	struct named *by_alias;
	struct named *taken_in;      /* what also= and alsoflip= of conn sections name */
	struct read_proposals *last; /* of ike= and esp=: two; changes while reading */
	uint32_t *shadowed; /* conn sections whose name an earlier one has; NULL: none */
	size_t shadowed_len;
	uint32_t *
		twins; /* by section: the next one of its name + 1; 0: none. NULL: no dialect has them */
};

/* The section of a name, or NULL. */
const struct named *named_find(const struct named *table, const char *name);

/* The pair of an index, or NULL where it is that of a section; and the section of either. */
const struct pair *conf_pair(const struct conf *c, uint32_t index);
uint32_t conf_section_of(const struct conf *c, uint32_t index);

/*
 * The connections that stand in the place of a section that is in_pairs, one behind the other: NULL
 * for the first one, NULL behind the last one. What else has its name as alias is none of them.
 */
const struct named *conf_next_pair(const struct conf *c, const struct named *section,
				   const struct named *after);

/* A name that lives as long as the conf. NULL: memory is short. */
const char *conf_keep_word(struct conf *c, const char *at, size_t n);

/* Let a name mean an index, too, besides what it meant. False: memory is short. */
bool conf_add_name(struct named **table, const char *name, size_t index);

/* The whole connection that a section describes, its pairs not taken apart. As conf_connection. */
MUST_CHECK enum cyg_err conf_read_section(const struct conf *c, size_t index,
					  struct connection **ret, struct problems *problems,
					  struct diag *why);

/* The kind's names. */
const struct naming *conf_naming(const struct conf *c, enum section_kind kind);

/* Complain of a word that there is not in the section: what it is near to, or where it belongs. */
void conf_unknown_word(const struct section *s, const struct param *p, struct diag *ret);

/*
 * `p` says another value than `before` in the same section (config setup is one, wherever its parts are), and
 * `twice` (enum of dialect.h) what is made of it.
 */
void conf_twice(const struct section *s, const struct param *p, const struct param *before,
		uint8_t twice, bool may_hold_secret, struct diag *ret);

/*
 * What is to be said of a word that is not built, for the section named
 * `whose`. False: nothing. *ret_level says how bad it is.
 */
bool conf_word_unbuilt(const struct keyword_meaning *m, const char *whose,
		       const struct param *p, struct diag *ret, enum problem_level *ret_level);

#endif
