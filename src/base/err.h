/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * Local errors: what failed here, on this host. One table gives code, name
 * and sentence. A verdict on a peer (drop, notify, fail) and an action for
 * the host are other types; see ike/verdict.h and conn/action.h.
 */
#define CYG_ERR_MAP(X)                                           \
	X(OK, 0, "no error")                                     \
	X(NOMEM, -1, "out of memory")                            \
	X(SHORT, -2, "the input ends too early")                 \
	X(MALFORMED, -3, "the input breaks its format")          \
	X(RANGE, -4, "a value is outside its range")             \
	X(UNSUPPORTED, -5, "not supported by this build")        \
	X(EXISTS, -6, "it exists already")                       \
	X(NOTFOUND, -7, "it does not exist")                     \
	X(STATE, -8, "not possible in the present state")        \
	X(LIMIT, -9, "a limit is reached")                       \
	X(CRYPTO, -10, "the cryptographic library refused")      \
	X(AUTH, -11, "integrity or authentication check failed") \
	X(IO, -12, "an input or output operation failed")        \
	X(PERM, -13, "permission denied")                        \
	X(AGAIN, -14, "the answer comes later")                  \
	X(CONFLICT, -15, "it clashes with something already there")

enum cyg_err {
#define X(name, value, text) CYG_##name = value,
	CYG_ERR_MAP(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The short name ("NOMEM") of a code; "?" for a number not in the table. Static storage. */
const char *cyg_err_name(enum cyg_err err);

/* The sentence of a code, lower case, without a full stop. Static storage. */
const char *cyg_err_text(enum cyg_err err);

#endif
