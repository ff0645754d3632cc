/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-dhcp.h — the address service that a definition asks for. A part of netd/services.c. */
#ifndef NETD_SERVICE_DHCP_H
#define NETD_SERVICE_DHCP_H

#include "dhcp/dhcp4.h"
#include "network/network.h"

/* Of a network with network_dhcp_ip() in IPv4; dns: guests are told to ask us for names. 0, with *dc for the caller to
 * give to dhcp4_config_done(), or -ENOMEM. */
int service_dhcp4_config(const struct network *def, bool dns, struct dhcp4_config *dc) mustcheck;

#endif
