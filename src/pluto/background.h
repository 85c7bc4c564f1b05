/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_BACKGROUND_H
#define PLUTO_BACKGROUND_H

#include "base/err.h"

#include <stdbool.h>

/*
 * Go on as a daemon: a child in a session of its own, its root folder "/", its
 * standard input and output /dev/null. The caller's process stays until
 * background_ready, so that whoever started it learns whether the start went
 * well; it exits with that status, or with 1 if the child died before.
 * *ret_fd is for background_ready. Call before threads and the loop are made.
 */
MUST_CHECK enum cyg_err background_start(int *ret_fd);

/*
 * End the waiting parent with `status`; standard error goes to /dev/null too unless
 * `keep_stderr`. fd -1: no parent.
 */
void background_ready(int fd, int status, bool keep_stderr);

#endif
