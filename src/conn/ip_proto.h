/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_IP_PROTO_H
#define CONN_IP_PROTO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Names of IP protocols and of the services that selectors usually name. A
 * table of our own: selectors mean the same on every host, whatever its
 * /etc/services says, and this room reads no files.
 */

/* "tcp"; NULL when the number has no name here. Static. */
const char *ip_proto_name(uint8_t proto);

/* In any letter case. False leaves *ret alone. */
bool ip_proto_by_name(const char *name, uint8_t *ret);
bool ip_service_by_name(const char *name, uint16_t *ret);

/* The known name nearest to a misspelt one, or NULL. */
const char *ip_proto_nearest(const char *name);
const char *ip_service_nearest(const char *name);

#endif
