/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

const char *cyg_err_name(enum cyg_err err)
{
	switch (err) {
#define X(name, value, text) \
	case CYG_##name:     \
		return #name;
		CYG_ERR_MAP(X)
#undef X
	}
	return "?";
}

const char *cyg_err_text(enum cyg_err err)
{
	switch (err) {
#define X(name, value, text) \
	case CYG_##name:     \
		return text;
		CYG_ERR_MAP(X)
#undef X
	}
	return "an unknown error";
}
