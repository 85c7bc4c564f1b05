/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_IKE_WORLD_H
#define TESTS_UNIT_IKE_WORLD_H

#include "base/text.h"
#include "conn/event.h"
#include "crypto/crypto.h"
#include "ike/ike.h"
#include "policy/policy.h"
#include "tests/unit/support/test.h"
#include "trust/trust.h"

/*
 * A small world for tests of the core: a few hosts with an engine each, joined
 * by a wire that delivers at once and in order, unless the test drops, holds or
 * rewrites datagrams. Key exchange and AUTH are answered by the real rooms, the
 * plane only remembers. Everything follows from the seed.
 */
#define WORLD_HOSTS 3
#define WORLD_PLANE_MAX 64

struct world;

/* What a plane remembers. */
struct plane_memory {
	struct plane_sa sas[WORLD_PLANE_MAX];
	size_t sas_len;
	struct {
		uint32_t id;
		uint8_t kind;
		struct ip_addr sender; /* the one local address that it is for; IP_NONE: others, too */
	} policies[WORLD_PLANE_MAX];
	size_t policies_len;
	unsigned policy_sets;
	uint32_t routes[WORLD_PLANE_MAX];
	size_t routes_len, addresses_len;
	enum cyg_err refuse; /* installs are answered with this */
	unsigned refuse_nth; /* only the so manieth thing from now that is asked for; 0: none */
	uint32_t
		refused_policy; /* that one's id, when it was a policy: to remove it is no fault */
	unsigned taken;         /* so many inbound installs are answered "SPI taken" */
	unsigned installs, updates;
};

struct node {
	struct world *world;
	const char *name;
	struct ip_addr addr;
	struct ike *ike;
	struct trust *trust;
	struct entropy_seeded seed;
	struct entropy entropy;
	struct actions out;
	struct plane_memory plane;
	struct text log;        /* all reports, one a line: "CODE text" */
	struct text programs;   /* calls of updown programs: "prepare route up " */
	uint32_t programs_fail; /* bits of enum updown_verb that are answered with a failure */
	struct {
		uint64_t cause;
		uint16_t code;
	} done[64];
	size_t done_len;
	unsigned sent, asked_names;
	uint64_t packets[2];         /* what counters say of every SA, by enum sa_dir */
	bool in_use;                 /* what counters say of every SA: a packet came just now */
	const struct ip_addr *names; /* what every name resolves to; NULL: nothing */
};

/* A datagram on the wire, or parked. */
struct flight {
	struct flight *next;
	struct node *from;
	struct endpoint local, remote; /* the sender's view */
	struct bytes data;
};

/* An answer of the host's, waiting to be given. */
struct pending {
	struct pending *next;
	struct node *host;
	uint8_t kind; /* enum action_kind that it answers */
	struct answer answer;
	struct trust_reply trust;
	struct diag why;
};

struct world {
	nsec now;
	struct crypto *crypto;
	struct entropy_seeded seed;
	struct node hosts[WORLD_HOSTS];
	struct flight *wire, **wire_end;
	struct pending *answers, **answers_end;
	/* What the test may set. */
	bool (*filter)(struct world *w, struct flight *f); /* false: the datagram is lost */
	void *ctx;
	/* What trust says of a proof that is held against another connection; NULL: trust itself says. */
	void (*judge)(struct node *h, const struct auth_request *r, struct answer *ret);
	uint32_t hold; /* bits of action kinds whose answers wait for world_release */
	bool answers_last_first;
	struct endpoint nat_inside,
		nat_outside; /* datagrams from inside appear to come from outside */
	uint64_t next_cause;
	unsigned dropped;
	bool may_be_short; /* engines may run out of memory */
};

/*
 * A world of hosts "west" 192.0.2.1, "east" 192.0.2.2, "north" 192.0.2.3, listening, with
 * one PSK for all.
 */
struct world *world_new(uint64_t seed, const struct ike_settings *settings);
void world_free(struct world *w);

struct node *world_host(struct world *w, const char *name);

/* A connection for tests: left= west, right= east, the subnets 10.0.1.0/24 === 10.0.2.0/24. */
struct connection *world_connection(const char *name);
/* Set a field by its ipsec.conf keyword: "leftid", "esp". Fails the test when it is refused. */
void conn_set(struct connection *c, const char *keyword, const char *text);
/* The same for several: "keyword=value keyword=value"; "": none. */
void conn_set_words(struct connection *c, const char *words);

/* Give an event now. */
void world_event(struct node *h, struct event *ev);
/* Carry out what stands in h->out. */
void world_actions(struct node *h);
/* Forget all SAs of a plane. */
void plane_done(struct plane_memory *m);
/* Give a command; returns its cause. */
uint64_t world_command(struct node *h, enum command_kind kind, const char *name);
/* Load a copy of a connection (the caller's reference is moved). */
void world_load(struct node *h, struct connection *c);

/* Deliver answers and datagrams until nothing is left to do at this moment. */
void world_settle(struct world *w);
/* Let time pass: timers fire at their moment, everything is delivered. */
void world_run(struct world *w, nsec span);
/* Give back the answers that were held. */
void world_release(struct world *w);

/* The code a command ended with; -1 if it has not. */
int world_result(const struct node *h, uint64_t cause);

/* Put the secret of a host. */
void world_psk(struct node *h, const char *secret);
/* A pair of which west proves itself by EAP-MSCHAPv2. */
struct world *world_pair_by_eap(uint64_t seed);
/* The secret that all have, and the EAP password of `user` ("@west"); NULL: none. */
void world_password(struct node *h, const char *user, const char *password);

/* How many IKE SAs of a phase (or all: -1), and how many children that are up. */
size_t count_sas(const struct node *h, int phase);
size_t count_children(const struct node *h);

/*
 * Every SA in one plane has its partner with the same keys in the other; the counts are as
 * told.
 */
void assert_planes_match(const struct node *a, const struct node *b, size_t pairs);

/* Fail unless the host's log holds a text; show the log. */
#define assert_logged(h, text) log_holds(h, text, true, __FILE__, __LINE__)
#define assert_not_logged(h, text) log_holds(h, text, false, __FILE__, __LINE__)
void log_holds(const struct node *h, const char *text, bool want, const char *file, int line);

/* west and east with the usual connection loaded at both ends. */
struct world *world_pair(uint64_t seed);
/* The same with settings (NULL: the defaults), and more words (conn_set_words) at each end. */
struct world *world_pair_with(uint64_t seed, const struct ike_settings *settings,
			      const char *west, const char *east);
/* The usual pair, up. */
struct world *world_pair_up(uint64_t seed);
/* Load a second connection "more" at both, with west's subnet 10.0.11.0/24. */
void world_load_more(struct world *w);
/* Bring a connection up from this host; the test fails, showing the log, when it does not. */
void world_up(struct node *h, const char *name);
/* For world.filter: nothing arrives any more. */
bool world_loses_all(struct world *w, struct flight *f);

/* The programs that were called at a host since it was last asked. */
void assert_programs(struct node *h, const char *want);

#endif
