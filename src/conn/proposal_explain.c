/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal_kind.h"

void proposals_explain(const struct proposals *ours, const struct proposal *offered,
		       size_t offered_len, bool without_ke, struct diag *why)
{
	diag_set(why, "no-proposal-chosen", "RFC 7296 2.7", "no offered proposal is acceptable");
}
