/* SPDX-License-Identifier: Apache-2.0 */
/* A build without librnp. */
#include "trust/pgp.h"

enum cyg_err pgp_read(struct crypto *crypto, struct view octets, struct pgp_cert *ret,
		      struct diag *why)
{
	diag_set(why, "no-openpgp", NULL, "this build reads no OpenPGP certificates");
	diag_hint(why, "build with librnp, or name the key itself: leftrsasigkey=0s...");
	return CYG_UNSUPPORTED;
}
