/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/planes.h"

#include "plane/esp/esp.h"
#include "plane/esp/tun.h"
#include "plane/memory/memory.h"
#include "plane/xfrm/xfrm.h"

#include <stdio.h>
#include <string.h>

struct plane_wants {
	unsigned instance;
	bool only_free;
	const struct plane_host *host;
	struct crypto *crypto;
	struct net *net;
};

static enum cyg_err open_esp(const struct plane_wants *w, struct plane **ret, struct diag *why)
{
	struct esp_config config = {
		.crypto = w->crypto, .instance = w->instance, .only_free = w->only_free};

	return esp_plane_open(&config, w->host, w->net, ret, why);
}

static enum cyg_err open_xfrm(const struct plane_wants *w, struct plane **ret, struct diag *why)
{
	return xfrm_plane_open(w->host, w->net, ret, why);
}

static enum cyg_err clean_esp(unsigned instance, struct net *net, unsigned *ret_found,
			      struct diag *why)
{
	return esp_plane_cleanup(&(struct esp_config){.instance = instance}, net, ret_found,
				 why);
}

static enum cyg_err clean_xfrm(unsigned instance, struct net *net, unsigned *ret_found,
			       struct diag *why)
{
	return xfrm_plane_cleanup(net, ret_found, why);
}

/* A device without a name of its own, for a moment. */
static enum cyg_err probe_esp(struct diag *why)
{
	struct tun t;
	enum cyg_err err = tun_open("ipsectry%d", 1, &t, why);

	if (!err)
		tun_close(&t);
	return err;
}

static enum cyg_err open_memory(const struct plane_wants *w, struct plane **ret,
				struct diag *why)
{
	return memory_plane_open(w->host, ret);
}

static const struct {
	const char *name;
	bool automatic; /* may be chosen by "auto" */
	enum cyg_err (*open)(const struct plane_wants *w, struct plane **ret, struct diag *why);
	/* NULL: a killed one leaves nothing in the kernel */
	enum cyg_err (*clean)(unsigned instance, struct net *net, unsigned *ret_found,
			      struct diag *why);
	enum cyg_err (*probe)(struct diag *why); /* NULL: any host can do it */
} planes[] = {
	{"xfrm", true, open_xfrm, clean_xfrm, xfrm_plane_probe},
	{"esp", true, open_esp, clean_esp, probe_esp},
	{"memory", false, open_memory, NULL, NULL},
};

/* Whether "auto" or a name means the i-th one. */
static bool means(const char *name, size_t i)
{
	return strcmp(name, "auto") == 0 ? planes[i].automatic
					 : strcmp(planes[i].name, name) == 0;
}

enum cyg_err planes_probe(const char *name, struct diag *why)
{
	enum cyg_err err = CYG_NOTFOUND;

	for (size_t i = 0; err && i < sizeof(planes) / sizeof(planes[0]); i++) {
		if (!means(name, i))
			continue;
		diag_clear(why);
		err = planes[i].probe ? planes[i].probe(why) : CYG_OK;
	}
	return err;
}

/* None could be opened: the reason of the last one, and what was against the one before it. */
static void tell_both(struct diag *why, const char *name, const struct diag *before)
{
	char hint[sizeof(why->hint)];

	snprintf(hint, sizeof(hint), "%s", why->hint);
	diag_hint(why, "%s%splane=%s was tried before: %s%s%s", hint, hint[0] ? "; " : "", name,
		  before->sentence, before->got[0] ? ": " : "", before->got);
}

enum cyg_err planes_open(const char *name, unsigned instance, bool only_free,
			 const struct plane_host *host, struct crypto *crypto, struct net *net,
			 struct plane **ret, struct diag *why)
{
	struct plane_wants w = {instance, only_free, host, crypto, net};
	const char *before = NULL;
	enum cyg_err err = CYG_NOTFOUND;

	diag_clear(why);
	for (size_t i = 0; err && i < sizeof(planes) / sizeof(planes[0]); i++) {
		struct diag one;

		if (!means(name, i))
			continue;
		diag_clear(&one);
		err = planes[i].open(&w, ret, &one);
		/* The last one's reason for a failure; where one opens, that of the one before. */
		if (!err)
			break;
		if (before)
			tell_both(&one, before, why);
		before = planes[i].name;
		*why = one;
	}
	return err;
}

enum cyg_err planes_cleanup(const char *name, unsigned instance, struct net *net,
			    unsigned *ret_found, struct diag *why)
{
	*ret_found = 0;
	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++)
		if (planes[i].clean && strcmp(planes[i].name, name) == 0)
			return planes[i].clean(instance, net, ret_found, why);
	return CYG_OK;
}

static json_t *gcm_facts(const struct gcm_choice *g)
{
	return json_pack("{s:s, s:s*, s:I, s:I}", "by", g->name, "why", g->why, "ipsec_mb_ns",
			 (json_int_t)g->library_ns, "libcrypto_ns",
			 (json_int_t)g->libcrypto_ns);
}

/* Packets that were not carried, by cause. */
static json_t *drop_facts(const struct esp_status *s)
{
	const struct {
		const char *name;
		uint64_t count;
	} causes[] = {
		{"unknown_spi", s->unknown_spi},   {"truncated", s->short_packets},
		{"replayed", s->replayed},         {"bad_auth", s->bad_auth},
		{"bad_padding", s->bad_padding},   {"malformed", s->malformed},
		{"wrong_source", s->bad_selector}, {"martian", s->martians},
		{"congestion", s->ecn_drops},      {"clear_in", s->clear_in},
		{"fragment", s->fragments},        {"no_policy", s->no_policy},
		{"clear_out", s->clear_out},       {"held_displaced", s->held.displaced},
		{"held_expired", s->held.expired}, {"dropped_by_policy", s->dropped_by_policy},
		{"rejected", s->rejected},         {"no_sa", s->no_sa},
		{"too_big", s->too_big},           {"send_errors", s->send_errors},
		{"queue_full", s->queue_full},
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (json_object_set_new(o, causes[i].name,
					json_integer((json_int_t)causes[i].count))) {
			json_decref(o);
			return NULL;
		}
	return o;
}

static json_t *esp_facts(const struct plane *p)
{
	struct esp_status s;

	esp_plane_status(p, &s);
	return json_pack(
		"{s:s, s:b, s:I, s:I, s:I, s:I, s:b, s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"device", s.device, "up", s.up, "mtu", (json_int_t)s.mtu, "queues",
		(json_int_t)s.queues, "table", (json_int_t)s.table, "mark", (json_int_t)s.mark,
		"firewall", s.firewall, "firewall_why", s.firewall_why, "egress", s.egress,
		"egress_why", s.egress_why, "sas_in", (json_int_t)s.sas_in, "sas_out",
		(json_int_t)s.sas_out, "policies", (json_int_t)s.policies, "routes",
		(json_int_t)s.routes, "waiting", (json_int_t)s.held.waiting, "aes_gcm",
		gcm_facts(&s.gcm), "drops", drop_facts(&s));
}

json_t *planes_facts(const struct plane *p)
{
	return strcmp(p->caps.name, "esp") == 0 ? esp_facts(p) : json_object();
}
