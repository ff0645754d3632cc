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

struct wish {
	struct controller *c;
	struct network *def;
	char *source;
	uint32_t flags;
};

static void permitted(void *data, struct door_call *call, bool yes)
{
	struct wish *w = data;

	if (yes)
		apply_definition(w->c, w->def, w->source, w->flags, replied_text, call);
	else
		network_free(w->def);
	free(w->source);
	free(w);
}

void backend_apply(void *data, struct door_call *call, const char *xml, size_t n,
		   const char *source, uint32_t flags)
{
	unsigned how = (flags & RPC_APPLY_VALIDATE ? NETWORK_PARSE_VALIDATE : 0) |
		       (flags & RPC_APPLY_STORED ? NETWORK_PARSE_STORED : 0);
	struct network *def = backend_parse(call, xml, n, how);
	struct wish *w = def ? calloc(1, sizeof(*w)) : NULL;

	if (!def)
		return;
	if (w)
		*w = (struct wish){ data, def, source ? strdup(source) : NULL, flags };
	if (!w || (source && !w->source)) {
		network_free(def);
		free(w);
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	door_call_permit(call, def->name, def->has_uuid ? &def->uuid : NULL, permitted, w);
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
