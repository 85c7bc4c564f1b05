/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "ike/ike.h"
#include "sim/plane.h"
#include "sim/world.h"
#include "trust/trust.h"

struct secret_set;
struct trust;

/*
 * One host: a protocol core, the holder of its secrets, a plane, and the hand
 * that carries the core's actions out. What it knows of its configuration
 * (recipes, secrets) survives a restart, as files would; nothing else does.
 */

#define MACHINE_ADDRS_MAX 4

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
	char *text;  /* lines of keyword=value */
	bool wanted; /* was asked to be up and not to be down since */
	bool routed; /* was asked to be routed: its packets must never go in clear */
};

struct machine {
	struct list link;
	struct world *w;
	char name[16];
	struct ip_addr addrs[MACHINE_ADDRS_MAX];
	size_t addrs_len;
	struct ip_addr internal[MACHINE_ADDRS_MAX]; /* that its core gave it */
	size_t internal_len;
	struct nat *nat;  /* NULL: on the open network */
	bool down;        /* no core runs */
	bool mute, deaf;  /* its datagrams do not leave, none reach it */
	unsigned lives;   /* how often it was started */
	nsec clock_ahead; /* its monotonic clock is so much ahead of the world's */
	struct dice dice; /* its core's randomness, anew in each life */
	struct entropy entropy;
	struct dice pace;                /* how long answers take */
	nsec answer_max;                 /* at most so long */
	unsigned spi_taken, plane_fails; /* of a hundred installations so many are refused */
	unsigned programs_fail;          /* of a hundred updown programs so many */
	nsec program_max;                /* they take at most so long */
	struct list called;              /* struct called_place */
	uint64_t proof; /* of every peer that it believes (EV_UNTRUSTED); 0: none */
	bool distrusts; /* from now on no peer's proof is right */
	struct ike_settings settings;
	struct ike *ike;
	struct trust *trust;
	struct actions actions;
	struct simplane plane;
	struct list errands; /* struct errand: what the core waits for */
	struct list orders;
	uint64_t last_cause;
	struct list recipes;
	struct list secrets; /* struct machine_secret */
	struct list names;   /* struct machine_name */
	struct list groups;  /* struct machine_group */
	struct happening timer;
	unsigned timer_turns; /* how often in a row it fired without time going on */
	uint64_t reports_bad; /* of level REPORT_ERROR */
};

/* A machine with one address, down. `nat` may be NULL. Owned by the world. */
struct machine *machine_new(struct world *w, const char *name, const char *addr,
			    struct nat *nat);
void machine_free(struct machine *m);

/* Another address; it is told to the core if one runs. */
void machine_add_address(struct machine *m, const char *addr);
/* Its addresses go. */
void machine_leave(struct machine *m);
/* `addr` takes the place of the host's first address. */
void machine_move(struct machine *m, const char *addr);

/*
 * Nobody has this address where the machine is (behind the same NAT, or on the
 * open network).
 */
bool machine_is_free(const struct machine *m, const char *addr);

/*
 * A pre-shared key for peers; `who` names identities separated by blanks, "" for anyone. "EAP @name":
 * a password of that name.
 */
void machine_secret(struct machine *m, const char *who, const char *value);
/* What a DNS name stands for ("" : it does not resolve). */
void machine_name(struct machine *m, const char *name, const char *addr);

/* The file of a policy group: networks separated by blanks. */
void machine_group(struct machine *m, const char *name, const char *nets);

/* ---- life ---- */

/* Start a core: addresses, listening, recipes loaded; what was wanted goes up again. */
void machine_start(struct machine *m);
/* The core is gone with all it knew, and so are the plane's SAs and policies. */
void machine_crash(struct machine *m);
/*
 * Hand all established SAs to a fresh core, by export and import. With `keep`
 * the plane's SAs stay, else they are put back. False, and nothing done, when
 * an SA has an operation under way.
 */
bool machine_take_over(struct machine *m, bool keep) __attribute__((warn_unused_result));

/* ---- commands ---- */

/*
 * Load a connection from lines of "keyword=value"; the keywords are those of
 * ipsec.conf. Remembered as a recipe. A text that the fields refuse is a fault
 * of the scenario.
 */
struct order *machine_add(struct machine *m, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct order *machine_replace(struct machine *m, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Any other command by name. Borrowed until the world ends. NULL when the host is down. */
struct order *machine_command(struct machine *m, enum command_kind kind, const char *name);
/* CMD_DELETE_STATE of the SA with this serial. */
struct order *machine_delete_state(struct machine *m, uint64_t serial);
/* "up", "rekey-child"... */
const char *command_name(enum command_kind kind);

/* ---- what happens to it ---- */

void machine_receive_ike(struct machine *m, const struct endpoint *to,
			 const struct endpoint *from, struct view data);
void machine_receive_esp(struct machine *m, const struct endpoint *to,
			 const struct endpoint *from, const struct esp *esp);
/*
 * The plane's notices: a packet met a trap, an SA is used up, its peer moved.
 * `now` is filled in.
 */
void machine_event(struct machine *m, struct event *ev);

/* ---- what is known of it ---- */

/* Its clock. */
nsec machine_now(const struct machine *m);
bool machine_has(const struct machine *m, const struct ip_addr *a);
struct recipe *machine_recipe(const struct machine *m, const char *name);
/* An answer is due, or a command has none. */
bool machine_is_busy(const struct machine *m);
/* So many commands of all given have no answer. */
size_t machine_orders_open(const struct machine *m);
/* The connection has a child whose two SAs stand in the plane. */
bool machine_is_up(const struct machine *m, const char *name);
/*
 * Children of a connection (all of its instances), of all when NULL; IKE SAs in
 * phase `phase`.
 */
size_t machine_children(const struct machine *m, const char *name);
size_t machine_ike_sas(const struct machine *m, enum ike_phase phase);

/* ---- within sim/host* ---- */

/* An answer on its way to the core. */
struct errand {
	struct happening delivery;
	struct list link;
	struct machine *m;
	struct answer answer;
	uint8_t kind; /* of the action */
	uint8_t dir;  /* SA_INSTALL */
	uint32_t spi;
	struct trust_reply trust; /* AUTH_MAKE, AUTH_CHECK */
	struct diag why;
	struct ip_addr addr;      /* RESOLVE */
	struct group_line *lines; /* GROUP */
};

/* Give the command (ADD or REPLACE) that loads a recipe. */
struct order *machine_load(struct machine *m, enum command_kind kind, const struct recipe *r);
/* The lines of a policy group's file; the caller frees. False: there is no such file. */
bool machine_group_lines(const struct machine *m, const char *name, struct group_line **ret,
			 size_t *ret_len);
/* What DNS says. */
bool machine_lookup(const struct machine *m, const char *name, struct ip_addr *ret);
/* One step with this event; what follows is carried out. */
void machine_step(struct machine *m, struct event *ev);
/* Carry out all of m->actions (carry.c). */
void machine_carry_out(struct machine *m);
/* An errand with its answer is delivered after a while. */
void machine_send_errand(struct machine *m, struct errand *e);
void errand_free(struct errand *e);

#endif
