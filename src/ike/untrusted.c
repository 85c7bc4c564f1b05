/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/untrusted.h"

#include "ike/core.h"
#include "ike/lost.h"
#include "ike/sa.h"
#include "ike/tell.h"

#include <string.h>

/*
 * Removing one may take others along, so that the walk begins anew. One that is to take another's
 * place belongs to that one's exchange, and goes with it.
 */
static struct ike_sa *next_with(struct ike *ike, uint64_t proof)
{
	struct ike_sa *sa, *next;

	HASH_ITER(hh, ike->by_spi, sa, next)
		if ((sa->proofs[0] == proof || sa->proofs[1] == proof) &&
		    sa->state != SA_LARVAL)
			return sa;
	return NULL;
}

void untrusted(struct ike *ike, uint64_t proof, const struct diag *why)
{
	struct ike_sa *sa;

	while (proof && (sa = next_with(ike, proof))) {
		struct about a = about_sa(sa);

		memset(sa->proofs, 0, sizeof(sa->proofs));
		if (sa->state == SA_REKEYED || sa->state == SA_DELETING || sa->state == SA_GONE)
			continue;
		tell(ike, &a, REPORT_WARNING, RC_LOG_SERIOUS, "untrusted", why,
		     "the peer is trusted no more; the IKE SA goes");
		sa_remove(sa);
	}
}
