/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_SECTIONS_H
#define PKI_SECTIONS_H

#include "pki/files.h"

struct trust;

/*
 * Have trust take the ca sections of an ipsec.conf that are loaded (auto=add), as pluto has them: their
 * certificates, in ipsec.d/cacerts beside that file, and groups. False, and told: it can't be read.
 */
bool sections_take(const struct pki *p, const char *conf, struct trust *t, int64_t now);

#endif
