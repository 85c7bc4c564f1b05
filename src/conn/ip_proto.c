/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/ip_proto.h"

#include "base/text.h"

/* IANA's numbers; of several names for one number the first is printed. */
static const struct number {
	const char *name;
	uint16_t number;
} protos[] = {
	{"icmp", 1},   {"igmp", 2},   {"ipip", 4},  {"ipencap", 4},   {"tcp", 6},
	{"egp", 8},    {"udp", 17},   {"dccp", 33}, {"ipv6", 41},     {"rsvp", 46},
	{"gre", 47},   {"esp", 50},   {"ah", 51},   {"icmpv6", 58},   {"ipv6-icmp", 58},
	{"eigrp", 88}, {"ospf", 89},  {"pim", 103}, {"ipcomp", 108},  {"vrrp", 112},
	{"l2tp", 115}, {"sctp", 132}, {"mh", 135},  {"udplite", 136},
};

static const struct number services[] = {
	{"ftp-data", 20},     {"ftp", 21},           {"ssh", 22},
	{"telnet", 23},       {"smtp", 25},          {"domain", 53},
	{"bootps", 67},       {"bootpc", 68},        {"tftp", 69},
	{"http", 80},         {"www", 80},           {"kerberos", 88},
	{"pop3", 110},        {"sunrpc", 111},       {"ntp", 123},
	{"netbios-ns", 137},  {"netbios-dgm", 138},  {"netbios-ssn", 139},
	{"imap", 143},        {"imap2", 143},        {"snmp", 161},
	{"snmp-trap", 162},   {"bgp", 179},          {"ldap", 389},
	{"https", 443},       {"microsoft-ds", 445}, {"isakmp", 500},
	{"syslog", 514},      {"ldaps", 636},        {"imaps", 993},
	{"pop3s", 995},       {"l2f", 1701},         {"l2tp", 1701},
	{"radius", 1812},     {"radius-acct", 1813}, {"nfs", 2049},
	{"mysql", 3306},      {"ipsec-nat-t", 4500}, {"sip", 5060},
	{"postgresql", 5432},
};

#define LEN(table) (sizeof(table) / sizeof((table)[0]))

const char *ip_proto_name(uint8_t proto)
{
	for (size_t i = 0; i < LEN(protos); i++)
		if (protos[i].number == proto)
			return protos[i].name;
	return NULL;
}

static const struct number *find(const struct number *table, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (text_same(table[i].name, name))
			return &table[i];
	return NULL;
}

bool ip_proto_by_name(const char *name, uint8_t *ret)
{
	const struct number *n = find(protos, LEN(protos), name);

	if (n)
		*ret = (uint8_t)n->number;
	return n != NULL;
}

bool ip_service_by_name(const char *name, uint16_t *ret)
{
	const struct number *n = find(services, LEN(services), name);

	if (n)
		*ret = n->number;
	return n != NULL;
}

static const char *nearest(const struct number *table, size_t len, const char *name)
{
	const char *names[LEN(services) + LEN(protos)];

	for (size_t i = 0; i < len; i++)
		names[i] = table[i].name;
	return text_nearest(name, names, len);
}

const char *ip_proto_nearest(const char *name)
{
	return nearest(protos, LEN(protos), name);
}

const char *ip_service_nearest(const char *name)
{
	return nearest(services, LEN(services), name);
}
