/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-rules.h — from what a definition says about guests (<netd:dhcp>) to the rules that the
 * DHCP engines obey. Pure. */
#ifndef NETD_SERVICE_RULES_H
#define NETD_SERVICE_RULES_H

#include "dhcp/dhcp-rules.h"
#include "network/network.h"

/* The rules of one family, in the order of their precedence; the caller frees them with
 * dhcp_rules_done(). 0 or -ENOMEM (nothing to free then). What exceeds the engines' bounds is left
 * out. */
int service_rules(const struct network *def, int family, struct dhcp_rules *ret) mustcheck;
/* The term that everybody has who is told no other; 0: not said. */
uint32_t service_default_lease(const struct network *def, int family);

#endif
