/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_PEERS_H
#define IKE_PEERS_H

#include "base/list.h"

#include <stdbool.h>

struct ike;
struct ike_sa;

/*
 * Established IKE SAs by the pair of identities, so that the older ones of a
 * peer that comes anew are found at once, whatever their connection or address.
 */
struct peer; /* one pair of identities; a row of ike->peers */

/* False when memory is short: the SA is then just not found by its identities. */
bool peer_join(struct ike_sa *sa);
/* Fine for one that has not joined. */
void peer_leave(struct ike_sa *sa);

/*
 * The list of SAs of `sa`'s peer (struct ike_sa, of_peer), itself among them; NULL when it
 * did not join.
 */
struct list *peer_sas(const struct ike_sa *sa);
/* The same for one that has not joined yet, by the identities that it expects; both are set. */
struct list *peer_sas_known(const struct ike_sa *sa);

#endif
