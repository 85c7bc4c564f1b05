/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_ALGPARSE_H
#define IPSEC_ALGPARSE_H

struct paths;

/*
 * `ipsec algparse`: what proposals mean, in each dialect, and what of them is
 * weak. Exit status 0: read, and nothing weak; 1: read, with weak algorithms;
 * 2: refused, or the command line was not understood. It needs neither a file
 * nor pluto; `p` is not used.
 */
int algparse_main(int argc, char **argv, const struct paths *p);

#endif
