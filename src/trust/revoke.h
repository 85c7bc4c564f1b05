/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_REVOKE_H
#define TRUST_REVOKE_H

#include "base/map.h"
#include "conn/listing.h"
#include "trust/authority.h"
#include "trust/crl.h"
#include "trust/ocsp.h"
#include "trust/trust.h"

/*
 * All that is known of revoked certificates, on the loop's thread alone:
 *
 *   lists     what issuers published, read from files or fetched; of two that speak of the same
 *             the newer one
 *   answers   what OCSP servers said of single certificates, until it is overdue
 *   sources   whom to ask: one for each URL (and certificate, with OCSP), with who waits for it
 *   servers   of the sources: one that does not answer is asked nothing for a while
 *   proofs    paths that peers were believed by, and groups that they were let in as members of,
 *             looked at again when anything changes
 *
 * A certificate is revoked when any list or answer says so, overdue or not, whatever the others say;
 * of two answers the newer one counts. It is good when an
 * answer that is not overdue, or else a list, says so. Servers are asked first where one is
 * known, then the places of lists, one after the other. Private to this room.
 */
#define SOURCES_MAX 16384
#define CERT_SOURCES_MAX 1024 /* of them certificates by hash, which are kept with them */
#define ANSWERS_MAX 65536
#define OCSP_SIGNERS_MAX 256 /* that are listed */
#define PROOFS_MAX 262144
#define PROOFS_OVER_MAX 32768 /* of them whose certificates have ended */
#define PROOF_ISSUERS 64      /* whose certificates proofs share */

#define RETRY_SECONDS 30      /* what failed is left alone, twice as long each time */
#define RETRY_SECONDS_MAX 600 /* but no longer */
#define ONCE_SECONDS 60       /* an answer without nextUpdate counts so long */
#define GRACE_SECONDS 1 /* that a peer waits for news which strictcrlpolicy=no goes without */

enum source_state {
	SOURCE_QUIET,   /* nothing is asked */
	SOURCE_WANTED,  /* waits to be fetched by the host */
	SOURCE_ASKED,   /* is being fetched */
	SOURCE_READING, /* a worker reads what came */
};

/* Whoever waits for one of a server's sources goes on when the server proves silent. */
struct server {
	struct map_node node; /* revoke.servers */
	struct list sources;  /* source.of_server; without one it goes */
	char *name;           /* base/url_server.h */
	int64_t silent_since; /* the first question since it said something; 0: none is open */
	int64_t heard_at, retry_at;
	unsigned trials;  /* that failed, in a row */
	struct diag *why; /* of the last failure; NULL: it has answered since */
};

struct source {
	struct map_node node; /* revoke.by_key */
	struct map_node by_id;
	struct list link;   /* revoke.sources */
	struct list wanted; /* revoke.wanted */
	struct list of_server;
	struct server *server;
	uint64_t id;   /* another one each time that it is asked */
	uint8_t kind;  /* enum trust_want_kind */
	uint8_t state; /* enum source_state */
	char *url;
	struct cert issuer;
	struct issuer_id issuer_id;
	struct serial serial; /* OCSP */
	uint8_t nonce[OCSP_NONCE_LEN];
	uint8_t hash[KEY_ID_LEN]; /* of a certificate that is wanted */
	struct bytes post;        /* what is asked; of a certificate by hash what came */
	int64_t asked_at, retry_at;
	unsigned trials;     /* that failed, in a row */
	struct diag *why;    /* of the last failure; NULL: there was none */
	struct list waiters; /* trust_job.waiting */
	struct list proofs;  /* kept_proof.waiting */
};

/* Who waited for sources. */
struct waiters {
	struct list jobs, proofs;
};

struct known_list {
	struct list link;
	struct map_node node; /* by issuer_id */
	struct crl *crl;
	char *file; /* NULL: it was fetched */
	char *url;  /* NULL: it was read */
	int64_t installed;
	uint64_t round; /* of reading files */
};

struct known_answer {
	struct list link;
	struct map_node node;
	struct issuer_id issuer_id;
	struct serial serial;
	struct cert issuer;
	struct ocsp_answer says;    /* without its signer's certificate */
	struct ocsp_signer *signer; /* NULL: the issuer, or one of ipsec.d/ocspcerts */
	int64_t until;
	bool once;
	char *url;
};

/*
 * A certificate that came with answers that are kept: with the last of them it goes. Nothing is
 * believed by it: each answer brings its own.
 */
struct ocsp_signer {
	struct list link;
	struct cert cert;
	char *url; /* who sent it first */
	int64_t since;
	size_t answers;
};

struct kept_proof {
	struct map_node node, by_id;
	struct list link;
	struct list waiting; /* source.proofs: it was believed before the news came */
	uint64_t id;
	struct chain *chain;
};

/* One that holds no more, to be told to the host. */
struct broken {
	struct list link;
	uint64_t proof;
	struct diag why;
};

/* A question that need not be answered any more. */
struct unwanted {
	struct list link;
	uint64_t id;
};

struct saved_file {
	struct list link;
	char name[80];
	struct bytes octets;
};

struct revoke {
	struct crypto *crypto;
	struct hash_key key;
	struct trust_rules rules;
	const struct authorities *authorities; /* what ca sections say; borrowed */
	struct map by_key, ids, servers, lists_by_issuer, answers_by_key, proofs_by_key,
		proofs_by_id;
	struct list sources, wanted, unwanted, lists, answers, signers, proofs, broken, files;
	size_t sources_len, cert_sources_len, answers_len, signers_len, proofs_len, members_len;
	struct cert shared[PROOF_ISSUERS];
	size_t shared_at;
	uint64_t last_id, round, lists_taken;
	int64_t checked_at; /* the last time that all was looked at for refreshing */
	int64_t looked_at;  /* and for what time alone has ended */
};

/* For whom it is judged. */
enum judging {
	JUDGE_SILENTLY, /* nobody is asked, and what is not known stays so */
	JUDGE_PEER,     /* sources are asked; a peer waits for what they say */
	JUDGE_PROOF, /* the same for a tunnel that is up: an answer once given counts longer */
};

enum standing { STANDING_GOOD, STANDING_REFUSED, STANDING_WAITS };

/* `authorities` is borrowed. Does nothing that fails. */
void revoke_init(struct revoke *r, struct crypto *crypto,
		 const struct authorities *authorities);
void revoke_done(struct revoke *r);

/*
 * May a path be believed, as far as revocation goes? WAITS: *ret_source is to be waited for, and
 * then this asked again. REFUSED: *why has the certificate, what is known of it and of when, and
 * what to do.
 */
enum standing revoke_judge(struct revoke *r, const struct chain *c, int64_t now,
			   enum judging how, struct source **ret_source, struct diag *why);

/*
 * Keep a list, which is taken over. CYG_EXISTS, and it is freed: the one that is there is newer, or
 * as new; *why says so. CYG_NOMEM. With `file` it was read from there, else fetched from `url`. A
 * file replaces what came from files before.
 */
MUST_CHECK enum cyg_err revoke_put_list(struct revoke *r, struct crl *take, const char *file,
					const char *url, int64_t now, struct diag *why);
/* Whether there is a list of an issuer, a delta left out. */
bool revoke_has_list(const struct revoke *r, const struct issuer_id *issuer);
/* Whether a list, overdue or not, says that a certificate of an issuer was revoked. */
bool revoke_is_listed(const struct revoke *r, const struct issuer_id *issuer,
		      const struct serial *serial);
/* Begin to read files again; those that are not read until revoke_files_end are forgotten. */
void revoke_files_begin(struct revoke *r);
void revoke_files_end(struct revoke *r);
/* The at-th file that is to be forgotten, borrowed: each one, unless reading has `begun`; NULL. */
const char *revoke_files_gone(const struct revoke *r, bool begun, size_t at);
/* What a file held that can't be read now stays, if there was anything. */
void revoke_files_keep(struct revoke *r, const char *file);

/* Look at all proofs again: those that hold no more go to r->broken. */
void revoke_look_again(struct revoke *r, int64_t now);
struct x509_store_st;
/* Does a path lead to one of the anchors (NULL: there is none)? One that is named need not. *why: not. */
bool revoke_is_anchored(const struct revoke *r, const struct chain *c,
			struct x509_store_st *anchors, struct diag *why);
/* The anchors have changed: proofs that lead to none of them go there, too. */
void revoke_look_at_anchors(struct revoke *r, struct x509_store_st *anchors);
/*
 * Keep a path that a peer was believed by; its number, the same for the same certificate; 0: no room.
 * It is watched beyond its certificates' end, too: tunnels may outlive that.
 */
uint64_t revoke_prove(struct revoke *r, struct chain *c, int64_t now);
/* The path of a proof by its number, borrowed until the next change; NULL: it holds no more. */
const struct chain *revoke_proven(const struct revoke *r, uint64_t proof);

/* Look at a proof again once a source has come or failed, and as long as there is another one. */
void revoke_pursue(struct revoke *r, uint64_t proof, struct source *s);
void revoke_go_on(struct revoke *r, struct kept_proof *p, int64_t now);

/*
 * Those who are in none of the groups any more that they were let in by go there, too. `from`: what says
 * so now. Unless `all` are asked about (it is not what it was), those whose time has come are.
 */
void revoke_look_at_members(struct revoke *r, const struct group_sources *from, bool all,
			    int64_t now);

/* What is due: refreshing, and looking at proofs. */
void revoke_tick(struct revoke *r, int64_t now);
/* With crlcheckinterval=, what ca sections name is there before the first peer needs it. */
void revoke_fetch_ahead(struct revoke *r, int64_t now);
/* When revoke_tick is to be called; INT64_MAX: never. */
int64_t revoke_deadline(const struct revoke *r);

/* Forget what servers said. */
void revoke_purge_answers(struct revoke *r);
/*
 * Forget what those of ipsec.d/ocspcerts said that are not among these any more, but for whom they called
 * revoked: that is asked for again, or stays so.
 */
void revoke_keep_signers(struct revoke *r, const struct stored_certs *signers);
/* Failures count no more: what is needed is asked again. */
void revoke_forget_failures(struct revoke *r);

/* As trust_list, of LISTING_CRLS and LISTING_OCSP. */
bool revoke_list(const struct revoke *r, enum listing_kind kind, uint64_t *at,
		 const struct listing_sink *sink);

/* Whether a server's answer has it that the source's certificate was revoked. */
bool revoke_was_told(const struct revoke *r, const struct source *s);

/*
 * Keep what a server said to a source's question, unless what is there is newer, or says revoked where
 * this one says unknown. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err revoke_put_answer(struct revoke *r, const struct source *s,
					  const struct ocsp_answer *says, int64_t now);

/* The same of an answer that an earlier run kept. */
MUST_CHECK enum cyg_err revoke_put_kept(struct revoke *r, const struct chain_link *l,
					const struct ocsp_answer *says, int64_t now);

/* One more answer came with this certificate; NULL: there is none, no room, or memory is short. */
struct ocsp_signer *ocsp_signer_hold(struct revoke *r, const struct cert *c, const char *url,
				     int64_t now);
/* One less. NULL is fine. */
void ocsp_signer_drop(struct revoke *r, struct ocsp_signer *s);

/* Forget all proofs (proof.c). */
void proofs_done(struct revoke *r);

/* ---- sources (source.c) ---- */

/* The source of a URL, made when there is none; NULL: memory is short, or there are too many. */
struct source *source_get(struct revoke *r, enum trust_want_kind kind, const char *url,
			  const struct chain_link *l);
/* The same of a certificate by its hash (RFC 7296 3.6). */
struct source *source_get_cert(struct revoke *r, const char *url,
			       const uint8_t hash[KEY_ID_LEN]);
struct source *source_by_id(const struct revoke *r, uint64_t id);
void source_free(struct revoke *r, struct source *s);
/* It is being asked, or has just been told to be. False: it may not be asked now. */
bool source_ask(struct revoke *r, struct source *s, int64_t now);
/*
 * What was asked failed (CYG_IO: its server was silent), or came. Those who waited are put into
 * *ret: when the server has said nothing to anybody since, they are those of all its sources.
 */
void source_failed(struct revoke *r, struct source *s, enum cyg_err err, const struct diag *why,
		   int64_t now, struct waiters *ret);
void source_succeeded(struct source *s, int64_t now, struct waiters *ret);
/* It may be asked anew, at once: what is under way is not wanted any more. */
void source_forget(struct revoke *r, struct source *s, struct waiters *ret);
/* Why it can't be asked, borrowed; NULL: it has not failed. */
const struct diag *source_why(const struct source *s);
void waiters_init(struct waiters *w);
/* ---- servers (server.c) ---- */

/* The server of a URL, made when there is none; NULL: memory is short. */
struct server *server_get(struct revoke *r, const char *url);
/* Let go of one that has no source any more. */
void server_release(struct revoke *r, struct server *s);
/* It is asked; has answered, whatever it was; has not. */
void server_asked(struct server *s, int64_t now);
void server_heard(struct server *s, int64_t now);
void server_failed(struct server *s, const struct diag *why, int64_t now);
/* Whether it keeps waiting whoever asks: it has failed, or has been silent for some time. */
bool server_is_slow(const struct server *s, int64_t now);
/* Seconds after which what has failed so often before is asked again. */
int64_t retry_after(unsigned trials);

/* Fill a URL of a directory without host from the ca section; heap; NULL when memory is short. */
char *source_url(const struct revoke *r, const char *url, const struct cert *issuer);

#endif
