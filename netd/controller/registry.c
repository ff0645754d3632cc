/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BRIDGE_NUMBER_MAX 4095u /* more networks than that don't fit on one host */

void registry_init(struct registry *r)
{
	table_init(&r->by_name);
	table_init(&r->by_uuid);
	table_init(&r->by_id);
	list_init(&r->nets);
	r->last_id = 0;
}

static void net_free(struct net *n)
{
	network_free(n->config);
	network_free(n->live);
	free(n->broken);
	free(n->source);
	free(n->shape);
	free(n->name);
	free(n);
}

void registry_done(struct registry *r)
{
	struct net *n;

	registry_foreach(n, r) net_free(n);
	list_init(&r->nets);
	table_done(&r->by_name);
	table_done(&r->by_uuid);
	table_done(&r->by_id);
}

struct net *registry_find_name(const struct registry *r, const char *name)
{
	struct table_node *node = table_find(&r->by_name, name, strlen(name));

	return node ? container_of(node, struct net, by_name) : NULL;
}

struct net *registry_find_uuid(const struct registry *r, const struct uuid *u)
{
	struct table_node *node = table_find(&r->by_uuid, u->b, sizeof(u->b));

	return node ? container_of(node, struct net, by_uuid) : NULL;
}

struct net *registry_find_id(const struct registry *r, uint32_t id)
{
	struct table_node *node = table_find(&r->by_id, &id, sizeof(id));

	return node ? container_of(node, struct net, by_id) : NULL;
}

struct net *registry_find_bridge(const struct registry *r, const char *bridge)
{
	struct net *n;

	registry_foreach(n, r) if (n->live && n->live->bridge &&
				   strcmp(n->live->bridge, bridge) == 0) return n;
	return NULL;
}

static void insert_by_name(struct registry *r, struct net *n)
{
	struct list *at = &r->nets;
	struct net *other;

	registry_foreach(other, r)
	{
		if (strcmp(other->name, n->name) > 0) {
			at = &other->in_order;
			break;
		}
	}
	list_add_tail(at, &n->in_order);
}

struct net *registry_add(struct registry *r, const char *name, const struct uuid *u)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	list_init(&n->in_order);
	list_init(&n->ops);
	n->id = ++r->last_id;
	n->uuid = *u;
	n->name = strdup(name);
	if (!n->name || table_add(&r->by_name, &n->by_name, n->name, strlen(n->name)) < 0)
		goto fail;
	if (table_add(&r->by_uuid, &n->by_uuid, n->uuid.b, sizeof(n->uuid.b)) < 0)
		goto fail_name;
	if (table_add(&r->by_id, &n->by_id, &n->id, sizeof(n->id)) < 0)
		goto fail_uuid;
	insert_by_name(r, n);
	return n;
fail_uuid:
	table_remove(&r->by_uuid, &n->by_uuid);
fail_name:
	table_remove(&r->by_name, &n->by_name);
fail:
	net_free(n);
	return NULL;
}

void registry_remove(struct registry *r, struct net *n)
{
	table_remove(&r->by_name, &n->by_name);
	table_remove(&r->by_uuid, &n->by_uuid);
	table_remove(&r->by_id, &n->by_id);
	list_remove(&n->in_order);
	net_free(n);
}

int registry_check_identity(const struct registry *r, const struct network *def, struct net **ret,
			    struct err *e)
{
	char text[UUID_TEXT_MAX];
	struct net *same_name = registry_find_name(r, def->name);
	struct net *same_uuid = def->has_uuid ? registry_find_uuid(r, &def->uuid) : NULL;

	if (same_uuid && same_uuid != same_name)
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s' is already defined with uuid %s", same_uuid->name,
			       uuid_format(&same_uuid->uuid, text));
	if (same_name && same_name != same_uuid)
		return err_set(e, ERR_OPERATION_FAILED, "network '%s' already exists with uuid %s",
			       same_name->name, uuid_format(&same_name->uuid, text));
	*ret = same_name;
	return 0;
}

/* The network other than `self` whose config or live definition uses that bridge name. */
static const struct net *bridge_owner(const struct registry *r, const struct net *self,
				      const char *bridge)
{
	const struct net *n;

	registry_foreach(n, r)
	{
		const struct network *defs[] = { n->config, n->live };
		for (size_t i = 0; n != self && i < ARRAY_LEN(defs); i++)
			if (defs[i] && network_owns_bridge(defs[i]) && defs[i]->bridge &&
			    strcmp(defs[i]->bridge, bridge) == 0)
				return n;
	}
	return NULL;
}

/* Fill the number into a template that holds one %d; templates are checked by network/. */
static void fill_template(char *buf, size_t cap, const char *pattern, unsigned number)
{
	const char *mark = strstr(pattern, "%d");

	snprintf(buf, cap, "%.*s%u%s", (int)(mark - pattern), pattern, number, mark + 2);
}

int registry_choose_bridge(const struct registry *r, const struct net *self, struct network *def,
			   registry_link_exists_fn *exists, void *data, struct err *e)
{
	const char *pattern = def->bridge ? def->bridge : "virbr%d";

	if (!network_owns_bridge(def))
		return 0;
	if (def->bridge && !strstr(def->bridge, "%d")) {
		const struct net *owner = bridge_owner(r, self, def->bridge);
		if (owner)
			return err_set(e, ERR_INTERNAL,
				       "bridge name '%s' already in use by network '%s'.",
				       def->bridge, owner->name);
		return 0;
	}
	/* A redefinition keeps the name that the network has. */
	if (self && self->config && self->config->bridge && !def->bridge) {
		def->bridge = strdup(self->config->bridge);
		return def->bridge ? 0 : err_sys(e, ENOMEM, "cannot name a bridge");
	}
	for (unsigned i = 0; i <= BRIDGE_NUMBER_MAX; i++) {
		char name[64];
		fill_template(name, sizeof(name), pattern, i);
		if (bridge_owner(r, self, name) || exists(data, name))
			continue;
		char *chosen = strdup(name);
		if (!chosen)
			return err_sys(e, ENOMEM, "cannot name a bridge");
		free(def->bridge);
		def->bridge = chosen;
		return 0;
	}
	return err_set(e, ERR_INTERNAL, "no free bridge name: %s is used up to number %u", pattern,
		       BRIDGE_NUMBER_MAX);
}

const struct network *net_definition(const struct net *n)
{
	return n->live ? n->live : n->config;
}
