/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/several.h"

#include "conn/report.h"

bool reply_is_good(unsigned code)
{
	return code == RC_COMMENT || code == RC_SUCCESS;
}

void several_begin(struct several *s)
{
	s->open++;
	s->at_once = true;
}

void several_begun(struct several *s)
{
	s->at_once = false;
}

void several_end(struct several *s, unsigned code)
{
	if (s->open)
		s->open--;
	if ((s->wait || s->at_once) && reply_is_good(s->code) &&
	    (!reply_is_good(code) || code == RC_SUCCESS))
		s->code = code;
}

bool several_is_over(const struct several *s, unsigned *ret_code)
{
	if (s->beginning || (s->open && s->wait))
		return false;
	*ret_code = s->wait || !reply_is_good(s->code) ? s->code : RC_COMMENT;
	return true;
}
