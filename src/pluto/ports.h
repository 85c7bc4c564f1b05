/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PORTS_H
#define PLUTO_PORTS_H

#include "base/addr.h"
#include "conn/event.h"

#include <uv.h>

struct account;
struct plane;

/*
 * The UDP sockets: ports 500 and 4500 of each local address, and what
 * connections have of their own (ikeport=). Each socket is bound to its address,
 * so that a datagram's local end is known without packet information. Reads and
 * writes come in batches (recvmmsg, sendmmsg). What the plane reads itself comes
 * back through its own call. Port 500 has plain IKE; every other one carries ESP
 * as well, and IKE behind the non-ESP marker (RFC 3948 2.2).
 */
#define PORT_IKE 500
#define PORT_ENCAP 4500

struct ports_host {
	void *ctx;
	/* An IKE message, non-ESP marker removed. Borrowed. */
	void (*datagram)(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			 struct view data);
	/*
	 * A datagram to `remote` could not be delivered: a system error number,
	 * of our own host or told by ICMP (`from`: who said so, or IP_NONE).
	 * What ICMP tells a stranger can make up: a hint for people, nothing to act on.
	 * What this host says itself may end the wait of a command.
	 */
	void (*undeliverable)(void *ctx, const struct endpoint *local,
			      const struct endpoint *remote, int error,
			      const struct ip_addr *from);
	void (*report)(void *ctx, const struct report *r);
};

struct ports;

/* No socket yet. `plane` is borrowed and may be NULL. NULL when memory is short. */
struct ports *ports_new(uv_loop_t *loop, struct plane *plane, struct account *account,
			const struct ports_host *host);

/*
 * Open sockets for the host's addresses that have none, close those of
 * addresses that went. What can't be opened is reported and tried again next time.
 * `h` stays borrowed until the next update.
 */
void ports_update(struct ports *p, const struct host_view *h);

/* How many that were wanted since the last update another program holds. */
size_t ports_taken(const struct ports *p);

/* Open a port of a connection's own, on an address that ports_update knows, unless it is open. */
void ports_open_own(struct ports *p, const struct endpoint *local);
/* Close the ports of that kind that are not among these. */
void ports_keep_own(struct ports *p, const struct endpoint *kept, size_t len);

/*
 * Queue a datagram for the socket of `local`; it leaves at ports_flush, or
 * before when many wait. On all ports but 500 the non-ESP marker goes in front, but
 * for the one octet of a NAT keep-alive (RFC 3948 2.2, 2.3). False when there
 * is no such socket.
 */
bool ports_send(struct ports *p, const struct endpoint *local, const struct endpoint *remote,
		struct view data);
void ports_flush(struct ports *p);

/* Walk the open sockets: NULL starts, NULL ends. */
struct port;
const struct port *ports_next(const struct ports *p, const struct port *after);
const struct endpoint *port_local(const struct port *port);

struct ports_counts {
	uint64_t received, sent, batches, too_short, not_ike, send_errors;
	uint64_t octets_in, octets_out; /* of IKE messages and keep-alives */
};
/* Totals since ports_new. */
struct ports_counts ports_counts(const struct ports *p);

/* Close all sockets. The loop must run once more before ports_free. */
void ports_close(struct ports *p);
void ports_free(struct ports *p);

#endif
