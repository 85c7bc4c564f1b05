/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stddef.h>

/*
 * Where the time of a handshake goes. The linker puts a wrapper around the
 * functions by which the core calls the rooms below it (tally_wraps in
 * meson.build); each wrapper charges what passes inside to its room. Time is
 * charged once: to the innermost room that is at work.
 */
enum tally_room {
	TALLY_BENCH,  /* the bench itself, and all that is not measured */
	TALLY_CORE,   /* ike_step, apart from what follows */
	TALLY_PARSE,  /* wire: octets to checked structures */
	TALLY_CRYPTO, /* PRF, key schedule, AEAD of IKE messages, random octets */
	TALLY_POLICY, /* candidates, identities, selectors */
	TALLY_KE,     /* key exchange */
	TALLY_AUTH,   /* trust: AUTH payloads */
	TALLY_PLANE,  /* installing */
	TALLY_ROOMS,
};

/* All counters zero; time is charged between tally_resume and tally_pause. */
void tally_start(void);
/* The end. `ret_ns[room]` gets the nanoseconds of each room, less what measuring them cost. */
void tally_stop(double ret_ns[TALLY_ROOMS]);

/* Nothing happens without tally_start: then the wrappers cost next to nothing. */
void tally_resume(void);
void tally_pause(void);

/* From now on charge `room`; returns the room that was charged before, for tally_back. */
enum tally_room tally_enter(enum tally_room room);
void tally_back(enum tally_room before);

#endif
