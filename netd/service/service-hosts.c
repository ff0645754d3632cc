/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-hosts.h"

#include "netd/messages/messages-dns.h"
#include "netd/messages/messages.h"
#include "netd/service/service-dhcp.h"

static bool tell_dhcp_hosts(struct worker_proc *p, const struct net *n,
			    const struct network *before)
{
	for (size_t i = 0; i < n->live->n_ips; i++) {
		struct hosts_change c = network_hosts_change(&before->ips[i], &n->live->ips[i]);
		if (n->live->ips[i].address.family == AF_INET6 && (c.n_before || c.n_now))
			return false;
	}
	return !service_wants_dhcp4(n->live) || service_dhcp4_tell_hosts(p, n, before);
}

static bool post_dns_hosts(struct worker_proc *p, const struct net *n,
			   const struct network_ip *before, const struct network_ip *now)
{
	struct hosts_change c = network_hosts_change(before, now);
	struct message_dns_hosts m;
	auto_free uint8_t *body = NULL;
	size_t len = 0;

	if (!c.n_before && !c.n_now)
		return true;
	if (MAX_OF(c.n_before, c.n_now) > DNS_HOSTS_CHANGE_MAX ||
	    message_dns_hosts_from_change(before, now, &c, &m) < 0)
		return false;
	m.net_id = n->id;
	int r = message_dns_hosts_encode(&m, &body, &len);
	message_dns_hosts_done(&m);
	if (r == 0)
		worker_post(p, MSG_DNS_HOSTS, body, len, NULL, 0);
	return r == 0;
}

static bool tell_dns_hosts(struct worker_proc *p, const struct net *n, const struct network *before)
{
	for (size_t i = 0; i < n->live->n_ips; i++)
		if (!post_dns_hosts(p, n, &before->ips[i], &n->live->ips[i]))
			return false;
	return true;
}

bool service_tell_hosts(struct worker_proc *p, const struct net *n, const struct network *before)
{
	if (!before || !network_equal_but_hosts(before, n->live))
		return false;
	switch (worker_kind(p)) {
	case WORKER_DHCP:
		return tell_dhcp_hosts(p, n, before);
	case WORKER_DNS:
		return tell_dns_hosts(p, n, before);
	case WORKER_FILES:
	case WORKER_KINDS:
		break;
	}
	return true;
}
