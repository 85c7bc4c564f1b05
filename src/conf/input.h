/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_INPUT_H
#define CONF_INPUT_H

#include "base/err.h"
#include "base/view.h"
#include "conf/problem.h"

#include <string.h>
#include <sys/types.h>
#include <time.h>

/*
 * Files as both languages read them: opened with care, and their include
 * directives followed.
 */

/* One file being read, and the chain of files that included it. */
struct input {
	const struct input *parent; /* NULL: the first one */
	const char *path;
	dev_t device;
	ino_t inode;
	unsigned depth; /* 0: the first one */
};

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* a file may begin with it */

/* The text of a whole file behind its byte order mark, if it has one. */
static inline struct view input_text(struct view file)
{
	const size_t len = sizeof(BYTE_ORDER_MARK) - 1;

	if (file.len < len || memcmp(file.ptr, BYTE_ORDER_MARK, len) != 0)
		return file;
	return view_of(file.ptr + len, file.len - len);
}

#define INPUT_PATIENCE_MS 2000 /* for the writer of a pipe, until it has written all */

/*
 * Read a whole file. Refused: what is neither a regular file nor a pipe, a pipe
 * that is included or into which nobody writes, a file that changes meanwhile
 * (CYG_IO), what strangers may write (CYG_PERM), more than `octets_max`
 * (CYG_LIMIT; it is not kept in memory). With `secret`, also what belongs to
 * somebody else than root or who runs this program, and what everyone may read
 * (CYG_PERM), and a file that its group may read gives a warning; without it,
 * somebody else's file does. The caller wipes or frees *ret.
 */
MUST_CHECK enum cyg_err input_read(struct input *in, bool secret, size_t octets_max,
				   struct bytes *ret, struct problems *problems,
				   struct diag *why);

/* What tells a file from what it is after a change. */
struct input_version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* A file that is read piece by piece. */
struct input_pieces {
	const char *path; /* borrowed */
	int fd;
	bool is_pipe;
	int64_t pipe_until; /* how long its writer is waited for: CLOCK_MONOTONIC, milliseconds */
	size_t octets, octets_max;
	struct input_version version;
};

/* Open a file, checked as input_read does. On success it is the caller's to input_close. */
MUST_CHECK enum cyg_err input_open(struct input *in, bool secret, size_t octets_max,
				   struct input_pieces *ret, struct problems *problems,
				   struct diag *why);

/*
 * The next piece, at most `room` octets, *ret_len of them; 0 once all is read and
 * the file is as it was. Errors as of input_read.
 */
MUST_CHECK enum cyg_err input_more(struct input_pieces *p, uint8_t *to, size_t room,
				   size_t *ret_len, struct diag *why);

/* All that is left, in one piece: the caller wipes or frees *ret. */
MUST_CHECK enum cyg_err input_rest(struct input_pieces *p, struct bytes *ret, struct diag *why);

/* Close it, however much was read. */
void input_close(struct input_pieces *p);

/* Read `len` octets at `at` of a file that was read before. CYG_IO when it is not that version. */
MUST_CHECK enum cyg_err input_again(const char *path, const struct input_version *version,
				    size_t at, uint8_t *to, size_t len, struct diag *why);

/* A file that included `in` is the same file: an include that goes round. */
bool input_goes_round(const struct input *in);

/* A file that an include directive names. Called for each match, in sorted order. */
typedef void (*input_each)(void *ctx, const struct input *child);

struct input_rules {
	unsigned depth_max;
	uint8_t missing; /* enum problem_level of an include whose file is not there */
	bool *hollow;    /* set where a pattern's folder is not there; NULL: it is not asked */
};

/*
 * Expand an include pattern (shell glob with braces, relative to the including
 * file's folder) and call `each` for every match. No match is as bad as the rules say, or
 * nothing when the pattern has a wildcard and its folder is there. Too deep is an error. False when files
 * may be there that were not looked at, or a file that is named is not there.
 */
bool input_include(const struct input *in, const char *pattern, const struct input_rules *rules,
		   unsigned line, struct problems *problems, input_each each, void *ctx);

#endif
