/* SPDX-License-Identifier: Apache-2.0 */
#include "base/der.h"

#include <time.h>

uint8_t der_peek(const struct reader *r)
{
	return read_left(r) ? *r->at : 0;
}

static size_t read_len(struct reader *r)
{
	uint8_t first = read_u8(r);
	size_t octets = first & 0x7f, len = 0;

	if (first < 0x80)
		return first;
	if (!octets || octets > 4)
		read_fail(r);
	for (size_t i = 0; i < octets; i++)
		len = len << 8 | read_u8(r);
	if (len < 0x80 || len >> (8 * (octets - 1)) == 0)
		read_fail(r);
	return r->bad ? 0 : len;
}

struct reader der_enter(struct reader *r, uint8_t tag)
{
	size_t len;

	if (read_u8(r) != tag)
		read_fail(r);
	len = read_len(r);
	return read_carve(r, len);
}

struct reader der_next(struct reader *r)
{
	size_t len;

	if ((read_u8(r) & 0x1f) == 0x1f)
		read_fail(r);
	len = read_len(r);
	return read_carve(r, len);
}

struct view der_whole(struct reader *r)
{
	const uint8_t *start = r->at;

	der_next(r);
	return r->bad ? (struct view){0} : view_of(start, (size_t)(r->at - start));
}

static int read_digits(struct reader *r, unsigned n)
{
	int value = 0;

	while (n--) {
		uint8_t c = read_u8(r);

		if (c < '0' || c > '9')
			read_fail(r);
		value = value * 10 + (c - '0');
	}
	return value;
}

/* The calendar has that moment: timegm makes the 1st of March of a 29th of February. */
static bool is_moment(const struct tm *tm)
{
	struct tm same = *tm;

	timegm(&same);
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       same.tm_mday == tm->tm_mday && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec < 60;
}

int64_t der_time(struct reader *r)
{
	bool utc = der_peek(r) == DER_UTC_TIME;
	struct reader t = der_enter(r, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME);
	struct tm tm = {.tm_year = read_digits(&t, utc ? 2 : 4)};

	/* RFC 5280 4.1.2.5.1: 50 to 99 are of the last century. */
	tm.tm_year = utc ? tm.tm_year + (tm.tm_year < 50 ? 100 : 0) : tm.tm_year - 1900;
	tm.tm_mon = read_digits(&t, 2) - 1;
	tm.tm_mday = read_digits(&t, 2);
	tm.tm_hour = read_digits(&t, 2);
	tm.tm_min = read_digits(&t, 2);
	tm.tm_sec = read_digits(&t, 2);
	if (read_u8(&t) != 'Z' || !read_done(&t) || !is_moment(&tm)) {
		read_fail(r);
		return 0;
	}
	return timegm(&tm);
}
