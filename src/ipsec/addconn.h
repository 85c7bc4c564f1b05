/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_ADDCONN_H
#define IPSEC_ADDCONN_H

#include "ipsec/paths.h"

/*
 * `ipsec addconn`: connections of ipsec.conf loaded by name or all together, and
 * what the file says, for scripts. argv[0] is "addconn". Exit status: 0 well; 2
 * usage; 3 no configuration; 21 a name that is none; 30 a faulty connection; 255
 * pluto can't be reached; else what pluto said.
 */
int addconn_main(int argc, char **argv, const struct paths *paths);

#endif
