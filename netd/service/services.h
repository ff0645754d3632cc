/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services.h — what a running network offers its guests: the sockets on its bridge, and which
 * worker serves it.
 *
 * The sockets are made here and held by the keeper as well, so that they outlive any worker and the
 * controller: what arrives while a process is being replaced waits in them. DHCP and DNS have one
 * worker each for all networks; a network whose packets killed it twice gets a worker of its own,
 * and the others go on undisturbed. Boot files are served by a worker of the network's own from the
 * start: it is locked into that network's folder. */
#ifndef NETD_SERVICES_H
#define NETD_SERVICES_H

#include "base/clock.h"
#include "base/cursor.h"
#include "dhcp/dhcp4.h"
#include "firewall/nft-redirect.h"
#include "netd/controller/controller.h"
#include "netd/service/host-names.h"
#include "network/port.h"

struct keeper_link;

struct services *services_new(struct controller *c, struct err *e) mustcheck;
void services_free(struct services *s);

/* Before anything is made for a start: whether there is what n->live wants to serve. A network that
 * runs already is served all the same, as far as possible. */
int services_check(const struct net *n, struct err *e) mustcheck;

/* Open the sockets of n->live on its bridge and have it served. After a failure the network is not
 * served at all. */
int services_start(struct services *s, struct net *n, struct err *e) mustcheck;
/* n->live has changed: tell the workers; sockets are made anew only where an address or a service
 * came or went. */
int services_update(struct services *s, struct net *n, struct err *e) mustcheck;
void services_stop(struct services *s, struct net *n);

/* What the network's guests get from its dhcp worker. False: nothing. */
bool services_addresses(const struct net *n, bool *ret_dhcp4, bool *ret_ip6);

/* ---- for leases ---- */

/* The worker that serves this network's addresses now; 0: none. */
uint32_t services_dhcp_worker(const struct services *s, const struct net *n);
/* The network's services were told another definition a moment ago, or will be at once: what its
 * worker reports may still go by the old one. */
bool services_changed_lately(const struct net *n);
/* What became of a binding that worker reported. Gathered until services_flush_verdicts(). */
void services_lease_verdict(struct services *s, uint32_t worker, int family, uint32_t net_id,
			    uint64_t token, enum dhcp4_verdict verdict);
void services_flush_verdicts(struct services *s);
/* A port has left the network's bridge for good: the leases that came by it end soon. */
void services_port_gone(struct services *s, struct net *n, uint32_t ifindex);
/* A VM manager's port has come, by which its guest has a name; or gone, and `other` is the newest
 * one left of its MAC, or NULL. */
void services_guest_came(const struct net *n, const struct network_port *port);
void services_guest_went(const struct net *n, const struct network_port *gone,
			 const struct network_port *other);
/* The worker shall give an address up, whoever holds it. */
void services_free_lease(struct services *s, const struct net *n, const struct ip *ip);
/* A guest's name has come or gone. */
void services_dns_lease(struct services *s, const struct net *n, const char *name,
			const struct ip *address, bool add, usec_t expires);

/* What the host can ask this network's name service for. False: nothing; the network doesn't run,
 * has no name service, or none that the host can reach. End with host_names_done(). */
bool services_host_names(const struct net *n, struct host_names *ret);

/* ---- for who asks about names ---- */

/* Ask the network's dns worker; ask->token and ->net_id are filled in. `told` is called once,
 * later, unless this fails: nobody serves names there, or too much is being asked. */
struct message_dns_ask;
struct message_dns_told;
/* `head` and `body` after it, or why there is no answer (head is NULL then). False: the body isn't
 * what the head promises; that ends the worker, and the caller has answered its own client. */
typedef bool services_dns_told_fn(void *data, const struct message_dns_told *head, struct rd *body,
				  const struct err *why);
int services_dns_ask(struct services *s, const struct net *n, struct message_dns_ask *ask,
		     services_dns_told_fn *told, void *data, struct err *e) mustcheck;

/* Where the guests of this network ask for names, if that isn't at port 53: so many rows. */
size_t services_redirects(const struct net *n, struct fw_redirect_row ret[static 2]);

/* ---- from the keeper and the host ---- */

/* The settings were read again, and others may have given up ports; so are files that networks
 * name. */
void services_reload(struct services *s);

void services_worker_spawned(struct services *s, uint32_t worker, pid_t pid, int channel_fd,
			     int page_fd);
void services_worker_died(struct services *s, uint32_t worker, int wait_status);
void services_upstreams_changed(struct services *s);

/* For `netctl status`: each worker in turn. */
typedef void services_worker_fn(void *data, const char *role, pid_t pid, unsigned restarts);
void services_visit_workers(const struct services *s, services_worker_fn *visit, void *data);

#endif
