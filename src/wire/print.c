/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/print.h"

#include "base/text.h"
#include "crypto/alg.h"
#include "wire/cp.h"
#include "wire/notify.h"
#include "wire/payload.h"
#include "wire/sa.h"
#include "wire/ts.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * The description of a message. What is printed of a payload's content is
 * decided by one function for its type, in a table; a payload that its parser
 * refuses prints as malformed with the reason.
 */

#define ITEMS_MAX 64  /* of a list: selectors, SPIs, attributes; "..." stands for the rest */
#define OPAQUE_MAX 32 /* octets of a vendor ID */

struct out {
	char *buf;
	size_t cap, used;
};

#define ADD(out, ...) buf_add((out)->buf, (out)->cap, &(out)->used, __VA_ARGS__)

static struct out out_of(char *buf, size_t cap)
{
	if (cap)
		buf[0] = '\0';
	return (struct out){.buf = buf, .cap = cap};
}

const char *number_print(const char *name, const char *what, unsigned number,
			 char buf[NUMBER_TEXT_MAX])
{
	if (name)
		snprintf(buf, NUMBER_TEXT_MAX, "%s", name);
	else
		snprintf(buf, NUMBER_TEXT_MAX, "%s %u", what, number);
	return buf;
}

static void add_number(struct out *out, const char *name, const char *what, unsigned number)
{
	char buf[NUMBER_TEXT_MAX];

	ADD(out, "%s", number_print(name, what, number, buf));
}

static void add_escaped(struct out *out, struct view v)
{
	while (v.len) {
		size_t len = text_printable(v);

		if (len && *v.ptr != '"' && *v.ptr != '\\')
			ADD(out, "%.*s", (int)len, (const char *)v.ptr);
		else
			ADD(out, "\\x%02x", *v.ptr);
		len = len ? len : 1;
		v = view_of(v.ptr + len, v.len - len);
	}
}

static bool is_ascii(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] < 0x20 || v.ptr[i] > 0x7e)
			return false;
	return true;
}

/* The beginning of what is meant for programs: text if it is that, else hex. */
static void add_opaque(struct out *out, struct view v)
{
	struct view start = view_of(v.ptr, v.len < OPAQUE_MAX ? v.len : OPAQUE_MAX);

	ADD(out, " ");
	if (is_ascii(start)) {
		ADD(out, "\"");
		add_escaped(out, start);
		ADD(out, "\"");
	} else {
		for (size_t i = 0; i < start.len; i++)
			ADD(out, "%02x", start.ptr[i]);
	}
	if (start.len < v.len)
		ADD(out, "...");
}

/* ---- one line ---- */

static void add_payload_short(struct out *out, const struct payload *p)
{
	struct notify_payload n;

	if (p->type != PAYLOAD_NOTIFY) {
		ADD(out, "%s", payload_name(p->type));
		return;
	}
	ADD(out, "N(");
	if (notify_parse(p, &n, NULL))
		ADD(out, "malformed");
	else
		add_number(out, notify_name(n.type), "type", n.type);
	ADD(out, ")");
}

static void add_payloads(struct out *out, const struct message *m)
{
	for (size_t i = 0; i < m->len; i++) {
		ADD(out, "%s", i ? " " : "");
		add_payload_short(out, &m->payloads[i]);
	}
	if (m->skipped)
		ADD(out, "%s%u unknown", m->len ? " " : "", m->skipped);
}

static void add_line(struct out *out, const struct ike_header *h, const struct message *m)
{
	add_number(out, exchange_name(h->exchange), "exchange", h->exchange);
	ADD(out, " %s %" PRIu32, h->response ? "response" : "request", h->msgid);
	if (!m)
		return;
	ADD(out, m->is_inner ? " {" : " [");
	add_payloads(out, m);
	ADD(out, m->is_inner ? "}" : "]");
}

const char *payloads_print(const struct message *m, char *buf, size_t cap)
{
	struct out out = out_of(buf, cap);

	add_payloads(&out, m);
	return buf;
}

const char *message_print(const struct ike_header *h, const struct message *m, char *buf,
			  size_t cap)
{
	struct out out = out_of(buf, cap);

	add_line(&out, h, m);
	return buf;
}

/* ---- contents ---- */

/* Whether another item of a list may be printed; the first one not to be ends it with "...". */
static bool add_item(struct out *out, size_t index)
{
	if (index > ITEMS_MAX)
		return false;
	ADD(out, "%s", index == ITEMS_MAX ? ", ..." : index ? ", " : " ");
	return index < ITEMS_MAX;
}

static void add_transform(struct out *out, const struct sa_transform *t)
{
	char name[ALG_TEXT_MAX];

	ADD(out, "%s%s", alg_print_id(t->type, t->id, t->key_bits, name),
	    t->unusable ? " (unusable)" : "");
}

static void add_proposal(struct out *out, const struct sa_proposal *p)
{
	struct reader walk = proposal_walk(p);
	struct sa_transform t;

	ADD(out, "#%u ", p->number);
	add_number(out, protocol_name(p->protocol), "protocol", p->protocol);
	if (p->spi.len)
		ADD(out, " spi %0*" PRIx64, (int)(2 * p->spi.len), sa_proposal_spi(p));
	for (size_t i = 0; proposal_next_transform(&walk, &t) && i <= ITEMS_MAX; i++) {
		if (i == ITEMS_MAX) {
			ADD(out, "/...");
			continue;
		}
		ADD(out, "%c", i ? '/' : ' ');
		add_transform(out, &t);
	}
}

static enum cyg_err add_sa(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct reader walk;
	enum cyg_err err = sa_parse(p, answer ? SA_ANSWER : SA_OFFER, &sa, why);

	if (err)
		return err;
	walk = sa_walk(&sa);
	for (size_t i = 0; sa_next_proposal(&walk, &proposal) && add_item(out, i); i++)
		add_proposal(out, &proposal);
	return CYG_OK;
}

static enum cyg_err add_ke(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	struct ke_payload ke;
	char name[ALG_TEXT_MAX];
	enum cyg_err err = ke_parse(p, &ke, why);

	if (!err)
		ADD(out, " %s, %zu octets", alg_print_id(ALG_KE, ke.group, 0, name),
		    ke.data.len);
	return err;
}

static void add_identity(struct out *out, const struct id_payload *id)
{
	struct ip_addr addr;
	char text[IP_TEXT_MAX];

	switch (id->type) {
	case ID_TYPE_IPV4_ADDR:
	case ID_TYPE_IPV6_ADDR:
		addr = ip_from_view(id->data);
		ADD(out, " %s", ip_print(&addr, text));
		break;
	case ID_TYPE_FQDN:
	case ID_TYPE_RFC822_ADDR:
	case ID_TYPE_KEY_ID:
		ADD(out, " \"");
		add_escaped(out, id->data);
		ADD(out, "\"");
		break;
	case ID_TYPE_NULL:
		break;
	default:
		ADD(out, ", %zu octets", id->data.len);
	}
}

static enum cyg_err add_id(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	struct id_payload id;
	enum cyg_err err = id_parse(p, &id, why);

	if (err)
		return err;
	ADD(out, " %s", id_type_name(id.type));
	add_identity(out, &id);
	return CYG_OK;
}

static enum cyg_err add_cert(struct out *out, const struct payload *p, bool answer,
			     struct diag *why)
{
	struct cert_payload cert;
	enum cyg_err err = cert_parse(p, &cert, why);

	if (err)
		return err;
	ADD(out, " ");
	add_number(out, cert_encoding_name(cert.encoding), "encoding", cert.encoding);
	ADD(out, ", %zu octets", cert.data.len);
	return CYG_OK;
}

static enum cyg_err add_certreq(struct out *out, const struct payload *p, bool answer,
				struct diag *why)
{
	struct certreq_payload certreq;
	enum cyg_err err = certreq_parse(p, &certreq, why);

	if (err)
		return err;
	ADD(out, " ");
	add_number(out, cert_encoding_name(certreq.encoding), "encoding", certreq.encoding);
	if (certreq_has_hashes(&certreq))
		ADD(out, ", %zu authorities", certreq.authorities.len / CERTREQ_HASH_LEN);
	return CYG_OK;
}

static enum cyg_err add_auth(struct out *out, const struct payload *p, bool answer,
			     struct diag *why)
{
	struct auth_payload auth;
	enum cyg_err err = auth_parse(p, &auth, why);

	if (err)
		return err;
	ADD(out, " ");
	add_number(out, auth_method_name(auth.method), "method", auth.method);
	ADD(out, ", %zu octets", auth.data.len);
	return CYG_OK;
}

static enum cyg_err add_nonce(struct out *out, const struct payload *p, bool answer,
			      struct diag *why)
{
	struct nonce_payload nonce;
	enum cyg_err err = nonce_parse(p, &nonce, why);

	if (!err)
		ADD(out, " %zu octets", nonce.data.len);
	return err;
}

/* Numbers that a person wants to see; other data only as a length. */
static void add_notify_data(struct out *out, const struct notify_payload *n)
{
	struct reader r = reader_of(n->data);
	char name[ALG_TEXT_MAX];

	if (n->type == N_INVALID_KE_PAYLOAD)
		ADD(out, ", wants %s", alg_print_id(ALG_KE, read_u16(&r), 0, name));
	else if (n->type == N_UNSUPPORTED_CRITICAL_PAYLOAD)
		ADD(out, ", payload type %u", read_u8(&r));
	else if (n->type == N_SET_WINDOW_SIZE || n->type == N_INVALID_MESSAGE_ID)
		ADD(out, ", %" PRIu32, read_u32(&r));
	else if (n->data.len)
		ADD(out, ", %zu octets", n->data.len);
}

static enum cyg_err add_notify(struct out *out, const struct payload *p, bool answer,
			       struct diag *why)
{
	struct notify_payload n;
	enum cyg_err err = notify_parse(p, &n, why);

	if (err)
		return err;
	ADD(out, " ");
	add_number(out, notify_name(n.type), "type", n.type);
	if (n.spi.len == 4) {
		ADD(out, ", ");
		add_number(out, protocol_name(n.protocol), "protocol", n.protocol);
		ADD(out, " spi %08" PRIx32, notify_spi32(&n));
	}
	add_notify_data(out, &n);
	return CYG_OK;
}

static enum cyg_err add_delete(struct out *out, const struct payload *p, bool answer,
			       struct diag *why)
{
	struct delete_payload d;
	enum cyg_err err = delete_parse(p, &d, why);

	if (err)
		return err;
	ADD(out, " %s", protocol_name(d.protocol));
	for (size_t i = 0; i < d.count && add_item(out, i); i++)
		ADD(out, "%08" PRIx32, delete_spi(&d, i));
	return CYG_OK;
}

static enum cyg_err add_vendor(struct out *out, const struct payload *p, bool answer,
			       struct diag *why)
{
	struct vendor_payload vendor;
	enum cyg_err err = vendor_parse(p, &vendor, why);

	if (err)
		return err;
	add_opaque(out, vendor.id);
	return CYG_OK;
}

static void add_selector(struct out *out, const struct ts_item *item)
{
	char range[2 * IP_TEXT_MAX];

	if (item->range.first.family == IP_NONE) {
		add_number(out, ts_type_name(item->type), "type", item->type);
		ADD(out, " (%zu octets)", item->data.len);
		return;
	}
	ADD(out, "%s", range_print(&item->range, range));
	if (item->protocol || item->port_first != 0 || item->port_last != UINT16_MAX)
		ADD(out, "[%u/%u-%u]", item->protocol, item->port_first, item->port_last);
}

static enum cyg_err add_ts(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	struct ts_payload ts;
	struct ts_item item;
	struct reader walk;
	enum cyg_err err = ts_parse(p, &ts, why);

	if (err)
		return err;
	walk = ts_walk(&ts);
	for (size_t i = 0; ts_next(&walk, &item) && add_item(out, i); i++)
		add_selector(out, &item);
	return CYG_OK;
}

static enum cyg_err add_sk(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	ADD(out, " %zu octets", p->body.len);
	if (p->inner != PAYLOAD_NONE) {
		ADD(out, ", first inside ");
		add_number(out, payload_name(p->inner), "type", p->inner);
	}
	return CYG_OK;
}

static enum cyg_err add_cp(struct out *out, const struct payload *p, bool answer,
			   struct diag *why)
{
	struct cp_payload cp;
	struct cp_attribute a;
	struct reader walk;
	enum cyg_err err = cp_parse(p, &cp, why);

	if (err)
		return err;
	ADD(out, " %s", cp_type_name(cp.type));
	walk = cp_walk(&cp);
	for (size_t i = 0; cp_next(&walk, &a) && add_item(out, i); i++) {
		add_number(out, cp_attribute_name(a.type), "attribute", a.type);
		ADD(out, "(%zu)", a.value.len);
	}
	return CYG_OK;
}

static enum cyg_err add_eap(struct out *out, const struct payload *p, bool answer,
			    struct diag *why)
{
	struct eap_payload eap;
	enum cyg_err err = eap_parse(p, &eap, why);

	if (err)
		return err;
	ADD(out, " %s %u", eap_code_name(eap.code), eap.identifier);
	if (eap.type)
		ADD(out, ", type %u, %zu octets", eap.type, eap.data.len);
	return CYG_OK;
}

/* Add the content of a payload, each piece with its leading space; nothing on an error. */
typedef enum cyg_err (*content_print)(struct out *out, const struct payload *p, bool answer,
				      struct diag *why);

static const content_print contents[PAYLOAD_LAST - PAYLOAD_FIRST + 1] = {
	[PAYLOAD_SA - PAYLOAD_FIRST] = add_sa,
	[PAYLOAD_KE - PAYLOAD_FIRST] = add_ke,
	[PAYLOAD_IDI - PAYLOAD_FIRST] = add_id,
	[PAYLOAD_IDR - PAYLOAD_FIRST] = add_id,
	[PAYLOAD_CERT - PAYLOAD_FIRST] = add_cert,
	[PAYLOAD_CERTREQ - PAYLOAD_FIRST] = add_certreq,
	[PAYLOAD_AUTH - PAYLOAD_FIRST] = add_auth,
	[PAYLOAD_NONCE - PAYLOAD_FIRST] = add_nonce,
	[PAYLOAD_NOTIFY - PAYLOAD_FIRST] = add_notify,
	[PAYLOAD_DELETE - PAYLOAD_FIRST] = add_delete,
	[PAYLOAD_VENDOR - PAYLOAD_FIRST] = add_vendor,
	[PAYLOAD_TSI - PAYLOAD_FIRST] = add_ts,
	[PAYLOAD_TSR - PAYLOAD_FIRST] = add_ts,
	[PAYLOAD_SK - PAYLOAD_FIRST] = add_sk,
	[PAYLOAD_SKF - PAYLOAD_FIRST] = add_sk,
	[PAYLOAD_CP - PAYLOAD_FIRST] = add_cp,
	[PAYLOAD_EAP - PAYLOAD_FIRST] = add_eap,
};

static void add_payload_long(struct out *out, const struct payload *p, bool answer)
{
	struct diag why;

	ADD(out, "  %s:", payload_name(p->type));
	if (contents[p->type - PAYLOAD_FIRST](out, p, answer, &why))
		ADD(out, " malformed: %s (wanted %s; got %s)", why.sentence, why.wanted,
		    why.got);
	ADD(out, "\n");
}

const char *message_print_long(const struct ike_header *h, const struct message *m, char *buf,
			       size_t cap)
{
	struct out out = out_of(buf, cap);

	add_line(&out, h, m);
	ADD(&out, "\n");
	for (size_t i = 0; m && i < m->len; i++)
		add_payload_long(&out, &m->payloads[i], h->response);
	return buf;
}
