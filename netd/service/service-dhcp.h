/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-dhcp.h — what a network's definition asks of the dhcp worker, for both families, said in
 * its messages; and what that worker reports, said in the words of netd/lease/leases.h. A part of
 * netd/service/services.c.
 *
 * IPv4: DHCP where a <dhcp> has ranges or hosts. IPv6: router advertisements wherever there is an
 * IPv6 <ip>, DHCPv6 where a <dhcp> asks for it. */
#ifndef NETD_SERVICE_DHCP_H
#define NETD_SERVICE_DHCP_H

#include "netd/lease/leases.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/service/workers.h"

bool service_wants_dhcp4(const struct network *def);
bool service_wants_ip6(const struct network *def);
bool service_wants_dhcp6(const struct network *def);
bool service_wants_dns(const struct network *def);
/* The IPv6 address of the gateway where guests ask for names; not set without one (a link-local one
 * counts not). */
struct ip service_dns6(const struct network *def);
/* Our own IPv6 address that guests can reach: that of the <ip> with DHCPv6, or the first; not set:
 * none. */
struct ip service_address6(const struct network *def);

/* Say it. `anew`: the worker knows nothing of this network yet, so it gets leases and sockets as
 * well. 0 or -errno. */
int service_dhcp4_tell(struct worker_proc *p, const struct net *n, const struct leases *l,
		       bool anew, const int fds[static 2]) mustcheck;
int service_ip6_tell(struct worker_proc *p, const struct net *n, const struct leases *l, bool anew,
		     int fd) mustcheck;
/* The port of its bridge is no more. */
void service_dhcp_port_gone(struct worker_proc *p, const struct net *n, uint32_t port);
/* Give a lease up on an administrator's word. */
void service_dhcp_free(struct worker_proc *p, const struct net *n, const struct ip *ip);
/* Say no more than which static hosts have changed; false: a whole config has to be sent. Nothing
 * else of the definition may differ. */
bool service_dhcp4_tell_hosts(struct worker_proc *p, const struct net *n,
			      const struct network *before) mustcheck;
/* The network ends: its guests' default router goes, said by ourselves, because the bridge won't
 * wait for a worker. */
void service_ip6_end(const struct network *def, int fd);

/* A batch of MSG_DHCP4_BINDING or MSG_DHCP6_BINDING: the number of reports, each with its net_id,
 * or -EPROTO. */
struct service_report {
	uint32_t net_id;
	struct lease_report r;
};
int service_dhcp_reports(const struct channel_message *m,
			 struct service_report ret[static MSG_DHCP_RECORDS_MAX]) mustcheck;

#endif
