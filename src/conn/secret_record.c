/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/secret_record.h"

#include <stdlib.h>

void secret_record_done(struct secret_record *r)
{
	for (size_t i = 0; i < r->indices_len; i++)
		ident_unref(r->indices[i]);
	free(r->indices);
	free(r->name);
	bytes_wipe(&r->value);
	for (size_t i = 0; r->rsa && i < RSA_NUMBERS; i++)
		bytes_wipe(&r->rsa->number[i]);
	free(r->rsa);
	*r = (struct secret_record){0};
}

const char *secret_record_word(const struct secret_record *r)
{
	static const char *const kinds[SECRET_KINDS] = {
		[SECRET_PSK] = "PSK",       [SECRET_XAUTH] = "XAUTH", [SECRET_EAP] = "EAP",
		[SECRET_RADIUS] = "RADIUS", [SECRET_NTLM] = "NTLM",   [SECRET_PPK] = "PPKS",
		[SECRET_RSA] = "RSA",       [SECRET_PIN] = "PIN",
	};
	static const char *const keys[] = {
		[SECRET_KEY_RSA] = "RSA",
		[SECRET_KEY_ECDSA] = "ECDSA",
		[SECRET_KEY_PKCS8] = "PKCS8",
		[SECRET_KEY_PKCS12] = "P12",
	};

	return r->kind == SECRET_KEYFILE ? keys[r->key] : kinds[r->kind];
}
