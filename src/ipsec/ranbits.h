/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_RANBITS_H
#define IPSEC_RANBITS_H

#include "ipsec/paths.h"

/* `ipsec ranbits N`: random bits in hex, for secrets and tests. argv[0] is "ranbits". */
int ranbits_main(int argc, char **argv, const struct paths *paths);

#endif
