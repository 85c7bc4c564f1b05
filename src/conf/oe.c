/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of oe=yes. Openswan's take the ends' keys from the DNS; here
 * those that negotiate have to be told how the ends prove themselves, which may
 * be so (rightrsasigkey=%dnsondemand). Its packetdefault is left out: it would
 * hold what this host sends to anybody at all for a negotiation that needs keys
 * from the DNS. Who knows better writes a connection with right=%opportunistic.
 */
#include "conf/oe.h"

#include "base/text.h"
#include "conf/word.h"

/* clang-format off */
const char oe_sections[] =
	"conn " OE_DEFAULT "\n"
	"	auto=route\n"
	"	left=%defaultroute\n"
	"	leftnexthop=%defaultroute\n"
	"	rekey=no\n"
	"	keyingtries=3\n"
	"	ikelifetime=1h\n"
	"	salifetime=1h\n"
	"conn clear\n"
	"	type=passthrough\n"
	"	authby=never\n"
	"	right=%group\n"
	"conn clear-or-private\n"
	"	type=passthrough\n"
	"	right=%opportunisticgroup\n"
	"	failureshunt=passthrough\n"
	"conn private-or-clear\n"
	"	type=tunnel\n"
	"	right=%opportunisticgroup\n"
	"	failureshunt=passthrough\n"
	"conn private\n"
	"	type=tunnel\n"
	"	right=%opportunisticgroup\n"
	"	failureshunt=drop\n"
	"conn block\n"
	"	type=reject\n"
	"	authby=never\n"
	"	right=%group\n";
/* clang-format on */

bool conf_is_made_up(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);

	return n && n->index >= c->made_up_from;
}

/* Does the file's %oedefault say how the ends prove themselves? */
static bool says_auth(const struct conf *c)
{
	for (size_t i = 0; i < c->oe_defaults_len; i++) {
		const struct section *s = &c->file.sections[c->oe_defaults[i]];

		for (size_t k = 0; k < s->len; k++) {
			const char *word = param_keyword(section_param(&c->file, s, k));

			if (text_same(word, "authby") || text_same(word, "leftauth") ||
			    text_same(word, "rightauth") || text_same(word, "rightrsasigkey"))
				return true;
		}
	}
	return false;
}

void oe_note(const struct conf *c, struct problems *problems)
{
	static const char *const negotiate[] = {"clear-or-private", "private-or-clear",
						"private"};
	struct conf_origin at;
	bool some = false;
	struct diag d;

	for (size_t i = 0; i < sizeof(negotiate) / sizeof(negotiate[0]); i++)
		some = some || conf_is_made_up(c, negotiate[i]);
	if (!some || says_auth(c) || !conf_setup_place(c, "oe", &at))
		return;
	diag_set(&d, "oe-keys", NULL,
		 "oe=yes: keys are not looked up in the DNS unasked, and there is no "
		 "packetdefault");
	diag_hint(&d,
		  "write  conn %s  with leftrsasigkey=%%dnsondemand and "
		  "rightrsasigkey=%%dnsondemand, or with authby= for what private, "
		  "private-or-clear and clear-or-private prove themselves by",
		  OE_DEFAULT);
	problems_add_at(problems, PROBLEM_NOTE, &d, &at.place);
}
