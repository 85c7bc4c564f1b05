/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends that do not fit together. Each try ends with a refusal in bounded time,
 * never in silence, leaves nothing behind, and succeeds once the fault is mended.
 */
#include "sim/scenario.h"

#include <stdio.h>
#include <string.h>

/* A fault: what west or east has instead of the right lines. */
struct fault {
	const char *name;
	const char *west,
		*east;      /* lines that come after the right ones; NULL: not loaded at all */
	const char *secret; /* of east instead of the right one */
	bool is_silent;     /* nobody answers: the try ends by patience */
	uint16_t code;      /* of the command that fails; 0: any but success */
};

#define NOTIFY(n) (RC_NOTIFICATION + (n))

static const struct fault faults[] = {
	{"the secrets differ", "", "", "another secret", .code = NOTIFY(24)},
	{"no IKE cipher in common", "ike=aes256gcm16-prfsha256-x25519\n",
	 "ike=chacha20poly1305-prfsha256-x25519\n", .code = NOTIFY(14)},
	{"no PRF in common", "ike=aes256gcm16-prfsha256-x25519\n",
	 "ike=aes256gcm16-prfsha512-x25519\n", .code = NOTIFY(14)},
	{"no key exchange in common", "ike=aes256gcm16-prfsha256-x25519\n",
	 "ike=aes256gcm16-prfsha256-ecp256\n", .code = NOTIFY(14)},
	{"no ESP cipher in common", "esp=aes256gcm16\n", "esp=chacha20poly1305\n",
	 .code = NOTIFY(14)},
	{"the subnets do not meet", "", "leftsubnet=10.77.0.0/24\n", .code = NOTIFY(38)},
	{"west has another identity", "leftid=@stranger\n", "", .code = NOTIFY(24)},
	{"west expects another identity", "rightid=@other\n", "", .code = NOTIFY(24)},
	{"east has another identity", "", "rightid=@other\n", .code = NOTIFY(24)},
	{"the connection is not loaded at the other end", "", NULL, .code = NOTIFY(14)},
	{"nobody is there", "right=192.0.2.99\n", "", .is_silent = true},
};
#define FAULTS (sizeof(faults) / sizeof(*faults))

static void make_faulty(struct two *t, const struct fault *f, const char *more)
{
	machine_add(t->west, "tunnel", "%s%s%s", t->text, f->west, more);
	if (f->east)
		machine_add(t->east, "tunnel", "%s%s%s", t->text, f->east, more);
	if (f->secret)
		machine_secret(t->east, "@west @east", f->secret);
}

static void stage_v4(struct world *w, struct two *t)
{
	stage_two(w, t);
	/* The faults are written for these addresses. */
	if (t->west->addrs[0].family == IP_V6) {
		machine_add_address(t->west, "192.0.2.1");
		machine_add_address(t->east, "192.0.2.2");
	}
	snprintf(t->text, sizeof(t->text),
		 "left=192.0.2.1\nleftid=@west\nleftsubnet=10.1.0.0/24\nright=192.0.2.2\n"
		 "rightid=@east\nrightsubnet=10.2.0.0/24\nauthby=secret\n");
	t->west_inner = "10.1.0.7";
	t->east_inner = "10.2.0.9";
	/* Whoever it is: a wrong identity is not to fail for want of a secret. */
	machine_secret(t->west, "", "a secret of both");
	machine_secret(t->east, "", "a secret of both");
}

/* One try, told to be the only one. */
static void refused(struct world *w)
{
	const struct fault *f = &faults[dice_below(&w->dice, FAULTS)];
	struct order *o;
	struct two t;

	stage_v4(w, &t);
	tell_story(w, "the fault: %s", f->name);
	make_faulty(&t, f, "keyingtries=1\n");
	o = machine_command(t.west, CMD_UP, "tunnel");
	if (!expect_end(w, o, f->is_silent || w->foul ? PATIENCE : 5 * NSEC_PER_SEC) ||
	    !world_expect(w, o->code != RC_SUCCESS && o->code != RC_COMMENT,
			  "up ends well though %s", f->name))
		return;
	if (f->code && !w->foul && !expect_code(w, o, f->code))
		return;
	machine_recipe(t.west, "tunnel")->wanted = false;
	net_calm(w);
	if (check_rest(w, w->foul ? RECOVERY : CALM) && expect_sas(t.west, 0, 0) &&
	    expect_sas(t.east, 0, 0))
		stage_clear(w);
}

/* Tried for ever; one day the fault is mended, and the next try succeeds. */
static void mended(struct world *w)
{
	const struct fault *f = &faults[dice_below(&w->dice, FAULTS)];
	struct two t;

	w->foul = true;
	stage_v4(w, &t);
	tell_story(w, "the fault: %s", f->name);
	make_faulty(&t, f, "dpddelay=5s\ndpdtimeout=20s\ndpdaction=restart\n");
	machine_command(t.west, CMD_UP, "tunnel");
	stage_pause(w, 0, 100000);
	machine_secret(t.east, "@west @east", "a secret of both");
	machine_replace(t.west, "tunnel", "%s", t.text);
	machine_replace(t.east, "tunnel", "%s", t.text);
	net_calm(w);
	/*
	 * Another version may have to be asked for again: replacing takes down what was
	 * tried.
	 */
	machine_command(t.west, CMD_UP, "tunnel");
	if (check_rest(w, RECOVERY) && two_check_paths(&t))
		stage_finish(w);
}

/* The first guess of a key exchange is wrong: the peer names the right one (RFC 7296 1.2). */
static void groups(struct world *w)
{
	static const char *const lists[][2] = {
		{"ike=aes256gcm16-prfsha256-x25519-ecp256\n",
		 "ike=aes256gcm16-prfsha256-ecp256\n"},
		{"ike=aes256-sha256-ecp256-x25519\n", "ike=aes256-sha256-x25519\n"},
		{"ike=aes256gcm16-prfsha384-ecp256-x25519\nesp=aes256gcm16-ecp256-x25519\n",
		 "ike=aes256gcm16-prfsha384-x25519\nesp=aes256gcm16-x25519\n"},
	};
	size_t i = dice_below(&w->dice, sizeof(lists) / sizeof(*lists));
	bool turned = dice_percent(&w->dice, 50);
	struct order *o;
	struct two t;

	stage_v4(w, &t);
	machine_add(t.west, "tunnel", "%s%s%s", t.text, lists[i][turned], stage_liveness(w));
	machine_add(t.east, "tunnel", "%s%s%s", t.text, lists[i][!turned], stage_liveness(w));
	o = machine_command(two_any(&t), CMD_UP, "tunnel");
	if (!expect_end(w, o, PATIENCE) || (!w->foul && !expect_code(w, o, RC_SUCCESS)))
		return;
	machine_command(t.west, CMD_REKEY_CHILD, "tunnel");
	stage_pause(w, 0, 500);
	machine_command(t.east, CMD_REKEY_CHILD, "tunnel");
	stage_pause(w, 0, 500);
	machine_command(two_any(&t), CMD_REKEY_IKE, "tunnel");
	stage_pause(w, 0, 500);
	net_calm(w);
	if (check_rest(w, stage_limit(w)) && two_check_paths(&t))
		stage_finish(w);
}

const struct scenario refusal_scenarios[] = {
	{"refused", "ends that do not fit together: one try", refused, FAIR, 240},
	{"refused-loss", "the same while a fifth is lost", refused, FOUL, 180},
	{"mended", "tried until the fault is mended", mended, FAIR, 150},
	{"mended-loss", "the same while a fifth is lost", mended, FOUL, 150},
	{"groups", "the first guess of a key exchange is wrong", groups, FAIR, 90},
	{"groups-loss", "the same while a fifth is lost", groups, FOUL, 90},
	{0},
};
