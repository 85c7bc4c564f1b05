/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/undelivered.h"

#include "pluto/daemon.h"

#include <errno.h>
#include <string.h>

static void explain_undeliverable(int error, const struct endpoint *remote,
				  const struct ip_addr *from, struct diag *why)
{
	char to[ENDPOINT_TEXT_MAX], who[IP_TEXT_MAX];

	diag_set(why, "undeliverable", NULL,
		 "a message to %s could not be delivered: %s (%s says so)",
		 endpoint_print(remote, to), strerror(error),
		 ip_is_set(from) ? ip_print(from, who) : "this host");
	if (error == ECONNREFUSED)
		diag_hint(why, "no IKE daemon listens there, or a firewall refuses it");
	else if (error == ENETUNREACH || error == EHOSTUNREACH)
		diag_hint(why, "check the route to it, and that it is up");
	else if (error == EPERM || error == EACCES)
		diag_hint(why, "a firewall refuses UDP port %u", remote->port);
}

/* Nobody forges what this host itself says; by that it won't get there. */
static bool has_no_way(int error, const struct ip_addr *from)
{
	return !ip_is_set(from) && (error == ENETUNREACH || error == EHOSTUNREACH);
}

void undelivered_on_error(void *ctx, const struct endpoint *local,
			  const struct endpoint *remote, int error, const struct ip_addr *from)
{
	struct daemon *d = ctx;
	struct diag why;
	struct report r = {
		.level = REPORT_NOTICE,
		.code = RC_LOG_SERIOUS,
		.event = "undeliverable",
		.diag = &why,
	};

	explain_undeliverable(error, remote, from, &why);
	if (has_no_way(error, from)) {
		r.code = RC_NORETRANSMISSION;
		calls_cut_short(&d->calls, &remote->addr, &r);
	} else {
		calls_hint(&d->calls, &remote->addr, error, &r);
	}
	log_report(d->log, &r, &remote->addr);
}

void undelivered_on_no_socket(void *ctx, const struct endpoint *local,
			      const struct endpoint *remote)
{
	char from[ENDPOINT_TEXT_MAX];
	struct daemon *d = ctx;
	struct diag why;
	struct report r = {.level = REPORT_ERROR,
			   .code = RC_DEAF,
			   .event = "no-port",
			   .diag = &why};

	diag_set(&why, "no-port", NULL, "this host has no socket at %s",
		 endpoint_print(local, from));
	diag_hint(&why, "\"ipsec verify\" names the program that has it, if any; "
			"\"ipsec auto --ready\" tries again");
	calls_cut_short(&d->calls, &remote->addr, &r);
	log_report(d->log, &r, &remote->addr);
}
