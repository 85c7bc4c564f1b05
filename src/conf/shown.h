/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SHOWN_H
#define CONF_SHOWN_H

#include "base/view.h"

#include <stddef.h>

/*
 * How much of a source line may be shown to whoever is told of a fault in it: all of it
 * where its word is known and not that of a key; else not what stands behind its first
 * word, or behind its `=`. What strayed into the file, such as a record of
 * ipsec.secrets, or a key that has another word elsewhere, stays unseen.
 */
size_t shown_len(struct view line);

/* Where a record of ipsec.secrets (": PSK ...") seems to begin in a text; its length: nowhere. */
size_t shown_record_at(struct view text);

/* Of a text that is no line of the language, how much may be called by name: its first word. */
size_t shown_word_len(struct view text);

#endif
