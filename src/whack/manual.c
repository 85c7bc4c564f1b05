/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/manual.h"

#include "base/secret.h"
#include "base/text.h"
#include "whack/json_out.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX 65536

static void write_key(struct json_out *o, const char *key, const uint8_t *octets, size_t len)
{
	char hex[2 * MANUAL_KEY_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	if (len)
		json_out_text(o, key, hex);
	secret_wipe(hex, sizeof(hex));
}

void manual_keys_write(struct json_out *o, const char *key, const struct manual_keys *k)
{
	json_out_object(o, key);
	for (int i = 0; i < 2; i++) {
		const struct manual_sa *sa = &k->toward[i];

		json_out_object(o, connection_side(i));
		json_out_number(o, "spi", sa->spi);
		write_key(o, "encr", sa->encr, sa->encr_len);
		write_key(o, "integ", sa->integ, sa->integ_len);
		json_out_object_end(o);
	}
	if (k->replay_window)
		json_out_number(o, "window", k->replay_window);
	json_out_object_end(o);
}

/* Values are never told. */
static enum cyg_err refuse(const char *key, const char *wanted, char *parameter,
			   struct diag *why)
{
	size_t used = 0;

	parameter[0] = '\0';
	buf_add(parameter, 64, &used, "%s", key);
	diag_set(why, "invalid-keys", NULL, "\"%.60s\" is no part of keys, or has another form",
		 key);
	diag_wanted(why, "%s", wanted);
	return CYG_RANGE;
}

static bool take_number(const json_t *v, uint64_t max, uint32_t *ret)
{
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;

	if (n < 0 || (uint64_t)n > max)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* The octets, and the text they came as is zeroes. */
static bool take_key(json_t *v, uint8_t octets[MANUAL_KEY_MAX], uint8_t *ret_len)
{
	const char *text = json_string_value(v);
	size_t len = 0;
	bool well = text && strlen(text) == json_string_length(v) &&
		    hex_decode(text, octets, MANUAL_KEY_MAX, &len);

	if (text)
		secret_wipe((char *)text, json_string_length(v));
	*ret_len = (uint8_t)len;
	return well;
}

static enum cyg_err take_member(struct manual_sa *sa, const char *key, json_t *v,
				char *parameter, struct diag *why)
{
	if (!strcmp(key, "spi"))
		return take_number(v, UINT32_MAX, &sa->spi)
			       ? CYG_OK
			       : refuse(key, "a number below 2^32", parameter, why);
	if (!strcmp(key, "encr") && take_key(v, sa->encr, &sa->encr_len))
		return CYG_OK;
	if (!strcmp(key, "integ") && take_key(v, sa->integ, &sa->integ_len))
		return CYG_OK;
	return refuse(key, "spi, and encr and integ of at most 128 hexadecimal digits",
		      parameter, why);
}

/* One end: all is read even after a fault, so that all is wiped. */
static enum cyg_err take_end(struct manual_sa *sa, json_t *end, char *parameter,
			     struct diag *why)
{
	enum cyg_err err = CYG_OK;
	const char *key;
	json_t *v;

	if (!json_is_object(end))
		return refuse("keys", "an object for each end", parameter, why);
	json_object_foreach(end, key, v) {
		enum cyg_err one = take_member(sa, key, v, parameter, why);

		err = err ? err : one;
	}
	return err;
}

static enum cyg_err take_all(struct manual_keys *k, json_t *json, char *parameter,
			     struct diag *why)
{
	enum cyg_err err = CYG_OK;
	const char *key;
	json_t *v;

	json_object_foreach(json, key, v) {
		enum cyg_err one;

		if (!strcmp(key, "window") && take_number(v, WINDOW_MAX, &k->replay_window))
			continue;
		one = !strcmp(key, "left") ? take_end(&k->toward[0], v, parameter, why)
		      : !strcmp(key, "right")
			      ? take_end(&k->toward[1], v, parameter, why)
			      : refuse(key, "left, right and window", parameter, why);
		err = err ? err : one;
	}
	return err;
}

enum cyg_err manual_keys_from_json(json_t *json, struct manual_keys **ret, char *parameter,
				   struct diag *why)
{
	struct manual_keys *k = calloc(1, sizeof(*k));
	enum cyg_err err;

	if (!k)
		return CYG_NOMEM;
	err = json_is_object(json) ? take_all(k, json, parameter, why)
				   : refuse("keys", "an object", parameter, why);
	if (!err) {
		*ret = k;
		return CYG_OK;
	}
	manual_keys_wipe(k);
	free(k);
	return err;
}
