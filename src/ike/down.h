/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_DOWN_H
#define IKE_DOWN_H

struct command_wait;
struct event;
struct ike;
struct loaded;

/* What becomes of a connection's SAs, tries and entry when it is taken down or deleted. */

/*
 * Everything of it ends; its place stays. `why` is for those who wait for it; `w`, which
 * may be NULL, waits for the end of its IKE SAs.
 */
void down_one(struct ike *ike, struct loaded *l, struct command_wait *w, const char *why);

/* SAs that are still being closed, and the core's record, let go of it. */
void down_let_go(struct loaded *l);

/* Everything of a connection and of its instances ends, and it is forgotten. */
void down_forget(struct ike *ike, struct loaded *l);

/* As down_forget, for this reason; of a group all its networks, too. */
void down_forget_all(struct ike *ike, struct loaded *l, const char *why);

/* CMD_DOWN and CMD_DELETE. */
void down_command(struct ike *ike, const struct event *ev);
void down_delete_command(struct ike *ike, const struct event *ev);

#endif
