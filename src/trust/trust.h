/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include "conn/authority.h"
#include "conn/event.h"
#include "conn/listing.h"
#include "trust/secret.h"

struct authorities;
struct crypto;
struct dns_record;
struct trust_listing;

/*
 * Who the peer is, and how we prove who we are. Holds every long-term secret;
 * nobody else does. Requests are data (conn/action.h) and so are answers, so
 * that this room can become a process of its own. Moments are seconds since
 * 1970, UTC, and come from the caller: there is no clock here.
 */
struct trust;

/* Without any secret. `crypto` is borrowed and must outlive it. NULL when memory is short. */
struct trust *trust_new(struct crypto *crypto);
/* Wipes every secret. NULL is fine. No job may be left. */
void trust_free(struct trust *t);

/* ---- what the host has read ---- */

/*
 * Replace all secrets and private keys at once (ipsec.secrets was read again at
 * `now`). The set is moved in; keys whose numbers it holds are private keys from now on,
 * and those it names by file are to follow with trust_add_key. A record of %prompt that says what
 * one before it said keeps what was opened by it. Connections already up are not touched.
 */
void trust_set_secrets(struct trust *t, struct secret_set *take, int64_t now);
/*
 * The same, but those of before are kept until trust_settle_secrets says which are in force from
 * now on: the ones that were tried, or, not `tried`, those of before with all their keys.
 */
void trust_try_secrets(struct trust *t, struct secret_set *take, int64_t now);
void trust_settle_secrets(struct trust *t, bool tried);

/* Those in force, borrowed. */
const struct secret_set *trust_secrets(const struct trust *t);

/*
 * Keep what a ca section says, in place of what is kept by its name. `certificate`
 * is what its file holds: it is believed as those of trust_read_cacert are; an empty one is told
 * of in listings. CYG_NOMEM: it is not in force; CYG_MALFORMED with *why when the certificate
 * can't be read or is no authority's: it is kept without.
 */
MUST_CHECK enum cyg_err trust_add_authority(struct trust *t, const struct authority *says,
					    struct view certificate, int64_t now,
					    struct diag *why);
/*
 * Forget those whose names a shell pattern fits. Returns how many. Who stood by one of them is judged
 * again when none has come or gone for SECTIONS_SECONDS (trust_tick).
 */
#define SECTIONS_SECONDS 2
size_t trust_delete_authorities(struct trust *t, const char *pattern, int64_t now);
/* Whether one is called so. */
bool trust_has_authority(const struct trust *t, const char *name);
/* Those kept, borrowed. For this room alone. */
const struct authorities *trust_authorities(const struct trust *t);

/*
 * The content of the file that the record, one of trust_secrets, names: a private key, or one with
 * certificates (PKCS #12), which leftcert= may name by the record's name. `passphrase`: what was
 * answered to %prompt; empty: the record's own. CYG_MALFORMED, CYG_UNSUPPORTED, CYG_LIMIT,
 * CYG_PERM (a passphrase is wanted, or wrong), CYG_NOMEM with *why: what the record had before stays.
 * Else that goes; *why is set where its owner is to be warned of how it was encrypted.
 */
MUST_CHECK enum cyg_err trust_add_key(struct trust *t, const struct secret_record *record,
				      struct view octets, struct view passphrase, int64_t now,
				      struct diag *why);

/*
 * A private key that is elsewhere, by its public half in DER (a certificate, or a
 * SubjectPublicKeyInfo), for a record of trust_secrets. The signer's ref is called for what is kept.
 * Errors as above.
 */
struct key_signer;
MUST_CHECK enum cyg_err trust_add_signer(struct trust *t, const struct secret_record *record,
					 struct view half, bool is_cert,
					 const struct key_signer *signer, int64_t now,
					 struct diag *why);
/* Whether a record of trust_secrets has a key that can be used. */
bool trust_has_key(const struct trust *t, const struct secret_record *record);
/* The same, of these octets of its file: not of what the file held before. */
bool trust_has_key_of(const struct trust *t, const struct secret_record *record,
		      struct view octets);
/* Forget the keys of signers that a record of trust_secrets has opened: others are to come. */
void trust_drop_opened(struct trust *t, const struct secret_record *record);
/* Forget the keys of the signers that `gone` says is no more, by their ctx. Returns how many. */
size_t trust_drop_signers(struct trust *t, bool (*gone)(void *ctx));

/* How many private keys there are. */
size_t trust_keys(const struct trust *t);

/*
 * What is slow about files that are to be read: keys that are encrypted, signatures of attribute
 * certificates. Worked out in any thread, one at a time, of octets that the files had a while before;
 * reading them is quick then, and gives what it would have given, also when they have changed. Nothing
 * but the time that it takes depends on it, so memory that is short is not told.
 */
struct trust_early;
/* In the loop's thread. The authorities of attributes in force are in it. NULL: memory is short. */
struct trust_early *trust_early_new(const struct trust *t);
/* Wipes the keys. NULL is fine. */
void trust_early_free(struct trust_early *e);
/* The file of a private key; `kind`: enum secret_key of its record. */
void trust_early_private(struct trust_early *e, uint8_t kind, struct view octets,
			 struct view passphrase);
/* An RSA key that stands in ipsec.secrets. */
void trust_early_numbers(struct trust_early *e, const struct rsa_numbers *n);
/* A file of an attribute authority; then those of attribute certificates. */
void trust_early_authority(struct trust_early *e, const char *name, struct view octets);
void trust_early_acert(struct trust_early *e, struct view octets);
/* Read with its help from now on, borrowed, until it is NULL. */
void trust_use_early(struct trust *t, struct trust_early *e);

/*
 * The content of a file that a connection names as public key (leftsigkey=FILE), by the
 * connection's own word for it. Errors as of trust_add_key; what was known under the name stays.
 */
MUST_CHECK enum cyg_err trust_put_public(struct trust *t, const char *name, struct view octets,
					 struct diag *why);

/*
 * The certificates of a file of ipsec.d/certs, or that a connection names (leftcert=FILE), by
 * the name that connections have for it: the first is the end's, others may be intermediates.
 * Errors as above; what was known by the name stays then.
 */
MUST_CHECK enum cyg_err trust_put_cert(struct trust *t, const char *name, struct view octets,
				       int64_t now, struct diag *why);
/*
 * The same of all files, after trust_begin_certs: they are in force, in place of those that
 * trust_put_cert and the last reading gave, with trust_take_certs.
 */
void trust_begin_certs(struct trust *t);
MUST_CHECK enum cyg_err trust_read_cert(struct trust *t, const char *name, struct view octets,
					int64_t now, struct diag *why);
/* What is known by a name stays with this reading, too: it is of no file. CYG_NOMEM. */
MUST_CHECK enum cyg_err trust_keep_cert(struct trust *t, const char *name, int64_t now);
void trust_take_certs(struct trust *t);
/* The file of the at-th certificate in force, borrowed; NULL behind the last one. */
const char *trust_cert_file(const struct trust *t, size_t at);
/* The subject of the first one of leftcert= that was read, one reference; NULL: there is none. */
const struct ident *trust_cert_identity(const struct trust *t, const char *names);

/*
 * The next of our private keys, from the *at-th on, whose certificate has expired at `now`, or does
 * within a month: *ret says which, and what to do. Of several with one key the last one counts.
 * False behind the last key.
 */
bool trust_next_expiring(struct trust *t, size_t *at, int64_t now, struct diag *ret);
/* The same of a certificate of ours that leftcert= names, unless it was said a minute ago. */
bool trust_cert_expires(struct trust *t, const char *names, int64_t now, struct diag *ret);
/* Both of what a list here says was revoked (RFC 5280 5.3): a peer that knows it refuses us. */
bool trust_next_revoked(struct trust *t, size_t *at, int64_t now, struct diag *ret);
bool trust_cert_revoked(struct trust *t, const char *names, int64_t now, struct diag *ret);
/* How many lists were taken so far: with one more, more may be revoked. */
uint64_t trust_lists_taken(const struct trust *t);

/* What is read as a whole, and takes the place of what was read before. */
enum trust_folder { TRUST_CACERTS, TRUST_AACERTS, TRUST_OCSPCERTS, TRUST_CRLS, TRUST_ACERTS };
/*
 * While a folder is read: what a file of it that can't be read now gave before stays. CYG_NOMEM: it
 * may not.
 */
MUST_CHECK enum cyg_err trust_keep_file(struct trust *t, enum trust_folder folder,
					const char *name);
/*
 * The next file of what is in force that has not been read or kept since the last time, borrowed; NULL
 * behind the last one. *at is 0 for the first one. Ask before it is taken.
 */
const char *trust_gone_file(const struct trust *t, enum trust_folder folder, size_t *at);

/*
 * The authorities' certificates of a file. They are in force, in place of all others, with
 * trust_take_cacerts. CYG_MALFORMED also for a certificate that is no authority's. CYG_OK and *why set,
 * also of the folders below: as cert_read_file has it.
 */
MUST_CHECK enum cyg_err trust_read_cacert(struct trust *t, const char *name, struct view octets,
					  int64_t now, struct diag *why);
/* What was read since the last time is in force. CYG_NOMEM: the old ones stay. */
MUST_CHECK enum cyg_err trust_take_cacerts(struct trust *t);
/* The caller's *ret is for EV_AUTHORITIES: after trust_take_cacerts, and when a ca section came or went. */
MUST_CHECK enum cyg_err trust_authority_hashes(const struct trust *t, struct bytes *ret);
/*
 * A list of revoked certificates, by one of the authorities in force (read them first). Errors as
 * above; CYG_LIMIT; CYG_EXISTS: there is a newer one; CYG_NOTFOUND, *why: nobody who is known made
 * it, and it is put aside until a peer's certificate leads to who did.
 */
MUST_CHECK enum cyg_err trust_read_crl(struct trust *t, const char *name, struct view octets,
				       int64_t now, struct diag *why);
/*
 * The same of a list that is so long (CRL_ASIDE_OCTETS) that checking it takes a while: a job to be
 * done like any other, for trust_job_settle; what the file gave before stays until then. NULL: it is
 * not, or nobody who is known made it; trust_read_crl reads it.
 */
#define CRL_ASIDE_OCTETS 1048576
struct trust_job *trust_begin_crl(struct trust *t, const char *name, struct view octets,
				  int64_t now);
/* A file that is there and can't be used: its list of before stays, lest its revoked ones count again. */
void trust_keep_crl(struct trust *t, const char *name);
/* A file of crls/ that holds what an OCSP server said, by its name (trust_next_file). */
bool trust_is_kept_answer(const char *name);
/*
 * What is in it, on its way to be believed. CYG_RANGE: it is overdue, or no answer, and its file of no
 * use any more; CYG_LIMIT, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err trust_read_answer(struct trust *t, const char *name, struct view octets,
					  int64_t now);
/* Those of files that were not read since the last time are forgotten; fetched ones stay. */
void trust_take_crls(struct trust *t, int64_t now);

/* The certificates of a file of ipsec.d/ocspcerts; as trust_read_cacert, for trust_take_ocspcerts. */
MUST_CHECK enum cyg_err trust_read_ocspcert(struct trust *t, const char *name,
					    struct view octets, int64_t now, struct diag *why);
void trust_take_ocspcerts(struct trust *t);

/*
 * Certificates of attribute authorities (RFC 5755), and the attribute certificates that they made;
 * in force, in place of all others, with the second one of each. Errors as above; CYG_AUTH: nobody
 * who is believed made it. Whoever replaces authorities reads what they made again. Peers that were let
 * in as members of a group, and are none any more, are told with trust_next_untrusted.
 */
MUST_CHECK enum cyg_err trust_read_aacert(struct trust *t, const char *name, struct view octets,
					  int64_t now, struct diag *why);
void trust_take_aacerts(struct trust *t);
MUST_CHECK enum cyg_err trust_read_acert(struct trust *t, const char *name, struct view octets,
					 int64_t now, struct diag *why);
void trust_take_acerts(struct trust *t, int64_t now);

/* How many authorities there are in force. */
size_t trust_cacerts(const struct trust *t);

/*
 * What trust knows of a kind of listing: hand the records from the *at-th on to the
 * sink, and count *at on. True when all have been told, false when the sink wants no
 * more now. Secrets have names and places there, and never themselves.
 */
bool trust_list(const struct trust *t, struct trust_listing *l, enum listing_kind kind,
		uint64_t *at, const struct listing_sink *sink);

/*
 * What one listing has counted and told so far, for those that ask for it: certificates have their
 * users by it, authorities that came with peers are in it, and a key is told once for each name.
 * `t` is borrowed and must outlive it. NULL when memory is short, and fine where one is asked for:
 * nothing is counted then.
 */
struct trust_listing *trust_listing_new(struct trust *t);
void trust_listing_free(struct trust_listing *l);
/* A loaded connection, which names certificates. False: memory is short, and less is counted. */
MUST_CHECK bool trust_listing_connection(struct trust_listing *l, const struct connection *c);
/* The groups that it names (leftgroups=), `since` it is loaded. As above. */
MUST_CHECK bool trust_listing_groups(struct trust_listing *l, const struct connection *c,
				     int64_t since);

/* The groups that ca sections name. As above. */
MUST_CHECK bool trust_listing_ca_groups(struct trust_listing *l);

/* A peer whose IKE SA is up. Borrowed. */
struct trust_peer {
	uint64_t proofs[2]; /* answer.auth.proof; 0: it was proven without a certificate */
	const struct ident *id;
	int64_t since;
};
/* The authorities that it stands by. As above. */
MUST_CHECK bool trust_listing_peer(struct trust_listing *l, const struct trust_peer *peer);

/* An end of a loaded connection. Borrowed. */
struct trust_end {
	const struct connection *connection;
	int end;
	bool is_us;
	const struct ident *id; /* NULL: not known */
	int64_t since, now;
};
#define TRUST_KEY_ID_TEXT \
	41 /* octets of a key's name in hexadecimal digits, as the listings have it */

/*
 * The name of the key that the connection names for an end, by a certificate or as it is, into buf.
 * NULL: it names none, or one that can't be read.
 */
const char *trust_end_key_id(struct trust *t, const struct connection *c, int end,
			     char buf[TRUST_KEY_ID_TEXT]);

/*
 * The public key that such an end has, and those that a peer's certificates held, as records of
 * LISTING_PUBKEYS, unless the listing has had them: what the sink says; true when there is nothing
 * to tell.
 */
bool trust_list_end(struct trust *t, struct trust_listing *l, const struct trust_end *e,
		    const struct listing_sink *sink);
bool trust_list_peer(struct trust *t, struct trust_listing *l, const struct trust_peer *peer,
		     const struct listing_sink *sink);

/* Keys that the DNS has, of one name. Borrowed. */
struct trust_dns_keys {
	const struct ident *id;
	const struct dns_record *records;
	size_t len;
	int64_t since, until;
};
/* They, as records of LISTING_PUBKEYS: what the sink says. */
bool trust_list_dns(struct trust *t, struct trust_listing *l, const struct trust_dns_keys *k,
		    const struct listing_sink *sink);

/* ---- a certificate by itself ---- */

/* What a peer would prove itself by, were it to sign. Borrowed. */
struct trust_question {
	const struct auth_cert *certs; /* as in CERT payloads: its own first */
	size_t certs_len;              /* more than AUTH_CERTS_MAX are left out */
	const struct ident *id;        /* that it must carry; NULL: any */
	const struct ident *authority; /* that it must come from; NULL: any */
	const char *groups; /* of which it must belong to one, as in leftgroups=; NULL: any */
	const struct view *answers; /* of OCSP servers */
	size_t answers_len;
	/* One of them (from 0) that says nothing of the chain, and why; NULL: that is not wanted. */
	void (*passed_over)(void *ctx, size_t answer, const struct diag *why);
	void *ctx;
	bool asks; /* what is not known is to be asked for (trust_next_want) */
	unsigned rsa_bits_min;
	int64_t now;
};

/*
 * Would such a peer be believed, by the authorities, lists and attribute certificates in force? The same verdict, by
 * the same code, as on ACT_AUTH_CHECK: CYG_OK; CYG_AUTH with *why; CYG_NOMEM; CYG_AGAIN, when it asks:
 * once something that is wanted was answered. Slow.
 */
MUST_CHECK enum cyg_err trust_believe(struct trust *t, const struct trust_question *q,
				      struct diag *why);

/* ---- what was revoked ---- */

enum crl_policy {
	CRL_POLICY_NO,     /* what is not known to be revoked is good */
	CRL_POLICY_IF_URI, /* where a server or a place of lists is known, news must be had */
	CRL_POLICY_YES,    /* they must be had always */
};

struct trust_rules {
	uint8_t policy; /* enum crl_policy: strictcrlpolicy= */
	bool cache;     /* fetched lists are to be kept as files */
	uint32_t
		interval; /* seconds between looks at what is due; 0: none (crlcheckinterval=) */
	uint32_t patience; /* seconds that a peer may wait for news of its certificate */
};
void trust_set_rules(struct trust *t, const struct trust_rules *rules);

/* What this room wants to have of the world; it opens no socket and no file. */
enum trust_want_kind { WANT_CRL, WANT_OCSP, WANT_CERT };
struct trust_want {
	uint64_t id;
	uint8_t kind; /* enum trust_want_kind */
	const char *url;
	struct view post; /* empty: GET */
	const char *content_type;
	size_t octets_max;
};
/* The next thing that is wanted, borrowed until the next call of this room; false: nothing. */
bool trust_next_want(struct trust *t, struct trust_want *ret);
/*
 * What came of it. The octets are moved here. A job to be done like any other, for
 * trust_job_settle; NULL: there is nothing to be done (it failed: `why`).
 */
struct trust_job *trust_answer_want(struct trust *t, uint64_t id, enum cyg_err err,
				    struct bytes *take, const struct diag *why, int64_t now);

/* The number of something that was wanted and is not any more: its answer would be passed over. */
bool trust_next_unwanted(struct trust *t, uint64_t *ret_id);

/* A fetched list that is to be kept in ipsec.d/crls under this name; moved. False: none. */
bool trust_next_file(struct trust *t, char *name, size_t cap, struct bytes *ret);

/*
 * A proof (answer.auth.proof) that holds no more, and why: its certificate was revoked, or is not
 * valid any more where the policy asks, or the DNS has its key no more. False: there is none.
 */
bool trust_next_untrusted(struct trust *t, uint64_t *ret_proof, struct diag *ret_why);

/* When trust_tick is to be called; seconds since 1970; INT64_MAX: never. */
int64_t trust_deadline(const struct trust *t);
/* Do what is due at `now`: jobs that waited long enough go on, and lists and answers that expire are seen to. */
void trust_tick(struct trust *t, int64_t now);

/*
 * Forget what OCSP servers said, also to earlier runs, and were asked; a peer that waits has them asked
 * anew. The files are the host's.
 */
void trust_purge_ocsp(struct trust *t, int64_t now);
/* Servers that failed may be asked again at once. */
void trust_retry_sources(struct trust *t);

/*
 * Certificates may be named by their hash and a URL (RFC 7296 3.6): below a certuribase= of a ca
 * section, and nowhere else.
 */
bool trust_looks_up(const struct trust *t);

/* ---- requests ---- */

#define TRUST_BY_MAX 420

/*
 * What is answered. `answer` points at the rest, so it must not be moved. Wiped by
 * trust_reply_done.
 */
struct trust_reply {
	struct answer answer;
	struct diag why;
	struct bytes data, authorities; /* PPK: the keys, and its id */
	struct bytes der[AUTH_CERTS_MAX];
	uint8_t encodings[AUTH_CERTS_MAX]; /* of `der` */
	struct auth_cert certs[AUTH_CERTS_MAX];
	size_t certs_len;
	const struct ident *identity; /* of EAP; one reference, or NULL */
	char by[TRUST_BY_MAX];        /* what it was proven by, in words */
};
void trust_reply_done(struct trust_reply *r);

/*
 * ACT_AUTH_MAKE, ACT_AUTH_CHECK, ACT_PPK or ACT_EAP on its way to an answer. A job holds copies of all it
 * needs: nothing of the request is borrowed beyond trust_begin.
 */
struct trust_job;

/*
 * Begin: find out what is to be computed. NULL when memory is short. What is quick has been
 * done already (trust_job_is_done).
 */
struct trust_job *trust_begin(struct trust *t, const struct action *request, int64_t now);
bool trust_job_is_done(const struct trust_job *j);
/*
 * The next name whose IPSECKEY records (RFC 4025) must be looked up before the slow part, and whose
 * it is (borrowed); NULL: none. What came of it is given by trust_job_take_dns, which may answer the
 * job.
 */
const char *trust_job_dns_name(const struct trust_job *j, const struct ident **ret_id);

#define DNS_KEYS_MAX 8     /* keys of a name that are looked at */
#define DNS_GATEWAYS_MAX 8 /* addresses of one record's gateway */
enum dns_verdict {
	DNS_FAILED,   /* no answer */
	DNS_UNPROVEN, /* no DNSSEC leads to it: it counts for nothing */
	DNS_BOGUS,    /* DNSSEC proves it false */
	DNS_NOTHING,  /* proven: there is no such record */
	DNS_PROVEN,
};
struct dns_record {
	struct view rdata;
	/* Proven ones of a gateway that the record gives a name. */
	struct ip_addr gateways[DNS_GATEWAYS_MAX];
	size_t gateways_len;
};
struct dns_answer {
	uint8_t verdict;                  /* enum dns_verdict */
	const char *text;                 /* what was found, for people; NULL: nothing to say */
	const struct dns_record *records; /* the lowest precedence first */
	size_t len;
	bool more; /* there are, which were left out */
};
void trust_job_take_dns(struct trust_job *j, const struct dns_answer *a);

/* Why a name has no proven records. `text` as in struct dns_answer. Nothing for DNS_PROVEN. */
void dns_verdict_explain(uint8_t verdict, const char *text, const char *name, struct diag *why);

/*
 * Who speaks for an address: the gateway of the first record that names one of the right family, at
 * *ret; the address itself, where its record names none. CYG_NOTFOUND: no record serves, *why.
 */
MUST_CHECK enum cyg_err dns_gateway(const struct dns_answer *a, const struct ip_addr *addr,
				    struct ip_addr *ret, struct diag *why);

/*
 * The names, at 0 and 1, that have the key by which a job's peer was believed, and whose they are
 * (borrowed); NULL: there is none. After trust_job_settle.
 */
const char *trust_job_dns_proven(const struct trust_job *j, int at,
				 const struct ident **ret_id);
/*
 * What a name has now. Where DNSSEC proves that it has a key no more by which a peer was believed, that
 * is told (trust_next_untrusted); no answer, and one that is not proven, change nothing.
 */
void trust_dns_news(struct trust *t, const char *name, const struct dns_answer *a);
/* Whether a peer was believed by a key of this name. */
bool trust_is_by_dns(const struct trust *t, const char *name);
/*
 * Proofs by the DNS are forgotten by trust_sweep_dns unless they were marked as in use, or made, since
 * the sweep before. Other numbers are passed over.
 */
void trust_mark_dns(struct trust *t, uint64_t proof);
void trust_sweep_dns(struct trust *t);

/* The slow part, in any thread. */
void trust_job_work(struct trust_job *j);
/*
 * Before the slow part, in the thread of trust_begin. True: the peer named certificates by URLs,
 * and the job waits for them as trust_job_settle tells; when it comes back it may be done.
 */
bool trust_job_collects(struct trust *t, struct trust_job *j, int64_t now);
/*
 * After the slow part, in the thread of trust_begin. False: the job waits for news that are
 * wanted (trust_next_want), belongs to this room meanwhile, and comes back by trust_next_ready.
 */
bool trust_job_settle(struct trust *t, struct trust_job *j, int64_t now);
/* One that waited and does no more, the caller's; it may have more to work on. NULL: there is none. */
struct trust_job *trust_next_ready(struct trust *t);
/* Its slow part has somebody else sign (key_signer), who may take seconds. */
bool trust_job_signs_elsewhere(const struct trust_job *j);
/* It reads what was wanted, and answers nobody. */
bool trust_job_is_reading(const struct trust_job *j);
/* The file that it has read and that can't be used, and why; NULL: there is none. */
const char *trust_job_unreadable(const struct trust_job *j, const struct diag **ret_why);
/* The operation it answers. */
uint32_t trust_job_op(const struct trust_job *j);
/*
 * A job whose slow part is done may have to ask a RADIUS server (auth=eap-radius): the host
 * moves the datagrams, in the loop's thread, and the job has no answer before.
 */
bool trust_job_asks(const struct trust_job *j);
/* The server that has the conversation, so that no other can go on with it; NULL: any may. */
const struct ip_addr *trust_radius_server(const struct trust_job *j);
/*
 * What this server is to be asked; what comes must answer the last datagram that was made.
 * CYG_NOTFOUND: there is no secret for it, *why; CYG_NOMEM, CYG_CRYPTO, CYG_LIMIT.
 */
MUST_CHECK enum cyg_err trust_radius_request(struct trust *t, struct trust_job *j,
					     const struct ip_addr *server, struct bytes *ret,
					     struct diag *why);
/* A datagram came: true when it was the server's, and the job has its answer now. */
bool trust_radius_answer(struct trust *t, struct trust_job *j, struct view datagram);
/* No server answered: the answer is a failure for this reason. */
void trust_radius_failed(struct trust_job *j, const struct diag *why);

/*
 * The answer of a job that is done, borrowed from it.
 *
 * AUTH_MAKE: CYG_NOTFOUND when we have no secret or key that may be used, CYG_UNSUPPORTED
 * for a way or PRF that is not built or that the peer can't check, CYG_NOMEM, CYG_CRYPTO.
 * PPK: CYG_NOTFOUND when no key may be used.
 * AUTH_CHECK that is well done and finds that the peer has not proved itself (a
 * wrong secret or key, another method, no record of ours) is CYG_OK with auth.valid
 * false and why set; a peer found valid may come with a why as well, when the
 * secret was not the only one that fits.
 */
const struct trust_reply *trust_job_reply(const struct trust_job *j);
/* NULL is fine. In the thread of trust_begin. */
void trust_job_free(struct trust_job *j);

/*
 * ACT_EAP: the answer is CYG_OK with EAP_FAILED when who speaks is not proven. CYG_NOTFOUND: a
 * client has no password or key; CYG_UNSUPPORTED: no method; CYG_STATE: there is no such
 * session; CYG_NOMEM, CYG_CRYPTO. Steps of one session come one after the other.
 *
 * ACT_EAP_END: forget a session, with its key. What is unknown is forgotten already.
 */
void trust_forget_eap(struct trust *t, uint64_t session);

/* All of it at once. */
void trust_ask(struct trust *t, const struct action *request, int64_t now,
	       struct trust_reply *ret);

#endif
