/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_VERIFY_H
#define IPSEC_VERIFY_H

#include "ipsec/paths.h"
#include "ipsec/service.h"

#include <stdint.h>

/*
 * `ipsec verify`: is this machine ready? A table of checks, each of them a
 * function of what it is shown: files below a root, and probes of the kernel.
 * Tests show it a folder and probes of their own.
 */
enum verify_level {
	VERIFY_OK,
	VERIFY_NONE, /* does not apply, or can't be told by who asks */
	VERIFY_WARNING,
	VERIFY_FAILED,
};

/* What a check found. */
struct verify_result {
	uint8_t level;   /* enum verify_level */
	char said[512];  /* what is so; "" when "ok" says it all */
	char to_do[512]; /* what a person would do; "" for nothing */
};

/* The machine as the checks see it. */
struct verify_machine {
	const char *root; /* stands before every path; "" for this machine */
	const char *confs, *rundir;
	bool is_root;
	int64_t now;             /* seconds since 1970 */
	uint8_t service;         /* enum service_state */
	long pid;                /* of pluto; 0: none */
	size_t errors, warnings; /* of ipsec.conf and ipsec.secrets */
	bool conf_read;          /* they could be checked */
	bool has_log;            /* logfile= is set */

	int (*open_tun)(const char *path); /* 0, or an errno */
	int (*netlink)(int protocol); /* whether such a socket can be made: 0, or an errno */
	int (*esp_state)(void);       /* whether the kernel takes an ESP state */
	int (*nftables)(void);        /* whether nf_tables answers */
	int (*random)(void);          /* whether random octets come at once */
};

struct verify_check {
	const char *name;  /* stable, for programs */
	const char *title; /* for people */
	void (*run)(const struct verify_machine *m, struct verify_result *r);
};

/* The table, ended by a row without a name. */
extern const struct verify_check verify_checks[];

/* `ipsec verify [--json] [CHECK ...]`; 0, 1 after a failure, 2 usage. argv[0] is "verify". */
int verify_main(int argc, char **argv, const struct paths *paths);

/* ---- for the checks: verify_kernel.c, verify_net.c, verify_files.c ---- */

/* Set what was found; the last one counts. */
void verify_say(struct verify_result *r, enum verify_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Set what is to be done. */
void verify_to_do(struct verify_result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The path below the root; false when it is too long. */
bool verify_path(const struct verify_machine *m, char *buf, size_t cap, const char *path);
/* The first line of a file, without its newline; false when it can't be read. */
bool verify_line(const struct verify_machine *m, const char *path, char *buf, size_t cap);
/* A file that holds a number; false when it can't be read, or holds none. */
bool verify_number(const struct verify_machine *m, const char *path, long *ret);
/* Something stands at the path. */
bool verify_exists(const struct verify_machine *m, const char *path);

/* The checks, as rows of the table. */
void verify_privilege(const struct verify_machine *m, struct verify_result *r);
void verify_kernel(const struct verify_machine *m, struct verify_result *r);
void verify_tun(const struct verify_machine *m, struct verify_result *r);
void verify_xfrm(const struct verify_machine *m, struct verify_result *r);
void verify_modules(const struct verify_machine *m, struct verify_result *r);
void verify_nftables(const struct verify_machine *m, struct verify_result *r);
void verify_log(const struct verify_machine *m, struct verify_result *r);
void verify_clock(const struct verify_machine *m, struct verify_result *r);
void verify_entropy(const struct verify_machine *m, struct verify_result *r);
void verify_forwarding(const struct verify_machine *m, struct verify_result *r);
void verify_rp_filter(const struct verify_machine *m, struct verify_result *r);
void verify_send_redirects(const struct verify_machine *m, struct verify_result *r);
void verify_accept_redirects(const struct verify_machine *m, struct verify_result *r);
void verify_disable_xfrm(const struct verify_machine *m, struct verify_result *r);
void verify_disable_policy(const struct verify_machine *m, struct verify_result *r);
void verify_port_500(const struct verify_machine *m, struct verify_result *r);
void verify_port_4500(const struct verify_machine *m, struct verify_result *r);
void verify_conf_file(const struct verify_machine *m, struct verify_result *r);
void verify_secrets_file(const struct verify_machine *m, struct verify_result *r);
void verify_private(const struct verify_machine *m, struct verify_result *r);
void verify_rundir(const struct verify_machine *m, struct verify_result *r);
void verify_pluto(const struct verify_machine *m, struct verify_result *r);
void verify_config(const struct verify_machine *m, struct verify_result *r);

#endif
