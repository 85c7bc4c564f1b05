/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_REPLACED_H
#define IPSEC_REPLACED_H

/*
 * Commands that other systems have by this name and this one has not: what does the same
 * here, or why nothing does. NULL: no such command.
 */
const char *replaced_find(const char *word);

#endif
