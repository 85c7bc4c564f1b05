/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/cards.h"

#include "base/hash.h"
#include "token/token.h"
#include "trust/key.h"

void cards_init(struct cards *c, struct trust *trust, const struct entropy *entropy)
{
	*c = (struct cards){.trust = trust, .entropy = entropy};
}

void cards_done(struct cards *c)
{
	tokens_close(c->tokens);
	c->tokens = NULL;
}

static bool have_tokens(struct cards *c, struct diag *why)
{
	struct hash_key key;

	if (c->tokens)
		return true;
	if (hash_key_draw(c->entropy, &key))
		c->tokens = tokens_open(&key, why);
	else
		diag_set(why, "no-randomness", NULL, "no random octets can be had");
	return c->tokens;
}

/* ---- private keys ---- */

static enum cyg_err sign(void *ctx, enum key_signing how, struct view input, struct bytes *ret)
{
	static const enum token_mechanism mechanisms[] = {
		[KEY_SIGN_PKCS1] = TOKEN_RSA_PKCS1,
		[KEY_SIGN_PSS] = TOKEN_RSA_PSS,
		[KEY_SIGN_ECDSA] = TOKEN_ECDSA,
		[KEY_SIGN_EDDSA] = TOKEN_EDDSA,
	};

	return token_sign(ctx, mechanisms[how], input, ret);
}

static void ref(void *ctx)
{
	token_key_ref(ctx);
}

static void unref(void *ctx)
{
	token_key_unref(ctx);
}

struct opening {
	struct cards *cards;
	const struct secret_record *record;
	int64_t now;
	struct problems *problems;
};

static void complain(struct problems *problems, const struct secret_record *r, struct diag *why)
{
	if (r)
		diag_place(why, r->file, r->line, 1);
	problems_add(problems, PROBLEM_WARNING, why);
}

static void take_key(void *ctx, struct view cert, struct token_key *k)
{
	struct key_signer signer = {sign, ref, unref, k};
	struct opening *o = ctx;
	struct diag why;

	diag_clear(&why);
	if (trust_add_signer(o->cards->trust, o->record, cert, &signer, o->now, &why))
		complain(o->problems, o->record, &why);
}

enum cyg_err cards_open(struct cards *c, const struct secret_record *r, struct view pin,
			int64_t now, struct problems *problems)
{
	struct opening o = {c, r, now, problems};
	enum cyg_err err = CYG_IO;
	struct diag why;

	diag_clear(&why);
	if (have_tokens(c, &why))
		err = tokens_keys(c->tokens, r->name, pin, take_key, &o, &why);
	if (err)
		complain(problems, r, &why);
	return err;
}

void cards_read_secrets(struct cards *c, int64_t now, struct problems *problems)
{
	const struct secret_set *secrets = trust_secrets(c->trust);
	const struct secret_record *r;

	for (size_t i = 0; (r = secret_set_at(secrets, i)); i++)
		if (r->kind == SECRET_PIN && !r->prompt &&
		    cards_open(c, r, view_bytes(&r->value), now, problems))
			continue; /* the others may do */
}

/* ---- certificates ---- */

struct putting {
	struct trust *trust;
	const char *name;
	int64_t now;
	struct diag *why;
	bool done;
};

/* The first one that can be read is the end's. */
static void put_cert(void *ctx, struct view der)
{
	struct putting *p = ctx;

	if (!p->done)
		p->done = !trust_put_cert(p->trust, p->name, der, p->now, p->why);
}

static void read_cert(struct cards *c, const char *name, int64_t now, struct problems *problems)
{
	struct putting p = {c->trust, name, now, NULL, false};
	struct diag why;

	diag_clear(&why);
	p.why = &why;
	if (have_tokens(c, &why) && !tokens_certs(c->tokens, name, put_cert, &p, &why) &&
	    p.done)
		return;
	complain(problems, NULL, &why);
}

void cards_read_certs(struct cards *c, const struct connection *conn, int64_t now,
		      struct problems *problems)
{
	for (int i = 0; i < 2; i++) {
		const char *at = conn->end[i].cert;
		char name[CONN_CERT_NAME_MAX];

		while (connection_next_cert(&at, name, sizeof(name)))
			if (token_is_name(name))
				read_cert(c, name, now, problems);
	}
}

bool cards_list(struct cards *c, int64_t now, uint64_t *at, const struct listing_sink *sink)
{
	return !have_tokens(c, NULL) || tokens_list(c->tokens, now, at, sink);
}
