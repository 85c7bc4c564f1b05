/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/names.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct lookup {
	uv_getaddrinfo_t request;
	struct names *names;
	uint32_t op;
	char name[];
};

static enum cyg_err explain(const struct lookup *l, int status, struct diag *why)
{
	diag_set(why, "name-lookup", NULL, "the name %s has no address now (%s)", l->name,
		 uv_strerror(status));
	diag_hint(why, "check the name, and this host's DNS");
	return status == UV_EAI_AGAIN ? CYG_AGAIN : CYG_NOTFOUND;
}

static size_t collect(const struct addrinfo *list, struct ip_addr *out, size_t cap)
{
	size_t len = 0;

	for (; list && len < cap; list = list->ai_next) {
		out[len] = endpoint_from_sockaddr(list->ai_addr).addr;
		if (ip_is_set(&out[len]))
			len++;
	}
	return len;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct lookup *l = request->data;
	struct names *n = l->names;
	struct ip_addr addrs[NAMES_ADDRS_MAX];
	size_t len = collect(list, addrs, NAMES_ADDRS_MAX);
	enum cyg_err err = CYG_OK;
	struct diag why;

	diag_clear(&why);
	if (status || !len)
		err = explain(l, status ? status : UV_EAI_NONAME, &why);
	uv_freeaddrinfo(list);
	n->pending--;
	if (!n->closed)
		n->answer(n->ctx, l->op, err, addrs, len, &why);
	free(l);
}

bool names_resolve(struct names *n, uint32_t op, const char *name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct lookup *l = malloc(sizeof(*l) + strlen(name) + 1);

	if (!l)
		return false;
	l->names = n;
	l->op = op;
	strcpy(l->name, name);
	l->request.data = l;
	if (uv_getaddrinfo(n->loop, &l->request, on_answer, name, NULL, &hints)) {
		free(l);
		return false;
	}
	n->pending++;
	return true;
}
