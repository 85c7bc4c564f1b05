/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/options.h"

#include "conn/field.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 48

/* Cut a command line at its spaces. */
static int cut(const char *line, char *storage, char **argv)
{
	int argc = 0;

	strcpy(storage, line);
	argv[argc++] = (char *)"whack";
	for (char *at = strtok(storage, " "); at; at = strtok(NULL, " "))
		argv[argc++] = at;
	return argc;
}

#define ENDS "--host 192.0.2.1 --client 10.1.0.0/24 --to --host 192.0.2.2 --client 10.2.0.0/24"

static void bad_command_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *says, *hint;
	} rows[] = {
		{"", "nothing to do", "--help"},
		{"net", "unexpected word \"net\"", ""},
		{"--name net status", "unexpected word \"status\"", ""},
		{"--", "unexpected word", ""},
		{"--statsu", "unknown option --statsu", "--status"},
		{"--initiate", "--initiate needs --name", ""},
		{"--route", "--route needs --name", ""},
		{"--delete", "--delete needs --name", ""},
		{"--name net", "nothing to do", ""},
		{"--brief --listen", "--brief goes with --status alone", ""},
		{"--debug", "--debug needs a value", ""},
		{"--debug control", "--debug control can't be used", "--debug all"},
		{"--name net --listen", "--name goes with nothing", ""},
		{"--name", "--name needs a value", ""},
		{"--ctlsocket= --status", "--ctlsocket needs a value", ""},
		{"--status=yes", "--status takes no value", ""},
		{"--status --status", "--status is given twice", ""},
		{"--name a --name b --initiate", "--name is given twice", ""},
		{"--deletestate x", "wants the number", ""},
		{"--deletestate 0", "wants the number", ""},
		{"--deletestate", "needs a value", ""},
		{"--crash", "needs a value", ""},
		{"--authenticate", "can't be used", ""},
		{"--pubkeyrsa 0sAQ", "can't be used", ""},
		{"--psk " ENDS, "needs --name", ""},
		{"--name net --psk --host 192.0.2.1", "--to", ""},
		{"--name net --psk --host 192.0.2.1 --host 192.0.2.2 --to --host 192.0.2.3",
		 "--host is given twice", ""},
		{"--name net --psk --to --to --host 192.0.2.3", "--to is given twice", ""},
		{"--name net --psk --tunnel --transport " ENDS,
		 "--transport does not go with --tunnel", ""},
		{"--name net --psk --psk " ENDS, "--psk is given twice", ""},
		{"--name net --psk --ikelifetime soon " ENDS, "", ""},
		{"--name net --psk --host 192.0.2.999 --to --host 192.0.2.2", "", ""},
		{"--name net --psk --host %any --to --host %any", "", ""},
		{"--name net --psk --ikev1 " ENDS, "ikev1=: insist cannot be followed", ""},
		{"--name net --psk --type --host 192.0.2.1", "--type needs a value", ""},
		{"--name net --psk --aggrmode " ENDS, "--aggrmode can't be used: this version",
		 ""},
		{"--name net --psk --mark 5/4 " ENDS, "its mask has not", ""},
		{"--name net --psk --mobike=perhaps " ENDS, "not one that it takes", ""},
		{"--name net --psk --nic-offload=frames " ENDS, "not one that can be used", ""},
		{"--name net --psk --firstmsgid first " ENDS, "not one that it takes", ""},
		{"--name net --psk --firstmsgid --to", "--firstmsgid needs a value", ""},
		{"--mobike", "needs --name", ""},
		{"--name net " ENDS, "nothing says how the ends prove themselves", "--psk"},
		{"--name net --encrypt --tunnel " ENDS, "nothing says how", "--rsasig"},
		{"--name net --host 192.0.2.1 --auth secret --to --host 192.0.2.2",
		 "nothing says how", "--psk"},
		{"--name %default --psk " ENDS, "%default", "name of its own"},
		{"--name net/1x1 --pairs 1x1 --psk " ENDS, "--pairs goes with --delete", ""},
		{"--name net --delete --pairs 1x1", "--pairs goes with --delete", ""},
		{"--optionsfrom /nowhere/file", "can't open", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char storage[512], *argv[WORDS_MAX];
		struct whack_options o;
		struct diag why;
		int argc = cut(rows[i].line, storage, argv);

		test_row(i, "%s", rows[i].line);
		diag_clear(&why);
		assert_true(options_parse(argc, argv, &o, &why) != CYG_OK);
		assert_true(diag_is_set(&why));
		assert_non_null(strstr(why.sentence, rows[i].says));
		assert_non_null(strstr(why.hint, rows[i].hint));
		options_done(&o);
	}
}

/* Who keeps from negotiating, or says it for each end, need not say it for both. */
static void the_way_to_prove_oneself_may_be_said_otherwise(void **state)
{
	static const char *const rows[] = {
		"--name net --pass " ENDS,
		"--name net --drop " ENDS,
		"--name net --host 192.0.2.1 --auth secret --to --host 192.0.2.2 --auth secret",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char storage[512], *argv[WORDS_MAX];
		struct whack_options o;
		struct diag why;
		int argc = cut(rows[i], storage, argv);

		test_row(i, "%s", rows[i]);
		assert_int_equal(options_parse(argc, argv, &o, &why), CYG_OK);
		assert_true(o.connection->auth == AUTH_PUBKEY);
		options_done(&o);
	}
}

static void actions_are_understood(void **state)
{
	static const struct {
		const char *line;
		uint64_t actions;
	} rows[] = {
		{"--status", UINT64_C(1) << ACTION_STATUS},
		{"--name net --status", UINT64_C(1) << ACTION_STATUS},
		{"--listen", UINT64_C(1) << ACTION_LISTEN},
		{"--ready", UINT64_C(1) << ACTION_LISTEN},
		{"--name net --initiate --asynchronous", UINT64_C(1) << ACTION_INITIATE},
		{"--name=net --route --initiate",
		 UINT64_C(1) << ACTION_ROUTE | UINT64_C(1) << ACTION_INITIATE},
		{"--shutdown --ctlbase /tmp/x", UINT64_C(1) << ACTION_SHUTDOWN},
		{"--deletestate 12", UINT64_C(1) << ACTION_DELETE_STATE},
		{"--name net --psk --encrypt --pfs " ENDS, UINT64_C(1) << ACTION_ADD},
		{"--name net --delete --psk --pfs no " ENDS,
		 UINT64_C(1) << ACTION_DELETE | UINT64_C(1) << ACTION_ADD},
		{"--name net --psk --pfs=no " ENDS " --initiate",
		 UINT64_C(1) << ACTION_ADD | UINT64_C(1) << ACTION_INITIATE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char storage[512], *argv[WORDS_MAX], text[2048];
		struct whack_options o;
		struct diag why;
		int argc = cut(rows[i].line, storage, argv);
		enum cyg_err err;

		diag_clear(&why);
		err = options_parse(argc, argv, &o, &why);
		test_row(i, "%s: %s", rows[i].line, diag_print(&why, text, sizeof(text)));
		assert_int_equal(err, CYG_OK);
		assert_int_equal(o.actions, rows[i].actions);
		options_done(&o);
	}
}

/* The text of a field, or "" when it has its default. */
static void assert_field(const struct connection *c, int which, const char *keyword,
			 bool per_end, const char *want)
{
	struct text t = {0};

	field_get(c, which, field_by_keyword(keyword, per_end), &t);
	assert_string_equal(text_str(&t), want);
	text_done(&t);
}

static void each_end_gets_its_own(void **state)
{
	char storage[512], *argv[WORDS_MAX];
	struct whack_options o;
	struct diag why;
	int argc = cut(
		"--name net --psk --dontrekey --ikelifetime 7200 --host 192.0.2.1 --id @west --client 10.1.0.0/24 "
		"--to --host 192.0.2.2 --id @east --client 10.2.0.0/24",
		storage, argv);

	diag_clear(&why);
	assert_int_equal(options_parse(argc, argv, &o, &why), CYG_OK);
	assert_string_equal(o.connection->name, "net");
	assert_field(o.connection, 0, "", true, "192.0.2.1");
	assert_field(o.connection, 1, "", true, "192.0.2.2");
	assert_field(o.connection, 0, "id", true, "@west");
	assert_field(o.connection, 1, "subnet", true, "10.2.0.0/24");
	assert_field(o.connection, 0, "rekey", false, "no");
	assert_field(o.connection, 0, "ikelifetime", false, "2h");
	options_done(&o);
}

/*
 * Every field can be said by an option or by flags: that is what makes whack's description
 * complete.
 */
/* Algorithms are of the protocol that is said, wherever it is. */
static void the_order_of_words_does_not_matter(void **state)
{
	static const char *const rows[] = {
		"--name net --psk --phase2 ah --phase2alg sha2_512 " ENDS,
		"--name net --psk --phase2alg sha2_512 --phase2 ah " ENDS,
		"--name net --psk --esp sha2_512 --phase2 ah " ENDS,
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char storage[512], *argv[WORDS_MAX];
		struct whack_options o;
		struct diag why;
		int argc = cut(rows[i], storage, argv);

		test_row(i, "%s", rows[i]);
		assert_int_equal(options_parse(argc, argv, &o, &why), CYG_OK);
		assert_field(o.connection, 0, "ah", false, "HMAC_SHA2_512_256");
		options_done(&o);
	}
}

static void every_field_can_be_said(void **state)
{
	struct text help = {0};

	options_help(&help);
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		bool flagged = false;

		test_row(i, "%s", f->keyword);
		for (size_t k = 0; k < whack_flags_len; k++)
			flagged |= whack_flags[k].keyword &&
				   !strcmp(whack_flags[k].keyword, f->keyword);
		assert_true(f->option || flagged);
		if (f->option) {
			assert_null(whack_unbuilt(f->option));
			assert_ptr_equal(field_by_option(f->option), f);
			assert_non_null(strstr(text_str(&help), f->option));
		}
	}
	text_done(&help);
}

/* No option of one table hides one of another. */
static void flags_name_fields_and_values_that_exist(void **state)
{
	for (size_t i = 0; i < whack_flags_len; i++) {
		const struct whack_flag *flag = &whack_flags[i];
		struct connection *c = connection_new("x");
		struct diag why;

		test_row(i, "--%s", flag->name);
		assert_null(field_by_option(flag->name));
		assert_null(whack_unbuilt(flag->name));
		if (flag->keyword) {
			const struct field *f = field_by_keyword(flag->keyword, false);

			assert_non_null(f);
			assert_int_equal(field_set(c, 0, f, flag->value, &why), CYG_OK);
		}
		connection_unref(c);
	}
}

/* Whether a word of the command line is known: taken, or refused with a reason of its own. */
static bool is_known(const char *option)
{
	struct text word = {0};
	char *argv[2] = {(char *)"whack", NULL};
	struct whack_options o;
	struct diag why;

	text_add(&word, "--%s", option);
	argv[1] = word.ptr;
	diag_clear(&why);
	if (!options_parse(2, argv, &o, &why))
		diag_clear(&why);
	options_done(&o);
	text_done(&word);
	return !strstr(why.sentence, "unknown option");
}

/* What the other programs of this family take is taken, or named with what replaced it. */
static void no_option_of_others_is_unknown(void **state)
{
	static const struct {
		const char *group, *options;
	} rows[] = {
		{"openswan misc", "help version optionsfrom label ctlbase name connalias"},
		{"openswan keys", "keyid addkey pubkeyrsa myid"},
		{"openswan actions",
		 "initiate asynchronous terminate delete deletestate crash route unroute listen "
		 "unlisten oppohere oppothere rereadsecrets rereadcacerts rereadaacerts "
		 "rereadocspcerts rereadacerts rereadcrls rereadall purgeocsp status shutdown "
		 "listpubkeys checkpubkeys listcerts listcacerts listacerts listaacerts "
		 "listocspcerts listgroups listcrls listocsp listpsks listevents listpairs "
		 "listhostpairs listall listcards utc xauthname xauthuser xauthpass tpmeval "
		 "whackrecord whackstoprecord"},
		{"openswan ends",
		 "host id cert sendcert certtype ca groups ikeport nexthop client clientwithin "
		 "clientprotoport dnskeyondemand srcip updown tundev xauthserver xauth "
		 "xauthclient modecfgserver modeconfigserver modecfgclient modeconfigclient "
		 "modecfgdns1 modecfgdns2 modecfgwins1 modecfgwins2"},
		{"openswan connections",
		 "to psk rsasig encrypt authenticate compress overlapip pfs sha2_truncbug "
		 "aggrmode disablearrivalcheck modecfgpull forceencaps tunnel ipv4 ipv6 "
		 "tunnelipv4 tunnelipv6 initiateontraffic pass drop reject failnone failpass "
		 "faildrop failreject dontrekey ikelifetime ipseclifetime rekeymargin "
		 "rekeywindow rekeyfuzz keyingtries ike ikealg esp pfsgroup dpddelay dpdtimeout "
		 "dpdaction firstmsgid metric mtu remote_peer_type nm_configured loopback "
		 "labeledipsec policylabel"},
		{"openswan debugging",
		 "debug-none debug-all debug-raw debug-control impair-bust-mi2"},
		{"libreswan misc", "rundir ctlsocket remote-host"},
		{"libreswan actions",
		 "ondemand down deleteid deleteuser username suspend rekey-ike rekey-child "
		 "delete-ike delete-child down-ike down-child redirect-to global-redirect "
		 "global-redirect-to ddos-mode ddns ike-socket-bufsize ike-socket-errqueue "
		 "clearstats leave-state seccomp-crashtest"},
		{"libreswan rereads", "rereadcerts fetchcrls"},
		{"libreswan shows",
		 "briefstatus globalstatus connectionstatus briefconnectionstatus trafficstatus "
		 "shuntstatus addresspoolstatus fipsstatus processstatus showstates statestatus"},
		{"libreswan ends",
		 "ckaid subnet sourceip interface-ip interfaceip auth autheap cat addresspool "
		 "vti"},
		{"libreswan authentication",
		 "rsa-sha1 rsa-sha2 rsa-sha2_256 rsa-sha2_384 rsa-sha2_512 ecdsa ecdsa-sha2 "
		 "auth-null auth-never"},
		{"libreswan modes",
		 "ikev1 ikev2 transport intermediate aggressive ms-dh-downgrade "
		 "pfs-rekey-workaround dns-match-id allow-cert-without-san-id sha2-truncbug "
		 "dont-share-lease narrowing fragmentation ikepad esn decap-dscp encap-dscp "
		 "nopmtudisc encapsulation encaps nat-keepalive ikev1-natt mobike "
		 "session-resumption send-supported-auth-methods initial-contact cisco-unity "
		 "fake-strongswan reject-simultaneous-ike-auth tcp tcp-remote-port nic-offload "
		 "nm-configured remote-peer-type iptfs iptfs-max-queue-size ipsec-interface "
		 "vti-interface vti-iface vti-routing vti-shared conn-mark conn-mark-in "
		 "conn-mark-out nflog-group reqid priority tfc "
		 "send-esp-tfc-padding-not-supported replay-window"},
		{"libreswan shunts", "negodrop negohold negopass failhold"},
		{"libreswan lifetimes",
		 "ipsec-lifetime ipsec-max-bytes ipsec-max-packets retransmit-timeout "
		 "retransmit-interval reauth"},
		{"libreswan rest",
		 "ah send-redirect accept-redirect accept-redirect-to modecfgdns modecfgdomains "
		 "modecfgbanner xauthby xauthfail ignore-peer-dns sendca debug no-debug impair "
		 "no-impair magic ikev1-allow ikev2-allow ikev2-propose ikefrag-allow "
		 "ikefrag-force no-esn allow-narrowing send-no-esp-tfc ddos-busy ddos-unlimited "
		 "ddos-auto authby vtiip initialcontact cisco_unity no-nat-keepalive"},
	};

	assert_false(is_known("no-such-option"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *copy = strdup(rows[i].options), *rest = copy;

		for (char *option = strsep(&rest, " "); option; option = strsep(&rest, " ")) {
			test_row(i, "%s: --%s", rows[i].group, option);
			assert_true(is_known(option));
		}
		free(copy);
	}
}

/* What ipsec.conf takes with a note is taken with the same note. */
static void words_without_effect_are_noted(void **state)
{
	static const struct {
		const char *words, *notes;
	} rows[] = {
		{"--certtype x509", "note: --certtype has no effect: X.509 is the one kind"},
		{"--compress", ""},
		{"--compress=no", ""},
		{"--mobike", "note: --mobike has no effect: "},
		{"--narrowing yes", "note: --narrowing has no effect: "},
		{"--allow-narrowing", "note: --allow-narrowing has no effect: "},
		{"--nm_configured", "note: --nm_configured has no effect: "},
		{"--modecfgpull", "note: --modecfgpull has no effect: "},
		{"--disablearrivalcheck", "note: --disablearrivalcheck has no effect: "},
		{"--remote_peer_type cisco", "note: --remote_peer_type has no effect: "},
		{"--nic-offload auto", ""},
		{"--firstmsgid 7", "note: --firstmsgid has no effect: "},
		{"--cisco_unity", "note: --cisco_unity has no effect: "},
		{"--pfsgroup modp2048", "warning: --pfsgroup has no effect: name the group in"},
		{"--sha2-truncbug no", ""},
		{"--aggrmode=no", ""},
		{"--ikev2-allow --ikev2-propose", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[512], storage[512], *argv[WORDS_MAX];
		struct whack_options o;
		struct diag why;
		int argc;

		snprintf(line, sizeof(line), "--name net --psk %s " ENDS, rows[i].words);
		argc = cut(line, storage, argv);
		test_row(i, "%s", rows[i].words);
		assert_int_equal(options_parse(argc, argv, &o, &why), CYG_OK);
		assert_int_equal(strncmp(text_str(&o.notes), rows[i].notes,
					 strlen(rows[i].notes)),
				 0);
		assert_int_equal(*text_str(&o.notes) != 0, *rows[i].notes != 0);
		options_done(&o);
	}
}

/* What ipsec.conf has a reason for needs none of whack's own. */
static void assert_in_one_table(const char *options)
{
	char *copy = strdup(options), *rest = copy;

	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
		test_row(0, "%s", word);
		assert_null(whack_keyword(word));
	}
	free(copy);
}

/* A reason says something, and hides nothing that works. */
static void reasons_are_of_what_is_not_built(void **state)
{
	const char *options, *why;
	size_t rows = 0;

	while (whack_unbuilt_doc(rows, &options, &why)) {
		test_row(rows++, "%s", options);
		assert_true(strlen(options) && strlen(why) > 10);
		assert_int_equal(whack_action_find(options), ACTIONS);
		assert_null(field_by_option(options));
		assert_in_one_table(options);
	}
	assert_true(rows > 20);
}

static bool parse_once(void *ctx)
{
	char storage[512], *argv[WORDS_MAX];
	struct whack_options o;
	struct diag why;
	int argc = cut("--name net --psk --rsasig " ENDS, storage, argv);
	enum cyg_err err = options_parse(argc, argv, &o, &why);

	options_done(&o);
	return err != CYG_NOMEM;
}

static void short_memory_is_an_error(void **state)
{
	test_each_allocation_failing(parse_once, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_command_lines_are_refused),
		cmocka_unit_test(the_way_to_prove_oneself_may_be_said_otherwise),
		cmocka_unit_test(actions_are_understood),
		cmocka_unit_test(each_end_gets_its_own),
		cmocka_unit_test(the_order_of_words_does_not_matter),
		cmocka_unit_test(every_field_can_be_said),
		cmocka_unit_test(flags_name_fields_and_values_that_exist),
		cmocka_unit_test(no_option_of_others_is_unknown),
		cmocka_unit_test(words_without_effect_are_noted),
		cmocka_unit_test(reasons_are_of_what_is_not_built),
		cmocka_unit_test(short_memory_is_an_error),
	};

	return RUN_TESTS("whack/options", tests);
}
