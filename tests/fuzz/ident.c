/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities from strangers' payloads and from text: what is taken prints
 * within its buffer, reads back as the same, and compares without a fault.
 */
#include "conn/ident.h"
#include "conn/dn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct ident *id)
{
	char *text = malloc(IDENT_PRINTED_MAX), small[16];
	const struct ident *again;

	assert(text);
	ident_print(id, text, IDENT_PRINTED_MAX);
	ident_print(id, small, sizeof(small));
	assert(strlen(small) < sizeof(small) && strncmp(text, small, strlen(small)) == 0);
	if (ident_parse(text, &again, NULL) == CYG_OK) {
		assert(ident_equal(id, again) && ident_equal(again, id));
		assert(id->wildcards == again->wildcards);
		assert(id->wildcards || ident_match(again, id) == ident_match(id, id));
		ident_unref(again);
	} else {
		/* Only what grows past its bound by being written out may fail. */
		assert(id->type == ID_DER_ASN1_DN && id->len > DN_OCTETS_MAX / 2);
	}
	free(text);
}

static void try_wire(uint8_t type, struct view data)
{
	const struct ident *id;
	struct diag why;

	if (ident_from_wire(type, data, &id, &why) != CYG_OK) {
		assert(diag_is_set(&why));
		return;
	}
	assert(!id->wildcards && ident_match(id, id));
	same_again(id);
	ident_unref(id);
}

static void try_text(const char *text)
{
	const struct ident *id, *wild;
	struct diag why;

	if (ident_parse(text, &id, &why) != CYG_OK) {
		assert(diag_is_set(&why));
		return;
	}
	same_again(id);
	assert(ident_parse("C=*, O=*", &wild, NULL) == CYG_OK);
	ident_match(wild, id);
	ident_match(id, wild);
	ident_unref(wild);
	ident_unref(id);
}

/* The first octet picks the type; the rest is taken as payload and, as it stands, as text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	if (size) {
		memcpy(text, data, size);
		try_wire(data[0], view_of(data + 1, size - 1));
	}
	try_wire(ID_DER_ASN1_DN, view_of(data, size));
	text[size] = '\0';
	try_text(text);
	free(text);
	return 0;
}
