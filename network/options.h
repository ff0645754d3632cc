/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h — what is done with a definition because of its <netd:network>. Pure. */
#ifndef NETWORK_OPTIONS_H
#define NETWORK_OPTIONS_H

#include "network/network.h"

/* Automatic subnets. A definition with <netd:subnet> and no <ip> of that family is given one when
 * it is defined: the first candidate that collides with nothing. From then on it has an ordinary
 * <ip>, and the element has no further effect. */

/* The first automatic subnet that has no <ip> yet, or NULL. */
const struct netd_subnet *network_open_subnet(const struct network *n);

/* How many candidates there are, and candidate `i` of these, as the address of the subnet. */
uint64_t network_subnet_count(const struct netd_subnet *s);
struct ip network_subnet_at(const struct netd_subnet *s, uint64_t i);

/* Append the <ip> of the subnet `net`/`prefix`: the bridge has its first address; IPv4 guests get
 * all others by DHCP (the first 65536 of them), IPv6 guests choose their own. -ENOMEM or 0. */
int network_apply_subnet(struct network *n, const struct ip *net, unsigned prefix) mustcheck;

#endif
