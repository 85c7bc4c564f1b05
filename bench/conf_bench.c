/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and checking ipsec.conf costs: one file, and many included; bench/conf_bench [COUNT]. */
#include "bench/clock.h"

#include "conf/conf.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PER_FILE 10 /* connections of an included file */

static void die(const char *what)
{
	fprintf(stderr, "conf_bench: %s failed\n", what);
	exit(1);
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fchmod(fileno(f), 0600))
		die(path);
	return f;
}

static void put_head(FILE *f)
{
	fputs("config setup\n\tuniqueids=yes\n\n"
	      "conn %default\n\tauthby=secret\n\tikelifetime=3h\n"
	      "\tike=aes256-sha2_512-modp4096\n\tesp=aes_gcm256\n\n",
	      f);
}

static void put_connection(FILE *f, unsigned i)
{
	unsigned a = i >> 16, b = i >> 8 & 255, c = i & 255;

	fprintf(f,
		"conn branch-%u\n\tleft=%%defaultroute\n\tleftid=@hub.example.com\n"
		"\tleftsubnet=10.0.0.0/16\n\tright=198.%u.%u.%u\n"
		"\trightid=@branch-%u.example.com\n\trightsubnet=172.%u.%u.%u/32\n"
		"\tauto=add\n\n",
		i, 18 + a, b, c, i, 16 + a, b, c);
}

static void write_one(const char *folder, unsigned count)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/one.conf", folder);
	f = create(path);
	put_head(f);
	for (unsigned i = 0; i < count; i++)
		put_connection(f, i);
	fclose(f);
}

static void write_many(const char *folder, unsigned count)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/many.conf", folder);
	f = create(path);
	put_head(f);
	fputs("include part-*.conf\n", f);
	fclose(f);
	for (unsigned i = 0; i < count; i += PER_FILE) {
		snprintf(path, sizeof(path), "%s/part-%06u.conf", folder, i / PER_FILE);
		f = create(path);
		for (unsigned k = i; k < i + PER_FILE && k < count; k++)
			put_connection(f, k);
		fclose(f);
	}
}

/* Every connection resolved and checked, and let go again. */
static void check_all(const struct conf *c, unsigned count)
{
	const char *name;
	unsigned n = 0;

	for (; (name = conf_conn_name(c, n)); n++) {
		struct connection *conn;
		struct diag why;

		if (conf_connection(c, name, &conn, NULL, &why))
			die(why.sentence);
		connection_unref(conn);
	}
	if (n != count)
		die("finding all connections");
}

static void read_and_check(const char *folder, const char *name, unsigned count, unsigned files)
{
	struct problems problems = {0};
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double start = cpu_now(), read;
	char path[64];
	struct conf *c;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (conf_read(path, &c, &problems) || problems.len)
		die(path);
	read = cpu_now();
	check_all(c, count);
	printf("conf    read and check   %7u connections in %5u files  %6.0f + %.0f ms of CPU  "
	       "%4zu octets each\n",
	       count, files, 1e3 * (read - start), 1e3 * (cpu_now() - read),
	       (mallinfo2().uordblks + mallinfo2().hblkhd - before) / count);
	conf_free(c);
	problems_done(&problems);
}

static void clean(const char *folder, unsigned count)
{
	char path[64];

	for (unsigned i = 0; i < count; i += PER_FILE) {
		snprintf(path, sizeof(path), "%s/part-%06u.conf", folder, i / PER_FILE);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/one.conf", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/many.conf", folder);
	unlink(path);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	unsigned count = count_argument(argc, argv, 1, 100000, 1000000);
	char folder[] = "/tmp/conf_bench.XXXXXX";

	if (!mkdtemp(folder))
		die("mkdtemp");
	write_one(folder, count);
	write_many(folder, count);
	read_and_check(folder, "one.conf", count, 1);
	read_and_check(folder, "many.conf", count, 1 + (count + PER_FILE - 1) / PER_FILE);
	clean(folder, count);
	return 0;
}
