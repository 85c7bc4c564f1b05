/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DER_H
#define BASE_DER_H

#include "base/reader.h"

/*
 * Elements of DER (X.690), one by one. Tags are one octet, lengths are definite, in their
 * shortest form, and of at most four octets.
 */
#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT(n) (0xa0 | (n)) /* constructed, as explicit tags are */

/* The tag of the next element; 0 at the end. */
uint8_t der_peek(const struct reader *r);
/* The content of the next element, whose tag must be this; an empty bad reader once it is not. */
struct reader der_enter(struct reader *r, uint8_t tag);
/* The content of the next element, whatever its tag; an empty bad reader when there is none. */
struct reader der_next(struct reader *r);
/* The next element with tag and length, whatever it is. */
struct view der_whole(struct reader *r);
/* A UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 has them: seconds since 1970. */
int64_t der_time(struct reader *r);

#endif
