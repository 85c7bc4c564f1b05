/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_FIELD_KIND_H
#define CONN_FIELD_KIND_H

#include "conn/field.h"

/*
 * How the text of a field becomes its value and back. Kinds are shared by
 * rows; where a kind needs more than the member at the row's offset, it says so.
 * Private to field.c and field_*.c.
 */
struct field_kind {
	/* Store into the member `at` of `c`, or leave it alone and say why. */
	enum cyg_err (*set)(const struct field_kind *k, struct connection *c, void *at,
			    const char *text, struct diag *why);
	/* Add the text of `at` unless it equals the default `unset`; false then. NULL: never printed. */
	bool (*get)(const struct field_kind *k, const void *at, const void *unset,
		    struct text *out);
	const struct field_word *words; /* of enumerations; ends with a NULL word */
	uint64_t min, max;              /* of numbers */
	const char *wanted;             /* what a refusal asks for */
};

/* A word of an enumeration. The first with a value is the one printed. */
struct field_word {
	const char *word;
	uint16_t value;
	const char *refused; /* why this build can't, or NULL */
};

/* Marks and interfaces (field_scope.c). */
extern const struct field_kind field_marks, field_mark, field_if_id;
extern const struct field_kind field_offload;
extern const struct field_kind field_interface, field_host_bits, field_link_name, field_no_bool;

/* Simple values (field_value.c). */
extern const struct field_kind field_cert;
extern const struct field_kind field_bool, field_text, field_groups, field_port, field_percent,
	field_tries;
extern const struct field_kind field_life, field_delay, field_margin, field_retransmit,
	field_give_up;
extern const struct field_kind field_u64_octets;
extern const struct field_kind field_u64_packets;
extern const struct field_kind field_replay, field_mtu, field_metric, field_reqid;
extern const struct field_kind field_fragmentation, field_fragment_size;
extern const struct field_kind field_tfc, field_clones;
extern const struct field_kind field_type, field_start, field_dead;
extern const struct field_kind field_failure, field_negotiation, field_encapsulation;
extern const struct field_kind field_force_encaps, field_family, field_esn;
extern const struct field_kind field_keyexchange, field_ikev2, field_ikev1, field_phase2;
extern const struct field_kind field_client_family, field_updown;

/* How an end proves itself (field_auth.c). */
extern const struct field_kind field_authby, field_auth, field_public_key, field_rsa_bits;
extern const struct field_kind field_ca, field_send_cert, field_ppk, field_eap_identity;
extern const struct field_kind field_aaa_identity;

/* Hosts (field_left.c), identities, networks, selectors, proposals, names (field_host.c). */
extern const struct field_kind field_host, field_allow_any, field_id, field_subnets, field_more_subnets;
extern const struct field_kind field_nexthop;
extern const struct field_kind field_protoport, field_ike, field_esp, field_ah, field_aliases;

/* Addresses that one end gives the other (field_internal.c). */
extern const struct field_kind field_source, field_pools, field_servers, field_more_servers;
extern const struct field_kind field_domains, field_banner;

/* Refuse `text`: "wanted" is the kind's, the hint the nearest word if there is one. */
enum cyg_err field_refuse(const struct field_kind *k, enum cyg_err err, const char *text,
			  struct diag *why);

/* The value of the word `text` of an enumeration; a refused or unknown one: *why says so. */
enum cyg_err field_find_word(const struct field_kind *k, const char *text, uint16_t *ret,
			     struct diag *why);

/* Refuse a word that is known, for a reason. CYG_UNSUPPORTED. */
enum cyg_err field_refuse_word(const struct field_kind *k, const char *text, const char *reason,
			       struct diag *why);

/* The defaults of every member that has no pointer. */
extern const struct connection connection_defaults;

/* One word of a list: separated by blanks or commas. Moves *at; false at the end. */
bool field_next_word(const char **at, const char *separators, char *word, size_t cap);

#endif
