/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_FACTS_OUT_H
#define PLUTO_FACTS_OUT_H

#include "base/addr.h"
#include "base/duration.h"
#include "whack/json_out.h"

struct chosen;
struct ident;
struct loaded;
struct proposals;
struct ts_set;

/* How facts*.c write members. What has no value is left out. */

/* Text that is there and not empty. */
void put_text(struct json_out *o, const char *key, const char *value);
/* A number that is not nought. */
void put_count(struct json_out *o, const char *key, uint64_t value);
void put_format(struct json_out *o, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void put_addr(struct json_out *o, const char *key, const struct ip_addr *a);
/* Of both families: the IPv6 one as KEY6. NULL is fine. */
void put_pair(struct json_out *o, const char *key, const struct ip_addr addr[2]);
void put_endpoint(struct json_out *o, const char *key, const struct endpoint *e);
void put_ident(struct json_out *o, const char *key, const struct ident *id);
void put_suite(struct json_out *o, const char *key, const struct chosen *c);
void put_selectors(struct json_out *o, const char *key, const struct ts_set *s);
void put_proposals(struct json_out *o, const char *key, const struct proposals *p);
/* Seconds since `at`, and seconds until then. */
void put_ago(struct json_out *o, const char *key, nsec at, nsec now);
void put_in(struct json_out *o, const char *key, nsec at, nsec now);
void put_seconds(struct json_out *o, const char *key, nsec span);
/* "connection" and "instance". NULL is fine. */
void put_connection(struct json_out *o, const struct loaded *l);

#endif
