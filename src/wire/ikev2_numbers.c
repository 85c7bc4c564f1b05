/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ikev2_numbers.h"

#include "base/text.h"

/*
 * The small registries of IKEv2, each in IANA's order. Numbers that IANA holds
 * as reserved or unassigned have no row. Notify types, the one registry with
 * rules of its own, are in notify_table.c.
 */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct number_name exchanges[] = {
	{34, "IKE_SA_INIT", "RFC 7296"},        {35, "IKE_AUTH", "RFC 7296"},
	{36, "CREATE_CHILD_SA", "RFC 7296"},    {37, "INFORMATIONAL", "RFC 7296"},
	{38, "IKE_SESSION_RESUME", "RFC 5723"}, {39, "GSA_AUTH", "RFC 9838"},
	{40, "GSA_REGISTRATION", "RFC 9838"},   {41, "GSA_REKEY", "RFC 9838"},
	{42, "GSA_INBAND_REKEY", "RFC 9838"},   {43, "IKE_INTERMEDIATE", "RFC 9242"},
	{44, "IKE_FOLLOWUP_KE", "RFC 9370"},
};

/* Without a gap from PAYLOAD_FIRST to PAYLOAD_LAST, so that a type is an index. */
static const struct payload_row payloads[] = {
	{33, "SA", "Security Association", "RFC 7296 3.3", true},
	{34, "KE", "Key Exchange", "RFC 7296 3.4", true},
	{35, "IDi", "Identification - Initiator", "RFC 7296 3.5", true},
	{36, "IDr", "Identification - Responder", "RFC 7296 3.5", true},
	{37, "CERT", "Certificate", "RFC 7296 3.6", true},
	{38, "CERTREQ", "Certificate Request", "RFC 7296 3.7", true},
	{39, "AUTH", "Authentication", "RFC 7296 3.8", true},
	{40, "No", "Nonce", "RFC 7296 3.9", true},
	{41, "N", "Notify", "RFC 7296 3.10", true},
	{42, "D", "Delete", "RFC 7296 3.11", true},
	{43, "V", "Vendor ID", "RFC 7296 3.12", true},
	{44, "TSi", "Traffic Selector - Initiator", "RFC 7296 3.13", true},
	{45, "TSr", "Traffic Selector - Responder", "RFC 7296 3.13", true},
	{46, "SK", "Encrypted and Authenticated", "RFC 7296 3.14", true},
	{47, "CP", "Configuration", "RFC 7296 3.15", true},
	{48, "EAP", "Extensible Authentication", "RFC 7296 3.16", true},
	{49, "GSPM", "Generic Secure Password Method", "RFC 6467 4", false},
	{50, "IDg", "Group Identification", "RFC 9838", false},
	{51, "GSA", "Group Security Association", "RFC 9838", false},
	{52, "KD", "Key Download", "RFC 9838", false},
	{53, "SKF", "Encrypted and Authenticated Fragment", "RFC 7383 2.5", true},
	{54, "PS", "Puzzle Solution", "RFC 8019 8.2", false},
};
_Static_assert(COUNT(payloads) == PAYLOAD_LAST - PAYLOAD_FIRST + 1, "a row for each type");

static const struct number_name protocols[] = {
	{1, "IKE", "RFC 7296 3.3.1"},
	{2, "AH", "RFC 7296 3.3.1"},
	{3, "ESP", "RFC 7296 3.3.1"},
	{4, "FC_ESP_HEADER", "RFC 4595"},
	{5, "FC_CT_AUTHENTICATION", "RFC 4595"},
	{6, "GIKE_UPDATE", "RFC 9838"},
};

static const struct number_name id_types[] = {
	{1, "ID_IPV4_ADDR", "RFC 7296 3.5"},   {2, "ID_FQDN", "RFC 7296 3.5"},
	{3, "ID_RFC822_ADDR", "RFC 7296 3.5"}, {5, "ID_IPV6_ADDR", "RFC 7296 3.5"},
	{9, "ID_DER_ASN1_DN", "RFC 7296 3.5"}, {10, "ID_DER_ASN1_GN", "RFC 7296 3.5"},
	{11, "ID_KEY_ID", "RFC 7296 3.5"},     {12, "ID_FC_NAME", "RFC 4595"},
	{13, "ID_NULL", "RFC 7619"},
};

static const struct number_name cert_encodings[] = {
	{1, "PKCS #7 wrapped X.509 certificate", "RFC 7296 3.6"},
	{2, "PGP Certificate", "RFC 7296 3.6"},
	{3, "DNS Signed Key", "RFC 7296 3.6"},
	{4, "X.509 Certificate - Signature", "RFC 7296 3.6"},
	{6, "Kerberos Token", "RFC 7296 3.6"},
	{7, "Certificate Revocation List", "RFC 7296 3.6"},
	{8, "Authority Revocation List", "RFC 7296 3.6"},
	{9, "SPKI Certificate", "RFC 7296 3.6"},
	{10, "X.509 Certificate - Attribute", "RFC 7296 3.6"},
	{11, "Raw RSA Key", "RFC 7296 3.6"},
	{12, "Hash and URL of X.509 certificate", "RFC 7296 3.6"},
	{13, "Hash and URL of X.509 bundle", "RFC 7296 3.6"},
	{14, "OCSP Content", "RFC 4806"},
	{15, "Raw Public Key", "RFC 7670"},
};

static const struct number_name auth_methods[] = {
	{1, "RSA Digital Signature", "RFC 7296 3.8"},
	{2, "Shared Key Message Integrity Code", "RFC 7296 3.8"},
	{3, "DSS Digital Signature", "RFC 7296 3.8"},
	{9, "ECDSA with SHA-256 on the P-256 curve", "RFC 4754"},
	{10, "ECDSA with SHA-384 on the P-384 curve", "RFC 4754"},
	{11, "ECDSA with SHA-512 on the P-521 curve", "RFC 4754"},
	{12, "Generic Secure Password Authentication Method", "RFC 6467"},
	{13, "NULL Authentication", "RFC 7619"},
	{14, "Digital Signature", "RFC 7427"},
};

static const struct number_name ts_types[] = {
	{7, "TS_IPV4_ADDR_RANGE", "RFC 7296 3.13.1"},
	{8, "TS_IPV6_ADDR_RANGE", "RFC 7296 3.13.1"},
	{9, "TS_FC_ADDR_RANGE", "RFC 4595"},
	{10, "TS_SECLABEL", "RFC 9478"},
};

static const struct number_name attributes[] = {
	{14, "Key Length", "RFC 7296 3.3.5"},
	{18, "Signature Algorithm Identifier", "RFC 9838"},
};

static const struct number_name cp_types[] = {
	{1, "CFG_REQUEST", "RFC 7296 3.15"},
	{2, "CFG_REPLY", "RFC 7296 3.15"},
	{3, "CFG_SET", "RFC 7296 3.15"},
	{4, "CFG_ACK", "RFC 7296 3.15"},
};

static const struct number_name eap_codes[] = {
	{1, "Request", "RFC 3748 4"},
	{2, "Response", "RFC 3748 4"},
	{3, "Success", "RFC 3748 4"},
	{4, "Failure", "RFC 3748 4"},
};

#define ANY_LEN UINT16_MAX

static const struct cp_attribute_row cp_attributes[] = {
	{1, "INTERNAL_IP4_ADDRESS", "RFC 7296 3.15.1", 4, 4},
	{2, "INTERNAL_IP4_NETMASK", "RFC 7296 3.15.1", 4, 4},
	{3, "INTERNAL_IP4_DNS", "RFC 7296 3.15.1", 4, 4},
	{4, "INTERNAL_IP4_NBNS", "RFC 7296 3.15.1", 4, 4},
	{6, "INTERNAL_IP4_DHCP", "RFC 7296 3.15.1", 4, 4},
	{7, "APPLICATION_VERSION", "RFC 7296 3.15.1", 0, ANY_LEN},
	{8, "INTERNAL_IP6_ADDRESS", "RFC 7296 3.15.1", 17, 17},
	{10, "INTERNAL_IP6_DNS", "RFC 7296 3.15.1", 16, 16},
	{12, "INTERNAL_IP6_DHCP", "RFC 7296 3.15.1", 16, 16},
	{13, "INTERNAL_IP4_SUBNET", "RFC 7296 3.15.1", 8, 8},
	{14, "SUPPORTED_ATTRIBUTES", "RFC 7296 3.15.1", 0, ANY_LEN},
	{15, "INTERNAL_IP6_SUBNET", "RFC 7296 3.15.1", 17, 17},
	{16, "MIP6_HOME_PREFIX", "RFC 5026", 21, 21},
	{17, "INTERNAL_IP6_LINK", "RFC 5739", 8, ANY_LEN},
	{18, "INTERNAL_IP6_PREFIX", "RFC 5739", 17, 17},
	{19, "HOME_AGENT_ADDRESS", "3GPP TS 24.302", 16, 20},
	{20, "P_CSCF_IP4_ADDRESS", "RFC 7651", 4, 4},
	{21, "P_CSCF_IP6_ADDRESS", "RFC 7651", 16, 16},
	{22, "FTT_KAT", "3GPP TS 24.302", 2, 2},
	{23, "EXTERNAL_SOURCE_IP4_NAT_INFO", "3GPP TS 29.139", 6, 6},
	{24, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK", "3GPP TS 24.302", 4, 4},
	{25, "INTERNAL_DNS_DOMAIN", "RFC 8598", 0, ANY_LEN},
	{26, "INTERNAL_DNSSEC_TA", "RFC 8598", 0, ANY_LEN},
	{27, "ENCDNS_IP4", "RFC 9464", 0, ANY_LEN},
	{28, "ENCDNS_IP6", "RFC 9464", 0, ANY_LEN},
	{29, "ENCDNS_DIGEST_INFO", "RFC 9464", 0, ANY_LEN},
	{CP_UNITY_BANNER, "UNITY_BANNER", "private use", 0, ANY_LEN},
};

static const struct number_name *row_of(const struct number_name *table, size_t len,
					unsigned number)
{
	for (size_t i = 0; i < len; i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

static const char *name_of(const struct number_name *table, size_t len, unsigned number)
{
	const struct number_name *row = row_of(table, len, number);

	return row ? row->name : NULL;
}

const struct number_name *exchange_row(uint8_t type)
{
	return row_of(exchanges, COUNT(exchanges), type);
}

const struct payload_row *payload_row(uint8_t type)
{
	if (type < PAYLOAD_FIRST || type > PAYLOAD_LAST)
		return NULL;
	return &payloads[type - PAYLOAD_FIRST];
}

const struct payload_row *payload_row_at(size_t index)
{
	return index < COUNT(payloads) ? &payloads[index] : NULL;
}

const struct cp_attribute_row *cp_attribute_row(uint16_t type)
{
	for (size_t i = 0; i < COUNT(cp_attributes); i++)
		if (cp_attributes[i].type == type)
			return &cp_attributes[i];
	return NULL;
}

uint16_t where_of(uint8_t exchange, bool response)
{
	switch (exchange) {
	case X_IKE_SA_INIT:
		return response ? IN_INIT_RESPONSE : IN_INIT_REQUEST;
	case X_IKE_AUTH:
		return response ? IN_AUTH_RESPONSE : IN_AUTH_REQUEST;
	case X_CREATE_CHILD_SA:
		return response ? IN_CHILD_RESPONSE : IN_CHILD_REQUEST;
	case X_INFORMATIONAL:
		return response ? IN_INFO_RESPONSE : IN_INFO_REQUEST;
	case X_IKE_SESSION_RESUME:
		return response ? IN_RESUME_RESPONSE : IN_RESUME_REQUEST;
	case X_IKE_INTERMEDIATE:
		return response ? IN_INTER_RESPONSE : IN_INTER_REQUEST;
	case X_IKE_FOLLOWUP_KE:
		return response ? IN_FOLLOWUP_RESPONSE : IN_FOLLOWUP_REQUEST;
	default:
		return 0;
	}
}

const char *exchange_name(uint8_t type)
{
	return name_of(exchanges, COUNT(exchanges), type);
}

const char *payload_name(uint8_t type)
{
	const struct payload_row *row = payload_row(type);

	return row ? row->abbrev : NULL;
}

const char *protocol_name(uint8_t id)
{
	return name_of(protocols, COUNT(protocols), id);
}

const char *id_type_name(uint8_t type)
{
	return name_of(id_types, COUNT(id_types), type);
}

const char *cert_encoding_name(uint8_t encoding)
{
	return name_of(cert_encodings, COUNT(cert_encodings), encoding);
}

const char *auth_method_name(uint8_t method)
{
	return name_of(auth_methods, COUNT(auth_methods), method);
}

const char *notify_name(uint16_t type)
{
	const struct notify_row *row = notify_row(type);

	return row ? row->name : NULL;
}

const char *ts_type_name(uint8_t type)
{
	return name_of(ts_types, COUNT(ts_types), type);
}

const char *attribute_name(uint16_t type)
{
	return name_of(attributes, COUNT(attributes), type);
}

const char *cp_type_name(uint8_t type)
{
	return name_of(cp_types, COUNT(cp_types), type);
}

const char *cp_attribute_name(uint16_t type)
{
	const struct cp_attribute_row *row = cp_attribute_row(type);

	return row ? row->name : NULL;
}

const char *eap_code_name(uint8_t code)
{
	return name_of(eap_codes, COUNT(eap_codes), code);
}

int exchange_number(const char *name)
{
	for (size_t i = 0; i < COUNT(exchanges); i++)
		if (text_same(exchanges[i].name, name))
			return exchanges[i].number;
	return -1;
}

int notify_number(const char *name)
{
	const struct notify_row *row;

	for (size_t i = 0; (row = notify_row_at(i)); i++)
		if (text_same(row->name, name))
			return row->type;
	return -1;
}
