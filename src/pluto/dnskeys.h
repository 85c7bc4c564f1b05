/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_DNSKEYS_H
#define PLUTO_DNSKEYS_H

#include "pluto/dnssec.h"

/*
 * Keys that the DNS has (RFC 4025): IPSECKEY records of names, with the addresses of the gateways
 * that they name, as far as DNSSEC proves both. Each name is asked for once however many wait, and
 * what is proven is kept until it expires. Names that a loaded connection wants ahead of time
 * (rsasigkey=%dnsonload) are asked for anew before that, and after a failure ever later.
 */
struct dnskeys;

struct dnskeys_host {
	void *ctx;
	void (*answer)(void *ctx, void *what, const struct dns_answer *a);
	void (*drop)(void *ctx, void *what); /* there will be no answer: we end */
	/*
	 * What became of a want, for who waits for it: CYG_OK; CYG_AGAIN: nothing so far; CYG_NOTFOUND.
	 * *why has the sentence in any case.
	 */
	void (*fetched)(void *ctx, uint32_t op, enum cyg_err err, const struct diag *why);
	/* Whether the end of a loaded connection (by name) still wants this DNS name. */
	bool (*wanted)(void *ctx, const char *connection, int end, const char *name);
	/* Whether a peer whose IKE SA is up was believed by a key of this name (dnskeys_watch). */
	bool (*watched)(void *ctx, const char *name);
	/* What came of a look-up of any name. */
	void (*news)(void *ctx, const char *name, const struct dns_answer *a);
	/* The same that `fetched` tells, of a later look-up that went otherwise than the one before. */
	void (*told)(void *ctx, const char *connection, bool good, const struct diag *why);
};

/* The strings of *s must last. NULL when memory is short. */
struct dnskeys *dnskeys_new(uv_loop_t *loop, const struct dnssec_settings *s,
			    const struct hash_key *key, const struct dnskeys_host *host);

/*
 * Ask for the records of a name, which is that of identity `id`, on behalf of `what`. False when
 * memory is short.
 */
bool dnskeys_ask(struct dnskeys *d, const char *name, const struct ident *id, void *what);

/*
 * An end of a loaded connection wants them from now on, until host.wanted says otherwise. `op` (0:
 * nobody) is told of the first answer, and after a few seconds at the latest. False when memory is
 * short.
 */
bool dnskeys_want(struct dnskeys *d, const char *name, const struct ident *id,
		  const char *connection, int end, uint32_t op);

/*
 * A peer was believed by a key of that name: it is looked up anew when what is known expires, as long as
 * host.watched says so. Without memory it is not.
 */
void dnskeys_watch(struct dnskeys *d, const char *name, const struct ident *id);

/* What is known of a name. Borrowed until the loop goes on. */
struct dnskeys_known {
	const struct ident *id;
	const struct dns_record *records; /* proven */
	size_t len;
	int64_t since, until; /* seconds since 1970; 0: there are none */
	bool pending;         /* it is being asked for */
	int64_t again;        /* when it is asked for next; 0: nothing says so */
	const char *trouble;  /* why the last look-up had none; NULL: it had some */
};
/* False: nothing. */
bool dnskeys_find(const struct dnskeys *d, const char *name, struct dnskeys_known *ret);
/* The `at`-th name from 0 on, the oldest first; false behind the last. */
bool dnskeys_at(struct dnskeys *d, uint64_t at, struct dnskeys_known *ret);

/* All questions are dropped; handles close as the loop runs once more. NULL is fine. */
void dnskeys_free(struct dnskeys *d);

#endif
