/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_LOADER_H
#define IPSEC_LOADER_H

#include "conf/conf.h"

struct client;

/*
 * Hand all connections of a configuration that say auto= to a running pluto,
 * then make it listen, route and bring up what should be. Calls are sent ahead
 * of their answers, so that 10,000 connections take one round trip's patience.
 */
struct loaded_counts {
	size_t loaded, routed, started, failed;
};

/*
 * What went wrong is told on standard error; false when pluto went away. With
 * `wait`, each connection is waited for.
 */
bool loader_run(struct client *client, const struct conf *conf, bool wait,
		struct loaded_counts *ret);

/* Tell each problem on standard error: errors and warnings, and notes too with `notes`. */
void loader_print_problems(const struct problems *p, bool notes);

#endif
