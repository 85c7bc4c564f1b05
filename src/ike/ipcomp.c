/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/ipcomp.h"

#include "base/builder.h"
#include "base/reader.h"
#include "ike/core.h"
#include "wire/notify.h"

#define DEFLATE 2 /* RFC 7296 2.22 */

/* RFC 3173 3.3: what is negotiated lies in this range. */
#define CPI_FIRST 256u
#define CPI_LAST 61439u

enum cyg_err ipcomp_draw(struct child_sa *child)
{
	uint16_t number;

	if (core_random(child->ike, &number, sizeof(number)))
		return CYG_CRYPTO;
	child->cpi_in = (uint16_t)(CPI_FIRST + number % (CPI_LAST - CPI_FIRST + 1));
	return CYG_OK;
}

bool ipcomp_is_wanted(const struct ike *ike, const struct connection *c)
{
	return c->compress && ike->settings.handling.ipcomp;
}

void ipcomp_build(struct chain *c, const struct child_sa *child)
{
	uint8_t octets[3];
	struct builder b = builder_of(octets, sizeof(octets));

	if (!child->cpi_in)
		return;
	build_u16(&b, child->cpi_in);
	build_u8(&b, DEFLATE);
	chain_notify(c, N_IPCOMP_SUPPORTED, view_of(octets, sizeof(octets)));
}

uint16_t ipcomp_find(const struct message *m, uint16_t where)
{
	struct notify_payload n;

	if (!message_find_notify(m, where, N_IPCOMP_SUPPORTED, &n))
		return 0;
	for (const struct payload *p = message_find(m, PAYLOAD_NOTIFY); p;
	     p = message_next(m, p)) {
		struct reader r;
		uint16_t cpi;

		if (notify_parse(p, &n, NULL) || n.type != N_IPCOMP_SUPPORTED)
			continue;
		r = reader_of(n.data);
		cpi = read_u16(&r);
		if (read_u8(&r) == DEFLATE && !r.bad && cpi >= CPI_FIRST)
			return cpi;
	}
	return 0;
}

void ipcomp_settle(struct child_sa *child, uint16_t peer)
{
	child->cpi_out = child->cpi_in ? peer : 0;
	if (!child->cpi_out)
		child->cpi_in = 0;
}
