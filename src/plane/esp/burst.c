/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/burst.h"

#include <stdlib.h>

bool burst_init(struct burst *b)
{
	b->octets = malloc(BURST_OCTETS);
	burst_clear(b);
	return b->octets;
}

void burst_done(struct burst *b)
{
	free(b->octets);
	b->octets = NULL;
}

uint8_t *burst_room(struct burst *b, size_t len)
{
	if (b->len == BURST_MESSAGES || len > BURST_OCTETS - b->used)
		return NULL;
	return b->octets + b->used;
}

static bool takes(const struct burst_message *m, const struct esp_path *path, uint8_t tos,
		  size_t len)
{
	return m->path == path && m->tos == tos && !m->closed && len <= m->each &&
	       m->count < BURST_SEGMENTS && m->len + len <= BURST_MESSAGE_MAX;
}

void burst_add(struct burst *b, const struct esp_path *path, uint8_t tos, size_t len)
{
	struct burst_message *m = b->len ? &b->messages[b->len - 1] : NULL;

	if (!m || !takes(m, path, tos, len)) {
		m = &b->messages[b->len++];
		*m = (struct burst_message){.path = path,
					    .at = (uint32_t)b->used,
					    .each = (uint32_t)len,
					    .tos = tos};
	}
	m->closed = len < m->each;
	m->len += (uint32_t)len;
	m->count++;
	b->used += len;
}

void burst_clear(struct burst *b)
{
	b->used = b->len = 0;
}
