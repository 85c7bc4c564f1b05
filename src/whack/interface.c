/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/interface.h"

#include "whack/protocol.h"

#include <string.h>

/* Made from the .varlink files of docs/ when building. */
static const char pluto[] =
#include "whack/interface_pluto.inc"
	;

static const char service[] =
#include "whack/interface_service.inc"
	;

const char *whack_interface(const char *name)
{
	if (strcmp(name, PROTOCOL_INTERFACE) == 0)
		return pluto;
	if (strcmp(name, "org.varlink.service") == 0)
		return service;
	return NULL;
}
