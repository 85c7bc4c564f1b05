/* SPDX-License-Identifier: Apache-2.0 */
/* What --status and --trafficstatus say of SAs. */
#include "whack/status_private.h"

#include <string.h>
#include <time.h>

static void add_event(const json_t *sa, struct text *out)
{
	if (has(sa, "rekey_in"))
		text_add(out, "; EVENT_SA_REPLACE in %llds", num(sa, "rekey_in"));
	else if (has(sa, "expire_in"))
		text_add(out, "; EVENT_SA_EXPIRE in %llds", num(sa, "expire_in"));
}

static void add_state(const json_t *sa, struct text *out)
{
	text_add(out, "#%lld: ", num(sa, "serial"));
	if (has(sa, "connection"))
		quoted_name(sa, "connection", out);
	else
		text_add_str(out, "(no connection)");
}

static void print_line(const struct status_text *s, struct text *line)
{
	fprintf(s->out, "000 %s\n", text_str(line));
	text_clear(line);
}

static void add_pair(const json_t *sa, const char *what, const char *v4, const char *v6,
		     struct text *t)
{
	bool both = has(sa, v4) && has(sa, v6);

	if (!has(sa, v4) && !has(sa, v6))
		return;
	text_add(t, "%s%s%s%s", what, str(sa, v4), both ? "," : "", str(sa, v6));
}

static void add_ike_detail(const json_t *sa, struct text *t)
{
	add_state(sa, t);
	text_add(t, " %s[%s]...%s[%s]; SPIs %s %s; %s", str(sa, "local"), str(sa, "local_id"),
		 str(sa, "remote"), str(sa, "remote_id"), str(sa, "spi_initiator"),
		 str(sa, "spi_responder"), str_or(sa, "suite", "no suite yet"));
	if (is_true(sa, "ppk"))
		text_add_str(t, " with a post-quantum key");
	if (is_true(sa, "nat_local"))
		text_add_str(t, "; NAT on our side");
	if (is_true(sa, "nat_remote"))
		text_add_str(t, "; the peer is behind NAT or wants UDP");
	text_add_str(t, is_true(sa, "initiator") ? "; begun here" : "; begun by the peer");
	if (has(sa, "remote_auth"))
		text_add(t, "; authenticated by: %s", str(sa, "remote_auth"));
	if (has(sa, "local_auth"))
		text_add(t, "; we by: %s", str(sa, "local_auth"));
	add_pair(sa, "; our internal address ", "internal", "internal6", t);
	add_pair(sa, "; the peer's internal address ", "assigned", "assigned6", t);
}

/* How sure it is that the peer is there. */
static void add_liveness(const json_t *sa, struct text *t)
{
	if (!is_true(sa, "liveness"))
		text_add_str(t, "; nodpd");
	if (has(sa, "heard"))
		text_add(t, "; last heard %llds ago", num(sa, "heard"));
}

static const char *work_of(const json_t *sa)
{
	if (is_true(sa, "computing"))
		return "crypto_calculating";
	return num(sa, "requests_open") ? "waiting for an answer" : "idle";
}

void status_print_ike(const struct status_text *s, const json_t *sa)
{
	const char *port = strrchr(str(sa, "remote"), ':');
	struct text t = {0}, name = {0};

	add_state(sa, &t);
	plain_name(sa, "connection", &name);
	text_add(&t, "%s IKEv2.0 STATE_%s (%s)", port ? port : "", str(sa, "state"),
		 str(sa, "story"));
	add_event(sa, &t);
	if (status_newest_of(s, text_str(&name))->ike == num(sa, "serial"))
		text_add_str(&t, "; newest ISAKMP");
	add_liveness(sa, &t);
	text_add(&t, "; %s", work_of(sa));
	if (has(sa, "next_request"))
		text_add(&t,
			 "; msgids next=%lld expected=%lld unanswered=%lld; retransmits %lld; "
			 "out of order %lld",
			 num(sa, "next_request"), num(sa, "next_expected"),
			 num(sa, "requests_open"), num(sa, "retransmits"),
			 num(sa, "out_of_order"));
	print_line(s, &t);
	if (!is_brief(s)) {
		add_ike_detail(sa, &t);
		print_line(s, &t);
	}
	text_done(&t);
	text_done(&name);
}

static void add_child_detail(const json_t *sa, struct text *t)
{
	const char *kind = strcmp(str(sa, "protocol"), "AH") == 0 ? "ah" : "esp";

	add_state(sa, t);
	if (has(sa, "used"))
		text_add(t, " used %llds ago;", num(sa, "used"));
	text_add(t, " %s.%s(in) %s.%s(out)%s; %s; %s===%s", kind, str(sa, "spi_in"), kind,
		 str(sa, "spi_out"), is_true(sa, "encap") ? " in UDP" : "",
		 str_or(sa, "suite", "no suite yet"), str(sa, "ts_local"),
		 str(sa, "ts_remote"));
	if (has(sa, "processor"))
		text_add(t, "; processor %lld", num(sa, "processor"));
	if (has(sa, "in_octets"))
		text_add(
			t,
			"; in %lld bytes %lld packets, out %lld bytes %lld packets, dropped %lld",
			num(sa, "in_octets"), num(sa, "in_packets"), num(sa, "out_octets"),
			num(sa, "out_packets"), num(sa, "in_dropped"));
}

void status_print_child(const struct status_text *s, const json_t *sa)
{
	struct text t = {0}, name = {0};
	bool newest;

	add_state(sa, &t);
	plain_name(sa, "connection", &name);
	newest = status_newest_of(s, text_str(&name))->child == num(sa, "serial");
	text_add(&t, " IKEv2.0 STATE_%s (%s)", str(sa, "state"), str(sa, "story"));
	add_event(sa, &t);
	text_add(&t, "%s; isakmp#%lld; idle", newest ? "; newest IPSEC; eroute owner" : "",
		 num(sa, "parent"));
	print_line(s, &t);
	if (!is_brief(s)) {
		add_child_detail(sa, &t);
		print_line(s, &t);
	}
	text_done(&t);
	text_done(&name);
}

static void add_traffic(const json_t *sa, struct text *t)
{
	text_add(t, "#%lld: ", num(sa, "serial"));
	quoted_name(sa, "connection", t);
	text_add(t, ", type=%s, add_time=%lld, inBytes=%lld, outBytes=%lld, maxBytes=",
		 str(sa, "protocol"), (long long)time(NULL) - num(sa, "age"),
		 num(sa, "in_octets"), num(sa, "out_octets"));
	if (has(sa, "max_octets"))
		text_add(t, "%lld", num(sa, "max_octets"));
	else
		text_add_str(t, "unlimited");
	text_add(t, ", id='%s'", str(sa, "remote_id"));
	add_pair(sa, ", lease=", "lease", "lease6", t);
	if (has(sa, "processor"))
		text_add(t, ", processor=%lld", num(sa, "processor"));
	status_add_drops(json_object_get(sa, "in_drops"), ", dropped: ", t);
}

void traffic_text(FILE *out, const json_t *parameters)
{
	const json_t *list = json_object_get(parameters, "children");
	struct text t = {0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		text_clear(&t);
		add_traffic(json_array_get(list, i), &t);
		fprintf(out, "000 %s\n", text_str(&t));
	}
	text_done(&t);
	status_print_losses(out, json_object_get(parameters, "plane_drops"),
			    num(parameters, "plane_waiting"));
}
