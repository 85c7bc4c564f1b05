/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_OPERATIONS_H
#define PKI_OPERATIONS_H

struct crypto;

/* Each operation of `ipsec pki`: argv[0] is its word. Returns the exit status. */
int gen_main(struct crypto *crypto, int argc, char **argv);
int self_main(struct crypto *crypto, int argc, char **argv);
int req_main(struct crypto *crypto, int argc, char **argv);
int issue_main(struct crypto *crypto, int argc, char **argv);
int signcrl_main(struct crypto *crypto, int argc, char **argv);
int signac_main(struct crypto *crypto, int argc, char **argv);
int print_main(struct crypto *crypto, int argc, char **argv);
int verify_main(struct crypto *crypto, int argc, char **argv);

#define EXIT_REFUSED 1 /* --verify: not believed */
#define EXIT_UNABLE 3  /* --verify: there is no verdict, because a file can't be read */

#endif
