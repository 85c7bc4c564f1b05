/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal_dialect.h"

/* What the first column means in all that have it. */
#define ALL(text)                                                           \
	{                                                                   \
		[DIALECT_ANY] = (text), [DIALECT_OPENSWAN] = (text),        \
		[DIALECT_LIBRESWAN] = (text), [DIALECT_STRONGSWAN] = (text) \
	}
#define ANY(text) [DIALECT_ANY] = (text)
#define OPENSWAN(text) [DIALECT_OPENSWAN] = (text)
#define LIBRESWAN(text) [DIALECT_LIBRESWAN] = (text)
#define STRONGSWAN(text) [DIALECT_STRONGSWAN] = (text)

#define SAME "the same as in one word"
#define EITHER "alternatives of one kind"
#define GROUP_OF "the group of the key exchange"
#define TYPED "algorithms of the kind that is named"
#define ABSENT "no integrity algorithm; a second one: no key exchange"
#define NUMBERS "long or short sequence numbers of ESP"
#define PRF_NAMED "the PRF"
#define STRICT "nothing; a list is never added to"
#define FOLLOWS "a PRF left out is the one over the hash of the integrity algorithm"

/* The rows keep their shape. */
/* clang-format off */
const struct proposal_rule proposal_rules[PROPOSAL_RULES] = {
	[RULE_PLUS] = {
		"aes256+aes128", "alternatives joined by +",
		"separate whole proposals with commas",
		{ANY(EITHER), LIBRESWAN(EITHER)}},
	[RULE_REPEAT] = {
		"aes256-aes128", "two words of one kind, with - between them",
		"join alternatives with + (Libreswan), or separate whole proposals with commas",
		{ANY(EITHER), STRONGSWAN(EITHER)}},
	[RULE_ORDER] = {
		"sha256-modp2048-aes256", "words in any order",
		"write the cipher first, then the hashes, then the group",
		{ANY("the same as in order"), STRONGSWAN("the same as in order")}},
	[RULE_SEMICOLON] = {
		"aes256;modp2048", "a part behind ;", "set it off with -",
		{ANY(GROUP_OF), OPENSWAN(GROUP_OF), LIBRESWAN(GROUP_OF)}},
	[RULE_TYPED] = {
		"aes256;ke=modp2048", "a part that names its kind",
		"leave the kind out: it follows from the name",
		{ANY(TYPED), LIBRESWAN(TYPED)}},
	[RULE_NONE] = {
		"aes_gcm256-none", "none in the place of an algorithm", "leave it out",
		{ANY(ABSENT), OPENSWAN(ABSENT), LIBRESWAN(ABSENT)}},
	[RULE_ESN] = {
		"aes256-sha256-esn", "esn among the algorithms",
		"write ;sn=yes (Libreswan), or set esn= in the connection",
		{ANY(NUMBERS), STRONGSWAN(NUMBERS)}},
	[RULE_PRF_WORD] = {
		"aes256-sha256-prfsha512", "prf in front of a hash",
		"write the PRF before the integrity algorithm, without prf",
		{ANY(PRF_NAMED), OPENSWAN(PRF_NAMED), STRONGSWAN(PRF_NAMED)}},
	[RULE_SPLIT] = {
		"aes-256", "a name or key size set off by -", "write it in one word: aes256",
		{ANY(SAME), OPENSWAN(SAME), LIBRESWAN(SAME)}},
	[RULE_BANG] = {
		"aes256!", "! at the end", NULL, ALL(STRICT)},
	[RULE_TWO_HASHES] = {
		"aes256-sha512-sha256", "two hashes", NULL,
		{ANY("alternatives, each as PRF and as integrity algorithm; but one that "
		     "can only be the latter leaves the other as PRF"),
		 OPENSWAN("integrity algorithm, then PRF"),
		 LIBRESWAN("PRF, then integrity algorithm by its full name (sha2_256_128); "
			   "or the other way round"),
		 STRONGSWAN("alternatives, each as PRF and as integrity algorithm")}},
	[RULE_NO_PRF] = {
		"aes256-sha2_256_128", "an integrity algorithm alone", NULL,
		{ANY(FOLLOWS), OPENSWAN(FOLLOWS),
		 LIBRESWAN("a PRF left out is every default"), STRONGSWAN(FOLLOWS)}},
	[RULE_NO_SIZE] = {
		"aes", "a cipher without a size", NULL,
		{ANY("256 and 128 bits"), OPENSWAN("128 bits"),
		 LIBRESWAN("256 and 128 bits"), STRONGSWAN("128 bits")}},
};
/* clang-format on */

bool proposal_form_known(enum dialect d, enum proposal_rule_id rule)
{
	return proposal_rules[rule].means[d] != NULL;
}
