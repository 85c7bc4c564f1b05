/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a certificate or a file of them: refused with a reason, or one that can be told of. */
#include "crypto/crypto.h"
#include "trust/cert.h"
#include "trust/sketch.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *ctx, const char *name)
{
	assert(name);
	++*(unsigned *)ctx;
}

static void use(const struct cert *c)
{
	char text[CERT_TEXT_MAX];
	const struct ident *id = NULL;
	struct diag why;
	unsigned names = 0;

	cert_print(c, text, sizeof(text));
	cert_print_issuer(c, text, sizeof(text));
	cert_print_serial(c, text, sizeof(text));
	cert_each_name(c, count, &names);
	if (!ident_parse("@host.example", &id, NULL) && !cert_carries(c, id, &why))
		assert(diag_is_set(&why));
	ident_unref(id);
}

struct comparing {
	const struct cert_list *list;
	size_t at;
};

/* What is found out quickly is what libcrypto says, too. */
static bool compare(void *ctx, const struct cert_sketch *s)
{
	struct comparing *c = ctx;
	const struct cert *whole;

	assert(s->subject.len && s->der.len);
	if (!c->list || c->at == c->list->len)
		return true;
	whole = &c->list->items[c->at++];
	if (cert_is_der(whole, s->der)) {
		assert(view_equal(cert_subject(whole), s->subject));
		assert(!memcmp(whole->key.id, s->key_id, KEY_ID_LEN));
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypto *crypto;
	struct comparing c = {NULL, 0};
	struct cert_list list;
	struct diag why;

	if (!crypto)
		crypto = crypto_new(NULL);
	if (cert_read_file(crypto, view_of(data, size), &list, &why)) {
		assert(diag_is_set(&why));
		(void)!certs_sketch(crypto, view_of(data, size), compare, &c);
		return 0;
	}
	c.list = &list;
	if (certs_sketch(crypto, view_of(data, size), compare, &c))
		c.at = 0; /* it is left to the whole reader */
	assert(list.len && list.len <= CERTS_IN_FILE_MAX);
	for (size_t i = 0; i < list.len; i++)
		use(&list.items[i]);
	cert_list_done(&list);
	return 0;
}
