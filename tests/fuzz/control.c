/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets at pluto.ctl, and any answer at whack's end. The first octet says
 * how the stream is cut into reads. What is taken as a call comes through
 * encoding and parsing again as it was; what is refused says why. The quick
 * reader of JSON agrees with the library.
 */
#include "whack/frame.h"
#include "whack/json_in.h"
#include "whack/protocol.h"
#include "whack/report_line.h"
#include "whack/splice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encoding and parsing again gives the same call. */
static void check_again(const struct call *c)
{
	char *text = call_encode(c), *again;
	struct call_error e = {0};
	struct call second = {0};

	assert(text);
	assert(call_parse(view_str(text), &second, &e) == CYG_OK);
	assert(second.kind == c->kind && second.more == c->more && second.oneway == c->oneway);
	assert(!c->connection || connection_equal(c->connection, second.connection));
	again = call_encode(&second);
	assert(again && strcmp(text, again) == 0);
	free(again);
	free(text);
	call_done(&second);
}

static void read_twice(struct view message)
{
	json_t *quick = json_in(message);
	json_t *careful = json_loadb((const char *)message.ptr, message.len,
				     JSON_REJECT_DUPLICATES, NULL);

	assert(careful ? json_equal(quick, careful) : !quick);
	json_decref(quick);
	json_decref(careful);
}

static void take_call(struct view message)
{
	struct call_error e = {0};
	struct call c = {0};
	enum cyg_err err = call_parse(message, &c, &e);
	json_t *json;

	if (!err) {
		check_again(&c);
		call_done(&c);
	} else if (err != CYG_MALFORMED) {
		assert(e.error);
		json = call_error_json(&e);
		assert(json);
		json_decref(json);
	}
}

static void take_reply(struct view message)
{
	struct reply r;

	if (reply_parse(message, &r))
		return;
	for (size_t i = 0; i < reply_reports(&r); i++) {
		struct text line = {0};
		struct diag storage;
		struct report report;

		if (reply_report(&r, i, &report, &storage))
			continue;
		report_line(&report, &line);
		for (const char *at = text_str(&line); *at; at++)
			assert((unsigned char)*at >= ' ' && *at != 0x7f);
		text_done(&line);
	}
	reply_done(&r);
}

/* whack --json passes on what a reply holds, unparsed: of one that is good, good JSON comes. */
static void pass_on(struct view message)
{
	struct splice_reply look;
	struct splice s = {0};
	struct reply reply;
	bool good = !reply_parse(message, &reply);
	char *text = NULL;
	size_t size;
	json_t *json;

	if (good)
		reply_done(&reply);
	if (splice_look(message, &look)) {
		assert(!good);
		return;
	}
	s.out = open_memstream(&text, &size);
	assert(s.out);
	good &= !splice_take(&s, look.parameters);
	splice_end(&s);
	fclose(s.out);
	json = json_loads(text, 0, NULL);
	assert(json || !good);
	json_decref(json);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader f = {.max = 16384};
	size_t step = size ? data[0] + 1u : 1;

	for (size_t at = 1; at < size;) {
		struct view message;
		uint8_t *room;
		size_t len;

		if (frame_room(&f, &room, &len))
			break;
		len = len < step ? len : step;
		len = len < size - at ? len : size - at;
		memcpy(room, data + at, len);
		frame_commit(&f, len);
		at += len;
		while (frame_next(&f, &message)) {
			assert(message.len <= f.max);
			read_twice(message);
			take_call(message);
			take_reply(message);
			pass_on(message);
		}
	}
	frame_done(&f);
	return 0;
}
