/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_TREE_H
#define PKI_TREE_H

#include "pki/files.h"
#include "trust/cert.h"

/*
 * All that a host wants, as FOLDER/ipsec.d, to be copied into its /etc: by FOLDER's last name
 * the private key (NULL: the host has it), the record that names it, the certificate with the
 * intermediates of `cas`; and the authority, by the name of its file. A key that was read from
 * `key_file` (else NULL) may be there already: its certificate is renewed. False after a complaint.
 */
bool tree_write(const struct pki *p, const char *folder, const char *key_file, EVP_PKEY *key,
		X509 *x, const struct cert_list *cas, const char *cacert);

#endif
