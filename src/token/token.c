/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include "base/text.h"
#include "token/token_private.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tokens *tokens_open(const char *refused, struct diag *why)
{
	struct tokens *t = calloc(1, sizeof(*t));

	if (t && token_refusals_open(&t->refused, refused))
		t->modules = p11_kit_modules_load_and_initialize(0);
	if (t && t->modules) {
		t->sign_ms = TOKEN_SIGN_MS;
		token_signing_init(t);
		list_init(&t->keys);
		list_init(&t->closing);
		return t;
	}
	if (t)
		token_refusals_done(&t->refused);
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
	if (!token_signing_ends(t))
		return; /* a module that does not return is not unloaded below its thread */
	tokens_tidy(t);
	token_signing_done(t);
	p11_kit_modules_finalize_and_release(t->modules);
	token_refusals_done(&t->refused);
	free(t);
}

/* ---- walking ---- */

/* Those of one module behind the others. */
static size_t add_places(CK_FUNCTION_LIST *m, struct token_place *places, size_t n)
{
	CK_SLOT_ID slots[TOKEN_SLOTS_MAX];
	CK_ULONG len = 0;
	unsigned of_module = 0;

	/* PKCS #11 5.5: asking how many there are is what makes it see readers that came. */
	if (m->C_GetSlotList(CK_TRUE, NULL, &len) != CKR_OK)
		return n;
	len = TOKEN_SLOTS_MAX;
	if (m->C_GetSlotList(CK_TRUE, slots, &len) != CKR_OK)
		return n;
	for (CK_ULONG i = 0; i < len && n < TOKEN_SLOTS_MAX; i++) {
		struct token_place p = {m, slots[i], (unsigned)n, of_module, {{0}}};

		if (m->C_GetTokenInfo(slots[i], &p.info) != CKR_OK ||
		    !(p.info.flags & CKF_TOKEN_INITIALIZED))
			continue;
		places[n++] = p;
		of_module++;
	}
	return n;
}

size_t token_places(struct tokens *t, struct token_place *places)
{
	size_t n = 0;

	for (CK_FUNCTION_LIST **m = t->modules; *m; m++)
		n = add_places(*m, places, n);
	return n;
}

/* "@MODULE": what p11-kit's configuration calls it, or its file with or without folders. */
static bool is_module(CK_FUNCTION_LIST *m, const char *name)
{
	char *called = p11_kit_module_get_name(m), *file = p11_kit_module_get_filename(m);
	const char *base = file ? strrchr(file, '/') : NULL;
	bool yes = (called && !strcmp(called, name)) || (file && !strcmp(file, name)) ||
		   (base && !strcmp(base + 1, name));

	free(called);
	free(file);
	return yes;
}

/* The module that a name says is there. If not, *why lists those that are. */
static bool has_module(const struct tokens *t, const struct token_name *n, struct diag *why)
{
	char all[300] = "";
	size_t used = 0;

	if (!*n->module)
		return true;
	for (CK_FUNCTION_LIST **m = t->modules; *m; m++) {
		char *called = p11_kit_module_get_name(*m);

		buf_add(all, sizeof(all), &used, "%s%s", used ? ", " : "",
			called ? called : "one without a name");
		free(called);
		if (is_module(*m, n->module))
			return true;
	}
	diag_set(why, "token-module", NULL, "there is no module for tokens called %s",
		 n->module);
	diag_wanted(why, "%s", *all ? all : "one that p11-kit is configured for");
	diag_hint(why,
		  "leave out @%.100s, or write a file NAME.module into "
		  "/etc/pkcs11/modules",
		  n->module);
	return false;
}

static bool place_fits(const struct token_name *n, const struct token_place *p)
{
	if (n->uri)
		return p11_kit_uri_match_token_info(n->uri, (CK_TOKEN_INFO *)&p->info) == 1;
	if (*n->module && !is_module(p->module, n->module))
		return false;
	return n->slot == TOKEN_SLOT_ANY || n->slot == (*n->module ? p->of_module : p->number);
}

struct bytes token_value(const struct token_place *p, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
			 CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE a = {type, NULL, 0};
	struct bytes b = {0};

	if (p->module->C_GetAttributeValue(s, o, &a, 1) != CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION || !a.ulValueLen ||
	    a.ulValueLen > TOKEN_VALUE_MAX)
		return b;
	a.pValue = malloc(a.ulValueLen);
	if (a.pValue && p->module->C_GetAttributeValue(s, o, &a, 1) == CKR_OK)
		return (struct bytes){a.pValue, a.ulValueLen};
	free(a.pValue);
	return b;
}

size_t token_objects(const struct token_place *p, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class,
		     struct view id, CK_OBJECT_HANDLE *objects)
{
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
				 {CKA_ID, (void *)id.ptr, id.len}};
	CK_ULONG n = 0;

	if (p->module->C_FindObjectsInit(s, wanted, id.len ? 2 : 1) != CKR_OK)
		return 0;
	if (p->module->C_FindObjects(s, objects, TOKEN_OBJECTS_MAX, &n) != CKR_OK)
		n = 0;
	p->module->C_FindObjectsFinal(s);
	return n;
}

/* What a URI says of an object beside its class, which is the caller's. */
static bool object_fits(const struct token_name *n, const struct token_place *p,
			CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_ID, CKA_LABEL};
	bool fits = true;

	for (size_t i = 0; n->uri && fits && i < 2; i++) {
		CK_ATTRIBUTE *want = p11_kit_uri_get_attribute(n->uri, types[i]);
		struct bytes got;

		if (!want)
			continue;
		got = token_value(p, s, o, types[i]);
		fits = view_equal(view_of(want->pValue, want->ulValueLen), view_bytes(&got));
		bytes_done(&got);
	}
	return fits;
}

static enum cyg_err not_found(const char *name, size_t places, const char *what,
			      struct diag *why)
{
	diag_set(why, "token-object", NULL, "no %s is called %.150s", what, name);
	diag_got(why, "%zu token%s that fit%s", places, places == 1 ? "" : "s",
		 places == 1 ? "s" : "");
	diag_hint(why, "ipsec auto --listcards  shows what there is");
	return CYG_NOTFOUND;
}

/* ---- what anybody may read ---- */

struct telling {
	CK_OBJECT_CLASS class;
	void (*each)(void *ctx, struct view der);
	void *ctx;
	size_t told;
};

static void tell_objects(const struct token_name *n, const struct token_place *p,
			 struct telling *to)
{
	CK_OBJECT_HANDLE objects[TOKEN_OBJECTS_MAX];
	CK_SESSION_HANDLE s;
	size_t len;

	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return;
	len = token_objects(p, s, to->class, view_of(n->id, n->id_len), objects);
	for (size_t i = 0; i < len; i++) {
		struct bytes der = {0};

		if (object_fits(n, p, s, objects[i]))
			der = to->class == CKO_CERTIFICATE
				      ? token_value(p, s, objects[i], CKA_VALUE)
				      : token_public_of(p, s, objects[i]);
		if (der.len) {
			to->each(to->ctx, view_bytes(&der));
			to->told++;
		}
		bytes_done(&der);
	}
	p->module->C_CloseSession(s);
}

/* Each object of a class that a name fits, on all tokens that it fits. */
static enum cyg_err tell_all(struct tokens *t, const char *name, const char *what,
			     struct telling *to, struct diag *why)
{
	struct token_place places[TOKEN_SLOTS_MAX];
	size_t len, fit = 0;
	struct token_name n;
	enum cyg_err err = token_name_parse(name, &n, why);

	if (err)
		return err;
	len = has_module(t, &n, why) ? token_places(t, places) : 0;
	for (size_t i = 0; i < len; i++)
		if (place_fits(&n, &places[i])) {
			fit++;
			tell_objects(&n, &places[i], to);
		}
	token_name_done(&n);
	if (to->told)
		return CYG_OK;
	return diag_is_set(why) ? CYG_NOTFOUND : not_found(name, fit, what, why);
}

enum cyg_err tokens_certs(struct tokens *t, const char *name,
			  void (*each)(void *ctx, struct view der), void *ctx, struct diag *why)
{
	struct telling to = {CKO_CERTIFICATE, each, ctx, 0};

	return tell_all(t, name, "certificate on a token", &to, why);
}

enum cyg_err tokens_publics(struct tokens *t, const char *name,
			    void (*each)(void *ctx, struct view der), void *ctx,
			    struct diag *why)
{
	struct telling to = {CKO_PUBLIC_KEY, each, ctx, 0};

	return tell_all(t, name, "public key on a token", &to, why);
}

/* ---- private keys ---- */

struct finding {
	struct tokens *tokens;
	token_key_told each;
	void *ctx;
	size_t told;
};

static struct token_key *key_new(struct tokens *t, const struct token_place *p,
				 CK_OBJECT_HANDLE o)
{
	struct token_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->refs = 1;
	k->tokens = t;
	k->module = p->module;
	k->object = o;
	token_padded(p->info.label, sizeof(p->info.label), k->token, sizeof(k->token));
	/* A session of its own: signatures of several keys do not meet in it. */
	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &k->session) !=
	    CKR_OK) {
		free(k);
		return NULL;
	}
	list_append(&t->keys, &k->link);
	return k;
}

/* The public half, of the object of a class with the same CKA_ID. */
static struct bytes half_of(const struct token_place *p, CK_SESSION_HANDLE s,
			    CK_OBJECT_CLASS class, struct view id)
{
	CK_OBJECT_HANDLE objects[TOKEN_OBJECTS_MAX];

	if (!id.len || !token_objects(p, s, class, id, objects))
		return (struct bytes){0};
	return class == CKO_CERTIFICATE ? token_value(p, s, objects[0], CKA_VALUE)
					: token_public_of(p, s, objects[0]);
}

/* With its certificate, or its public key's object, or what it says of that itself. */
static void tell_key(const struct token_place *p, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
		     struct finding *f)
{
	struct bytes id = token_value(p, s, o, CKA_ID);
	struct bytes half = half_of(p, s, CKO_CERTIFICATE, view_bytes(&id));
	bool is_cert = half.len;
	struct token_key *k;

	if (!half.len)
		half = half_of(p, s, CKO_PUBLIC_KEY, view_bytes(&id));
	if (!half.len)
		half = token_public_of(p, s, o);
	k = half.len ? key_new(f->tokens, p, o) : NULL;
	if (k) {
		f->each(f->ctx, view_bytes(&half), is_cert, k);
		f->told++;
	}
	token_key_unref(k);
	bytes_done(&id);
	bytes_done(&half);
}

static enum cyg_err tell_keys(const struct token_name *n, const struct token_place *p,
			      struct view pin, struct finding *f, struct diag *why)
{
	CK_OBJECT_HANDLE objects[TOKEN_OBJECTS_MAX];
	CK_SESSION_HANDLE s;
	enum cyg_err err;
	size_t len = 0;

	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return token_refuse(p, "no session", "is the token there?", CYG_IO, why);
	err = token_log_in(f->tokens, p, s, pin, why);
	if (!err)
		len = token_objects(p, s, CKO_PRIVATE_KEY, view_of(n->id, n->id_len), objects);
	for (size_t i = 0; i < len; i++)
		if (object_fits(n, p, s, objects[i]))
			tell_key(p, s, objects[i], f);
	/* The last session of a token logs out: the keys have sessions of their own. */
	p->module->C_CloseSession(s);
	return err;
}

enum cyg_err tokens_keys(struct tokens *t, const char *name, struct view pin,
			 token_key_told each, void *ctx, struct diag *why)
{
	struct finding f = {t, each, ctx, 0};
	struct token_place places[TOKEN_SLOTS_MAX];
	size_t len, at = 0;
	struct token_name n;
	enum cyg_err err = token_name_parse(name, &n, why);

	if (err)
		return err;
	len = has_module(t, &n, why) ? token_places(t, places) : 0;
	while (at < len && !place_fits(&n, &places[at]))
		at++;
	/* One PIN is for one token: others are not to count it as a failure. */
	if (at < len)
		err = tell_keys(&n, &places[at], pin, &f, why);
	token_name_done(&n);
	if (err || f.told)
		return err;
	return diag_is_set(why) ? CYG_NOTFOUND
				: not_found(name, at < len,
					    "private key with a public half on a token", why);
}
