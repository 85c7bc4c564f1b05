/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as ipsec.conf: it ends, every connection is read or refused with a reason, and nothing leaks. */
#include "conf/conf.h"
#include "conf/ca.h"
#include "conn/field.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is asked for explaining: it has an answer for every connection, whole or faulty. */
static void explain(const struct conf *conf, const char *name)
{
	struct conf_origin o;
	char text[512];

	for (size_t i = 0; i < conn_fields_len; i++) {
		assert(conf_origin(conf, name, &conn_fields[i], i & 1, &o));
		assert(*conf_origin_print(&o, text, sizeof(text)));
	}
	assert(conf_conn_place(conf, name, &o));
}

static void read_authorities(const struct conf *conf, struct problems *problems)
{
	const char *name;

	for (size_t i = 0; i < 16 && (name = conf_ca_name(conf, i)); i++) {
		struct diag why = {0};
		struct conf_ca ca;

		if (conf_ca(conf, name, &ca, problems, &why))
			assert(diag_is_set(&why));
		else
			assert(ca.says.cacert);
	}
}

/* Who asks for one connection gets it as the whole file has it. */
static void read_alone(struct view text, const char *name, enum cyg_err err,
		       const struct connection *want)
{
	char *names[] = {(char *)name};
	struct connection *c = NULL;
	struct conf *conf;

	if (conf_parse_for(text, "/nonexistent-folder/ipsec.conf", names, 1, &conf, NULL))
		return;
	assert(conf_connection(conf, name, &c, NULL, NULL) == err);
	assert(!c || connection_equal(c, want));
	connection_unref(c);
	conf_free(conf);
}

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
		if (i < 4)
			read_alone(view_of(data, size), name, err, c);
		connection_unref(c);
		conf_conn_start(conf, name);
		if (i < 2)
			explain(conf, name);
	}
	read_authorities(conf, &problems);
	for (size_t i = 0; i < problems.len && i < 16; i++) {
		struct text shown = {0};

		problem_show(&problems.items[i], &shown);
		text_done(&shown);
	}
	conf_free(conf);
	problems_done(&problems);
	return 0;
}
