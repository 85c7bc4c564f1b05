/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/gcm.h"

#include "base/secret.h"

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>

_Static_assert(sizeof(struct gcm_key_data) <= GCM_KEY_SIZE, "a key fits its memory");

/* The functions for one size of key. */
struct size {
	aes_gcm_pre_t set;
	aes_gcm_enc_dec_t encrypt, decrypt;
};

struct gcm_library {
	void *loaded; /* by dlopen */
	IMB_MGR *manager;
	void (*manager_free)(IMB_MGR *);
	struct size sizes[3]; /* 128, 192 and 256 bits */
};

/* Fills in what it can; the rest stays NULL. Returns what is wrong, or NULL. */
static const char *load(struct gcm_library *l)
{
	IMB_MGR *(*make)(uint64_t);
	void (*init)(IMB_MGR *, IMB_ARCH *);
	IMB_ARCH arch = IMB_ARCH_NONE;
	IMB_MGR *m;

	l->loaded = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l->loaded)
		return "libIPSec_MB.so.1 is not installed";
	*(void **)&make = dlsym(l->loaded, "alloc_mb_mgr");
	*(void **)&init = dlsym(l->loaded, "init_mb_mgr_auto");
	*(void **)&l->manager_free = dlsym(l->loaded, "free_mb_mgr");
	if (!make || !init || !l->manager_free)
		return "libIPSec_MB.so.1 lacks what it should have";
	m = l->manager = make(0);
	if (!m)
		return "memory is short";
	init(m, &arch);
	/* Below AVX2 it is no faster, or emulates what the processor lacks. */
	if (arch < IMB_ARCH_AVX2 || !(m->features & IMB_FEATURE_AESNI))
		return "the processor is not one that intel-ipsec-mb is made for";
	l->sizes[0] = (struct size){m->gcm128_pre, m->gcm128_enc, m->gcm128_dec};
	l->sizes[1] = (struct size){m->gcm192_pre, m->gcm192_enc, m->gcm192_dec};
	l->sizes[2] = (struct size){m->gcm256_pre, m->gcm256_enc, m->gcm256_dec};
	return NULL;
}

struct gcm_library *gcm_library_new(const char **ret_why)
{
	struct gcm_library *l = calloc(1, sizeof(*l));

	*ret_why = l ? load(l) : "memory is short";
	if (!*ret_why)
		return l;
	gcm_library_free(l);
	return NULL;
}

void gcm_library_free(struct gcm_library *l)
{
	if (!l)
		return;
	if (l->manager)
		l->manager_free(l->manager);
	if (l->loaded)
		dlclose(l->loaded);
	free(l);
}

static const struct size *size_of(const struct gcm_library *l, uint16_t bits)
{
	return &l->sizes[(bits - 128) / 64];
}

void gcm_key_set(const struct gcm_library *l, uint16_t bits, const uint8_t *octets, void *key)
{
	size_of(l, bits)->set(octets, key);
}

/* What the library keeps of a packet in between is wiped: it holds the key stream. */
static void run(aes_gcm_enc_dec_t function, const void *key, const uint8_t nonce[GCM_NONCE],
		struct view aad, uint8_t *to, const uint8_t *from, size_t len, uint8_t *tag,
		size_t tag_len)
{
	struct gcm_context_data between;

	function(key, &between, to, from, len, nonce, aad.ptr, aad.len, tag, tag_len);
	secret_wipe(&between, sizeof(between));
}

void gcm_encrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len)
{
	run(size_of(l, bits)->encrypt, key, nonce, aad, to, from, len, tag, tag_len);
}

void gcm_decrypt(const struct gcm_library *l, uint16_t bits, const void *key,
		 const uint8_t nonce[GCM_NONCE], struct view aad, uint8_t *to,
		 const uint8_t *from, size_t len, uint8_t *tag, size_t tag_len)
{
	run(size_of(l, bits)->decrypt, key, nonce, aad, to, from, len, tag, tag_len);
}
