/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/listing.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define DAY 86400 /* seconds */

/* The rows keep their shape. */
/* clang-format off */
#define AT(type, member) .offset = offsetof(struct type, member)
#define FIELDS(array) .fields = array, .fields_len = sizeof(array) / sizeof((array)[0])

static const struct listing_field pubkey_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_pubkey, installed), "when we learned it"},
	{"bits", NULL, LISTING_NUMBER, AT(listed_pubkey, bits), "its size"},
	{"type", NULL, LISTING_TEXT, AT(listed_pubkey, type), "its algorithm"},
	{"trust", NULL, LISTING_TEXT, AT(listed_pubkey, trust), "why it is believed; \"locked\": it waits for its passphrase or PIN"},
	{"key_id", NULL, LISTING_TEXT, AT(listed_pubkey, key_id), "a short name of the key"},
	{"private_key", "has private key", LISTING_FLAG, AT(listed_pubkey, private_key), "the private half is here"},
	{"until", "until", LISTING_UNTIL, AT(listed_pubkey, until), "its end"},
	{"id_type", "type", LISTING_TEXT, AT(listed_pubkey, id_type), "the kind of its owner's name"},
	{"id", "identity", LISTING_TEXT, AT(listed_pubkey, id), "its owner"},
	{"issuer", "issuer", LISTING_TEXT, AT(listed_pubkey, issuer), "who signed the certificate it came in"},
};

static const struct listing_field psk_fields[] = {
	{"file", NULL, LISTING_TEXT, AT(listed_psk, file), "where the record stands"},
	{"line", NULL, LISTING_NUMBER, AT(listed_psk, line), "its line there"},
	{"kind", NULL, LISTING_TEXT, AT(listed_psk, kind), "what it is: PSK, XAUTH, ..."},
	{"ids", "ids", LISTING_TEXTS, AT(listed_psk, ids), "who may use it; none: anyone"},
	{"more", "more", LISTING_NUMBER, AT(listed_psk, more), "how many more identities it has"},
	{"state", NULL, LISTING_TEXT, AT(listed_psk, state), "\"locked\": it waits for its passphrase or PIN"},
};

static const struct listing_field cert_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_cert, installed), "when it was loaded"},
	{"count", NULL, LISTING_NUMBER, AT(listed_cert, count), "how many use it"},
	{"nickname", "name", LISTING_TEXT, AT(listed_cert, nickname), "its file or nickname"},
	{"received_from", "received from", LISTING_TEXT, AT(listed_cert, received_from), "who sent it; it is in no file, and no anchor"},
	{"subject", "subject", LISTING_TEXT, AT(listed_cert, subject), "whose it is"},
	{"names", "names", LISTING_TEXTS, AT(listed_cert, names), "other names of the subject"},
	{"issuer", "issuer", LISTING_TEXT, AT(listed_cert, issuer), "who signed it"},
	{"serial", "serial", LISTING_TEXT, AT(listed_cert, serial), "its number, in hex"},
	{"bits", "bits", LISTING_NUMBER, AT(listed_cert, bits), "the size of its key"},
	{"key_type", "pubkey", LISTING_TEXT, AT(listed_cert, key_type), "the algorithm of its key"},
	{"key_id", "keyid", LISTING_TEXT, AT(listed_cert, key_id), "a short name of its key"},
	{"private_key", "has private key", LISTING_FLAG, AT(listed_cert, private_key), "the private half is here"},
	{"not_before", "not before", LISTING_FROM, AT(listed_cert, not_before), "its beginning"},
	{"not_after", "not after", LISTING_UNTIL, AT(listed_cert, not_after), "its end"},
	{"subject_key", "subjkey", LISTING_TEXT, AT(listed_cert, subject_key), "the subject's key, in hex"},
	{"authority_key", "authkey", LISTING_TEXT, AT(listed_cert, authority_key), "the signer's key, in hex"},
	{"authority_serial", "aserial", LISTING_TEXT, AT(listed_cert, authority_serial), "the number of the signer's certificate"},
	{"crl_uris", "crluris", LISTING_TEXTS, AT(listed_cert, crl_uris), "where revocations are published"},
	{"ocsp_uris", "ocspuris", LISTING_TEXTS, AT(listed_cert, ocsp_uris), "where its status is told"},
};

static const struct listing_field acert_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_acert, installed), "when it was loaded"},
	{"holder", "holder", LISTING_TEXT, AT(listed_acert, holder), "whose attributes they are"},
	{"holder_issuer", "hissuer", LISTING_TEXT, AT(listed_acert, holder_issuer), "who signed the holder's certificate"},
	{"holder_serial", "hserial", LISTING_TEXT, AT(listed_acert, holder_serial), "the number of the holder's certificate"},
	{"issuer", "issuer", LISTING_TEXT, AT(listed_acert, issuer), "who signed it"},
	{"serial", "serial", LISTING_TEXT, AT(listed_acert, serial), "its number, in hex"},
	{"groups", "groups", LISTING_TEXTS, AT(listed_acert, groups), "the holder's groups"},
	{"not_before", "not before", LISTING_FROM, AT(listed_acert, not_before), "its beginning"},
	{"not_after", "not after", LISTING_UNTIL, AT(listed_acert, not_after), "its end"},
	{"authority_key", "authkey", LISTING_TEXT, AT(listed_acert, authority_key), "the signer's key, in hex"},
	{"authority_serial", "aserial", LISTING_TEXT, AT(listed_acert, authority_serial), "the number of the signer's certificate"},
};

static const struct listing_field group_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_group, installed), "when it was read"},
	{"name", NULL, LISTING_TEXT, AT(listed_group, name), "the group"},
	{"net", NULL, LISTING_TEXT, AT(listed_group, net), "a network of it; none: a group that peers belong to"},
	{"detail", NULL, LISTING_TEXT, AT(listed_group, detail), "protocol and ports, as written"},
	{"connection", "connection", LISTING_TEXT, AT(listed_group, connection), "its instance"},
	{"state", "state", LISTING_TEXT, AT(listed_group, state), "how that is routed"},
	{"count", "count", LISTING_NUMBER, AT(listed_group, count), "how many use it"},
	{"file", "file", LISTING_TEXT, AT(listed_group, file), "where it is written"},
	{"line", "line", LISTING_NUMBER, AT(listed_group, line), "the line there"},
};

static const struct listing_field cainfo_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_cainfo, installed), "when it was loaded"},
	{"name", NULL, LISTING_TEXT, AT(listed_cainfo, name), "the ca section"},
	{"authority", "authname", LISTING_TEXT, AT(listed_cainfo, authority), "the authority's name"},
	{"authority_key", "authkey", LISTING_TEXT, AT(listed_cainfo, authority_key), "its key as its certificate calls it, in hex"},
	{"key_id", "keyid", LISTING_TEXT, AT(listed_cainfo, key_id), "its key, hashed (SHA-1), in hex"},
	{"certificate", "cacert", LISTING_TEXT, AT(listed_cainfo, certificate), "the file of its certificate"},
	{"crl_uris", "crluris", LISTING_TEXTS, AT(listed_cainfo, crl_uris), "where revocations are published"},
	{"ocsp_uris", "ocspuris", LISTING_TEXTS, AT(listed_cainfo, ocsp_uris), "where status is told"},
	{"ldap_host", "ldaphost", LISTING_TEXT, AT(listed_cainfo, ldap_host), "the directory of URIs that name none"},
	{"certificate_base", "certuribase", LISTING_TEXT, AT(listed_cainfo, certificate_base), "where its certificates can be fetched"},
	{"groups", "groups", LISTING_TEXTS, AT(listed_cainfo, groups), "groups of whose certificate is below its own"},
	{"error", "error", LISTING_TEXT, AT(listed_cainfo, error), "why its certificate tells nothing"},
};

static const struct listing_field crl_fields[] = {
	{"installed", NULL, LISTING_TIME, AT(listed_crl, installed), "when it was loaded"},
	{"revoked", NULL, LISTING_NUMBER, AT(listed_crl, revoked), "how many certificates it revokes"},
	{"issuer", "issuer", LISTING_TEXT, AT(listed_crl, issuer), "who signed it"},
	{"serial", "serial", LISTING_TEXT, AT(listed_crl, serial), "its number, in hex"},
	{"uris", "distPts", LISTING_TEXTS, AT(listed_crl, uris), "where it can be fetched"},
	{"base", "delta to", LISTING_TEXT, AT(listed_crl, base), "the number of the list that it adds to, in hex"},
	{"this_update", "this update", LISTING_TIME, AT(listed_crl, this_update), "when it was made"},
	{"next_update", "next update", LISTING_UNTIL, AT(listed_crl, next_update), "when the next one is due"},
	{"authority_key", "authkey", LISTING_TEXT, AT(listed_crl, authority_key), "the signer's key, in hex"},
	{"authority_serial", "aserial", LISTING_TEXT, AT(listed_crl, authority_serial), "the number of the signer's certificate"},
	{"requested", "requested", LISTING_TIME, AT(listed_crl, requested), "since when it is being fetched"},
	{"trials", "trials", LISTING_NUMBER, AT(listed_crl, trials), "how often that was tried"},
};

static const struct listing_field ocsp_fields[] = {
	{"issuer", NULL, LISTING_TEXT, AT(listed_ocsp, issuer), "whose certificate it is about"},
	{"serial", NULL, LISTING_TEXT, AT(listed_ocsp, serial), "the certificate's number, in hex"},
	{"status", NULL, LISTING_TEXT, AT(listed_ocsp, status), "good, revoked or unknown"},
	{"uri", "uri", LISTING_TEXT, AT(listed_ocsp, uri), "who told it"},
	{"authority_key", "authkey", LISTING_TEXT, AT(listed_ocsp, authority_key), "the signer's key, in hex"},
	{"authority_serial", "aserial", LISTING_TEXT, AT(listed_ocsp, authority_serial), "the number of the signer's certificate"},
	{"this_update", "this update", LISTING_TIME, AT(listed_ocsp, this_update), "when that was so"},
	{"until", "until", LISTING_UNTIL, AT(listed_ocsp, until), "until when it may be believed"},
	{"requested", "requested", LISTING_TIME, AT(listed_ocsp, requested), "since when it is being asked"},
	{"trials", "trials", LISTING_NUMBER, AT(listed_ocsp, trials), "how often that was tried"},
};

static const struct listing_field card_fields[] = {
	{"seen", NULL, LISTING_TIME, AT(listed_card, seen), "when it was found"},
	{"token", NULL, LISTING_TEXT, AT(listed_card, token), "the card or token"},
	{"count", "count", LISTING_NUMBER, AT(listed_card, count), "how many use it"},
	{"slot", "slot", LISTING_INDEX, AT(listed_card, slot), "where it is"},
	{"reader", "reader", LISTING_TEXT, AT(listed_card, reader), "what it is in, by that one's own words"},
	{"status", "status", LISTING_TEXT, AT(listed_card, status), "how it is"},
	{"object", "object", LISTING_TEXT, AT(listed_card, object), "the key on it"},
	{"label", "label", LISTING_TEXT, AT(listed_card, label), "the name of the key"},
	{"key_id", "keyid", LISTING_TEXT, AT(listed_card, key_id), "a short name of the key"},
	{"pin", "pin", LISTING_TEXT, AT(listed_card, pin), "whether a PIN was given, and taken"},
	{"error", "error", LISTING_TEXT, AT(listed_card, error), "what went wrong the last time"},
};

static const struct listing_field event_fields[] = {
	{"type", NULL, LISTING_TEXT, AT(listed_event, type), "what will happen"},
	{"at", "when", LISTING_TIME, AT(listed_event, at), "when"},
	{"in_seconds", "in seconds", LISTING_NUMBER, AT(listed_event, in_seconds), "how soon; not there: now"},
	{"serial", "state", LISTING_NUMBER, AT(listed_event, serial), "the SA it is about"},
	{"connection", "connection", LISTING_TEXT, AT(listed_event, connection), "the connection it is about"},
};

static const struct listing_field pair_fields[] = {
	{"local", NULL, LISTING_TEXT, AT(listed_pair, local), "our address and port"},
	{"remote", NULL, LISTING_TEXT, AT(listed_pair, remote), "the peer's"},
	{"local_id", "our id", LISTING_TEXT, AT(listed_pair, local_id), "who we are to it"},
	{"remote_id", "peer's id", LISTING_TEXT, AT(listed_pair, remote_id), "who it must be"},
	{"connection", "connection", LISTING_TEXT, AT(listed_pair, connection), "what is loaded between the two"},
};

static const struct listing_field shunt_fields[] = {
	{"local", NULL, LISTING_TEXT, AT(listed_shunt, local), "from here"},
	{"remote", NULL, LISTING_TEXT, AT(listed_shunt, remote), "to there"},
	{"kind", NULL, LISTING_TEXT, AT(listed_shunt, kind), "what packets meet: pass, drop, reject, trap or hold"},
	{"since", "since", LISTING_TIME, AT(listed_shunt, since), "when it came to stand there"},
	{"priority", "priority", LISTING_NUMBER, AT(listed_shunt, priority), "its order among all, the lowest first"},
	{"reason", "reason", LISTING_TEXT, AT(listed_shunt, reason), "why it stands there"},
	{"connection", "connection", LISTING_TEXT, AT(listed_shunt, connection), "whose it is"},
};

static const struct listing_field pool_fields[] = {
	{"range", NULL, LISTING_TEXT, AT(listed_pool, range), "its addresses"},
	{"addresses", "addresses", LISTING_NUMBER, AT(listed_pool, addresses), "how many there are"},
	{"leases", "leases", LISTING_NUMBER, AT(listed_pool, leases), "how many were given out"},
	{"in_use", "in use", LISTING_NUMBER, AT(listed_pool, in_use), "how many are in use"},
	{"free", "free", LISTING_NUMBER, AT(listed_pool, free), "how many are free"},
};

static const struct listing_field lease_fields[] = {
	{"address", NULL, LISTING_TEXT, AT(listed_lease, address), "the address"},
	{"id", NULL, LISTING_TEXT, AT(listed_lease, id), "the peer that has it, or had it last"},
	{"pool", "pool", LISTING_TEXT, AT(listed_lease, pool), "the pool that it belongs to"},
	{"holders", "IKE SAs", LISTING_NUMBER, AT(listed_lease, holders), "how many IKE SAs of the peer hold it; 0: it is free"},
};

static const struct listing_field process_fields[] = {
	{"pid", NULL, LISTING_NUMBER, AT(listed_process, pid), "its number"},
	{"name", NULL, LISTING_TEXT, AT(listed_process, name), "what it does"},
};

const struct listing listings[LISTINGS] = {
	[LISTING_PUBKEYS] = {"pubkeys", "Public Keys", "list public keys", FIELDS(pubkey_fields), .window_days = 7},
	[LISTING_PSKS] = {"psks", "Secrets", "list the records of ipsec.secrets, never a secret", FIELDS(psk_fields)},
	[LISTING_CERTS] = {"certs", "X.509 End Certificates", "list certificates of ends", FIELDS(cert_fields), .window_days = 30, .silent = true},
	[LISTING_AACERTS] = {"aacerts", "X.509 AA Certificates", "list certificates of attribute authorities", FIELDS(cert_fields), .window_days = 30, .silent = true},
	[LISTING_OCSPCERTS] = {"ocspcerts", "X.509 OCSP Signer Certificates", "list certificates of OCSP signers", FIELDS(cert_fields), .window_days = 30, .silent = true},
	[LISTING_ACERTS] = {"acerts", "X.509 Attribute Certificates", "list attribute certificates", FIELDS(acert_fields), .window_days = 1, .silent = true},
	[LISTING_GROUPS] = {"groups", "Groups", "list policy groups and groups that peers belong to", FIELDS(group_fields)},
	[LISTING_CACERTS] = {"cacerts", "X.509 CA Certificates", "list certificates of authorities", FIELDS(cert_fields), .window_days = 30, .silent = true},
	[LISTING_CAINFOS] = {"cainfos", "CA Information", "list what ca sections say", FIELDS(cainfo_fields)},
	[LISTING_CRLS] = {"crls", "X.509 CRLs", "list certificate revocation lists", FIELDS(crl_fields), .requests = "X.509 CRL Requests", .window_days = 7, .lenient = true, .silent = true},
	[LISTING_OCSP] = {"ocsp", "OCSP Responses", "list what OCSP servers said", FIELDS(ocsp_fields), .requests = "OCSP Requests", .window_days = 2, .lenient = true},
	[LISTING_CARDS] = {"cards", "Smartcards", "list smartcards and tokens", FIELDS(card_fields)},
	[LISTING_EVENTS] = {"events", "Events", "list what will happen by itself", FIELDS(event_fields)},
	[LISTING_PAIRS] = {"pairs", "Host Pairs", "list pairs of hosts and the connections between them", FIELDS(pair_fields)},
	[LISTING_SHUNTS] = {"shunts", "Shunts", "list what packets meet where no SA stands", FIELDS(shunt_fields)},
	[LISTING_POOLS] = {"pools", "Address Pools", "list pools of addresses for peers", FIELDS(pool_fields)},
	[LISTING_LEASES] = {"leases", "Leases", "list addresses of pools that peers have or had", FIELDS(lease_fields)},
	[LISTING_PROCESSES] = {"processes", "Processes", "list pluto's own processes", FIELDS(process_fields)},
};
/* clang-format on */

enum listing_kind listing_find(const char *what)
{
	for (unsigned i = 0; i < LISTINGS; i++)
		if (!strcmp(listings[i].what, what))
			return i;
	return LISTINGS;
}

/* "3 days": the largest unit of which there are more than two. */
static void add_span(char *buf, size_t cap, size_t *used, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{DAY, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	size_t i = 0;

	while (i < 3 && seconds <= 2 * units[i].seconds)
		i++;
	buf_add(buf, cap, used, "%" PRId64 " %s", seconds / units[i].seconds, units[i].name);
}

const char *listing_verdict(const struct listing *l, enum listing_type type, int64_t at,
			    int64_t now, char buf[LISTING_VERDICT_MAX])
{
	size_t used = 0;

	if (type == LISTING_FROM)
		buf_add(buf, LISTING_VERDICT_MAX, &used,
			at > now ? "fatal (not valid yet)" : "ok");
	else if (!at)
		buf_add(buf, LISTING_VERDICT_MAX, &used, "ok (never expires)");
	else if (at < now)
		buf_add(buf, LISTING_VERDICT_MAX, &used, "%s (expired)",
			l->lenient ? "warning" : "fatal");
	else if ((at - now) / DAY >= l->window_days)
		buf_add(buf, LISTING_VERDICT_MAX, &used, "ok");
	else {
		buf_add(buf, LISTING_VERDICT_MAX, &used, "warning (expires in ");
		add_span(buf, LISTING_VERDICT_MAX, &used, at - now);
		buf_add(buf, LISTING_VERDICT_MAX, &used, ")");
	}
	return buf;
}

bool listing_is_ok(enum listing_kind kind, const void *record, int64_t now)
{
	const struct listing *l = &listings[kind];
	char verdict[LISTING_VERDICT_MAX];

	for (size_t i = 0; i < l->fields_len; i++) {
		const struct listing_field *f = &l->fields[i];
		const char *at = (const char *)record + f->offset;

		if ((f->type == LISTING_FROM || f->type == LISTING_UNTIL) &&
		    strncmp(listing_verdict(l, f->type, *(const int64_t *)at, now, verdict),
			    "ok", 2))
			return false;
	}
	return true;
}
