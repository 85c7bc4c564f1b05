/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/scope.h"

#include <stdio.h>

bool mark_equal(const struct packet_mark *a, const struct packet_mark *b)
{
	return a->value == b->value && a->mask == b->mask;
}

bool scope_equal(const struct packet_scope *a, const struct packet_scope *b)
{
	return mark_equal(&a->mark, &b->mark) && a->if_id == b->if_id;
}

bool scope_narrows(const struct packet_scope *s)
{
	return s->mark.mask || s->set.mask || s->if_id;
}

static bool described_mark_equal(const struct described_mark *a, const struct described_mark *b)
{
	return mark_equal(&a->mark, &b->mark) && a->own == b->own;
}

bool described_scope_equal(const struct described_scope *a, const struct described_scope *b)
{
	for (int dir = SA_IN; dir <= SA_OUT; dir++)
		if (!described_mark_equal(&a->mark[dir], &b->mark[dir]) ||
		    !described_mark_equal(&a->set[dir], &b->set[dir]) ||
		    a->if_id[dir].id != b->if_id[dir].id ||
		    a->if_id[dir].own != b->if_id[dir].own)
			return false;
	return a->interface == b->interface;
}

bool described_scope_narrows(const struct described_scope *d)
{
	static const struct described_scope any;

	return !described_scope_equal(d, &any);
}

static uint32_t own_number(uint8_t own, uint32_t number, enum sa_dir dir)
{
	return own == OWN_DIRECTION && dir == SA_IN ? number + 1 : number;
}

static struct packet_mark mark_of(const struct described_mark *d, uint32_t number,
				  enum sa_dir dir)
{
	if (!d->own)
		return d->mark;
	return (struct packet_mark){own_number(d->own, number, dir), UINT32_MAX};
}

struct packet_scope scope_of(const struct described_scope *d, uint32_t number, enum sa_dir dir)
{
	const struct described_id *id = &d->if_id[dir];

	return (struct packet_scope){
		.mark = mark_of(&d->mark[dir], number, dir),
		.set = mark_of(&d->set[dir], number, dir),
		.if_id = d->interface ? d->interface
			 : id->own ? own_number(id->own, number, dir) : id->id,
	};
}

void scope_interface_name(uint32_t if_id, char *buf, size_t cap)
{
	snprintf(buf, cap, "ipsec%u", if_id == INTERFACE_ZERO ? 0 : if_id);
}
