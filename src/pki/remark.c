/* SPDX-License-Identifier: Apache-2.0 */
/* What is well to know of a certificate that was made, and is no reason not to make it. */
#include "pki/remark.h"

#include "base/text.h"
#include "trust/cert.h"

#include <openssl/x509v3.h>

#define RSA_BITS_MIN 2048

static bool is_over(X509 *x)
{
	return X509_cmp_current_time(X509_get0_notAfter(x)) < 0;
}

static bool is_short(X509 *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);

	return key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) < RSA_BITS_MIN;
}

static bool outlives(X509 *x, X509 *ca)
{
	return ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(ca)) > 0;
}

void remark_refusals(const struct pki *p, X509 *ca, X509 *x)
{
	if (is_over(x))
		pki_complain(
			p,
			"warning: the new certificate is over already (--days, --not-after)");
	if (!ca)
		return;
	if (is_over(ca))
		pki_complain(p,
			     "warning: the authority's certificate has expired: peers refuse "
			     "what it issues");
	else if (outlives(x, ca))
		pki_complain(p, "warning: the authority's certificate ends before the new one: "
				"from then on peers refuse it");
	if (is_short(ca))
		pki_complain(p,
			     "warning: the authority's RSA key has less than %d bits: peers "
			     "refuse it",
			     RSA_BITS_MIN);
	if (X509_get_pathlen(ca) == 0 && X509_check_ca(x) == 1)
		pki_complain(p, "warning: no authority may stand below this one (pathlen 0): "
				"peers refuse what the new one issues");
}

static void add_name(void *ctx, const char *name)
{
	text_add(ctx, ", %s", name);
}

void remark_names(const struct pki *p, X509 *x)
{
	char subject[CERT_TEXT_MAX];
	struct text names = {0};
	struct cert c;
	struct diag why;

	X509_up_ref(x);
	if (cert_take(x, &c, &why))
		return;
	cert_each_name(&c, add_name, &names);
	if (!names.bad)
		pki_complain(p, "as its request says, it is for %s%s",
			     cert_print(&c, subject, sizeof(subject)), text_str(&names));
	text_done(&names);
	cert_done(&c);
}
