/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int errno_of(enum err_class class)
{
	switch (class) {
	case ERR_NO_MEMORY:
		return ENOMEM;
	case ERR_NO_NETWORK:
	case ERR_NO_NETWORK_PORT:
	case ERR_NO_NETWORK_METADATA:
		return ENOENT;
	case ERR_NETWORK_PORT_EXIST:
		return EEXIST;
	case ERR_OPERATION_DENIED:
	case ERR_ACCESS_DENIED:
	case ERR_AUTH_FAILED:
	case ERR_AUTH_CANCELLED:
	case ERR_AUTH_UNAVAILABLE:
		return EPERM;
	case ERR_NO_SUPPORT:
	case ERR_OPERATION_UNSUPPORTED:
		return ENOTSUP;
	case ERR_RPC:
		return EPROTO;
	case ERR_NONE:
	case ERR_INTERNAL:
	case ERR_INVALID_ARG:
	case ERR_OPERATION_FAILED:
	case ERR_NO_NAME:
	case ERR_XML:
	case ERR_XML_DETAIL:
	case ERR_INVALID_NETWORK:
	case ERR_SYSTEM:
	case ERR_INVALID_MAC:
	case ERR_OPERATION_INVALID:
	case ERR_CONFIG_UNSUPPORTED:
	case ERR_HOOK_FAILED:
	case ERR_OVERFLOW:
	case ERR_XML_INVALID_SCHEMA:
	case ERR_INVALID_NETWORK_PORT:
		break;
	}
	return EINVAL;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -errnum;
	e->code = errnum;
	e->class = ERR_SYSTEM;
	e->from = ERR_FROM_USUAL;
	va_start(ap, fmt);
	int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->msg))
		snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", strerror(errnum));
	return -errnum;
}

int err_set(struct err *e, enum err_class class, const char *fmt, ...)
{
	va_list ap;
	int code = errno_of(class);

	if (!e)
		return -code;
	e->code = code;
	e->class = class;
	e->from = ERR_FROM_USUAL;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -code;
}

int err_in(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;

	if (!e)
		return -EINVAL;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->msg))
		snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", old);
	return e->code ? -e->code : -EINVAL;
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->code = 0;
	e->class = ERR_NONE;
	e->msg[0] = '\0';
}
