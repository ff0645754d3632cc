/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subnet-pool.h — the subnets of one size out of a larger one, and which of them are in use. Every
 * use is looked at once, whatever the number of candidates. */
#ifndef NETD_SUBNET_POOL_H
#define NETD_SUBNET_POOL_H

#include "bridge/mirror.h"
#include "netd/controller/registry.h"
#include "network/options.h"

#define SUBNET_CANDIDATES_MAX 65536u

struct subnet_pool {
	struct netd_subnet s;
	uint32_t n; /* candidates */
	uint8_t taken[SUBNET_CANDIDATES_MAX / 8];
	uint8_t routed[SUBNET_CANDIDATES_MAX / 8]; /* inside a wider route, such as a VPN's
						      10.0.0.0/8 */
};

void subnet_pool_init(struct subnet_pool *p, const struct netd_subnet *s);
/* `wider`: a use that leaves room for smaller subnets inside it. */
void subnet_pool_take(struct subnet_pool *p, const struct ip *net, unsigned prefix, bool wider);
/* What the host has, and what other networks than `self` have by any of their definitions. */
void subnet_pool_take_host(struct subnet_pool *p, const struct mirror *m, const struct uuid *self);
void subnet_pool_take_networks(struct subnet_pool *p, const struct registry *r,
			       const struct uuid *self);
/* The first candidate from number `from` on that nothing uses; without any the first that lies
 * inside a wider route alone. False when there is none. */
bool subnet_pool_find(const struct subnet_pool *p, uint32_t from, struct ip *ret);

#endif
