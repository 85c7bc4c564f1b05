/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_INTERFACE_H
#define WHACK_INTERFACE_H

/* The varlink description of an interface that pluto.ctl serves, or NULL. Static. */
const char *whack_interface(const char *name);

#endif
