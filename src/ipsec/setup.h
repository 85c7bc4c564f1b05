/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SETUP_H
#define IPSEC_SETUP_H

#include "ipsec/paths.h"

/*
 * `ipsec setup start|stop|restart|reload|status`: the service. start
 * reads ipsec.conf, runs pluto, loads every connection with auto=, makes pluto
 * listen, routes and brings up what should be. argv[0] is "setup".
 *
 * Exit status (reference: Openswan's): 0 well; 1 failed; 2 usage; 4 not root; 6 no
 * ipsec.conf. status: 0 running, 3 stopped, 1 stopped but files are left over.
 */
int setup_main(int argc, char **argv, const struct paths *paths);

#endif
