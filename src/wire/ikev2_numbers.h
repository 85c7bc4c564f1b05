/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_IKEV2_NUMBERS_H
#define WIRE_IKEV2_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * IKEv2's registries, laid out like IANA's. Only numbers that code names have
 * a constant here; the tables in ikev2_numbers.c and notify_table.c hold every
 * assigned one with its name and source. Transform types and ids are in
 * crypto/alg.h. Rows are constant: keep the pointer.
 */

enum exchange_type {
	X_IKE_SA_INIT = 34,
	X_IKE_AUTH = 35,
	X_CREATE_CHILD_SA = 36,
	X_INFORMATIONAL = 37,
	X_IKE_SESSION_RESUME = 38,
	X_IKE_INTERMEDIATE = 43,
	X_IKE_FOLLOWUP_KE = 44,
};

enum payload_type {
	PAYLOAD_NONE = 0, /* ends a chain */
	PAYLOAD_SA = 33,
	PAYLOAD_KE = 34,
	PAYLOAD_IDI = 35,
	PAYLOAD_IDR = 36,
	PAYLOAD_CERT = 37,
	PAYLOAD_CERTREQ = 38,
	PAYLOAD_AUTH = 39,
	PAYLOAD_NONCE = 40,
	PAYLOAD_NOTIFY = 41,
	PAYLOAD_DELETE = 42,
	PAYLOAD_VENDOR = 43,
	PAYLOAD_TSI = 44,
	PAYLOAD_TSR = 45,
	PAYLOAD_SK = 46,
	PAYLOAD_CP = 47,
	PAYLOAD_EAP = 48,
	PAYLOAD_SKF = 53,
	PAYLOAD_PS = 54,
};
#define PAYLOAD_FIRST 33 /* lowest and highest type with a row of its own */
#define PAYLOAD_LAST 54

/* Security protocol ids on the wire (RFC 7296 3.3.1). */
enum protocol_id { PROTOCOL_NONE = 0, PROTOCOL_IKE = 1, PROTOCOL_AH = 2, PROTOCOL_ESP = 3 };

enum id_type {
	ID_TYPE_IPV4_ADDR = 1,
	ID_TYPE_FQDN = 2,
	ID_TYPE_RFC822_ADDR = 3,
	ID_TYPE_IPV6_ADDR = 5,
	ID_TYPE_DER_ASN1_DN = 9,
	ID_TYPE_DER_ASN1_GN = 10,
	ID_TYPE_KEY_ID = 11,
	ID_TYPE_FC_NAME = 12,
	ID_TYPE_NULL = 13,
};

enum cert_encoding {
	CERT_PKCS7 = 1,
	CERT_X509_SIGNATURE = 4,
	CERT_CRL = 7,
	CERT_ARL = 8,
	CERT_HASH_AND_URL = 12,
	CERT_HASH_AND_URL_BUNDLE = 13,
	CERT_OCSP_CONTENT = 14,
	CERT_RAW_KEY = 15,
};

enum auth_method {
	AUTH_METHOD_RSA = 1,
	AUTH_METHOD_SHARED_KEY = 2,
	AUTH_METHOD_ECDSA_256 = 9,
	AUTH_METHOD_ECDSA_384 = 10,
	AUTH_METHOD_ECDSA_521 = 11,
	AUTH_METHOD_NULL = 13,
	AUTH_METHOD_SIGNATURE = 14, /* RFC 7427 */
};

enum ts_type { TS_TYPE_IPV4 = 7, TS_TYPE_IPV6 = 8, TS_TYPE_FC = 9, TS_TYPE_SECLABEL = 10 };

enum attribute_type { ATTRIBUTE_KEY_LENGTH = 14 };

enum cp_type { CP_REQUEST = 1, CP_REPLY = 2, CP_SET = 3, CP_ACK = 4 };

enum cp_attribute_type {
	CP_INTERNAL_IP4_ADDRESS = 1,
	CP_INTERNAL_IP4_NETMASK = 2,
	CP_INTERNAL_IP4_DNS = 3,
	CP_INTERNAL_IP4_NBNS = 4,
	CP_APPLICATION_VERSION = 7,
	CP_INTERNAL_IP6_ADDRESS = 8,
	CP_INTERNAL_IP6_DNS = 10,
	CP_INTERNAL_IP4_SUBNET = 13,
	CP_SUPPORTED_ATTRIBUTES = 14,
	CP_INTERNAL_IP6_SUBNET = 15,
	CP_INTERNAL_DNS_DOMAIN = 25,
	CP_UNITY_BANNER =
		28672, /* of the numbers for private use; what others use it for too */
};

enum eap_code { EAP_REQUEST = 1, EAP_RESPONSE = 2, EAP_SUCCESS = 3, EAP_FAILURE = 4 };

/* Notify message types: errors below N_STATUS_FIRST, status from there on (RFC 7296 3.10.1). */
enum notify_type {
	N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	N_INVALID_IKE_SPI = 4,
	N_INVALID_MAJOR_VERSION = 5,
	N_INVALID_SYNTAX = 7,
	N_INVALID_MESSAGE_ID = 9,
	N_INVALID_SPI = 11,
	N_NO_PROPOSAL_CHOSEN = 14,
	N_INVALID_KE_PAYLOAD = 17,
	N_AUTHENTICATION_FAILED = 24,
	N_SINGLE_PAIR_REQUIRED = 34,
	N_NO_ADDITIONAL_SAS = 35,
	N_INTERNAL_ADDRESS_FAILURE = 36,
	N_FAILED_CP_REQUIRED = 37,
	N_TS_UNACCEPTABLE = 38,
	N_INVALID_SELECTORS = 39,
	N_TEMPORARY_FAILURE = 43,
	N_CHILD_SA_NOT_FOUND = 44,
	N_TS_MAX_QUEUE = 48,
	N_STATE_NOT_FOUND = 47,

	N_STATUS_FIRST = 16384,
	N_INITIAL_CONTACT = 16384,
	N_SET_WINDOW_SIZE = 16385,
	N_ADDITIONAL_TS_POSSIBLE = 16386,
	N_IPCOMP_SUPPORTED = 16387,
	N_NAT_DETECTION_SOURCE_IP = 16388,
	N_NAT_DETECTION_DESTINATION_IP = 16389,
	N_COOKIE = 16390,
	N_USE_TRANSPORT_MODE = 16391,
	N_HTTP_CERT_LOOKUP_SUPPORTED = 16392,
	N_REKEY_SA = 16393,
	N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	N_NON_FIRST_FRAGMENTS_ALSO = 16395,
	N_MOBIKE_SUPPORTED = 16396,
	N_UPDATE_SA_ADDRESSES = 16400,
	N_COOKIE2 = 16401,
	N_MULTIPLE_AUTH_SUPPORTED = 16404,
	N_ANOTHER_AUTH_FOLLOWS = 16405,
	N_REDIRECT_SUPPORTED = 16406,
	N_REDIRECT = 16407,
	N_EAP_ONLY_AUTHENTICATION = 16417,
	N_CHILDLESS_IKEV2_SUPPORTED = 16418,
	N_QUICK_CRASH_DETECTION = 16419,
	N_FRAGMENTATION_SUPPORTED = 16430,
	N_IKEV2_FRAGMENTATION_SUPPORTED = 16430,
	N_SIGNATURE_HASH_ALGORITHMS = 16431,
	N_USE_PPK = 16435,
	N_PPK_IDENTITY = 16436,
	N_NO_PPK_AUTH = 16437,
	N_INTERMEDIATE_EXCHANGE_SUPPORTED = 16438,
	N_ADDITIONAL_KEY_EXCHANGE = 16441,
	N_SA_RESOURCE_INFO = 16444,

	N_PRIVATE_FIRST = 40960,
	N_USE_BEET_MODE = 40961,
};

/* Types below 16384 are errors, the others tell of a state (RFC 7296 3.10.1). */
static inline bool notify_is_error(uint16_t type)
{
	return type < N_STATUS_FIRST;
}

/* The messages in which something may stand: bits of `where`. */
enum where {
	IN_INIT_REQUEST = 1 << 0, /* IKE_SA_INIT */
	IN_INIT_RESPONSE = 1 << 1,
	IN_AUTH_REQUEST = 1 << 2, /* IKE_AUTH */
	IN_AUTH_RESPONSE = 1 << 3,
	IN_CHILD_REQUEST = 1 << 4, /* CREATE_CHILD_SA */
	IN_CHILD_RESPONSE = 1 << 5,
	IN_INFO_REQUEST = 1 << 6, /* INFORMATIONAL */
	IN_INFO_RESPONSE = 1 << 7,
	IN_RESUME_REQUEST = 1 << 8, /* IKE_SESSION_RESUME, RFC 5723 */
	IN_RESUME_RESPONSE = 1 << 9,
	IN_INTER_REQUEST = 1 << 10, /* IKE_INTERMEDIATE, RFC 9242 */
	IN_INTER_RESPONSE = 1 << 11,
	IN_FOLLOWUP_REQUEST = 1 << 12, /* IKE_FOLLOWUP_KE, RFC 9370 */
	IN_FOLLOWUP_RESPONSE = 1 << 13,
	IN_OUTSIDE = 1 << 14, /* INFORMATIONAL outside any IKE SA (RFC 7296 1.5) */
};

/* The bit of an exchange and direction; 0 for an exchange without one. */
uint16_t where_of(uint8_t exchange, bool response);

/* A number with its name and source; the simplest registry row. */
struct number_name {
	uint16_t number;
	const char *name; /* as IANA writes it */
	const char *ref;  /* "RFC 7296" */
};

struct payload_row {
	uint8_t type;
	const char *abbrev; /* as RFC 7296 1.2 writes it: "SA", "No", "N" */
	const char *name;   /* "Security Association" */
	const char *ref;
	bool known; /* this implementation understands it, so its critical bit is moot (RFC 7296 2.5) */
};

/* Octets of SPI that a notify type may carry, and for which protocols. */
enum notify_spi {
	NOTIFY_SPI_NONE,  /* protocol and SPI ignored, as RFC 7296 3.10 says; sent as zero */
	NOTIFY_SPI_CHILD, /* AH or ESP with 4 octets, nothing else */
	NOTIFY_SPI_MAYBE, /* none, or AH or ESP with 4 octets */
};

struct notify_row {
	uint16_t type;
	const char *name;
	const char *ref;
	uint8_t spi;               /* enum notify_spi */
	uint16_t len_min, len_max; /* octets of notification data */
	uint16_t in;               /* bits of enum where */
	uint8_t count_max;         /* in one message; 0: any number */
};

/* Data length bounds of a configuration attribute (RFC 7296 3.15.1). 0 is always allowed. */
struct cp_attribute_row {
	uint16_t type;
	const char *name;
	const char *ref;
	uint16_t len_min, len_max; /* octets when not empty */
};

/* Rows by number; NULL for one that is not assigned. Constant time or nearly. */
const struct number_name *exchange_row(uint8_t type);
const struct payload_row *payload_row(uint8_t type);
const struct notify_row *notify_row(uint16_t type);
const struct cp_attribute_row *cp_attribute_row(uint16_t type);

/*
 * A number below NOTIFY_SLOTS, other for each type with a row, for arrays of counts; 0 without
 * a row.
 */
#define NOTIFY_SLOTS 128
unsigned notify_slot(uint16_t type);

/* Walk a whole table, for tests, fuzz dictionaries and docs: NULL past its end. */
const struct notify_row *notify_row_at(size_t index);
const struct payload_row *payload_row_at(size_t index);

/*
 * Names. Static storage; NULL for a number without a row (a caller prints the
 * number then; see number_print in wire/print.h).
 */
const char *exchange_name(uint8_t type);
const char *payload_name(uint8_t type); /* the abbreviation: "SA" */
const char *protocol_name(uint8_t id);  /* "IKE", "AH", "ESP" */
const char *id_type_name(uint8_t type); /* "ID_FQDN" */
const char *cert_encoding_name(uint8_t encoding);
const char *auth_method_name(uint8_t method);
const char *notify_name(uint16_t type); /* "COOKIE" */
const char *ts_type_name(uint8_t type); /* "TS_IPV4_ADDR_RANGE" */
const char *attribute_name(uint16_t type);
const char *cp_type_name(uint8_t type); /* "CFG_REQUEST" */
const char *cp_attribute_name(uint16_t type);
const char *eap_code_name(uint8_t code);

/* Numbers by name as IANA writes it, any case; -1 when there is none. */
int exchange_number(const char *name);
int notify_number(const char *name);

#endif
