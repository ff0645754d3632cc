/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net-update, and title, description and metadata: the door's calls that change a part of a
 * definition. */
#include "netd/controller/backend-internal.h"

#include "base/log.h"
#include "netd/controller/lifecycle.h"
#include "network/update.h"

#include <errno.h>
#include <string.h>

/* ---- net-update ---- */

struct update {
	enum network_update_command command;
	enum network_section section;
	int parent_index;
	char *xml;
};

static void update_free(void *how)
{
	struct update *u = how;

	free(u->xml);
	free(u);
}

static int update_apply(const void *how, const struct network *old, struct network **ret,
			struct err *e)
{
	const struct update *u = how;
	struct network_warnings warnings = { 0 };
	int r = network_update(old, u->command, u->section, u->parent_index, u->xml, strlen(u->xml),
			       ret, &warnings, e);

	for (size_t i = 0; i < warnings.n; i++)
		log_warning("change of network '%s': %s", old->name, warnings.line[i]);
	network_warnings_done(&warnings);
	return r;
}

void backend_change_section(struct controller *c, struct net *n, struct door_call *call,
			    uint32_t command, uint32_t section, int32_t parent_index,
			    const char *xml, unsigned flags)
{
	struct update *u = calloc(1, sizeof(*u));

	if (u)
		*u = (struct update){ .command = command,
				      .section = section,
				      .parent_index = parent_index,
				      .xml = strdup(xml) };
	if (!u || !u->xml) {
		free(u);
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	lifecycle_change(c, n, flags, update_apply, u, update_free, backend_replied_void, call);
}

void backend_update(void *data, struct door_call *call, const struct rpc_net *ref, uint32_t command,
		    uint32_t section, int32_t parent_index, const char *xml, uint32_t flags)
{
	struct net *n = backend_net(data, call, ref);

	if (n)
		backend_change_section(data, n, call, command, section, parent_index, xml, flags);
}

/* ---- metadata ---- */

struct metadata {
	struct controller *c;
	struct door_call *call;
	enum network_metadata_type type;
	char *text, *key, *uri;
};

/* Lives until the reply: the event needs it after the change. */
static void metadata_keep(void *how)
{
}

static void metadata_free(struct metadata *m)
{
	free(m->text);
	free(m->key);
	free(m->uri);
	free(m);
}

static int metadata_apply(const void *how, const struct network *old, struct network **ret,
			  struct err *e)
{
	const struct metadata *m = how;

	return network_set_metadata(old, m->type, m->text, m->key, m->uri, ret, e);
}

static void metadata_done(void *data, const struct net *n, const struct err *e)
{
	struct metadata *m = data;

	if (!e->code)
		door_emit_metadata_change(m->c->door, n->name, &n->uuid,
					  (enum rpc_metadata_type)m->type, m->uri);
	backend_replied_void(m->call, n, e);
	metadata_free(m);
}

static bool copy_optional(char **dst, const char *src)
{
	*dst = src ? strdup(src) : NULL;
	return *dst || !src;
}

void backend_set_metadata(void *data, struct door_call *call, const struct rpc_net *ref,
			  enum rpc_metadata_type type, const char *text, const char *key,
			  const char *uri, uint32_t flags)
{
	struct net *n = backend_net(data, call, ref);
	struct metadata *m = n ? calloc(1, sizeof(*m)) : NULL;

	if (!n)
		return;
	if (!m) {
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	m->c = data;
	m->call = call;
	m->type = (enum network_metadata_type)type;
	if (!copy_optional(&m->text, text) || !copy_optional(&m->key, key) ||
	    !copy_optional(&m->uri, uri)) {
		metadata_free(m);
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return;
	}
	lifecycle_change(data, n, flags, metadata_apply, m, metadata_keep, metadata_done, m);
}

void backend_get_metadata(void *data, struct door_call *call, const struct rpc_net *ref,
			  enum rpc_metadata_type type, const char *uri, uint32_t flags)
{
	struct net *n = backend_net(data, call, ref);
	struct err e = { 0 };
	char *text = NULL;

	if (!n)
		return;
	if (flags & RPC_AFFECT_LIVE && !n->live) {
		door_failf(call, ERR_OPERATION_INVALID, "network is not running");
		return;
	}
	if (flags & RPC_AFFECT_CONFIG && !n->config) {
		door_failf(call, ERR_OPERATION_INVALID,
			   "transient networks have no persistent config");
		return;
	}
	const struct network *def = flags & RPC_AFFECT_CONFIG ? n->config : net_definition(n);
	if (!def)
		door_failf(call, ERR_INTERNAL, "network '%s' is broken: %s", n->name, n->broken);
	else if (network_get_metadata(def, (enum network_metadata_type)type, uri, &text, &e) < 0)
		door_fail(call, &e);
	else
		door_reply_text(call, text);
	free(text);
}
