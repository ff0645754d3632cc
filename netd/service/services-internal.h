/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services-internal.h — what the files of netd/service/services.h share: services.c begins, changes
 * and ends a network's services and talks with the workers, service-sockets.c has the sockets,
 * service-port.c where the name server listens, service-leases.c what is said about leases,
 * service-host.c what the host's own resolver is told, service-dns-ask.c what a name service is
 * asked, service-zone.c the zone files. */
#ifndef NETD_SERVICES_INTERNAL_H
#define NETD_SERVICES_INTERNAL_H

#include "netd/messages/messages-dhcp.h"
#include "netd/messages/messages-dns.h"
#include "netd/service/service-dns-ask.h"
#include "netd/service/service-files.h"
#include "netd/service/service-zone.h"
#include "netd/service/services.h"
#include "netd/service/workers.h"

enum service_socket {
	DHCP4_UDP,
	DHCP4_FRAMES,
	IP6_FRAMES,
	IP6_GROUPS,
	DNS_FIRST, /* in the order of enum dns_socket */
	DNS_UDP = DNS_FIRST + DNS_SOCKET_UDP,
	DNS_TCP = DNS_FIRST + DNS_SOCKET_TCP,
	DNS_HOST_UDP = DNS_FIRST + DNS_SOCKET_HOST_UDP,
	DNS_HOST_TCP = DNS_FIRST + DNS_SOCKET_HOST_TCP,
	DNS_UDP6 = DNS_FIRST + DNS_SOCKET_UDP6,
	DNS_TCP6 = DNS_FIRST + DNS_SOCKET_TCP6,
	FILES_FIRST, /* in the order of enum files_fd */
	FILES_HTTP = FILES_FIRST + FILES_FD_HTTP,
	FILES_HTTP6 = FILES_FIRST + FILES_FD_HTTP6,
	SERVICE_SOCKETS = FILES_FIRST + FILES_FD_COUNT,
};

struct net_service {
	struct list untold; /* of services.untold */
	struct net *net;
	bool wanted[WORKER_KINDS];
	bool dhcp4, ip6, dhcp6;     /* what the dhcp worker does */
	bool held[SERVICE_SOCKETS]; /* the keeper has the socket as well */
	int fd[SERVICE_SOCKETS];    /* -1: not open */
	int ifindex;
	uint16_t dns_port; /* where the name server is: 53, or to which that is redirected */
	struct ip address; /* where names and files are asked for */
	struct ip
	    address6;    /* where names are asked for as well; not set without a second address */
	char *root;      /* of the files */
	bool http;       /* whether they are given by HTTP as well */
	struct ip http6; /* where they are, by IPv6; not set: not by IPv6 */
	struct worker_proc *worker[WORKER_KINDS]; /* NULL: this kind doesn't serve it */
	struct network *told[WORKER_KINDS];       /* the definition that it knows, or NULL */
	unsigned crashes[WORKER_KINDS];
	usec_t changed; /* when the workers were told another definition; 0: never */
	const void *by; /* the definition that they were told; only to be compared */
};

struct services {
	struct controller *c;
	struct workers *workers;
	struct list
	    untold; /* started in this turn of the loop; keeper and workers are told in the next */
	sd_event_source *tell;
	bool replied; /* a turn has passed since the last start */
	struct dns_asks *dns_asks;
	struct service_zones *zones;
	/* verdicts gathered for one worker */
	struct msg_dhcp4_verdict verdict[MSG_DHCP_RECORDS_MAX];
	size_t n_verdicts;
	uint32_t verdict_worker;
	int verdict_family;
};

/* ---- service-leases.c ---- */

void service_post_dns_lease(struct worker_proc *p, const struct message_dns_lease *m);

/* ---- service-host.c ---- */

/* The network's name service has come, changed or gone. */
void service_host_tell(struct services *s, const struct net *n);

/* ---- service-port.c ---- */

/* Open the sockets of the network's name service: those of an earlier life, else at port 53, else,
 * where that is another's, at the first port that is free. */
int service_dns_open(struct services *s, const struct net *n, struct err *e) mustcheck;
/* Where it is may have changed: the condition. */
void service_dns_tell(struct services *s, const struct net *n);

/* ---- services.c ---- */

/* The end of the services, but their guests are told nothing: they go on at once. */
void services_stop_quietly(struct services *s, struct net *n);

/* ---- service-sockets.c ---- */

bool service_socket_is_wanted(const struct net_service *sv, enum service_socket which);
bool service_socket_is_optional(enum service_socket which);
/* One that the keeper held for the network; -1: none. */
int service_socket_take(struct services *s, const struct net *n, enum service_socket which);
int service_socket_open(const struct net *n, enum service_socket which, struct err *e) mustcheck;

/* Open what the network's services want, or take it up from an earlier life. What a service can do
 * without is a warning. */
int service_sockets_open(struct services *s, const struct net *n, struct err *e) mustcheck;
/* Have the keeper hold them as well. */
void service_sockets_store(struct services *s, const struct net *n);
void service_sockets_close(struct services *s, const struct net *n);

#endif
