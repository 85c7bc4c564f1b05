/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_MESSAGE_H
#define PLANE_XFRM_MESSAGE_H

#include "conn/action.h"
#include "net/netlink.h"

#include <linux/xfrm.h>

/* Private to this room: requests to the kernel and what it says, as its records. */

/* An address as the kernel's records have it (IPv4 in the first four octets), and back. */
xfrm_address_t xfrm_address(const struct ip_addr *a);
struct ip_addr xfrm_ip(const xfrm_address_t *a, uint16_t family);

#define ATTR_SA_DIR \
	33 /* XFRMA_SA_DIR, an octet: newer than the headers that this is built with may be */

#define ATTR_SA_PCPU 35 /* XFRMA_SA_PCPU, a number of a processor (Linux 6.13) */

/* A flag of XFRMA_OFFLOAD_DEV (Linux 6.2). */
#define OFFLOAD_WHOLE_PACKETS 4

/* What this kernel has beside what all have. */
struct xfrm_kernel {
	bool directions; /* its states are of one (Linux 6.10): it refuses the other's packets */
	bool ipcomp;
	uint32_t
		processors; /* that outbound states can be for, one each (Linux 6.13); 0: none */
};

/* IPComp's states stand beside those of ESP and AH. The number is the one that IKEv1 had for it. */
#define PROTO_IPCOMP 4

/* Protocol of IP packets for an enum protocol: ESP 50, AH 51, IPComp 108. */
uint8_t xfrm_proto(uint8_t protocol);

/*
 * The kernel keeps a number of ours with each state (seq) and each policy (index). All of
 * ours are of one range, so that what a killed daemon left is told from what others made.
 */
bool xfrm_is_ours(uint32_t number);

/*
 * Fill in an XFRM_MSG_NEWSA, our `number`-th one, as `kernel` has it. CYG_UNSUPPORTED when the kernel has no name for an
 * algorithm of the suite; *why names it. CYG_RANGE for a replay window it can't have.
 */
MUST_CHECK enum cyg_err message_new_sa(struct netlink_request *storage,
				       const struct plane_sa *sa, uint32_t number,
				       const struct xfrm_kernel *kernel, struct nlmsghdr **ret,
				       struct diag *why);
/* XFRM_MSG_NEWSA for the IPComp state of an SA that has a number for one. */
struct nlmsghdr *message_new_ipcomp(struct netlink_request *storage, const struct plane_sa *sa,
				    uint32_t number, const struct xfrm_kernel *kernel);
/* The direction that a state has, an enum sa_dir; -1: it has none. */
int message_direction_of(const struct nlmsghdr *m);
/* The processor that a message about states has behind its record of `len` octets, counted from 1; 0: none. */
uint32_t message_processor_of(const struct nlmsghdr *m, size_t len);
/* Put the ports of ESP in UDP (RFC 3948) between the two ends of an SA. */
void message_put_encap(struct nlmsghdr *m, uint8_t dir, const struct endpoint *local,
		       const struct endpoint *remote);
/* What names a state to the kernel. */
struct xfrm_state_id {
	const struct ip_addr *destination;
	uint32_t spi;
	uint8_t protocol;
	struct packet_mark mark;
};

/* XFRM_MSG_GETSA or XFRM_MSG_DELSA for one. */
struct nlmsghdr *message_sa_id(struct netlink_request *storage, uint16_t type,
			       const struct xfrm_state_id *id);

/* Put which packets it is for: nothing of what is any. */
void message_put_scope(struct nlmsghdr *m, const struct packet_scope *s);
/* Which packets a message is about that begins with a record of `len` octets. */
struct packet_scope message_scope_of(const struct nlmsghdr *m, size_t len);

/* One pair of selectors as the kernel's policies have them: prefixes, and a port each. */
struct xfrm_pair {
	struct ip_prefix local, remote;
	uint16_t local_port, local_mask, remote_port, remote_mask;
	uint8_t proto;
};

/* What a policy does with the packets of its pair. */
struct xfrm_rule {
	uint8_t kind;     /* enum policy_kind */
	uint8_t mode;     /* enum sa_mode */
	uint8_t protocol; /* enum protocol */
	bool compress;    /* IPComp inside it */
	bool clear_in;    /* what comes in clear is let in */
	bool spread;      /* each processor asks for a state of its own */
	uint32_t priority, reqid;
	struct packet_scope scope[2]; /* by enum sa_dir */
	uint32_t device;              /* that is given whole packets; 0: none */
	struct ip_addr local,
		remote; /* outer; IP_NONE: not known, and such packets are blocked */
};

/* The index of our `number`-th policy, in one of XFRM_POLICY_IN, _OUT and _FWD. */
uint32_t message_index_of(uint32_t number, uint8_t dir);
/*
 * XFRM_MSG_NEWPOLICY, which adds one and refuses where there is one already, in one of those
 * directions. As XFRM_MSG_UPDPOLICY it replaces: one that is replaced keeps the index that it has.
 */
struct nlmsghdr *message_new_policy(struct netlink_request *storage, uint8_t dir,
				    const struct xfrm_pair *pair, const struct xfrm_rule *rule,
				    uint32_t index);
/* XFRM_MSG_DELPOLICY for the one of an index, whose scope is known. */
struct nlmsghdr *message_remove_policy(struct netlink_request *storage, uint8_t dir,
				       uint32_t index, const struct packet_scope *scope);
/* XFRM_MSG_DELPOLICY or XFRM_MSG_GETPOLICY for the one of a pair and scope. */
struct nlmsghdr *message_policy_id(struct netlink_request *storage, uint16_t type, uint8_t dir,
				   const struct xfrm_pair *pair,
				   const struct packet_scope *scope);
/* The number of a policy of ours, by its index. */
uint32_t message_number_of(uint32_t index);
/* Which of an entry's two scopes a policy of XFRM_POLICY_IN, _OUT or _FWD has. */
enum sa_dir message_side(uint8_t dir);
/* The pair that the selector of a policy of a direction says. False when it can be none of ours. */
bool message_pair_of(const struct xfrm_selector *s, uint8_t dir, struct xfrm_pair *ret);

/* A packet's own selectors, of an acquire; each one address, and port where there is one. */
void message_flow_of(const struct xfrm_selector *s, struct ts *ret_local,
		     struct ts *ret_remote);

#endif
