/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_VIRTUAL_H
#define CONN_VIRTUAL_H

#include "base/addr.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"

/*
 * Networks that a peer may claim by itself, as those behind NAT have to: subnet=vhost:...
 * and vnet:..., and virtual-private= of config setup. A list holds networks, and networks
 * that are excepted; the last item is of IP_NONE.
 */
struct virtual_net {
	struct ip_prefix net;
	bool except; /* written with ! */
};

struct virtual_nets {
	bool net;                 /* vnet: any network; else vhost: one address */
	bool own;                 /* %no: the address that the peer is seen at */
	bool priv;                /* %priv: what virtual-private= lists */
	bool all;                 /* %all: anything */
	struct virtual_net *list; /* %v4:, %v6: */
};

/* "vhost:" or "vnet:" begins it. */
bool virtual_is_meant(const char *text);

/* Read "vhost:%no,%priv,%v4:!10.1.0.0/16". CYG_MALFORMED, CYG_UNSUPPORTED, CYG_NOMEM. */
MUST_CHECK enum cyg_err virtual_read(const char *text, struct virtual_nets **ret,
				     struct diag *why);
/* Read the list of virtual-private=: "%v4:10.0.0.0/8,%v4:!10.1.0.0/16". */
MUST_CHECK enum cyg_err virtual_list_read(const char *text, struct virtual_net **ret,
					  struct diag *why);

/* As virtual_read reads it. */
void virtual_print(const struct virtual_nets *v, struct text *out);

/* NULL is fine, for all of these. A copy is NULL when memory is short, or for NULL. */
void virtual_free(struct virtual_nets *v);
struct virtual_nets *virtual_copy(const struct virtual_nets *v);
bool virtual_equal(const struct virtual_nets *a, const struct virtual_nets *b);

/*
 * Whether a peer seen at `peer` may claim the range: one address with vhost:, in something
 * that is allowed and in nothing that is excepted. `private` is the list of
 * virtual-private=; NULL: none.
 */
bool virtual_allows(const struct virtual_nets *v, const struct virtual_net *private,
		    const struct ip_addr *peer, const struct ip_range *range);

#endif
