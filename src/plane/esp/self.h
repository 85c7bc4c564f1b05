/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_SELF_H
#define PLANE_ESP_SELF_H

#include "net/net.h"
#include "plane/esp/crew.h"
#include "plane/esp/egress.h"
#include "plane/esp/esp.h"
#include "plane/esp/firewall.h"
#include "plane/esp/nft.h"
#include "plane/esp/passes.h"
#include "plane/esp/steer.h"
#include "plane/esp/tun.h"
#include "plane/esp/watch.h"

/*
 * The plane from inside, for the files that are it: esp.c (life, ports, notices),
 * requests.c, mend.c and status.c. All on the loop's thread.
 */
struct esp_plane {
	struct plane plane;       /* first */
	struct esp_config config; /* with every default filled in */
	char device[16];
	struct net *net;
	struct tun tun;
	struct sad sad;
	struct spd spd;
	bool tables; /* sad and spd are there */
	struct ports ports;
	struct steer *steer;
	struct egress egress;
	struct icmp_limits limits;
	struct crew crew;
	struct watch watch; /* what the loop polls */
	struct nft_socket nft; /* who changes the firewall and what holds back at the way out */
	int wake;           /* eventfd: there is something to dispatch */
	uint32_t mtu;       /* the device's */
	uint32_t outer;     /* octets that ESP in UDP may have, with its outer headers */
	uint64_t branches_version; /* of those that the firewall knows */
	bool firewall_on, firewall_due, firewall_told, tuned, cipher_told, crowd_told;
	bool firewall_known;          /* what is there is what was said last */
	bool firewall_again;          /* a refusal may pass, and it is said once more */
	bool egress_due, egress_told; /* to tell that it is refused; told */
	bool passes_due; /* as firewall_due, for what may come in in clear */
	bool parts_known;        /* else one has come or gone since, */
	struct firewall_patience patience; /* as it was at the start */
	struct passes parts;     /* passes_parts: all entries are asked for these */
	struct list waiting;     /* requests and answers until the firewall is what they need */
	size_t routes_waiting;   /* how many of them are of routes */
	int rest;                /* a timer: the firewall's rest is over */
	nsec rests_until;        /* CLOCK_MONOTONIC; 0: it does not */
	uint64_t turn;           /* counts the times that both were put in force */
	bool firewall_inherited; /* an earlier run's is in force, until this one has settled */
	bool handed_over;        /* what guards stays */
	bool mending;            /* what another hand took could not be put back yet */
	bool gone;               /* the device, which could not be made anew yet */
	struct diag firewall_why, egress_why;
	struct gcm_choice gcm;
};

static inline struct esp_plane *esp_self(struct plane *p)
{
	return (struct esp_plane *)p;
}

static inline const struct esp_plane *esp_const_self(const struct plane *p)
{
	return (const struct esp_plane *)p;
}

/* Have the loop call dispatch. */
void esp_wake_loop(const struct esp_plane *e);
/* A warning for the daemon's log. `why` may be NULL. */
void esp_report(const struct esp_plane *e, const char *event, const char *text,
		const struct diag *why);

/*
 * refresh.c. Put the firewall, and what holds back at the way out, in force as ports, policies and
 * routes stand now, if they changed since.
 */
void esp_refresh(struct esp_plane *e);
/* While the firewall rests: only what costs little, which is single networks at the way out. */
void esp_refresh_networks(struct esp_plane *e);
/* Ports or policies changed: a dispatch does so, once for all that changes until then. */
void esp_firewall_is_due(struct esp_plane *e);
/* Whether what is in force is not yet what the tables say, and will be. */
bool esp_firewall_lags(const struct esp_plane *e);
/* The same of both. What the kernel has just refused is not waited for. */
bool esp_lags(const struct esp_plane *e);
/*
 * Whether it lags and the last change was so long, and so short a time ago, that the next one
 * waits. The loop calls dispatch when it no longer does.
 */
bool esp_firewall_rests(struct esp_plane *e);
/* Once the watch is open: the timer of that. CYG_IO. */
MUST_CHECK enum cyg_err esp_firewall_timer(struct esp_plane *e);

/*
 * mtu.c. The device's MTU: what the links that our sockets are on let each outbound SA carry in one piece, and
 * AES-GCM over IPv4 while there is none, with PPPoE somewhere on the way. So a host's own packets, of which
 * IPv6's cannot be cut here, fit unchanged; what a path that is narrower takes is told to their senders.
 */
/* Before there is a device. */
void esp_mtu_begin(struct esp_plane *e);
/* Ports or links changed. */
void esp_mtu_follows(struct esp_plane *e);
/* An outbound SA is new, or has another path. */
void esp_mtu_fits(struct esp_plane *e, const struct esp_sa *sa);

/* requests.c: plane_ops.request. */
void esp_request(struct plane *p, const struct action *a);
/* esp_refresh; then carry out and answer what waited for that. */
void esp_requests_go_on(struct esp_plane *e);
/* Forget them, unanswered. */
void esp_requests_done(struct esp_plane *e);

/*
 * mend.c. Name, MTU and offloads of a device of ours, new or made anew.
 * CYG_IO and what net_link_up says.
 */
MUST_CHECK enum cyg_err esp_set_up_device(struct esp_plane *e, struct diag *why);
/* Put back what another hand took away, if the watch heard of any, and tell. */
void esp_mend(struct esp_plane *e);

#endif
