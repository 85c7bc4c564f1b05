/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"
#include "wire/ikev2_numbers.h"

/*
 * The payload chain of a message, cut into views but not looked into. A
 * message is parsed twice: the outer chain of the datagram, then, once its SK
 * payload (or all fragments) has been decrypted, the inner chain of the
 * plaintext. All views borrow from the octets given.
 */

#define MESSAGE_PAYLOADS_MAX 64 /* in one chain, skipped ones included; more is malformed */
#define PAYLOAD_HEADER_LEN 4    /* next payload, critical bit, length (RFC 7296 3.2) */

struct payload {
	struct view body;  /* without the generic header */
	uint32_t offset;   /* of the generic header in the octets parsed, for diagnostics */
	uint8_t type;      /* enum payload_type */
	uint8_t inner;     /* SK, SKF: the type of the first payload inside; else 0 */
	uint8_t next_same; /* index of the next one of this type, 0 if there is none */
};

/*
 * Filled by message_parse*; read through the functions below. No secrets but what the views
 * show.
 */
struct message {
	struct view octets; /* the datagram, or the plaintext of an inner chain */
	bool is_inner;
	uint8_t len;     /* entries of payloads[] in use */
	uint8_t skipped; /* payloads of unknown types without critical bit */
	uint8_t first[PAYLOAD_LAST - PAYLOAD_FIRST + 1]; /* index + 1, 0 if absent */
	uint8_t count[PAYLOAD_LAST - PAYLOAD_FIRST + 1];
	struct payload payloads[MESSAGE_PAYLOADS_MAX]; /* in the order received */
};

/*
 * Cut the chain of a whole message whose header was parsed; `first` is the
 * header's next_payload. *m is written in place and means something only on
 * CYG_OK. Refused with CYG_MALFORMED: a length below 4 or past the end, octets
 * behind the last payload, more than MESSAGE_PAYLOADS_MAX, SK or SKF that is
 * not the last one. CYG_UNSUPPORTED: an unknown payload has its critical bit
 * set; *ret_critical (may be NULL) is its type then (RFC 7296 2.5). Unknown
 * ones without that bit are skipped and counted; reserved bits are ignored.
 */
MUST_CHECK enum cyg_err message_parse(struct view octets, uint8_t first, struct message *m,
				      uint8_t *ret_critical, struct diag *why);

/*
 * As message_parse for a decrypted chain, padding removed (sk_unpad). SK and SKF are malformed
 * inside.
 */
MUST_CHECK enum cyg_err message_parse_inner(struct view plaintext, uint8_t first,
					    struct message *m, uint8_t *ret_critical,
					    struct diag *why);

/* The first payload of a type; NULL if there is none. */
const struct payload *message_find(const struct message *m, uint8_t type);

/* The next payload of the same type; NULL after the last. */
const struct payload *message_next(const struct message *m, const struct payload *p);

/* How many of a type there are. */
unsigned message_count(const struct message *m, uint8_t type);

/* The SK or SKF payload of an outer chain; NULL if it is in clear. */
const struct payload *message_encrypted(const struct message *m);

/* ---- which payloads a message must and may hold ---- */

#define ANY_NUMBER 255

struct payload_rule {
	uint8_t type; /* enum payload_type */
	uint8_t min, max;
};

struct payload_rules {
	const char *name; /* of the message, for diagnostics: "IKE_AUTH request" */
	const char *ref;  /* "RFC 7296 C.2" */
	const struct payload_rule *rows;
	size_t len;
};

/*
 * Hold a message against its rules. Types without a row are left alone (they
 * are ignored by the reader), so that an extension's payload breaks nothing.
 * CYG_MALFORMED with the payload that is missing or too many.
 */
MUST_CHECK enum cyg_err message_check(const struct message *m,
				      const struct payload_rules *rules, struct diag *why);

/*
 * RFC 7296 appendix C, as rules. The first two speak of the outer chain: exactly one SK or SKF.
 * All others speak of what is inside it, IKE_SA_INIT's of the whole message.
 */
extern const struct payload_rules rules_sk, rules_skf;

/* SA KE No, for both; a responder that refuses or wants another try sends rules_error_response. */
extern const struct payload_rules rules_init_request, rules_init_response;

/* N, and nothing that agrees to anything: errors, COOKIE, INVALID_KE_PAYLOAD, REDIRECT. */
extern const struct payload_rules rules_error_response;

/* IDi AUTH SA TSi TSr; without AUTH, which asks for EAP; without a child (RFC 6023). */
extern const struct payload_rules rules_auth_request, rules_auth_request_eap;
extern const struct payload_rules rules_auth_request_childless;

/* IDr AUTH SA TSi TSr; without them when the child failed or was not asked for. */
extern const struct payload_rules rules_auth_response, rules_auth_response_no_child;

/* EAP amid the conversation, either direction; the initiator's AUTH at its end. */
extern const struct payload_rules rules_auth_second, rules_auth_eap, rules_auth_eap_step,
	rules_auth_final;
extern const struct payload_rules rules_auth_eap_response, rules_auth_eap_response_no_child;

/* SA No [KE] TSi TSr: a new or rekeyed child. */
extern const struct payload_rules rules_child_request, rules_child_response;

/* SA No KE: a rekeyed IKE SA. */
extern const struct payload_rules rules_ike_rekey_request, rules_ike_rekey_response;

/* N, D and CP, also none of them. */
extern const struct payload_rules rules_informational;

/* Anything: an answer to what no longer matters. */
extern const struct payload_rules rules_late;

#endif
