/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_H
#define IPSEC_CHECK_H

#include "conf/conf.h"
#include "conn/event.h"
#include "ipsec/findings.h"

struct cert_facts;
struct lookup;
struct plane_reach;
struct secret_set;

/*
 * What a connection that is described well still can't do on this host: ends
 * that are not here, secrets that are missing, networks that two peers claim,
 * programs that can't be run.
 */
struct check {
	const struct conf *conf;
	const struct host_view *host;     /* NULL: not known; nothing is said of it */
	const struct secret_set *secrets; /* NULL: not known */
	const char *confs;   /* the folder of ipsec.d; NULL: what lies there is not looked at */
	const char *execdir; /* the folder of ipsec's programs; NULL: not looked at */
	const struct plane_reach *plane; /* what pluto's plane will be able to do; NULL: not known */
	struct findings *findings;
	size_t total, usable; /* connections read, and those without an error */
	struct lookup *names; /* to look names up with; NULL: that is the daemon's to do */
	const struct connection **late; /* private: those that wait for look-ups, referenced */
	size_t late_len, late_cap;      /* private */
	struct cert_facts *certs;       /* private; NULL: not needed yet */
	bool authorities_known;         /* private: `certs` has them all */
	bool named;                     /* private: parts of connections are asked for, too */
};

/*
 * Read each connection of the configuration, or those named (NULL: all), and check it.
 * CYG_NOTFOUND when a name is none; all others are checked all the same.
 */
MUST_CHECK enum cyg_err check_run(struct check *c, char *const *names);

#endif
