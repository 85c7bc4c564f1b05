/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/facts.h"

#include "buildinfo.h"
#include "crypto/crypto.h"
#include "pluto/daemon.h"
#include "pluto/facts_out.h"
#include "pluto/planes.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Both clocks in full: whole seconds of each would make a moment differ by one from time to time. */
int64_t facts_moment(nsec at)
{
	struct timespec t = {0};
	nsec wall;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	wall = (nsec)t.tv_sec * NSEC_PER_SEC + (nsec)t.tv_nsec;
	return at ? (int64_t)((wall - (engine_now() - at)) / NSEC_PER_SEC) : 0;
}

/* ---- the daemon ---- */

static void put_interfaces(struct json_out *o, const struct daemon *d)
{
	json_out_list(o, "interfaces");
	for (const struct port *p = ports_next(d->ports, NULL); p;
	     p = ports_next(d->ports, p)) {
		const struct endpoint *local = port_local(p);

		json_out_object(o, NULL);
		for (size_t i = 0; i < d->view.addresses_len; i++)
			if (ip_equal(&d->view.addresses[i].addr, &local->addr))
				put_text(o, "interface", d->view.addresses[i].interface);
		put_addr(o, "address", &local->addr);
		json_out_number(o, "port", local->port);
		put_text(o, "transport", "udp");
		json_out_object_end(o);
	}
	json_out_list_end(o);
}

static void put_counts(struct json_out *o, const struct daemon *d)
{
	struct ike_counts c = ike_counts(d->ike);
	struct ports_counts p = ports_counts(d->ports);

	json_out_object(o, "counts");
	json_out_number(o, "connections", policy_count(ike_policy(d->ike)));
	json_out_number(o, "active", policy_active_count(ike_policy(d->ike)));
	json_out_number(o, "not_oriented", policy_stray_count(ike_policy(d->ike)));
	json_out_number(o, "half_open", c.half_open);
	json_out_number(o, "ike_sas", c.established);
	json_out_number(o, "authenticated", c.established - c.anonymous);
	json_out_number(o, "anonymous", c.anonymous);
	json_out_number(o, "children", c.children);
	json_out_number(o, "tunnels", c.tunnels);
	json_out_number(o, "datagrams", c.datagrams);
	json_out_number(o, "dropped", c.dropped);
	json_out_number(o, "retransmits", c.retransmits);
	json_out_number(o, "handshakes", c.handshakes);
	json_out_number(o, "auth_failures", c.auth_failures);
	json_out_number(o, "cookies_sent", c.cookies_sent);
	json_out_number(o, "fragments_made", c.fragments_made);
	json_out_number(o, "fragments_taken", c.fragments_taken);
	json_out_number(o, "fragments_dropped", c.fragments_dropped);
	json_out_number(o, "reassembled", c.reassembled);
	json_out_number(o, "core_octets", c.octets);
	json_out_number(o, "received", p.received);
	json_out_number(o, "sent", p.sent);
	json_out_number(o, "send_errors", p.send_errors);
	json_out_number(o, "not_ike", p.not_ike);
	json_out_object_end(o);
}

static void put_plane(struct json_out *o, const struct daemon *d)
{
	const struct plane *p = d->plane;
	json_t *facts = planes_facts(p);
	char *dumped = facts ? json_dumps(facts, JSON_COMPACT) : NULL;

	put_text(o, "plane", p->caps.name);
	put_text(o, "plane_why", d->plane_why);
	json_out_number(o, "plane_octets", p->ops->memory(p));
	if (dumped)
		json_out_raw(o, "plane_facts", dumped);
	free(dumped);
	json_decref(facts);
}

void facts_plane_drops(struct json_out *o, const struct daemon *d)
{
	json_t *facts = planes_facts(d->plane);
	json_t *drops = json_object_get(facts, "drops");
	char *dumped = drops ? json_dumps(drops, JSON_COMPACT) : NULL;

	if (dumped) {
		json_out_raw(o, "plane_drops", dumped);
		json_out_number(o, "plane_waiting",
				(uint64_t)json_integer_value(
					json_object_get(facts, "waiting")));
	}
	free(dumped);
	json_decref(facts);
}

static void put_default_routes(struct json_out *o, const struct host_view *v)
{
	put_addr(o, "default_address", &v->default_v4.addr);
	put_addr(o, "default_nexthop", &v->default_v4.nexthop);
	put_text(o, "default_interface", v->default_v4.interface);
	put_addr(o, "default6_address", &v->default_v6.addr);
	put_addr(o, "default6_nexthop", &v->default_v6.nexthop);
	put_text(o, "default6_interface", v->default_v6.interface);
}

/* What the command line and config setup said. */
static void put_settings(struct json_out *o, const struct settings *s)
{
	const uint32_t unset = UINT32_MAX;

	put_text(o, "confs", s->confs);
	put_text(o, "log_file", s->log_file);
	put_text(o, "listen", s->listen);
	put_text(o, "virtual_private", s->virtual_private);
	put_text(o, "group", s->group);
	json_out_flag(o, "unique_ids", !strcmp(s->unique_ids, "yes"));
	json_out_flag(o, "contact_ignored", !strcmp(s->unique_ids, "never"));
	put_text(o, "crl_policy", s->crl_policy);
	json_out_number(o, "crl_interval", s->crl_interval);
	json_out_flag(o, "cache_crls", s->cache_crls);
	if (s->keep_alive_seconds != unset)
		json_out_number(o, "keep_alive", s->keep_alive_seconds);
	if (s->half_open_cookie != unset)
		json_out_number(o, "half_open_cookie", s->half_open_cookie);
	if (s->half_open_max != unset)
		json_out_number(o, "half_open_max", s->half_open_max);
}

/* What is offered for a connection that names no algorithms. */
static void put_defaults(struct json_out *o)
{
	const struct proposals *ike, *esp;

	if (proposals_default(PROTO_IKE, &ike))
		return;
	put_proposals(o, "ike_defaults", ike);
	proposals_unref(ike);
	if (proposals_default(PROTO_ESP, &esp))
		return;
	put_proposals(o, "esp_defaults", esp);
	proposals_unref(esp);
}

void facts_daemon(struct json_out *o, const struct daemon *d)
{
	json_out_object(o, "daemon");
	put_text(o, "version", CYGNET_VERSION);
	json_out_number(o, "pid", (uint64_t)getpid());
	put_ago(o, "uptime", d->started, engine_now());
	json_out_flag(o, "listening", d->listening);
	json_out_flag(o, "was_ready", d->was_ready);
	put_text(o, "rundir", d->rundir.path);
	put_text(o, "secrets_file", d->secrets_path);
	json_out_number(o, "secrets", d->secrets_len);
	put_settings(o, &d->settings);
	json_out_flag(o, "debug", log_is_debug(d->log));
	json_out_flag(o, "fips", crypto_is_fips(d->crypto));
	put_defaults(o);
	put_plane(o, d);
	json_out_number(o, "workers", workers_count(d->engine.workers));
	json_out_number(o, "clients", control_clients(d->control));
	put_default_routes(o, &d->view);
	put_interfaces(o, d);
	put_counts(o, d);
	json_out_object_end(o);
}

/* ---- SAs ---- */

/* Openswan's state names and what they mean, by how far the SA is and who began. */
static const struct {
	const char *state, *story;
} ike_states[][2] = {
	[IKE_HALF_OPEN] = {{"PARENT_R1", "answered IKE_SA_INIT, waiting for IKE_AUTH"},
			   {"PARENT_I1", "sent IKE_SA_INIT, waiting for its answer"}},
	[IKE_AUTHENTICATING] = {{"PARENT_R1", "checking IKE_AUTH"},
				{"PARENT_I2", "sent IKE_AUTH, waiting for its answer"}},
	[IKE_ESTABLISHED] = {{"PARENT_R2", "PARENT SA established"},
			     {"PARENT_I3", "PARENT SA established"}},
	[IKE_REKEYED] = {{"PARENT_R2", "replaced by a newer PARENT SA"},
			 {"PARENT_I3", "replaced by a newer PARENT SA"}},
	[IKE_DELETING] = {{"PARENT_R2", "being deleted"}, {"PARENT_I3", "being deleted"}},
};

const char *facts_ike_state(unsigned phase, bool initiator)
{
	return ike_states[phase][initiator].state;
}

static void put_servers(struct json_out *o, const char *key, const struct ip_addr *list,
			uint8_t len)
{
	char text[IP_TEXT_MAX];

	if (!len)
		return;
	json_out_list(o, key);
	for (uint8_t i = 0; i < len; i++)
		json_out_text(o, NULL, ip_print(&list[i], text));
	json_out_list_end(o);
}

/* Internal addresses: what the peer gave us, or we gave it. */
static void put_internal(struct json_out *o, const struct ike_sa_info *sa)
{
	const struct internal *own = sa->internal;

	put_pair(o, "assigned", sa->assigned);
	if (!own)
		return;
	put_pair(o, "internal", own->addr);
	put_servers(o, "dns", own->dns, own->dns_len);
	put_servers(o, "wins", own->wins, own->wins_len);
	put_text(o, "domains", own->domains);
	put_text(o, "banner", own->banner);
}

void facts_ike(struct json_out *o, const struct ike_sa_info *sa)
{
	nsec now = engine_now();

	json_out_object(o, NULL);
	json_out_number(o, "serial", sa->serial);
	put_connection(o, sa->connection);
	put_text(o, "state", ike_states[sa->phase][sa->initiator].state);
	put_text(o, "story", ike_states[sa->phase][sa->initiator].story);
	json_out_flag(o, "initiator", sa->initiator);
	json_out_flag(o, "nat_local", sa->nat_local);
	json_out_flag(o, "nat_remote", sa->nat_remote);
	put_format(o, "spi_initiator", "%016llx", (unsigned long long)sa->spi_initiator);
	put_format(o, "spi_responder", "%016llx", (unsigned long long)sa->spi_responder);
	put_endpoint(o, "local", &sa->local);
	put_endpoint(o, "remote", &sa->remote);
	put_ident(o, "local_id", sa->local_id);
	put_ident(o, "remote_id", sa->remote_id);
	put_text(o, "remote_auth", sa->peer_proof);
	put_text(o, "local_auth", sa->our_proof);
	put_suite(o, "suite", &sa->suite);
	json_out_flag(o, "ppk", sa->ppk);
	put_internal(o, sa);
	put_ago(o, "age", sa->established_at, now);
	put_in(o, "rekey_in", sa->rekey_at, now);
	put_in(o, "expire_in", sa->expire_at, now);
	put_ago(o, "heard", sa->heard_at, now);
	json_out_flag(o, "liveness", sa->liveness);
	json_out_flag(o, "computing", sa->computing);
	json_out_number(o, "requests_open", sa->requests_open);
	json_out_number(o, "retransmits", sa->retransmits);
	json_out_number(o, "out_of_order", sa->out_of_order);
	json_out_number(o, "next_request", sa->next_request);
	json_out_number(o, "next_expected", sa->next_expected);
	json_out_object_end(o);
}

static void put_counters(struct json_out *o, struct daemon *d, const struct child_info *c)
{
	struct sa_ref ref = {.protocol = c->suite.protocol,
			     .reqid = c->reqid,
			     .local = c->local,
			     .remote = c->remote,
			     .encap = c->encap};
	struct plane_counters in, out;
	nsec used;

	ref.dir = SA_IN;
	ref.spi = c->spi_in;
	if (!engine_query(&d->engine, &ref, &in))
		return;
	ref.dir = SA_OUT;
	ref.spi = c->spi_out;
	if (!engine_query(&d->engine, &ref, &out))
		return;
	json_out_number(o, "in_octets", in.bytes);
	json_out_number(o, "in_packets", in.packets);
	json_out_number(o, "out_octets", out.bytes);
	json_out_number(o, "out_packets", out.packets);
	json_out_number(o, "in_dropped",
			in.replayed + in.bad_auth + in.bad_selector + in.other_drops);
	json_out_object(o, "in_drops");
	json_out_number(o, "replayed", in.replayed);
	json_out_number(o, "bad_auth", in.bad_auth);
	json_out_number(o, "wrong_source", in.bad_selector);
	json_out_number(o, "other", in.other_drops);
	json_out_object_end(o);
	used = in.last_used > out.last_used ? in.last_used : out.last_used;
	put_ago(o, "used", used, engine_now());
}

/* Scripts count tunnels by "SA established": one that was replaced and drains is none, nor is a clone. */
static const char *child_story(const struct child_info *c)
{
	if (!c->established_at || c->established_at == NSEC_NEVER)
		return "being negotiated";
	if (!c->parent)
		return "CHILD SA established by hand, its keys never change";
	if (strcmp(c->state, "CHILD_C1"))
		return "replaced, about to end";
	return c->processor ? "established for one processor" : "CHILD SA established";
}

void facts_child(struct json_out *o, struct daemon *d, const struct child_info *c)
{
	nsec now = engine_now();

	json_out_object(o, NULL);
	json_out_number(o, "serial", c->serial);
	json_out_number(o, "parent", c->parent);
	put_connection(o, c->connection);
	put_text(o, "state", c->state);
	put_text(o, "story", child_story(c));
	put_text(o, "protocol", c->suite.protocol == PROTO_AH ? "AH" : "ESP");
	put_format(o, "spi_in", "%08x", c->spi_in);
	put_format(o, "spi_out", "%08x", c->spi_out);
	json_out_number(o, "reqid", c->reqid);
	if (c->processor)
		json_out_number(o, "processor", c->processor - 1);
	put_suite(o, "suite", &c->suite);
	put_selectors(o, "ts_local", c->ts_local);
	put_selectors(o, "ts_remote", c->ts_remote);
	json_out_flag(o, "encap", c->encap);
	put_pair(o, "lease", c->assigned);
	put_ago(o, "age", c->established_at, now);
	put_in(o, "rekey_in", c->rekey_at, now);
	put_in(o, "expire_in", c->expire_at, now);
	if (c->connection) {
		put_count(o, "max_octets", c->connection->connection->child_bytes_max);
		put_ident(o, "remote_id", c->connection->remote_id);
	}
	put_counters(o, d, c);
	json_out_object_end(o);
}
