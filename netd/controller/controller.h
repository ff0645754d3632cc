/* SPDX-License-Identifier: GPL-2.0-or-later */
/* controller.h — the controller's parts in one place. One loop thread owns all of it and decides
 * everything; what may block is handed to `kernel` or `files` (netd/kernel/jobs.h) and comes back
 * as a callback.
 *
 *   door -> backend -> lifecycle -> reconcile -> kernel thread        a command's way down
 *                          |            |
 *                     definitions    services -> workers              and what follows from it
 */
#ifndef NETD_CONTROLLER_H
#define NETD_CONTROLLER_H

#include "bridge/mirror.h"
#include "netd/controller/config.h"
#include "netd/controller/registry.h"
#include "netd/kernel/jobs.h"
#include "netd/process/paths.h"

#include <systemd/sd-event.h>

struct blocked;
struct conditions;
struct door;
struct keeper_link;
struct guard;
struct lease_files;
struct leases;
struct own_rules;
struct attached;
struct foreign;
struct conflicts;
struct reconcile;
struct redirect;
struct resolved;
struct resolvers_file;
struct services;
struct stations;
struct uplinks;
struct upstreams;
struct zones;

struct controller {
	sd_event *loop;
	struct paths paths;
	struct netd_config config;
	struct registry registry;
	struct jobs *kernel; /* rtnetlink and nftables writes */
	struct jobs *files;  /* fsync */
	struct mirror *mirror;
	struct reconcile *reconcile;
	struct attached *attached;
	struct own_rules *own_rules;
	struct conflicts *conflicts; /* who else uses a subnet */
	struct foreign *foreign; /* ports on bridges of others */
	struct uplinks *uplinks;
	struct zones *zones; /* of firewalld */
	struct resolved *resolved; /* systemd-resolved, for <domain register='yes'> */
	struct resolvers_file *resolvers_file;
	struct services *services;
	struct leases *leases;
	struct lease_files *lease_files;
	struct guard *guard;
	struct redirect *redirect; /* of guests' DNS, where port 53 is another's */
	struct upstreams *upstreams;
	struct door *door;
	struct conditions *conditions; /* what is wrong now */
	struct blocked *blocked;
	struct stations *stations;
	struct keeper_link *keeper;
	sd_event_source *keeper_source;
	unsigned starts_before; /* how many controllers this keeper has had before */
	struct list ports;      /* netd/controller/ports.c */
	struct table ports_by_uuid;
	struct table held; /* descriptors of an earlier life, not yet taken up */
};

struct held {
	struct table_node by_name;
	int fd;
	char name[];
};
/* A descriptor that the keeper held under that name, now the caller's; -1: there is none. */
int controller_take_held(struct controller *c, const char *name);

/* Call `ready(data)` from the loop whenever fd is readable. The source lives as long as the loop.
 */
int controller_watch(struct controller *c, int fd, void (*ready)(void *data), void *data,
		     struct err *e) mustcheck;

#endif
