/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/token/mock.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The name of P-256 and its generator, which is as good a public key as any. */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t generator[] = {0x04, 0x41, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42,
				    0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
				    0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39,
				    0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe,
				    0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
				    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb,
				    0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

struct mock mock;

/* One search at a time is enough for all tests. */
static struct {
	CK_OBJECT_HANDLE found[MOCK_OBJECTS];
	CK_ULONG len, at;
} search;

void mock_add(struct mock_object o)
{
	struct mock_slot *s = &mock.slots[0];

	s->objects[s->objects_len++] = o;
}

void mock_reset(void)
{
	struct mock_object key = {.class = CKO_PRIVATE_KEY,
				  .id = "E",
				  .label = "host",
				  .type = CKK_EC,
				  .params = {p256, sizeof(p256)}};

	mock = (struct mock){
		.modules = mock.modules,
		.slots = {{.present = true, .label = "office", .serial = "1", .pin = "1234"},
			  {.label = "spare", .serial = "2", .pin = "5678"}}};
	mock_add(key);
	key.class = CKO_PUBLIC_KEY;
	key.point = view_of(generator, sizeof(generator));
	mock_add(key);
}

/* As a shared object: words of a file say what is in the first slot. */
static void refresh(void)
{
	const char *path = getenv("CYGNET_MOCK_TOKEN");
	FILE *f = path ? fopen(path, "re") : NULL;
	char word[32];
	bool present = false, mute = false;

	if (!path)
		return;
	if (!mock.slots[0].label)
		mock_reset();
	while (f && fscanf(f, "%31s", word) == 1) {
		present |= !strcmp(word, "present");
		mute |= !strcmp(word, "mute");
		if (!strncmp(word, "slow=", 5))
			mock.slow_ms = (unsigned)atoi(word + 5);
	}
	if (f)
		fclose(f);
	mock.slots[0].life += present && !mock.slots[0].present;
	mock.slots[0].present = present;
	mock.mute = mute;
}

static void dawdle(void)
{
	usleep(mock.slow_ms * 1000);
}

/* A session is (life << 8 | slot + 1); NULL: its token was taken out since. */
static struct mock_slot *slot_of(CK_SESSION_HANDLE s)
{
	CK_ULONG slot = (s & 0xff) - 1;

	return slot < MOCK_SLOTS && mock.slots[slot].present && mock.slots[slot].life == s >> 8
		       ? &mock.slots[slot]
		       : NULL;
}

static CK_RV initialize(void *args)
{
	(void)args;
	return CKR_OK;
}

static CK_RV get_info(CK_INFO *info)
{
	*info = (CK_INFO){.cryptokiVersion = {2, 40}};
	return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *len)
{
	CK_ULONG n = 0;

	refresh();
	for (CK_SLOT_ID i = 0; i < MOCK_SLOTS; i++) {
		if (present && !mock.slots[i].present)
			continue;
		if (list && n < *len)
			list[n] = i;
		n++;
	}
	*len = n;
	return CKR_OK;
}

static void pad(CK_UTF8CHAR *to, size_t len, const char *text)
{
	memset(to, ' ', len);
	memcpy(to, text, strlen(text));
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	char name[32];

	snprintf(name, sizeof(name), "Mock reader %u", (unsigned)slot);
	*info = (CK_SLOT_INFO){.flags = CKF_REMOVABLE_DEVICE};
	pad(info->slotDescription, sizeof(info->slotDescription), name);
	return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct mock_slot *s = &mock.slots[slot];

	if (!s->present)
		return CKR_TOKEN_NOT_PRESENT;
	*info = (CK_TOKEN_INFO){.flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | s->flags};
	pad(info->label, sizeof(info->label), s->label);
	pad(info->serialNumber, sizeof(info->serialNumber), s->serial);
	return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
			  CK_SESSION_HANDLE *ret)
{
	(void)flags;
	(void)app;
	(void)notify;
	if (!mock.slots[slot].present)
		return CKR_TOKEN_NOT_PRESENT;
	mock.sessions++;
	*ret = (CK_SESSION_HANDLE)mock.slots[slot].life << 8 | (slot + 1);
	return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE s)
{
	(void)s;
	mock.sessions--;
	return CKR_OK;
}

static CK_RV get_session_info(CK_SESSION_HANDLE s, CK_SESSION_INFO *info)
{
	*info = (CK_SESSION_INFO){0};
	if (mock.asked)
		mock.asked();
	refresh();
	if (!slot_of(s))
		return CKR_SESSION_HANDLE_INVALID;
	info->state = slot_of(s)->logged_in ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
	return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	struct mock_slot *slot = slot_of(s);

	(void)user;
	dawdle();
	if (!slot)
		return CKR_DEVICE_REMOVED;
	if (slot->flags & CKF_USER_PIN_LOCKED)
		return CKR_PIN_LOCKED;
	if (len == strlen(slot->pin) && !memcmp(pin, slot->pin, len)) {
		slot->logged_in = true;
		return CKR_OK;
	}
	if (++slot->tries == 2)
		slot->flags |= CKF_USER_PIN_FINAL_TRY;
	return CKR_PIN_INCORRECT;
}

static CK_RV find_init(CK_SESSION_HANDLE s, CK_ATTRIBUTE *wanted, CK_ULONG n)
{
	struct mock_slot *slot = slot_of(s);

	if (!slot)
		return CKR_SESSION_HANDLE_INVALID;
	search.len = search.at = 0;
	for (size_t i = 0; i < slot->objects_len; i++) {
		const struct mock_object *o = &slot->objects[i];
		bool fits = o->class != CKO_PRIVATE_KEY || slot->logged_in;

		for (CK_ULONG k = 0; k < n; k++)
			fits &= wanted[k].type == CKA_CLASS
					? *(CK_OBJECT_CLASS *)wanted[k].pValue == o->class
					: view_equal(view_str(o->id),
						     view_of(wanted[k].pValue,
							     wanted[k].ulValueLen));
		if (fits)
			search.found[search.len++] = i + 1;
	}
	return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *n)
{
	if (!slot_of(s))
		return CKR_SESSION_HANDLE_INVALID;
	dawdle();
	for (*n = 0; *n < max && search.at < search.len; ++*n)
		objects[*n] = search.found[search.at++];
	return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE s)
{
	(void)s;
	return CKR_OK;
}

static struct view attribute(const struct mock_object *o, CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_ID:
		return view_str(o->id);
	case CKA_LABEL:
		return view_str(o->label);
	case CKA_KEY_TYPE:
		return view_of(&o->type, sizeof(o->type));
	case CKA_EC_PARAMS:
		return o->params;
	case CKA_EC_POINT:
		return o->point;
	case CKA_MODULUS:
		return o->modulus;
	case CKA_PUBLIC_EXPONENT:
		return o->exponent;
	case CKA_VALUE:
		return o->value;
	default:
		return (struct view){0};
	}
}

static CK_RV get_attribute(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *a, CK_ULONG n)
{
	struct mock_slot *slot = slot_of(s);
	struct view v;

	(void)n;
	if (!slot || !h || h > slot->objects_len)
		return CKR_OBJECT_HANDLE_INVALID;
	v = attribute(&slot->objects[h - 1], a->type);
	if (!v.ptr) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
	if (a->pValue)
		memcpy(a->pValue, v.ptr, v.len);
	a->ulValueLen = v.len;
	return CKR_OK;
}

static CK_RV sign_init(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)key;
	if (!slot_of(s))
		return CKR_DEVICE_REMOVED;
	mock.mechanism = *m;
	if (m->ulParameterLen == sizeof(mock.pss))
		memcpy(&mock.pss, m->pParameter, sizeof(mock.pss));
	return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *out,
		  CK_ULONG *len)
{
	(void)data;
	(void)data_len;
	dawdle();
	while (mock.mute)
		usleep(1000);
	if (!slot_of(s))
		return CKR_DEVICE_REMOVED;
	if (mock.sign != CKR_OK)
		return mock.sign;
	memcpy(out, MOCK_SIGNATURE, strlen(MOCK_SIGNATURE));
	*len = strlen(MOCK_SIGNATURE);
	return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret);

static CK_FUNCTION_LIST functions = {
	.version = {2, 40},
	.C_Initialize = initialize,
	.C_Finalize = initialize,
	.C_GetInfo = get_info,
	.C_GetFunctionList = C_GetFunctionList,
	.C_GetSlotList = get_slot_list,
	.C_GetSlotInfo = get_slot_info,
	.C_GetTokenInfo = get_token_info,
	.C_OpenSession = open_session,
	.C_CloseSession = close_session,
	.C_GetSessionInfo = get_session_info,
	.C_Login = login,
	.C_FindObjectsInit = find_init,
	.C_FindObjects = find,
	.C_FindObjectsFinal = find_final,
	.C_GetAttributeValue = get_attribute,
	.C_SignInit = sign_init,
	.C_Sign = sign,
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
	*ret = &functions;
	return CKR_OK;
}

/* ---- in place of p11-kit, where it is linked into a test (--wrap) ---- */

CK_FUNCTION_LIST **__wrap_p11_kit_modules_load_and_initialize(int flags);
void __wrap_p11_kit_modules_finalize_and_release(CK_FUNCTION_LIST **modules);
char *__wrap_p11_kit_module_get_name(CK_FUNCTION_LIST *m);
char *__wrap_p11_kit_module_get_filename(CK_FUNCTION_LIST *m);

CK_FUNCTION_LIST **__wrap_p11_kit_modules_load_and_initialize(int flags)
{
	static CK_FUNCTION_LIST *all[] = {&functions, NULL};

	(void)flags;
	if (!mock.slots[0].label)
		return NULL;
	mock.modules++;
	return all;
}

void __wrap_p11_kit_modules_finalize_and_release(CK_FUNCTION_LIST **modules)
{
	(void)modules;
	mock.modules--;
}

char *__wrap_p11_kit_module_get_name(CK_FUNCTION_LIST *m)
{
	(void)m;
	return strdup("mock");
}

char *__wrap_p11_kit_module_get_filename(CK_FUNCTION_LIST *m)
{
	(void)m;
	return strdup("/usr/lib/mock.so");
}
