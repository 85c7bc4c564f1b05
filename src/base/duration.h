/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/err.h"

#include <stdint.h>

typedef uint64_t nsec; /* nanoseconds: a moment on the monotonic clock handed in, or a span */

#define NSEC_PER_MS UINT64_C(1000000)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_NEVER UINT64_MAX

/*
 * "10", "10s", "5m", "1.5h", "2d", "1w", "500ms", "20us", "7ns"; a bare number
 * counts seconds. CYG_MALFORMED for anything else, CYG_RANGE when it is too long
 * for nsec or no whole number of nanoseconds. *ret is written only on success.
 */
MUST_CHECK enum cyg_err duration_parse(const char *text, nsec *ret);
/*
 * The exact span in the widest unit that gives a whole number: "8h", "90s",
 * "1500ms"; NSEC_NEVER as "never". At most 32 octets with NUL; returns buf.
 */
const char *duration_print(nsec span, char buf[32]);

#endif
