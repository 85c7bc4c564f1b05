/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_INFO_H
#define PLUTO_INFO_H

#include "base/text.h"
#include "conn/event.h"

/* ipsec.info: what is known of the default route, as shell variables for scripts. */
void info_text(const struct host_view *h, struct text *out);

#endif
