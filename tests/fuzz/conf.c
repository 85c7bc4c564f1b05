/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as ipsec.conf: it ends, every connection is read or refused with a reason, and nothing leaks. */
#include "conf/conf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct conf *conf;
	const char *name;

	if (size > 65536 ||
	    conf_parse(view_of(data, size), "/nonexistent-folder/ipsec.conf", &conf, &problems))
		return 0;
	for (size_t i = 0; i < 64 && (name = conf_conn_name(conf, i)); i++) {
		struct connection *c = NULL;
		struct diag why = {0};
		enum cyg_err err = conf_connection(conf, name, &c, &problems, &why);

		assert(!err == (c != NULL));
		assert(!err || diag_is_set(&why));
		connection_unref(c);
		conf_conn_start(conf, name);
	}
	conf_free(conf);
	problems_done(&problems);
	return 0;
}
