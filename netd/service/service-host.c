/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-host.c — what the host itself may ask a network's name service for, and who tells it. */
#include "base/log.h"
#include "netd/kernel/redirect.h"
#include "netd/service/resolved.h"
#include "netd/service/resolvers-file.h"
#include "netd/service/services-internal.h"

bool services_host_names(const struct net *n, struct host_names *ret)
{
	const struct net_service *sv = n->service;

	*ret = (struct host_names){ 0 };
	if (!sv || !n->live || sv->fd[DNS_HOST_UDP] < 0)
		return false;
	if (host_names_init(ret, n->live) < 0) {
		log_warning("network '%s': out of memory: the host does not learn its names",
			    n->name);
		return false;
	}
	ret->ifindex = sv->ifindex;
	ret->server = sv->address;
	ret->port = sv->dns_port;
	return true;
}

void service_host_tell(struct services *s, const struct net *n)
{
	struct host_names h;

	redirect_changed(s->c->redirect);
	service_dns_tell(s, n);
	resolvers_file_changed(s->c->resolvers_file);
	if (services_host_names(n, &h))
		resolved_update(s->c->resolved, n, &h);
	else
		resolved_forget(s->c->resolved, n);
}
