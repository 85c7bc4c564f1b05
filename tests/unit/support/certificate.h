/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CERTIFICATE_H
#define TEST_CERTIFICATE_H

/* A certificate of nobody's: O=Example, CN=Root, an Ed25519 key whose private half is gone. */
#define TEST_CERTIFICATE_PEM                                                 \
	"-----BEGIN CERTIFICATE-----\n"                                      \
	"MIIBWTCCAQugAwIBAgIUcX+jGDTmJHFXYg0s1neP/qvqxxowBQYDK2VwMCExEDAO\n" \
	"BgNVBAoMB0V4YW1wbGUxDTALBgNVBAMMBFJvb3QwIBcNMjYxMTI3MTM1OTU3WhgP\n" \
	"MjEyNjExMDMxMzU5NTdaMCExEDAOBgNVBAoMB0V4YW1wbGUxDTALBgNVBAMMBFJv\n" \
	"b3QwKjAFBgMrZXADIQDFXpo6CbtT8smfvnk82BmbryOY26qWH1Gfu5OzS+a75qNT\n" \
	"MFEwHQYDVR0OBBYEFJZ/QBwPn/Ow9mDz98jBHZ2k14gIMB8GA1UdIwQYMBaAFJZ/\n" \
	"QBwPn/Ow9mDz98jBHZ2k14gIMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAaOk7\n" \
	"Ukd9gA46QbJfAuCDSoOJP+ygSGy5/UnVD6fbM347S/dus8NkOXvV/ME/4gXsQyKU\n" \
	"PziBK8aiTJgNK4X5CQ==\n"                                             \
	"-----END CERTIFICATE-----\n"

#define TEST_CERTIFICATE_KEY_ID "967f401c0f9ff3b0f660f3f7c8c11d9da4d78808"

#endif
