/* SPDX-License-Identifier: Apache-2.0 */
/* --signac: to which groups the holder of a certificate belongs (RFC 5755). */
#include "base/text.h"
#include "pki/make.h"
#include "pki/operations.h"
#include "pki/put.h"
#include "trust/acert.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

#define HOURS_DEFAULT 24 /* such statements are short-lived, so that none has to be revoked */

struct options {
	const char *in, *cacert, *cakey, *hours, *days, *from, *until, *serial;
	struct arg_values groups;
	struct output out;
};

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

static bool take_times(const struct pki *p, const struct options *o, struct acert_wish *w)
{
	ASN1_TIME *from = ASN1_TIME_new(), *until = ASN1_TIME_new();
	uint64_t hours = HOURS_DEFAULT;
	bool well = from && until && make_time(p, o->from, NULL, 0, from);

	if (o->hours && !text_number(o->hours, 1, 876000, &hours)) {
		pki_complain(p, "--hours %s is no number from 1 to 876000", o->hours);
		well = false;
	}
	if (well && (o->until || o->days)) {
		well = make_time(p, o->until, o->days, 1, until);
		w->not_after = well ? seconds_of(until) : 0;
	} else {
		w->not_after = (int64_t)time(NULL) + (int64_t)hours * 3600;
	}
	w->not_before = well ? seconds_of(from) : 0;
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	if (well && w->not_before > w->not_after) {
		pki_complain(p, "it would end before it begins");
		well = false;
	}
	return well;
}

static bool sign(const struct pki *p, const struct options *o, struct acert_wish *w)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	struct bytes der = {0};
	bool well = serial && make_serial(p, o->serial, serial) && take_times(p, o, w);

	if (well) {
		w->serial = ASN1_STRING_get0_data(serial);
		w->serial_len = (size_t)ASN1_STRING_length(serial);
		well = !acert_make(w, &der);
		if (!well)
			pki_complain(p, "libcrypto does not sign it");
	}
	well = well && put_der(p, &o->out, "ATTRIBUTE CERTIFICATE", view_bytes(&der));
	bytes_done(&der);
	ASN1_INTEGER_free(serial);
	return well;
}

static bool check(const struct pki *p, const struct options *o)
{
	const char *wrong = NULL;

	if (!o->cacert || !o->cakey)
		wrong = "--issuercert FILE and --issuerkey FILE say which authority signs it";
	else if (!o->in)
		wrong = "--in FILE is the certificate of who belongs to the groups";
	else if (!o->groups.len)
		wrong = "--group NAME says to what the holder belongs; it may be given often";
	for (size_t i = 0; !wrong && i < o->groups.len; i++)
		if (!*o->groups.items[i] || strpbrk(o->groups.items[i], ", \t") ||
		    strlen(o->groups.items[i]) > ACERT_GROUP_MAX)
			wrong = "a group's name has 1 to 128 characters, no blank and no comma";
	return output_check(p, wrong, &o->out);
}

static int run(const struct pki *p, const void *options, const struct args *words)
{
	const struct options *o = options;
	struct cert_list holder = {0};
	struct authority_files authority = {.key = NULL};
	struct acert_wish w = {.groups = o->groups.items, .groups_len = o->groups.len};
	bool well;

	if (!check(p, o))
		return EXIT_USAGE;
	well = pki_read_certs(p, o->in, &holder) &&
	       pki_read_authority(p, o->cacert, o->cakey, &authority);
	if (well) {
		w.holder = &holder.items[0];
		w.authority = &authority.certs.items[0];
		w.key = authority.key;
		well = sign(p, o, &w);
	}
	authority_files_done(&authority);
	cert_list_done(&holder);
	return !well;
}

static const struct arg_option rows[] = {
	{"in", "FILE", AT(options, in), "the certificate of the holder"},
	{"issuercert", "FILE", AT(options, cacert), "the attribute authority's certificate"},
	{"issuerkey", "FILE", AT(options, cakey), "its private key"},
	{"group", "NAME", AT(options, groups), "a group of the holder's; may be given often",
	 true},
	{"hours", "N", AT(options, hours), "how long it is valid; 24 without it"},
	{"days", "N", AT(options, days), "the same in days"},
	{"not-before", "TIME", AT(options, from), "from when: 2027-01-31 or 20270131235959Z"},
	{"not-after", "TIME", AT(options, until), "until when, in place of --hours"},
	{"serial", "HEX", AT(options, serial), "its number; a random one without it"},
	OUTPUT_OPTIONS(options, out),
	{0}};
OPERATION(signac, options, rows, run,
	  .synopsis = "--in FILE --issuercert FILE --issuerkey FILE --group NAME [option ...]",
	  .doc = "Sign an attribute certificate: to which groups the holder of a certificate "
		 "belongs.\nIt belongs to ipsec.d/acerts of who asks for a group "
		 "(rightgroups=), its authority's\ncertificate to ipsec.d/aacerts there.\n");
