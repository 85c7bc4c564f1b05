/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_LAYERS_H
#define CONF_LAYERS_H

#include "conf/conf_private.h"

/*
 * What a section is put together from, the strongest first: its own lines, the
 * sections that also= names in the order of mention (each with what it names in
 * turn), then the %default sections, the last one first. alsoflip= reads a
 * section with left and right exchanged. Private to this room.
 */
#define ALSO_MAX 32     /* sections that one connection takes in */
#define DEFAULTS_MAX 16 /* %default sections */
#define SAID_MAX (1 + ALSO_MAX)
#define LAYERS_MAX (SAID_MAX + DEFAULTS_MAX)

struct layer {
	uint32_t section; /* index in the file */
	bool flip;
	uint8_t from; /* enum conf_from */
};

struct layers {
	const struct conf *conf;
	struct layer items[LAYERS_MAX];
	size_t len;
	uint32_t path[LAYERS_MAX]; /* while building: how the present section was come to */
	size_t path_len;
	struct problems *problems; /* where faults go; NULL: nowhere */
	struct diag first;         /* the first fault */
	bool faulty;
};

/* Put the layers of a section together. Faults are kept: `l->faulty`. */
void layers_build(struct layers *l, const struct conf *c, size_t section,
		  struct problems *problems);

/* The section of a layer. */
const struct section *layer_section(const struct layers *l, size_t i);

/* Charge a fault, or take note of something less. `place` NULL: the diag has its own. */
void layers_fault(struct layers *l, struct diag *d, const struct place *place);
void layers_note(struct layers *l, enum problem_level level, struct diag *d,
		 const struct place *place);

#endif
