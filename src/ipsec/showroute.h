/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SHOWROUTE_H
#define IPSEC_SHOWROUTE_H

#include "ipsec/paths.h"

/*
 * `ipsec showroute [ADDRESS ...]`: what %defaultroute stands for, or how this host
 * reaches an address. argv[0] is "showroute".
 */
int showroute_main(int argc, char **argv, const struct paths *paths);

/*
 * `ipsec showdefaults`: what pluto found of the default route, from
 * RUNDIR/ipsec.info. argv[0] is "showdefaults".
 */
int showdefaults_main(int argc, char **argv, const struct paths *paths);

#endif
