/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_LISTING_H
#define CONN_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What `ipsec auto --list...` lists, as records. Whoever knows such things (trust,
 * pluto) fills one of the structs below and hands it to a listing_sink; how a
 * record is called on the control protocol, in JSON and on a terminal follows
 * from the one table here. Strings and lists are borrowed while the sink runs;
 * NULL, nought (of an index: what is below it) and empty lists are left out. Moments are seconds since 1970, UTC.
 */
enum listing_kind {
	LISTING_PUBKEYS,
	LISTING_PSKS,
	LISTING_CERTS,
	LISTING_AACERTS,
	LISTING_OCSPCERTS,
	LISTING_ACERTS,
	LISTING_GROUPS,
	LISTING_CACERTS,
	LISTING_CAINFOS,
	LISTING_CRLS,
	LISTING_OCSP,
	LISTING_CARDS,
	LISTING_EVENTS, /* from here on: not part of --listall */
	LISTING_PAIRS,
	LISTING_SHUNTS,
	LISTING_POOLS,
	LISTING_LEASES, /* told with the pools */
	LISTING_PROCESSES,
	LISTINGS,
};

/* A NULL-terminated list of strings, or NULL. */
typedef const char *const *listing_texts;

struct listed_pubkey {
	int64_t installed, until;
	const char *type; /* "RSA", "ECDSA", "Ed25519" */
	uint64_t bits;
	const char *trust;   /* "unsigned", "trusted CA", "local file", ... */
	const char *key_id;  /* short name of the key itself */
	const char *id_type; /* "ID_FQDN" */
	const char *id;      /* whose key it is */
	const char *issuer;  /* of the certificate it came in */
	bool private_key;    /* we hold the other half */
};

/* A record of ipsec.secrets: never the secret. */
struct listed_psk {
	const char *file;
	uint64_t line;
	const char *kind; /* "PSK", "XAUTH", ... */
	listing_texts ids;
	uint64_t more; /* identities beyond those listed */
	const char *state; /* "locked": its key waits for an answer to %prompt; NULL */
};

/* A certificate of any of the four classes. */
struct listed_cert {
	int64_t installed, not_before, not_after;
	uint64_t count; /* users: connections of an end's, peers that stand by an authority's */
	const char *nickname, *subject, *issuer, *serial;
	listing_texts names; /* alternative ones */
	const char *key_type, *key_id;
	uint64_t bits;
	const char *subject_key, *authority_key, *authority_serial;
	listing_texts crl_uris, ocsp_uris;
	const char *received_from; /* who sent it: it is of no file; NULL */
	bool private_key;
};

struct listed_acert {
	int64_t installed, not_before, not_after;
	const char *holder, *holder_issuer, *holder_serial;
	const char *issuer, *serial;
	listing_texts groups;
	const char *authority_key, *authority_serial;
};

/*
 * A policy group's network (of a file of ipsec.d/policies), or a group of attribute
 * certificates, ca sections and leftgroups=, which has no network.
 */
struct listed_group {
	int64_t installed;
	const char *name;
	const char *net;    /* "192.0.2.0/24" */
	const char *detail; /* protocol and ports behind it, as written */
	const char *file;
	uint64_t line;
	const char *connection; /* its instance, when there is one */
	const char *state;      /* how that is routed */
	uint64_t count;
};

/* What a ca section says, and whose its certificate is. */
struct listed_cainfo {
	int64_t installed;
	const char *name, *certificate;
	const char *authority, *authority_key, *key_id; /* of its certificate */
	listing_texts crl_uris, ocsp_uris;
	const char *ldap_host, *certificate_base;
	listing_texts groups;
	const char *error; /* of its certificate */
};

struct listed_crl {
	int64_t installed, this_update, next_update;
	const char *issuer, *serial;
	uint64_t revoked;
	listing_texts uris;
	const char *base; /* the number of the list that it adds to; NULL: it is whole */
	const char *authority_key, *authority_serial;
	int64_t requested; /* 0: it is there; else asked for since then, and all else is not known */
	uint64_t trials;
};

struct listed_ocsp {
	const char *issuer, *uri, *authority_key, *authority_serial;
	int64_t this_update, until;
	const char *serial, *status; /* "good", "revoked", "unknown" */
	int64_t requested;           /* as in listed_crl */
	uint64_t trials;
};

struct listed_card {
	int64_t seen, slot; /* slots are counted from 0; -1: in none */
	uint64_t count;
	const char *reader, *status, *object, *label, *key_id, *pin, *token, *error;
};

/* Something that will happen by itself. */
struct listed_event {
	const char *type;
	int64_t at;          /* 0: not known */
	uint64_t in_seconds; /* 0: now */
	uint64_t serial;     /* of the SA it is about */
	const char *connection;
};

/* Two hosts, and what is loaded between them. */
struct listed_pair {
	const char *local, *remote; /* addresses with ports; %any */
	const char *local_id, *remote_id;
	const char *connection;
};

/* An entry of the policy database that no SA stands behind. */
struct listed_shunt {
	const char *local, *remote; /* selectors */
	const char *kind;           /* "pass", "drop", "reject", "trap", "hold" */
	int64_t since;              /* when it came to stand there */
	uint64_t priority;          /* its order among all, the lowest first */
	const char *reason;         /* why it stands there */
	const char *connection;
};

struct listed_pool {
	const char *range;
	uint64_t addresses, leases, in_use, free;
};

/* An address of a pool that a peer has, or had last. */
struct listed_lease {
	const char *address;
	const char *id;   /* the peer's identity */
	const char *pool; /* its range */
	uint64_t
		holders; /* IKE SAs of that peer; 0: it is free, and kept for him while it can be */
};

struct listed_process {
	uint64_t pid;
	const char *name;
};

enum listing_type {
	LISTING_TEXT,
	LISTING_TEXTS,
	LISTING_NUMBER,
	LISTING_INDEX, /* an int64_t that is counted from 0; left out below it */
	LISTING_FLAG,  /* true is told, by the label alone */
	LISTING_TIME,  /* a moment */
	LISTING_FROM,  /* a moment before which it is not valid */
	LISTING_UNTIL, /* a moment after which it is no longer */
};

/* One member of a record. */
struct listing_field {
	const char *key;   /* in JSON */
	const char *label; /* on a terminal; NULL: it stands in the record's first line */
	uint8_t type;      /* enum listing_type */
	uint16_t offset;
	const char *doc;
};

struct listing {
	const char *what;  /* "certs": the option is --listcerts, the reply's member certs */
	const char *title; /* "X.509 End Certificates" */
	const char *doc;   /* for --help: "list ..." */
	const struct listing_field *fields;
	size_t fields_len;
	uint16_t window_days; /* an end nearer than this is warned of */
	bool lenient;         /* an end that is over is a warning, too */
	bool silent;          /* on a terminal an empty one is not mentioned */
	/* The title of those that are only asked for yet ("requested"); NULL: there are none. */
	const char *requests;
};

extern const struct listing listings[LISTINGS];

/* The kind called `what`; LISTINGS if none is. */
enum listing_kind listing_find(const char *what);

/* Takes one record: a struct of the kind that was asked for. False: no more, please. */
struct listing_sink {
	bool (*take)(void *ctx, const void *record);
	void *ctx;
};

#define LISTING_VERDICT_MAX 64

/*
 * What is to be said of the moment `at` (0: none) in a field of type LISTING_FROM or
 * LISTING_UNTIL: "ok", "warning (expires in 3 days)", "fatal (expired)". It begins
 * with "ok" when there is nothing to worry about. `buf` is returned.
 */
const char *listing_verdict(const struct listing *l, enum listing_type type, int64_t at,
			    int64_t now, char buf[LISTING_VERDICT_MAX]);
/* Whether all moments of a record are so. */
bool listing_is_ok(enum listing_kind kind, const void *record, int64_t now);

#endif
