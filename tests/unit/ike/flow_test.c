/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/tamper.h"
#include "wire/print.h"

#include <string.h>

/*
 * Golden flows: what goes over the wire, message by message, in words. The
 * notifies that every message of a kind has are part of it, so that an
 * announcement added or lost shows here.
 */

static struct text flow;

static bool watch(struct world *w, struct flight *f)
{
	struct ike_header h;
	struct message outer, inner;
	char line[MESSAGE_LINE_MAX];

	(void)w;
	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	assert_int_equal(message_parse(view_bytes(&f->data), h.next_payload, &outer, NULL,
				       NULL),
			 CYG_OK);
	text_add(&flow, "%s %s\n", f->from->name,
		 message_print(&h, message_opened(f->from, &h, &outer, &inner), line,
			       sizeof(line)));
	return true;
}

static void assert_flow(const char *want)
{
	if (strcmp(text_str(&flow), want))
		fail_msg("the flow was\n%s\nnot\n%s", text_str(&flow), want);
	text_clear(&flow);
}

#define UP_FLOW                                                                                                                           \
	"west IKE_SA_INIT request 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "  \
	"N(NAT_DETECTION_DESTINATION_IP)]\n"                                                                                              \
	"east IKE_SA_INIT response 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) " \
	"N(NAT_DETECTION_DESTINATION_IP)]\n"                                                                                              \
	"west IKE_AUTH request 1 {IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr "                                                            \
	"N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"                                                                                             \
	"east IKE_AUTH response 1 {IDr AUTH SA TSi TSr N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"

static void test_life(void **state)
{
	struct world *w = world_pair(150);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	w->filter = watch;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_flow(UP_FLOW);
	world_command(east, CMD_REKEY_CHILD, "net");
	world_settle(w);
	assert_flow(
		"east CREATE_CHILD_SA request 0 {N(REKEY_SA) SA No KE TSi TSr "
		"N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"
		"west CREATE_CHILD_SA response 0 {SA No KE TSi TSr N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"
		"east INFORMATIONAL request 1 {D}\n"
		"west INFORMATIONAL response 1 {D}\n");
	world_command(west, CMD_REKEY_IKE, "net");
	world_settle(w);
	assert_flow("west CREATE_CHILD_SA request 2 {SA No KE}\n"
		    "east CREATE_CHILD_SA response 2 {SA No KE}\n"
		    "west INFORMATIONAL request 3 {D}\n"
		    "east INFORMATIONAL response 3 {}\n");
	world_command(west, CMD_DOWN, "net");
	world_settle(w);
	assert_flow("west INFORMATIONAL request 0 {D}\n"
		    "east INFORMATIONAL response 0 {}\n");
	world_free(w);
}

static void test_refused(void **state)
{
	struct world *w = world_pair(151);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	(void)state;
	world_psk(east, "another");
	w->filter = watch;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	/* The responder says no more than that. */
	assert_flow(
		"west IKE_SA_INIT request 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"east IKE_SA_INIT response 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"west IKE_AUTH request 1 {IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr "
		"N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"
		"east IKE_AUTH response 1 {N(AUTHENTICATION_FAILED)}\n");
	world_free(w);
}

static void test_cookie(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct world *w;
	struct node *west;

	(void)state;
	s.half_open_cookie = 0;
	w = world_new(152, &s);
	west = world_host(w, "west");
	world_load(west, world_connection("net"));
	world_load(world_host(w, "east"), world_connection("net"));
	w->filter = watch;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_flow(
		"west IKE_SA_INIT request 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"east IKE_SA_INIT response 0 [N(COOKIE)]\n"
		"west IKE_SA_INIT request 0 [N(COOKIE) SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"east IKE_SA_INIT response 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"west IKE_AUTH request 1 {IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr "
		"N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"
		"east IKE_AUTH response 1 {IDr AUTH SA TSi TSr N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n");
	world_free(w);
}

static void test_group(void **state)
{
	struct world *w = world_new(153, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("net");

	(void)state;
	conn_set(c, "ike", "aes_gcm_c_256-sha2_256-x25519,aes_gcm_c_256-sha2_256-ecp_256");
	world_load(west, c);
	c = world_connection("net");
	conn_set(c, "ike", "aes_gcm_c_256-sha2_256-ecp_256");
	conn_set(c, "rightsubnet", "10.0.77.0/24"); /* and then the child is refused */
	world_load(world_host(w, "east"), c);
	w->filter = watch;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	assert_flow(
		"west IKE_SA_INIT request 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"east IKE_SA_INIT response 0 [N(INVALID_KE_PAYLOAD)]\n"
		"west IKE_SA_INIT request 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"east IKE_SA_INIT response 0 [SA KE No N(SIGNATURE_HASH_ALGORITHMS) N(IKEV2_FRAGMENTATION_SUPPORTED) N(NAT_DETECTION_SOURCE_IP) "
		"N(NAT_DETECTION_DESTINATION_IP)]\n"
		"west IKE_AUTH request 1 {IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr "
		"N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"
		"east IKE_AUTH response 1 {IDr AUTH N(TS_UNACCEPTABLE)}\n"
		"west INFORMATIONAL request 2 {D}\n"
		"east INFORMATIONAL response 2 {}\n");
	world_free(w);
}

static void test_liveness(void **state)
{
	struct world *w = world_new(154, NULL);
	struct node *west = world_host(w, "west");
	struct connection *c = world_connection("net");

	(void)state;
	conn_set(c, "dpddelay", "10s");
	conn_set(c, "dpdtimeout", "30s");
	world_load(west, c);
	world_load(world_host(w, "east"), world_connection("net"));
	world_command(west, CMD_UP, "net");
	world_settle(w);
	w->filter = watch;
	world_run(w, 12 * NSEC_PER_SEC);
	assert_flow("west INFORMATIONAL request 2 {}\n"
		    "east INFORMATIONAL response 2 {}\n");
	world_free(w);
}

static int done(void **state)
{
	(void)state;
	text_done(&flow);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_group),    cmocka_unit_test(test_life),
		cmocka_unit_test(test_liveness),
	};

	return cmocka_run_group_tests_name("ike/flow", tests, NULL, done);
}
