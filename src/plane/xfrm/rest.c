/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/rest.h"

#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define REST_SECONDS 1

enum cyg_err rest_open(struct rest *r)
{
	r->goes_on = false;
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return r->timer < 0 ? CYG_IO : CYG_OK;
}

void rest_close(struct rest *r)
{
	if (r->timer >= 0)
		close(r->timer);
	r->timer = -1;
}

void rest_begin(struct rest *r)
{
	const struct itimerspec rest = {.it_value.tv_sec = REST_SECONDS};

	/* Without a timer there is none. */
	r->goes_on = !timerfd_settime(r->timer, 0, &rest, NULL);
}

bool rest_goes_on(struct rest *r)
{
	uint64_t ends;

	if (read(r->timer, &ends, sizeof(ends)) == sizeof(ends))
		r->goes_on = false;
	return r->goes_on;
}
