/* SPDX-License-Identifier: Apache-2.0 */
/* Connections as described: made, shared, compared. What their texts mean is field.c's. */
#include "conn/field_kind.h"
#include "conn/internal.h"
#include "conn/sa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MINUTES (60 * NSEC_PER_SEC)
#define HOURS (60 * MINUTES)

/* What Openswan 3 does, with Libreswan 5's numbers. */
const struct connection connection_defaults = {
	.type = CONN_TUNNEL,
	.protects = PROTO_ESP,
	.start = START_IGNORE,
	.auth = AUTH_PUBKEY,
	.rsa_bits_min = CONN_RSA_BITS_DEFAULT,
	.dpd_action = DEAD_HOLD,
	.failure_shunt = SHUNT_NONE,
	.negotiation_shunt = SHUNT_HOLD,
	.encapsulation = TRI_YES,
	.fragmentation = FRAGMENT_YES,
	.pfs = true,
	.rekey = true,
	.esn = true,
	.esn_off = true,
	.initial_contact = true,
	.unique_ids = true,
	.ike_lifetime = 8 * HOURS,
	.child_lifetime = 8 * HOURS,
	.rekey_margin = 9 * MINUTES,
	.rekey_fuzz_percent = 100,
	.replay_window = 128,
	.encap_dscp = true,
	.share_lease = true,
};

enum cyg_err connection_name_check(const char *name, struct diag *why)
{
	struct view rest = view_str(name);

	while (rest.len && rest.len <= CONN_NAME_MAX) {
		size_t len = text_printable(rest);

		if (!len || strchr(" \"[]", rest.ptr[0]))
			break;
		rest = view_of(rest.ptr + len, rest.len - len);
	}
	if (*name && !rest.len)
		return CYG_OK;
	diag_set(why, "bad-name", NULL, "\"%.*s\" can't be the name of a connection",
		 CONN_NAME_MAX, name);
	diag_wanted(why, "up to %d printable octets without space, quote and brackets",
		    CONN_NAME_MAX);
	return CYG_MALFORMED;
}

struct connection *connection_new(const char *name)
{
	struct connection *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	*c = connection_defaults;
	c->refs = 1;
	c->name = strdup(name);
	if (c->name)
		return c;
	free(c);
	return NULL;
}

const struct connection *connection_ref(const struct connection *c)
{
	if (c)
		((struct connection *)c)->refs++;
	return c;
}

static void end_done(struct end *e)
{
	host_done(&e->host);
	free(e->subnets);
	free(e->updown);
	virtual_free(e->virtual);
	free(e->pools);
	free(e->pool_name);
	free(e->dns);
	free(e->public_key);
	free(e->cert);
	free(e->ca);
	free(e->groups);
	ident_unref(e->id);
}

void connection_unref(const struct connection *c)
{
	struct connection *own = (struct connection *)c;

	if (!own || --own->refs)
		return;
	for (size_t i = 0; i < own->aliases_len; i++)
		free(own->aliases[i]);
	free(own->aliases);
	end_done(&own->end[0]);
	end_done(&own->end[1]);
	proposals_unref(own->ike);
	proposals_unref(own->esp);
	free(own->dns);
	free(own->wins);
	free(own->domains);
	free(own->aaa_identity);
	free(own->eap_identity);
	free(own->banner);
	free(own->ppk_ids);
	free(own->vti);
	free(own->name);
	free(own);
}

static bool copy_text(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

/* How many there are before the one of IP_NONE. */
static size_t count_addrs(const struct ip_addr *a)
{
	size_t n = 0;

	while (a && ip_is_set(&a[n]))
		n++;
	return n;
}

static size_t count_ranges(const struct ip_range *r)
{
	size_t n = 0;

	while (r && ip_is_set(&r[n].first))
		n++;
	return n;
}

static bool copy_addrs(struct ip_addr **ret, const struct ip_addr *a)
{
	size_t n = count_addrs(a);

	*ret = a ? calloc(n + 1, sizeof(*a)) : NULL;
	if (*ret)
		memcpy(*ret, a, n * sizeof(*a));
	return *ret || !a;
}

static bool copy_ranges(struct ip_range **ret, const struct ip_range *r)
{
	size_t n = count_ranges(r);

	*ret = r ? calloc(n + 1, sizeof(*r)) : NULL;
	if (*ret)
		memcpy(*ret, r, n * sizeof(*r));
	return *ret || !r;
}

static bool end_copy_internal(struct end *to, const struct end *from)
{
	bool well = copy_ranges(&to->pools, from->pools);

	well = copy_text(&to->pool_name, from->pool_name) && well;
	to->virtual = virtual_copy(from->virtual);
	well = (to->virtual || !from->virtual) && well;
	return copy_addrs(&to->dns, from->dns) && well;
}

/* On failure what was copied hangs on `to`, for end_done. */
static bool end_copy(struct end *to, const struct end *from)
{
	*to = *from;
	to->id = ident_ref(from->id);
	to->subnets = NULL;
	to->host = (struct host){.kind = HOST_UNSET};
	to->updown = to->public_key = to->cert = to->ca = NULL;
	to->groups = NULL;
	if (!end_copy_internal(to, from))
		return false;
	if (from->subnets_len) {
		to->subnets = malloc(from->subnets_len * sizeof(*to->subnets));
		if (!to->subnets)
			return false;
		memcpy(to->subnets, from->subnets, from->subnets_len * sizeof(*to->subnets));
	}
	return !host_copy(&from->host, &to->host) && copy_text(&to->updown, from->updown) &&
	       copy_text(&to->public_key, from->public_key) &&
	       copy_text(&to->cert, from->cert) && copy_text(&to->ca, from->ca) &&
	       copy_text(&to->groups, from->groups);
}

static bool copy_internal(struct connection *to, const struct connection *from)
{
	bool well = copy_addrs(&to->dns, from->dns);

	well = copy_addrs(&to->wins, from->wins) && well;
	well = copy_text(&to->domains, from->domains) && well;
	well = copy_text(&to->ppk_ids, from->ppk_ids) && well;
	well = copy_text(&to->vti, from->vti) && well;
	well = copy_text(&to->aaa_identity, from->aaa_identity) && well;
	well = copy_text(&to->eap_identity, from->eap_identity) && well;
	return copy_text(&to->banner, from->banner) && well;
}

struct connection *connection_copy(const struct connection *c, const char *name)
{
	struct connection *copy = connection_new(name);
	char *own = copy ? copy->name : NULL;
	bool well;

	if (!copy)
		return NULL;
	*copy = *c;
	copy->refs = 1;
	copy->name = own;
	copy->aliases = NULL;
	copy->aliases_len = 0;
	copy->ike = proposals_ref(c->ike);
	copy->esp = proposals_ref(c->esp);
	well = copy_internal(copy, c);
	for (int i = 0; i < 2; i++)
		well = end_copy(&copy->end[i], &c->end[i]) && well;
	if (well)
		return copy;
	connection_unref(copy);
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool subnets_equal(const struct end *a, const struct end *b)
{
	if (a->subnets_len != b->subnets_len)
		return false;
	for (size_t i = 0; i < a->subnets_len; i++)
		if (!prefix_equal(&a->subnets[i], &b->subnets[i]))
			return false;
	return true;
}

static bool addrs_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	size_t n = count_addrs(a);

	if (n != count_addrs(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ip_equal(&a[i], &b[i]))
			return false;
	return true;
}

static bool ranges_equal(const struct ip_range *a, const struct ip_range *b)
{
	size_t n = count_ranges(a);

	if (n != count_ranges(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!range_equal(&a[i], &b[i]))
			return false;
	return true;
}

static bool end_internals_equal(const struct end *a, const struct end *b)
{
	return virtual_equal(a->virtual, b->virtual) && a->dynamic == b->dynamic &&
	       a->asks == b->asks && a->config_client == b->config_client &&
	       a->config_server == b->config_server && ranges_equal(a->pools, b->pools) &&
	       same_text(a->pool_name, b->pool_name) && addrs_equal(a->dns, b->dns);
}

/* Which packets it is for, and what they go through. */
static bool paths_equal(const struct connection *a, const struct connection *b)
{
	return described_scope_equal(&a->scope, &b->scope) && same_text(a->vti, b->vti) &&
	       a->vti_unrouted == b->vti_unrouted && a->vti_shared == b->vti_shared &&
	       a->offload == b->offload;
}

static bool internals_equal(const struct connection *a, const struct connection *b)
{
	return addrs_equal(a->dns, b->dns) && addrs_equal(a->wins, b->wins) &&
	       same_text(a->domains, b->domains) && same_text(a->banner, b->banner) &&
	       a->share_lease == b->share_lease && a->manual == b->manual &&
	       a->compress == b->compress && paths_equal(a, b);
}

static bool keys_equal(const struct end *a, const struct end *b)
{
	return same_text(a->public_key, b->public_key) && same_text(a->cert, b->cert) &&
	       same_text(a->ca, b->ca) && a->send_cert == b->send_cert;
}

static bool ends_equal(const struct end *a, const struct end *b)
{
	return host_equal(&a->host, &b->host) && a->nexthop_kind == b->nexthop_kind &&
	       a->auth == b->auth && a->auth2 == b->auth2 && a->ike_port == b->ike_port &&
	       ip_equal(&a->nexthop, &b->nexthop) && ident_equal(a->id, b->id) &&
	       subnets_equal(a, b) && a->proto == b->proto && a->port == b->port &&
	       ip_equal(&a->source_ip, &b->source_ip) &&
	       ip_equal(&a->more_source_ip, &b->more_source_ip) &&
	       prefix_equal(&a->interface_ip, &b->interface_ip) &&
	       prefix_equal(&a->vti, &b->vti) && same_text(a->updown, b->updown) &&
	       end_internals_equal(a, b) && keys_equal(a, b) && same_text(a->groups, b->groups);
}

size_t connection_pair_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t i = slash ? strspn(slash + 1, "0123456789") : 0;
	size_t j = i && slash[1 + i] == 'x' ? strspn(slash + 2 + i, "0123456789") : 0;

	return j && !slash[2 + i + j] ? (size_t)(slash - name) : 0;
}

static bool aliases_equal(const struct connection *a, const struct connection *b)
{
	if (a->aliases_len != b->aliases_len)
		return false;
	for (size_t i = 0; i < a->aliases_len; i++)
		if (strcmp(a->aliases[i], b->aliases[i]))
			return false;
	return true;
}

bool connection_ppk_equal(const struct connection *a, const struct connection *b)
{
	return a->ppk == b->ppk && same_text(a->ppk_ids, b->ppk_ids);
}

static bool eap_equal(const struct connection *a, const struct connection *b)
{
	return same_text(a->eap_identity, b->eap_identity) &&
	       same_text(a->aaa_identity, b->aaa_identity);
}

static bool kinds_equal(const struct connection *a, const struct connection *b)
{
	return a->type == b->type && a->protects == b->protects && a->auth == b->auth &&
	       a->rsa_bits_min == b->rsa_bits_min && eap_equal(a, b) &&
	       a->dpd_action == b->dpd_action && a->failure_shunt == b->failure_shunt &&
	       a->negotiation_shunt == b->negotiation_shunt &&
	       a->encapsulation == b->encapsulation && a->fragmentation == b->fragmentation &&
	       connection_ppk_equal(a, b) && a->family == b->family && a->pfs == b->pfs &&
	       a->rekey == b->rekey && a->esn == b->esn && a->esn_off == b->esn_off &&
	       a->initial_contact == b->initial_contact && a->unique_ids == b->unique_ids &&
	       a->no_pmtu_discovery == b->no_pmtu_discovery && a->decap_dscp == b->decap_dscp &&
	       a->encap_dscp == b->encap_dscp;
}

static bool numbers_equal(const struct connection *a, const struct connection *b)
{
	return a->keying_tries == b->keying_tries && a->ike_lifetime == b->ike_lifetime &&
	       a->child_lifetime == b->child_lifetime && a->rekey_margin == b->rekey_margin &&
	       a->rekey_fuzz_percent == b->rekey_fuzz_percent &&
	       a->child_bytes_max == b->child_bytes_max &&
	       a->child_packets_max == b->child_packets_max && a->dpd_delay == b->dpd_delay &&
	       a->dpd_timeout == b->dpd_timeout &&
	       a->retransmit_interval == b->retransmit_interval &&
	       a->retransmit_timeout == b->retransmit_timeout &&
	       a->replay_window == b->replay_window && a->mtu == b->mtu &&
	       a->fragment_size == b->fragment_size && a->metric == b->metric &&
	       a->reqid == b->reqid && a->priority == b->priority && a->tfc == b->tfc &&
	       a->clones == b->clones;
}

bool connection_equal(const struct connection *a, const struct connection *b)
{
	return a->start == b->start && connection_alike(a, b);
}

bool connection_alike(const struct connection *a, const struct connection *b)
{
	return a == b ||
	       (strcmp(a->name, b->name) == 0 && aliases_equal(a, b) &&
		ends_equal(&a->end[0], &b->end[0]) && ends_equal(&a->end[1], &b->end[1]) &&
		kinds_equal(a, b) && numbers_equal(a, b) && internals_equal(a, b) &&
		proposals_equal(a->ike, b->ike) && proposals_equal(a->esp, b->esp));
}

int connection_group_end(const struct connection *c)
{
	for (int i = 0; i < 2; i++)
		if (c->end[i].host.kind == HOST_GROUP)
			return i;
	return -1;
}

uint8_t connection_mode(const struct connection *c)
{
	return c->type == CONN_TRANSPORT ? MODE_TRANSPORT
	       : c->type == CONN_BEET    ? MODE_BEET
					 : MODE_TUNNEL;
}

bool connection_negotiates(const struct connection *c)
{
	int group = connection_group_end(c);

	if (c->type <= CONN_TRANSPORT)
		return !c->manual;
	return c->type == CONN_PASS && c->auth != AUTH_NEVER && group >= 0 &&
	       strncmp(c->end[group].host.name, "%opportunistic", 14) == 0;
}

unsigned connection_auth(const struct connection *c, int end)
{
	return c->end[end].auth ? c->end[end].auth : c->auth;
}

bool connection_eap_client(const struct connection *c, int end)
{
	unsigned auth = connection_auth(c, end);

	return auth & AUTH_EAP && !(auth & ~(unsigned)(AUTH_EAP | AUTH_EAP_ONLY));
}

bool connection_eap_weak(const struct connection *c, struct diag *why)
{
	for (int i = 0; i < 2 && connection_negotiates(c); i++) {
		if (!(connection_auth(c, i) & AUTH_EAP_MSCHAPV2))
			continue;
		diag_set(
			why, "eap-weak", "RFC 2759",
			"%sauth=eap-mschapv2 stands on DES and MD4: whoever poses as the other "
			"end can find the password out by trying",
			connection_side(i));
		diag_wanted(why, "%sauth=eap-tls", connection_side(i));
		diag_got(why, "%sauth=eap-mschapv2", connection_side(i));
		diag_hint(why, "take a long random password as long as clients know no better");
		return true;
	}
	return false;
}

static bool proofs_equal(const struct connection *a, int a_end, const struct connection *b,
			 int b_end)
{
	return connection_auth(a, a_end) == connection_auth(b, b_end) &&
	       a->end[a_end].auth2 == b->end[b_end].auth2 &&
	       keys_equal(&a->end[a_end], &b->end[b_end]);
}

bool connection_auth_alike(const struct connection *a, int a_local, const struct connection *b,
			   int b_local)
{
	int a_us = a_local > 0,
	    b_us = b_local > 0; /* a connection that lost its place has -1 */

	return proofs_equal(a, a_us, b, b_us) && proofs_equal(a, !a_us, b, !b_us) &&
	       a->rsa_bits_min == b->rsa_bits_min && connection_ppk_equal(a, b) &&
	       eap_equal(a, b);
}

bool connection_auth_equal(const struct connection *a, int a_local, const struct connection *b,
			   int b_local)
{
	int a_us = a_local > 0, b_us = b_local > 0;

	return connection_auth_alike(a, a_local, b, b_local) &&
	       same_text(a->end[a_us].groups, b->end[b_us].groups) &&
	       same_text(a->end[!a_us].groups, b->end[!b_us].groups);
}

const char *connection_auth_differs(const struct connection *a, int a_local,
				    const struct connection *b, int b_local, bool held,
				    char buf[CONN_WORD_MAX])
{
	const int sides[2] = {!(b_local > 0), b_local > 0}; /* the peer's first */

	for (int i = 0; i < 2; i++) {
		const struct end *was = &a->end[i ? a_local > 0 : !(a_local > 0)];
		const struct end *is = &b->end[sides[i]];
		bool peer = !i && held;
		const struct {
			const char *word;
			bool same;
		} rules[] = {
			{"auth", peer || connection_auth(a, (int)(was - a->end)) ==
						 connection_auth(b, sides[i])},
			{"auth2", was->auth2 == is->auth2 && !(held && is->auth2)},
			{"sigkey", same_text(was->public_key, is->public_key)},
			{"cert", peer || same_text(was->cert, is->cert)},
			{"ca", peer || same_text(was->ca, is->ca)},
			{"groups", peer || same_text(was->groups, is->groups)},
			{"sendcert", was->send_cert == is->send_cert},
		};

		for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++)
			if (!rules[r].same) {
				snprintf(buf, CONN_WORD_MAX, "%s%s=", connection_side(sides[i]),
					 rules[r].word);
				return buf;
			}
	}
	if (!connection_ppk_equal(a, b))
		return "ppk=";
	if (!eap_equal(a, b))
		return "eap_identity=";
	/* What was long enough for the one may be too short for the other. */
	if (held ? a->rsa_bits_min < b->rsa_bits_min : a->rsa_bits_min != b->rsa_bits_min)
		return "rsa-min-bits=";
	return NULL;
}

bool connection_names_key(const struct connection *c, int end)
{
	const struct end *e = &c->end[end];

	return e->public_key && *e->public_key != '%' && !e->cert;
}

bool connection_key_in_dns(const struct connection *c, int end)
{
	const struct end *e = &c->end[end];

	return e->public_key && !e->cert && !strncasecmp(e->public_key, "%dns", 4);
}

bool connection_key_ahead(const struct connection *c, int end)
{
	return connection_key_in_dns(c, end) &&
	       strcasecmp(c->end[end].public_key, "%dnsondemand") != 0;
}

bool connection_asks_dns(const struct connection *c)
{
	int group = connection_group_end(c);

	return group >= 0 && connection_key_in_dns(c, group) &&
	       connection_auth(c, group) & AUTH_SIGNATURES;
}

const char *connection_side(int end)
{
	return end ? "right" : "left";
}

/*
 * The end is whoever has a certificate of the authority that ca= names, and proves itself by nothing
 * else: that says whom to expect where its identity does not. Not one that claims addresses of its own.
 */
static bool ca_says_who(const struct connection *c, int end)
{
	const struct end *e = &c->end[end];
	unsigned ways = connection_auth(c, end);

	return e->ca && ways && !(ways & ~(unsigned)AUTH_SIGNATURES) &&
	       !connection_names_key(c, end) && !connection_key_in_dns(c, end) && !e->virtual &&
	       !connection_is_internal(c, end);
}

bool connection_is_template(const struct connection *c, int local)
{
	const struct end *peer = &c->end[!local];
	bool open = peer->id && (peer->id->type == ID_ANY || peer->id->wildcards);

	return host_is_anybody(&peer->host) || peer->host.kind == HOST_NETS ||
	       (open && !ca_says_who(c, !local));
}

bool connection_name_has_pin(const char *name)
{
	return strcasestr(name, "pkcs11:") &&
	       (strcasestr(name, "pin-value") || strcasestr(name, "pin-source"));
}

bool connection_next_cert(const char **at, char *name, size_t cap)
{
	while (*at && **at) {
		size_t blank = strspn(*at, ", \t"), len = strcspn(*at + blank, ", \t");
		const char *from = *at + blank;

		*at = from + len;
		if (!len || len >= cap)
			continue;
		memcpy(name, from, len);
		name[len] = '\0';
		return true;
	}
	return false;
}
