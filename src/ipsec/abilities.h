/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_ABILITIES_H
#define IPSEC_ABILITIES_H

#include "ipsec/paths.h"

/*
 * `ipsec features`: what this build and this kernel can do, from the table of
 * algorithms, the words that connections take, and probes. argv[0] is "features".
 */
int features_main(int argc, char **argv, const struct paths *paths);

#endif
