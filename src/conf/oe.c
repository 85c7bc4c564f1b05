/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of oe=yes, as Openswan has them: the ends' keys are those of
 * the DNS, unless the file says something else, and packetdefault is for
 * whatever no group has. Whom its packets are for is looked up, while they are
 * held; so the host's name servers must be reached in clear.
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
	"	leftrsasigkey=%dnsondemand\n"
	"	rightrsasigkey=%dnsondemand\n"
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
	"	right=%group\n"
	"conn packetdefault\n"
	"	type=tunnel\n"
	"	leftsubnet=0.0.0.0/0\n"
	"	right=%opportunistic\n"
	"	failureshunt=passthrough\n";
/* clang-format on */

bool conf_is_made_up(const struct conf *c, const char *name)
{
	const struct named *n = named_find(c->conns.by_name, name);

	return n && conf_section_of(c, n->index) >= c->made_up_from;
}

/* Does the file's %oedefault say how the ends prove themselves? */
static bool says_auth(const struct conf *c)
{
	for (size_t i = 0; i < c->oe_defaults_len; i++) {
		const struct section *s = &c->file.sections[c->oe_defaults[i]];

		for (size_t k = 0; c->oe_defaults[i] < c->made_up_from && k < s->len; k++) {
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
						"private", "packetdefault"};
	struct conf_origin at;
	bool some = false;
	struct diag d;

	for (size_t i = 0; i < sizeof(negotiate) / sizeof(negotiate[0]); i++)
		some = some || conf_is_made_up(c, negotiate[i]);
	if (!some || says_auth(c) || !conf_setup_place(c, "oe", &at))
		return;
	diag_set(&d, "oe-keys", NULL,
		 "oe=yes: peers are looked up in the DNS, and so is whoever this host sends "
		 "packets to (packetdefault)");
	diag_hint(&d,
		  "conn packetdefault  with auto=ignore leaves that out;  conn %s  with authby= or "
		  "rightrsasigkey= says how else peers prove themselves; name servers belong into "
		  "the group clear",
		  OE_DEFAULT);
	problems_add_at(problems, PROBLEM_NOTE, &d, &at.place);
}
