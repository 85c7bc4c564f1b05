/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PRINT_H
#define WIRE_PRINT_H

#include "wire/header.h"
#include "wire/message.h"

/*
 * Messages in words, for logs and golden traces. Control characters are
 * escaped. Key material does not appear: of nonces, key exchange values, AUTH,
 * certificates and unknown payloads only lengths are told. Text is cut at cap,
 * always ends with NUL, and buf is returned.
 */

#define MESSAGE_LINE_MAX 1024 /* enough for every message with few notifies */

/*
 * One line: "IKE_SA_INIT request 0 [SA KE No N(NAT_DETECTION_SOURCE_IP)]". An
 * inner chain stands in braces. `m` may be NULL: the header alone.
 */
const char *message_print(const struct ike_header *h, const struct message *m, char *buf,
			  size_t cap);

/* The payloads alone: "SA KE No". */
const char *payloads_print(const struct message *m, char *buf, size_t cap);

/*
 * As message_print, then one indented line for each payload with its content. Lines end with
 * '\n'.
 */
const char *message_print_long(const struct ike_header *h, const struct message *m, char *buf,
			       size_t cap);

/* A name, or the number in words when it has none: "COOKIE", "notify 40000". */
#define NUMBER_TEXT_MAX 48
const char *number_print(const char *name, const char *what, unsigned number,
			 char buf[NUMBER_TEXT_MAX]);

#endif
