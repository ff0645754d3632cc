/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/subnets.h"

#include "base/log.h"

#include <stdio.h>

/* A private /N that neither the host nor a network uses; false when there is none left to propose. */
static bool propose_subnet(const struct mirror *m, unsigned prefix, struct ip *ret)
{
	static const struct {
		uint32_t net;
		unsigned prefix;
	} pools[] = { { 0xc0a80000, 16 }, { 0xac100000, 12 }, { 0x0a000000, 8 } };
	struct mirror_conflict conflict;

	for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
		uint32_t step = prefix ? 1u << (32 - prefix) : 0;
		uint32_t start = pools[i].prefix == 16 && prefix == 24 ? pools[i].net + 123 * step : pools[i].net + step;
		for (unsigned k = 0; step && prefix > pools[i].prefix && k < 128; k++) {
			struct ip candidate = ip_from_v4(start + k * step), pool = ip_from_v4(pools[i].net);
			if (!ip_in_prefix(&candidate, &pool, pools[i].prefix))
				break;
			if (!mirror_subnet_conflict(m, &candidate, prefix, NULL, &conflict)) {
				*ret = candidate;
				return true;
			}
		}
	}
	return false;
}

static int refuse_subnet(const struct mirror *m, const struct network_ip *ip, const struct mirror_conflict *conflict,
                         struct err *e)
{
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX], advice[128] = "choose another subnet";
	struct ip net = ip_network(&ip->address, ip->prefix), free_net;

	if (ip->address.family == AF_INET && propose_subnet(m, ip->prefix, &free_net))
		snprintf(advice, sizeof(advice), "%s/%u is free", ip_format(&free_net, b), ip->prefix);
	return err_set(e, ERR_INTERNAL, "Network is already in use by interface %s: %s/%u of <ip> overlaps %s; %s",
	               conflict->dev, ip_format(&net, a), ip->prefix, conflict->text, advice);
}

int subnets_check(const struct mirror *m, const struct net *n, const struct network *def, struct err *e)
{
	struct mirror_conflict conflict;

	for (size_t i = 0; network_owns_bridge(def) && i < def->n_ips; i++) {
		const struct network_ip *ip = &def->ips[i];
		struct ip net = ip_network(&ip->address, ip->prefix);
		if (!mirror_subnet_conflict(m, &net, ip->prefix, &n->uuid, &conflict))
			continue;
		/* Inside a larger route, such as a VPN's 10.0.0.0/8, the smaller subnet simply wins. */
		if (!conflict.is_address && conflict.prefix < ip->prefix)
			log_warning("network '%s': a subnet lies inside %s", def->name, conflict.text);
		else
			return refuse_subnet(m, ip, &conflict, e);
	}
	return 0;
}
