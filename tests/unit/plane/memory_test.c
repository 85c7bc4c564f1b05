/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/memory/memory.h"

#include "tests/unit/plane/fixture.h"

#include <string.h>

/* The last answer. */
struct heard {
	struct answer answer;
	unsigned count;
};

static void on_answer(void *ctx, const struct answer *a)
{
	struct heard *h = ctx;

	h->answer = *a;
	h->count++;
}

static struct plane *open_plane(struct heard *h)
{
	struct plane_host host = {.ctx = h, .answer = on_answer};
	struct plane *p = NULL;

	memset(h, 0, sizeof(*h));
	assert_int_equal(memory_plane_open(&host, &p), CYG_OK);
	return p;
}

/* Ask, and give back the answer's error. */
static enum cyg_err ask(struct plane *p, struct heard *h, struct action *a)
{
	unsigned before = h->count;

	a->op = before + 100;
	p->ops->request(p, a);
	assert_int_equal(h->count, before + 1);
	assert_int_equal(h->answer.op, before + 100);
	return h->answer.err;
}

static enum cyg_err install(struct plane *p, struct heard *h, enum sa_dir dir, uint32_t spi,
			    uint32_t reqid, const char *remote)
{
	struct plane_sa sa = make_sa(dir, spi, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct action a = {.kind = ACT_SA_INSTALL, .sa = &sa};
	enum cyg_err err;

	sa.reqid = reqid;
	sa.remote = make_endpoint(remote, 4500);
	err = ask(p, h, &a);
	drop_sa(&sa);
	return err;
}

static enum cyg_err on_sa(struct plane *p, struct heard *h, enum action_kind kind,
			  enum sa_dir dir, uint32_t spi, uint32_t reqid, const char *remote)
{
	struct action a = {.kind = kind};

	a.sa_ref = (struct sa_ref){.dir = (uint8_t)dir,
				   .spi = spi,
				   .reqid = reqid,
				   .remote = make_endpoint(remote, 4500),
				   .encap = true};
	return ask(p, h, &a);
}

static void what_is_not_there_is_said_so(void **state)
{
	struct action a = {.kind = ACT_POLICY_REMOVE, .remove_id = 1};
	struct heard h;
	struct plane *p = open_plane(&h);

	assert_int_equal(ask(p, &h, &a), CYG_NOTFOUND);
	a.kind = ACT_ROUTE_REMOVE;
	assert_int_equal(ask(p, &h, &a), CYG_NOTFOUND);
	a.kind = ACT_SEND;
	assert_int_equal(ask(p, &h, &a), CYG_UNSUPPORTED);
	assert_int_equal(on_sa(p, &h, ACT_SA_REMOVE, SA_IN, 0x1000, 0, "192.0.2.2"),
			 CYG_NOTFOUND);
	assert_int_equal(on_sa(p, &h, ACT_SA_UPDATE, SA_IN, 0x1000, 0, "192.0.2.2"),
			 CYG_NOTFOUND);
	assert_int_equal(on_sa(p, &h, ACT_SA_QUERY, SA_IN, 0x1000, 0, "192.0.2.2"),
			 CYG_NOTFOUND);
	assert_int_equal(memory_plane_counts(p).unknown, 5);
	assert_int_equal(p->ops->fd(p), -1);
	assert_false(p->ops->port_add(p, &(struct plane_port){.fd = -1}));
	p->ops->close(p);
}

static void sas_are_remembered(void **state)
{
	struct plane_counters counters = {.bytes = 77};
	struct endpoint third = make_endpoint("192.0.2.3", 4500);
	struct heard h;
	struct plane *p = open_plane(&h);
	const struct plane_sa *sa;

	assert_int_equal(install(p, &h, SA_IN, 0x1000, 1, "192.0.2.2"), CYG_OK);
	assert_int_equal(install(p, &h, SA_IN, 0x1000, 2, "192.0.2.3"), CYG_EXISTS);
	assert_true(h.answer.sa.spi_taken);
	assert_int_equal(install(p, &h, SA_OUT, 0x1000, 1, "192.0.2.2"), CYG_OK);
	assert_int_equal(install(p, &h, SA_OUT, 0x1000, 2, "192.0.2.3"), CYG_OK);
	assert_int_equal(memory_plane_counts(p).sas_out, 2);
	assert_int_equal(memory_plane_sa(p, SA_OUT, 0x1000, &third)->reqid, 2);
	assert_null(memory_plane_sa(p, SA_IN, 0x1000, &third));
	sa = memory_plane_sa(p, SA_IN, 0x1000, NULL);
	assert_int_equal(sa->ts_remote.len, 1);
	assert_int_equal(sa->encr_key_len, 20);

	assert_int_equal(memory_plane_count(p, SA_IN, 0x1000, &counters), CYG_OK);
	assert_int_equal(memory_plane_count(p, SA_IN, 0x1001, &counters), CYG_NOTFOUND);
	assert_int_equal(on_sa(p, &h, ACT_SA_QUERY, SA_IN, 0x1000, 0, "192.0.2.2"), CYG_OK);
	assert_int_equal(h.answer.counters.bytes, 77);

	/* By reqid, though the address is a new one. */
	assert_int_equal(on_sa(p, &h, ACT_SA_UPDATE, SA_OUT, 0x1000, 1, "192.0.2.99"), CYG_OK);
	assert_int_equal(on_sa(p, &h, ACT_SA_REMOVE, SA_OUT, 0x1000, 0, "192.0.2.99"), CYG_OK);
	assert_int_equal(memory_plane_sa(p, SA_OUT, 0x1000, NULL)->reqid, 2);
	assert_true(p->ops->memory(p) > 2 * sizeof(struct plane_sa));

	sa = memory_plane_sa_next(p, NULL);
	assert_int_equal(sa->dir, SA_IN);
	sa = memory_plane_sa_next(p, sa);
	assert_int_equal(sa->dir, SA_OUT);
	assert_null(memory_plane_sa_next(p, sa));
	p->ops->close(p);
}

static void policies_and_routes_are_remembered(void **state)
{
	struct plane_policy policy = make_policy(5, POLICY_TRAP, 1000, 1, "10.1.0.0/24",
						 "10.2.0.0/24");
	struct plane_route route = {.id = 6, .metric = 1};
	struct action set = {.kind = ACT_POLICY_SET, .policy = &policy},
		      set_route = {.kind = ACT_ROUTE_SET, .route = &route};
	struct action remove = {.kind = ACT_POLICY_REMOVE, .remove_id = 5};
	struct heard h;
	struct plane *p = open_plane(&h);

	assert_int_equal(ask(p, &h, &set), CYG_OK);
	policy.kind = POLICY_PROTECT;
	assert_int_equal(ask(p, &h, &set), CYG_OK);
	assert_int_equal(memory_plane_policy(p, 5)->kind, POLICY_PROTECT);
	assert_int_equal(ask(p, &h, &set_route), CYG_OK);
	route.metric = 2;
	assert_int_equal(ask(p, &h, &set_route), CYG_OK);
	assert_int_equal(memory_plane_route(p, 6)->metric, 2);
	assert_int_equal(memory_plane_counts(p).policies, 1);
	assert_int_equal(memory_plane_counts(p).routes, 1);
	assert_int_equal(ask(p, &h, &remove), CYG_OK);
	assert_null(memory_plane_policy(p, 5));
	remove.kind = ACT_ROUTE_REMOVE;
	remove.remove_id = 6;
	assert_int_equal(ask(p, &h, &remove), CYG_OK);
	assert_null(memory_plane_route(p, 6));
	drop_policy(&policy);
	p->ops->close(p);
}

static void it_fails_as_told(void **state)
{
	struct heard h;
	struct plane *p = open_plane(&h);

	memory_plane_fail_next(p, ACT_SA_INSTALL, CYG_LIMIT);
	memory_plane_fail_next(p, 4711, CYG_LIMIT);
	assert_int_equal(install(p, &h, SA_IN, 0x1000, 1, "192.0.2.2"), CYG_LIMIT);
	assert_int_equal(memory_plane_counts(p).sas_in, 0);
	assert_int_equal(install(p, &h, SA_IN, 0x1000, 1, "192.0.2.2"), CYG_OK);
	p->ops->close(p);
}

struct supplies {
	struct plane_sa sa;
	struct plane_policy policy;
	struct plane_route route;
};

static bool do_all(void *ctx)
{
	struct supplies *s = ctx;
	struct action actions[] = {{.kind = ACT_SA_INSTALL, .op = 1, .sa = &s->sa},
				   {.kind = ACT_POLICY_SET, .op = 1, .policy = &s->policy},
				   {.kind = ACT_ROUTE_SET, .op = 1, .route = &s->route}};
	struct heard h = {0};
	struct plane_host host = {.ctx = &h, .answer = on_answer};
	struct plane *p;
	bool good = true;

	if (memory_plane_open(&host, &p))
		return false;
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		p->ops->request(p, &actions[i]);
		good = good && !h.answer.err;
	}
	p->ops->close(p);
	return good;
}

static void memory_may_run_out(void **state)
{
	struct supplies s = {make_sa(SA_OUT, 0x1000, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24"),
			     make_policy(1, POLICY_TRAP, 1, 1, "10.1.0.0/24", "10.2.0.0/24"),
			     {.id = 1}};

	test_each_allocation_failing(do_all, &s, false);
	drop_sa(&s.sa);
	drop_policy(&s.policy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_is_said_so),
		cmocka_unit_test(sas_are_remembered),
		cmocka_unit_test(policies_and_routes_are_remembered),
		cmocka_unit_test(it_fails_as_told),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("plane/memory", tests);
}
