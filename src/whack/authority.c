/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/authority.h"

#include "base/text.h"
#include "whack/json_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void authority_write(struct json_out *o, const char *key, const struct authority *a)
{
	json_out_object(o, key);
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++) {
		const char *text = authority_text(a, &authority_fields[i]);

		if (text)
			json_out_text(o, authority_fields[i].keyword, text);
	}
	json_out_object_end(o);
}

static enum cyg_err refuse(const char *key, char *parameter, struct diag *why)
{
	const char *words[AUTHORITY_FIELDS], *near;
	size_t used = 0;

	for (size_t i = 0; i < AUTHORITY_FIELDS; i++)
		words[i] = authority_fields[i].keyword;
	near = text_nearest(key, words, AUTHORITY_FIELDS);
	parameter[0] = '\0';
	buf_add(parameter, 64, &used, "%s", key);
	diag_set(why, "invalid-authority", NULL, "a ca section has no \"%.60s\" that is text",
		 key);
	if (near && strcmp(near, key) != 0)
		diag_hint(why, "did you mean \"%s\"?", near);
	return CYG_RANGE;
}

enum cyg_err authority_from_json(const char *name, const json_t *json, struct authority **ret,
				 char *parameter, struct diag *why)
{
	struct authority a = {.name = name};
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return refuse("authority", parameter, why);
	json_object_foreach((json_t *)json, key, value) {
		const struct authority_field *f = authority_by_keyword(key);
		const char *text = json_string_value(value);

		if (!f || !text || strlen(text) != json_string_length(value))
			return refuse(key, parameter, why);
		if (*text && authority_check(f, text, why)) {
			stpcpy(parameter, f->keyword);
			return CYG_RANGE;
		}
		*authority_member(&a, f) = text;
	}
	*ret = authority_copy(&a);
	return *ret ? CYG_OK : CYG_NOMEM;
}

/* ---- its certificate ---- */

/* Up to `cap` octets of what is a file and nothing else; less than nought: errno tells. */
static ssize_t read_file(const char *path, uint8_t *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error;
	ssize_t got = -1, len = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else
		while ((size_t)len < cap && (got = read(fd, buf + len, cap - (size_t)len)) > 0)
			len += got;
	error = errno;
	close(fd);
	errno = error;
	return got < 0 ? -1 : len;
}

static enum cyg_err take_octets(const char *path, uint8_t *buf, char **ret, struct diag *why)
{
	ssize_t len = read_file(path, buf, AUTHORITY_FILE_MAX + 1);
	struct text hex = {0};

	if (len < 0) {
		diag_set(why, "ca-file", NULL, "can't read the certificate %.200s: %s", path,
			 errno == EINVAL ? "it is no file" : strerror(errno));
		return CYG_IO;
	}
	if (len > (ssize_t)AUTHORITY_FILE_MAX) {
		diag_set(why, "ca-file", NULL, "the file %.200s is too long for a certificate",
			 path);
		diag_wanted(why, "at most %u octets", AUTHORITY_FILE_MAX);
		return CYG_LIMIT;
	}
	text_add_hex(&hex, view_of(buf, (size_t)len));
	*ret = text_take(&hex);
	return *ret ? CYG_OK : CYG_NOMEM;
}

enum cyg_err authority_read(const char *path, char **ret, struct diag *why)
{
	uint8_t *buf = malloc(AUTHORITY_FILE_MAX + 1);
	enum cyg_err err = buf ? take_octets(path, buf, ret, why) : CYG_NOMEM;

	if (err == CYG_NOMEM)
		diag_set(why, "no-memory", NULL, "%s", cyg_err_text(err));
	free(buf);
	return err;
}
