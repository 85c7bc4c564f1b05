/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_BARF_H
#define IPSEC_BARF_H

#include "ipsec/paths.h"

/*
 * `ipsec barf`: all that somebody who helps from afar wants to see, as one text,
 * with secrets removed. argv[0] is "barf".
 */
int barf_main(int argc, char **argv, const struct paths *paths);

#endif
