/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_OUTPUT_H
#define IPSEC_OUTPUT_H

#define EXIT_OUTPUT 74 /* EX_IOERR: no command ends so by itself */

/*
 * The exit status of a program that would end with `status`, once all that it printed has
 * arrived. Else (a full disk) EXIT_OUTPUT, and the reason is on standard error: whatever the
 * command found out, it was not told. For the end of each main, and for nothing else.
 */
int output_end(int status);

#endif
