/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SHOWCONF_H
#define IPSEC_SHOWCONF_H

#include "ipsec/paths.h"

/*
 * `ipsec showconf [NAME ...]`: connections with every value resolved and where it
 * comes from; --json; --conf: as ipsec.conf text. argv[0] is "showconf". Exit
 * status: 0; 2 usage; 3 no configuration; 21 a name that is none; 30 a faulty
 * connection.
 */
int showconf_main(int argc, char **argv, const struct paths *paths);

#endif
