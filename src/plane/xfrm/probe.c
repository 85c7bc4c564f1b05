/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/probe.h"

#include "crypto/alg.h"
#include "plane/xfrm/xfrm.h"

#include <unistd.h>

/* An inbound SA of this host with itself, for the length of a question. */
static struct plane_sa question_sa(void)
{
	static const uint8_t loopback[] = {127, 0, 0, 1};
	struct ip_addr here = ip_from_view(view_of(loopback, sizeof(loopback)));

	return (struct plane_sa){
		.dir = SA_IN,
		.protocol = PROTO_ESP,
		.suite = {.protocol = PROTO_ESP, .encr = ALG_ENCR_AES_GCM_16, .key_bits = 128},
		.spi = 0x100,
		.local = {here, 0},
		.remote = {here, 0},
		.encr_key_len = 20,
	};
}

static struct nlmsghdr *question_id(struct netlink_request *storage, uint16_t type,
				    uint8_t protocol)
{
	struct plane_sa sa = question_sa();

	return message_sa_id(storage, type,
			     &(struct xfrm_state_id){.destination = &sa.local.addr,
						     .spi = sa.spi,
						     .protocol = protocol});
}

static int hear_direction(const struct nlmsghdr *m, void *ctx)
{
	bool *has_one = ctx;

	if (m->nlmsg_type == XFRM_MSG_NEWSA &&
	    mnl_nlmsg_get_payload_len(m) >= sizeof(struct xfrm_usersa_info))
		*has_one = message_direction_of(m) == SA_IN;
	return MNL_CB_OK;
}

/* A kernel that does not know of directions leaves them out. */
static bool is_of_a_direction(struct netlink *nl)
{
	struct netlink_request storage;
	bool has_one = false;
	enum cyg_err err = netlink_ask_for(nl, question_id(&storage, XFRM_MSG_GETSA, PROTO_ESP),
					   hear_direction, &has_one, "read an SA", NULL);

	return !err && has_one;
}

/* Have the kernel add a state. Where it is there already all is well. */
static enum cyg_err add(struct netlink *nl, struct nlmsghdr *m, const char *what,
			struct diag *why)
{
	enum cyg_err err = netlink_ask(nl, m, what, why);

	return err == CYG_EXISTS ? CYG_OK : err;
}

static enum cyg_err take_away(struct netlink *nl, uint8_t protocol, struct diag *why)
{
	struct netlink_request storage;

	return netlink_ask(nl, question_id(&storage, XFRM_MSG_DELSA, protocol), "remove an SA",
			   why);
}

static enum cyg_err try_esp(struct netlink *nl, struct xfrm_kernel *kernel, struct diag *why)
{
	struct plane_sa sa = question_sa();
	struct netlink_request storage;
	struct nlmsghdr *m;
	enum cyg_err err = message_new_sa(&storage, &sa, 0, kernel, &m, why);

	if (!err)
		err = add(nl, m, "take an ESP state", why);
	if (err)
		return err;
	kernel->directions = kernel->directions && is_of_a_direction(nl);
	return take_away(nl, PROTO_ESP, why);
}

static bool has_ipcomp(struct netlink *nl, const struct xfrm_kernel *kernel)
{
	struct plane_sa sa = question_sa();
	struct netlink_request storage;

	sa.cpi = (uint16_t)sa.spi;
	return !add(nl, message_new_ipcomp(&storage, &sa, 0, kernel), "take an IPComp state",
		    NULL) &&
	       !take_away(nl, PROTO_IPCOMP, NULL);
}

static int hear_processor(const struct nlmsghdr *m, void *ctx)
{
	bool *has_one = ctx;

	if (m->nlmsg_type == XFRM_MSG_NEWSA &&
	    mnl_nlmsg_get_payload_len(m) >= sizeof(struct xfrm_usersa_info))
		*has_one = message_processor_of(m, sizeof(struct xfrm_usersa_info)) == 1;
	return MNL_CB_OK;
}

/* How many processors can have states of their own; a kernel that has none leaves the number out. */
static uint32_t count_processors(struct netlink *nl, const struct xfrm_kernel *kernel)
{
	struct plane_sa sa = question_sa();
	struct netlink_request storage;
	struct nlmsghdr *m;
	bool has_one = false;
	long there = sysconf(_SC_NPROCESSORS_CONF);
	enum cyg_err err;

	sa.dir = SA_OUT;
	sa.processor = 1;
	if (message_new_sa(&storage, &sa, 0, kernel, &m, NULL) ||
	    add(nl, m, "take a state of a processor", NULL))
		return 0;
	err = netlink_ask_for(nl, question_id(&storage, XFRM_MSG_GETSA, PROTO_ESP),
			      hear_processor, &has_one, "read an SA", NULL);
	if (take_away(nl, PROTO_ESP, NULL) || err || !has_one || there < 1)
		return 0;
	return (uint32_t)there;
}

enum cyg_err xfrm_probe(struct netlink *nl, struct xfrm_kernel *ret, struct diag *why)
{
	/* An older kernel takes no notice of what it does not know. */
	struct xfrm_kernel k = {.directions = true};
	enum cyg_err err = try_esp(nl, &k, why);

	if (err) {
		diag_hint(why, "load the modules esp4, esp6 and xfrm_user, or use plane=esp");
		return err == CYG_PERM || err == CYG_NOMEM ? err : CYG_UNSUPPORTED;
	}
	k.ipcomp = has_ipcomp(nl, &k);
	k.processors = count_processors(nl, &k);
	*ret = k;
	return CYG_OK;
}

enum cyg_err xfrm_plane_probe(struct diag *why)
{
	struct netlink nl = {0};
	struct xfrm_kernel unused;
	enum cyg_err err = netlink_open(&nl, NETLINK_XFRM, 0, why);

	if (!err)
		err = xfrm_probe(&nl, &unused, why);
	netlink_close(&nl);
	return err;
}
