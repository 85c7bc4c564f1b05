/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/authority.h"

#include "base/diag.h"
#include "base/text.h"
#include "conn/group_names.h"

#include <stdlib.h>
#include <string.h>

/* The rows keep their shape. */
/* clang-format off */
#define AT(member) offsetof(struct authority, member)

const struct authority_field authority_fields[AUTHORITY_FIELDS] = {
	{"cacert", "ca-cert", "FILE", "its certificate, PEM or DER", AT(cacert)},
	{"crluri", "ca-crluri", "URI", "where its revocation list is", AT(crluri[0])},
	{"crluri2", "ca-crluri2", "URI", "another such place", AT(crluri[1])},
	{"ocspuri", "ca-ocspuri", "URI", "who tells the status of its certificates", AT(ocspuri[0])},
	{"ocspuri2", "ca-ocspuri2", "URI", "another such server", AT(ocspuri[1])},
	{"ldaphost", "ca-ldaphost", "HOST", "the directory of URIs that name none", AT(ldaphost)},
	{"certuribase", "ca-certuribase", "URI", "where its certificates can be fetched by their hash", AT(certuribase)},
	{"groups", "ca-groups", "NAMES", "groups of whose certificate is below its own, as in leftgroups=", AT(groups), group_names_check},
};
/* clang-format on */

const char **authority_member(struct authority *a, const struct authority_field *f)
{
	return (const char **)((char *)a + f->offset);
}

const char *authority_text(const struct authority *a, const struct authority_field *f)
{
	return *(const char *const *)((const char *)a + f->offset);
}

enum cyg_err authority_check(const struct authority_field *f, const char *text,
			     struct diag *why)
{
	enum cyg_err err = f->check ? f->check(text, why) : CYG_OK;

	if (err)
		diag_prefix(why, "%s=: ", f->keyword);
	return err;
}

const struct authority_field *authority_by_keyword(const char *keyword)
{
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		if (text_same(authority_fields[i].keyword, keyword))
			return &authority_fields[i];
	return NULL;
}

const struct authority_field *authority_by_option(const char *option)
{
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		if (!strcmp(authority_fields[i].option, option))
			return &authority_fields[i];
	return NULL;
}

/* Copy `text` to *at, which moves behind it. */
static const char *put(char **at, const char *text)
{
	char *copy = *at;

	if (!text)
		return NULL;
	*at = stpcpy(copy, text) + 1;
	return copy;
}

struct authority *authority_copy(const struct authority *a)
{
	size_t len = a->name ? strlen(a->name) + 1 : 0;
	struct authority *copy;
	char *at;

	for (size_t i = 0; i < AUTHORITY_FIELDS; i++) {
		const char *text = authority_text(a, &authority_fields[i]);

		len += text ? strlen(text) + 1 : 0;
	}
	copy = malloc(sizeof(*copy) + len);
	if (!copy)
		return NULL;
	at = (char *)(copy + 1);
	*copy = (struct authority){.name = put(&at, a->name)};
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		*authority_member(copy, &authority_fields[i]) =
			put(&at, authority_text(a, &authority_fields[i]));
	return copy;
}
