/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_OPTIONS_H
#define WHACK_OPTIONS_H

#include "base/text.h"
#include "conn/authority.h"
#include "conn/connection.h"
#include "whack/action.h"

struct field;
struct keyword;

/*
 * whack's command line. Connections are described by the options of
 * conn/field.h's table and by the flags of flags.c, ca sections by those of
 * conn/authority.h; the rest is actions and a few odd ones. Nothing here talks to pluto.
 */

struct whack_options {
	bool help, version, json, utc, asynchronous, brief;
	uint64_t actions;         /* bits of enum whack_action */
	const char *name, *label; /* these and all other strings borrow from argv or `words` */
	const char *ctlbase, *ctlsocket, *rundir;
	const char *crash;
	const char *pairs; /* with a replacement: the pairs of its section; NULL: not said */
	uint64_t delete_state;
	struct connection *connection; /* of ACTION_ADD; owned */
	struct authority authority;    /* of ACTION_ADD_CA; borrowed like the strings */
	struct whack_words *words;     /* text of --optionsfrom files */
	struct text notes; /* "note: --x has no effect: ...\n", a line each; owned */
};

/*
 * Read the command line. On refusal (CYG_RANGE, and what field_set and
 * connection_check give) *why is what to print behind "whack error:"; *ret has
 * name and label as far as they were read, so that the complaint can carry them.
 */
MUST_CHECK enum cyg_err options_parse(int argc, char **argv, struct whack_options *ret,
				      struct diag *why);
void options_done(struct whack_options *o);

/* The text of --help. */
void options_help(struct text *out);

/*
 * What --help says of an option that describes no connection; NULL where there is nothing to
 * say.
 */
struct whack_option_doc {
	const char *name, *alias, *argument, *doc;
	bool action; /* else one of the odd ones */
};
/* The i-th of them, in the order of --help. False behind the last one. */
bool options_doc(size_t i, struct whack_option_doc *ret);

/* A whack flag that stands for a field and its value: "--dontrekey" is rekey=no. */
struct whack_flag {
	const char *name;
	const char *keyword; /* of a connection's field; NULL: accepted, and already so */
	const char *value;
	const char *doc;
	bool join; /* several such flags make one value, joined by "|" */
};
extern const struct whack_flag whack_flags[];
extern const size_t whack_flags_len;

/*
 * The row of ipsec.conf's table of words for an option that describes a connection and
 * has no field: what becomes of it is the same here. NULL: none.
 */
const struct keyword *whack_keyword(const char *option);

/*
 * Options that other programs of this family have and this one has not: what is
 * missing, or what does the same here (unbuilt.c, ipsec.conf's words). NULL: not one of them.
 */
const char *whack_unbuilt(const char *option);
/*
 * The i-th group of those that ipsec.conf has not, for the man page: options separated by blanks (one that ends in "..."
 * stands for all that begin so), and what is said of them. False behind the last one.
 */
bool whack_unbuilt_doc(size_t i, const char **ret_options, const char **ret_why);

#endif
