/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_KEYWORD_ROW_H
#define CONF_KEYWORD_ROW_H

/* Short names for the columns of keyword_*.c, and the reasons that several rows share. */
#define CONN SECTION_CONN, false
#define END SECTION_CONN, true
#define SETUP SECTION_SETUP, false
#define CA SECTION_CA, false

#define O KEYWORD_OPENSWAN
#define L KEYWORD_LIBRESWAN
#define S KEYWORD_STRONGSWAN
#define OWN KEYWORD_OWN

#define BUILT KEYWORD_BUILT
#define INERT KEYWORD_INERT
#define OBSOLETE KEYWORD_OBSOLETE
#define REFUSED KEYWORD_REFUSED

#define FIELD VALUE_FIELD
#define SETTING VALUE_SETTING
#define RECORD VALUE_RECORD
#define NAMES VALUE_NAMES
#define TEXT VALUE_TEXT
#define BOOL VALUE_BOOL
#define NUMBER VALUE_NUMBER
#define TIME VALUE_TIME
#define OCTETS VALUE_OCTETS
#define ADDRESS VALUE_ADDRESS
#define NETWORK VALUE_NETWORK
#define ID VALUE_ID
#define DSCP VALUE_DSCP
#define WORD VALUE_WORD

#define V1 "this version speaks IKEv2 only"
#define MANUAL "ipsec manual reads it, for connections that are keyed by hand"
#define NFLOG "packets are not logged by groups; tcpdump shows them"
#define ACQUIRES "how long a packet waits for its SA is the kernel's: net.core.xfrm_acq_expires"
#define PUSHED_DNS "its inventors ignored it; write modecfgdns= without an end"
#define PUSHED_WINS "its inventors ignored it; write modecfgwins= without an end"
#define PULL "an IKEv2 client always asks: pull"
#define CRL_NOTE \
	"OCSP servers are asked where a certificate or a ca section names one; see strictcrlpolicy="
#define KLIPS "it belonged to the KLIPS kernel stack"

#endif
