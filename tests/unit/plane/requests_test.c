/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request that the kernel refuses a part of. */
#include "plane/esp/self.h"

#include "crypto/crypto.h"
#include "tests/unit/net/namespace.h"
#include "tests/unit/plane/fixture.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct world {
	struct net *net;
	struct crypto *crypto;
	struct plane *plane;
	enum cyg_err answer;
};

static void on_answer(void *ctx, const struct answer *a)
{
	struct world *w = ctx;

	w->answer = a->err;
}

static void start(struct world *w)
{
	struct plane_host host = {.ctx = w, .answer = on_answer};
	struct esp_config c = {.queues = 1};
	struct diag why = {0};
	enum cyg_err err;

	*w = (struct world){.net = namespace_enter(), .crypto = crypto_new(NULL)};
	assert_non_null(w->crypto);
	namespace_ip("link set lo up");
	c.crypto = w->crypto;
	err = esp_plane_open(&c, &host, w->net, &w->plane, &why);
	if (!err)
		return;
	crypto_free(w->crypto);
	net_close(w->net);
	test_skip("there is no userspace plane here: %s", why.sentence);
}

static void stop(struct world *w)
{
	w->plane->ops->close(w->plane);
	crypto_free(w->crypto);
	net_close(w->net);
}

static enum cyg_err set(struct world *w, uint32_t id, enum policy_kind kind)
{
	struct plane_policy p = make_policy(id, kind, 100, 1, "0.0.0.0/0",
					    "10.7.0.0/16,10.8.0.0/16");
	struct action a = {.kind = ACT_POLICY_SET, .op = 1, .policy = &p};

	w->answer = CYG_NOTFOUND;
	w->plane->ops->request(w->plane, &a);
	drop_policy(&p);
	return w->answer;
}

/* This thread's right to change routes, which the kernel asks for at each change. */
static void may_route(bool may)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &head, caps), 0);
	if (may)
		caps[0].effective |= 1u << CAP_NET_ADMIN;
	else
		caps[0].effective &= ~(1u << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &head, caps), 0);
}

static enum policy_kind kind_of(const struct world *w, uint32_t id)
{
	const struct spd_entry *e = spd_by_id(&esp_self(w->plane)->spd, id);

	assert_non_null(e);
	return e->kind;
}

static size_t passes(const struct world *w)
{
	struct passes p;
	size_t n;

	assert_int_equal(passes_of(&esp_self(w->plane)->spd, &p), CYG_OK);
	n = p.len;
	passes_done(&p);
	return n;
}

static void a_policy_that_cannot_be_steered_changes_nothing(void **state)
{
	static const enum policy_kind kinds[] = {POLICY_PASS, POLICY_DROP, POLICY_REJECT};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		enum policy_kind before = kinds[i], after = kinds[(i + 1) % COUNT_OF(kinds)];
		struct world w;

		test_row(i, "policy of kind %u becomes %u", before, after);
		start(&w);
		may_route(false);
		assert_int_not_equal(set(&w, 1, before), CYG_OK);
		may_route(true);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 0);
		assert_int_equal(passes(&w), 0);

		assert_int_equal(set(&w, 1, before), CYG_OK);
		may_route(false);
		assert_int_not_equal(set(&w, 1, after), CYG_OK);
		may_route(true);
		assert_int_equal(kind_of(&w, 1), before);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 1);
		assert_int_equal(passes(&w), before == POLICY_PASS ? 2 : 0);

		assert_int_equal(set(&w, 1, after), CYG_OK);
		assert_int_equal(kind_of(&w, 1), after);
		assert_int_equal(spd_count(&esp_self(w.plane)->spd), 1);
		assert_int_equal(passes(&w), after == POLICY_PASS ? 2 : 0);
		stop(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_that_cannot_be_steered_changes_nothing),
	};

	return RUN_TESTS("plane/requests", tests);
}
