/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/groups.h"

#include "conn/ip_proto.h"
#include "pluto/daemon.h"
#include "pluto/facts.h"
#include "pluto/keyfiles.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum cyg_err explain(enum cyg_err err, const char *path, const struct problems *problems,
			    struct diag *why)
{
	if (err == CYG_NOTFOUND)
		diag_set(why, "group-file", NULL, "there is no file %s", path);
	else
		diag_set(why, "group-file", NULL, "%s has %zu fault%s, told above", path,
			 problems->errors, problems->errors == 1 ? "" : "s");
	return err;
}

enum cyg_err groups_load(const char *policies, const char *name, struct group_lines *ret,
			 struct problems *problems, struct diag *why)
{
	enum cyg_err err;
	char *path;

	if (strchr(name, '/')) {
		diag_set(why, "group-name", NULL,
			 "the name of a policy group is that of its file, and has no slash");
		diag_got(why, "%s", name);
		return CYG_MALFORMED;
	}
	if (asprintf(&path, "%s/%s", policies, name) < 0) {
		diag_set(why, "no-memory", NULL, "no memory to read a policy group");
		return CYG_NOMEM;
	}
	err = groups_read(path, ret, problems);
	if (err)
		explain(err, path, problems, why);
	free(path);
	return err;
}

enum cyg_err groups_lost(const struct daemon *d, const char *name, bool blank,
			 struct diag *ret_why)
{
	const struct loaded *g = policy_find(ike_policy(d->ike), name);
	size_t n = g && g->is_group ? policy_group_count(g) : 0;

	if (!n)
		return blank ? CYG_OK : CYG_NOTFOUND;
	if (access(d->policies_path, F_OK))
		diag_set(ret_why, "group-folder", NULL, "there is no folder %s",
			 d->policies_path);
	else
		diag_set(ret_why, "group-lost", NULL, "%s/%s is %s", d->policies_path, name,
			 blank ? "empty" : "gone");
	diag_wanted(ret_why, "a file with networks, as %zu are in force", n);
	diag_hint(ret_why, "if it is to have none: write a comment line into the file");
	return CYG_IO;
}

/* Whether the group has just these; where one is named twice, it is said to have others. */
static bool has_these(const struct daemon *d, const struct loaded *g,
		      const struct group_lines *lines)
{
	bool same = lines->len == policy_group_count(g);

	for (size_t i = 0; i < lines->len && same; i++)
		same = policy_group_find(ike_policy(d->ike), g, &lines->items[i]);
	return same;
}

enum cyg_err groups_half(const struct daemon *d, const char *name, struct group_lines *lines,
			 struct diag *ret_why)
{
	const struct loaded *g = policy_find(ike_policy(d->ike), name);

	if (!g || !g->is_group || !policy_group_count(g) || has_these(d, g, lines))
		return CYG_OK;
	group_lines_done(lines);
	diag_set(ret_why, "group-unended", NULL, "%s/%s may be half written", d->policies_path,
		 name);
	diag_hint(ret_why, HALF_WRITTEN_CURE);
	return CYG_IO;
}

/* ---- listing ---- */

static const char *detail_of(const struct group_line *line, struct text *out)
{
	const char *proto = ip_proto_name(line->proto);

	if (!line->proto)
		return NULL;
	if (proto)
		text_add(out, "%s %u %u", proto, line->local_port, line->remote_port);
	else
		text_add(out, "%u %u %u", line->proto, line->local_port, line->remote_port);
	return text_str(out);
}

static uint64_t count_peers(const struct loaded *net)
{
	uint64_t n = 0;

	LIST_EACH(l, &net->instances, struct loaded, sibling)
		n += l->spd == SPD_PROTECT;
	return n;
}

static bool list_net(const struct daemon *d, const struct loaded *net,
		     const struct listing_sink *sink)
{
	const struct group_line *line = policy_group_line(net);
	struct text path = {0}, detail = {0};
	char text[IP_TEXT_MAX];
	struct listed_group record = {
		.installed = facts_moment(net->loaded_at),
		.name = net->group->connection->name,
		.net = prefix_print(&line->net, text),
		.detail = detail_of(line, &detail),
		.line = line->line,
		.connection = net->connection->name,
		.state = facts_routing(net),
		.count = count_peers(net),
	};
	bool more;

	if (line->line) {
		text_add(&path, "%s/%s", d->policies_path, record.name);
		record.file = text_str(&path);
	}
	more = sink->take(sink->ctx, &record);
	text_done(&path);
	text_done(&detail);
	return more;
}

bool groups_list(struct daemon *d, uint64_t *at, const struct listing_sink *sink)
{
	const struct policy *p = ike_policy(d->ike);
	uint64_t nth = 0;

	for (struct loaded *g = policy_next(p, NULL); g; g = policy_next(p, g)) {
		struct loaded *net = NULL;

		while (g->is_group && (net = policy_group_next(g, net))) {
			if (nth++ < *at)
				continue;
			++*at;
			if (!list_net(d, net, sink))
				return false;
		}
	}
	return true;
}
