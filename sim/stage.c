/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- weather ---- */

const char *stage_liveness(struct world *w)
{
	return w->foul ? "dpddelay=10s\ndpdtimeout=40s\ndpdaction=restart\n" : "";
}

nsec stage_limit(struct world *w)
{
	return w->foul ? RECOVERY : CALM;
}

/* ---- two gateways ---- */

struct addressing {
	const char *west, *east, *west_net, *east_net, *west_inner, *east_inner;
};

static const struct addressing addressings[] = {
	{"192.0.2.1", "192.0.2.2", "10.1.0.0/24", "10.2.0.0/24", "10.1.0.7", "10.2.0.9"},
	{"2001:db8::1", "2001:db8::2", "10.1.0.0/24", "10.2.0.0/24", "10.1.0.7", "10.2.0.9"},
	{"192.0.2.1", "192.0.2.2", "fd01::/64", "fd02::/64", "fd01::7", "fd02::9"},
};

void stage_two(struct world *w, struct two *t)
{
	/* Mostly IPv4: chance is for what happens, not for how it is written. */
	const struct addressing *a =
		&addressings[dice_percent(&w->dice, 70) ? 0 : dice_below(&w->dice, 3)];

	t->w = w;
	t->west = machine_new(w, "west", a->west, NULL);
	t->east = machine_new(w, "east", a->east, NULL);
	t->west_inner = a->west_inner;
	t->east_inner = a->east_inner;
	snprintf(
		t->text, sizeof(t->text),
		"left=%s\nleftid=@west\nleftsubnet=%s\nright=%s\nrightid=@east\nrightsubnet=%s\n"
		"authby=secret\n",
		a->west, a->west_net, a->east, a->east_net);
	machine_secret(t->west, "@west @east", "a secret of both");
	machine_secret(t->east, "@west @east", "a secret of both");
	t->west->answer_max = t->east->answer_max = dice_below(&w->dice, 8) * NSEC_PER_MS;
	machine_start(t->west);
	machine_start(t->east);
}

void two_add(struct two *t, const char *more)
{
	const char *algorithms = stage_algorithms(t->w);

	machine_add(t->west, "tunnel", "%s%s%s", t->text, algorithms, more);
	machine_add(t->east, "tunnel", "%s%s%s", t->text, algorithms, more);
}

bool two_check_paths(struct two *t)
{
	return check_path(t->west, t->west_inner, t->east, t->east_inner) &&
	       check_path(t->east, t->east_inner, t->west, t->west_inner);
}

struct machine *two_any(struct two *t)
{
	return dice_percent(&t->w->dice, 50) ? t->west : t->east;
}

struct machine *two_other(struct two *t, const struct machine *m)
{
	return m == t->west ? t->east : t->west;
}

/* ---- chance ---- */

const char *stage_algorithms(struct world *w)
{
	static const char *const lines[] = {
		"ike=aes256gcm16-prfsha384-x25519\nesp=aes256gcm16\n",
		"ike=chacha20poly1305-prfsha256-x25519\nesp=chacha20poly1305\n",
		"ike=aes128-sha256-x25519\nesp=aes128-sha256\n",
		"ike=aes256-sha512-ecp256\nesp=aes256-sha512-ecp256\n",
	};

	if (dice_percent(&w->dice, 60))
		return "";
	return lines[dice_below(&w->dice, sizeof(lines) / sizeof(*lines))];
}

nsec stage_span(struct world *w, unsigned low_ms, unsigned high_ms)
{
	return dice_between(&w->dice, low_ms, high_ms) * NSEC_PER_MS;
}

void stage_pause(struct world *w, unsigned low_ms, unsigned high_ms)
{
	world_run(w, stage_span(w, low_ms, high_ms));
}

/* ---- expectations ---- */

static bool has_ended(struct world *w, void *ctx)
{
	return ((const struct order *)ctx)->done;
}

bool expect_end(struct world *w, const struct order *o, nsec span)
{
	char text[32];

	if (w->failed)
		return false;
	world_run_until(w, span, 10 * NSEC_PER_MS, has_ended, (void *)o);
	return world_expect(w, o->done, "%s %s has no end after %s",
			    command_name((enum command_kind)o->kind), o->name,
			    duration_print(span, text));
}

bool expect_code(struct world *w, const struct order *o, uint16_t code)
{
	return world_expect(w, o && o->done, "a command has not ended") &&
	       world_expect(w, o->code == code, "%s %s ends with %u, not %u",
			    command_name((enum command_kind)o->kind), o->name, o->code, code);
}

bool expect_sas(struct machine *m, size_t ikes, size_t children)
{
	size_t have_ikes = machine_ike_sas(m, IKE_ESTABLISHED),
	       have = machine_children(m, NULL);

	return world_expect(m->w, have_ikes == ikes && have == children,
			    "%s has %zu IKE SAs and %zu children, not %zu and %zu", m->name,
			    have_ikes, have, ikes, children);
}

/* ---- traffic ---- */

struct traffic {
	struct happening next;
	struct machine *from;
	const char *source, *destination;
	nsec interval;
};

static void send_one(struct happening *happening)
{
	struct traffic *t = CONTAINER_OF(happening, struct traffic, next);

	if (!t->from->down)
		simplane_send(&t->from->plane, t->source, t->destination);
	world_at(t->from->w, &t->next, t->from->w->now + t->interval);
}

static void drop(struct happening *happening)
{
	free(CONTAINER_OF(happening, struct traffic, next));
}

struct traffic *traffic_start(struct machine *from, const char *source, const char *destination,
			      nsec interval)
{
	struct traffic *t = sim_alloc(sizeof(*t));

	*t = (struct traffic){.from = from,
			      .source = source,
			      .destination = destination,
			      .interval = interval};
	t->next = (struct happening){.happen = send_one, .drop = drop};
	world_at(from->w, &t->next, from->w->now);
	return t;
}

void traffic_set_interval(struct traffic *t, nsec interval)
{
	t->interval = interval;
}

void traffic_stop(struct traffic *t)
{
	world_cancel(t->from->w, &t->next);
	free(t);
}

bool traffic_all_arrived(struct world *w)
{
	/* What was sent last is still on its way. */
	world_run(w, NSEC_PER_SEC);
	LIST_EACH(p, &w->probes, struct probe, link)
		if (!world_expect(w, p->fate == PROBE_ARRIVED, "packet %llu of %s %s%s%s",
				  (unsigned long long)p->number, p->from->name,
				  probe_fate_name(p->fate), p->why ? ": " : "",
				  p->why ? p->why : ""))
			return false;
	return true;
}

/* ---- the end ---- */

static void delete_all(struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		machine_command(m, CMD_DELETE, r->name);
}

void stage_clear(struct world *w)
{
	if (w->failed)
		return;
	LIST_EACH(m, &w->machines, struct machine, link)
		if (!m->down)
			delete_all(m);
	if (!check_rest(w, stage_limit(w)))
		return;
	LIST_EACH(m, &w->machines, struct machine, link) {
		if (!check_empty(m))
			return;
		world_expect(w, list_empty(&m->plane.policies) && list_empty(&m->plane.routes),
			     "%s's plane still has policies or routes", m->name);
	}
}

void stage_finish(struct world *w)
{
	if (w->failed)
		return;
	net_calm(w);
	if (check_rest(w, stage_limit(w)))
		stage_clear(w);
}
