/* SPDX-License-Identifier: GPL-2.0-or-later */
/* registry.h — every network this daemon knows, findable by name, UUID and id, and the rules that
 * hold among them: names, UUIDs and bridge names are unique. No I/O, no kernel; what happens to a
 * network over time is netd/controller/lifecycle.h.
 *
 * While a network runs it has two definitions: `live`, by which it runs, and `config`, by which it
 * will start next time. A persistent network has a config; a transient one has only live. They may
 * be one shared definition (network_share()): change neither in place. */
#ifndef NETD_REGISTRY_H
#define NETD_REGISTRY_H

#include "base/list.h"
#include "base/table.h"
#include "netd/controller/bridge-names.h"
#include "network/xml.h"

enum net_state {
	NET_INACTIVE,
	NET_STARTING, /* kernel work is on its way; not yet shown as active */
	NET_ACTIVE,
	NET_STOPPING,
};

struct net_attached;
struct net_ports;
struct net_shape;
struct net_uplink;
struct op;

struct net {
	struct table_node by_name, by_uuid, by_id, by_ifindex;
	struct list in_order; /* of registry.nets, in the order of their names */
	uint32_t id;          /* for messages to the workers; never 0, never reused */
	char *name;
	struct uuid uuid;
	/* Set by registry_swap_config() and registry_swap_live() alone. */
	struct network *config; /* NULL: transient */
	struct network *live;   /* NULL: not running (nor starting) */
	struct bridge_use config_bridge, live_bridge;
	enum net_state state;
	bool taking_up; /* NET_STARTING, but it has run since before the daemon's start: shown as
			   active */
	bool autostart;
	bool stopped_on_request; /* in this boot, before the daemon's last start */
	bool embryo; /* a first definition on its way to the disk: holds its names, is not shown */
	bool lease_files_stale; /* netd/lease/lease-files.c */
	bool live_changed;      /* the file in /run holds an older live */
	bool unsaved; /* config got a uuid, MAC or bridge name that its file doesn't have yet */
	char *source; /* the folder that net-apply made it from, or NULL */
	char *broken; /* why the definition on disk could not be used, or NULL */
	struct list
	    ops; /* netd/controller/lifecycle.c: what is asked of it, the first one is running */
	struct net_service
	    *service; /* netd/service/services.c: sockets and workers while it runs */
	struct net_attached
	    *attached; /* netd/kernel/attached.c: the links that hang, or hung, on its bridge */
	struct net_uplink *uplink; /* netd/kernel/uplinks.c: the way out of its bridge */
	struct net_shape *shape;   /* netd/kernel/shaping.c: the bandwidth that was set */
	struct list shaped;        /* of registry.shaped while `shape` is set */
	struct net_ports *ports;   /* netd/controller/ports-known.h: what was asked for it */
	int ifindex;      /* of its bridge while it runs, else 0; set by registry_set_ifindex() */
	unsigned n_turns; /* how often it waits in reconcile's line */
};

struct registry {
	struct table by_name, by_uuid, by_id, by_ifindex;
	struct list nets;
	struct net **order; /* the same, to find the place of another one */
	size_t n_nets, cap_order;
	struct bridge_names bridges; /* of definitions whose bridge is ours to make */
	struct list shaped;
	uint32_t last_id;
};

void registry_init(struct registry *r);
void registry_done(struct registry *r); /* frees the networks too */

struct net *registry_find_name(const struct registry *r, const char *name);
struct net *registry_find_uuid(const struct registry *r, const struct uuid *u);
struct net *registry_find_id(const struct registry *r, uint32_t id);
/* The running network whose bridge has this ifindex, or NULL. */
struct net *registry_find_ifindex(const struct registry *r, uint32_t ifindex);
/* The network that runs with a bridge of ours of this name, or NULL. */
struct net *registry_find_bridge(const struct registry *r, const char *bridge);

/* A new, empty network. NULL when out of memory. The name and UUID must be free. */
struct net *registry_add(struct registry *r, const char *name, const struct uuid *u) mustcheck;
void registry_remove(struct registry *r, struct net *n); /* frees it */

/* Give it another definition (NULL: none), which is taken over, and hand back the one before. Also
 * after a definition got another bridge's name in its place: with the same one. */
struct network *registry_swap_config(struct registry *r, struct net *n, struct network *def)
    mustcheck;
struct network *registry_swap_live(struct registry *r, struct net *n, struct network *def)
    mustcheck;
/* The same, and the one before is freed. */
void registry_set_config(struct registry *r, struct net *n, struct network *def);
void registry_set_live(struct registry *r, struct net *n, struct network *def);
void registry_set_ifindex(struct registry *r, struct net *n, int ifindex);

/* Whether `def` may be defined or created: its name and UUID belong to nobody else. *ret is the
 * network that it redefines, or NULL. A definition without a UUID takes over none, as in libvirt:
 * the name must be free. */
int registry_check_identity(const struct registry *r, const struct network *def, struct net **ret,
			    struct err *e) mustcheck;

/* Whether a link of that name exists on the host, for the choice of a bridge name. */
typedef bridge_exists_fn registry_link_exists_fn;

/* Give def->bridge a name if it owns a bridge and has none or a template with %d: the first free
 * one of virbr0, virbr1 … A name that was given must not be another network's. `self` may be NULL.
 */
int registry_choose_bridge(struct registry *r, const struct net *self, struct network *def,
			   registry_link_exists_fn *exists, void *data, struct err *e) mustcheck;

/* The definition that readers are shown: live while it runs, else config. */
const struct network *net_definition(const struct net *n);
/* Runs, and nobody is stopping it. */
static inline bool net_runs(const struct net *n)
{
	return n->state == NET_ACTIVE || (n->state == NET_STARTING && n->taking_up);
}
static inline bool net_is_active(const struct net *n)
{
	return net_runs(n) || n->state == NET_STOPPING;
}
/* Whether the kernel should hold it. */
static inline bool net_is_wanted(const struct net *n)
{
	return n->live && (n->state == NET_STARTING || n->state == NET_ACTIVE);
}
static inline bool net_is_shown(const struct net *n)
{
	return !n->embryo && (n->config || n->live || n->broken);
}

#define registry_foreach(var, r) list_foreach (var, &(r)->nets, struct net, in_order)

#endif
