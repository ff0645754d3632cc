/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/registry.h"

#include <errno.h>
#include <string.h>

void registry_init(struct registry *r)
{
	table_init(&r->by_name);
	table_init(&r->by_uuid);
	table_init(&r->by_id);
	table_init(&r->by_ifindex);
	list_init(&r->nets);
	list_init(&r->shaped);
	bridge_names_init(&r->bridges);
	r->order = NULL;
	r->n_nets = r->cap_order = 0;
	r->last_id = 0;
}

static void net_free(struct registry *r, struct net *n)
{
	registry_set_config(r, n, NULL);
	registry_set_live(r, n, NULL);
	list_remove(&n->shaped);
	free(n->broken);
	free(n->source);
	free(n->name);
	free(n);
}

void registry_done(struct registry *r)
{
	struct net *n;

	registry_foreach(n, r) net_free(r, n);
	list_init(&r->nets);
	bridge_names_done(&r->bridges);
	free(r->order);
	table_done(&r->by_name);
	table_done(&r->by_uuid);
	table_done(&r->by_id);
	table_done(&r->by_ifindex);
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

struct net *registry_find_ifindex(const struct registry *r, uint32_t ifindex)
{
	int key = (int)ifindex;
	struct table_node *node = table_find(&r->by_ifindex, &key, sizeof(key));

	return node ? container_of(node, struct net, by_ifindex) : NULL;
}

struct net *registry_find_bridge(const struct registry *r, const char *bridge)
{
	return bridge_names_running(&r->bridges, bridge);
}

/* ---- what changes about a network ---- */

static const char *bridge_of(const struct network *def)
{
	return def && network_makes_bridge(def) ? def->bridge : NULL;
}

struct network *registry_swap_config(struct registry *r, struct net *n, struct network *def)
{
	struct network *before = n->config;

	n->config = def;
	bridge_names_use(&r->bridges, &n->config_bridge, bridge_of(def));
	return before;
}

struct network *registry_swap_live(struct registry *r, struct net *n, struct network *def)
{
	struct network *before = n->live;

	n->live = def;
	bridge_names_use(&r->bridges, &n->live_bridge, bridge_of(def));
	return before;
}

void registry_set_config(struct registry *r, struct net *n, struct network *def)
{
	network_free(registry_swap_config(r, n, def));
}

void registry_set_live(struct registry *r, struct net *n, struct network *def)
{
	network_free(registry_swap_live(r, n, def));
}

void registry_set_ifindex(struct registry *r, struct net *n, int ifindex)
{
	struct net *other = ifindex ? registry_find_ifindex(r, (uint32_t)ifindex) : NULL;

	if (n->ifindex == ifindex)
		return;
	if (other) /* whose bridge is gone without our having looked yet */
		registry_set_ifindex(r, other, 0);
	if (n->ifindex)
		table_remove(&r->by_ifindex, &n->by_ifindex);
	n->ifindex = ifindex;
	if (ifindex && table_add(&r->by_ifindex, &n->by_ifindex, &n->ifindex, sizeof(n->ifindex)))
		n->ifindex = 0; /* out of memory: as if there were no bridge, until the next look */
}

/* ---- coming and going ---- */

/* How many networks have lesser names. */
static size_t place_of(const struct registry *r, const char *name)
{
	size_t low = 0, high = r->n_nets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(r->order[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert_by_name(struct registry *r, struct net *n)
{
	size_t at = place_of(r, n->name);

	if (GROW(r->order, r->cap_order, r->n_nets + 1) < 0)
		return -ENOMEM;
	list_add_tail(at < r->n_nets ? &r->order[at]->in_order : &r->nets, &n->in_order);
	memmove(&r->order[at + 1], &r->order[at], (r->n_nets - at) * sizeof(struct net *));
	r->order[at] = n;
	r->n_nets++;
	return 0;
}

static void remove_by_name(struct registry *r, struct net *n)
{
	size_t at = place_of(r, n->name);

	list_remove(&n->in_order);
	r->n_nets--;
	memmove(&r->order[at], &r->order[at + 1], (r->n_nets - at) * sizeof(struct net *));
}

struct net *registry_add(struct registry *r, const char *name, const struct uuid *u)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	list_init(&n->in_order);
	list_init(&n->ops);
	list_init(&n->shaped);
	bridge_use_init(&n->config_bridge, n, false);
	bridge_use_init(&n->live_bridge, n, true);
	n->id = ++r->last_id;
	n->uuid = *u;
	n->name = strdup(name);
	if (!n->name || table_add(&r->by_name, &n->by_name, n->name, strlen(n->name)) < 0)
		goto fail;
	if (table_add(&r->by_uuid, &n->by_uuid, n->uuid.b, sizeof(n->uuid.b)) < 0)
		goto fail_name;
	if (table_add(&r->by_id, &n->by_id, &n->id, sizeof(n->id)) < 0)
		goto fail_uuid;
	if (insert_by_name(r, n) == 0)
		return n;
	table_remove(&r->by_id, &n->by_id);
fail_uuid:
	table_remove(&r->by_uuid, &n->by_uuid);
fail_name:
	table_remove(&r->by_name, &n->by_name);
fail:
	net_free(r, n);
	return NULL;
}

void registry_remove(struct registry *r, struct net *n)
{
	table_remove(&r->by_name, &n->by_name);
	table_remove(&r->by_uuid, &n->by_uuid);
	table_remove(&r->by_id, &n->by_id);
	registry_set_ifindex(r, n, 0);
	remove_by_name(r, n);
	net_free(r, n);
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

/* ---- bridge names ---- */

struct choice {
	struct registry *r;
	const struct net *self;
	const char *template;
	registry_link_exists_fn *exists;
	void *data;
};

static bool is_free(const struct choice *c, unsigned number, char name[static BRIDGE_TEMPLATE_MAX])
{
	return bridge_name_fill(name, c->template, number) &&
	       !bridge_names_owner(&c->r->bridges, c->self, name) && !c->exists(c->data, name);
}

static bool find_free(const struct choice *c, char name[static BRIDGE_TEMPLATE_MAX])
{
	unsigned from = bridge_names_lowest(&c->r->bridges, c->template, c->exists, c->data),
		 own = from;
	const struct network *now = c->self ? net_definition(c->self) : NULL;

	/* Its own name is no obstacle. */
	if (now && now->bridge && bridge_name_number(now->bridge, c->template, &own) &&
	    own < from && is_free(c, own, name))
		return true;
	for (unsigned i = from; i <= BRIDGE_NUMBER_MAX; i++)
		if (is_free(c, i, name))
			return true;
	return false;
}

int registry_choose_bridge(struct registry *r, const struct net *self, struct network *def,
			   registry_link_exists_fn *exists, void *data, struct err *e)
{
	struct choice c = { r, self, def->bridge ? def->bridge : "virbr%d", exists, data };
	char name[BRIDGE_TEMPLATE_MAX];
	const char *chosen = name;

	if (!network_makes_bridge(def))
		return 0;
	if (def->bridge && !strstr(def->bridge, "%d")) {
		const struct net *owner = bridge_names_owner(&r->bridges, self, def->bridge);
		if (owner)
			return err_set(e, ERR_INTERNAL,
				       "bridge name '%s' already in use by network '%s'.",
				       def->bridge, owner->name);
		return 0;
	}
	/* A redefinition keeps the name that the network has. */
	if (self && self->config && self->config->bridge && !def->bridge)
		chosen = self->config->bridge;
	else if (!find_free(&c, name))
		return err_set(e, ERR_INTERNAL, "no free bridge name: %s is used up to number %u",
			       c.template, BRIDGE_NUMBER_MAX);
	char *copy = strdup(chosen);
	if (!copy)
		return err_sys(e, ENOMEM, "cannot name a bridge");
	free(def->bridge);
	def->bridge = copy;
	return 0;
}

const struct network *net_definition(const struct net *n)
{
	return n->live ? n->live : n->config;
}
