/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "ike/ike.h"
#include "sim/plane.h"
#include "sim/world.h"

struct secret_set;
struct trust;

/*
 * One host: a protocol core, the holder of its secrets, a plane, and the hand
 * that carries the core's actions out. What it knows of its configuration
 * (recipes, secrets) survives a restart, as files would; nothing else does.
 */

#define HOST_ADDRS_MAX 4

/* A command that was given. Kept until the world ends. */
struct order {
	struct list link;
	uint64_t cause;
	uint8_t kind; /* enum command_kind */
	char name[32];
	nsec given_at, done_at;
	bool done, forgotten; /* forgotten: the host restarted meanwhile */
	uint16_t code;        /* enum reply_code, once done */
};

/* A connection as the host's ipsec.conf would have it. */
struct recipe {
	struct list link;
	char name[32];
	char *text;         /* lines of keyword=value */
	bool wanted;        /* was asked to be up and not to be down since */
	bool routed;        /* was asked to be routed: its packets must never go in clear */
};

struct host {
	struct list link;
	struct world *w;
	char name[16];
	struct ip_addr addrs[HOST_ADDRS_MAX];
	size_t addrs_len;
	struct nat *nat; /* NULL: on the open network */
	bool down;       /* no core runs */
	bool mute, deaf; /* its datagrams do not leave, none reach it */
	unsigned lives;  /* how often it was started */
	nsec clock_ahead; /* its monotonic clock is so much ahead of the world's */
	struct dice dice;  /* its core's randomness, anew in each life */
	struct entropy entropy;
	struct dice pace;  /* how long answers take */
	nsec answer_max;   /* at most so long */
	unsigned spi_taken, plane_fails; /* of a hundred installations so many are refused */
	struct ike_settings settings;
	struct ike *ike;
	struct trust *trust;
	struct actions actions;
	struct simplane plane;
	struct list errands; /* struct errand: what the core waits for */
	struct list orders;
	uint64_t last_cause;
	struct list recipes;
	struct list secrets; /* struct host_secret */
	struct list names;   /* struct host_name */
	struct happening timer;
	unsigned timer_turns; /* how often in a row it fired without time going on */
	uint64_t reports_bad; /* of level REPORT_ERROR */
};

/* A host with one address, down. `nat` may be NULL. Owned by the world. */
struct host *host_new(struct world *w, const char *name, const char *addr, struct nat *nat);
void host_free(struct host *h);

/* Another address; it is told to the core if one runs. */
void host_add_address(struct host *h, const char *addr);
/* `addr` takes the place of the host's first address. */
void host_move(struct host *h, const char *addr);

/* A pre-shared key for peers; `who` names identities separated by blanks, "" for anyone. */
void host_secret(struct host *h, const char *who, const char *value);
/* What a DNS name stands for ("" : it does not resolve). */
void host_name(struct host *h, const char *name, const char *addr);

/* ---- life ---- */

/* Start a core: addresses, listening, recipes loaded; what was wanted goes up again. */
void host_start(struct host *h);
/* The core is gone with all it knew, and so are the plane's SAs and policies. */
void host_crash(struct host *h);
/*
 * Hand all established SAs to a fresh core, by export and import. With `keep`
 * the plane's SAs stay, else they are put back. False, and nothing done, when
 * an SA has an operation under way.
 */
bool host_take_over(struct host *h, bool keep) __attribute__((warn_unused_result));

/* ---- commands ---- */

/*
 * Load a connection from lines of "keyword=value"; the keywords are those of
 * ipsec.conf. Remembered as a recipe. A text that the fields refuse is a fault
 * of the scenario.
 */
struct order *host_add(struct host *h, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct order *host_replace(struct host *h, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Any other command by name. Borrowed until the world ends. NULL when the host is down. */
struct order *host_command(struct host *h, enum command_kind kind, const char *name);
/* CMD_DELETE_STATE of the SA with this serial. */
struct order *host_delete_state(struct host *h, uint64_t serial);
/* "up", "rekey-child"... */
const char *command_name(enum command_kind kind);

/* ---- what happens to it ---- */

void host_receive_ike(struct host *h, const struct endpoint *to, const struct endpoint *from,
		      struct view data);
void host_receive_esp(struct host *h, const struct endpoint *to, const struct endpoint *from,
		      const struct esp *esp);
/* The plane's notices: a packet met a trap, an SA is used up, its peer moved. `now` is filled in. */
void host_event(struct host *h, struct event *ev);

/* ---- what is known of it ---- */

/* Its clock. */
nsec host_now(const struct host *h);
bool host_has(const struct host *h, const struct ip_addr *a);
struct recipe *host_recipe(const struct host *h, const char *name);
/* An answer is due, or a command has none. */
bool host_is_busy(const struct host *h);
/* So many commands of all given have no answer. */
size_t host_orders_open(const struct host *h);
/* The connection has a child whose two SAs stand in the plane. */
bool host_is_up(const struct host *h, const char *name);
/* Children of a connection (all of its instances), of all when NULL; IKE SAs in phase `phase`. */
size_t host_children(const struct host *h, const char *name);
size_t host_ike_sas(const struct host *h, enum ike_phase phase);

/* ---- within sim/host* ---- */

/* An answer on its way to the core. */
struct errand {
	struct happening delivery;
	struct list link;
	struct host *h;
	struct answer answer;
	uint8_t kind;      /* of the action */
	struct bytes data; /* AUTH_MAKE */
	struct diag why;
	struct ip_addr addr; /* RESOLVE */
};

/* Give the command (ADD or REPLACE) that loads a recipe. */
struct order *host_load(struct host *h, enum command_kind kind, const struct recipe *r);
/* What DNS says. */
bool host_lookup(const struct host *h, const char *name, struct ip_addr *ret);
/* One step with this event; what follows is carried out. */
void host_step(struct host *h, struct event *ev);
/* Carry out all of h->actions (carry.c). */
void host_carry_out(struct host *h);
/* An errand with its answer is delivered after a while. */
void host_send_errand(struct host *h, struct errand *e);
void errand_free(struct errand *e);

#endif
