/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/manual_keys.h"

#include "base/secret.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX 512 /* characters of a key */
#define WINDOW_MAX 65536

/* What is read, and from where. */
struct reading {
	const struct conf *conf;
	const struct connection *c;
	struct manual_source *from;
	struct diag *why;
};

/* ---- words ---- */

/* "leftWORD" of an end, else WORD of the connection. */
static bool said(const struct reading *r, int end, const char *word, struct conf_origin *ret)
{
	char sided[64];
	size_t used = 0;

	buf_add(sided, sizeof(sided), &used, "%s%s", connection_side(end), word);
	return conf_said(r->conf, r->c->name, sided, ret) ||
	       conf_said(r->conf, r->c->name, word, ret);
}

static enum cyg_err refuse(const struct reading *r, const struct conf_origin *o,
			   const char *wanted)
{
	diag_set(r->why, "manual-word", NULL, "%s= can't be read", o->keyword);
	diag_wanted(r->why, "%s", wanted);
	diag_place(r->why, o->file, o->line, o->column);
	return CYG_RANGE;
}

static bool read_number(const char *text, uint64_t max, uint32_t *ret)
{
	char *end;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (*end || errno || n > max)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* ---- numbers ---- */

/* Its own word, else spi= for both directions, else one behind the other from spibase=. */
static enum cyg_err read_spi(const struct reading *r, int end, uint32_t *ret)
{
	const char *own = r->c->protects == PROTO_AH ? "ahspi" : "espspi";
	struct conf_origin o;
	bool from_base = false;

	*ret = 0;
	if (!said(r, end, own, &o) && !said(r, end, "spi", &o)) {
		from_base = said(r, end, "spibase", &o);
		if (!from_base)
			return CYG_OK; /* who checks what there is tells what lacks */
	}
	if (!read_number(o.value, UINT32_MAX - 1, ret))
		return refuse(r, &o, "a number like 0x300");
	if (from_base)
		*ret += (uint32_t)end;
	return CYG_OK;
}

static enum cyg_err read_window(const struct reading *r, uint32_t *ret)
{
	const char *word = r->c->protects == PROTO_AH ? "ahreplay_window" : "espreplay_window";
	struct conf_origin o;

	*ret = 0;
	if (!conf_said(r->conf, r->c->name, word, &o) || read_number(o.value, WINDOW_MAX, ret))
		return CYG_OK;
	return refuse(r, &o, "a number of packets up to 65536; 0: no check");
}

/* ---- keys ---- */

/* Others could read it: then it is no secret any more. */
static enum cyg_err check_file(const struct reading *r, const struct conf_origin *o)
{
	struct stat st;

	if (!o->file || stat(o->file, &st) || !(st.st_mode & (S_IROTH | S_IRGRP)))
		return CYG_OK;
	diag_set(r->why, "manual-readable", NULL,
		 "%s may read the key of %s=: %.100s has mode %04o",
		 st.st_mode & S_IROTH ? "everyone" : "the file's group", o->keyword, o->file,
		 (unsigned)st.st_mode & 07777);
	diag_place(r->why, o->file, o->line, o->column);
	diag_wanted(r->why, "a file that root alone may read; ipsec.conf can include it");
	diag_hint(r->why, "chmod go= %.100s, and choose new keys", o->file);
	return CYG_PERM;
}

size_t manual_key_decode(const char *text, uint8_t ret[MANUAL_KEY_MAX])
{
	char plain[TEXT_MAX];
	size_t n = 0, len = 0;
	bool well = false;

	if (!strncmp(text, "0x", 2) || !strncmp(text, "0X", 2)) {
		for (const char *at = text + 2; *at && n + 1 < sizeof(plain); at++)
			if (*at != '_')
				plain[n++] = *at;
		plain[n] = '\0';
		well = n + 1 < sizeof(plain) && hex_decode(plain, ret, MANUAL_KEY_MAX, &len);
		secret_wipe(plain, sizeof(plain));
	} else if (!strncmp(text, "0s", 2)) {
		well = base64_decode(text + 2, ret, MANUAL_KEY_MAX, &len);
	}
	return well ? len : 0;
}

static enum cyg_err read_key(const struct reading *r, int end, const char *word,
			     uint8_t octets[MANUAL_KEY_MAX], uint8_t *ret_len)
{
	struct conf_origin o;
	enum cyg_err err;

	*ret_len = 0;
	if (!said(r, end, word, &o))
		return CYG_OK;
	*r->from = (struct manual_source){o.file, o.line};
	err = check_file(r, &o);
	if (err)
		return err;
	*ret_len = (uint8_t)manual_key_decode(o.value, octets);
	return *ret_len ? CYG_OK
			: refuse(r, &o,
				 "0x and hexadecimal digits, or 0s and base64, of at "
				 "most 64 octets");
}

/* A key for what the connection does not do would be thought to protect something. */
static enum cyg_err check_unused(const struct reading *r, int end)
{
	static const char *const of_esp[] = {"espenckey", "espauthkey", NULL};
	static const char *const of_ah[] = {"ahkey", NULL};
	bool ah = r->c->protects == PROTO_AH;
	struct conf_origin o;

	for (const char *const *word = ah ? of_esp : of_ah; *word; word++) {
		if (!said(r, end, *word, &o))
			continue;
		diag_set(r->why, "manual-both", NULL,
			 "%s= is a key for %s, and the connection protects its packets by %s",
			 o.keyword, ah ? "ESP" : "AH", ah ? "AH" : "ESP");
		diag_place(r->why, o.file, o.line, o.column);
		diag_wanted(r->why, "keys for one of both: AH around ESP is not built");
		diag_hint(r->why, ah ? "leave ah= out, or this line"
				     : "ESP with a MAC checks all that AH would: leave it out");
		return CYG_CONFLICT;
	}
	return CYG_OK;
}

static enum cyg_err read_end(const struct reading *r, int end, struct manual_sa *sa)
{
	enum cyg_err err = check_unused(r, end);

	if (!err)
		err = read_spi(r, end, &sa->spi);
	if (!err && r->c->protects == PROTO_AH)
		return read_key(r, end, "ahkey", sa->integ, &sa->integ_len);
	if (!err)
		err = read_key(r, end, "espenckey", sa->encr, &sa->encr_len);
	if (!err)
		err = read_key(r, end, "espauthkey", sa->integ, &sa->integ_len);
	return err;
}

enum cyg_err manual_keys_read(const struct conf *conf, const struct connection *c,
			      struct manual_keys *ret, struct manual_source *ret_from,
			      struct diag *why)
{
	struct reading r = {conf, c, ret_from, why};
	enum cyg_err err;

	*ret = (struct manual_keys){0};
	*ret_from = (struct manual_source){0};
	diag_clear(why);
	err = read_window(&r, &ret->replay_window);
	for (int end = 0; !err && end < 2; end++)
		err = read_end(&r, end, &ret->toward[end]);
	return err;
}
