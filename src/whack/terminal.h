/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_TERMINAL_H
#define WHACK_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Ask for a secret at the terminal that controls this process, without echo. False: there is no
 * terminal, nothing was written before its end, or it does not fit. The caller wipes `buf`.
 * A signal that ends or stops the process does so, with the terminal's echo as it was; after a stop
 * the question is asked anew.
 */
bool terminal_ask(const char *prompt, char *buf, size_t cap);

#endif
