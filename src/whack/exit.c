/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/exit.h"

#include "conn/report.h"

void whack_exit_line(struct whack_exit *e, unsigned code)
{
	if (!e->asynchronous)
		whack_exit_end(e, code);
}

void whack_exit_end(struct whack_exit *e, unsigned code)
{
	switch (code) {
	case RC_COMMENT:
	case RC_LOG:
		break;
	case RC_SUCCESS:
		e->status = 0;
		break;
	default:
		e->status = code;
	}
}

int whack_exit_status(const struct whack_exit *e)
{
	unsigned status = e->status & 0xff;

	return e->status && !status ? 1 : (int)status;
}
