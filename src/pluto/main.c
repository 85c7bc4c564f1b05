/* SPDX-License-Identifier: Apache-2.0 */
/* pluto: the IKE daemon. From the command line to a daemon that runs, and its exit status. */
#include "buildinfo.h"
#include "pluto/background.h"
#include "pluto/daemon.h"
#include "pluto/listen.h"
#include "pluto/peer_cred.h"
#include "pluto/planes.h"
#include "pluto/predecessor.h"
#include "pluto/privilege.h"

#include "base/secret.h"
#include "net/net.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int complain(const struct diag *why, int status)
{
	char text[2048];

	fprintf(stderr, "pluto: %s\n", diag_print(why, text, sizeof(text)));
	return status;
}

static int print_help(void)
{
	struct text t = {0};

	settings_help(&t);
	fputs(text_str(&t), stdout);
	text_done(&t);
	return fflush(stdout) ? EXIT_FAIL : 0;
}

/* The daemon's folder becomes "/": a relative name is made whole before. */
static char *absolute(const char *folder, const char *name)
{
	struct text t = {0};
	char cwd[PATH_MAX] = "";

	if ((folder ? folder : name)[0] != '/' && getcwd(cwd, sizeof(cwd)))
		text_add(&t, "%s/", cwd);
	if (folder)
		text_add(&t, "%s/", folder);
	text_add_str(&t, name);
	return text_take(&t);
}

static bool find_group(const struct settings *s, gid_t *ret, struct diag *why)
{
	*ret = (gid_t)-1;
	if (!s->group || group_find(s->group, ret))
		return true;
	diag_set(why, "usage", NULL, "there is no group \"%s\"", s->group);
	return false;
}

static enum cyg_err check_settings(const struct settings *s, struct diag *why)
{
	if (listen_valid(s->listen))
		return CYG_OK;
	diag_set(why, "usage", NULL, "--listen wants IP addresses, comma separated");
	diag_got(why, "%s", s->listen);
	return CYG_RANGE;
}

/* From here on there may be a parent that waits: every way out tells it. */
static int run(struct daemon *d, int waiting, gid_t group)
{
	int control = -1, status = EXIT_SOCKET;
	struct diag why;

	diag_clear(&why);
	if (rundir_listen(&d->rundir, group, &control, &why) ||
	    rundir_write_pid(&d->rundir, &why))
		goto fail;
	status = EXIT_FAIL;
	if (privilege_drop(&why))
		goto fail;
	secret_forbid_dumps();
	if (daemon_start(d, control, group, &status, &why))
		goto fail;
	log_say(d->log, REPORT_NOTICE, "Cygnet pluto %s, control socket %s/pluto.ctl",
		CYGNET_VERSION, d->rundir.path);
	log_say(d->log, REPORT_NOTICE, "plane %s, %s", d->plane->caps.name, d->plane_why);
	background_ready(waiting, 0, d->settings.log_stderr);
	daemon_run(d);
	return 0;
fail:
	log_diag(d->log, REPORT_ERROR, &why);
	if (!d->settings.log_stderr)
		complain(&why, 0);
	rundir_close(&d->rundir, true);
	background_ready(waiting, status, true);
	return status;
}

/* Open what must be ours alone, and go to the background. */
static int start(struct daemon *d, gid_t group)
{
	struct entropy system = entropy_system();
	int waiting = -1;
	struct diag why;

	diag_clear(&why);
	if (log_open(&d->settings, &system, &d->log, &why))
		return complain(&why, EXIT_FAIL);
	if (rundir_open(d->settings.rundir, &d->rundir, &why))
		return complain(&why, EXIT_SOCKET);
	switch (rundir_lock(&d->rundir, &why)) {
	case CYG_OK:
		break;
	case CYG_EXISTS:
		return complain(&why, EXIT_LOCKED);
	default:
		return complain(&why, EXIT_SOCKET);
	}
	if (!d->settings.foreground && background_start(&waiting)) {
		diag_set(&why, "fork", NULL, "can't go to the background");
		return complain(&why, EXIT_FORK);
	}
	return run(d, waiting, group);
}

/* At the start an address may be yet to come; what takes the place of one that runs needs it now. */
static enum cyg_err check_listen(const struct settings *s, struct diag *why)
{
	struct host_view view = {0};
	struct net *net = NULL;
	enum cyg_err err = s->listen && *s->listen ? net_open(&net, why) : CYG_OK;

	if (net)
		err = listen_filter(s->listen, net_view(net), &view);
	if (net && !err && !view.addresses_len) {
		diag_set(why, "listen", NULL,
			 "no address of --listen (listen=) is one of this host's");
		diag_got(why, "%s", s->listen);
		err = CYG_NOTFOUND;
	}
	free((void *)view.addresses);
	net_close(net);
	return err;
}

/* All that a start may fail of and that can be tried beside one that runs. */
static int check(const struct settings *s)
{
	struct entropy system = entropy_system();
	struct log *log = NULL;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = log_open(s, &system, &log, &why);
	if (!err)
		err = planes_probe(s->plane, &why);
	if (!err)
		err = check_listen(s, &why);
	log_close(log);
	if (err && !diag_is_set(&why))
		diag_set(&why, "plane", NULL, "plane=%s can't be used: %s", s->plane,
			 cyg_err_text(err));
	return err ? complain(&why, EXIT_FAIL) : 0;
}

int main(int argc, char **argv)
{
	static struct daemon daemon; /* the only one */
	struct diag why;
	gid_t group;
	int status;

	diag_clear(&why);
	if (settings_parse(argc, argv, &daemon.settings, &why) ||
	    check_settings(&daemon.settings, &why) ||
	    !find_group(&daemon.settings, &group, &why))
		return complain(&why, EXIT_FAIL);
	if (daemon.settings.help)
		return print_help();
	if (daemon.settings.version) {
		printf("Cygnet pluto %s\n", CYGNET_VERSION);
		return 0;
	}
	if (daemon.settings.check)
		return check(&daemon.settings);
	if (daemon.settings.cleanup) {
		status = predecessor_cleanup(&daemon.settings, &why);
		return status ? complain(&why, status) : 0;
	}
	daemon.secrets_path = daemon.settings.secrets
				      ? absolute(NULL, daemon.settings.secrets)
				      : absolute(daemon.settings.confs, "ipsec.secrets");
	daemon.policies_path = absolute(daemon.settings.confs, "ipsec.d/policies");
	daemon.ipsecd_path = absolute(daemon.settings.confs, "ipsec.d");
	if (!daemon.secrets_path || !daemon.policies_path || !daemon.ipsecd_path)
		return EXIT_FAIL;
	status = start(&daemon, group);
	log_close(daemon.log);
	free(daemon.secrets_path);
	free(daemon.policies_path);
	free(daemon.ipsecd_path);
	return status;
}
