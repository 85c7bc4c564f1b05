/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_TRUST_PRIVATE_H
#define TRUST_TRUST_PRIVATE_H

#include "trust/attributes.h"
#include "trust/authority.h"
#include "trust/dns_proof.h"
#include "trust/eap.h"
#include "trust/familiar.h"
#include "trust/ipseckey.h"
#include "trust/keyring.h"
#include "trust/path.h"
#include "trust/pgp_store.h"
#include "trust/pubkeys.h"
#include "trust/revoke.h"
#include "trust/shelf.h"
#include "trust/sig.h"
#include "trust/store.h"
#include "trust/trust.h"

struct mschap;

/* All that came of one reading of ipsec.secrets. */
struct own_secrets {
	struct secret_set *secrets; /* NULL: there is none */
	struct keyring keys;
	struct stored_certs bundled;
};

/* The key of a certificate of ours of which it was told that it ends soon or was revoked, and when. */
#define EXPIRY_TOLD 8
struct expiry_told {
	uint8_t key[KEY_ID_LEN];
	int64_t at;
};

struct trust {
	struct crypto *crypto;
	struct own_secrets before; /* while others are tried */
	struct trust_early *early; /* borrowed; NULL */
	struct secret_set *secrets;
	struct keyring keys; /* points into secrets */
	struct pubkeys pubkeys;
	struct authorities authorities;
	struct stored_certs certs, reading_certs; /* of ends; those that come in their place */
	struct stored_pgps pgps, reading_pgps;    /* OpenPGP certificates of ends */
	struct stored_certs
		bundled; /* of PKCS #12 files that ipsec.secrets names, by these names */
	struct stored_certs cacerts; /* in force: those of cacert_files and of ca sections */
	struct stored_certs cacert_files;
	struct stored_certs reading; /* those that come in their place */
	struct stored_certs ocspcerts, reading_ocspcerts;
	struct stored_certs aacerts, reading_aacerts; /* of attribute authorities */
	struct acert_set *acerts, *reading_acerts;    /* NULL: none */
	struct ca_groups
		*ca_groups; /* of `authorities`; NULL: not made yet (group_sources_of) */
	struct x509_store_st *anchors;                /* of cacerts; NULL: none */
	struct familiar familiar;                     /* by these anchors */
	int64_t look_at; /* when proofs are held against them; 0: they have been */
	struct revoke revoke;
	struct dns_proofs dns_proofs;
	bool reading_crls; /* since the last trust_take_crls */
	struct shelf *lists,
		*reading_lists; /* of files, by issuers that are not known yet; NULL: none */
	struct shelf *answers;  /* of OCSP servers, kept by an earlier run; NULL: none */
	bool answers_read;      /* all of them */
	struct list waiting, ready; /* jobs; waiting ones in the order of their deadlines */
	struct eap_session *eap;    /* uthash: conversations under way, by number */
	struct mschap *mschap;      /* made when a connection names what needs it */
	bool mschap_failed;
	struct expiry_told expiry_told[EXPIRY_TOLD]; /* the last ones */
	size_t expiry_told_at;
};

/* What was fetched, or a long list of a file, on its way to be known. */
struct reading {
	uint64_t source;
	char *file;               /* NULL: it was fetched */
	struct cert_list issuers; /* of a file: who may have made it */
	uint8_t kind;             /* enum trust_want_kind */
	struct cert issuer;
	struct serial serial;
	uint8_t nonce[OCSP_NONCE_LEN];
	struct cert_list signers; /* those of ocspcerts */
	struct hash_key key;
	struct bytes octets;
	/* results */
	enum cyg_err err;
	struct diag why;
	struct crl *crl;
	struct ocsp_answer says;
};

struct trust_job {
	struct crypto *crypto;
	bool done;
	uint8_t kind; /* enum action_kind that it answers */
	const struct sig_scheme *scheme;
	struct key key;
	struct bytes octets;    /* what is signed */
	struct bytes signature; /* to be checked */
	/* The peer proves itself by a certificate: cert, or the first of `sent` (check_cert.c). */
	bool by_cert;
	uint8_t method;
	unsigned allowed;
	struct bytes algorithm;
	struct bytes sent[AUTH_CERTS_MAX]; /* in DER */
	uint8_t sent_as[AUTH_CERTS_MAX];   /* the encodings */
	char *sent_url[AUTH_CERTS_MAX];    /* of those to be fetched; NULL */
	uint8_t sent_hash[AUTH_CERTS_MAX][KEY_ID_LEN];
	bool collecting; /* some are to be fetched */
	size_t sent_len;
	struct cert
		named; /* the connection names this one of the peer: who issued it may have revoked it */
	struct cert_list issuers; /* of it, as far as they are here: the next one first */
	/* The peer proves itself by a key that the DNS has (check_dns.c). */
	bool by_dns;
	struct dns_part {
		char name[DNS_NAME_MAX]; /* "": there is no such part */
		const struct ident *id;  /* whose name it is; one reference */
		bool answered;
		struct key keys[DNS_KEYS_MAX];
		size_t keys_len;
		bool more;       /* that are not looked at */
	} dns[2];                /* of the peer itself; of the address that it speaks for */
	struct ip_addr dns_peer; /* where it is */
	struct x509_store_st *anchors;
	struct path_name path_name; /* of what was sent, if it may be remembered */
	bool has_path_name, is_familiar;
	struct cert_list path; /* of that name: it was right before (familiar), or is now */
	const struct ident *remote, *authority;
	struct cert_list siblings; /* as in path_rules, with `authority` */
	/* What says who is a member, when `groups` are asked for. */
	struct acert_set *acerts;
	struct ca_groups *ca_groups;
	/* Of a certificate that is named: as of struct acert_holder; how long keys above it must be. */
	bool issuer_held;
	unsigned groups_bits_min;
	bool weak_path; /* there is no path, or one by weaker rules than the connection's */
	struct membership *member; /* by which it was let in, on its way to the path */
	struct bytes
		sent_acerts[ACERTS_SENT_MAX]; /* attribute certificates that came with it */
	size_t sent_acerts_len;
	struct stored_certs aacerts; /* who may have made those */
	char *groups; /* of which the peer must belong to one; NULL: none is asked for */
	bool by_proof,
		by_name; /* what it was believed by is held against rules (check_proven.c) */
	bool was_named;  /* its chain was, as of struct chain */
	bool unfit; /* by group or authority: whether the proof is right is still to be found */
	int64_t now;
	unsigned rsa_bits_min;
	char connection[100];
	int end;                 /* of the signer */
	struct eap_session *eap; /* a step of it, or NULL; one reference */
	bool asks;               /* a RADIUS server is to be asked */
	bool by_eap;             /* the peer's AUTH was checked with a key of EAP */
	bool names_identity;     /* who the peer is in EAP is to be told */
	char key_name[160];      /* what the key is called: "rightrsasigkey= of conn x" */
	struct chain *chain;     /* of a peer with a certificate that was believed so far */
	struct shelf *lists, *answers; /* what may be found for it (kept.c) */
	struct cert_list signers;      /* those of ocspcerts, for these */
	struct hash_key list_key;
	struct shelf_finds *finds; /* NULL: there are none */
	struct list waiting;       /* source.waiters, or trust.ready */
	struct list aging;         /* trust.waiting */
	int64_t deadline;          /* when it waits no more; 0: it has not waited yet */
	struct reading *reading;   /* NULL: it answers a request */
	struct trust_reply reply;
};

/* ---- kept.c ---- */

/* What a job needs to look at the shelves. CYG_NOMEM. */
MUST_CHECK enum cyg_err kept_begin(struct trust *t, struct trust_job *j);
/* In a worker, when the path is known: what is there for it. */
void kept_work(struct trust_job *j);
/* A long list of a file: read in any thread, and known from now on or not (reading.err). */
void kept_work_list(struct crypto *crypto, struct reading *r);
void kept_settle_list(struct trust *t, struct reading *r, int64_t now);
/* What servers answered about a path, to a question of trust_believe. */
void kept_take_answers(struct trust *t, const struct trust_question *q, const struct chain *c);
/* In the thread of trust_begin: what was found is known from now on. */
void kept_settle(struct trust *t, struct trust_job *j, int64_t now);
/* Have what a server said kept for the next run, with cachecrls=. */
void kept_save_answer(struct trust *t, const struct source *s, const struct bytes *octets);
/* The signers' certificates of ocspcerts. False: memory is short, and *ret is empty. */
bool copy_signers(const struct trust *t, struct cert_list *ret);

/*
 * What a CERT payload holds, or what was fetched for it, behind those of the list: of bundles the
 * certificates that can be read, AUTH_CERTS_MAX in all. Errors as of cert_read_der.
 */
MUST_CHECK enum cyg_err sent_read(struct crypto *crypto, uint8_t encoding, struct view octets,
				  struct cert_list *list, struct diag *why);
/* Forget the certificates that the peer sent. */
void sent_done(struct trust_job *j);

/* What says now who belongs to which groups, borrowed. False: memory is short (folders.c). */
bool group_sources_of(struct trust *t, struct group_sources *ret);
/* The same and the groups that are asked for, for a job's worker. False: memory is short. */
bool job_take_groups(struct trust *t, const char *groups, struct trust_job *j);
/* Hold all proofs against the anchors and ca sections in force. */
void folders_look(struct trust *t, int64_t now);
/* Those of members against what says so; unless `all`, those whose time has come. */
void folders_look_at_members(struct trust *t, bool all, int64_t now);

/* Whether what is known already is against a peer that would be valid. */
void job_judge_silently(struct trust *t, struct trust_job *j, int64_t now);

/* The slow part of reading what was fetched; any thread. */
void reading_work(struct crypto *crypto, struct reading *r, int64_t now);
void reading_free(struct reading *r);
/* Its job; NULL when memory is short, or `take` is NULL. It is taken over. */
struct trust_job *reading_job(struct trust *t, struct reading *take, int64_t now);

/* Fill the job of a request, or answer it at once (make.c, check.c). */
void make_begin(struct trust *t, const struct auth_request *r, struct trust_job *j);
void check_begin(struct trust *t, const struct auth_request *r, struct trust_job *j);
/* The same for ACT_PPK, which is answered at once (ppk.c). */
void ppk_begin(struct trust *t, const struct ppk_request *r, struct trust_job *j);

/* The same for steps of EAP (eap_ask.c), and its slow part. */
void eap_begin(struct trust *t, const struct eap_request *r, struct trust_job *j);
void eap_work(struct trust_job *j);
/* Put who the peer proved to be into the answer of a success, when it is to be told. */
void eap_tell_identity(struct trust_job *j);
/* AUTH payloads by the key of a conversation (RFC 7296 2.16): answered at once. */
void eap_make(struct trust *t, const struct auth_request *r, struct trust_job *j);
void eap_check(struct trust *t, const struct auth_request *r, struct trust_job *j);
/* End all sessions. */
void eap_forget_all(struct trust *t);

/*
 * The authorities whose certificates the peer is asked for: none when its key is known
 * already. False when memory is short (make.c).
 */
bool ask_for_cert(struct trust *t, const struct connection *c, const struct ident *local,
		  int end, int64_t now, struct trust_reply *reply);

/* Note in words by what it was proven (proof_words.c); `where` goes behind it. */
void proof_by(struct trust_reply *r, const char *words);
void proof_by_key(struct trust_reply *r, const struct key *k, const char *where);
void proof_by_cert(struct trust_reply *r, const struct cert *c);
void proof_by_eap(struct trust_reply *r, const struct eap_session *s);

/* Answer with an error. */
void job_fail(struct trust_job *j, enum cyg_err err);
/* The octets of RFC 7296 2.15, one after the other. False, and answered, when memory is short. */
bool job_take_octets(struct trust_job *j, const struct auth_request *r);

/*
 * The public key that the connection names for an end, borrowed until the next call; NULL
 * with an empty *why when it names none, else with the reason.
 */
const struct key *end_key(struct trust *t, const struct connection *c, int end,
			  struct diag *why);

/* The first OpenPGP certificate among the names of leftcert=, borrowed; NULL. */
const struct stored_pgp *first_pgp(const struct trust *t, const char *names);
/* The first certificate of a file or a bundle of such a name, borrowed; NULL. */
const struct stored_cert *cert_of(const struct trust *t, const char *name);
/* A certificate that issued this one, of those that were read, borrowed; NULL. */
const struct cert *issuer_of(const struct trust *t, const struct cert *c);
/* The first certificate of the names of leftcert= that was read, borrowed; NULL. */
const struct stored_cert *first_cert(const struct trust *t, const char *names);

/*
 * The certificate that carries our identity (NULL: there is none), and whose key is ours; of several
 * the one to be shown at `now` (stored_is_better). NULL.
 */
const struct stored_cert *own_cert_of(const struct trust *t, const struct ident *id,
				      int64_t now);

/*
 * A certificate that the connection names is as good as a key that it names, as long as it is
 * valid and for signatures. NULL: the end's OpenPGP certificate, if it names one; else there is
 * nothing to be wrong.
 */
bool named_cert_is_valid(const struct trust *t, const struct stored_cert *s,
			 const struct connection *c, int end, int64_t now, struct diag *why);

/*
 * The peer proves itself by the key of a certificate that the connection names, in the thread of
 * trust_begin, and in a worker once it has. False: memory is short; in a worker also: it is in none of
 * the groups that are asked for (`unfit`).
 */
bool check_named_begin(struct trust *t, const struct auth_request *r, const struct cert *c,
		       struct trust_job *j);
bool check_named_work(struct trust_job *j);
/*
 * Whether such a peer, or one that is named now and proved itself before, is one of its groups, if any are
 * asked for. `path`: of its certificate, by which ca sections count; of that one alone: none. False: *why
 * and `unfit`, or memory is short and the job answered.
 */
bool named_member(struct trust_job *j, const struct cert_list *path, struct diag *why);
/*
 * A proof does not fit the key of a certificate that is `named` by something (key_name of a job). True,
 * and *why: because the peer has sent another one (DER), with another key.
 */
bool explain_other_cert(struct crypto *crypto, const struct cert *named, struct view sent,
			const char *named_by, struct diag *why);
/*
 * The connection is for members of groups, and the peer, known otherwise, must be one. By a certificate
 * that is named it is asked once its path is looked at (named_member); who has none (NULL) can't be one,
 * and is only told whether he is in another connection. False: *why, or memory is short and the job
 * answered.
 */
bool check_member(struct trust *t, const struct auth_request *r, const struct stored_cert *s,
		  struct trust_job *j, struct diag *why);
/* A named certificate gives a name where the connection gives none. */
bool cert_names_peer(const struct auth_request *r, const struct cert *c, struct diag *why);
/*
 * What a peer was believed by is held against another connection (auth_request.proven), as if it proved
 * itself by the same certificate and in the same way now (check_proven.c); and in any thread.
 */
void check_proven_begin(struct trust *t, const struct auth_request *r, struct trust_job *j);
bool check_proven_work(struct trust_job *j);
/* A path that was right before. CYG_RANGE: it has to be looked at from the beginning (check_cert.c). */
MUST_CHECK enum cyg_err believe_again(struct trust_job *j, struct diag *why);
/* The path is kept, with what else the peer was let in by. False: memory is short. */
bool take_path(struct trust_job *j, const struct cert_list *path);
/* The authorities in force; NULL: none is known, which is another thing to say than that one is missing. */
struct x509_store_st *anchors_of(struct trust *t);
/* A peer that is known by its certificate alone: take what is needed from the request. */
void check_cert_begin(struct trust *t, const struct auth_request *r, struct view algorithm,
		      struct view signature, struct trust_job *j);
/*
 * Believe the certificate or not: fills the job's key and scheme. False: the answer is that the
 * peer is not valid, and why (or an error). Slow; any thread.
 */
bool check_cert_work(struct trust_job *j);
/* Such a peer: take what is needed from the request; the name to be looked up is known then. */
void check_dns_begin(struct trust *t, const struct auth_request *r, struct view algorithm,
		     struct view signature, struct trust_job *j);
/* Whether one of the keys that came is the signature's. False: why not. Slow; any thread. */
bool check_dns_work(struct trust_job *j);
/* Free what was asked and answered for it; fine for any job. */
void check_dns_done(struct trust_job *j);
/* Whether a record of the address `addr` (IP_NONE: of something else) sends to `peer`. */
bool dns_leads_to(const struct dns_record *r, const struct ip_addr *addr,
		  const struct ip_addr *peer);

/* A way to sign that the connection does not name. `end`: the signer's. */
bool way_is_allowed(const char *connection, int end, unsigned allowed,
		    const struct sig_scheme *s, struct diag *why);

/*
 * Which authority the peer's certificate must come from, as path_rules have it: one reference, or
 * our own certificates (all of leftcert=, or the one of the identity `local`) with leftca=%same;
 * NULL and none: any. CYG_NOTFOUND when %same asks for what is not there, CYG_MALFORMED; *why. What
 * it gives is released with ident_unref and cert_list_done, also on failure.
 */
MUST_CHECK enum cyg_err peer_authority(struct trust *t, const struct connection *c,
				       const struct ident *local, int peer, int64_t now,
				       const struct ident **ret_name,
				       struct cert_list *ret_siblings, struct diag *why);

/* Whether an RSA key is as long as the connection wants; *why says what it calls it and what to do. */
bool key_is_long_enough(const struct key *k, unsigned rsa_bits_min, const char *connection,
			const char *whose, struct diag *why);

#endif
