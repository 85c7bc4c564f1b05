/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_TOKEN_PRIVATE_H
#define TOKEN_TOKEN_PRIVATE_H

#include "token/token.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>

struct token_key {
	_Atomic unsigned refs;
	CK_FUNCTION_LIST *module;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object;
	pthread_mutex_t lock;
};

#endif
