/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-sockets.c — the sockets of a network's services: opened by the controller, held by the
 * keeper over its restarts, used by the workers. */
#include "base/log.h"
#include "netd/process/keeper-link.h"
#include "netd/service/services-internal.h"
#include "netd/service/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The name under which the keeper holds a socket; another bridge (ifindex) makes it another socket.
 */
static void socket_name(const struct net *n, enum service_socket which, char buf[static 96])
{
	char uuid[UUID_TEXT_MAX];

	snprintf(buf, 96, "%s.%d.%u", uuid_format(&n->uuid, uuid), n->service->ifindex,
		 (unsigned)which);
}

int service_socket_open(const struct net *n, enum service_socket which, struct err *e)
{
	const char *bridge = n->live->bridge;

	if (which >= FILES_FIRST)
		return service_files_open(
		    n->live, which - FILES_FIRST,
		    which == FILES_HTTP6 ? &n->service->http6 : &n->service->address, e);
	switch ((unsigned)which) {
	case DHCP4_UDP:
		return socket_dhcp4(bridge, e);
	case DHCP4_FRAMES:
		return socket_frames(n->service->ifindex, bridge, e);
	case DNS_UDP:
	case DNS_TCP:
		return socket_dns(bridge, &n->service->address, n->service->dns_port,
				  which == DNS_TCP, e);
	case DNS_UDP6:
	case DNS_TCP6:
		return socket_dns(bridge, &n->service->address6, n->service->dns_port,
				  which == DNS_TCP6, e);
	case DNS_HOST_UDP:
	case DNS_HOST_TCP:
		return socket_dns("lo", &n->service->address, n->service->dns_port,
				  which == DNS_HOST_TCP, e);
	case IP6_FRAMES:
		return socket_ip6_frames(n->service->ifindex, bridge, e);
	case IP6_GROUPS:
		return socket_ip6_groups(n->service->ifindex, bridge, n->service->dhcp6, e);
	}
	return err_set(e, ERR_INTERNAL, "no such socket");
}

int service_socket_take(struct services *s, const struct net *n, enum service_socket which)
{
	char name[96];

	socket_name(n, which, name);
	int fd = controller_take_held(s->c, name);
	n->service->held[which] = fd >= 0;
	return fd;
}

static int take_or_open(struct services *s, const struct net *n, enum service_socket which,
			struct err *e)
{
	int fd = service_socket_take(s, n, which);

	return fd >= 0 ? fd : service_socket_open(n, which, e);
}

static enum worker_kind socket_kind(enum service_socket which)
{
	return which < DNS_FIRST ? WORKER_DHCP : which < FILES_FIRST ? WORKER_DNS : WORKER_FILES;
}

bool service_socket_is_wanted(const struct net_service *sv, enum service_socket which)
{
	if (which < DNS_FIRST)
		return which < IP6_FRAMES ? sv->dhcp4 : sv->ip6;
	if (which == DNS_UDP6 || which == DNS_TCP6)
		return ip_is_set(&sv->address6);
	if (which == FILES_HTTP6 && !(ip_is_set(&sv->http6) && sv->fd[FILES_HTTP] >= 0))
		return false;
	return sv->wanted[socket_kind(which)] && (which < FILES_HTTP || sv->http);
}

/* Without these guests are served all the same: the host can't ask for guests' names, there are no
 * files (services_check() keeps a network from being started like this), they come by TFTP alone.
 */
bool service_socket_is_optional(enum service_socket which)
{
	return which == DNS_HOST_UDP || which == DNS_HOST_TCP || which == FILES_FIRST ||
	       which == FILES_HTTP || which == FILES_HTTP6;
}

static int open_some(struct services *s, const struct net *n, unsigned first, unsigned end,
		     struct err *e)
{
	struct net_service *sv = n->service;

	for (unsigned i = first; i < end; i++) {
		struct err why = { 0 };
		if (!service_socket_is_wanted(sv, i))
			continue;
		sv->fd[i] = take_or_open(s, n, i, &why);
		if (sv->fd[i] >= 0)
			continue;
		if (!service_socket_is_optional(i)) {
			*e = why;
			return -why.code;
		}
		log_warning("network '%s': %s", n->name, why.msg);
		if (i == FILES_FIRST) /* the folder, without which there is no worker */
			sv->wanted[WORKER_FILES] = false;
	}
	return 0;
}

int service_sockets_open(struct services *s, const struct net *n, struct err *e)
{
	int r = open_some(s, n, 0, DNS_FIRST, e);

	if (r == 0)
		r = service_dns_open(s, n, e);
	if (r == 0)
		r = open_some(s, n, FILES_FIRST, SERVICE_SOCKETS, e);
	return r < 0 ? err_in(e, "network '%s'", n->name) : 0;
}

void service_sockets_store(struct services *s, const struct net *n)
{
	struct net_service *sv = n->service;
	char name[96];

	for (unsigned i = 0; i < SERVICE_SOCKETS; i++) {
		if (sv->fd[i] < 0 || sv->held[i])
			continue;
		socket_name(n, i, name);
		keeper_link_store(s->c->keeper, name, sv->fd[i]);
		sv->held[i] = true;
	}
}

void service_sockets_close(struct services *s, const struct net *n)
{
	struct net_service *sv = n->service;
	char name[96];

	for (unsigned i = 0; i < SERVICE_SOCKETS; i++) {
		if (sv->fd[i] < 0)
			continue;
		/* The keeper and the worker close theirs a moment later; a listener must not hold
		 * its port for so long, the network may be started again at once. */
		(void)!shutdown(sv->fd[i], SHUT_RDWR);
		close_fd(&sv->fd[i]); /* not the last one: the end of a packet socket waits for RCU,
					 10 ms */
		socket_name(n, i, name);
		if (sv->held[i])
			keeper_link_drop(s->c->keeper, name);
	}
}
