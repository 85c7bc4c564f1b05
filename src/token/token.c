/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include "base/text.h"
#include "token/name.h"
#include "token/token_private.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 64
#define OBJECTS_MAX 256
#define VALUE_MAX 65536 /* octets of a certificate */
#define REFUSED_MAX 64  /* PINs that are remembered as wrong */

/* A PIN that a token refused: hashes of the token and of the PIN. */
struct refused {
	uint64_t token, pin;
};

struct tokens {
	CK_FUNCTION_LIST **modules;
	struct hash_key key;
	struct refused refused[REFUSED_MAX];
	size_t refused_len, refused_at;
};

/* One slot with a token in it. */
struct place {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	unsigned number; /* among all, from 0 */
	CK_TOKEN_INFO info;
};

struct tokens *tokens_open(const struct hash_key *key, struct diag *why)
{
	struct tokens *t = calloc(1, sizeof(*t));

	if (t)
		t->modules = p11_kit_modules_load_and_initialize(0);
	if (t && t->modules) {
		t->key = *key;
		return t;
	}
	free(t);
	diag_set(why, "no-tokens", NULL, "the modules for tokens can't be loaded");
	diag_got(why, "%s", p11_kit_message() ? p11_kit_message() : "no reason");
	diag_hint(why, "p11-kit list-modules  shows which there are");
	return NULL;
}

void tokens_close(struct tokens *t)
{
	if (!t)
		return;
	p11_kit_modules_finalize_and_release(t->modules);
	free(t);
}

/* ---- walking ---- */

/* All places with a token, at most SLOTS_MAX; how many. */
static size_t find_places(struct tokens *t, struct place *places)
{
	size_t n = 0;

	for (CK_FUNCTION_LIST **m = t->modules; *m; m++) {
		CK_SLOT_ID slots[SLOTS_MAX];
		CK_ULONG len = SLOTS_MAX;

		if ((*m)->C_GetSlotList(CK_TRUE, slots, &len) != CKR_OK)
			continue;
		for (CK_ULONG i = 0; i < len && n < SLOTS_MAX; i++) {
			struct place p = {*m, slots[i], (unsigned)n, {{0}}};

			if ((*m)->C_GetTokenInfo(slots[i], &p.info) != CKR_OK ||
			    !(p.info.flags & CKF_TOKEN_INITIALIZED))
				continue;
			places[n++] = p;
		}
	}
	return n;
}

static bool place_fits(const struct token_name *n, const struct place *p)
{
	if (n->uri)
		return p11_kit_uri_match_token_info(n->uri, (CK_TOKEN_INFO *)&p->info) == 1;
	return n->slot == TOKEN_SLOT_ANY || n->slot == p->number;
}

/* A value of an object on the heap; empty when it has none. */
static struct bytes value_of(const struct place *p, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
			     CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE a = {type, NULL, 0};
	struct bytes b = {0};

	if (p->module->C_GetAttributeValue(s, o, &a, 1) != CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION || !a.ulValueLen ||
	    a.ulValueLen > VALUE_MAX)
		return b;
	a.pValue = malloc(a.ulValueLen);
	if (a.pValue && p->module->C_GetAttributeValue(s, o, &a, 1) == CKR_OK)
		return (struct bytes){a.pValue, a.ulValueLen};
	free(a.pValue);
	return b;
}

/* Objects of a class, with this CKA_ID if it is not empty; how many, at most OBJECTS_MAX. */
static size_t find_objects(const struct place *p, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class,
			   struct view id, CK_OBJECT_HANDLE *objects)
{
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
				 {CKA_ID, (void *)id.ptr, id.len}};
	CK_ULONG n = 0;

	if (p->module->C_FindObjectsInit(s, wanted, id.len ? 2 : 1) != CKR_OK)
		return 0;
	if (p->module->C_FindObjects(s, objects, OBJECTS_MAX, &n) != CKR_OK)
		n = 0;
	p->module->C_FindObjectsFinal(s);
	return n;
}

/* What a URI says of an object beside its class, which is the caller's. */
static bool object_fits(const struct token_name *n, const struct place *p, CK_SESSION_HANDLE s,
			CK_OBJECT_HANDLE o)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_ID, CKA_LABEL};
	bool fits = true;

	for (size_t i = 0; n->uri && fits && i < 2; i++) {
		CK_ATTRIBUTE *want = p11_kit_uri_get_attribute(n->uri, types[i]);
		struct bytes got;

		if (!want)
			continue;
		got = value_of(p, s, o, types[i]);
		fits = view_equal(view_of(want->pValue, want->ulValueLen), view_bytes(&got));
		bytes_done(&got);
	}
	return fits;
}

static enum cyg_err not_found(const char *name, size_t places, const char *what,
			      struct diag *why)
{
	diag_set(why, "token-object", NULL, "no %s is called %.150s", what, name);
	diag_got(why, "%zu tokens that fit", places);
	diag_hint(why, "ipsec auto --listcards  shows what there is");
	return CYG_NOTFOUND;
}

/* ---- certificates ---- */

struct telling {
	void (*each)(void *ctx, struct view der);
	void *ctx;
	size_t told;
};

static void tell_certs(const struct token_name *n, const struct place *p, struct telling *to)
{
	CK_OBJECT_HANDLE objects[OBJECTS_MAX];
	CK_SESSION_HANDLE s;
	size_t len;

	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return;
	len = find_objects(p, s, CKO_CERTIFICATE, view_of(n->id, n->id_len), objects);
	for (size_t i = 0; i < len; i++) {
		struct bytes der = {0};

		if (object_fits(n, p, s, objects[i]))
			der = value_of(p, s, objects[i], CKA_VALUE);
		if (der.len) {
			to->each(to->ctx, view_bytes(&der));
			to->told++;
		}
		bytes_done(&der);
	}
	p->module->C_CloseSession(s);
}

enum cyg_err tokens_certs(struct tokens *t, const char *name,
			  void (*each)(void *ctx, struct view der), void *ctx, struct diag *why)
{
	struct telling to = {each, ctx, 0};
	struct place places[SLOTS_MAX];
	size_t len = find_places(t, places), fit = 0;
	struct token_name n;
	enum cyg_err err = token_name_parse(name, &n, why);

	if (err)
		return err;
	for (size_t i = 0; i < len; i++)
		if (place_fits(&n, &places[i])) {
			fit++;
			tell_certs(&n, &places[i], &to);
		}
	token_name_done(&n);
	return to.told ? CYG_OK : not_found(name, fit, "certificate on a token", why);
}

/* ---- PINs ---- */

static struct refused refused_of(const struct tokens *t, const struct place *p, struct view pin)
{
	uint64_t serial = hash_view(&t->key, view_of(p->info.serialNumber,
						     sizeof(p->info.serialNumber)));
	uint64_t label = hash_view(&t->key, view_of(p->info.label, sizeof(p->info.label)));

	return (struct refused){serial ^ (label << 1), hash_view(&t->key, pin)};
}

static bool was_refused(const struct tokens *t, struct refused r)
{
	for (size_t i = 0; i < t->refused_len; i++)
		if (t->refused[i].token == r.token && t->refused[i].pin == r.pin)
			return true;
	return false;
}

static void remember(struct tokens *t, struct refused r)
{
	t->refused[t->refused_at] = r;
	t->refused_at = (t->refused_at + 1) % REFUSED_MAX;
	if (t->refused_len < REFUSED_MAX)
		t->refused_len++;
}

/* A label or serial number without the blanks that fill it up; returns buf. */
static const char *padded(const CK_UTF8CHAR *text, size_t len, char *buf, size_t cap)
{
	while (len && text[len - 1] == ' ')
		len--;
	snprintf(buf, cap, "%.*s", (int)len, (const char *)text);
	return buf;
}

static enum cyg_err refuse_pin(const struct place *p, const char *got, const char *hint,
			       struct diag *why)
{
	char label[40];

	diag_set(why, "token-pin", NULL, "the token %s can't be logged in to",
		 padded(p->info.label, sizeof(p->info.label), label, sizeof(label)));
	diag_got(why, "%s", got);
	diag_hint(why, "%s", hint);
	return CYG_PERM;
}

static enum cyg_err log_in(struct tokens *t, const struct place *p, CK_SESSION_HANDLE s,
			   struct view pin, struct diag *why)
{
	static const char mend[] = "write the right PIN into ipsec.secrets, then ipsec auto "
				   "--rereadsecrets";
	struct refused r = refused_of(t, p, pin);
	CK_RV rv;

	if (was_refused(t, r))
		return refuse_pin(p, "a PIN that it has refused before: it is not tried again",
				  mend, why);
	if (p->info.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY))
		return refuse_pin(p,
				  p->info.flags & CKF_USER_PIN_LOCKED
					  ? "its PIN is locked"
					  : "one more wrong PIN would lock it: none is tried",
				  "log in with the token's own tool", why);
	rv = p->module->C_Login(s, CKU_USER, (CK_UTF8CHAR_PTR)pin.ptr, pin.len);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return CYG_OK;
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
	    rv == CKR_PIN_LOCKED) {
		remember(t, r);
		return refuse_pin(p, "a wrong PIN", mend, why);
	}
	refuse_pin(p, p11_kit_strerror(rv), "is the token there?", why);
	return CYG_IO;
}

/* ---- private keys ---- */

struct finding {
	void (*each)(void *ctx, struct view cert, struct token_key *k);
	void *ctx;
	size_t told;
};

static struct token_key *key_new(const struct place *p, CK_OBJECT_HANDLE o)
{
	struct token_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->refs = 1;
	k->module = p->module;
	k->object = o;
	pthread_mutex_init(&k->lock, NULL);
	/* A session of its own: signatures of several keys do not meet in it. */
	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &k->session) ==
	    CKR_OK)
		return k;
	pthread_mutex_destroy(&k->lock);
	free(k);
	return NULL;
}

/* With the certificate of the same CKA_ID, which has the public half. */
static void tell_key(const struct place *p, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
		     struct finding *f)
{
	struct bytes id = value_of(p, s, o, CKA_ID), der = {0};
	CK_OBJECT_HANDLE certs[OBJECTS_MAX];
	struct token_key *k;

	if (id.len && find_objects(p, s, CKO_CERTIFICATE, view_bytes(&id), certs))
		der = value_of(p, s, certs[0], CKA_VALUE);
	bytes_done(&id);
	k = der.len ? key_new(p, o) : NULL;
	if (k) {
		f->each(f->ctx, view_bytes(&der), k);
		f->told++;
	}
	token_key_unref(k);
	bytes_done(&der);
}

static enum cyg_err tell_keys(struct tokens *t, const struct token_name *n,
			      const struct place *p, struct view pin, struct finding *f,
			      struct diag *why)
{
	CK_OBJECT_HANDLE objects[OBJECTS_MAX];
	CK_SESSION_HANDLE s;
	enum cyg_err err;
	size_t len = 0;

	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return refuse_pin(p, "no session", "is the token there?", why);
	err = log_in(t, p, s, pin, why);
	if (!err)
		len = find_objects(p, s, CKO_PRIVATE_KEY, view_of(n->id, n->id_len), objects);
	for (size_t i = 0; i < len; i++)
		if (object_fits(n, p, s, objects[i]))
			tell_key(p, s, objects[i], f);
	/* The last session of a token logs out: the keys have sessions of their own. */
	p->module->C_CloseSession(s);
	return err;
}

enum cyg_err tokens_keys(struct tokens *t, const char *name, struct view pin,
			 void (*each)(void *ctx, struct view cert, struct token_key *k),
			 void *ctx, struct diag *why)
{
	struct finding f = {each, ctx, 0};
	struct place places[SLOTS_MAX];
	size_t len = find_places(t, places), fit = 0;
	struct token_name n;
	enum cyg_err err = token_name_parse(name, &n, why), first = CYG_OK;

	if (err)
		return err;
	for (size_t i = 0; i < len && !first; i++)
		if (place_fits(&n, &places[i])) {
			fit++;
			/* One PIN is for one token: others are not to count it as a failure. */
			first = tell_keys(t, &n, &places[i], pin, &f, why);
			break;
		}
	token_name_done(&n);
	if (first)
		return first;
	return f.told ? CYG_OK
		      : not_found(name, fit, "private key with a certificate on a token", why);
}

/* ---- listing ---- */

static const char *pin_state(const CK_TOKEN_INFO *i)
{
	if (i->flags & CKF_USER_PIN_LOCKED)
		return "locked";
	if (i->flags & CKF_USER_PIN_FINAL_TRY)
		return "one try left";
	if (i->flags & CKF_USER_PIN_COUNT_LOW)
		return "was wrong";
	return i->flags & CKF_LOGIN_REQUIRED ? "wanted" : "none";
}

static bool tell_card(const struct place *p, int64_t now, CK_SESSION_HANDLE s,
		      const CK_OBJECT_HANDLE *o, const struct listing_sink *sink)
{
	struct bytes id = o ? value_of(p, s, *o, CKA_ID) : (struct bytes){0};
	struct bytes label = o ? value_of(p, s, *o, CKA_LABEL) : (struct bytes){0};
	char token[40], number[40], both[84], hex[2 * TOKEN_ID_MAX + 1] = "", text[128];
	struct listed_card told = {.seen = now,
				   .slot = p->number,
				   .status = "present",
				   .pin = pin_state(&p->info),
				   .token = both};
	size_t used = 0;
	bool goes_on;

	snprintf(both, sizeof(both), "%s/%s",
		 padded(p->info.label, sizeof(p->info.label), token, sizeof(token)),
		 padded(p->info.serialNumber, sizeof(p->info.serialNumber), number,
			sizeof(number)));
	if (o) {
		for (size_t i = 0; i < id.len && i < TOKEN_ID_MAX; i++)
			buf_add(hex, sizeof(hex), &used, "%02x", id.ptr[i]);
		snprintf(text, sizeof(text), "%.*s", (int)label.len, (const char *)label.ptr);
		told.object = "certificate";
		told.label = text;
		told.key_id = hex;
	}
	goes_on = sink->take(sink->ctx, &told);
	bytes_done(&id);
	bytes_done(&label);
	return goes_on;
}

/* A token with its certificates, or alone when it has none. */
static bool tell_place(const struct place *p, int64_t now, uint64_t *n, uint64_t *at,
		       const struct listing_sink *sink)
{
	CK_OBJECT_HANDLE objects[OBJECTS_MAX];
	CK_SESSION_HANDLE s;
	bool open = p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
		    CKR_OK;
	size_t len = open ? find_objects(p, s, CKO_CERTIFICATE, (struct view){0}, objects) : 0;
	bool goes_on = true;

	for (size_t i = 0; goes_on && i < (len ? len : 1); i++) {
		if ((*n)++ < *at)
			continue;
		++*at;
		goes_on = tell_card(p, now, s, len ? &objects[i] : NULL, sink);
	}
	if (open)
		p->module->C_CloseSession(s);
	return goes_on;
}

bool tokens_list(struct tokens *t, int64_t now, uint64_t *at, const struct listing_sink *sink)
{
	struct place places[SLOTS_MAX];
	size_t len = find_places(t, places);
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (!tell_place(&places[i], now, &n, at, sink))
			return false;
	return true;
}
