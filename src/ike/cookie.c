/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/cookie.h"

#include "base/builder.h"
#include "base/reader.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "ike/core.h"

#include <string.h>

static enum cyg_err turn_secret(struct ike *ike)
{
	struct cookie_jar *jar = &ike->cookies;
	uint8_t fresh[32];

	if (jar->number && ike->now - jar->made_at < COOKIE_SECRET_TIME)
		return CYG_OK;
	if (core_random(ike, fresh, sizeof(fresh)))
		return CYG_CRYPTO;
	/* After a long pause the present secret is too old to stay as the one before. */
	if (jar->number && ike->now - jar->made_at < 2 * COOKIE_SECRET_TIME)
		memcpy(jar->secret[1], jar->secret[0], sizeof(fresh));
	else
		memcpy(jar->secret[1], fresh, sizeof(fresh));
	memcpy(jar->secret[0], fresh, sizeof(fresh));
	secret_wipe(fresh, sizeof(fresh));
	jar->number++;
	jar->made_at = ike->now;
	return CYG_OK;
}

static enum cyg_err make(struct ike *ike, const struct cookie_claim *claim, unsigned age,
			 uint8_t out[COOKIE_LEN])
{
	uint8_t spi[8], mac[HASH_SHA2_256_LEN];
	struct builder b = builder_of(spi, sizeof(spi)), o = builder_of(out, COOKIE_LEN);
	struct view parts[] = {view_of(spi, sizeof(spi)), ip_view(&claim->from), claim->ni};
	enum cyg_err err;

	build_u64(&b, claim->spi_i);
	err = hash_hmac(ike->crypto, HASH_SHA2_256, view_of(ike->cookies.secret[age], 32),
			parts, 3, mac);
	if (err)
		return err;
	build_u32(&o, ike->cookies.number - age);
	build_view(&o, view_of(mac, COOKIE_LEN - 4));
	return CYG_OK;
}

enum cyg_err cookie_make(struct ike *ike, const struct cookie_claim *claim,
			 uint8_t out[COOKIE_LEN])
{
	enum cyg_err err = turn_secret(ike);

	return err ? err : make(ike, claim, 0, out);
}

bool cookie_check(struct ike *ike, const struct cookie_claim *claim, struct view cookie)
{
	struct reader r = reader_of(cookie);
	uint32_t number = read_u32(&r);
	uint8_t want[COOKIE_LEN];
	uint32_t age;

	if (cookie.len != COOKIE_LEN || turn_secret(ike))
		return false;
	age = ike->cookies.number - number;
	if (!number || age > 1 || make(ike, claim, age, want))
		return false;
	return secret_equal(cookie, view_of(want, sizeof(want)));
}
