/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_VERDICT_H
#define IKE_VERDICT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a peer's message deserves. Handlers only find out what is wrong (a
 * problem); what follows from it, in which exchange, is decided in verdict.c
 * alone.
 */
enum problem {
	PROBLEM_NONE,
	PROBLEM_LATER,       /* none so far: the host computes, the exchange goes on later */
	PROBLEM_FORGED,      /* not authentic, replayed, reflected, or for nobody */
	PROBLEM_SYNTAX,      /* breaks the format, or a payload is missing */
	PROBLEM_CRITICAL,    /* a critical payload that we do not know */
	PROBLEM_PROPOSAL,    /* no proposal in common */
	PROBLEM_STRANGER,    /* no connection is for a peer at that address */
	PROBLEM_KE_GROUP,    /* key exchange for another method than is to be used */
	PROBLEM_KE_VALUE,    /* a public value that fails its checks */
	PROBLEM_AUTH,        /* not who it says, or nobody we know */
	PROBLEM_TS,          /* selectors that do not meet, or belong to another */
	PROBLEM_PROOF,       /* they do, and are for who has proven something else */
	PROBLEM_ADDRESS,     /* no internal address could be given, or none was */
	PROBLEM_CP_REQUIRED, /* the peer's side is an address of ours, and it asks for none */
	PROBLEM_LIMIT,       /* too many children */
	PROBLEM_CLONES,      /* too many of them for single processors */
	PROBLEM_BUSY,        /* collides with what is under way */
	PROBLEM_NO_CHILD,    /* names a child SA that does not exist */
	PROBLEM_ANSWER,      /* an answer that agrees to what was not offered */
	PROBLEM_REFUSED,     /* an answer that holds an error notify */
	PROBLEM_PLANE,       /* the plane did not install it */
	PROBLEM_PROGRAM,     /* an updown program refused it */
	PROBLEM_LOCAL,       /* memory, randomness, cryptography failed here */
	PROBLEMS
};

/* The exchange and direction in which it came up. */
enum scene {
	SCENE_INIT_REQUEST,
	SCENE_INIT_ANSWER,
	SCENE_AUTH_REQUEST,
	SCENE_AUTH_ANSWER,
	SCENE_CHILD_REQUEST,
	SCENE_CHILD_ANSWER,
	SCENE_INFO_REQUEST,
	SCENE_INFO_ANSWER,
	SCENES
};

enum verdict_kind {
	VERDICT_GO_ON,      /* nothing wrong */
	VERDICT_DROP,       /* as if it had never come */
	VERDICT_REFUSE,     /* answer with a notify; everything else stays as it is */
	VERDICT_FAIL_CHILD, /* the exchange's new child comes to nothing; the IKE SA lives */
	VERDICT_FAIL_SA,    /* the IKE SA ends */
};

struct verdict {
	uint8_t kind; /* enum verdict_kind */
	/* What the peer is told, 0 nothing. An answer's problem is told by a new request. */
	uint16_t notify;
};

/* The verdict on a problem in a scene. PROBLEM_NONE and PROBLEM_LATER go on. */
struct verdict verdict_of(enum problem p, enum scene s);

/* Problems of a parser: CYG_UNSUPPORTED becomes `unsupported`. */
enum problem problem_of(enum cyg_err err, enum problem unsupported);

/* For reports: "no-proposal", stable, static. */
const char *problem_name(enum problem p);

#endif
