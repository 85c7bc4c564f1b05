/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/verify.h"

#include "tests/unit/support/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a machine that is a folder ---- */

static char root[64];

static int tun_error, netlink_error, esp_error, nftables_error, random_error;

static int open_tun(const char *path)
{
	assert_non_null(strstr(path, "/dev/net/tun"));
	return tun_error;
}

static int netlink(int protocol)
{
	return netlink_error;
}

static int esp_state(void)
{
	return esp_error;
}

static int nftables(void)
{
	return nftables_error;
}

static int random_ready(void)
{
	return random_error;
}

static struct verify_machine machine(void)
{
	return (struct verify_machine){
		.root = root,
		.confs = "/etc",
		.rundir = "/run/pluto",
		.is_root = true,
		.now = 1800000000,
		.conf_read = true,
		.open_tun = open_tun,
		.netlink = netlink,
		.esp_state = esp_state,
		.nftables = nftables,
		.random = random_ready,
	};
}

static const char *below(const char *path)
{
	static char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return whole;
}

static void make_folders(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s", below(path));
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(whole, 0755);
		*at = '/';
	}
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *out;

	make_folders(path);
	unlink(below(path));
	out = fopen(below(path), "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(below(path), mode), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	strcpy(root, "/tmp/cygnet-verify-XXXXXX");
	tun_error = netlink_error = esp_error = nftables_error = random_error = 0;
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct verify_result ask(const struct verify_machine *m, const char *name)
{
	struct verify_result r = {.level = VERIFY_OK};

	for (const struct verify_check *c = verify_checks; c->name; c++) {
		if (strcmp(c->name, name) != 0)
			continue;
		c->run(m, &r);
		/* Whoever is told that something is wrong is told what to do. */
		assert_true(r.level != VERIFY_FAILED || (*r.said && *r.to_do));
		assert_true(r.level != VERIFY_WARNING || *r.said);
		return r;
	}
	fail_msg("there is no check %s", name);
	return r;
}

static void assert_level(const struct verify_machine *m, const char *name,
			 enum verify_level want)
{
	struct verify_result r = ask(m, name);

	if (r.level != want)
		fail_msg("%s: got %d (%s), want %d", name, r.level, r.said, want);
}

static void assert_says(const struct verify_machine *m, const char *name, const char *part)
{
	struct verify_result r = ask(m, name);

	if (!strstr(r.said, part) && !strstr(r.to_do, part))
		fail_msg("%s: \"%s\" is not in \"%s\", \"%s\"", name, part, r.said, r.to_do);
}

/* ---- the kernel ---- */

static void a_bare_machine_is_survived(void **state)
{
	struct verify_machine m = machine();

	for (const struct verify_check *c = verify_checks; c->name; c++)
		ask(&m, c->name);
	m.root = "/nowhere/at/all";
	for (const struct verify_check *c = verify_checks; c->name; c++)
		ask(&m, c->name);
}

static void the_kernel(void **state)
{
	struct verify_machine m = machine();

	assert_level(&m, "kernel", VERIFY_WARNING);
	put("/proc/sys/kernel/osrelease", "6.1.0-9-amd64\n", 0444);
	assert_says(&m, "kernel", "Linux 6.1.0-9-amd64");
	assert_level(&m, "tun", VERIFY_OK);
	tun_error = ENOENT;
	assert_says(&m, "tun", "mknod");
	tun_error = ENODEV;
	assert_says(&m, "tun", "modprobe tun");
	tun_error = EPERM;
	assert_level(&m, "tun", VERIFY_FAILED);
	m.is_root = false;
	assert_level(&m, "tun", VERIFY_NONE);
	assert_level(&m, "privilege", VERIFY_WARNING);
}

static void what_the_kernel_has(void **state)
{
	struct verify_machine m = machine();

	assert_says(&m, "xfrm", "it takes ESP states");
	esp_error = EPROTONOSUPPORT;
	assert_says(&m, "xfrm", "modprobe esp4 esp6");
	esp_error = EPERM;
	m.is_root = false;
	assert_says(&m, "xfrm", "only root can tell");
	m.is_root = true;
	netlink_error = EPROTONOSUPPORT;
	assert_level(&m, "xfrm", VERIFY_NONE);
	assert_level(&m, "nftables", VERIFY_OK);
	nftables_error = EPERM;
	assert_level(&m, "nftables", VERIFY_WARNING);
	m.is_root = false;
	assert_level(&m, "nftables", VERIFY_NONE);
	assert_level(&m, "modules", VERIFY_OK);
	put("/sys/module/ipsec/x", "", 0444);
	assert_says(&m, "modules", "modprobe -r ipsec");
}

static void a_log_that_is_lost_is_told(void **state)
{
	struct verify_machine m = machine();

	assert_level(&m, "log", VERIFY_WARNING);
	m.has_log = true;
	assert_level(&m, "log", VERIFY_OK);
	m.has_log = false;
	put("/dev/log", "", 0666);
	assert_says(&m, "log", "syslog");
}

static void time_and_chance(void **state)
{
	struct verify_machine m = machine();

	assert_says(&m, "clock", "2027-01-15 08:00:00 UTC");
	m.now = 3;
	assert_level(&m, "clock", VERIFY_FAILED);
	m.now = INT64_MAX;
	assert_level(&m, "clock", VERIFY_FAILED);
	assert_level(&m, "entropy", VERIFY_OK);
	put("/proc/sys/kernel/random/entropy_avail", "12\n", 0444);
	assert_level(&m, "entropy", VERIFY_WARNING);
	put("/proc/sys/kernel/random/entropy_avail", "256\n", 0444);
	put("/dev/hwrng", "", 0444);
	assert_says(&m, "entropy", "hardware");
	random_error = EAGAIN;
	assert_level(&m, "entropy", VERIFY_FAILED);
}

/* ---- the network ---- */

static void set_all(const char *setting, const char *all, const char *eth0, const char *eth1)
{
	char path[128];
	const char *const names[] = {"all", "eth0", "eth1"};
	const char *const values[] = {all, eth0, eth1};

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", names[i],
			 setting);
		put(path, values[i], 0644);
	}
}

static void settings_of_interfaces(void **state)
{
	static const struct {
		const char *check, *all, *eth0, *eth1;
		enum verify_level want;
		const char *names;
	} cases[] = {
		{"rp_filter", "0", "0", "0", VERIFY_OK, ""},
		{"rp_filter", "0", "1", "0", VERIFY_WARNING, "eth0: "},
		{"rp_filter", "2", "1", "1", VERIFY_OK, ""},
		{"rp_filter", "1", "2", "2", VERIFY_WARNING, "all: "},
		{"send_redirects", "0", "0", "0", VERIFY_OK, ""},
		{"send_redirects", "0", "0", "1", VERIFY_WARNING, "eth1: "},
		{"send_redirects", "1", "1", "1", VERIFY_WARNING, "eth0 eth1: "},
		{"send_redirects", "1", "0", "0", VERIFY_WARNING, "all: "},
		{"accept_redirects", "0", "0", "0", VERIFY_OK, ""},
		{"accept_redirects", "0", "1", "0", VERIFY_WARNING, "eth0: "},
		{"accept_redirects", "x", "", "0", VERIFY_OK, ""}, /* no numbers */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct verify_machine m = machine();

		test_row(i, "%s %s %s %s", cases[i].check, cases[i].all, cases[i].eth0,
			 cases[i].eth1);
		set_all(cases[i].check, cases[i].all, cases[i].eth0, cases[i].eth1);
		assert_level(&m, cases[i].check, cases[i].want);
		assert_says(&m, cases[i].check, cases[i].names);
	}
}

/* Of both families, and without the loopback, which has them by nature. */
static void settings_that_undo_ipsec(void **state)
{
	static const char *const checks[] = {"disable_xfrm", "disable_policy"};
	struct verify_machine m = machine();
	char path[128];

	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		test_row(i, "%s", checks[i]);
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/lo/%s", checks[i]);
		put(path, "1\n", 0644);
		set_all(checks[i], "0", "0", "x");
		assert_level(&m, checks[i], VERIFY_OK);
		set_all(checks[i], "0", "0", "1");
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/eth0.7/%s", checks[i]);
		put(path, "1\n", 0644);
		assert_level(&m, checks[i], VERIFY_WARNING);
		assert_says(&m, checks[i], "net.ipv4.conf.eth1.");
		assert_says(&m, checks[i], "net.ipv6.conf.eth0/7.");
	}
}

static void forwarding(void **state)
{
	struct verify_machine m = machine();

	put("/sys/class/net/lo/x", "", 0444);
	put("/sys/class/net/eth0/x", "", 0444);
	put("/proc/sys/net/ipv4/ip_forward", "0\n", 0444);
	assert_level(&m, "forwarding", VERIFY_NONE);
	put("/sys/class/net/eth1/x", "", 0444);
	assert_level(&m, "forwarding", VERIFY_WARNING);
	put("/proc/sys/net/ipv4/ip_forward", "1\n", 0444);
	assert_level(&m, "forwarding", VERIFY_OK);
}

#define UDP_HEAD \
	"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

static void ports(void **state)
{
	struct verify_machine m = machine();

	put("/proc/net/udp", UDP_HEAD, 0444);
	assert_says(&m, "port-500", "free");
	m.pid = 77;
	assert_level(&m, "port-500", VERIFY_WARNING);
	put("/proc/net/udp",
	    UDP_HEAD
	    " 2405: 00000000:01F4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n"
	    " 2406: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0 0\n",
	    0444);
	make_folders("/proc/77/fd/x");
	assert_int_equal(symlink("socket:[4711]", below("/proc/77/fd/5")), 0);
	assert_says(&m, "port-500", "pluto's");
	assert_level(&m, "port-4500", VERIFY_WARNING);
	m.pid = 0;
	put("/proc/77/comm", "charon\n", 0444);
	assert_level(&m, "port-500", VERIFY_FAILED);
	assert_says(&m, "port-500", "taken by charon (process 77)");
	unlink(below("/proc/77/fd/5"));
	assert_says(&m, "port-500", "taken by another program");
	m.pid = 78;
	m.is_root = false;
	assert_level(&m, "port-500", VERIFY_NONE);
	put("/proc/net/udp", "nonsense\n:::\n 1: 00:1F4 x\n", 0444);
	m.pid = 0;
	assert_level(&m, "port-500", VERIFY_OK);
}

/* ---- files and the daemon ---- */

static void files(void **state)
{
	static const struct {
		const char *check, *path;
		mode_t mode;
		enum verify_level want;
	} cases[] = {
		{"ipsec.conf", "/etc/ipsec.conf", 0644, VERIFY_OK},
		{"ipsec.conf", "/etc/ipsec.conf", 0666, VERIFY_FAILED},
		{"ipsec.secrets", "/etc/ipsec.secrets", 0600, VERIFY_OK},
		{"ipsec.secrets", "/etc/ipsec.secrets", 0640, VERIFY_WARNING},
		{"ipsec.secrets", "/etc/ipsec.secrets", 0644, VERIFY_FAILED},
		{"ipsec.secrets", "/etc/ipsec.secrets", 0620, VERIFY_FAILED},
	};
	struct verify_machine m = machine();

	assert_level(&m, "ipsec.conf", VERIFY_FAILED);
	assert_level(&m, "ipsec.secrets", VERIFY_WARNING);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		test_row(i, "%s %04o", cases[i].path, (unsigned)cases[i].mode);
		put(cases[i].path, "", cases[i].mode);
		assert_level(&m, cases[i].check, cases[i].want);
	}
}

static void folders(void **state)
{
	struct verify_machine m = machine();

	assert_level(&m, "private", VERIFY_NONE);
	make_folders("/etc/ipsec.d/private/x");
	assert_level(&m, "private", VERIFY_FAILED);
	chmod(below("/etc/ipsec.d/private"), 0750);
	assert_level(&m, "private", VERIFY_WARNING);
	chmod(below("/etc/ipsec.d/private"), 0700);
	assert_level(&m, "private", VERIFY_OK);
	put("/etc/ipsec.d/private/east.pem", "key", 0644);
	assert_level(&m, "private", VERIFY_WARNING);
	chmod(below("/etc/ipsec.d/private/east.pem"), 0600);
	assert_level(&m, "private", VERIFY_OK);
	assert_level(&m, "rundir", VERIFY_NONE);
	make_folders("/run/pluto/x");
	assert_level(&m, "rundir", VERIFY_OK);
	chmod(below("/run/pluto"), 0777);
	assert_level(&m, "rundir", VERIFY_FAILED);
	rmdir(below("/run/pluto"));
	put("/run/pluto", "", 0644);
	assert_level(&m, "rundir", VERIFY_FAILED);
}

static void the_daemon(void **state)
{
	static const enum verify_level want[] = {
		[SERVICE_STOPPED] = VERIFY_WARNING,
		[SERVICE_RUNNING] = VERIFY_OK,
		[SERVICE_DENIED] = VERIFY_NONE,
		[SERVICE_DEAF] = VERIFY_FAILED,
	};
	struct verify_machine m = machine();

	for (size_t i = 0; i < COUNT_OF(want); i++) {
		m.service = (uint8_t)i;
		assert_level(&m, "pluto", want[i]);
	}
	assert_level(&m, "config", VERIFY_OK);
	m.warnings = 1;
	assert_level(&m, "config", VERIFY_WARNING);
	m.errors = 1;
	assert_level(&m, "config", VERIFY_FAILED);
	m.conf_read = false;
	assert_level(&m, "config", VERIFY_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_bare_machine_is_survived),
		TEST(the_kernel),
		TEST(what_the_kernel_has),
		TEST(a_log_that_is_lost_is_told),
		TEST(time_and_chance),
		TEST(settings_of_interfaces),
		TEST(settings_that_undo_ipsec),
		TEST(forwarding),
		TEST(ports),
		TEST(files),
		TEST(folders),
		TEST(the_daemon),
#undef TEST
	};

	return RUN_TESTS("ipsec/verify", tests);
}
