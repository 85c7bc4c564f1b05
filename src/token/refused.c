/* SPDX-License-Identifier: Apache-2.0 */
/* PINs that tokens refused. The file: a line of the salt, then one of each hash, in hexadecimal digits. */
#include "base/secret.h"
#include "base/text.h"
#include "crypto/slow_hash.h"
#include "token/token_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 200000 /* of PBKDF2: a PIN is short, and the file may be copied */
#define FILE_TEXT_MAX ((TOKEN_REFUSED_MAX + 1) * (2 * TOKEN_HASH_LEN + 1))

/* The next line as exactly `len` octets; false: there is no such line. */
static bool read_line(const char **at, uint8_t *ret, size_t len)
{
	char line[2 * TOKEN_HASH_LEN + 1];
	size_t n = strcspn(*at, "\n"), got;

	if (n != 2 * len || n >= sizeof(line))
		return false;
	memcpy(line, *at, n);
	line[n] = '\0';
	*at += n + ((*at)[n] == '\n');
	return hex_decode(line, ret, len, &got) && got == len;
}

static void parse(struct token_refusals *r, const char *text)
{
	uint8_t salt[TOKEN_SALT_LEN];

	if (!read_line(&text, salt, sizeof(salt)))
		return;
	memcpy(r->salt, salt, sizeof(salt));
	while (r->len < TOKEN_REFUSED_MAX &&
	       read_line(&text, r->hashes[r->len], TOKEN_HASH_LEN))
		r->len++;
	r->at = r->len % TOKEN_REFUSED_MAX;
}

static void load(struct token_refusals *r)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[FILE_TEXT_MAX + 1];
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, text, FILE_TEXT_MAX);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	parse(r, text);
}

bool token_refusals_open(struct token_refusals *r, const char *path)
{
	*r = (struct token_refusals){.path = path ? strdup(path) : NULL};
	if ((path && !r->path) || slow_hash_salt(r->salt, sizeof(r->salt))) {
		token_refusals_done(r);
		return false;
	}
	if (path)
		load(r);
	return true;
}

void token_refusals_done(struct token_refusals *r)
{
	free(r->path);
	r->path = NULL;
}

static bool hash(const struct token_refusals *r, const CK_TOKEN_INFO *token, struct view pin,
		 uint8_t ret[TOKEN_HASH_LEN])
{
	uint8_t salt[TOKEN_SALT_LEN + sizeof(token->label) + sizeof(token->serialNumber)];
	uint8_t *at = mempcpy(salt, r->salt, TOKEN_SALT_LEN);

	at = mempcpy(at, token->label, sizeof(token->label));
	memcpy(at, token->serialNumber, sizeof(token->serialNumber));
	return !slow_hash(pin, view_of(salt, sizeof(salt)), ROUNDS, ret, TOKEN_HASH_LEN);
}

bool token_refusals_has(const struct token_refusals *r, const CK_TOKEN_INFO *token,
			struct view pin)
{
	uint8_t wanted[TOKEN_HASH_LEN];

	if (!r->len || !hash(r, token, pin, wanted))
		return false;
	for (size_t i = 0; i < r->len; i++)
		if (secret_equal(view_of(r->hashes[i], TOKEN_HASH_LEN),
				 view_of(wanted, TOKEN_HASH_LEN)))
			return true;
	return false;
}

static void add_line(char *text, size_t *used, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add(text, FILE_TEXT_MAX + 1, used, "%02x", octets[i]);
	buf_add(text, FILE_TEXT_MAX + 1, used, "\n");
}

/* Written beside it and renamed: a process that is killed here leaves the old ones. */
static void save(const struct token_refusals *r)
{
	char text[FILE_TEXT_MAX + 1], beside[4096];
	size_t used = 0;
	bool well;
	int fd;

	if (snprintf(beside, sizeof(beside), "%s.new", r->path) >= (int)sizeof(beside))
		return;
	add_line(text, &used, r->salt, sizeof(r->salt));
	for (size_t i = 0; i < r->len; i++)
		add_line(text, &used, r->hashes[i], TOKEN_HASH_LEN);
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	well = fd >= 0 && write(fd, text, used) == (ssize_t)used && !fsync(fd);
	if (fd >= 0)
		close(fd);
	if (!well || rename(beside, r->path))
		unlink(beside);
}

void token_refusals_add(struct token_refusals *r, const CK_TOKEN_INFO *token, struct view pin)
{
	if (!hash(r, token, pin, r->hashes[r->at]))
		return;
	r->at = (r->at + 1) % TOKEN_REFUSED_MAX;
	if (r->len < TOKEN_REFUSED_MAX)
		r->len++;
	if (r->path)
		save(r);
}
