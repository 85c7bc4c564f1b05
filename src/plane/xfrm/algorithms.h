/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_ALGORITHMS_H
#define PLANE_XFRM_ALGORITHMS_H

#include "conn/sa.h"

struct nlmsghdr;

/*
 * Put the attributes that name the suite of an SA as the kernel's cryptography
 * calls it, with its keys. CYG_UNSUPPORTED names what has no such name.
 */
MUST_CHECK enum cyg_err algorithms_put(struct nlmsghdr *m, const struct plane_sa *sa,
				       struct diag *why);

#endif
