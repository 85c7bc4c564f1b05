/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_MANUAL_H
#define IPSEC_MANUAL_H

#include "ipsec/paths.h"

/*
 * `ipsec manual`: bring connections up whose numbers and keys stand in
 * ipsec.conf, and down again. The file is read here, and what it says goes to
 * pluto over the control socket: pluto opens no file. argv[0] is "manual".
 * Exit: 2 for a command line that can't be understood, 3 for a file that can't
 * be read, 21 for a connection that it does not have, 30 for one whose
 * description or keys do not do, else as whack's.
 */
int manual_main(int argc, char **argv, const struct paths *paths);

#endif
