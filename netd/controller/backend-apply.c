/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door's calls about whole definitions: put one in place, look at the earlier ones. */
#include "netd/controller/apply.h"
#include "netd/controller/backend-internal.h"
#include "netd/controller/history.h"

static void replied_text(void *data, const char *text, const struct err *e)
{
	struct door_call *call = data;

	if (e->code)
		door_fail(call, e);
	else
		door_reply_text(call, text);
}

void backend_apply(void *data, struct door_call *call, const char *xml, size_t n,
		   const char *source, uint32_t flags)
{
	unsigned how = (flags & RPC_APPLY_VALIDATE ? NETWORK_PARSE_VALIDATE : 0) |
		       (flags & RPC_APPLY_STORED ? NETWORK_PARSE_STORED : 0);
	struct network *def = backend_parse(call, xml, n, how);

	if (def)
		apply_definition(data, def, source, flags, replied_text, call);
}

void backend_applied(void *data, struct door_call *call, const char *source)
{
	auto_free char *text = apply_list(data, source);

	if (text)
		door_reply_text(call, text);
	else
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

void backend_history(void *data, struct door_call *call, const char *name)
{
	history_list(data, name, replied_text, call);
}

void backend_history_get(void *data, struct door_call *call, const char *name, uint32_t number)
{
	history_get(data, name, number, replied_text, call);
}
