/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/notice.h"

#include <string.h>
#include <unistd.h>

#define QUEUE_SIZE \
	(512 * 1024) /* octets: hundreds of full IKE datagrams, thousands of other notices */

bool notices_init(struct notices *n, int wake)
{
	n->wake = wake;
	n->unsaid = false;
	return ring_init(&n->ring, QUEUE_SIZE);
}

void notices_done(struct notices *n)
{
	ring_done(&n->ring);
}

bool notice_put(struct notices *n, const struct notice *what, struct view body)
{
	if (!ring_put(&n->ring, view_of(what, sizeof(*what)), body))
		return false;
	n->unsaid = true;
	return true;
}

void notices_flush(struct notices *n)
{
	uint64_t one = 1;

	if (!n->unsaid)
		return;
	n->unsaid = false;
	/* It fails only when the counter is at its end, and then the loop is awake. */
	if (n->wake >= 0 && write(n->wake, &one, sizeof(one)) < 0)
		return;
}

bool notice_get(struct notices *n, struct notice *ret, struct view *ret_body)
{
	struct view record;

	if (!ring_get(&n->ring, &record))
		return false;
	memcpy(ret, record.ptr, sizeof(*ret));
	*ret_body = view_of(record.ptr + sizeof(*ret), record.len - sizeof(*ret));
	return true;
}

void notice_next(struct notices *n)
{
	ring_next(&n->ring);
}
