/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plane.h promises, of every plane that this machine can have: the same requests meet
 * the same answers. A plane that can't be had here is named and left out.
 */
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "plane/esp/esp.h"
#include "plane/memory/memory.h"
#include "plane/xfrm/xfrm.h"

#include "tests/unit/net/namespace.h"
#include "tests/unit/support/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define US "192.0.2.1"
#define THEM "192.0.2.2"
#define ELSEWHERE "192.0.2.3"
#define OTHERS "192.0.2.3"

struct world {
	const char *name;
	struct net *net;
	struct crypto *crypto;
	struct plane *plane;
	int port;
	uint32_t op; /* the last one */
	unsigned answers;
	struct answer last;
};

static void on_answer(void *ctx, const struct answer *a)
{
	struct world *w = ctx;

	w->answers++;
	w->last = *a;
}

static void on_event(void *ctx, struct event *ev)
{
}

static void on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			struct view data)
{
}

static void on_report(void *ctx, const struct report *r)
{
}

/* ---- the planes ---- */

static enum cyg_err open_memory(struct world *w, const struct plane_host *host,
				struct diag *why)
{
	return memory_plane_open(host, &w->plane);
}

static enum cyg_err open_esp(struct world *w, const struct plane_host *host, struct diag *why)
{
	struct esp_config c = {.crypto = w->crypto};

	return esp_plane_open(&c, host, w->net, &w->plane, why);
}

static enum cyg_err open_xfrm(struct world *w, const struct plane_host *host, struct diag *why)
{
	return xfrm_plane_open(host, w->net, &w->plane, why);
}

static const struct {
	const char *name;
	enum cyg_err (*open)(struct world *w, const struct plane_host *host, struct diag *why);
} planes[] = {{"memory", open_memory}, {"esp", open_esp}, {"xfrm", open_xfrm}};

/* ---- requests ---- */

static enum cyg_err ask(struct world *w, struct action *a)
{
	unsigned before = w->answers;

	a->op = ++w->op;
	w->plane->ops->request(w->plane, a);
	for (unsigned i = 0; w->answers == before && i < 100; i++) {
		struct pollfd wait = {.fd = w->plane->ops->fd(w->plane), .events = POLLIN};

		if (poll(&wait, 1, 50) > 0)
			w->plane->ops->dispatch(w->plane);
	}
	assert_int_equal(w->answers, before + 1);
	assert_int_equal(w->last.op, w->op);
	return w->last.err;
}

static struct endpoint end(const char *address, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_int_equal(ip_parse(address, &e.addr), CYG_OK);
	return e;
}

static void add_net(struct ts_set *set, const char *net)
{
	struct ip_prefix prefix;
	struct ts t;

	assert_int_equal(prefix_parse(net, &prefix, NULL), CYG_OK);
	t = ts_of_prefix(&prefix);
	assert_int_equal(ts_set_add(set, &t), CYG_OK);
}

static struct plane_sa sa_of(const struct world *w, uint8_t dir, uint32_t spi, const char *peer,
			     uint32_t reqid)
{
	struct plane_sa sa = {
		.dir = dir,
		.protocol = PROTO_ESP,
		.mode = MODE_TUNNEL,
		.encap = w->plane->caps.needs_encap,
		.suite = {.protocol = PROTO_ESP, .encr = ALG_ENCR_AES_GCM_16, .key_bits = 128},
		.spi = spi,
		.reqid = reqid,
		.local = end(US, 4500),
		.remote = end(peer, 4500),
		.encr_key_len = 20,
		.replay_window = dir == SA_IN ? 64 : 0,
	};

	add_net(&sa.ts_local, "10.1.0.0/24");
	add_net(&sa.ts_remote, "10.2.0.0/24");
	return sa;
}

static enum cyg_err install_sa(struct world *w, struct plane_sa sa)
{
	enum cyg_err err = ask(w, &(struct action){.kind = ACT_SA_INSTALL, .sa = &sa});

	ts_set_done(&sa.ts_local);
	ts_set_done(&sa.ts_remote);
	return err;
}

static enum cyg_err install(struct world *w, uint8_t dir, uint32_t spi, const char *peer,
			    uint32_t reqid)
{
	return install_sa(w, sa_of(w, dir, spi, peer, reqid));
}

static enum cyg_err about_sa(struct world *w, uint8_t kind, uint8_t dir, uint32_t spi,
			     const char *peer, uint32_t reqid)
{
	struct action a = {.kind = kind};

	a.sa_ref = (struct sa_ref){
		.dir = dir,
		.protocol = PROTO_ESP,
		.spi = spi,
		.reqid = reqid,
		.local = end(US, 4500),
		.remote = end(peer, 4500),
		.encap = w->plane->caps.needs_encap,
	};
	return ask(w, &a);
}

static enum cyg_err set_policy_for(struct world *w, uint32_t id, uint8_t kind,
				   const char *remote, const struct packet_scope *scope)
{
	struct plane_policy p = {.id = id,
				 .kind = kind,
				 .reqid = 16384,
				 .priority = 100,
				 .scope = {*scope, *scope},
				 .local = end(US, 0),
				 .remote = end(THEM, 0)};
	enum cyg_err err;

	add_net(&p.ts_local, "10.1.0.0/24");
	add_net(&p.ts_remote, remote);
	err = ask(w, &(struct action){.kind = ACT_POLICY_SET, .policy = &p});
	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
	return err;
}

static enum cyg_err set_policy(struct world *w, uint32_t id, uint8_t kind, const char *remote)
{
	return set_policy_for(w, id, kind, remote, &(struct packet_scope){0});
}

/* One for packets of a mark. */
static enum cyg_err set_scoped(struct world *w, uint32_t id, uint32_t mark)
{
	const struct packet_scope scope = {.mark = {mark, UINT32_MAX}};

	return set_policy_for(w, id, POLICY_PROTECT, "10.2.0.0/24", &scope);
}

static enum cyg_err set_route(struct world *w, uint32_t id, const char *net)
{
	struct plane_route r = {.id = id, .remote = end(THEM, 0).addr};

	assert_int_equal(prefix_parse(net, &r.destination, NULL), CYG_OK);
	return ask(w, &(struct action){.kind = ACT_ROUTE_SET, .route = &r});
}

static enum cyg_err remove_id(struct world *w, uint8_t kind, uint32_t id)
{
	return ask(w, &(struct action){.kind = kind, .remove_id = id});
}

/* ---- behaviours ---- */

static void what_is_not_there_is_not_found(struct world *w)
{
	static const uint8_t kinds[] = {ACT_SA_REMOVE, ACT_SA_UPDATE, ACT_SA_QUERY};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++)
			assert_int_equal(about_sa(w, kinds[i], dir, 0x1111, THEM, 16384),
					 CYG_NOTFOUND);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 7), CYG_NOTFOUND);
	assert_int_equal(remove_id(w, ACT_ROUTE_REMOVE, 7), CYG_NOTFOUND);
}

static void an_sa_is_there_until_it_is_removed(struct world *w)
{
	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		assert_int_equal(install(w, dir, 0x1111, THEM, 16384), CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_QUERY, dir, 0x1111, THEM, 16384), CYG_OK);
		assert_int_equal(w->last.counters.packets, 0);
		assert_int_equal(w->last.counters.bytes, 0);
		assert_int_equal(about_sa(w, ACT_SA_REMOVE, dir, 0x1111, THEM, 16384), CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_QUERY, dir, 0x1111, THEM, 16384),
				 CYG_NOTFOUND);
	}
}

static void an_inbound_spi_is_for_one(struct world *w)
{
	assert_int_equal(install(w, SA_IN, 0x1111, THEM, 16384), CYG_OK);
	assert_int_equal(install(w, SA_IN, 0x1111, THEM, 16388), CYG_EXISTS);
	assert_true(w->last.sa.spi_taken);
	assert_int_equal(about_sa(w, ACT_SA_QUERY, SA_IN, 0x1111, THEM, 16384), CYG_OK);
}

/* Outbound, two peers may have chosen the same. */
static void an_outbound_spi_is_one_peer_s(struct world *w)
{
	assert_int_equal(install(w, SA_OUT, 0x1111, THEM, 16384), CYG_OK);
	assert_int_equal(install(w, SA_OUT, 0x1111, OTHERS, 16388), CYG_OK);
	assert_int_equal(about_sa(w, ACT_SA_REMOVE, SA_OUT, 0x1111, THEM, 16384), CYG_OK);
	assert_int_equal(about_sa(w, ACT_SA_QUERY, SA_OUT, 0x1111, OTHERS, 16388), CYG_OK);
}

static void an_sa_moves_with_its_peer(struct world *w)
{
	for (uint8_t dir = SA_IN; dir <= SA_OUT; dir++) {
		assert_int_equal(install(w, dir, 0x1111, THEM, 16384), CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_UPDATE, dir, 0x1111, OTHERS, 16384),
				 CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_QUERY, dir, 0x1111, OTHERS, 16384), CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_REMOVE, dir, 0x1111, OTHERS, 16384),
				 CYG_OK);
	}
}

static void policies_are_known_by_their_id(struct world *w)
{
	static const uint8_t kinds[] = {POLICY_PROTECT, POLICY_TRAP, POLICY_HOLD,
					POLICY_PASS,    POLICY_DROP, POLICY_REJECT};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		assert_int_equal(set_policy(w, 2, kinds[i], "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set_policy(w, 2, POLICY_DROP, "10.3.0.0/24"), CYG_OK);
	/* Another one of the same networks has a place of its own. */
	assert_int_equal(set_policy(w, 4, POLICY_DROP, "10.3.0.0/24"), CYG_OK);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 2), CYG_OK);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 2), CYG_NOTFOUND);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 4), CYG_OK);
}

static void routes_are_known_by_their_id(struct world *w)
{
	assert_int_equal(set_route(w, 3, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set_route(w, 3, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set_route(w, 3, "10.3.0.0/24"), CYG_OK);
	assert_int_equal(remove_id(w, ACT_ROUTE_REMOVE, 3), CYG_OK);
	assert_int_equal(remove_id(w, ACT_ROUTE_REMOVE, 3), CYG_NOTFOUND);
}

static void whoever_wants_no_answer_gets_none(struct world *w)
{
	unsigned before = w->answers;

	w->plane->ops->request(w->plane,
			       &(struct action){.kind = ACT_POLICY_REMOVE, .remove_id = 7});
	assert_int_equal(remove_id(w, ACT_ROUTE_REMOVE, 7), CYG_NOTFOUND);
	assert_int_equal(w->answers, before + 1);
}

static void what_a_plane_cannot_do_is_refused(struct world *w)
{
	enum cyg_err marks = w->plane->caps.scopes ? CYG_OK : CYG_UNSUPPORTED;
	struct plane_sa sa = sa_of(w, SA_OUT, 0x1111, THEM, 16384);

	sa.mode = MODE_TRANSPORT;
	assert_int_equal(install_sa(w, sa),
			 w->plane->caps.transport ? CYG_OK : CYG_UNSUPPORTED);
	sa = sa_of(w, SA_IN, 0x1112, THEM, 16384);
	sa.scope.if_id = 5;
	assert_int_equal(install_sa(w, sa), marks);
	assert_int_equal(set_scoped(w, 2, 5), marks);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 2), marks ? CYG_NOTFOUND : CYG_OK);
}

/* SAs that only their marks tell apart, and policies of the same selectors. */
static void marks_tell_apart(struct world *w)
{
	if (!w->plane->caps.scopes)
		return;
	for (uint32_t mark = 1; mark <= 2; mark++) {
		struct plane_sa sa = sa_of(w, SA_OUT, 0x1111, THEM, 16384 + 4 * mark);

		sa.scope.mark = (struct packet_mark){mark, UINT32_MAX};
		assert_int_equal(install_sa(w, sa), CYG_OK);
		assert_int_equal(set_scoped(w, 2 * mark, mark), CYG_OK);
	}
	for (uint32_t mark = 1; mark <= 2; mark++) {
		uint32_t reqid = 16384 + 4 * mark;

		assert_int_equal(about_sa(w, ACT_SA_QUERY, SA_OUT, 0x1111, THEM, reqid),
				 CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_UPDATE, SA_OUT, 0x1111, ELSEWHERE, reqid),
				 CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_QUERY, SA_OUT, 0x1111, ELSEWHERE, reqid),
				 CYG_OK);
		assert_int_equal(about_sa(w, ACT_SA_REMOVE, SA_OUT, 0x1111, ELSEWHERE, reqid),
				 CYG_OK);
		assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 2 * mark), CYG_OK);
	}
	assert_int_equal(about_sa(w, ACT_SA_QUERY, SA_OUT, 0x1111, ELSEWHERE, 16388),
			 CYG_NOTFOUND);
}

/* As if it had been done: who asks has an end to come to. */
static void handed_over_it_goes_on_answering(struct world *w)
{
	assert_int_equal(install(w, SA_IN, 0x1111, THEM, 16384), CYG_OK);
	assert_int_equal(set_policy(w, 2, POLICY_PROTECT, "10.2.0.0/24"), CYG_OK);
	assert_int_equal(set_route(w, 3, "10.2.0.0/24"), CYG_OK);
	if (w->plane->ops->settled)
		w->plane->ops->settled(w->plane);
	if (w->plane->ops->hand_over)
		w->plane->ops->hand_over(w->plane);
	assert_int_equal(remove_id(w, ACT_ROUTE_REMOVE, 3), CYG_OK);
	assert_int_equal(remove_id(w, ACT_POLICY_REMOVE, 2), CYG_OK);
	assert_int_equal(about_sa(w, ACT_SA_REMOVE, SA_IN, 0x1111, THEM, 16384), CYG_OK);
}

/* ---- each of each ---- */

static void open_port(struct world *w)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(4500)};
	struct plane_port port = {.local = end(US, 4500), .encap = true};

	w->port = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	at.sin_addr.s_addr = htonl(0xc0000201);
	assert_int_equal(bind(w->port, (struct sockaddr *)&at, sizeof(at)), 0);
	port.fd = w->port;
	w->plane->ops->port_add(w->plane, &port);
}

/* False when this machine can't have it. */
static bool open_world(struct world *w, size_t which)
{
	const struct plane_host host = {.ctx = w,
					.answer = on_answer,
					.event = on_event,
					.datagram = on_datagram,
					.report = on_report};
	struct diag why;
	enum cyg_err err;

	*w = (struct world){.name = planes[which].name, .net = namespace_enter()};
	namespace_ip("link set lo up");
	namespace_ip("link add wire0 type veth peer name wire1");
	namespace_ip("addr add 192.0.2.1/24 dev wire0");
	namespace_ip("link set wire0 up");
	namespace_ip("link set wire1 up");
	w->crypto = crypto_new(NULL);
	assert_non_null(w->crypto);
	diag_clear(&why);
	err = planes[which].open(w, &host, &why);
	if (!err) {
		open_port(w);
		return true;
	}
	assert_true(err == CYG_UNSUPPORTED || err == CYG_PERM);
	printf("# no %s here: %s\n", planes[which].name, why.sentence);
	crypto_free(w->crypto);
	net_close(w->net);
	return false;
}

static void close_world(struct world *w)
{
	struct endpoint local = end(US, 4500);

	w->plane->ops->port_remove(w->plane, &local);
	close(w->port);
	w->plane->ops->close(w->plane);
	crypto_free(w->crypto);
	net_close(w->net);
}

static void each_plane(void (*behaves)(struct world *w))
{
	for (size_t i = 0; i < COUNT_OF(planes); i++) {
		struct world w;

		test_row(i, "%s", planes[i].name);
		if (!open_world(&w, i))
			continue;
		assert_string_equal(w.plane->caps.name, planes[i].name);
		behaves(&w);
		close_world(&w);
	}
}

#define BEHAVIOURS(X)                         \
	X(what_is_not_there_is_not_found)     \
	X(what_a_plane_cannot_do_is_refused)  \
	X(marks_tell_apart)                   \
	X(an_inbound_spi_is_for_one)          \
	X(an_sa_is_there_until_it_is_removed) \
	X(an_outbound_spi_is_one_peer_s)      \
	X(an_sa_moves_with_its_peer)          \
	X(policies_are_known_by_their_id)     \
	X(routes_are_known_by_their_id)       \
	X(whoever_wants_no_answer_gets_none)  \
	X(handed_over_it_goes_on_answering)

#define AS_TEST(name)                         \
	static void test_##name(void **state) \
	{                                     \
		each_plane(name);             \
	}
BEHAVIOURS(AS_TEST)

int main(void)
{
#define AS_ROW(name) cmocka_unit_test(test_##name),
	const struct CMUnitTest tests[] = {BEHAVIOURS(AS_ROW)};

	return RUN_TESTS("plane/behaviour", tests);
}
