/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/network.h"

#include <string.h>

uint32_t lease_time_seconds(const struct lease_time *t, uint32_t otherwise)
{
	static const uint32_t unit[] = {
		[LEASE_SECONDS] = 1, [LEASE_MINUTES] = 60, [LEASE_HOURS] = 3600
	};
	uint64_t seconds;

	if (!t->given)
		return otherwise;
	if (t->expiry == 0 || __builtin_mul_overflow(t->expiry, unit[t->unit], &seconds))
		return UINT32_MAX;
	return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

const char *dhcp_host_mac(const struct dhcp_host *h, char buf[static MAC_TEXT_MAX])
{
	if (!h->has_mac)
		return "";
	return h->mac_text ? h->mac_text : mac_format(&h->mac, buf);
}

unsigned network_effective_prefix(const struct network_ip *ip)
{
	if (ip->has_prefix)
		return ip->prefix_text;
	if (ip->address.family == AF_INET6)
		return 64;
	if (ip->netmask.family == AF_INET)
		return ip->netmask.v4 == UINT32_MAX ? 32 : (unsigned)__builtin_clz(~ip->netmask.v4);
	unsigned first = ip->address.v4 >> 24;
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

bool network_owns_bridge(const struct network *n)
{
	switch (n->forward.mode) {
	case FORWARD_NONE:
	case FORWARD_NAT:
	case FORWARD_ROUTE:
	case FORWARD_OPEN:
		return true;
	case FORWARD_BRIDGE:
	case FORWARD_PRIVATE:
	case FORWARD_VEPA:
	case FORWARD_PASSTHROUGH:
	case FORWARD_HOSTDEV:
		break;
	}
	return false;
}

bool network_makes_bridge(const struct network *n)
{
	return network_owns_bridge(n) ||
	       (n->forward.mode == FORWARD_BRIDGE && n->options.uplink.dev);
}

bool network_uses_bridge(const struct network *n)
{
	return n->forward.mode == FORWARD_BRIDGE && n->bridge && !n->options.uplink.dev &&
	       !n->virtualport.given;
}

const struct network_ip *network_dhcp_ip(const struct network *n, int family)
{
	for (size_t i = 0; i < n->n_ips; i++) {
		const struct network_ip *ip = &n->ips[i];
		if (ip->address.family == family && (ip->n_ranges || ip->n_hosts))
			return ip;
	}
	return NULL;
}

void network_complete(struct network *n)
{
	if (!n->has_uuid)
		n->uuid = uuid_random();
	n->has_uuid = true;
	if (network_owns_bridge(n) && !n->has_mac) {
		n->mac = mac_random();
		n->has_mac = true;
	}
}

struct network *network_share(struct network *n)
{
	n->more_owners++;
	return n;
}

static void free_strings(char **strings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(strings[i]);
	free(strings);
}

static void forward_done(struct forward *f)
{
	for (size_t i = 0; i < f->n_interfaces; i++)
		free(f->interfaces[i].dev);
	free(f->interfaces);
	free(f->dev);
	free(f->driver_name);
	free(f->driver_model);
	free(f->pf);
}

static void ip_done(struct network_ip *ip)
{
	for (size_t i = 0; i < ip->n_hosts; i++) {
		free(ip->hosts[i].mac_text);
		free(ip->hosts[i].id);
		free(ip->hosts[i].name);
	}
	free(ip->hosts);
	free(ip->ranges);
	free(ip->family);
	free(ip->tftp_root);
	free(ip->bootp_file);
}

static void dns_done(struct network_dns *dns)
{
	for (size_t i = 0; i < dns->n_forwarders; i++)
		free(dns->forwarders[i].domain);
	for (size_t i = 0; i < dns->n_txts; i++) {
		free(dns->txts[i].name);
		free(dns->txts[i].value);
	}
	for (size_t i = 0; i < dns->n_hosts; i++)
		free_strings(dns->hosts[i].names, dns->hosts[i].n_names);
	for (size_t i = 0; i < dns->n_srvs; i++) {
		free(dns->srvs[i].service);
		free(dns->srvs[i].protocol);
		free(dns->srvs[i].domain);
		free(dns->srvs[i].target);
	}
	free(dns->forwarders);
	free(dns->txts);
	free(dns->hosts);
	free(dns->srvs);
}

static void portgroup_done(struct portgroup *g)
{
	free(g->name);
	free(g->virtualport.profileid);
	free(g->vlan.tags);
}

void network_free(struct network *n)
{
	if (!n)
		return;
	if (n->more_owners) {
		n->more_owners--;
		return;
	}
	forward_done(&n->forward);
	dns_done(&n->dns);
	for (size_t i = 0; i < n->n_ips; i++)
		ip_done(&n->ips[i]);
	for (size_t i = 0; i < n->n_routes; i++)
		free(n->routes[i].family);
	for (size_t i = 0; i < n->n_portgroups; i++)
		portgroup_done(&n->portgroups[i]);
	for (size_t i = 0; i < n->n_dnsmasq_options; i++)
		free(n->dnsmasq_options[i].value);
	free(n->dnsmasq_options);
	netd_dhcp_done(&n->dnsmasq.dhcp);
	dns_done(&n->dnsmasq.dns);
	netd_dns_free(&n->dnsmasq.names);
	free(n->options.subnets);
	netd_dhcp_done(&n->options.dhcp);
	free(n->options.uplink.dev);
	for (size_t i = 0; i < n->options.n_trusted; i++)
		free(n->options.trusted[i].dev);
	free(n->options.trusted);
	netd_dns_free(&n->options.dns);
	free(n->ips);
	free(n->routes);
	free(n->portgroups);
	free(n->vlan.tags);
	free(n->virtualport.profileid);
	free(n->name);
	free(n->title);
	free(n->description);
	free(n->metadata);
	free(n->bridge);
	free(n->zone);
	free(n->domain);
	free(n);
}
