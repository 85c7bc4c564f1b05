/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed of a connection reads back as an equal one, whatever text it was read from. */
#include "conf/conf.h"
#include "ipsec/conf_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const struct connection *c)
{
	struct problems problems = {0};
	struct text out = {0};
	struct connection *again;
	struct conf *conf;
	struct diag why;

	conf_text_connection(c, &out);
	assert(!conf_parse(view_of(text_str(&out), out.len), "/nonexistent-folder/ipsec.conf",
			   &conf, &problems));
	assert(!conf_connection(conf, c->name, &again, &problems, &why));
	assert(connection_equal(c, again));
	connection_unref(again);
	conf_free(conf);
	problems_done(&problems);
	text_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf;
	const char *name;

	if (size > 8192 ||
	    conf_parse(view_of(data, size), "/nonexistent-folder/ipsec.conf", &conf, NULL))
		return 0;
	for (size_t i = 0; i < 16 && (name = conf_conn_name(conf, i)); i++) {
		struct connection *c;
		struct diag why;

		if (conf_connection(conf, name, &c, NULL, &why))
			continue;
		read_back(c);
		connection_unref(c);
	}
	conf_free(conf);
	return 0;
}
