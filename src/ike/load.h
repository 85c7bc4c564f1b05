/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_LOAD_H
#define IKE_LOAD_H

struct event;
struct ike;

/*
 * CMD_ADD and CMD_REPLACE: load a connection, and tell what of it is weak, has no effect
 * or keeps it from ever coming up. The connection is the event's and is moved in.
 */
void load_command(struct ike *ike, const struct event *ev);
void load_replace_command(struct ike *ike, const struct event *ev);

/*
 * Versions that CMD_REPLACE put off because they had no place take theirs, where they have one
 * now: a name was resolved, or this host has other addresses.
 */
void load_awaited(struct ike *ike);

#endif
