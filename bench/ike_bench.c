/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the protocol core costs a responder: CPU for a handshake (IKE SA and
 * first CHILD SA; PSK, X25519, AES-GCM) and where it goes, memory for an
 * established tunnel, and whether loaded connections slow a handshake. Prints
 * "name value" lines for bench/run.
 *
 *	ike_bench [cpu|shares|memory|loaded|add]... (all)
 *
 * ike_bench spin N brings up N tunnels and prints nothing: for a profiler.
 * ike_bench kernel N brings up N tunnels at a responder with the kernel's ESP
 * (tests/booted/boot where this kernel has none), in a network namespace of its own.
 */
#include "bench/clock.h"
#include "bench/rig.h"
#include "bench/tally.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 250

static void figure(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
	fflush(stdout);
}

static struct rig *rig_of(size_t tunnels, enum rig_plane plane, bool site_to_site, size_t idle)
{
	return rig_new(&(struct rig_plan){tunnels, plane, site_to_site, idle});
}

static void up_all(struct rig *r, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i += BATCH)
		rig_up(r, first + i, n - i < BATCH ? n - i : BATCH);
}

/*
 * The responder's CPU seconds for one tunnel, in the quickest of several
 * batches: what else runs on this machine only adds. Before that one batch to
 * warm up.
 */
static double cpu_of_one(struct rig *r, size_t batches, size_t batch)
{
	double least = 0;

	rig_up(r, 0, batch);
	for (size_t i = 0; i < batches; i++) {
		double before = rig_spent(r).cpu_s, each;

		rig_up(r, (i + 1) * batch, batch);
		each = (rig_spent(r).cpu_s - before) / (double)batch;
		if (!i || each < least)
			least = each;
	}
	return least;
}

static void bench_cpu(void)
{
	enum { BATCHES = 15, TUNNELS = (BATCHES + 1) * BATCH };
	struct rig *r = rig_of(TUNNELS, RIG_PLANE_MEMORY, false, 0);
	double begin = cpu_now();

	figure("responder_cpu_us", cpu_of_one(r, BATCHES, BATCH) * 1e6);
	figure("handshakes_per_second_both_ends", TUNNELS / (cpu_now() - begin));
	rig_free(r);
}

/* The rig lets the tally run in the responder's turns alone. */
static void bench_shares(void)
{
	static const char *const names[TALLY_ROOMS] = {
		[TALLY_CORE] = "share_core_us",     [TALLY_PARSE] = "share_parse_us",
		[TALLY_CRYPTO] = "share_crypto_us", [TALLY_POLICY] = "share_policy_us",
		[TALLY_KE] = "share_ke_us",         [TALLY_AUTH] = "share_auth_us",
		[TALLY_PLANE] = "share_plane_us",
	};
	enum { TUNNELS = 4 * BATCH };
	struct rig *r = rig_of(TUNNELS, RIG_PLANE_MEMORY, false, 0);
	double ns[TALLY_ROOMS];

	tally_start();
	up_all(r, 0, TUNNELS);
	tally_stop(ns);
	for (size_t i = 0; i < TALLY_ROOMS; i++)
		if (names[i])
			figure(names[i], ns[i] / TUNNELS / 1e3);
	rig_free(r);
}

static void memory_of(bool site_to_site, const char *name)
{
	enum { WARM = BATCH, TUNNELS = 20000 };
	struct rig *r = rig_of(WARM + TUNNELS, RIG_PLANE_SILENT, site_to_site, 0);
	size_t before;

	up_all(r, 0, WARM);
	before = rig_spent(r).heap_octets;
	up_all(r, WARM, TUNNELS);
	figure(name, (double)(rig_spent(r).heap_octets - before) / TUNNELS);
	rig_free(r);
}

static void bench_memory(void)
{
	enum { TUNNELS = 2000 };
	struct rig *r;

	memory_of(false, "tunnel_octets_road_warrior");
	memory_of(true, "tunnel_octets_site_to_site");
	r = rig_of(TUNNELS, RIG_PLANE_MEMORY, false, 0);
	up_all(r, 0, TUNNELS);
	figure("memory_plane_octets", (double)rig_spent(r).plane_octets / TUNNELS);
	rig_free(r);
}

static void bench_loaded(void)
{
	enum { BATCHES = 15, EACH = 100 };
	static const size_t loads[] = {0, 10000, 100000};

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct rig *r = rig_of((BATCHES + 1) * EACH, RIG_PLANE_SILENT, false, loads[i]);
		char name[64];

		snprintf(name, sizeof(name), "responder_cpu_us_with_%zu_loaded", loads[i]);
		figure(name, cpu_of_one(r, BATCHES, EACH) * 1e6);
		rig_free(r);
	}
}

static void bench_add(void)
{
	static const size_t loads[] = {1000, 10000, 100000};

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct rig *r = rig_of(1, RIG_PLANE_SILENT, false, loads[i]);
		char name[64];

		snprintf(name, sizeof(name), "core_add_%zu_s", loads[i]);
		figure(name, rig_load_seconds(r));
		rig_free(r);
	}
}

static void spin(size_t tunnels)
{
	struct rig *r = rig_of(tunnels, RIG_PLANE_SILENT, false, 0);

	up_all(r, 0, tunnels);
	rig_free(r);
}

/* KiB that the kernel keeps for its own records. */
static double slab_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "Slab: %lu", &kib) != 1)
		;
	if (f)
		fclose(f);
	return (double)kib;
}

/* Whole tunnels: two cores that negotiate, and states, policies and routes of a real kernel. */
static int bench_kernel(size_t tunnels)
{
	struct rig_spent spent;
	double began, slab;
	struct rig *r;

	if (unshare(CLONE_NEWNET) ||
	    system("ip link set lo up && ip link add wire0 type veth peer name wire1 && ip addr "
		   "add 192.0.2.1/24 dev wire0 && ip link set wire0 up && ip link set wire1 up "
		   "&& ip route add 10.0.0.0/8 via 192.0.2.2")) {
		fprintf(stderr, "ike_bench: kernel needs root, ip and veth\n");
		return 1;
	}
	r = rig_of(tunnels, RIG_PLANE_XFRM, false, 0);
	slab = slab_kib();
	began = wall_now();
	up_all(r, 0, tunnels);
	spent = rig_spent(r);
	figure("kernel_up_s", wall_now() - began);
	figure("kernel_up_per_s", (double)tunnels / (wall_now() - began));
	figure("kernel_responder_cpu_us", spent.cpu_s * 1e6 / (double)tunnels);
	figure("kernel_heap_octets", (double)spent.heap_octets / (double)tunnels);
	figure("kernel_plane_octets", (double)spent.plane_octets / (double)tunnels);
	figure("kernel_slab_octets", (slab_kib() - slab) * 1024 / (double)tunnels);
	figure("kernel_established", (double)spent.established);
	began = wall_now();
	rig_free(r);
	figure("kernel_down_s", wall_now() - began);
	return 0;
}

static const struct {
	const char *name;
	void (*run)(void);
} benches[] = {
	{"cpu", bench_cpu},       {"shares", bench_shares}, {"memory", bench_memory},
	{"loaded", bench_loaded}, {"add", bench_add},
};

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "spin") == 0) {
		spin(count_argument(argc, argv, 2, 0, 1000000));
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "kernel") == 0)
		return bench_kernel(count_argument(argc, argv, 2, 0, 1000000));
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		bool asked = argc == 1;

		for (int j = 1; j < argc; j++)
			asked |= strcmp(argv[j], benches[i].name) == 0;
		if (asked)
			benches[i].run();
	}
	return 0;
}
