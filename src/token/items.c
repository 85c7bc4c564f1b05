/* SPDX-License-Identifier: Apache-2.0 */
/* What there is on all tokens, as records; and whether that changed. */
#include "base/text.h"
#include "token/token_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What holds for the token, and so for every session of ours with it. */
static bool is_logged_in(const struct token_place *p, CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	return p->module->C_GetSessionInfo(s, &info) == CKR_OK &&
	       (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

static const char *pin_state(const CK_TOKEN_INFO *i, bool logged_in)
{
	if (logged_in)
		return "taken";
	if (i->flags & CKF_USER_PIN_LOCKED)
		return "locked";
	if (i->flags & CKF_USER_PIN_FINAL_TRY)
		return "one try left";
	if (i->flags & CKF_USER_PIN_COUNT_LOW)
		return "was wrong";
	return i->flags & CKF_LOGIN_REQUIRED ? "wanted" : "none";
}

/* Room for one more, with what is said of its token; NULL when memory is short. */
static struct token_item *add_item(struct token_items *all, const struct token_place *p,
				   bool logged_in)
{
	struct token_item *bigger, *item;
	char label[40], number[40];
	CK_SLOT_INFO slot;

	bigger = reallocarray(all->items, all->len + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	all->items = bigger;
	item = &all->items[all->len++];
	*item = (struct token_item){.slot = p->number, .pin = pin_state(&p->info, logged_in)};
	snprintf(item->token, sizeof(item->token), "%s/%s",
		 token_padded(p->info.label, sizeof(p->info.label), label, sizeof(label)),
		 token_padded(p->info.serialNumber, sizeof(p->info.serialNumber), number,
			      sizeof(number)));
	if (p->module->C_GetSlotInfo(p->slot, &slot) == CKR_OK)
		token_padded(slot.slotDescription, sizeof(slot.slotDescription), item->reader,
			     sizeof(item->reader));
	return item;
}

static bool add_object(struct token_items *all, const struct token_place *p,
		       CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, const char *what,
		       bool logged_in)
{
	struct token_item *item = add_item(all, p, logged_in);
	struct bytes id = token_value(p, s, o, CKA_ID);
	struct bytes label = token_value(p, s, o, CKA_LABEL);
	size_t used = 0;

	if (item) {
		item->object = what;
		for (size_t i = 0; i < id.len && i < TOKEN_ID_MAX; i++)
			buf_add(item->key_id, sizeof(item->key_id), &used, "%02x", id.ptr[i]);
		snprintf(item->label, sizeof(item->label), "%.*s",
			 (int)(label.len < sizeof(item->label) ? label.len
							       : sizeof(item->label) - 1),
			 label.ptr ? (const char *)label.ptr : "");
	}
	bytes_done(&id);
	bytes_done(&label);
	return item;
}

/* Its objects, or the token alone when none can be seen. */
static bool add_place(struct token_items *all, const struct token_place *p)
{
	static const struct {
		CK_OBJECT_CLASS class;
		const char *what;
	} kinds[] = {{CKO_CERTIFICATE, "certificate"},
		     {CKO_PUBLIC_KEY, "public key"},
		     {CKO_PRIVATE_KEY, "private key"}};
	CK_OBJECT_HANDLE objects[TOKEN_OBJECTS_MAX];
	size_t before = all->len;
	CK_SESSION_HANDLE s;
	bool well = true, logged_in = false;

	if (p->module->C_OpenSession(p->slot, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK) {
		logged_in = is_logged_in(p, s);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			size_t len = token_objects(p, s, kinds[k].class, (struct view){0},
						   objects);

			for (size_t i = 0; well && i < len; i++)
				well = add_object(all, p, s, objects[i], kinds[k].what,
						  logged_in);
		}
		p->module->C_CloseSession(s);
	}
	return well && (all->len > before || add_item(all, p, logged_in));
}

enum cyg_err tokens_list(struct tokens *t, struct token_items *ret)
{
	struct token_place places[TOKEN_SLOTS_MAX];
	size_t len = token_places(t, places);
	struct token_items all = {0};

	for (size_t i = 0; i < len; i++)
		if (!add_place(&all, &places[i])) {
			token_items_done(&all);
			return CYG_NOMEM;
		}
	*ret = all;
	return CYG_OK;
}

void token_items_done(struct token_items *items)
{
	free(items->items);
	*items = (struct token_items){0};
}

/* ---- changes ---- */

static bool is_same(const struct token_place *a, const struct token_place *b)
{
	return a->module == b->module && a->slot == b->slot &&
	       !memcmp(a->info.label, b->info.label, sizeof(a->info.label)) &&
	       !memcmp(a->info.serialNumber, b->info.serialNumber,
		       sizeof(a->info.serialNumber));
}

/*
 * A token that was taken out has closed our sessions, also when it is there again. No lock: only
 * this thread takes keys from the list, and the module may take as long as it likes.
 */
static bool mark_gone(struct tokens *t)
{
	bool any = false;

	LIST_EACH(k, &t->keys, struct token_key, link) {
		CK_SESSION_INFO info;

		if (k->gone || k->module->C_GetSessionInfo(k->session, &info) == CKR_OK)
			continue;
		k->gone = true;
		any = true;
	}
	return any;
}

bool tokens_changed(struct tokens *t)
{
	struct token_place places[TOKEN_SLOTS_MAX];
	size_t len = token_places(t, places);
	bool changed = mark_gone(t) || len != t->seen_len;

	for (size_t i = 0; i < len && !changed; i++)
		changed = !is_same(&places[i], &t->seen[i]);
	memcpy(t->seen, places, len * sizeof(*places));
	t->seen_len = len;
	return changed;
}
