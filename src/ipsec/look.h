/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_LOOK_H
#define IPSEC_LOOK_H

#include "ipsec/paths.h"

/*
 * `ipsec look`: policies, SAs, addresses and routes, one line each. argv[0] is
 * "look". 0; 1 when pluto does not tell (the rest is shown all the same).
 */
int look_main(int argc, char **argv, const struct paths *paths);

#endif
