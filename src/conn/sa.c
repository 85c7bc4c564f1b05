/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/sa.h"

const char *sa_mode_text(uint8_t mode)
{
	static const char *const texts[] = {
		[MODE_TUNNEL] = "tunnel",
		[MODE_TRANSPORT] = "transport",
		[MODE_BEET] = "BEET",
	};

	return texts[mode];
}
