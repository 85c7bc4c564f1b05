/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_NEWS_H
#define PKI_NEWS_H

#include "pki/files.h"

struct trust;
struct trust_question;

#define NEWS_SECONDS 10 /* for one answer of a server */

/*
 * trust_believe, with the servers that are named for the path asked as pluto asks them: each fetch has
 * NEWS_SECONDS, all of them twice that, and what has not come then is not known. What can't be
 * fetched or used is complained about.
 */
MUST_CHECK enum cyg_err news_believe(const struct pki *p, struct trust *t,
				     struct trust_question *q, struct diag *why);

#endif
