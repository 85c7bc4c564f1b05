/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_REMARK_H
#define PKI_REMARK_H

#include "pki/files.h"

/* One line on standard error for each reason why peers will refuse what `ca` (NULL: itself) has issued. */
void remark_refusals(const struct pki *p, X509 *ca, X509 *x);
/* One line with whom a certificate names, because a request and not the command said so. */
void remark_names(const struct pki *p, X509 *x);

#endif
