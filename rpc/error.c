/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.c — struct err on the wire: libvirt's words for each class of error, and the object that
 * carries them. Tools match on the opening words and on the numbers, so both are kept to the
 * letter. */
#include "rpc/types.h"

#include <stdio.h>

/* The text is `before`, the detail, `after`; without a detail it is `bare`. */
static const struct class_text {
	enum err_class class;
	const char *bare, *before, *after;
	enum rpc_domain domain;
} class_texts[] = {
	/* clang-format off */
	{ ERR_INTERNAL,    "internal error", "internal error: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_NO_MEMORY,   "out of memory", "out of memory: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_NO_SUPPORT,  "this function is not supported by the connection driver",
	                   "this function is not supported by the connection driver: ", "",
	                   RPC_DOMAIN_DOMAIN },
	{ ERR_INVALID_ARG, "invalid argument", "invalid argument: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_OPERATION_FAILED, "operation failed", "operation failed: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_NO_NAME,     "missing name information", "missing name information: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_XML,         "XML description is invalid or not well formed", "XML error: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_OPERATION_DENIED, "operation forbidden for read only access", "operation forbidden: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_XML_DETAIL,  "XML description is invalid or not well formed", "", "", RPC_DOMAIN_NETWORK },
	{ ERR_INVALID_NETWORK, "invalid network pointer in", "invalid network pointer in ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_SYSTEM,      "system error", "", "", RPC_DOMAIN_NETWORK },
	{ ERR_RPC,         "RPC error", "", "", RPC_DOMAIN_RPC },
	{ ERR_NO_NETWORK,  "Network not found", "Network not found: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_INVALID_MAC, "invalid MAC address", "invalid MAC address: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_AUTH_FAILED, "authentication failed", "authentication failed: ", "", RPC_DOMAIN_POLKIT },
	{ ERR_AUTH_CANCELLED, "authentication cancelled", "authentication cancelled: ", "",
	                   RPC_DOMAIN_POLKIT },
	{ ERR_AUTH_UNAVAILABLE, "authentication unavailable", "authentication unavailable: ", "",
	                   RPC_DOMAIN_POLKIT },
	{ ERR_OPERATION_INVALID, "Requested operation is not valid", "Requested operation is not valid: ",
	                   "", RPC_DOMAIN_NETWORK },
	{ ERR_CONFIG_UNSUPPORTED, "unsupported configuration", "unsupported configuration: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_HOOK_FAILED, "Hook script execution failed", "Hook script execution failed: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_OVERFLOW,    "numerical overflow", "numerical overflow: ", "", RPC_DOMAIN_NETWORK },
	{ ERR_OPERATION_UNSUPPORTED, "Operation not supported", "Operation not supported: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_ACCESS_DENIED, "access denied", "access denied: ", "", RPC_DOMAIN_ACCESS },
	{ ERR_XML_INVALID_SCHEMA, "XML document failed to validate against schema",
	                   "XML document failed to validate against schema: ", "", RPC_DOMAIN_XML },
	{ ERR_INVALID_NETWORK_PORT, "Invalid network port pointer", "Invalid network port pointer: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_NETWORK_PORT_EXIST, "this network port exists already", "network port ", " exists already",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_NO_NETWORK_PORT, "network port not found", "network port not found: ", "",
	                   RPC_DOMAIN_NETWORK },
	{ ERR_NO_NETWORK_METADATA, "metadata not found", "metadata not found: ", "", RPC_DOMAIN_NETWORK },
	/* clang-format on */
};

static const struct class_text *text_of(enum err_class class)
{
	static const struct class_text other = { ERR_NONE, "an error was reported", "", "",
						 RPC_DOMAIN_NETWORK };

	for (size_t i = 0; i < ARRAY_LEN(class_texts); i++)
		if (class_texts[i].class == class)
			return &class_texts[i];
	return &other;
}

#define TEXT_MAX (sizeof(((struct err *)0)->msg) + 128)

static void whole_text(const struct class_text *t, const struct err *e, char buf[static TEXT_MAX])
{
	if (e->msg[0])
		snprintf(buf, TEXT_MAX, "%s%s%s", t->before, e->msg, t->after);
	else
		snprintf(buf, TEXT_MAX, "%s", t->bare);
}

/* Who says it: the caller knows, or the error, or it is who usually says such. */
static int32_t domain_of(const struct err *e, enum rpc_domain domain, const struct class_text *t)
{
	if (domain)
		return (int32_t)domain;
	if (e->from == ERR_FROM_NONE)
		return 0;
	return e->from ? (int32_t)e->from : (int32_t)t->domain;
}

void rpc_put_error(struct wr *w, const struct err *e, enum rpc_domain domain)
{
	const struct class_text *t = text_of(e->class);
	char text[TEXT_MAX], format[128];

	whole_text(t, e, text);
	if (e->msg[0])
		snprintf(format, sizeof(format), "%s%%1$s%s", t->before, t->after);
	else
		snprintf(format, sizeof(format), "%s", t->bare);
	xdr_put_i32(w, e->class ? (int32_t)e->class : ERR_INTERNAL);
	xdr_put_i32(w, domain_of(e, domain, t));
	xdr_put_optional(w, text);
	xdr_put_i32(w, 2);      /* level: error */
	xdr_put_bool(w, false); /* domain (a virtual machine) */
	xdr_put_optional(w, format);
	xdr_put_optional(w, e->msg[0] ? e->msg : NULL);
	xdr_put_optional(w, NULL);
	xdr_put_i32(w, -1);
	xdr_put_i32(w, -1);
	xdr_put_bool(w, false); /* network */
}

void rpc_get_error(struct rd *r, struct err *e)
{
	int32_t code = xdr_get_i32(r);
	(void)xdr_get_i32(r);
	struct xdr_str text = xdr_get_optional(r, RPC_STRING_MAX);

	if (r->bad)
		err_set(e, ERR_RPC, "the daemon's error could not be decoded");
	else if (text.n)
		err_set(e, (enum err_class)code, "%.*s", (int)MIN_OF(text.n, 4096u), text.p);
	else
		err_set(e, (enum err_class)code, "%s", text_of((enum err_class)code)->bare);
}

char *rpc_error_text(const struct err *e)
{
	char text[TEXT_MAX];

	whole_text(text_of(e->class), e, text);
	return strdup(text);
}
