/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/sections.h"

#include "conf/ca.h"
#include "trust/trust.h"

#include <stdio.h>
#include <string.h>

/* What is wrong, each with its place; remarks are for checkconf. */
static void complain(const struct pki *p, struct problems *problems)
{
	char line[2048];

	for (size_t i = 0; i < problems->len; i++)
		if (problems->items[i].level == PROBLEM_ERROR)
			pki_complain(p, "%s",
				     diag_print(&problems->items[i].diag, line, sizeof(line)));
	problems_done(problems);
}

/* The folder that has ipsec.d, by the file's own name. */
static bool folder_of(const char *conf, char *buf, size_t cap)
{
	const char *slash = strrchr(conf, '/');
	int len = !slash ? snprintf(buf, cap, ".")
			 : snprintf(buf, cap, "%.*s", (int)(slash - conf), conf);

	return len >= 0 && (size_t)len < cap;
}

/* One whose certificate is not right is there without it, as it is in pluto. */
static bool take(const struct pki *p, const struct conf_ca *ca, const char *folder,
		 struct trust *t, int64_t now)
{
	struct bytes octets;
	enum cyg_err err;
	struct diag why;
	char path[4096];

	if (!conf_ca_file(&ca->says, folder, path, sizeof(path))) {
		pki_complain(p, "the name of the file of ca %s is too long", ca->says.name);
		return false;
	}
	if (!pki_read(p, path, &octets))
		return false;
	diag_clear(&why);
	err = trust_add_authority(t, &ca->says, view_bytes(&octets), now, &why);
	bytes_done(&octets);
	if (err && err != CYG_NOMEM)
		pki_explain(p, path, &why);
	return err != CYG_NOMEM;
}

static bool take_all(const struct pki *p, const struct conf *c, const char *folder,
		     struct trust *t, int64_t now)
{
	struct problems problems = {0};
	bool well = true;
	const char *name;

	for (size_t i = 0; well && (name = conf_ca_name(c, i)); i++) {
		struct conf_ca ca;
		struct diag why;

		well = !conf_ca(c, name, &ca, &problems, &why) &&
		       (!ca.load || take(p, &ca, folder, t, now));
	}
	complain(p, &problems);
	return well;
}

bool sections_take(const struct pki *p, const char *conf, struct trust *t, int64_t now)
{
	struct problems problems = {0};
	struct conf *c = NULL;
	char folder[4096];
	bool well;

	if (!folder_of(conf, folder, sizeof(folder))) {
		pki_complain(p, "%.100s...: the name of the file is too long", conf);
		return false;
	}
	well = !conf_read_cas(conf, &c, &problems);
	complain(p, &problems);
	well = well && take_all(p, c, folder, t, now);
	conf_free(c);
	return well;
}
