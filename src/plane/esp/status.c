/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/self.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void count_sas(const struct esp_plane *e, struct esp_status *s)
{
	s->sas_in = (uint32_t)e->sad.by_spi[SA_IN].len;
	s->sas_out = (uint32_t)e->sad.by_spi[SA_OUT].len;
	s->policies = (uint32_t)spd_count(&e->spd);
	s->routes = (uint32_t)steer_count(e->steer);
}

#define OUT_SUM(e, name) crew_count_out(&(e)->crew, offsetof(struct out_worker, name))
#define IN_SUM(e, name) crew_count_in(&(e)->crew, offsetof(struct in_worker, name))

static void count_drops(const struct esp_plane *e, struct esp_status *s)
{
	s->replayed = IN_SUM(e, in.counts.replayed);
	s->bad_auth = IN_SUM(e, in.counts.bad_auth);
	s->bad_selector = IN_SUM(e, in.counts.bad_selector);
	s->bad_padding = IN_SUM(e, in.counts.bad_padding);
	s->martians = IN_SUM(e, in.counts.martians);
	s->unknown_spi = IN_SUM(e, in.counts.unknown_spi);
	s->short_packets = IN_SUM(e, in.counts.short_packets);
	s->keepalives = IN_SUM(e, in.counts.keepalives);
	s->ecn_drops = IN_SUM(e, in.counts.ecn_drops);
	s->malformed = IN_SUM(e, in.counts.malformed) + OUT_SUM(e, out.counts.malformed);
	s->queue_full = IN_SUM(e, in.counts.queue_full) + OUT_SUM(e, out.counts.queue_full);
	s->no_policy = OUT_SUM(e, out.counts.no_policy);
	s->dropped_by_policy = OUT_SUM(e, out.counts.dropped_by_policy);
	s->held = crew_held(&e->crew);
	s->rejected = OUT_SUM(e, out.counts.rejected);
	s->too_big = OUT_SUM(e, out.counts.too_big);
	s->no_sa = OUT_SUM(e, out.counts.no_sa);
	s->send_errors = OUT_SUM(e, send_errors) + IN_SUM(e, write_errors);
}

static void count_refused(const struct esp_plane *e, struct esp_status *s)
{
	struct firewall_counts c = {0};

	if (!e->config.no_firewall)
		c = firewall_count(e->config.instance);
	s->clear_in = c.clear;
	s->fragments = c.other_way;
	s->martians += c.own_sources;
	s->clear_out = egress_count(&e->egress);
}

/* Why the kernel refuses, and what a person would do. */
static void say_refusal(const struct esp_plane *e, const struct diag *why, char out[256])
{
	if (e->config.no_firewall)
		snprintf(out, 256, "switched off by configuration");
	else
		snprintf(out, 256, "%.120s%s%.120s", why->got[0] ? why->got : "out of memory",
			 why->hint[0] ? "; " : "", why->hint);
}

void esp_plane_status(const struct plane *p, struct esp_status *ret)
{
	const struct esp_plane *e = esp_const_self(p);

	*ret = (struct esp_status){.ifindex = e->tun.ifindex,
				   .mtu = e->mtu,
				   .table = e->config.table,
				   .mark = e->config.mark,
				   .queues = (uint32_t)e->crew.len,
				   .up = !e->watch.down && !e->gone,
				   .firewall = e->firewall_on,
				   .egress = e->egress.open && !e->egress_due,
				   .gcm = e->gcm};
	memcpy(ret->device, e->tun.name, sizeof(ret->device));
	if (!e->firewall_on)
		say_refusal(e, &e->firewall_why, ret->firewall_why);
	if (!ret->egress)
		say_refusal(e, &e->egress_why, ret->egress_why);
	count_sas(e, ret);
	count_drops(e, ret);
	count_refused(e, ret);
}
