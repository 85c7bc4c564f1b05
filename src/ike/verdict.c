/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/verdict.h"

#include "wire/ikev2_numbers.h"

/*
 * One row for each problem, one column for each scene; what is not listed is
 * dropped. IKE_SA_INIT is not authenticated: its answers may only ever be
 * dropped, because anyone could have written them, and its requests are
 * refused without keeping state (RFC 7296 2.21.1). Once authenticated, broken
 * syntax ends the IKE SA on both sides (2.21.3), and what concerns a child
 * ends the child alone (1.2, 1.3, 2.21.2).
 */
#define DROP                    \
	{                       \
		VERDICT_DROP, 0 \
	}
#define REFUSE(n)                 \
	{                         \
		VERDICT_REFUSE, n \
	}
#define CHILD(n)                      \
	{                             \
		VERDICT_FAIL_CHILD, n \
	}
#define END(n)                     \
	{                          \
		VERDICT_FAIL_SA, n \
	}

/* clang-format off */
static const struct verdict table[PROBLEMS][SCENES] = {
	/*
	 * IKE_SA_INIT request, answer, IKE_AUTH request, answer,
	 * CREATE_CHILD_SA request, answer, INFORMATIONAL request, answer
	 */
	[PROBLEM_FORGED]   = {DROP, DROP, DROP, DROP, DROP, DROP, DROP, DROP},
	[PROBLEM_SYNTAX]   = {REFUSE(N_INVALID_SYNTAX), DROP,
			      END(N_INVALID_SYNTAX), END(N_INVALID_SYNTAX),
			      END(N_INVALID_SYNTAX), END(N_INVALID_SYNTAX),
			      END(N_INVALID_SYNTAX), END(N_INVALID_SYNTAX)},
	[PROBLEM_CRITICAL] = {REFUSE(N_UNSUPPORTED_CRITICAL_PAYLOAD), DROP,
			      END(N_UNSUPPORTED_CRITICAL_PAYLOAD), END(0),
			      REFUSE(N_UNSUPPORTED_CRITICAL_PAYLOAD), CHILD(0),
			      REFUSE(N_UNSUPPORTED_CRITICAL_PAYLOAD), CHILD(0)},
	[PROBLEM_PROPOSAL] = {REFUSE(N_NO_PROPOSAL_CHOSEN), DROP,
			      CHILD(N_NO_PROPOSAL_CHOSEN), CHILD(0),
			      REFUSE(N_NO_PROPOSAL_CHOSEN), CHILD(0), DROP, DROP},
	[PROBLEM_STRANGER] = {REFUSE(N_NO_PROPOSAL_CHOSEN), DROP, DROP, DROP,
			      DROP, DROP, DROP, DROP},
	[PROBLEM_KE_GROUP] = {REFUSE(N_INVALID_KE_PAYLOAD), DROP, DROP, DROP,
			      REFUSE(N_INVALID_KE_PAYLOAD), CHILD(0), DROP, DROP},
	[PROBLEM_KE_VALUE] = {REFUSE(N_INVALID_SYNTAX), DROP, DROP, DROP,
			      REFUSE(N_INVALID_SYNTAX), CHILD(0), DROP, DROP},
	[PROBLEM_AUTH]     = {DROP, DROP,
			      END(N_AUTHENTICATION_FAILED), END(N_AUTHENTICATION_FAILED),
			      DROP, DROP, DROP, DROP},
	[PROBLEM_TS]       = {DROP, DROP, CHILD(N_TS_UNACCEPTABLE), CHILD(0),
			      REFUSE(N_TS_UNACCEPTABLE), CHILD(0), DROP, DROP},
	[PROBLEM_PROOF]    = {DROP, DROP, CHILD(N_TS_UNACCEPTABLE), DROP,
			      REFUSE(N_TS_UNACCEPTABLE), DROP, DROP, DROP},
	[PROBLEM_ADDRESS]  = {DROP, DROP, CHILD(N_INTERNAL_ADDRESS_FAILURE), CHILD(0),
			      REFUSE(N_INTERNAL_ADDRESS_FAILURE), CHILD(0), DROP, DROP},
	[PROBLEM_CP_REQUIRED] = {DROP, DROP, CHILD(N_FAILED_CP_REQUIRED), CHILD(0),
			      REFUSE(N_FAILED_CP_REQUIRED), CHILD(0), DROP, DROP},
	[PROBLEM_LIMIT]    = {DROP, DROP, CHILD(N_NO_ADDITIONAL_SAS), CHILD(0),
			      REFUSE(N_NO_ADDITIONAL_SAS), CHILD(0), DROP, DROP},
	[PROBLEM_CLONES]   = {DROP, DROP, DROP, DROP,
			      REFUSE(N_TS_MAX_QUEUE), CHILD(0), DROP, DROP},
	[PROBLEM_BUSY]     = {DROP, DROP, DROP, DROP,
			      REFUSE(N_TEMPORARY_FAILURE), CHILD(0),
			      REFUSE(N_TEMPORARY_FAILURE), DROP},
	[PROBLEM_NO_CHILD] = {DROP, DROP, DROP, DROP,
			      REFUSE(N_CHILD_SA_NOT_FOUND), CHILD(0), DROP, DROP},
	[PROBLEM_ANSWER]   = {DROP, DROP, DROP, CHILD(0), DROP, CHILD(0), DROP, DROP},
	[PROBLEM_REFUSED]  = {DROP, DROP, DROP, END(0), DROP, CHILD(0), DROP, DROP},
	[PROBLEM_PLANE]    = {DROP, DROP, CHILD(N_NO_ADDITIONAL_SAS), CHILD(0),
			      REFUSE(N_NO_ADDITIONAL_SAS), CHILD(0), DROP, DROP},
	[PROBLEM_PROGRAM]  = {DROP, DROP, CHILD(N_NO_ADDITIONAL_SAS), CHILD(0),
			      REFUSE(N_NO_ADDITIONAL_SAS), CHILD(0), DROP, DROP},
	[PROBLEM_LOCAL]    = {DROP, DROP, END(N_AUTHENTICATION_FAILED), END(0),
			      REFUSE(N_TEMPORARY_FAILURE), CHILD(0), DROP, DROP},
};
/* clang-format on */

struct verdict verdict_of(enum problem p, enum scene s)
{
	if (p == PROBLEM_NONE || p == PROBLEM_LATER)
		return (struct verdict){VERDICT_GO_ON, 0};
	return table[p][s];
}

enum problem problem_of(enum cyg_err err, enum problem unsupported)
{
	switch (err) {
	case CYG_OK:
		return PROBLEM_NONE;
	case CYG_AUTH:
		return PROBLEM_FORGED;
	case CYG_UNSUPPORTED:
		return unsupported;
	case CYG_NOMEM:
	case CYG_CRYPTO:
		return PROBLEM_LOCAL;
	default:
		return PROBLEM_SYNTAX;
	}
}

static const char *const names[PROBLEMS] = {
	[PROBLEM_NONE] = "none",
	[PROBLEM_LATER] = "later",
	[PROBLEM_FORGED] = "forged",
	[PROBLEM_SYNTAX] = "syntax",
	[PROBLEM_CRITICAL] = "critical",
	[PROBLEM_PROPOSAL] = "no-proposal",
	[PROBLEM_STRANGER] = "stranger",
	[PROBLEM_KE_GROUP] = "ke-group",
	[PROBLEM_KE_VALUE] = "ke-value",
	[PROBLEM_AUTH] = "authentication",
	[PROBLEM_TS] = "selectors",
	[PROBLEM_PROOF] = "proof",
	[PROBLEM_ADDRESS] = "address",
	[PROBLEM_CP_REQUIRED] = "address-required",
	[PROBLEM_LIMIT] = "limit",
	[PROBLEM_CLONES] = "clones",
	[PROBLEM_BUSY] = "busy",
	[PROBLEM_NO_CHILD] = "no-child",
	[PROBLEM_ANSWER] = "wrong-answer",
	[PROBLEM_REFUSED] = "refused",
	[PROBLEM_PLANE] = "plane",
	[PROBLEM_PROGRAM] = "program",
	[PROBLEM_LOCAL] = "local",
};

const char *problem_name(enum problem p)
{
	return names[p];
}
