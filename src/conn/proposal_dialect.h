/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_PROPOSAL_DIALECT_H
#define CONN_PROPOSAL_DIALECT_H

#include "conn/proposal.h"

/*
 * In which ways Openswan, Libreswan and strongSwan write proposals differently:
 * one row a rule, which the parser and `ipsec algparse --rules` share.
 */
enum proposal_rule_id {
	RULE_PLUS,       /* "aes256+aes128" */
	RULE_REPEAT,     /* "aes256-aes128" */
	RULE_ORDER,      /* "sha256-modp2048-aes256" */
	RULE_SEMICOLON,  /* "aes256;modp2048" */
	RULE_TYPED,      /* "aes256;ke=modp2048" */
	RULE_NONE,       /* "aes_gcm256-none" */
	RULE_ESN,        /* "aes256-sha256-esn" */
	RULE_PRF_WORD,   /* "aes256-sha256-prfsha512" */
	RULE_SPLIT,      /* "aes-256" */
	RULE_BANG,       /* "aes256!" */
	RULE_TWO_HASHES, /* "aes256-sha512-sha256": which is what */
	RULE_NO_PRF,     /* "aes256-sha2_256_128": where the PRF comes from */
	RULE_NO_SIZE,    /* "aes" */
	PROPOSAL_RULES
};

struct proposal_rule {
	const char *example;
	const char *what;    /* the form, for complaints: "alternatives joined by +" */
	const char *instead; /* what those write who do not have it; NULL: none lacks it */
	/* What it means in each dialect; NULL where there is no such form. */
	const char *means[DIALECTS];
};

extern const struct proposal_rule proposal_rules[PROPOSAL_RULES];

/* Whether a dialect has a form. */
bool proposal_form_known(enum dialect d, enum proposal_rule_id rule);

#endif
