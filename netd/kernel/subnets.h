/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subnets.h — whether a network's subnets are free on this host, and which one would be. */
#ifndef NETD_SUBNETS_H
#define NETD_SUBNETS_H

#include "bridge/mirror.h"
#include "netd/controller/registry.h"

/* Class ERR_INTERNAL and libvirt's words when an address or connected route of the host, or a
 * subnet of another network that runs or is just being started, equals, contains or lies inside a
 * subnet of `def`: the other side is named and a free subnet proposed. To lie inside a larger route
 * (a VPN's 10.0.0.0/8) is none: the smaller subnet simply wins. */
int subnets_check(const struct mirror *m, const struct registry *r, const struct net *n,
		  const struct network *def, struct err *e) mustcheck;

/* Warn in the log of subnets of `def` that lie inside a larger route of the host's. */
void subnets_warn(const struct mirror *m, const struct net *n, const struct network *def);

/* Give `def`, which is to be a definition of `self`, an <ip> for each automatic subnet
 * (network/options.h) that has none: the one that `prefer` (may be NULL) or `self` has for it
 * already, else the first that neither the host nor another network uses. ERR_OPERATION_FAILED when
 * none is left. */
int subnets_choose(const struct mirror *m, const struct registry *r, const struct net *self,
		   const struct network *prefer, struct network *def, struct err *e) mustcheck;

#endif
