/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-zone.h — zone files of networks (<netd:zone file='…'/>): read before a start, and again
 * when the definition changes, at a reload and when the file has changed. What can't be read then
 * leaves the records as they were, and is a condition. */
#ifndef NETD_SERVICE_ZONE_H
#define NETD_SERVICE_ZONE_H

#include "dns/dns.h"
#include "netd/controller/controller.h"

/* The file that def's name service has records from; NULL: none. */
const char *service_zone_file(const struct network *def);
/* Before a start: whether it can be read, as it is now. */
int service_zone_check(const struct network *def, struct err *e) mustcheck;

/* The records of the files of all networks that run. */
struct service_zones;
/* `changed` is called for a network whose records have changed by themselves. */
typedef void service_zone_changed_fn(void *data, struct net *n);
struct service_zones *service_zones_new(struct controller *c, service_zone_changed_fn *changed,
					void *data) mustcheck;
void service_zones_free(struct service_zones *z);

/* The network runs by another definition, or not at all any more: read, and watch, what it names.
 */
void service_zone_update(struct service_zones *z, struct net *n);
void service_zone_forget(struct service_zones *z, const struct net *n);
/* Read all again. */
void service_zones_reload(struct service_zones *z);
/* Add the network's records. 0 or -ENOMEM. */
int service_zone_add(const struct service_zones *z, const struct net *n, struct dns_config *c)
    mustcheck;

#endif
